/* Requests of which it matters where they end, with what the standard wants done to them. */
#ifndef ADV_TESTS_SERVER_HEADS_H
#define ADV_TESTS_SERVER_HEADS_H

#include <stdbool.h>
#include <stddef.h>

/* A request, sent to a daemon with the test models before another one: a refused request is
 * answered once, and what follows it is never read. */
struct server_head {
    const char *bytes;
    size_t n;
    int status;
    bool closes;      /* the connection ends with the answer */
    const char *rule; /* of RFC 9112 unless it says otherwise */
};

extern const struct server_head server_heads[];
extern const size_t n_server_heads;

#endif
