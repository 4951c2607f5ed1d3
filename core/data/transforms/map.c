/* Points through the steps of a transform: a run of columns at a time, in double
 * from end to end; and the steps fitted to points. */
#include "core/base/mem.h"
#include "core/data/transforms/transform.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- mapping points */

#define COLUMNS ADV_STEP_COLUMNS

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

void adv_transform_encode_drawn(const struct adv_transform *transform, uint64_t seed,
                                uint64_t first_row, size_t n, const float *data, float *flow)
{
    const size_t dim = transform->dim;
    double values[COLUMNS];
    for (size_t row = 0; row < n; row++) {
        for (size_t first = 0; first < dim; first += COLUMNS) {
            size_t count = run_length(dim, first);
            load(count, data + row * dim + first, values);
            for (size_t s = 0; s < transform->n_steps; s++) {
                const struct adv_step *step = &transform->steps[s];
                if (step->kind->encode_drawn)
                    step->kind->encode_drawn(step->state, seed, first_row + row, first, count,
                                             values);
                else
                    step->kind->encode(step->state, first, count, values);
            }
            store(count, values, flow + row * dim + first);
        }
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

double adv_largest_deviation(size_t n, const float *flow)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)flow[i]));
    return largest;
}

/* log dT/dx of a column at its encoded value. */
static double log_slope(const struct adv_transform *transform, size_t column, double encoded)
{
    double sum = 0;
    for (size_t s = transform->n_steps; s-- > 0;) {
        const struct adv_step *step = &transform->steps[s];
        sum += step->kind->log_det(step->state, column, 1, &encoded);
        step->kind->decode(step->state, column, 1, &encoded);
    }
    return sum;
}

double adv_transform_decode_score(const struct adv_transform *transform, size_t column,
                                  double encoded, double score)
{
    const double h = 1e-4; /* of numbers that are about 1, and smooth */
    double bend = 0;
    if (!adv_transform_is_affine(transform))
        bend = (log_slope(transform, column, encoded + h) -
                log_slope(transform, column, encoded - h)) /
               (2 * h);
    return exp(log_slope(transform, column, encoded)) * (score + bend);
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

size_t adv_step_refused_beyond_unit(const void *state, size_t first, size_t n, const double *values,
                                    char must_be[ADV_STEP_WORDS])
{
    (void)state, (void)first;
    size_t i = 0;
    while (i < n && adv_step_is_within(values[i], 0.0, 1.0))
        i++;
    if (i < n)
        snprintf(must_be, ADV_STEP_WORDS, "between 0 and 1");
    return i;
}

/* "column 3 (so2)", or the number alone where the column has no name. */
static const char *name_column(const struct adv_transform *transform, size_t column,
                               char text[ADV_STEP_WORDS])
{
    const char *name = adv_transform_column_name(transform, column);
    snprintf(text, ADV_STEP_WORDS, "column %zu%s%.60s%s", column, name ? " (" : "",
             name ? name : "", name ? ")" : "");
    return text;
}

/* Columns first ... + n - 1 of values, which are what a step is given of the point. */
static enum adv_status check_step(const struct adv_transform *transform, size_t s,
                                  const float *point, size_t first, size_t n, const double *values,
                                  struct adv_error *error)
{
    char name[ADV_STEP_WORDS], must_be[ADV_STEP_WORDS];
    const struct adv_step *step = &transform->steps[s];
    size_t i =
        step->kind->refused ? step->kind->refused(step->state, first, n, values, must_be) : n;
    if (i == n)
        return ADV_OK;
    name_column(transform, first + i, name);
    if (s == 0)
        return adv_fail(error, ADV_E_INVALID, "%s is %.9g; it must be %s", name, values[i],
                        must_be);
    return adv_fail(error, ADV_E_INVALID,
                    "%s is %.9g, which the transform maps to %.9g; that must be %s", name,
                    (double)point[first + i], values[i], must_be);
}

/* One of the points of whole numbers' cells, or where `of` is 1 the one that stands for them. */
struct draw {
    size_t index, of;
};

static void encode_step(const struct adv_step *step, struct draw draw, size_t first, size_t n,
                        double *values)
{
    if (draw.of > 1 && step->kind->encode_draw)
        step->kind->encode_draw(step->state, draw.index, draw.of, first, n, values);
    else
        step->kind->encode(step->state, first, n, values);
}

/* Columns first ... of a point, against each step's domain in turn: encoded into values [COLUMNS],
 * what that adds to the log-determinant into *log_det. */
static enum adv_status encode_run_checked(const struct adv_transform *transform, struct draw draw,
                                          const float *point, size_t first, double *values,
                                          double *log_det, struct adv_error *error)
{
    size_t n = run_length(transform->dim, first);
    load(n, point + first, values);
    for (size_t s = 0; s < transform->n_steps; s++) {
        const struct adv_step *step = &transform->steps[s];
        enum adv_status status = check_step(transform, s, point, first, n, values, error);
        if (status != ADV_OK)
            return status;
        encode_step(step, draw, first, n, values);
        if (log_det)
            *log_det += step->kind->log_det(step->state, first, n, values);
    }
    char name[ADV_STEP_WORDS];
    size_t i = 0;
    while (i < n && adv_step_is_within(values[i], -FLT_MAX, FLT_MAX))
        i++;
    if (i < n)
        return adv_fail(error, ADV_E_INVALID,
                        "%s is %.9g; the transform maps it out of the range of numbers",
                        name_column(transform, first + i, name), (double)point[first + i]);
    return ADV_OK;
}

static enum adv_status check_range(const struct adv_transform *transform, const float *point,
                                   struct adv_error *error)
{
    for (size_t i = 0; transform->has_range && i < transform->dim; i++) {
        if (!adv_step_is_within((double)point[i], transform->lo, transform->hi))
            return adv_fail(error, ADV_E_INVALID,
                            "column %zu is %.9g; it must be between %.9g and %.9g", i,
                            (double)point[i], transform->lo, transform->hi);
    }
    return ADV_OK;
}

static enum adv_status encode_checked(const struct adv_transform *transform, struct draw draw,
                                      const float *point, float *flow, double *log_det,
                                      struct adv_error *error)
{
    double values[COLUMNS], sum = 0.0;
    enum adv_status status = check_range(transform, point, error);
    for (size_t first = 0; first < transform->dim && status == ADV_OK; first += COLUMNS) {
        status =
            encode_run_checked(transform, draw, point, first, values, log_det ? &sum : NULL, error);
        if (status == ADV_OK && flow)
            store(run_length(transform->dim, first), values, flow + first);
    }
    if (status == ADV_OK && log_det)
        *log_det = sum;
    return status;
}

enum adv_status adv_transform_encode_checked(const struct adv_transform *transform,
                                             const float *point, float *flow, double *log_det,
                                             struct adv_error *error)
{
    return encode_checked(transform, (struct draw){0, 1}, point, flow, log_det, error);
}

enum adv_status adv_transform_encode_draw(const struct adv_transform *transform, size_t draw,
                                          const float *point, float *flow, double *log_det,
                                          struct adv_error *error)
{
    struct draw one = {draw, adv_transform_draws(transform)};
    return encode_checked(transform, one, point, flow, log_det, error);
}

static enum adv_status check_finite(const struct adv_transform *transform, const float *point,
                                    struct adv_error *error)
{
    char name[ADV_STEP_WORDS];
    for (size_t i = 0; i < transform->dim; i++) {
        if (!isfinite(point[i]))
            return adv_fail(error, ADV_E_INVALID, "%s is not a finite number",
                            name_column(transform, i, name));
    }
    return ADV_OK;
}

enum adv_status adv_transform_check_domain(const struct adv_transform *transform,
                                           const float *point, struct adv_error *error)
{
    double values[COLUMNS];
    enum adv_status status = check_finite(transform, point, error);
    if (status == ADV_OK)
        status = check_range(transform, point, error);
    for (size_t first = 0; first < transform->dim && status == ADV_OK; first += COLUMNS) {
        size_t n = run_length(transform->dim, first);
        load(n, point + first, values);
        if (transform->n_steps > 0)
            status = check_step(transform, 0, point, first, n, values, error);
    }
    return status;
}

enum adv_status adv_transform_check(const struct adv_transform *transform, const float *point,
                                    struct adv_error *error)
{
    enum adv_status status = check_finite(transform, point, error);
    return status != ADV_OK ? status
                            : adv_transform_encode_checked(transform, point, NULL, NULL, error);
}

/* ---------------------------------------------------------------- fitting */

bool adv_step_needs_fit(const struct adv_step *step)
{
    return step->kind->needs_fit && step->kind->needs_fit(step->state);
}

size_t adv_step_rows_read(const struct adv_step_rows *rows, size_t row, size_t first,
                          double *values)
{
    size_t count = run_length(rows->dim, first);
    load(count, rows->data + row * rows->dim + first, values);
    encode_run(rows->before, rows->n_before, first, count, values);
    return count;
}

double adv_step_rows_value(const struct adv_step_rows *rows, size_t row, size_t column)
{
    double value = (double)rows->data[row * rows->dim + column];
    encode_run(rows->before, rows->n_before, column, 1, &value);
    return value;
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
        if (adv_step_needs_fit(step))
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
