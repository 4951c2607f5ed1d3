/* y[r] = x[r] - t m, with [t, m] = c[row_map[r]]: a point relative to a mean that starts at 0 and
 * moves with the velocity m. */
#include "core/ops/ops.h"

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    size_t n = adv_shape_size(s->in[0]), n_condition = adv_shape_size(s->in[1]);
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION || n_condition != n + 1)
        return adv_fail(error, ADV_E_INVALID,
                        "relative: rows of %zu elements and conditions of %zu, which must be one "
                        "more",
                        n, n_condition);
    return adv_infer_like_input(s, error);
}

static const adv_real *condition_of(const struct adv_call *call, size_t r)
{
    return call->in[1] + (size_t)call->row_map[r] * (adv_shape_size(call->signature->out) + 1);
}

static void forward(const struct adv_call *call)
{
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *x = call->in[0] + r * n, *c = condition_of(call, r);
        adv_real *y = call->out + r * n;
        for (size_t i = 0; i < n; i++)
            y[i] = x[i] - c[0] * c[1 + i];
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *c = condition_of(call, r);
        const adv_real *dc = d_in[1] ? d_in[1] + (c - call->in[1]) : NULL;
        for (size_t i = 0; i < n; i++) {
            adv_real from_x = d_in[0] ? d_in[0][r * n + i] : 0;
            d_out[r * n + i] = from_x - (dc ? dc[0] * c[1 + i] + c[0] * dc[1 + i] : 0);
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *c = condition_of(call, r), *g = g_out + r * n;
        adv_real *gc = g_in[1] ? g_in[1] + (c - call->in[1]) : NULL;
        for (size_t i = 0; g_in[0] && i < n; i++)
            g_in[0][r * n + i] += g[i];
        for (size_t i = 0; gc && i < n; i++) {
            gc[0] -= g[i] * c[1 + i];
            gc[1 + i] -= g[i] * c[0];
        }
    }
}

const struct adv_op adv_op_relative = {
    .name = "relative",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(1),
    .backward_reads = ADV_READS_INPUT(1),
    .in_place = true,
};
