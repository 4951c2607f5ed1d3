/* The ops: a row and its attributes each, and a line in table.c. */
#ifndef ADV_OPS_OPS_H
#define ADV_OPS_OPS_H

#include "core/base/circles.h"
#include "core/ops/op.h"

struct adv_linear_attr {
    size_t first_column; /* of the weight's columns, this product takes in-size many from here */
};

struct adv_conv_attr {
    size_t stride; /* 1 or 2; the kernel's side is 1 or 3, with a border of zeros for 3 */
};

struct adv_group_norm_attr {
    size_t groups; /* of channels, each normalised over its channels and all pixels */
    bool silu;     /* y = silu(norm(x)) in one pass */
};

struct adv_attention_attr {
    size_t heads;
    bool interleaved; /* channels of qkv: head by head [q, k, v]; else all q, all k, all v */
};

struct adv_timestep_embedding_attr {
    size_t channels;
};

struct adv_pixel_fourier_attr {
    size_t first_octave, n_octaves; /* frequencies 2 pi 2^first_octave, ... */
};

struct adv_marginal_attr {
    double bandwidth; /* > 0, of the Gaussian around every sample */
};

struct adv_fourier_attr {
    size_t n_frequencies;
    bool octaves; /* frequencies pi 2^(i-1) for i = 0, 1, ...; else pi i for i = 1, 2, ... */
};

extern const struct adv_op adv_op_linear;    /* y = x w' (+ bias), of images pixel by pixel */
extern const struct adv_op adv_op_embedding; /* y = table[label] */
extern const struct adv_op adv_op_fourier;   /* y = [x, sin(w x), cos(w x)] */
extern const struct adv_op adv_op_circular;  /* angles (adv_circles) as sine and cosine */
/* y_r = the product over coordinates i of sqrt(2) sin(weight [d, F, R] x + bias [d, R]) */
extern const struct adv_op adv_op_coordinate_products;
/* y_j = x_j weight_j + bias_j, tokens j = 0 ... d - 1: weight [d, a, c], bias [d, c] */
extern const struct adv_op adv_op_coordinate_linear;
extern const struct adv_op adv_op_timestep_embedding; /* [cos, sin](t w) */
extern const struct adv_op adv_op_marginal; /* the velocity from a Gaussian to samples [n, dim] */
extern const struct adv_op adv_op_mixture;  /* the same, to a mixture of Gaussians */

extern const struct adv_op adv_op_relu; /* y = max(x, 0) */
extern const struct adv_op adv_op_silu; /* y = x sigmoid(x) */
extern const struct adv_op adv_op_selu; /* y = s x above 0, s a (exp(x) - 1) below */
extern const struct adv_op adv_op_add;  /* y = a + b, one domain */
/* y = a + c[row_map]: a condition's vector onto the rows that have it, or onto their pixels */
extern const struct adv_op adv_op_broadcast_add;
/* y = [a, c[row_map]]: a condition's pixels behind those of the rows that have it */
extern const struct adv_op adv_op_broadcast_append;
extern const struct adv_op adv_op_broadcast_mul; /* y = x * c[row_map], element by element */
extern const struct adv_op adv_op_relative;      /* y = x - t m, with [t, m] = c[row_map] */
extern const struct adv_op adv_op_concat;        /* the channels of a, then those of b */

/* of images; C H W are the input's channels, height and width */
extern const struct adv_op adv_op_to_channels_last;  /* data order to channels last */
extern const struct adv_op adv_op_to_channels_first; /* channels last to data order */
extern const struct adv_op adv_op_conv2d;            /* weight [out, C, side, side], bias [out] */
extern const struct adv_op adv_op_group_norm;        /* weight [C], bias [C] */
/* (1 + scale) norm(x) + shift; [scale, shift] a condition's vector */
extern const struct adv_op adv_op_scale_shift_norm;
/* (1 + scale) norm(x) + shift, every pixel by itself; [scale, shift] a condition's vector */
extern const struct adv_op adv_op_token_norm;
extern const struct adv_op adv_op_attention;        /* qkv [3 C, H, W] -> [C, H, W] */
extern const struct adv_op adv_op_upsample_nearest; /* each pixel four times */
extern const struct adv_op adv_op_avg_pool2d;       /* the mean of 2 x 2 pixels */
extern const struct adv_op adv_op_pixel_fourier;    /* channels last: x, its sines, its cosines */

/* Every op, NULL-terminated. */
extern const struct adv_op *const adv_ops[];

#endif
