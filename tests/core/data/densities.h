/* Synthetic densities and their samples, for tests. */
#ifndef ADV_TESTS_DENSITIES_H
#define ADV_TESTS_DENSITIES_H

#include <advect/extra/density.h>

#define N_SAMPLES ((size_t)200000)

/* Of a JSON text that must be right. The caller's to free. */
struct adv_density *density_of(const char *text);

/* The first n samples of a seed's stream, the caller's to free. */
float *samples_of(const struct adv_density *density, uint64_t seed, size_t n);

/* Fails unless Pearson's statistic of the counts against expected shares of n is within five of its
 * standard errors; bins of share 0 must be empty. */
void assert_shares(const size_t *counts, const double *shares, size_t n_bins, size_t n);

#endif
