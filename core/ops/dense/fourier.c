/* Fourier features of a row x [d] with F frequencies w_f:
 *     y = [x, sin(w_0 x), ..., sin(w_{F-1} x), cos(w_0 x), ..., cos(w_{F-1} x)]   of (1 + 2F) d
 * elements w_f = pi 2^(f-1) (octaves: for positions) or pi (f+1) (harmonics: for times). The
 * derivatives follow from the output: d sin = w cos dx, d cos = -w sin dx. */
#include "core/ops/ops.h"

#include <math.h>
#include <string.h>

#define BLOCK 256 /* elements whose sines are made in one call, on the stack */

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_fourier_attr *attr = s->attr;
    if (!attr || attr->n_frequencies == 0)
        return adv_fail(error, ADV_E_INVALID, "fourier: needs at least one frequency");
    s->out_domain = s->domain[0];
    s->out = adv_shape_flat((1 + 2 * attr->n_frequencies) * adv_shape_size(s->in[0]));
    return ADV_OK;
}

/* w_f / (2 pi), exact in binary: a position's phase in turns loses no bit. */
static adv_real turns_per_unit(const struct adv_fourier_attr *attr, size_t f)
{
    return attr->octaves ? (adv_real)ldexp(1, (int)f - 2) : (adv_real)(f + 1) / 2;
}

static adv_real angular(const struct adv_fourier_attr *attr, size_t f)
{
    return (adv_real)(2 * M_PI) * turns_per_unit(attr, f);
}

static void features_of_row(const struct adv_call *call, const adv_real *x, size_t d, adv_real *y)
{
    const struct adv_fourier_attr *attr = call->signature->attr;
    size_t n_sines = attr->n_frequencies * d;
    adv_real turns[BLOCK];
    memcpy(y, x, d * sizeof *y);
    for (size_t begin = 0; begin < n_sines; begin += BLOCK) {
        size_t length = n_sines - begin < BLOCK ? n_sines - begin : BLOCK;
        for (size_t i = 0; i < length; i++)
            turns[i] = x[(begin + i) % d] * turns_per_unit(attr, (begin + i) / d);
        call->kernels->sin_cos_turns(length, turns, y + d + begin, y + d + n_sines + begin);
    }
}

static void forward(const struct adv_call *call)
{
    size_t d = adv_shape_size(call->signature->in[0]), n = adv_shape_size(call->signature->out);
    for (size_t r = 0; r < call->rows; r++)
        features_of_row(call, call->in[0] + r * d, d, call->out + r * n);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    const struct adv_fourier_attr *attr = call->signature->attr;
    size_t d = adv_shape_size(call->signature->in[0]), n = adv_shape_size(call->signature->out);
    size_t n_sines = attr->n_frequencies * d;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *dx = d_in[0] + r * d;
        const adv_real *sine = call->out + r * n + d, *cosine = sine + n_sines;
        adv_real *dy = d_out + r * n;
        memcpy(dy, dx, d * sizeof *dy);
        for (size_t i = 0; i < n_sines; i++) {
            adv_real w_dx = angular(attr, i / d) * dx[i % d];
            dy[d + i] = w_dx * cosine[i];
            dy[d + n_sines + i] = -w_dx * sine[i];
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    const struct adv_fourier_attr *attr = call->signature->attr;
    size_t d = adv_shape_size(call->signature->in[0]), n = adv_shape_size(call->signature->out);
    size_t n_sines = attr->n_frequencies * d;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *sine = call->out + r * n + d, *cosine = sine + n_sines;
        const adv_real *g = g_out + r * n;
        adv_real *gx = g_in[0] + r * d;
        for (size_t i = 0; i < d; i++)
            gx[i] += g[i];
        for (size_t i = 0; i < n_sines; i++)
            gx[i % d] +=
                angular(attr, i / d) * (g[d + i] * cosine[i] - g[d + n_sines + i] * sine[i]);
    }
}

const struct adv_op adv_op_fourier = {
    .name = "fourier",
    .n_inputs = 1,
    .attr_bytes = sizeof(struct adv_fourier_attr),
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_OUTPUT,
    .backward_reads = ADV_READS_OUTPUT,
};
