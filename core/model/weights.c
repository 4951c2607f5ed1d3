#include "core/model/weights.h"

#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/safetensors/values.h"
#include "core/settings/complaints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shape_text(int n_dims, const size_t *shape, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "[");
    for (int d = 0; d < n_dims && length < size; d++)
        length += (size_t)snprintf(text + length, size - length, "%s%zu", d ? ", " : "", shape[d]);
    if (length < size)
        snprintf(text + length, size - length, "]");
}

static bool same_shape(const struct adv_tensor *tensor, const struct adv_parameter *parameter)
{
    return tensor->n_dims == parameter->n_dims &&
           memcmp(tensor->shape, parameter->shape,
                  (size_t)tensor->n_dims * sizeof *tensor->shape) == 0;
}

static void complain_of_shape(const struct adv_tensor *tensor,
                              const struct adv_parameter *parameter, struct adv_complaints *list)
{
    char is[96], wanted[96];
    shape_text(tensor->n_dims, tensor->shape, is, sizeof is);
    shape_text(parameter->n_dims, parameter->shape, wanted, sizeof wanted);
    adv_complain(list, "%s is %s, not %s", parameter->name, is, wanted);
}

/* tensor: that of the parameter's name, or NULL. */
static void check_tensor(const struct adv_tensor *tensor, const struct adv_parameter *parameter,
                         struct adv_complaints *list)
{
    if (!tensor) {
        adv_complain(list, "%s is missing", parameter->name);
        return;
    }
    if (!same_shape(tensor, parameter)) {
        complain_of_shape(tensor, parameter, list);
        return;
    }
    if (tensor->dtype != ADV_F32 && tensor->dtype != ADV_F16 && tensor->dtype != ADV_BF16) {
        adv_complain(list, "%s is %s, not F32, F16 or BF16", parameter->name,
                     adv_dtype_name(tensor->dtype));
        return;
    }
    float value = 0;
    size_t at = adv_tensor_find_not_finite(tensor, &value);
    if (at < tensor->n_elements)
        adv_complain(list, "%s holds %g at element %zu", parameter->name, (double)value, at);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* names: those of the parameters, sorted. */
static void check_leftovers(const struct adv_safetensors *file, size_t n, const char **names,
                            struct adv_complaints *list)
{
    char shown[ADV_PRINTABLE_MAX];
    for (size_t i = 0; i < adv_safetensors_count(file); i++) {
        const char *name = adv_safetensors_at(file, i)->name;
        if (!bsearch(&name, names, n, sizeof *names, compare_names))
            adv_complain(list, "%s is not part of the net",
                         adv_printable(name, strlen(name), shown));
    }
}

/* Meta's wrapper keeps the averages as a list: they have no names, and the weights that have names
 * are the others. */
static const char *hint_at_averages(const struct adv_safetensors *file)
{
    for (size_t i = 0; i < adv_safetensors_count(file); i++) {
        if (strstr(adv_safetensors_at(file, i)->name, "shadow_params."))
            return "shadow_params are the averaged weights (EMA), which lack their names here; "
                   "save them under the names of model's parameters, in their order "
                   "(docs/guide/import.md): ";
    }
    return "";
}

static enum adv_status check_file(const struct adv_net *net, const struct adv_safetensors *file,
                                  struct adv_error *error)
{
    struct adv_complaints list = {.n = 0};
    size_t n = adv_net_parameters(net);
    const char **names = adv_calloc(n, sizeof *names);
    if (!names)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++) {
        struct adv_parameter parameter = adv_net_parameter(net, i);
        check_tensor(adv_safetensors_find(file, parameter.name), &parameter, &list);
        names[i] = parameter.name;
    }
    qsort(names, n, sizeof *names, compare_names);
    check_leftovers(file, n, names, &list);
    free(names);
    return list.n == 0 ? ADV_OK
                       : adv_fail(error, ADV_E_FORMAT, "%s%s", hint_at_averages(file),
                                  adv_complaints_text(&list));
}

enum adv_status adv_weights_from_file(const struct adv_net *net, const struct adv_safetensors *file,
                                      float **out, struct adv_error *error)
{
    enum adv_status status = check_file(net, file, error);
    if (status != ADV_OK)
        return status;
    float *weights = adv_calloc(adv_net_weights(net), sizeof *weights);
    if (!weights)
        return adv_no_memory(error);
    for (size_t i = 0; i < adv_net_parameters(net); i++) {
        struct adv_parameter parameter = adv_net_parameter(net, i);
        adv_tensor_to_float(adv_safetensors_find(file, parameter.name), weights + parameter.offset);
    }
    *out = weights;
    return ADV_OK;
}
