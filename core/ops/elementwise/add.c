/* y = a + b, of one domain and shape. */
#include "core/ops/ops.h"

#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    if (s->domain[0] != s->domain[1] || adv_shape_size(s->in[0]) != adv_shape_size(s->in[1]))
        return adv_fail(error, ADV_E_INVALID,
                        "add: operands of %zu and %zu elements, or of two domains",
                        adv_shape_size(s->in[0]), adv_shape_size(s->in[1]));
    return adv_infer_like_input(s, error);
}

static void forward(const struct adv_call *call)
{
    for (size_t i = 0, n = adv_call_elements(call); i < n; i++)
        call->out[i] = call->in[0][i] + call->in[1][i];
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    size_t n = adv_call_elements(call);
    const adv_real *one = d_in[0] ? d_in[0] : d_in[1];
    if (!d_in[0] || !d_in[1]) {
        memmove(d_out, one, n * sizeof *d_out);
        return;
    }
    for (size_t i = 0; i < n; i++)
        d_out[i] = d_in[0][i] + d_in[1][i];
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    for (int input = 0; input < 2; input++) {
        if (!g_in[input])
            continue;
        for (size_t i = 0, n = adv_call_elements(call); i < n; i++)
            g_in[input][i] += g_out[i];
    }
}

const struct adv_op adv_op_add = {
    .name = "add",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .in_place = true,
};
