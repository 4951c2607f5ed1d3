/* Rows of a softmax and of its derivative: every variant against plain arithmetic in double. */
#include "core/base/mem.h"
#include "core/kernels/table.h"
#include "tests/core/kernels/variants.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 5
#define GAP 3 /* between rows, which must stay as it is */

static const size_t lengths[] = {1, 2, 7, 8, 15, 16, 17, 31, 33, 49, 63, 64, 65, 130, 784};
static const adv_real spreads[] = {(adv_real)0.1, 1, 20, 200};

static void assert_row(const char *name, size_t n, bool from_largest, const adv_real *before,
                       const adv_real *after, double inverse)
{
    double most = (double)before[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        most = fmax(most, (double)before[i]);
    for (size_t i = 0; i < n; i++) {
        double x = (double)before[i] - (from_largest ? most : 0), e = exp2(x);
        /* the difference; 2^x to 2e-7; and the floor */
        double tolerance = ((from_largest ? ROUNDOFF * fabs(x) : 0) + 2e-7) * e + 0x1p-99;
        ck_assert_msg(fabs((double)after[i] - e) <= tolerance, "%s: 2^%.9g = %.9g, not %.9g", name,
                      x, (double)after[i], e);
        ck_assert(!from_largest || x < 0 || after[i] == 1);
        sum += (double)after[i];
    }
    /* n positive terms and a quotient */
    ck_assert_double_le(fabs(inverse * sum - 1), ((double)n + 2) * ROUNDOFF);
}

static void check_powers(const struct adv_kernels *kernels, size_t n, double spread,
                         bool from_largest)
{
    size_t stride = n + GAP;
    struct random random = {n};
    struct guarded s, inverse;
    adv_real *before = malloc(ROWS * stride * sizeof *before);
    ck_assert_ptr_nonnull(before);
    guarded_init(&s, ROWS * stride);
    guarded_init(&inverse, ROWS);
    random_fill(&random, -spread, 0.3 * spread, s.n, s.data);
    memcpy(before, s.data, s.n * sizeof *before);
    kernels->exp_rows(ROWS, n, from_largest, s.data, stride, inverse.data);
    for (size_t r = 0; r < ROWS; r++) {
        const adv_real *row = s.data + r * stride, *old = before + r * stride;
        assert_row(kernels->name, n, from_largest, old, row, (double)inverse.data[r]);
        ck_assert(same_bytes(GAP, row + n, old + n));
    }
    ck_assert(guarded_intact(&s) && guarded_intact(&inverse));
    guarded_release(&s);
    guarded_release(&inverse);
    free(before);
}

START_TEST(powers_are_right)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < ADV_COUNT(lengths) * ADV_COUNT(spreads); k++) {
        size_t n = lengths[k / ADV_COUNT(spreads)];
        double spread = (double)spreads[k % ADV_COUNT(spreads)];
        check_powers(kernels, n, spread, false);
        check_powers(kernels, n, spread, true);
    }
}
END_TEST

/* Neither the other rows of a call nor what lies between rows counts. */
START_TEST(a_row_does_not_depend_on_its_neighbours)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < ADV_COUNT(lengths); k++) {
        size_t n = lengths[k], stride = n + GAP;
        struct random random = {n};
        struct guarded s, alone;
        adv_real inverse[ROWS], one;
        guarded_init(&s, ROWS * stride);
        guarded_init(&alone, n);
        for (size_t r = 0; r < ROWS; r++)
            random_fill(&random, -30, -20, n, s.data + r * stride);
        memcpy(alone.data, s.data + (ROWS - 1) * stride, n * sizeof(adv_real));
        kernels->exp_rows(ROWS, n, n % 2, s.data, stride, inverse);
        kernels->exp_rows(1, n, n % 2, alone.data, n, &one);
        ck_assert(same_bytes(n, alone.data, s.data + (ROWS - 1) * stride));
        ck_assert(same_bytes(1, &one, &inverse[ROWS - 1]));
        ck_assert(guarded_intact(&s) && guarded_intact(&alone));
        guarded_release(&s);
        guarded_release(&alone);
    }
}
END_TEST

START_TEST(nan_and_infinity_are_seen)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t i = 0; kernels && i < 2 * 70; i++) {
        const bool from_largest = i % 2;
        adv_real s[2][70], inverse[2];
        for (size_t j = 0; j < 70; j++)
            s[0][j] = s[1][j] = (adv_real)j;
        poison(1, &s[0][i / 2]);
        s[1][i / 2] = (adv_real)INFINITY;
        kernels->exp_rows(2, 70, from_largest, s[0], 70, inverse);
        bool seen = isnan(inverse[0]) && (from_largest ? isnan(inverse[1]) : inverse[1] == 0);
        ck_assert_msg(seen, "%s: at %zu", kernels->name, i / 2);
    }
}
END_TEST

/* Beyond what a float holds, a power is infinite and not something else. */
START_TEST(too_large_powers_are_infinite)
{
    static const adv_real large[] = {1100, 5000, (adv_real)1e9, (adv_real)1e30};
    const struct adv_kernels *kernels = variant(_i);
    for (size_t i = 0; kernels && i < ADV_COUNT(large) * 20; i++) {
        adv_real s[20] = {0}, inverse;
        s[i % 20] = large[i / 20];
        kernels->exp_rows(1, 20, false, s, 20, &inverse);
        ck_assert_msg(inverse == 0, "%s: 2^%g at %zu", kernels->name, (double)large[i / 20],
                      i % 20);
    }
}
END_TEST

START_TEST(weighted_rows_are_right)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < ADV_COUNT(lengths); k++) {
        size_t n = lengths[k], stride = n + GAP;
        struct random random = {n};
        struct guarded p, t, sum;
        adv_real factor[ROWS], shift[ROWS];
        guarded_init(&p, ROWS * stride);
        guarded_init(&t, ROWS * stride);
        guarded_init(&sum, ROWS);
        random_fill(&random, 0, 1, p.n, p.data);
        random_fill(&random, -1, 1, t.n, t.data);
        random_fill(&random, -1, 1, ROWS, factor);
        random_fill(&random, -1, 1, ROWS, shift);
        adv_real *before = malloc(t.n * sizeof *before);
        ck_assert_ptr_nonnull(before);
        memcpy(before, t.data, t.n * sizeof *before);
        kernels->weigh_rows(ROWS, n, p.data, stride, factor, shift, t.data, sum.data);
        for (size_t r = 0; r < ROWS; r++) {
            double total = 0;
            for (size_t i = r * stride; i < r * stride + n; i++) {
                double expected =
                    (double)p.data[i] * ((double)factor[r] * (double)before[i] - (double)shift[r]);
                /* three roundings of numbers below 2 */
                ck_assert_double_le(fabs((double)t.data[i] - expected), 6 * ROUNDOFF);
                total += (double)t.data[i];
            }
            ck_assert_double_le(fabs((double)sum.data[r] - total), 2 * (double)(n * n) * ROUNDOFF);
            ck_assert(same_bytes(GAP, t.data + r * stride + n, before + r * stride + n));
        }
        ck_assert(guarded_intact(&p) && guarded_intact(&t) && guarded_intact(&sum));
        guarded_release(&p);
        guarded_release(&t);
        guarded_release(&sum);
        free(before);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels: softmax");
    TCase *tc = tcase_create("softmax");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, powers_are_right, 0, n_variants());
    tcase_add_loop_test(tc, a_row_does_not_depend_on_its_neighbours, 0, n_variants());
    tcase_add_loop_test(tc, nan_and_infinity_are_seen, 0, n_variants());
    tcase_add_loop_test(tc, too_large_powers_are_infinite, 0, n_variants());
    tcase_add_loop_test(tc, weighted_rows_are_right, 0, n_variants());
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
