/* What the owner of a table should know before it is used: columns that say nothing, and cells far
 * beyond all others of their column, as a lost decimal mark makes them. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/table/reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_ROWS ((size_t)2048) /* on which quartiles are found */
#define SAMPLE_CELLS ((size_t)1 << 20)
#define WILD_RANGES 20.0 /* interquartile ranges from the median */
#define COUNTED_ROWS 10  /* fewer rows count by chance */
#define SHOWN_MAX 6

struct look {
    double median, range; /* interquartile; 0 where half of the values are one */
    float low, high;      /* least and greatest */
    bool counts;          /* each value is one more than the one before */
};

static int by_value(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

/* Quartiles of every column, on rows that are spread over the table. */
static void find_quartiles(const struct adv_array *rows, float *sample, struct look *looks)
{
    size_t n = rows->shape[0], m = rows->shape[1], most = SAMPLE_CELLS / m;
    size_t n_sample = most < 64 ? 64 : most > SAMPLE_ROWS ? SAMPLE_ROWS : most;
    n_sample = n < n_sample ? n : n_sample;
    for (size_t c = 0; c < m; c++) {
        for (size_t i = 0; i < n_sample; i++)
            sample[i] = rows->data[(size_t)((double)i / (double)n_sample * (double)n) * m + c];
        qsort(sample, n_sample, sizeof *sample, by_value);
        looks[c].median = (double)sample[n_sample / 2];
        looks[c].range = (double)sample[n_sample - 1 - n_sample / 4] - (double)sample[n_sample / 4];
    }
}

static void find_ends(const struct adv_array *rows, struct look *looks)
{
    size_t n = rows->shape[0], m = rows->shape[1];
    for (size_t c = 0; c < m; c++)
        looks[c] = (struct look){.low = rows->data[c], .high = rows->data[c], .counts = true};
    for (size_t i = 1; i < n; i++) {
        const float *row = rows->data + i * m, *before = row - m;
        for (size_t c = 0; c < m; c++) {
            looks[c].low = row[c] < looks[c].low ? row[c] : looks[c].low;
            looks[c].high = row[c] > looks[c].high ? row[c] : looks[c].high;
            looks[c].counts &= row[c] == before[c] + 1;
        }
    }
}

/* The cell that is farthest out, in ranges of its column, and how many are out. */
static size_t find_wild(const struct adv_array *rows, const struct look *looks, double *farthest,
                        size_t *n_wild)
{
    size_t n = rows->shape[0], m = rows->shape[1], worst = 0;
    *farthest = 0;
    *n_wild = 0;
    for (size_t c = 0; c < m; c++) {
        const struct look *look = &looks[c];
        double reach = WILD_RANGES * look->range;
        if (look->range == 0 || ((double)look->high - look->median <= reach &&
                                 look->median - (double)look->low <= reach))
            continue;
        for (size_t i = 0; i < n; i++) {
            double off = fabs((double)rows->data[i * m + c] - look->median) / look->range;
            *n_wild += off > WILD_RANGES;
            if (off > *farthest) {
                *farthest = off;
                worst = i * m + c;
            }
        }
    }
    return worst;
}

static enum adv_status note_wild(struct adv_table_reader *reader, const struct look *looks,
                                 struct adv_error *error)
{
    struct adv_table *table = &reader->table;
    size_t m = table->rows.shape[1], n_wild;
    double farthest;
    size_t worst = find_wild(&table->rows, looks, &farthest, &n_wild);
    if (n_wild == 0)
        return ADV_OK;
    char more[64] = "";
    if (n_wild > 1)
        snprintf(more, sizeof more, "; %zu more cells are beyond %g", n_wild - 1, WILD_RANGES);
    snprintf(table->wild, sizeof table->wild,
             "line %zu, %s is %.7g, %.3g interquartile ranges from the median, %.4g",
             (size_t)reader->lines[worst / m],
             adv_table_column_name(reader, reader->used[worst % m]).text,
             (double)table->rows.data[worst], farthest, looks[worst % m].median);
    return adv_note(&table->notes, error, "%s: is that cell right%s?", table->wild, more);
}

/* A note about the columns that `is` picks, if any: "columns \"a\", \"b\" WHAT". */
static enum adv_status note_columns(struct adv_table_reader *reader, const struct look *looks,
                                    bool (*is)(const struct look *), const char *what,
                                    struct adv_error *error)
{
    char list[400] = "";
    size_t n = 0;
    for (size_t c = 0; c < reader->n_used; c++) {
        if (is(&looks[c]) && n++ < SHOWN_MAX)
            adv_append(list, sizeof list, "%s%s", n > 1 ? ", " : "",
                       adv_table_column_name(reader, reader->used[c]).text);
    }
    if (n > SHOWN_MAX)
        adv_append(list, sizeof list, ", and %zu more", n - SHOWN_MAX);
    return n ? adv_note(&reader->table.notes, error, "%s: %s", list, what) : ADV_OK;
}

static bool is_constant(const struct look *look)
{
    return look->low == look->high;
}

static bool counts(const struct look *look)
{
    return look->counts;
}

static enum adv_status look_at_rows(struct adv_table_reader *reader, struct look *looks,
                                    float *sample, struct adv_error *error)
{
    const struct adv_array *rows = &reader->table.rows;
    find_ends(rows, looks);
    enum adv_status status =
        note_columns(reader, looks, is_constant,
                     "the same number in every row, which has no density; leave it out", error);
    if (status == ADV_OK && rows->shape[0] >= COUNTED_ROWS)
        status = note_columns(reader, looks, counts,
                              "it counts the rows; leave it out unless it means more", error);
    find_quartiles(rows, sample, looks);
    return status == ADV_OK ? note_wild(reader, looks, error) : status;
}

enum adv_status adv_table_look(struct adv_table_reader *reader, struct adv_error *error)
{
    struct adv_table *table = &reader->table;
    enum adv_status status = ADV_OK;
    if (table->n_dropped > 0)
        status =
            adv_note(&table->notes, error, "%zu of %zu rows have missing cells and are left out",
                     table->n_dropped, reader->n_records);
    if (status != ADV_OK || table->rows.shape[0] < 2)
        return status;
    struct look *looks = adv_calloc(reader->n_used, sizeof *looks);
    float *sample = adv_calloc(SAMPLE_ROWS, sizeof *sample);
    status = looks && sample ? look_at_rows(reader, looks, sample, error) : adv_no_memory(error);
    free(looks);
    free(sample);
    return status;
}
