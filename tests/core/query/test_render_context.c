/* What answers say of the contexts that they were conditioned on. */
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <advect/extra/render.h>
#include <check.h>
#include <string.h>

static struct adv_model *named, *nameless;

static void set_up(void)
{
    named = model_of("{\"name\": \"posterior\", \"data\": {\"columns\": [\"a\", \"b\"],"
                     " \"context\": {\"columns\": [\"x 1\", \"x2\"], \"reach\": 3}},"
                     " \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1,"
                     " \"context\": 2}}");
    nameless = model_of("{\"name\": \"either\", \"net\": {\"kind\": \"mlp\", \"dim\": 2,"
                        " \"channels\": 8, \"layers\": 1, \"context\": 2,"
                        " \"null_context\": true}}");
}

static void tear_down(void)
{
    adv_model_unref(named);
    adv_model_unref(nameless);
}

enum { N = 2 };
static const float points[N][2] = {{0.5f, 1}, {-2, 4}};
static const float contexts[N][2] = {{0.1f, -0.25f}, {8, 3}};
static const double distances[N] = {0.5, 4.25};

static struct adv_answer answer_about(size_t n_contexts)
{
    struct adv_answer answer = {.n = N,
                                .dim = 2,
                                .n_frames = 1,
                                .states = points[0],
                                .solver = adv_solver_spec_accurate(),
                                .n_contexts = n_contexts};
    if (n_contexts > 0) {
        answer.context = contexts[0];
        answer.context_distance = distances;
    }
    return answer;
}

static json_t *render(const struct adv_model *model, const struct adv_answer *answer)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_bytes out = {0};
    ck_assert_int_eq(adv_render_json(model, &query, answer, &out, NULL), ADV_OK);
    json_t *json = json_loadb((const char *)out.data, out.n, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(json);
    adv_bytes_release(&out);
    return json;
}

/* Equal to the JSON text; NULL: not there. */
static void check_member(const json_t *object, const char *name, const char *wanted)
{
    json_t *value = wanted ? json_loads(wanted, JSON_DECODE_ANY, NULL) : NULL;
    const json_t *found = json_object_get(object, name);
    ck_assert_msg(wanted ? json_equal(found, value) : !found, "%s is not %s", name, wanted);
    json_decref(value);
}

START_TEST(an_answer_names_its_contexts)
{
    struct adv_answer answer = answer_about(N);
    json_t *json = render(named, &answer);
    check_member(json, "context_columns", "[\"x 1\", \"x2\"]");
    check_member(json, "context", "[[0.1, -0.25], [8, 3]]");
    check_member(json, "context_distance", "[0.5, 4.25]");
    check_member(json, "context_extrapolates", "true");
    check_member(json, "guidance", NULL);
    json_decref(json);
}
END_TEST

START_TEST(within_reach_it_does_not_extrapolate)
{
    struct adv_answer answer = answer_about(1);
    json_t *json = render(named, &answer);
    check_member(json, "context", "[[0.1, -0.25]]");
    check_member(json, "context_extrapolates", "false");
    json_decref(json);
}
END_TEST

START_TEST(what_is_not_known_is_not_said)
{
    struct adv_answer answer = answer_about(N);
    json_t *json = render(nameless, &answer);
    check_member(json, "context_columns", NULL);
    check_member(json, "context_distance", "[0.5, 4.25]");
    check_member(json, "context_extrapolates", NULL);
    json_decref(json);
    answer = answer_about(0);
    json = render(nameless, &answer);
    check_member(json, "context", "null");
    check_member(json, "context_distance", NULL);
    json_decref(json);
}
END_TEST

static void check_csv(const struct adv_model *model, enum adv_query_kind kind,
                      const struct adv_answer *answer, const char *wanted)
{
    struct adv_query query = adv_query_default(kind);
    struct adv_bytes out = {0};
    ck_assert_int_eq(adv_render_csv(model, &query, answer, &out, NULL), ADV_OK);
    ck_assert_msg(out.n == strlen(wanted) && !memcmp(out.data, wanted, out.n), "%.*s", (int)out.n,
                  (const char *)out.data);
    adv_bytes_release(&out);
}

START_TEST(csv_has_each_rows_context_beside_it)
{
    static const double times[1] = {1}, log_density[N] = {-1.5, 2};
    struct adv_answer answer = answer_about(N);
    check_csv(named, ADV_QUERY_SAMPLES, &answer, "a,b,\"x 1\",x2\n0.5,1,0.1,-0.25\n-2,4,8,3\n");
    answer.times = times;
    check_csv(nameless, ADV_QUERY_TRAJECTORIES, &answer,
              "t,sample,x1,x2,context1,context2\n1,0,0.5,1,0.1,-0.25\n1,1,-2,4,8,3\n");
    check_csv(named, ADV_QUERY_LATENTS, &answer, "z1,z2,\"x 1\",x2\n0.5,1,0.1,-0.25\n-2,4,8,3\n");
    answer.log_density = log_density;
    check_csv(named, ADV_QUERY_LOG_DENSITY, &answer,
              "log_density,\"x 1\",x2\n-1.5,0.1,-0.25\n2,8,3\n");
}
END_TEST

/* Of four rows the first two are of the first of two contexts. */
START_TEST(rows_of_a_context_follow_each_other)
{
    static const float four[4][2] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
    struct adv_answer answer = answer_about(N);
    answer.n = 4;
    answer.states = four[0];
    check_csv(nameless, ADV_QUERY_SAMPLES, &answer,
              "x1,x2,context1,context2\n1,2,0.1,-0.25\n3,4,0.1,-0.25\n"
              "5,6,8,3\n7,8,8,3\n");
}
END_TEST

START_TEST(csv_leaves_out_what_is_the_same_in_every_row)
{
    struct adv_answer answer = answer_about(1);
    check_csv(named, ADV_QUERY_SAMPLES, &answer, "a,b\n0.5,1\n-2,4\n");
}
END_TEST

static enum adv_status render_all(void *context, struct adv_error *error)
{
    (void)context;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_answer answer = answer_about(N);
    struct adv_bytes out = {0};
    enum adv_status status = adv_render_json(named, &query, &answer, &out, error);
    if (status == ADV_OK)
        status = adv_render_csv(named, &query, &answer, &out, error);
    adv_bytes_release(&out);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(alloc_fail_each(render_all, NULL), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("render context");
    TCase *tests = tcase_create("render context");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_answer_names_its_contexts);
    tcase_add_test(tests, within_reach_it_does_not_extrapolate);
    tcase_add_test(tests, what_is_not_known_is_not_said);
    tcase_add_test(tests, csv_has_each_rows_context_beside_it);
    tcase_add_test(tests, rows_of_a_context_follow_each_other);
    tcase_add_test(tests, csv_leaves_out_what_is_the_same_in_every_row);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
