/* Densities of 8-bit data averaged over draws of the noise that dequantises them.
 *
 * A model of dequantised data gives the levels k of an image the probability P(k), the integral of
 * p(x) over their cell: the mean of p(k + u), times the cell's volume, over uniform u. So -log of
 * the mean over K draws is in expectation an upper bound of -log P(k), which falls as K grows and
 * tends to -log P(k) (Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", 2016,
 * theorem 1). One draw gives the bound that is usually told. */
#ifndef ADV_TRAINER_DRAWS_H
#define ADV_TRAINER_DRAWS_H

#include "trainer/measure/rows.h"

#define ADV_DRAWS_MAX 1024

/* ADV_E_INVALID where there are several draws of data that have no noise. */
enum adv_status adv_draws_check(const struct adv_evaluation *evaluation, struct adv_error *error);

/* log of the mean of exp(values), of n >= 1. */
double adv_log_mean_exp(size_t n, const double *values);

/* What one row's draws come to. */
struct adv_drawn {
    double log_density; /* log of the mean density */
    /* Of that, from independent errors of the draws' log-densities: its standard error, and how much
     * their noise raises it on average, the logarithm of a mean of noisy densities being convex in
     * them. To second order (NaN: not known), with w the draws' shares of the sum and s their
     * standard errors: sqrt(sum w^2 s^2) and sum w (1 - w) s^2 / 2. */
    double standard_error, bias;
};
struct adv_drawn adv_drawn_of(size_t n_draws, const double *log_density,
                              const double *standard_error);

/* Measures the split's first n rows with all draws. */
enum adv_status adv_draws_measure(const struct adv_evaluation *evaluation, size_t n,
                                  struct adv_results *results, struct adv_error *error);

#endif
