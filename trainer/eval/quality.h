/* Speed against quality: how good samples are for how many velocities. */
#ifndef ADV_TRAINER_QUALITY_H
#define ADV_TRAINER_QUALITY_H

#include "trainer/measure/measure.h"

/* The evaluation's n samples of each of its solvers, labels in turn. A table of a row per solver:
 * solver (as listed), method, power, nfe (of the sample that took most), deviation (root mean
 * square, in data units, from the samples of dopri5 at 1e-6 from the same starts), accuracy and
 * frechet (null without a scorer), bits_per_dim of n_points (null without data, or with a
 * power). */
extern const struct adv_measure adv_measure_quality;

/* A panel per measured column against the number of velocities, as PNG. */
enum adv_status adv_quality_plot(const json_t *rows, const char *title, const char *path,
                                 struct adv_error *error);

#endif
