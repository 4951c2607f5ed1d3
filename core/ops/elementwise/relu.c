/* y = max(x, 0). The derivative is 1 where y > 0, so only the output is read. */
#include "core/ops/ops.h"

static void forward(const struct adv_call *call)
{
    call->kernels->relu(adv_call_elements(call), call->in[0], call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    call->kernels->gate(adv_call_elements(call), call->out, d_in[0], d_out);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (g_in[0])
        call->kernels->gate_add(adv_call_elements(call), call->out, g_out, g_in[0]);
}

const struct adv_op adv_op_relu = {
    .name = "relu",
    .n_inputs = 1,
    .infer = adv_infer_like_input,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_OUTPUT,
    .backward_reads = ADV_READS_OUTPUT,
    .in_place = true,
    .has_kinks = true,
};
