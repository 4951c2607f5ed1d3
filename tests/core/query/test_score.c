/* Scores against closed forms: the model is the exact velocity of a few Gaussians, whose density and
 * score are known at every t. */
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_MODES = 3, DIM = 2, N = 6 };
#define BANDWIDTH 0.4
static const float modes[N_MODES * DIM] = {1, 0.5f, -0.8f, 0.9f, 0.1f, -1.2f};
static const float flow_points[N * DIM] = {0.3f, 0.2f,  -0.5f, 0.6f,  1.2f,  0.4f,
                                           0,    -0.9f, 0.7f,  -0.4f, -1.1f, 1.3f};

/* Of the Gaussians in flow units at t: log p_t and its gradient. */
static double exact(double t, const double y[DIM], double gradient[DIM])
{
    double variance = t * t * BANDWIDTH * BANDWIDTH + (1 - t) * (1 - t), sum = 0;
    double slope[DIM] = {0};
    for (size_t m = 0; m < N_MODES; m++) {
        double square = 0, away[DIM];
        for (size_t k = 0; k < DIM; k++) {
            away[k] = y[k] - t * (double)modes[m * DIM + k];
            square += away[k] * away[k];
        }
        double p = exp(-square / variance / 2) / (2 * M_PI * variance) / N_MODES;
        sum += p;
        for (size_t k = 0; k < DIM; k++)
            slope[k] -= p * away[k] / variance;
    }
    for (size_t k = 0; gradient && k < DIM; k++)
        gradient[k] = slope[k] / sum;
    return log(sum);
}

static struct adv_model *gaussians(const char *more)
{
    return model_of_gaussians(N_MODES, modes, BANDWIDTH, more);
}

static struct adv_query query_of(enum adv_score_method method, double t, const float *points)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SCORE);
    query.score_method = method;
    query.t = t;
    query.n = N;
    query.points = points;
    query.rows_may_fail = true;
    return query;
}

static double distance(const float *row, const double *truth)
{
    double square = 0;
    for (size_t k = 0; k < DIM; k++)
        square += ((double)row[k] - truth[k]) * ((double)row[k] - truth[k]);
    return sqrt(square);
}

/* Data x of flow y are 3 y + 1 and y / 2 - 2: their score is that of y by 1 / 3 and by 2. Float32 is
 * good for 1e-6 of a log-density, which a difference divides by 0.01. */
START_TEST(both_methods_agree_with_the_closed_form)
{
    struct adv_model *model = gaussians(", \"data\": {\"transform\": {\"kind\": \"affine\","
                                        " \"shift\": [1, -2], \"scale\": [3, 0.5]}}");
    const double times[] = {0, 0.3, 0.7, 0.95}, scale[] = {3, 0.5}, shift[] = {1, -2};
    for (size_t i = 0; i < 4 * 2 * 2; i++) {
        double t = times[i / 4];
        bool in_data = i / 2 % 2;
        enum adv_score_method method = i % 2 ? ADV_SCORE_DIFFERENCE : ADV_SCORE_PATH;
        float points[N * DIM];
        for (size_t j = 0; j < N * DIM; j++)
            points[j] = in_data ? flow_points[j] * (float)scale[j % DIM] + (float)shift[j % DIM]
                                : flow_points[j];
        struct adv_query query = query_of(method, t, points);
        query.space = in_data ? ADV_SPACE_DATA : ADV_SPACE_FLOW;
        const struct adv_answer *answer;
        struct adv_run *run = run_of(model, &query, 1, &answer);
        for (size_t r = 0; r < N; r++) {
            double y[DIM], truth[DIM], size = 0;
            for (size_t k = 0; k < DIM; k++)
                y[k] = in_data ? ((double)points[r * DIM + k] - shift[k]) / scale[k]
                               : (double)points[r * DIM + k];
            exact(t, y, truth);
            for (size_t k = 0; k < DIM; k++) {
                truth[k] /= in_data ? scale[k] : 1;
                size = hypot(size, truth[k]);
            }
            double off = distance(answer->states + r * DIM, truth);
            double allowed = method == ADV_SCORE_PATH ? 1e-4 * (1 + size) : 3e-3 * (1 + size);
            ck_assert_msg(off < allowed, "method %d, t %g, row %zu: %g off, of %g", method, t, r,
                          off, size);
            if (method == ADV_SCORE_DIFFERENCE)
                ck_assert_double_le(off, answer->score_error[r] + 1e-3);
        }
        ck_assert((answer->score_error != NULL) == (method == ADV_SCORE_DIFFERENCE));
        adv_run_free(run);
    }
    adv_model_unref(model);
}
END_TEST

/* Whether an error is much is a question of the density, not of its units. */
START_TEST(a_warning_does_not_depend_on_units)
{
    struct adv_model *model = gaussians(", \"data\": {\"transform\": {\"kind\": \"affine\","
                                        " \"shift\": [0, 0], \"scale\": [1e5, 1e-5]}}");
    for (int steps = 2; steps <= 60; steps += 58) {
        char said[2][256] = {"", ""};
        for (int in_data = 0; in_data < 2; in_data++) {
            float points[N * DIM];
            for (size_t j = 0; j < N * DIM; j++)
                points[j] = flow_points[j] * (in_data ? j % DIM ? 1e-5f : 1e5f : 1);
            struct adv_query query = query_of(ADV_SCORE_DIFFERENCE, 1, points);
            query.space = in_data ? ADV_SPACE_DATA : ADV_SPACE_FLOW;
            ck_assert_int_eq(adv_solver_find("rk4", &query.solver.solver, NULL), ADV_OK);
            query.solver.steps = steps;
            const struct adv_answer *answer;
            struct adv_run *run = run_of(model, &query, 1, &answer);
            if (answer->warnings)
                snprintf(said[in_data], sizeof said[0], "%s", answer->warnings[0]);
            adv_run_free(run);
        }
        ck_assert_str_eq(said[0], said[1]);
        ck_assert_msg((steps == 2) == (strstr(said[0], "more steps than rk4's 2") != NULL), "%s",
                      said[0]);
    }
    adv_model_unref(model);
}
END_TEST

/* log p(x) of data x in (0, 1): that of y = log(u / (1 - u)) and of dy/dx. */
static double logit_density(const double x[DIM])
{
    const double margin = 0.1;
    double y[DIM], log_slope = 0;
    for (size_t k = 0; k < DIM; k++) {
        double u = margin + (1 - 2 * margin) * x[k];
        y[k] = log(u / (1 - u));
        log_slope += log((1 - 2 * margin) / (u * (1 - u)));
    }
    return exact(1, y, NULL) + log_slope;
}

START_TEST(data_units_hold_the_slope_of_the_log_determinant)
{
    struct adv_model *model = gaussians(", \"data\": {\"transform\": {\"kind\": \"logit\","
                                        " \"margin\": 0.1}}");
    const float points[N * DIM] = {0.5f, 0.5f, 0.2f, 0.8f, 0.9f,  0.4f,
                                   0.1f, 0.1f, 0.7f, 0.3f, 0.95f, 0.6f};
    struct adv_query query = query_of(ADV_SCORE_DIFFERENCE, 1, points);
    const struct adv_answer *answer;
    struct adv_run *run = run_of(model, &query, 1, &answer);
    for (size_t r = 0; r < N; r++) {
        double truth[DIM];
        for (size_t k = 0; k < DIM; k++) {
            double above[DIM], below[DIM], h = 1e-5;
            for (size_t j = 0; j < DIM; j++)
                above[j] = below[j] = (double)points[r * DIM + j];
            above[k] += h;
            below[k] -= h;
            truth[k] = (logit_density(above) - logit_density(below)) / (2 * h);
        }
        double off = distance(answer->states + r * DIM, truth);
        ck_assert_msg(off < 0.02 + 5e-3 * hypot(truth[0], truth[1]), "row %zu: %g off", r, off);
        ck_assert_double_le(off, answer->score_error[r] + 5e-3);
    }
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

/* Steps of 0.005 are lost in float32 at 1e6, and are one number's spacing at 70000. */
START_TEST(rows_too_far_out_fail_with_a_reason)
{
    struct adv_model *model = gaussians("");
    float points[N * DIM];
    memcpy(points, flow_points, sizeof points);
    points[1 * DIM] = 1e6f;
    points[4 * DIM + 1] = -7e4f;
    struct adv_query query = query_of(ADV_SCORE_DIFFERENCE, 0, points); /* nothing to integrate */
    const struct adv_answer *answer;
    struct adv_run *run = run_of(model, &query, 1, &answer);
    ck_assert_ptr_nonnull(answer->failures);
    for (size_t r = 0; r < N; r++) {
        bool far = r == 1 || r == 4;
        ck_assert((answer->failures[r] != NULL) == far);
        if (far)
            ck_assert_str_eq(answer->failures[r], "the point is too far out for differences");
        for (size_t k = 0; k < DIM; k++)
            ck_assert(isnan(answer->states[r * DIM + k]) == far);
    }
    adv_run_free(run);

    struct adv_error error = ADV_ERROR_INIT;
    query.n = 1;
    query.points = points + DIM; /* all that there are */
    for (int may_fail = 0; may_fail < 2; may_fail++) {
        query.rows_may_fail = may_fail;
        ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
        ck_assert_int_eq(adv_run_all(run, NULL, &answer, &error), ADV_E_NUMERIC);
        ck_assert_str_eq(error.message, "row 0: the point is too far out for differences");
        adv_run_free(run);
    }
    adv_model_unref(model);
}
END_TEST

START_TEST(a_row_depends_on_nothing_else)
{
    struct adv_model *model = gaussians("");
    enum { MANY = 100 };
    float points[MANY * DIM];
    adv_rng_normal(5, ADV_STREAM_DATA, 0, MANY, DIM, points);
    for (int method = ADV_SCORE_PATH; method <= ADV_SCORE_DIFFERENCE; method++) {
        struct adv_query query = query_of((enum adv_score_method)method, 0.8, points);
        query.n = MANY;
        const struct adv_answer *all, *one;
        struct adv_run *together = run_of(model, &query, 3, &all);
        query.n = 1;
        for (size_t r = 0; r < MANY; r += 33) {
            query.points = points + r * DIM;
            struct adv_run *alone = run_of(model, &query, 1, &one);
            ck_assert_mem_eq(one->states, all->states + r * DIM, DIM * sizeof(float));
            if (all->score_error)
                ck_assert_mem_eq(one->score_error, all->score_error + r, sizeof(double));
            adv_run_free(alone);
        }
        adv_run_free(together);
    }
    adv_model_unref(model);
}
END_TEST

START_TEST(what_has_no_score_is_refused)
{
    static const float zeros[200];
    struct adv_model *model = gaussians("");
    struct adv_query query = query_of(ADV_SCORE_PATH, 1, flow_points);
    query_is_refused(model, &query, "t", "method difference");
    query.t = 1 - 1e-9; /* 1 in float32 */
    query_is_refused(model, &query, "t", "method difference");
    query.t = 1.5;
    query_is_refused(model, &query, "t", "between 0 and 1");
    query.t = 0.5;
    query.score_method = (enum adv_score_method)2;
    query_is_refused(model, &query, "method", "last one is 1");
    adv_model_unref(model);

    query.score_method = ADV_SCORE_PATH;
    model = gaussians(", \"path\": {\"kind\": \"condot\", \"coupling\": \"optimal_transport\"}");
    ck_assert(adv_model_is_coupled(model));
    query_is_refused(model, &query, "method", "optimal_transport");
    adv_model_unref(model);

    model = model_of("{\"name\": \"round\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\":"
                     " 8, \"layers\": 1, \"periodic\": [0]}, \"data\": {\"transform\": {\"kind\":"
                     " \"columns\", \"columns\": [{\"kind\": \"periodic\", \"lo\": -90, \"period\":"
                     " 360, \"width\": 1}, {\"kind\": \"real\", \"width\": 1, \"shift\": 0.2,"
                     " \"scale\": 0.9, \"integer\": true}]}}}");
    query.space = ADV_SPACE_FLOW;
    query_is_refused(model, &query, "method", "periodic");
    query.score_method = ADV_SCORE_DIFFERENCE;
    query.space = ADV_SPACE_DATA;
    query.t = 1;
    query_is_refused(model, &query, "space", "whole numbers");
    adv_model_unref(model);

    model = model_of("{\"name\": \"wide\", \"net\": {\"kind\": \"mlp\", \"dim\": 129,"
                     " \"channels\": 8, \"layers\": 1}}");
    query.points = zeros;
    query.n = 1;
    query_is_refused(model, &query, "method", "128");
    adv_model_unref(model);
}
END_TEST

struct attempt {
    struct adv_model *model;
    struct adv_query query;
};

static enum adv_status attempt_score(void *context, struct adv_error *error)
{
    const struct attempt *attempt = context;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = adv_run_new(attempt->model, &attempt->query, &run, error);
    if (status == ADV_OK)
        status = adv_run_all(run, NULL, &answer, error);
    adv_run_free(run);
    return status;
}

START_TEST(memory_may_run_out)
{
    struct attempt attempt = {gaussians(""), query_of(ADV_SCORE_PATH, 0.5, flow_points)};
    ck_assert_int_gt(alloc_fail_each(attempt_score, &attempt), 5);
    attempt.query.score_method = ADV_SCORE_DIFFERENCE;
    ck_assert_int_gt(alloc_fail_each(attempt_score, &attempt), 20);
    adv_model_unref(attempt.model);
}
END_TEST

START_TEST(every_format_tells_the_error)
{
    struct adv_model *model = gaussians("");
    struct adv_query query = query_of(ADV_SCORE_DIFFERENCE, 0.5, flow_points);
    const struct adv_answer *answer;
    struct adv_run *run = run_of(model, &query, 1, &answer);
    static const struct {
        enum adv_format_id format;
        const char *words;
    } cases[] = {{ADV_FORMAT_JSON, "\"method\":\"difference\",\"score\":[["},
                 {ADV_FORMAT_JSON, "\"score_error\":["},
                 {ADV_FORMAT_CSV, "x1,x2,score_error\n"},
                 {ADV_FORMAT_NPY, "(6, 3)"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct adv_bytes out = {0};
        ck_assert_int_eq(
            adv_render(adv_format(cases[i].format), model, &query, answer, NULL, &out, NULL),
            ADV_OK);
        ck_assert_ptr_nonnull(memmem(out.data, out.n, cases[i].words, strlen(cases[i].words)));
        adv_bytes_release(&out);
    }
    ck_assert(!adv_format_has(adv_format(ADV_FORMAT_PNG), ADV_QUERY_SCORE));
    ck_assert(!adv_render_has_picture(model, ADV_QUERY_SCORE));
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("score");
    TCase *tests = tcase_create("score");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, both_methods_agree_with_the_closed_form);
    tcase_add_test(tests, a_warning_does_not_depend_on_units);
    tcase_add_test(tests, data_units_hold_the_slope_of_the_log_determinant);
    tcase_add_test(tests, rows_too_far_out_fail_with_a_reason);
    tcase_add_test(tests, a_row_depends_on_nothing_else);
    tcase_add_test(tests, what_has_no_score_is_refused);
    tcase_add_test(tests, memory_may_run_out);
    tcase_add_test(tests, every_format_tells_the_error);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
