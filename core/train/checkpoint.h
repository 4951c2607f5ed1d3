/* Checkpoints: the whole state of a training as one safetensors file. */
#ifndef ADV_CORE_CHECKPOINT_H
#define ADV_CORE_CHECKPOINT_H

#include "core/train/training.h"

/* Written atomically: a failure leaves the one before. */
enum adv_status adv_checkpoint_save(const struct adv_training *training, const char *path,
                                    struct adv_error *error);

/* Continues from a checkpoint of the same recipe and data; the training is touched only on success.
 * Messages begin with the path. */
enum adv_status adv_checkpoint_load(struct adv_training *training, const char *path,
                                    struct adv_error *error);

/* Whether a file of that name is a checkpoint whose training has not ended; *step: where it stands.
 */
bool adv_checkpoint_is_unfinished(const char *path, int64_t *step);

#endif
