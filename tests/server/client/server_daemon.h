/* The real daemon as a child process, on a free port, with models of its own. */
#ifndef ADV_TESTS_SERVER_DAEMON_H
#define ADV_TESTS_SERVER_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

struct server_daemon {
    pid_t pid;
    int port;
    char url[128];      /* "http://127.0.0.1:41234" */
    char directory[64]; /* its own: models/ and log */
    char models[128];
    char log[128]; /* file: its standard error */
};

/* Starts build/.../bin/advectd (or $ADVECTD) with the test models and the given flags, a
 * NULL-terminated list, and waits until it listens. */
void server_daemon_start(struct server_daemon *daemon, const char *const *flags);

/* The same in two steps, for what is done to a daemon that starts: its directory with the test
 * models; the process, whose standard output the result is, to be closed. */
void server_daemon_prepare(struct server_daemon *daemon);
int server_daemon_begin(struct server_daemon *daemon, const char *const *flags);
/* Waits until it listens. */
void server_daemon_await(struct server_daemon *daemon, int output);

/* The same with a descriptor for its standard error, which stays the caller's; there is no log
 * then. */
void server_daemon_start_on(struct server_daemon *daemon, const char *const *flags, int error);

/* SIGTERM; the daemon must exit 0 within the time, else the test fails with its log. Removes the
 * directory. */
void server_daemon_stop(struct server_daemon *daemon);

/* Waits for the end of a daemon that was told to stop, checks it as server_daemon_stop does, and
 * gives its log, to be freed. */
char *server_daemon_wait(struct server_daemon *daemon);
/* The same of a daemon that ends with another status. */
char *server_daemon_wait_for(struct server_daemon *daemon, int wanted);

/* Removes the directory, where a test has seen to the daemon's end itself. */
void server_daemon_remove(const struct server_daemon *daemon);

/* Runs the program to its end with the given arguments: its exit status; its output, both streams,
 * into text. */
int server_daemon_run(const char *const *arguments, char *text, size_t size);

/* Waits until the daemon has a file of this name open. */
void server_daemon_wait_for_file(const struct server_daemon *daemon, const char *name);

/* The log so far, to be freed. */
char *server_daemon_read_log(const struct server_daemon *daemon);

#endif
