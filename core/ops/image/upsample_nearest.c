/* y[2i + a][2j + b] = x[i][j] for a, b in {0, 1}: nearest-neighbour up-sampling, channels last. */
#include "core/ops/ops.h"

#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    if (s->in[0].height > SIZE_MAX / 2 || s->in[0].width > SIZE_MAX / 2)
        return adv_fail(error, ADV_E_INVALID,
                        "upsample_nearest: an image of %zu x %zu is too large", s->in[0].height,
                        s->in[0].width);
    s->out_domain = s->domain[0];
    s->out = (struct adv_shape){s->in[0].channels, 2 * s->in[0].height, 2 * s->in[0].width};
    return ADV_OK;
}

/* The images of a batch lie one below the other, so that all their lines go through one loop. */
static size_t lines_of(const struct adv_call *call)
{
    return call->rows * call->signature->in[0].height;
}

static void repeat(const struct adv_call *call, const adv_real *x, adv_real *y)
{
    size_t channels = call->signature->in[0].channels, width = call->signature->in[0].width;
    size_t line = 2 * width * channels;
    for (size_t i = 0, lines = lines_of(call); i < lines; i++, y += 2 * line) {
        for (size_t j = 0; j < width; j++, x += channels) {
            memcpy(y + 2 * j * channels, x, channels * sizeof *y);
            memcpy(y + (2 * j + 1) * channels, x, channels * sizeof *y);
        }
        memcpy(y + line, y, line * sizeof *y);
    }
}

static void forward(const struct adv_call *call)
{
    repeat(call, call->in[0], call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    repeat(call, d_in[0], d_out);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    size_t channels = call->signature->in[0].channels, width = call->signature->in[0].width;
    size_t line = 2 * width * channels;
    adv_real *gx = g_in[0];
    for (size_t i = 0, lines = lines_of(call); i < lines; i++) {
        for (size_t j = 0; j < width; j++, gx += channels) {
            const adv_real *above = g_out + 2 * (i * line + j * channels), *below = above + line;
            for (size_t c = 0; c < channels; c++)
                gx[c] += (above[c] + above[channels + c]) + (below[c] + below[channels + c]);
        }
    }
}

const struct adv_op adv_op_upsample_nearest = {
    .name = "upsample_nearest",
    .n_inputs = 1,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
};
