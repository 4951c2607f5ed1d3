/* The posterior of several observations, made of those of single ones.
 *
 * Where x_1 ... x_k are independent given theta, p(theta | x_1 ... x_k) is proportional to
 * p(theta | x_1) ... p(theta | x_k) / p(theta)^(k - 1). Samples of the mixture of the single
 * posteriors, which has density wherever the product has, weigh it. */
#ifndef ADV_TRAINER_COMPOSITION_H
#define ADV_TRAINER_COMPOSITION_H

#include <stddef.h>

/* log_density [k, n] of n >= k samples under each of k posteriors, where sample i is one of posterior
 * i mod k; log_prior [n], or NULL where the prior is flat. log_weight [n]: log of product over mixture,
 * -INFINITY where a factor is 0. The mean weight is p(x_1 ... x_k) / (p(x_1) ... p(x_k)), if the
 * prior is normalised. */
void adv_compose_posteriors(size_t k, size_t n, const double *log_density, const double *log_prior,
                            double *log_weight);

#endif
