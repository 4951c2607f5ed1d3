/* A transform is a chain of steps, each a row of a table. Every step maps a point element by
 * element, so its log-determinant is the sum of the logs of the slopes. All in double. */
#include <advect/transform.h>

#include <advect/rng.h>

#include "core/base/mem.h"
#include "core/data/spec.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct step;

struct step_kind {
    const char *name;
    bool affine;
    enum adv_status (*read)(struct step *step, const json_t *options, struct adv_error *error);
    json_t *(*to_json)(const struct step *step);
    /* Element i of a point, to the flow's side and back. */
    double (*encode)(const struct step *step, size_t i, double x);
    double (*decode)(const struct step *step, size_t i, double y);
    /* log dy/dx of the encoding, at its result y. */
    double (*log_slope)(const struct step *step, size_t i, double y);
};

struct step {
    const struct step_kind *kind;
    size_t dim;
    double *shift, *scale; /* affine: [dim] each */
    double margin;         /* logit */
};

struct adv_transform {
    size_t dim, n_steps;
    struct step *steps;
    bool has_range;
    double lo, hi;
    int levels;
};

/* ---- identity ---- */

static enum adv_status identity_read(struct step *step, const json_t *options,
                                     struct adv_error *error)
{
    (void)step, (void)options, (void)error;
    return ADV_OK;
}

static json_t *identity_to_json(const struct step *step)
{
    (void)step;
    return json_object();
}

static double identity_map(const struct step *step, size_t i, double x)
{
    (void)step, (void)i;
    return x;
}

static double identity_log_slope(const struct step *step, size_t i, double y)
{
    (void)step, (void)i, (void)y;
    return 0;
}

/* ---- affine: y = (x - shift) / scale ---- */

static enum adv_status affine_allocate(struct step *step, struct adv_error *error)
{
    step->shift = adv_calloc(step->dim, sizeof *step->shift);
    step->scale = adv_calloc(step->dim, sizeof *step->scale);
    return step->shift && step->scale ? ADV_OK : adv_no_memory(error);
}

static enum adv_status affine_read(struct step *step, const json_t *options,
                                   struct adv_error *error)
{
    const struct adv_number_list shift = {"transform.shift", step->dim, -1e30, 1e30};
    const struct adv_number_list scale = {"transform.scale", step->dim, 1e-30, 1e30};
    enum adv_status status = affine_allocate(step, error);
    if (status == ADV_OK)
        status = adv_spec_numbers(&shift, json_object_get(options, "shift"), 0, step->shift, error);
    if (status == ADV_OK)
        status = adv_spec_numbers(&scale, json_object_get(options, "scale"), 1, step->scale, error);
    return status;
}

/* One number where all are the same, else an array. */
static json_t *numbers_to_json(size_t n, const double *values)
{
    bool same = true;
    for (size_t i = 1; i < n; i++)
        same = same && values[i] == values[0];
    if (same)
        return json_real(values[0]);
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++) {
        if (json_array_append_new(array, json_real(values[i])) == 0)
            continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static json_t *affine_to_json(const struct step *step)
{
    return json_pack("{s:o, s:o}", "shift", numbers_to_json(step->dim, step->shift), "scale",
                     numbers_to_json(step->dim, step->scale));
}

static double affine_encode(const struct step *step, size_t i, double x)
{
    return (x - step->shift[i]) / step->scale[i];
}

static double affine_decode(const struct step *step, size_t i, double y)
{
    return y * step->scale[i] + step->shift[i];
}

static double affine_log_slope(const struct step *step, size_t i, double y)
{
    (void)y;
    return -log(step->scale[i]);
}

/* ---- logit: y = log(u / (1 - u)), u = m + (1 - 2m) x (Dinh et al. 2017, section 4.1) ---- */

static enum adv_status logit_read(struct step *step, const json_t *options, struct adv_error *error)
{
    const struct adv_number_list margin = {"transform.margin", 1, 1e-12, 0.49};
    return adv_spec_numbers(&margin, json_object_get(options, "margin"), 1e-6, &step->margin,
                            error);
}

static json_t *logit_to_json(const struct step *step)
{
    return json_pack("{s:f}", "margin", step->margin);
}

static double logit_encode(const struct step *step, size_t i, double x)
{
    (void)i;
    double width = 1 - 2 * step->margin;
    return log(step->margin + width * x) - log(step->margin + width * (1 - x));
}

static double logit_decode(const struct step *step, size_t i, double y)
{
    (void)i;
    return (1 / (1 + exp(-y)) - step->margin) / (1 - 2 * step->margin);
}

/* log(1 - 2m) - log u - log(1 - u), from y so that it stays exact where u rounds to 0 or 1. */
static double logit_log_slope(const struct step *step, size_t i, double y)
{
    (void)i;
    return log(1 - 2 * step->margin) + fabs(y) + 2 * log1p(exp(-fabs(y)));
}

/* ---- the table ---- */

static const struct step_kind identity = {"identity",        true,         identity_read,
                                          identity_to_json,  identity_map, identity_map,
                                          identity_log_slope};
static const struct step_kind affine = {
    "affine", true, affine_read, affine_to_json, affine_encode, affine_decode, affine_log_slope};
static const struct step_kind logit = {"logit",      false,        logit_read,     logit_to_json,
                                       logit_encode, logit_decode, logit_log_slope};
/* Becomes affine when it is fitted. */
static const struct step_kind standardise = {"standardise",     true,         identity_read,
                                             identity_to_json,  identity_map, identity_map,
                                             identity_log_slope};

static const struct step_kind *const kinds[] = {&identity, &affine, &standardise, &logit};
static const char *const names[] = {"identity", "affine", "standardise", "logit", NULL};
_Static_assert(ADV_COUNT(names) == ADV_COUNT(kinds) + 1, "a name for every kind");

/* ---- reading a specification ---- */

/* "range" and "levels" of the first object, taken out of its options. */
static enum adv_status read_statements(struct adv_transform *transform, json_t *options,
                                       struct adv_error *error)
{
    double range[2];
    const struct adv_number_list list = {"transform.range", 2, -1e30, 1e30};
    json_t *json = json_object_get(options, "range");
    if (json) {
        if (!json_is_array(json) || adv_spec_numbers(&list, json, 0, range, error) != ADV_OK ||
            !(range[0] < range[1]))
            return adv_fail_field(error, ADV_E_INVALID, "transform.range",
                                  "transform.range must be [lo, hi] with lo < hi");
        transform->has_range = true;
        transform->lo = range[0];
        transform->hi = range[1];
    }
    json = json_object_get(options, "levels");
    json_int_t levels = json_integer_value(json);
    if (json && (levels < 2 || levels > 65536))
        return adv_fail_field(error, ADV_E_INVALID, "transform.levels",
                              "transform.levels must be a whole number between 2 and 65536");
    transform->levels = (int)levels;
    json_object_del(options, "range");
    json_object_del(options, "levels");
    return ADV_OK;
}

/* Every member that is left must be an option of the kind, which its own JSON form lists. */
static enum adv_status check_members(const struct step *step, const json_t *options,
                                     struct adv_error *error)
{
    json_t *known = step->kind->to_json(step);
    if (!known)
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)options, key, value)
    {
        if (status == ADV_OK && !json_object_get(known, key))
            status = adv_fail_field(error, ADV_E_INVALID, "transform",
                                    "\"%s\" is not an option of the transform \"%s\"", key,
                                    step->kind->name);
    }
    json_decref(known);
    return status;
}

static enum adv_status read_step(struct adv_transform *transform, const json_t *spec,
                                 struct adv_error *error)
{
    size_t index;
    json_t *options = NULL;
    enum adv_status status = adv_spec_kind(spec, names, &index, &options, error);
    if (status != ADV_OK)
        return status;
    struct step *step = &transform->steps[transform->n_steps++];
    *step = (struct step){.kind = kinds[index], .dim = transform->dim};
    if (transform->n_steps == 1)
        status = read_statements(transform, options, error);
    if (status == ADV_OK)
        status = step->kind->read(step, options, error);
    if (status == ADV_OK)
        status = check_members(step, options, error);
    json_decref(options);
    return status;
}

enum adv_status adv_transform_new(const json_t *spec, size_t dim, struct adv_transform **out,
                                  struct adv_error *error)
{
    bool chain = json_is_array(spec);
    size_t n = chain ? json_array_size(spec) : spec ? 1 : 0;
    struct adv_transform *transform = adv_calloc(1, sizeof *transform);
    if (!transform)
        return adv_no_memory(error);
    transform->dim = dim;
    transform->steps = adv_calloc(n, sizeof *transform->steps);
    enum adv_status status = transform->steps ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        status = read_step(transform, chain ? json_array_get(spec, i) : spec, error);
    if (status == ADV_OK)
        *out = transform;
    else
        adv_transform_free(transform);
    return status;
}

void adv_transform_free(struct adv_transform *transform)
{
    if (!transform)
        return;
    for (size_t i = 0; i < transform->n_steps; i++) {
        free(transform->steps[i].shift);
        free(transform->steps[i].scale);
    }
    free(transform->steps);
    free(transform);
}

json_t *adv_transform_to_json(const struct adv_transform *transform)
{
    json_t *chain = json_array();
    for (size_t i = 0; chain && i < transform->n_steps; i++) {
        const struct step *step = &transform->steps[i];
        json_t *json = step->kind->to_json(step);
        bool failed = !json || json_object_set_new(json, "kind", json_string(step->kind->name));
        if (!failed && i == 0 && transform->has_range)
            failed = json_object_set_new(json, "range",
                                         json_pack("[f, f]", transform->lo, transform->hi));
        if (!failed && i == 0 && transform->levels)
            failed = json_object_set_new(json, "levels", json_integer(transform->levels));
        if (failed)
            json_decref(json);
        if (failed || json_array_append_new(chain, json)) {
            json_decref(chain);
            chain = NULL;
        }
    }
    if (!chain || transform->n_steps > 1)
        return chain;
    json_t *only = transform->n_steps == 1 ? json_incref(json_array_get(chain, 0))
                                           : json_pack("{s:s}", "kind", "identity");
    json_decref(chain);
    return only;
}

/* ---- fitting ---- */

static enum adv_status fit_column(struct step *step, size_t n, const double *rows, size_t column,
                                  struct adv_error *error)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        mean += rows[i * step->dim + column] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double off = rows[i * step->dim + column] - mean;
        square += off * off / (double)n;
    }
    if (!(square > 0))
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "column %zu of the data is %.9g throughout: it has no spread to "
                              "standardise",
                              column, mean);
    step->shift[column] = mean;
    step->scale[column] = sqrt(square);
    return ADV_OK;
}

enum adv_status adv_transform_fit(struct adv_transform *transform, size_t n, const float *data,
                                  struct adv_error *error)
{
    bool needed = false;
    size_t values, dim = transform->dim;
    for (size_t s = 0; s < transform->n_steps; s++)
        needed = needed || transform->steps[s].kind == &standardise;
    if (!needed)
        return ADV_OK;
    if (n < 2)
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "%zu rows of data; standardise needs at least 2", n);
    double *rows = adv_mul_size(n, dim, &values) ? adv_calloc(values, sizeof *rows) : NULL;
    if (!rows)
        return adv_no_memory(error);
    for (size_t i = 0; i < values; i++)
        rows[i] = (double)data[i];
    enum adv_status status = ADV_OK;
    for (size_t s = 0; status == ADV_OK && s < transform->n_steps; s++) {
        struct step *step = &transform->steps[s];
        if (step->kind == &standardise) {
            status = affine_allocate(step, error);
            for (size_t c = 0; status == ADV_OK && c < dim; c++)
                status = fit_column(step, n, rows, c, error);
            if (status == ADV_OK)
                step->kind = &affine;
        }
        for (size_t i = 0; status == ADV_OK && i < values; i++)
            rows[i] = step->kind->encode(step, i % dim, rows[i]);
    }
    free(rows);
    return status;
}

/* ---- facts ---- */

bool adv_transform_is_affine(const struct adv_transform *transform)
{
    for (size_t i = 0; i < transform->n_steps; i++) {
        if (!transform->steps[i].kind->affine)
            return false;
    }
    return true;
}

bool adv_transform_range(const struct adv_transform *transform, double *lo, double *hi)
{
    if (!transform->has_range)
        return false;
    *lo = transform->lo;
    *hi = transform->hi;
    return true;
}

int adv_transform_levels(const struct adv_transform *transform)
{
    return transform->levels;
}

enum adv_status adv_transform_check(const struct adv_transform *transform, const float *point,
                                    struct adv_error *error)
{
    bool unit = transform->n_steps > 0 && transform->steps[0].kind == &logit;
    double lo = unit ? 0 : -INFINITY, hi = unit ? 1 : INFINITY;
    adv_transform_range(transform, &lo, &hi);
    for (size_t i = 0; i < transform->dim; i++) {
        double x = (double)point[i];
        if (!isfinite(x))
            return adv_fail(error, ADV_E_INVALID, "column %zu is not a finite number", i);
        if (x < lo || x > hi)
            return adv_fail(error, ADV_E_INVALID,
                            "column %zu is %.9g; it must be between %.9g and %.9g", i, x, lo, hi);
    }
    return ADV_OK;
}

/* ---- mapping points ---- */

void adv_transform_encode(const struct adv_transform *transform, size_t n, const float *data,
                          float *flow, double *log_det)
{
    for (size_t row = 0; row < n; row++) {
        double sum = 0;
        for (size_t i = 0; i < transform->dim; i++) {
            double value = (double)data[row * transform->dim + i];
            for (size_t s = 0; s < transform->n_steps; s++) {
                const struct step *step = &transform->steps[s];
                value = step->kind->encode(step, i, value);
                if (log_det)
                    sum += step->kind->log_slope(step, i, value);
            }
            flow[row * transform->dim + i] = (float)value;
        }
        if (log_det)
            log_det[row] = sum;
    }
}

void adv_transform_decode(const struct adv_transform *transform, size_t n, const float *flow,
                          float *data, double *log_det)
{
    for (size_t row = 0; row < n; row++) {
        double sum = 0;
        for (size_t i = 0; i < transform->dim; i++) {
            double value = (double)flow[row * transform->dim + i];
            for (size_t s = transform->n_steps; s-- > 0;) {
                const struct step *step = &transform->steps[s];
                if (log_det)
                    sum += step->kind->log_slope(step, i, value);
                value = step->kind->decode(step, i, value);
            }
            data[row * transform->dim + i] = (float)value;
        }
        if (log_det)
            log_det[row] = sum;
    }
}

void adv_transform_decode_velocity(const struct adv_transform *transform, size_t n,
                                   const float *flow_velocity, float *data_velocity)
{
    if (!adv_transform_is_affine(transform))
        adv_bug("velocities have no meaning in data units under this transform");
    for (size_t i = 0; i < n * transform->dim; i++) {
        double slope = 0;
        for (size_t s = 0; s < transform->n_steps; s++)
            slope +=
                transform->steps[s].kind->log_slope(&transform->steps[s], i % transform->dim, 0);
        data_velocity[i] = (float)((double)flow_velocity[i] * exp(-slope));
    }
}

void adv_dequantise(uint64_t seed, uint64_t first_row, size_t n, size_t dim, int levels,
                    const float *values, float *out)
{
    float noise[256];
    for (size_t row = 0; row < n; row++) {
        for (size_t begin = 0; begin < dim; begin += ADV_COUNT(noise)) {
            size_t count = dim - begin < ADV_COUNT(noise) ? dim - begin : ADV_COUNT(noise);
            adv_rng_uniform_columns(seed, ADV_STREAM_DEQUANTISE, first_row + row, begin, count,
                                    noise);
            for (size_t i = 0; i < count; i++)
                out[row * dim + begin + i] =
                    (values[row * dim + begin + i] + noise[i]) / (float)levels;
        }
    }
}
