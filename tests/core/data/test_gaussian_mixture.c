/* Mixtures of Gaussians: the matrices beneath against their definitions, fits against closed forms
 * and against the densities that the rows were drawn from. */
#include "core/data/mixtures/linear_algebra.h"

#include "tests/support/suite.h"

#include <advect/extra/gaussian_mixture.h>
#include <advect/extra/rng.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- matrices */

#define N 7

/* b b' + 0.1 I */
static void make_positive_definite(uint64_t seed, double *a)
{
    float b[N * N];
    adv_rng_normal(seed, ADV_STREAM_DATA, 0, N, N, b);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            a[i * N + j] = i == j ? 0.1 : 0;
            for (size_t k = 0; k < N; k++)
                a[i * N + j] += (double)b[i * N + k] * (double)b[j * N + k];
        }
    }
}

START_TEST(the_inverse_factor_inverts)
{
    double a[N * N], inverse[N * N];
    make_positive_definite((uint64_t)_i, a);
    ck_assert(adv_inverse_cholesky(N, a, inverse));
    for (size_t i = 0; i < N; i++) { /* inverse a inverse' = I */
        for (size_t j = 0; j < N; j++) {
            double sum = 0;
            for (size_t k = 0; k < N; k++) {
                for (size_t l = 0; l < N; l++)
                    sum += inverse[i * N + k] * a[k * N + l] * inverse[j * N + l];
            }
            ck_assert_double_eq_tol(sum, i == j ? 1 : 0, 1e-11);
        }
    }
    a[N * N - 1] = -1;
    ck_assert(!adv_inverse_cholesky(N, a, inverse));
}
END_TEST

START_TEST(eigenvectors_turn_and_values_stretch)
{
    double a[N * N], copy[N * N], vectors[N * N], values[N];
    make_positive_definite((uint64_t)_i, a);
    memcpy(copy, a, sizeof a);
    adv_symmetric_eigen(N, copy, vectors, values);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            double product = 0, sum = 0;
            for (size_t k = 0; k < N; k++) {
                product += vectors[i * N + k] * vectors[j * N + k];
                sum += vectors[k * N + i] * values[k] * vectors[k * N + j];
            }
            ck_assert_double_eq_tol(product, i == j ? 1 : 0, 1e-13);
            ck_assert_double_eq_tol(sum, a[i * N + j], 1e-12);
        }
    }
}
END_TEST

/* ---------------------------------------------------------------- fits */

static struct adv_gaussian_mixture fit(const struct adv_mixture_rows *rows, size_t n)
{
    struct adv_gaussian_mixture mixture;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_gaussian_mixture_fit(rows, n, 1, &mixture, &error) == ADV_OK, "%s",
                  error.message);
    return mixture;
}

START_TEST(one_component_is_the_posterior_of_mean_and_covariance)
{
    enum { ROWS = 40, DIM = 3 };
    float x[ROWS * DIM];
    double mean[DIM] = {0}, prior = 0.5 * (DIM + 2);
    adv_rng_normal(3, ADV_STREAM_DATA, 0, ROWS, DIM, x);
    struct adv_mixture_rows rows = {.n = ROWS, .dim = DIM, .x = x};
    struct adv_gaussian_mixture m = fit(&rows, 1);
    for (size_t i = 0; i < ROWS * DIM; i++)
        mean[i % DIM] += (double)x[i] / ROWS;
    for (size_t a = 0; a < DIM; a++) {
        ck_assert_double_eq_tol(m.means[a], mean[a], 1e-12);
        for (size_t b = 0; b < DIM; b++) {
            double sum = 0;
            for (size_t i = 0; i < ROWS; i++)
                sum += ((double)x[i * DIM + a] - mean[a]) * ((double)x[i * DIM + b] - mean[b]);
            double centre = a == b ? sum / ROWS : sum / (ROWS + DIM);
            ck_assert_double_eq_tol(m.covariances[a * DIM + b],
                                    (sum + prior * centre) / (ROWS + prior), 1e-12);
        }
    }
    ck_assert_double_eq_tol(m.log_shares[0], 0, 1e-15);
    adv_gaussian_mixture_release(&m);
}
END_TEST

/* 0.3 N(-2, 0.5^2) + 0.7 N(1, 1), in every column */
static double true_log_density(double x)
{
    double left = (x + 2) / 0.5, right = x - 1, root = sqrt(2 * acos(-1.0));
    return log(0.3 / 0.5 * exp(-0.5 * left * left) / root + 0.7 * exp(-0.5 * right * right) / root);
}

static void draw_two(uint64_t seed, size_t n, float *x)
{
    float *u = malloc(n * sizeof *u);
    ck_assert_ptr_nonnull(u);
    adv_rng_normal(seed, ADV_STREAM_DATA, 0, n, 1, x);
    adv_rng_uniform(seed, ADV_STREAM_DATA_NOISE, 0, n, 1, u);
    for (size_t i = 0; i < n; i++)
        x[i] = u[i] < 0.3F ? -2 + 0.5F * x[i] : 1 + x[i];
    free(u);
}

/* The divergence of a maximum-likelihood fit of 5 parameters is some 5 / (2 rows) = 1.3e-4 nats. */
START_TEST(many_rows_give_the_density_they_came_from)
{
    enum { ROWS = 20000 };
    static float x[ROWS], fresh[ROWS];
    static double log_density[ROWS];
    double sum = 0;
    draw_two(5, ROWS, x);
    draw_two(6, ROWS, fresh);
    struct adv_gaussian_mixture m = fit(&(struct adv_mixture_rows){.n = ROWS, .dim = 1, .x = x}, 2);
    struct adv_mixture_rows points = {.n = ROWS, .dim = 1, .x = fresh};
    ck_assert_int_eq(adv_gaussian_mixture_log_density(&m, &points, log_density, NULL), ADV_OK);
    for (size_t i = 0; i < ROWS; i++)
        sum += true_log_density((double)fresh[i]) - log_density[i];
    ck_assert_double_eq_tol(sum / ROWS, 0, 5e-4);
    adv_gaussian_mixture_release(&m);
}
END_TEST

START_TEST(classes_share_components_in_shares_of_their_own)
{
    enum { ROWS = 4000 };
    static float x[ROWS];
    static int32_t labels[ROWS];
    adv_rng_normal(7, ADV_STREAM_DATA, 0, ROWS, 1, x);
    for (size_t i = 0; i < ROWS; i++) { /* class 0 lies at -5, class 1 in equal parts at -5 and 5 */
        labels[i] = i % 4 == 0 || i % 4 == 1;
        x[i] += i % 4 == 0 ? 5 : -5;
    }
    struct adv_mixture_rows rows = {.n = ROWS, .dim = 1, .x = x, .labels = labels, .classes = 2};
    struct adv_gaussian_mixture m = fit(&rows, 2);
    size_t right = m.means[1] > m.means[0];
    ck_assert_uint_eq(m.labels, 3);
    ck_assert_double_lt(m.log_shares[0 + right], log(0.001));
    ck_assert_double_eq_tol(m.log_shares[2 + right], log(0.5), 0.001);
    ck_assert_double_eq_tol(m.log_shares[4 + right], log(0.25), 0.001);
    adv_gaussian_mixture_release(&m);
}
END_TEST

START_TEST(as_many_components_are_chosen_as_held_out_rows_want)
{
    enum { ROWS = 2000 };
    static float x[ROWS], held_out[ROWS];
    struct adv_gaussian_mixture m;
    struct adv_mixture_rows rows = {.n = ROWS, .dim = 1, .x = x};
    struct adv_mixture_rows others = {.n = ROWS, .dim = 1, .x = held_out};
    draw_two(11, ROWS, x);
    draw_two(12, ROWS, held_out);
    ck_assert_int_eq(adv_gaussian_mixture_choose(&rows, &others, 8, 1, &m, NULL), ADV_OK);
    ck_assert_uint_ge(m.n, 2);
    adv_gaussian_mixture_release(&m);
    adv_rng_normal(13, ADV_STREAM_DATA, 0, 100, 1, x);
    adv_rng_normal(14, ADV_STREAM_DATA, 0, ROWS, 1, held_out);
    rows.n = 100;
    ck_assert_int_eq(adv_gaussian_mixture_choose(&rows, &others, 8, 1, &m, NULL), ADV_OK);
    ck_assert_uint_eq(m.n, 1);
    adv_gaussian_mixture_release(&m);
}
END_TEST

START_TEST(fewer_rows_than_dimensions_are_no_obstacle)
{
    enum { ROWS = 5, DIM = 9 };
    float x[ROWS * DIM];
    double log_density[ROWS];
    adv_rng_normal(17, ADV_STREAM_DATA, 0, ROWS, DIM, x);
    for (size_t i = 0; i < ROWS; i++)
        x[i * DIM] = 3; /* a constant column, too */
    struct adv_mixture_rows rows = {.n = ROWS, .dim = DIM, .x = x};
    struct adv_gaussian_mixture m = fit(&rows, 3);
    ck_assert_int_eq(adv_gaussian_mixture_log_density(&m, &rows, log_density, NULL), ADV_OK);
    for (size_t i = 0; i < ROWS; i++)
        ck_assert(isfinite(log_density[i]));
    adv_gaussian_mixture_release(&m);
    rows.n = 0;
    ck_assert_int_eq(adv_gaussian_mixture_fit(&rows, 1, 0, &m, NULL), ADV_E_INVALID);
}
END_TEST

START_TEST(axes_make_up_the_covariances)
{
    enum { ROWS = 50, DIM = 4 };
    float x[ROWS * DIM], components[2 * (DIM + 1) * DIM];
    adv_rng_normal(19, ADV_STREAM_DATA, 0, ROWS, DIM, x);
    struct adv_gaussian_mixture m =
        fit(&(struct adv_mixture_rows){.n = ROWS, .dim = DIM, .x = x}, 2);
    ck_assert_int_eq(adv_gaussian_mixture_axes(&m, components, NULL), ADV_OK);
    for (size_t k = 0; k < 2; k++) {
        const float *axes = components + k * (DIM + 1) * DIM;
        for (size_t i = 0; i < DIM * DIM; i++) {
            double sum = 0;
            for (size_t j = 0; j < DIM; j++)
                sum += (double)axes[j * DIM + i / DIM] * (double)axes[j * DIM + i % DIM];
            ck_assert_double_eq_tol(sum, m.covariances[k * DIM * DIM + i], 1e-6);
        }
        for (size_t i = 0; i < DIM; i++)
            ck_assert_double_eq_tol((double)axes[DIM * DIM + i], m.means[k * DIM + i], 1e-6);
    }
    adv_gaussian_mixture_release(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gaussian mixture");
    TCase *all = tcase_create("mixture");
    tcase_add_loop_test(all, the_inverse_factor_inverts, 0, 5);
    tcase_add_loop_test(all, eigenvectors_turn_and_values_stretch, 0, 5);
    tcase_add_test(all, one_component_is_the_posterior_of_mean_and_covariance);
    tcase_add_test(all, many_rows_give_the_density_they_came_from);
    tcase_add_test(all, classes_share_components_in_shares_of_their_own);
    tcase_add_test(all, as_many_components_are_chosen_as_held_out_rows_want);
    tcase_add_test(all, fewer_rows_than_dimensions_are_no_obstacle);
    tcase_add_test(all, axes_make_up_the_covariances);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
