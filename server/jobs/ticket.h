/* A job's place at the scheduler: what it claims of the workers, and which of its shards wait for a
 * turn. The scheduler's alone, under its mutex. */
#ifndef ADV_SERVER_TICKET_H
#define ADV_SERVER_TICKET_H

#include "server/jobs/claims.h"
#include "server/jobs/estimate.h"

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct adv_ticket {
    double timeout_s; /* from submission to the answer; fixed before */
    size_t route;     /* for the metrics; likewise */
    int priority;     /* -1 low, 0 normal, 1 high; likewise */
    double paid;      /* multiply-adds: by its client when it was taken, as estimated; */
    double done;      /* and as counted in all turns */
    bool patient;     /* as of its claim; likewise */
    /* Rows that one evaluation should have, of this query and others; 1: of this alone. Fixed at
     * admission; of queries of one shard. */
    size_t rows_together;

    size_t run_bytes;       /* likewise: held from the first turn to the end */
    double begun, computed; /* when its first turn began, 0 before; seconds of all turns */

    struct adv_claim claim;
    struct adv_estimate estimate;
    bool whole;     /* in the hands of one worker, which prepares or ends it */
    bool answering; /* no shards are left: its answer is written in turns */
    bool sending;   /* some frames are, while others are computed */
    bool leaving;   /* no shard gets another turn */
    struct adv_error error;

    size_t *shards; /* ring of the shards that wait for a turn, [n_shards] */
    size_t n_shards, first, n_waiting;
    size_t n_taken;   /* shards that have their turn now */
    size_t n_unended; /* shards, wherever they are */
};

/* All shards wait, in order. */
enum adv_status adv_ticket_fill(struct adv_ticket *ticket, size_t n_shards,
                                struct adv_error *error);
void adv_ticket_release(struct adv_ticket *ticket);

/* The first of the waiting shards has its turn. */
size_t adv_ticket_take(struct adv_ticket *ticket);

/* A shard is back from its turn: it has ended, or waits, last or first of all. */
void adv_ticket_end_shard(struct adv_ticket *ticket);
void adv_ticket_put_last(struct adv_ticket *ticket, size_t shard);
void adv_ticket_put_first(struct adv_ticket *ticket, size_t shard);

#endif
