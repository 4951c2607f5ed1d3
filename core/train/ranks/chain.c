#include "core/train/ranks/ranks.h"

#include "core/base/mem.h"

#include <advect/extra/ranks.h>
#include <advect/extra/shards.h>

#include <stdlib.h>
#include <string.h>

/* A message has so many pieces, 128 KiB: fewer, and latency counts; more, and a chain of many ranks
 * is long in filling (bench/scale_out.py --block-pieces). */
#define BLOCK_PIECES ((size_t)2)

static bool is_first(const struct adv_ranks *ranks)
{
    return ranks->rank == 0;
}

static bool is_last(const struct adv_ranks *ranks)
{
    return ranks->rank == ranks->n_ranks - 1;
}

static enum adv_status send_up(const struct adv_ranks *ranks, const void *bytes, size_t n,
                               struct adv_error *error)
{
    return is_last(ranks) ? ADV_OK : ranks->send(ranks->context, ranks->rank + 1, bytes, n, error);
}

static enum adv_status send_down(const struct adv_ranks *ranks, const void *bytes, size_t n,
                                 struct adv_error *error)
{
    return is_first(ranks) ? ADV_OK : ranks->send(ranks->context, ranks->rank - 1, bytes, n, error);
}

/* ---------------------------------------------------------------- sums of gradients */

struct block {
    struct adv_training *training;
    size_t first_piece, n_pieces, first, n; /* pieces; their weights */
};

static size_t block_count(const struct adv_training *t)
{
    return (t->n_pieces + BLOCK_PIECES - 1) / BLOCK_PIECES;
}

static struct block block_at(struct adv_training *t, size_t i)
{
    struct block block = {.training = t, .first_piece = i * BLOCK_PIECES};
    size_t left = t->n_pieces - block.first_piece;
    block.n_pieces = left < BLOCK_PIECES ? left : BLOCK_PIECES;
    struct adv_piece last = adv_piece_at(t->n_weights, block.first_piece + block.n_pieces - 1);
    block.first = adv_piece_at(t->n_weights, block.first_piece).first;
    block.n = last.first + last.n - block.first;
    return block;
}

/* Adds the gradients of this rank's shards, in order, to the sum of those before. */
static void add_shards(void *context, size_t piece, int worker)
{
    (void)worker;
    const struct block *block = context;
    struct adv_training *t = block->training;
    struct adv_piece at = adv_piece_at(t->n_weights, block->first_piece + piece);
    float *sum = t->gradients + at.first;
    const float *before = t->before + (at.first - block->first);
    if (!is_first(t->ranks)) {
        for (size_t i = 0; i < at.n; i++)
            sum[i] = before[i] + sum[i];
    }
    for (size_t shard = 1; shard < t->n_own_shards; shard++) {
        const float *gradient = sum + shard * t->n_weights;
        for (size_t i = 0; i < at.n; i++)
            sum[i] += gradient[i];
    }
}

static enum adv_status pass_block_up(struct adv_training *t, size_t i, struct adv_error *error)
{
    const struct adv_ranks *ranks = t->ranks;
    struct block block = block_at(t, i);
    size_t bytes = block.n * sizeof(float);
    enum adv_status status = ADV_OK;
    if (!is_first(ranks))
        status = ranks->receive(ranks->context, ranks->rank - 1, t->before, bytes, error);
    if (status != ADV_OK)
        return status;
    adv_pool_run(t->pool, block.n_pieces, add_shards, &block);
    const float *sum = t->gradients + block.first;
    return is_last(ranks) ? send_down(ranks, sum, bytes, error) : send_up(ranks, sum, bytes, error);
}

/* The whole sum, which the last rank already has. */
static enum adv_status pass_block_down(struct adv_training *t, size_t i, struct adv_error *error)
{
    const struct adv_ranks *ranks = t->ranks;
    struct block block = block_at(t, i);
    size_t bytes = block.n * sizeof(float);
    float *sum = t->sum + block.first;
    enum adv_status status = ranks->receive(ranks->context, ranks->rank + 1, sum, bytes, error);
    return status == ADV_OK ? send_down(ranks, sum, bytes, error) : status;
}

/* The errors of all shards, and whether any rank asks to stop: one row behind those of the shards. */
static enum adv_status pass_shard_sums(struct adv_training *t, struct adv_error *error)
{
    const struct adv_ranks *ranks = t->ranks;
    size_t bytes = (t->n_shards + 1) * sizeof(double);
    double *up = t->passed_sums, *stop = &up[t->n_shards];
    enum adv_status status = ADV_OK;
    *stop = 0;
    if (!is_first(ranks))
        status = ranks->receive(ranks->context, ranks->rank - 1, up, bytes, error);
    memcpy(up + t->first_shard, t->shard_sums + t->first_shard, t->n_own_shards * sizeof *up);
    if (t->asks_to_stop)
        *stop = 1;
    if (status == ADV_OK)
        status = send_up(ranks, up, bytes, error);
    if (is_last(ranks))
        memcpy(t->shard_sums, up, bytes);
    else if (status == ADV_OK)
        status = ranks->receive(ranks->context, ranks->rank + 1, t->shard_sums, bytes, error);
    t->told_to_stop = t->shard_sums[t->n_shards] > 0;
    return status == ADV_OK ? send_down(ranks, t->shard_sums, bytes, error) : status;
}

enum adv_status adv_training_sum_over_ranks(struct adv_training *t, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; status == ADV_OK && i < block_count(t); i++)
        status = pass_block_up(t, i, error);
    for (size_t i = 0; status == ADV_OK && !is_last(t->ranks) && i < block_count(t); i++)
        status = pass_block_down(t, i, error);
    if (status == ADV_OK)
        status = pass_shard_sums(t, error);
    return status == ADV_OK ? t->ranks->settle(t->ranks->context, error) : status;
}

/* ---------------------------------------------------------------- sharing */

/* Ranges of shards, which differ by one at most. */
static size_t first_shard_of(const struct adv_training *t, int rank)
{
    return t->n_shards * (size_t)rank / (size_t)t->ranks->n_ranks;
}

static enum adv_status take_shards(struct adv_training *t, struct adv_error *error)
{
    size_t first = first_shard_of(t, t->ranks->rank);
    size_t n = first_shard_of(t, t->ranks->rank + 1) - first;
    size_t block = block_at(t, 0).n;
    float *own = realloc(t->gradients, n * t->n_weights * sizeof *own);
    if (own)
        t->gradients = own;
    double *sums = realloc(t->shard_sums, (t->n_shards + 1) * sizeof *sums);
    if (sums)
        t->shard_sums = sums;
    t->before = adv_calloc(block, sizeof *t->before);
    t->passed_sums = adv_calloc(t->n_shards + 1, sizeof *t->passed_sums);
    if (!is_last(t->ranks))
        t->received = adv_calloc(t->n_weights, sizeof *t->received);
    if (!own || !sums || !t->before || !t->passed_sums || (!is_last(t->ranks) && !t->received))
        return adv_no_memory(error);
    t->first_shard = first;
    t->n_own_shards = n;
    t->sum = is_last(t->ranks) ? t->gradients : t->received;
    return ADV_OK;
}

static enum adv_status check_count(const struct adv_training *t, const struct adv_ranks *ranks,
                                   struct adv_error *error)
{
    if ((size_t)ranks->n_ranks <= t->n_shards)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "train.batch",
                          "there are %d ranks, and a batch of %lld examples is %zu shard%s of %zu: "
                          "run at most %zu, or make train.shard_rows smaller",
                          ranks->n_ranks, (long long)t->recipe.train.batch, t->n_shards,
                          t->n_shards > 1 ? "s" : "", t->shard_rows, t->n_shards);
}

enum adv_status adv_training_share(struct adv_training *t, const struct adv_ranks *ranks,
                                   struct adv_error *error)
{
    enum adv_status status = check_count(t, ranks, error);
    if (status == ADV_OK)
        status = adv_ranks_check_alike(t, ranks, error);
    if (status != ADV_OK)
        return status;
    t->ranks = ranks;
    return adv_ranks_agree(ranks, take_shards(t, error), error);
}
