/* What workers and the HTTP threads of connections hand each other: a reply, or a stream of lines.
 *
 * Mostly one connection waits for what a job gives, and once it has gone nobody wants it any more.
 * Of a channel that is kept, readers come and go, and each gets everything from its beginning.
 *
 * A connection is suspended while it waits. Who may resume it is the crux: resuming twice is
 * undefined. A reader's `suspended` says, under the channel's mutex, that its connection is
 * suspended and that nobody has resumed it yet; whoever resumes clears it first. */
#ifndef ADV_SERVER_CHANNEL_H
#define ADV_SERVER_CHANNEL_H

#include "server/reply/reply.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a reply that nobody is there to read; only the log and the metrics see it. */
#define ADV_STATUS_CLIENT_GONE 499

/* A connection that waits for what a channel gives. All but the channel under its mutex. */
struct adv_reader {
    struct adv_channel *channel; /* NULL: it waits for none */
    struct MHD_Connection *connection;
    bool suspended; /* see above */
    bool gone;      /* its client is: it gets nothing more */
    size_t n_sent;  /* of the stream, since its beginning */
    struct adv_reader *next;
};

struct adv_channel {
    atomic_bool ended;     /* set under the mutex */
    atomic_bool abandoned; /* nobody wants the answer: the job leaves at its next turn */
    size_t keeps_bytes; /* the most of an answer that is kept for readers that come and go; 0: one
                            * reader, and what it was sent is dropped. Fixed before the first */

    pthread_mutex_t mutex;      /* of all below */
    struct adv_reader *readers; /* whose exchanges are not over */
    struct adv_reply reply;     /* once ended */
    struct adv_bytes stream;
    size_t n_dropped; /* of the stream, before what is held */
    int64_t nfe;      /* of the answer, -1 before there is one */
};

void adv_channel_init(struct adv_channel *channel);
void adv_channel_release(struct adv_channel *channel);

/* ---- on the HTTP thread of a reader's connection */

/* Suspends the connection until there is something to send, which may be now. */
void adv_reader_suspend(struct adv_reader *reader, struct adv_channel *channel,
                        struct MHD_Connection *connection);

/* The reply of what has ended into *reply, and true; or false where a stream has begun. What is
 * kept stays the channel's: the reply's body is good as long as that. */
bool adv_reader_take_reply(struct adv_reader *reader, struct adv_reply *reply);

/* libmicrohttpd's content reader of a stream: never returns 0 without having suspended the
 * connection. */
ssize_t adv_reader_read(struct adv_reader *reader, char *buffer, size_t room);

/* The exchange is over, whatever became of it: nothing will be resumed any more. */
void adv_reader_detach(struct adv_reader *reader);

/* ---- on any thread */

/* The client is gone; and with it whoever wants the answer, unless that is kept. */
void adv_reader_abandon(struct adv_reader *reader);

/* What the stream holds and the reader was not yet sent; and what it was. */
size_t adv_reader_bytes_left(struct adv_reader *reader);
size_t adv_reader_bytes_sent(const struct adv_reader *reader);

/* Nobody waits for the answer any more. */
void adv_channel_abandon(struct adv_channel *channel);
bool adv_channel_is_abandoned(const struct adv_channel *channel);

bool adv_channel_has_ended(const struct adv_channel *channel);
bool adv_channel_has_readers(struct adv_channel *channel);

/* Velocity evaluations, -1 before there is an answer. */
int64_t adv_channel_nfe(struct adv_channel *channel);

/* What is kept now: the reply's status, 0 before the end, and bytes. */
unsigned adv_channel_kept(struct adv_channel *channel, size_t *n_bytes);

/* ---- on a worker */

/* Lines, taken over, go into the stream. ADV_E_INVALID where they are more than is kept. */
enum adv_status adv_channel_send(struct adv_channel *channel, struct adv_bytes *lines,
                                 struct adv_error *error);

/* There is an answer. */
void adv_channel_set_nfe(struct adv_channel *channel, int64_t nfe);

/* The last word: the reply, which is taken over. */
void adv_channel_end(struct adv_channel *channel, struct adv_reply *reply);

#endif
