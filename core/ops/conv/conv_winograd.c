/* Winograd's F(4 x 4, 3 x 3) (core/kernels/body/winograd.inc.h): the tiles of all images in chunks
 * whose transforms stay in the second-level cache. In each chunk, 36 products of [tiles, in] with
 * [in, out]. The gradient is the transpose of the same three steps. */
#include "core/ops/conv/conv.h"

#include <string.h>

#define CHUNK_BYTES ((size_t)640 << 10) /* of a chunk's transforms of input and output */

static size_t tiles_of(const struct adv_conv *conv, size_t images)
{
    return images * ((conv->height + 3) / 4) * ((conv->width + 3) / 4);
}

/* Those that compute it where `kernels` compute the rest; NULL: none do. */
static const struct adv_kernels *kernels_of(const struct adv_kernels *kernels)
{
    return kernels->winograd_input ? kernels : kernels->for_winograd;
}

static bool suits(const struct adv_conv *conv, const struct adv_kernels *kernels)
{
    return kernels_of(kernels) && conv->side == 3 && conv->stride == 1 && conv->apart == 1 &&
           conv->in_channels % ADV_WINOGRAD_CHANNELS == 0 &&
           conv->out_channels % ADV_WINOGRAD_CHANNELS == 0 &&
           ADV_WINOGRAD_PRODUCTS * tiles_of(conv, 1) < conv->taps * conv->height * conv->width;
}

static size_t chunk_of(const struct adv_conv *conv, size_t images)
{
    size_t tile = ADV_WINOGRAD_PRODUCTS * (conv->in_channels + conv->out_channels);
    size_t most = CHUNK_BYTES / sizeof(adv_real) / tile, all = tiles_of(conv, images);
    most = most < 1 ? 1 : most;
    return most < all ? most : all;
}

static size_t widest(const struct adv_conv *conv)
{
    return conv->in_channels > conv->out_channels ? conv->in_channels : conv->out_channels;
}

/* Thirty-six sets of packed weights, then the bias. */
static size_t packed_size(const struct adv_conv *conv, const struct adv_kernels *kernels)
{
    return ADV_WINOGRAD_PRODUCTS *
               kernels_of(kernels)->packed_size(conv->out_channels, conv->in_channels) +
           conv->out_channels;
}

static void pack(const struct adv_conv *conv, const struct adv_kernels *kernels,
                 const struct adv_panels *panels, adv_real *packed)
{
    adv_real *bias = packed + packed_size(conv, kernels) - conv->out_channels;
    kernels_of(kernels)->winograd_pack(conv->out_channels, panels, packed);
    memset(bias, 0, conv->out_channels * sizeof *bias);
    if (panels->bias)
        memcpy(bias, panels->bias, conv->out_channels * sizeof *bias);
}

/* Zeros for the border, then a chunk's transforms of the input and of the output. */
static size_t scratch_size(const struct adv_conv *conv, size_t images)
{
    return widest(conv) + chunk_of(conv, images) * ADV_WINOGRAD_PRODUCTS *
                              (conv->in_channels + conv->out_channels);
}

/* A correlation in parts: of the tiles, or, of few tiles, of a chunk's products, since it is their
 * weights that take time. */
struct shared_tiles {
    const struct adv_conv *conv;
    const struct adv_call *call;
    size_t n_parts, chunk;
    const adv_real *x, *packed;
    enum adv_start start;
    adv_real *y;
};

/* A worker's scratch. */
struct transforms {
    size_t first, count; /* the tiles that it holds */
    adv_real *zeros, *v, *m;
};

static struct transforms transforms_of(const struct shared_tiles *s, adv_real *scratch)
{
    struct transforms t = {.zeros = scratch, .v = scratch + widest(s->conv)};
    t.m = t.v + ADV_WINOGRAD_PRODUCTS * s->chunk * s->conv->in_channels;
    memset(t.zeros, 0, s->conv->in_channels * sizeof *t.zeros);
    return t;
}

static void transform_input(const struct shared_tiles *s, const struct transforms *t)
{
    const struct adv_tiles in = {s->conv->height, s->conv->width, s->conv->in_channels};
    kernels_of(s->call->kernels)->winograd_input(&in, s->x, t->zeros, t->first, t->count, t->v);
}

static void transform_output(const struct shared_tiles *s, const struct transforms *t)
{
    const struct adv_conv *conv = s->conv;
    const struct adv_tiles out = {conv->height, conv->width, conv->out_channels};
    const adv_real *bias = s->packed + packed_size(conv, s->call->kernels) - conv->out_channels;
    kernels_of(s->call->kernels)
        ->winograd_output(&out, t->m, t->first, t->count, s->start == ADV_FROM_BIAS ? bias : NULL,
                          s->start == ADV_FROM_OUTPUT, s->y);
}

/* Those of the 36 in range. */
static void multiply(const struct shared_tiles *s, const struct transforms *t,
                     struct adv_range range)
{
    size_t c = s->conv->in_channels, o = s->conv->out_channels;
    const struct adv_kernels *kernels = kernels_of(s->call->kernels);
    size_t set = kernels->packed_size(o, c);
    for (size_t i = range.begin; i < range.end; i++) {
        struct adv_rows rows = adv_dense_rows(t->v + i * t->count * c, c, c);
        kernels->product_of_rows(t->count, o, rows, s->packed + i * set, ADV_FROM_ZERO,
                                 t->m + i * t->count * o, o);
    }
}

static void take_tiles(void *context, size_t part, int worker)
{
    const struct shared_tiles *s = context;
    struct transforms t = transforms_of(s, adv_call_scratch(s->call, worker));
    struct adv_range tiles = adv_part(tiles_of(s->conv, s->call->rows), 1, part, s->n_parts);
    for (t.first = tiles.begin; t.first < tiles.end; t.first += t.count) {
        t.count = tiles.end - t.first < s->chunk ? tiles.end - t.first : s->chunk;
        transform_input(s, &t);
        multiply(s, &t, (struct adv_range){0, ADV_WINOGRAD_PRODUCTS});
        transform_output(s, &t);
    }
}

struct shared_products {
    const struct shared_tiles *tiles;
    struct transforms transforms;
};

static void take_products(void *context, size_t part, int worker)
{
    (void)worker;
    const struct shared_products *p = context;
    multiply(p->tiles, &p->transforms, adv_part(ADV_WINOGRAD_PRODUCTS, 1, part, p->tiles->n_parts));
}

static void correlate(const struct adv_conv *conv, const struct adv_call *call, const adv_real *x,
                      const adv_real *packed, enum adv_start start, adv_real *y)
{
    size_t tiles = tiles_of(conv, call->rows);
    size_t product = ADV_WINOGRAD_PRODUCTS * conv->in_channels * conv->out_channels;
    struct shared_tiles s = {.conv = conv,
                             .call = call,
                             .chunk = chunk_of(conv, call->rows),
                             .x = x,
                             .packed = packed,
                             .start = start,
                             .y = y};
    s.n_parts = adv_call_threads(call, (tiles + ADV_L3_LOAD_COST) * product);
    if (s.n_parts == 1 || tiles >= ADV_L3_LOAD_COST * s.n_parts) {
        adv_call_share(call, s.n_parts, take_tiles, &s);
        return;
    }
    struct shared_products p = {&s, transforms_of(&s, call->scratch)};
    struct transforms *t = &p.transforms;
    for (; t->first < tiles; t->first += t->count) {
        t->count = tiles - t->first < s.chunk ? tiles - t->first : s.chunk;
        transform_input(&s, t);
        adv_call_share(call, s.n_parts, take_products, &p);
        transform_output(&s, t);
    }
}

/* ... and the gradient of the transformed weights, [36][out][in]. */
static size_t gradient_scratch_size(const struct adv_conv *conv, size_t images)
{
    return scratch_size(conv, images) +
           ADV_WINOGRAD_PRODUCTS * conv->in_channels * conv->out_channels;
}

static void add_gradient(const struct adv_conv *conv, const struct adv_kernels *others,
                         size_t images, const adv_real *x, const adv_real *g_out,
                         adv_real *g_weight, adv_real *scratch)
{
    const struct adv_kernels *kernels = kernels_of(others);
    size_t c = conv->in_channels, o = conv->out_channels;
    const struct adv_tiles in = {conv->height, conv->width, c},
                           out = {conv->height, conv->width, o};
    size_t chunk = chunk_of(conv, images), all = tiles_of(conv, images);
    adv_real *zeros = scratch, *v = zeros + widest(conv),
             *m = v + ADV_WINOGRAD_PRODUCTS * chunk * c;
    adv_real *g_u = m + ADV_WINOGRAD_PRODUCTS * chunk * o;
    memset(zeros, 0, widest(conv) * sizeof *zeros);
    memset(g_u, 0, ADV_WINOGRAD_PRODUCTS * c * o * sizeof *g_u);
    for (size_t first = 0; first < all; first += chunk) {
        size_t count = all - first < chunk ? all - first : chunk;
        kernels->winograd_input(&in, x, zeros, first, count, v);
        kernels->winograd_spread(&out, g_out, zeros, first, count, m);
        for (size_t i = 0; i < ADV_WINOGRAD_PRODUCTS; i++) {
            struct adv_outer sum = {.m = o,
                                    .n = c,
                                    .run = count,
                                    .n_runs = 1,
                                    .a = m + i * count * o,
                                    .a_stride = o,
                                    .b = v + i * count * c,
                                    .b_stride = c,
                                    .c = g_u + i * o * c,
                                    .c_stride = c};
            kernels->outer(&sum);
        }
    }
    kernels->winograd_weight_adjoint(o, c, g_u, g_weight);
}

const struct adv_conv_method adv_conv_winograd = {
    .suits = suits,
    .packed_size = packed_size,
    .pack = pack,
    .scratch_size = scratch_size,
    .correlate = correlate,
    .gradient_scratch_size = gradient_scratch_size,
    .add_gradient = add_gradient,
};
