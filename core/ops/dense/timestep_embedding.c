/* The embedding of a time t in C numbers, half = floor(C / 2):
 *     y = [cos(w_0 t), ..., cos(w_{half-1} t), sin(w_0 t), ..., sin(w_{half-1} t), 0 if C is odd]
 *     w_i = 10000^(-i / half)
 * as in guided-diffusion's timestep_embedding (Dhariwal and Nichol 2021). It runs once per
 * condition, so it takes the C library's functions, in double. */
#include "core/ops/ops.h"

#include <math.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_timestep_embedding_attr *attr = s->attr;
    if (!attr || attr->channels < 2)
        return adv_fail(error, ADV_E_INVALID, "timestep_embedding: needs at least two channels");
    if (adv_shape_size(s->in[0]) != 1)
        return adv_fail(error, ADV_E_INVALID,
                        "timestep_embedding: %zu times in a row; it takes one",
                        adv_shape_size(s->in[0]));
    s->out_domain = s->domain[0];
    s->out = adv_shape_flat(attr->channels);
    return ADV_OK;
}

static double frequency(size_t i, size_t half)
{
    return exp(-log(10000) * (double)i / (double)half);
}

static void forward(const struct adv_call *call)
{
    size_t channels = adv_shape_size(call->signature->out), half = channels / 2;
    for (size_t r = 0; r < call->rows; r++) {
        adv_real *y = call->out + r * channels;
        for (size_t i = 0; i < half; i++) {
            double angle = (double)call->in[0][r] * frequency(i, half);
            y[i] = (adv_real)cos(angle);
            y[half + i] = (adv_real)sin(angle);
        }
        if (channels % 2)
            y[channels - 1] = 0;
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    size_t channels = adv_shape_size(call->signature->out), half = channels / 2;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *y = call->out + r * channels;
        adv_real *dy = d_out + r * channels;
        for (size_t i = 0; i < half; i++) {
            adv_real d_angle = d_in[0][r] * (adv_real)frequency(i, half);
            dy[i] = -y[half + i] * d_angle;
            dy[half + i] = y[i] * d_angle;
        }
        if (channels % 2)
            dy[channels - 1] = 0;
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    size_t channels = adv_shape_size(call->signature->out), half = channels / 2;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *y = call->out + r * channels, *g = g_out + r * channels;
        for (size_t i = 0; i < half; i++)
            g_in[0][r] += (adv_real)frequency(i, half) * (y[i] * g[half + i] - y[half + i] * g[i]);
    }
}

const struct adv_op adv_op_timestep_embedding = {
    .name = "timestep_embedding",
    .n_inputs = 1,
    .attr_bytes = sizeof(struct adv_timestep_embedding_attr),
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_OUTPUT,
    .backward_reads = ADV_READS_OUTPUT,
};
