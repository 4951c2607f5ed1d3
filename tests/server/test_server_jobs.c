/* Jobs: queries whose clients come back for the answer. It is the answer that the query gets when
 * it is waited for; and no query that is waited for is worse off for them. */
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_S 60.0

/* Minutes of one worker. */
#define LONG_REQUEST                                                                               \
    "{\"n\": 10000, \"seed\": 1, \"solver\": {\"method\": \"rk4\", \"steps\": 10000}}"
#define LONG_JOB "{\"model\": \"plane\", \"query\": \"samples\", \"request\": " LONG_REQUEST "}"
#define SHORT_JOB                                                                                  \
    "{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"n\": 100, \"seed\": 1},"       \
    " \"accept\": \"application/x-npy\"}"
#define SHORT_BYTES (128 + 100 * 2 * 4) /* header and numbers */

static struct server_daemon server;

static void start_with(const char *const *flags)
{
    server_daemon_start(&server, flags);
}

static void start(void)
{
    start_with((const char *const[]){"--workers=2", NULL});
}

static void stop(void)
{
    server_daemon_stop(&server);
}

/* ---------------------------------------------------------------- jobs */

static struct server_reply send_to(const char *method, const char *path)
{
    return server_send(&server, &(struct server_request){.method = method, .path = path});
}

/* The path of a job that was accepted. */
static void take_path(struct server_reply reply, char path[64])
{
    char wait[16];
    ck_assert_msg(reply.status == 202, "%ld: %.1000s", reply.status, reply.body);
    ck_assert(server_reply_header(&reply, "Location", 64, path));
    ck_assert(server_reply_header(&reply, "Retry-After", sizeof wait, wait) && atoi(wait) > 0);
    ck_assert_uint_eq(strlen(path), strlen("/v1/jobs/") + 32);
    json_t *json = server_reply_json(&reply);
    ck_assert_str_eq(json_string_value(json_object_get(json, "id")), path + strlen("/v1/jobs/"));
    json_decref(json);
    server_reply_release(&reply);
}

static void begin(const char *body, char path[64])
{
    take_path(server_post(&server, "/v1/jobs", body), path);
}

static json_t *look(const char *path)
{
    struct server_reply reply = server_get(&server, path);
    ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
    json_t *json = server_reply_json(&reply);
    server_reply_release(&reply);
    return json;
}

static bool has_state(const char *path, const char *state)
{
    json_t *json = look(path);
    bool has = !strcmp(json_string_value(json_object_get(json, "state")), state);
    json_decref(json);
    return has;
}

static void wait_for_state(const char *path, const char *state)
{
    double end = server_seconds() + WAIT_S;
    while (!has_state(path, state)) {
        ck_assert_msg(server_seconds() < end, "%s is not %s", path, state);
        server_sleep_ms(5);
    }
}

static struct server_reply result_of(const char *path)
{
    char result[80];
    snprintf(result, sizeof result, "%s/result", path);
    return server_get(&server, result);
}

static void end_job(const char *path)
{
    struct server_reply reply = send_to("DELETE", path);
    ck_assert_int_eq(reply.status, 204);
    server_reply_release(&reply);
    server_expect_problem(server_get(&server, path), 404, "no-such-job", NULL);
}

/* ---------------------------------------------------------------- the same bytes */

/* The head without what differs between any two answers. */
static void strip(struct server_reply *reply)
{
    static const char *const own[] = {"Date:", "X-Request-Id:"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        char *line = strstr(reply->head, own[i]);
        ck_assert_ptr_nonnull(line);
        char *next = strchr(line, '\n') + 1;
        memmove(line, next, strlen(next) + 1);
    }
}

static void expect_same(struct server_reply a, struct server_reply b)
{
    strip(&a);
    strip(&b);
    ck_assert_int_eq(a.status, b.status);
    ck_assert_str_eq(a.head, b.head);
    ck_assert_uint_eq(a.n_body, b.n_body);
    ck_assert(!memcmp(a.body, b.body, a.n_body));
    server_reply_release(&a);
    server_reply_release(&b);
}

#define POINTS "{\"points\": [[0.5, 0.5], [-1, 2]]}"
#define DRAWN "{\"n\": 3, \"seed\": 5}"

static const struct {
    const char *query, *body, *accept;
} questions[] = {
    {"samples", DRAWN, "application/json"},
    {"samples", "{\"n\": 3, \"seed\": 5, \"log_density\": true}", "application/json"},
    {"samples", DRAWN, "application/x-npy"},
    {"samples", DRAWN, "image/png"},
    {"trajectories", DRAWN, "application/json"},
    {"trajectories", DRAWN, "application/x-npy"},
    {"trajectories", DRAWN, "application/x-ndjson"},
    {"trajectories", DRAWN, "image/png"},
    {"log-density", POINTS, "application/json"},
    {"log-density", POINTS, "application/x-npy"},
    {"latents", POINTS, "application/json"},
    {"latents", POINTS, "application/x-npy"},
    {"latents", POINTS, "image/png"},
    {"velocity", POINTS, "application/json"},
    {"velocity", POINTS, "application/x-npy"},
    {"velocity", POINTS, "image/png"},
    {"score", "{\"points\": [[0.5, 0.5]], \"t\": 0.5}", "application/json"},
    {"score", "{\"points\": [[0.5, 0.5]], \"method\": \"difference\"}", "application/x-npy"},
};
enum { N_QUESTIONS = sizeof questions / sizeof questions[0] };

START_TEST(a_job_gets_the_answer_of_its_query)
{
    char to[64], path[64], body[512];
    snprintf(to, sizeof to, "/v1/models/plane/%s", questions[_i].query);
    snprintf(body, sizeof body,
             "{\"model\": \"plane\", \"query\": \"%s\", \"request\": %s, \"accept\": \"%s\"}",
             questions[_i].query, questions[_i].body, questions[_i].accept);
    struct server_request request = {
        .path = to, .body = questions[_i].body, .accept = questions[_i].accept};
    begin(body, path);
    wait_for_state(path, "done");
    struct server_reply direct = server_send(&server, &request);
    ck_assert_int_eq(direct.status, 200);
    expect_same(direct, result_of(path));
    /* As often as it is asked for. */
    expect_same(server_send(&server, &request), result_of(path));
    request.headers[0] = "Prefer: return=minimal, respond-async; wait=3";
    struct server_reply accepted = server_send(&server, &request);
    char applied[32] = "";
    server_reply_header(&accepted, "Preference-Applied", sizeof applied, applied);
    ck_assert_str_eq(applied, "respond-async");
    take_path(accepted, path);
    wait_for_state(path, "done");
    request.headers[0] = NULL;
    expect_same(server_send(&server, &request), result_of(path));
}
END_TEST

static void expect_upload(const char *path, const char *type, const char *bytes, size_t n,
                          const char *state)
{
    char job[64];
    struct server_request request = {
        .path = path, .body = bytes, .n_body = n, .content_type = type, .accept = "*/*"};
    struct server_reply direct = server_send(&server, &request);
    request.headers[0] = "Prefer: respond-async";
    take_path(server_send(&server, &request), job);
    wait_for_state(job, state);
    struct server_reply result = result_of(job);
    if (direct.status == 200) {
        expect_same(direct, result);
        return;
    }
    ck_assert_int_eq(direct.status, 422);
    server_expect_problem(direct, 422, "invalid-field", "points");
    server_expect_problem(result, 422, "invalid-field", "points");
}

/* Also where it is a refusal that only computing finds. */
START_TEST(uploads_are_answered_as_jobs_too)
{
    struct server_reply picture =
        server_get(&server, "/v1/models/image/samples.png?n=1&zoom=1&seed=3");
    ck_assert_int_eq(picture.status, 200);
    expect_upload("/v1/models/image/log-density?solver=rk4&steps=4&probes=2", "image/png",
                  picture.body, picture.n_body, "done");
    server_reply_release(&picture);
    struct server_request ask = {.path = "/v1/models/image/samples",
                                 .body = "{\"n\": 9, \"seed\": 2}",
                                 .accept = "application/x-npy"};
    struct server_reply points = server_send(&server, &ask);
    ck_assert_int_eq(points.status, 200);
    float inside = 0.5F, outside = 1.5F; /* of the range */
    for (size_t i = 0; i < 9 * 64; i++)
        memcpy(points.body + points.n_body - (i + 1) * sizeof inside, &inside, sizeof inside);
    expect_upload("/v1/models/image/latents?solver=dopri5&rtol=1e-4", "application/x-npy",
                  points.body, points.n_body, "done");
    memcpy(points.body + points.n_body - sizeof outside, &outside, sizeof outside);
    expect_upload("/v1/models/image/latents", "application/x-npy", points.body, points.n_body,
                  "failed");
    server_reply_release(&points);
}
END_TEST

/* ---------------------------------------------------------------- polls */

START_TEST(a_job_tells_how_far_it_has_come)
{
    char path[64], retry[16];
    begin(LONG_JOB, path);
    wait_for_state(path, "running");
    json_t *before = look(path), *now = look(path);
    double share = json_number_value(json_object_get(before, "progress")), later = share;
    for (double end = server_seconds() + WAIT_S; later <= share && server_seconds() < end;) {
        server_sleep_ms(20);
        json_decref(now);
        now = look(path);
        later = json_number_value(json_object_get(now, "progress"));
    }
    ck_assert_double_gt(later, share);
    ck_assert_double_lt(later, 1);
    ck_assert_double_gt(json_number_value(json_object_get(now, "seconds_left")), 0);
    ck_assert_str_eq(json_string_value(json_object_get(now, "model")), "plane");
    ck_assert_str_eq(json_string_value(json_object_get(now, "query")), "samples");
    ck_assert_str_eq(json_string_value(json_object_get(now, "media_type")), "application/json");
    ck_assert_ptr_null(json_object_get(now, "expires"));
    struct server_reply early = result_of(path);
    ck_assert(server_reply_header(&early, "Retry-After", sizeof retry, retry) && atoi(retry) > 0);
    server_expect_problem(early, 409, "job-not-ended", NULL);
    json_decref(before);
    json_decref(now);
    end_job(path);
}
END_TEST

START_TEST(an_ended_job_tells_what_it_has)
{
    char path[64], result[80];
    begin(SHORT_JOB, path);
    wait_for_state(path, "done");
    json_t *json = look(path);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "status")), 200);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "bytes")), SHORT_BYTES);
    ck_assert_double_eq(json_number_value(json_object_get(json, "progress")), 1);
    const char *ended = json_string_value(json_object_get(json, "ended"));
    const char *expires = json_string_value(json_object_get(json, "expires"));
    ck_assert(ended && expires && strcmp(ended, expires) < 0); /* ISO 8601 sorts */
    snprintf(result, sizeof result, "%s/result", path);
    ck_assert_str_eq(json_string_value(json_object_get(json, "result")), result);
    json_decref(json);
    struct server_reply reply = send_to("HEAD", result);
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    end_job(path);
    server_expect_problem(result_of(path), 404, "no-such-job", NULL);
    ck_assert_double_eq(server_metric(&server, "advect_jobs"), 0);
}
END_TEST

/* ---------------------------------------------------------------- streams */

/* A job that streams 40 frames over some two seconds, however fast the daemon is. */
static void begin_frames(char path[64])
{
    static const char query[] = "{\"n\": 64, \"seed\": 1, \"frames\": 40,"
                                " \"solver\": {\"method\": \"rk4\", \"steps\": %d}}";
    char request[128], body[256];
    snprintf(request, sizeof request, query, 100);
    double from = server_seconds();
    struct server_reply reply = server_post(&server, "/v1/models/plane/trajectories", request);
    double steps = 100 * 2 / (server_seconds() - from);
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    snprintf(request, sizeof request, query, (int)fmin(fmax(steps, 100), 10000));
    snprintf(body, sizeof body,
             "{\"model\": \"plane\", \"query\": \"trajectories\", \"request\": %s,"
             " \"accept\": \"application/x-ndjson\"}",
             request);
    begin(body, path);
}

static int follow(const char *path)
{
    char text[256];
    int fd = server_connect(&server);
    snprintf(text, sizeof text,
             "GET %s/result HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    server_write(fd, text);
    return fd;
}

/* Readers come and go; each gets all frames, and none takes the job along. */
START_TEST(frames_are_followed_while_they_are_computed)
{
    char path[64];
    bool closed;
    begin_frames(path);
    int leaving = follow(path), staying = follow(path);
    char *first = server_read_until(leaving, "\"frame\":0", 30000);
    ck_assert_ptr_nonnull(strstr(first, "HTTP/1.1 200"));
    free(first);
    close(leaving);
    ck_assert_msg(!has_state(path, "done"), "the frames came too fast to see");
    char *all = server_read_all(staying, 60000, &closed);
    ck_assert(closed);
    ck_assert_ptr_nonnull(strstr(all, "\"frame\":0"));
    ck_assert_ptr_nonnull(strstr(all, "\"frame\":39"));
    ck_assert_str_eq(all + strlen(all) - 5, "0\r\n\r\n");
    free(all);
    close(staying);
    wait_for_state(path, "done");
    struct server_reply late = result_of(path);
    ck_assert_int_eq(late.status, 200);
    ck_assert_ptr_nonnull(strstr(late.body, "\"frame\":39"));
    server_reply_release(&late);
}
END_TEST

/* ---------------------------------------------------------------- ends */

START_TEST(a_deleted_job_is_computed_no_more)
{
    char path[64];
    begin(LONG_JOB, path);
    wait_for_state(path, "running");
    double before = server_metric(&server, "advect_jobs_total{outcome=\"cancelled\"}");
    end_job(path);
    server_wait_for_metric(&server, "advect_queries", 0, 1000);
    server_wait_for_metric(&server, "advect_jobs_total{outcome=\"cancelled\"}", before + 1, 1000);
    ck_assert_double_eq(server_metric(&server, "advect_jobs"), 0);
    server_expect_problem(send_to("DELETE", path), 404, "no-such-job", NULL);
}
END_TEST

START_TEST(a_follower_of_a_deleted_job_is_told)
{
    char path[64];
    bool closed;
    begin_frames(path);
    int fd = follow(path);
    free(server_read_until(fd, "\"frame\":0", 30000));
    end_job(path);
    char *rest = server_read_all(fd, 10000, &closed);
    ck_assert(closed);
    ck_assert_ptr_null(strstr(rest, "\"frame\":39"));
    ck_assert(strlen(rest) < 5 || strcmp(rest + strlen(rest) - 5, "0\r\n\r\n") != 0);
    free(rest);
    close(fd);
}
END_TEST

/* The limit of jobs, and the client's own where that is shorter. */
START_TEST(jobs_have_a_time_limit_of_their_own)
{
    char path[64];
    start_with((const char *const[]){"--workers=1", "--request-timeout-ms=1", "--max-cost=1e15",
                                     "--job-timeout-ms=2000", NULL});
    server_expect_problem(server_post(&server, "/v1/models/plane/samples", LONG_REQUEST), 503,
                          "timeout", NULL);
    begin("{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"n\": 50}}", path);
    wait_for_state(path, "done");
    begin(LONG_JOB, path);
    wait_for_state(path, "failed");
    server_expect_problem(result_of(path), 503, "timeout", NULL);
    double begun = server_seconds();
    begin("{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"n\": 10000,"
          " \"timeout_ms\": 100, \"solver\": {\"method\": \"rk4\", \"steps\": 10000}}}",
          path);
    wait_for_state(path, "failed");
    ck_assert_double_lt(server_seconds() - begun, 1.9);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- what is kept */

START_TEST(results_are_kept_for_a_time)
{
    char path[64];
    start_with((const char *const[]){"--workers=1", "--job-keep-ms=1000", NULL});
    begin(SHORT_JOB, path);
    wait_for_state(path, "done");
    ck_assert_double_eq(server_metric(&server, "advect_job_results"), 1);
    ck_assert_double_eq(server_metric(&server, "advect_job_result_bytes"), SHORT_BYTES);
    server_sleep_ms(1100);
    server_expect_problem(server_get(&server, path), 404, "no-such-job", NULL);
    ck_assert_double_eq(server_metric(&server, "advect_job_results"), 0);
    ck_assert_double_eq(server_metric(&server, "advect_job_result_bytes"), 0);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(the_oldest_result_makes_room_for_bytes)
{
    char bytes[40], paths[3][64];
    snprintf(bytes, sizeof bytes, "--job-result-bytes=%d", 2 * SHORT_BYTES + 10);
    start_with((const char *const[]){"--workers=1", bytes, NULL});
    for (int i = 0; i < 3; i++) {
        begin(SHORT_JOB, paths[i]);
        wait_for_state(paths[i], "done");
    }
    server_expect_problem(result_of(paths[0]), 404, "no-such-job", NULL);
    ck_assert(has_state(paths[1], "done") && has_state(paths[2], "done"));
    ck_assert_double_eq(server_metric(&server, "advect_job_results_evicted_total"), 1);
    ck_assert_double_eq(server_metric(&server, "advect_job_result_bytes"), 2 * SHORT_BYTES);
    server_daemon_stop(&server);
}
END_TEST

/* At once where that is certain, else when it is written. */
START_TEST(a_result_that_cannot_be_kept_is_refused)
{
    static const char frames[] =
        "{\"model\": \"plane\", \"query\": \"trajectories\", \"accept\": \"application/x-ndjson\","
        " \"request\": {\"n\": 100, \"seed\": 1, \"frames\": 2}}";
    char path[64];
    start_with((const char *const[]){"--workers=1", "--job-result-bytes=900", NULL});
    server_expect_problem(
        server_post(&server, "/v1/jobs",
                    "{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"n\": 300}}"),
        422, "invalid-field", "n");
    begin("{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"n\": 200}}", path);
    wait_for_state(path, "failed");
    server_expect_problem(result_of(path), 422, "invalid-field", NULL);
    begin(frames, path); /* 800 bytes at least */
    wait_for_state(path, "failed");
    ck_assert_double_lt(server_metric(&server, "advect_job_result_bytes"), 900);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(there_are_only_so_many_jobs)
{
    char paths[3][64], retry[16];
    start_with((const char *const[]){"--workers=1", "--max-jobs=2", "--client-share=1",
                                     "--job-timeout-ms=604800000", NULL});
    begin(SHORT_JOB, paths[0]);
    wait_for_state(paths[0], "done");
    begin(LONG_JOB, paths[1]);
    begin(LONG_JOB, paths[2]); /* in the place of what was kept */
    server_expect_problem(server_get(&server, paths[0]), 404, "no-such-job", NULL);
    struct server_reply reply = server_post(&server, "/v1/jobs", SHORT_JOB);
    ck_assert(server_reply_header(&reply, "Retry-After", sizeof retry, retry));
    server_expect_problem(reply, 503, "queue-full", NULL);
    end_job(paths[1]);
    end_job(paths[2]);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

static const struct {
    const char *body;
    long status;
    const char *type, *field;
} refused[] = {
    {"", 400, "malformed", NULL},
    {"{", 400, "malformed", NULL},
    {"[]", 422, "invalid-field", NULL},
    {"{\"query\": \"samples\"}", 422, "invalid-field", "model"},
    {"{\"model\": 3, \"query\": \"samples\"}", 422, "invalid-field", "model"},
    {"{\"model\": \"plane\"}", 422, "invalid-field", "query"},
    {"{\"model\": \"plane\", \"query\": \"sample\"}", 422, "invalid-field", "query"},
    {"{\"model\": \"plain\", \"query\": \"samples\"}", 404, "no-such-model", NULL},
    {"{\"model\": \"plane\", \"query\": \"samples\", \"n\": 3}", 422, "invalid-field", "n"},
    {"{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"n\": 0}}", 422,
     "invalid-field", "request.n"},
    {"{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"solver\": {\"steps\": -1}}}",
     422, "invalid-field", "request.solver.steps"},
    {"{\"model\": \"plane\", \"query\": \"samples\", \"request\": [1]}", 422, "invalid-field",
     NULL},
    {"{\"model\": \"plane\", \"query\": \"latents\"}", 422, "invalid-field", "points"},
    {"{\"model\": \"plane\", \"query\": \"samples\", \"accept\": \"\"}", 422, "invalid-field",
     "accept"},
    {"{\"model\": \"plane\", \"query\": \"latents\", \"accept\": \"application/x-ndjson\"}", 406,
     "not-acceptable", NULL},
};
enum { N_REFUSED = sizeof refused / sizeof refused[0] };

START_TEST(bad_jobs_are_refused_with_the_field)
{
    double before = server_metric(&server, "advect_jobs");
    server_expect_problem(server_post(&server, "/v1/jobs", refused[_i].body), refused[_i].status,
                          refused[_i].type, refused[_i].field);
    ck_assert_double_eq(server_metric(&server, "advect_jobs"), before);
}
END_TEST

START_TEST(what_there_is_not_is_refused)
{
    char allow[64];
    server_expect_problem(server_get(&server, "/v1/jobs/0123456789abcdef0123456789abcdef"), 404,
                          "no-such-job", NULL);
    server_expect_problem(server_get(&server, "/v1/jobs/x/result"), 404, "no-such-job", NULL);
    server_expect_problem(send_to("DELETE", "/v1/jobs/x"), 404, "no-such-job", NULL);
    server_expect_problem(server_get(&server, "/v1/jobs/x/events"), 404, "no-such-route", NULL);
    struct server_reply reply = send_to("PUT", "/v1/jobs/x");
    ck_assert(server_reply_header(&reply, "Allow", sizeof allow, allow));
    ck_assert_str_eq(allow, "GET, HEAD, DELETE, OPTIONS");
    server_expect_problem(reply, 405, "method-not-allowed", NULL);
    struct server_request upload = {
        .path = "/v1/jobs", .body = SHORT_JOB, .content_type = "application/x-npy"};
    server_expect_problem(server_send(&server, &upload), 415, "media-type", NULL);
    server_expect_problem(server_post(&server, "/v1/jobs?model=plane", SHORT_JOB), 400, "malformed",
                          "model");
}
END_TEST

/* Their way is that of their query. */
START_TEST(long_bodies_are_refused)
{
    static char body[(1 << 20) + 100];
    memset(body, ' ', sizeof body - 1);
    memcpy(body, SHORT_JOB, strlen(SHORT_JOB));
    struct server_reply reply = server_post(&server, "/v1/jobs", body);
    ck_assert_ptr_nonnull(strstr(reply.body, "respond-async"));
    server_expect_problem(reply, 413, "body-too-large", NULL);
}
END_TEST

/* ---------------------------------------------------------------- whose they are */

START_TEST(jobs_are_listed_to_the_holder_of_a_key)
{
    char path[64];
    server_daemon_start(&server, (const char *const[]){"--workers=1", "--api-key=open", NULL});
    struct server_request request = {
        .path = "/v1/jobs", .body = SHORT_JOB, .headers = {"X-API-Key: open"}};
    take_path(server_send(&server, &request), path);
    server_expect_problem(server_get(&server, path), 401, "no-key", NULL);
    request.body = NULL;
    struct server_reply reply = server_send(&server, &request);
    json_t *json = server_reply_json(&reply), *jobs = json_object_get(json, "jobs");
    ck_assert_uint_eq(json_array_size(jobs), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(jobs, 0), "id")),
                     path + strlen("/v1/jobs/"));
    json_decref(json);
    server_reply_release(&reply);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(ids_are_not_told_where_there_is_no_key)
{
    server_expect_problem(server_get(&server, "/v1/jobs"), 403, "forbidden", NULL);
}
END_TEST

/* ---------------------------------------------------------------- beside other queries */

static double least_seconds(int n)
{
    double least = INFINITY;
    for (int i = 0; i < n; i++) {
        double from = server_seconds();
        struct server_reply reply =
            server_post(&server, "/v1/models/plane/samples", "{\"n\": 1, \"seed\": 1}");
        ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
        server_reply_release(&reply);
        least = fmin(least, server_seconds() - from);
    }
    return least;
}

/* Hours of jobs before one worker, and no place in the queue but one: queries are taken and wait
 * for no more than a turn. */
START_TEST(a_job_costs_other_queries_nothing)
{
    char paths[4][64];
    start_with((const char *const[]){"--workers=1", "--queue-length=1", "--max-cost=1e15",
                                     "--job-timeout-ms=20000", NULL});
    double alone = least_seconds(20);
    for (int i = 0; i < 2; i++)
        begin(LONG_JOB, paths[i]);
    wait_for_state(paths[0], "running");
    double beside = least_seconds(20);
    ck_assert_msg(beside < alone + 0.05, "%g s beside jobs, %g s alone", beside, alone);
    ck_assert_double_eq(server_metric(&server, "advect_queries_rejected_total{reason=\"busy\"}"),
                        0);
    for (int i = 0; i < 2; i++)
        end_job(paths[i]);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- the daemon's end */

START_TEST(jobs_that_nobody_follows_end_with_the_daemon)
{
    char path[64];
    start_with((const char *const[]){"--workers=1", NULL});
    begin(LONG_JOB, path);
    wait_for_state(path, "running");
    double from = server_seconds();
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    ck_assert_double_lt(server_seconds() - from, 5);
    ck_assert_ptr_nonnull(strstr(log, "1 jobs are cancelled"));
    ck_assert_ptr_nonnull(strstr(log, "ended: status 499"));
    free(log);
}
END_TEST

START_TEST(jobs_that_are_followed_are_finished)
{
    char path[64];
    bool closed;
    start_with((const char *const[]){"--workers=2", "--drain-timeout-ms=100000", NULL});
    begin_frames(path);
    int fd = follow(path);
    free(server_read_until(fd, "\"frame\":0", 30000));
    kill(server.pid, SIGTERM);
    char *rest = server_read_all(fd, 60000, &closed);
    ck_assert(closed);
    ck_assert_ptr_nonnull(strstr(rest, "\"frame\":39"));
    ck_assert_str_eq(rest + strlen(rest) - 5, "0\r\n\r\n");
    free(rest);
    close(fd);
    free(server_daemon_wait(&server));
}
END_TEST

START_TEST(new_jobs_are_refused_in_a_drain)
{
    char path[64];
    start_with((const char *const[]){"--workers=2", "--drain-timeout-ms=100000", NULL});
    begin_frames(path);
    int fd = follow(path), late = server_connect(&server);
    free(server_read_until(fd, "\"frame\":0", 30000));
    server_write(late, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    free(server_read_until(late, "live", 5000));
    kill(server.pid, SIGTERM);
    server_sleep_ms(100);
    char text[512];
    snprintf(text, sizeof text,
             "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(SHORT_JOB), SHORT_JOB);
    server_write(late, text);
    char *answer = server_read_until(late, "draining", 5000);
    ck_assert_ptr_nonnull(strstr(answer, "HTTP/1.1 503"));
    free(answer);
    close(late);
    close(fd);
    free(server_daemon_wait(&server));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server jobs");
    TCase *one = tcase_create("one daemon");
    tcase_set_timeout(one, 240);
    tcase_add_unchecked_fixture(one, start, stop);
    tcase_add_loop_test(one, a_job_gets_the_answer_of_its_query, 0, N_QUESTIONS);
    tcase_add_test(one, uploads_are_answered_as_jobs_too);
    tcase_add_test(one, a_job_tells_how_far_it_has_come);
    tcase_add_test(one, an_ended_job_tells_what_it_has);
    tcase_add_test(one, frames_are_followed_while_they_are_computed);
    tcase_add_test(one, a_deleted_job_is_computed_no_more);
    tcase_add_test(one, a_follower_of_a_deleted_job_is_told);
    tcase_add_loop_test(one, bad_jobs_are_refused_with_the_field, 0, N_REFUSED);
    tcase_add_test(one, what_there_is_not_is_refused);
    tcase_add_test(one, long_bodies_are_refused);
    tcase_add_test(one, ids_are_not_told_where_there_is_no_key);
    suite_add_tcase(suite, one);
    TCase *each = tcase_create("a daemon each");
    tcase_set_timeout(each, 240);
    tcase_add_test(each, jobs_have_a_time_limit_of_their_own);
    tcase_add_test(each, results_are_kept_for_a_time);
    tcase_add_test(each, the_oldest_result_makes_room_for_bytes);
    tcase_add_test(each, a_result_that_cannot_be_kept_is_refused);
    tcase_add_test(each, there_are_only_so_many_jobs);
    tcase_add_test(each, jobs_are_listed_to_the_holder_of_a_key);
    tcase_add_test(each, a_job_costs_other_queries_nothing);
    tcase_add_test(each, jobs_that_nobody_follows_end_with_the_daemon);
    tcase_add_test(each, jobs_that_are_followed_are_finished);
    tcase_add_test(each, new_jobs_are_refused_in_a_drain);
    suite_add_tcase(suite, each);
    return suite_run(suite);
}
