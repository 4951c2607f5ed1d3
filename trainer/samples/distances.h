/* How far samples are from the data, as two sets of points: without a density of either. */
#ifndef ADV_TRAINER_DISTANCES_H
#define ADV_TRAINER_DISTANCES_H

#include "trainer/measure/measure.h"

/* Sliced 1-Wasserstein distance of x and y [n, dim]: the mean over random directions of the mean
 * difference of sorted projections (Rabin, Peyre, Delon and Bernot, "Wasserstein barycenter and its
 * application to texture mixing", 2011), in data units. NaN without memory. */
double adv_sliced_wasserstein(size_t n, size_t dim, const float *x, const float *y, uint64_t seed);

/* Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo 2013), unbiased, so that
 * it may be below 0 where both have one distribution; n >= 2. */
double adv_energy_distance(size_t n, size_t dim, const float *x, const float *y);

/* Adds both, of at most 2,000 of the answer's samples from fresh draws of the density; and those of
 * two fresh sets of draws, which is what the best model has. */
enum adv_status adv_measure_distances(const struct adv_evaluation *evaluation,
                                      const struct adv_answer *answer, struct adv_results *results,
                                      struct adv_error *error);

/* The same from rows [n_rows, dim] of a table in any order, with every column in units of its
 * standard deviation, so that none counts for more than others. Distances are of at most 2,000
 * samples from as many rows, and of these from as many others: half of the rows. */
enum adv_status adv_measure_distances_of_rows(const struct adv_evaluation *evaluation,
                                              size_t n_rows, const float *rows,
                                              const struct adv_answer *answer,
                                              struct adv_results *results, struct adv_error *error);

#endif
