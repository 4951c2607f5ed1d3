/* The memory of request bodies, from their first byte until they have been read into a request.
 *
 * What counts is what has come, not what was announced: an announcement costs its sender nothing,
 * so room promised to it could be taken away from everybody for nothing. The first 16 KiB of a body
 * do not count at all; that is what max_connections of them may hold beside the budget, and small
 * bodies are received however full it is.
 *
 * When the budget is full, one body has to go: the one that came slowest over the last second, if
 * it is slower than the longest body that is taken must be to arrive in time, else the one that
 * asks. So a sender that stalls, or trickles, keeps its room only until somebody needs it, and one
 * that is as fast as it has to be is never ended for another. Decision record 0021 has more. */
#ifndef ADV_SERVER_BODIES_H
#define ADV_SERVER_BODIES_H

#include "server/net/sockets.h"
#include "server/os/metrics.h"

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADV_BODY_RESERVE_BYTES ((size_t)16384)

struct adv_bodies_options {
    size_t most_bytes;     /* in all bodies, of each what is beyond the reserve */
    int64_t longest_bytes; /* that a body may be, */
    int64_t longest_ms;    /* and the time it may take */
    struct adv_sockets *sockets;
    struct adv_metrics *metrics;
};

/* A body that is coming in, or was received and is held. All zero: none of it has come. The members
 * are those of bodies.c alone. */
struct adv_body {
    struct adv_body *previous, *next; /* of those that are coming in */
    struct adv_socket *socket;
    size_t n_bytes;
    bool listed, ended; /* ended: its room went to another */
    bool has_rate;
    int64_t rate;      /* bytes of the last second that is over */
    int64_t second_ms; /* when the present one began */
    size_t second_bytes;
};

struct adv_bodies;

enum adv_status adv_bodies_new(const struct adv_bodies_options *options, struct adv_bodies **bodies,
                               struct adv_error *error);
void adv_bodies_free(struct adv_bodies *bodies);

/* Whether a body of this length, none of which has come yet, may as well come: false where there is
 * no room for it now, and nobody who would have to make some. */
bool adv_bodies_has_room(struct adv_bodies *bodies, size_t length);

/* n bytes more of a body come over the socket. False: they must not be kept, nor what follows. If
 * the body was slow, its request has then been answered in libmicrohttpd's place, and its
 * connection cut; else the rest of it comes, and the request is to be refused. */
bool adv_bodies_take(struct adv_bodies *bodies, struct adv_body *body, struct adv_socket *socket,
                     size_t n);

/* The body has come whole: from here on its room is not given to others. */
void adv_bodies_complete(struct adv_bodies *bodies, struct adv_body *body);

/* Its memory is free, or about to be. Does nothing for a body that has been released. */
void adv_bodies_release(struct adv_bodies *bodies, struct adv_body *body);

/* What a refused client is told. */
void adv_bodies_explain(const struct adv_bodies *bodies, size_t size, char *text);

#endif
