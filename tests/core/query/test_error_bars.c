/* The errors that answers come with: of the integration against a far more accurate one, of the
 * probes against the exact divergence. */
#include "tests/support/instrumented.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A flow that is curved enough for steps to err. */
static struct adv_model *curved_model(void)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    ck_assert_msg(adv_model_load("models/checkerboard-4x4.safetensors", NULL, &model, &error) ==
                      ADV_OK,
                  "%s", error.message);
    return model;
}

static struct adv_model *model_of_20(void)
{
    return model_of("{\"name\": \"twenty\", \"net\": {\"kind\": \"mlp\", \"dim\": 20,"
                    " \"channels\": 32, \"layers\": 2, \"activation\": \"silu\"},"
                    " \"data\": {\"shape\": [20]}}");
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

static struct adv_solver_spec solver_of(const char *name, int64_t steps, double tolerance)
{
    struct adv_solver_spec spec = {
        .steps = steps, .rtol = tolerance, .atol = tolerance, .max_nfe = 20000};
    ck_assert_int_eq(adv_solver_find(name, &spec.solver, NULL), ADV_OK);
    return spec;
}

enum { N_POINTS = 80 };

static const struct {
    const char *method;
    int64_t steps;
    double tolerance, least; /* where steps are too long for the rule, it holds less often */
} bars[] = {{"dopri5", 0, 1e-5, 0.95},
            {"rk4", 25, 0, 0.93},
            {"midpoint", 50, 0, 0.95},
            {"euler", 100, 0, 0.95}};

START_TEST(most_errors_are_below_those_reported)
{
    struct adv_model *model = curved_model();
    static float points[N_POINTS * 2];
    adv_rng_normal(3, ADV_STREAM_DATA, 0, N_POINTS, 2, points);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = N_POINTS;
    query.points = points;
    for (size_t i = 0; i < N_POINTS * 2; i++)
        points[i] *= 2;
    const struct adv_answer *truth, *answer, *plain;
    query.solver = solver_of("dopri5", 0, 1e-7);
    struct adv_run *a = ask(model, &query, &truth);
    query.solver = solver_of(bars[_i].method, bars[_i].steps, bars[_i].tolerance);
    struct adv_run *b = ask(model, &query, &plain);
    query.errors = true;
    struct adv_run *c = ask(model, &query, &answer);
    ck_assert_mem_eq(answer->log_density, plain->log_density, N_POINTS * sizeof(double));
    ck_assert_mem_eq(answer->latents, plain->latents, N_POINTS * 2 * sizeof(float));
    ck_assert_ptr_null(plain->log_density_error);
    ck_assert_int_eq(answer->nfe, plain->nfe);
    size_t covered = 0, latents_covered = 0;
    for (size_t i = 0; i < N_POINTS; i++) {
        const float *x = answer->latents + 2 * i, *y = truth->latents + 2 * i;
        covered +=
            fabs(answer->log_density[i] - truth->log_density[i]) <= answer->log_density_error[i];
        latents_covered +=
            hypot((double)(x[0] - y[0]), (double)(x[1] - y[1])) <= answer->latent_error[i];
    }
    ck_assert_uint_ge(covered, (size_t)(bars[_i].least * N_POINTS));
    ck_assert_uint_ge(latents_covered, (size_t)(bars[_i].least * N_POINTS));
    adv_run_free(a);
    adv_run_free(b);
    adv_run_free(c);
    adv_model_unref(model);
}
END_TEST

/* Of relu and selu the divergence jumps along the way, so that the order of the solver is not that of
 * its integral. */
START_TEST(most_errors_are_below_those_reported_where_there_are_kinks)
{
    static const char *const activations[] = {"relu", "selu"};
    char config[256];
    snprintf(config, sizeof config,
             "{\"name\": \"kinked\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 128,"
             " \"layers\": 3, \"activation\": \"%s\", \"input_frequencies\": 3},"
             " \"data\": {\"shape\": [2]}}",
             activations[_i % 2]);
    struct adv_model *model = model_of(config);
    static float points[N_POINTS * 2];
    adv_rng_normal(3, ADV_STREAM_DATA, 0, N_POINTS, 2, points);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = N_POINTS;
    query.points = points;
    const struct adv_answer *truth, *answer;
    query.solver = solver_of("rk4", 1000, 0);
    struct adv_run *exact = ask(model, &query, &truth);
    query.solver = _i < 2 ? solver_of("rk4", 50, 0) : solver_of("dopri5", 0, 1e-5);
    query.errors = true;
    struct adv_run *run = ask(model, &query, &answer);
    /* Of smooth networks the difference of rk4 counts once in place of seven times, that of dopri5 once
     * in place of five times: that would not do. So random a network has fewer kinks on a path than a
     * trained one, and more rows whose two integrations agree by chance. */
    double times = _i < 2 ? 7 : 5;
    size_t covered = 0, would_be = 0;
    for (size_t i = 0; i < N_POINTS; i++) {
        double off = fabs(answer->log_density[i] - truth->log_density[i]);
        covered += off <= answer->log_density_error[i];
        would_be += off <= answer->log_density_error[i] / times;
    }
    ck_assert_msg((double)covered >= 0.88 * N_POINTS, "%zu of %d rows are covered", covered,
                  N_POINTS);
    ck_assert_msg((double)would_be < 0.95 * N_POINTS, "%zu would be", would_be);
    adv_run_free(exact);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* Where the grid is one step over so short a time, the second integration has two. */
START_TEST(one_step_has_an_error_too)
{
    struct adv_model *model = curved_model();
    const float point[2] = {0.5f, -1};
    struct adv_query query = adv_query_default(ADV_QUERY_LATENTS);
    query.points = point;
    query.errors = true;
    query.t = 0.09;
    query.solver = solver_of("euler", 10, 0);
    const struct adv_answer *answer;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_double_gt(answer->latent_error[0], 2e-5);
    adv_run_free(run);
    static const double next_to_nothing[] = {0, 1e-300, 1e-19, 1e-13, 1e-9};
    for (size_t i = 0; i < sizeof next_to_nothing / sizeof *next_to_nothing; i++) {
        query.t = next_to_nothing[i];
        run = ask(model, &query, &answer);
        ck_assert_double_le(answer->latent_error[0], 2e-5);
        adv_run_free(run);
    }
    adv_model_unref(model);
}
END_TEST

enum { N_SAMPLES = INSTRUMENTED ? 25 : 100 };

/* Also where samples are drawn by the shards themselves. */
START_TEST(samples_have_errors_and_a_coarse_grid_a_warning)
{
    struct adv_model *model = curved_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = N_SAMPLES;
    query.log_density = true;
    query.solver = solver_of("euler", 2, 0);
    const struct adv_answer *plain, *answer;
    struct adv_run *a = ask(model, &query, &plain);
    query.errors = true;
    struct adv_run *b = ask(model, &query, &answer);
    ck_assert_mem_eq(answer->states, plain->states, N_SAMPLES * 2 * sizeof(float));
    ck_assert_mem_eq(answer->log_density, plain->log_density, N_SAMPLES * sizeof(double));
    ck_assert_ptr_null(answer->latent_error);
    ck_assert_ptr_null(plain->warnings);
    ck_assert_ptr_nonnull(answer->warnings);
    ck_assert_msg(strstr(answer->warnings[0], "more steps than euler's 2") != NULL, "%s",
                  answer->warnings[0]);
    ck_assert_ptr_null(answer->warnings[1]);
    query.solver = solver_of("rk4", 200, 0);
    struct adv_run *c = ask(model, &query, &answer);
    ck_assert_ptr_null(answer->warnings);
    for (size_t i = 0; i < N_SAMPLES; i++)
        ck_assert_double_lt(answer->log_density_error[i], 0.1);
    adv_run_free(a);
    adv_run_free(b);
    adv_run_free(c);
    adv_model_unref(model);
}
END_TEST

/* However often it is asked for. */
START_TEST(the_answer_stays_as_it_is)
{
    struct adv_model *model = curved_model();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = N_SAMPLES;
    query.log_density = true;
    query.errors = true;
    query.solver = solver_of("euler", 2, 0);
    const struct adv_answer *answer, *again;
    struct adv_run *run = ask(model, &query, &answer);
    double error[N_SAMPLES];
    memcpy(error, answer->log_density_error, sizeof error);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(adv_run_finish(run, &again, NULL), ADV_OK);
        ck_assert_ptr_eq(again, answer);
        ck_assert_mem_eq(again->log_density_error, error, sizeof error);
        ck_assert_ptr_nonnull(again->warnings[0]);
        ck_assert_ptr_null(again->warnings[1]);
    }
    adv_run_free(run);
    query.kind = ADV_QUERY_LATENTS;
    query.log_density = false;
    query.n = 2;
    query.points = (float[]){0.5f, -1, 0.2f, 0.1f};
    run = ask(model, &query, &answer);
    memcpy(error, answer->latent_error, 2 * sizeof *error);
    ck_assert_int_eq(adv_run_all(run, NULL, &again, NULL), ADV_OK);
    ck_assert_mem_eq(again->latent_error, error, 2 * sizeof *error);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* A transform of so small a scale puts all mass at one level, and more than there is. */
START_TEST(fewer_than_no_bits_are_doubted)
{
    struct adv_model *model =
        model_of("{\"name\": \"narrow\", \"net\": {\"kind\": \"mlp\", \"dim\": 64, \"channels\": "
                 "8, \"layers\": 1,"
                 " \"activation\": \"silu\"}, \"data\": {\"shape\": [1, 8, 8], \"transform\": "
                 "{\"kind\": \"affine\","
                 " \"shift\": 0.5, \"scale\": 0.0001, \"range\": [0, 1], \"levels\": 256}}}");
    float points[2 * 64];
    for (size_t i = 0; i < 128; i++)
        points[i] = i < 64 ? 0.5f : 0.52f;
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = 2;
    query.points = points;
    query.solver = solver_of("rk4", 4, 0);
    const struct adv_answer *answer;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_double_lt(answer->bits_per_dim[0], 0);
    ck_assert_double_gt(answer->bits_per_dim[1], 0);
    ck_assert_ptr_nonnull(answer->warnings);
    ck_assert_ptr_nonnull(
        strstr(answer->warnings[0], "1 of 2 rows take fewer than 0 bits a dimension"));
    ck_assert_ptr_null(answer->warnings[1]);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(one_probe_says_why_it_has_no_interval)
{
    struct adv_model *model = model_of_20();
    float points[20] = {0};
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.points = points;
    query.probes = 1;
    query.errors = _i;
    const struct adv_answer *answer;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_ptr_null(answer->standard_error);
    ck_assert_double_eq(answer->interval_factor, 0);
    ck_assert_ptr_nonnull(answer->warnings);
    ck_assert_ptr_nonnull(strstr(answer->warnings[0], "one probe has no standard error"));
    adv_run_free(run);
    query.probes = 4;
    run = ask(model, &query, &answer);
    ck_assert_double_eq_tol(answer->interval_factor, 3.182446, 1e-5); /* Student's t, 3 degrees */
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

enum { N_ROWS = 300, N_SEEDS = 40 };

/* Log-densities of the same rows by probes of a seed. */
static struct adv_run *probe(struct adv_model *model, const float *points, uint64_t seed,
                             size_t probes, const struct adv_answer **answer)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = N_ROWS;
    query.points = points;
    query.solver = solver_of("rk4", 6, 0);
    query.divergence_method = probes ? ADV_DIVERGENCE_HUTCHINSON : ADV_DIVERGENCE_EXACT;
    query.probes = probes;
    query.probe_seed = seed;
    return ask(model, &query, answer);
}

static const size_t probe_counts[] = {2, 4, 16};

/* Of 12,000 rows, and of the errors of the mean over rows, of which 68 % are within one standard
 * error where rows are independent: with common probes hardly any would be. */
START_TEST(probe_intervals_hold_for_rows_and_for_their_mean)
{
    struct adv_model *model = model_of_20();
    static float points[N_ROWS * 20];
    adv_rng_normal(5, ADV_STREAM_DATA, 0, N_ROWS, 20, points);
    const struct adv_answer *exact, *answer;
    struct adv_run *a = probe(model, points, 0, 0, &exact);
    size_t covered = 0, means_covered = 0;
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct adv_run *b = probe(model, points, seed, probe_counts[_i], &answer);
        double error = 0, square = 0;
        for (size_t i = 0; i < N_ROWS; i++) {
            double e = answer->log_density[i] - exact->log_density[i];
            double s = answer->standard_error[i];
            covered += fabs(e) <= answer->interval_factor * s;
            error += e;
            square += s * s;
        }
        means_covered += fabs(error) <= sqrt(square);
        adv_run_free(b);
    }
    double share = (double)covered / (N_SEEDS * N_ROWS), means = (double)means_covered / N_SEEDS;
    ck_assert_msg(share > 0.93 && share < 0.97, "%g of the rows are covered", share);
    ck_assert_msg(means > 0.68 - 0.2 && means < 0.68 + 0.2, "%g of the means", means);
    adv_run_free(a);
    adv_model_unref(model);
}
END_TEST

/* Equal rows have equal probes wherever they stand, and other rows others. */
START_TEST(probes_follow_the_row_not_its_place)
{
    struct adv_model *model = model_of_20();
    static float points[3 * 20];
    adv_rng_normal(6, ADV_STREAM_DATA, 0, 2, 20, points);
    memcpy(points + 40, points, 20 * sizeof *points);
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    query.n = 3;
    query.points = points;
    query.divergence = true;
    query.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    query.probes = 1;
    const struct adv_answer *answer, *other;
    struct adv_run *a = ask(model, &query, &answer);
    ck_assert_double_eq(answer->divergence[0], answer->divergence[2]);
    query.points = points + 20;
    query.n = 1;
    struct adv_run *b = ask(model, &query, &other);
    ck_assert_double_eq(other->divergence[0], answer->divergence[1]);
    adv_run_free(b);
    query.probe_seed = 1;
    b = ask(model, &query, &other);
    ck_assert_double_ne(other->divergence[0], answer->divergence[1]);
    adv_run_free(a);
    adv_run_free(b);
    adv_model_unref(model);
}
END_TEST

static void refuse(const struct adv_query *query, const char *field, const char *part)
{
    struct adv_model *model = curved_model();
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_query_check(query, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, field);
    ck_assert_msg(strstr(error.message, part) != NULL, "%s", error.message);
    adv_model_unref(model);
}

START_TEST(what_has_no_errors_is_refused)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.errors = true;
    refuse(&query, "errors", "ask for log_density too");
    query.kind = ADV_QUERY_TRAJECTORIES;
    query.times = (double[]){0, 1};
    query.n_times = 2;
    refuse(&query, "errors", "only log-densities and latents");
    query.kind = ADV_QUERY_LOG_DENSITY;
    query.points = (float[]){0, 0};
    query.divergence_method = ADV_DIVERGENCE_HUTCHINSON;
    query.probes = 1; /* of two dimensions two would be exact */
    query.solver = solver_of("rk4", 8, 0);
    query.renew_probes = true;
    refuse(&query, "divergence.renew", "errors are asked for");
    query.keep_probes = true;
    refuse(&query, "divergence.renew", "both true");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error bars");
    TCase *tests = tcase_create("error bars");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, most_errors_are_below_those_reported, 0,
                        INSTRUMENTED ? 1 : sizeof bars / sizeof bars[0]);
    tcase_add_loop_test(tests, most_errors_are_below_those_reported_where_there_are_kinks, 0,
                        INSTRUMENTED ? 1 : 4);
    tcase_add_test(tests, one_step_has_an_error_too);
    tcase_add_test(tests, samples_have_errors_and_a_coarse_grid_a_warning);
    tcase_add_test(tests, the_answer_stays_as_it_is);
    tcase_add_test(tests, fewer_than_no_bits_are_doubted);
    tcase_add_loop_test(tests, one_probe_says_why_it_has_no_interval, 0, 2);
    tcase_add_loop_test(tests, probe_intervals_hold_for_rows_and_for_their_mean, 0,
                        INSTRUMENTED ? 1 : sizeof probe_counts / sizeof probe_counts[0]);
    tcase_add_test(tests, probes_follow_the_row_not_its_place);
    tcase_add_test(tests, what_has_no_errors_is_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
