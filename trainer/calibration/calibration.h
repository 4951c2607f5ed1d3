/* Calibration of a conditional model: whether its posteriors are right on average over held-out
 * pairs of parameters and observation. */
#ifndef ADV_TRAINER_CALIBRATION_H
#define ADV_TRAINER_CALIBRATION_H

#include "trainer/calibration/ranks.h"
#include "trainer/measure/measure.h"

#include <jansson.h>

#define ADV_CALIBRATION_BAND 0.99 /* what the bands hold of right posteriors */
#define ADV_CALIBRATION_PAIRS_MIN 20
#define ADV_CALIBRATION_PAIRS_MAX 100000
#define ADV_CALIBRATION_SAMPLES_MIN 19 /* of each posterior; more than enough for 95 % regions */
#define ADV_CALIBRATION_SAMPLES_MAX 9999

/* Ranks of the true parameters of n pairs among n_samples of each posterior. */
struct adv_ranked_pairs {
    size_t n, n_samples, dim;
    uint32_t *ranks;     /* [dim + ADV_REGION_RANKS, n], see adv_posterior_ranks */
    double *log_density; /* [n] of the true parameters, nats; -INFINITY of those that are so far out
                            that it cannot be computed */
};

/* The first n pairs of the evaluation's split, which has as many: its model's log-density at each
 * and n_samples samples for the context of each. Reference points are uniform over the box of all n
 * parameters, and distances relative to its sides. On success the caller releases it. */
enum adv_status adv_pairs_rank(const struct adv_evaluation *evaluation, size_t n, size_t n_samples,
                               struct adv_ranked_pairs *ranked, struct adv_error *error);
void adv_ranked_pairs_release(struct adv_ranked_pairs *ranked);

/* What the ranks of row k are of, and in words: a parameter's name, "highest density", "distance
 * (TARP)". buffer: for a name that is made up, 32 bytes. */
enum adv_rank_kind adv_ranked_kind(const struct adv_ranked_pairs *ranked, size_t k);
const char *adv_ranked_name(const struct adv_ranked_pairs *ranked, const struct adv_model *model,
                            size_t k, char *buffer);

/* The measure: --calibration N. A table {"ranks": [...], "coverage": [...]}: of each parameter, of
 * the log-density and of the distance from a random point the tests of their ranks; and how often
 * regions of 50, 90 and 95 % hold the true parameters. */
extern const struct adv_measure adv_measure_calibration;

#define ADV_CALIBRATION_PANELS_MAX 24

/* A panel for each parameter, up to ADV_CALIBRATION_PANELS_MAX: how the distribution of its ranks
 * differs from the uniform one, with the band; and last, coverage against level. As PNG. */
enum adv_status adv_calibration_plot(const struct adv_ranked_pairs *ranked,
                                     const struct adv_model *model, const struct adv_band *band,
                                     const char *path, struct adv_error *error);

#endif
