#include "trainer/weights/composition.h"

#include <math.h>
#include <stdbool.h>

/* The share of posterior j in n samples. */
static double share(size_t k, size_t n, size_t j)
{
    size_t drawn = n / k + (j < n % k);
    return (double)drawn / (double)n;
}

/* log of the density at sample i of the mixture of k posteriors that was drawn from; *sum: of their
 * log-densities. */
static double log_mixture(size_t k, size_t n, const double *log_density, size_t i, double *sum)
{
    double top = -INFINITY, densities = 0;
    *sum = 0;
    for (size_t j = 0; j < k; j++) {
        top = fmax(top, log_density[j * n + i]);
        *sum += log_density[j * n + i];
    }
    for (size_t j = 0; j < k; j++)
        densities += share(k, n, j) * exp(log_density[j * n + i] - top);
    return top + log(densities);
}

void adv_compose_posteriors(size_t k, size_t n, const double *log_density, const double *log_prior,
                            double *log_weight)
{
    for (size_t i = 0; i < n; i++) {
        double product, mixture = log_mixture(k, n, log_density, i, &product);
        double prior = log_prior ? log_prior[i] : 0;
        bool is_none = product == -INFINITY || prior == -INFINITY;
        log_weight[i] = is_none ? -INFINITY : product - (double)(k - 1) * prior - mixture;
    }
}
