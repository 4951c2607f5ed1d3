/* The two orders of an image's elements: pixels takes data order [C][H W] to channels last
 * [H W][C], planes takes it back. Each is the other's transpose, and its own derivative. */
#include "core/ops/op.h"

/* Reads rows of [C][P], writes [P][C] or adds to it. */
static void to_pixels(const struct adv_call *call, const adv_real *from, adv_real *to, bool add)
{
    size_t channels = call->signature->in[0].channels;
    size_t n = adv_shape_size(call->signature->in[0]), pixels = n / channels;
    for (size_t r = 0; r < call->rows; r++, from += n, to += n) {
        for (size_t c = 0; c < channels; c++) {
            for (size_t p = 0; p < pixels; p++)
                to[p * channels + c] = from[c * pixels + p] + (add ? to[p * channels + c] : 0);
        }
    }
}

/* Reads rows of [P][C], writes [C][P] or adds to it. */
static void to_planes(const struct adv_call *call, const adv_real *from, adv_real *to, bool add)
{
    size_t channels = call->signature->in[0].channels;
    size_t n = adv_shape_size(call->signature->in[0]), pixels = n / channels;
    for (size_t r = 0; r < call->rows; r++, from += n, to += n) {
        for (size_t c = 0; c < channels; c++) {
            for (size_t p = 0; p < pixels; p++)
                to[c * pixels + p] = from[p * channels + c] + (add ? to[c * pixels + p] : 0);
        }
    }
}

static void pixels_forward(const struct adv_call *call)
{
    to_pixels(call, call->in[0], call->out, false);
}

static void pixels_tangent(const struct adv_call *call, const adv_real *const *d_in,
                           adv_real *d_out)
{
    to_pixels(call, d_in[0], d_out, false);
}

static void pixels_backward(const struct adv_call *call, const adv_real *g_out,
                            adv_real *const *g_in, adv_real *const *g_param)
{
    (void)g_param;
    if (g_in[0])
        to_planes(call, g_out, g_in[0], true);
}

static void planes_forward(const struct adv_call *call)
{
    to_planes(call, call->in[0], call->out, false);
}

static void planes_tangent(const struct adv_call *call, const adv_real *const *d_in,
                           adv_real *d_out)
{
    to_planes(call, d_in[0], d_out, false);
}

static void planes_backward(const struct adv_call *call, const adv_real *g_out,
                            adv_real *const *g_in, adv_real *const *g_param)
{
    (void)g_param;
    if (g_in[0])
        to_pixels(call, g_out, g_in[0], true);
}

const struct adv_op adv_op_pixels = {
    .name = "pixels",
    .n_inputs = 1,
    .infer = adv_infer_like_input,
    .forward = pixels_forward,
    .tangent = pixels_tangent,
    .backward = pixels_backward,
};

const struct adv_op adv_op_planes = {
    .name = "planes",
    .n_inputs = 1,
    .infer = adv_infer_like_input,
    .forward = planes_forward,
    .tangent = planes_tangent,
    .backward = planes_backward,
};
