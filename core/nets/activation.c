#include "core/nets/activation.h"

const char *const adv_activation_names[] = {"relu", "silu", "selu", NULL};

static const struct adv_op *const ops[] = {&adv_op_relu, &adv_op_silu, &adv_op_selu};

const struct adv_op *adv_activation_op(int64_t activation)
{
    return ops[activation];
}
