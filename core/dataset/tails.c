#include "core/dataset/tails.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t adv_sorted_values(size_t n, const float *x, size_t stride, double *values)
{
    size_t every = (n + ADV_ROWS_SORTED - 1) / ADV_ROWS_SORTED, count = 0;
    for (size_t i = 0; i < n; i += every)
        values[count++] = (double)x[i * stride];
    qsort(values, count, sizeof *values, ascending);
    return count;
}

double adv_tail_reach(size_t n, const double *sorted, double lo, double hi)
{
    double median = sorted[n / 2], range = sorted[3 * n / 4] - sorted[n / 4];
    return range > 0 ? fmax(hi - median, median - lo) / range : 0;
}
