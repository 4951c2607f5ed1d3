/* y[h, w, o] = bias[o] + sum over dh, dw, c of weight[o, c, dh, dw] x[s h + dh - b, s w + dw - b,
 * c]
 *
 * with stride s, side 3 and a border of b = 1 zeros, or side 1 and none. (A cross-correlation, as
 * everywhere in this field; a 1-d convolution of side 1 is the same thing.)
 *
 * Channels lie last, so the 3 C inputs of one output and one dh are adjacent in a copy of the image
 * with its border: each row of the output is a product whose rows overlap, and nothing else is
 * copied. Backward in x is the same convolution of the adjoint, spread out by the stride, with
 * the weight flipped and transposed; backward in the weight a sum of outer products over pixels. */
#include "core/ops/op.h"

#include <string.h>

struct geometry {
    size_t side, taps, stride;
    size_t in_channels, height, width; /* of x */
    size_t out_channels, out_height, out_width;
};

static struct geometry geometry_of(const struct adv_signature *s)
{
    const struct adv_conv_attr *attr = s->attr;
    size_t side = s->param[0][2], stride = attr ? attr->stride : 1;
    return (struct geometry){
        .side = side,
        .taps = side * side,
        .stride = stride,
        .in_channels = s->in[0].channels,
        .height = s->in[0].height,
        .width = s->in[0].width,
        .out_channels = s->param[0][0],
        .out_height = (s->in[0].height - 1) / stride + 1,
        .out_width = (s->in[0].width - 1) / stride + 1,
    };
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    struct geometry g = geometry_of(s);
    const size_t *weight = s->param[0];
    if (g.side != weight[3] || (g.side != 1 && g.side != 3) || g.stride < 1 || g.stride > 2 ||
        (g.side == 1 && g.stride != 1))
        return adv_fail(error, ADV_E_INVALID,
                        "conv2d: a kernel of %zu x %zu with stride %zu; it must be 3 x 3 with "
                        "stride 1 or 2, or 1 x 1 with stride 1",
                        weight[2], weight[3], g.stride);
    if (weight[1] != g.in_channels || (s->n_params == 2 && s->param[1][0] != g.out_channels))
        return adv_fail(error, ADV_E_INVALID,
                        "conv2d: a weight [%zu, %zu, ...] and a bias of %zu for %zu channels",
                        weight[0], weight[1], s->n_params == 2 ? s->param[1][0] : weight[0],
                        g.in_channels);
    s->out_domain = s->domain[0];
    s->out = (struct adv_shape){g.out_channels, g.out_height, g.out_width};
    return ADV_OK;
}

/* ---- parameters: packed for forward, then (to train) for backward ---- */

static size_t prepared_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                            enum adv_purpose purpose)
{
    struct geometry g = geometry_of(s);
    size_t size = kernels->packed_size(g.out_channels, g.taps * g.in_channels);
    if (purpose == ADV_TO_TRAIN)
        size += kernels->packed_size(g.in_channels, g.taps * g.out_channels);
    return size;
}

static void prepare(const struct adv_signature *s, const struct adv_kernels *kernels,
                    enum adv_purpose purpose, const adv_real *const *param, adv_real *prepared)
{
    struct geometry g = geometry_of(s);
    ptrdiff_t taps = (ptrdiff_t)g.taps, output = (ptrdiff_t)(g.in_channels * g.taps);
    struct adv_panels forward = {.w = param[0],
                                 .bias = s->n_params == 2 ? param[1] : NULL,
                                 .run = g.in_channels,
                                 .n_runs = g.taps,
                                 .output_stride = output,
                                 .run_stride = 1,
                                 .stride = taps};
    kernels->pack_panels(g.out_channels, &forward, prepared);
    if (purpose != ADV_TO_TRAIN)
        return;
    struct adv_panels flipped = {.w = param[0] + taps - 1,
                                 .run = g.out_channels,
                                 .n_runs = g.taps,
                                 .output_stride = taps,
                                 .run_stride = -1,
                                 .stride = output};
    kernels->pack_panels(g.in_channels, &flipped,
                         prepared + kernels->packed_size(g.out_channels, g.taps * g.in_channels));
}

/* ---- sweeps ---- */

/* Elements of an image of the input's extent, with its border. */
static size_t bordered_size(const struct geometry *g, size_t channels)
{
    return (g->height + 2) * (g->width + 2) * channels;
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)kernels, (void)rows;
    struct geometry g = geometry_of(s);
    if (g.side == 1)
        return 0;
    size_t image = bordered_size(&g, g.in_channels);
    if (sweep != ADV_BACKWARD)
        return image;
    size_t adjoint = bordered_size(&g, g.out_channels);
    return (image > adjoint ? image : adjoint) + g.out_channels * g.taps * g.in_channels;
}

/* Copies an image [height][width][channels] into the zeroed, bordered scratch, its pixels `apart`
 * pixels from each other. */
static void put_inside(const struct geometry *g, const adv_real *image, size_t height, size_t width,
                       size_t channels, size_t apart, adv_real *bordered)
{
    for (size_t h = 0; h < height; h++) {
        adv_real *to = bordered + ((1 + h * apart) * (g->width + 2) + 1) * channels;
        const adv_real *from = image + h * width * channels;
        if (apart == 1) {
            memcpy(to, from, width * channels * sizeof *to);
            continue;
        }
        for (size_t w = 0; w < width; w++)
            memcpy(to + w * apart * channels, from + w * channels, channels * sizeof *to);
    }
}

/* One image: y [out_height][out_width][n] = start + the convolution of a bordered image. */
static void convolve(const struct adv_call *call, const struct geometry *g, size_t channels,
                     const adv_real *bordered, size_t stride, const adv_real *packed, size_t n,
                     size_t height, size_t width, enum adv_start start, adv_real *y)
{
    size_t row = (g->width + 2) * channels;
    struct adv_rows in = {bordered, stride * channels, 3 * channels, 3, row};
    for (size_t h = 0; h < height; h++, in.x += stride * row)
        call->kernels->product_of_rows(width, n, in, packed, start, y + h * width * n, n);
}

static void correlate(const struct adv_call *call, const adv_real *x, enum adv_start start,
                      adv_real *y)
{
    struct geometry g = geometry_of(call->signature);
    size_t c = g.in_channels, o = g.out_channels, pixels = g.height * g.width;
    if (g.side == 1) {
        struct adv_rows in = {x, c, c, 1, 0};
        call->kernels->product_of_rows(call->rows * pixels, o, in, call->prepared, start, y, o);
        return;
    }
    memset(call->scratch, 0, bordered_size(&g, c) * sizeof *call->scratch);
    for (size_t r = 0; r < call->rows; r++) {
        put_inside(&g, x + r * pixels * c, g.height, g.width, c, 1, call->scratch);
        convolve(call, &g, c, call->scratch, g.stride, call->prepared, o, g.out_height, g.out_width,
                 start, y + r * g.out_height * g.out_width * o);
    }
}

static void forward(const struct adv_call *call)
{
    correlate(call, call->in[0], ADV_FROM_BIAS, call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    correlate(call, d_in[0], ADV_FROM_ZERO, d_out);
}

static void backward_input(const struct adv_call *call, const struct geometry *g,
                           const adv_real *g_out, adv_real *g_in)
{
    size_t c = g->in_channels, o = g->out_channels, pixels = g->height * g->width;
    const adv_real *packed = call->prepared + call->kernels->packed_size(o, g->taps * c);
    if (g->side == 1) {
        struct adv_rows in = {g_out, o, o, 1, 0};
        call->kernels->product_of_rows(call->rows * pixels, c, in, packed, ADV_FROM_OUTPUT, g_in,
                                       c);
        return;
    }
    memset(call->scratch, 0, bordered_size(g, o) * sizeof *call->scratch);
    for (size_t r = 0; r < call->rows; r++) {
        put_inside(g, g_out + r * g->out_height * g->out_width * o, g->out_height, g->out_width, o,
                   g->stride, call->scratch);
        convolve(call, g, o, call->scratch, 1, packed, c, g->height, g->width, ADV_FROM_OUTPUT,
                 g_in + r * pixels * c);
    }
}

/* g_weight [o][c][taps] += per_tap [o][taps][c] */
static void add_per_tap(const struct geometry *g, const adv_real *per_tap, adv_real *g_weight)
{
    size_t c = g->in_channels, taps = g->taps;
    for (size_t o = 0; o < g->out_channels; o++) {
        for (size_t tap = 0; tap < taps; tap++) {
            for (size_t i = 0; i < c; i++)
                g_weight[(o * c + i) * taps + tap] += per_tap[(o * taps + tap) * c + i];
        }
    }
}

static void backward_weight(const struct adv_call *call, const struct geometry *g,
                            const adv_real *g_out, adv_real *g_weight)
{
    size_t c = g->in_channels, o = g->out_channels, pixels = g->height * g->width;
    if (g->side == 1) {
        struct adv_outer sum = {o,        c, call->rows * pixels, 1, g_out, call->in[0], o, 0, c, 0,
                                g_weight, c};
        call->kernels->outer(&sum);
        return;
    }
    size_t row = (g->width + 2) * c, out_row = g->out_width * o;
    adv_real *bordered = call->scratch, *per_tap = call->scratch + bordered_size(g, c);
    memset(call->scratch, 0, (bordered_size(g, c) + o * g->taps * c) * sizeof *call->scratch);
    for (size_t r = 0; r < call->rows; r++) {
        put_inside(g, call->in[0] + r * pixels * c, g->height, g->width, c, 1, bordered);
        for (size_t dh = 0; dh < 3; dh++) {
            struct adv_outer sum = {.m = o,
                                    .n = 3 * c,
                                    .run = g->out_width,
                                    .n_runs = g->out_height,
                                    .a = g_out + r * g->out_height * out_row,
                                    .a_stride = o,
                                    .a_run_stride = out_row,
                                    .b = bordered + dh * row,
                                    .b_stride = g->stride * c,
                                    .b_run_stride = g->stride * row,
                                    .c = per_tap + dh * 3 * c,
                                    .c_stride = g->taps * c};
            call->kernels->outer(&sum);
        }
    }
    add_per_tap(g, per_tap, g_weight);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    struct geometry g = geometry_of(call->signature);
    if (g_in[0])
        backward_input(call, &g, g_out, g_in[0]);
    if (g_param[0])
        backward_weight(call, &g, g_out, g_param[0]);
    if (call->signature->n_params < 2 || !g_param[1])
        return;
    for (size_t p = 0; p < call->rows * g.out_height * g.out_width; p++) {
        for (size_t o = 0; o < g.out_channels; o++)
            g_param[1][o] += g_out[p * g.out_channels + o];
    }
}

static size_t multiply_adds(const struct adv_signature *s)
{
    struct geometry g = geometry_of(s);
    return g.out_height * g.out_width * g.out_channels * g.in_channels * g.taps;
}

const struct adv_op adv_op_conv2d = {
    .name = "conv2d",
    .n_inputs = 1,
    .n_params = 2,
    .attr_bytes = sizeof(struct adv_conv_attr),
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .backward_reads = ADV_READS_INPUT(0),
    .prepared_size = prepared_size,
    .prepare = prepare,
    .scratch_size = scratch_size,
    .multiply_adds = multiply_adds,
};
