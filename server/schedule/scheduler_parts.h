/* The scheduler from within: what its workers (scheduler.c), their turns (turn.c), its admission
 * (admission.c) and the ends of jobs (ending.c) share. All is under the mutex. */
#ifndef ADV_SERVER_SCHEDULER_PARTS_H
#define ADV_SERVER_SCHEDULER_PARTS_H

#include "server/models/evaluators.h"
#include "server/os/clock.h"
#include "server/schedule/scheduler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* Long enough for the hand-over to cost nothing, short enough for nobody to notice the wait. */
#define ADV_TURN_US 2000

struct adv_worker {
    struct adv_scheduler *scheduler;
    pthread_t thread;
    struct adv_evaluators evaluators;
    size_t evaluators_bytes; /* as the metrics have them */
    unsigned n_helped;       /* the shared turn that it helped last, by its number */
};

/* What idle workers help another with (sharing.c). */
struct adv_sharing {
    struct adv_pool *pool;            /* NULL: nobody helps */
    bool taken;                       /* a worker has a shared turn */
    struct adv_evaluators evaluators; /* that worker's meanwhile */
    size_t evaluators_bytes;          /* as the metrics have them */
    unsigned n_begun;                 /* shared turns */
    int n_helping;
    unsigned numbers; /* of those who do, in the pool: a mask */
    atomic_uint news; /* changes when there is something else for them */
};

struct adv_scheduler {
    struct adv_scheduler_options options;
    pthread_mutex_t mutex;
    pthread_cond_t runnable;
    struct adv_claims claims;  /* of the jobs accepted and not ended */
    struct adv_speeds *speeds; /* of models */
    int n_idle;                /* workers that have nothing to do, or help others */
    struct adv_sharing sharing;
    bool stopping;   /* nothing runnable, workers leave */
    bool cancelling; /* jobs leave at their next turn */
    int n_workers;   /* started */
    struct adv_worker workers[];
};

static inline double adv_now_s(void)
{
    return (double)adv_now_us() * 1e-6;
}

static inline struct adv_job *adv_job_of_claim(struct adv_claim *claim)
{
    return (struct adv_job *)((char *)claim - offsetof(struct adv_job, ticket.claim));
}

/* What is left of each claim, at the speeds of now. */
void adv_scheduler_estimate(struct adv_scheduler *scheduler);

/* Whether something of the job waits for a worker, after a change of its ticket. */
void adv_scheduler_update_runnable(struct adv_ticket *ticket);

bool adv_scheduler_is_anything_runnable(const struct adv_scheduler *scheduler);

/* A worker that is idle, if there is one, shall look for what is runnable. */
void adv_scheduler_call(struct adv_scheduler *scheduler);

/* Notes for the metrics what memory the job's run takes, once it is there. */
void adv_scheduler_measure_run(const struct adv_scheduler *scheduler, struct adv_job *job);

/* Lets go of the mutex to work; somebody else may take what is runnable. */
void adv_scheduler_unlock(struct adv_scheduler *scheduler);

/* The Retry-After of a refusal: whole seconds, at least one. */
void adv_scheduler_retry_after(struct adv_reply *reply, double seconds);

/* The job leaves without an answer: its reply says why. */
void adv_scheduler_end_early(struct adv_scheduler *scheduler, struct adv_job *job);

/* A turn of the job's first shard that waits, or its first turn where it may have company. */
void adv_scheduler_take_turn(struct adv_worker *worker, struct adv_job *job);

/* After a turn: the job ends, if it is time. */
void adv_scheduler_go_on(struct adv_scheduler *scheduler, struct adv_job *job);

enum adv_status adv_sharing_init(struct adv_sharing *sharing,
                                 const struct adv_scheduler_options *options,
                                 struct adv_error *error);
void adv_sharing_release(struct adv_sharing *sharing);
/* Whether a turn of the job, with evaluations of so many rows, is shared: then with the evaluators
 * there, and until adv_sharing_end. */
bool adv_sharing_begin(struct adv_scheduler *scheduler, struct adv_job *job, size_t rows);
void adv_sharing_end(struct adv_scheduler *scheduler);
/* An idle worker helps with a shared turn, unless there is none that it has not helped with; lets
 * go of the mutex meanwhile. */
bool adv_sharing_help(struct adv_worker *worker);
/* Who helps shall look for what is runnable. */
void adv_sharing_call_back(struct adv_sharing *sharing);

/* Writes a job's answer, or the frames of a stream that are due, where that is short; or a part of
 * it where it is long. Ends the job once its answer is written. */
void adv_scheduler_answer(struct adv_scheduler *scheduler, struct adv_job *job);
/* Whether that is what the job's next turn is for. */
bool adv_scheduler_is_to_write(const struct adv_job *job);
/* Whether writing takes turns of its own: an answer, a frame of a stream. */
bool adv_scheduler_answer_is_long(const struct adv_job *job);
bool adv_scheduler_frames_are_long(const struct adv_job *job);

#endif
