#include "trainer/calibration/band.h"

#include "trainer/calibration/distributions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALVINGS 12 /* of the logarithm of the tail: to a thousandth of it */

/* Room for what is summed over: of n + 1 numbers each. */
struct scratch {
    double *now, *next, *pmf;
};

double adv_band_share(const struct adv_band *band, size_t i)
{
    return (double)band->threshold[i] / (double)band->n_ranks;
}

static void space_thresholds(struct adv_band *band)
{
    size_t most = band->n_ranks - 1;
    band->n_thresholds = most < ADV_BAND_THRESHOLDS_MAX ? most : ADV_BAND_THRESHOLDS_MAX;
    double step = (double)band->n_ranks / (double)(band->n_thresholds + 1);
    for (size_t i = 0; i < band->n_thresholds; i++)
        band->threshold[i] = (size_t)lround((double)(i + 1) * step);
}

static void set_tail(struct adv_band *band, double tail, const struct scratch *scratch)
{
    for (size_t i = 0; i < band->n_thresholds; i++)
        adv_binomial_interval(band->n, adv_band_share(band, i), tail, scratch->pmf, &band->low[i],
                              &band->high[i]);
}

/* Of `below` ranks below the last threshold, with a probability of `weight`: those that reach the
 * band's counts at threshold i, each of the others lying below it with probability p. */
static void spread(const struct adv_band *band, size_t i, double p, size_t below, double weight,
                   const struct scratch *scratch)
{
    size_t first, n = adv_binomial_window(band->n - below, p, &first, scratch->pmf);
    size_t from = below + first;
    for (size_t k = 0; k < n; k++) {
        if (from + k >= band->low[i] && from + k <= band->high[i])
            scratch->next[from + k] += weight * scratch->pmf[k];
    }
}

/* The probability that uniform ranks stay in the band. */
static double probability_of(const struct adv_band *band, struct scratch scratch)
{
    size_t low = 0, high = 0;
    double share = 0, sum = 0;
    scratch.now[0] = 1;
    for (size_t i = 0; i < band->n_thresholds; i++) {
        double next_share = adv_band_share(band, i);
        double p = (next_share - share) / (1 - share), *kept = scratch.now;
        memset(scratch.next, 0, (band->n + 1) * sizeof *scratch.next);
        for (size_t below = low; below <= high; below++)
            spread(band, i, p, below, scratch.now[below], &scratch);
        scratch.now = scratch.next;
        scratch.next = kept;
        low = band->low[i];
        high = band->high[i];
        share = next_share;
    }
    for (size_t below = low; below <= high; below++)
        sum += scratch.now[below];
    return sum;
}

/* The widest tails that still leave the probability inside: from those that do by Bonferroni's
 * bound, to those of a single threshold. */
static void fit_tail(struct adv_band *band, double probability, const struct scratch *scratch)
{
    double most = log((1 - probability) / 2), least = most - log((double)band->n_thresholds);
    set_tail(band, exp(least), scratch);
    band->probability = probability_of(band, *scratch);
    for (int i = 0; i < HALVINGS; i++) {
        struct adv_band tried = *band;
        double middle = (least + most) / 2;
        set_tail(&tried, exp(middle), scratch);
        tried.probability = probability_of(&tried, *scratch);
        if (tried.probability >= probability) {
            *band = tried;
            least = middle;
        } else {
            most = middle;
        }
    }
}

enum adv_status adv_band_init(struct adv_band *band, size_t n, size_t n_ranks, double probability,
                              struct adv_error *error)
{
    double *numbers = calloc(n + 1, 3 * sizeof *numbers);
    if (!numbers)
        return adv_no_memory(error);
    const struct scratch scratch = {numbers, numbers + n + 1, numbers + 2 * (n + 1)};
    *band = (struct adv_band){.n = n, .n_ranks = n_ranks};
    space_thresholds(band);
    fit_tail(band, probability, &scratch);
    free(numbers);
    return ADV_OK;
}

void adv_band_count(const struct adv_band *band, const uint32_t *ranks, size_t *counts)
{
    for (size_t i = 0; i < band->n_thresholds; i++) {
        counts[i] = 0;
        for (size_t k = 0; k < band->n; k++)
            counts[i] += ranks[k] < band->threshold[i];
    }
}
