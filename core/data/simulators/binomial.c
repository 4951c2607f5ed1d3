#include "core/data/simulators/binomial.h"

#include <math.h>

/* From p = 1/2 on, successes and failures change places: so (1 - p)^n is at least 2^-1000, far from
 * where double underflows. */
unsigned adv_binomial_quantile(unsigned n, double p, double u)
{
    if (p > 0.5)
        return n - adv_binomial_quantile(n, 1.0 - p, 1.0 - u);
    double odds = p / (1.0 - p), probability = exp(n * log1p(-p));
    unsigned k = 0;
    while (u >= probability && k < n) {
        u -= probability;
        k++;
        probability *= odds * (double)(n - k + 1) / (double)k;
    }
    return k;
}

/* x log p, which is 0 for x = 0 even where p is. */
static double times_log(double x, double p)
{
    return x > 0.0 ? x * log(p) : 0.0;
}

double adv_binomial_log_probability(unsigned n, double p, double k)
{
    int sign; /* lgamma would write it to a global */
    if (!(k >= 0.0 && k <= n) || k != floor(k))
        return -INFINITY;
    return lgamma_r(n + 1.0, &sign) - lgamma_r(k + 1.0, &sign) - lgamma_r(n - k + 1.0, &sign) +
           times_log(k, p) + times_log(n - k, 1.0 - p);
}
