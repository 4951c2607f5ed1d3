/* One query in every form: a JSON body, the URL of a GET and a table of points, all of which have the
 * same answer. */
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct server_daemon server;

static void start(void)
{
    server_daemon_start(&server, (const char *const[]){"--workers", "2", NULL});
}

static void stop(void)
{
    server_daemon_stop(&server);
}

static struct server_reply ask(const char *method, const char *path, const char *type,
                               const char *body, const char *accept)
{
    return server_send(
        &server,
        &(struct server_request){
            .method = method, .path = path, .content_type = type, .body = body, .accept = accept});
}

static void expect_the_same(struct server_reply one, struct server_reply other)
{
    ck_assert_msg(one.status == 200, "%ld: %s", one.status, one.body);
    ck_assert_msg(other.status == 200, "%ld: %s", other.status, other.body);
    ck_assert_uint_eq(one.n_body, other.n_body);
    ck_assert_mem_eq(one.body, other.body, one.n_body);
    server_reply_release(&one);
    server_reply_release(&other);
}

static const struct {
    const char *what, *json, *url, *upload, *csv;
} points[] = {
    {"log-density", "{\"points\": [[0.5, -0.25], [1, 2]], \"solver\": {\"method\": \"rk4\"}}",
     "?points=0.5,-0.25;1,2&solver=rk4", "?solver=rk4", "x1,x2\n0.5,-0.25\n1,2\n"},
    {"latents", "{\"points\": [[0.5, -0.25]], \"t\": 0.75}", "?points=0.5,-0.25&t=0.75", "?t=0.75",
     "0.5;-0.25\r\n"},
    {"velocity", "{\"points\": [[0.5, 1e-3], [1, 2]], \"t\": 0.5, \"divergence\": true}",
     "?points=0.5,%201e-3;1,2&t=0.5&divergence=true", "?t=0.5&divergence=true", "0.5,1e-3\n1,2\n"},
    {"score", "{\"points\": [[0.5, -0.25], [1, 2]], \"t\": 0.5}", "?points=0.5,-0.25;1,2&t=0.5",
     "?t=0.5", "0.5,-0.25\n1,2\n"},
    {"samples", "{\"x0\": [[0.5, -0.25], [1, 2]], \"seed\": 1}", "?x0=0.5,-0.25;1,2&seed=1",
     "?seed=1", "a,b\n0.5,-0.25\n1,2\n"},
    {"trajectories", "{\"x0\": [[0.5, -0.25]], \"seed\": 1, \"times\": [0, 1]}",
     "?x0=0.5,-0.25&seed=1&times=0,1", "?seed=1&times=0,1", "0.5\t-0.25\n"},
};

START_TEST(the_same_query_has_the_same_answer_in_every_form)
{
    char path[256], url[256], upload[256];
    snprintf(path, sizeof path, "/v1/models/plane/%s", points[_i].what);
    snprintf(url, sizeof url, "%s%s", path, points[_i].url);
    snprintf(upload, sizeof upload, "%s%s", path, points[_i].upload);
    static const char *const accepts[] = {"application/json", "application/x-npy", "text/csv"};
    for (size_t i = 0; i < 3; i++) {
        const char *accept = accepts[i];
        expect_the_same(ask("POST", path, "application/json", points[_i].json, accept),
                        ask("GET", url, NULL, NULL, accept));
        expect_the_same(ask("POST", path, "application/json", points[_i].json, accept),
                        ask("POST", upload, "text/csv", points[_i].csv, accept));
    }
}
END_TEST

START_TEST(samples_are_drawn_by_url_as_by_body)
{
    expect_the_same(server_get(&server, "/v1/models/classes/samples?n=5&seed=3&label=0,1,2,0,1"),
                    server_post(&server, "/v1/models/classes/samples",
                                "{\"n\": 5, \"seed\": 3, \"label\": [0, 1, 2, 0, 1]}"));
    expect_the_same(ask("GET", "/v1/models/plane/trajectories?n=2&seed=3&frames=3", NULL, NULL,
                        "application/x-ndjson"),
                    ask("POST", "/v1/models/plane/trajectories", "application/json",
                        "{\"n\": 2, \"seed\": 3, \"frames\": 3}", "application/x-ndjson"));
}
END_TEST

START_TEST(classes_go_by_name_in_urls_and_bodies)
{
    static const char path[] = "/v1/models/classes/samples",
                      numbers[] = "{\"n\": 3, \"seed\": 3, \"label\": [1, 2, 0]}";
    static const char *const urls[] = {
        "/v1/models/classes/samples?n=3&seed=3&label=green,blue,0",
        "/v1/models/classes/samples?n=3&seed=3&label=%5B%22green%22,2,%22red%22%5D"};
    for (size_t i = 0; i < 2; i++)
        expect_the_same(server_get(&server, urls[i]), server_post(&server, path, numbers));
    expect_the_same(
        server_post(&server, path, "{\"n\": 3, \"seed\": 3, \"label\": [\"green\", 2, \"red\"]}"),
        server_post(&server, path, numbers));
    expect_the_same(server_get(&server, "/v1/models/classes/samples?n=2&seed=3&label=%22blue%22"),
                    server_post(&server, path, "{\"n\": 2, \"seed\": 3, \"label\": \"blue\"}"));
}
END_TEST

/* Columns are found by their names, that of labels among them. */
START_TEST(a_table_may_bring_its_labels)
{
    static const char table[] = "label,\"y \"\"2\"\"\",x\ngreen,-0.25,0.5\nred,2,1\n";
    static const char path[] = "/v1/models/classes/log-density";
    expect_the_same(
        ask("POST", path, "text/csv", table, NULL),
        server_post(&server, path, "{\"points\": [[0.5, -0.25], [1, 2]], \"label\": [1, 0]}"));
    expect_the_same(
        ask("POST", "/v1/models/classes/log-density?label=2", "text/csv", "0.5,-0.25\n1,2\n", NULL),
        server_post(&server, path, "{\"points\": [[0.5, -0.25], [1, 2]], \"label\": 2}"));
}
END_TEST

static const struct {
    const char *method, *path, *body;
    long status;
    const char *type, *field;
} wrong[] = {
    {"GET", "log-density", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=1,2;3", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=1,2,3", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=1,nan", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=1,1e99", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=1,2]];[[3,4", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=1,2],[3,4", NULL, 422, "invalid-field", "points"},
    {"GET", "log-density?points=1,2&x0=1,2", NULL, 422, "invalid-field", "x0"},
    {"GET", "samples?points=1,2", NULL, 422, "invalid-field", "points"},
    {"GET", "samples?n=2&x0=1,2", NULL, 422, "invalid-field", "n"},
    {"GET", "samples?n=0", NULL, 422, "invalid-field", "n"},
    {"GET", "samples?solver=rk5", NULL, 422, "invalid-field", "solver"},
    {"POST", "log-density?points=1,2", "1,2\n", 422, "invalid-field", "points"},
    {"POST", "log-density", "", 400, "malformed", NULL},
    {"POST", "log-density", "x1,x2\n", 422, "invalid-field", NULL},
    {"POST", "log-density", "1,2,3\n", 422, "invalid-field", NULL},
    {"POST", "log-density", "1,2\n3\n", 400, "malformed", NULL},
    {"POST", "log-density", "1,nan\n", 422, "invalid-field", NULL},
};

START_TEST(forms_that_are_wrong_are_refused)
{
    char path[256];
    snprintf(path, sizeof path, "/v1/models/plane/%s", wrong[_i].path);
    struct server_reply reply =
        ask(wrong[_i].method, path, wrong[_i].body ? "text/csv" : NULL, wrong[_i].body, NULL);
    ck_assert_msg(reply.status == wrong[_i].status, "%s: %ld: %s", path, reply.status, reply.body);
    server_expect_problem(reply, wrong[_i].status, wrong[_i].type, wrong[_i].field);
}
END_TEST

/* To ask twice for a GET must be harmless: it makes no job. */
START_TEST(a_get_makes_no_job)
{
    struct server_request request = {.path = "/v1/models/plane/samples?n=1",
                                     .headers = {"Prefer: respond-async"}};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server forms");
    TCase *tests = tcase_create("forms");
    tcase_add_unchecked_fixture(tests, start, stop);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, the_same_query_has_the_same_answer_in_every_form, 0, 5);
    tcase_add_test(tests, samples_are_drawn_by_url_as_by_body);
    tcase_add_test(tests, classes_go_by_name_in_urls_and_bodies);
    tcase_add_test(tests, a_table_may_bring_its_labels);
    tcase_add_loop_test(tests, forms_that_are_wrong_are_refused, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(tests, a_get_makes_no_job);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
