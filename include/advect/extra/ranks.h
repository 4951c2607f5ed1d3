/* One training shared by several processes, ranks, each with a part of every batch's shards. They
 * talk by whatever the caller has for it, such as MPI (trainer/training/ranks_mpi.c).
 *
 * Every rank opens the same recipe and data and, where one is resumed, the same checkpoint. A step's
 * gradients are summed in the order of their shards, so weights have the same bytes as those of one
 * process, whatever the number of ranks (docs/adr/0032-gradients-along-a-chain.md). */
#ifndef ADVECT_EXTRA_RANKS_H
#define ADVECT_EXTRA_RANKS_H

#include <advect/api.h>
#include <advect/status.h>
#include <advect/train.h>
#include <stddef.h>

ADV_API_BEGIN

/* A rank, and how it talks with the others. Messages between two ranks arrive in the order in which
 * they were sent. A function that fails has reported it; the training is then over. */
struct adv_ranks {
    int rank, n_ranks; /* rank in [0, n_ranks) */
    void *context;     /* of the functions */
    /* Begins to send; the bytes are borrowed, unchanged, until the next `settle`. */
    enum adv_status (*send)(void *context, int to, const void *bytes, size_t n_bytes,
                            struct adv_error *error);
    /* Waits for a message of that size. */
    enum adv_status (*receive)(void *context, int from, void *bytes, size_t n_bytes,
                               struct adv_error *error);
    /* Waits until nothing that was sent is borrowed any more. */
    enum adv_status (*settle)(void *context, struct adv_error *error);
};

/* On every rank at the same point: ADV_OK if all come with that; else all get the status and the
 * message of the first rank that failed, after "rank N: " where that is not rank 0. */
enum adv_status adv_ranks_agree(const struct adv_ranks *ranks, enum adv_status status,
                                struct adv_error *error);

/* Shares the training, after adv_training_resume if that is called at all, and on every rank. From
 * then on each step, adv_training_run included, is one of all ranks; rank 0 alone writes
 * checkpoints, and when on_step of any rank returns false, all stop after the next step. ranks is
 * borrowed for the life of the training.
 *
 * Errors, the same on all ranks: ADV_E_INVALID where there are more ranks than shards (field
 * "train.batch"), or where a rank differs from rank 0 in build, recipe, data, checkpoint, or in the
 * bytes of the first shard's gradient; ADV_E_MEMORY; those of the functions of ranks. */
enum adv_status adv_training_share(struct adv_training *training, const struct adv_ranks *ranks,
                                   struct adv_error *error);

ADV_API_END
#endif
