/* The score of every path, and sampling with noise along it, against one Gaussian: x_1 ~ N(m, s^2),
 * of which x_t ~ N(alpha m, alpha^2 s^2 + sigma^2) and all conditional means are known. */
#include "core/flow/path.h"
#include "tests/support/suite.h"

#include <advect/extra/integrator.h>
#include <advect/extra/rng.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

static const double m = 0.7, s = 0.5;

/* The moments of x_t, and the velocity at x: of jointly Gaussian x_0, x_1 and x_t. */
static double velocity(const struct adv_path *path, double t, double x, double *mean,
                       double *variance)
{
    double alpha, sigma, d_alpha, d_sigma;
    path->coefficients(adv_path_clamp(path, t), &alpha, &sigma, &d_alpha, &d_sigma);
    *mean = alpha * m;
    *variance = alpha * alpha * s * s + sigma * sigma;
    double of_x1 = m + alpha * s * s / *variance * (x - *mean);
    double of_x0 = sigma / *variance * (x - *mean);
    return d_alpha * of_x1 + d_sigma * of_x0;
}

START_TEST(the_score_of_every_path_is_that_of_the_gaussian)
{
    for (const char *const *name = adv_path_names(); *name; name++) {
        const struct adv_path *path;
        ck_assert_int_eq(adv_path_find(*name, &path, NULL), ADV_OK);
        for (int i = 0; i < 20; i++) {
            float t = 0.05f * (float)i, x[3] = {-1, 0.2f, 2}, v[3], score[3];
            float times[3] = {t, t, t};
            double mean, variance;
            for (int k = 0; k < 3; k++)
                v[k] = (float)velocity(path, (double)t, (double)x[k], &mean, &variance);
            adv_path_score(path, 3, 1, times, x, v, score);
            for (int k = 0; k < 3; k++) {
                double truth = -((double)x[k] - mean) / variance;
                ck_assert_msg(fabs((double)score[k] - truth) <
                                  2e-5 * (1 + fabs(truth)) / (1.01 - t),
                              "%s at %g: %g, not %g", *name, (double)t, (double)score[k], truth);
            }
        }
    }
}
END_TEST

/* By the midpoint rule with 4000 parts, which is good for 1e-7. */
START_TEST(noise_is_the_integral_of_sigma_squared)
{
    for (const char *const *name = adv_path_names(); *name; name++) {
        const struct adv_path *path;
        ck_assert_int_eq(adv_path_find(*name, &path, NULL), ADV_OK);
        for (double t = 0; t < 0.95; t += 0.1) {
            double sum = 0, h = 0.02, alpha, sigma, d_alpha, d_sigma;
            for (int i = 0; i < 4000; i++) {
                path->coefficients(t + h * (i + 0.5) / 4000, &alpha, &sigma, &d_alpha, &d_sigma);
                sum += sigma * sigma * h / 4000;
            }
            ck_assert_double_eq_tol(adv_path_noise(path, t, h), sum, 1e-6 * h);
        }
    }
}
END_TEST

/* N rows by the solver sde to time t; their moments. */
static void sample(const struct adv_path *path, double level, double t, size_t n, double *mean,
                   double *variance, double *kept)
{
    float *start = calloc(n, sizeof *start), *x = calloc(n, sizeof *x), *v = calloc(n, sizeof *v);
    float *times = calloc(n, sizeof *times);
    size_t *rows = calloc(n, sizeof *rows), due;
    double ends[2] = {0, adv_path_clamp(path, t)}, a, b;
    struct adv_integration spec = {.n_rows = n,
                                   .dim = 1,
                                   .solver = {.steps = 50},
                                   .n_times = 2,
                                   .times = ends,
                                   .noise = {level, path, 9, 0}};
    struct adv_integrator *in = NULL;
    ck_assert_int_eq(adv_solver_find("sde", &spec.solver.solver, NULL), ADV_OK);
    adv_rng_normal(9, ADV_STREAM_BASE, 0, n, 1, start);
    ck_assert_int_eq(adv_integrator_new(&spec, start, &in, NULL), ADV_OK);
    while ((due = adv_integrator_take(in, n, x, times, rows)) > 0) {
        for (size_t i = 0; i < due; i++)
            v[i] = (float)velocity(path, (double)times[i], (double)x[i], &a, &b);
        adv_path_add_drift(path, level, due, 1, times, x, v);
        adv_integrator_give(in, due, rows, v, NULL);
    }
    ck_assert_int_eq(adv_integrator_check(in, 0, NULL), ADV_OK);
    const float *end = adv_integrator_state(in);
    *mean = *variance = *kept = 0;
    for (size_t i = 0; i < n; i++)
        *mean += (double)end[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        *variance += ((double)end[i] - *mean) * ((double)end[i] - *mean) / (double)n;
        *kept += ((double)end[i] - *mean) * (double)start[i] / (double)n;
    }
    *kept /= sqrt(*variance);
    adv_integrator_free(in);
    free(start);
    free(x);
    free(v);
    free(times);
    free(rows);
}

/* 10,000 rows tell a mean to 0.01 deviations and a variance to 1.4 %: four times that, and 1 % for
 * the steps. Without noise the end is a linear function of the start; with it, it forgets. */
START_TEST(noise_keeps_the_marginals)
{
    const double levels[] = {0, 1, 3}, times[] = {0.4, 0.8, 1};
    for (const char *const *name = adv_path_names(); *name; name++) {
        const struct adv_path *path;
        ck_assert_int_eq(adv_path_find(*name, &path, NULL), ADV_OK);
        for (int i = 0; i < 9; i++) {
            double level = levels[i / 3], t = times[i % 3], mean, variance, kept, m_t, v_t;
            sample(path, level, t, 10000, &mean, &variance, &kept);
            velocity(path, t, 0, &m_t, &v_t);
            ck_assert_msg(fabs(mean - m_t) < 0.05 * sqrt(v_t) && fabs(variance / v_t - 1) < 0.067,
                          "%s, noise %g, t %g: mean %g, not %g; variance %g, not %g", *name, level,
                          t, mean, m_t, variance, v_t);
            if (t == 1 && level == 0)
                ck_assert_double_gt(kept, 0.999);
            if (t == 1 && level == 3)
                ck_assert_double_lt(kept, 0.5);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("path score");
    TCase *tests = tcase_create("path score");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_score_of_every_path_is_that_of_the_gaussian);
    tcase_add_test(tests, noise_is_the_integral_of_sigma_squared);
    tcase_add_test(tests, noise_keeps_the_marginals);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
