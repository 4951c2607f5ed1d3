/* Angles on circles as points of the plane, so that what is made of them is periodic. Of a row
 * x [d] whose columns c_0 ... c_(m-1) are angles:
 *     y = [x with sin x_c in the place of x_c, cos x_(c_0), ..., cos x_(c_(m-1))]   of d + m
 * The derivatives follow from the output: d sin = cos dx, d cos = -sin dx. */
#include "core/ops/ops.h"

#include <math.h>
#include <string.h>

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_circles *circles = s->attr;
    size_t d = adv_shape_size(s->in[0]);
    if (!circles || circles->n == 0 || circles->n > ADV_CIRCLES_MAX)
        return adv_fail(error, ADV_E_INVALID, "circular: needs 1 to %d columns", ADV_CIRCLES_MAX);
    for (size_t i = 0; i < circles->n; i++) {
        if (circles->columns[i] >= d || (i > 0 && circles->columns[i] <= circles->columns[i - 1]))
            return adv_fail(error, ADV_E_INVALID, "circular: columns must ascend below %zu", d);
    }
    s->out_domain = s->domain[0];
    s->out = adv_shape_flat(d + circles->n);
    return ADV_OK;
}

static void forward(const struct adv_call *call)
{
    const struct adv_circles *circles = call->signature->attr;
    size_t d = adv_shape_size(call->signature->in[0]), n = d + circles->n;
    adv_real turns[ADV_CIRCLES_MAX], sines[ADV_CIRCLES_MAX];
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *x = call->in[0] + r * d;
        adv_real *y = call->out + r * n;
        memcpy(y, x, d * sizeof *y);
        for (size_t i = 0; i < circles->n; i++)
            turns[i] = x[circles->columns[i]] * (adv_real)(0.5 / M_PI);
        call->kernels->sin_cos_turns(circles->n, turns, sines, y + d);
        for (size_t i = 0; i < circles->n; i++)
            y[circles->columns[i]] = sines[i];
    }
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    const struct adv_circles *circles = call->signature->attr;
    size_t d = adv_shape_size(call->signature->in[0]), n = d + circles->n;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *dx = d_in[0] + r * d, *y = call->out + r * n;
        adv_real *dy = d_out + r * n;
        memcpy(dy, dx, d * sizeof *dy);
        for (size_t i = 0; i < circles->n; i++) {
            size_t c = circles->columns[i];
            dy[c] = y[d + i] * dx[c];
            dy[d + i] = -y[c] * dx[c];
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    if (!g_in[0])
        return;
    const struct adv_circles *circles = call->signature->attr;
    size_t d = adv_shape_size(call->signature->in[0]), n = d + circles->n;
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *y = call->out + r * n, *g = g_out + r * n;
        adv_real *gx = g_in[0] + r * d;
        for (size_t i = 0, k = 0; i < d; i++) {
            bool is_angle = k < circles->n && circles->columns[k] == i;
            gx[i] += is_angle ? y[d + k] * g[i] - y[i] * g[d + k] : g[i];
            k += is_angle;
        }
    }
}

const struct adv_op adv_op_circular = {
    .name = "circular",
    .n_inputs = 1,
    .attr_bytes = sizeof(struct adv_circles),
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .tangent_reads = ADV_READS_OUTPUT,
    .backward_reads = ADV_READS_OUTPUT,
};
