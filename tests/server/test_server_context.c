/* The daemon with a model that takes a context: every way in, and what answers say of it. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "/v1/models/posterior"
#define TABLE "a,b,x1,x2\n"

static struct server_daemon server;

static void start(void)
{
    server_daemon_prepare(&server);
    server_model_write_posterior(server.models);
    server_daemon_await(
        &server, server_daemon_begin(&server, (const char *const[]){"--workers", "2", NULL}));
}

static void stop(void)
{
    server_daemon_stop(&server);
}

static json_t *json_of(struct server_reply reply, long status)
{
    ck_assert_msg(reply.status == status, "%ld: %.1000s", reply.status, reply.body);
    json_t *json = server_reply_json(&reply);
    server_reply_release(&reply);
    return json;
}

static json_t *ask(const char *path, const char *body)
{
    return json_of(server_post(&server, path, body), 200);
}

/* Equal to the JSON text; NULL: not there. */
static void check_member(const json_t *object, const char *name, const char *wanted)
{
    json_t *value = wanted ? json_loads(wanted, JSON_DECODE_ANY, NULL) : NULL;
    const json_t *found = json_object_get(object, name);
    ck_assert_msg(wanted ? json_equal(found, value) : !found, "%s is not %s", name,
                  wanted ? wanted : "absent");
    json_decref(value);
}

static bool same_member(const json_t *a, const json_t *b, const char *name)
{
    ck_assert_ptr_nonnull(json_object_get(a, name));
    return json_equal(json_object_get(a, name), json_object_get(b, name));
}

START_TEST(models_say_what_they_take)
{
    json_t *json = json_of(server_get(&server, MODEL), 200);
    check_member(json, "context",
                 "{\"size\": 2, \"columns\": [\"x1\", \"x2\"], \"reach\": 3, \"null\": false}");
    json_decref(json);
    json = json_of(server_get(&server, "/v1/models/plane"), 200);
    check_member(json, "context", NULL);
    json_decref(json);
}
END_TEST

START_TEST(samples_are_the_library_s)
{
    const float contexts[2][2] = {{0.5f, -1}, {4, 1}};
    struct adv_model *model = server_model_posterior();
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    query.n = 6;
    query.seed = 3;
    query.n_contexts = 2;
    query.context = contexts[0];
    ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, NULL), ADV_OK);
    struct server_request request = {
        .path = MODEL "/samples",
        .body = "{\"n\": 3, \"seed\": 3, \"context\": [[0.5, -1], [4, 1]]}",
        .accept = "application/x-npy"};
    struct server_reply reply = server_send(&server, &request);
    struct adv_array array;
    ck_assert_int_eq(adv_npy_parse(reply.body, reply.n_body, "answer", &array, NULL), ADV_OK);
    ck_assert_uint_eq(array.n_elements, 12);
    ck_assert_mem_eq(array.data, answer->states, 12 * sizeof(float));
    adv_array_release(&array);
    server_reply_release(&reply);
    adv_run_free(run);
    adv_model_unref(model);
}
END_TEST

START_TEST(answers_name_the_context_and_its_distance)
{
    json_t *json = ask(MODEL "/samples", "{\"n\": 2, \"context\": [[0.5, -1], [4, 1]]}");
    check_member(json, "shape", "[4, 2]");
    check_member(json, "context", "[[0.5, -1], [4, 1]]");
    check_member(json, "context_columns", "[\"x1\", \"x2\"]");
    check_member(json, "context_distance", "[1, 4]");
    check_member(json, "context_extrapolates", "true");
    json_decref(json);
}
END_TEST

/* A context of its own for each point is as good as one for all where they are the same. */
START_TEST(every_kind_of_query_takes_one)
{
    static const struct {
        const char *path, *rest, *member;
    } kinds[] = {
        {MODEL "/log-density", "\"points\": [[0.1, 0.2], [1, -1]]", "log_density"},
        {MODEL "/latents", "\"points\": [[0.1, 0.2], [1, -1]]", "latents"},
        {MODEL "/velocity", "\"points\": [[0.1, 0.2], [1, -1]], \"t\": 0.5", "velocity"},
        {MODEL "/samples", "\"x0\": [[0.1, 0.2], [1, -1]]", "samples"},
        {MODEL "/trajectories", "\"x0\": [[0.1, 0.2], [1, -1]], \"frames\": 3", "trajectories"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char body[256];
        snprintf(body, sizeof body, "{%s, \"context\": [0.5, -1]}", kinds[i].rest);
        json_t *one = ask(kinds[i].path, body);
        snprintf(body, sizeof body, "{%s, \"context\": [[0.5, -1], [0.5, -1]]}", kinds[i].rest);
        json_t *each = ask(kinds[i].path, body);
        snprintf(body, sizeof body, "{%s, \"context\": [-2, 3]}", kinds[i].rest);
        json_t *other = ask(kinds[i].path, body);
        ck_assert_msg(same_member(one, each, kinds[i].member), "%s", kinds[i].path);
        ck_assert_msg(!same_member(one, other, kinds[i].member), "%s", kinds[i].path);
        json_decref(one);
        json_decref(each);
        json_decref(other);
    }
}
END_TEST

START_TEST(uploads_take_it_in_the_url)
{
    const size_t shape[2] = {1, 2};
    const float point[2] = {0.1f, 0.2f};
    char path[128];
    snprintf(path, sizeof path, "%s/points.npy", server.directory);
    ck_assert_int_eq(adv_npy_write_float(path, 2, shape, point, NULL), ADV_OK);
    size_t n;
    void *data;
    ck_assert_int_eq(adv_file_read(path, 1000, &data, &n, NULL), ADV_OK);
    json_t *uploaded = json_of(
        server_send(&server, &(struct server_request){.path = MODEL "/latents?context=0.5,-1",
                                                      .body = data,
                                                      .n_body = n,
                                                      .content_type = "application/x-npy"}),
        200);
    json_t *json = ask(MODEL "/latents", "{\"points\": [[0.1, 0.2]], \"context\": [0.5, -1]}");
    ck_assert(same_member(uploaded, json, "latents"));
    json_decref(uploaded);
    json_decref(json);
    free(data);
    ck_assert_int_eq(remove(path), 0);
}
END_TEST

static struct server_reply upload_table(const char *path, const char *table)
{
    return server_send(&server, &(struct server_request){.path = path,
                                                         .body = table,
                                                         .n_body = strlen(table),
                                                         .content_type = "text/csv"});
}

START_TEST(uploaded_tables_hold_it_or_the_url_does)
{
    const char *beside = MODEL "/log-density?context=0.5,-1", *alone = MODEL "/log-density";
    json_t *uploaded = json_of(upload_table(alone, TABLE "0.1,0.2,0.5,-1\n"), 200);
    check_member(uploaded, "context", "[[0.5, -1]]");
    json_decref(uploaded);
    server_expect_problem(upload_table(beside, TABLE "0.1,0.2,0.5,-1\n"), 422, "invalid-field",
                          "context");
    server_expect_problem(upload_table(alone, TABLE "0.1,0.2,,-1\n"), 422, "invalid-field",
                          "context");
    server_expect_problem(upload_table(alone, TABLE "0.1,nan,0.5,-1\n"), 422, "invalid-field",
                          "points");
    server_expect_problem(upload_table(beside, "1,2,3\n"), 422, "invalid-field", "points");
}
END_TEST

START_TEST(urls_take_rows)
{
    json_t *json = json_of(server_get(&server, MODEL "/samples?n=1&context=0.5,-1;-2,3"), 200);
    check_member(json, "context", "[[0.5, -1], [-2, 3]]");
    json_decref(json);
    server_expect_problem(server_get(&server, MODEL "/samples?context=%5B%5B0.5,-1%5D,%5B-2,3%5D"),
                          422, "invalid-field", "context");
}
END_TEST

START_TEST(pictures_take_it_in_the_url)
{
    static const char *const pictures[] = {"samples.png?n=50&", "density.png?side=10&",
                                           "velocity.png?side=8&",
                                           "trajectories.png?n=9&frames=3&"};
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, MODEL "/%scontext=0.5,-1", pictures[i]);
        struct server_reply here = server_get(&server, path);
        snprintf(path, sizeof path, MODEL "/%scontext=-2,3", pictures[i]);
        struct server_reply there = server_get(&server, path);
        ck_assert_int_eq(here.status, 200);
        ck_assert_int_eq(there.status, 200);
        ck_assert(here.n_body != there.n_body || memcmp(here.body, there.body, here.n_body));
        server_reply_release(&here);
        server_reply_release(&there);
        snprintf(path, sizeof path, MODEL "/%.*s", (int)strlen(pictures[i]) - 1, pictures[i]);
        server_expect_problem(server_get(&server, path), 422, "invalid-field", "context");
    }
}
END_TEST

START_TEST(jobs_and_streams_take_it)
{
    json_t *job = json_of(server_post(&server, "/v1/jobs",
                                      "{\"model\": \"posterior\", \"query\": \"samples\","
                                      " \"request\": {\"seed\": 1, \"context\": [0.5, -1]}}"),
                          202);
    char path[128];
    snprintf(path, sizeof path, "/v1/jobs/%s/result",
             json_string_value(json_object_get(job, "id")));
    struct server_reply reply = server_get(&server, path);
    for (int i = 0; reply.status != 200 && i < 200; i++) {
        server_reply_release(&reply);
        server_sleep_ms(20);
        reply = server_get(&server, path);
    }
    json_t *stored = json_of(reply, 200);
    json_t *json = ask(MODEL "/samples", "{\"seed\": 1, \"context\": [0.5, -1]}");
    ck_assert(json_equal(stored, json));
    json_decref(stored);
    json_decref(json);
    json_decref(job);
    server_expect_problem(server_post(&server, "/v1/jobs",
                                      "{\"model\": \"posterior\", \"query\": \"samples\","
                                      " \"request\": {\"context\": [0.5]}}"),
                          422, "invalid-field", "request.context");
}
END_TEST

START_TEST(refusals_name_the_field)
{
    static const char *const bodies[] = {"{}",
                                         "{\"context\": [1]}",
                                         "{\"context\": [[1, 2], [1]]}",
                                         "{\"context\": [1, 1e39]}",
                                         "{\"context\": \"1,2\"}",
                                         "{\"n\": 60000, \"context\": [[1, 2], [3, 4]]}"};
    for (size_t i = 0; i < 5; i++)
        server_expect_problem(server_post(&server, MODEL "/samples", bodies[i]), 422,
                              "invalid-field", "context");
    server_expect_problem(server_post(&server, MODEL "/samples", bodies[5]), 422, "invalid-field",
                          "n");
    server_expect_problem(server_post(&server, "/v1/models/plane/samples", "{\"context\": [1, 2]}"),
                          422, "invalid-field", "context");
    server_expect_problem(server_get(&server, "/v1/models/plane/samples.png?context=1,2"), 422,
                          "invalid-field", "context");
}
END_TEST

START_TEST(the_description_has_the_field)
{
    json_t *json = json_of(server_get(&server, "/openapi.json"), 200), *parameter;
    const json_t *paths = json_object_get(json, "paths");
    const json_t *picture = json_object_get(
        json_object_get(json_object_get(paths, "/v1/models/{model}/samples.png"), "get"),
        "parameters");
    size_t i, n = 0;
    json_array_foreach(picture, i, parameter)
    {
        const char *name = json_string_value(json_object_get(parameter, "name"));
        n += name && !strcmp(name, "context");
    }
    ck_assert_uint_eq(n, 1);
    json_decref(json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server context");
    TCase *tests = tcase_create("server context");
    tcase_add_unchecked_fixture(tests, start, stop);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, models_say_what_they_take);
    tcase_add_test(tests, samples_are_the_library_s);
    tcase_add_test(tests, answers_name_the_context_and_its_distance);
    tcase_add_test(tests, every_kind_of_query_takes_one);
    tcase_add_test(tests, uploads_take_it_in_the_url);
    tcase_add_test(tests, uploaded_tables_hold_it_or_the_url_does);
    tcase_add_test(tests, urls_take_rows);
    tcase_add_test(tests, pictures_take_it_in_the_url);
    tcase_add_test(tests, jobs_and_streams_take_it);
    tcase_add_test(tests, refusals_name_the_field);
    tcase_add_test(tests, the_description_has_the_field);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
