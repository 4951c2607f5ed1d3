/* y[i][j] = mean of x[2i][2j], x[2i][2j+1], x[2i+1][2j], x[2i+1][2j+1], channels last. Of an odd
 * side the last line counts for nothing, as in PyTorch's AvgPool2d(2). */
#include "core/ops/ops.h"

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    if (s->in[0].height < 2 || s->in[0].width < 2)
        return adv_fail(error, ADV_E_INVALID,
                        "avg_pool2d: an image of %zu x %zu; it takes at least 2 x 2",
                        s->in[0].height, s->in[0].width);
    s->out_domain = s->domain[0];
    s->out = (struct adv_shape){s->in[0].channels, s->in[0].height / 2, s->in[0].width / 2};
    return ADV_OK;
}

/* Where output pixel (i, j) of row r begins in the input. */
static size_t corner(const struct adv_signature *s, size_t r, size_t i, size_t j)
{
    return ((r * s->in[0].height + 2 * i) * s->in[0].width + 2 * j) * s->in[0].channels;
}

static void average(const struct adv_call *call, const adv_real *x, adv_real *y)
{
    const struct adv_signature *s = call->signature;
    size_t channels = s->out.channels, below = s->in[0].width * channels;
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t i = 0; i < s->out.height; i++) {
            for (size_t j = 0; j < s->out.width; j++, y += channels) {
                const adv_real *from = x + corner(s, r, i, j);
                for (size_t c = 0; c < channels; c++)
                    y[c] = (adv_real)0.25 * ((from[c] + from[channels + c]) +
                                             (from[below + c] + from[below + channels + c]));
            }
        }
    }
}

static void forward(const struct adv_call *call)
{
    average(call, call->in[0], call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    average(call, d_in[0], d_out);
}

/* to[0 .. 2C) += a quarter of [g, g] */
static void spread(size_t channels, const adv_real *g, adv_real *to)
{
    for (size_t c = 0; c < channels; c++) {
        to[c] += (adv_real)0.25 * g[c];
        to[channels + c] += (adv_real)0.25 * g[c];
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    const struct adv_signature *s = call->signature;
    size_t channels = s->out.channels, below = s->in[0].width * channels;
    const adv_real *g = g_out;
    for (size_t r = 0; r < call->rows; r++) {
        for (size_t i = 0; i < s->out.height; i++) {
            for (size_t j = 0; j < s->out.width; j++, g += channels) {
                adv_real *to = g_in[0] + corner(s, r, i, j);
                spread(channels, g, to);
                spread(channels, g, to + below);
            }
        }
    }
}

const struct adv_op adv_op_avg_pool2d = {
    .name = "avg_pool2d",
    .n_inputs = 1,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
};
