/* Computing: one pinned thread per processor, and the queries they take turns at.
 *
 * A query is taken if it can be expected to end before its deadline behind those
 * that were taken before, and refused at once otherwise. After each turn of about
 * TURN_US (at least a portion of an evaluation) a worker goes to the query whose
 * turn it is: claims.h says which, so that short ones end first and all end in
 * time. Few rows of one model have their turns together (turn.c), and workers
 * that are idle help with what has too few rows (sharing.c). Jobs that nobody
 * wants any more (deadline, client gone, shutdown) leave as soon as a worker is
 * back from its turn. */
#ifndef ADV_SERVER_SCHEDULER_H
#define ADV_SERVER_SCHEDULER_H

#include "server/jobs/job.h"
#include "server/models/registry.h"
#include "server/os/metrics.h"

struct adv_scheduler;

struct adv_scheduler_options {
    int n_workers;
    size_t queue_length;            /* jobs accepted and not ended */
    size_t queue_numbers;           /* in all answers that are computed or not yet sent */
    size_t patient_length;          /* likewise of patient jobs; their numbers are as many */
    double client_share;            /* of places and time, for one client: server/clients/share.h */
    bool refuse_hopeless;           /* 422 to what could not be in time even alone */
    atomic_size_t *numbers;         /* how many those are now */
    atomic_size_t *patient_numbers; /* likewise */
    struct adv_registry *registry;
    struct adv_metrics *metrics;
};

enum adv_status adv_scheduler_start(const struct adv_scheduler_options *options,
                                    struct adv_scheduler **scheduler, struct adv_error *error);

/* Accepts a job whose connection is suspended, or that is stored, or refuses it with a reply and
 * false: then nothing has seen it. An accepted job is ended exactly once, by a worker. */
bool adv_scheduler_submit(struct adv_scheduler *scheduler, struct adv_job *job,
                          struct adv_reply *refusal);

/* How far an accepted job has come. */
struct adv_progress {
    bool begun;
    double share;        /* of the computing, in [0, 1] */
    double seconds_left; /* with the workers to itself */
};
struct adv_progress adv_scheduler_progress(struct adv_scheduler *scheduler,
                                           const struct adv_job *job);

/* Every accepted job leaves at its next turn, answered 503. */
void adv_scheduler_cancel_all(struct adv_scheduler *scheduler);

/* After a reload: idle workers let go of models that are served no more. */
void adv_scheduler_forget_models(struct adv_scheduler *scheduler);

/* After the last job has ended (or with cancel_all): ends the threads. Who asks about jobs may go
 * on asking until the scheduler is freed. */
void adv_scheduler_stop(struct adv_scheduler *scheduler);
void adv_scheduler_free(struct adv_scheduler *scheduler);

#endif
