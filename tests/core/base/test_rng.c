/* Random numbers: the generator against published vectors, the independence of
 * values from how they are asked for, their distributions, and the elementary
 * functions beneath them against libm in double.
 *
 * Statistical bounds are five standard errors or a tail of 1e-4 or less, and the
 * seeds are fixed: a failure is a fault, not bad luck. */
#include <advect/extra/memory.h>
#include <advect/extra/rng.h>

#include "core/base/vmath.h"

#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define N_DRAWS ((size_t)1 << 20)

/* ---------------------------------------------------------------- vmath */

static double relative_error(double found, double truth)
{
    return truth == 0.0 ? fabs(found) : fabs(found / truth - 1.0);
}

START_TEST(exp_matches_libm)
{
    double worst = 0.0;
    for (int i = -8733000; i <= 8733000; i += 11) {
        float x = (float)i * 1e-5f;
        if (x >= -87.33f && x <= 87.33f)
            worst = fmax(worst, relative_error((double)adv_expf(x), exp((double)x)));
    }
    for (float x = 1e-30f; x < 1.0f; x *= 1.01f) {
        worst = fmax(worst, relative_error((double)adv_expf(x), exp((double)x)));
        worst = fmax(worst, relative_error((double)adv_expf(-x), exp(-(double)x)));
    }
    ck_assert_double_lt(worst, 2e-7);
}
END_TEST

START_TEST(exp_is_clamped)
{
    ck_assert(adv_expf(0.0f) == 1.0f);
    ck_assert(adv_expf(1e30f) == adv_expf(87.33f));
    ck_assert(adv_expf(INFINITY) == adv_expf(87.33f));
    ck_assert(isfinite(adv_expf(INFINITY)));
    ck_assert(adv_expf(-INFINITY) == adv_expf(-87.33f));
    ck_assert(isnormal(adv_expf(-INFINITY)));
    ck_assert(isnan(adv_expf(NAN)));
}
END_TEST

START_TEST(log_matches_libm)
{
    double worst = 0.0;
    for (uint32_t bits = 0x00800000u; bits < 0x7f800000u; bits += 2311) {
        float x = adv_bits_float(bits);
        worst = fmax(worst, relative_error((double)adv_logf(x), log((double)x)));
    }
    for (uint32_t bits = 0x3f7f0000u; bits < 0x3f810000u; bits++) { /* around log(1) = 0 */
        float x = adv_bits_float(bits);
        worst = fmax(worst, relative_error((double)adv_logf(x), log((double)x)));
    }
    ck_assert_double_lt(worst, 3e-7);
}
END_TEST

/* sin(2 pi x) for any finite x: the fraction of a double is exact. */
static double sin_turns(double x)
{
    double fraction = x - rint(x);
    if (fabs(fraction) == 0.5)
        return 0.0;
    return sin(6.283185307179586476925 * fraction);
}

START_TEST(sin_cos_match_libm)
{
    double worst = 0.0;
    bool odd = true;                                                      /* sin(-x) = -sin(x) */
    for (uint32_t bits = 0x20000000u; bits < 0x497fffffu; bits += 1009) { /* 1e-19 to 2^20 */
        float x = adv_bits_float(bits), sine, cosine;
        adv_sin_cos_turnsf(x, &sine, &cosine);
        worst = fmax(worst, relative_error((double)sine, sin_turns((double)x)));
        worst = fmax(worst, relative_error((double)cosine, sin_turns((double)x + 0.25)));
        float minus_sine;
        adv_sin_cos_turnsf(-x, &minus_sine, &cosine);
        odd = odd && minus_sine == -sine;
    }
    ck_assert(odd);
    ck_assert_double_lt(worst, 3e-7);
}
END_TEST

START_TEST(sin_cos_at_quarters_and_out_of_range)
{
    static const float sines[] = {0, 1, 0, -1};
    float sine, cosine;
    for (int quarter = -9; quarter <= 9; quarter++) {
        adv_sin_cos_turnsf((float)quarter * 0.25f, &sine, &cosine);
        ck_assert(sine == sines[quarter & 3]);
        ck_assert(cosine == sines[(quarter + 1) & 3]);
    }
    adv_sin_cos_turnsf(-3e30f, &sine, &cosine);
    ck_assert(sine == 0.0f && cosine == 1.0f);
    adv_sin_cos_turnsf(INFINITY, &sine, &cosine);
    ck_assert(isnan(sine) && isnan(cosine));
    adv_sin_cos_turnsf(NAN, &sine, &cosine);
    ck_assert(isnan(sine) && isnan(cosine));
}
END_TEST

START_TEST(box_muller_survives_extreme_words)
{
    static const uint32_t words[] = {0u,          1u,          2u,          3u,
                                     0x3fffffffu, 0x40000000u, 0x7fffffffu, 0x80000000u,
                                     0xfffffffeu, 0xffffffffu};
    const size_t n = ADV_COUNT(words);
    for (size_t i = 0; i < n; i++) {
        double u = ((double)(words[i] >> 1) + 0.5) * 0x1p-31, r = sqrt(-2.0 * log(u));
        for (size_t j = 0; j < n; j++) {
            double v = (double)(int32_t)words[j] * 0x1p-32;
            float z0, z1;
            adv_box_mullerf(words[i], words[j], &z0, &z1);
            ck_assert(isfinite(z0) && isfinite(z1));
            /* u rounds to a float: near 1 its log moves by 2^-25, the radius by its root. */
            ck_assert_double_le(fabs((double)z0 - r * sin_turns(v + 0.25)), 4e-4);
            ck_assert_double_le(fabs((double)z1 - r * sin_turns(v)), 4e-4);
        }
    }
    float z0, z1;
    adv_box_mullerf(0u, 0u, &z0, &z1);
    ck_assert_double_le(fabs((double)z0 - sqrt(64.0 * log(2.0))), 1e-6 * 6.66);
}
END_TEST

/* ---------------------------------------------------------------- Philox */

/* Random123's tests/kat_vectors, "philox4x32 10": those counters that the interface reaches. */
START_TEST(philox_known_answers)
{
    static const uint32_t of_zeros[4] = {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u};
    float uniform[4];
    adv_rng_uniform(0, (enum adv_stream)0, 0, 1, 4, uniform);
    for (int i = 0; i < 4; i++)
        ck_assert(uniform[i] == (float)(of_zeros[i] >> 8) * 0x1p-24f);

    /* All ones: 408f276d 41c83b0e a20bc7c6 6d5451fd. A word is drawn at the last block. */
    uint64_t word = adv_rng_word(UINT64_MAX, (enum adv_stream)UINT32_MAX, UINT64_MAX);
    ck_assert_uint_eq(word, 0x41c83b0e408f276du);
}
END_TEST

/* The formulas computed apart, in NumPy's float32 operation by operation: a compiler or processor
 * that rounds otherwise, or fuses, would break "same seed, same bytes". */
START_TEST(normals_have_the_same_bits_everywhere)
{
    static const float truth[8] = {0x1.2222b2p-2f,  -0x1.f912cep-2f, 0x1.f092b8p+0f,
                                   -0x1.d3e814p-2f, 0x1.0e392ap-2f,  0x1.0721c8p+0f,
                                   -0x1.3dc394p-2f, -0x1.82fa5p+0f};
    float z[8];
    adv_rng_normal(42, ADV_STREAM_BASE, 7, 1, 8, z);
    ck_assert_mem_eq(z, truth, sizeof z);
}
END_TEST

/* ---------------------------------------------------------------- pure functions */

typedef void fill_fn(uint64_t seed, enum adv_stream stream, uint64_t first_row, size_t n_rows,
                     size_t n_columns, float *out);

static fill_fn *const fills[] = {adv_rng_normal, adv_rng_uniform, adv_rng_rademacher};

#define ROWS 150
#define COLUMNS 11

START_TEST(any_split_of_rows_gives_the_same_bytes)
{
    fill_fn *fill = fills[_i];
    static const size_t steps[] = {1, 2, 7, 63, 64, 65};
    const uint64_t first = ((uint64_t)1 << 32) - 70; /* so that rows cross into the high word */
    float whole[ROWS * COLUMNS], split[ROWS * COLUMNS];
    fill(3, ADV_STREAM_BASE, first, ROWS, COLUMNS, whole);
    for (size_t s = 0; s < ADV_COUNT(steps); s++) {
        memset(split, 0xff, sizeof split);
        for (size_t row = 0; row < ROWS; row += steps[s]) {
            size_t n = ROWS - row < steps[s] ? ROWS - row : steps[s];
            fill(3, ADV_STREAM_BASE, first + row, n, COLUMNS, split + row * COLUMNS);
        }
        ck_assert_mem_eq(whole, split, sizeof whole);
    }
}
END_TEST

START_TEST(fewer_columns_are_the_first_columns)
{
    fill_fn *fill = fills[_i];
    float wide[ROWS * COLUMNS], narrow[ROWS * COLUMNS];
    fill(UINT64_MAX - 1, ADV_STREAM_PROBE, 9, ROWS, COLUMNS, wide);
    for (size_t columns = 1; columns <= COLUMNS; columns++) {
        fill(UINT64_MAX - 1, ADV_STREAM_PROBE, 9, ROWS, columns, narrow);
        for (size_t row = 0; row < ROWS; row++)
            ck_assert_mem_eq(narrow + row * columns, wide + row * COLUMNS, columns * sizeof *wide);
    }
}
END_TEST

START_TEST(spans_of_columns_are_those_columns)
{
    float whole[101], span[101];
    adv_rng_uniform(5, ADV_STREAM_DEQUANTISE, 77, 1, 101, whole);
    for (size_t first = 0; first < 101; first += 4) {
        adv_rng_uniform_columns(5, ADV_STREAM_DEQUANTISE, 77, first, 101 - first, span);
        ck_assert_mem_eq(span, whole + first, (101 - first) * sizeof *span);
    }
}
END_TEST

START_TEST(nothing_is_written_out_of_bounds)
{
    fill_fn *fill = fills[_i];
    float out[8] = {7, 7, 7, 7, 7, 7, 7, 7};
    fill(1, ADV_STREAM_BASE, 0, 0, 3, out);
    fill(1, ADV_STREAM_BASE, 0, 3, 0, out);
    ck_assert(out[0] == 7.0f);
    fill(1, ADV_STREAM_BASE, 0, 1, 5, out + 1);
    ck_assert(out[0] == 7.0f && out[6] == 7.0f);
}
END_TEST

/* Every part of the key and of the counter matters. */
START_TEST(seed_stream_and_row_all_count)
{
    const uint64_t high = (uint64_t)1 << 32;
    const uint64_t words[] = {
        adv_rng_word(1, ADV_STREAM_BASE, 5),        adv_rng_word(2, ADV_STREAM_BASE, 5),
        adv_rng_word(1 + high, ADV_STREAM_BASE, 5), adv_rng_word(1, ADV_STREAM_DATA, 5),
        adv_rng_word(1, ADV_STREAM_BASE, 5 + high), adv_rng_word(1, ADV_STREAM_BASE, 6),
    };
    const size_t n = ADV_COUNT(words);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            ck_assert_uint_ne(words[i], words[j]);
    }
}
END_TEST

/* ---------------------------------------------------------------- distributions */

static float *draw(fill_fn *fill, uint64_t seed, enum adv_stream stream, uint64_t first_row,
                   size_t n_columns)
{
    float *values = malloc(N_DRAWS * sizeof *values);
    ck_assert_ptr_nonnull(values);
    fill(seed, stream, first_row, N_DRAWS / n_columns, n_columns, values);
    return values;
}

/* Mean 0, variance 1, skewness 0, kurtosis 3, each within five of its standard errors. */
START_TEST(normal_moments)
{
    float *z = draw(adv_rng_normal, 42, ADV_STREAM_BASE, 0, (size_t)1 << _i);
    double sum[5] = {0}, largest = 0.0;
    for (size_t i = 0; i < N_DRAWS; i++) {
        double power = 1.0;
        largest = fmax(largest, fabs((double)z[i]));
        for (int k = 1; k <= 4; k++) {
            power *= (double)z[i];
            sum[k] += power;
        }
    }
    free(z);
    ck_assert_double_lt(largest, 6.67);
    const double n = (double)N_DRAWS;
    ck_assert_double_le(fabs(sum[1] / n), 5.0 * sqrt(1.0 / n));
    ck_assert_double_le(fabs(sum[2] / n - 1.0), 5.0 * sqrt(2.0 / n));
    ck_assert_double_le(fabs(sum[3] / n), 5.0 * sqrt(15.0 / n));
    ck_assert_double_le(fabs(sum[4] / n - 3.0), 5.0 * sqrt(96.0 / n));
}
END_TEST

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov: sqrt(n) sup |F_n - F| exceeds 2.23 with probability 1e-4. */
START_TEST(normal_distribution_function)
{
    float *z = draw(adv_rng_normal, 43, ADV_STREAM_DATA, 1000, 4);
    qsort(z, N_DRAWS, sizeof *z, compare_floats);
    double worst = 0.0;
    for (size_t i = 0; i < N_DRAWS; i++) {
        double truth = 0.5 * erfc(-(double)z[i] / sqrt(2.0));
        worst = fmax(worst, fabs((double)i / (double)N_DRAWS - truth));
        worst = fmax(worst, fabs((double)(i + 1) / (double)N_DRAWS - truth));
    }
    free(z);
    ck_assert_double_lt(worst * sqrt((double)N_DRAWS), 2.23);
}
END_TEST

/* Correlation of x and y, and of their squares, in standard errors. */
static void assert_uncorrelated(const float *x, const float *y, size_t n)
{
    double product = 0.0, squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        double a = (double)x[i], b = (double)y[i];
        product += a * b;
        squares += (a * a - 1.0) * (b * b - 1.0) / 2.0;
    }
    ck_assert_double_le(fabs(product), 5.0 * sqrt((double)n));
    ck_assert_double_le(fabs(squares), 5.0 * sqrt((double)n));
}

START_TEST(streams_seeds_rows_and_columns_are_independent)
{
    float *z = draw(adv_rng_normal, 1, ADV_STREAM_BASE, 0, 1);
    float *other_stream = draw(adv_rng_normal, 1, ADV_STREAM_DATA, 0, 1);
    float *other_seed = draw(adv_rng_normal, 2, ADV_STREAM_BASE, 0, 1);
    float *columns = draw(adv_rng_normal, 1, ADV_STREAM_BASE, 0, 8);
    assert_uncorrelated(z, other_stream, N_DRAWS);
    assert_uncorrelated(z, other_seed, N_DRAWS);
    for (size_t lag = 1; lag <= 9; lag++) {
        assert_uncorrelated(z, z + lag, N_DRAWS - lag);
        assert_uncorrelated(columns, columns + lag, N_DRAWS - lag);
    }
    free(z);
    free(other_stream);
    free(other_seed);
    free(columns);
}
END_TEST

/* Pearson's statistic against equal shares; its mean is bins - 1, its variance twice that. */
static void assert_equal_shares(const size_t *counts, size_t n_bins, size_t n)
{
    double expected = (double)n / (double)n_bins, statistic = 0.0;
    for (size_t i = 0; i < n_bins; i++) {
        double excess = (double)counts[i] - expected;
        statistic += excess * excess / expected;
    }
    double degrees = (double)(n_bins - 1);
    ck_assert_double_le(statistic, degrees + 5.0 * sqrt(2.0 * degrees));
}

START_TEST(uniform_distribution)
{
    float *u = draw(adv_rng_uniform, 5, ADV_STREAM_DEQUANTISE, 0, 16);
    size_t counts[256] = {0};
    bool right = true;
    for (size_t i = 0; i < N_DRAWS; i++) {
        right = right && u[i] >= 0.0f && u[i] < 1.0f && u[i] * 0x1p24f == floorf(u[i] * 0x1p24f);
        counts[(size_t)(u[i] * 256.0f) & 255]++;
    }
    ck_assert(right);
    assert_equal_shares(counts, 256, N_DRAWS);
    free(u);
}
END_TEST

START_TEST(signs)
{
    float *e = draw(adv_rng_rademacher, 6, ADV_STREAM_PROBE, 0, 2);
    size_t counts[2] = {0};
    bool right = true;
    for (size_t i = 0; i < N_DRAWS; i++) {
        right = right && (e[i] == 1.0f || e[i] == -1.0f);
        counts[e[i] > 0.0f]++;
    }
    ck_assert(right);
    assert_equal_shares(counts, 2, N_DRAWS);
    free(e);
}
END_TEST

START_TEST(integers_below_a_bound)
{
    static const uint64_t bounds[] = {1, 2, 3, 7, 10, 255};
    for (size_t b = 0; b < ADV_COUNT(bounds); b++) {
        size_t counts[256] = {0};
        bool below = true;
        for (uint64_t row = 0; row < 100000; row++) {
            uint64_t k = adv_rng_below(8, ADV_STREAM_SHUFFLE, row, bounds[b]);
            below = below && k < bounds[b];
            counts[k & 255]++;
        }
        ck_assert(below);
        if (bounds[b] > 1)
            assert_equal_shares(counts, bounds[b], 100000);
    }
    /* floor(word * bound / 2^64) of a bound near 2^64 keeps the word's upper bits. */
    uint64_t word = adv_rng_word(8, ADV_STREAM_SHUFFLE, 1);
    uint64_t scaled = adv_rng_below(8, ADV_STREAM_SHUFFLE, 1, UINT64_MAX);
    ck_assert(scaled == word || scaled == word - 1);
}
END_TEST

START_TEST(permutations_are_bijections)
{
    bool seen[1000];
    for (uint64_t n = 1; n <= 1000; n = n < 40 ? n + 1 : n * 5) {
        memset(seen, 0, sizeof seen);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t image = adv_permute(99, i, n);
            ck_assert_uint_lt(image, n);
            ck_assert_msg(!seen[image], "%llu twice of %llu", (unsigned long long)image,
                          (unsigned long long)n);
            seen[image] = true;
        }
    }
    int fixed = 0;
    for (uint64_t i = 0; i < 1000; i++)
        fixed += adv_permute(99, i, 1000) == i;
    ck_assert_int_lt(fixed, 10); /* one is expected of a random permutation */
}
END_TEST

START_TEST(random_seeds_are_short_and_differ)
{
    uint64_t first = adv_random_seed();
    int n_same = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t seed = adv_random_seed();
        ck_assert_uint_le(seed, UINT32_MAX);
        n_same += seed == first;
    }
    ck_assert_int_le(n_same, 1);
}
END_TEST

int main(void)
{
    const int n_fills = (int)(ADV_COUNT(fills));
    Suite *suite = suite_create("rng");
    TCase *math = tcase_create("vector math");
    tcase_set_timeout(math, 120);
    tcase_add_test(math, exp_matches_libm);
    tcase_add_test(math, exp_is_clamped);
    tcase_add_test(math, log_matches_libm);
    tcase_add_test(math, sin_cos_match_libm);
    tcase_add_test(math, sin_cos_at_quarters_and_out_of_range);
    tcase_add_test(math, box_muller_survives_extreme_words);
    suite_add_tcase(suite, math);

    TCase *pure = tcase_create("pure functions");
    tcase_add_test(pure, philox_known_answers);
    tcase_add_test(pure, normals_have_the_same_bits_everywhere);
    tcase_add_loop_test(pure, any_split_of_rows_gives_the_same_bytes, 0, n_fills);
    tcase_add_loop_test(pure, fewer_columns_are_the_first_columns, 0, n_fills);
    tcase_add_test(pure, spans_of_columns_are_those_columns);
    tcase_add_loop_test(pure, nothing_is_written_out_of_bounds, 0, n_fills);
    tcase_add_test(pure, seed_stream_and_row_all_count);
    suite_add_tcase(suite, pure);

    TCase *distributions = tcase_create("distributions");
    tcase_set_timeout(distributions, 120);
    tcase_add_loop_test(distributions, normal_moments, 0, 5);
    tcase_add_test(distributions, normal_distribution_function);
    tcase_add_test(distributions, streams_seeds_rows_and_columns_are_independent);
    tcase_add_test(distributions, uniform_distribution);
    tcase_add_test(distributions, signs);
    tcase_add_test(distributions, integers_below_a_bound);
    tcase_add_test(distributions, permutations_are_bijections);
    tcase_add_test(distributions, random_seeds_are_short_and_differ);
    suite_add_tcase(suite, distributions);

    return suite_run(suite);
}
