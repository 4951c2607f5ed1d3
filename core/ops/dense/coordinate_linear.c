/* A linear layer of its own for each of d tokens, the first of the input's:
 *
 *     y_j = x_j w_j + b_j   for x_j [a], w [d, a, c], b [d, c], y [d][c], j = 0, ..., d - 1
 *
 * It makes tokens of the numbers of a point (a = 1, where x may lie flat) and numbers of tokens
 * again (c = 1, where y lies flat). */
#include "core/ops/ops.h"

#include <string.h>

struct sizes {
    size_t n_tokens, n_in, n_out, row; /* row: elements of a row of x */
};

static struct sizes sizes_of(const struct adv_signature *s)
{
    const size_t *w = s->param[0];
    return (struct sizes){w[0], w[1], w[2], adv_shape_size(s->in[0])};
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    struct sizes n = sizes_of(s);
    bool flat = n.n_in == 1 && s->in[0].channels == n.row;
    size_t there = flat ? n.row : s->in[0].height * s->in[0].width;
    if (s->n_params != 2 || s->param[1][0] != n.n_tokens || s->param[1][1] != n.n_out)
        return adv_fail(error, ADV_E_INVALID,
                        "coordinate_linear: needs a weight [d, a, c] and a bias [d, c]");
    if ((!flat && s->in[0].channels != n.n_in) || there < n.n_tokens)
        return adv_fail(error, ADV_E_INVALID,
                        "coordinate_linear: a weight [%zu, %zu, %zu] for %zu tokens of %zu "
                        "channels",
                        n.n_tokens, n.n_in, n.n_out, there, flat ? 1 : s->in[0].channels);
    s->out_domain = s->domain[0];
    s->out = n.n_out == 1 ? adv_shape_flat(n.n_tokens) : (struct adv_shape){n.n_out, n.n_tokens, 1};
    return ADV_OK;
}

/* y [c] += x [a] w [a, c]. c is 1 or many: the longer loop is the inner one. */
static void add_product(const struct sizes *n, const adv_real *x, const adv_real *w, adv_real *y)
{
    for (size_t i = 0; n->n_out > 1 && i < n->n_in; i++) {
        for (size_t k = 0; k < n->n_out; k++)
            y[k] += x[i] * w[i * n->n_out + k];
    }
    for (size_t i = 0; n->n_out == 1 && i < n->n_in; i++)
        y[0] += x[i] * w[i];
}

static void add_products(const struct adv_call *call, const adv_real *x, adv_real *y)
{
    struct sizes n = sizes_of(call->signature);
    for (size_t j = 0; j < n.n_tokens; j++)
        add_product(&n, x + j * n.n_in, call->param[0] + j * n.n_in * n.n_out, y + j * n.n_out);
}

static void forward(const struct adv_call *call)
{
    struct sizes n = sizes_of(call->signature);
    size_t width = n.n_tokens * n.n_out;
    for (size_t r = 0; r < call->rows; r++) {
        memcpy(call->out + r * width, call->param[1], width * sizeof *call->out);
        add_products(call, call->in[0] + r * n.row, call->out + r * width);
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    struct sizes n = sizes_of(call->signature);
    size_t width = n.n_tokens * n.n_out;
    memset(d_out, 0, call->rows * width * sizeof *d_out);
    for (size_t r = 0; r < call->rows; r++)
        add_products(call, d_in[0] + r * n.row, d_out + r * width);
}

static void add_to_input(const struct sizes *n, const adv_real *g, const adv_real *w, adv_real *gx)
{
    for (size_t i = 0; i < n->n_in; i++) {
        adv_real sum = 0;
        for (size_t k = 0; k < n->n_out; k++)
            sum += g[k] * w[i * n->n_out + k];
        gx[i] += sum;
    }
}

static void add_to_weight(const struct sizes *n, const adv_real *g, const adv_real *x, adv_real *gw)
{
    for (size_t i = 0; i < n->n_in; i++) {
        for (size_t k = 0; k < n->n_out; k++)
            gw[i * n->n_out + k] += x[i] * g[k];
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    struct sizes n = sizes_of(call->signature);
    size_t width = n.n_tokens * n.n_out, of_token = n.n_in * n.n_out;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *g = g_out + r * width;
        for (size_t k = 0; g_param[1] && k < width; k++)
            g_param[1][k] += g[k];
        for (size_t j = 0; j < n.n_tokens; j++) {
            size_t at = r * n.row + j * n.n_in;
            if (g_param[0])
                add_to_weight(&n, g + j * n.n_out, call->in[0] + at, g_param[0] + j * of_token);
            if (g_in[0])
                add_to_input(&n, g + j * n.n_out, call->param[0] + j * of_token, g_in[0] + at);
        }
    }
}

static size_t multiply_adds(const struct adv_signature *s)
{
    struct sizes n = sizes_of(s);
    return n.n_tokens * n.n_in * n.n_out;
}

const struct adv_op adv_op_coordinate_linear = {
    .name = "coordinate_linear",
    .n_inputs = 1,
    .n_params = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .backward_reads = ADV_READS_INPUT(0),
    .multiply_adds = multiply_adds,
};
