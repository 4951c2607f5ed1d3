/* Ranks of true values among samples of posteriors, and whether they are uniform.
 *
 * For a pair of parameters and an observation, drawn together, the parameters and L samples of the
 * right posterior of that observation are exchangeable: the rank that a number made of the
 * parameters has among the same number of the samples is uniform on 0 ... L. Three kinds of number:
 * a parameter (simulation-based calibration: Talts et al., arXiv:1804.06788); the log-density, whose
 * rank is the smallest highest-density region that holds the parameters (Hermans et al., "A trust
 * crisis in simulation-based inference?", TMLR 2022); and the distance from a random reference
 * point (TARP: Lemos et al., ICML 2023). */
#ifndef ADV_TRAINER_RANKS_H
#define ADV_TRAINER_RANKS_H

#include "trainer/calibration/band.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pair, and samples of the posterior of its observation. */
struct adv_posterior {
    size_t n, dim;
    const float *samples;      /* [n, dim] */
    const double *log_density; /* [n] of the samples */
    const float *truth;        /* [dim]: the parameters of the pair */
    double truth_log_density;
    const float *reference; /* [dim] a point that does not depend on the parameters */
    const double *scale;    /* [dim] > 0: by what differences from it are divided */
};

#define ADV_REGION_RANKS 2 /* of a pair, besides those of its parameters */

/* ranks [dim + ADV_REGION_RANKS]: how many samples have each parameter lower; then, how many have a
 * higher log-density, and how many a smaller distance from the reference. Equal ones count at
 * random, by (seed, pair). */
void adv_posterior_ranks(const struct adv_posterior *posterior, uint64_t seed, uint64_t pair,
                         uint32_t *ranks);

/* What a rank is of. */
enum adv_rank_kind { ADV_RANK_OF_PARAMETER, ADV_RANK_OF_DENSITY, ADV_RANK_OF_DISTANCE };

/* What ranks would show that are not uniform. */
struct adv_rank_test {
    double chi_square, p_value; /* of the counts in n_bins even bins */
    size_t n_bins;
    double difference; /* the largest of the distribution of ranks from the uniform one, signed */
    bool inside;       /* whether the distribution stays in the band */
    /* How many standard errors the mean of the ranks lies above the middle, and their mean square
     * distance from the middle above that of uniform ones. */
    double lean, spread;
};

#define ADV_RANK_BINS_MAX 20
#define ADV_RANK_BINS_OF 10 /* pairs that a bin has at least, on average */

/* How many bins n ranks have, and which bin one is in. */
size_t adv_rank_bins(size_t n, size_t n_ranks);
size_t adv_rank_bin(size_t rank, size_t n_ranks, size_t n_bins);

/* The counts [n_bins] of the band's n ranks. */
void adv_rank_histogram(const struct adv_band *band, const uint32_t *ranks, size_t n_bins,
                        size_t *counts);

void adv_rank_test(const struct adv_band *band, const uint32_t *ranks, struct adv_rank_test *test);

/* Whether the ranks stay in the band, which sees a lean and a spread, and chi-square has a p-value
 * of at least 0.001, which sees waves in them that the band does not. */
bool adv_rank_is_uniform(const struct adv_rank_test *test);

#define ADV_CALIBRATED "calibrated"

/* ADV_CALIBRATED of uniform ranks. Of parameters' that are not, by what is more certain of the lean
 * and the spread: "too high", "too low" (the samples, as compared with the truth), "overconfident",
 * "underconfident". Of log-densities "overconfident", where the truth often has too low a one, or
 * "underconfident". Of distances, and of all where neither is certain, "not calibrated": a truth too
 * far from the reference can be that of a posterior too narrow, too wide or off. */
const char *adv_rank_verdict(const struct adv_rank_test *test, enum adv_rank_kind kind);

/* Whether the regions of a level hold the truth as often as they say. */
struct adv_coverage {
    double level; /* nearest to the one asked for that ranks can tell apart */
    double share; /* of the pairs whose truth is inside */
    double low,
        high; /* where the share of a right posterior lies, with the probability asked for */
};

/* Of n ranks of log-densities or distances; ADV_E_MEMORY. */
enum adv_status adv_coverage_of(size_t n, const uint32_t *ranks, size_t n_ranks, double level,
                                double probability, struct adv_coverage *coverage,
                                struct adv_error *error);

#endif
