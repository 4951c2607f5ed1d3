/* The activation functions that options choose from. */
#ifndef ADV_NETS_ACTIVATION_H
#define ADV_NETS_ACTIVATION_H

#include "core/ops/ops.h"

enum adv_activation { ADV_RELU, ADV_SILU, ADV_SELU };

/* Their names, NULL-terminated, in the order of the enumeration. */
extern const char *const adv_activation_names[];

const struct adv_op *adv_activation_op(int64_t activation);

#endif
