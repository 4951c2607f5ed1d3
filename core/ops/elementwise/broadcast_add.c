/* y[r] = a[r] + c[row_map[r]]: a condition's vector added to the rows that have it. Where rows are
 * images of C channels, a vector of C is added to every pixel. */
#include "core/ops/ops.h"

#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    if (s->domain[0] == ADV_PER_ROW && s->domain[1] == ADV_PER_CONDITION &&
        adv_shape_size(s->in[1]) == s->in[0].channels)
        return adv_infer_like_input(s, error);
    return adv_infer_broadcast("broadcast_add", s, error);
}

static void forward(const struct adv_call *call)
{
    size_t n = adv_shape_size(call->signature->out), m = adv_shape_size(call->signature->in[1]);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *c = call->in[1] + (size_t)call->row_map[r] * m;
        for (size_t begin = r * n; begin < (r + 1) * n; begin += m) {
            const adv_real *a = call->in[0] + begin;
            adv_real *y = call->out + begin;
            for (size_t i = 0; i < m; i++)
                y[i] = a[i] + c[i];
        }
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    size_t n = adv_shape_size(call->signature->out), m = adv_shape_size(call->signature->in[1]);
    if (!d_in[1]) {
        if (d_out != d_in[0])
            memcpy(d_out, d_in[0], call->rows * n * sizeof *d_out);
        return;
    }
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *dc = d_in[1] + (size_t)call->row_map[r] * m;
        for (size_t begin = r * n; begin < (r + 1) * n; begin += m) {
            for (size_t i = 0; i < m; i++)
                d_out[begin + i] = (d_in[0] ? d_in[0][begin + i] : 0) + dc[i];
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    size_t n = adv_shape_size(call->signature->out), m = adv_shape_size(call->signature->in[1]);
    for (size_t i = 0, elements = call->rows * n; g_in[0] && i < elements; i++)
        g_in[0][i] += g_out[i];
    for (size_t r = 0; g_in[1] && r < call->rows; r++) {
        adv_real *gc = g_in[1] + (size_t)call->row_map[r] * m;
        for (size_t begin = r * n; begin < (r + 1) * n; begin += m) {
            for (size_t i = 0; i < m; i++)
                gc[i] += g_out[begin + i];
        }
    }
}

const struct adv_op adv_op_broadcast_add = {
    .name = "broadcast_add",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .in_place = true,
};
