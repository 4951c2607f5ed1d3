/* The log of the daemon: nobody waits for its reader, what is lost is counted, and each line is an
 * object where JSON is asked for. */
#include "tests/server/client/server_client.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIVE "GET /health/live?abcdefghijklmnopqrstuvwxyz HTTP/1.1\r\nHost: a\r\n"
enum { N_REQUESTS = 4000, N_AT_ONCE = 50, PIPE_BYTES = 4096 };

static struct server_daemon server;
static int stderr_pipe[2];

/* A daemon whose standard error is a small pipe that nobody reads. */
static void start_unread(void)
{
    ck_assert_int_eq(pipe2(stderr_pipe, O_CLOEXEC), 0);
    fcntl(stderr_pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
    server_daemon_start_on(&server, NULL, stderr_pipe[1]);
    close(stderr_pipe[1]);
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
        n++;
    return n;
}

/* Requests over one connection; all must be answered. */
static void ask_often(void)
{
    char batch[N_AT_ONCE * (sizeof LIVE + 30) + 1] = "";
    size_t n_answers = 0;
    bool closed;
    for (int i = 0; i < N_AT_ONCE; i++)
        strcat(batch, i < N_AT_ONCE - 1 ? LIVE "\r\n" : LIVE "Connection: close\r\n\r\n");
    for (int i = 0; i < N_REQUESTS / N_AT_ONCE; i++) {
        int fd = server_connect(&server);
        server_write(fd, batch);
        char *text = server_read_all(fd, 20000, &closed);
        ck_assert(closed);
        n_answers += count(text, "HTTP/1.1 200 ");
        free(text);
        close(fd);
    }
    ck_assert_uint_eq(n_answers, N_REQUESTS);
}

/* What the pipe holds until its other end is closed, or for ms. */
static char *read_pipe(int ms)
{
    size_t n = 0, size = (size_t)1 << 22;
    char *text = calloc(size, 1);
    double end = server_seconds() + ms / 1000.0;
    for (ssize_t got = 1; got > 0 && n < size - 1 && server_seconds() < end;) {
        struct pollfd input = {.fd = stderr_pipe[0], .events = POLLIN};
        got = 1;
        if (poll(&input, 1, 100) <= 0)
            continue;
        got = read(stderr_pipe[0], text + n, size - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    return text;
}

START_TEST(nobody_waits_for_a_log_that_is_not_read)
{
    start_unread();
    ask_often();
    double lost = server_metric(&server, "advect_log_lines_lost_total");
    ck_assert_double_gt(lost, 0);
    ck_assert_double_lt(lost, N_REQUESTS);
    double begin = server_seconds();
    server_daemon_stop(&server); /* exit status 0 */
    ck_assert_double_lt(server_seconds() - begin, 10);
    close(stderr_pipe[0]);
}
END_TEST

/* Every request has its line, or is counted among the lost ones. */
START_TEST(the_log_tells_how_much_of_it_is_lost)
{
    unsigned long long told = 0, n;
    start_unread();
    ask_often();
    kill(server.pid, SIGHUP); /* and something after that */
    char *text = read_pipe(2000);
    double lost = server_metric(&server, "advect_log_lines_lost_total");
    for (const char *at = text; (at = strstr(at, "level=warning msg=\"")); at++) {
        if (sscanf(at, "level=warning msg=\"%llu lines of this log were lost", &n) == 1)
            told += n;
    }
    size_t n_lines = count(text, "path=\"/health/live?abc");
    ck_assert_uint_gt(told, 0);
    ck_assert_double_eq((double)told, lost);
    ck_assert_msg(n_lines + told >= N_REQUESTS, "%zu lines, %llu lost", n_lines, told);
    ck_assert_uint_lt(n_lines, N_REQUESTS);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        ck_assert_msg(!strncmp(line, "time=", 5), "not whole: %.200s", line);
    server_daemon_stop(&server);
    close(stderr_pipe[0]);
    free(text);
}
END_TEST

/* A fault ends the daemon at once, whoever reads the log. */
START_TEST(a_fault_does_not_wait_for_the_log)
{
    start_unread();
    ask_often();
    kill(server.pid, SIGABRT);
    free(server_daemon_wait_for(&server, 128 + SIGABRT));
    close(stderr_pipe[0]);
}
END_TEST

/* What was logged until the end is there, but for lines that were counted as lost: where the machine
 * is busy, requests can be quicker than the writer for a while. */
START_TEST(the_log_is_whole_at_the_end)
{
    server_daemon_start(&server, NULL);
    ask_often();
    double lost = server_metric(&server, "advect_log_lines_lost_total");
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    size_t n_lines = count(log, "path=\"/health/live?abc");
    ck_assert_uint_gt(n_lines, 0);
    ck_assert_double_eq((double)n_lines + lost, N_REQUESTS);
    ck_assert_ptr_nonnull(strstr(log, "draining"));
    free(log);
}
END_TEST

/* ---------------------------------------------------------------- JSON */

static const char *text_of(json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

START_TEST(json_lines_are_objects)
{
    server_daemon_start(&server, (const char *const[]){"--log-format=json", NULL});
    struct server_reply reply =
        server_send(&server, &(struct server_request){.path = "/v1/models/plane/samples?\\",
                                                      .body = "{\"n\": 3, \"seed\": 1}",
                                                      .headers = {"X-Request-Id: a\"b\\c"}});
    server_reply_release(&reply);
    reply = server_send(&server, &(struct server_request){.path = "/v1/models/plane/samples",
                                                          .body = "{\"n\": 3, \"seed\": 1}",
                                                          .headers = {"X-Request-Id: a\"b\\c"}});
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    free(
        server_exchange_raw(&server, "GET /\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server), *rest = log;
    int n_events = 0, n_requests = 0;
    for (char *text; (text = strsep(&rest, "\n")) && *text;) {
        json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json_is_object(line), "%s", text);
        int y, mo, d, h, mi, s, ms;
        ck_assert_int_eq(sscanf(text_of(line, "time"), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &y, &mo, &d,
                                &h, &mi, &s, &ms),
                         7); /* RFC 3339 */
        if (text_of(line, "msg")) {
            ck_assert_str_eq(text_of(line, "level"), "info");
            n_events++;
        } else if (json_integer_value(json_object_get(line, "status")) == 200) {
            ck_assert_str_eq(text_of(line, "method"), "POST");
            ck_assert_str_eq(text_of(line, "path"), "/v1/models/plane/samples");
            ck_assert_str_eq(text_of(line, "request_id"), "a\"b\\c");
            ck_assert_str_eq(text_of(line, "client"), "127.0.0.1");
            ck_assert(json_is_integer(json_object_get(line, "bytes")));
            ck_assert(json_is_real(json_object_get(line, "ms")));
            ck_assert_int_eq(json_integer_value(json_object_get(line, "n")), 3);
            ck_assert_int_eq(json_integer_value(json_object_get(line, "nfe")), 100);
            n_requests++;
        } else {
            ck_assert(!strcmp(text_of(line, "path"), "/\xc3\xbf") ||
                      !strcmp(text_of(line, "path"), "/v1/models/plane/samples?\\"));
            n_requests++;
        }
        json_decref(line);
    }
    ck_assert_int_ge(n_events, 4); /* three models and the drain */
    ck_assert_int_eq(n_requests, 3);
    free(log);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: log");
    TCase *tests = tcase_create("log");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, nobody_waits_for_a_log_that_is_not_read);
    tcase_add_test(tests, the_log_tells_how_much_of_it_is_lost);
    tcase_add_test(tests, a_fault_does_not_wait_for_the_log);
    tcase_add_test(tests, the_log_is_whole_at_the_end);
    tcase_add_test(tests, json_lines_are_objects);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
