/* What a model's configuration says, read and held against itself: the net
 * knows the dimension and the classes, and the data's part may only repeat or
 * shape them. Every refusal names the member at fault. */
#include "core/base/mem.h"
#include "core/data/transforms/transform.h"
#include "core/model/model.h"
#include "core/nets/kind.h"

#include <advect/extra/words.h>
#include <math.h>
#include <string.h>

/* "data": {"shape": [..]}: one to three sides whose product is the net's dimension; without it,
 * a flat point. */
static enum adv_status read_shape(struct adv_model *model, struct adv_error *error)
{
    size_t dim = adv_net_dim(model->net), product = 1;
    const json_t *shape = json_object_get(json_object_get(model->config, "data"), "shape");
    model->n_dims = 1;
    model->shape[0] = dim;
    if (!shape)
        return ADV_OK;
    size_t n = json_array_size(shape);
    if (n < 1 || n > 3)
        return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                              "data.shape must be an array of 1 to 3 sizes");
    for (size_t i = 0; i < n; i++) {
        json_int_t side = json_integer_value(json_array_get(shape, i));
        if (side < 1 || (size_t)side > dim)
            return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                                  "data.shape[%zu] must be a whole number between 1 and %zu", i,
                                  dim);
        model->shape[i] = (size_t)side;
        if (!adv_mul_size(product, (size_t)side, &product))
            return adv_no_memory(error);
    }
    if (product != dim)
        return adv_fail_field(error, ADV_E_INVALID, "data.shape",
                              "data.shape has %zu elements but the net's points have %zu", product,
                              dim);
    model->n_dims = (int)n;
    return ADV_OK;
}

/* The classes are the net's; the data's part may repeat them. */
static enum adv_status check_classes(const struct adv_model *model, struct adv_error *error)
{
    const json_t *classes = json_object_get(json_object_get(model->config, "data"), "classes");
    if (!classes || json_is_null(classes))
        return ADV_OK;
    if (!json_is_integer(classes))
        return adv_fail_field(error, ADV_E_INVALID, "data.classes",
                              "data.classes must be a whole number, or null for none");
    if (json_integer_value(classes) == (json_int_t)adv_model_classes(model))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "data.classes",
                          "data.classes is %lld, but the net has %zu classes",
                          (long long)json_integer_value(classes), adv_model_classes(model));
}

/* As many different names as there are numbers, or none. */
static enum adv_status read_names(const json_t *names, size_t n, const char *where,
                                  const char *of_what, struct adv_error *error)
{
    size_t i;
    json_t *entry;
    if (!names || json_is_null(names))
        return ADV_OK;
    if (!json_is_array(names) || json_array_size(names) != n)
        return adv_fail_field(error, ADV_E_INVALID, where,
                              "%s must be an array of %zu names, one for each number of a %s",
                              where, n, of_what);
    json_t *seen = json_object();
    enum adv_status status = seen ? ADV_OK : adv_no_memory(error);
    json_array_foreach(names, i, entry)
    {
        const char *name = json_string_value(entry);
        if (status == ADV_OK && (!name || json_object_get(seen, name)))
            status = adv_fail_field(error, ADV_E_INVALID, where, "%s[%zu] is %s", where, i,
                                    name ? "a name that is there already" : "not a string");
        if (status == ADV_OK && json_object_set_new(seen, name, json_true()) != 0)
            status = adv_no_memory(error);
    }
    json_decref(seen);
    return status;
}

static enum adv_status read_columns(const struct adv_model *model, struct adv_error *error)
{
    const json_t *columns = json_object_get(json_object_get(model->config, "data"), "columns");
    return read_names(columns, adv_net_dim(model->net), "data.columns", "point", error);
}

/* "context": {"columns": [names], "transform": {...}, "reach": r}, all of which may be absent: then
 * its numbers have no names, are in the network's units, and reach anywhere. */
static enum adv_status read_context(struct adv_model *model, struct adv_error *error)
{
    const json_t *context = json_object_get(json_object_get(model->config, "data"), "context");
    const json_t *reach = json_object_get(context, "reach");
    size_t n = adv_net_context(model->net);
    if (context && !json_is_null(context) && (n == 0 || !json_is_object(context)))
        return adv_fail_field(error, ADV_E_INVALID, "data.context", "data.context %s",
                              n == 0 ? "is given, but the net takes none" : "must be an object");
    if (n == 0)
        return ADV_OK;
    if (reach && !(json_is_number(reach) && json_number_value(reach) >= 0))
        return adv_fail_field(error, ADV_E_INVALID, "data.context.reach",
                              "data.context.reach must be a number of at least 0");
    enum adv_status status = read_names(json_object_get(context, "columns"), n,
                                        "data.context.columns", "context", error);
    if (status == ADV_OK)
        status = adv_transform_new(json_object_get(context, "transform"), n,
                                   &model->context_transform, error);
    if (status == ADV_OK && !adv_transform_is_fitted(model->context_transform))
        status = adv_fail_field(error, ADV_E_INVALID, "data.context.transform",
                                "data.context.transform was not fitted to data; a model needs the "
                                "one that fitting makes of it");
    return status;
}

/* "sampling": {"guidance": w}, both of which may be absent. */
static enum adv_status read_sampling(struct adv_model *model, struct adv_error *error)
{
    const json_t *sampling = json_object_get(model->config, "sampling");
    const json_t *guidance = json_object_get(sampling, "guidance");
    model->guidance = json_is_number(guidance) ? json_number_value(guidance) : 1;
    if (sampling && !json_is_object(sampling))
        return adv_fail_field(error, ADV_E_INVALID, "sampling",
                              "sampling must be an object: {\"guidance\": 1}");
    if (guidance && !(json_is_number(guidance) && fabs(model->guidance) <= 100))
        return adv_fail_field(error, ADV_E_INVALID, "sampling.guidance",
                              "sampling.guidance must be a number between -100 and 100");
    if (model->guidance == 1 || adv_net_has_null_class(model->net) ||
        adv_net_has_null_context(model->net))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "sampling.guidance",
                          "sampling.guidance is %g, but the net has no null class and only takes 1",
                          model->guidance);
}

static enum adv_status check_card(const json_t *card, struct adv_error *error)
{
    if (!card || json_is_null(card) || json_is_object(card))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "card", "card must be an object, or null for none");
}

static enum adv_status read_path(struct adv_model *model, struct adv_error *error)
{
    static const char *const couplings[] = {"independent", "optimal_transport", NULL};
    const json_t *path = json_object_get(model->config, "path");
    const json_t *coupling = json_object_get(path, "coupling");
    size_t index = 0;
    if (json_is_object(path))
        path = json_object_get(path, "kind");
    if (path && !json_is_string(path))
        return adv_fail_field(error, ADV_E_INVALID, "path", "path must name a probability path");
    if (coupling && !json_is_string(coupling))
        return adv_fail_field(error, ADV_E_INVALID, "path.coupling",
                              "path.coupling must be independent or optimal_transport");
    if (coupling && adv_find_name("path.coupling", json_string_value(coupling), couplings, &index,
                                  error) != ADV_OK)
        return ADV_E_INVALID;
    model->coupled = index > 0;
    return adv_path_find(path ? json_string_value(path) : "condot", &model->path, error);
}

enum adv_status adv_model_check_name(const char *field, const json_t *name, struct adv_error *error)
{
    const char *text = json_string_value(name);
    size_t plain = text ? strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789._-")
                        : 0;
    if (plain > 0 && plain <= 100 && text[plain] == '\0' && text[0] != '.')
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, field,
                          "%s is %s%.100s%s; it must be 1 to 100 letters, digits, '.', '_' or '-', "
                          "not starting with '.'",
                          field, text ? "\"" : "", text ? text : "not a string", text ? "\"" : "");
}

/* The transform says which columns are angles, the net in which its velocity is periodic. Only on
 * condot does a path from x0 to x1 move with x1 when both are turned. */
static enum adv_status check_circles(const struct adv_model *model, struct adv_error *error)
{
    struct adv_circles circles;
    const struct adv_circles *of_net = &model->net->traits.circles;
    size_t n = adv_transform_circles(model->transform, &circles);
    bool same = n == of_net->n;
    for (size_t i = 0; same && i < n; i++)
        same = circles.columns[i] == of_net->columns[i];
    if (!same)
        return adv_fail_field(error, ADV_E_INVALID, "net.periodic",
                              "net.periodic names %zu columns, and the transform maps %zu to "
                              "angles; they must be the same columns",
                              of_net->n, n);
    if (n > 0 && strcmp(adv_path_name(model->path), "condot") != 0)
        return adv_fail_field(error, ADV_E_INVALID, "path",
                              "path is %s; with periodic columns it must be condot",
                              adv_path_name(model->path));
    return ADV_OK;
}

/* Builds everything that the configuration says; weights come after. */
enum adv_status adv_model_configure(struct adv_model *model, struct adv_error *error)
{
    enum adv_status status =
        adv_model_check_name("name", json_object_get(model->config, "name"), error);
    const json_t *data = json_object_get(model->config, "data");
    if (status == ADV_OK && data && !json_is_object(data))
        status = adv_fail_field(error, ADV_E_INVALID, "data", "data must be an object");
    if (status == ADV_OK)
        status = adv_net_new(json_object_get(model->config, "net"), &model->net, error);
    if (status != ADV_OK)
        return status;
    const json_t *transform = json_object_get(data, "transform");
    status = read_shape(model, error);
    if (status == ADV_OK)
        status = check_classes(model, error);
    if (status == ADV_OK)
        status = adv_model_read_labels(model, error);
    if (status == ADV_OK)
        status = read_columns(model, error);
    if (status == ADV_OK)
        status = read_context(model, error);
    if (status == ADV_OK)
        status = read_sampling(model, error);
    if (status == ADV_OK)
        status = check_card(json_object_get(model->config, "card"), error);
    if (status == ADV_OK)
        status = read_path(model, error);
    if (status == ADV_OK)
        status = adv_transform_new(json_is_null(transform) ? NULL : transform,
                                   adv_net_dim(model->net), &model->transform, error);
    if (status == ADV_OK && !adv_transform_is_fitted(model->transform))
        status = adv_fail_field(error, ADV_E_INVALID, "data.transform",
                                "data.transform was not fitted to data; a model needs the one that "
                                "fitting makes of it");
    if (status == ADV_OK)
        status = check_circles(model, error);
    if (status == ADV_OK)
        status = adv_model_read_typicality(model, error);
    if (status == ADV_OK)
        status = adv_model_read_flow_map(model, error);
    if (status == ADV_OK && json_object_set_new(model->config, "net", adv_net_config(model->net)))
        status = adv_no_memory(error);
    return status;
}
