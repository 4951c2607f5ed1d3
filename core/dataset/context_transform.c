/* What "auto" means as the transform of contexts: standardised, the numbers of some simulators go on
 * for hundreds of standard deviations, between which a network learns next to nothing. */
#include "core/base/mem.h"
#include "core/dataset/opening.h"
#include "core/dataset/tails.h"

#include <math.h>
#include <stdlib.h>

/* x [n], stride apart; values: scratch. */
static bool is_heavy(size_t n, const float *x, size_t stride, double *values)
{
    size_t n_sorted = adv_sorted_values(n, x, stride, values);
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        lo = fmin(lo, (double)x[i * stride]);
        hi = fmax(hi, (double)x[i * stride]);
    }
    return adv_tail_reach(n_sorted, values, lo, hi) >= ADV_HEAVY_REACH;
}

json_t *adv_dataset_auto_context_transform(size_t n, size_t n_context, const float *contexts)
{
    double *values = adv_calloc(n < ADV_ROWS_SORTED ? n : ADV_ROWS_SORTED, sizeof *values);
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
