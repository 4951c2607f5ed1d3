/* The kernels behind the ops, in variants for the processor's instruction sets.
 *
 * isa.inc.h is compiled once per variant with that variant's flags; the
 * portable one is the reference twin that the tests hold the others against.
 *
 * Every result of a row depends on that row alone: the packed product sums over
 * k in one chain of multiply-adds per output, whatever the number of rows, so a
 * batch of one and a batch of a thousand give the same bytes. */
#ifndef ADV_KERNELS_TABLE_H
#define ADV_KERNELS_TABLE_H

#include "core/base/real.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Weights to pack for n outputs: the k = run * n_runs elements of output j are n_runs runs of
 * `run`; element i of the q-th is w[j * output_stride + q * run_stride + i * stride]. */
struct adv_panels {
    const adv_real *w, *bias; /* bias [n], or NULL: zeros */
    size_t run, n_runs;
    ptrdiff_t output_stride, run_stride, stride;
};

/* Input rows of a product, which may overlap: the k = run * n_runs elements of row r are n_runs
 * runs of `run` elements, the q-th at x + r * stride + q * run_stride. A dense matrix [rows, k] is
 * adv_dense_rows(x, k, k); the pixels of a row of a 3x3 convolution of an image with channels last
 * are {x, C, 3 C, 3, (W + 2) C}. */
struct adv_rows {
    const adv_real *x;
    size_t stride, run, n_runs, run_stride;
    uintptr_t ahead; /* where is read after the weights, asked for meanwhile; 0: behind them */
};

static inline struct adv_rows adv_dense_rows(const adv_real *x, size_t stride, size_t k)
{
    return (struct adv_rows){.x = x, .stride = stride, .run = k, .n_runs = 1};
}

/* Outputs begin ... end - 1 of a product. begin, and end unless it is the last, are multiples of
 * ADV_OUTPUTS_STEP, whole panels in every variant. */
struct adv_range {
    size_t begin, end;
};

#define ADV_OUTPUTS_STEP 32

/* What a product is added to. */
enum adv_start { ADV_FROM_ZERO, ADV_FROM_BIAS, ADV_FROM_OUTPUT };

/* A sum of outer products: c[i][j] += sum over q < n_runs, r < run of
 * a[q * a_run_stride + r * a_stride + i] * b[q * b_run_stride + r * b_stride + j]
 * for i < m, j < n. What weights' gradients are made of. */
struct adv_outer {
    size_t m, n, run, n_runs;
    const adv_real *a, *b;
    size_t a_stride, a_run_stride, b_stride, b_run_stride;
    adv_real *c;
    size_t c_stride;
};

/* Images of height x width pixels with channels last, cut into tiles of 4 x 4 pixels, row by row,
 * image after image; the last row and column of tiles may reach beyond the image. channels is a
 * multiple of ADV_WINOGRAD_CHANNELS. */
struct adv_tiles {
    size_t height, width, channels;
};

#define ADV_WINOGRAD_CHANNELS 16
#define ADV_WINOGRAD_PRODUCTS 36

/* z = gain (x - center) + bias for pixels x [pixels][channels], with a coefficient per channel;
 * then y = z, or silu(z). */
struct adv_norm {
    size_t pixels, channels;
    const adv_real *center, *gain, *bias; /* [channels] */
    bool silu;
};

/* The scaled exponential linear unit's, which keep mean 0 and variance 1 (Klambauer et al.
 * 2017). */
#define ADV_SELU_ALPHA ((adv_real)1.6732632423543772)
#define ADV_SELU_SCALE ((adv_real)1.0507009873554805)

/* n heads of attention: head i is number i % per_row of row i / per_row. Each has queries, keys and
 * values of `tokens` tokens and `channels` channels in qkv, tokens in_stride apart; heads lie
 * head_step apart, queries, keys and values part_step, and rows are dense. What they give has
 * channels next to those of the next head, tokens out_stride apart. */
struct adv_heads {
    size_t n, per_row, tokens, channels;
    size_t in_stride, head_step, part_step, out_stride;
    adv_real scale; /* of products of queries and keys */
};

/* n changes of queries, keys and values, `in`, and what they do to outputs, each a stride behind
 * the one before. */
struct adv_heads_tangents {
    size_t n;
    const adv_real *in;
    adv_real *out;
    size_t in_stride, out_stride;
};

struct adv_kernels {
    const char *name; /* "portable", "avx2", "avx512", "neon", ... */
    bool bfloat16;    /* large products and sums of outer products multiply in bfloat16 */
    bool (*available)(void);

    /* Elements of packed weights of a product with n outputs and k inputs. */
    size_t (*packed_size)(size_t n, size_t k);

    /* Packs w [n, k] (row stride w_stride >= k) and bias [n] (NULL: zeros). */
    void (*pack)(size_t n, size_t k, const adv_real *w, size_t w_stride, const adv_real *bias,
                 adv_real *packed);

    void (*pack_panels)(size_t n, const struct adv_panels *panels, adv_real *packed);

    /* y [rows, n] = x [rows, k] w' (+ bias if asked). x and y are dense and do not overlap. */
    void (*product)(size_t rows, size_t n, size_t k, const adv_real *x, const adv_real *packed,
                    bool with_bias, adv_real *y);

    /* y [rows, n], row stride y_stride >= n: start + x w', for rows as struct adv_rows has them. */
    void (*product_of_rows)(size_t rows, size_t n, struct adv_rows x, const adv_real *packed,
                            enum adv_start start, adv_real *y, size_t y_stride);

    /* The same for some of the n outputs, to the same bits; y is where output 0 would go. */
    void (*product_of_outputs)(size_t rows, size_t n, struct adv_range outputs, struct adv_rows x,
                               const adv_real *packed, enum adv_start start, adv_real *y,
                               size_t y_stride);

    /* In float one chain of multiply-adds per element of c, in the order of q, then r. */
    void (*outer)(const struct adv_outer *outer);

    /* The variant in float whose Winograd is faster than products in bfloat16 of these kernels; NULL:
     * there is none, or these are in float. */
    const struct adv_kernels *for_winograd;

    /* The transforms of Winograd's F(4 x 4, 3 x 3), which magnify the rounding of products in
     * bfloat16: NULL where these are. For tiles first ... first + count - 1. zeros:
     * [channels] zeros, in place of pixels beyond the border.
     * input: v [36][count][channels] = B' d B of the 6 x 6 pixels of x around each tile.
     * output: the tiles of y = A' m A + bias (NULL: none), or added to what y holds.
     * spread: m [36][count][channels] = A y A', the adjoint of output.
     * pack: G w G' of weights with nine runs, one per tap, of `channels`: as 36 sets of packed
     * weights, packed_size(n, channels) apart, without bias; n is a multiple like channels.
     * weight_adjoint: w [n][channels][9] += G' u G for u [36][n][channels]. */
    void (*winograd_pack)(size_t n, const struct adv_panels *panels, adv_real *packed);
    void (*winograd_weight_adjoint)(size_t n, size_t channels, const adv_real *u, adv_real *w);
    void (*winograd_input)(const struct adv_tiles *tiles, const adv_real *x, const adv_real *zeros,
                           size_t first, size_t count, adv_real *v);
    void (*winograd_output)(const struct adv_tiles *tiles, const adv_real *m, size_t first,
                            size_t count, const adv_real *bias, bool add, adv_real *y);
    void (*winograd_spread)(const struct adv_tiles *tiles, const adv_real *y, const adv_real *zeros,
                            size_t first, size_t count, adv_real *m);

    /* sums[c] = sum over pixels of x[p][c] */
    void (*channel_sums)(size_t pixels, size_t channels, const adv_real *x, adv_real *sums);

    /* sums[c] = sum over pixels of d[p][c], products[c] = that of (x[p][c] - center[c]) d[p][c];
     * d NULL: d = x - center. */
    void (*channel_moments)(size_t pixels, size_t channels, const adv_real *x,
                            const adv_real *center, const adv_real *d, adv_real *sums,
                            adv_real *products);

    /* y as struct adv_norm has it; y may be x. */
    void (*normalise)(const struct adv_norm *norm, const adv_real *x, adv_real *y);

    /* With mix = [alpha, beta, gamma] [3 channels]:
     * y = (dy/dz)(alpha d + beta (x - center) + gamma); y may be d. */
    void (*normalise_tangent)(const struct adv_norm *norm, const adv_real *x, const adv_real *d,
                              const adv_real *mix, adv_real *y);

    /* gz = silu'(z) g, with its sums and products as channel_moments has them. */
    void (*normalise_slope)(const struct adv_norm *norm, const adv_real *x, const adv_real *g,
                            adv_real *gz, adv_real *sums, adv_real *products);

    /* gx += alpha gz + beta (x - center) + gamma */
    void (*normalise_backward)(const struct adv_norm *norm, const adv_real *x, const adv_real *gz,
                               const adv_real *mix, adv_real *gx);

    /* h = (x - mean) inverse, inverse = 1 / sqrt(variance + epsilon), for rows x [rows, n] with a
     * mean and a variance each; inverse [rows]. h may be x. */
    void (*standardise_rows)(size_t rows, size_t n, adv_real epsilon, const adv_real *x,
                             adv_real *h, adv_real *inverse);
    /* y = inverse (v - E[v] - h E[h v]), E the mean over a row: what a change v of x does to h, and
     * an adjoint v of h to x. y may be v. */
    void (*standardise_rows_slope)(size_t rows, size_t n, const adv_real *h,
                                   const adv_real *inverse, const adv_real *v, adv_real *y);

    /* Softmax in base 2 without its division, in place: s [rows, n], row stride `stride` >= n,
     * becomes 2^(s - the row's largest), or 2^s if not from_largest, in float at least 2^-100;
     * inverse [rows] = 1 / the row's sum. n >= 1. A row with a NaN gets a NaN for its inverse; one
     * with a positive infinity too, or if not from_largest, 0, as a sum does that is too large. */
    void (*exp_rows)(size_t rows, size_t n, bool from_largest, adv_real *s, size_t stride,
                     adv_real *inverse);

    /* t = p (factor[row] t - shift[row]), for p and t [rows, n] of one row stride; sum [rows] of
     * each row of the result. */
    void (*weigh_rows)(size_t rows, size_t n, const adv_real *p, size_t stride,
                       const adv_real *factor, const adv_real *shift, adv_real *t, adv_real *sum);

    /* Attention of few tokens, for many heads at a time; scratch: heads_size elements.
     * forward: out = P v for P = softmax over keys of scale q k'.
     * tangents: of each change.
     * backward: g_qkv += the adjoint of g_out. */
    size_t (*heads_size)(size_t tokens, size_t channels);
    void (*heads_forward)(const struct adv_heads *heads, const adv_real *qkv, adv_real *out,
                          adv_real *scratch);
    void (*heads_tangents)(const struct adv_heads *heads, const adv_real *qkv,
                           const struct adv_heads_tangents *d, adv_real *scratch);
    void (*heads_backward)(const struct adv_heads *heads, const adv_real *qkv,
                           const adv_real *g_out, adv_real *g_qkv, adv_real *scratch);

    /* Element by element; y may be x. */
    void (*relu)(size_t count, const adv_real *x, adv_real *y);
    /* y = x where gate > 0, else 0; and y += that */
    void (*gate)(size_t count, const adv_real *gate, const adv_real *x, adv_real *y);
    void (*gate_add)(size_t count, const adv_real *gate, const adv_real *x, adv_real *y);
    void (*silu)(size_t count, const adv_real *x, adv_real *y);
    /* y = d silu(x) / dx */
    void (*silu_slope)(size_t count, const adv_real *x, adv_real *y);
    /* y = ADV_SELU_SCALE x for x > 0, ADV_SELU_SCALE ADV_SELU_ALPHA (exp(x) - 1) elsewhere */
    void (*selu)(size_t count, const adv_real *x, adv_real *y);
    /* s = sin(2 pi u), c = cos(2 pi u) */
    void (*sin_cos_turns)(size_t count, const adv_real *u, adv_real *s, adv_real *c);
};

extern const struct adv_kernels adv_kernels_portable, adv_kernels_avx2, adv_kernels_avx512;
extern const struct adv_kernels adv_kernels_bf16, adv_kernels_amx, adv_kernels_neon;

/* The fastest variant that this processor runs, or the one of that name; bfloat16: of those whose
 * products multiply in bfloat16. NULL where there is none. */
const struct adv_kernels *adv_kernels_pick(bool bfloat16, const char *name);

const struct adv_kernels *adv_kernels_best(void);     /* pick(false, NULL): there always is one */
const struct adv_kernels *adv_kernels_bfloat16(void); /* pick(true, NULL) */

/* Every variant of this build in full precision, NULL-terminated, the reference first. */
const struct adv_kernels *const *adv_kernels_all(void);

/* Every variant of this build whose products multiply in bfloat16, NULL-terminated. */
const struct adv_kernels *const *adv_kernels_all_bfloat16(void);

#endif
