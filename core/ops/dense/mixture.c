/* The velocity of the path x_t = t x_1 + (1 - t) x_0 from x_0 ~ N(0, I) to a mixture of Gaussians,
 * component k of which has the mean m_k, the covariance U_k diag(s_k) U_k' and, for label l, the
 * share exp(a_lk). Given the component all is Gaussian, with covariance U_k diag(c_k) U_k' at t:
 *
 *     z_k = U_k' (x - t m_k),   c_kj = (1 - t)^2 + t^2 s_kj,   g_kj = (t s_kj - (1 - t)) / c_kj
 *     e_k = a_lk - 1/2 sum_j (z_kj^2 / c_kj + log c_kj),       w = softmax(e)
 *     v = sum_k w_k v_k,   v_k = m_k + U_k (g_k * z_k)
 *
 * the mean of x_1 - x_0 given x_t = x (Lipman et al. 2023, eq. 8, with Gaussians for the data).
 *
 * Parameters: components [k, d + 1, d], of each the d columns of U_k diag(sqrt s_k) as rows, then
 * m_k; log_shares [labels, k]. They are fitted to data, not learned by gradients: backward leaves
 * their adjoints alone. Inputs: x, and per condition t, or t and the label. */
#include "core/kernels/real_math.h"
#include "core/ops/ops.h"

#include <math.h>
#include <string.h>

struct sizes {
    size_t n, dim;
};

static struct sizes sizes_of(const struct adv_signature *s)
{
    return (struct sizes){s->param[0][0], s->param[0][2]};
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    size_t dim = adv_shape_size(s->in[0]), condition = adv_shape_size(s->in[1]);
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION || condition > 2)
        return adv_fail(error, ADV_E_INVALID,
                        "mixture: takes rows, and per condition a time and perhaps a label");
    if (s->n_params != 2 || s->param[0][1] != dim + 1 || s->param[0][2] != dim ||
        s->param[1][1] != s->param[0][0])
        return adv_fail(error, ADV_E_INVALID,
                        "mixture: needs components of %zu x %zu elements and their log shares",
                        dim + 1, dim);
    return adv_infer_like_input(s, error);
}

/* ---------------------------------------------------------------- packed components */

/* Of each component: U' [d, d], U [d, d], s [d]. U' has an axis per row. */
static size_t packed_size(const struct adv_signature *signature, const struct adv_kernels *kernels,
                          enum adv_purpose purpose)
{
    (void)kernels;
    (void)purpose;
    struct sizes size = sizes_of(signature);
    return size.n * (2 * size.dim + 1) * size.dim;
}

static void pack_component(size_t dim, const adv_real *axes, adv_real *packed)
{
    adv_real *rows = packed, *columns = packed + dim * dim, *s = columns + dim * dim;
    for (size_t j = 0; j < dim; j++) {
        double square = 0;
        for (size_t i = 0; i < dim; i++)
            square += (double)axes[j * dim + i] * (double)axes[j * dim + i];
        s[j] = (adv_real)square;
        double scale = square > 0 ? 1 / sqrt(square) : 0;
        for (size_t i = 0; i < dim; i++)
            rows[j * dim + i] = columns[i * dim + j] =
                (adv_real)((double)axes[j * dim + i] * scale);
    }
}

static void pack(const struct adv_signature *signature, const struct adv_kernels *kernels,
                 enum adv_purpose purpose, const adv_real *const *param, adv_real *packed)
{
    (void)kernels;
    (void)purpose;
    struct sizes size = sizes_of(signature);
    size_t dim = size.dim;
    for (size_t k = 0; k < size.n; k++)
        pack_component(dim, param[0] + k * (dim + 1) * dim, packed + k * (2 * dim + 1) * dim);
}

/* ---------------------------------------------------------------- one row */

/* A component, as seen at the row's time. */
struct component {
    size_t dim;
    const adv_real *axes, *transposed, *s, *mean;
    double t;
    adv_real *z, *turned; /* z [d]; U' of a direction [d] */
};

static inline double variance_at(const struct component *c, size_t j)
{
    return (1 - c->t) * (1 - c->t) + c->t * c->t * (double)c->s[j];
}

/* c', by time */
static inline double variance_slope(const struct component *c, size_t j)
{
    return 2 * c->t * (double)c->s[j] - 2 * (1 - c->t);
}

static inline double gain(const struct component *c, size_t j)
{
    return (c->t * (double)c->s[j] - (1 - c->t)) / variance_at(c, j);
}

/* g', by time */
static inline double gain_slope(const struct component *c, size_t j)
{
    double variance = variance_at(c, j);
    return ((double)c->s[j] + 1 - gain(c, j) * variance_slope(c, j)) / variance;
}

/* The row's weights w, then of each component z and the turned direction. */
struct row {
    const adv_real *x;
    struct sizes size;
    adv_real *w, *rest;
};

static struct component component_at(const struct adv_call *call, const struct row *row, size_t k,
                                     double t)
{
    size_t dim = row->size.dim, square = dim * dim;
    const adv_real *packed = call->packed + k * (2 * square + dim);
    adv_real *rest = row->rest + k * 2 * dim;
    return (struct component){
        .dim = dim,
        .axes = packed,
        .transposed = packed + square,
        .s = packed + 2 * square,
        .mean = call->param[0] + k * (square + dim) + square,
        .t = t,
        .z = rest,
        .turned = rest + dim,
    };
}

/* out [d] = U' from: as a sum of columns, which needs no order among lanes */
static void turn(const struct component *c, const adv_real *from, adv_real *out)
{
    memset(out, 0, c->dim * sizeof *out);
    for (size_t i = 0; i < c->dim; i++) {
        for (size_t j = 0; j < c->dim; j++)
            out[j] += from[i] * c->transposed[i * c->dim + j];
    }
}

/* out [d] += factor * axis j */
static void add_axis(const struct component *c, size_t j, adv_real factor, adv_real *out)
{
    for (size_t i = 0; i < c->dim; i++)
        out[i] += factor * c->axes[j * c->dim + i];
}

/* z and e; out [d] is overwritten on the way */
static double exponent(const struct component *c, const adv_real *x, adv_real *difference)
{
    double sum = 0;
    for (size_t i = 0; i < c->dim; i++)
        difference[i] = x[i] - (adv_real)c->t * c->mean[i];
    turn(c, difference, c->z);
    for (size_t j = 0; j < c->dim; j++) {
        double variance = variance_at(c, j);
        sum += (double)c->z[j] * (double)c->z[j] / variance + log(variance);
    }
    return -0.5 * sum;
}

static void softmax(size_t n, adv_real *w)
{
    adv_real largest = w[0];
    double sum = 0;
    for (size_t k = 1; k < n; k++)
        largest = w[k] > largest ? w[k] : largest;
    for (size_t k = 0; k < n; k++) {
        w[k] = adv_exp(w[k] - largest);
        sum += (double)w[k];
    }
    for (size_t k = 0; k < n; k++)
        w[k] = (adv_real)((double)w[k] / sum);
}

static double time_of(const struct adv_call *call, size_t r)
{
    size_t width = adv_shape_size(call->signature->in[1]);
    return (double)call->in[1][(size_t)call->row_map[r] * width];
}

static const adv_real *log_shares_of(const struct adv_call *call, size_t r)
{
    const struct adv_signature *s = call->signature;
    size_t width = adv_shape_size(s->in[1]);
    const adv_real *condition = call->in[1] + (size_t)call->row_map[r] * width;
    size_t label = width > 1 ? (size_t)lround((double)condition[1]) : 0;
    return call->param[1] + label * s->param[1][1];
}

/* The row with its weights and every component's z. */
static struct row begin_row(const struct adv_call *call, size_t r, double t)
{
    struct row row = {.size = sizes_of(call->signature)};
    const adv_real *log_shares = log_shares_of(call, r);
    row.x = call->in[0] + r * row.size.dim;
    row.w = call->scratch;
    row.rest = row.w + 2 * row.size.n;
    for (size_t k = 0; k < row.size.n; k++) {
        struct component c = component_at(call, &row, k, t);
        row.w[k] = (adv_real)((double)log_shares[k] + exponent(&c, row.x, c.turned));
    }
    softmax(row.size.n, row.w);
    return row;
}

static void forward(const struct adv_call *call)
{
    for (size_t r = 0; r < call->rows; r++) {
        double t = time_of(call, r);
        struct row row = begin_row(call, r, t);
        adv_real *v = call->out + r * row.size.dim;
        memset(v, 0, row.size.dim * sizeof *v);
        for (size_t k = 0; k < row.size.n; k++) {
            struct component c = component_at(call, &row, k, t);
            for (size_t i = 0; i < c.dim; i++)
                v[i] += row.w[k] * c.mean[i];
            for (size_t j = 0; j < c.dim; j++)
                add_axis(&c, j, row.w[k] * (adv_real)gain(&c, j) * c.z[j], v);
        }
    }
}

/* ---------------------------------------------------------------- tangent */

/* dz into turned; returns de. dx may be NULL. difference [d] is overwritten. */
static double exponent_tangent(const struct component *c, const adv_real *dx, double dt,
                               adv_real *difference)
{
    double sum = 0;
    for (size_t i = 0; i < c->dim; i++)
        difference[i] = (dx ? dx[i] : 0) - (adv_real)dt * c->mean[i];
    turn(c, difference, c->turned);
    for (size_t j = 0; j < c->dim; j++) {
        double variance = variance_at(c, j), z = (double)c->z[j];
        double change = variance_slope(c, j) * dt / variance;
        sum += (z * (double)c->turned[j] / variance) + 0.5 * change * (1 - z * z / variance);
    }
    return -sum;
}

/* dv of the row at time t for a change dx, which may be NULL, and dt. */
static void tangent_of_row(const struct adv_call *call, struct row *row, double t,
                           const adv_real *dx, double dt, adv_real *dv)
{
    size_t dim = row->size.dim, n = row->size.n;
    adv_real *de = row->w + n;
    double mean = 0;
    for (size_t k = 0; k < n; k++) {
        struct component c = component_at(call, row, k, t);
        de[k] = (adv_real)exponent_tangent(&c, dx, dt, dv);
        mean += (double)(row->w[k] * de[k]);
    }
    memset(dv, 0, dim * sizeof *dv);
    for (size_t k = 0; k < n; k++) {
        struct component c = component_at(call, row, k, t);
        double dw = (double)row->w[k] * ((double)de[k] - mean), w = (double)row->w[k];
        for (size_t i = 0; i < dim; i++)
            dv[i] += (adv_real)dw * c.mean[i];
        for (size_t j = 0; j < dim; j++) {
            double g = gain(&c, j), z = (double)c.z[j];
            double moved = g * (double)c.turned[j] + gain_slope(&c, j) * dt * z;
            add_axis(&c, j, (adv_real)(dw * g * z + w * moved), dv);
        }
    }
}

static void tangents(const struct adv_call *call, const struct adv_tangents *d)
{
    size_t width = adv_shape_size(call->signature->in[1]);
    for (size_t r = 0; r < call->rows; r++) {
        double t = time_of(call, r);
        struct row row = begin_row(call, r, t);
        size_t at = r * row.size.dim, condition = (size_t)call->row_map[r] * width;
        for (size_t k = 0; k < d->n; k++) {
            const adv_real *dx = adv_tangent_in(d, k, 0), *dt = adv_tangent_in(d, k, 1);
            tangent_of_row(call, &row, t, dx ? dx + at : NULL, dt ? (double)dt[condition] : 0,
                           adv_tangent_out(d, k) + at);
        }
    }
}

/* ---------------------------------------------------------------- backward */

/* U' g into turned; returns v_k . g */
static double along(const struct component *c, const adv_real *g)
{
    double sum = 0;
    turn(c, g, c->turned);
    for (size_t i = 0; i < c->dim; i++)
        sum += (double)c->mean[i] * (double)g[i];
    for (size_t j = 0; j < c->dim; j++)
        sum += gain(c, j) * (double)c->z[j] * (double)c->turned[j];
    return sum;
}

/* From the adjoint h of e_k and the weight w_k: gx [d] += ..., if there is one, and the adjoint of
 * t. */
static double component_adjoint(const struct component *c, double w, double h, adv_real *gx)
{
    double g_t = 0;
    for (size_t j = 0; j < c->dim; j++) {
        double variance = variance_at(c, j), z = (double)c->z[j], q = (double)c->turned[j];
        double g_z = w * gain(c, j) * q - h * z / variance, moved = 0;
        for (size_t i = 0; i < c->dim; i++)
            moved += (double)c->axes[j * c->dim + i] * (double)c->mean[i];
        if (gx)
            add_axis(c, j, (adv_real)g_z, gx);
        g_t += w * gain_slope(c, j) * z * q - g_z * moved -
               0.5 * h * variance_slope(c, j) / variance * (1 - z * z / variance);
    }
    return g_t;
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    (void)g_param;
    size_t width = adv_shape_size(call->signature->in[1]);
    for (size_t r = 0; r < call->rows; r++) {
        double t = time_of(call, r), mean = 0, g_t = 0;
        struct row row = begin_row(call, r, t);
        size_t dim = row.size.dim, n = row.size.n;
        adv_real *to = row.w + n, *gx = g_in[0] ? g_in[0] + r * dim : NULL;
        for (size_t k = 0; k < n; k++) {
            struct component c = component_at(call, &row, k, t);
            to[k] = (adv_real)along(&c, g_out + r * dim);
            mean += (double)(row.w[k] * to[k]);
        }
        for (size_t k = 0; k < n; k++) {
            struct component c = component_at(call, &row, k, t);
            double w = (double)row.w[k];
            g_t += component_adjoint(&c, w, w * ((double)to[k] - mean), gx);
        }
        if (g_in[1])
            g_in[1][(size_t)call->row_map[r] * width] += (adv_real)g_t;
    }
}

/* Weights and their differentials; of each component z and a turned direction. */
static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)kernels;
    (void)rows;
    (void)sweep;
    struct sizes size = sizes_of(s);
    return 2 * size.n * (1 + size.dim);
}

static size_t multiply_adds(const struct adv_signature *s)
{
    struct sizes size = sizes_of(s);
    return 2 * size.n * size.dim * size.dim;
}

const struct adv_op adv_op_mixture = {
    .name = "mixture",
    .n_inputs = 2,
    .n_params = 2,
    .fixed_params = true,
    .infer = infer,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .backward_reads = ADV_READS_INPUT(0) | ADV_READS_INPUT(1),
    .packed_size = packed_size,
    .pack = pack,
    .scratch_size = scratch_size,
    .multiply_adds = multiply_adds,
};
