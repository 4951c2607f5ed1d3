/* What single simulators draw, held against their likelihoods and against the equations of their
 * models, solved here another way.
 *
 * Statistical bounds are five standard errors; the seeds are fixed. */
#include <advect/extra/memory.h>

#include "core/data/simulators/binomial.h"
#include "core/data/simulators/ode.h"
#include "tests/core/data/densities.h"
#include "tests/core/data/simulations.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- likelihoods of the plane */

#define SIDE 12

/* The chance of every cell of a grid by the likelihood, in PARTS^2 points of each, against the
 * data's shares. What lies outside the grid is one more cell. */
#define PARTS 40

static void check_plane(const char *name, const float theta[2], double lo[2], double step)
{
    struct draws draws = draws_at(name, theta, 11, 200000);
    double shares[SIDE * SIDE + 1] = {0}, total = 0;
    size_t counts[SIDE * SIDE + 1] = {0};
    for (size_t i = 0; i < draws.n; i++) {
        double a = ((double)draws.x[2 * i] - lo[0]) / step;
        double b = ((double)draws.x[2 * i + 1] - lo[1]) / step;
        bool inside = a >= 0 && a < SIDE && b >= 0 && b < SIDE;
        counts[inside ? (size_t)a * SIDE + (size_t)b : SIDE * SIDE]++;
    }
    for (size_t i = 0; i < SIDE * PARTS; i++) {
        for (size_t j = 0; j < SIDE * PARTS; j++) {
            float x[2] = {(float)(lo[0] + step * ((double)i + 0.5) / PARTS),
                          (float)(lo[1] + step * ((double)j + 0.5) / PARTS)};
            double mass = exp(log_likelihood(name, theta, x)) * step * step / PARTS / PARTS;
            shares[i / PARTS * SIDE + j / PARTS] += mass;
            total += mass;
        }
    }
    shares[SIDE * SIDE] = 1 - total;
    ck_assert_msg(total > 0.9 && total < 1 + 1e-4, "%s: %g", name, total);
    size_t n_bins = 0; /* cells in which so few are expected that chi-square does not hold join */
    double few = 0;
    size_t n_few = 0;
    for (size_t i = 0; i <= SIDE * SIDE; i++) {
        if (shares[i] * (double)draws.n < 10) {
            few += shares[i];
            n_few += counts[i];
            continue;
        }
        shares[n_bins] = shares[i];
        counts[n_bins++] = counts[i];
    }
    shares[n_bins] = few;
    counts[n_bins++] = n_few;
    assert_shares(counts, shares, n_bins, draws.n);
    draws_release(&draws);
}

START_TEST(data_of_the_plane_have_the_density_that_is_said)
{
    float moons[2] = {0.4f, 0.2f}, wide[2] = {-3, 2};
    /* the crescent's centre: (1/4 - 0.6 / sqrt 2, -0.2 / sqrt 2) */
    check_plane("two_moons", moons, (double[2]){0.25 - 0.6 / sqrt(2) - 0.02, -0.2 / sqrt(2) - 0.15},
                0.025);
    check_plane("gaussian_mixture", wide, (double[2]){-3 - 3, 2 - 3}, 0.5);
}
END_TEST

/* ---------------------------------------------------------------- Gaussian data */

START_TEST(linear_data_are_theta_and_noise)
{
    static const char *const names[] = {"gaussian_linear", "gaussian_linear_uniform"};
    for (size_t c = 0; c < 2; c++) {
        struct draws draws = draws_of(names[c], 4, N_DRAWS);
        double *values = calloc(N_DRAWS, sizeof *values), sum = 0;
        for (size_t d = 0; d < 10; d++) {
            for (size_t i = 0; i < N_DRAWS; i++)
                values[i] = (double)draws.x[10 * i + d] - (double)draws.theta[10 * i + d];
            assert_mean(names[c], N_DRAWS, values, 0);
            sum += values[0] * values[0];
            for (size_t i = 0; i < N_DRAWS; i++)
                values[i] *= values[i];
            assert_mean(names[c], N_DRAWS, values, 0.1);
        }
        ck_assert_double_eq_tol(log_likelihood(names[c], draws.theta, draws.x),
                                -sum / 0.2 - 5 * log(2 * M_PI * 0.1), 1e-6);
        free(values);
        draws_release(&draws);
    }
}
END_TEST

/* By the inverse of the covariance, as the benchmark defines it. */
static double slcp_log_density(const float *theta, const float *x)
{
    double s1 = (double)theta[2] * (double)theta[2], s2 = (double)theta[3] * (double)theta[3];
    double rho = tanh((double)theta[4]), sum = 0;
    double c[2][2] = {{s1 * s1, rho * s1 * s2}, {rho * s1 * s2, s2 * s2}};
    double det = c[0][0] * c[1][1] - c[0][1] * c[1][0];
    for (int i = 0; i < 4; i++) {
        double a = (double)x[2 * i] - (double)theta[0], b = (double)x[2 * i + 1] - (double)theta[1];
        sum -= (c[1][1] * a * a - 2 * c[0][1] * a * b + c[0][0] * b * b) / det / 2 +
               log(2 * M_PI * sqrt(det));
    }
    return sum;
}

START_TEST(slcp_has_the_covariance_of_its_parameters)
{
    const float theta[5] = {0.7f, -2.9f, -1.2f, 0.9f, 0.6f};
    struct draws draws = draws_at("slcp", theta, 6, N_DRAWS);
    double *values = calloc(4 * N_DRAWS, sizeof *values);
    double s1 = (double)theta[2] * (double)theta[2], s2 = (double)theta[3] * (double)theta[3];
    double covariance[2][2] = {{s1 * s1, s1 * s2 * tanh((double)theta[4])}, {0, s2 * s2}};
    for (size_t a = 0; a < 2; a++) {
        for (size_t i = 0; i < 4 * N_DRAWS; i++)
            values[i] = (double)draws.x[2 * i + a];
        assert_mean("slcp", 4 * N_DRAWS, values, (double)theta[a]);
        for (size_t b = a; b < 2; b++) {
            for (size_t i = 0; i < 4 * N_DRAWS; i++)
                values[i] = ((double)draws.x[2 * i + a] - (double)theta[a]) *
                            ((double)draws.x[2 * i + b] - (double)theta[b]);
            assert_mean("slcp", 4 * N_DRAWS, values, covariance[a][b]);
        }
    }
    for (size_t i = 0; i < 100; i++)
        ck_assert_double_eq_tol(log_likelihood("slcp", theta, draws.x + 8 * i),
                                slcp_log_density(theta, draws.x + 8 * i), 1e-9);
    free(values);
    draws_release(&draws);
}
END_TEST

START_TEST(slcp_without_an_area_has_no_density)
{
    const float theta[5] = {0, 0, 0, 1, 0}, x[8] = {0};
    ck_assert(isinf(log_likelihood("slcp", theta, x)));
}
END_TEST

/* Without weights, a coin is tossed a hundred times. */
START_TEST(spikes_of_no_weights_are_tosses_of_a_coin)
{
    const float theta[10] = {-1};
    struct draws draws = draws_at("bernoulli_glm", theta, 7, N_DRAWS);
    double p = 1 / (1 + exp(1)), *values = calloc(N_DRAWS, sizeof *values);
    for (size_t i = 0; i < N_DRAWS; i++)
        values[i] = (double)draws.x[10 * i];
    assert_mean("spikes", N_DRAWS, values, 100 * p);
    for (size_t i = 0; i < N_DRAWS; i++)
        values[i] = (values[i] - 100 * p) * (values[i] - 100 * p);
    assert_mean("their variance", N_DRAWS, values, 100 * p * (1 - p));
    double k = (double)draws.x[0];
    ck_assert_double_eq_tol(log_likelihood("bernoulli_glm", theta, draws.x),
                            k * log(p) + (100 - k) * log(1 - p), 1e-9);
    free(values);
    draws_release(&draws);
}
END_TEST

/* ---------------------------------------------------------------- binomial numbers */

START_TEST(binomial_quantiles_invert_the_distribution)
{
    static const double p[] = {0, 1e-7, 0.001, 0.3, 0.5, 0.500001, 0.9, 0.999999, 1};
    for (size_t c = 0; c < ADV_COUNT(p); c++) {
        double below = 0;
        for (unsigned k = 0; k <= 1000; k++) {
            double here = exp(adv_binomial_log_probability(1000, p[c], k));
            if (here > 1e-9) {
                ck_assert_uint_eq(adv_binomial_quantile(1000, p[c], below + here / 2), k);
                ck_assert_uint_eq(adv_binomial_quantile(1000, p[c], below + here * 0.01), k);
                ck_assert_uint_eq(adv_binomial_quantile(1000, p[c], below + here * 0.99), k);
            }
            below += here;
        }
        ck_assert_double_eq_tol(below, 1, 1e-9);
        ck_assert_uint_le(adv_binomial_quantile(1000, p[c], 1 - 0x1p-48), 1000);
    }
    ck_assert(isinf(adv_binomial_log_probability(1000, 0.5, 3.5)));
    ck_assert(isinf(adv_binomial_log_probability(1000, 0.5, -1)));
    ck_assert(isinf(adv_binomial_log_probability(1000, 0, 1)));
}
END_TEST

/* ---------------------------------------------------------------- differential equations */

static void epidemic(const double *r, const double u[2], double d[2])
{
    d[0] = -r[0] * u[0] * u[1] / 1e6;
    d[1] = r[0] * u[0] * u[1] / 1e6 - r[1] * u[1];
}

static void prey_and_predators(const double *r, const double u[2], double d[2])
{
    d[0] = r[0] * u[0] - r[1] * u[0] * u[1];
    d[1] = -r[2] * u[1] + r[3] * u[0] * u[1];
}

/* The classical method of order 4 with steps too small to matter. */
static void move_finely(adv_ode_slope *slope, const double *r, double u[2], double span)
{
    const int n = 20000;
    double h = span / n, k[4][2], at[2];
    for (int i = 0; i < n; i++) {
        static const double part[] = {0, 0.5, 0.5, 1};
        for (int s = 0; s < 4; s++) {
            for (int d = 0; d < 2; d++)
                at[d] = u[d] + (s ? part[s] * h * k[s - 1][d] : 0);
            slope(r, at, k[s]);
        }
        for (int d = 0; d < 2; d++)
            u[d] += h / 6 * (k[0][d] + 2 * k[1][d] + 2 * k[2][d] + k[3][d]);
    }
}

struct model {
    adv_ode_slope *slope;
    double rates[4], start[2], span;
};

static const struct model models[] = {
    {epidemic, {0.4, 0.125}, {1e6 - 1, 1}, 17},
    {epidemic, {1.3, 0.07}, {1e6 - 1, 1}, 17},
    {prey_and_predators, {0.9, 0.05, 0.9, 0.05}, {30, 1}, 2.1},
    {prey_and_predators, {2.5, 0.02, 0.3, 0.09}, {30, 1}, 2.1},
};

START_TEST(equations_are_solved_to_many_digits)
{
    for (size_t m = 0; m < ADV_COUNT(models); m++) {
        const struct model *model = &models[m];
        struct adv_ode ode = {.slope = model->slope, .rates = model->rates};
        double fine[2];
        memcpy(ode.u, model->start, sizeof fine);
        memcpy(fine, model->start, sizeof fine);
        for (int i = 0; i < 9; i++) {
            ck_assert(adv_ode_advance(&ode, model->span));
            move_finely(model->slope, model->rates, fine, model->span);
            for (int d = 0; d < 2; d++)
                ck_assert_msg(fabs(ode.u[d] / fine[d] - 1) < 1e-6, "model %zu, time %d: %g and %g",
                              m, i, ode.u[d], fine[d]);
        }
    }
}
END_TEST

/* I + S - N gamma / beta log S of the epidemic, and delta x - gamma log x + beta y - alpha log y of
 * prey and predators do not change. */
static double invariant(const struct model *model, const double u[2])
{
    const double *r = model->rates;
    if (model->slope == epidemic)
        return (u[0] + u[1]) / 1e6 - r[1] / r[0] * log(u[0]);
    return r[3] * u[0] - r[2] * log(u[0]) + r[1] * u[1] - r[0] * log(u[1]);
}

START_TEST(what_the_equations_conserve_is_conserved)
{
    for (size_t m = 0; m < ADV_COUNT(models); m++) {
        struct adv_ode ode = {.slope = models[m].slope, .rates = models[m].rates};
        memcpy(ode.u, models[m].start, sizeof ode.u);
        double before = invariant(&models[m], ode.u);
        for (int i = 0; i < 20; i++) {
            ck_assert(adv_ode_advance(&ode, models[m].span));
            ck_assert_double_eq_tol(invariant(&models[m], ode.u), before, 1e-6);
        }
    }
}
END_TEST

static void explosion(const double *r, const double u[2], double d[2])
{
    (void)r;
    d[0] = u[0] * u[0];
    d[1] = 0;
}

START_TEST(what_has_no_end_is_said_to_have_none)
{
    struct adv_ode ode = {.slope = explosion, .u = {1, 1}};
    ck_assert(adv_ode_advance(&ode, 0.5));
    ck_assert_double_eq_tol(ode.u[0], 2, 1e-6);
    ck_assert(!adv_ode_advance(&ode, 1));
}
END_TEST

/* The ill are counted without bias, and the dead are not: S + I + R = N is what the model keeps. */
START_TEST(tests_find_the_share_of_the_ill)
{
    const float theta[2] = {0.5f, 0.1f};
    const double rates[2] = {(double)theta[0], (double)theta[1]};
    struct draws draws = draws_at("sir", theta, 8, N_DRAWS);
    double u[2] = {1e6 - 1, 1}, *values = calloc(N_DRAWS, sizeof *values);
    for (size_t d = 0; d < 10; d++) {
        if (d > 0)
            move_finely(epidemic, rates, u, 17);
        double p = u[1] / 1e6;
        for (size_t i = 0; i < N_DRAWS; i++)
            values[i] = (double)draws.x[10 * i + d];
        struct mean mean = mean_of(N_DRAWS, values);
        double error = sqrt(1000 * p * (1 - p) / (double)N_DRAWS);
        ck_assert_msg(fabs(mean.value - 1000 * p) <= 5 * error, "test %zu: %g, not %g", d,
                      mean.value, 1000 * p);
        ck_assert_msg(p < 1e-4 || fabs(mean.error / error - 1) < 0.05, "test %zu: %g, not %g", d,
                      mean.error, error);
    }
    free(values);
    draws_release(&draws);
}
END_TEST

START_TEST(counts_have_errors_of_a_tenth)
{
    const float theta[4] = {0.8f, 0.04f, 1.1f, 0.06f};
    double rates[4], u[2] = {30, 1}, *values = calloc(N_DRAWS, sizeof *values);
    struct draws draws = draws_at("lotka_volterra", theta, 8, N_DRAWS);
    for (int i = 0; i < 4; i++)
        rates[i] = (double)theta[i];
    for (size_t d = 0; d < 20; d++) {
        if (d % 10 > 0)
            move_finely(prey_and_predators, rates, u, 2.1);
        else
            memcpy(u, (double[2]){30, 1}, sizeof u);
        for (size_t i = 0; i < N_DRAWS; i++)
            values[i] = log((double)draws.x[20 * i + d]);
        assert_mean("log count", N_DRAWS, values, log(u[d / 10]));
        for (size_t i = 0; i < N_DRAWS; i++)
            values[i] = pow(values[i] - log(u[d / 10]), 2);
        assert_mean("its variance", N_DRAWS, values, 0.01);
    }
    free(values);
    draws_release(&draws);
}
END_TEST

/* ---------------------------------------------------------------- suite */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("simulator_data");
    TCase *data = tcase_create("data");
    TCase *equations = tcase_create("equations");
    tcase_add_test(data, data_of_the_plane_have_the_density_that_is_said);
    tcase_add_test(data, linear_data_are_theta_and_noise);
    tcase_add_test(data, slcp_has_the_covariance_of_its_parameters);
    tcase_add_test(data, slcp_without_an_area_has_no_density);
    tcase_add_test(data, spikes_of_no_weights_are_tosses_of_a_coin);
    tcase_add_test(data, binomial_quantiles_invert_the_distribution);
    tcase_add_test(equations, equations_are_solved_to_many_digits);
    tcase_add_test(equations, what_the_equations_conserve_is_conserved);
    tcase_add_test(equations, what_has_no_end_is_said_to_have_none);
    tcase_add_test(equations, tests_find_the_share_of_the_ill);
    tcase_add_test(equations, counts_have_errors_of_a_tenth);
    TCase *const cases[] = {data, equations};
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
