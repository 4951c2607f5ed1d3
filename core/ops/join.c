/* y[r] = a[r] + c[row_map[r]]: a condition's vector added to the rows that have it. */
#include "core/ops/op.h"

#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    return adv_infer_joined("join", s, error);
}

static void forward(const struct adv_call *call)
{
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *a = call->in[0] + r * n, *c = call->in[1] + (size_t)call->row_map[r] * n;
        adv_real *y = call->out + r * n;
        for (size_t i = 0; i < n; i++)
            y[i] = a[i] + c[i];
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    size_t n = adv_shape_size(call->signature->out);
    if (!d_in[1]) {
        if (d_out != d_in[0])
            memcpy(d_out, d_in[0], call->rows * n * sizeof *d_out);
        return;
    }
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *dc = d_in[1] + (size_t)call->row_map[r] * n;
        for (size_t i = 0; i < n; i++)
            d_out[r * n + i] = (d_in[0] ? d_in[0][r * n + i] : 0) + dc[i];
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *g = g_out + r * n;
        for (size_t i = 0; g_in[0] && i < n; i++)
            g_in[0][r * n + i] += g[i];
        adv_real *gc = g_in[1] ? g_in[1] + (size_t)call->row_map[r] * n : NULL;
        for (size_t i = 0; gc && i < n; i++)
            gc[i] += g[i];
    }
}

const struct adv_op adv_op_join = {
    .name = "join",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .in_place = true,
};
