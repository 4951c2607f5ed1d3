#include "core/ops/dense/marginal.h"
#include "core/ops/op.h"

const struct adv_op *const adv_ops[] = {
    &adv_op_linear,
    &adv_op_relu,
    &adv_op_silu,
    &adv_op_add,
    &adv_op_broadcast_add,
    &adv_op_broadcast_mul,
    &adv_op_embedding,
    &adv_op_fourier,
    &adv_op_conv2d,
    &adv_op_marginal,
    &adv_op_to_channels_last,
    &adv_op_to_channels_first,
    &adv_op_upsample_nearest,
    &adv_op_avg_pool2d,
    &adv_op_concat,
    &adv_op_timestep_embedding,
    &adv_op_pixel_fourier,
    &adv_op_group_norm,
    &adv_op_scale_shift_norm,
    &adv_op_attention,
    NULL,
};
