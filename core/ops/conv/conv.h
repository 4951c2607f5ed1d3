/* The ways to compute a two-dimensional convolution, for the op conv2d: what it does in each is a
 * correlation of images with weights, and a sum for the weights' gradient. */
#ifndef ADV_OPS_CONV_H
#define ADV_OPS_CONV_H

#include "core/ops/op.h"

/* y[h, w, o] = start + sum over dh, dw, c of weight[o, c, dh, dw] x[s h + dh - b, s w + dw - b, c],
 * stride s, side 3 and a border of b = 1 zeros, or side 1 and none. Channels lie last. In the
 * adjoint of a correlation with stride 2, x is spread out: its pixels lie `apart` pixels from each
 * other, with zeros between. height and width are those of the input, spread out. */
struct adv_conv {
    size_t side, taps, stride, apart;
    size_t in_channels, height, width;
    size_t out_channels, out_height, out_width;
};

struct adv_conv_method {
    bool (*suits)(const struct adv_conv *conv, const struct adv_kernels *kernels);

    /* Elements that the weights take once packed; panels as for adv_kernels.pack_panels, a run
     * per tap of in_channels. */
    size_t (*packed_size)(const struct adv_conv *conv, const struct adv_kernels *kernels);
    void (*pack)(const struct adv_conv *conv, const struct adv_kernels *kernels,
                 const struct adv_panels *panels, adv_real *packed);

    size_t (*scratch_size)(const struct adv_conv *conv, size_t images);
    /* Of call's rows, with its scratch and its team. */
    void (*correlate)(const struct adv_conv *conv, const struct adv_call *call, const adv_real *x,
                      const adv_real *packed, enum adv_start start, adv_real *y);

    /* g_weight [o][c][taps] += sum over images and pixels of g_out x, for apart = 1. NULL: as
     * adv_conv_direct does. */
    size_t (*gradient_scratch_size)(const struct adv_conv *conv, size_t images);
    void (*add_gradient)(const struct adv_conv *conv, const struct adv_kernels *kernels,
                         size_t images, const adv_real *x, const adv_real *g_out,
                         adv_real *g_weight, adv_real *scratch);
};

extern const struct adv_conv_method adv_conv_direct;   /* everything */
extern const struct adv_conv_method adv_conv_narrow;   /* 3 x 3 with stride 1 and few outputs */
extern const struct adv_conv_method adv_conv_winograd; /* 3 x 3 with stride 1 and many channels */

#endif
