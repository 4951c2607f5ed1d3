/* Layer normalisation of tokens (pixels) [P][C], each over its own channels, scaled and shifted by a
 * condition's vector [scale, shift] of 2 C (Ba et al. 2016; Peebles and Xie 2023, adaLN):
 *
 *     h = (x - mean) r,  r = 1 / sqrt(variance + 1e-5),  y = (1 + scale) h + shift
 *
 * With E the mean over a token's channels and g_h = (1 + scale) g_y:
 *
 *     dy  = (1 + scale) r (dx - E[dx] - h E[h dx]) + h d_scale + d_shift
 *     g_x = r (g_h - E[g_h] - h E[h g_h]),   g_scale = sum h g_y,   g_shift = sum g_y */
#include "core/ops/ops.h"

#include <math.h>

#define EPSILON 1e-5

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION ||
        adv_shape_size(s->in[1]) != 2 * s->in[0].channels)
        return adv_fail(error, ADV_E_INVALID,
                        "token_norm: rows of %zu channels and conditions of %zu elements; it takes "
                        "rows of C and conditions of 2 C",
                        s->in[0].channels, adv_shape_size(s->in[1]));
    return adv_infer_like_input(s, error);
}

/* A token of a sweep, and the condition of its row. */
struct token {
    size_t row, at; /* at: of its first channel, among those of all rows */
    const adv_real *scale, *shift;
};

static struct token token_of(const struct adv_call *call, size_t i)
{
    const struct adv_shape *in = &call->signature->in[0];
    size_t row = i / (in->height * in->width), c = in->channels;
    const adv_real *given = call->in[1] + (size_t)call->row_map[row] * 2 * c;
    return (struct token){row, i * c, given, given + c};
}

static size_t n_tokens(const struct adv_call *call)
{
    return call->rows * call->signature->in[0].height * call->signature->in[0].width;
}

/* Partial sums, side by side so that they fill vector registers. */
#define LANES 16

static adv_real total(const adv_real *partial)
{
    adv_real sum = 0;
    for (size_t k = 0; k < LANES; k++)
        sum += partial[k];
    return sum;
}

static adv_real mean_of(size_t n, const adv_real *x)
{
    adv_real partial[LANES] = {0};
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t k = 0; k < LANES; k++)
            partial[k] += x[i + k];
    }
    for (size_t i = whole; i < n; i++)
        partial[i - whole] += x[i];
    return total(partial) / (adv_real)n;
}

static adv_real mean_product(size_t n, const adv_real *a, const adv_real *b)
{
    adv_real partial[LANES] = {0};
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t k = 0; k < LANES; k++)
            partial[k] += a[i + k] * b[i + k];
    }
    for (size_t i = whole; i < n; i++)
        partial[i - whole] += a[i] * b[i];
    return total(partial) / (adv_real)n;
}

/* h [n] of x [n]; returns r. h may be x. */
static adv_real normalise(size_t n, const adv_real *x, adv_real *h)
{
    adv_real mean = mean_of(n, x);
    for (size_t i = 0; i < n; i++)
        h[i] = x[i] - mean;
    adv_real r = 1 / (adv_real)sqrt((double)mean_product(n, h, h) + EPSILON);
    for (size_t i = 0; i < n; i++)
        h[i] *= r;
    return r;
}

/* y = r (v - E[v] - h E[h v]): the derivative of h along v, and its own transpose. y may be v. */
static void project(size_t n, adv_real r, const adv_real *h, const adv_real *v, adv_real *y)
{
    adv_real mean = mean_of(n, v), along = mean_product(n, h, v);
    for (size_t i = 0; i < n; i++)
        y[i] = r * (v[i] - mean - h[i] * along);
}

static void forward(const struct adv_call *call)
{
    size_t n = call->signature->in[0].channels;
    for (size_t k = 0, all = n_tokens(call); k < all; k++) {
        struct token token = token_of(call, k);
        adv_real *y = call->out + token.at;
        normalise(n, call->in[0] + token.at, y);
        for (size_t i = 0; i < n; i++)
            y[i] = (1 + token.scale[i]) * y[i] + token.shift[i];
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    size_t n = call->signature->in[0].channels;
    adv_real *h = call->scratch, *dh = h + n;
    for (size_t k = 0, all = n_tokens(call); k < all; k++) {
        struct token token = token_of(call, k);
        adv_real r = normalise(n, call->in[0] + token.at, h), *dy = d_out + token.at;
        const adv_real *given = d_in[1] ? d_in[1] + (token.scale - call->in[1]) : NULL;
        for (size_t i = 0; i < n; i++)
            dh[i] = d_in[0] ? d_in[0][token.at + i] : 0;
        project(n, r, h, dh, dh);
        for (size_t i = 0; i < n; i++)
            dy[i] = (1 + token.scale[i]) * dh[i] + (given ? h[i] * given[i] + given[n + i] : 0);
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    size_t n = call->signature->in[0].channels;
    adv_real *h = call->scratch, *gh = h + n;
    for (size_t k = 0, all = n_tokens(call); k < all; k++) {
        struct token token = token_of(call, k);
        adv_real r = normalise(n, call->in[0] + token.at, h);
        const adv_real *g = g_out + token.at;
        adv_real *given = g_in[1] ? g_in[1] + (token.scale - call->in[1]) : NULL;
        for (size_t i = 0; given && i < n; i++) {
            given[i] += h[i] * g[i];
            given[n + i] += g[i];
        }
        for (size_t i = 0; i < n; i++)
            gh[i] = (1 + token.scale[i]) * g[i];
        project(n, r, h, gh, gh);
        for (size_t i = 0; g_in[0] && i < n; i++)
            g_in[0][token.at + i] += gh[i];
    }
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)kernels;
    (void)rows;
    return sweep == ADV_FORWARD ? 0 : 2 * s->in[0].channels;
}

const struct adv_op adv_op_token_norm = {
    .name = "token_norm",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .backward_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .in_place = true,
    .scratch_size = scratch_size,
};
