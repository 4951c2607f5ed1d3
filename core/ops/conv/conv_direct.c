/* The 3 C inputs of one output and one dh are adjacent in a copy of the image with its border: each
 * row of the output is a product whose rows overlap, and nothing else is copied. The gradient is a
 * sum of outer products over pixels. Side 1 is a plain product. */
#include "core/ops/conv/conv.h"

#include <string.h>

#define PIXELS_UNIT 28 /* pixels that parts are multiples of: whole register tiles */

static bool suits(const struct adv_conv *conv, const struct adv_kernels *kernels)
{
    (void)conv, (void)kernels;
    return true;
}

static size_t packed_size(const struct adv_conv *conv, const struct adv_kernels *kernels)
{
    return kernels->packed_size(conv->out_channels, conv->taps * conv->in_channels);
}

static void pack(const struct adv_conv *conv, const struct adv_kernels *kernels,
                 const struct adv_panels *panels, adv_real *packed)
{
    kernels->pack_panels(conv->out_channels, panels, packed);
}

static size_t bordered_row(const struct adv_conv *conv)
{
    return (conv->width + 2) * conv->in_channels;
}

static size_t scratch_size(const struct adv_conv *conv, size_t images)
{
    (void)images;
    return conv->side == 1 ? 0 : (conv->height + 2) * bordered_row(conv);
}

/* Copies an image into its place in the zeroed scratch. */
static void put_inside(const struct adv_conv *conv, const adv_real *image, adv_real *bordered)
{
    size_t c = conv->in_channels, apart = conv->apart;
    size_t height = (conv->height - 1) / apart + 1, width = (conv->width - 1) / apart + 1;
    for (size_t h = 0; h < height; h++) {
        adv_real *to = bordered + (1 + h * apart) * bordered_row(conv) + c;
        const adv_real *from = image + h * width * c;
        if (apart == 1) {
            memcpy(to, from, width * c * sizeof *to);
            continue;
        }
        for (size_t w = 0; w < width; w++)
            memcpy(to + w * apart * c, from + w * c, c * sizeof *to);
    }
}

static size_t image_size(const struct adv_conv *conv)
{
    size_t apart = conv->apart;
    return ((conv->height - 1) / apart + 1) * ((conv->width - 1) / apart + 1) * conv->in_channels;
}

/* A correlation of whose output each part takes some rows of pixels: of one image, or, where side
 * is 1 and pixels are nothing to each other, of all of them. */
struct shared_rows {
    const struct adv_conv *conv;
    const struct adv_call *call;
    size_t n_parts;
    const adv_real *x; /* with its border, where side is 3 */
    const adv_real *packed;
    enum adv_start start;
    adv_real *y;
};

static void take_pixels(void *context, size_t part, int worker)
{
    (void)worker;
    const struct shared_rows *s = context;
    size_t c = s->conv->in_channels, o = s->conv->out_channels;
    size_t pixels = s->call->rows * s->conv->height * s->conv->width;
    struct adv_range range = adv_part(pixels, PIXELS_UNIT, part, s->n_parts);
    struct adv_rows in = adv_dense_rows(s->x + range.begin * c, c, c);
    s->call->kernels->product_of_rows(range.end - range.begin, o, in, s->packed, s->start,
                                      s->y + range.begin * o, o);
}

static void take_rows(void *context, size_t part, int worker)
{
    (void)worker;
    const struct shared_rows *s = context;
    size_t c = s->conv->in_channels, o = s->conv->out_channels, row = bordered_row(s->conv);
    struct adv_range range = adv_part(s->conv->out_height, 1, part, s->n_parts);
    for (size_t h = range.begin; h < range.end; h++) {
        struct adv_rows in = {.x = s->x + h * s->conv->stride * row,
                              .stride = s->conv->stride * c,
                              .run = 3 * c,
                              .n_runs = 3,
                              .run_stride = row};
        s->call->kernels->product_of_rows(s->conv->out_width, o, in, s->packed, s->start,
                                          s->y + h * s->conv->out_width * o, o);
    }
}

static void correlate(const struct adv_conv *conv, const struct adv_call *call, const adv_real *x,
                      const adv_real *packed, enum adv_start start, adv_real *y)
{
    size_t outputs = conv->out_height * conv->out_width * conv->out_channels;
    size_t multiply_adds = outputs * conv->in_channels * conv->taps;
    struct shared_rows s = {conv, call, 1, x, packed, start, y};
    if (conv->side == 1) {
        s.n_parts = adv_call_threads(call, call->rows * multiply_adds);
        adv_call_share(call, s.n_parts, take_pixels, &s);
        return;
    }
    s.n_parts = adv_call_threads(call, multiply_adds);
    s.x = call->scratch;
    memset(call->scratch, 0, scratch_size(conv, call->rows) * sizeof *call->scratch);
    for (size_t i = 0; i < call->rows; i++, s.y += outputs) {
        put_inside(conv, x + i * image_size(conv), call->scratch);
        adv_call_share(call, s.n_parts, take_rows, &s);
    }
}

static size_t gradient_scratch_size(const struct adv_conv *conv, size_t images)
{
    size_t per_tap = conv->side == 1 ? 0 : conv->out_channels * conv->taps * conv->in_channels;
    return scratch_size(conv, images) + per_tap;
}

/* Vectors run over the larger side of a sum of outer products. */
static bool vectors_over_outputs(const struct adv_conv *conv)
{
    return conv->out_channels > 3 * conv->in_channels;
}

/* g_weight [o][c][taps] += per_tap [o][taps][c], or [taps][c][o] */
static void add_per_tap(const struct adv_conv *conv, const adv_real *per_tap, adv_real *g_weight)
{
    size_t c = conv->in_channels, taps = conv->taps, n_out = conv->out_channels;
    bool outputs_last = vectors_over_outputs(conv);
    size_t step = outputs_last ? n_out : 1, next = outputs_last ? 1 : taps * c;
    for (size_t o = 0; o < n_out; o++) {
        for (size_t tap = 0; tap < taps; tap++) {
            for (size_t i = 0; i < c; i++)
                g_weight[(o * c + i) * taps + tap] += per_tap[o * next + (tap * c + i) * step];
        }
    }
}

/* The same sum with c transposed. */
static struct adv_outer swapped(const struct adv_outer *sum, adv_real *c, size_t c_stride)
{
    struct adv_outer other = *sum;
    other.m = sum->n;
    other.n = sum->m;
    other.a = sum->b;
    other.b = sum->a;
    other.a_stride = sum->b_stride;
    other.b_stride = sum->a_stride;
    other.a_run_stride = sum->b_run_stride;
    other.b_run_stride = sum->a_run_stride;
    other.c = c;
    other.c_stride = c_stride;
    return other;
}

/* The nine taps' sums over one image's pixels. */
static void add_image(const struct adv_conv *conv, const struct adv_kernels *kernels,
                      const adv_real *bordered, const adv_real *g_out, adv_real *per_tap)
{
    size_t c = conv->in_channels, row = bordered_row(conv);
    for (size_t dh = 0; dh < 3; dh++) {
        struct adv_outer sum = {.m = conv->out_channels,
                                .n = 3 * c,
                                .run = conv->out_width,
                                .n_runs = conv->out_height,
                                .a = g_out,
                                .a_stride = conv->out_channels,
                                .a_run_stride = conv->out_width * conv->out_channels,
                                .b = bordered + dh * row,
                                .b_stride = conv->stride * c,
                                .b_run_stride = conv->stride * row,
                                .c = per_tap + dh * 3 * c,
                                .c_stride = conv->taps * c};
        if (vectors_over_outputs(conv))
            sum = swapped(&sum, per_tap + dh * 3 * c * conv->out_channels, conv->out_channels);
        kernels->outer(&sum);
    }
}

static void add_gradient(const struct adv_conv *conv, const struct adv_kernels *kernels,
                         size_t images, const adv_real *x, const adv_real *g_out,
                         adv_real *g_weight, adv_real *scratch)
{
    size_t c = conv->in_channels, o = conv->out_channels;
    if (conv->side == 1) {
        size_t pixels = images * conv->height * conv->width;
        struct adv_outer sum = {o, c, pixels, 1, g_out, x, o, 0, c, 0, g_weight, c};
        kernels->outer(&sum);
        return;
    }
    adv_real *per_tap = scratch + scratch_size(conv, images);
    memset(scratch, 0, gradient_scratch_size(conv, images) * sizeof *scratch);
    for (size_t i = 0; i < images; i++) {
        put_inside(conv, x + i * image_size(conv), scratch);
        add_image(conv, kernels, scratch, g_out + i * conv->out_height * conv->out_width * o,
                  per_tap);
    }
    add_per_tap(conv, per_tap, g_weight);
}

const struct adv_conv_method adv_conv_direct = {
    .suits = suits,
    .packed_size = packed_size,
    .pack = pack,
    .scratch_size = scratch_size,
    .correlate = correlate,
    .gradient_scratch_size = gradient_scratch_size,
    .add_gradient = add_gradient,
};
