/* y [rows, n] = x [rows, k] w[:, f : f + k]' + bias,   w [n, columns], bias [n] optional
 *
 * A slice of w's columns lets a Linear over a concatenation be a sum of products over its
 * parts, so that the part of (t, label) runs once per condition and nothing is copied together.
 *
 * Prepared weights go through the packed kernel, whose rows do not depend on each other;
 * training, where weights change at every step, through BLAS. */
#include "core/kernels/blas.h"
#include "core/ops/op.h"

#include <string.h>

static size_t first_column(const struct adv_signature *s)
{
    const struct adv_linear_attr *attr = s->attr;
    return attr ? attr->first_column : 0;
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    size_t n = s->param[0][0], columns = s->param[0][1], k = adv_shape_size(s->in[0]);
    if (first_column(s) > columns || k > columns - first_column(s))
        return adv_fail(error, ADV_E_INVALID,
                        "linear: columns %zu to %zu of a weight with %zu columns", first_column(s),
                        first_column(s) + k, columns);
    if (s->n_params == 2 && s->param[1][0] != n)
        return adv_fail(error, ADV_E_INVALID, "linear: a bias of %zu for %zu outputs",
                        s->param[1][0], n);
    s->out_domain = s->domain[0];
    s->out = adv_shape_flat(n);
    return ADV_OK;
}

static size_t prepared_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                            enum adv_purpose purpose)
{
    if (purpose == ADV_TO_TRAIN)
        return 0;
    return kernels->packed_size(s->param[0][0], adv_shape_size(s->in[0]));
}

static void prepare(const struct adv_signature *s, const struct adv_kernels *kernels,
                    enum adv_purpose purpose, const adv_real *const *param, adv_real *prepared)
{
    (void)purpose;
    kernels->pack(s->param[0][0], adv_shape_size(s->in[0]), param[0] + first_column(s),
                  s->param[0][1], s->n_params == 2 ? param[1] : NULL, prepared);
}

/* y = x w', without bias. */
static void product(const struct adv_call *call, const adv_real *x, adv_real *y)
{
    const struct adv_signature *s = call->signature;
    size_t n = s->param[0][0], k = adv_shape_size(s->in[0]);
    adv_blas_product(call->rows, n, k, x, k, false, call->param[0] + first_column(s),
                     s->param[0][1], true, false, y, n);
}

static void forward(const struct adv_call *call)
{
    const struct adv_signature *s = call->signature;
    size_t n = s->param[0][0], k = adv_shape_size(s->in[0]);
    if (call->prepared) {
        call->kernels->product(call->rows, n, k, call->in[0], call->prepared, true, call->out);
        return;
    }
    product(call, call->in[0], call->out);
    if (s->n_params < 2)
        return;
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t j = 0; j < n; j++)
            call->out[r * n + j] += call->param[1][j];
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    const struct adv_signature *s = call->signature;
    if (call->prepared)
        call->kernels->product(call->rows, s->param[0][0], adv_shape_size(s->in[0]), d_in[0],
                               call->prepared, false, d_out);
    else
        product(call, d_in[0], d_out);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    const struct adv_signature *s = call->signature;
    size_t n = s->param[0][0], columns = s->param[0][1], k = adv_shape_size(s->in[0]);
    size_t first = first_column(s);
    if (g_in[0])
        adv_blas_product(call->rows, k, n, g_out, n, false, call->param[0] + first, columns, false,
                         true, g_in[0], k);
    if (g_param[0])
        adv_blas_product(n, k, call->rows, g_out, n, true, call->in[0], k, false, true,
                         g_param[0] + first, columns);
    if (s->n_params < 2 || !g_param[1])
        return;
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t j = 0; j < n; j++)
            g_param[1][j] += g_out[r * n + j];
    }
}

static size_t multiply_adds(const struct adv_signature *s)
{
    return s->param[0][0] * adv_shape_size(s->in[0]);
}

const struct adv_op adv_op_linear = {
    .name = "linear",
    .n_inputs = 1,
    .n_params = 2,
    .attr_bytes = sizeof(struct adv_linear_attr),
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .backward_reads = ADV_READS_INPUT(0),
    .prepared_size = prepared_size,
    .prepare = prepare,
    .multiply_adds = multiply_adds,
};
