/* y[r] = x[r] * c[row_map[r]], element by element: a gain per condition. */
#include "core/ops/ops.h"

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    return adv_infer_broadcast("broadcast_mul", s, error);
}

static void forward(const struct adv_call *call)
{
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *x = call->in[0] + r * n, *c = call->in[1] + (size_t)call->row_map[r] * n;
        adv_real *y = call->out + r * n;
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] * c[i];
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        size_t row = r * n, condition = (size_t)call->row_map[r] * n;
        for (size_t i = 0; i < n; i++) {
            adv_real from_x = d_in[0] ? d_in[0][row + i] * call->in[1][condition + i] : 0;
            adv_real from_c = d_in[1] ? call->in[0][row + i] * d_in[1][condition + i] : 0;
            d_out[row + i] = from_x + from_c;
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        size_t row = r * n, condition = (size_t)call->row_map[r] * n;
        for (size_t i = 0; g_in[0] && i < n; i++)
            g_in[0][row + i] += g_out[row + i] * call->in[1][condition + i];
        for (size_t i = 0; g_in[1] && i < n; i++)
            g_in[1][condition + i] += g_out[row + i] * call->in[0][row + i];
    }
}

const struct adv_op adv_op_broadcast_mul = {
    .name = "broadcast_mul",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .backward_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .in_place = true,
};
