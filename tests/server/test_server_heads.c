/* Where requests end: a daemon beside the rules of RFC 9112, byte by byte; names it answers for;
 * names that requests have. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_heads.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEXT "GET /health/live?next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static struct server_daemon server;

static void start(void)
{
    server_daemon_start(&server, NULL);
}

static void stop(void)
{
    server_daemon_stop(&server);
}

/* ---------------------------------------------------------------- answers, one after the other */

struct answers {
    int n, statuses[4];
    bool whole; /* nothing is left over */
};

/* Cuts text into answers by their Content-Length; interim ones do not count. */
static struct answers cut(const char *text)
{
    struct answers answers = {.whole = true};
    while (*text) {
        int status;
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "\r\nContent-Length: ");
        if (sscanf(text, "HTTP/1.1 %3d ", &status) != 1 || !end || answers.n == 4) {
            answers.whole = false;
            break;
        }
        size_t n = length && length < end ? strtoull(length + 18, NULL, 10) : 0;
        if (status >= 200)
            answers.statuses[answers.n++] = status;
        if (strlen(end + 4) < n) {
            answers.whole = false;
            break;
        }
        text = end + 4 + n;
    }
    return answers;
}

/* What comes for the bytes, which are sent at once or one by one. */
static char *exchange(const char *bytes, size_t n, bool one_by_one)
{
    bool closed;
    int fd = server_connect(&server);
    size_t step = one_by_one ? 1 : n;
    for (size_t i = 0; i < n; i += step) {
        if (send(fd, bytes + i, step, MSG_NOSIGNAL) < 0)
            break; /* closed: what it said tells why */
        if (one_by_one && i % 8 == 0)
            usleep(50); /* lets the daemon see some pieces apart */
    }
    char *text = server_read_all(fd, 20000, &closed);
    close(fd);
    ck_assert_msg(closed, "the connection stays open after: %s", text);
    return text;
}

static void check(const struct server_head *head, bool one_by_one)
{
    char bytes[1024];
    size_t n_next = strlen(NEXT);
    ck_assert_uint_lt(head->n + n_next, sizeof bytes);
    memcpy(bytes, head->bytes, head->n);
    memcpy(bytes + head->n, NEXT, n_next);
    char *text = exchange(bytes, head->n + n_next, one_by_one);
    struct answers answers = cut(text);
    ck_assert_msg(answers.whole, "%s\n%s\n->\n%s", head->rule, head->bytes, text);
    ck_assert_msg(answers.n == (head->closes ? 1 : 2) && answers.statuses[0] == head->status,
                  "%s\n%s\n-> %d answers, the first %d, not %d\n%s", head->rule, head->bytes,
                  answers.n, answers.statuses[0], head->status, text);
    if (head->closes)
        ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
    else
        ck_assert_int_eq(answers.statuses[1], 200);
    free(text);
}

START_TEST(requests_end_where_the_standard_says)
{
    check(&server_heads[_i], false);
}
END_TEST

START_TEST(requests_end_there_however_they_arrive)
{
    check(&server_heads[_i], true);
}
END_TEST

/* Requests before one that is refused are answered first, and once. */
START_TEST(a_refusal_waits_for_the_answers_before_it)
{
    static const char body[] =
        "{\"n\": 99, \"solver\": {\"method\": \"rk4\", \"steps\": 800}, \"seed\": 1}";
    char bytes[1024];
    snprintf(bytes, sizeof bytes,
             "POST /v1/models/plane/samples HTTP/1.1\r\nHost: a\r\nContent-Type: "
             "application/json\r\nContent-Length: %zu\r\n\r\n%s"
             "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
             "GET / HTTP/1.1\r\nHost : a\r\n\r\n" NEXT,
             strlen(body), body);
    char *text = exchange(bytes, strlen(bytes), _i);
    struct answers answers = cut(text);
    ck_assert_msg(answers.whole && answers.n == 3, "%.3000s", text);
    ck_assert_int_eq(answers.statuses[0], 200);
    ck_assert_int_eq(answers.statuses[1], 404);
    ck_assert_int_eq(answers.statuses[2], 400);
    free(text);
}
END_TEST

/* After an answer that closes nothing is sent, whatever comes. */
START_TEST(what_follows_the_last_request_is_not_answered)
{
    static const char bytes[] =
        "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET\0 / HTTP/9";
    char *text = exchange(bytes, sizeof bytes - 1, false);
    struct answers answers = cut(text);
    ck_assert_msg(answers.whole && answers.n == 1, "%s", text);
    ck_assert_int_eq(answers.statuses[0], 200);
    free(text);
}
END_TEST

/* Repeats text n times behind what is there. */
static void append_often(char *bytes, const char *text, int n)
{
    char *at = bytes + strlen(bytes);
    for (int i = 0; i < n; i++)
        at = stpcpy(at, text);
}

static void expect_one(const char *bytes, int status, const char *type)
{
    char *text = exchange(bytes, strlen(bytes), false);
    struct answers answers = cut(text);
    ck_assert_msg(answers.whole && answers.n == 1 && answers.statuses[0] == status, "%.2000s",
                  text);
    ck_assert_msg(strstr(text, type) != NULL, "%.2000s", text);
    free(text);
}

/* Small pieces, of which libmicrohttpd keeps a list, within a head of 32 KiB: there is room for
 * all, or they are refused in our words. */
START_TEST(heads_of_many_pieces_are_answered_once)
{
    char *bytes = calloc(1 << 17, 1);
    strcpy(bytes, "GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: ");
    append_often(bytes, "a=1;", 8000);
    strcat(bytes, "\r\n\r\n");
    expect_one(bytes, 200, "live");
    strcpy(bytes, "GET /health/live HTTP/1.1\r\nHost: a\r\n");
    append_often(bytes, "a:\r\n", 6000);
    strcat(bytes, "\r\n");
    expect_one(bytes, 431, "urn:advect:head-too-large");
    strcpy(bytes, "GET /health/live?");
    append_often(bytes, "&", 4000);
    strcat(bytes, " HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_one(bytes, 400, "urn:advect:malformed");
    /* As much of everything as is read. */
    strcpy(bytes, "GET /health/live?");
    append_often(bytes, "&a", 64);
    append_often(bytes, "&", 256 - 64);
    strcat(bytes, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
    for (int i = 0; i < 254; i++) {
        append_often(bytes, "x", 120);
        strcat(bytes, ":\r\n");
    }
    strcat(bytes, "\r\n");
    expect_one(bytes, 400, "\"field\":\"a\""); /* of the target, which is read after the head */
    free(bytes);
}
END_TEST

/* Refused before libmicrohttpd sees them, they are in the log and the metrics all the same. */
START_TEST(refused_heads_are_logged_and_counted)
{
    static const char metric[] = "advect_requests_total{route=\"none\",status=\"400\"}";
    static const char bytes[] = "GET /doubtful HTTP/1.1\r\nHost : a\r\n\r\n";
    double before = server_metric(&server, metric);
    free(exchange(bytes, strlen(bytes), false));
    ck_assert_double_eq(server_metric(&server, metric), (before < 0 ? 0 : before) + 1);
    bool logged = false;
    for (int i = 0; i < 500 && !logged; i++) {
        char *log = server_daemon_read_log(&server);
        logged = strstr(log, "method=\"GET\" path=\"/doubtful\" status=400 ") != NULL;
        free(log);
        server_sleep_ms(10);
    }
    ck_assert(logged);
}
END_TEST

/* ---------------------------------------------------------------- bodies' codings */

START_TEST(a_coded_body_is_refused_by_name)
{
    char header[64];
    struct server_request request = {
        .path = "/v1/models/plane/samples",
        .body = "{}",
        .headers = {_i ? "Content-Encoding: br" : "Content-Encoding: gzip"}};
    struct server_reply reply = server_send(&server, &request);
    ck_assert(server_reply_header(&reply, "Accept-Encoding", sizeof header, header));
    ck_assert_str_eq(header, "identity"); /* RFC 9110, 15.5.16 */
    ck_assert_ptr_nonnull(strstr(reply.body, _i ? "br" : "gzip"));
    server_expect_problem(reply, 415, "content-coding", NULL);
    request.headers[0] = "Content-Encoding: identity";
    reply = server_send(&server, &request);
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
}
END_TEST

/* What Java's HttpURLConnection sends when nobody tells it better. */
START_TEST(old_clients_get_what_they_ask_for)
{
    struct server_reply reply = server_send(
        &server,
        &(struct server_request){.path = "/v1/models/plane/samples",
                                 .body = "{}",
                                 .accept = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"});
    ck_assert_int_eq(reply.status, 200);
    json_decref(server_reply_json(&reply));
    server_reply_release(&reply);
}
END_TEST

/* ---------------------------------------------------------------- names of the daemon */

static const struct {
    const char *allowed, *target, *host;
    long status;
} hosts[] = {
    /* Listening on a loopback address: its names, with any port. */
    {"", "/v1/models", "localhost", 200},
    {"", "/v1/models", "LocalHost:1", 200},
    {"", "/v1/models", "localhost.:8080", 200},
    {"", "/v1/models", "127.0.0.1", 200},
    {"", "/v1/models", "127.0.0.1:99", 200},
    {"", "/v1/models", "[::1]", 200},
    {"", "/v1/models", "[0:0::1]:8080", 200},
    {"", "/v1/models", "evil.example", 421},
    {"", "/v1/models", "localhost.evil.example", 421},
    {"", "/v1/models", "127.0.0.1.evil.example:8080", 421},
    {"", "/v1/models", "10.0.0.1", 421},
    {"", "/", "evil.example", 421},
    {"", "/metrics", "evil.example", 421},
    /* Probes may come by any name. */
    {"", "/health/live", "10.0.0.1", 200},
    {"", "/health/ready", "anything", 200},
    /* An absolute target names the host, whatever Host says (RFC 9112, 3.2.2). */
    {"", "http://evil.example/v1/models", "localhost", 421},
    {"", "http://localhost:1/v1/models", "evil.example", 200},
    /* A list. */
    {"a.example, *.b.example", "/v1/models", "a.example:443", 200},
    {"a.example, *.b.example", "/v1/models", "A.Example.", 200},
    {"a.example, *.b.example", "/v1/models", "x.b.example", 200},
    {"a.example, *.b.example", "/v1/models", "x.y.b.example", 200},
    {"a.example, *.b.example", "/v1/models", "b.example", 421},
    {"a.example, *.b.example", "/v1/models", "xb.example", 421},
    {"a.example, *.b.example", "/v1/models", "x.a.example", 421},
    {"a.example, *.b.example", "/v1/models", "localhost", 200},
    {"*", "/v1/models", "anything", 200},
};
enum { N_HOSTS = sizeof hosts / sizeof hosts[0] };

static void ask_hosts(const char *allowed)
{
    for (size_t i = 0; i < N_HOSTS; i++) {
        char request[256], wanted[32];
        if (strcmp(hosts[i].allowed, allowed) != 0)
            continue;
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", hosts[i].target,
                 hosts[i].host);
        snprintf(wanted, sizeof wanted, "HTTP/1.1 %ld ", hosts[i].status);
        char *text = server_exchange_raw(&server, request);
        ck_assert_msg(!strncmp(text, wanted, strlen(wanted)), "\"%s\": %s\n%s", allowed, request,
                      text);
        free(text);
    }
}

START_TEST(the_daemon_answers_for_its_names_alone)
{
    static const char *const lists[] = {"", "a.example, *.b.example", "*"};
    char flag[64];
    snprintf(flag, sizeof flag, "--allowed-hosts=%s", lists[_i]);
    server_daemon_start(&server, (const char *const[]){flag, NULL});
    ask_hosts(lists[_i]);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(elsewhere_than_on_loopback_any_name_will_do)
{
    server_daemon_start(&server,
                        (const char *const[]){"--allowed-hosts=", "--listen=0.0.0.0:0", NULL});
    char *text = server_exchange_raw(
        &server, "GET /v1/models HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n");
    ck_assert_msg(!strncmp(text, "HTTP/1.1 200 ", 13), "%s", text);
    free(text);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- names of requests */

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define LONGEST "1234567890123456789012345678901234567890123456789012345678901234" /* 64 */

static const struct {
    const char *headers[2], *wanted; /* NULL: one is made */
} names[] = {
    {{"X-Request-Id: abc-123"}, "abc-123"},
    {{"x-request-id: a/b=c+d~{}\"\\"}, "a/b=c+d~{}\"\\"},
    {{"X-Request-Id: " LONGEST}, LONGEST},
    {{"traceparent: 00-" TRACE "-b7ad6b7169203331-01"}, TRACE},
    {{"traceparent: cc-" TRACE "-b7ad6b7169203331-01-more"}, TRACE}, /* a later version */
    {{"traceparent: 00-" TRACE "-b7ad6b7169203331-01", "X-Request-Id: mine"}, "mine"},
    {{"X-Request-Id: two words", "traceparent: 00-" TRACE "-b7ad6b7169203331-01"}, TRACE},
    {{NULL}, NULL},
    {{"X-Request-Id: two words"}, NULL},
    {{"X-Request-Id: \xc3\xa4"}, NULL},
    {{"X-Request-Id: " LONGEST "5"}, NULL},
    {{"traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01"}, NULL},
    {{"traceparent: ff-" TRACE "-b7ad6b7169203331-01"}, NULL},
    {{"traceparent: 00-" TRACE "-b7ad6b7169203331"}, NULL},
    {{"traceparent: 00-" TRACE "-b7ad6b7169203331-01-more"}, NULL},
    {{"traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"}, NULL},
    {{"traceparent: 00"}, NULL},
};
enum { N_NAMES = sizeof names / sizeof names[0] };

static bool is_made(const char *id)
{
    return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16;
}

/* An answer and a problem document both tell the name. */
START_TEST(requests_have_names)
{
    static const char *const paths[] = {"/health/live", "/nowhere"};
    char ids[2][80];
    for (int i = 0; i < 2; i++) {
        struct server_request request = {.path = paths[i]};
        memcpy(request.headers, names[_i].headers, sizeof names[_i].headers);
        struct server_reply reply = server_send(&server, &request);
        ck_assert(server_reply_header(&reply, "X-Request-Id", sizeof ids[i], ids[i]));
        if (names[_i].wanted)
            ck_assert_str_eq(ids[i], names[_i].wanted);
        else
            ck_assert_msg(is_made(ids[i]), "%s", ids[i]);
        json_t *json = server_reply_json(&reply);
        const char *member = json_string_value(json_object_get(json, "request_id"));
        ck_assert(i == 0 ? !member : member && !strcmp(member, ids[i]));
        json_decref(json);
        server_reply_release(&reply);
    }
    ck_assert(names[_i].wanted || strcmp(ids[0], ids[1]) != 0);
}
END_TEST

START_TEST(the_log_tells_the_names)
{
    char id[80], wanted[120];
    struct server_reply reply = server_get(&server, "/logged");
    ck_assert(server_reply_header(&reply, "X-Request-Id", sizeof id, id));
    server_reply_release(&reply);
    snprintf(wanted, sizeof wanted, " request_id=\"%s\" ", id);
    bool logged = false;
    for (int i = 0; i < 500 && !logged; i++) {
        char *log = server_daemon_read_log(&server);
        logged = strstr(log, wanted) != NULL;
        free(log);
        server_sleep_ms(10);
    }
    ck_assert(logged);
}
END_TEST

/* Also what is refused in libmicrohttpd's place has a name, the same in head and body. */
START_TEST(refused_heads_have_names)
{
    char *text = server_exchange_raw(&server, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    char head[80] = "", body[80] = "";
    const char *at = strstr(text, "X-Request-Id: ");
    ck_assert(at && sscanf(at, "X-Request-Id: %79[^\r]", head) == 1 && is_made(head));
    at = strstr(text, "\"request_id\":\"");
    ck_assert(at && sscanf(at, "\"request_id\":\"%79[^\"]", body) == 1);
    ck_assert_str_eq(head, body);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: heads");
    TCase *one = tcase_create("one daemon");
    tcase_set_timeout(one, 60);
    tcase_add_unchecked_fixture(one, start, stop);
    tcase_add_loop_test(one, requests_end_where_the_standard_says, 0, (int)n_server_heads);
    tcase_add_loop_test(one, requests_end_there_however_they_arrive, 0, (int)n_server_heads);
    tcase_add_loop_test(one, a_refusal_waits_for_the_answers_before_it, 0, 2);
    tcase_add_test(one, what_follows_the_last_request_is_not_answered);
    tcase_add_test(one, heads_of_many_pieces_are_answered_once);
    tcase_add_test(one, refused_heads_are_logged_and_counted);
    tcase_add_loop_test(one, a_coded_body_is_refused_by_name, 0, 2);
    tcase_add_test(one, old_clients_get_what_they_ask_for);
    tcase_add_loop_test(one, requests_have_names, 0, N_NAMES);
    tcase_add_test(one, the_log_tells_the_names);
    tcase_add_test(one, refused_heads_have_names);
    suite_add_tcase(suite, one);
    TCase *each = tcase_create("a daemon each");
    tcase_set_timeout(each, 60);
    tcase_add_loop_test(each, the_daemon_answers_for_its_names_alone, 0, 3);
    tcase_add_test(each, elsewhere_than_on_loopback_any_name_will_do);
    suite_add_tcase(suite, each);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
