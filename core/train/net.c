/* The net of a training: told what the data say of it, made, and held against the data. */
#include "core/train/training.h"

#include "core/data/transforms/transform.h"

#include <advect/extra/json.h>
#include <advect/extra/memory.h>

#include <string.h>

/* ---------------------------------------------------------------- told */

/* Where no kind is said, what is told does no harm: the net is refused for that. */
static bool is_of_kind(const struct adv_training *t, const char *name)
{
    const char *kind = json_string_value(json_object_get(t->recipe.net, "kind"));
    return !kind || !strcmp(kind, name);
}

/* Takes value, a new reference or NULL without memory, as an option of the net. */
static enum adv_status tell(struct adv_training *t, const char *option, json_t *value,
                            struct adv_error *error)
{
    json_t *net = value ? adv_json_deep_copy(t->recipe.net) : NULL;
    if (!net || json_object_set(net, option, value)) {
        json_decref(net);
        json_decref(value);
        return adv_no_memory(error);
    }
    json_decref(value);
    json_decref(t->recipe.net);
    t->recipe.net = net;
    return ADV_OK;
}

static json_t *columns_of(const struct adv_circles *circles, size_t n)
{
    json_t *columns = json_array();
    for (size_t i = 0; columns && i < n; i++) {
        if (json_array_append_new(columns, json_integer(circles->columns[i]))) {
            json_decref(columns);
            return NULL;
        }
    }
    return columns;
}

/* Velocities are periodic in the columns that the data have on circles. */
static enum adv_status tell_circles(struct adv_training *t, struct adv_error *error)
{
    struct adv_circles circles;
    size_t n = adv_transform_circles(t->dataset.transform, &circles);
    if (n == 0 || json_object_get(t->recipe.net, "periodic"))
        return ADV_OK;
    if (!is_of_kind(t, "mlp"))
        return adv_fail_field(error, ADV_E_INVALID, "data.support",
                              "data.support has periodic columns, which nets of kind mlp take; "
                              "net.kind is %.40s",
                              json_string_value(json_object_get(t->recipe.net, "kind")));
    if (n > ADV_CIRCLES_MAX)
        return adv_fail_field(error, ADV_E_INVALID, "data.support",
                              "data.support has %zu periodic columns; at most %d are allowed", n,
                              ADV_CIRCLES_MAX);
    return tell(t, "periodic", columns_of(&circles, n), error);
}

static enum adv_status tell_context(struct adv_training *t, struct adv_error *error)
{
    if (t->dataset.n_context == 0 || json_object_get(t->recipe.net, "context"))
        return ADV_OK;
    if (!is_of_kind(t, "mlp") && !is_of_kind(t, "transformer"))
        return adv_fail_field(error, ADV_E_INVALID, "data.source.context",
                              "data.source.context names columns, which nets of the kinds mlp and "
                              "transformer take; net.kind is %.40s",
                              json_string_value(json_object_get(t->recipe.net, "kind")));
    return tell(t, "context", json_integer((json_int_t)t->dataset.n_context), error);
}

/* ---------------------------------------------------------------- held against the data */

/* "No label" and "no context" are learned from examples without them, or not at all. */
static enum adv_status check_nulls(const struct adv_training *t, struct adv_error *error)
{
    const struct {
        const char *field, *option;
        bool accepts;
        double dropout;
    } nulls[] = {
        {"train.label_dropout", "null_class", adv_net_has_null_class(t->net),
         t->recipe.train.label_dropout},
        {"train.context_dropout", "null_context", adv_net_has_null_context(t->net),
         t->recipe.train.context_dropout},
    };
    for (size_t i = 0; i < ADV_COUNT(nulls); i++) {
        if (nulls[i].accepts == (nulls[i].dropout > 0))
            continue;
        return adv_fail_field(error, ADV_E_INVALID, nulls[i].field,
                              nulls[i].accepts ? "net.%s is true, which is learned only where %s "
                                                 "is above 0"
                                               : "net.%s is false, but %s is above 0: the net "
                                                 "cannot learn from such examples",
                              nulls[i].option, nulls[i].field);
    }
    return ADV_OK;
}

/* Nets of images have no option for all of it. */
static enum adv_status refuse_dim(const struct adv_training *t, struct adv_error *error)
{
    size_t dim = adv_net_dim(t->net), wanted = t->dataset.dim;
    if (json_object_get(t->recipe.net, "dim"))
        return adv_fail_field(error, ADV_E_INVALID, "net.dim",
                              "net.dim is %zu; the data have %zu number%s per example", dim, wanted,
                              wanted == 1 ? "" : "s");
    return adv_fail_field(error, ADV_E_INVALID, "net",
                          "the net takes %zu numbers per example; the data have %zu", dim, wanted);
}

static enum adv_status check_net(const struct adv_training *t, struct adv_error *error)
{
    const struct adv_dataset *dataset = &t->dataset;
    size_t dim = adv_net_dim(t->net), classes = adv_net_classes(t->net);
    size_t n_context = adv_net_context(t->net);
    if (dim != dataset->dim)
        return refuse_dim(t, error);
    if (classes != dataset->classes)
        return adv_fail_field(error, ADV_E_INVALID, "net.num_classes",
                              "the net has %zu classes; data.classes is %zu", classes,
                              dataset->classes);
    if (n_context != dataset->n_context)
        return adv_fail_field(error, ADV_E_INVALID, "net.context",
                              "net.context is %zu; the data's contexts have %zu number%s",
                              n_context, dataset->n_context, dataset->n_context == 1 ? "" : "s");
    enum adv_status status = check_nulls(t, error);
    double guidance = t->recipe.sampling.guidance;
    if (status == ADV_OK && guidance != 1 && !adv_net_has_null_class(t->net) &&
        !adv_net_has_null_context(t->net))
        return adv_fail_field(error, ADV_E_INVALID, "sampling.guidance",
                              "sampling.guidance is %g, but the net has no null class and only "
                              "takes 1",
                              guidance);
    return status;
}

enum adv_status adv_training_make_net(struct adv_training *t, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (json_is_object(t->recipe.net)) {
        status = tell_circles(t, error);
        if (status == ADV_OK)
            status = tell_context(t, error);
    }
    if (status == ADV_OK)
        status = adv_net_new(t->recipe.net, &t->net, error);
    return status == ADV_OK ? check_net(t, error) : status;
}
