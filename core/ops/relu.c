/* y = max(x, 0). The derivative is 1 where y > 0, so only the output is read. */
#include "core/ops/op.h"

static void forward(const struct adv_call *call)
{
    call->kernels->relu(adv_call_elements(call), call->in[0], call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    for (size_t i = 0, n = adv_call_elements(call); i < n; i++)
        d_out[i] = call->out[i] > 0 ? d_in[0][i] : 0;
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    for (size_t i = 0, n = adv_call_elements(call); i < n; i++)
        g_in[0][i] += call->out[i] > 0 ? g_out[i] : 0;
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
};
