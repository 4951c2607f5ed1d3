/* y[p] = [a[p], b[p]] for every pixel p, channels last: the channels of a, then those of b. */
#include "core/ops/ops.h"

#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_shape *a = &s->in[0], *b = &s->in[1];
    if (s->domain[0] != s->domain[1])
        return adv_fail(error, ADV_E_INVALID, "concat: images of two domains");
    if (a->height != b->height || a->width != b->width)
        return adv_fail(error, ADV_E_INVALID, "concat: images of %zu x %zu and %zu x %zu",
                        a->height, a->width, b->height, b->width);
    s->out_domain = s->domain[0];
    s->out = (struct adv_shape){a->channels + b->channels, a->height, a->width};
    return ADV_OK;
}

static size_t pixels_of(const struct adv_call *call)
{
    return call->rows * call->signature->out.height * call->signature->out.width;
}

/* Puts x [pixels][width], or zeros if NULL, at `first` of the pixels of y [pixels][channels]. */
static void place(size_t pixels, const adv_real *x, size_t width, size_t first, size_t channels,
                  adv_real *y)
{
    for (size_t p = 0; p < pixels; p++) {
        if (x)
            memcpy(y + p * channels + first, x + p * width, width * sizeof *y);
        else
            memset(y + p * channels + first, 0, width * sizeof *y);
    }
}

static void join_pixels(const struct adv_call *call, const adv_real *a, const adv_real *b,
                        adv_real *y)
{
    const struct adv_signature *s = call->signature;
    size_t from_a = s->in[0].channels, from_b = s->in[1].channels;
    place(pixels_of(call), a, from_a, 0, s->out.channels, y);
    place(pixels_of(call), b, from_b, from_a, s->out.channels, y);
}

static void forward(const struct adv_call *call)
{
    join_pixels(call, call->in[0], call->in[1], call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    join_pixels(call, d_in[0], d_in[1], d_out);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    const struct adv_signature *s = call->signature;
    for (int k = 0; k < 2; k++) {
        const adv_real *g = g_out + (k ? s->in[0].channels : 0);
        size_t width = s->in[k].channels;
        for (size_t p = 0, pixels = pixels_of(call); g_in[k] && p < pixels; p++) {
            for (size_t c = 0; c < width; c++)
                g_in[k][p * width + c] += g[p * s->out.channels + c];
        }
    }
}

const struct adv_op adv_op_concat = {
    .name = "concat",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
};
