/* Refusals reach clients that send all of a request before they read: a connection that is closed
 * with bytes unread is reset, which fails what they send and takes the answer away. */
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH (16 << 20) /* more than buffers take in on the way */

#define POST "POST /v1/models/plane/samples HTTP/1.1\r\nHost: localhost\r\n"
#define TOO_LONG POST "Content-Type: application/json\r\nContent-Length: 16777216\r\n\r\n"

static struct server_daemon server;

static void start(void)
{
    server_daemon_start(&server, (const char *const[]){"--max-connections=400", "--client-share=1",
                                                       "--workers=1", NULL});
}

static void stop(void)
{
    server_daemon_stop(&server);
}

/* Bytes of a body; false where the connection takes no more of them. */
static bool send_body(int fd, size_t n)
{
    static char blanks[65536];
    memset(blanks, ' ', sizeof blanks);
    for (ssize_t sent; n > 0; n -= (size_t)sent) {
        sent = send(fd, blanks, n < sizeof blanks ? n : sizeof blanks, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
    }
    return true;
}

/* The whole request is taken, and then answered with the status, and the connection closed. */
static void expect_refusal(int fd, const char *head, const char *status)
{
    bool closed;
    server_write(fd, head);
    ck_assert(send_body(fd, LENGTH));
    char *text = server_read_all(fd, 5000, &closed);
    ck_assert_msg(strncmp(text, status, strlen(status)) == 0, "%s", text);
    ck_assert(closed);
    free(text);
    close(fd);
}

START_TEST(bodies_that_are_too_long_are_told_so)
{
    for (int i = 0; i < 5; i++)
        expect_refusal(server_connect(&server), TOO_LONG, "HTTP/1.1 413 ");
}
END_TEST

START_TEST(heads_that_are_refused_are_told_so)
{
    static const char bad[] = POST "Content-Length: 16777216\r\nContent-Length: 1\r\n\r\n";
    for (int i = 0; i < 5; i++)
        expect_refusal(server_connect(&server), bad, "HTTP/1.1 400 ");
}
END_TEST

/* More than one client may have of all places, those at which health alone is asked for among
 * them. */
START_TEST(connections_that_are_too_many_are_told_so)
{
    enum { N_HELD = 24 };
    int held[N_HELD];
    server_daemon_start(&server, (const char *const[]){"--max-connections=4", NULL});
    for (int i = 0; i < N_HELD; i++) {
        held[i] = server_connect(&server);
        server_write(held[i], "GET /v1/models HTTP/1.1\r\n");
    }
    for (int i = 0; i < 5; i++)
        expect_refusal(server_connect(&server), TOO_LONG, "HTTP/1.1 429 ");
    for (int i = 0; i < N_HELD; i++)
        close(held[i]);
    server_daemon_stop(&server);
}
END_TEST

static int n_descriptors(void)
{
    char folder[64];
    int n = 0;
    snprintf(folder, sizeof folder, "/proc/%d/fd", (int)server.pid);
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Clients that neither send nor close: more than may linger at a time, and for two seconds each. */
START_TEST(nobody_lingers_for_long)
{
    enum { N = 300 };
    int fds[N], before = n_descriptors();
    for (int i = 0; i < N; i++) {
        fds[i] = server_connect(&server);
        server_write(fds[i], TOO_LONG);
    }
    for (int i = 0; i < N; i++) {
        char *text = server_read_until(fds[i], "\r\n", 5000);
        ck_assert_msg(strncmp(text, "HTTP/1.1 413 ", 13) == 0, "%s", text);
        free(text);
    }
    for (int waited = 0; n_descriptors() > before; waited += 100) {
        ck_assert_int_lt(waited, 20000);
        server_sleep_ms(100);
    }
    for (int i = 0; i < N; i++)
        close(fds[i]);
}
END_TEST

/* A client that sends a byte now and then, for as long as it can; its process. */
static pid_t trickle(void)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int fd = server_connect(&server);
    server_write(fd, TOO_LONG);
    free(server_read_until(fd, "\r\n", 5000));
    while (send(fd, " ", 1, MSG_NOSIGNAL) == 1)
        server_sleep_ms(100);
    _exit(0);
}

static void await_trickler(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(who_keeps_sending_is_closed_after_the_time_for_a_body)
{
    server_daemon_start(&server, (const char *const[]){"--body-timeout-ms=3000", NULL});
    await_trickler(trickle());
    server_daemon_stop(&server);
}
END_TEST

/* The end does not wait for those that linger, which this one does for half a minute. */
START_TEST(a_stop_closes_those_that_linger)
{
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    double began = server_seconds();
    pid_t pid = trickle();
    server_sleep_ms(500);
    server_daemon_stop(&server);
    await_trickler(pid);
    ck_assert_double_lt(server_seconds() - began, 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: lingering");
    TCase *refusals = tcase_create("refusals");
    tcase_add_checked_fixture(refusals, start, stop);
    tcase_set_timeout(refusals, 90);
    tcase_add_test(refusals, bodies_that_are_too_long_are_told_so);
    tcase_add_test(refusals, heads_that_are_refused_are_told_so);
    tcase_add_test(refusals, nobody_lingers_for_long);
    suite_add_tcase(suite, refusals);
    TCase *daemons = tcase_create("daemons");
    tcase_set_timeout(daemons, 90);
    tcase_add_test(daemons, connections_that_are_too_many_are_told_so);
    tcase_add_test(daemons, who_keeps_sending_is_closed_after_the_time_for_a_body);
    tcase_add_test(daemons, a_stop_closes_those_that_linger);
    suite_add_tcase(suite, daemons);
    return suite_run(suite);
}
