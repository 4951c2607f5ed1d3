/* Simulators against the reference program of ../shared/data/sbi, distribution by distribution: all
 * columns, and all pairs of them, of simulations from the prior and of data given one theta.
 *
 * A column's bound is that of the Kolmogorov-Smirnov test of two samples at p = 1e-6, Q(2.75) of
 * its distribution. Means and covariances are those of normal scores, the standard normal's
 * quantiles at the ranks of both samples together, so that heavy tails do not spoil them: the
 * difference of two covariances has a standard error of at most sqrt(4 / N), and 5.5 of these are
 * allowed, of means sqrt(2 / N). With some 4000 numbers compared, chance alone would fail one in a
 * thousand runs of other seeds. */
#include "core/data/transforms/normal.h"
#include "tests/core/data/simulations.h"
#include "tests/core/io/io_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "../shared/data/sbi"
#define N ((size_t)10000)
#define KS_BOUND 2.75
#define ERRORS_MAX 5.5

/* ---------------------------------------------------------------- both programs */

static bool reference_is_here(void)
{
    if (!io_shared_exists(FOLDER "/simulate.py"))
        return false;
    bool has_numpy = system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") == 0;
    if (!has_numpy)
        printf("skipped: /usr/bin/python3 has no numpy (package python3-numpy)\n");
    return has_numpy;
}

/* Rows [N, k + d] of the reference program; all of one theta where fixed. */
static struct adv_array reference_rows(const char *name, int seed, bool fixed)
{
    char path[] = "/tmp/advect-simulations-XXXXXX", command[400];
    struct adv_array rows = {0};
    struct adv_error error = ADV_ERROR_INIT;
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    snprintf(command, sizeof command,
             "/usr/bin/python3 tests/core/data/reference_simulations.py " FOLDER
             " %s %zu %d %s.npy %s",
             name, N, seed, path, fixed ? "fixed" : "");
    int status = system(command);
    strcpy(command, path);
    strcat(command, ".npy");
    enum adv_status read = status == 0 ? adv_npy_read(command, &rows, &error) : ADV_E_IO;
    unlink(command);
    unlink(path);
    ck_assert_msg(read == ADV_OK, "%s: exit %d, %s", name, status, error.message);
    ck_assert_uint_eq(rows.shape[0], N);
    return rows;
}

/* Ours, with the parameters of the reference's rows where fixed. */
static float *own_rows(const char *name, const struct adv_array *reference, bool fixed)
{
    const struct adv_simulator *simulator = simulator_of(name);
    size_t k = adv_simulator_parameters(simulator), width = reference->shape[1];
    float *rows = calloc(N * width, sizeof *rows);
    ck_assert_uint_eq(width, k + adv_simulator_data(simulator));
    if (!fixed) {
        adv_simulator_rows(simulator, 12, 0, N, rows);
        return rows;
    }
    for (size_t i = 0; i < N; i++) {
        const float *theta = reference->data + i * width;
        ck_assert_mem_eq(theta, reference->data, k * sizeof *theta);
        memcpy(rows + i * width, theta, k * sizeof *rows);
        adv_simulator_simulate(simulator, 12, i, 1, theta, rows + i * width + k);
    }
    return rows;
}

/* ---------------------------------------------------------------- comparison */

struct number {
    float value;
    size_t row; /* N and more: of the second sample */
};

static int by_value(const void *a, const void *b)
{
    float x = ((const struct number *)a)->value, y = ((const struct number *)b)->value;
    return (x > y) - (x < y);
}

/* The normal scores of one column of both samples, into scores [2 N]. Returns the greatest difference
 * of the two distribution functions. */
static double score_column(const float *a, const float *b, size_t width, size_t column,
                           double *scores)
{
    struct number *numbers = calloc(2 * N, sizeof *numbers);
    double gap = 0, greatest = 0;
    for (size_t i = 0; i < 2 * N; i++)
        numbers[i] =
            (struct number){i < N ? a[i * width + column] : b[(i - N) * width + column], i};
    qsort(numbers, 2 * N, sizeof *numbers, by_value);
    for (size_t from = 0, to; from < 2 * N; from = to) {
        for (to = from; to < 2 * N && numbers[to].value == numbers[from].value; to++)
            gap += (numbers[to].row < N ? 1.0 : -1.0) / (double)N;
        greatest = fmax(greatest, fabs(gap));
        double below = (double)(from + to) / 2 / (double)(2 * N);
        for (size_t i = from; i < to; i++)
            scores[numbers[i].row] = adv_normal_quantile(below, 1 - below);
    }
    free(numbers);
    return greatest;
}

/* Difference of the means of a b over the first N and the last; b NULL: of a. */
static double difference(const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < 2 * N; i++)
        sum += (i < N ? a[i] : -a[i]) * (b ? b[i] : 1) / (double)N;
    return fabs(sum);
}

/* The greatest differences, in units of what is allowed. */
struct worst {
    double ks, moment;
    size_t column, pair[2];
};

static void note_moment(struct worst *worst, double moment, size_t i, size_t j)
{
    if (moment > worst->moment)
        *worst = (struct worst){worst->ks, moment, worst->column, {i, j}};
}

static struct worst compare(const float *a, const float *b, size_t width)
{
    double *scores = calloc(width * 2 * N, sizeof *scores);
    struct worst worst = {0};
    for (size_t i = 0; i < width; i++) {
        double *own = scores + 2 * N * i;
        double ks = score_column(a, b, width, i, own) / (KS_BOUND * sqrt(2 / (double)N));
        if (ks > worst.ks)
            worst = (struct worst){ks, worst.moment, i, {worst.pair[0], worst.pair[1]}};
        note_moment(&worst, difference(own, NULL) / (ERRORS_MAX * sqrt(2 / (double)N)), i, i);
        for (size_t j = 0; j <= i; j++)
            note_moment(&worst,
                        difference(own, scores + 2 * N * j) / (ERRORS_MAX * sqrt(4 / (double)N)), i,
                        j);
    }
    free(scores);
    return worst;
}

static struct worst compare_programs(const char *name, int seed, bool fixed)
{
    struct adv_array reference = reference_rows(name, seed, fixed);
    float *rows = own_rows(name, &reference, fixed);
    struct worst worst = compare(reference.data, rows, reference.shape[1]);
    adv_array_release(&reference);
    free(rows);
    return worst;
}

static void check(const char *name, int seed, bool fixed)
{
    const struct adv_simulator *simulator = simulator_of(name);
    struct worst worst = compare_programs(name, seed, fixed);
    ck_assert_msg(worst.ks < 1, "%s, seed %d: %s differs by %.2f of what chance may do", name, seed,
                  adv_simulator_column(simulator, worst.column), worst.ks);
    ck_assert_msg(worst.moment < 1, "%s, seed %d: mean or covariance of %s and %s differs by %.2f",
                  name, seed, adv_simulator_column(simulator, worst.pair[0]),
                  adv_simulator_column(simulator, worst.pair[1]), worst.moment);
}

/* ---------------------------------------------------------------- tests */

START_TEST(simulations_are_distributed_as_the_reference_s)
{
    if (!reference_is_here())
        return;
    for (const char *const *name = adv_simulator_names; *name; name++)
        check(*name, 1, false);
}
END_TEST

START_TEST(data_of_one_theta_are_distributed_as_the_reference_s)
{
    if (!reference_is_here())
        return;
    for (const char *const *name = adv_simulator_names; *name; name++) {
        check(*name, 2, true);
        check(*name, 3, true);
    }
}
END_TEST

/* The comparison sees what it is to see: a deviation that is a tenth wider, a mean moved by a sixth
 * of it, and columns that do not hang together as they should. */
START_TEST(the_comparison_tells_differences)
{
    struct draws a = draws_of("gaussian_linear", 1, N), b = draws_of("gaussian_linear", 2, N);
    ck_assert_double_lt(compare(a.x, b.x, 10).ks, 1);
    ck_assert_double_lt(compare(a.x, b.x, 10).moment, 1);
    for (size_t i = 0; i < N; i++)
        b.x[10 * i] *= 1.1f;
    ck_assert_double_gt(compare(a.x, b.x, 10).moment, 1);
    for (size_t i = 0; i < N; i++)
        b.x[10 * i] = b.x[10 * i] / 1.1f + 0.07f; /* of 0.45 */
    ck_assert_double_gt(compare(a.x, b.x, 10).moment, 1);
    draws_release(&b);
    b = draws_of("slcp", 2, N);
    draws_release(&a);
    a = draws_of("slcp", 1, N);
    ck_assert_double_lt(compare(a.x, b.x, 8).moment, 1);
    for (size_t i = 0; i < N; i++)
        b.x[8 * i] = a.x[8 * i];
    struct worst worst = compare(a.x, b.x, 8);
    ck_assert_double_lt(worst.ks, 1);
    ck_assert_double_gt(worst.moment, 1);
    draws_release(&a);
    draws_release(&b);
}
END_TEST

/* The reference's observations: what the parameters that made each give is no surprise to the
 * likelihood, and other observations' parameters, on the whole, are less likely. */
START_TEST(observations_are_likeliest_under_their_own_parameters)
{
    if (!io_shared_exists(FOLDER "/slcp/observation-1.npy"))
        return;
    for (const char *const *name = adv_simulator_names; *name; name++) {
        double own = 0, others = 0;
        for (int i = 1; i <= 5; i++) {
            for (int j = 1; j <= 5; j++) {
                char path[100];
                struct adv_array x = {0}, theta = {0};
                snprintf(path, sizeof path, FOLDER "/%s/observation-%d.npy", *name, i);
                ck_assert_int_eq(adv_npy_read(path, &x, NULL), ADV_OK);
                snprintf(path, sizeof path, FOLDER "/%s/truth-%d.npy", *name, j);
                ck_assert_int_eq(adv_npy_read(path, &theta, NULL), ADV_OK);
                double value = log_likelihood(*name, theta.data, x.data);
                ck_assert_msg(i != j || isfinite(value), "%s, observation %d: %g", *name, i, value);
                ck_assert(isfinite(log_prior(*name, theta.data)));
                *(i == j ? &own : &others) += value / (i == j ? 5 : 20);
                adv_array_release(&x);
                adv_array_release(&theta);
            }
        }
        ck_assert_msg(own > others + 1, "%s: %g, others %g", *name, own, others);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulator reference");
    TCase *reference = tcase_create("reference");
    tcase_set_timeout(reference, 300);
    tcase_add_test(reference, simulations_are_distributed_as_the_reference_s);
    tcase_add_test(reference, data_of_one_theta_are_distributed_as_the_reference_s);
    tcase_add_test(reference, the_comparison_tells_differences);
    tcase_add_test(reference, observations_are_likeliest_under_their_own_parameters);
    suite_add_tcase(suite, reference);
    return suite_run(suite);
}
