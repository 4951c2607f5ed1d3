/* Group normalisation of images [P pixels][C channels], each group of C / G channels over its
 * channels and all pixels (Wu and He 2018), eps = 1e-5:
 *     h = (x - mean) / sqrt(variance + eps),  z = gain h + bias,  y = z or silu(z)
 *     group_norm         gain = weight,              bias = bias
 *     scale_shift_norm   gain = weight (1 + scale),  bias = bias (1 + scale) + shift
 * where [scale, shift] is a condition's vector [2 C], as in guided-diffusion.
 *
 * With r = 1 / sqrt(variance + eps), the mean over a group written E, g_z = silu'(z) g_y:
 *     dz  = gain r (dx - E[dx] - h E[h dx]) + h d_gain + d_bias
 *     g_x = r (gain g_z - E[gain g_z] - h E[h gain g_z]),   g_gain = sum h g_z,   g_bias = sum g_z
 * so that each sweep sums over pixels by channel, combines the channels of a group in double, and
 * mixes x - mean and a derivative with a coefficient per channel. The mean is found first and the
 * variance about it, since sums of squares cancel where the mean is large. */
#include "core/ops/ops.h"

#include <math.h>

#define EPSILON 1e-5

/* One row's coefficients per channel, in scratch. */
struct work {
    size_t pixels, channels, groups;
    adv_real *center;   /* the mean of the channel's group */
    adv_real *inverse;  /* r */
    adv_real *gain;     /* gain r, of x - center */
    adv_real *bias;     /* of z */
    adv_real *sums;     /* over pixels */
    adv_real *products; /* sums of products with x - center */
    adv_real *mix;      /* [3 C]: coefficients of a derivative, of x - center, and a constant */
    adv_real *gz;       /* [P][C], in backward through silu */
};
#define VECTORS_OF_WORK 9

static const struct adv_group_norm_attr *attr_of(const struct adv_signature *s)
{
    return s->attr;
}

static enum adv_status check(const char *op, const struct adv_signature *s, struct adv_error *error)
{
    size_t channels = s->in[0].channels, groups = s->attr ? attr_of(s)->groups : 0;
    if (groups == 0 || channels % groups != 0)
        return adv_fail(error, ADV_E_INVALID, "%s: %zu channels do not make %zu equal groups", op,
                        channels, groups);
    if (s->n_params != 2 || s->param[0][0] != channels || s->param[1][0] != channels)
        return adv_fail(error, ADV_E_INVALID, "%s: needs a weight and a bias of %zu elements", op,
                        channels);
    return ADV_OK;
}

static enum adv_status infer_norm(struct adv_signature *s, struct adv_error *error)
{
    enum adv_status status = check("group_norm", s, error);
    return status == ADV_OK ? adv_infer_like_input(s, error) : status;
}

static enum adv_status infer_scale_shift(struct adv_signature *s, struct adv_error *error)
{
    enum adv_status status = check("scale_shift_norm", s, error);
    if (status != ADV_OK)
        return status;
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION ||
        adv_shape_size(s->in[1]) != 2 * s->in[0].channels)
        return adv_fail(error, ADV_E_INVALID,
                        "scale_shift_norm: rows of %zu channels and conditions of %zu elements; "
                        "it takes rows of C and conditions of 2 C",
                        s->in[0].channels, adv_shape_size(s->in[1]));
    return adv_infer_like_input(s, error);
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)kernels;
    (void)rows;
    bool through_silu = sweep == ADV_BACKWARD && attr_of(s)->silu;
    return VECTORS_OF_WORK * s->in[0].channels + (through_silu ? adv_shape_size(s->in[0]) : 0);
}

static struct work work_in_scratch(const struct adv_call *call)
{
    const struct adv_signature *s = call->signature;
    size_t channels = s->in[0].channels;
    adv_real *at = call->scratch;
    return (struct work){.pixels = s->in[0].height * s->in[0].width,
                         .channels = channels,
                         .groups = attr_of(s)->groups,
                         .center = at,
                         .inverse = at + channels,
                         .gain = at + 2 * channels,
                         .bias = at + 3 * channels,
                         .sums = at + 4 * channels,
                         .products = at + 5 * channels,
                         .mix = at + 6 * channels,
                         .gz = at + VECTORS_OF_WORK * channels};
}

static struct adv_norm as_kernels_take(const struct adv_call *call, const struct work *work)
{
    return (struct adv_norm){.pixels = work->pixels,
                             .channels = work->channels,
                             .center = work->center,
                             .gain = work->gain,
                             .bias = work->bias,
                             .silu = attr_of(call->signature)->silu};
}

/* The condition's [scale, shift] of row r in `conditions`, or NULL where there are none. */
static const adv_real *scale_shift(const struct adv_call *call, const adv_real *conditions,
                                   size_t r)
{
    if (call->signature->n_inputs < 2 || !conditions)
        return NULL;
    return conditions + (size_t)call->row_map[r] * 2 * call->signature->in[0].channels;
}

/* The mean over group k of what `sums` holds per channel. */
static double group_mean(const struct work *work, const adv_real *sums, size_t k)
{
    size_t width = work->channels / work->groups;
    double sum = 0;
    for (size_t c = k * width; c < (k + 1) * width; c++)
        sum += (double)sums[c];
    return sum / (double)(width * work->pixels);
}

static void fill(size_t n, adv_real value, adv_real *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = value;
}

static void find_statistics(const struct adv_call *call, const struct work *work, const adv_real *x)
{
    size_t width = work->channels / work->groups;
    call->kernels->channel_sums(work->pixels, work->channels, x, work->sums);
    for (size_t k = 0; k < work->groups; k++)
        fill(width, (adv_real)group_mean(work, work->sums, k), work->center + k * width);
    call->kernels->channel_moments(work->pixels, work->channels, x, work->center, NULL, work->sums,
                                   work->products);
    for (size_t k = 0; k < work->groups; k++) {
        double off = group_mean(work, work->sums, k);
        double variance = group_mean(work, work->products, k) - off * off;
        fill(width, (adv_real)((double)work->center[k * width] + off), work->center + k * width);
        fill(width, (adv_real)(1 / sqrt(variance + EPSILON)), work->inverse + k * width);
    }
}

/* Everything of row r that forward needs, and derivatives start from. */
static struct adv_norm norm_of_row(const struct adv_call *call, const struct work *work, size_t r,
                                   const adv_real *x)
{
    const adv_real *given = scale_shift(call, call->in[1], r);
    const adv_real *weight = call->param[0], *bias = call->param[1];
    find_statistics(call, work, x);
    for (size_t c = 0; c < work->channels; c++) {
        adv_real scale = given ? 1 + given[c] : 1, shift = given ? given[work->channels + c] : 0;
        work->gain[c] = scale * weight[c] * work->inverse[c];
        work->bias[c] = scale * bias[c] + shift;
    }
    return as_kernels_take(call, work);
}

static void forward(const struct adv_call *call)
{
    struct work work = work_in_scratch(call);
    size_t n = work.pixels * work.channels;
    for (size_t r = 0; r < call->rows; r++) {
        struct adv_norm norm = norm_of_row(call, &work, r, call->in[0] + r * n);
        call->kernels->normalise(&norm, call->in[0] + r * n, call->out + r * n);
    }
}

/* What dx does: alpha dx + beta (x - center) + gamma. */
static void mix_tangent(const struct work *work)
{
    size_t width = work->channels / work->groups;
    adv_real *alpha = work->mix, *beta = alpha + work->channels, *gamma = beta + work->channels;
    for (size_t k = 0; k < work->groups; k++) {
        double mean = group_mean(work, work->sums, k);
        double with_x = group_mean(work, work->products, k);
        for (size_t c = k * width; c < (k + 1) * width; c++) {
            double gain = (double)work->gain[c], inverse = (double)work->inverse[c];
            alpha[c] = work->gain[c];
            beta[c] = (adv_real)(-gain * inverse * inverse * with_x);
            gamma[c] = (adv_real)(-gain * mean);
        }
    }
}

static void tangent_of_row(const struct adv_call *call, const struct work *work,
                           const struct adv_norm *norm, const adv_real *x, const adv_real *dx,
                           const adv_real *d_given, adv_real *dy)
{
    const adv_real *weight = call->param[0], *bias = call->param[1];
    if (dx) {
        call->kernels->channel_moments(work->pixels, work->channels, x, work->center, dx,
                                       work->sums, work->products);
        mix_tangent(work);
    } else {
        for (size_t c = 0; c < 3 * work->channels; c++)
            work->mix[c] = 0;
    }
    for (size_t c = 0; d_given && c < work->channels; c++) {
        work->mix[work->channels + c] += d_given[c] * weight[c] * work->inverse[c];
        work->mix[2 * work->channels + c] += d_given[c] * bias[c] + d_given[work->channels + c];
    }
    call->kernels->normalise_tangent(norm, x, dx ? dx : x, work->mix, dy);
}

static void tangents(const struct adv_call *call, const struct adv_tangents *d)
{
    struct work work = work_in_scratch(call);
    size_t n = work.pixels * work.channels;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *x = call->in[0] + r * n;
        struct adv_norm norm = norm_of_row(call, &work, r, x);
        for (size_t k = 0; k < d->n; k++) {
            const adv_real *dx = adv_tangent_in(d, k, 0);
            tangent_of_row(call, &work, &norm, x, dx ? dx + r * n : NULL,
                           scale_shift(call, adv_tangent_in(d, k, 1), r),
                           adv_tangent_out(d, k) + r * n);
        }
    }
}

/* g_z, with its sums over pixels in work. */
static const adv_real *through_silu(const struct adv_call *call, const struct work *work,
                                    const struct adv_norm *norm, const adv_real *x,
                                    const adv_real *g)
{
    if (norm->silu) {
        call->kernels->normalise_slope(norm, x, g, work->gz, work->sums, work->products);
        return work->gz;
    }
    call->kernels->channel_moments(work->pixels, work->channels, x, work->center, g, work->sums,
                                   work->products);
    return g;
}

/* Adjoints of weight, bias, and [scale, shift] (each where wanted) from the sums of g_z. */
static void to_coefficients(const struct adv_call *call, const struct work *work, size_t r,
                            adv_real *g_given, adv_real *const *g_param)
{
    const adv_real *given = scale_shift(call, call->in[1], r);
    for (size_t c = 0; c < work->channels; c++) {
        adv_real g_gain = work->inverse[c] * work->products[c], g_bias = work->sums[c];
        adv_real scale = given ? 1 + given[c] : 1;
        if (g_param[0])
            g_param[0][c] += scale * g_gain;
        if (g_param[1])
            g_param[1][c] += scale * g_bias;
        if (g_given) {
            g_given[c] += call->param[0][c] * g_gain + call->param[1][c] * g_bias;
            g_given[work->channels + c] += g_bias;
        }
    }
}

/* What g_z does to g_x: alpha g_z + beta (x - center) + gamma. gain holds gain r. */
static void mix_adjoint(const struct work *work)
{
    size_t width = work->channels / work->groups;
    adv_real *alpha = work->mix, *beta = alpha + work->channels, *gamma = beta + work->channels;
    for (size_t k = 0; k < work->groups; k++) {
        double sum = 0, with_x = 0, elements = (double)(width * work->pixels);
        for (size_t c = k * width; c < (k + 1) * width; c++) {
            sum += (double)work->gain[c] * (double)work->sums[c];
            with_x += (double)work->gain[c] * (double)work->products[c];
        }
        for (size_t c = k * width; c < (k + 1) * width; c++) {
            double inverse = (double)work->inverse[c];
            alpha[c] = work->gain[c];
            beta[c] = (adv_real)(-inverse * inverse * with_x / elements);
            gamma[c] = (adv_real)(-sum / elements);
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    struct work work = work_in_scratch(call);
    size_t n = work.pixels * work.channels;
    bool with_conditions = call->signature->n_inputs == 2 && g_in[1];
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *x = call->in[0] + r * n;
        struct adv_norm norm = norm_of_row(call, &work, r, x);
        const adv_real *gz = through_silu(call, &work, &norm, x, g_out + r * n);
        adv_real *g_given =
            with_conditions ? g_in[1] + (size_t)call->row_map[r] * 2 * work.channels : NULL;
        to_coefficients(call, &work, r, g_given, g_param);
        if (!g_in[0])
            continue;
        mix_adjoint(&work);
        call->kernels->normalise_backward(&norm, x, gz, work.mix, g_in[0] + r * n);
    }
}

const struct adv_op adv_op_group_norm = {
    .name = "group_norm",
    .n_inputs = 1,
    .n_params = 2,
    .attr_bytes = sizeof(struct adv_group_norm_attr),
    .infer = infer_norm,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0),
    .backward_reads = ADV_READS_INPUT(0),
    .in_place = true,
    .scratch_size = scratch_size,
};

const struct adv_op adv_op_scale_shift_norm = {
    .name = "scale_shift_norm",
    .n_inputs = 2,
    .n_params = 2,
    .attr_bytes = sizeof(struct adv_group_norm_attr),
    .infer = infer_scale_shift,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .backward_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .in_place = true,
    .scratch_size = scratch_size,
};
