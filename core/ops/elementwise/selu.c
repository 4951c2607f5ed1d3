/* y = s x for x > 0, s a (exp(x) - 1) elsewhere (Klambauer et al. 2017). The derivative is s where
 * y > 0 and y + s a elsewhere, so only the output is read. */
#include "core/ops/ops.h"

static adv_real slope(adv_real y)
{
    return y > 0 ? ADV_SELU_SCALE : y + ADV_SELU_SCALE * ADV_SELU_ALPHA;
}

static void forward(const struct adv_call *call)
{
    call->kernels->selu(adv_call_elements(call), call->in[0], call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    for (size_t i = 0, n = adv_call_elements(call); i < n; i++)
        d_out[i] = slope(call->out[i]) * d_in[0][i];
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    for (size_t i = 0, n = adv_call_elements(call); i < n; i++)
        g_in[0][i] += slope(call->out[i]) * g_out[i];
}

const struct adv_op adv_op_selu = {
    .name = "selu",
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
