/* The transform of contexts where a recipe states none. Standardised, the numbers of some simulators
 * go on for tens of standard deviations, where a network that has seen few of them extrapolates at
 * its worst; the support "heavy" brings such tails within those of a Gaussian. */
#include "core/base/mem.h"
#include "core/dataset/opening.h"

#include <math.h>
#include <stdlib.h>

#define ROWS_SORTED 100000 /* enough to tell quartiles */
#define HEAVY_REACH 5.0    /* interquartile ranges; a million values of a Gaussian stay within 4 */

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Of every k-th value the quartiles, of all the farthest. x [n], stride apart; values: scratch. */
static bool is_heavy(size_t n, const float *x, size_t stride, float *values)
{
    size_t every = (n + ROWS_SORTED - 1) / ROWS_SORTED, n_sorted = 0;
    for (size_t i = 0; i < n; i += every)
        values[n_sorted++] = x[i * stride];
    qsort(values, n_sorted, sizeof *values, ascending);
    float median = values[n_sorted / 2], range = values[3 * n_sorted / 4] - values[n_sorted / 4];
    float farthest = 0;
    for (size_t i = 0; i < n; i++)
        farthest = fmaxf(farthest, fabsf(x[i * stride] - median));
    return (double)farthest > HEAVY_REACH * (double)range;
}

json_t *adv_dataset_usual_context_transform(size_t n, size_t n_context, const float *contexts)
{
    float *values = adv_calloc(n < ROWS_SORTED ? n : ROWS_SORTED, sizeof *values);
    json_t *columns = json_array();
    bool any = false, made = values && columns;
    for (size_t i = 0; made && i < n_context; i++) {
        bool heavy = is_heavy(n, contexts + i, n_context, values);
        any = any || heavy;
        made =
            !json_array_append_new(columns, json_pack("{s:s}", "kind", heavy ? "heavy" : "real"));
    }
    free(values);
    json_t *transform = !made ? NULL
                        : any ? json_pack("{s:s, s:O}", "kind", "columns", "columns", columns)
                              : json_string("standardise");
    json_decref(columns);
    return transform;
}
