/* Names of classes. They are found by requests on threads that accept, so they are sorted once. */
#include "core/base/mem.h"
#include "core/model/model.h"

#include <stdlib.h>
#include <string.h>

static const json_t *labels_of(const struct adv_model *model)
{
    return json_object_get(json_object_get(model->config, "data"), "labels");
}

const char *adv_model_label_name(const struct adv_model *model, size_t label)
{
    return json_string_value(json_array_get(labels_of(model), label));
}

/* Of equal names the first class comes first. */
static int by_name(const void *a, const void *b)
{
    const struct adv_named_class *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

enum adv_status adv_model_read_labels(struct adv_model *model, struct adv_error *error)
{
    const json_t *labels = labels_of(model);
    size_t n = adv_model_classes(model);
    if (!labels || json_is_null(labels))
        return ADV_OK;
    if (!json_is_array(labels) || json_array_size(labels) != n)
        return adv_fail_field(error, ADV_E_INVALID, "data.labels",
                              "data.labels must be an array of %zu names, one per class", n);
    model->class_names = adv_calloc(n, sizeof *model->class_names);
    if (!model->class_names)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(labels, i));
        if (!name)
            return adv_fail_field(error, ADV_E_INVALID, "data.labels",
                                  "data.labels[%zu] is not a string", i);
        model->class_names[i] = (struct adv_named_class){name, (int32_t)i};
    }
    qsort(model->class_names, n, sizeof *model->class_names, by_name);
    return ADV_OK;
}

int32_t adv_model_find_label(const struct adv_model *model, const char *name)
{
    size_t low = 0, high = model->class_names ? adv_model_classes(model) : 0, n = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(model->class_names[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < n && !strcmp(model->class_names[low].name, name);
    return found ? model->class_names[low].number : ADV_NO_LABEL;
}
