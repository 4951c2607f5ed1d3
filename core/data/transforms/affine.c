/* The affine kinds: identity; affine, y = (x - shift) / scale; and standardise,
 * which stands for the affine map that fitting to data will make of it. */
#include "core/base/mem.h"
#include "core/data/spec.h"
#include "core/data/transforms/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- identity */

static void keep(const void *state, size_t first, size_t n, double *values)
{
    (void)state, (void)first, (void)n, (void)values;
}

static double zero_log_det(const void *state, size_t first, size_t n, const double *encoded)
{
    (void)state, (void)first, (void)n, (void)encoded;
    return 0.0;
}

const struct adv_step_kind adv_step_identity = {
    .help = "data as they are",
    .encode = keep,
    .decode = keep,
    .log_det = zero_log_det,
    .decode_velocity = keep,
};

/* ---------------------------------------------------------------- affine */

/* Magnitudes of scales, and the largest shift, that an affine step takes. */
#define SCALE_MIN 1e-30
#define SCALE_MAX 1e30

struct affine {
    json_t *shift_option, *scale_option; /* numbers or arrays, as read */
    size_t dim;
    double *shift, *scale, *log_scale; /* [dim] */
};

static const struct adv_field fields[] = {
    {.name = "shift",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct affine, shift_option),
     .help = "number subtracted from the data, or one for each column"},
    {.name = "scale",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct affine, scale_option),
     .help = "positive number that the shifted data are divided by, or one for each column"},
};

static bool allocate(struct affine *affine, size_t dim)
{
    affine->dim = dim;
    affine->shift = adv_calloc(dim, sizeof(double));
    affine->scale = adv_calloc(dim, sizeof(double));
    affine->log_scale = adv_calloc(dim, sizeof(double));
    return affine->shift && affine->scale && affine->log_scale;
}

static void take_logs(struct affine *affine)
{
    for (size_t i = 0; i < affine->dim; i++)
        affine->log_scale[i] = log(affine->scale[i]);
}

static void release(void *state)
{
    struct affine *affine = state;
    free(affine->shift);
    free(affine->scale);
    free(affine->log_scale);
}

static enum adv_status prepare(void *state, size_t dim, const char *where, struct adv_error *error)
{
    struct affine *affine = state;
    if (!allocate(affine, dim))
        return adv_no_memory(error);
    char shift_name[40], scale_name[40];
    snprintf(shift_name, sizeof shift_name, "%s.shift", where);
    snprintf(scale_name, sizeof scale_name, "%s.scale", where);
    const struct adv_number_list shift = {shift_name, dim, -SCALE_MAX, SCALE_MAX};
    const struct adv_number_list scale = {scale_name, dim, SCALE_MIN, SCALE_MAX};
    enum adv_status status =
        adv_spec_numbers(&shift, affine->shift_option, 0.0, affine->shift, error);
    if (status == ADV_OK)
        status = adv_spec_numbers(&scale, affine->scale_option, 1.0, affine->scale, error);
    if (status == ADV_OK)
        take_logs(affine);
    return status;
}

static void encode(const void *state, size_t first, size_t n, double *values)
{
    const struct affine *affine = state;
    for (size_t i = 0; i < n; i++)
        values[i] = (values[i] - affine->shift[first + i]) / affine->scale[first + i];
}

static void decode(const void *state, size_t first, size_t n, double *values)
{
    const struct affine *affine = state;
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] * affine->scale[first + i] + affine->shift[first + i];
}

static double log_det(const void *state, size_t first, size_t n, const double *encoded)
{
    (void)encoded;
    const struct affine *affine = state;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum -= affine->log_scale[first + i];
    return sum;
}

static void decode_velocity(const void *state, size_t first, size_t n, double *velocities)
{
    const struct affine *affine = state;
    for (size_t i = 0; i < n; i++)
        velocities[i] *= affine->scale[first + i];
}

/* One number where all are the same, else an array. */
static json_t *numbers_to_json(size_t n, const double *numbers)
{
    bool same = true;
    for (size_t i = 1; i < n; i++)
        same = same && numbers[i] == numbers[0];
    if (same)
        return json_real(numbers[0]);
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++) {
        if (json_array_append_new(array, json_real(numbers[i]))) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *to_json(const void *state)
{
    const struct affine *affine = state;
    json_t *object = json_object();
    if (!object ||
        json_object_set_new(object, "shift", numbers_to_json(affine->dim, affine->shift)) ||
        json_object_set_new(object, "scale", numbers_to_json(affine->dim, affine->scale))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

const struct adv_step_kind adv_step_affine = {
    .help = "shifted and scaled, y = (x - shift) / scale",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .state_bytes = sizeof(struct affine),
    .prepare = prepare,
    .release = release,
    .encode = encode,
    .decode = decode,
    .log_det = log_det,
    .decode_velocity = decode_velocity,
    .to_json = to_json,
};

/* ---------------------------------------------------------------- standardise */

/* Mean and standard deviation [dim] of each column by Welford's recurrence: exactly 0 for a column
 * of one value, accurate far from the origin. */
static void find_moments(const struct adv_step_rows *rows, double *mean, double *deviation)
{
    double values[ADV_STEP_COLUMNS];
    for (size_t row = 0; row < rows->n; row++) {
        for (size_t first = 0, count; first < rows->dim; first += count) {
            count = adv_step_rows_read(rows, row, first, values);
            for (size_t i = 0; i < count; i++) {
                double off = values[i] - mean[first + i];
                mean[first + i] += off / (double)(row + 1);
                deviation[first + i] += off * (values[i] - mean[first + i]);
            }
        }
    }
    for (size_t i = 0; i < rows->dim; i++)
        deviation[i] = sqrt(deviation[i] / (double)rows->n);
}

static enum adv_status check_moments(size_t dim, const double *mean, const double *deviation,
                                     struct adv_error *error)
{
    for (size_t i = 0; i < dim; i++) {
        if (deviation[i] == 0.0)
            return adv_fail_field(error, ADV_E_INVALID, "transform",
                                  "column %zu of the data is %.9g throughout: it has no spread to "
                                  "standardise",
                                  i, mean[i]);
        if (!(fabs(mean[i]) <= SCALE_MAX && deviation[i] >= SCALE_MIN && deviation[i] <= SCALE_MAX))
            return adv_fail_field(
                error, ADV_E_INVALID, "transform",
                "column %zu of the data has mean %.9g and standard deviation %.9g; it "
                "cannot be standardised",
                i, mean[i], deviation[i]);
    }
    return ADV_OK;
}

/* The affine step with these shifts and scales [dim], which are copied. NULL without memory. */
static struct affine *affine_of(size_t dim, const double *shift, const double *scale)
{
    struct affine *affine = adv_calloc(1, sizeof *affine);
    if (!affine)
        return NULL;
    if (!allocate(affine, dim)) {
        release(affine);
        free(affine);
        return NULL;
    }
    memcpy(affine->shift, shift, dim * sizeof *shift);
    memcpy(affine->scale, scale, dim * sizeof *scale);
    take_logs(affine);
    return affine;
}

static bool always(const void *state)
{
    (void)state;
    return true;
}

static enum adv_status fit(const void *state, const struct adv_step_rows *rows,
                           struct adv_step *out, struct adv_error *error)
{
    (void)state;
    if (rows->n < 2)
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "standardise needs at least 2 rows of data; it has %zu", rows->n);
    double *mean = adv_calloc(rows->dim, sizeof *mean);
    double *deviation = adv_calloc(rows->dim, sizeof *deviation);
    enum adv_status status = mean && deviation ? ADV_OK : adv_no_memory(error);
    if (status != ADV_OK)
        goto out;
    find_moments(rows, mean, deviation);
    status = check_moments(rows->dim, mean, deviation, error);
    if (status != ADV_OK)
        goto out;
    struct affine *affine = affine_of(rows->dim, mean, deviation);
    if (affine)
        *out = (struct adv_step){&adv_step_affine, affine};
    else
        status = adv_no_memory(error);
out:
    free(mean);
    free(deviation);
    return status;
}

static void unfitted(const void *state, size_t first, size_t n, double *values)
{
    (void)state, (void)first, (void)n, (void)values;
    adv_bug("a transform that standardises is used before it is fitted");
}

static double unfitted_log_det(const void *state, size_t first, size_t n, const double *encoded)
{
    (void)state, (void)first, (void)n, (void)encoded;
    adv_bug("a transform that standardises is used before it is fitted");
}

const struct adv_step_kind adv_step_standardise = {
    .help = "affine by the mean and the standard deviation of each column of the training rows",
    .needs_fit = always,
    .fit = fit,
    .encode = unfitted,
    .decode = unfitted,
    .log_det = unfitted_log_det,
    .decode_velocity = unfitted,
};
