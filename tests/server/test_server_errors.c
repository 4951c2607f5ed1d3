/* What the daemon refuses, and how: a problem document each, and the daemon serves on. */
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/png.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server_daemon server;

static void start(void)
{
    const char *const flags[] = {
        "--workers=1",           "--max-rows=1000",        "--max-steps=500",
        "--max-frames=20",       "--max-probes=30",        "--max-cost=1e10",
        "--max-numbers=10000",   "--max-body-bytes=20000", "--body-timeout-ms=400",
        "--idle-timeout-ms=700", "--max-nfe=2000",         NULL};
    server_daemon_start(&server, flags);
}

/* Whatever the test did, the daemon lives and answers. */
static void expect_alive(void)
{
    struct server_reply reply =
        server_post(&server, "/v1/models/plane/samples", "{\"n\": 2, \"seed\": 1}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
}

static void stop(void)
{
    server_daemon_stop(&server);
}

/* ---------------------------------------------------------------- JSON bodies */

#define SAMPLES "/v1/models/plane/samples"
#define CLASSES "/v1/models/classes/samples"
#define TRAJECTORIES "/v1/models/plane/trajectories"
#define DENSITY "/v1/models/plane/log-density"
#define VELOCITY "/v1/models/plane/velocity"
#define LATENTS "/v1/models/plane/latents"

static const struct {
    const char *path, *body;
    long status;
    const char *type, *field; /* field NULL: any or none */
} bodies[] = {
    /* not JSON, or not a JSON object */
    {SAMPLES, "", 400, "malformed", NULL},
    {SAMPLES, "{", 400, "malformed", NULL},
    {SAMPLES, "{\"n\": 1} x", 400, "malformed", NULL},
    {SAMPLES, "{\"n\": 1, \"n\": 2}", 400, "malformed", NULL},
    {SAMPLES, "{\"n\": NaN}", 400, "malformed", NULL},
    {DENSITY, "{\"points\": [[1e999, 0]]}", 400, "malformed", NULL},
    {SAMPLES, "{\"n\": 99999999999999999999999}", 400, "malformed", NULL},
    {SAMPLES, "{\"\xff\": 1}", 400, "malformed", NULL},
    {SAMPLES, "{\"n\": \"\\u0000\"}", 400, "malformed", NULL},
    {SAMPLES, "[]", 422, "invalid-field", NULL},
    {SAMPLES, "3", 422, "invalid-field", NULL},
    {SAMPLES "?n=3", "{}", 400, "malformed", "n"},
    /* fields */
    {SAMPLES, "{\"m\": 1}", 422, "invalid-field", "m"},
    {SAMPLES, "{\"points\": [[0, 0]]}", 422, "invalid-field", "points"},
    {SAMPLES, "{\"n\": \"ten\"}", 422, "invalid-field", "n"},
    {SAMPLES, "{\"n\": 1.5}", 422, "invalid-field", "n"},
    {SAMPLES, "{\"n\": [1]}", 422, "invalid-field", "n"},
    {SAMPLES, "{\"n\": 0}", 422, "invalid-field", "n"},
    {SAMPLES, "{\"n\": -1}", 422, "invalid-field", "n"},
    {SAMPLES, "{\"n\": 1001}", 422, "invalid-field", "n"},
    {SAMPLES, "{\"seed\": -1}", 422, "invalid-field", "seed"},
    {SAMPLES, "{\"first\": \"0\"}", 422, "invalid-field", "first"},
    {SAMPLES, "{\"log_density\": 1}", 422, "invalid-field", "log_density"},
    {SAMPLES, "{\"space\": \"outer\"}", 422, "invalid-field", "space"},
    {SAMPLES, "{\"x0\": [[0, 0, 0]]}", 422, "invalid-field", "x0"},
    {SAMPLES, "{\"x0\": [[0, 0], [0]]}", 422, "invalid-field", "x0"},
    {SAMPLES, "{\"x0\": [[0, \"0\"]]}", 422, "invalid-field", "x0"},
    {SAMPLES, "{\"x0\": []}", 422, "invalid-field", "x0"},
    {SAMPLES, "{\"x0\": [[0, 0]], \"n\": 2}", 422, "invalid-field", NULL},
    /* labels and guidance */
    {SAMPLES, "{\"label\": 0}", 422, "invalid-field", "label"},
    {CLASSES, "{\"label\": 3}", 422, "invalid-field", "label"},
    {CLASSES, "{\"label\": -2}", 422, "invalid-field", "label"},
    {CLASSES, "{\"label\": \"mauve\"}", 422, "invalid-field", "label"},
    {CLASSES, "{\"n\": 3, \"label\": [0, 1]}", 422, "invalid-field", NULL},
    {SAMPLES, "{\"guidance\": 2}", 422, "invalid-field", "guidance"},
    {CLASSES, "{\"guidance\": 1e9}", 422, "invalid-field", "guidance"},
    /* solvers */
    {SAMPLES, "{\"solver\": \"rk4\"}", 422, "invalid-field", "solver"},
    {SAMPLES, "{\"solver\": {\"method\": \"rk5\"}}", 422, "invalid-field", "solver.method"},
    {SAMPLES, "{\"solver\": {\"steps\": 0}}", 422, "invalid-field", "solver.steps"},
    {SAMPLES, "{\"solver\": {\"method\": \"rk4\", \"steps\": 501}}", 422, "invalid-field",
     "solver.steps"},
    {SAMPLES, "{\"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-12}}", 422, "invalid-field",
     "solver.rtol"},
    {SAMPLES, "{\"solver\": {\"method\": \"dopri5\", \"atol\": -1}}", 422, "invalid-field",
     "solver.atol"},
    {SAMPLES, "{\"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-6, \"steps\": 3}}", 422,
     "invalid-field", NULL},
    /* frames and times */
    {TRAJECTORIES, "{\"frames\": 1}", 422, "invalid-field", "frames"},
    {TRAJECTORIES, "{\"frames\": 21}", 422, "invalid-field", "frames"},
    {TRAJECTORIES, "{\"times\": [0]}", 422, "invalid-field", "times"},
    {TRAJECTORIES, "{\"times\": [0, 1.5]}", 422, "invalid-field", "times"},
    {TRAJECTORIES, "{\"times\": [0.5, 0.5]}", 422, "invalid-field", "times"},
    {TRAJECTORIES, "{\"times\": [1, 0]}", 422, "invalid-field", "times"},
    {TRAJECTORIES, "{\"times\": [0, 1], \"frames\": 3}", 422, "invalid-field", NULL},
    {TRAJECTORIES, "{\"n\": 600, \"frames\": 20}", 422, "invalid-field", NULL}, /* numbers */
    /* points */
    {DENSITY, "{}", 422, "invalid-field", "points"},
    {DENSITY, "{\"points\": 3}", 422, "invalid-field", "points"},
    {DENSITY, "{\"points\": [[1]]}", 422, "invalid-field", "points"},
    {DENSITY, "{\"points\": [[1, null]]}", 422, "invalid-field", "points"},
    {DENSITY, "{\"points\": [[1, 1e300]]}", 422, "invalid-field", "points"},
    {DENSITY, "{\"points\": [[0, 0]], \"t\": 2}", 422, "invalid-field", "t"},
    {DENSITY, "{\"points\": [[0, 0]], \"divergence\": {\"method\": \"guess\"}}", 422,
     "invalid-field", "divergence.method"},
    {DENSITY, "{\"points\": [[0, 0]], \"divergence\": {\"probes\": 0}}", 422, "invalid-field",
     "divergence.probes"},
    {DENSITY, "{\"points\": [[0, 0]], \"divergence\": {\"probes\": 31}}", 422, "invalid-field",
     "divergence.probes"},
    {VELOCITY, "{\"points\": [[0, 0]], \"t\": -0.1}", 422, "invalid-field", "t"},
    {LATENTS, "{\"points\": [[0, 0]], \"n\": 2}", 422, "invalid-field", NULL},
    /* too much in all */
    {SAMPLES, "{\"n\": 1000, \"solver\": {\"method\": \"rk4\", \"steps\": 500}}", 422,
     "invalid-field", NULL},
    /* names */
    {"/v1/models/plain/samples", "{}", 404, "no-such-model", NULL},
    {"/v1/models//samples", "{}", 404, "no-such-route", NULL},
    {"/v1/models/plane/sample", "{}", 404, "no-such-route", NULL},
    {"/v1/models/plane/samples/", "{}", 404, "no-such-route", NULL},
    {"/v1/models", "{}", 405, "method-not-allowed", NULL},
};

START_TEST(bodies_that_are_wrong)
{
    struct server_reply reply = server_post(&server, bodies[_i].path, bodies[_i].body);
    if (reply.status != bodies[_i].status)
        ck_abort_msg("%s %s: %ld %.1000s", bodies[_i].path, bodies[_i].body, reply.status,
                     reply.body);
    server_expect_problem(reply, bodies[_i].status, bodies[_i].type, bodies[_i].field);
    expect_alive();
}
END_TEST

START_TEST(a_near_name_is_suggested)
{
    struct server_reply reply = server_get(&server, "/v1/models/plain");
    ck_assert_ptr_nonnull(strstr(reply.body, "did you mean \\\"plane\\\"?"));
    server_expect_problem(reply, 404, "no-such-model", NULL);
    reply = server_get(&server, "/v1/models/zzzzzzzz");
    ck_assert_ptr_nonnull(strstr(reply.body, "classes, image, plane"));
    server_expect_problem(reply, 404, "no-such-model", NULL);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    char body[18000];
    memset(body, '[', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    server_expect_problem(server_post(&server, SAMPLES, body), 400, "malformed", NULL);
    expect_alive();
}
END_TEST

/* ---------------------------------------------------------------- URLs of pictures */

static const struct {
    const char *path;
    long status;
    const char *type, *field;
} urls[] = {
    {"/v1/models/plane/samples.png?n=0", 422, "invalid-field", "n"},
    {"/v1/models/plane/samples.png?n=ten", 422, "invalid-field", "n"},
    {"/v1/models/plane/samples.png?m=3", 422, "invalid-field", "m"},
    {"/v1/models/plane/samples.png?n=3&n=4", 400, "malformed", "n"},
    {"/v1/models/plane/samples.png?width=63", 422, "invalid-field", "width"},
    {"/v1/models/plane/samples.png?n=%zz", 400, "malformed", NULL},
    {"/v1/models/plane/samples.png?n=%00", 400, "malformed", NULL},
    {"/v1/models/plane/samples.png?seed=1%30%", 400, "malformed", NULL},
    {"/v1/models/plane/trajectories.png?frames=1", 422, "invalid-field", "frames"},
    {"/v1/models/plane/density.png?side=401", 422, "invalid-field", "side"},
    {"/v1/models/plane/density.png?t=2", 422, "invalid-field", "t"},
    {"/v1/models/plane/velocity.png?solver=rk4", 422, "invalid-field", "solver"},
    {"/v1/models/image/density.png", 404, "no-picture", NULL},
    {"/v1/models/image/velocity.png", 404, "no-picture", NULL},
    {"/v1/models/plain/samples.png", 404, "no-such-model", NULL},
    {"/v1/models/%70lane%00/samples.png", 400, "malformed", NULL},
    {"/v1/models/%ff/samples.png", 400, "malformed", NULL},
    {"/v1/models/%2e%2e/samples.png", 404, "no-such-model", NULL},
    {"/v1/models/..%2f..%2fetc%2fpasswd", 404, "no-such-model", NULL},
    {"/v1/../v1/models", 404, "no-such-route", NULL},
    {"//v1/models", 404, "no-such-route", NULL},
    {"/v1/models/a/b/c/d/e/f/g/h", 400, "malformed", NULL},
    {"/v2/models", 404, "no-such-route", NULL},
};

START_TEST(urls_that_are_wrong)
{
    struct server_reply reply = server_get(&server, urls[_i].path);
    if (reply.status != urls[_i].status)
        ck_abort_msg("%s: %ld %.1000s", urls[_i].path, reply.status, reply.body);
    server_expect_problem(reply, urls[_i].status, urls[_i].type, urls[_i].field);
    expect_alive();
}
END_TEST

START_TEST(a_long_target_is_refused)
{
    char path[9000] = "/v1/models?q=", url[9200];
    size_t n = strlen(path);
    memset(path + n, 'x', sizeof path - n - 1);
    path[sizeof path - 1] = '\0';
    snprintf(url, sizeof url, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    char *reply = server_exchange_raw(&server, url);
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 414 ", 13), "%s", reply);
    ck_assert_ptr_nonnull(strstr(reply, "urn:advect:target-too-long"));
    free(reply);
    expect_alive();
}
END_TEST

/* ---------------------------------------------------------------- uploads */

static struct server_reply upload(const char *path, const char *type, const void *body, size_t n)
{
    struct server_request request = {.path = path, .body = body, .n_body = n, .content_type = type};
    return server_send(&server, &request);
}

START_TEST(uploads_that_are_wrong)
{
    char npy[512];
    size_t n = adv_npy_header("<f4", 2, (const size_t[]){3, 3}, npy);
    memset(npy + n, 0, 36);
    const char *type = "application/x-npy";
    server_expect_problem(upload(LATENTS, type, npy, n + 36), 422, "invalid-field", NULL);
    server_expect_problem(upload(LATENTS, type, npy, n + 20), 400, "malformed", NULL);
    server_expect_problem(upload(LATENTS, type, "no", 2), 400, "malformed", NULL);
    n = adv_npy_header("<f4", 2, (const size_t[]){3, 2}, npy);
    memset(npy + n, 0, 24);
    server_expect_problem(upload(LATENTS "?t=2", type, npy, n + 24), 422, "invalid-field", "t");
    server_expect_problem(upload(LATENTS "?stepz=2", type, npy, n + 24), 422, "invalid-field",
                          "stepz");
    memset(npy + n, 0xff, 4); /* a NaN */
    server_expect_problem(upload(LATENTS, type, npy, n + 24), 422, "invalid-field", NULL);
    server_expect_problem(upload(LATENTS, "image/png", "\x89PNG\r\n\x1a\n", 8), 422,
                          "invalid-field", NULL);
    const char *image = "/v1/models/image/latents";
    server_expect_problem(upload(image, "image/png", "\x89PNG\r\n\x1a\n", 8), 400, "malformed",
                          NULL);
    struct adv_image wide;
    struct adv_bytes png = {0};
    ck_assert_int_eq(adv_image_init(&wide, 9, 8, 1, NULL), ADV_OK);
    ck_assert_int_eq(adv_png_encode(&wide, 6, &png, NULL), ADV_OK);
    adv_image_release(&wide);
    server_expect_problem(upload(image, "image/png", png.data, png.n), 422, "invalid-field", NULL);
    adv_bytes_release(&png);
    expect_alive();
}
END_TEST

START_TEST(media_types_that_are_wrong)
{
    static const char *const types[] = {"application/x-www-form-urlencoded", "text/plain",
                                        "application/jsonx", "image/png"};
    server_expect_problem(upload(SAMPLES, types[_i], "{}", 2), 415, "media-type", NULL);
    struct server_reply reply = upload(SAMPLES, "Application/JSON ; charset=utf-8", "{}", 2);
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
}
END_TEST

/* ---------------------------------------------------------------- bare HTTP */

#define POST_HEAD "POST /v1/models/plane/samples HTTP/1.1\r\nContent-Type: application/json\r\n"

static const struct {
    const char *text, *status, *type;
} raw[] = {
    /* where does the body end? */
    {POST_HEAD "Host: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
     "400", "malformed"},
    {POST_HEAD "Host: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "400", "malformed"},
    {POST_HEAD "Host: a\r\nTransfer-Encoding: gzip\r\n\r\n{}", "400", "malformed"},
    {POST_HEAD "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\n\r\n",
     "400", "malformed"},
    {POST_HEAD "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400", "malformed"},
    {POST_HEAD "\r\n", "400", "malformed"}, /* no Host */
    {POST_HEAD "Host: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}", "400", "malformed"},
    /* no length at all */
    {POST_HEAD "Host: a\r\nConnection: close\r\n\r\n", "411", "length-required"},
    {POST_HEAD "Host: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "400", "malformed"},
    /* too long, known and unknown beforehand */
    {POST_HEAD "Host: a\r\nContent-Length: 20001\r\n\r\n", "413", "body-too-large"},
    {POST_HEAD "Host: a\r\nContent-Length: 20001\r\nExpect: 100-continue\r\n\r\n", "413",
     "body-too-large"},
    /* other things that are refused without asking for the body */
    {"POST /v1/models/plane/samples HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
     "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
     "415", "media-type"},
    /* methods and targets */
    {"BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "405", "method-not-allowed"},
    {"GET v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400", "malformed"},
    {"GET /%GG HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400", "malformed"},
    {"GET /\x80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "400", "malformed"},
};

START_TEST(requests_that_are_wrong_on_the_wire)
{
    char expected[32];
    char *reply = server_exchange_raw(&server, raw[_i].text);
    snprintf(expected, sizeof expected, "HTTP/1.1 %s ", raw[_i].status);
    ck_assert_msg(!strncmp(reply, expected, strlen(expected)), "%s\n->\n%s", raw[_i].text, reply);
    snprintf(expected, sizeof expected, "urn:advect:%s", raw[_i].type);
    ck_assert_msg(strstr(reply, expected) != NULL, "%s\n->\n%s", raw[_i].text, reply);
    ck_assert_ptr_nonnull(strstr(reply, "\r\nConnection: close"));
    for (const char *at = reply + 1; (at = strstr(at, "HTTP/1.1 ")); at++)
        ck_assert_msg(at[9] < '0' || at[9] > '9', "a second reply: %s", reply);
    free(reply);
    expect_alive();
}
END_TEST

START_TEST(heads_beyond_reading_are_refused)
{
    static const char *const heads[] = {
        "GET / HTTP/7.3\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello TLS\r\n\r\n",
    };
    char *reply = server_exchange_raw(&server, heads[_i]);
    ck_assert_msg(!strncmp(reply, _i ? "HTTP/1.1 400 " : "HTTP/1.1 505 ", 13), "%s", reply);
    ck_assert_ptr_nonnull(strstr(reply, _i ? "urn:advect:malformed" : "urn:advect:http-version"));
    free(reply);
    expect_alive();
}
END_TEST

/* The reply is sent past libmicrohttpd, and the log tells its status, not that the client went. */
START_TEST(a_broken_chunk_is_logged_with_its_status)
{
    char *reply = server_exchange_raw(&server, "POST /broken-chunk HTTP/1.1\r\nHost: a\r\n"
                                               "Transfer-Encoding: chunked\r\n\r\nzz\r\n");
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 400 ", 13), "%s", reply);
    free(reply);
    bool logged = false;
    for (int i = 0; i < 500 && !logged; i++) { /* the reply may be here before the line is */
        server_sleep_ms(10);
        char *log = server_daemon_read_log(&server);
        logged = strstr(log, "path=\"/broken-chunk\" status=400 ") != NULL;
        free(log);
    }
    ck_assert(logged);
}
END_TEST

/* Many headers: a little beyond 32 KiB, and far beyond what libmicrohttpd has room for. */
START_TEST(floods_of_headers_are_refused)
{
    size_t n_headers = _i ? 20000 : 1000, n = 0, size = n_headers * 48 + 200;
    char *text = malloc(size);
    n += (size_t)snprintf(text, size, "GET /health/live HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 0; i < n_headers; i++)
        n += (size_t)snprintf(text + n, size - n, "X-Flood-%zu: 0123456789012345678901\r\n", i);
    snprintf(text + n, size - n, "\r\n");
    int fd = server_connect(&server);
    bool closed;
    server_write(fd, text);
    char *reply = server_read_all(fd, 5000, &closed);
    ck_assert(closed);
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 431 ", 13), "%s", reply);
    ck_assert_msg(strstr(reply, "urn:advect:head-too-large") != NULL, "%s", reply);
    close(fd);
    free(reply);
    free(text);
    expect_alive();
}
END_TEST

START_TEST(a_chunked_body_over_the_limit_is_refused)
{
    char body[21000], request[22000];
    memset(body, ' ', sizeof body);
    body[sizeof body - 1] = '\0';
    snprintf(request, sizeof request,
             POST_HEAD "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n"
                       "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
             strlen(body), body);
    char *reply = server_exchange_raw(&server, request);
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 413 ", 13), "%s", reply);
    ck_assert_ptr_nonnull(strstr(reply, "urn:advect:body-too-large"));
    /* The body was swallowed to its end, so the connection went on with the next request. */
    ck_assert_msg(strstr(reply, "{\"status\":\"live\"}") != NULL, "%s", reply);
    free(reply);
}
END_TEST

START_TEST(a_refused_body_that_is_here_leaves_the_connection_open)
{
    char *reply = server_exchange_raw(
        &server, "POST /v1/models/plane/samples HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
                 "Content-Length: 5\r\n\r\nhelloGET /health/live HTTP/1.1\r\nHost: a\r\n"
                 "Connection: close\r\n\r\n");
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 415 ", 13), "%s", reply);
    ck_assert_msg(strstr(reply, "{\"status\":\"live\"}") != NULL, "%s", reply);
    free(reply);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    const char *body = "{\"n\": 1, \"seed\": 1, \"first\": 41}";
    char request[1024];
    snprintf(request, sizeof request,
             "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n" POST_HEAD
             "Host: a\r\nContent-Length: %zu\r\n\r\n%sGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
             "GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
             strlen(body), body);
    char *reply = server_exchange_raw(&server, request);
    const char *live = strstr(reply, "\"live\""), *sample = strstr(reply, "\"first\":41"),
               *nowhere = strstr(reply, "urn:advect:no-such-route"),
               *ready = strstr(reply, "\"ready\"");
    ck_assert_msg(live && sample && nowhere && ready, "%s", reply);
    ck_assert(live < sample && sample < nowhere && nowhere < ready);
    free(reply);
}
END_TEST

START_TEST(absolute_targets_and_http_1_0)
{
    char *reply = server_exchange_raw(
        &server, "GET http://a.test/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 200 ", 13), "%s", reply);
    free(reply);
    reply = server_exchange_raw(&server, "GET /health/live HTTP/1.0\r\n\r\n");
    ck_assert_msg(strstr(reply, " 200 ") != NULL, "%s", reply);
    free(reply);
    /* A stream without chunks ends with the connection. */
    reply = server_exchange_raw(
        &server, "POST /v1/models/plane/trajectories HTTP/1.0\r\n"
                 "Content-Type: application/json\r\nContent-Length: 28\r\n"
                 "Accept: application/x-ndjson\r\n\r\n{\"n\":1,\"seed\":1,\"frames\":3 }");
    ck_assert_msg(strstr(reply, "{\"frame\":2") != NULL, "%s", reply);
    free(reply);
}
END_TEST

/* ---------------------------------------------------------------- slow clients */

START_TEST(a_body_that_trickles_in_is_answered_408)
{
    int fd = server_connect(&server);
    bool closed;
    double begin = server_seconds();
    server_write(fd, POST_HEAD "Host: a\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 8; i++) { /* never inactive for long */
        server_write(fd, "{");
        server_sleep_ms(100);
    }
    char *reply = server_read_all(fd, 5000, &closed);
    double took = server_seconds() - begin;
    close(fd);
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 408 ", 13), "%s", reply);
    ck_assert_ptr_nonnull(strstr(reply, "urn:advect:body-timeout"));
    ck_assert(closed);
    ck_assert_double_lt(took, 3);
    free(reply);
    expect_alive();
}
END_TEST

START_TEST(a_head_that_trickles_in_is_cut)
{
    int fd = server_connect(&server);
    bool closed;
    if (_i == 0) /* no request line yet: closed without a word after idle-timeout-ms */
        server_write(fd, "GET /health/li");
    else /* headers without end: 408 after body-timeout-ms */
        server_write(fd, "GET /health/live HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n");
    for (int i = 0; i < 12; i++) {
        server_write(fd, _i ? "X-B: 1\r\n" : "i");
        server_sleep_ms(100);
    }
    char *reply = server_read_all(fd, 5000, &closed);
    close(fd);
    ck_assert(closed);
    ck_assert_msg(_i ? !strncmp(reply, "HTTP/1.1 408 ", 13) : !*reply, "%s", reply);
    free(reply);
    expect_alive();
}
END_TEST

START_TEST(an_idle_connection_is_closed)
{
    int fd = server_connect(&server);
    bool closed;
    server_write(fd, "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
    free(server_read_until(fd, "\"live\"", 5000));
    char *rest = server_read_all(fd, 5000, &closed);
    close(fd);
    ck_assert(closed);
    free(rest);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server errors");
    TCase *one = tcase_create("one daemon");
    tcase_set_timeout(one, 60);
    tcase_add_unchecked_fixture(one, start, stop);
    tcase_add_loop_test(one, bodies_that_are_wrong, 0, sizeof bodies / sizeof bodies[0]);
    tcase_add_test(one, a_near_name_is_suggested);
    tcase_add_test(one, deep_nesting_is_refused);
    tcase_add_loop_test(one, urls_that_are_wrong, 0, sizeof urls / sizeof urls[0]);
    tcase_add_test(one, a_long_target_is_refused);
    tcase_add_test(one, uploads_that_are_wrong);
    tcase_add_loop_test(one, media_types_that_are_wrong, 0, 4);
    tcase_add_loop_test(one, requests_that_are_wrong_on_the_wire, 0, sizeof raw / sizeof raw[0]);
    tcase_add_loop_test(one, heads_beyond_reading_are_refused, 0, 3);
    tcase_add_test(one, a_broken_chunk_is_logged_with_its_status);
    tcase_add_loop_test(one, floods_of_headers_are_refused, 0, 2);
    tcase_add_test(one, a_chunked_body_over_the_limit_is_refused);
    tcase_add_test(one, a_refused_body_that_is_here_leaves_the_connection_open);
    tcase_add_test(one, pipelined_requests_are_answered_in_order);
    tcase_add_test(one, absolute_targets_and_http_1_0);
    tcase_add_test(one, a_body_that_trickles_in_is_answered_408);
    tcase_add_loop_test(one, a_head_that_trickles_in_is_cut, 0, 2);
    tcase_add_test(one, an_idle_connection_is_closed);
    suite_add_tcase(suite, one);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
