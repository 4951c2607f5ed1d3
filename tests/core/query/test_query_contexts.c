/* Queries with contexts: whose they are, what they change, and which are refused. */
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 20

static struct adv_model *context_model(const char *more)
{
    char text[800];
    snprintf(
        text, sizeof text,
        "{\"name\": \"posterior\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, "
        "\"layers\": 2, \"activation\": \"silu\", \"context\": 2, \"conditioning\": "
        "\"scale_shift\"%s}, \"data\": {\"context\": {\"columns\": [\"a\", \"b\"], \"reach\": "
        "2.5, \"transform\": {\"kind\": \"affine\", \"shift\": [1, -2], \"scale\": [2, 0.5]}}}}",
        more);
    return model_of(text);
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

static struct adv_query samples_of(size_t n, size_t n_contexts, const float *context)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = n;
    query.seed = 3;
    query.n_contexts = n_contexts;
    query.context = context;
    return query;
}

START_TEST(one_context_is_that_of_every_row)
{
    struct adv_model *model = context_model("");
    float one[2] = {2, -3}, each[2 * N];
    for (size_t i = 0; i < N; i++)
        memcpy(each + 2 * i, one, sizeof one);
    const struct adv_answer *shared, *own;
    struct adv_query query = samples_of(N, 1, one);
    struct adv_run *a = ask(model, &query, &shared);
    query = samples_of(N, N, each);
    struct adv_run *b = ask(model, &query, &own);
    ck_assert_int_eq(memcmp(shared->states, own->states, sizeof each), 0);
    ck_assert_uint_eq(shared->n_contexts, 1);
    ck_assert_uint_eq(own->n_contexts, N);
    ck_assert_int_eq(memcmp(own->context, each, sizeof each), 0);
    ck_assert_double_eq_tol(shared->context_distance[0], 2, 1e-6); /* (-3 + 2) / 0.5 */
    adv_run_free(a);
    adv_run_free(b);
    adv_model_unref(model);
}
END_TEST

START_TEST(a_row_has_its_own_context)
{
    struct adv_model *model = context_model("");
    float each[2 * N];
    for (size_t i = 0; i < N; i++) {
        each[2 * i] = (float)i / N;
        each[2 * i + 1] = -2 - (float)(i % 3) / 4;
    }
    const struct adv_answer *together, *alone;
    struct adv_query query = samples_of(N, N, each);
    query.log_density = true;
    struct adv_run *all = ask(model, &query, &together);
    for (size_t i = 0; i < N; i++) {
        query = samples_of(1, 1, each + 2 * i);
        query.first = i;
        query.log_density = true;
        struct adv_run *one = ask(model, &query, &alone);
        ck_assert_int_eq(memcmp(alone->states, together->states + 2 * i, 2 * sizeof(float)), 0);
        ck_assert_double_eq(alone->log_density[0], together->log_density[i]);
        adv_run_free(one);
    }
    ck_assert(memcmp(together->context, each, sizeof each) == 0);
    adv_run_free(all);
    adv_model_unref(model);
}
END_TEST

/* log p(x | c) of a sample of that context, and of another. */
START_TEST(each_context_has_its_rows_in_order)
{
    struct adv_model *model = context_model("");
    float contexts[2][2] = {{0, -2}, {5, 1}};
    const struct adv_answer *all, *alone;
    struct adv_query query = samples_of(N, 2, contexts[0]);
    struct adv_run *together = ask(model, &query, &all);
    for (size_t i = 0; i < 2; i++) {
        query = samples_of(N / 2, 1, contexts[i]);
        query.first = i * N / 2;
        struct adv_run *run = ask(model, &query, &alone);
        ck_assert_mem_eq(all->states + i * N, alone->states, N * sizeof(float));
        adv_run_free(run);
    }
    ck_assert_uint_eq(all->n_contexts, 2);
    ck_assert_mem_eq(all->context, contexts, sizeof contexts);
    adv_run_free(together);
    adv_model_unref(model);
}
END_TEST

START_TEST(densities_are_of_their_context)
{
    struct adv_model *model = context_model("");
    float context[2] = {2, -1.5f}, other[2] = {-2, -2.5f};
    const struct adv_answer *sampled, *scored, *elsewhere;
    struct adv_query query = samples_of(N, 1, context);
    query.log_density = true;
    query.solver = adv_solver_spec_accurate();
    struct adv_run *samples = ask(model, &query, &sampled);
    struct adv_query back = adv_query_default(ADV_QUERY_LOG_DENSITY);
    back.n = N;
    back.points = sampled->states;
    back.context = context;
    back.n_contexts = 1;
    struct adv_run *densities = ask(model, &back, &scored);
    back.context = other;
    struct adv_run *others = ask(model, &back, &elsewhere);
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq_tol(sampled->log_density[i], scored->log_density[i], 2e-3);
        ck_assert_double_gt(fabs(elsewhere->log_density[i] - scored->log_density[i]), 1e-4);
    }
    adv_run_free(samples);
    adv_run_free(densities);
    adv_run_free(others);
    adv_model_unref(model);
}
END_TEST

static void refused(struct adv_model *model, const struct adv_query *query, const char *expected)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    ck_assert_int_eq(adv_run_new(model, query, &run, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "context");
    ck_assert_msg(strstr(error.message, expected), "%s", error.message);
}

START_TEST(contexts_are_checked)
{
    struct adv_model *model = context_model(""),
                     *optional = context_model(", \"null_context\": true");
    struct adv_model *plain =
        model_of("{\"name\": \"plain\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, "
                 "\"channels\": 8, \"layers\": 1}}");
    float each[2 * N] = {0};
    struct adv_query query = samples_of(N, N, each);
    each[2 * 17 + 1] = NAN;
    refused(model, &query, "context[17][1] is nan; it must be a finite number");
    each[2 * 17 + 1] = 0;
    query = samples_of(N, N - 1, each);
    refused(model, &query,
            "context has 19 rows; their number must divide that of the query's rows, 20");
    query = samples_of(N, 0, NULL);
    refused(model, &query, "context is missing; this model is conditioned on 2 numbers");
    query = samples_of(N, 1, each);
    refused(plain, &query, "this model takes none");
    const struct adv_answer *answer;
    query = samples_of(N, 0, NULL);
    struct adv_run *run = ask(optional, &query, &answer);
    ck_assert_ptr_null(answer->context);
    adv_run_free(run);
    query = samples_of(N, 1, each);
    query.guidance = 2;
    run = ask(optional, &query, &answer);
    adv_run_free(run);
    ck_assert_uint_eq(adv_model_context(model), 2);
    ck_assert_str_eq(adv_model_context_name(model, 1), "b");
    ck_assert_double_eq(adv_model_context_reach(model), 2.5);
    ck_assert(isinf(adv_model_context_reach(plain)));
    adv_model_unref(model);
    adv_model_unref(optional);
    adv_model_unref(plain);
}
END_TEST

/* The reach is 2.5 deviations: of b, from -2 by 0.5 each, 1.25. */
START_TEST(a_context_far_out_is_taken_at_the_reach)
{
    struct adv_model *model = context_model("");
    float far[2] = {2, 4e8f}, at_reach[2] = {2, -0.75f};
    const struct adv_answer *answer, *expected;
    struct adv_query query = samples_of(N, 1, far);
    struct adv_run *a = ask(model, &query, &answer);
    query = samples_of(N, 1, at_reach);
    struct adv_run *b = ask(model, &query, &expected);
    ck_assert_int_eq(memcmp(answer->states, expected->states, 2 * N * sizeof(float)), 0);
    ck_assert_double_gt(answer->context_distance[0], 1e8);
    ck_assert_float_eq(answer->context[1], far[1]);
    adv_run_free(a);
    adv_run_free(b);
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contexts of queries");
    TCase *tests = tcase_create("contexts");
    tcase_add_test(tests, one_context_is_that_of_every_row);
    tcase_add_test(tests, a_row_has_its_own_context);
    tcase_add_test(tests, each_context_has_its_rows_in_order);
    tcase_add_test(tests, densities_are_of_their_context);
    tcase_add_test(tests, contexts_are_checked);
    tcase_add_test(tests, a_context_far_out_is_taken_at_the_reach);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
