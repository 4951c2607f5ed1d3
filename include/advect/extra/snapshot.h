/* Looking at a training while it goes on. */
#ifndef ADVECT_EXTRA_SNAPSHOT_H
#define ADVECT_EXTRA_SNAPSHOT_H

#include <advect/api.h>
#include <advect/train.h>

ADV_API_BEGIN

/* As adv_training_model, but without what takes time to measure, the "typicality" of its config:
 * for models that are looked at and then replaced by later ones. */
enum adv_status adv_training_snapshot(const struct adv_training *training, struct adv_model **model,
                                      struct adv_error *error);

ADV_API_END
#endif
