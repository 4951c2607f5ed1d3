/* The band that the empirical distribution of uniform ranks stays in.
 *
 * Of each of n pairs a rank 0 ... n_ranks - 1 is known, and each is equally likely where the
 * posterior is right. How many ranks lie below a threshold is then binomial, and the counts at
 * ascending thresholds are a Markov chain, so that the probability of never leaving a band is a
 * sum without simulation. The band has equal tails at every threshold, as wide as the wanted
 * probability needs (Saeilynoja, Buerkner and Vehtari, "Graphical test for discrete uniformity",
 * Statistics and Computing 32, 2022, section 2.2). */
#ifndef ADV_TRAINER_BAND_H
#define ADV_TRAINER_BAND_H

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

#define ADV_BAND_THRESHOLDS_MAX 99

struct adv_band {
    size_t n, n_ranks; /* pairs, and values that a rank can have */
    size_t n_thresholds;
    size_t threshold[ADV_BAND_THRESHOLDS_MAX]; /* ascending, in [1, n_ranks) */
    size_t low[ADV_BAND_THRESHOLDS_MAX];       /* the fewest ranks below each threshold */
    size_t high[ADV_BAND_THRESHOLDS_MAX];      /* and the most */
    double probability; /* that uniform ranks stay inside: at least the one wanted */
};

/* n >= 1, n_ranks >= 2, 0 < probability < 1. Thresholds are evenly spaced. ADV_E_MEMORY. */
enum adv_status adv_band_init(struct adv_band *band, size_t n, size_t n_ranks, double probability,
                              struct adv_error *error);

/* The share of uniform ranks below threshold i. */
double adv_band_share(const struct adv_band *band, size_t i);

/* How many of the band's n ranks lie below each threshold, into counts [n_thresholds]. */
void adv_band_count(const struct adv_band *band, const uint32_t *ranks, size_t *counts);

#endif
