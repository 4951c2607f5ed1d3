/* The names of an example's numbers, and what their sizes mean to a network. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/dataset/opening.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_ROWS ((size_t)1024)
#define MEAN_MAX 10.0 /* farther from 0, or wider or narrower than 1, networks learn badly */
#define DEVIATION_MAX 10.0
#define DEVIATION_MIN 0.1

/* ---------------------------------------------------------------- names */

static enum adv_status check_names(const char *field, const char *of, const json_t *names, size_t n,
                                   size_t *n_text, struct adv_error *error)
{
    size_t i;
    json_t *name;
    if (!json_is_array(names) || json_array_size(names) != n)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "%s must be an array of %zu name%s, one for each number of %s", field,
                              n, n == 1 ? "" : "s", of);
    *n_text = 0;
    json_array_foreach(names, i, name)
    {
        if (!json_is_string(name))
            return adv_fail_field(error, ADV_E_INVALID, field, "%s[%zu] is not a string", field, i);
        *n_text += json_string_length(name) + 1;
    }
    return ADV_OK;
}

enum adv_status adv_dataset_read_names(const char *field, const char *of, const json_t *names,
                                       size_t n, char ***columns, struct adv_error *error)
{
    size_t n_text = 0;
    enum adv_status status = check_names(field, of, names, n, &n_text, error);
    if (status != ADV_OK)
        return status;
    char **block = adv_calloc(n * sizeof *block + n_text, 1);
    if (!block)
        return adv_no_memory(error);
    char *to = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        block[i] = to;
        to = stpcpy(to, json_string_value(json_array_get(names, i))) + 1;
    }
    *columns = block;
    return ADV_OK;
}

enum adv_status adv_dataset_read_columns(struct adv_dataset *d, const json_t *names,
                                         struct adv_error *error)
{
    if (d->source.rows.columns || !names)
        return ADV_OK;
    return adv_dataset_read_names("data.columns", "an example", names, d->dim,
                                  &d->source.rows.columns, error);
}

const char *adv_dataset_column(const struct adv_dataset *d, size_t column)
{
    return d->source.rows.columns ? d->source.rows.columns[column] : NULL;
}

const char *adv_dataset_notes(const struct adv_dataset *d)
{
    const struct adv_bytes *notes = &d->source.table.notes;
    return notes->n > 0 ? (const char *)notes->data : "";
}

/* ---------------------------------------------------------------- sizes */

static bool is_constant(const struct adv_dataset *d, size_t column)
{
    const float *values = d->source.rows.data + column;
    size_t i = 1;
    while (i < d->n_rows && values[i * d->dim] == values[0])
        i++;
    return i == d->n_rows;
}

void adv_dataset_name_constant(const struct adv_dataset *d, struct adv_error *error)
{
    size_t column = 0;
    if (adv_source_is_drawn(&d->source))
        return; /* no rows are there to look at */
    while (d->source.rows.columns && column < d->dim && !is_constant(d, column))
        column++;
    if (!d->source.rows.columns || column == d->dim)
        return;
    struct adv_quoted name = adv_quote(d->source.rows.columns[column]);
    if (d->source.simulator)
        adv_error_prefix(error, "column %s is the same in all %zu simulations (data.source.n): ",
                         d->source.rows.columns[column], d->n_rows);
    else
        adv_error_prefix(error, "leave column %s out (data.source.columns): ", name.text);
}

struct moments {
    double mean, deviation;
};

static bool is_far(struct moments m)
{
    return m.deviation > 0 &&
           (fabs(m.mean) > MEAN_MAX || m.deviation > DEVIATION_MAX || m.deviation < DEVIATION_MIN);
}

/* Of a column of rows [n, dim]. */
static struct moments moments_of(const float *rows, size_t n, size_t dim, size_t column)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)rows[i * dim + column];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares +=
            ((double)rows[i * dim + column] - mean) * ((double)rows[i * dim + column] - mean);
    return (struct moments){mean, sqrt(squares / (double)n)};
}

static enum adv_status note_far(struct adv_dataset *d, const float *rows, size_t n,
                                struct adv_error *error)
{
    size_t n_far = 0;
    char first[160] = "";
    for (size_t c = 0; c < d->dim; c++) {
        struct moments m = moments_of(rows, n, d->dim, c);
        if (!is_far(m) || n_far++ > 0)
            continue;
        const char *name = adv_dataset_column(d, c);
        if (name)
            adv_append(first, sizeof first, "column %s", adv_quote(name).text);
        else
            adv_append(first, sizeof first, "column %zu", c + 1);
        adv_append(first, sizeof first, " has mean %.3g and standard deviation %.3g", m.mean,
                   m.deviation);
    }
    if (n_far == 0)
        return ADV_OK;
    char more[64] = "";
    if (n_far > 1)
        snprintf(more, sizeof more, ", and %zu more are as far from 0 and 1", n_far - 1);
    return adv_note(&d->source.table.notes, error,
                    "in flow units %s%s, which a network hardly learns; \"transform\": {\"kind\": "
                    "\"standardise\"} brings every column to 0 and 1",
                    first, more);
}

enum adv_status adv_dataset_note_scale(struct adv_dataset *d, struct adv_error *error)
{
    size_t n = d->n_rows < SAMPLE_ROWS ? d->n_rows : SAMPLE_ROWS, n_numbers;
    if (adv_source_is_drawn(&d->source) || d->n_dims != 1 || !adv_mul_size(n, d->dim, &n_numbers))
        return ADV_OK;
    float *rows = adv_calloc(n_numbers, sizeof *rows);
    if (!rows)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        memcpy(rows + i * d->dim, d->source.rows.data + i * d->n_rows / n * d->dim,
               d->dim * sizeof *rows);
    adv_transform_encode(d->transform, n, rows, rows, NULL);
    enum adv_status status = note_far(d, rows, n, error);
    free(rows);
    return status;
}
