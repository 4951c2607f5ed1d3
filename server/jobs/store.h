/* Jobs that outlive the connection they came by: their clients come back for them by an id that
 * cannot be guessed.
 *
 * A job is listed from before it is submitted until its client deletes it, or until its answer was
 * kept for long enough, or the store is full and it is the one that ended longest ago: whichever
 * comes first. Answers live in the channels of their jobs; the store counts their bytes. What has
 * had its time is dropped whenever the store is used. Thread-safe. */
#ifndef ADV_SERVER_STORE_H
#define ADV_SERVER_STORE_H

#include "server/jobs/job.h"
#include "server/os/metrics.h"

#define ADV_JOB_ID_SIZE 33 /* 128 random bits in hexadecimal digits */

struct adv_job_store;

struct adv_job_store_options {
    size_t max_jobs;  /* computed, waiting or kept */
    size_t max_bytes; /* of all answers kept; more than one of them has */
    int64_t keep_ms;  /* from a job's end */
    bool log;         /* a line for the end of each */
    struct adv_metrics *metrics;
};

/* A listed job. */
struct adv_job_record {
    char id[ADV_JOB_ID_SIZE];
    uint64_t owner;      /* the client whose it is; 0: whoever knows the id */
    char request_id[65]; /* of the request that it came by */
    char model[129];
    double created, ended; /* Unix time; ended: 0 before */
    struct adv_job *job;   /* a reference */
};

enum adv_status adv_job_store_new(const struct adv_job_store_options *options,
                                  struct adv_job_store **store, struct adv_error *error);
/* After all jobs have ended. */
void adv_job_store_free(struct adv_job_store *store);

/* Gives a place to a job that is not submitted yet, and has its answer kept; nobody finds it before
 * it is accepted. False, with a reply, where there are too many. *record holds a reference of its
 * own. */
bool adv_job_store_add(struct adv_job_store *store, struct adv_job *job, uint64_t owner,
                       const char *request_id, struct adv_job_record *record,
                       struct adv_reply *refusal);

/* The scheduler has taken it: it is listed, and results of others make room if there has to be. */
void adv_job_store_accept(struct adv_job_store *store, const struct adv_job *job);
/* The scheduler has not: its place is free again. */
void adv_job_store_withdraw(struct adv_job_store *store, const struct adv_job *job);

/* The job is not listed any more, and ends soon. False where the owner has none of that id. */
bool adv_job_store_remove(struct adv_job_store *store, const char *id, uint64_t owner);

/* False where the owner has none of that id. */
bool adv_job_store_find(struct adv_job_store *store, const char *id, uint64_t owner,
                        struct adv_job_record *record);

/* All of an owner, the oldest first: records [*n], to be freed after each was released. */
enum adv_status adv_job_store_list(struct adv_job_store *store, uint64_t owner,
                                   struct adv_job_record **records, size_t *n,
                                   struct adv_error *error);

void adv_job_record_release(struct adv_job_record *record);

/* Drops what has had its time, so that the metrics are of now. */
void adv_job_store_sweep(struct adv_job_store *store);

/* For the daemon's end, when nobody can come back: jobs end soon; unless followed_too, not those
 * whose answer is being read as it is computed. */
void adv_job_store_cancel(struct adv_job_store *store, bool followed_too);

/* Of a job's end, on the worker that ended it. */
void adv_job_store_note_end(struct adv_job_store *store, struct adv_job *job);

#endif
