/* Layer normalisation of tokens (pixels) [P][C], each over its own channels, scaled and shifted by
 * a condition's vector [scale, shift] of 2 C (Ba et al. 2016; Peebles and Xie 2023, adaLN):
 *
 *     h = (x - mean) r,  r = 1 / sqrt(variance + 1e-5),  y = (1 + scale) h + shift
 *
 * With E the mean over a token's channels and g_h = (1 + scale) g_y:
 *
 *     dy  = (1 + scale) r (dx - E[dx] - h E[h dx]) + h d_scale + d_shift
 *     g_x = r (g_h - E[g_h] - h E[h g_h]),   g_scale = sum h g_y,   g_shift = sum g_y */
#include "core/ops/ops.h"

#include <string.h>

#define EPSILON 1e-5

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION ||
        adv_shape_size(s->in[1]) != 2 * s->in[0].channels)
        return adv_fail(error, ADV_E_INVALID,
                        "token_norm: rows of %zu channels and conditions of %zu elements; it takes "
                        "rows of C and conditions of 2 C",
                        s->in[0].channels, adv_shape_size(s->in[1]));
    return adv_infer_like_input(s, error);
}

/* The tokens of one row, and the vector of its condition. */
struct row {
    size_t tokens, channels, at; /* at: of its first element among those of all rows */
    const adv_real *scale, *shift;
    adv_real *inverse, *h, *slope; /* scratch: r of each token, h, and a derivative of it */
};

static struct row row_of(const struct adv_call *call, size_t r)
{
    const struct adv_shape *in = &call->signature->in[0];
    size_t tokens = in->height * in->width, c = in->channels;
    const adv_real *given = call->in[1] + (size_t)call->row_map[r] * 2 * c;
    adv_real *h = call->scratch + tokens;
    return (struct row){.tokens = tokens,
                        .channels = c,
                        .at = r * tokens * c,
                        .scale = given,
                        .shift = given + c,
                        .inverse = call->scratch,
                        .h = h,
                        .slope = h + tokens * c};
}

/* h and r of the tokens x. */
static void standardise(const struct adv_call *call, const struct row *row, adv_real *h)
{
    call->kernels->standardise_rows(row->tokens, row->channels, (adv_real)EPSILON,
                                    call->in[0] + row->at, h, row->inverse);
}

static void forward(const struct adv_call *call)
{
    for (size_t r = 0; r < call->rows; r++) {
        struct row row = row_of(call, r);
        adv_real *y = call->out + row.at;
        standardise(call, &row, y);
        for (size_t k = 0; k < row.tokens; k++, y += row.channels) {
            for (size_t i = 0; i < row.channels; i++)
                y[i] = (1 + row.scale[i]) * y[i] + row.shift[i];
        }
    }
}

/* dh of dx, or zeros for NULL, into row->slope. */
static void slope_of(const struct adv_call *call, const struct row *row, const adv_real *dx)
{
    if (dx)
        call->kernels->standardise_rows_slope(row->tokens, row->channels, row->h, row->inverse, dx,
                                              row->slope);
    else
        memset(row->slope, 0, row->tokens * row->channels * sizeof *row->slope);
}

/* dy from row->slope and the tangent of the condition's vector, which may be NULL. */
static void scale_slope(const struct row *row, const adv_real *given, adv_real *dy)
{
    for (size_t k = 0; k < row->tokens; k++, dy += row->channels) {
        const adv_real *h = row->h + k * row->channels, *dh = row->slope + k * row->channels;
        for (size_t i = 0; i < row->channels; i++)
            dy[i] = (1 + row->scale[i]) * dh[i] +
                    (given ? h[i] * given[i] + given[row->channels + i] : 0);
    }
}

static void tangents(const struct adv_call *call, const struct adv_tangents *d)
{
    for (size_t r = 0; r < call->rows; r++) {
        struct row row = row_of(call, r);
        standardise(call, &row, row.h);
        for (size_t k = 0; k < d->n; k++) {
            const adv_real *dx = adv_tangent_in(d, k, 0), *given = adv_tangent_in(d, k, 1);
            slope_of(call, &row, dx ? dx + row.at : NULL);
            scale_slope(&row, given ? given + (row.scale - call->in[1]) : NULL,
                        adv_tangent_out(d, k) + row.at);
        }
    }
}

/* Adjoints of a condition's scale and shift from those of a row's y. */
static void add_to_condition(const struct row *row, const adv_real *g, adv_real *given)
{
    for (size_t k = 0; k < row->tokens; k++, g += row->channels) {
        const adv_real *h = row->h + k * row->channels;
        for (size_t i = 0; i < row->channels; i++) {
            given[i] += h[i] * g[i];
            given[row->channels + i] += g[i];
        }
    }
}

static void add_to_input(const struct adv_call *call, const struct row *row, const adv_real *g,
                         adv_real *gx)
{
    size_t n = row->tokens * row->channels;
    for (size_t at = 0; at < n; at += row->channels) {
        for (size_t i = 0; i < row->channels; i++)
            row->slope[at + i] = (1 + row->scale[i]) * g[at + i];
    }
    call->kernels->standardise_rows_slope(row->tokens, row->channels, row->h, row->inverse,
                                          row->slope, row->slope);
    for (size_t i = 0; i < n; i++)
        gx[i] += row->slope[i];
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    for (size_t r = 0; r < call->rows; r++) {
        struct row row = row_of(call, r);
        standardise(call, &row, row.h);
        if (g_in[1])
            add_to_condition(&row, g_out + row.at, g_in[1] + (row.scale - call->in[1]));
        if (g_in[0])
            add_to_input(call, &row, g_out + row.at, g_in[0] + row.at);
    }
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)kernels;
    (void)rows;
    size_t tokens = s->in[0].height * s->in[0].width;
    return tokens + (sweep == ADV_FORWARD ? 0 : 2 * adv_shape_size(s->in[0]));
}

const struct adv_op adv_op_token_norm = {
    .name = "token_norm",
    .n_inputs = 2,
    .infer = infer,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .backward_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .in_place = true,
    .scratch_size = scratch_size,
};
