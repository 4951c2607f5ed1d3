/* Fourier features of the C channels of every pixel x, channels last, with octaves o_0, ...,
 * o_{F-1}:
 *     y = [x, sin(2 pi 2^o_f x_c), cos(2 pi 2^o_f x_c)]   of (1 + 2F) C channels
 * sines, and then cosines, by channel c and within that by octave f: Meta's
 * base2_fourier_features (flow_matching, after Kingma et al. 2021, variational diffusion models).
 * Phases are counted in turns, 2^o x, so that no bit is lost however high the octave. The
 * derivatives follow from the output: d sin = w cos dx, d cos = -w sin dx. */
#include "core/ops/ops.h"

#include <math.h>
#include <string.h>

#define BLOCK 256         /* sines made in one call, on the stack */
#define HIGHEST_OCTAVE 16 /* beyond, a float's own rounding is the phase */

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_pixel_fourier_attr *attr = s->attr;
    if (!attr || attr->n_octaves == 0)
        return adv_fail(error, ADV_E_INVALID, "pixel_fourier: needs at least one octave");
    if (attr->first_octave > HIGHEST_OCTAVE ||
        attr->n_octaves > HIGHEST_OCTAVE + 1 - attr->first_octave)
        return adv_fail(error, ADV_E_INVALID,
                        "pixel_fourier: %zu octaves from the %zuth on; the highest is the %dth",
                        attr->n_octaves, attr->first_octave, HIGHEST_OCTAVE);
    s->out_domain = s->domain[0];
    s->out = s->in[0];
    s->out.channels = (1 + 2 * attr->n_octaves) * s->in[0].channels;
    return ADV_OK;
}

static size_t pixels_of(const struct adv_call *call)
{
    return call->rows * call->signature->out.height * call->signature->out.width;
}

static adv_real turns_per_unit(const struct adv_pixel_fourier_attr *attr, size_t f)
{
    return (adv_real)ldexp(1, (int)(attr->first_octave + f));
}

static adv_real angular(const struct adv_pixel_fourier_attr *attr, size_t f)
{
    return (adv_real)(2 * M_PI) * turns_per_unit(attr, f);
}

/* Sines and cosines of `count` features of the batch from `first` on, counted pixel by pixel. */
static void features(const struct adv_call *call, size_t first, size_t count)
{
    const struct adv_pixel_fourier_attr *attr = call->signature->attr;
    size_t octaves = attr->n_octaves, channels = call->signature->in[0].channels;
    size_t n_sines = channels * octaves, n = call->signature->out.channels;
    adv_real turns[BLOCK] = {0}, sine[BLOCK], cosine[BLOCK];
    for (size_t i = 0; i < count; i++)
        turns[i] = call->in[0][(first + i) / octaves] * turns_per_unit(attr, (first + i) % octaves);
    call->kernels->sin_cos_turns(count, turns, sine, cosine);
    for (size_t i = 0; i < count; i++) {
        adv_real *y = call->out + (first + i) / n_sines * n + channels + (first + i) % n_sines;
        y[0] = sine[i];
        y[n_sines] = cosine[i];
    }
}

static void forward(const struct adv_call *call)
{
    const struct adv_pixel_fourier_attr *attr = call->signature->attr;
    size_t channels = call->signature->in[0].channels, n = call->signature->out.channels;
    size_t pixels = pixels_of(call), n_features = pixels * channels * attr->n_octaves;
    for (size_t p = 0; p < pixels; p++)
        memcpy(call->out + p * n, call->in[0] + p * channels, channels * sizeof *call->out);
    for (size_t first = 0; first < n_features; first += BLOCK)
        features(call, first, n_features - first < BLOCK ? n_features - first : BLOCK);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    const struct adv_pixel_fourier_attr *attr = call->signature->attr;
    size_t channels = call->signature->in[0].channels, n = call->signature->out.channels;
    size_t octaves = attr->n_octaves, n_sines = channels * octaves;
    for (size_t p = 0, pixels = pixels_of(call); p < pixels; p++) {
        const adv_real *dx = d_in[0] + p * channels;
        const adv_real *sine = call->out + p * n + channels, *cosine = sine + n_sines;
        adv_real *dy = d_out + p * n;
        memcpy(dy, dx, channels * sizeof *dy);
        for (size_t i = 0; i < n_sines; i++) {
            adv_real w_dx = angular(attr, i % octaves) * dx[i / octaves];
            dy[channels + i] = w_dx * cosine[i];
            dy[channels + n_sines + i] = -w_dx * sine[i];
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    const struct adv_pixel_fourier_attr *attr = call->signature->attr;
    size_t channels = call->signature->in[0].channels, n = call->signature->out.channels;
    size_t octaves = attr->n_octaves, n_sines = channels * octaves;
    for (size_t p = 0, pixels = pixels_of(call); p < pixels; p++) {
        const adv_real *sine = call->out + p * n + channels, *cosine = sine + n_sines;
        const adv_real *g = g_out + p * n, *g_sine = g + channels, *g_cosine = g_sine + n_sines;
        adv_real *gx = g_in[0] + p * channels;
        for (size_t c = 0; c < channels; c++)
            gx[c] += g[c];
        for (size_t i = 0; i < n_sines; i++)
            gx[i / octaves] +=
                angular(attr, i % octaves) * (g_sine[i] * cosine[i] - g_cosine[i] * sine[i]);
    }
}

const struct adv_op adv_op_pixel_fourier = {
    .name = "pixel_fourier",
    .n_inputs = 1,
    .attr_bytes = sizeof(struct adv_pixel_fourier_attr),
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_OUTPUT,
    .backward_reads = ADV_READS_OUTPUT,
};
