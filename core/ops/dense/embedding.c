/* y[r] = table[label[r]],  table [entries, n]; labels are whole numbers held as reals.
 * Labels are checked before execution, so they are in range here. */
#include "core/ops/ops.h"

#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    if (adv_shape_size(s->in[0]) != 1)
        return adv_fail(error, ADV_E_INVALID, "embedding: %zu labels in a row; it takes one",
                        adv_shape_size(s->in[0]));
    if (s->n_params != 1)
        return adv_fail(error, ADV_E_INVALID, "embedding: needs a table");
    s->out_domain = s->domain[0];
    s->out = adv_shape_flat(s->param[0][1]);
    return ADV_OK;
}

static void forward(const struct adv_call *call)
{
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++)
        memcpy(call->out + r * n, call->param[0] + (size_t)call->in[0][r] * n,
               n * sizeof *call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    (void)d_in; /* a label does not move */
    memset(d_out, 0, call->rows * adv_shape_size(call->signature->out) * sizeof *d_out);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_in;
    if (!g_param[0])
        return;
    size_t n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++) {
        adv_real *g = g_param[0] + (size_t)call->in[0][r] * n;
        for (size_t i = 0; i < n; i++)
            g[i] += g_out[r * n + i];
    }
}

const struct adv_op adv_op_embedding = {
    .name = "embedding",
    .n_inputs = 1,
    .n_params = 1,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .backward_reads = ADV_READS_INPUT(0),
};
