/* Queries about models that take a context, on a small one with random weights. */
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <check.h>
#include <math.h>
#include <string.h>

static struct adv_model *model;

static void set_up(void)
{
    model = model_of("{\"name\": \"posterior\", \"net\": {\"kind\": \"mlp\", \"dim\": 2,"
                     " \"channels\": 16, \"layers\": 2, \"context\": 2}, \"data\":"
                     " {\"context\": {\"transform\": {\"kind\": \"affine\", \"shift\": [1, -2],"
                     " \"scale\": [2, 0.5]}}}}");
}

static void tear_down(void)
{
    adv_model_unref(model);
}

static struct adv_run *ask(const struct adv_query *query, const struct adv_answer **answer)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    ck_assert_msg(adv_run_new(model, query, &run, &error) == ADV_OK, "%s", error.message);
    ck_assert_msg(adv_run_all(run, NULL, answer, &error) == ADV_OK, "%s", error.message);
    return run;
}

enum { K = 3, EACH = 40 };
static const float contexts[K][2] = {{0, -2}, {5, 1}, {-1, -2.5f}};

START_TEST(each_context_has_its_rows_in_order)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    const struct adv_answer *all, *alone;
    query.seed = 3;
    query.n = K * EACH;
    query.n_contexts = K;
    query.context = contexts[0];
    struct adv_run *together = ask(&query, &all);
    for (size_t i = 0; i < K; i++) {
        query.n = EACH;
        query.first = i * EACH;
        query.n_contexts = 1;
        query.context = contexts[i];
        struct adv_run *run = ask(&query, &alone);
        ck_assert_mem_eq(all->states + i * EACH * 2, alone->states, EACH * 2 * sizeof(float));
        adv_run_free(run);
    }
    ck_assert_uint_eq(all->n_contexts, K);
    ck_assert_mem_eq(all->context, contexts, sizeof contexts);
    adv_run_free(together);
}
END_TEST

START_TEST(distances_are_in_standard_deviations)
{
    const double wanted[K] = {0.5, 6, 1};
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    const struct adv_answer *answer;
    query.n = query.n_contexts = K;
    query.context = contexts[0];
    struct adv_run *run = ask(&query, &answer);
    for (size_t i = 0; i < K; i++)
        ck_assert_double_eq_tol(answer->context_distance[i], wanted[i], 1e-6);
    adv_run_free(run);
}
END_TEST

START_TEST(contexts_that_do_not_divide_the_rows_are_refused)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = 4;
    query.n_contexts = K;
    query.context = contexts[0];
    ck_assert_int_eq(adv_query_check(&query, model, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "context has 3 rows; their number must divide that of the "
                                    "query's rows, 4");
    ck_assert_str_eq(error.field, "context");
}
END_TEST

START_TEST(numbers_that_are_not_finite_are_named)
{
    const float wrong[2][2] = {{0, 1}, {0, NAN}};
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    query.n = query.n_contexts = 2;
    query.context = wrong[0];
    ck_assert_int_eq(adv_run_new(model, &query, &run, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "context[1][1] is nan; it must be a finite number");
    ck_assert_str_eq(error.field, "context");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("query context");
    TCase *tests = tcase_create("query context");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_context_has_its_rows_in_order);
    tcase_add_test(tests, distances_are_in_standard_deviations);
    tcase_add_test(tests, contexts_that_do_not_divide_the_rows_are_refused);
    tcase_add_test(tests, numbers_that_are_not_finite_are_named);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
