/* y[r] = [a[r], c[row_map[r]]], pixel after pixel: the tokens of a condition behind those of the
 * rows that have it. */
#include "core/ops/ops.h"

#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_shape *a = &s->in[0], *c = &s->in[1];
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION)
        return adv_fail(error, ADV_E_INVALID, "broadcast_append: takes rows and conditions");
    if (a->channels != c->channels || a->width != c->width)
        return adv_fail(error, ADV_E_INVALID,
                        "broadcast_append: rows of %zu channels and width %zu, conditions of %zu "
                        "and %zu",
                        a->channels, a->width, c->channels, c->width);
    s->out_domain = ADV_PER_ROW;
    s->out = (struct adv_shape){a->channels, a->height + c->height, a->width};
    return ADV_OK;
}

/* n elements of x, or zeros for NULL. */
static void place(size_t n, const adv_real *x, adv_real *y)
{
    if (x)
        memcpy(y, x, n * sizeof *y);
    else
        memset(y, 0, n * sizeof *y);
}

static void join(const struct adv_call *call, const adv_real *a, const adv_real *c, adv_real *y)
{
    const struct adv_signature *s = call->signature;
    size_t n_a = adv_shape_size(s->in[0]), n_c = adv_shape_size(s->in[1]);
    for (size_t r = 0; r < call->rows; r++) {
        adv_real *to = y + r * (n_a + n_c);
        place(n_a, a ? a + r * n_a : NULL, to);
        place(n_c, c ? c + (size_t)call->row_map[r] * n_c : NULL, to + n_a);
    }
}

static void forward(const struct adv_call *call)
{
    join(call, call->in[0], call->in[1], call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    join(call, d_in[0], d_in[1], d_out);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    const struct adv_signature *s = call->signature;
    size_t n_a = adv_shape_size(s->in[0]), n_c = adv_shape_size(s->in[1]);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *g = g_out + r * (n_a + n_c);
        for (size_t i = 0; g_in[0] && i < n_a; i++)
            g_in[0][r * n_a + i] += g[i];
        for (size_t i = 0; g_in[1] && i < n_c; i++)
            g_in[1][(size_t)call->row_map[r] * n_c + i] += g[n_a + i];
    }
}

const struct adv_op adv_op_broadcast_append = {
    .name = "broadcast_append",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
};
