/* A transform is a chain of steps, each of a kind from one table. Points go
 * through it a run of columns at a time, in double from end to end. */
#include "core/base/mem.h"
#include "core/data/spec.h"
#include "core/data/transforms/step.h"

#include <advect/extra/levels.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STEPS 16
#define COLUMNS ADV_STEP_COLUMNS

/* The one list of kinds: names and descriptors both come from it. */
#define KINDS(ROW) ROW(identity) ROW(affine) ROW(standardise) ROW(logit) ROW(gaussianise)
#define NAME(kind) #kind,
#define DESCRIPTOR(kind) &adv_step_##kind,

static const char *const names[] = {KINDS(NAME) NULL};
static const struct adv_step_kind *const kinds[] = {KINDS(DESCRIPTOR)};

/* What the first object says about the data beside its own options. */
struct statements {
    json_t *range;
    int64_t levels;
};

static const struct adv_field statement_fields[] = {
    {.name = "range",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct statements, range),
     .help = "range [lo, hi] of the data"},
    {.name = "levels",
     .kind = ADV_FIELD_INT,
     .offset = offsetof(struct statements, levels),
     .min = 2,
     .max = 65536,
     .help = "number of quantisation levels that the data were dequantised from"},
};

struct adv_transform {
    size_t dim, n_steps;
    struct adv_step steps[MAX_STEPS];
    bool has_range;
    double lo, hi;
    int levels; /* 0: not stated */
};

enum adv_status adv_step_new(struct adv_step *step, const json_t *options, size_t dim,
                             const char *where, struct adv_error *error)
{
    const struct adv_step_kind *kind = step->kind;
    enum adv_status status = adv_spec_new_state(kind->fields, kind->n_fields, kind->state_bytes,
                                                options, where, &step->state, error);
    if (status == ADV_OK && kind->prepare)
        status = kind->prepare(step->state, dim, where, error);
    if (status != ADV_OK)
        adv_step_release(step);
    return status;
}

void adv_step_release(struct adv_step *step)
{
    if (step->state && step->kind->release)
        step->kind->release(step->state);
    adv_spec_free_state(step->kind->fields, step->kind->n_fields, step->state);
    step->state = NULL;
}

/* ---------------------------------------------------------------- reading a specification */

/* Moves the statements out of options into an object of their own, a new reference. */
static json_t *take_statements(json_t *options)
{
    json_t *stated = json_object();
    for (size_t i = 0; stated && i < ADV_COUNT(statement_fields); i++) {
        const char *name = statement_fields[i].name;
        json_t *value = json_object_get(options, name);
        if (value && json_object_set(stated, name, value)) {
            json_decref(stated);
            stated = NULL;
        } else if (value) {
            json_object_del(options, name);
        }
    }
    return stated;
}

static enum adv_status read_range(struct adv_transform *transform, const json_t *range,
                                  const char *where, struct adv_error *error)
{
    char name[40];
    double ends[2];
    snprintf(name, sizeof name, "%s.range", where);
    const struct adv_number_list list = {name, 2, -1e30, 1e30};
    if (!json_is_array(range))
        return adv_fail_field(error, ADV_E_INVALID, name, "%s must be [lo, hi] with lo < hi", name);
    enum adv_status status = adv_spec_numbers(&list, range, 0.0, ends, error);
    if (status != ADV_OK)
        return status;
    if (!(ends[0] < ends[1]))
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s is [%.9g, %.9g]; it must be [lo, hi] with lo < hi", name, ends[0],
                              ends[1]);
    transform->has_range = true;
    transform->lo = ends[0];
    transform->hi = ends[1];
    return ADV_OK;
}

/* Data of levels lie in [0, 1] unless another range is stated. */
static void state_unit_range(struct adv_transform *transform)
{
    if (transform->has_range)
        return;
    transform->has_range = true;
    transform->lo = 0;
    transform->hi = 1;
}

static enum adv_status read_statements(struct adv_transform *transform, json_t *options,
                                       const char *where, struct adv_error *error)
{
    const size_t n_fields = ADV_COUNT(statement_fields);
    struct statements statements = {0};
    json_t *stated = take_statements(options);
    enum adv_status status = stated ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status =
            adv_fields_from_json(statement_fields, n_fields, stated, where, &statements, error);
    if (status == ADV_OK && statements.range)
        status = read_range(transform, statements.range, where, error);
    if (status == ADV_OK) {
        transform->levels = (int)statements.levels;
        if (transform->levels)
            state_unit_range(transform);
    }
    adv_fields_release(statement_fields, n_fields, &statements);
    json_decref(stated);
    return status;
}

static enum adv_status read_step(struct adv_transform *transform, const json_t *spec,
                                 const char *where, struct adv_error *error)
{
    size_t index;
    json_t *options;
    enum adv_status status = adv_spec_kind(spec, names, &index, &options, error);
    if (status != ADV_OK)
        return status;
    struct adv_step *step = &transform->steps[transform->n_steps];
    step->kind = kinds[index];
    if (transform->n_steps == 0)
        status = read_statements(transform, options, where, error);
    transform->n_steps++;
    if (status == ADV_OK)
        status = adv_step_new(step, options, transform->dim, where, error);
    json_decref(options);
    return status;
}

enum adv_status adv_transform_new(const json_t *spec, size_t dim, struct adv_transform **transform,
                                  struct adv_error *error)
{
    bool is_chain = json_is_array(spec);
    size_t n_steps = is_chain ? json_array_size(spec) : spec ? 1 : 0;
    if (n_steps > MAX_STEPS)
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "transform has %zu steps; at most %d are allowed", n_steps,
                              MAX_STEPS);
    struct adv_transform *fresh = adv_calloc(1, sizeof *fresh);
    if (!fresh)
        return adv_no_memory(error);
    fresh->dim = dim;
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < n_steps && status == ADV_OK; i++) {
        char where[32] = "transform";
        if (is_chain)
            snprintf(where, sizeof where, "transform[%zu]", i);
        status = read_step(fresh, is_chain ? json_array_get(spec, i) : spec, where, error);
    }
    if (status == ADV_OK)
        *transform = fresh;
    else
        adv_transform_free(fresh);
    return status;
}

void adv_transform_free(struct adv_transform *transform)
{
    for (size_t s = 0; transform && s < transform->n_steps; s++)
        adv_step_release(&transform->steps[s]);
    free(transform);
}

/* ---------------------------------------------------------------- writing it back */

static json_t *step_to_json(const struct adv_step *step)
{
    const struct adv_step_kind *kind = step->kind;
    const char *name = NULL;
    for (size_t i = 0; names[i]; i++)
        name = kinds[i] == kind ? names[i] : name;
    json_t *json = kind->to_json ? kind->to_json(step->state)
                                 : adv_fields_to_json(kind->fields, kind->n_fields, step->state);
    if (json && json_object_set_new(json, "kind", json_string(name))) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

static bool set_statements(const struct adv_transform *transform, json_t *first)
{
    if (transform->has_range &&
        json_object_set_new(first, "range", json_pack("[f, f]", transform->lo, transform->hi)))
        return false;
    return !transform->levels ||
           !json_object_set_new(first, "levels", json_integer(transform->levels));
}

json_t *adv_transform_to_json(const struct adv_transform *transform)
{
    json_t *chain = json_array();
    for (size_t s = 0; chain && s < transform->n_steps; s++) {
        json_t *json = step_to_json(&transform->steps[s]);
        if (json && s == 0 && !set_statements(transform, json)) {
            json_decref(json);
            json = NULL;
        }
        if (json_array_append_new(chain, json)) { /* fails for NULL, and frees what it refuses */
            json_decref(chain);
            chain = NULL;
        }
    }
    if (!chain || transform->n_steps > 1)
        return chain;
    json_t *only = json_incref(json_array_get(chain, 0));
    json_decref(chain);
    if (transform->n_steps == 1)
        return only;
    json_t *identity = json_pack("{s:s}", "kind", "identity");
    if (identity && set_statements(transform, identity))
        return identity;
    json_decref(identity);
    return NULL;
}

/* ---------------------------------------------------------------- facts */

static bool needs_fit(const struct adv_step *step)
{
    return step->kind->needs_fit && step->kind->needs_fit(step->state);
}

bool adv_transform_is_fitted(const struct adv_transform *transform)
{
    for (size_t s = 0; s < transform->n_steps; s++) {
        if (needs_fit(&transform->steps[s]))
            return false;
    }
    return true;
}

bool adv_transform_is_affine(const struct adv_transform *transform)
{
    for (size_t s = 0; s < transform->n_steps; s++) {
        if (!transform->steps[s].kind->decode_velocity)
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

enum adv_status adv_transform_state_8_bit(struct adv_transform *transform, bool dequantised,
                                          struct adv_error *error)
{
    if (dequantised && transform->levels && transform->levels != ADV_LEVELS)
        return adv_fail_field(error, ADV_E_INVALID, "transform.levels",
                              "the transform states %d levels; dequantised 8-bit data have %d",
                              transform->levels, ADV_LEVELS);
    if (dequantised)
        transform->levels = ADV_LEVELS;
    state_unit_range(transform);
    return ADV_OK;
}

/* ---------------------------------------------------------------- mapping points */

/* How many columns of a run that begins at `first`. */
static size_t run_length(size_t dim, size_t first)
{
    return dim - first < COLUMNS ? dim - first : COLUMNS;
}

static void load(size_t n, const float *from, double *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (double)from[i];
}

static void store(size_t n, const double *values, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)values[i];
}

static void encode_run(const struct adv_step *steps, size_t n_steps, size_t first, size_t n,
                       double *values)
{
    for (size_t s = 0; s < n_steps; s++)
        steps[s].kind->encode(steps[s].state, first, n, values);
}

void adv_transform_encode(const struct adv_transform *transform, size_t n, const float *data,
                          float *flow, double *log_det)
{
    const size_t dim = transform->dim;
    double values[COLUMNS];
    for (size_t row = 0; row < n; row++) {
        double sum = 0.0;
        for (size_t first = 0; first < dim; first += COLUMNS) {
            size_t count = run_length(dim, first);
            load(count, data + row * dim + first, values);
            for (size_t s = 0; s < transform->n_steps; s++) {
                const struct adv_step *step = &transform->steps[s];
                step->kind->encode(step->state, first, count, values);
                if (log_det)
                    sum += step->kind->log_det(step->state, first, count, values);
            }
            store(count, values, flow + row * dim + first);
        }
        if (log_det)
            log_det[row] = sum;
    }
}

void adv_transform_decode(const struct adv_transform *transform, size_t n, const float *flow,
                          float *data, double *log_det)
{
    const size_t dim = transform->dim;
    double values[COLUMNS];
    for (size_t row = 0; row < n; row++) {
        double sum = 0.0;
        for (size_t first = 0; first < dim; first += COLUMNS) {
            size_t count = run_length(dim, first);
            load(count, flow + row * dim + first, values);
            for (size_t s = transform->n_steps; s-- > 0;) {
                const struct adv_step *step = &transform->steps[s];
                if (log_det)
                    sum += step->kind->log_det(step->state, first, count, values);
                step->kind->decode(step->state, first, count, values);
            }
            store(count, values, data + row * dim + first);
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
    const size_t dim = transform->dim;
    double values[COLUMNS];
    for (size_t row = 0; row < n; row++) {
        for (size_t first = 0; first < dim; first += COLUMNS) {
            size_t count = run_length(dim, first);
            load(count, flow_velocity + row * dim + first, values);
            for (size_t s = transform->n_steps; s-- > 0;) {
                const struct adv_step *step = &transform->steps[s];
                step->kind->decode_velocity(step->state, first, count, values);
            }
            store(count, values, data_velocity + row * dim + first);
        }
    }
}

/* ---------------------------------------------------------------- checking points */

/* Data are floats, so bounds such as 0.3 hold as they round to float. */
static bool is_within(double value, double lo, double hi)
{
    return (float)value >= (float)lo && (float)value <= (float)hi;
}

/* The first column of values whose entry is outside [lo, hi], or n. */
static size_t first_outside(size_t n, const double *values, double lo, double hi)
{
    size_t i = 0;
    while (i < n && is_within(values[i], lo, hi))
        i++;
    return i;
}

/* Columns first ... of a point, against each step's domain in turn: encoded into values [COLUMNS],
 * what that adds to the log-determinant into *log_det. */
static enum adv_status encode_run_checked(const struct adv_transform *transform, const float *point,
                                          size_t first, double *values, double *log_det,
                                          struct adv_error *error)
{
    size_t n = run_length(transform->dim, first);
    load(n, point + first, values);
    for (size_t s = 0; s < transform->n_steps; s++) {
        const struct adv_step *step = &transform->steps[s];
        size_t i = first_outside(n, values, step->kind->lo, step->kind->hi);
        if (i < n && s == 0)
            return adv_fail(error, ADV_E_INVALID,
                            "column %zu is %.9g; it must be between %.9g and %.9g", first + i,
                            values[i], step->kind->lo, step->kind->hi);
        if (i < n)
            return adv_fail(error, ADV_E_INVALID,
                            "column %zu is %.9g, which the transform maps to %.9g; that must be "
                            "between %.9g and %.9g",
                            first + i, (double)point[first + i], values[i], step->kind->lo,
                            step->kind->hi);
        step->kind->encode(step->state, first, n, values);
        if (log_det)
            *log_det += step->kind->log_det(step->state, first, n, values);
    }
    size_t i = first_outside(n, values, -FLT_MAX, FLT_MAX);
    if (i < n)
        return adv_fail(error, ADV_E_INVALID,
                        "column %zu is %.9g; the transform maps it out of the range of numbers",
                        first + i, (double)point[first + i]);
    return ADV_OK;
}

static enum adv_status check_range(const struct adv_transform *transform, const float *point,
                                   struct adv_error *error)
{
    for (size_t i = 0; transform->has_range && i < transform->dim; i++) {
        if (!is_within((double)point[i], transform->lo, transform->hi))
            return adv_fail(error, ADV_E_INVALID,
                            "column %zu is %.9g; it must be between %.9g and %.9g", i,
                            (double)point[i], transform->lo, transform->hi);
    }
    return ADV_OK;
}

enum adv_status adv_transform_encode_checked(const struct adv_transform *transform,
                                             const float *point, float *flow, double *log_det,
                                             struct adv_error *error)
{
    double values[COLUMNS], sum = 0.0;
    enum adv_status status = check_range(transform, point, error);
    for (size_t first = 0; first < transform->dim && status == ADV_OK; first += COLUMNS) {
        status = encode_run_checked(transform, point, first, values, log_det ? &sum : NULL, error);
        if (status == ADV_OK && flow)
            store(run_length(transform->dim, first), values, flow + first);
    }
    if (status == ADV_OK && log_det)
        *log_det = sum;
    return status;
}

enum adv_status adv_transform_check(const struct adv_transform *transform, const float *point,
                                    struct adv_error *error)
{
    for (size_t i = 0; i < transform->dim; i++) {
        if (!isfinite(point[i]))
            return adv_fail(error, ADV_E_INVALID, "column %zu is not a finite number", i);
    }
    return adv_transform_encode_checked(transform, point, NULL, NULL, error);
}

/* ---------------------------------------------------------------- fitting */

size_t adv_step_rows_read(const struct adv_step_rows *rows, size_t row, size_t first,
                          double *values)
{
    size_t count = run_length(rows->dim, first);
    load(count, rows->data + row * rows->dim + first, values);
    encode_run(rows->before, rows->n_before, first, count, values);
    return count;
}

enum adv_status adv_transform_fit(struct adv_transform *transform, size_t n, const float *data,
                                  struct adv_error *error)
{
    /* Steps are fitted in a copy, which shares the states of the others. */
    struct adv_transform fitted = *transform;
    enum adv_status status = ADV_OK;
    for (size_t s = 0; s < fitted.n_steps && status == ADV_OK; s++) {
        struct adv_step *step = &fitted.steps[s];
        const struct adv_step_rows rows = {fitted.steps, s, n, fitted.dim, data};
        if (needs_fit(step))
            status = step->kind->fit(step->state, &rows, step, error);
    }
    struct adv_transform *loser = status == ADV_OK ? transform : &fitted;
    for (size_t s = 0; s < fitted.n_steps; s++) {
        if (fitted.steps[s].state != transform->steps[s].state)
            adv_step_release(&loser->steps[s]);
    }
    if (status == ADV_OK)
        *transform = fitted;
    return status;
}
