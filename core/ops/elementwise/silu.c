/* y = x sigmoid(x);  dy/dx = sigmoid(x) (1 + x (1 - sigmoid(x))). */
#include "core/ops/ops.h"

#define BLOCK 512 /* slopes are made this many at a time, on the stack */

static void forward(const struct adv_call *call)
{
    call->kernels->silu(adv_call_elements(call), call->in[0], call->out);
}

static void tangents(const struct adv_call *call, const struct adv_tangents *d)
{
    adv_real slope[BLOCK];
    for (size_t begin = 0, n = adv_call_elements(call); begin < n; begin += BLOCK) {
        size_t length = n - begin < BLOCK ? n - begin : BLOCK;
        call->kernels->silu_slope(length, call->in[0] + begin, slope);
        for (size_t k = 0; k < d->n; k++) {
            const adv_real *dx = adv_tangent_in(d, k, 0) + begin;
            adv_real *dy = adv_tangent_out(d, k) + begin;
            for (size_t i = 0; i < length; i++)
                dy[i] = slope[i] * dx[i];
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    adv_real slope[BLOCK];
    for (size_t begin = 0, n = adv_call_elements(call); begin < n; begin += BLOCK) {
        size_t length = n - begin < BLOCK ? n - begin : BLOCK;
        call->kernels->silu_slope(length, call->in[0] + begin, slope);
        for (size_t i = 0; i < length; i++)
            g_in[0][begin + i] += slope[i] * g_out[begin + i];
    }
}

const struct adv_op adv_op_silu = {
    .name = "silu",
    .n_inputs = 1,
    .infer = adv_infer_like_input,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0),
    .backward_reads = ADV_READS_INPUT(0),
    .in_place = true,
};
