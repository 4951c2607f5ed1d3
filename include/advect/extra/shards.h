/* How a step's work is cut for threads: the batch into shards, of which each has a gradient, and
 * the weights into pieces. The results of a training depend on the shards, so they follow from the
 * network and the batch alone, never from the machine. */
#ifndef ADVECT_EXTRA_SHARDS_H
#define ADVECT_EXTRA_SHARDS_H

#include <advect/api.h>
#include <advect/extra/net.h>
#include <advect/load_options.h>
#include <advect/status.h>

ADV_API_BEGIN

/* The rows of a shard: `asked` if that is not 0, else a power of two up to 128, or to 512 as long
 * as that leaves eight shards; less where a row is so much work that fewer fill a thread, or where
 * a shard's activations would take more than 128 MiB. Never more than the batch. options: as
 * of adv_gradient_new. */
enum adv_status adv_shard_rows(const struct adv_net *net, size_t batch, size_t asked,
                               const struct adv_load_options *options, size_t *rows,
                               struct adv_error *error);

/* The weights from `first`: so few that what belongs to them stays in the cache between the sum of
 * their gradients and their update. */
struct adv_piece {
    size_t first, n;
};

size_t adv_piece_count(size_t n_weights);
struct adv_piece adv_piece_at(size_t n_weights, size_t piece);

ADV_API_END
#endif
