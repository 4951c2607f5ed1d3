/* The flow-matching loss on the held-out examples: the same draws each time. */
#ifndef ADVECT_EXTRA_HELD_OUT_H
#define ADVECT_EXTRA_HELD_OUT_H

#include <advect/api.h>
#include <advect/extra/dataset.h>
#include <advect/extra/evaluator.h>
#include <advect/path.h>
#include <advect/pool.h>

ADV_API_BEGIN

/* Mean over rows and dimensions of (v - target)^2; dataset->n_held_out >= 1. The result does not
 * depend on the number of threads. pool: NULL for the caller's thread alone. */
enum adv_status adv_held_out_loss(const struct adv_dataset *dataset, const struct adv_path *path,
                                  const struct adv_packed_weights *packed, struct adv_pool *pool,
                                  double *loss, struct adv_error *error);

ADV_API_END
#endif
