/* Attention of tokens (pixels) to each other, head by head, with c = C / heads channels each:
 *
 *   O = P V,  P = softmax over keys of (Q K' / sqrt(c))
 *
 * for qkv [tokens][3 C] and O [tokens][C], head h's channels at h c (Vaswani et al. 2017).
 *
 * Of few tokens, many heads are done side by side (core/kernels/body/heads.inc.h). Of more, with
 * E = exp(S) and w = 1 / its row's sum, P = w E is never made; nor is a whole score matrix: a block
 * of queries at a time meets all keys. Queries are scaled for powers of two in place of exp. Where
 * E would be too large or too small, its row's largest is subtracted from S first, which w undoes.
 * Blocks of forward and tangent depend on nothing of each other, so threads may share them.
 *
 *   tangent:  F = E o dS,  f = w sum(F):  dO = w (F V + E dV) - f O
 *   backward: gP = gO V',  d = sum(gO o O):  gV += E' (w gO),  gS = w E o (gP - d),
 *             gQ += gS K / sqrt(c),  gK += gS' Q / sqrt(c) */
#include "core/ops/ops.h"

#include <math.h>
#include <string.h>

/* 1 / log 2: exp(x) = 2^(x / log 2) */
#define POWERS_OF_TWO 1.4426950408889634

/* Row sums of E, and their inverses, up to here leave room for products with values. A row whose
 * largest score is not subtracted has a sum of at least 1 / SUM_MAX, beside which 2^-100, the least
 * that E may be, counts nothing. */
#define SUM_MAX ((adv_real)0x1p60)

/* Queries at a time: whole register tiles, and scores that stay in the L2 cache. */
#define BLOCK ((size_t)28)

struct geometry {
    size_t tokens, heads, channels; /* channels of one head */
    size_t in_stride, out_stride;   /* from one token to the next */
    size_t head_step, part_step;    /* within qkv: from head to head, and from q to k to v */
    size_t score_stride;
    adv_real scale, to_powers; /* of scores; the same for powers of two */
};

/* Scores lie an odd number of cache lines apart, so that the rows of a tile do not share a set of
 * the first cache. */
static size_t score_stride(size_t tokens)
{
    return ((tokens + 15) / 16 | 1) * 16;
}

static struct geometry geometry_of(const struct adv_signature *s)
{
    const struct adv_attention_attr *attr = s->attr;
    size_t all = s->in[0].channels / 3, channels = all / attr->heads;
    size_t tokens = s->in[0].height * s->in[0].width;
    double scale = 1 / sqrt((double)channels);
    return (struct geometry){
        .tokens = tokens,
        .heads = attr->heads,
        .channels = channels,
        .in_stride = 3 * all,
        .out_stride = all,
        .head_step = attr->interleaved ? 3 * channels : channels,
        .part_step = attr->interleaved ? channels : all,
        .score_stride = score_stride(tokens),
        .scale = (adv_real)scale,
        .to_powers = (adv_real)(scale * POWERS_OF_TWO),
    };
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_attention_attr *attr = s->attr;
    size_t in = s->in[0].channels, heads = attr ? attr->heads : 0;
    if (in == 0 || in % 3 != 0)
        return adv_fail(error, ADV_E_INVALID,
                        "attention: %zu channels of queries, keys and values together; it must be "
                        "a multiple of 3",
                        in);
    if (heads == 0 || in / 3 % heads != 0)
        return adv_fail(error, ADV_E_INVALID,
                        "attention: %zu heads; it must be a divisor of the %zu channels", heads,
                        in / 3);
    s->out_domain = s->domain[0];
    s->out = (struct adv_shape){in / 3, s->in[0].height, s->in[0].width};
    return ADV_OK;
}

/* ---- scratch: offsets of what a sweep keeps for one head and one block ---- */

struct space {
    size_t keys_across, values, /* panels of K' and V */
        keys, values_across,    /* panels of K and V' (backward) */
        moved_keys_across, moved_values;
    size_t queries, scores, slopes, weighted; /* blocks: scaled Q, E, then dS or gP, then w gO */
    size_t inverse, factor, shift, sum;
    size_t total;
};

/* The offset of n more elements, from a cache line on. */
static size_t take(struct space *space, size_t n)
{
    size_t offset = space->total;
    space->total += (n + 15) / 16 * 16;
    return offset;
}

/* The blocks' part comes first: products prefetch what lies behind their panels, and a thread that
 * asked for what another is writing would slow it down. */
static struct space space_of(const struct geometry *g, const struct adv_kernels *kernels,
                             enum adv_sweep sweep)
{
    struct space space = {0};
    size_t across = kernels->packed_size(g->tokens, g->channels);
    size_t along = kernels->packed_size(g->channels, g->tokens);
    space.queries = take(&space, BLOCK * g->channels);
    space.scores = take(&space, BLOCK * g->score_stride);
    if (sweep != ADV_FORWARD)
        space.slopes = take(&space, BLOCK * g->score_stride);
    if (sweep == ADV_BACKWARD)
        space.weighted = take(&space, BLOCK * g->channels);
    space.inverse = take(&space, BLOCK);
    space.factor = take(&space, BLOCK);
    space.shift = take(&space, BLOCK);
    space.sum = take(&space, BLOCK);
    if (sweep != ADV_BACKWARD)
        space.values = take(&space, along);
    if (sweep == ADV_TANGENT)
        space.moved_values = take(&space, along);
    if (sweep == ADV_BACKWARD) {
        space.values_across = take(&space, across);
        space.keys = take(&space, along);
    }
    space.keys_across = take(&space, across);
    if (sweep == ADV_TANGENT)
        space.moved_keys_across = take(&space, across);
    return space;
}

/* Up to here heads are better laid side by side than multiplied one by one, with panels that few
 * tokens do not fill, and together stay in the L2 cache. */
#define FEW_TOKENS ((size_t)32)
#define FEW_NUMBERS ((size_t)512) /* of a head's queries */

/* Does not depend on the number of rows, since both ways round otherwise; one row has to fill some
 * of the lanes. */
static bool has_few_tokens(const struct geometry *g)
{
    return g->heads > 1 && g->tokens <= FEW_TOKENS && g->tokens * g->channels <= FEW_NUMBERS;
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)rows;
    struct geometry g = geometry_of(s);
    if (has_few_tokens(&g))
        return kernels->heads_size(g.tokens, g.channels);
    return space_of(&g, kernels, sweep).total;
}

/* ---- one head of one row ---- */

enum part { QUERY, KEY, VALUE };

/* What the sweeps over heads share; in, d_in and g_in are at the row's first token and the head's
 * first query channel, out, d_out and g_out at the head's first channel. */
struct head {
    const struct adv_call *call;
    struct geometry g;
    struct space space;
    const adv_real *in, *out, *d_in, *g_out;
    adv_real *to;      /* out, d_out or g_in */
    adv_real *scratch; /* of this worker, for its blocks; panels are in the call's, for all */
    size_t n_parts;    /* in which the blocks are shared */
};

static adv_real *at(const struct head *h, size_t offset)
{
    return h->scratch + offset;
}

static adv_real *panels_at(const struct head *h, size_t offset)
{
    return h->call->scratch + offset;
}

static const adv_real *part_of(const struct head *h, const adv_real *qkv, enum part part)
{
    return qkv + (size_t)part * h->g.part_step;
}

/* Panels of a part of qkv for products with its transpose: sums over channels, a result a token. */
static void pack_across(const struct head *h, const adv_real *qkv, enum part part, size_t offset)
{
    h->call->kernels->pack(h->g.tokens, h->g.channels, part_of(h, qkv, part), h->g.in_stride, NULL,
                           panels_at(h, offset));
}

/* Panels for products with the part itself: sums over tokens, a result a channel. */
static void pack_along(const struct head *h, const adv_real *qkv, enum part part, size_t offset)
{
    struct adv_panels panels = {.w = part_of(h, qkv, part),
                                .run = h->g.tokens,
                                .n_runs = 1,
                                .output_stride = 1,
                                .stride = (ptrdiff_t)h->g.in_stride};
    h->call->kernels->pack_panels(h->g.channels, &panels, panels_at(h, offset));
}

/* scores [n][tokens] = start + x K', or x V', for rows x of a head's channels */
static void product_across(const struct head *h, size_t n, const adv_real *x, size_t stride,
                           size_t panels, enum adv_start start, adv_real *scores)
{
    struct adv_rows rows = adv_dense_rows(x, stride, h->g.channels);
    h->call->kernels->product_of_rows(n, h->g.tokens, rows, panels_at(h, panels), start, scores,
                                      h->g.score_stride);
}

/* y [n][channels] = start + scores K, or scores V */
static void product_along(const struct head *h, size_t n, const adv_real *scores, size_t panels,
                          enum adv_start start, adv_real *y, size_t y_stride)
{
    struct adv_rows rows = adv_dense_rows(scores, h->g.score_stride, h->g.tokens);
    h->call->kernels->product_of_rows(n, h->g.channels, rows, panels_at(h, panels), start, y,
                                      y_stride);
}

static void scale_queries(const struct head *h, size_t first, size_t n)
{
    const struct geometry *g = &h->g;
    const adv_real *q = part_of(h, h->in, QUERY) + first * g->in_stride;
    adv_real *scaled = at(h, h->space.queries);
    for (size_t r = 0; r < n; r++) {
        for (size_t c = 0; c < g->channels; c++)
            scaled[r * g->channels + c] = g->to_powers * q[r * g->in_stride + c];
    }
}

static void attend_with(const struct head *h, size_t n, bool from_largest)
{
    const struct geometry *g = &h->g;
    adv_real *scores = at(h, h->space.scores);
    product_across(h, n, at(h, h->space.queries), g->channels, h->space.keys_across, ADV_FROM_ZERO,
                   scores);
    h->call->kernels->exp_rows(n, g->tokens, from_largest, scores, g->score_stride,
                               at(h, h->space.inverse));
}

/* False for a NaN. */
static bool are_moderate(size_t n, const adv_real *x)
{
    bool all = true;
    for (size_t i = 0; i < n; i++)
        all = all && x[i] >= 1 / SUM_MAX && x[i] <= SUM_MAX;
    return all;
}

/* E and w of queries first ... first + n - 1. To find the rows' largest takes as long as E itself,
 * and few blocks need it. */
static void attend(const struct head *h, size_t first, size_t n)
{
    scale_queries(h, first, n);
    attend_with(h, n, false);
    if (!are_moderate(n, at(h, h->space.inverse)))
        attend_with(h, n, true);
}

/* What a sweep does with queries first ... first + n - 1. */
typedef void block_function(const struct head *h, size_t first, size_t n);

struct shared_blocks {
    const struct head *head;
    block_function *block;
};

static void do_part(void *context, size_t part, int worker)
{
    const struct shared_blocks *blocks = context;
    struct head h = *blocks->head;
    h.scratch = adv_call_scratch(h.call, worker);
    struct adv_range queries = adv_part(h.g.tokens, BLOCK, part, h.n_parts);
    for (size_t first = queries.begin; first < queries.end; first += BLOCK)
        blocks->block(&h, first, queries.end - first < BLOCK ? queries.end - first : BLOCK);
}

static void each_block(const struct head *h, block_function *block)
{
    struct shared_blocks blocks = {h, block};
    adv_call_share(h->call, h->n_parts, do_part, &blocks);
}

static void forward_block(const struct head *h, size_t first, size_t n)
{
    const struct geometry *g = &h->g;
    const adv_real *inverse = at(h, h->space.inverse);
    adv_real *out = h->to + first * g->out_stride;
    attend(h, first, n);
    product_along(h, n, at(h, h->space.scores), h->space.values, ADV_FROM_ZERO, out, g->out_stride);
    for (size_t r = 0; r < n; r++) {
        for (size_t c = 0; c < g->channels; c++)
            out[r * g->out_stride + c] *= inverse[r];
    }
}

static void forward_head(const struct head *h)
{
    pack_across(h, h->in, KEY, h->space.keys_across);
    pack_along(h, h->in, VALUE, h->space.values);
    each_block(h, forward_block);
}

static void tangent_block(const struct head *h, size_t first, size_t n)
{
    const struct geometry *g = &h->g;
    const struct space *space = &h->space;
    adv_real *slopes = at(h, space->slopes), *factor = at(h, space->factor);
    adv_real *shift = at(h, space->shift), *sum = at(h, space->sum);
    const adv_real *inverse = at(h, space->inverse), *out = h->out + first * g->out_stride;
    const adv_real *q = part_of(h, h->in, QUERY) + first * g->in_stride;
    const adv_real *dq = part_of(h, h->d_in, QUERY) + first * g->in_stride;
    adv_real *d_out = h->to + first * g->out_stride;
    attend(h, first, n);
    product_across(h, n, dq, g->in_stride, space->keys_across, ADV_FROM_ZERO, slopes);
    product_across(h, n, q, g->in_stride, space->moved_keys_across, ADV_FROM_OUTPUT, slopes);
    for (size_t r = 0; r < n; r++) {
        factor[r] = g->scale;
        shift[r] = 0;
    }
    h->call->kernels->weigh_rows(n, g->tokens, at(h, space->scores), g->score_stride, factor, shift,
                                 slopes, sum);
    product_along(h, n, slopes, space->values, ADV_FROM_ZERO, d_out, g->out_stride);
    product_along(h, n, at(h, space->scores), space->moved_values, ADV_FROM_OUTPUT, d_out,
                  g->out_stride);
    for (size_t r = 0; r < n; r++) {
        for (size_t c = 0, i = r * g->out_stride; c < g->channels; c++, i++)
            d_out[i] = inverse[r] * (d_out[i] - sum[r] * out[i]);
    }
}

static void begin_tangents(const struct head *h)
{
    pack_across(h, h->in, KEY, h->space.keys_across);
    pack_along(h, h->in, VALUE, h->space.values);
}

static void tangent_head(const struct head *h)
{
    pack_across(h, h->d_in, KEY, h->space.moved_keys_across);
    pack_along(h, h->d_in, VALUE, h->space.moved_values);
    each_block(h, tangent_block);
}

/* Per query: w gO, and the factor and shift that make gS / sqrt(c) of gP. */
static void weigh_adjoint(const struct head *h, size_t first, size_t n)
{
    const struct geometry *g = &h->g;
    const adv_real *inverse = at(h, h->space.inverse);
    adv_real *weighted = at(h, h->space.weighted);
    adv_real *factor = at(h, h->space.factor), *shift = at(h, h->space.shift);
    for (size_t r = 0; r < n; r++) {
        const adv_real *out = h->out + (first + r) * g->out_stride;
        const adv_real *g_out = h->g_out + (first + r) * g->out_stride;
        adv_real d = 0;
        for (size_t c = 0; c < g->channels; c++) {
            weighted[r * g->channels + c] = inverse[r] * g_out[c];
            d += g_out[c] * out[c];
        }
        factor[r] = g->scale * inverse[r];
        shift[r] = factor[r] * d;
    }
}

/* g_in's part += scores' b, for rows b [n] of a head's channels */
static void add_outer(const struct head *h, size_t n, const adv_real *scores, const adv_real *b,
                      size_t b_stride, enum part part)
{
    const struct geometry *g = &h->g;
    struct adv_outer outer = {.m = g->tokens,
                              .n = g->channels,
                              .run = n,
                              .n_runs = 1,
                              .a = scores,
                              .b = b,
                              .a_stride = g->score_stride,
                              .b_stride = b_stride,
                              .c = h->to + (size_t)part * g->part_step,
                              .c_stride = g->in_stride};
    h->call->kernels->outer(&outer);
}

static void backward_block(const struct head *h, size_t first, size_t n)
{
    const struct geometry *g = &h->g;
    const struct space *space = &h->space;
    adv_real *scores = at(h, space->scores), *slopes = at(h, space->slopes);
    const adv_real *q = part_of(h, h->in, QUERY) + first * g->in_stride;
    attend(h, first, n);
    weigh_adjoint(h, first, n);
    add_outer(h, n, scores, at(h, space->weighted), g->channels, VALUE);
    product_across(h, n, h->g_out + first * g->out_stride, g->out_stride, space->values_across,
                   ADV_FROM_ZERO, slopes);
    h->call->kernels->weigh_rows(n, g->tokens, scores, g->score_stride, at(h, space->factor),
                                 at(h, space->shift), slopes, at(h, space->sum));
    product_along(h, n, slopes, space->keys, ADV_FROM_OUTPUT, h->to + first * g->in_stride,
                  g->in_stride);
    add_outer(h, n, slopes, q, g->in_stride, KEY);
}

static void backward_head(const struct head *h)
{
    pack_across(h, h->in, KEY, h->space.keys_across);
    pack_across(h, h->in, VALUE, h->space.values_across);
    pack_along(h, h->in, KEY, h->space.keys);
    each_block(h, backward_block);
}

/* ---- sweeps ---- */

static size_t multiply_adds(const struct adv_signature *s)
{
    size_t tokens = s->out.height * s->out.width;
    return 2 * tokens * tokens * s->out.channels;
}

static struct adv_heads heads_of(const struct adv_call *call, const struct geometry *g)
{
    return (struct adv_heads){
        .n = call->rows * g->heads,
        .per_row = g->heads,
        .tokens = g->tokens,
        .channels = g->channels,
        .in_stride = g->in_stride,
        .head_step = g->head_step,
        .part_step = g->part_step,
        .out_stride = g->out_stride,
        .scale = g->scale,
    };
}

static void forward(const struct adv_call *call)
{
    struct head h = {.call = call, .g = geometry_of(call->signature)};
    if (has_few_tokens(&h.g)) {
        struct adv_heads heads = heads_of(call, &h.g);
        call->kernels->heads_forward(&heads, call->in[0], call->out, call->scratch);
        return;
    }
    h.n_parts = adv_call_threads(call, multiply_adds(call->signature) / h.g.heads);
    h.space = space_of(&h.g, call->kernels, ADV_FORWARD);
    for (size_t row = 0; row < call->rows; row++) {
        for (size_t i = 0; i < h.g.heads; i++) {
            h.in = call->in[0] + row * h.g.tokens * h.g.in_stride + i * h.g.head_step;
            h.to = call->out + row * h.g.tokens * h.g.out_stride + i * h.g.channels;
            forward_head(&h);
        }
    }
}

static void tangents_of_few(const struct adv_call *call, const struct geometry *g,
                            const struct adv_tangents *d)
{
    struct adv_heads heads = heads_of(call, g);
    struct adv_heads_tangents of_heads = {.n = d->n,
                                          .in = d->in[0],
                                          .in_stride = d->in_stride[0],
                                          .out = d->out,
                                          .out_stride = d->out_stride};
    call->kernels->heads_tangents(&heads, call->in[0], &of_heads, call->scratch);
}

static void tangents(const struct adv_call *call, const struct adv_tangents *d)
{
    struct head h = {.call = call, .g = geometry_of(call->signature)};
    if (has_few_tokens(&h.g)) {
        tangents_of_few(call, &h.g, d);
        return;
    }
    h.n_parts = adv_call_threads(call, 2 * multiply_adds(call->signature) / h.g.heads);
    h.space = space_of(&h.g, call->kernels, ADV_TANGENT);
    for (size_t row = 0; row < call->rows; row++) {
        for (size_t i = 0; i < h.g.heads; i++) {
            size_t in = row * h.g.tokens * h.g.in_stride + i * h.g.head_step;
            size_t out = row * h.g.tokens * h.g.out_stride + i * h.g.channels;
            h.in = call->in[0] + in;
            h.out = call->out + out;
            begin_tangents(&h);
            for (size_t k = 0; k < d->n; k++) {
                h.d_in = adv_tangent_in(d, k, 0) + in;
                h.to = adv_tangent_out(d, k) + out;
                tangent_head(&h);
            }
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    struct head h = {.call = call, .g = geometry_of(call->signature), .n_parts = 1};
    if (has_few_tokens(&h.g)) {
        struct adv_heads heads = heads_of(call, &h.g);
        call->kernels->heads_backward(&heads, call->in[0], g_out, g_in[0], call->scratch);
        return;
    }
    h.space = space_of(&h.g, call->kernels, ADV_BACKWARD);
    for (size_t row = 0; row < call->rows; row++) {
        for (size_t i = 0; i < h.g.heads; i++) {
            size_t in = row * h.g.tokens * h.g.in_stride + i * h.g.head_step;
            size_t out = row * h.g.tokens * h.g.out_stride + i * h.g.channels;
            h.in = call->in[0] + in;
            h.out = call->out + out;
            h.g_out = g_out + out;
            h.to = g_in[0] + in;
            backward_head(&h);
        }
    }
}

const struct adv_op adv_op_attention = {
    .name = "attention",
    .n_inputs = 1,
    .attr_bytes = sizeof(struct adv_attention_attr),
    .infer = infer,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0) | ADV_READS_OUTPUT,
    .backward_reads = ADV_READS_INPUT(0) | ADV_READS_OUTPUT,
    .scratch_size = scratch_size,
    .multiply_adds = multiply_adds,
};
