/* Queries that take the steps of a flow map, on a small model with random weights: what the steps
 * are, that a density is the map's own, and what is refused. */
#include "core/query/flow_map.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 12
#define NET(dim)                                                                                   \
    "\"net\": {\"kind\": \"mlp\", \"dim\": " #dim ", \"channels\": 16, \"layers\": 2,"             \
    " \"activation\": \"silu\", \"flow_map\": true, \"input_gain\": true}"

/* The model with random weights throughout: the layers of its span would start at zero. */
static struct adv_model *with_random_weights(struct adv_model *model)
{
    size_t n = adv_model_n_weights(model);
    struct adv_model *random = NULL;
    float *weights = calloc(n, sizeof *weights);
    ck_assert_ptr_nonnull(weights);
    adv_rng_normal(7, ADV_STREAM_INIT, 0, 1, n, weights);
    for (size_t i = 0; i < n; i++)
        weights[i] *= 0.2f;
    ck_assert_int_eq(adv_model_new(adv_model_config(model), n, weights, NULL, &random, NULL),
                     ADV_OK);
    adv_model_unref(model);
    free(weights);
    return random;
}

static struct adv_model *few_steps_model(void)
{
    return with_random_weights(model_of("{\"name\": \"few\", " NET(
        3) ", \"flow_map\": {\"steps\": 4, \"teacher\": "
           "\"many\", \"log_density\": [{\"steps\": 2, \"rows\": 100, \"bias\": 0.01, "
           "\"spread\": 0.2, \"mean_absolute\": 0.1}]}}"));
}

static struct adv_query query_of(enum adv_query_kind kind, int64_t steps)
{
    struct adv_query query = adv_query_default(kind);
    query.solver.steps = steps;
    ck_assert_int_eq(adv_solver_find("flow_map", &query.solver.solver, NULL), ADV_OK);
    return query;
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

START_TEST(a_step_goes_by_the_average_velocity_to_its_end)
{
    struct adv_model *model = few_steps_model();
    const struct adv_answer *answer = NULL;
    struct adv_query query = query_of(ADV_QUERY_SAMPLES, 2);
    float x[3] = {0.5f, -1, 0.2f}, u[3];
    query.points = (float[]){0.5f, -1, 0.2f};
    struct adv_run *run = ask(model, &query, &answer);
    struct adv_evaluator *evaluator = NULL;
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    for (int step = 0; step < 2; step++) {
        float t = 0.5f * (float)step, s = t + 0.5f;
        struct adv_points points = {.n = 1, .x = x, .t = &t, .s = &s};
        ck_assert_int_eq(adv_evaluator_velocity(evaluator, &points, u, NULL), ADV_OK);
        for (size_t k = 0; k < 3; k++)
            x[k] += 0.5f * u[k];
    }
    ck_assert_int_eq(answer->nfe, 2);
    ck_assert_mem_eq(answer->states, x, sizeof x);
    adv_evaluator_free(evaluator);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(rows_to_different_times_do_not_disturb_each_other)
{
    enum { N = 100 };
    struct adv_model *model = few_steps_model();
    struct adv_evaluator *evaluator = NULL;
    float x[N * 3], t[N], s[N], together[N * 3], alone[3];
    adv_rng_normal(1, ADV_STREAM_BASE, 0, N, 3, x);
    for (size_t i = 0; i < N; i++) {
        t[i] = (float)(i % 2) / 2;
        s[i] = (float)(i % 5) / 4;
    }
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    struct adv_points all = {.n = N, .x = x, .t = t, .s = s};
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &all, together, NULL), ADV_OK);
    for (size_t i = 0; i < N; i++) {
        struct adv_points one = {.n = 1, .x = x + 3 * i, .t = t + i, .s = s + i};
        ck_assert_int_eq(adv_evaluator_velocity(evaluator, &one, alone, NULL), ADV_OK);
        ck_assert_mem_eq(alone, together + 3 * i, sizeof alone);
    }
    float other = 0.9f;
    struct adv_points moved = {.n = 1, .x = x, .t = t, .s = &other};
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &moved, alone, NULL), ADV_OK);
    ck_assert_mem_ne(alone, together, sizeof alone);
    adv_evaluator_free(evaluator);
    adv_model_unref(model);
}
END_TEST

START_TEST(training_sees_the_network_that_is_evaluated)
{
    enum { N = 5 };
    struct adv_model *model = few_steps_model();
    struct adv_evaluator *evaluator = NULL;
    struct adv_gradient *gradient = NULL;
    float x[N * 3], v[N * 3], t[N], s[N], *sum = calloc(adv_model_n_weights(model), sizeof *sum);
    ck_assert_ptr_nonnull(sum);
    adv_rng_normal(1, ADV_STREAM_BASE, 0, N, 3, x);
    adv_rng_uniform(1, ADV_STREAM_TIME, 0, N, 1, t);
    adv_rng_uniform(2, ADV_STREAM_TIME, 0, N, 1, s);
    struct adv_points points = {.n = N, .x = x, .t = t, .s = s};
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &points, v, NULL), ADV_OK);
    ck_assert_int_eq(adv_gradient_new(adv_model_net(model), N, NULL, &gradient, NULL), ADV_OK);
    adv_gradient_set_weights(gradient, adv_model_weights(model));
    ck_assert_double_lt(adv_gradient_add(gradient, &points, v, 1, sum, NULL), 1e-9);
    points.s = t; /* elsewhere it is another velocity */
    ck_assert_double_gt(adv_gradient_add(gradient, &points, v, 1, sum, NULL), 1e-4);
    adv_gradient_free(gradient);
    adv_evaluator_free(evaluator);
    adv_model_unref(model);
    free(sum);
}
END_TEST

/* The latents of n points, by the map. */
static void encode(struct adv_model *model, size_t n, const float *points, float *latents)
{
    const struct adv_answer *answer = NULL;
    struct adv_query query = query_of(ADV_QUERY_LATENTS, 2);
    query.n = n;
    query.points = points;
    struct adv_run *run = ask(model, &query, &answer);
    memcpy(latents, answer->states, n * 3 * sizeof *latents);
    adv_run_free(run);
}

static double determinant(double j[3][3])
{
    return j[0][0] * (j[1][1] * j[2][2] - j[1][2] * j[2][1]) -
           j[0][1] * (j[1][0] * j[2][2] - j[1][2] * j[2][0]) +
           j[0][2] * (j[1][0] * j[2][1] - j[1][1] * j[2][0]);
}

/* log N(e(x)) + log |det de/dx| of the encoder e, whose derivatives are taken by differences. */
static double log_density_by_differences(struct adv_model *model, const float *x)
{
    const float h = 1.0f / 128;
    float points[7][3], z[7][3];
    double j[3][3], sum = 0;
    for (size_t i = 0; i < 7; i++) {
        memcpy(points[i], x, sizeof points[i]);
        if (i < 6)
            points[i][i / 2] += i % 2 ? h : -h;
    }
    encode(model, 7, &points[0][0], &z[0][0]);
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++)
            j[i][k] = ((double)z[2 * i + 1][k] - (double)z[2 * i][k]) / (2 * (double)h);
        sum += (double)z[6][i] * (double)z[6][i];
    }
    return -sum / 2 - 1.5 * log(2 * M_PI) + log(fabs(determinant(j)));
}

/* The answer in JSON, of which a density names the model's measured error. */
static void assert_says_its_error(struct adv_model *model, const struct adv_query *query,
                                  const struct adv_answer *answer)
{
    struct adv_bytes bytes = {0};
    const char *teacher;
    int evaluations;
    double bias, spread, absolute;
    ck_assert_int_eq(adv_render_json(model, query, answer, &bytes, NULL), ADV_OK);
    json_t *json = json_loadb((const char *)bytes.data, bytes.n, 0, NULL);
    ck_assert_int_eq(json_unpack(json, "{s:{s:i, s:s, s:F, s:F, s:F}}", "approximation",
                                 "evaluations", &evaluations, "teacher", &teacher, "bias", &bias,
                                 "spread", &spread, "mean_absolute", &absolute),
                     0);
    ck_assert_int_eq(evaluations, 2);
    ck_assert_str_eq(teacher, "many");
    ck_assert_double_eq(bias, 0.01);
    ck_assert_double_eq(spread, 0.2);
    ck_assert_double_eq(absolute, 0.1);
    json_decref(json);
    adv_bytes_release(&bytes);
}

/* Samples have densities of the decoder, which were not measured. */
START_TEST(samples_are_told_no_error_of_the_encoder)
{
    struct adv_model *model = few_steps_model();
    const struct adv_answer *answer = NULL;
    struct adv_query query = query_of(ADV_QUERY_SAMPLES, 2);
    query.n = ROWS;
    query.log_density = true;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_ptr_nonnull(answer->log_density);
    ck_assert_ptr_null(answer->flow_map_error);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(a_density_is_the_maps_own)
{
    struct adv_model *model = few_steps_model();
    const struct adv_answer *answer = NULL;
    struct adv_query query = query_of(ADV_QUERY_LOG_DENSITY, 2);
    float points[ROWS * 3];
    adv_rng_normal(3, ADV_STREAM_BASE, 0, ROWS, 3, points);
    query.n = ROWS;
    query.points = points;
    struct adv_run *run = ask(model, &query, &answer);
    for (size_t i = 0; i < ROWS; i++) /* differences of float32 states err by some 1e-4 */
        ck_assert_double_eq_tol(answer->log_density[i],
                                log_density_by_differences(model, points + 3 * i), 2e-3);
    assert_says_its_error(model, &query, answer);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(the_log_determinant_is_that_of_the_matrix)
{
    /* I + 0.5 J = [[0, 2], [3, 1]], whose first pivot is 0: det = -6 */
    const float j[] = {-2, 4, 6, 0};
    ck_assert_float_eq_tol(adv_flow_map_divergence(2, 0.25f, 0.75f, j), logf(6) / 0.5f, 1e-5f);
    ck_assert_float_eq(adv_flow_map_divergence(2, 0.25f, 0.25f, j), -2); /* the trace */
}
END_TEST

static const struct {
    enum adv_query_kind kind;
    int64_t steps;
    double guidance;
    bool errors;
    enum adv_divergence divergence;
    const char *field, *message;
} refusals[] = {
    {ADV_QUERY_SAMPLES, 8, 1, false, ADV_DIVERGENCE_AUTO, "solver.steps",
     "solver.steps is 8; this model's flow map was made for at most 4"},
    {ADV_QUERY_SAMPLES, 3, 1, false, ADV_DIVERGENCE_AUTO, "solver.steps",
     "solver.steps is 3; a flow map takes 1, 2, 4 or 8, and this model's at most 4"},
    {ADV_QUERY_SAMPLES, 4, 2, false, ADV_DIVERGENCE_AUTO, "guidance",
     "guidance is 2; this model learned from its teacher at 1, and takes no other"},
    {ADV_QUERY_LOG_DENSITY, 4, 1, true, ADV_DIVERGENCE_AUTO, "errors",
     "errors is true; they compare two integrations, and flow_map is none: the answer tells how "
     "far "
     "the model is from its teacher"},
    {ADV_QUERY_LOG_DENSITY, 4, 1, false, ADV_DIVERGENCE_HUTCHINSON, "divergence.method",
     "divergence.method is \"hutchinson\"; a flow map's log-determinant is exact"},
};

START_TEST(what_it_cannot_do_is_refused)
{
    struct adv_model *model = few_steps_model();
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_query query = query_of(refusals[_i].kind, refusals[_i].steps);
    query.points = (float[]){0, 0, 0};
    query.guidance = refusals[_i].guidance;
    query.errors = refusals[_i].errors;
    query.divergence_method = refusals[_i].divergence;
    query.probes = 1; /* fewer than dimensions */
    ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, refusals[_i].field);
    ck_assert_str_eq(error.message, refusals[_i].message);
    adv_model_unref(model);
}
END_TEST

/* Answers name the teacher: its name is one of a model, in length and letters. */
START_TEST(a_teacher_has_the_name_of_a_model)
{
    struct adv_model *valid = few_steps_model();
    size_t n = adv_model_n_weights(valid);
    const float *weights = adv_model_weights(valid);
    char longest[102], config[600];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const teachers[] = {"\"\"", "\"a \\\"quoted\\\" one\"", longest, "7", "null"};
    for (size_t i = 0; i < sizeof teachers / sizeof *teachers; i++) {
        struct adv_model *model = NULL;
        struct adv_error error = ADV_ERROR_INIT;
        const char *quote = teachers[i] == longest ? "\"" : "";
        snprintf(
            config, sizeof config,
            "{\"name\": \"few\", " NET(3) ", \"flow_map\": {\"steps\": 4, \"teacher\": %s%s%s}}",
            quote, teachers[i], quote);
        ck_assert_int_eq(adv_model_new(config, n, weights, NULL, &model, &error), ADV_E_INVALID);
        ck_assert_str_eq(error.field, "flow_map.teacher");
        ck_assert_msg(strstr(error.message, "1 to 100 letters") != NULL, "%s", error.message);
    }
    adv_model_unref(valid);
}
END_TEST

START_TEST(other_models_have_no_flow_map)
{
    struct adv_model *model = model_of("{\"name\": \"many\", \"net\": {\"kind\": \"mlp\", \"dim\": "
                                       "2, \"channels\": 8, \"layers\": 1}}");
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_query query = query_of(ADV_QUERY_SAMPLES, 1);
    ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.message,
                     "solver.method is \"flow_map\"; this model has no flow map: advect distill "
                     "makes a model of few steps of it");
    adv_model_unref(model);
}
END_TEST

START_TEST(beyond_16_dimensions_it_gives_samples_but_no_density)
{
    struct adv_model *model =
        model_of("{\"name\": \"wide\", " NET(20) ", \"flow_map\": {\"steps\": 2}}");
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_query query = query_of(ADV_QUERY_SAMPLES, 2);
    ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_OK);
    query.log_density = true;
    ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "solver.method");
    adv_model_unref(model);
}
END_TEST

START_TEST(one_made_for_samples_alone_gives_no_latents)
{
    struct adv_model *model =
        model_of("{\"name\": \"forward\", " NET(3) ", \"flow_map\": {\"steps\": 2, "
                                                   "\"samples_only\": true}}");
    struct adv_error error = ADV_ERROR_INIT;
    float points[6] = {0};
    struct adv_query samples = query_of(ADV_QUERY_SAMPLES, 2);
    ck_assert_int_eq(adv_query_check(&samples, model, &error), ADV_OK);
    static const enum adv_query_kind kinds[] = {ADV_QUERY_LATENTS, ADV_QUERY_LOG_DENSITY};
    for (size_t i = 0; i < 2; i++) {
        struct adv_query query = query_of(kinds[i], 2);
        query.points = points;
        ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_E_INVALID);
        ck_assert_str_eq(error.field, "solver.method");
        ck_assert_msg(strstr(error.message, "made for samples alone") != NULL, "%s", error.message);
        query.solver = (struct adv_solver_spec){0};
        ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_OK);
        ck_assert_str_eq(adv_solver_name(adv_query_default_solver(&query, model).solver), "dopri5");
    }
    adv_model_unref(model);
}
END_TEST

START_TEST(few_steps_are_the_default_of_such_a_model)
{
    struct adv_model *model = few_steps_model();
    struct adv_query samples = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_query density = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_solver_spec spec = adv_query_default_solver(&samples, model);
    const struct adv_solver *euler = NULL;
    ck_assert_str_eq(adv_solver_name(spec.solver), "flow_map");
    ck_assert_int_eq(spec.steps, 4);
    ck_assert_str_eq(adv_solver_name(adv_query_default_solver(&density, model).solver), "flow_map");
    ck_assert_int_eq(adv_solver_find("euler", &euler, NULL), ADV_OK);
    ck_assert_int_eq(adv_query_default_steps(&samples, model, euler), 100);
    adv_model_unref(model);
}
END_TEST

/* Scores are of the velocity and of its flow, in which a map has no part. */
START_TEST(scores_are_those_of_the_velocity)
{
    struct adv_model *model = few_steps_model();
    struct adv_error error = ADV_ERROR_INIT;
    const struct adv_answer *answer = NULL;
    const float point[3] = {0.3f, -0.2f, 0.1f};
    struct adv_query score = adv_query_default(ADV_QUERY_SCORE);
    score.points = point;
    score.t = 0.5;
    float v[3];
    struct adv_query velocity = adv_query_default(ADV_QUERY_VELOCITY);
    velocity.points = point;
    velocity.t = 0.5;
    struct adv_run *run = ask(model, &velocity, &answer);
    memcpy(v, answer->states, sizeof v);
    adv_run_free(run);
    run = ask(model, &score, &answer);
    for (int i = 0; i < 3; i++) /* (t v - x) / (1 - t) */
        ck_assert_float_eq_tol(answer->states[i], v[i] - 2 * point[i], 1e-5f);
    adv_run_free(run);
    score.score_method = ADV_SCORE_DIFFERENCE;
    ck_assert_str_eq(adv_solver_name(adv_query_default_solver(&score, model).solver), "dopri5");
    score.solver = query_of(ADV_QUERY_SAMPLES, 4).solver;
    ck_assert_int_eq(adv_query_check(&score, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "solver.method");
    adv_model_unref(model);
}
END_TEST

START_TEST(at_time_0_a_density_is_that_of_the_base)
{
    struct adv_model *model = few_steps_model();
    const struct adv_answer *answer = NULL;
    const float point[3] = {0.3f, -0.2f, 0.1f};
    struct adv_query query = query_of(ADV_QUERY_LOG_DENSITY, 4);
    query.points = point;
    query.t = 0;
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_double_eq_tol(answer->log_density[0], -0.07 - 1.5 * log(2 * M_PI), 1e-6);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(frames_are_reached_at_any_times)
{
    struct adv_model *model = few_steps_model();
    const struct adv_answer *answer = NULL;
    struct adv_query query = query_of(ADV_QUERY_TRAJECTORIES, 1);
    query.n_times = 3;
    query.times = (double[]){0, 0.3, 1};
    struct adv_run *run = ask(model, &query, &answer);
    ck_assert_int_eq(answer->nfe, 2); /* a step from each time to the next */
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flow_map");
    TCase *steps = tcase_create("steps");
    tcase_add_test(steps, a_step_goes_by_the_average_velocity_to_its_end);
    tcase_add_test(steps, rows_to_different_times_do_not_disturb_each_other);
    tcase_add_test(steps, training_sees_the_network_that_is_evaluated);
    tcase_add_test(steps, few_steps_are_the_default_of_such_a_model);
    tcase_add_test(steps, frames_are_reached_at_any_times);
    tcase_add_test(steps, scores_are_those_of_the_velocity);
    suite_add_tcase(suite, steps);
    TCase *density = tcase_create("density");
    tcase_add_test(density, a_density_is_the_maps_own);
    tcase_add_test(density, samples_are_told_no_error_of_the_encoder);
    tcase_add_test(density, the_log_determinant_is_that_of_the_matrix);
    tcase_add_test(density, at_time_0_a_density_is_that_of_the_base);
    suite_add_tcase(suite, density);
    TCase *refused = tcase_create("refusals");
    tcase_add_loop_test(refused, what_it_cannot_do_is_refused, 0,
                        sizeof refusals / sizeof *refusals);
    tcase_add_test(refused, a_teacher_has_the_name_of_a_model);
    tcase_add_test(refused, other_models_have_no_flow_map);
    tcase_add_test(refused, one_made_for_samples_alone_gives_no_latents);
    tcase_add_test(refused, beyond_16_dimensions_it_gives_samples_but_no_density);
    suite_add_tcase(suite, refused);
    return suite_run(suite);
}
