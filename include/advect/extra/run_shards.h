/* The shards of a run, for schedulers of their own. adv_run_all needs none of this. */
#ifndef ADVECT_EXTRA_RUN_SHARDS_H
#define ADVECT_EXTRA_RUN_SHARDS_H

#include <advect/api.h>
#include <advect/extra/evaluator.h>
#include <advect/query.h>

ADV_API_BEGIN

size_t adv_run_shards(const struct adv_run *run);

/* Bytes of the states and the answer, which a run holds from its making to its end. Shards hold as
 * much again of their rows while they are being computed. */
size_t adv_run_bytes(const struct adv_run *run);

/* How many shards a run of the query has. */
size_t adv_query_shards(const struct adv_query *query, const struct adv_model *model);

/* Advances one shard by one evaluation of its rows, or by a portion of one: no call computes much
 * longer than some ten milliseconds, be the tangents of a row ever so many, unless one velocity of
 * the network takes longer. Returns true when the shard has ended, well or not.
 * Different shards may be advanced by different threads at once, each with its own evaluator; one
 * shard by one thread at a time (hand-overs must synchronise, e.g. through a locked queue). */
bool adv_run_advance(struct adv_run *run, size_t shard, struct adv_evaluator *evaluator);

/* Shards of different runs of one model, the evaluator's, advanced as by adv_run_advance, and
 * to the same bits: but their rows are evaluated together, where no divergence is asked for. turns
 * [n], each shard once. Each advances or fails by itself. The caller sees to it that n is bounded
 * as a turn is to be. */
struct adv_run_shard {
    struct adv_run *run;
    size_t shard;
    bool ended; /* set: the shard has, well or not */
};
void adv_runs_advance(size_t n, struct adv_run_shard *turns, struct adv_evaluator *evaluator);

/* How many rows of such queries one evaluation should have, so that it costs the least by row and
 * still no more than a turn. 1: rows of different queries are best evaluated each by itself, since
 * nothing would be gained, or since divergences are asked for. */
size_t adv_query_rows_together(const struct adv_query *query, const struct adv_model *model);

/* What a shard has computed so far. */
struct adv_run_work {
    double multiply_adds;
    size_t evaluations, rows; /* calls of the evaluator, and rows of those together */
};
struct adv_run_work adv_run_work(const struct adv_run *run, size_t shard);

/* After every shard has ended: the outcome, and on ADV_OK the answer (borrowed from the run). */
enum adv_status adv_run_finish(struct adv_run *run, const struct adv_answer **answer,
                               struct adv_error *error);

ADV_API_END
#endif
