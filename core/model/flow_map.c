/* What a model of few steps says of itself, beside its network, which takes two times:
 *
 *     "flow_map": {"steps": 8, "teacher": "mnist",
 *                  "log_density": [{"steps": 4, "rows": 4000, "bias": 0.01, "spread": 0.05,
 *                                   "mean_absolute": 0.03}, ..],
 *                  "samples_only": false}
 *
 * of which the teacher, the log-density, its difference to the teacher's, and whether it leads from
 * the base to data alone may be absent. */
#include "core/model/model.h"
#include "core/nets/kind.h"

#include <math.h>

/* 0, 1, 2, 3 for 1, 2, 4, 8 steps; -1 for others. */
static int level_of(int64_t steps)
{
    return steps == 1 ? 0 : steps == 2 ? 1 : steps == 4 ? 2 : steps == 8 ? 3 : -1;
}

static enum adv_status read_error(struct adv_model *model, const json_t *json,
                                  struct adv_error *error)
{
    struct adv_flow_map_error e = {.steps = json_integer_value(json_object_get(json, "steps")),
                                   .rows = json_integer_value(json_object_get(json, "rows"))};
    const struct {
        const char *name;
        double *value;
    } members[] = {{"bias", &e.bias}, {"spread", &e.spread}, {"mean_absolute", &e.mean_absolute}};
    bool valid = level_of(e.steps) >= 0 && e.rows > 0;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *value = json_object_get(json, members[i].name);
        valid = valid && json_is_number(value);
        *members[i].value = json_number_value(value);
    }
    if (!valid)
        return adv_fail_field(error, ADV_E_INVALID, "flow_map.log_density",
                              "flow_map.log_density must be an array of objects with steps 1, 2, 4 "
                              "or 8, rows, bias, spread and mean_absolute");
    model->flow_map_errors[level_of(e.steps)] = e;
    return ADV_OK;
}

enum adv_status adv_model_read_flow_map(struct adv_model *model, struct adv_error *error)
{
    const json_t *map = json_object_get(model->config, "flow_map"), *entry;
    const json_t *steps = json_object_get(map, "steps");
    const json_t *teacher = json_object_get(map, "teacher");
    const json_t *samples_only = json_object_get(map, "samples_only");
    enum adv_status status = ADV_OK;
    size_t i;
    bool given = map && !json_is_null(map), of_net = adv_net_is_flow_map(model->net);
    if (given != of_net)
        return adv_fail_field(
            error, ADV_E_INVALID, "flow_map",
            given ? "flow_map is given, but net.flow_map is not true"
                  : "net.flow_map is true, but flow_map is missing: {\"steps\": 8}");
    if (!given)
        return ADV_OK;
    if (!json_is_integer(steps) || level_of(json_integer_value(steps)) < 0)
        return adv_fail_field(error, ADV_E_INVALID, "flow_map.steps",
                              "flow_map.steps must be 1, 2, 4 or 8");
    if (samples_only && !json_is_boolean(samples_only))
        return adv_fail_field(error, ADV_E_INVALID, "flow_map.samples_only",
                              "flow_map.samples_only must be true or false");
    if (teacher)
        status = adv_model_check_name("flow_map.teacher", teacher, error);
    if (status != ADV_OK)
        return status;
    model->flow_map_steps = json_integer_value(steps);
    model->flow_map_is_one_way = json_is_true(samples_only);
    json_array_foreach(json_object_get(map, "log_density"), i, entry)
    {
        status = read_error(model, entry, error);
        if (status != ADV_OK)
            return status;
    }
    return ADV_OK;
}

int64_t adv_model_flow_map_steps(const struct adv_model *model)
{
    return model->flow_map_steps;
}

bool adv_model_flow_map_is_one_way(const struct adv_model *model)
{
    return model->flow_map_is_one_way;
}

const struct adv_flow_map_error *adv_model_flow_map_error(const struct adv_model *model,
                                                          int64_t steps)
{
    int level = level_of(steps);
    return level >= 0 && model->flow_map_errors[level].steps ? &model->flow_map_errors[level]
                                                             : NULL;
}

const char *adv_model_teacher(const struct adv_model *model)
{
    return json_string_value(
        json_object_get(json_object_get(model->config, "flow_map"), "teacher"));
}
