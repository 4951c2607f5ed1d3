/* Paths, solvers and the integrator, against closed forms.
 *
 * A Gaussian target N(m, s^2) has, under any path, x_t ~ N(alpha m, q) with
 * q = sigma^2 + alpha^2 s^2, the velocity
 *     v = alpha' m + (alpha' alpha s^2 + sigma' sigma) / q (x - alpha m)
 * and the divergence D (alpha' alpha s^2 + sigma' sigma) / q. */
#include "core/flow/path.h"
#include "core/flow/solver.h"

#include <advect/extra/integrator.h>
#include <advect/extra/memory.h>
#include <advect/extra/rng.h>

#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIM 2

static const double mean[DIM] = {1.5, -0.75};
static const double deviation = 0.5;

struct gaussian_flow {
    const struct adv_path *path;
};

static void gaussian_velocity(const struct gaussian_flow *flow, const float *x, double t, float *v,
                              float *divergence)
{
    double alpha, sigma, d_alpha, d_sigma;
    flow->path->coefficients(t, &alpha, &sigma, &d_alpha, &d_sigma);
    double q = sigma * sigma + alpha * alpha * deviation * deviation;
    double slope = (d_alpha * alpha * deviation * deviation + d_sigma * sigma) / q;
    for (int i = 0; i < DIM; i++)
        v[i] = (float)(d_alpha * mean[i] + slope * ((double)x[i] - alpha * mean[i]));
    *divergence = (float)(DIM * slope);
}

static double log_normal(const double *x, const double *m, double s)
{
    double sum = 0;
    for (int i = 0; i < DIM; i++)
        sum += (x[i] - m[i]) / s * ((x[i] - m[i]) / s);
    return -0.5 * sum - DIM * log(s) - DIM * 0.5 * log(2 * M_PI);
}

static struct adv_solver_spec spec_of(const char *name, int64_t steps, double tolerance)
{
    struct adv_solver_spec spec = {
        .steps = steps, .rtol = tolerance, .atol = tolerance, .max_nfe = 100000};
    ck_assert_int_eq(adv_solver_find(name, &spec.solver, NULL), ADV_OK);
    return spec;
}

/* Drives to the end, `capacity` rows at a time. */
static void drive(struct adv_integrator *integrator, const struct gaussian_flow *flow,
                  size_t capacity)
{
    float *x = calloc(capacity, sizeof *x * DIM), *v = calloc(capacity, sizeof *v * DIM);
    float *t = calloc(capacity, sizeof *t), *divergence = calloc(capacity, sizeof *divergence);
    size_t *rows = calloc(capacity, sizeof *rows), n;
    while ((n = adv_integrator_take(integrator, capacity, x, t, rows)) > 0) {
        for (size_t i = 0; i < n; i++)
            gaussian_velocity(flow, x + i * DIM, (double)t[i], v + i * DIM, divergence + i);
        adv_integrator_give(integrator, n, rows, v, divergence);
    }
    ck_assert(adv_integrator_done(integrator));
    free(x);
    free(v);
    free(t);
    free(divergence);
    free(rows);
}

static struct adv_integrator *integrate(const char *path, struct adv_solver_spec solver, size_t n,
                                        const float *x, size_t n_times, const double *times,
                                        bool keep_frames, size_t capacity)
{
    struct gaussian_flow flow;
    ck_assert_int_eq(adv_path_find(path, &flow.path, NULL), ADV_OK);
    struct adv_integration integration = {.n_rows = n,
                                          .dim = DIM,
                                          .n_accumulators = 1,
                                          .solver = solver,
                                          .n_times = n_times,
                                          .times = times,
                                          .keep_frames = keep_frames};
    struct adv_integrator *integrator = NULL;
    ck_assert_int_eq(adv_integrator_new(&integration, x, &integrator, NULL), ADV_OK);
    drive(integrator, &flow, capacity);
    ck_assert_int_eq(adv_integrator_check(integrator, 0, NULL), ADV_OK);
    return integrator;
}

/* Error of the flow map under the cosine path, exactly x_0 -> m + s x_0. (Under CondOT this flow's
 * symmetry lends midpoint an order that it does not have.) */
static double map_error(const char *solver, int64_t steps)
{
    const float x0[DIM] = {0.9f, -1.3f};
    struct adv_integrator *integrator =
        integrate("cosine", spec_of(solver, steps, 0), 1, x0, 2, (double[]){0, 1}, false, 1);
    const float *x = adv_integrator_state(integrator);
    double error = 0;
    for (int i = 0; i < DIM; i++)
        error = fmax(error, fabs((double)x[i] - (mean[i] + deviation * (double)x0[i])));
    adv_integrator_free(integrator);
    return error;
}

START_TEST(fixed_solvers_have_their_order)
{
    /* steps small enough that the error stays far above float's rounding */
    static const struct {
        const char *name;
        int order;
        int64_t coarse;
    } cases[] = {{"euler", 1, 64}, {"midpoint", 2, 32}, {"heun", 2, 32}, {"rk4", 4, 4}};
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        double slope = log2(map_error(cases[i].name, cases[i].coarse) /
                            map_error(cases[i].name, 2 * cases[i].coarse));
        ck_assert_msg(fabs(slope - cases[i].order) < 0.6, "%s: slope %.2f, order %d", cases[i].name,
                      slope, cases[i].order);
    }
}
END_TEST

START_TEST(tableaux_are_consistent)
{
    for (const char *const *name = adv_solver_names(); *name; name++) {
        const struct adv_solver *s;
        ck_assert_int_eq(adv_solver_find(*name, &s, NULL), ADV_OK);
        double sum_b = 0, sum_e = 0, sum_bc = 0;
        for (int i = 0; i < s->stages; i++) {
            double sum_a = 0;
            for (int j = 0; j < i; j++)
                sum_a += s->a[i][j];
            ck_assert_double_eq_tol(sum_a, s->c[i], 1e-14);
            sum_b += s->b[i];
            sum_e += s->e[i];
            sum_bc += s->b[i] * s->c[i];
        }
        ck_assert_double_eq_tol(sum_b, 1, 1e-14);
        ck_assert_double_eq_tol(sum_e, 0, 1e-14);
        if (s->order >= 2)
            ck_assert_double_eq_tol(sum_bc, 0.5, 1e-14);
    }
}
END_TEST

/* Encoding a point through any path gives the Gaussian's log-density. */
START_TEST(log_density_is_the_gaussians)
{
    static const char *const paths[] = {"condot", "cosine"};
    enum { N = 7 };
    float points[N * DIM];
    adv_rng_normal(3, ADV_STREAM_DATA, 0, N, DIM, points);
    for (size_t p = 0; p < 2; p++) {
        struct adv_integrator *integrator = integrate(paths[p], spec_of("dopri5", 0, 1e-6), N,
                                                      points, 2, (double[]){1, 0}, false, 3);
        const float *x0 = adv_integrator_state(integrator);
        const double *integral = adv_integrator_accumulators(integrator);
        for (size_t i = 0; i < N; i++) {
            double x[DIM], base[DIM];
            for (int k = 0; k < DIM; k++) {
                x[k] = (double)points[i * DIM + (size_t)k];
                base[k] = (double)x0[i * DIM + (size_t)k];
                ck_assert_double_eq_tol(base[k], (x[k] - mean[k]) / deviation, 2e-5);
            }
            double log_p = log_normal(base, (double[DIM]){0}, 1) + integral[i];
            ck_assert_double_eq_tol(log_p, log_normal(x, mean, deviation), 1e-4);
        }
        adv_integrator_free(integrator);
    }
}
END_TEST

/* The variance-preserving path starts at alpha(0) = 0.0066 instead of 0: its map has that error. */
START_TEST(variance_preserving_path_maps_base_to_target)
{
    const float x0[DIM] = {0.4f, 1.1f};
    const struct adv_path *path;
    ck_assert_int_eq(adv_path_find("vp", &path, NULL), ADV_OK);
    struct adv_integrator *integrator =
        integrate("vp", spec_of("dopri5", 0, 1e-6), 1, x0, 2, (double[]){0, path->t_end}, false, 1);
    const float *x = adv_integrator_state(integrator);
    for (int i = 0; i < DIM; i++)
        ck_assert_double_eq_tol((double)x[i], mean[i] + deviation * (double)x0[i], 0.02);
    adv_integrator_free(integrator);
}
END_TEST

START_TEST(paths_join_their_ends_and_targets_are_their_slopes)
{
    for (const char *const *name = adv_path_names(); *name; name++) {
        const struct adv_path *path;
        ck_assert_int_eq(adv_path_find(*name, &path, NULL), ADV_OK);
        double a, s, da, ds, a2, s2, unused;
        path->coefficients(0, &a, &s, &da, &ds);
        ck_assert_double_eq_tol(a, 0, 0.01);
        ck_assert_double_eq_tol(s, 1, 1e-4);
        path->coefficients(path->t_end, &a, &s, &da, &ds);
        ck_assert_double_eq_tol(a, 1, 1e-4);
        ck_assert_double_eq_tol(s, 0, 0.01);
        ck_assert_double_eq(adv_path_clamp(path, 1.5), path->t_end);
        ck_assert_double_eq(adv_path_clamp(path, 0.25), 0.25); /* cut, where scaling stretches */
        ck_assert_float_eq(adv_path_scale(path, 1), (float)path->t_end);
        ck_assert_float_eq(adv_path_scale(path, 0), 0);
        for (double t = 0.05; t < 0.96; t += 0.1) {
            const double h = 1e-6;
            path->coefficients(t, &a, &s, &da, &ds);
            path->coefficients(t + h, &a2, &s2, &unused, &unused);
            double a1, s1;
            path->coefficients(t - h, &a1, &s1, &unused, &unused);
            ck_assert_double_eq_tol((a2 - a1) / (2 * h), da, 1e-6);
            ck_assert_double_eq_tol((s2 - s1) / (2 * h), ds, 1e-6);
        }
    }
}
END_TEST

START_TEST(interpolation_is_the_path)
{
    const struct adv_path *path;
    ck_assert_int_eq(adv_path_find("cosine", &path, NULL), ADV_OK);
    const float t[2] = {0.25f, 1}, x0[4] = {1, 2, 3, 4}, x1[4] = {-1, 5, 7, 9};
    float x_t[4], target[4];
    adv_path_interpolate(path, 2, 2, t, x0, x1, x_t, target);
    double c = cos(M_PI / 8), s = sin(M_PI / 8);
    ck_assert_double_eq_tol((double)x_t[0], -s + c, 1e-6);
    ck_assert_double_eq_tol((double)x_t[1], 5 * s + 2 * c, 1e-6);
    ck_assert_double_eq_tol((double)target[1], M_PI_2 * (5 * c - 2 * s), 1e-5);
    ck_assert_double_eq_tol((double)x_t[3], 9, 1e-6);
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_path_find("cosin", &path, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "path");
}
END_TEST

/* Every row's bytes are the same alone and in a batch, whatever the order of service. */
START_TEST(rows_do_not_see_each_other)
{
    enum { N = 33 };
    float x0[N * DIM];
    adv_rng_normal(5, ADV_STREAM_BASE, 0, N, DIM, x0);
    const double times[] = {0, 0.3, 0.31, 1};
    for (int adaptive = 0; adaptive < 2; adaptive++) {
        struct adv_solver_spec solver =
            adaptive ? spec_of("dopri5", 0, 1e-4) : spec_of("heun", 10, 0);
        struct adv_integrator *all = integrate("condot", solver, N, x0, 4, times, true, N);
        struct adv_integrator *few = integrate("condot", solver, N, x0, 4, times, true, 5);
        for (size_t i = 0; i < N; i++) {
            struct adv_integrator *one =
                integrate("condot", solver, 1, x0 + i * DIM, 4, times, true, 1);
            for (size_t f = 0; f < 4; f++) {
                const float *row = adv_integrator_frame(all, f) + i * DIM;
                ck_assert_mem_eq(row, adv_integrator_frame(few, f) + i * DIM, DIM * sizeof *row);
                ck_assert_mem_eq(row, adv_integrator_frame(one, f), DIM * sizeof *row);
            }
            ck_assert_double_eq(adv_integrator_accumulators(all)[i],
                                adv_integrator_accumulators(one)[0]);
            adv_integrator_free(one);
        }
        adv_integrator_free(all);
        adv_integrator_free(few);
    }
}
END_TEST

START_TEST(frames_lie_on_the_exact_trajectory)
{
    const float x0[DIM] = {-0.6f, 0.8f};
    const double times[] = {0, 0.2, 0.5, 0.75, 1};
    struct adv_integrator *integrator =
        integrate("condot", spec_of("dopri5", 0, 1e-6), 1, x0, 5, times, true, 1);
    ck_assert_uint_eq(adv_integrator_frames_ready(integrator), 5);
    for (size_t f = 0; f < 5; f++) {
        double t = times[f], scale = sqrt((1 - t) * (1 - t) + t * t * deviation * deviation);
        for (size_t i = 0; i < DIM; i++)
            ck_assert_double_eq_tol((double)adv_integrator_frame(integrator, f)[i],
                                    t * mean[i] + scale * (double)x0[i], 1e-5);
    }
    adv_integrator_free(integrator);
}
END_TEST

START_TEST(tolerance_governs_error_and_work)
{
    const float x0[DIM] = {1.7f, -2.1f};
    double previous_error = 1;
    int64_t previous_nfe = 0;
    for (double tolerance = 1e-2; tolerance > 5e-6; tolerance /= 10) {
        struct adv_integrator *integrator = integrate("cosine", spec_of("dopri5", 0, tolerance), 1,
                                                      x0, 2, (double[]){0, 1}, false, 1);
        const float *x = adv_integrator_state(integrator);
        double error = 0;
        for (int i = 0; i < DIM; i++)
            error = fmax(error, fabs((double)x[i] - (mean[i] + deviation * (double)x0[i])));
        ck_assert_double_lt(error, 20 * tolerance);
        ck_assert_double_le(error, previous_error);
        ck_assert_int_ge(adv_integrator_nfe(integrator), previous_nfe);
        previous_error = fmax(error, 1e-6);
        previous_nfe = adv_integrator_nfe(integrator);
        adv_integrator_free(integrator);
    }
}
END_TEST

/* Feeds `bad` at the third evaluation and expects the report to hold `words`. */
static void expect_failure(struct adv_solver_spec solver, float bad, const char *words)
{
    struct adv_integration integration = {
        .n_rows = 2, .dim = 1, .solver = solver, .n_times = 2, .times = (double[]){0, 1}};
    struct adv_integrator *integrator = NULL;
    ck_assert_int_eq(adv_integrator_new(&integration, (float[]){0, 0}, &integrator, NULL), ADV_OK);
    size_t rows[2], n, calls = 0;
    float x[2], t[2];
    while ((n = adv_integrator_take(integrator, 2, x, t, rows)) > 0) {
        float v[2];
        for (size_t i = 0; i < n; i++)
            v[i] = rows[i] == 1 && calls >= 2 ? bad * (float)(1 + calls % 3) : 1;
        adv_integrator_give(integrator, n, rows, v, NULL);
        ck_assert_uint_lt(++calls, 100000);
    }
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert(adv_integrator_done(integrator));
    ck_assert_int_eq(adv_integrator_check(integrator, 10, &error), ADV_E_NUMERIC);
    ck_assert_msg(strstr(error.message, "row 11") && strstr(error.message, words), "%s",
                  error.message);
    adv_integrator_free(integrator);
}

START_TEST(rows_that_cannot_go_on_are_named)
{
    expect_failure(spec_of("rk4", 20, 0), NAN, "not finite");
    expect_failure(spec_of("dopri5", 0, 1e-5), INFINITY, "not finite");
    expect_failure(spec_of("dopri5", 0, 1e-6), 1e9f, "step size vanished");
    struct adv_solver_spec few = spec_of("dopri5", 0, 1e-5);
    few.max_nfe = 200;
    expect_failure(few, 1e3f, "limit of velocity evaluations");
}
END_TEST

/* A steady velocity, which is finite, takes the state beyond float32: at the very end of a step too,
 * and where steps are judged by how far they may be off. */
START_TEST(states_that_overflow_fail)
{
    const struct adv_solver_spec solvers[] = {spec_of("euler", 1, 0), spec_of("rk4", 3, 0),
                                              spec_of("dopri5", 0, 1e-5)};
    for (size_t i = 0; i < sizeof solvers / sizeof *solvers; i++) {
        struct adv_integration integration = {
            .n_rows = 1, .dim = 2, .solver = solvers[i], .n_times = 2, .times = (double[]){0, 1}};
        struct adv_integrator *integrator = NULL;
        struct adv_error error = ADV_ERROR_INIT;
        size_t row;
        float x[2], t;
        ck_assert_int_eq(adv_integrator_new(&integration, (float[]){1e38f, 0}, &integrator, NULL),
                         ADV_OK);
        while (adv_integrator_take(integrator, 1, x, &t, &row) > 0)
            adv_integrator_give(integrator, 1, &row, (float[]){3e38f, 0}, NULL);
        ck_assert_int_eq(adv_integrator_check(integrator, 0, &error), ADV_E_NUMERIC);
        ck_assert_msg(strstr(error.message, "too large for single precision") != NULL, "%s",
                      error.message);
        adv_integrator_free(integrator);
    }
}
END_TEST

/* As for the density of the base, which asks for a first velocity all the same. */
START_TEST(progress_on_no_way_at_all_is_a_share)
{
    struct adv_integration integration = {.n_rows = 1,
                                          .dim = 1,
                                          .solver = spec_of("dopri5", 0, 1e-5),
                                          .n_times = 2,
                                          .times = (double[]){0, 0}};
    struct adv_integrator *integrator = NULL;
    ck_assert_int_eq(adv_integrator_new(&integration, (float[]){0}, &integrator, NULL), ADV_OK);
    size_t row;
    float x, t, v = 1;
    for (size_t n = 1; n > 0; adv_integrator_give(integrator, n, &row, &v, NULL)) {
        double progress = adv_integrator_progress(integrator);
        ck_assert(progress >= 0 && progress <= 1);
        n = adv_integrator_take(integrator, 1, &x, &t, &row);
    }
    ck_assert(adv_integrator_done(integrator));
    adv_integrator_free(integrator);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flow");
    TCase *tests = tcase_create("flow");
    tcase_add_test(tests, fixed_solvers_have_their_order);
    tcase_add_test(tests, tableaux_are_consistent);
    tcase_add_test(tests, log_density_is_the_gaussians);
    tcase_add_test(tests, variance_preserving_path_maps_base_to_target);
    tcase_add_test(tests, paths_join_their_ends_and_targets_are_their_slopes);
    tcase_add_test(tests, interpolation_is_the_path);
    tcase_add_test(tests, rows_do_not_see_each_other);
    tcase_add_test(tests, frames_lie_on_the_exact_trajectory);
    tcase_add_test(tests, tolerance_governs_error_and_work);
    tcase_add_test(tests, rows_that_cannot_go_on_are_named);
    tcase_add_test(tests, states_that_overflow_fail);
    tcase_add_test(tests, progress_on_no_way_at_all_is_a_share);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
