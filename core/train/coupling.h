/* Minibatch optimal transport (Pooladian et al., "Multisample flow matching", ICML 2023; Tong et al.,
 * "Improving and generalizing flow-based generative models with minibatch optimal transport", TMLR
 * 2024): in place of any base point, each example of a batch gets the one that makes the sum of
 * |x_1 - x_0|^2 over the batch the least. Rows exchange base points only with rows of the same
 * condition, the same label and the same numbers of a context: else a condition would not start from
 * the whole base. Rows whose condition no other row has keep their own, and so do those of a
 * condition where a cost overflows. */
#ifndef ADV_TRAIN_COUPLING_H
#define ADV_TRAIN_COUPLING_H

#include "core/dataset/examples.h"
#include "core/train/assignment.h"

#define ADV_COUPLING_BATCH_MAX 4096 /* its costs take 64 MiB */

/* Of a training's batches. */
struct adv_coupling {
    size_t batch;
    struct adv_examples drawn; /* of the whole batch */
    size_t *order;             /* [batch]: rows, those of a condition together */
    float *cost;               /* [batch, batch] */
    float *x0;                 /* [batch, dim]: the base points by row */
    struct adv_assignment assignment;
};

/* Errors: ADV_E_INVALID for batches that are too large, and for data with angles; ADV_E_MEMORY. */
enum adv_status adv_coupling_init(struct adv_coupling *coupling, const struct adv_dataset *dataset,
                                  const struct adv_train_recipe *train, struct adv_error *error);
void adv_coupling_release(struct adv_coupling *coupling);

/* The base points of a step's batch into coupling->x0: a function of the data set and the step. */
void adv_coupling_draw(struct adv_coupling *coupling, const struct adv_dataset *dataset,
                       int64_t step);

#endif
