#include "trainer/calibration/distributions.h"

#include <math.h>

#define TERMS_MAX 10000
#define PRECISION 1e-15

/* x^a e^-x / Gamma(a) */
static double gamma_factor(double a, double x)
{
    return exp(a * log(x) - x - lgamma(a));
}

/* The regularised lower incomplete gamma function by its series, for x < a + 1. */
static double lower_gamma(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int k = 1; k < TERMS_MAX && term > sum * PRECISION; k++) {
        term *= x / (a + k);
        sum += term;
    }
    return sum * gamma_factor(a, x);
}

/* The upper one by its continued fraction, for x >= a + 1, evaluated as Lentz does (Press et al.,
 * "Numerical Recipes", 6.2). */
static double upper_gamma(double a, double x)
{
    double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;
    for (int k = 1; k < TERMS_MAX; k++) {
        double numerator = -k * (k - a);
        b += 2;
        d = 1 / (numerator * d + b);
        c = b + numerator / c;
        fraction *= c * d;
        if (fabs(c * d - 1) < PRECISION)
            break;
    }
    return fraction * gamma_factor(a, x);
}

double adv_chi_square_tail(double dof, double x)
{
    double a = dof / 2, half = x / 2;
    if (!(half > 0))
        return 1;
    return half < a + 1 ? 1 - lower_gamma(a, half) : upper_gamma(a, half);
}

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
