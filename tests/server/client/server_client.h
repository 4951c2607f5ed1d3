/* Two clients of the daemon: libcurl for what is right, bare sockets for what is not. */
#ifndef ADV_TESTS_SERVER_CLIENT_H
#define ADV_TESTS_SERVER_CLIENT_H

#include "tests/server/client/server_daemon.h"

#include <jansson.h>
#include <stddef.h>

/* A reply; release it. status 0: there was none. */
struct server_reply {
    long status;
    char *head; /* the headers as text, ending with a NUL */
    char *body; /* ending with a NUL that is not counted */
    size_t n_head, n_body;
};

void server_reply_release(struct server_reply *reply);
/* The value of a header into text [size]; false where there is none. */
bool server_reply_header(const struct server_reply *reply, const char *name, size_t size,
                         char *text);
/* The body as JSON; a test that gets something else fails. */
json_t *server_reply_json(const struct server_reply *reply);

/* A request over a connection of its own. */
struct server_request {
    const char *method; /* NULL: GET, or POST if there is a body */
    const char *path;   /* with the query */
    const char *body;
    size_t n_body;            /* 0: its length as text */
    const char *content_type; /* NULL: application/json */
    const char *accept;
    const char *headers[4]; /* more, "Name: value" */
};

/* Thread-safe. */
struct server_reply server_send(const struct server_daemon *daemon,
                                const struct server_request *request);

/* The two most frequent ones. */
struct server_reply server_get(const struct server_daemon *daemon, const char *path);
struct server_reply server_post(const struct server_daemon *daemon, const char *path,
                                const char *json);

/* A problem document with this status, type ("queue-full") and, unless NULL, field; the test fails
 * if it is anything else. Releases the reply. */
void server_expect_problem(struct server_reply reply, long status, const char *type,
                           const char *field);

/* The number of a metric's line that begins with `name` and a space, e.g. "advect_queries"; -1:
 * none. */
double server_metric(const struct server_daemon *daemon, const char *name);

/* Waits until the metric has the value; the test fails after ms. */
void server_wait_for_metric(const struct server_daemon *daemon, const char *name, double value,
                            int ms);

/* ---- bare sockets */

int server_connect(const struct server_daemon *daemon);
void server_write(int fd, const char *text);
/* All that comes until the server closes, at most ms; *closed says whether it did. To be freed. */
char *server_read_all(int fd, int ms, bool *closed);
/* What comes until the text is in it, at most ms. To be freed. */
char *server_read_until(int fd, const char *text, int ms);
/* Connects, writes, reads until the end, closes. To be freed. */
char *server_exchange_raw(const struct server_daemon *daemon, const char *text);

void server_sleep_ms(int ms);
double server_seconds(void); /* of a clock that never jumps */

#endif
