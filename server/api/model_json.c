#include "server/api/model_json.h"

#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/render.h>
#include <math.h>

/* ["0", "1", ...], or null where the config names no class. */
static json_t *labels_to_json(const struct adv_model *model)
{
    size_t classes = adv_model_classes(model);
    if (!classes || !adv_model_label_name(model, 0))
        return json_null();
    json_t *labels = json_array();
    for (size_t i = 0; i < classes; i++)
        json_array_append_new(labels, json_string(adv_model_label_name(model, i)));
    return labels;
}

static json_t *shape_to_json(const struct adv_model *model)
{
    size_t shape[3];
    int n = adv_model_shape(model, shape);
    json_t *json = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(json, json_integer((json_int_t)shape[i]));
    return json;
}

static json_t *range_to_json(const struct adv_model *model)
{
    double lo, hi;
    return adv_transform_range(adv_model_transform(model), &lo, &hi) ? json_pack("[f, f]", lo, hi)
                                                                     : json_null();
}

static json_t *levels_to_json(const struct adv_model *model)
{
    bool dequantised = adv_model_levels(model).kind == ADV_LEVELS_DEQUANTISED;
    return dequantised ? json_integer(ADV_LEVELS) : json_null();
}

static json_t *limits_to_json(const struct adv_limits *limits, int64_t max_body_bytes)
{
    const struct {
        const char *name;
        int64_t limit;
    } integers[] = {
        {"rows", (int64_t)limits->rows},
        {"steps", limits->steps},
        {"nfe", limits->nfe},
        {"frames", (int64_t)limits->frames},
        {"probes", (int64_t)limits->probes},
        {"numbers", (int64_t)limits->numbers},
        {"body_bytes", max_body_bytes},
    };
    json_t *json = json_pack("{s:o, s:f}", "cost",
                             isfinite(limits->cost) ? json_real(limits->cost) : json_null(),
                             "min_tolerance", limits->tolerance_min);
    for (size_t i = 0; i < ADV_COUNT(integers); i++)
        json_object_set_new(json, integers[i].name, json_integer(integers[i].limit));
    return json;
}

/* A copy, so that nothing of the model outlives the caller's reference to it; null for NULL. */
static json_t *copy_of(const json_t *json)
{
    return json ? adv_json_deep_copy(json) : json_null();
}

static json_t *integer(size_t value)
{
    return json_integer((json_int_t)value);
}

/* {"size", "columns", "reach", "null"} of what the model is conditioned on: columns and reach are
 * null where the config says neither. */
static json_t *context_to_json(const struct adv_model *model)
{
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    const json_t *context = json_object_get(data, "context");
    bool named = adv_model_context_name(model, 0) != NULL;
    return json_pack("{s:o, s:o, s:o, s:b}", "size", integer(adv_model_context(model)), "columns",
                     copy_of(named ? json_object_get(context, "columns") : NULL), "reach",
                     copy_of(json_object_get(context, "reach")), "null",
                     adv_model_has_null_context(model));
}

json_t *adv_model_to_json(const struct adv_model *model, const struct adv_limits *limits,
                          int64_t max_body_bytes)
{
    const json_t *net = json_object_get(adv_model_config_json(model), "net");
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    size_t per_row, per_condition;
    adv_net_multiply_adds(adv_model_net(model), &per_row, &per_condition);
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"name", json_string(adv_model_name(model))},
        {"shape", shape_to_json(model)},
        {"dim", integer(adv_model_dim(model))},
        {"classes", integer(adv_model_classes(model))},
        {"labels", labels_to_json(model)},
        {"null_class", json_boolean(adv_model_has_null_class(model))},
        {"guidance", json_real(adv_model_guidance(model))},
        {"net", copy_of(json_object_get(net, "kind"))},
        {"parameters", integer(adv_net_weights(adv_model_net(model)))},
        {"multiply_adds", integer(per_row)},
        {"digest", json_string(adv_model_digest(model))},
        {"range", range_to_json(model)},
        {"levels", levels_to_json(model)},
        {"pictures", json_boolean(adv_render_has_picture(model, ADV_QUERY_SAMPLES))},
        {"limits", limits_to_json(limits, max_body_bytes)},
        {"card", copy_of(adv_model_card_json(model))},
    };
    json_t *json = json_object();
    for (size_t i = 0; i < ADV_COUNT(members); i++)
        json_object_set_new(json, members[i].name, members[i].value);
    if (adv_model_column_name(model, 0))
        json_object_set_new(json, "columns", copy_of(json_object_get(data, "columns")));
    if (adv_model_context(model) > 0)
        json_object_set_new(json, "context", context_to_json(model));
    if (adv_model_flow_map_steps(model) > 0)
        json_object_set_new(json, "flow_map",
                            copy_of(json_object_get(adv_model_config_json(model), "flow_map")));
    return json;
}
