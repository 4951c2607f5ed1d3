/* Networks of kind "empirical" against what is known of them: the formula of a finite target, the
 * mixture of Gaussians that they flow to, and a network that learned a density. */
#include <advect/extra/all.h>

#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5 };
static const float samples[N][2] = {{-1, 0.5F}, {2, 1}, {0.5F, -1.5F}, {2.5F, 1.2F}, {-2, -2}};

static struct adv_model *model_of_samples(size_t n, const float *points, double bandwidth)
{
    json_t *config = json_pack("{s:s, s:{s:s, s:i, s:i, s:f}}", "name", "exact", "net", "kind",
                               "empirical", "dim", 2, "samples", (int)n, "bandwidth", bandwidth);
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    ck_assert_msg(adv_model_new_json(config, points, NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    json_decref(config);
    return model;
}

static struct adv_run *ask(struct adv_model *model, const struct adv_query *query,
                           const struct adv_answer **answer)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    ck_assert_msg(adv_run_new(model, query, &run, &error) == ADV_OK, "%s", error.message);
    ck_assert_msg(adv_run_all(run, NULL, answer, &error) == ADV_OK, "%s", error.message);
    return run;
}

/* Points of the plane at a time, the same for the same seed. */
static void draw_points(size_t n, uint64_t seed, float *points)
{
    adv_rng_normal(seed, ADV_STREAM_BASE, 0, n, 2, points);
    for (size_t i = 0; i < 2 * n; i++)
        points[i] *= 1.5F;
}

/* sum_i softmax_i(-|x - t y_i|^2 / (2 (1 - t)^2)) (y_i - x) / (1 - t), in double. */
static void finite_velocity(const float *x, double t, double v[2])
{
    double exponent[N], most = -INFINITY, sum = 0;
    for (int i = 0; i < N; i++) {
        double dx = (double)x[0] - t * (double)samples[i][0];
        double dy = (double)x[1] - t * (double)samples[i][1];
        exponent[i] = -(dx * dx + dy * dy) / (2 * (1 - t) * (1 - t));
        most = fmax(most, exponent[i]);
    }
    v[0] = v[1] = 0;
    for (int i = 0; i < N; i++) {
        double weight = exp(exponent[i] - most);
        sum += weight;
        for (int k = 0; k < 2; k++)
            v[k] += weight * (double)(samples[i][k] - x[k]) / (1 - t);
    }
    v[0] /= sum;
    v[1] /= sum;
}

/* With the least bandwidth h the standard deviation at t is sqrt((1 - t)^2 + t^2 h^2), relatively
 * 5e-5 from 1 - t at t = 0.9, which exponents of some tens carry into the weights. */
START_TEST(a_small_bandwidth_gives_the_velocity_of_a_finite_target)
{
    static const double times[] = {0, 0.1, 0.5, 0.9};
    enum { POINTS = 200 };
    float points[2 * POINTS];
    struct adv_model *model = model_of_samples(N, samples[0], 1e-3);
    for (size_t k = 0; k < ADV_COUNT(times); k++) {
        struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
        const struct adv_answer *answer;
        draw_points(POINTS, k, points);
        query.n = POINTS;
        query.points = points;
        query.t = times[k];
        struct adv_run *run = ask(model, &query, &answer);
        for (size_t i = 0; i < POINTS; i++) {
            double v[2];
            finite_velocity(points + 2 * i, times[k], v);
            double error = hypot((double)answer->states[2 * i] - v[0],
                                 (double)answer->states[2 * i + 1] - v[1]);
            ck_assert_msg(error <= 2e-3 * (1 + hypot(v[0], v[1])), "t %g, point %zu: off by %g",
                          times[k], i, error);
        }
        adv_run_free(run);
    }
    adv_model_unref(model);
}
END_TEST

/* It flows to a mixture of Gaussians around the samples, whose log-density is known. dopri5 at
 * 1e-6 leaves errors of about 1e-5 nats, more where a density of 1e-8 rounds in float. */
START_TEST(the_density_is_the_mixture_of_gaussians)
{
    enum { POINTS = 100 };
    const double bandwidth = 0.4;
    float points[2 * POINTS];
    double truth[POINTS];
    json_t *means = json_array();
    for (int i = 0; i < N; i++)
        json_array_append_new(means,
                              json_pack("[f, f]", (double)samples[i][0], (double)samples[i][1]));
    json_t *spec = json_pack("{s:s, s:o, s:f}", "kind", "gaussian_mixture", "means", means,
                             "deviations", bandwidth);
    struct adv_density *density = NULL;
    ck_assert_int_eq(adv_density_new(spec, &density, NULL), ADV_OK);
    adv_density_sample(density, 7, 0, POINTS, points);
    ck_assert(adv_density_log_density(density, POINTS, points, truth));

    struct adv_model *model = model_of_samples(N, samples[0], bandwidth);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    const struct adv_answer *answer;
    query.n = POINTS;
    query.points = points;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = 1e-6;
    struct adv_run *run = ask(model, &query, &answer);
    for (size_t i = 0; i < POINTS; i++)
        ck_assert_double_eq_tol(answer->log_density[i], truth[i], 1e-3);
    adv_run_free(run);
    adv_model_unref(model);
    adv_density_free(density);
    json_decref(spec);
}
END_TEST

/* Every sample of the flow ends near one of the samples, each of them equally often: the counts of
 * 2000 draws within five standard deviations of 400. */
START_TEST(samples_are_those_of_the_target)
{
    const double bandwidth = 0.02;
    size_t counts[N] = {0};
    struct adv_model *model = model_of_samples(N, samples[0], bandwidth);
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    const struct adv_answer *answer;
    query.n = 2000;
    query.solver = adv_solver_spec_accurate();
    struct adv_run *run = ask(model, &query, &answer);
    for (size_t i = 0; i < query.n; i++) {
        const float *x = answer->states + 2 * i;
        double least = INFINITY;
        int nearest = 0;
        for (int k = 0; k < N; k++) {
            double distance = hypot((double)(x[0] - samples[k][0]), (double)(x[1] - samples[k][1]));
            nearest = distance < least ? k : nearest;
            least = fmin(least, distance);
        }
        ck_assert_double_lt(least, 6 * bandwidth);
        counts[nearest]++;
    }
    for (int k = 0; k < N; k++)
        ck_assert_double_le(fabs((double)counts[k] - 400), 5 * sqrt(2000 * 0.2 * 0.8));
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* At t = 1 exponents reach 1e10 with the least bandwidth: nothing overflows, and a point on a
 * sample stands still while it is pushed away from elsewhere no faster than c allows. */
START_TEST(the_end_of_time_is_regular)
{
    static const float points[] = {-1, 0.5F, 100, -80, 0, 0};
    struct adv_model *model = model_of_samples(N, samples[0], 1e-3);
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    const struct adv_answer *answer;
    query.n = 3;
    query.points = points;
    query.divergence = true;
    struct adv_run *run = ask(model, &query, &answer);
    for (size_t i = 0; i < 6; i++)
        ck_assert(isfinite(answer->states[i]));
    for (size_t i = 0; i < 3; i++)
        ck_assert(isfinite(answer->divergence[i]));
    /* t = 1: c = 1, so v = m + (x - m) = x. */
    ck_assert_float_eq_tol(answer->states[0], -1, 1e-5F);
    ck_assert_float_eq_tol(answer->states[2], 100, 1e-3F);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* The root mean square difference of a learned velocity and the exact one on x_t of its path. */
static double learning_error(struct adv_model *learned, struct adv_model *exact,
                             const struct adv_density *density, double t)
{
    enum { POINTS = 2000 };
    static float x[2 * POINTS], x1[2 * POINTS];
    const struct adv_answer *a, *b;
    adv_rng_normal(1, ADV_STREAM_BASE, 0, POINTS, 2, x);
    adv_density_sample(density, 99, 0, POINTS, x1);
    for (size_t i = 0; i < 2 * POINTS; i++)
        x[i] = (float)((1 - t) * (double)x[i] + t * (double)x1[i]);
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    query.n = POINTS;
    query.points = x;
    query.t = t;
    struct adv_run *one = ask(learned, &query, &a), *other = ask(exact, &query, &b);
    double sum = 0;
    for (size_t i = 0; i < 2 * POINTS; i++)
        sum += pow((double)a->states[i] - (double)b->states[i], 2);
    adv_run_free(one);
    adv_run_free(other);
    return sqrt(sum / POINTS);
}

/* The exact velocity of 20,000 draws is itself an estimate: its error is about that of a mean of
 * some hundreds of them. A field that ignored t or x would miss by 1 or more. */
START_TEST(a_learned_velocity_comes_near_the_exact_one)
{
    enum { DRAWS = 20000 };
    static const double times[] = {0.1, 0.5, 0.8};
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *learned = NULL;
    struct adv_density *density = NULL;
    ck_assert_msg(adv_model_load("models/four-modes.safetensors", NULL, &learned, &error) == ADV_OK,
                  "%s", error.message);
    const json_t *source =
        json_object_get(json_object_get(adv_model_config_json(learned), "data"), "source");
    ck_assert_int_eq(adv_density_new(json_object_get(source, "density"), &density, NULL), ADV_OK);
    float *draws = calloc(DRAWS, 2 * sizeof *draws);
    ck_assert_ptr_nonnull(draws);
    adv_density_sample(density, 5, 0, DRAWS, draws);
    struct adv_model *exact = model_of_samples(DRAWS, draws, 0.05);
    for (size_t k = 0; k < ADV_COUNT(times); k++) {
        double off = learning_error(learned, exact, density, times[k]);
        ck_assert_msg(off < 0.1, "t %g: off by %g", times[k], off);
    }
    free(draws);
    adv_model_unref(exact);
    adv_model_unref(learned);
    adv_density_free(density);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("empirical");
    TCase *tests = tcase_create("empirical");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_small_bandwidth_gives_the_velocity_of_a_finite_target);
    tcase_add_test(tests, the_density_is_the_mixture_of_gaussians);
    tcase_add_test(tests, samples_are_those_of_the_target);
    tcase_add_test(tests, the_end_of_time_is_regular);
    tcase_add_test(tests, a_learned_velocity_comes_near_the_exact_one);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
