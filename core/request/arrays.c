/* Arrays of a JSON body, read straight into numbers: first every length is
 * checked, then one block is allocated, then it is filled. */
#include "core/base/mem.h"
#include "core/request/table.h"
#include "core/settings/field_value.h"

#include <math.h>
#include <stdlib.h>

#define NOT_FLOAT "it must fit float32, at most 3.4e38 either way"

static enum adv_status refuse_kind(const char *name, const char *at, const json_t *value,
                                   const char *allowed, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name, "%s%s is %s; it must be %s", name, at,
                          adv_json_kind(value), allowed);
}

/* An array, neither empty nor longer than most. */
static enum adv_status check_length(const char *name, const json_t *value, size_t most,
                                    const char *allowed, struct adv_error *error)
{
    if (!json_is_array(value))
        return refuse_kind(name, "", value, allowed, error);
    size_t n = json_array_size(value);
    if (n == 0)
        return adv_fail_field(error, ADV_E_INVALID, name, "%s is empty; it must be %s", name,
                              allowed);
    if (n > most)
        return adv_fail_field(error, ADV_E_INVALID, name, "%s has %zu entries; the limit is %zu",
                              name, n, most);
    return ADV_OK;
}

/* ---------------------------------------------------------------- points */

/* Every row an array as long as the first. */
static enum adv_status check_rows(const char *name, const json_t *rows, struct adv_error *error)
{
    size_t n = json_array_size(rows), dim = json_array_size(json_array_get(rows, 0));
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(rows, i);
        char at[32];
        snprintf(at, sizeof at, "[%zu]", i);
        if (!json_is_array(row))
            return refuse_kind(name, at, row, "an array of numbers", error);
        if (json_array_size(row) == 0)
            return adv_fail_field(error, ADV_E_INVALID, name,
                                  "%s[%zu] is empty; it must be an array of numbers", name, i);
        if (json_array_size(row) != dim)
            return adv_fail_field(error, ADV_E_INVALID, name,
                                  "%s[%zu] has %zu numbers; it must have %zu, as %s[0] has", name,
                                  i, json_array_size(row), dim, name);
    }
    return ADV_OK;
}

static enum adv_status fill_row(const char *name, size_t i, const json_t *row, float *out,
                                struct adv_error *error)
{
    size_t dim = json_array_size(row);
    for (size_t k = 0; k < dim; k++) {
        const json_t *item = json_array_get(row, k);
        if (!json_is_number(item)) {
            char at[64];
            snprintf(at, sizeof at, "[%zu][%zu]", i, k);
            return refuse_kind(name, at, item, "a number", error);
        }
        double number = json_number_value(item);
        out[k] = (float)number;
        if (!isfinite(out[k]))
            return adv_fail_field(error, ADV_E_INVALID, name, "%s[%zu][%zu] is %.9g; " NOT_FLOAT,
                                  name, i, k, number);
    }
    return ADV_OK;
}

enum adv_status adv_request_read_points(struct adv_request *request, const char *name,
                                        const json_t *value, struct adv_error *error)
{
    enum adv_status status =
        check_length(name, value, request->max_rows, "an array of rows of numbers", error);
    if (status == ADV_OK)
        status = check_rows(name, value, error);
    if (status != ADV_OK)
        return status;
    size_t n = json_array_size(value), dim = json_array_size(json_array_get(value, 0)), n_numbers;
    float *points = adv_mul_size(n, dim, &n_numbers) ? adv_calloc(n_numbers, sizeof *points) : NULL;
    if (!points)
        return adv_no_memory(error);
    for (size_t i = 0; i < n && status == ADV_OK; i++)
        status = fill_row(name, i, json_array_get(value, i), points + i * dim, error);
    if (status != ADV_OK) {
        free(points);
        return status;
    }
    free(request->points);
    request->points = points;
    request->n_points = n;
    request->dim = dim;
    return ADV_OK;
}

/* ---------------------------------------------------------------- labels */

/* Classes are held against the model later; here they only have to fit. */
static enum adv_status read_class(const char *name, const char *at, const json_t *value,
                                  int32_t *label, struct adv_error *error)
{
    if (!json_is_integer(value))
        return refuse_kind(name, at, value, "a class, an integer", error);
    json_int_t class = json_integer_value(value);
    if (class < ADV_NO_LABEL || class > INT32_MAX)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s%s is %lld; it must be a class from 0 on, or -1 for none", name,
                              at, (long long)class);
    *label = (int32_t) class;
    return ADV_OK;
}

enum adv_status adv_request_read_label(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error)
{
    bool one = !json_is_array(value);
    enum adv_status status =
        one ? ADV_OK
            : check_length(name, value, request->max_rows, "a class or an array of classes", error);
    if (status != ADV_OK)
        return status;
    size_t n = one ? 1 : json_array_size(value);
    int32_t *labels = adv_calloc(n, sizeof *labels);
    if (!labels)
        return adv_no_memory(error);
    for (size_t i = 0; i < n && status == ADV_OK; i++) {
        char at[32];
        snprintf(at, sizeof at, "[%zu]", i);
        status = one ? read_class(name, "", value, labels, error)
                     : read_class(name, at, json_array_get(value, i), &labels[i], error);
    }
    if (status != ADV_OK) {
        free(labels);
        return status;
    }
    free(request->labels);
    request->labels = labels;
    request->n_labels = n;
    request->one_label = one;
    return ADV_OK;
}

/* ---------------------------------------------------------------- times */

static enum adv_status fill_times(const char *name, const json_t *value, double *times,
                                  struct adv_error *error)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        char at[32];
        snprintf(at, sizeof at, "[%zu]", i);
        if (!json_is_number(item))
            return refuse_kind(name, at, item, "a number", error);
        times[i] = json_number_value(item);
        if (!(times[i] >= 0 && times[i] <= 1))
            return adv_fail_field(error, ADV_E_INVALID, name,
                                  "%s[%zu] is %g; it must be between 0 and 1", name, i, times[i]);
        if (i > 0 && times[i] <= times[i - 1])
            return adv_fail_field(error, ADV_E_INVALID, name,
                                  "%s[%zu] is %g; times must ascend, and the one before is %g",
                                  name, i, times[i], times[i - 1]);
    }
    return ADV_OK;
}

enum adv_status adv_request_read_times(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error)
{
    enum adv_status status =
        check_length(name, value, SIZE_MAX, "an array of times between 0 and 1", error);
    if (status != ADV_OK)
        return status;
    size_t n = json_array_size(value);
    if (n < 2)
        return adv_fail_field(error, ADV_E_INVALID, name, "%s has 1 entry; it must have at least 2",
                              name);
    double *times = adv_calloc(n, sizeof *times);
    if (!times)
        return adv_no_memory(error);
    status = fill_times(name, value, times, error);
    if (status != ADV_OK) {
        free(times);
        return status;
    }
    free(request->times);
    request->times = times;
    request->n_times = n;
    return ADV_OK;
}
