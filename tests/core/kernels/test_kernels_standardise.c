/* Rows of mean 0 and variance 1 and what changes do to them: every variant against plain arithmetic
 * in double. */
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
#define EPSILON 1e-5

static const size_t lengths[] = {1, 2, 7, 8, 15, 16, 17, 31, 33, 48, 64, 65, 130};

static double mean_of(size_t n, const adv_real *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return sum / (double)n;
}

/* Values near 3 with a spread of 2: means are off by a few roundings of 5. */
static void check_row(size_t n, const adv_real *x, const adv_real *h, double inverse)
{
    double mean = mean_of(n, x), variance = 0;
    for (size_t i = 0; i < n; i++)
        variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
    double expected = 1 / sqrt(variance + EPSILON), tolerance = 20 * ROUNDOFF * (1 + expected);
    ck_assert_double_le(fabs(inverse / expected - 1), tolerance);
    for (size_t i = 0; i < n; i++)
        ck_assert_double_le(fabs((double)h[i] - ((double)x[i] - mean) * expected), 4 * tolerance);
}

static void check_slope(size_t n, const adv_real *h, double inverse, const adv_real *v,
                        const adv_real *y)
{
    double mean = mean_of(n, v), along = 0;
    for (size_t i = 0; i < n; i++)
        along += (double)h[i] * (double)v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        ck_assert_double_le(
            fabs((double)y[i] - inverse * ((double)v[i] - mean - (double)h[i] * along)),
            20 * ROUNDOFF * (1 + inverse));
}

static void check(const struct adv_kernels *kernels, size_t n)
{
    struct random random = {n};
    struct guarded x, h, v, y, inverse;
    guarded_init(&x, ROWS * n);
    guarded_init(&h, ROWS * n);
    guarded_init(&v, ROWS * n);
    guarded_init(&y, ROWS * n);
    guarded_init(&inverse, ROWS);
    random_fill(&random, 1, 5, x.n, x.data);
    random_fill(&random, -1, 1, v.n, v.data);
    kernels->standardise_rows(ROWS, n, (adv_real)EPSILON, x.data, h.data, inverse.data);
    kernels->standardise_rows_slope(ROWS, n, h.data, inverse.data, v.data, y.data);
    for (size_t r = 0; r < ROWS; r++) {
        double of_row = (double)inverse.data[r];
        check_row(n, x.data + r * n, h.data + r * n, of_row);
        check_slope(n, h.data + r * n, of_row, v.data + r * n, y.data + r * n);
    }

    /* a row alone, in place */
    adv_real one, *last_x = x.data + (ROWS - 1) * n, *last_v = v.data + (ROWS - 1) * n;
    kernels->standardise_rows(1, n, (adv_real)EPSILON, last_x, last_x, &one);
    kernels->standardise_rows_slope(1, n, last_x, &one, last_v, last_v);
    ck_assert(same_bytes(1, &one, &inverse.data[ROWS - 1]));
    ck_assert(same_bytes(n, last_x, h.data + (ROWS - 1) * n));
    ck_assert(same_bytes(n, last_v, y.data + (ROWS - 1) * n));

    struct guarded *all[] = {&x, &h, &v, &y, &inverse};
    for (size_t i = 0; i < ADV_COUNT(all); i++) {
        ck_assert(guarded_intact(all[i]));
        guarded_release(all[i]);
    }
}

START_TEST(rows_are_standardised)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t k = 0; kernels && k < ADV_COUNT(lengths); k++)
        check(kernels, lengths[k]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels of standardised rows");
    TCase *tests = tcase_create("rows");
    tcase_add_loop_test(tests, rows_are_standardised, 0, n_variants());
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
