/* The daemon's manners around its queries: negotiation, methods, probes, description, keys, log,
 * settings. */
#include "tests/server/client/server_client.h"
#include "tests/support/phrases.h"
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

static json_t *get_json(const char *path)
{
    struct server_reply reply = server_get(&server, path);
    ck_assert_msg(reply.status == 200, "%ld: %.1000s", reply.status, reply.body);
    json_t *json = server_reply_json(&reply);
    server_reply_release(&reply);
    return json;
}

/* ---------------------------------------------------------------- negotiation */

START_TEST(accept_decides_with_its_weights)
{
    static const struct {
        const char *accept, *type;
    } cases[] = {
        {"*/*", "application/json"},
        {"application/*", "application/json"},
        {"application/x-npy", "application/x-npy"},
        {"APPLICATION/X-NPY;Q=0.5", "application/x-npy"},
        {"application/json;q=0.2, image/png;q=0.3", "image/png"},
        {"image/*, */*;q=0.1", "image/png"},
        {"application/json;q=0, */*", "application/x-npy"},
        {"text/html, application/json;q=0.9;x=y", "application/json"},
        {"", "application/json"},
    };
    char type[64];
    struct server_request request = {.path = "/v1/models/plane/samples",
                                     .body = "{\"n\": 2, \"seed\": 1}",
                                     .accept = cases[_i].accept};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_int_eq(reply.status, 200);
    ck_assert(server_reply_header(&reply, "Content-Type", sizeof type, type));
    ck_assert_str_eq(type, cases[_i].type);
    server_reply_release(&reply);
}
END_TEST

START_TEST(what_nobody_can_give_is_refused_with_a_list)
{
    struct server_request request = {.path = "/v1/models/plane/log-density",
                                     .body = "{\"points\": [[0, 0]]}",
                                     .accept = "image/png, audio/*"};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_ptr_nonnull(strstr(reply.body, "application/json, application/x-npy, text/csv"));
    server_expect_problem(reply, 406, "not-acceptable", NULL);
}
END_TEST

/* ---------------------------------------------------------------- the rest of the table */

START_TEST(health_metrics_and_front_end)
{
    const char *counter = "advect_requests_total{route=\"/health/live\",status=\"200\"}";
    double before = server_metric(&server, counter);
    json_t *live = get_json("/health/live"), *ready = get_json("/health/ready");
    ck_assert_str_eq(json_string_value(json_object_get(live, "status")), "live");
    ck_assert_str_eq(json_string_value(json_object_get(ready, "status")), "ready");
    ck_assert_double_eq(json_number_value(json_object_get(ready, "models")), 3);
    json_decref(live);
    json_decref(ready);
    ck_assert_double_eq(server_metric(&server, "advect_models"), 3);
    ck_assert_double_eq(server_metric(&server, "advect_models_refused"), 1);
    /* Requests are counted when they are over, which is after the client has its answer. */
    server_wait_for_metric(&server, counter, before < 0 ? 1 : before + 1, 5000);
    ck_assert_double_gt(server_metric(&server, "process_resident_memory_bytes"), 1e6);
    struct server_reply page = server_get(&server, "/");
    char type[64];
    ck_assert_int_eq(page.status, 200);
    ck_assert(server_reply_header(&page, "Content-Type", sizeof type, type));
    ck_assert_str_eq(type, "text/html; charset=utf-8");
    ck_assert_ptr_nonnull(strstr(page.body, "<title>Advect</title>"));
    server_reply_release(&page);
}
END_TEST

/* The front-end's files: types, the browser's orders, both forms, and nothing sent twice. */
START_TEST(front_end_files)
{
    static const struct {
        const char *path, *type;
    } files[] = {
        {"/", "text/html; charset=utf-8"},
        {"/web/index.html", "text/html; charset=utf-8"},
        {"/web/app.js", "text/javascript; charset=utf-8"},
        {"/web/lib/dom.js", "text/javascript; charset=utf-8"},
        {"/web/style.css", "text/css; charset=utf-8"},
        {"/web/icon.svg", "image/svg+xml"},
        {"/web/preview.png", "image/png"},
    };
    char text[192], etag[64], packed_etag[64], condition[96];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct server_reply plain = server_get(&server, files[i].path);
        ck_assert_int_eq(plain.status, 200);
        ck_assert(server_reply_header(&plain, "Content-Type", sizeof text, text));
        ck_assert_str_eq(text, files[i].type);
        ck_assert(server_reply_header(&plain, "Content-Security-Policy", sizeof text, text));
        ck_assert_ptr_nonnull(strstr(text, "frame-ancestors 'self'")); /* whole, to its end */
        ck_assert(!server_reply_header(&plain, "Content-Encoding", sizeof text, text));
        ck_assert(server_reply_header(&plain, "ETag", sizeof etag, etag));
        struct server_request request = {.path = files[i].path,
                                         .headers = {"Accept-Encoding: br, gzip;q=0.5"}};
        struct server_reply packed = server_send(&server, &request);
        ck_assert(server_reply_header(&packed, "Content-Encoding", sizeof text, text));
        ck_assert_str_eq(text, "gzip");
        ck_assert(server_reply_header(&packed, "ETag", sizeof packed_etag, packed_etag));
        ck_assert_str_ne(etag, packed_etag);
        ck_assert_mem_eq(packed.body, "\x1f\x8b", 2);
        request.headers[0] = "Accept-Encoding: gzip;q=0, *";
        struct server_reply refused = server_send(&server, &request);
        ck_assert_uint_eq(refused.n_body, plain.n_body);
        ck_assert_mem_eq(refused.body, plain.body, plain.n_body);
        snprintf(condition, sizeof condition, "If-None-Match: %s", etag);
        request.headers[0] = condition;
        struct server_reply known = server_send(&server, &request);
        ck_assert_int_eq(known.status, 304);
        ck_assert_uint_eq(known.n_body, 0);
        server_reply_release(&known);
        server_reply_release(&refused);
        server_reply_release(&packed);
        server_reply_release(&plain);
    }
    server_expect_problem(server_get(&server, "/clients/js/app.js"), 404, "no-such-route", NULL);
    server_expect_problem(server_get(&server, "/web/none.js"), 404, "no-such-route", NULL);
    server_expect_problem(server_get(&server, "/web/"), 404, "no-such-route", NULL);
    server_expect_problem(server_get(&server, "/web/a/app.js"), 404, "no-such-route", NULL);
    server_expect_problem(server_get(&server, "/web/a/b/app.js"), 404, "no-such-route", NULL);
}
END_TEST

/* The schema of components that a reference leads to. */
static const json_t *resolve(const json_t *document, const json_t *reference)
{
    static const char prefix[] = "#/components/schemas/";
    const char *to = json_string_value(json_object_get(reference, "$ref"));
    ck_assert_ptr_nonnull(to);
    ck_assert(!strncmp(to, prefix, sizeof prefix - 1));
    const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    return json_object_get(schemas, to + sizeof prefix - 1);
}

START_TEST(openapi_describes_every_route)
{
    static const char *const posts[] = {"samples", "trajectories", "log-density",
                                        "latents", "velocity",     "score"};
    static const char *const gets[] = {"/",
                                       "/docs",
                                       "/clients/js/{file}",
                                       "/web/{file}",
                                       "/web/{folder}/{file}",
                                       "/playground",
                                       "/playground/{file}",
                                       "/playground/{folder}/{file}",
                                       "/playground/{folder}/{subfolder}/{file}",
                                       "/health/live",
                                       "/health/ready",
                                       "/metrics",
                                       "/openapi.json",
                                       "/v1/models",
                                       "/v1/models/{model}",
                                       "/v1/models/{model}/samples.png",
                                       "/v1/models/{model}/trajectories.png",
                                       "/v1/models/{model}/density.png",
                                       "/v1/models/{model}/velocity.png",
                                       "/v1/jobs",
                                       "/v1/jobs/{id}",
                                       "/v1/jobs/{id}/result"};
    json_t *json = get_json("/openapi.json"), *paths = json_object_get(json, "paths");
    ck_assert_str_eq(json_string_value(json_object_get(json, "openapi")), "3.1.0");
    ck_assert_uint_eq(json_object_size(paths),
                      sizeof posts / sizeof posts[0] + sizeof gets / sizeof gets[0]);
    for (size_t i = 0; i < sizeof gets / sizeof gets[0]; i++)
        ck_assert(json_is_object(json_object_get(json_object_get(paths, gets[i]), "get")));
    json_t *entrance = json_object_get(paths, "/playground"), *headers;
    ck_assert_int_eq(
        json_unpack(entrance, "{s:{s:{s:{s:o}}}}", "get", "responses", "301", "headers", &headers),
        0);
    ck_assert(json_is_object(json_object_get(headers, "Location")));
    const json_t *jobs = json_object_get(paths, "/v1/jobs");
    ck_assert(json_is_object(json_object_get(json_object_get(jobs, "post"), "requestBody")));
    ck_assert(json_is_object(json_object_get(json_object_get(paths, "/v1/jobs/{id}"), "delete")));
    for (size_t i = 0; i < sizeof posts / sizeof posts[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/models/{model}/%s", posts[i]);
        ck_assert(json_is_object(json_object_get(json_object_get(paths, path), "get")));
        const json_t *post = json_object_get(json_object_get(paths, path), "post");
        const json_t *content = json_object_get(json_object_get(post, "requestBody"), "content");
        const json_t *schema =
            resolve(json, json_object_get(json_object_get(content, "application/json"), "schema"));
        ck_assert(
            json_is_object(json_object_get(json_object_get(schema, "properties"), "solver")) ||
            !strcmp(posts[i], "velocity"));
        ck_assert(json_is_object(json_object_get(content, "application/x-npy")));
        ck_assert(json_is_object(json_object_get(content, "text/csv")));
    }
    json_decref(json);
}
END_TEST

/* Fields of URLs; those of JSON are held to form in test_request.c. */
START_TEST(openapi_explains_every_parameter)
{
    json_t *json = get_json("/openapi.json"), *path, *parameter;
    const char *pattern;
    size_t i, n = 0;
    json_object_foreach(json_object_get(json, "paths"), pattern, path)
    {
        const json_t *get = json_object_get(path, "get");
        json_array_foreach(json_object_get(get, "parameters"), i, parameter)
        {
            const char *name = json_string_value(json_object_get(parameter, "name"));
            if (!name) /* a reference */
                continue;
            phrase_check(pattern, name,
                         json_string_value(json_object_get(parameter, "description")));
            n++;
        }
    }
    ck_assert_uint_gt(n, 40);
    json_decref(json);
}
END_TEST

START_TEST(head_is_get_without_a_body)
{
    static const char *const paths[] = {"/v1/models", "/health/live",
                                        "/v1/models/plane/samples.png?n=3"};
    struct server_reply get = server_get(&server, paths[_i]);
    struct server_reply head =
        server_send(&server, &(struct server_request){.method = "HEAD", .path = paths[_i]});
    char length[32], expected[32];
    ck_assert_int_eq(head.status, get.status);
    ck_assert_uint_eq(head.n_body, 0);
    ck_assert(server_reply_header(&head, "Content-Length", sizeof length, length));
    snprintf(expected, sizeof expected, "%zu", get.n_body);
    ck_assert_str_eq(length, expected);
    server_reply_release(&get);
    server_reply_release(&head);
}
END_TEST

START_TEST(options_tells_the_methods)
{
    static const struct {
        const char *path, *allow;
    } cases[] = {
        {"/v1/models", "GET, HEAD, OPTIONS"},
        {"/v1/models/any/samples", "GET, HEAD, POST, OPTIONS"},
        {"/v1/models/any/samples.png", "GET, HEAD, OPTIONS"},
    };
    char allow[64];
    struct server_request request = {.method = "OPTIONS", .path = cases[_i].path};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_int_eq(reply.status, 204);
    ck_assert(server_reply_header(&reply, "Allow", sizeof allow, allow));
    ck_assert_str_eq(allow, cases[_i].allow);
    server_reply_release(&reply);
    request.method = "DELETE";
    reply = server_send(&server, &request);
    ck_assert(server_reply_header(&reply, "Allow", sizeof allow, allow));
    ck_assert_str_eq(allow, cases[_i].allow);
    server_expect_problem(reply, 405, "method-not-allowed", NULL);
}
END_TEST

/* ---------------------------------------------------------------- daemons of their own */

START_TEST(a_key_guards_all_but_health_and_the_page)
{
    struct server_daemon guarded;
    setenv("ADVECT_API_KEY", "open sesame", 1);
    server_daemon_start(&guarded, NULL);
    unsetenv("ADVECT_API_KEY");
    static const struct {
        const char *path, *header;
        long status;
    } cases[] = {
        {"/v1/models", NULL, 401},
        {"/v1/models", "Authorization: Bearer open sesam", 401},
        {"/v1/models", "Authorization: Bearer open sesame!", 401},
        {"/v1/models", "Authorization: Basic open sesame", 401},
        {"/v1/models", "X-API-Key:", 401},
        {"/nowhere", NULL, 401},
        {"/metrics", NULL, 401},
        {"/v1/models", "Authorization: Bearer open sesame", 200},
        {"/v1/models", "X-API-Key: open sesame", 200},
        {"/health/live", NULL, 200},
        {"/health/ready", NULL, 200},
        {"/", NULL, 200},
        {"/web/app.js", NULL, 200},
        {"/docs", NULL, 200},
        {"/clients/js/advect.js", NULL, 200},
        {"/v1/models/plane/samples?n=1", NULL, 401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server_request request = {.path = cases[i].path, .headers = {cases[i].header}};
        struct server_reply reply = server_send(&guarded, &request);
        ck_assert_msg(reply.status == cases[i].status, "%s with %s: %ld", cases[i].path,
                      cases[i].header, reply.status);
        char challenge[64];
        ck_assert(server_reply_header(&reply, "WWW-Authenticate", sizeof challenge, challenge) ==
                  (cases[i].status == 401));
        server_reply_release(&reply);
    }
    server_daemon_stop(&guarded);
}
END_TEST

START_TEST(pages_of_an_origin_may_call)
{
    struct server_daemon open;
    char origin[64], methods[64];
    server_daemon_start(&open, (const char *const[]){"--cors-origin", "http://lab.test", NULL});
    struct server_reply reply = server_get(&open, "/v1/models");
    ck_assert(server_reply_header(&reply, "Access-Control-Allow-Origin", sizeof origin, origin));
    ck_assert_str_eq(origin, "http://lab.test");
    server_reply_release(&reply);
    reply = server_send(
        &open, &(struct server_request){.method = "OPTIONS", .path = "/v1/models/plane/samples"});
    ck_assert(server_reply_header(&reply, "Access-Control-Allow-Methods", sizeof methods, methods));
    ck_assert_str_eq(methods, "GET, HEAD, POST, OPTIONS");
    server_reply_release(&reply);
    server_daemon_stop(&open);
}
END_TEST

/* The log once it holds both texts: a line is written when its request is over, which is after the
 * client has its answer. */
static char *log_with(const struct server_daemon *daemon, const char *one, const char *other)
{
    for (int tries = 0;; tries++) {
        char *log = server_daemon_read_log(daemon);
        if (tries == 500 || (strstr(log, one) && strstr(log, other)))
            return log;
        free(log);
        server_sleep_ms(10);
    }
}

START_TEST(the_log_has_a_line_per_request)
{
    struct server_daemon quiet, talking;
    server_daemon_start(&quiet, (const char *const[]){"--access-log=off", NULL});
    server_daemon_start(&talking, NULL);
    struct server_reply reply =
        server_post(&quiet, "/v1/models/plane/samples", "{\"n\": 3, \"seed\": 1}");
    server_reply_release(&reply);
    reply = server_post(&talking, "/v1/models/plane/samples", "{\"n\": 3, \"seed\": 1}");
    char end[64];
    snprintf(end, sizeof end, " status=200 bytes=%zu ms=", reply.n_body);
    server_reply_release(&reply);
    free(server_exchange_raw(&talking, "GET /\"\xff\x01 HTTP/1.1\r\nHost: a\r\n"
                                       "Connection: close\r\n\r\n"));
    char *log = log_with(&talking, end, "status=400");
    ck_assert_ptr_nonnull(strstr(log, " method=\"POST\" path=\"/v1/models/plane/samples\""));
    ck_assert_ptr_nonnull(strstr(log, end));
    ck_assert_ptr_nonnull(strstr(log, " n=3 nfe=100 client=127.0.0.1\n"));
    ck_assert_ptr_nonnull(strstr(log, " path=\"/\\\"\\xff\\x01\" status=400"));
    free(log);
    log = server_daemon_read_log(&quiet);
    ck_assert_ptr_null(strstr(log, "method="));
    free(log);
    server_daemon_stop(&quiet);
    server_daemon_stop(&talking);
}
END_TEST

START_TEST(ipv6_and_bad_settings)
{
    char text[16384], port[64];
    ck_assert_int_eq(server_daemon_run((const char *const[]){"--help", NULL}, text, sizeof text),
                     0);
    ck_assert_ptr_nonnull(strstr(text, "--max-rows N"));
    ck_assert_uint_gt(phrases_check_help("advectd", text), 20);
    ck_assert_int_eq(server_daemon_run((const char *const[]){"--version", NULL}, text, sizeof text),
                     0);
    ck_assert_int_eq(strncmp(text, "advectd ", 8), 0);
    static const struct {
        const char *flag, *value, *says;
        int status;
    } cases[] = {
        {"--workerz", "2", "did you mean \"workers\"", 2},
        {"--workers", "many", "workers", 2},
        {"--workers", NULL, "wants a value", 2},
        {"surplus", NULL, "is not a flag", 2},
        {"--models", "/nonexistent", "/nonexistent", 1},
        {"--listen", "localhost", "ADDRESS:PORT", 1},
        {"--listen", "127.0.0.1:99999", "ADDRESS:PORT", 1},
        {"--queue-numbers", "3", "at least max_numbers", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const arguments[] = {"--models", server.models, cases[i].flag, cases[i].value,
                                         NULL};
        ck_assert_int_eq(server_daemon_run(arguments, text, sizeof text), cases[i].status);
        ck_assert_msg(strstr(text, cases[i].says) != NULL, "%s: %s", cases[i].flag, text);
    }
    snprintf(port, sizeof port, "127.0.0.1:%d", server.port);
    const char *const check[] = {"--check-health", "--listen", port, NULL};
    ck_assert_int_eq(server_daemon_run(check, text, sizeof text), 0);
    const char *const nobody[] = {"--check-health", "--listen", "127.0.0.1:1", NULL};
    ck_assert_int_eq(server_daemon_run(nobody, text, sizeof text), 1);
    const char *const taken[] = {"--listen", port, "--models", server.models, NULL};
    ck_assert_int_eq(server_daemon_run(taken, text, sizeof text), 1);
    ck_assert_ptr_nonnull(strstr(text, "Address already in use"));
    struct server_daemon six;
    server_daemon_start(&six, (const char *const[]){"--listen", "[::1]:0", NULL});
    ck_assert_int_eq(strncmp(six.url, "http://[::1]:", 13), 0);
    struct server_reply reply = server_get(&six, "/health/ready");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    server_daemon_stop(&six);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server http");
    TCase *one = tcase_create("one daemon");
    tcase_set_timeout(one, 60);
    tcase_add_unchecked_fixture(one, start, stop);
    tcase_add_loop_test(one, accept_decides_with_its_weights, 0, 9);
    tcase_add_test(one, what_nobody_can_give_is_refused_with_a_list);
    tcase_add_test(one, health_metrics_and_front_end);
    tcase_add_test(one, front_end_files);
    tcase_add_test(one, openapi_describes_every_route);
    tcase_add_test(one, openapi_explains_every_parameter);
    tcase_add_loop_test(one, head_is_get_without_a_body, 0, 3);
    tcase_add_loop_test(one, options_tells_the_methods, 0, 3);
    tcase_add_test(one, a_key_guards_all_but_health_and_the_page);
    tcase_add_test(one, pages_of_an_origin_may_call);
    tcase_add_test(one, the_log_has_a_line_per_request);
    tcase_add_test(one, ipv6_and_bad_settings);
    suite_add_tcase(suite, one);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
