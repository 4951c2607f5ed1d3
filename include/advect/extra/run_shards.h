/* The shards of a run, for schedulers of their own. adv_run_all needs none of this. */
#ifndef ADVECT_EXTRA_RUN_SHARDS_H
#define ADVECT_EXTRA_RUN_SHARDS_H

#include <advect/api.h>
#include <advect/extra/evaluator.h>
#include <advect/query.h>

ADV_API_BEGIN

size_t adv_run_shards(const struct adv_run *run);

/* Advances one shard by one evaluation. Returns true when the shard has ended, well or not.
 * Different shards may be advanced by different threads at once, each with its own evaluator; one
 * shard by one thread at a time (hand-overs must synchronise, e.g. through a locked queue). */
bool adv_run_advance(struct adv_run *run, size_t shard, struct adv_evaluator *evaluator);

/* After every shard has ended: the outcome, and on ADV_OK the answer (borrowed from the run). */
enum adv_status adv_run_finish(struct adv_run *run, const struct adv_answer **answer,
                               struct adv_error *error);

ADV_API_END
#endif
