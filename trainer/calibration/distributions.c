#include "trainer/calibration/distributions.h"

#include <math.h>

/* Nine standard deviations each way, and 30 more for the few successes of a small p. */
static double reach_of(size_t n, double p)
{
    return 9 * sqrt((double)n * p * (1 - p)) + 30;
}

size_t adv_binomial_window(size_t n, double p, size_t *first, double *pmf)
{
    if (!(p > 0 && p < 1)) {
        *first = p >= 1 ? n : 0;
        pmf[0] = 1;
        return 1;
    }
    double total = (double)n, mean = total * p, reach = reach_of(n, p), odds = p / (1 - p);
    size_t low = (size_t)fmax(0, floor(mean - reach)),
           high = (size_t)fmin(total, ceil(mean + reach)), mode = (size_t)((total + 1) * p);
    mode = mode > n ? n : mode;
    double *at_mode = pmf + (mode - low), sum = 1;
    *at_mode = 1; /* relative to it until the sum is known */
    for (size_t k = mode; k < high; k++)
        sum += at_mode[k + 1 - mode] = at_mode[k - mode] * (double)(n - k) / (double)(k + 1) * odds;
    for (size_t k = mode; k > low; k--)
        sum += pmf[k - 1 - low] = pmf[k - low] * (double)k / (double)(n - k + 1) / odds;
    for (size_t i = 0; i <= high - low; i++)
        pmf[i] /= sum;
    *first = low;
    return high - low + 1;
}

void adv_binomial_interval(size_t n, double p, double tail, double *scratch, size_t *low,
                           size_t *high)
{
    size_t first, n_counts = adv_binomial_window(n, p, &first, scratch), i = 0, k = n_counts - 1;
    for (double below = scratch[0]; below <= tail && i + 1 < n_counts; below += scratch[i])
        i++;
    for (double above = scratch[k]; above <= tail && k > 0; above += scratch[k])
        k--;
    *low = first + i;
    *high = first + k;
}
