/* How samples share themselves out over the modes of a known density, and within them. */
#ifndef ADV_TRAINER_MODES_H
#define ADV_TRAINER_MODES_H

#include "trainer/measure/measure.h"

/* The probability of samples [n, dim] as unevenly spread within the density's modes as these, or
 * more, if they were draws of it: by a chi-square test of two samples, these and fresh draws of the
 * seed. Each mode is cut along its first (at most three) coordinates into four parts, between the
 * extremes of the draws; parts with few points are taken together. NaN where there is nothing to
 * compare, or no memory. */
double adv_within_modes_p(const struct adv_density *density, size_t n, const float *samples,
                          uint64_t seed);

/* Adds what the modes get of the answer's samples, and both tests; nothing without modes. */
enum adv_status adv_measure_modes(const struct adv_evaluation *evaluation,
                                  const struct adv_answer *answer, struct adv_results *results,
                                  struct adv_error *error);

#endif
