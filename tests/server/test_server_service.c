/* The daemon as a service: sockets that the service manager passes, what it is told, the environment,
 * and what can be wrong at the start. The manager is this test. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAMPLES "/v1/models/plane/samples"

static struct server_daemon server;

static int listening_socket(int type, bool listens)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    if (listens)
        ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

/* ---------------------------------------------------------------- passed sockets */

/* Starts the daemon as systemd does, with these descriptors from 3 on; its standard output and log
 * are what can be read from the result. */
static int begin_with(const int *fds, int n, const char *names, const char *flag)
{
    const char *program = getenv("ADVECTD");
    char path[512], pid[16], count[16];
    int output[2], kept[4];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, output), 0);
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
    ck_assert_int_gt(length, 0);
    path[length] = '\0';
    strcpy(strrchr(path, '/'), "/../bin/advectd");
    server.pid = fork();
    ck_assert_int_ge(server.pid, 0);
    if (server.pid == 0) {
        for (int i = 0; i < n; i++)
            kept[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 100); /* out of the way of those below */
        dup2(output[1], STDOUT_FILENO);
        dup2(output[1], STDERR_FILENO);
        for (int fd = 3; fd < 100; fd++)
            close(fd);
        for (int i = 0; i < n; i++)
            dup2(kept[i], 3 + i);
        snprintf(pid, sizeof pid, "%d", (int)getpid());
        snprintf(count, sizeof count, "%d", n);
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", count, 1);
        setenv("LISTEN_FDNAMES", names, 1);
        execl(program ? program : path, "advectd", "--models", server.models, flag, (char *)NULL);
        _exit(127);
    }
    close(output[1]);
    return output[0];
}

/* All that the daemon says to its end, whose status must be that. To be freed. */
static char *words_of(int output, int wanted)
{
    int status;
    bool closed;
    char *text = server_read_all(output, 60000, &closed);
    ck_assert_int_eq(waitpid(server.pid, &status, 0), server.pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == wanted, "status %#x: %s",
                  (unsigned)status, text);
    close(output);
    return text;
}

static void expect_words(int output, int wanted, const char *words)
{
    char *text = words_of(output, wanted);
    ck_assert_msg(strstr(text, words) != NULL, "%s", text);
    free(text);
}

static int ask_early(void)
{
    static const char request[] =
        "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int fd = server_connect(&server); /* it waits in the socket's queue */
    server_write(fd, request);
    return fd;
}

static void expect_answer(int fd)
{
    bool closed;
    char *reply = server_read_all(fd, 60000, &closed);
    ck_assert_msg(closed && !strncmp(reply, "HTTP/1.1 200", 12), "%.200s", reply);
    free(reply);
    close(fd);
}

/* The socket is the manager's: who connects while there is no daemon is answered by the next. */
START_TEST(a_restart_behind_a_passed_socket_loses_no_request)
{
    int listener = listening_socket(SOCK_STREAM, true);
    server_daemon_prepare(&server);
    server.port = port_of(listener);
    for (int i = 0; i < 2; i++) {
        int early = ask_early();
        int output = begin_with(&listener, 1, "", "--listen=systemd");
        expect_answer(early);
        kill(server.pid, SIGTERM);
        expect_words(output, 0, "listening on http://127.0.0.1:");
    }
    close(listener);
    server_daemon_remove(&server);
}
END_TEST

START_TEST(a_passed_socket_takes_the_place_of_an_address)
{
    int fds[] = {listening_socket(SOCK_STREAM, true), listening_socket(SOCK_STREAM, true)};
    server_daemon_prepare(&server);
    int output = begin_with(fds, 2, "advectd.socket:management", "--listen=127.0.0.1:1");
    server.port = port_of(fds[1]);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d", server.port);
    server_wait_for_metric(&server, "advect_models", 3, 60000);
    server.port = port_of(fds[0]);
    expect_answer(ask_early());
    /* The address that it is asked at counts, not the setting's. */
    char *reply = server_exchange_raw(
        &server, "GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 421", 12), "%.100s", reply);
    free(reply);
    kill(server.pid, SIGTERM);
    expect_words(output, 0, "management on http://127.0.0.1:");
    server_daemon_remove(&server);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static int unix_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0); /* abstract */
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

START_TEST(what_was_passed_and_is_no_tcp_listener_is_refused)
{
    const struct {
        int fd;
        const char *words;
    } wrong[] = {
        {open("/dev/null", O_RDONLY | O_CLOEXEC), "is not a socket"},
        {listening_socket(SOCK_DGRAM, false), "is not a TCP socket"},
        {unix_socket(), "is not a TCP socket"},
        {listening_socket(SOCK_STREAM, false), "does not listen"},
        {-1, "is not open"},
    };
    server_daemon_prepare(&server);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        expect_words(begin_with(&wrong[i].fd, 1, "web", "--workers=1"), 1, wrong[i].words);
        if (wrong[i].fd >= 0)
            close(wrong[i].fd);
    }
    server_daemon_remove(&server);
}
END_TEST

START_TEST(too_many_and_too_few_sockets_are_refused)
{
    int fds[] = {listening_socket(SOCK_STREAM, true), listening_socket(SOCK_STREAM, true)};
    server_daemon_prepare(&server);
    expect_words(begin_with(fds, 2, "one:other", "--workers=1"), 1, "more than one socket");
    expect_words(begin_with(fds, 2, "management:management", "--workers=1"), 1,
                 "more than one socket was passed by the name management");
    expect_words(begin_with(fds, 1, "management", "--workers=1"), 1,
                 "there must be one for requests");
    expect_words(begin_with(fds, 0, "", "--listen=systemd"), 1,
                 "listen is systemd, but no socket was passed");
    expect_words(begin_with(fds, 1, "", "--management-listen=systemd"), 1,
                 "management_listen is systemd, but no socket was passed");
    server_daemon_remove(&server);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* ---------------------------------------------------------------- what the manager is told */

static int notices;

static void open_notices(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    char name[128] = "@";
    notices = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(notices, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    ck_assert_int_eq(getsockname(notices, (struct sockaddr *)&address, &length), 0);
    snprintf(name + 1, sizeof name - 1, "%s", address.sun_path + 1);
    setenv("NOTIFY_SOCKET", name, 1);
}

/* The next notice but for those that begin with what is passed over. */
static void expect_notice(const char *words, const char *passed_over)
{
    for (;;) {
        char text[512];
        struct pollfd input = {.fd = notices, .events = POLLIN};
        ck_assert_msg(poll(&input, 1, 60000) == 1, "no %s", words);
        ssize_t n = recv(notices, text, sizeof text - 1, 0);
        ck_assert_int_gt(n, 0);
        text[n] = '\0';
        if (passed_over && !strncmp(text, passed_over, strlen(passed_over)))
            continue;
        ck_assert_msg(!strncmp(text, words, strlen(words)), "\"%s\" in place of \"%s\"", text,
                      words);
        return;
    }
}

START_TEST(the_manager_hears_of_the_start_reloads_and_the_end)
{
    open_notices();
    setenv("WATCHDOG_USEC", "400000", 1);
    server_daemon_start(&server, NULL);
    expect_notice("STATUS=listening on http://127.0.0.1:", NULL);
    expect_notice("READY=1", NULL);
    double begin = server_seconds();
    for (int i = 0; i < 4; i++)
        expect_notice("WATCHDOG=1", NULL);
    ck_assert_double_gt(server_seconds() - begin, 0.5); /* 200 ms apart */
    kill(server.pid, SIGHUP);
    expect_notice("RELOADING=1\nMONOTONIC_USEC=", "WATCHDOG");
    expect_notice("READY=1", "WATCHDOG");
    kill(server.pid, SIGTERM);
    expect_notice("STOPPING=1", "WATCHDOG");
    free(server_daemon_wait(&server));
    close(notices);
}
END_TEST

START_TEST(without_a_watchdog_there_are_no_beats)
{
    open_notices();
    unsetenv("WATCHDOG_USEC");
    server_daemon_start(&server, NULL);
    expect_notice("READY=1", "STATUS");
    server_sleep_ms(300);
    kill(server.pid, SIGTERM);
    expect_notice("STOPPING=1", NULL);
    free(server_daemon_wait(&server));
    close(notices);
}
END_TEST

START_TEST(a_manager_that_cannot_be_told_is_no_reason_not_to_serve)
{
    setenv("NOTIFY_SOCKET", "/nowhere/notify", 1);
    server_daemon_start(&server, NULL);
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    ck_assert_msg(strstr(log, "NOTIFY_SOCKET is \\\"/nowhere/notify\\\": No such file") != NULL,
                  "%s", log);
    free(log);
}
END_TEST

/* ---------------------------------------------------------------- what may be wrong */

static void expect_run(int wanted, const char *first, const char *second, const char *words)
{
    char text[2000];
    const char *const arguments[] = {first, second, NULL};
    int status = server_daemon_run(arguments, text, sizeof text);
    ck_assert_msg(status == wanted && strstr(text, words), "%d: %s", status, text);
}

/* They get as far as the models. */
START_TEST(variables_of_other_programs_are_passed_over)
{
    static const char *const others[] = {"ADVECT_PORT",
                                         "ADVECT_PORT_8080_TCP_ADDR",
                                         "ADVECT_SERVICE_HOST",
                                         "ADVECT_SERVICE_PORT",
                                         "ADVECT_CANARY_SERVICE_PORT_HTTP",
                                         "ADVECT_NAME",
                                         "ADVECT_ENV_PATH",
                                         "ADVECT_LIBRARY",
                                         "ADVECT_TLS"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        setenv(others[i], "tcp://10.0.0.1:8080", 1);
    expect_run(1, "--listen=127.0.0.1:0", "--models=/nowhere", "cannot read the model directory");
}
END_TEST

START_TEST(an_unknown_variable_is_refused)
{
    setenv("ADVECT_LISTN", "127.0.0.1:1", 1);
    expect_run(2, "--workers=1", NULL,
               "ADVECT_LISTN: \"listn\" is not a known field; did you mean");
    expect_run(0, "--version", NULL, "advectd ");
    expect_run(0, "--help", NULL, "Usage: advectd");
    unsetenv("ADVECT_LISTN");
    setenv("ADVECT_HELP", "1", 1);
    expect_run(2, "--workers=1", NULL, "ADVECT_HELP: help is a flag only");
    unsetenv("ADVECT_HELP");
    setenv("ADVECT_PORT", "9000", 1);
    expect_run(2, "--workers=1", NULL, "did you mean ADVECT_LISTEN=ADDRESS:9000?");
}
END_TEST

START_TEST(a_health_check_wants_an_address)
{
    expect_run(1, "--check-health", "--listen=systemd",
               "name the address: --check-health --listen ADDRESS:PORT");
    expect_run(1, "--check-health", "--management-listen=systemd",
               "name the address: --check-health --management-listen ADDRESS:PORT");
    expect_run(1, "--check-health", "--management-listen=9090", "management_listen is \"9090\"");
}
END_TEST

START_TEST(models_that_cannot_be_had_are_named)
{
    char file[160];
    server_daemon_prepare(&server);
    snprintf(file, sizeof file, "--models=%s/plane.safetensors", server.models);
    expect_run(1, "--listen=127.0.0.1:0", "--models=/nowhere",
               "cannot read the model directory /nowhere: No such file or directory");
    expect_run(1, "--listen=127.0.0.1:0", file, "Not a directory");
    if (geteuid() != 0) { /* root may read everything */
        ck_assert_int_eq(chmod(server.models, 0), 0);
        snprintf(file, sizeof file, "--models=%s", server.models);
        expect_run(1, "--listen=127.0.0.1:0", file, "Permission denied");
        ck_assert_int_eq(chmod(server.models, 0700), 0);
    }
    server_daemon_remove(&server);
}
END_TEST

/* They may come: it starts, is not ready, and serves them after a reload. */
START_TEST(an_empty_directory_is_served_when_there_are_models)
{
    char models[160];
    server_daemon_prepare(&server);
    snprintf(models, sizeof models, "%s/empty", server.models);
    ck_assert_int_eq(mkdir(models, 0700), 0);
    int output = server_daemon_begin(&server, (const char *const[]){"--models", models, NULL});
    server_daemon_await(&server, output);
    close(output);
    server_expect_problem(server_get(&server, "/health/ready"), 503, "not-ready", NULL);
    server_model_write(models, "plane.safetensors", "plane", 1);
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, "advect_models", 1, 60000);
    char *log = server_daemon_read_log(&server);
    ck_assert_msg(strstr(log, "no model") != NULL, "%s", log);
    free(log);
    snprintf(models + strlen(models), sizeof models - strlen(models), "/plane.safetensors");
    unlink(models);
    *strrchr(models, '/') = '\0';
    rmdir(models);
    server_daemon_stop(&server);
}
END_TEST

/* Makes a folder a mount that is read only, in a namespace of this test and its children. False where
 * that may not be done. */
static bool make_read_only(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(folder, folder, NULL, MS_BIND, NULL) == 0 &&
           mount(NULL, folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

START_TEST(models_on_a_read_only_mount_are_served)
{
    char file[160];
    server_daemon_prepare(&server);
    if (!make_read_only(server.models)) {
        printf("skipped: nothing can be mounted here, as root may (%s)\n", strerror(errno));
        server_daemon_remove(&server);
        return;
    }
    snprintf(file, sizeof file, "%s/new", server.models);
    ck_assert_int_lt(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), 0);
    ck_assert_int_eq(errno, EROFS);
    int output = server_daemon_begin(&server, NULL);
    server_daemon_await(&server, output);
    close(output);
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, "advect_reloads_total{outcome=\"completed\"}", 1, 60000);
    struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 1}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    ck_assert_int_eq(umount2(server.models, MNT_DETACH), 0);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(a_port_in_use_is_told_before_the_models_are_loaded)
{
    int taken = listening_socket(SOCK_STREAM, true);
    char flag[64], words[128];
    snprintf(flag, sizeof flag, "--listen=127.0.0.1:%d", port_of(taken));
    snprintf(words, sizeof words, "cannot listen on %s: Address already in use", flag + 9);
    expect_run(1, flag, "--models=/nowhere", words);
    close(taken);
}
END_TEST

/* The log is all that the daemon writes. */
START_TEST(a_full_disk_takes_the_log_and_no_answer)
{
    int status, full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(full, 0);
    server_daemon_start_on(&server, NULL, full);
    for (int i = 0; i < 3; i++) {
        struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 1}");
        ck_assert_int_eq(reply.status, 200);
        server_reply_release(&reply);
    }
    kill(server.pid, SIGTERM);
    ck_assert_int_eq(waitpid(server.pid, &status, 0), server.pid);
    ck_assert_int_eq(status, 0);
    close(full);
    server_daemon_remove(&server);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server service");
    TCase *manager = tcase_create("the service manager"), *wrong = tcase_create("what is wrong");
    tcase_set_timeout(manager, 60);
    tcase_add_test(manager, a_restart_behind_a_passed_socket_loses_no_request);
    tcase_add_test(manager, a_passed_socket_takes_the_place_of_an_address);
    tcase_add_test(manager, what_was_passed_and_is_no_tcp_listener_is_refused);
    tcase_add_test(manager, too_many_and_too_few_sockets_are_refused);
    tcase_add_test(manager, the_manager_hears_of_the_start_reloads_and_the_end);
    tcase_add_test(manager, without_a_watchdog_there_are_no_beats);
    tcase_add_test(manager, a_manager_that_cannot_be_told_is_no_reason_not_to_serve);
    tcase_set_timeout(wrong, 60);
    tcase_add_test(wrong, variables_of_other_programs_are_passed_over);
    tcase_add_test(wrong, an_unknown_variable_is_refused);
    tcase_add_test(wrong, a_health_check_wants_an_address);
    tcase_add_test(wrong, models_that_cannot_be_had_are_named);
    tcase_add_test(wrong, an_empty_directory_is_served_when_there_are_models);
    tcase_add_test(wrong, models_on_a_read_only_mount_are_served);
    tcase_add_test(wrong, a_port_in_use_is_told_before_the_models_are_loaded);
    tcase_add_test(wrong, a_full_disk_takes_the_log_and_no_answer);
    suite_add_tcase(suite, manager);
    suite_add_tcase(suite, wrong);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
