#include "trainer/rows/row_state.h"

#include "trainer/cli/json.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS 17 /* of numbers: those of a double */

static const char bound_key[] = "bound", log_key[] = "log_density", error_key[] = "standard_error";

/* ---------------------------------------------------------------- reading */

static char *text_of(const json_t *value)
{
    return value ? adv_json_dump(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)) : NULL;
}

static enum adv_status check_bound(const char *path, const json_t *before, const json_t *now,
                                   struct adv_error *error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)now, key, value)
    {
        const json_t *other = json_object_get(before, key);
        char *was = text_of(other), *is = text_of(value);
        bool same = was && is && !strcmp(was, is);
        if (!same)
            adv_fail_field(error, ADV_E_INVALID, "state",
                           "%s was begun with %s %s; now it is %s. Remove the file to begin anew, "
                           "or keep it and name another folder with --state",
                           path, key, was ? was : "unknown", is ? is : "unknown");
        free(was);
        free(is);
        if (!same)
            return ADV_E_INVALID;
    }
    return ADV_OK;
}

static enum adv_status check_state(const char *path, const json_t *state, const json_t *bound,
                                   struct adv_error *error)
{
    const json_t *before = json_object_get(state, bound_key);
    if (!json_is_object(before) || !json_is_array(json_object_get(state, log_key)) ||
        !json_is_array(json_object_get(state, error_key)))
        return adv_fail_field(error, ADV_E_FORMAT, "state", "%s is not the state of an eval", path);
    return check_bound(path, before, bound, error);
}

/* The numbers of the array (NULL: none), then NaN; NULL without memory. */
static double *read_numbers(const json_t *array, size_t n)
{
    double *values = calloc(n, sizeof *values);
    for (size_t i = 0; values && i < n; i++) {
        const json_t *value = json_array_get(array, i);
        values[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
    return values;
}

enum adv_status adv_row_state_read(const char *path, const json_t *bound, size_t n,
                                   struct adv_row_estimates *out, struct adv_error *error)
{
    json_t *state = NULL;
    enum adv_status status = ADV_OK;
    if (path && access(path, F_OK) == 0) {
        status = adv_json_read(path, &state, error);
        if (status == ADV_OK)
            status = check_state(path, state, bound, error);
    }
    const json_t *log_densities = json_object_get(state, log_key);
    size_t n_kept = json_array_size(log_densities);
    struct adv_row_estimates estimates = {.n = n_kept > n ? n_kept : n};
    if (status == ADV_OK) {
        estimates.log_density = read_numbers(log_densities, estimates.n);
        estimates.standard_error = read_numbers(json_object_get(state, error_key), estimates.n);
        if (!estimates.log_density || !estimates.standard_error)
            status = adv_no_memory(error);
    }
    json_decref(state);
    if (status == ADV_OK)
        *out = estimates;
    else
        adv_row_estimates_release(&estimates);
    return status;
}

/* ---------------------------------------------------------------- writing */

/* NULL without memory. */
static json_t *numbers(size_t n, const double *values)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++) {
        if (json_array_append_new(array,
                                  isfinite(values[i]) ? json_real(values[i]) : json_null())) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* Rows up to the last one that is done. */
static size_t last_done(const struct adv_row_estimates *estimates)
{
    size_t n = estimates->n;
    while (n > 0 && isnan(estimates->log_density[n - 1]))
        n--;
    return n;
}

enum adv_status adv_row_state_write(const char *path, const json_t *bound,
                                    const struct adv_row_estimates *estimates,
                                    struct adv_error *error)
{
    size_t n = last_done(estimates);
    json_t *state =
        json_pack("{s:O, s:o, s:o}", bound_key, bound, log_key, numbers(n, estimates->log_density),
                  error_key, numbers(n, estimates->standard_error));
    char *text = adv_json_dump(state, JSON_INDENT(0) | JSON_REAL_PRECISION(DIGITS));
    enum adv_status status =
        text ? adv_file_replace(path, text, strlen(text), error) : adv_no_memory(error);
    free(text);
    json_decref(state);
    return status;
}

void adv_row_estimates_release(struct adv_row_estimates *estimates)
{
    free(estimates->log_density);
    free(estimates->standard_error);
    *estimates = (struct adv_row_estimates){0};
}
