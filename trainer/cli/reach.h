/* Whether a model was trained on contexts like those that it is asked about. */
#ifndef ADV_TRAINER_REACH_H
#define ADV_TRAINER_REACH_H

#include <advect/model.h>
#include <stddef.h>

/* Says on standard error which of n contexts are farther out than any of the training, by the
 * distances [n] of an answer; NULL: none. */
void adv_reach_tell(const struct adv_model *model, size_t n, const double *distance);

#endif
