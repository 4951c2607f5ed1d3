/* The velocity of the path x_t = t x_1 + (1 - t) x_0 from x_0 ~ N(0, I) to x_1 = y_i + h e, e ~
 * N(0, I), with i uniform over n samples y [n, dim]: the mean of x_1 - x_0 given x_t = x. Given i
 * all is Gaussian, so that with s2 = (1 - t)^2 + t^2 h^2 and c = (t h^2 - (1 - t)) / s2
 *
 *     w_i = softmax_i(-|x - t y_i|^2 / (2 s2)),   m = sum_i w_i y_i,   v = m + c (x - t m),
 *
 * which for h = 0 is the sum of w_i (y_i - x) / (1 - t) (Lipman et al. 2023, eq. 8 and example II).
 * h > 0 keeps it finite up to t = 1. The largest exponent is taken off before exp.
 *
 * With a_i the exponent and da_i its differential along (dx, dt),
 *
 *     dm = sum_i w_i (da_i - sum_j w_j da_j) y_i
 *     dv = (1 - t c) dm + c dx + (c' x - (c + t c') m) dt,   1 - t c = (1 - t) / s2. */
#include "core/kernels/real_math.h"
#include "core/ops/ops.h"

#include <string.h>

#define LANES 8

/* One row and what follows from its time. */
struct scene {
    size_t n, dim;
    const adv_real *x, *samples;
    adv_real t, s2, c, c_slope, mean_share; /* mean_share: 1 - t c */
};

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const struct adv_marginal_attr *attr = s->attr;
    if (!attr || !(attr->bandwidth > 0))
        return adv_fail(error, ADV_E_INVALID, "marginal: needs a bandwidth above 0");
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION ||
        adv_shape_size(s->in[1]) != 1)
        return adv_fail(error, ADV_E_INVALID, "marginal: takes rows, and a time per condition");
    if (s->n_params != 1 || s->param[0][1] != adv_shape_size(s->in[0]))
        return adv_fail(error, ADV_E_INVALID, "marginal: needs samples of %zu elements",
                        adv_shape_size(s->in[0]));
    return adv_infer_like_input(s, error);
}

static struct scene scene_at(const struct adv_call *call, size_t row)
{
    const struct adv_signature *s = call->signature;
    const struct adv_marginal_attr *attr = s->attr;
    double t = (double)call->in[1][call->row_map[row]], h2 = attr->bandwidth * attr->bandwidth;
    double s2 = (1 - t) * (1 - t) + t * t * h2, c = (t * h2 - (1 - t)) / s2;
    return (struct scene){
        .n = s->param[0][0],
        .dim = s->param[0][1],
        .x = call->in[0] + row * s->param[0][1],
        .samples = call->param[0],
        .t = (adv_real)t,
        .s2 = (adv_real)s2,
        .c = (adv_real)c,
        .c_slope = (adv_real)((h2 + 1) / s2 - 2 * c * c),
        .mean_share = (adv_real)((1 - t) / s2),
    };
}

/* |x - t y|^2 */
static adv_real distance(const struct scene *s, const adv_real *y)
{
    adv_real lane[LANES] = {0}, sum = 0;
    size_t k = 0;
    for (; k + LANES <= s->dim; k += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            adv_real r = s->x[k + l] - s->t * y[k + l];
            lane[l] += r * r;
        }
    }
    for (size_t l = 0; s->dim >= LANES && l < LANES; l++)
        sum += lane[l];
    for (; k < s->dim; k++) {
        adv_real r = s->x[k] - s->t * y[k];
        sum += r * r;
    }
    return sum;
}

/* The weights w [n]. */
static void weigh(const struct scene *s, adv_real *w)
{
    adv_real least = INFINITY, scale = -1 / (2 * s->s2);
    for (size_t i = 0; i < s->n; i++) {
        w[i] = distance(s, s->samples + i * s->dim);
        least = w[i] < least ? w[i] : least;
    }
    for (size_t i = 0; i < s->n; i++)
        w[i] = adv_exp(scale * (w[i] - least));
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += (double)w[i];
    adv_real share = (adv_real)(1 / sum);
    for (size_t i = 0; i < s->n; i++)
        w[i] *= share;
}

/* out [dim] = sum_i w_i y_i */
static void add_up(const struct scene *s, const adv_real *w, adv_real *out)
{
    memset(out, 0, s->dim * sizeof *out);
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < s->dim; k++)
            out[k] += w[i] * s->samples[i * s->dim + k];
    }
}

static void forward(const struct adv_call *call)
{
    for (size_t r = 0; r < call->rows; r++) {
        struct scene s = scene_at(call, r);
        adv_real *v = call->out + r * s.dim;
        weigh(&s, call->scratch);
        add_up(&s, call->scratch, v);
        for (size_t k = 0; k < s.dim; k++)
            v[k] += s.c * (s.x[k] - s.t * v[k]);
    }
}

/* The derivatives of the exponent: da = -(r . dx) / s2 + drift dt, r = x - t y. */
static adv_real drift(const struct scene *s, const adv_real *y)
{
    adv_real along = 0, square = 0;
    for (size_t k = 0; k < s->dim; k++) {
        adv_real r = s->x[k] - s->t * y[k];
        along += r * y[k];
        square += r * r;
    }
    return (along + s->c * square) / s->s2;
}

/* d [n] = w_i (da_i - sum_j w_j da_j); dx may be NULL. */
static void weights_tangent(const struct scene *s, const adv_real *w, const adv_real *dx,
                            adv_real dt, adv_real *d)
{
    double mean = 0;
    for (size_t i = 0; i < s->n; i++) {
        const adv_real *y = s->samples + i * s->dim;
        adv_real along = 0;
        for (size_t k = 0; dx && k < s->dim; k++)
            along += (s->x[k] - s->t * y[k]) * dx[k];
        d[i] = -along / s->s2 + (dt != 0 ? drift(s, y) * dt : 0);
        mean += (double)(w[i] * d[i]);
    }
    for (size_t i = 0; i < s->n; i++)
        d[i] = w[i] * (d[i] - (adv_real)mean);
}

/* dv for a change dx, which may be NULL, and dt, with m [dim] = sum_i w_i y_i. d [n] is
 * overwritten. */
static void tangent_of_row(const struct scene *s, const adv_real *w, const adv_real *m,
                           const adv_real *dx, adv_real dt, adv_real *d, adv_real *dv)
{
    weights_tangent(s, w, dx, dt, d);
    add_up(s, d, dv);
    for (size_t k = 0; k < s->dim; k++)
        dv[k] = s->mean_share * dv[k] + (dx ? s->c * dx[k] : 0) +
                dt * (s->c_slope * s->x[k] - (s->c + s->t * s->c_slope) * m[k]);
}

static void tangents(const struct adv_call *call, const struct adv_tangents *d)
{
    for (size_t r = 0; r < call->rows; r++) {
        struct scene s = scene_at(call, r);
        adv_real *w = call->scratch, *d_w = w + s.n, *m = d_w + s.n;
        weigh(&s, w);
        add_up(&s, w, m);
        for (size_t k = 0; k < d->n; k++) {
            const adv_real *dx = adv_tangent_in(d, k, 0), *dt = adv_tangent_in(d, k, 1);
            tangent_of_row(&s, w, m, dx ? dx + r * s.dim : NULL, dt ? dt[call->row_map[r]] : 0, d_w,
                           adv_tangent_out(d, k) + r * s.dim);
        }
    }
}

/* e [n] = (1 - t c) w_i (g . y_i - g . m): the adjoints of the exponents. */
static void exponents_adjoint(const struct scene *s, const adv_real *w, const adv_real *g,
                              adv_real *e)
{
    double mean = 0;
    for (size_t i = 0; i < s->n; i++) {
        e[i] = 0;
        for (size_t k = 0; k < s->dim; k++)
            e[i] += g[k] * s->samples[i * s->dim + k];
        mean += (double)(w[i] * e[i]);
    }
    for (size_t i = 0; i < s->n; i++)
        e[i] = s->mean_share * w[i] * (e[i] - (adv_real)mean);
}

static void backward_x(const struct scene *s, const adv_real *e, const adv_real *g, adv_real *gx)
{
    for (size_t i = 0; i < s->n; i++) {
        adv_real slope = -e[i] / s->s2;
        for (size_t k = 0; k < s->dim; k++)
            gx[k] += slope * (s->x[k] - s->t * s->samples[i * s->dim + k]);
    }
    for (size_t k = 0; k < s->dim; k++)
        gx[k] += s->c * g[k];
}

static adv_real backward_t(const struct scene *s, const adv_real *e, const adv_real *g,
                           const adv_real *m)
{
    adv_real sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += e[i] * drift(s, s->samples + i * s->dim);
    for (size_t k = 0; k < s->dim; k++)
        sum += g[k] * (s->c_slope * s->x[k] - (s->c + s->t * s->c_slope) * m[k]);
    return sum;
}

static void backward_samples(const struct scene *s, const adv_real *w, const adv_real *e,
                             const adv_real *g, adv_real *gy)
{
    for (size_t i = 0; i < s->n; i++) {
        adv_real direct = s->mean_share * w[i], through = e[i] * s->t / s->s2;
        for (size_t k = 0; k < s->dim; k++) {
            adv_real r = s->x[k] - s->t * s->samples[i * s->dim + k];
            gy[i * s->dim + k] += direct * g[k] + through * r;
        }
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    for (size_t r = 0; r < call->rows; r++) {
        struct scene s = scene_at(call, r);
        adv_real *w = call->scratch, *e = w + s.n, *m = e + s.n;
        const adv_real *g = g_out + r * s.dim;
        weigh(&s, w);
        exponents_adjoint(&s, w, g, e);
        if (g_in[0])
            backward_x(&s, e, g, g_in[0] + r * s.dim);
        if (g_in[1]) {
            add_up(&s, w, m);
            g_in[1][call->row_map[r]] += backward_t(&s, e, g, m);
        }
        if (g_param[0])
            backward_samples(&s, w, e, g, g_param[0]);
    }
}

/* Weights and, for derivatives, as many differentials and one mean. */
static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)kernels;
    (void)rows;
    return sweep == ADV_FORWARD ? s->param[0][0] : 2 * s->param[0][0] + s->param[0][1];
}

static size_t multiply_adds(const struct adv_signature *s)
{
    return 2 * s->param[0][0] * s->param[0][1];
}

const struct adv_op adv_op_marginal = {
    .name = "marginal",
    .n_inputs = 2,
    .n_params = 1,
    .attr_bytes = sizeof(struct adv_marginal_attr),
    .infer = infer,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .backward_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .scratch_size = scratch_size,
    .multiply_adds = multiply_adds,
};
