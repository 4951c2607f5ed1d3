/* A listening socket that breaks under the daemon: what was accepted is answered, and the daemon
 * ends and says why. The socket is broken from outside, by a copy of its descriptor. */
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS = 256 };

/* A copy of the daemon's listening socket, or -1 where this system gives none. */
static int copy_listener(pid_t pid)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    int found = -1;
    for (int fd = 3; process >= 0 && found < 0 && fd < DESCRIPTORS; fd++) {
        int listening = 0, copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
        socklen_t size = sizeof listening;
        if (copy < 0 && errno != EBADF)
            break; /* not allowed */
        if (copy >= 0 && getsockopt(copy, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
            listening)
            found = copy;
        else if (copy >= 0)
            close(copy);
    }
    if (process >= 0)
        close(process);
    return found;
}

START_TEST(a_broken_listener_ends_the_daemon_with_every_answer)
{
    static const char body[] = "{\"n\": 2000, \"solver\": {\"method\": \"rk4\", \"steps\": 300}}";
    struct server_daemon daemon;
    char request[512];
    server_daemon_start(&daemon, NULL);
    int listener = copy_listener(daemon.pid);
    if (listener < 0) {
        printf("no copy of another process's descriptor is to be had: this is skipped\n");
        server_daemon_stop(&daemon);
        return;
    }
    int fd = server_connect(&daemon);
    snprintf(request, sizeof request,
             "POST /v1/models/plane/samples HTTP/1.1\r\nHost: x\r\nContent-Type: "
             "application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    server_write(fd, request);
    double begun = server_seconds();
    while (server_metric(&daemon, "advect_queries") < 1 &&
           server_metric(&daemon, "advect_rows_total") < 1) { /* not even if it is over by now */
        ck_assert_double_lt(server_seconds() - begun, 20);
        server_sleep_ms(1);
    }
    ck_assert_int_eq(shutdown(listener, SHUT_RDWR), 0);
    bool closed;
    char *reply = server_read_all(fd, 60000, &closed);
    ck_assert(closed);
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 200", 12), "%.100s", reply);
    char *log = server_daemon_wait_for(&daemon, 1);
    ck_assert_msg(strstr(log, "level=error") != NULL, "%s", log);
    free(log);
    free(reply);
    close(fd);
    close(listener);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: listener");
    TCase *tests = tcase_create("listener");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_broken_listener_ends_the_daemon_with_every_answer);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
