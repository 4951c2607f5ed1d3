/* Contexts in requests: as JSON, text and files give them, whose rows they become, and refusals. */
#include "tests/core/query/request_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Conditioned on x1 and x2; on two numbers without names, or none; and on one. */
static struct adv_model *named, *nameless, *single;
static char path[] = "/tmp/test_request_context_XXXXXX";

static void set_up(void)
{
    set_up_models();
    named = model_of("{\"name\": \"posterior\", \"data\": {\"columns\": [\"a\", \"b\"],"
                     " \"context\": {\"columns\": [\"x1\", \"x2\"]}},"
                     " \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1,"
                     " \"context\": 2}}");
    nameless = model_of("{\"name\": \"either\", \"net\": {\"kind\": \"mlp\", \"dim\": 2,"
                        " \"channels\": 8, \"layers\": 1, \"context\": 2, \"null_context\": true,"
                        " \"num_classes\": 3}}");
    single = model_of("{\"name\": \"single\", \"net\": {\"kind\": \"mlp\", \"dim\": 2,"
                      " \"channels\": 8, \"layers\": 1, \"context\": 1}}");
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    unlink(path);
    adv_model_unref(named);
    adv_model_unref(nameless);
    adv_model_unref(single);
    tear_down_models();
}

static struct asked ask_model(const struct adv_model *of, enum adv_query_kind kind,
                              const char *body)
{
    struct adv_limits limits = adv_limits_default();
    struct asked a = start(kind);
    limits.rows = 50;
    a.status =
        adv_request_parse_json(a.request, of, body, strlen(body), "the body", &limits, &a.error);
    if (a.status == ADV_OK)
        a.status = adv_request_query(a.request, of, &limits, RANDOM_SEED, &a.query, &a.error);
    return a;
}

static void check_contexts(const struct asked *a, size_t n, size_t width, const float *wanted)
{
    ck_assert_msg(a->status == ADV_OK, "%s", a->error.message);
    ck_assert_uint_eq(a->query.n_contexts, n);
    ck_assert_mem_eq(a->query.context, wanted, n * width * sizeof *wanted);
}

/* ---------------------------------------------------------------- JSON */

START_TEST(one_context_is_every_rows)
{
    const float wanted[2] = {0.1f, -0.2f};
    static const char *const bodies[] = {"{\"n\": 7, \"context\": [0.1, -0.2]}",
                                         "{\"context\": [[0.1, -0.2]], \"n\": 7}"};
    for (size_t i = 0; i < ADV_COUNT(bodies); i++) {
        struct asked a = ask_model(named, ADV_QUERY_SAMPLES, bodies[i]);
        check_contexts(&a, 1, 2, wanted);
        ck_assert_uint_eq(a.query.n, 7);
        done(&a);
    }
}
END_TEST

START_TEST(a_number_is_a_context_of_one)
{
    const float wanted = 2.5f;
    struct asked a = ask_model(single, ADV_QUERY_SAMPLES, "{\"context\": 2.5}");
    check_contexts(&a, 1, 1, &wanted);
    done(&a);
}
END_TEST

START_TEST(samples_are_drawn_for_each_context)
{
    const float wanted[2][2] = {{1, 2}, {3, 4}};
    struct asked a =
        ask_model(named, ADV_QUERY_SAMPLES, "{\"n\": 3, \"context\": [[1, 2], [3, 4]]}");
    check_contexts(&a, 2, 2, wanted[0]);
    ck_assert_uint_eq(a.query.n, 6);
    done(&a);
    a = ask_model(named, ADV_QUERY_TRAJECTORIES, "{\"context\": [[1, 2], [3, 4]]}");
    check_contexts(&a, 2, 2, wanted[0]);
    ck_assert_uint_eq(a.query.n, 2);
    done(&a);
}
END_TEST

START_TEST(each_point_has_its_context)
{
    const float wanted[2][2] = {{1, 2}, {3, 4}};
    struct asked a = ask_model(named, ADV_QUERY_LOG_DENSITY,
                               "{\"points\": [[0, 0], [0, 1]], \"context\": [[1, 2], [3, 4]]}");
    check_contexts(&a, 2, 2, wanted[0]);
    done(&a);
    a = ask_model(named, ADV_QUERY_SAMPLES,
                  "{\"x0\": [[0, 0], [0, 1]], \"context\": [[1, 2], [3, 4]], \"n\": 2}");
    check_contexts(&a, 2, 2, wanted[0]);
    done(&a);
}
END_TEST

START_TEST(a_context_and_a_label_go_together)
{
    const float wanted[2][2] = {{1, 2}, {3, 4}};
    struct asked a = ask_model(nameless, ADV_QUERY_SAMPLES,
                               "{\"label\": [0, 2], \"context\": [[1, 2], [3, 4]]}");
    check_contexts(&a, 2, 2, wanted[0]);
    ck_assert_int_eq(a.query.labels[0], 0);
    ck_assert_int_eq(a.query.labels[1], 2);
    done(&a);
}
END_TEST

START_TEST(a_null_context_may_be_left_out)
{
    struct asked a = ask_model(nameless, ADV_QUERY_SAMPLES, "{\"context\": null}");
    ck_assert_msg(a.status == ADV_OK, "%s", a.error.message);
    ck_assert_ptr_null(a.query.context);
    ck_assert_uint_eq(a.query.n_contexts, 0);
    done(&a);
}
END_TEST

static const struct {
    enum adv_query_kind kind;
    const char *body, *field, *message;
} refused[] = {
    {ADV_QUERY_SAMPLES, "{}", "context",
     "context is missing; it must be 2 numbers (x1, x2), on which this model is conditioned"},
    {ADV_QUERY_SAMPLES, "{\"context\": \"0.1\"}", "context",
     "context is a string; it must be an array of numbers, or an array of such contexts"},
    {ADV_QUERY_SAMPLES, "{\"context\": []}", "context",
     "context is empty; it must be an array of numbers, or an array of such contexts"},
    {ADV_QUERY_SAMPLES, "{\"context\": 1}", "context",
     "context has 1 number; it must have 2 (x1, x2)"},
    {ADV_QUERY_SAMPLES, "{\"context\": [1, 2, 3]}", "context",
     "context has 3 numbers; it must have 2 (x1, x2)"},
    {ADV_QUERY_SAMPLES, "{\"context\": [1, null]}", "context",
     "context[1] is null; it must be a number"},
    {ADV_QUERY_SAMPLES, "{\"context\": [null, 1]}", "context",
     "context[0] is null; it must be a number"},
    {ADV_QUERY_SAMPLES, "{\"context\": [1, [2]]}", "context",
     "context[1] is an array; it must be a number"},
    {ADV_QUERY_SAMPLES, "{\"context\": [1, -1e39]}", "context",
     "context[1] is -1e+39; it must fit float32, at most 3.4e38 either way"},
    {ADV_QUERY_SAMPLES, "{\"context\": [[1, 2], 3]}", "context",
     "context[1] is an integer; it must be an array of numbers"},
    {ADV_QUERY_SAMPLES, "{\"context\": [[1, 2], []]}", "context",
     "context[1] is empty; it must be an array of numbers"},
    {ADV_QUERY_SAMPLES,
     "{\"context\": [[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],"
     "[1,2],[1,2],[1,2],[1,2],[1,2],[1,2,3]]}",
     "context", "context[17] has 3 numbers; it must have 2 (x1, x2)"},
    {ADV_QUERY_SAMPLES, "{\"context\": [[1, 2], [1, \"a\"]]}", "context",
     "context[1][1] is a string; it must be a number"},
    {ADV_QUERY_SAMPLES, "{\"n\": 2, \"label\": [0, 1], \"context\": [[1, 2], [3, 4]]}", "label",
     "label is 0; this model has no classes and takes none"},
    {ADV_QUERY_SAMPLES, "{\"n\": 26, \"context\": [[1, 2], [3, 4]]}", "n",
     "n is 26 for each of 2 contexts; the limit is 50 rows in all"},
    {ADV_QUERY_SAMPLES, "{\"x0\": [[1, 2]], \"context\": [[1, 2], [3, 4]]}", "context",
     "context has 2 rows; it must have 1, as x0 has"},
    {ADV_QUERY_LOG_DENSITY, "{\"points\": [[1,2],[1,2],[1,2]], \"context\": [[1, 2], [3, 4]]}",
     "context", "context has 2 rows; it must have 1, or 3, one for each row of points"},
};

START_TEST(refusals_name_the_row)
{
    struct asked a = ask_model(named, refused[_i].kind, refused[_i].body);
    ck_assert_int_eq(a.status, ADV_E_INVALID);
    ck_assert_str_eq(a.error.message, refused[_i].message);
    ck_assert_str_eq(a.error.field, refused[_i].field);
    done(&a);
}
END_TEST

START_TEST(models_without_a_context_refuse_one)
{
    struct asked a = ask_model(plain_model, ADV_QUERY_SAMPLES, "{\"context\": [[1, 2]]}");
    ck_assert_int_eq(a.status, ADV_E_INVALID);
    ck_assert_str_eq(a.error.message, "context is given; this model takes none");
    done(&a);
    a = ask_model(nameless, ADV_QUERY_SAMPLES, "{\"context\": [1]}");
    ck_assert_str_eq(a.error.message, "context has 1 number; it must have 2 (the model's context)");
    done(&a);
}
END_TEST

START_TEST(rows_beyond_the_limit_are_counted)
{
    char body[1024] = "{\"context\": [[1,2]";
    for (int i = 0; i < 59; i++)
        strcat(body, ",[1,2]");
    strcat(body, "]}");
    struct asked a = ask_model(named, ADV_QUERY_SAMPLES, body);
    ck_assert_str_eq(a.error.message, "context has 60 entries; the limit is 50");
    done(&a);
}
END_TEST

START_TEST(contexts_count_among_the_answer_s_numbers)
{
    struct adv_limits limits = adv_limits_default();
    const char *body = "{\"context\": [[1, 2], [3, 4], [5, 6]]}";
    for (limits.numbers = 11; limits.numbers <= 12; limits.numbers++) {
        struct asked a = start(ADV_QUERY_SAMPLES);
        a.status = adv_request_parse_json(a.request, named, body, strlen(body), "the body", &limits,
                                          &a.error);
        ck_assert_int_eq(a.status, ADV_OK);
        a.status = adv_request_query(a.request, named, &limits, 1, &a.query, &a.error);
        ck_assert_int_eq(a.status, limits.numbers == 12 ? ADV_OK : ADV_E_INVALID);
        ck_assert_str_eq(a.error.field, limits.numbers == 12 ? "" : "context");
        done(&a);
    }
}
END_TEST

/* ---------------------------------------------------------------- text */

static struct asked ask_text(const struct adv_model *of, const char *context)
{
    struct adv_limits limits = adv_limits_default();
    struct asked a = start(ADV_QUERY_SAMPLES);
    a.status = adv_request_set_text(a.request, "context", context, &a.error);
    if (a.status == ADV_OK)
        a.status = adv_request_query(a.request, of, &limits, RANDOM_SEED, &a.query, &a.error);
    return a;
}

START_TEST(text_is_a_vector_or_rows)
{
    const float wanted[2][2] = {{0.5f, -0.25f}, {3, 4}};
    struct asked a = ask_text(named, "0.5,-0.25");
    check_contexts(&a, 1, 2, wanted[0]);
    done(&a);
    a = ask_text(named, "[[0.5,-0.25],[3,4]]");
    check_contexts(&a, 2, 2, wanted[0]);
    done(&a);
    a = ask_text(named, "0.5,-0.25;3,4");
    check_contexts(&a, 2, 2, wanted[0]);
    done(&a);
    a = ask_text(single, "0.5");
    check_contexts(&a, 1, 1, wanted[0]);
    done(&a);
}
END_TEST

#define NUMBERS                                                                                    \
    "it must be numbers separated by commas, and contexts by semicolons, as in 0.1,-0.2;0.3,0"

START_TEST(refusals_of_text_name_the_field)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "context is \"\"; " NUMBERS},
        {"1,nan", "context is \"1,nan\"; " NUMBERS},
        {"1,", "context is \"1,\"; " NUMBERS},
        {"[[1,2]", "context is \"[[1,2]\"; " NUMBERS},
        {"[[1,2],[1,2]", "context is \"[[1,2],[1,2]\"; " NUMBERS},
        {"[1,2];1", "context is \"[1,2];1\"; " NUMBERS},
        {"1,2;nan,1", "context[1][0] is \"nan\"; it must be a number"},
        {"1,2; 3 ,x1", "context[1][1] is \"x1\"; it must be a number"},
        {"1,2;3,", "context[1][1] is \"\"; it must be a number"},
        {"1,2;3,+4", "context[1][1] is \"+4\"; it must be a number"},
        {"1,2;3,.5", "context is \"1,2;3,.5\"; " NUMBERS},
        {"1,2;", "context[1] is empty; it must be an array of numbers"},
        {"1,2;1", "context[1] has 1 number; it must have 2, as context[0] has"},
        {"1,2,3", "context has 3 numbers; it must have 2 (x1, x2)"},
        {"1e39", "context is 1e+39; it must fit float32, at most 3.4e38 either way"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct asked a = ask_text(named, cases[i].text);
        ck_assert_int_eq(a.status, ADV_E_INVALID);
        ck_assert_str_eq(a.error.message, cases[i].message);
        ck_assert_str_eq(a.error.field, "context");
        done(&a);
    }
}
END_TEST

/* ---------------------------------------------------------------- files */

static void write_file(const char *text)
{
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
}

static struct asked ask_file(const struct adv_model *of)
{
    struct adv_limits limits = adv_limits_default();
    struct asked a = start(ADV_QUERY_SAMPLES);
    a.status = adv_request_load_context(a.request, of, path, &a.error);
    if (a.status == ADV_OK)
        a.status = adv_request_query(a.request, of, &limits, RANDOM_SEED, &a.query, &a.error);
    return a;
}

START_TEST(columns_are_matched_by_name)
{
    const float wanted[2][2] = {{1, 2}, {3, 4}};
    write_file("note,x2,b,x1\nfirst,2,9,1\nsecond,4,9,3\n");
    struct asked a = ask_file(named);
    check_contexts(&a, 2, 2, wanted[0]);
    done(&a);
    write_file("1,2\n3,4\n");
    a = ask_file(named);
    check_contexts(&a, 2, 2, wanted[0]);
    done(&a);
}
END_TEST

START_TEST(an_array_holds_rows_or_one_context)
{
    const float wanted[2][2] = {{1, 2}, {3, 4}};
    const size_t rows[2] = {2, 2}, one[1] = {2};
    ck_assert_int_eq(adv_npy_write_float(path, 2, rows, wanted[0], NULL), ADV_OK);
    struct asked a = ask_file(named);
    check_contexts(&a, 2, 2, wanted[0]);
    done(&a);
    ck_assert_int_eq(adv_npy_write_float(path, 1, one, wanted[1], NULL), ADV_OK);
    a = ask_file(named);
    check_contexts(&a, 1, 2, wanted[1]);
    done(&a);
}
END_TEST

START_TEST(files_that_do_not_fit_are_refused)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"x1,x3\n1,2\n", "there is no column \"x2\""},
        {"1,2,3\n", "has rows of 3 numbers; a context of this model has 2 (x1, x2)"},
        {"x1,x2\n1,2\n1,NA\n", "x2"},
        {"x1,x2\n", "has no rows of contexts"},
        {"", "there is no line with numbers"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        write_file(cases[i].text);
        struct asked a = ask_file(named);
        ck_assert_int_ne(a.status, ADV_OK);
        ck_assert_msg(strstr(a.error.message, cases[i].part) != NULL, "%s", a.error.message);
        ck_assert_ptr_nonnull(strstr(a.error.message, path));
        ck_assert_str_eq(a.error.field, a.status == ADV_E_INVALID ? "context" : "");
        done(&a);
    }
    struct asked a = ask_file(plain_model);
    ck_assert_str_eq(a.error.message, "context is given; this model takes none");
    done(&a);
}
END_TEST

static struct asked load_points(const char *context)
{
    struct adv_limits limits = adv_limits_default();
    struct asked a = start(ADV_QUERY_LOG_DENSITY);
    a.status = context ? adv_request_set_text(a.request, "context", context, &a.error) : ADV_OK;
    if (a.status == ADV_OK)
        a.status = adv_request_load_points(a.request, named, path, NULL, &a.error);
    if (a.status == ADV_OK)
        a.status = adv_request_query(a.request, named, &limits, RANDOM_SEED, &a.query, &a.error);
    return a;
}

START_TEST(a_table_of_points_holds_their_contexts)
{
    const float contexts[2][2] = {{1, 2}, {3, 4}}, points[2][2] = {{5, 6}, {7, 8}};
    const float given[2] = {0.5f, 1};
    write_file("x1,x2,a,b\n1,2,5,6\n3,4,7,8\n");
    struct asked a = load_points(NULL);
    check_contexts(&a, 2, 2, contexts[0]);
    ck_assert_mem_eq(a.query.points, points, sizeof points);
    done(&a);
    a = load_points("0.5,1");
    ck_assert_str_eq(a.error.field, "context");
    ck_assert_ptr_nonnull(strstr(
        a.error.message, "has the columns of the context (x1, x2); leave out one of the two"));
    done(&a);
    write_file("x1,x2,a,b\n1,,5,6\n");
    a = load_points(NULL);
    ck_assert_str_eq(a.error.field, "context");
    done(&a);
    write_file("x1,x2,a,b\n1,2,,6\n");
    a = load_points(NULL);
    ck_assert_str_eq(a.error.field, "points");
    done(&a);
    write_file("a,b,x1\n5,6,1\n");
    a = load_points("0.5,1");
    check_contexts(&a, 1, 2, given);
    done(&a);
    a = load_points(NULL);
    ck_assert_str_eq(
        a.error.message,
        "context is missing; it must be 2 numbers (x1, x2), on which this model is conditioned");
    done(&a);
}
END_TEST

/* ---------------------------------------------------------------- memory */

static enum adv_status read_and_make_query(void *context, struct adv_error *error)
{
    struct adv_limits limits = adv_limits_default();
    struct adv_request *request = NULL;
    struct adv_query query;
    const char *body = "{\"n\": 3, \"context\": [[1, 2], [3, 4]]}";
    (void)context;
    enum adv_status status = adv_request_new(ADV_QUERY_SAMPLES, &request, error);
    if (status == ADV_OK)
        status =
            adv_request_parse_json(request, named, body, strlen(body), "the body", &limits, error);
    if (status == ADV_E_FORMAT) /* jansson's parser takes some such for bad input */
        status = error->status = ADV_E_MEMORY;
    if (status == ADV_OK)
        status = adv_request_query(request, named, &limits, 1, &query, error);
    adv_request_free(request);
    return status;
}

static enum adv_status load_and_free(void *context, struct adv_error *error)
{
    struct adv_request *request = NULL;
    (void)context;
    enum adv_status status = adv_request_new(ADV_QUERY_LOG_DENSITY, &request, error);
    if (status == ADV_OK)
        status = adv_request_load_points(request, named, path, NULL, error);
    adv_request_free(request);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    ck_assert_int_gt(alloc_fail_each(read_and_make_query, NULL), 5);
    write_file("x1,x2,a,b\n1,2,5,6\n3,4,7,8\n");
    ck_assert_int_gt(alloc_fail_each(load_and_free, NULL), 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request context");
    TCase *tests = tcase_create("request context");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, one_context_is_every_rows);
    tcase_add_test(tests, a_number_is_a_context_of_one);
    tcase_add_test(tests, samples_are_drawn_for_each_context);
    tcase_add_test(tests, each_point_has_its_context);
    tcase_add_test(tests, a_context_and_a_label_go_together);
    tcase_add_test(tests, a_null_context_may_be_left_out);
    tcase_add_loop_test(tests, refusals_name_the_row, 0, (int)ADV_COUNT(refused));
    tcase_add_test(tests, models_without_a_context_refuse_one);
    tcase_add_test(tests, rows_beyond_the_limit_are_counted);
    tcase_add_test(tests, contexts_count_among_the_answer_s_numbers);
    tcase_add_test(tests, text_is_a_vector_or_rows);
    tcase_add_test(tests, refusals_of_text_name_the_field);
    tcase_add_test(tests, columns_are_matched_by_name);
    tcase_add_test(tests, an_array_holds_rows_or_one_context);
    tcase_add_test(tests, files_that_do_not_fit_are_refused);
    tcase_add_test(tests, a_table_of_points_holds_their_contexts);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
