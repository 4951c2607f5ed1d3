/* What workers and the HTTP thread of a connection hand each other: a reply, or a stream of lines.
 *
 * The connection is suspended while the job is computed. Who may resume it is
 * the crux: resuming twice is undefined. `suspended` says, under the channel's
 * mutex, that the connection is suspended and that nobody has resumed it yet;
 * whoever resumes clears it first. */
#ifndef ADV_SERVER_CHANNEL_H
#define ADV_SERVER_CHANNEL_H

#include "server/reply/reply.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct adv_channel {
    atomic_bool ended;     /* set under the mutex */
    atomic_bool abandoned; /* the client is gone: the job leaves at its next turn */

    pthread_mutex_t mutex;             /* of all below */
    struct MHD_Connection *connection; /* NULL: the exchange is over */
    bool suspended;                    /* see above */
    struct adv_reply reply;            /* once ended */
    struct adv_bytes stream;
    size_t n_stream_sent, n_sent_in_all; /* of what stream holds; since its begin */
    int64_t nfe;                         /* of the answer, -1 before there is one */
};

void adv_channel_init(struct adv_channel *channel);
void adv_channel_release(struct adv_channel *channel);

/* ---- on the connection's HTTP thread */

/* Suspends the connection. */
void adv_channel_suspend(struct adv_channel *channel, struct MHD_Connection *connection);

/* Moves the reply of what has ended into *reply, and true; or false where a stream has begun. */
bool adv_channel_take_reply(struct adv_channel *channel, struct adv_reply *reply);

/* libmicrohttpd's content reader of a stream: never returns 0 without having suspended the
 * connection. */
ssize_t adv_channel_read(struct adv_channel *channel, char *buffer, size_t room);

/* The exchange is over, whatever became of it: nothing will be resumed any more. */
void adv_channel_detach(struct adv_channel *channel);

/* ---- on any thread */

/* Nobody waits for the answer any more. */
void adv_channel_abandon(struct adv_channel *channel);
bool adv_channel_is_abandoned(const struct adv_channel *channel);

bool adv_channel_has_ended(const struct adv_channel *channel);
/* What the stream holds and is not yet sent. */
size_t adv_channel_stream_bytes(struct adv_channel *channel);

/* For the log: velocity evaluations, -1 before there is an answer; bytes of a stream sent, 0 of
 * other replies. */
void adv_channel_measure(struct adv_channel *channel, int64_t *nfe, size_t *stream_bytes);

/* ---- on a worker */

/* Lines, taken over, go into the stream. */
enum adv_status adv_channel_send(struct adv_channel *channel, struct adv_bytes *lines,
                                 struct adv_error *error);

/* There is an answer. */
void adv_channel_set_nfe(struct adv_channel *channel, int64_t nfe);

/* The last word: the reply, which is taken over. */
void adv_channel_end(struct adv_channel *channel, struct adv_reply *reply);

#endif
