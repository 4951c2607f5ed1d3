/* How a batch is cut into shards, whose gradients threads compute. The results of a training depend
 * on it, so it follows from the network alone, never from the machine. */
#ifndef ADV_TRAINER_SHARDS_H
#define ADV_TRAINER_SHARDS_H

#include <advect/net.h>
#include <advect/status.h>

/* The rows of a shard: `asked` if that is not 0, else a power of two up to 128, less where a row is
 * so much work that fewer fill a thread, or where a shard's activations would take more than 128
 * MiB. Never more than the batch. */
enum adv_status adv_shard_rows(const struct adv_net *net, size_t batch, size_t asked, size_t *rows,
                               struct adv_error *error);

#endif
