/* What a step needs of the other ranks. A chain: rank r adds the gradients of its shards to the sum
 * of those before, which rank r - 1 sends, and passes it on; the whole comes back the same way. The
 * weights go in blocks, so that all ranks work at the same time. A process alone is a chain of one
 * that has nobody to talk to. */
#ifndef ADV_TRAIN_RANKS_H
#define ADV_TRAIN_RANKS_H

#include "core/train/training.h"

/* Sums the gradients of all ranks' shards into training->sum, and completes training->shard_sums and
 * training->told_to_stop. */
enum adv_status adv_training_sum_over_ranks(struct adv_training *training, struct adv_error *error);

/* Before any shard was given away. Errors, the same on all ranks: as adv_training_share. */
enum adv_status adv_ranks_check_alike(struct adv_training *training, const struct adv_ranks *ranks,
                                      struct adv_error *error);

/* The gradient of one of this rank's shards, by adv_pool_run. context: the training. */
void adv_training_shard_gradient(void *context, size_t own_shard, int worker);

#endif
