/* The memory of bodies: what stalls keeps it only until another needs it, what is small always has
 * room, and what was freed goes back to the system. */
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAMPLES "/v1/models/plane/samples"
#define N_STALLED 50
#define LENGTH 262144
#define SENT 200000
#define BUDGET 1048576
#define RESERVE 16384

#define REFUSED "advect_queries_rejected_total{reason=\"body_memory\"}"

static struct server_daemon server;

static void start(void)
{
    server_daemon_start(
        &server, (const char *const[]){"--body-memory-bytes=1048576", "--max-body-bytes=262144",
                                       "--body-timeout-ms=20000", "--workers=1", NULL});
}

static void stop(void)
{
    server_daemon_stop(&server);
}

/* n blanks; a connection that the daemon has cut takes them or not. */
static void send_blanks(int fd, size_t n)
{
    static char blanks[4096];
    memset(blanks, ' ', sizeof blanks);
    while (n > 0) {
        ssize_t sent = send(fd, blanks, n < sizeof blanks ? n : sizeof blanks, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        n -= (size_t)sent;
    }
}

/* A body of `length` bytes begins, of which n come. Without an announcement it is one chunk. */
static int begin(size_t length, size_t n, bool announced)
{
    char length_line[64];
    int fd = server_connect(&server);
    server_write(fd, "POST " SAMPLES " HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/json\r\n");
    if (announced)
        snprintf(length_line, sizeof length_line, "Content-Length: %zu\r\n\r\n", length);
    else
        snprintf(length_line, sizeof length_line, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
                 length);
    server_write(fd, length_line);
    send_blanks(fd, n);
    return fd;
}

static int begin_body(size_t length, size_t n)
{
    return begin(length, n, true);
}

static void stall(int fds[N_STALLED])
{
    for (int i = 0; i < N_STALLED; i++)
        fds[i] = begin(LENGTH, SENT, i % 2);
}

static void close_all(const int *fds, int n)
{
    for (int i = 0; i < n; i++)
        close(fds[i]);
}

/* A good request whose body has n bytes. */
static struct server_reply ask(size_t n)
{
    char *body = malloc(n + 1);
    memset(body, ' ', n);
    memcpy(body, "{\"n\": 2", strlen("{\"n\": 2"));
    memcpy(body + n - 1, "}", 2);
    struct server_reply reply = server_post(&server, SAMPLES, body);
    free(body);
    return reply;
}

static void expect_answer(size_t n)
{
    struct server_reply reply = ask(n);
    ck_assert_msg(reply.status == 200, "%zu bytes: %ld: %s", n, reply.status, reply.body);
    server_reply_release(&reply);
}

/* ---------------------------------------------------------------- the budget */

START_TEST(bodies_hold_no_more_than_their_budget)
{
    int fds[N_STALLED];
    stall(fds);
    ck_assert_double_gt(server_metric(&server, "advect_body_bytes_received_total"), BUDGET);
    ck_assert_double_le(server_metric(&server, "advect_body_bytes"),
                        BUDGET + (double)RESERVE * N_STALLED);
    ck_assert_double_ge(server_metric(&server, REFUSED), N_STALLED - BUDGET / (SENT - RESERVE) - 1);
    expect_answer(RESERVE);
    close_all(fds, N_STALLED);
    /* libmicrohttpd may miss an end that comes together with data: then the time for bodies ends. */
    server_wait_for_metric(&server, "advect_body_bytes", 0, 40000);
}
END_TEST

/* Those that were received first keep their room for two seconds at most. */
START_TEST(stalled_bodies_make_room)
{
    int fds[N_STALLED];
    stall(fds);
    server_sleep_ms(2200);
    double refused = server_metric(&server, REFUSED);
    for (int i = 0; i < 5; i++)
        expect_answer(LENGTH);
    ck_assert_double_gt(server_metric(&server, REFUSED), refused);
    close_all(fds, N_STALLED);
}
END_TEST

START_TEST(what_is_ended_for_another_is_told)
{
    int fds[6], n_told = 0;
    for (int i = 0; i < 5; i++)
        fds[i] = begin_body(LENGTH, SENT);
    server_wait_for_metric(&server, "advect_body_bytes", 5.0 * SENT, 5000);
    server_sleep_ms(2200);
    fds[5] = begin_body(LENGTH, SENT);
    server_wait_for_metric(&server, REFUSED, 1, 5000);
    for (int i = 0; i < 5; i++) {
        bool closed;
        char *text = server_read_all(fds[i], 300, &closed);
        if (*text) {
            ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 503 "));
            ck_assert_ptr_nonnull(strstr(text, "Retry-After: 1"));
            ck_assert_ptr_nonnull(strstr(text, "urn:advect:queue-full"));
            ck_assert(closed);
            n_told++;
        }
        free(text);
    }
    ck_assert_int_eq(n_told, 1);
    close_all(fds, 6);
}
END_TEST

enum { N_STEADY = 5, STEADY_BYTES = 212000 };

/* Bodies that take nearly all room, and have come for more than a second. */
static double send_steadily(int fds[N_STEADY])
{
    double longest_pause = 0;
    for (int i = 0; i < N_STEADY; i++)
        fds[i] = begin_body(LENGTH, 100000);
    for (int round = 0; round < 8; round++) {
        double before = server_seconds();
        server_sleep_ms(200);
        for (int i = 0; i < N_STEADY; i++)
            send_blanks(fds[i], (STEADY_BYTES - 100000) / 8);
        longest_pause = fmax(longest_pause, server_seconds() - before);
    }
    return longest_pause;
}

/* All room is taken, and three more bodies come: a whole one, and half of one that is announced and
 * of one that is not. False: there was a pause for which those before might be ended, and nothing is
 * shown. */
static bool crowd(int fds[N_STEADY], struct server_reply *reply, int late[2])
{
    double refused = server_metric(&server, REFUSED);
    double longest_pause = send_steadily(fds), sent = server_seconds();
    server_wait_for_metric(&server, "advect_body_bytes", N_STEADY * STEADY_BYTES, 5000);
    *reply = ask(LENGTH);
    late[0] = begin_body(LENGTH, LENGTH / 2);
    late[1] = begin(LENGTH, LENGTH / 2, false);
    while (server_metric(&server, REFUSED) < refused + 3 && server_seconds() - sent < 0.9)
        server_sleep_ms(10);
    return longest_pause < 0.7 && server_seconds() - sent < 0.9;
}

static void expect_refusal(int fd)
{
    bool closed;
    char *text = server_read_all(fd, 1000, &closed);
    ck_assert_msg(strstr(text, "HTTP/1.1 503 ") != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "urn:advect:queue-full"));
    ck_assert_msg(!closed, "%s", text);
    free(text);
    close(fd);
}

/* All room is taken by bodies that come as fast as they have to: others are refused, whether or not
 * they are announced, and told so when they have been sent, and those are not. */
START_TEST(bodies_that_keep_coming_are_not_ended)
{
    int fds[N_STEADY], late[2];
    struct server_reply reply;
    for (int attempt = 0; !crowd(fds, &reply, late); attempt++) {
        ck_assert_msg(attempt < 9, "bodies are not refused, or this machine pauses too often");
        server_reply_release(&reply);
        close_all(fds, N_STEADY);
        close_all(late, 2);
        server_wait_for_metric(&server, "advect_body_bytes", 0, 40000);
    }
    server_expect_problem(reply, 503, "queue-full", NULL);
    send_blanks(late[0], LENGTH / 2);
    send_blanks(late[1], LENGTH / 2);
    server_write(late[1], "\r\n0\r\n\r\n");
    for (int i = 0; i < N_STEADY; i++) {
        bool closed;
        char *text = server_read_all(fds[i], 20, &closed);
        ck_assert_str_eq(text, "");
        ck_assert(!closed);
        free(text);
    }
    expect_refusal(late[0]);
    expect_refusal(late[1]);
    close_all(fds, N_STEADY);
}
END_TEST

/* ---------------------------------------------------------------- memory */

#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed */
static double resident(void)
{
    return server_metric(&server, "process_resident_memory_bytes");
}

static void wait_until_resident(double bytes, int ms)
{
    double end = server_seconds() + 1e-3 * ms;
    while (resident() > bytes && server_seconds() < end)
        server_sleep_ms(100);
    ck_assert_msg(resident() <= bytes, "%.0f of %.0f bytes are resident", resident(), bytes);
}

enum { N_BURST = 40, BURST_BYTES = 4000000 };

static void burst(int fds[N_BURST])
{
    for (int i = 0; i < N_BURST; i++)
        fds[i] = begin_body(BURST_BYTES + 1, BURST_BYTES);
    server_wait_for_metric(&server, "advect_body_bytes", (double)N_BURST * BURST_BYTES, 10000);
}

/* Twice 160 MB, since glibc by itself changes where it puts large blocks once it has seen some; and
 * one of the second time stays, which would keep a heap from becoming shorter. */
START_TEST(memory_goes_back_after_a_burst)
{
    int fds[N_BURST];
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    expect_answer(RESERVE);
    double idle = resident();
    burst(fds);
    ck_assert_double_gt(resident(), idle + 0.9 * N_BURST * BURST_BYTES);
    close_all(fds, N_BURST);
    server_wait_for_metric(&server, "advect_body_bytes", 0, 40000);
    burst(fds);
    close_all(fds, N_BURST - 2);
    wait_until_resident(idle + 0.3 * N_BURST * BURST_BYTES, 10000);
    close_all(fds + N_BURST - 2, 2);
    server_daemon_stop(&server);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("server bodies");
    TCase *budget = tcase_create("budget");
    tcase_add_checked_fixture(budget, start, stop);
    tcase_set_timeout(budget, 90);
    tcase_add_test(budget, bodies_hold_no_more_than_their_budget);
    tcase_add_test(budget, stalled_bodies_make_room);
    tcase_add_test(budget, what_is_ended_for_another_is_told);
    tcase_add_test(budget, bodies_that_keep_coming_are_not_ended);
    suite_add_tcase(suite, budget);
#ifndef __SANITIZE_ADDRESS__
    TCase *memory = tcase_create("memory");
    tcase_set_timeout(memory, 120);
    tcase_add_test(memory, memory_goes_back_after_a_burst);
    suite_add_tcase(suite, memory);
#endif
    return suite_run(suite);
}
