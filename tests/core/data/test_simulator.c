/* What holds of every simulator, and their priors. What single ones draw: test_simulator_data.c.
 *
 * Statistical bounds are five standard errors; the seeds are fixed. */
#include <advect/extra/memory.h>

#include "core/data/simulators/simulator.h"
#include "tests/core/data/simulations.h"
#include "tests/support/phrases.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 10
#define Z_MAX 6.67 /* beyond which the generator draws no normal */

/* ---------------------------------------------------------------- every simulator */

START_TEST(simulations_are_pure_functions_of_seed_and_index)
{
    const size_t n = 100, splits[] = {1, 31, 32, 50};
    for (const char *const *name = adv_simulator_names; *name; name++) {
        struct draws whole = draws_of(*name, 9, n), other = draws_of(*name, 10, n);
        struct draws split = draws_of(*name, 10, n);
        size_t bytes = n * whole.d * sizeof(float);
        ck_assert(memcmp(whole.x, other.x, bytes) != 0);
        for (size_t s = 0; s < ADV_COUNT(splits); s++) {
            size_t at = splits[s];
            adv_simulator_draw(split.simulator, 9, 0, at, split.theta, split.x);
            adv_simulator_draw(split.simulator, 9, at, n - at, split.theta + at * split.k,
                               split.x + at * split.d);
            ck_assert_msg(!memcmp(whole.x, split.x, bytes), "%s", *name);
            ck_assert_mem_eq(whole.theta, split.theta, n * whole.k * sizeof(float));
        }
        draws_release(&whole);
        draws_release(&other);
        draws_release(&split);
    }
}
END_TEST

/* What the room for one simulation and the names of columns are made for. */
START_TEST(no_simulator_is_larger_than_there_is_room_for)
{
    for (const char *const *name = adv_simulator_names; *name; name++) {
        const struct adv_simulator *s = adv_simulator_find(*name);
        ck_assert_uint_le(s->n_parameters, ADV_SIMULATOR_PARAMETERS_MAX);
        ck_assert_uint_le(s->n_data, ADV_SIMULATOR_DATA_MAX);
        ck_assert_uint_le(s->n_uniforms, ADV_SIMULATOR_UNIFORMS_MAX);
        ck_assert_uint_le(s->n_normals, ADV_SIMULATOR_NORMALS_MAX);
    }
}
END_TEST

START_TEST(rows_and_given_parameters_make_the_same_data)
{
    const size_t n = 70;
    for (const char *const *name = adv_simulator_names; *name; name++) {
        struct draws draws = draws_of(*name, 3, n);
        size_t width = draws.k + draws.d;
        float *rows = calloc(n * width, sizeof *rows);
        float *x = calloc(n * draws.d, sizeof *x);
        adv_simulator_rows(draws.simulator, 3, 0, n, rows);
        for (size_t i = 0; i < n; i++) {
            ck_assert_mem_eq(rows + i * width, draws.theta + i * draws.k, draws.k * sizeof *rows);
            ck_assert_mem_eq(rows + i * width + draws.k, draws.x + i * draws.d,
                             draws.d * sizeof *rows);
        }
        adv_simulator_simulate(draws.simulator, 3, 0, n, draws.theta, x);
        ck_assert_msg(!memcmp(x, draws.x, n * draws.d * sizeof *x), "%s", *name);
        free(rows);
        free(x);
        draws_release(&draws);
    }
}
END_TEST

START_TEST(simulators_are_explained_and_their_columns_named)
{
    size_t n = 0;
    for (const char *const *name = adv_simulator_names; *name; name++, n++) {
        const struct adv_simulator *simulator = simulator_of(*name);
        ck_assert_str_eq(adv_simulator_name(simulator), *name);
        phrase_check("simulator", *name, adv_simulator_help(simulator));
        ck_assert_uint_gt(strlen(adv_simulator_prior(simulator)), 10);
        size_t width = adv_simulator_parameters(simulator) + adv_simulator_data(simulator);
        for (size_t i = 0; i < width; i++) {
            ck_assert_uint_gt(strlen(adv_simulator_column(simulator, i)), 1);
            for (size_t j = 0; j < i; j++)
                ck_assert_str_ne(adv_simulator_column(simulator, i),
                                 adv_simulator_column(simulator, j));
        }
    }
    ck_assert_uint_eq(n, 8);
    ck_assert_ptr_null(adv_simulator_find("two_suns"));
    ck_assert_str_eq(adv_simulator_column(simulator_of("slcp"), 4), "theta5");
    ck_assert_str_eq(adv_simulator_column(simulator_of("slcp"), 5), "x1");
    ck_assert_str_eq(adv_simulator_column(simulator_of("sir"), 11), "ill_day_153");
}
END_TEST

START_TEST(parameters_lie_within_their_support)
{
    for (const char *const *name = adv_simulator_names; *name; name++) {
        struct draws draws = draws_of(*name, 1, N_DRAWS);
        double *log_density = calloc(N_DRAWS, sizeof *log_density), lo, hi;
        for (size_t i = 0; i < draws.n * draws.k; i++) {
            adv_simulator_support(draws.simulator, i % draws.k, &lo, &hi);
            ck_assert((double)draws.theta[i] > lo && (double)draws.theta[i] < hi);
        }
        for (size_t i = 0; i < draws.n * draws.d; i++)
            ck_assert(isfinite(draws.x[i]));
        adv_simulator_log_prior(draws.simulator, draws.n, draws.theta, log_density);
        for (size_t i = 0; i < draws.n; i++)
            ck_assert(isfinite(log_density[i]));
        adv_simulator_support(draws.simulator, 0, &lo, &hi);
        if (isfinite(lo)) {
            draws.theta[0] = (float)lo;
            ck_assert(isfinite(hi) != (bool)isinf(log_prior(*name, draws.theta)));
            draws.theta[0] = nextafterf((float)lo, -INFINITY);
            ck_assert(isinf(log_prior(*name, draws.theta)));
        }
        if (isfinite(hi)) {
            draws.theta[0] = (float)hi;
            ck_assert(isfinite(log_prior(*name, draws.theta)));
            draws.theta[0] = nextafterf((float)hi, INFINITY);
            ck_assert(isinf(log_prior(*name, draws.theta)));
        }
        draws.theta[0] = NAN;
        ck_assert(isinf(log_prior(*name, draws.theta)));
        free(log_density);
        draws_release(&draws);
    }
}
END_TEST

/* What the generator can draw at most, in every direction of theta. */
START_TEST(no_parameters_of_the_prior_break_the_equations)
{
    static const double sir_mean[] = {-0.91629, -2.07944}, sir_deviation[] = {0.5, 0.2};
    static const double lv_mean[] = {-0.125, -3, -0.125, -3};
    float theta[4], x[20];
    for (unsigned corner = 0; corner < 16; corner++) {
        for (int i = 0; i < 4; i++)
            theta[i] = (float)exp(lv_mean[i] + (corner >> i & 1 ? Z_MAX : -Z_MAX) * 0.5);
        adv_simulator_simulate(simulator_of("lotka_volterra"), 1, corner, 1, theta, x);
        for (int i = 0; i < 20; i++)
            ck_assert_msg(isfinite(x[i]) && x[i] > 0, "lotka_volterra %u: %g", corner,
                          (double)x[i]);
        for (int i = 0; i < 2; i++)
            theta[i] =
                (float)exp(sir_mean[i] + (corner >> i & 1 ? Z_MAX : -Z_MAX) * sir_deviation[i]);
        adv_simulator_simulate(simulator_of("sir"), 1, corner, 1, theta, x);
        for (int i = 0; i < 10; i++)
            ck_assert_msg(x[i] >= 0 && x[i] <= 1000, "sir %u: %g", corner, (double)x[i]);
    }
}
END_TEST

/* The mean of p(x | theta') / p(x | theta) over x from p(x | theta) is 1 where both densities have
 * the same support, as those of all but two_moons have: it would not be if a likelihood were of
 * other data than the simulator's. theta' is so near that the ratio has a small variance, and so far
 * that it has one. */
START_TEST(likelihoods_are_of_the_data_that_are_drawn)
{
    static const struct {
        const char *name;
        float theta[PARAMETERS_MAX], step;
    } cases[] = {
        {"gaussian_mixture", {4, -2}, 0.05f},
        {"gaussian_linear", {0.1f, -0.2f, 0, 0.3f}, 0.1f},
        {"gaussian_linear_uniform", {0.1f, -0.2f, 0, 0.3f}, 0.1f},
        {"slcp", {0.7f, -2.9f, -1, -0.9f, 0.6f}, 0.04f},
        {"bernoulli_glm", {0.3f, 0.5f, 1, -0.5f, 0.2f, 0, 0.1f, 0.4f, -0.3f, -0.1f}, 0.06f},
        {"sir", {0.4f, 0.125f}, 0.0015f},
        {"lotka_volterra", {0.9f, 0.05f, 0.9f, 0.05f}, 0.0002f},
    };
    for (size_t c = 0; c < ADV_COUNT(cases); c++) {
        struct draws draws = draws_at(cases[c].name, cases[c].theta, 5, N_DRAWS);
        for (size_t p = 0; p < draws.k; p++) {
            double *here = calloc(draws.n, sizeof *here), *there = calloc(draws.n, sizeof *there);
            adv_simulator_log_likelihood(draws.simulator, draws.n, draws.theta, draws.x, here);
            for (size_t i = 0; i < draws.n; i++)
                draws.theta[i * draws.k + p] += cases[c].step;
            adv_simulator_log_likelihood(draws.simulator, draws.n, draws.theta, draws.x, there);
            for (size_t i = 0; i < draws.n; i++) {
                draws.theta[i * draws.k + p] = cases[c].theta[p];
                there[i] = exp(there[i] - here[i]);
            }
            struct mean mean = mean_of(draws.n, there);
            ck_assert_msg(fabs(mean.value - 1) <= 5 * mean.error && mean.error < 0.05 &&
                              mean.error > 1e-4,
                          "%s, parameter %zu: %g +- %g", cases[c].name, p, mean.value, mean.error);
            free(here);
            free(there);
        }
        draws_release(&draws);
    }
}
END_TEST

/* ---------------------------------------------------------------- priors */

START_TEST(uniform_and_normal_priors_have_their_densities)
{
    float theta[10] = {0.5f, -0.25f, 0.125f, 0.9f, -0.9f};
    double squares = 0;
    for (int i = 0; i < 10; i++)
        squares += (double)theta[i] * (double)theta[i];
    ck_assert_double_eq_tol(log_prior("two_moons", theta), -2 * log(2), 1e-12);
    ck_assert_double_eq_tol(log_prior("gaussian_mixture", theta), -2 * log(20), 1e-12);
    ck_assert_double_eq_tol(log_prior("slcp", theta), -5 * log(6), 1e-12);
    ck_assert_double_eq_tol(log_prior("gaussian_linear_uniform", theta), -10 * log(2), 1e-12);
    ck_assert_double_eq_tol(log_prior("gaussian_linear", theta),
                            -squares / 0.2 - 5 * log(2 * M_PI * 0.1), 1e-12);
}
END_TEST

/* The integral of exp(log prior) over each of two parameters, in the logarithm. */
START_TEST(log_normal_priors_integrate_to_one)
{
    double sum = 0, beta = 0, gamma = 0, h = 0.02;
    for (double a = -5; a < 3; a += h) {
        for (double b = -4; b < 0; b += h) {
            float theta[2] = {(float)exp(a), (float)exp(b)};
            double mass = exp(log_prior("sir", theta) + a + b) * h * h;
            sum += mass;
            beta += mass * a;
            gamma += mass * b;
        }
    }
    ck_assert_double_eq_tol(sum, 1, 1e-4);
    ck_assert_double_eq_tol(beta, log(0.4), 1e-3);
    ck_assert_double_eq_tol(gamma, log(0.125), 1e-3);
}
END_TEST

/* The precision of the model's definition: 1/2 for the offset, F'F with F = D D + diag(sqrt(i / 9))
 * for the weights, D the matrix of first differences. */
static void make_precision(double p[10][10])
{
    double d[9][9] = {{0}}, f[9][9] = {{0}};
    memset(p, 0, 100 * sizeof(double));
    for (int i = 0; i < 9; i++) {
        d[i][i] = 1;
        if (i > 0)
            d[i][i - 1] = -1;
    }
    for (int i = 0; i < 9; i++) {
        for (int j = 0; j < 9; j++) {
            for (int k = 0; k < 9; k++)
                f[i][j] += d[i][k] * d[k][j];
        }
        f[i][i] += sqrt(i / 9.0);
    }
    p[0][0] = 0.5;
    for (int i = 0; i < 9; i++) {
        for (int j = 0; j < 9; j++) {
            for (int k = 0; k < 9; k++)
                p[1 + i][1 + j] += f[k][i] * f[k][j];
        }
    }
}

/* P = L L' in place of the lower triangle. */
static void factorise(double p[10][10])
{
    for (int j = 0; j < 10; j++) {
        for (int k = 0; k < j; k++) {
            for (int i = j; i < 10; i++)
                p[i][j] -= p[i][k] * p[j][k];
        }
        for (int i = 9; i >= j; i--)
            p[i][j] /= sqrt(p[j][j]);
    }
}

/* L' theta: white where theta has the precision L L'. */
static void whiten(double l[10][10], const float *theta, double z[10])
{
    for (int j = 0; j < 10; j++) {
        z[j] = 0;
        for (int i = j; i < 10; i++)
            z[j] += l[i][j] * (double)theta[i];
    }
}

START_TEST(the_smooth_prior_has_the_precision_of_its_definition)
{
    double l[10][10], z[10], log_det = 0;
    struct draws draws = draws_of("bernoulli_glm", 2, N_DRAWS);
    double *products = calloc(55 * N_DRAWS, sizeof *products);
    make_precision(l);
    factorise(l);
    for (int i = 0; i < 10; i++)
        log_det += log(l[i][i]);
    for (size_t n = 0; n < N_DRAWS; n++) {
        whiten(l, draws.theta + n * 10, z);
        double squares = 0;
        for (size_t i = 0, at = n; i < 10; i++) {
            squares += z[i] * z[i];
            for (size_t j = 0; j <= i; j++, at += N_DRAWS)
                products[at] = z[i] * z[j];
        }
        if (n < 100)
            ck_assert_double_eq_tol(log_prior("bernoulli_glm", draws.theta + n * 10),
                                    log_det - squares / 2 - 5 * log(2 * M_PI), 1e-9);
    }
    for (size_t i = 0, pair = 0; i < 10; i++) {
        for (size_t j = 0; j <= i; j++, pair++)
            assert_mean("product", N_DRAWS, products + pair * N_DRAWS, i == j);
    }
    free(products);
    draws_release(&draws);
}
END_TEST

/* ---------------------------------------------------------------- suite */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("simulator");
    TCase *every = tcase_create("every simulator");
    TCase *priors = tcase_create("priors");
    tcase_add_test(every, simulations_are_pure_functions_of_seed_and_index);
    tcase_add_test(every, no_simulator_is_larger_than_there_is_room_for);
    tcase_add_test(every, rows_and_given_parameters_make_the_same_data);
    tcase_add_test(every, simulators_are_explained_and_their_columns_named);
    tcase_add_test(every, parameters_lie_within_their_support);
    tcase_add_test(every, no_parameters_of_the_prior_break_the_equations);
    tcase_add_test(every, likelihoods_are_of_the_data_that_are_drawn);
    tcase_add_test(priors, uniform_and_normal_priors_have_their_densities);
    tcase_add_test(priors, log_normal_priors_integrate_to_one);
    tcase_add_test(priors, the_smooth_prior_has_the_precision_of_its_definition);
    TCase *const cases[] = {every, priors};
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        tcase_set_timeout(cases[i], 120); /* under sanitizers, on a busy machine */
        suite_add_tcase(suite, cases[i]);
    }
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
