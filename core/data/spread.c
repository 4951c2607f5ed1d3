#include "core/data/spread.h"

#include <math.h>
#include <stdlib.h>

#define TAIL 100   /* the part of the values on either side that may be left out */
#define MARGIN 0.2 /* of the spread, on either side */
#define FLOAT_STEPS 1e-6

static int by_value(const void *a, const void *b)
{
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

/* A few values far out do not make the rest a dot; but where nearly all are one value, what differs
 * from it is all there is to see. */
void adv_spread_find(size_t n, float *values, double *lo, double *hi)
{
    qsort(values, n, sizeof *values, by_value);
    double low = (double)values[n / TAIL], high = (double)values[n - 1 - n / TAIL];
    if (!(high > low)) {
        low = (double)values[0];
        high = (double)values[n - 1];
    }
    double margin = high > low ? MARGIN * (high - low) : fmax(1, FLOAT_STEPS * fabs(high));
    *lo = low - margin;
    *hi = high + margin;
}
