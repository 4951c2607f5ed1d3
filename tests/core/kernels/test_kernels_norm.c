/* The kernels of normalisation: every variant against plain arithmetic in double. */
#include "core/base/mem.h"
#include "core/kernels/table.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* pixels, channels: whole vectors and rests, whole runs of sums and rests */
static const size_t shapes[][2] = {{1, 1},   {3, 5},   {4, 16},  {5, 33},  {49, 64},
                                   {63, 32}, {64, 17}, {65, 48}, {196, 6}, {784, 96}};
#define N_SHAPES ((int)ADV_COUNT(shapes))
#define CHANNELS_MAX 96

static const struct adv_kernels *variant(size_t i)
{
    const struct adv_kernels *kernels = adv_kernels_all()[i];
    return kernels->available() ? kernels : NULL;
}

/* Images and coefficients; results in guarded buffers. */
struct norm_case {
    size_t pixels, channels, n;
    adv_real *x, *d;
    adv_real center[CHANNELS_MAX], gain[CHANNELS_MAX], bias[CHANNELS_MAX], mix[3 * CHANNELS_MAX];
    struct guarded y, sums, products;
};

static adv_real *new_reals(struct random *random, double low, double high, size_t n)
{
    adv_real *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    random_fill(random, low, high, n, x);
    return x;
}

static void norm_case_init(struct norm_case *t, size_t pixels, size_t channels)
{
    struct random random = {pixels * 101 + channels};
    *t = (struct norm_case){.pixels = pixels, .channels = channels, .n = pixels * channels};
    t->x = new_reals(&random, -3, 5, t->n);
    t->d = new_reals(&random, -2, 1, t->n);
    random_fill(&random, -2, 2, channels, t->center);
    random_fill(&random, -4, 4, channels, t->gain);
    random_fill(&random, -1, 1, channels, t->bias);
    random_fill(&random, -1, 1, 3 * channels, t->mix);
    guarded_init(&t->y, t->n);
    guarded_init(&t->sums, channels);
    guarded_init(&t->products, channels);
}

static void norm_case_release(struct norm_case *t)
{
    ck_assert(guarded_intact(&t->y) && guarded_intact(&t->sums) && guarded_intact(&t->products));
    guarded_release(&t->y);
    guarded_release(&t->sums);
    guarded_release(&t->products);
    free(t->x);
    free(t->d);
}

static struct adv_norm norm_of(const struct norm_case *t, bool silu)
{
    return (struct adv_norm){t->pixels, t->channels, t->center, t->gain, t->bias, silu};
}

/* ---- sums ---- */

static double from_center(const struct norm_case *t, size_t i)
{
    return (double)t->x[i] - (double)t->center[i % t->channels];
}

/* Sums run at most SUM_RUN / 2 = 32 pixels (a chain of every fourth: 16, and 3 to put four
 * together) before they join a total, to which pixels / 32 are added; each term has been rounded at
 * most three times itself (Higham, section 4.2). */
static double sum_tolerance(const struct norm_case *t, double magnitudes)
{
    double chain = 32 + (double)t->pixels / 32 + 4;
    return chain * ROUNDOFF * magnitudes;
}

static void assert_sums(const struct norm_case *t, const adv_real *e, bool with_products,
                        const char *name)
{
    for (size_t c = 0; c < t->channels; c++) {
        double sum = 0, product = 0, magnitude = 0, product_magnitude = 0;
        for (size_t i = c; i < t->n; i += t->channels) {
            double term = e ? (double)e[i] : from_center(t, i);
            double room = e ? fabs(term) : fabs((double)t->x[i]) + fabs((double)t->center[c]);
            sum += term;
            product += from_center(t, i) * term;
            magnitude += room;
            product_magnitude += (fabs((double)t->x[i]) + fabs((double)t->center[c])) * room;
        }
        ck_assert_msg(fabs((double)t->sums.data[c] - sum) <= sum_tolerance(t, magnitude),
                      "%s: sum %zu of %zu x %zu is %.9g, not %.9g", name, c, t->pixels, t->channels,
                      (double)t->sums.data[c], sum);
        if (with_products)
            ck_assert_msg(fabs((double)t->products.data[c] - product) <=
                              sum_tolerance(t, product_magnitude),
                          "%s: product %zu of %zu x %zu is %.9g, not %.9g", name, c, t->pixels,
                          t->channels, (double)t->products.data[c], product);
    }
}

static void try_sums(const struct adv_kernels *k, struct norm_case *t)
{
    k->channel_sums(t->pixels, t->channels, t->x, t->sums.data);
    assert_sums(t, t->x, false, k->name);
    guarded_poison(&t->sums);
    k->channel_moments(t->pixels, t->channels, t->x, t->center, NULL, t->sums.data,
                       t->products.data);
    assert_sums(t, NULL, true, k->name);
    guarded_poison(&t->sums);
    guarded_poison(&t->products);
    k->channel_moments(t->pixels, t->channels, t->x, t->center, t->d, t->sums.data,
                       t->products.data);
    assert_sums(t, t->d, true, k->name);
}

START_TEST(sums_over_pixels_are_right)
{
    for (size_t v = 0; adv_kernels_all()[v]; v++) {
        struct norm_case t;
        norm_case_init(&t, shapes[_i][0], shapes[_i][1]);
        if (variant(v))
            try_sums(variant(v), &t);
        norm_case_release(&t);
    }
}
END_TEST

/* ---- element by element ---- */

/* z of element i, and how far rounding may take it: the difference, the product and the sum are
 * rounded once each. */
static double z_of(const struct norm_case *t, size_t i, double *off)
{
    size_t c = i % t->channels;
    double product = (double)t->gain[c] * from_center(t, i);
    *off = ROUNDOFF * (3 * fabs(product) + fabs((double)t->bias[c]));
    return product + (double)t->bias[c];
}

static double silu_slope(double z)
{
    double sigmoid = 1 / (1 + exp(-z));
    return sigmoid * (1 + z * (1 - sigmoid));
}

/* exp is good to 2e-7, and |silu'| <= 1.1, |silu''| <= 0.5: what is wrong with z and exp. */
static double silu_tolerance(double z, double off)
{
    return 1.1 * off + 5e-7 * fabs(z / (1 + exp(-z))) + 1e-37;
}

static double slope_tolerance(double off)
{
    return 0.5 * off + 8e-7;
}

/* alpha d + beta (x - center) + gamma, and the sum of the terms' magnitudes. */
static double mixed(const struct norm_case *t, size_t i, double *magnitude)
{
    size_t c = i % t->channels;
    double terms[] = {(double)t->mix[c] * (double)t->d[i],
                      (double)t->mix[t->channels + c] * from_center(t, i),
                      (double)t->mix[2 * t->channels + c]};
    *magnitude = fabs(terms[0]) + fabs(terms[1]) + fabs(terms[2]);
    return terms[0] + terms[1] + terms[2];
}

static void try_normalise(const struct adv_kernels *k, struct norm_case *t, bool silu)
{
    struct adv_norm norm = norm_of(t, silu);
    k->normalise(&norm, t->x, t->y.data);
    for (size_t i = 0; i < t->n; i++) {
        double off, z = z_of(t, i, &off), y = silu ? z / (1 + exp(-z)) : z;
        ck_assert_msg(fabs((double)t->y.data[i] - y) <= (silu ? silu_tolerance(z, off) : off),
                      "%s: y[%zu] = %.9g, not %.9g", k->name, i, (double)t->y.data[i], y);
    }
    adv_real *over = malloc(t->n * sizeof *over);
    ck_assert_ptr_nonnull(over);
    memcpy(over, t->x, t->n * sizeof *over);
    k->normalise(&norm, over, over);
    ck_assert(same_bytes(t->n, over, t->y.data));
    free(over);
}

static void try_tangent(const struct adv_kernels *k, struct norm_case *t, bool silu)
{
    struct adv_norm norm = norm_of(t, silu);
    k->normalise_tangent(&norm, t->x, t->d, t->mix, t->y.data);
    for (size_t i = 0; i < t->n; i++) {
        double off, z = z_of(t, i, &off), magnitude, sum = mixed(t, i, &magnitude);
        double slope = silu ? silu_slope(z) : 1, room = silu ? slope_tolerance(off) : 0;
        ck_assert_msg(fabs((double)t->y.data[i] - slope * sum) <= magnitude * (6 * ROUNDOFF + room),
                      "%s: dy[%zu] = %.9g, not %.9g", k->name, i, (double)t->y.data[i],
                      slope * sum);
    }
}

START_TEST(normalised_pixels_and_their_tangents_are_right)
{
    for (size_t v = 0; adv_kernels_all()[v]; v++) {
        for (int silu = 0; silu < 2; silu++) {
            struct norm_case t;
            norm_case_init(&t, shapes[_i][0], shapes[_i][1]);
            if (variant(v))
                try_normalise(variant(v), &t, silu);
            guarded_poison(&t.y);
            if (variant(v))
                try_tangent(variant(v), &t, silu);
            norm_case_release(&t);
        }
    }
}
END_TEST

static void try_slope(const struct adv_kernels *k, struct norm_case *t)
{
    struct adv_norm norm = norm_of(t, true);
    k->normalise_slope(&norm, t->x, t->d, t->y.data, t->sums.data, t->products.data);
    for (size_t i = 0; i < t->n; i++) {
        double off, z = z_of(t, i, &off), gz = silu_slope(z) * (double)t->d[i];
        ck_assert_msg(fabs((double)t->y.data[i] - gz) <=
                          (slope_tolerance(off) + ROUNDOFF) * fabs((double)t->d[i]),
                      "%s: gz[%zu] = %.9g, not %.9g", k->name, i, (double)t->y.data[i], gz);
    }
    assert_sums(t, t->y.data, true, k->name);
}

static void try_backward(const struct adv_kernels *k, struct norm_case *t)
{
    struct adv_norm norm = norm_of(t, true);
    for (size_t i = 0; i < t->n; i++)
        t->y.data[i] = 3;
    k->normalise_backward(&norm, t->x, t->d, t->mix, t->y.data);
    for (size_t i = 0; i < t->n; i++) {
        double magnitude, sum = 3 + mixed(t, i, &magnitude);
        ck_assert_msg(fabs((double)t->y.data[i] - sum) <= 7 * ROUNDOFF * (3 + magnitude),
                      "%s: gx[%zu] = %.9g, not %.9g", k->name, i, (double)t->y.data[i], sum);
    }
}

START_TEST(adjoints_are_right)
{
    for (size_t v = 0; adv_kernels_all()[v]; v++) {
        struct norm_case t;
        norm_case_init(&t, shapes[_i][0], shapes[_i][1]);
        if (variant(v)) {
            try_slope(variant(v), &t);
            try_backward(variant(v), &t);
        }
        norm_case_release(&t);
    }
}
END_TEST

/* ---- far out ---- */

/* Beyond what exp of a float holds, silu and its slope still reach their limits; NaN is not
 * lost. */
START_TEST(silu_holds_far_out)
{
    static const adv_real far[] = {0, 87.5f, -87.5f, 200, -200, 1e6f, -1e6f, 1e30f, -1e30f, NAN};
    enum { N = ADV_COUNT(far), CHANNELS = 16 };
    adv_real x[N * CHANNELS], y[N * CHANNELS], slope[N * CHANNELS], ones[N * CHANNELS];
    adv_real zeros[CHANNELS] = {0}, sums[CHANNELS], products[CHANNELS];
    for (size_t i = 0; i < N * CHANNELS; i++) {
        x[i] = far[i / CHANNELS];
        ones[i] = 1;
    }
    const struct adv_kernels *k = variant((size_t)_i);
    if (!k)
        return;
    struct adv_norm norm = {N, CHANNELS, zeros, ones, zeros, true};
    k->normalise(&norm, x, y);
    k->normalise_slope(&norm, x, ones, slope, sums, products);
    for (size_t i = 0; i < (N - 1) * CHANNELS; i++) {
        double z = (double)x[i], value = z / (1 + exp(-z));
        double rest = fabs(z) * 0x1.1p-126; /* sigmoid never falls below 2^-126 (vector_exp) */
        ck_assert_msg(fabs((double)y[i] - value) <= 5e-7 * fabs(value) + rest, "%s: silu(%g) = %g",
                      k->name, z, (double)y[i]);
        ck_assert_msg(fabs((double)slope[i] - (z > 0   ? 1
                                               : z < 0 ? 0
                                                       : 0.5)) <= 1e-6 + rest,
                      "%s: silu'(%g) = %g", k->name, z, (double)slope[i]);
    }
    for (size_t i = (N - 1) * CHANNELS; i < N * CHANNELS; i++)
        ck_assert(isnan(y[i]) && isnan(slope[i]));
}
END_TEST

int main(void)
{
    int n_variants = 0;
    while (adv_kernels_all()[n_variants])
        n_variants++;
    Suite *suite = suite_create("kernels_norm");
    TCase *tc = tcase_create("norm");
    tcase_add_loop_test(tc, sums_over_pixels_are_right, 0, N_SHAPES);
    tcase_add_loop_test(tc, normalised_pixels_and_their_tangents_are_right, 0, N_SHAPES);
    tcase_add_loop_test(tc, adjoints_are_right, 0, N_SHAPES);
    tcase_add_loop_test(tc, silu_holds_far_out, 0, n_variants);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
