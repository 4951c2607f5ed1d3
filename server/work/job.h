/* A query being answered for one connection: what the HTTP threads hand to the
 * scheduler, and get back as a reply.
 *
 * The connection is suspended while the job is computed. Who may resume it is
 * the crux: resuming twice is undefined. `suspended` says, under the job's
 * mutex, that the connection is suspended and that nobody has resumed it yet;
 * whoever resumes clears it first. */
#ifndef ADV_SERVER_JOB_H
#define ADV_SERVER_JOB_H

#include "server/http/reply.h"

#include <advect/render.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a reply that nobody is there to read; only the log and the metrics see it. */
#define ADV_STATUS_CLIENT_GONE 499

struct adv_job {
    atomic_int references;

    /* What is to be done; fixed before submission. */
    struct adv_model *model;     /* a reference */
    struct adv_request *request; /* owned; the query borrows its arrays */
    struct adv_query query;
    const struct adv_format *format;
    struct adv_picture picture;
    struct adv_reply template; /* status and headers of success, without a body */
    int64_t deadline_ms;       /* of adv_now_ms */
    size_t numbers;            /* in its answer */
    atomic_size_t *budget;     /* where they are taken off when the job is freed, or NULL */

    atomic_bool ended;     /* set under the mutex below */
    atomic_bool abandoned; /* the client is gone: the job leaves at its next turn */

    /* The scheduler's, under its mutex. */
    struct adv_job *next; /* in the line of runnable jobs */
    bool queued;          /* stands in that line */
    bool leaving;         /* no shard gets another turn */
    struct adv_error error;
    struct adv_run *run; /* NULL until a worker has prepared it */
    size_t *shards;      /* ring of the shards that wait for a turn */
    size_t n_shards, first_shard, n_waiting, n_taken, n_unended;
    size_t n_frames_rendered; /* of a stream, by whoever set `rendering` */

    /* Between workers and the HTTP thread, under this mutex. */
    pthread_mutex_t mutex;
    struct MHD_Connection *connection; /* NULL: the exchange is over */
    bool suspended;                    /* see above */
    bool rendering;                    /* a worker is rendering frames */
    struct adv_reply reply;            /* once ended */
    struct adv_bytes stream;
    size_t n_stream_sent, n_sent_in_all; /* of what stream holds; since its begin */
    int64_t nfe;                         /* of the answer, -1 before there is one */
};

/* Takes over request, takes a reference to model. The query is the caller's to fill in. */
enum adv_status adv_job_new(struct adv_model *model, struct adv_request *request,
                            struct adv_job **job, struct adv_error *error);
struct adv_job *adv_job_ref(struct adv_job *job);
void adv_job_unref(struct adv_job *job);

bool adv_job_streams(const struct adv_job *job);

/* ---- on the connection's HTTP thread */

/* Suspends the connection on behalf of the job. */
void adv_job_suspend(struct adv_job *job, struct MHD_Connection *connection);

/* After the job resumed the connection: the reply to send. Of a job that ended it is moved into
 * *reply, and *response is NULL; of a stream that has begun, *response is made of it (NULL without
 * memory: then *reply says so). */
void adv_job_collect(struct adv_job *job, struct adv_reply *reply, struct MHD_Response **response);

/* The exchange is over, whatever became of it: nothing will be resumed any more. */
void adv_job_detach(struct adv_job *job);

/* ---- on any thread */

/* Nobody waits for the answer any more. */
void adv_job_abandon(struct adv_job *job);
bool adv_job_is_abandoned(const struct adv_job *job);

bool adv_job_has_ended(const struct adv_job *job);
/* What is rendered of a stream and not yet sent. */
size_t adv_job_stream_bytes(struct adv_job *job);

/* For the log: rows; velocity evaluations, -1 before there is an answer; bytes of a stream sent, 0
 * of other replies. */
void adv_job_measure(struct adv_job *job, int64_t *n, int64_t *nfe, size_t *stream_bytes);

/* ---- on a worker */

/* Ends the job with a reply, which is taken over, and resumes the connection. */
void adv_job_end(struct adv_job *job, struct adv_reply *reply);

/* Renders the frames of a stream that all rows have reached by now. */
enum adv_status adv_job_render_frames(struct adv_job *job, struct adv_error *error);

/* Renders the whole answer into a reply. */
enum adv_status adv_job_render(struct adv_job *job, struct adv_reply *reply,
                               struct adv_error *error);

#endif
