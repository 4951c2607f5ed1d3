/* Few outputs would leave most of a vector empty; the nine taps of one output fill it better. A
 * product gives each pixel's nine contributions to its neighbours, and each pixel of the output is
 * the sum of those it receives. */
#include "core/ops/conv/conv.h"

#include <string.h>

#define MOST_OUTPUTS 4
#define TAPS 9

static bool suits(const struct adv_conv *conv, const struct adv_kernels *kernels)
{
    (void)kernels;
    return conv->side == 3 && conv->stride == 1 && conv->apart == 1 &&
           conv->out_channels <= MOST_OUTPUTS && conv->in_channels >= 8;
}

/* For each output the packed weights of its taps; then the bias. */
static size_t packed_size(const struct adv_conv *conv, const struct adv_kernels *kernels)
{
    return conv->out_channels * (kernels->packed_size(TAPS, conv->in_channels) + 1);
}

static void pack(const struct adv_conv *conv, const struct adv_kernels *kernels,
                 const struct adv_panels *panels, adv_real *packed)
{
    size_t set = kernels->packed_size(TAPS, conv->in_channels);
    for (size_t o = 0; o < conv->out_channels; o++) {
        struct adv_panels taps = {.w = panels->w + (ptrdiff_t)o * panels->output_stride,
                                  .run = conv->in_channels,
                                  .n_runs = 1,
                                  .output_stride = panels->run_stride,
                                  .stride = panels->stride};
        kernels->pack_panels(TAPS, &taps, packed + o * set);
        packed[conv->out_channels * set + o] = panels->bias ? panels->bias[o] : 0;
    }
}

static size_t scratch_size(const struct adv_conv *conv, size_t images)
{
    (void)images;
    return conv->height * conv->width * TAPS;
}

/* Adds to output o of pixel (h, w) what its neighbours have for it: given [pixels][TAPS]. */
static void gather(const struct adv_conv *conv, const adv_real *given, size_t o, adv_real *y)
{
    size_t width = conv->width, n = conv->out_channels;
    for (size_t h = 0; h < conv->height; h++) {
        for (size_t dh = 0; dh < 3; dh++) {
            size_t from = h + dh - 1; /* below zero wraps round */
            if (from >= conv->height)
                continue;
            for (size_t dw = 0; dw < 3; dw++) {
                size_t begin = dw == 0, end = dw == 2 ? width - 1 : width;
                for (size_t w = begin; w < end; w++)
                    y[(h * width + w) * n + o] +=
                        given[(from * width + w + dw - 1) * TAPS + dh * 3 + dw];
            }
        }
    }
}

static void correlate(const struct adv_conv *conv, const struct adv_call *call, const adv_real *x,
                      const adv_real *packed, enum adv_start start, adv_real *y)
{
    const struct adv_kernels *kernels = call->kernels;
    size_t c = conv->in_channels, n = conv->out_channels, pixels = conv->height * conv->width;
    size_t set = kernels->packed_size(TAPS, c);
    const adv_real *bias = packed + n * set;
    for (size_t i = 0; i < call->rows; i++, x += pixels * c, y += pixels * n) {
        for (size_t k = 0; start != ADV_FROM_OUTPUT && k < pixels * n; k++)
            y[k] = start == ADV_FROM_BIAS ? bias[k % n] : 0;
        for (size_t o = 0; o < n; o++) {
            kernels->product(pixels, TAPS, c, x, packed + o * set, false, call->scratch);
            gather(conv, call->scratch, o, y);
        }
    }
}

const struct adv_conv_method adv_conv_narrow = {
    .suits = suits,
    .packed_size = packed_size,
    .pack = pack,
    .scratch_size = scratch_size,
    .correlate = correlate,
};
