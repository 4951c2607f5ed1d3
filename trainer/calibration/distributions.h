/* What tests of ranks need of the binomial distribution. */
#ifndef ADV_TRAINER_DISTRIBUTIONS_H
#define ADV_TRAINER_DISTRIBUTIONS_H

#include <stddef.h>

/* The probabilities of *first, *first + 1, ... successes of n with probability p each, into pmf
 * [n + 1]; returns how many. What is left out has less than 1e-15 together. */
size_t adv_binomial_window(size_t n, double p, size_t *first, double *pmf);

/* The counts low ... high outside of which there is at most `tail` on either side. scratch:
 * [n + 1]. */
void adv_binomial_interval(size_t n, double p, double tail, double *scratch, size_t *low,
                           size_t *high);

#endif
