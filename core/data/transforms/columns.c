/* Each column mapped by a support of its own (core/data/supports): what the
 * columns of a table need, which differ in what their values can be. */
#include "core/base/mem.h"
#include "core/data/supports/support.h"
#include "core/data/transforms/step.h"

#include <advect/extra/rng.h>
#include <math.h>
#include <stdlib.h>

struct columns {
    json_t *columns_option;
    size_t dim;
    struct adv_support *columns; /* [dim] */
};

static const struct adv_field fields[] = {
    {.name = "columns",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct columns, columns_option),
     .required = true,
     .help = "support of each column, an array of objects"},
};

/* ---------------------------------------------------------------- reading and writing */

static enum adv_status prepare(void *opaque, size_t dim, const char *where, struct adv_error *error)
{
    struct columns *state = opaque;
    char name[64];
    snprintf(name, sizeof name, "%s.columns", where);
    if (!json_is_array(state->columns_option) || json_array_size(state->columns_option) != dim)
        return adv_fail_field(error, ADV_E_INVALID, name, "%s must be an array of %zu objects",
                              name, dim);
    state->columns = adv_calloc(dim, sizeof *state->columns);
    if (!state->columns)
        return adv_no_memory(error);
    state->dim = dim;
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < dim && status == ADV_OK; i++) {
        snprintf(name, sizeof name, "%s.columns[%zu]", where, i);
        status = adv_support_read(&state->columns[i], json_array_get(state->columns_option, i),
                                  name, error);
    }
    return status;
}

static void release(void *opaque)
{
    struct columns *state = opaque;
    for (size_t i = 0; i < state->dim; i++)
        adv_support_release(&state->columns[i]);
    free(state->columns);
}

static json_t *to_json(const void *opaque)
{
    const struct columns *state = opaque;
    json_t *array = json_array();
    for (size_t i = 0; array && i < state->dim; i++) {
        if (json_array_append_new(array, adv_support_to_json(&state->columns[i]))) {
            json_decref(array);
            array = NULL;
        }
    }
    return array ? json_pack("{s:o}", "columns", array) : NULL;
}

/* ---------------------------------------------------------------- the map */

#define INTEGERS_END 0x1p53 /* of doubles */

/* u of an integer: its own in each column, the same wherever it stands, so that a row has one
 * density. The ends, where rounding to float may reach the next integer, are left out. */
static double keyed_noise(size_t column, double value)
{
    int64_t k = (int64_t)fmin(fmax(value, -INTEGERS_END), INTEGERS_END);
    uint64_t word = adv_rng_word(column, ADV_STREAM_DEQUANTISE, (uint64_t)k);
    return (ldexp((double)(word >> 11), -53) * 1022.0 + 1.0) / 1024.0;
}

static void encode(const void *opaque, size_t first, size_t n, double *values)
{
    const struct columns *state = opaque;
    for (size_t i = 0; i < n; i++) {
        const struct adv_support *support = &state->columns[first + i];
        double u = support->integer ? keyed_noise(first + i, nearbyint(values[i])) : 0.0;
        values[i] = adv_support_encode(support, values[i], u);
    }
}

static void encode_drawn(const void *opaque, uint64_t seed, uint64_t row, size_t first, size_t n,
                         double *values)
{
    const struct columns *state = opaque;
    float noise[ADV_STEP_COLUMNS];
    adv_rng_uniform_columns(seed, ADV_STREAM_DEQUANTISE, row, first, n, noise);
    for (size_t i = 0; i < n; i++)
        values[i] = adv_support_encode(&state->columns[first + i], values[i], (double)noise[i]);
}

/* The draws divide [0, 1) evenly, in each column and for each integer in an order of its own: a
 * Latin hypercube (McKay, Beckman and Conover 1979), which of one column is the midpoint rule. */
static double placed_noise(size_t column, double value, size_t draw, size_t n_draws)
{
    int64_t k = (int64_t)fmin(fmax(value, -INTEGERS_END), INTEGERS_END);
    uint64_t key = adv_rng_word(column, ADV_STREAM_DEQUANTISE, (uint64_t)k);
    return ((double)adv_permute(key, draw, n_draws) + 0.5) / (double)n_draws;
}

static void encode_draw(const void *opaque, size_t draw, size_t n_draws, size_t first, size_t n,
                        double *values)
{
    const struct columns *state = opaque;
    for (size_t i = 0; i < n; i++) {
        const struct adv_support *support = &state->columns[first + i];
        double u =
            support->integer ? placed_noise(first + i, nearbyint(values[i]), draw, n_draws) : 0.0;
        values[i] = adv_support_encode(support, values[i], u);
    }
}

static size_t n_whole(const void *opaque)
{
    const struct columns *state = opaque;
    size_t n = 0;
    for (size_t i = 0; i < state->dim; i++)
        n += state->columns[i].integer;
    return n;
}

static void decode(const void *opaque, size_t first, size_t n, double *values)
{
    const struct columns *state = opaque;
    for (size_t i = 0; i < n; i++)
        values[i] = adv_support_decode(&state->columns[first + i], values[i]);
}

static double log_det(const void *opaque, size_t first, size_t n, const double *encoded)
{
    const struct columns *state = opaque;
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += adv_support_log_slope(&state->columns[first + i], encoded[i]);
    return sum;
}

/* ---------------------------------------------------------------- fitting */

static bool needs_fit(const void *opaque)
{
    const struct columns *state = opaque;
    for (size_t i = 0; i < state->dim; i++) {
        if (!adv_support_is_fitted(&state->columns[i]))
            return true;
    }
    return false;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum adv_status fit_column(struct adv_support *support, size_t column,
                                  const struct adv_step_rows *rows, double *values,
                                  struct adv_error *error)
{
    for (size_t row = 0; row < rows->n; row++) {
        values[row] = adv_step_rows_value(rows, row, column);
        if (support->integer)
            values[row] = nearbyint(values[row]) + ldexp((double)(row % 1024) + 0.5, -10);
    }
    qsort(values, rows->n, sizeof *values, ascending);
    return adv_support_fit(support, column, rows->n, values, error);
}

static enum adv_status fit(const void *opaque, const struct adv_step_rows *rows,
                           struct adv_step *out, struct adv_error *error)
{
    struct adv_step step = {&adv_step_columns, NULL};
    if (rows->n < 2)
        return adv_fail_field(error, ADV_E_INVALID, "transform",
                              "columns need at least 2 rows of data; there are %zu", rows->n);
    json_t *options = to_json(opaque);
    double *values = adv_calloc(rows->n, sizeof *values);
    enum adv_status status = options && values ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_step_new(&step, options, rows->dim, "transform", error);
    struct columns *fresh = step.state;
    for (size_t i = 0; status == ADV_OK && i < rows->dim; i++)
        status = fit_column(&fresh->columns[i], i, rows, values, error);
    if (status == ADV_OK)
        *out = step;
    else
        adv_step_release(&step);
    json_decref(options);
    free(values);
    return status;
}

/* ---------------------------------------------------------------- facts */

static size_t refused(const void *opaque, size_t first, size_t n, const double *values,
                      char must_be[ADV_STEP_WORDS])
{
    const struct columns *state = opaque;
    size_t i = 0;
    while (i < n &&
           adv_support_takes(&state->columns[first + i], values[i], must_be, ADV_STEP_WORDS))
        i++;
    return i;
}

static const char *column_name(const void *opaque, size_t column)
{
    return ((const struct columns *)opaque)->columns[column].name;
}

static bool is_periodic(const void *opaque, size_t column)
{
    return ((const struct columns *)opaque)->columns[column].kind->periodic;
}

static void describe(const void *opaque, size_t column, char *text, size_t size)
{
    adv_support_describe(&((const struct columns *)opaque)->columns[column], text, size);
}

const struct adv_step_kind adv_step_columns = {
    .help = "each column by what its values can be, which data.support says more briefly",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .state_bytes = sizeof(struct columns),
    .refused = refused,
    .column_name = column_name,
    .is_periodic = is_periodic,
    .describe = describe,
    .needs_fit = needs_fit,
    .fit = fit,
    .prepare = prepare,
    .release = release,
    .encode = encode,
    .encode_drawn = encode_drawn,
    .encode_draw = encode_draw,
    .n_whole = n_whole,
    .decode = decode,
    .log_det = log_det,
    .to_json = to_json,
};
