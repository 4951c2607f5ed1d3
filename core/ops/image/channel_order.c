/* The two orders of an image's elements: to_channels_last takes data order [C][H W] to
 * [H W][C], to_channels_first takes it back. Each is the other's transpose, and its own
 * derivative. */
#include "core/ops/ops.h"

/* Reads rows of [C][P], writes [P][C] or adds to it. */
static void to_channels_last(const struct adv_call *call, const adv_real *from, adv_real *to,
                             bool add)
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
static void to_channels_first(const struct adv_call *call, const adv_real *from, adv_real *to,
                              bool add)
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

static void last_forward(const struct adv_call *call)
{
    to_channels_last(call, call->in[0], call->out, false);
}

static void last_tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    to_channels_last(call, d_in[0], d_out, false);
}

static void last_backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                          adv_real *const *g_param)
{
    (void)g_param;
    if (g_in[0])
        to_channels_first(call, g_out, g_in[0], true);
}

static void first_forward(const struct adv_call *call)
{
    to_channels_first(call, call->in[0], call->out, false);
}

static void first_tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    to_channels_first(call, d_in[0], d_out, false);
}

static void first_backward(const struct adv_call *call, const adv_real *g_out,
                           adv_real *const *g_in, adv_real *const *g_param)
{
    (void)g_param;
    if (g_in[0])
        to_channels_last(call, g_out, g_in[0], true);
}

const struct adv_op adv_op_to_channels_last = {
    .name = "to_channels_last",
    .n_inputs = 1,
    .infer = adv_infer_like_input,
    .forward = last_forward,
    .tangent = last_tangent,
    .backward = last_backward,
};

const struct adv_op adv_op_to_channels_first = {
    .name = "to_channels_first",
    .n_inputs = 1,
    .infer = adv_infer_like_input,
    .forward = first_forward,
    .tangent = first_tangent,
    .backward = first_backward,
};
