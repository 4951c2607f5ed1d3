/* Tests of calibration against closed forms: a posterior that is known, one that is too narrow, one
 * too wide, one that is off; distributions as scipy 1.10.1 has them; weights whose sums are known. */
#include "trainer/calibration/distributions.h"
#include "trainer/calibration/ranks.h"
#include "trainer/weights/composition.h"
#include "trainer/weights/importance.h"

#include "tests/support/suite.h"

#include <advect/extra/rng.h>

#include <advect/extra/tails.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- distributions */

/* scipy.stats.chi2.sf(x, dof); and exp(-x/2), the closed form of two degrees of freedom. */
START_TEST(chi_square_tails_are_those_of_scipy)
{
    static const struct {
        size_t dof;
        double x, tail;
    } known[] = {
        {1, 3.84, 0.05004352124870519},   {5, 1.2, 0.9448773650021219},
        {19, 30.1, 0.05053949774984419},  {19, 12, 0.8856253321541485},
        {99, 150, 0.0007204453957169282}, {3, 60, 5.878230727906921e-13},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_double_eq_tol(adv_chi_square_tail(known[i].x, known[i].dof) / known[i].tail, 1,
                                1e-11);
    for (double x = 0.25; x < 40; x *= 1.7)
        ck_assert_double_eq_tol(adv_chi_square_tail(x, 2), exp(-x / 2), 1e-14);
    ck_assert_double_eq(adv_chi_square_tail(0, 7), 1);
}
END_TEST

/* By scipy.stats.binom: low is the least r with cdf(r) > tail, high the least with sf(r) <= tail. */
START_TEST(binomial_intervals_are_those_of_scipy)
{
    static const struct {
        size_t n;
        double p, tail;
        size_t low, high;
    } known[] = {{300, 0.9, 0.005, 256, 283},
                 {300, 0.5, 0.005, 128, 172},
                 {1000, 0.01, 0.001, 2, 21},
                 {7, 0.3, 0.02, 0, 5}};
    double scratch[1001];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t low, high;
        adv_binomial_interval(known[i].n, known[i].p, known[i].tail, scratch, &low, &high);
        ck_assert_uint_eq(low, known[i].low);
        ck_assert_uint_eq(high, known[i].high);
    }
}
END_TEST

START_TEST(binomial_probabilities_have_their_moments)
{
    static const size_t counts[] = {1, 5, 300, 100000};
    double *pmf = malloc(100001 * sizeof *pmf);
    for (size_t i = 0; i < 4; i++) {
        for (double p = 1e-4; p < 1; p += 0.111) {
            size_t first, n = adv_binomial_window(counts[i], p, &first, pmf);
            double mean = 0, square = 0, np = (double)counts[i] * p;
            ck_assert_uint_le(first + n, counts[i] + 1);
            for (size_t k = 0; k < n; k++)
                mean += pmf[k] * (double)(first + k);
            for (size_t k = 0; k < n; k++)
                square += pmf[k] * pow((double)(first + k) - mean, 2);
            ck_assert_double_eq_tol(mean / np, 1, 1e-12);
            ck_assert_double_eq_tol(square / (np * (1 - p)), 1, 1e-10);
        }
    }
    free(pmf);
}
END_TEST

/* ---------------------------------------------------------------- the band */

/* Of 20,000 draws of uniform ranks the share inside has a standard error of 0.0007 at 99 %. */
START_TEST(uniform_ranks_stay_in_the_band_as_often_as_it_says)
{
    enum { N = 50, RANKS = 20, DRAWS = 20000 };
    struct adv_band band;
    ck_assert_int_eq(adv_band_init(&band, N, RANKS, 0.99, NULL), ADV_OK);
    ck_assert_uint_eq(band.n_thresholds, RANKS - 1);
    size_t inside = 0;
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        uint32_t ranks[N];
        size_t counts[ADV_BAND_THRESHOLDS_MAX];
        for (uint64_t i = 0; i < N; i++)
            ranks[i] = (uint32_t)adv_rng_below(1, ADV_STREAM_DATA, draw * N + i, RANKS);
        adv_band_count(&band, ranks, counts);
        bool holds = true;
        for (size_t i = 0; i < band.n_thresholds; i++)
            holds = holds && counts[i] >= band.low[i] && counts[i] <= band.high[i];
        inside += holds;
    }
    ck_assert_double_ge(band.probability, 0.99);
    ck_assert_double_lt(band.probability, 0.994); /* counts of 50 are whole: some is given away */
    ck_assert_double_eq_tol((double)inside / DRAWS, band.probability, 0.0028);
}
END_TEST

/* With two ranks there is one threshold, and the band is the binomial interval. */
START_TEST(a_band_of_one_threshold_is_a_binomial_interval)
{
    struct adv_band band;
    double scratch[301];
    size_t low, high;
    ck_assert_int_eq(adv_band_init(&band, 300, 2, 0.99, NULL), ADV_OK);
    adv_binomial_interval(300, 0.5, 0.005, scratch, &low, &high);
    ck_assert_uint_eq(band.n_thresholds, 1);
    ck_assert_uint_eq(band.low[0], low);
    ck_assert_uint_eq(band.high[0], high);
}
END_TEST

START_TEST(bands_of_many_pairs_and_ranks_are_found)
{
    struct adv_band band;
    ck_assert_int_eq(adv_band_init(&band, 20000, 1000, 0.99, NULL), ADV_OK);
    ck_assert_uint_eq(band.n_thresholds, ADV_BAND_THRESHOLDS_MAX);
    ck_assert_double_eq_tol(band.probability, 0.99, 1e-4);
    /* Wider than one threshold's, narrower than that of the Kolmogorov distribution's 99 %, 1.628,
     * by more than the continuity of its range. */
    double half = ((double)band.high[49] - (double)band.low[49]) / 2 / 20000 * sqrt(20000.0);
    ck_assert_double_gt(half, 0.5 * 2.576);
    ck_assert_double_lt(half, 1.8);
}
END_TEST

/* ---------------------------------------------------------------- known posteriors */

enum { DIM = 2, PAIRS = 400, SAMPLES = 99, N_RANKS = SAMPLES + 1, KINDS = DIM + ADV_REGION_RANKS };

/* theta ~ N(0, 1), x ~ N(theta, 1): p(theta | x) = N(x/2, 1/2). Of another posterior, the standard
 * deviation is `wide` times that, and the mean of theta_0 off by `off` of it. */
struct posterior {
    double wide, off;
};

static double log_density_of(const struct posterior *posterior, const float *theta, const float *x)
{
    double deviation = posterior->wide * sqrt(0.5), sum = 0;
    for (size_t c = 0; c < DIM; c++) {
        double mean = (double)x[c] / 2 + (c == 0 ? posterior->off * sqrt(0.5) : 0);
        sum += pow(((double)theta[c] - mean) / deviation, 2) / 2 + log(deviation);
    }
    return -sum - DIM * log(2 * acos(-1.0)) / 2;
}

static void draw_samples(const struct posterior *posterior, const float *x, float *samples)
{
    double deviation = posterior->wide * sqrt(0.5);
    for (size_t i = 0; i < SAMPLES * DIM; i++) {
        size_t c = i % DIM;
        double mean = (double)x[c] / 2 + (c == 0 ? posterior->off * sqrt(0.5) : 0);
        samples[i] = (float)(mean + deviation * (double)samples[i]);
    }
}

/* The ranks of one pair, into its column of ranks [KINDS, PAIRS]. */
static void rank_pair(const struct posterior *posterior, uint64_t pair, uint32_t *ranks)
{
    float normals[2 * DIM], x[DIM], reference[DIM], samples[SAMPLES * DIM];
    double log_density[SAMPLES];
    uint32_t of_pair[KINDS];
    adv_rng_normal(1, ADV_STREAM_DATA, pair, 1, 2 * DIM, normals);
    adv_rng_uniform(1, ADV_STREAM_DATA_NOISE, pair, 1, DIM, reference);
    adv_rng_normal(1, ADV_STREAM_BASE, pair * SAMPLES, SAMPLES, DIM, samples);
    for (size_t c = 0; c < DIM; c++) {
        x[c] = normals[c] + normals[DIM + c];
        reference[c] = 6 * reference[c] - 3;
    }
    draw_samples(posterior, x, samples);
    for (size_t i = 0; i < SAMPLES; i++)
        log_density[i] = log_density_of(posterior, samples + i * DIM, x);
    adv_posterior_ranks(
        &(struct adv_posterior){.n = SAMPLES,
                                .dim = DIM,
                                .samples = samples,
                                .log_density = log_density,
                                .truth = normals,
                                .truth_log_density = log_density_of(posterior, normals, x),
                                .reference = reference,
                                .scale = (double[DIM]){1, 1}},
        1, pair, of_pair);
    for (size_t k = 0; k < KINDS; k++)
        ranks[k * PAIRS + pair] = of_pair[k];
}

static const enum adv_rank_kind kinds[KINDS] = {ADV_RANK_OF_PARAMETER, ADV_RANK_OF_PARAMETER,
                                                ADV_RANK_OF_DENSITY, ADV_RANK_OF_DISTANCE};

static void check_verdicts(struct posterior posterior, const char *const verdicts[KINDS],
                           struct adv_rank_test tests[KINDS])
{
    struct adv_band band;
    uint32_t ranks[KINDS * PAIRS];
    ck_assert_int_eq(adv_band_init(&band, PAIRS, N_RANKS, 0.99, NULL), ADV_OK);
    for (uint64_t pair = 0; pair < PAIRS; pair++)
        rank_pair(&posterior, pair, ranks);
    for (size_t k = 0; k < KINDS; k++) {
        adv_rank_test(&band, ranks + k * PAIRS, &tests[k]);
        ck_assert_str_eq(adv_rank_verdict(&tests[k], kinds[k]), verdicts[k]);
    }
}

START_TEST(the_right_posterior_is_calibrated)
{
    struct adv_rank_test tests[KINDS];
    check_verdicts((struct posterior){1, 0},
                   (const char *[]){"calibrated", "calibrated", "calibrated", "calibrated"}, tests);
    for (size_t k = 0; k < KINDS; k++)
        ck_assert_double_gt(tests[k].p_value, 0.01);
}
END_TEST

START_TEST(a_narrow_posterior_is_overconfident)
{
    struct adv_rank_test tests[KINDS];
    check_verdicts(
        (struct posterior){0.7, 0},
        (const char *[]){"overconfident", "overconfident", "overconfident", "not calibrated"},
        tests);
    for (size_t k = 0; k < KINDS; k++)
        ck_assert_double_lt(tests[k].p_value, 0.001);
}
END_TEST

START_TEST(a_wide_posterior_is_underconfident)
{
    struct adv_rank_test tests[KINDS];
    check_verdicts(
        (struct posterior){1.4, 0},
        (const char *[]){"underconfident", "underconfident", "underconfident", "not calibrated"},
        tests);
}
END_TEST

/* The truth of a posterior that is off lies where it has little density. */
START_TEST(a_posterior_that_is_off_is_so_in_its_parameter_alone)
{
    struct adv_rank_test tests[KINDS];
    check_verdicts((struct posterior){1, 1},
                   (const char *[]){"too high", "calibrated", "overconfident", "not calibrated"},
                   tests);
    check_verdicts((struct posterior){1, -1},
                   (const char *[]){"too low", "calibrated", "overconfident", "not calibrated"},
                   tests);
}
END_TEST

/* In two dimensions the region of a level alpha of N(m, w^2 I) reaches w sqrt(-2 log(1 - alpha)),
 * and holds 1 - (1 - alpha)^(w^2) of N(m, I). */
START_TEST(coverage_is_that_of_the_closed_form)
{
    for (double wide = 0.7; wide < 1.5; wide *= 1.3) {
        uint32_t ranks[KINDS * PAIRS];
        for (uint64_t pair = 0; pair < PAIRS; pair++)
            rank_pair(&(struct posterior){wide, 0}, pair, ranks);
        for (double level = 0.5; level < 1; level += 0.2) {
            struct adv_coverage coverage;
            double exact = 1 - pow(1 - level, wide * wide);
            ck_assert_int_eq(
                adv_coverage_of(PAIRS, ranks + DIM * PAIRS, N_RANKS, level, 0.99, &coverage, NULL),
                ADV_OK);
            ck_assert_double_eq_tol(coverage.level, level, 1e-12);
            /* Four standard errors, and what 99 samples blur. */
            ck_assert_double_eq_tol(coverage.share, exact,
                                    4 * sqrt(exact * (1 - exact) / PAIRS) + 0.01);
        }
    }
}
END_TEST

/* A truth that equals every sample takes every rank. */
START_TEST(equal_values_are_ranked_at_random)
{
    enum { TIES = 9, N = 2000 };
    float samples[TIES] = {0}, truth[1] = {0}, reference[1] = {1};
    double log_density[TIES] = {0}, scale[1] = {1};
    const struct adv_posterior posterior = {TIES,  1, samples,   log_density,
                                            truth, 0, reference, scale};
    uint32_t ranks[1 + ADV_REGION_RANKS], counts[1 + ADV_REGION_RANKS][TIES + 1] = {{0}};
    for (uint64_t pair = 0; pair < N; pair++) {
        adv_posterior_ranks(&posterior, 5, pair, ranks);
        for (size_t k = 0; k < 1 + ADV_REGION_RANKS; k++)
            counts[k][ranks[k]]++;
    }
    for (size_t k = 0; k < 1 + ADV_REGION_RANKS; k++) {
        for (size_t r = 0; r <= TIES; r++) /* 200 each, five standard deviations of 13.4 */
            ck_assert_double_eq_tol(counts[k][r], 200, 67);
    }
}
END_TEST

/* Bins that are not equally wide expect what they are wide. */
START_TEST(every_rank_once_is_uniform_in_any_number_of_ranks)
{
    for (size_t n_ranks = 20; n_ranks < 130; n_ranks += 7) {
        uint32_t ranks[10 * 130];
        struct adv_band band;
        struct adv_rank_test test;
        for (size_t i = 0; i < 10 * n_ranks; i++)
            ranks[i] = (uint32_t)(i % n_ranks);
        ck_assert_int_eq(adv_band_init(&band, 10 * n_ranks, n_ranks, 0.99, NULL), ADV_OK);
        adv_rank_test(&band, ranks, &test);
        ck_assert_double_eq_tol(test.chi_square, 0, 1e-9);
        ck_assert_double_eq_tol(test.difference, 0, 1e-12);
        ck_assert_double_eq_tol(test.lean, 0, 1e-9);
        ck_assert_double_eq_tol(test.spread, 0, 1e-9);
        ck_assert_double_eq_tol(test.p_value, 1, 1e-9);
    }
}
END_TEST

/* In the middle only every other bin is filled: the distribution is off by a twentieth. */
START_TEST(waves_that_the_band_does_not_see_have_no_p_value)
{
    uint32_t ranks[PAIRS];
    struct adv_band band;
    struct adv_rank_test test;
    for (size_t i = 0; i < PAIRS; i++) {
        ranks[i] = (uint32_t)(i % N_RANKS);
        if (ranks[i] >= 20 && ranks[i] < 80 && ranks[i] / 5 % 2 == 1)
            ranks[i] -= 5;
    }
    ck_assert_int_eq(adv_band_init(&band, PAIRS, N_RANKS, 0.99, NULL), ADV_OK);
    adv_rank_test(&band, ranks, &test);
    ck_assert(test.inside);
    ck_assert_double_lt(test.p_value, 1e-9);
    ck_assert_str_eq(adv_rank_verdict(&test, ADV_RANK_OF_PARAMETER), "not calibrated");
}
END_TEST

/* ---------------------------------------------------------------- importance weights */

START_TEST(weights_of_a_hand_have_their_sums)
{
    const double log_weight[] = {log(2), -INFINITY, log(6), 0};
    double weights[4];
    struct adv_importance sums;
    ck_assert_int_eq(adv_importance_weigh(4, log_weight, weights, &sums, NULL), ADV_OK);
    ck_assert_double_eq_tol(weights[0], 2.0 / 9, 1e-15);
    ck_assert_double_eq(weights[1], 0);
    ck_assert_double_eq_tol(sums.largest, 6.0 / 9, 1e-15);
    ck_assert_double_eq_tol(sums.effective, 81.0 / 41, 1e-14);
    ck_assert_double_eq_tol(sums.log_mean, log(9.0 / 4), 1e-15);
    /* The standard deviation of 2, 0, 6, 1 is sqrt(83/12); over sqrt(4), relative to 9/4. */
    ck_assert_double_eq_tol(sums.log_mean_error, sqrt(83.0 / 12) / 2 / (9.0 / 4), 1e-14);
}
END_TEST

/* theta ~ N(0, 1), x = 1.2 ~ N(theta, 1): the evidence is N(1.2; 0, 2). Samples of N(m, w^2): for
 * the right m and w all weights are equal. */
static void check_evidence(double m, double w, double *effective)
{
    enum { N = 20000 };
    const double x = 1.2, log_2_pi = log(2 * acos(-1.0));
    float *normals = malloc(N * sizeof *normals);
    double *log_weight = malloc(N * sizeof *log_weight);
    adv_rng_normal(3, ADV_STREAM_BASE, 0, N, 1, normals);
    for (size_t i = 0; i < N; i++) {
        double z = (double)normals[i], theta = m + w * z;
        double log_prior = -theta * theta / 2 - log_2_pi / 2;
        double log_likelihood = -pow(x - theta, 2) / 2 - log_2_pi / 2;
        log_weight[i] = log_prior + log_likelihood - (-z * z / 2 - log_2_pi / 2 - log(w));
    }
    struct adv_importance sums;
    ck_assert_int_eq(adv_importance_weigh(N, log_weight, log_weight, &sums, NULL), ADV_OK);
    double exact = -x * x / 4 - log_2_pi / 2 - log(2) / 2, mean = 0;
    ck_assert_double_eq_tol(sums.log_mean, exact, 4 * sums.log_mean_error + 1e-6);
    for (size_t i = 0; i < N; i++)
        mean += log_weight[i] * (m + w * (double)normals[i]);
    ck_assert_double_eq_tol(mean, x / 2, 4 * sqrt(0.5 / sums.effective));
    *effective = sums.effective / N;
    free(normals);
    free(log_weight);
}

START_TEST(evidence_and_posterior_mean_are_those_of_the_closed_form)
{
    double effective;
    check_evidence(0.6, sqrt(0.5), &effective);
    ck_assert_double_eq_tol(effective, 1, 1e-6);
    /* E w^2 / (E w)^2 of a proposal c times as wide, r = c^2: r / sqrt(2 r - 1). */
    check_evidence(0.6, sqrt(0.5) * 1.5, &effective);
    ck_assert_double_eq_tol(effective, sqrt(2 * 2.25 - 1) / 2.25, 0.01);
}
END_TEST

/* theta ~ N(0, 1), x_j ~ N(theta, 1), three of them: p(theta | x_j) = N(x_j/2, 1/2), and of all three
 * N(sum x/4, 1/4); p(x) = N(x; 0, I + 1 1'), of one N(x; 0, 2). */
START_TEST(three_posteriors_make_that_of_three_observations)
{
    enum { K = 3, N = 30000 };
    static const double x[K] = {0.3, 1.4, -0.2};
    const double log_2_pi = log(2 * acos(-1.0)), sum = 1.5, squares = 0.09 + 1.96 + 0.04;
    float *z = malloc(N * sizeof *z);
    double *log_density = malloc(K * N * sizeof *log_density);
    double *log_prior = malloc(N * sizeof *log_prior), *theta = malloc(N * sizeof *theta);
    adv_rng_normal(7, ADV_STREAM_BASE, 0, N, 1, z);
    for (size_t i = 0; i < N; i++) {
        theta[i] = x[i % K] / 2 + sqrt(0.5) * (double)z[i];
        log_prior[i] = -theta[i] * theta[i] / 2 - log_2_pi / 2;
        for (size_t j = 0; j < K; j++)
            log_density[j * N + i] = -pow(theta[i] - x[j] / 2, 2) - log_2_pi / 2 - log(0.5) / 2;
    }
    struct adv_importance sums;
    double *weights = malloc(N * sizeof *weights), mean = 0, square = 0;
    adv_compose_posteriors(K, N, log_density, log_prior, weights);
    ck_assert_int_eq(adv_importance_weigh(N, weights, weights, &sums, NULL), ADV_OK);
    for (size_t i = 0; i < N; i++)
        mean += weights[i] * theta[i];
    for (size_t i = 0; i < N; i++)
        square += weights[i] * pow(theta[i] - mean, 2);
    double together = -(squares - sum * sum / (K + 1)) / 2 - log(K + 1) / 2 - K * log_2_pi / 2;
    double apart = -squares / 4 - K * (log_2_pi + log(2)) / 2;
    ck_assert_double_eq_tol(sums.log_mean, together - apart, 4 * sums.log_mean_error);
    ck_assert_double_lt(sums.log_mean_error, 0.01);
    ck_assert_double_eq_tol(mean, sum / (K + 1), 4 * sqrt(0.25 / sums.effective));
    ck_assert_double_eq_tol(square, 0.25, 4 * 0.25 * sqrt(2 / sums.effective));
    free(weights);
    free(theta);
    free(log_prior);
    free(log_density);
    free(z);
}
END_TEST

START_TEST(of_one_observation_all_samples_weigh_the_same)
{
    const double log_density[] = {-1, 2, -INFINITY}, log_prior[] = {-5, -INFINITY, -2};
    double log_weight[3];
    adv_compose_posteriors(1, 3, log_density, NULL, log_weight);
    ck_assert_double_eq(log_weight[0], 0);
    ck_assert_double_eq(log_weight[1], 0);
    ck_assert_double_eq(log_weight[2], -INFINITY);
    adv_compose_posteriors(1, 3, log_density, log_prior, log_weight);
    ck_assert_double_eq(log_weight[0], 0);
    ck_assert_double_eq(log_weight[1], -INFINITY);
}
END_TEST

/* Of three samples the first posterior has drawn two. */
START_TEST(posteriors_have_shares_of_what_they_drew)
{
    const double p[2] = {0.5, 0.1},
                 log_density[6] = {log(0.5), log(0.5), log(0.5), log(0.1), log(0.1), log(0.1)};
    double log_weight[3];
    adv_compose_posteriors(2, 3, log_density, NULL, log_weight);
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq_tol(exp(log_weight[i]), p[0] * p[1] / (2 * p[0] / 3 + p[1] / 3), 1e-12);
}
END_TEST

START_TEST(weights_that_are_none_are_refused)
{
    struct adv_importance sums;
    struct adv_error error = ADV_ERROR_INIT;
    double nothing[] = {-INFINITY, -INFINITY}, undefined[] = {0, NAN}, unbounded[] = {INFINITY, 0};
    ck_assert_int_eq(adv_importance_weigh(2, nothing, nothing, &sums, NULL), ADV_E_NUMERIC);
    ck_assert_int_eq(adv_importance_weigh(2, unbounded, unbounded, &sums, NULL), ADV_E_NUMERIC);
    ck_assert_int_eq(adv_importance_weigh(2, undefined, undefined, &sums, &error), ADV_E_NUMERIC);
    ck_assert_ptr_nonnull(strstr(error.message, "sample 1"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("calibration");
    TCase *tests = tcase_create("calibration");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, chi_square_tails_are_those_of_scipy);
    tcase_add_test(tests, binomial_intervals_are_those_of_scipy);
    tcase_add_test(tests, binomial_probabilities_have_their_moments);
    tcase_add_test(tests, uniform_ranks_stay_in_the_band_as_often_as_it_says);
    tcase_add_test(tests, a_band_of_one_threshold_is_a_binomial_interval);
    tcase_add_test(tests, bands_of_many_pairs_and_ranks_are_found);
    tcase_add_test(tests, the_right_posterior_is_calibrated);
    tcase_add_test(tests, a_narrow_posterior_is_overconfident);
    tcase_add_test(tests, a_wide_posterior_is_underconfident);
    tcase_add_test(tests, a_posterior_that_is_off_is_so_in_its_parameter_alone);
    tcase_add_test(tests, coverage_is_that_of_the_closed_form);
    tcase_add_test(tests, equal_values_are_ranked_at_random);
    tcase_add_test(tests, every_rank_once_is_uniform_in_any_number_of_ranks);
    tcase_add_test(tests, waves_that_the_band_does_not_see_have_no_p_value);
    tcase_add_test(tests, weights_of_a_hand_have_their_sums);
    tcase_add_test(tests, evidence_and_posterior_mean_are_those_of_the_closed_form);
    tcase_add_test(tests, three_posteriors_make_that_of_three_observations);
    tcase_add_test(tests, of_one_observation_all_samples_weigh_the_same);
    tcase_add_test(tests, posteriors_have_shares_of_what_they_drew);
    tcase_add_test(tests, weights_that_are_none_are_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
