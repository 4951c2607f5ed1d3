#include "trainer/calibration/ranks.h"

#include "trainer/calibration/distributions.h"

#include <advect/extra/rng.h>
#include <advect/extra/tails.h>

#include <math.h>
#include <stdlib.h>

#define CERTAIN 2.576     /* standard errors: 99 %, both sides */
#define P_VALUE_MIN 0.001 /* so small that the band's 1 % of false alarms hardly grows by it */

/* ---------------------------------------------------------------- of one pair */

/* How many samples come before the truth, and how many are level with it. */
struct places {
    uint32_t before, level;
};

static struct places place_parameter(const struct adv_posterior *p, size_t column)
{
    struct places places = {0};
    for (size_t i = 0; i < p->n; i++) {
        float value = p->samples[i * p->dim + column];
        places.before += value < p->truth[column];
        places.level += value == p->truth[column];
    }
    return places;
}

static struct places place_density(const struct adv_posterior *p)
{
    struct places places = {0};
    for (size_t i = 0; i < p->n; i++) {
        places.before += p->log_density[i] > p->truth_log_density;
        places.level += p->log_density[i] == p->truth_log_density;
    }
    return places;
}

static double square_distance(const struct adv_posterior *p, const float *point)
{
    double sum = 0;
    for (size_t c = 0; c < p->dim; c++) {
        double difference = ((double)point[c] - (double)p->reference[c]) / p->scale[c];
        sum += difference * difference;
    }
    return sum;
}

static struct places place_distance(const struct adv_posterior *p)
{
    struct places places = {0};
    double truth = square_distance(p, p->truth);
    for (size_t i = 0; i < p->n; i++) {
        double sample = square_distance(p, p->samples + i * p->dim);
        places.before += sample < truth;
        places.level += sample == truth;
    }
    return places;
}

void adv_posterior_ranks(const struct adv_posterior *posterior, uint64_t seed, uint64_t pair,
                         uint32_t *ranks)
{
    size_t dim = posterior->dim, n = dim + ADV_REGION_RANKS;
    for (size_t k = 0; k < n; k++) {
        struct places places = k < dim    ? place_parameter(posterior, k)
                               : k == dim ? place_density(posterior)
                                          : place_distance(posterior);
        ranks[k] = places.before;
        if (places.level > 0)
            ranks[k] += (uint32_t)adv_rng_below(seed, ADV_STREAM_SHUFFLE, pair * n + k,
                                                (uint64_t)places.level + 1);
    }
}

/* ---------------------------------------------------------------- of all */

size_t adv_rank_bins(size_t n, size_t n_ranks)
{
    size_t bins = n / ADV_RANK_BINS_OF;
    bins = bins < n_ranks ? bins : n_ranks;
    return bins < 2 ? 2 : bins < ADV_RANK_BINS_MAX ? bins : ADV_RANK_BINS_MAX;
}

size_t adv_rank_bin(size_t rank, size_t n_ranks, size_t n_bins)
{
    return rank * n_bins / n_ranks;
}

void adv_rank_histogram(const struct adv_band *band, const uint32_t *ranks, size_t n_bins,
                        size_t *counts)
{
    for (size_t b = 0; b < n_bins; b++)
        counts[b] = 0;
    for (size_t i = 0; i < band->n; i++)
        counts[adv_rank_bin(ranks[i], band->n_ranks, n_bins)]++;
}

/* The first rank of a bin; of the one after the last, n_ranks. */
static size_t first_of_bin(size_t bin, size_t n_ranks, size_t n_bins)
{
    return (bin * n_ranks + n_bins - 1) / n_bins;
}

static double chi_square_of(const struct adv_band *band, const uint32_t *ranks, size_t n_bins)
{
    size_t counts[ADV_RANK_BINS_MAX];
    double sum = 0;
    adv_rank_histogram(band, ranks, n_bins, counts);
    for (size_t b = 0; b < n_bins; b++) {
        size_t wide =
            first_of_bin(b + 1, band->n_ranks, n_bins) - first_of_bin(b, band->n_ranks, n_bins);
        double expected = (double)band->n * (double)wide / (double)band->n_ranks;
        double difference = (double)counts[b] - expected;
        sum += difference * difference / expected;
    }
    return sum;
}

static void compare_with_band(const struct adv_band *band, const uint32_t *ranks,
                              struct adv_rank_test *test)
{
    size_t counts[ADV_BAND_THRESHOLDS_MAX];
    adv_band_count(band, ranks, counts);
    test->inside = true;
    test->difference = 0;
    for (size_t i = 0; i < band->n_thresholds; i++) {
        double difference = (double)counts[i] / (double)band->n - adv_band_share(band, i);
        if (fabs(difference) > fabs(test->difference))
            test->difference = difference;
        test->inside = test->inside && counts[i] >= band->low[i] && counts[i] <= band->high[i];
    }
}

/* Moments of u, uniform on (k + 1/2)/m - 1/2, k = 0 ... m - 1, as for the continuous one: variance
 * of u 1/12, of u^2 1/180, to 1/m^2; the mean of u^2 is (1 - 1/m^2)/12. */
static void measure_shape(const struct adv_band *band, const uint32_t *ranks,
                          struct adv_rank_test *test)
{
    double m = (double)band->n_ranks, n = (double)band->n, sum = 0, squares = 0;
    for (size_t i = 0; i < band->n; i++) {
        double u = ((double)ranks[i] + 0.5) / m - 0.5;
        sum += u;
        squares += u * u;
    }
    test->lean = sum / n / sqrt(1 / (12 * n));
    test->spread = (squares / n - (1 - 1 / (m * m)) / 12) / sqrt(1 / (180 * n));
}

void adv_rank_test(const struct adv_band *band, const uint32_t *ranks, struct adv_rank_test *test)
{
    test->n_bins = adv_rank_bins(band->n, band->n_ranks);
    test->chi_square = chi_square_of(band, ranks, test->n_bins);
    test->p_value = adv_chi_square_tail(test->chi_square, test->n_bins - 1);
    compare_with_band(band, ranks, test);
    measure_shape(band, ranks, test);
}

bool adv_rank_is_uniform(const struct adv_rank_test *test)
{
    return test->inside && test->p_value >= P_VALUE_MIN;
}

const char *adv_rank_verdict(const struct adv_rank_test *test, enum adv_rank_kind kind)
{
    bool leans = fabs(test->lean) > fabs(test->spread) || kind == ADV_RANK_OF_DENSITY;
    double excess = leans ? test->lean : test->spread;
    if (adv_rank_is_uniform(test))
        return ADV_CALIBRATED;
    if (fabs(excess) <= CERTAIN || kind == ADV_RANK_OF_DISTANCE)
        return "not calibrated";
    if (leans && kind == ADV_RANK_OF_PARAMETER)
        return excess < 0 ? "too high" : "too low";
    return excess > 0 ? "overconfident" : "underconfident";
}

enum adv_status adv_coverage_of(size_t n, const uint32_t *ranks, size_t n_ranks, double level,
                                double probability, struct adv_coverage *coverage,
                                struct adv_error *error)
{
    size_t inside = 0, low, high, threshold = (size_t)lround(level * (double)n_ranks);
    double *scratch = calloc(n + 1, sizeof *scratch);
    if (!scratch)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        inside += ranks[i] < threshold;
    coverage->level = (double)threshold / (double)n_ranks;
    coverage->share = (double)inside / (double)n;
    adv_binomial_interval(n, coverage->level, (1 - probability) / 2, scratch, &low, &high);
    coverage->low = (double)low / (double)n;
    coverage->high = (double)high / (double)n;
    free(scratch);
    return ADV_OK;
}
