/* Products over coordinates: of F features of each of d coordinates, R learned functions per
 * coordinate, and their products over all coordinates and over all but one,
 *
 *     u_ir = b_ir + sum_f w_ifr x_fi,   s_ir = sqrt(2) sin(u_ir)
 *     y_0r = prod_i s_ir,   y_{1+i,r} = prod_{j != i} s_jr
 *
 * for x [F, d] as op fourier writes it, w [d, F, R], b [d, R] and y [1 + d, R]. What depends on all
 * coordinates at once, as the parity of a checkerboard's cells, has no gradient in a network of sums
 * that knows nothing of it yet; a product has one from the start. The velocity along a coordinate
 * asks for the product of the others. sqrt(2) keeps the variance near 1 for any d.
 *
 * With a_i = prod_{j < i} s_j and z_i = prod_{j > i} s_j, y_0 = a_d and y_{1+i} = a_i z_i.
 * Derivatives go through these recurrences, in a time linear in d, and may meet factors of 0. */
#include "core/ops/ops.h"

#include <math.h>
#include <string.h>

struct sizes {
    size_t dim, features, products, factors; /* factors: d R */
};

static struct sizes sizes_of(const struct adv_signature *s)
{
    const size_t *w = s->param[0];
    return (struct sizes){w[0], w[1], w[2], w[0] * w[2]};
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    struct sizes n = sizes_of(s);
    if (s->n_params != 2 || n.dim * n.features != adv_shape_size(s->in[0]) ||
        s->param[1][0] != n.dim || s->param[1][1] != n.products)
        return adv_fail(error, ADV_E_INVALID,
                        "coordinate_products: weights [%zu, %zu, %zu] and biases [%zu, %zu] for "
                        "rows of %zu elements",
                        n.dim, n.features, n.products, s->param[1][0], s->param[1][1],
                        adv_shape_size(s->in[0]));
    s->out_domain = s->domain[0];
    s->out = adv_shape_flat(n.factors + n.products);
    return ADV_OK;
}

/* y += a x */
static void add_scaled(size_t n, adv_real a, const adv_real *x, adv_real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

/* y = a b */
static void multiply(size_t n, const adv_real *a, const adv_real *b, adv_real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

/* y += a b */
static void add_product(size_t n, const adv_real *a, const adv_real *b, adv_real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a[i] * b[i];
}

static void fill(size_t n, adv_real value, adv_real *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = value;
}

/* What one row's sweep works on, in the call's scratch: factors, their slopes ds/du, and two sets
 * of differentials or adjoints [d, R]; a_0 ... a_d and z_{-1} ... z_{d-1} [d + 1, R]. */
struct row {
    adv_real *s, *slope, *ds, *work, *before, *after;
};

#define ROW_FACTORS 6 /* arrays [d, R], two of them [d + 1, R] */

static struct row row_of(const struct adv_call *call)
{
    struct sizes n = sizes_of(call->signature);
    adv_real *at = call->scratch;
    return (struct row){.s = at,
                        .slope = at + n.factors,
                        .ds = at + 2 * n.factors,
                        .work = at + 3 * n.factors,
                        .before = at + 4 * n.factors,
                        .after = at + 5 * n.factors + n.products};
}

/* u [d, R] += w x, for features x [F, d]. */
static void add_angles(const struct adv_call *call, const adv_real *x, adv_real *u)
{
    struct sizes n = sizes_of(call->signature);
    for (size_t i = 0; i < n.dim; i++) {
        for (size_t f = 0; f < n.features; f++)
            add_scaled(n.products, x[f * n.dim + i],
                       call->param[0] + (i * n.features + f) * n.products, u + i * n.products);
    }
}

/* Factors, slopes and the products from either end, of features x [F, d]. z_i lies at
 * after + (i + 1) R. */
static void compute(const struct adv_call *call, const adv_real *x, struct row *row)
{
    struct sizes n = sizes_of(call->signature);
    size_t R = n.products;
    memcpy(row->work, call->param[1], n.factors * sizeof *row->work);
    add_angles(call, x, row->work);
    for (size_t k = 0; k < n.factors; k++)
        row->work[k] *= (adv_real)(0.5 / M_PI);
    call->kernels->sin_cos_turns(n.factors, row->work, row->s, row->slope);
    for (size_t k = 0; k < n.factors; k++) {
        row->s[k] *= (adv_real)M_SQRT2;
        row->slope[k] *= (adv_real)M_SQRT2;
    }
    fill(R, 1, row->before);
    for (size_t i = 0; i < n.dim; i++)
        multiply(R, row->before + i * R, row->s + i * R, row->before + (i + 1) * R);
    fill(R, 1, row->after + n.factors);
    for (size_t i = n.dim; i-- > 0;)
        multiply(R, row->after + (i + 1) * R, row->s + i * R, row->after + i * R);
}

static void forward(const struct adv_call *call)
{
    struct sizes n = sizes_of(call->signature);
    struct row row = row_of(call);
    for (size_t r = 0; r < call->rows; r++) {
        adv_real *y = call->out + r * (n.factors + n.products);
        compute(call, call->in[0] + r * n.dim * n.features, &row);
        memcpy(y, row.before + n.factors, n.products * sizeof *y);
        multiply(n.factors, row.before, row.after + n.products, y + n.products);
    }
}

/* dy [1 + d, R] from ds: once from the front, with da in work, once from the back, with dz. */
static void products_tangent(struct sizes n, const struct row *row, adv_real *dy)
{
    size_t R = n.products;
    adv_real *d = row->work;
    fill(R, 0, d);
    for (size_t i = 0; i < n.dim; i++) {
        const adv_real *s = row->s + i * R;
        multiply(R, d, row->after + (i + 1) * R, dy + (i + 1) * R);
        multiply(R, d, s, d);
        add_product(R, row->before + i * R, row->ds + i * R, d);
    }
    memcpy(dy, d, R * sizeof *dy);
    fill(R, 0, d);
    for (size_t i = n.dim; i-- > 0;) {
        add_product(R, d, row->before + i * R, dy + (i + 1) * R);
        multiply(R, d, row->s + i * R, d);
        add_product(R, row->after + (i + 1) * R, row->ds + i * R, d);
    }
}

static void tangents(const struct adv_call *call, const struct adv_tangents *d)
{
    struct sizes n = sizes_of(call->signature);
    size_t width = n.dim * n.features;
    struct row row = row_of(call);
    for (size_t r = 0; r < call->rows; r++) {
        compute(call, call->in[0] + r * width, &row);
        for (size_t k = 0; k < d->n; k++) {
            fill(n.factors, 0, row.ds);
            add_angles(call, adv_tangent_in(d, k, 0) + r * width, row.ds);
            multiply(n.factors, row.ds, row.slope, row.ds);
            products_tangent(n, &row, adv_tangent_out(d, k) + r * (n.factors + n.products));
        }
    }
}

/* ds becomes the adjoints of the factors, from those of the products, g [1 + d, R]: the
 * recurrences backwards, with the adjoint of a_i, then that of z_i, in work. */
static void products_adjoint(struct sizes n, const struct row *row, const adv_real *g)
{
    size_t R = n.products;
    adv_real *adjoint = row->work;
    memcpy(adjoint, g, R * sizeof *adjoint);
    for (size_t i = n.dim; i-- > 0;) {
        multiply(R, adjoint, row->before + i * R, row->ds + i * R);
        multiply(R, adjoint, row->s + i * R, adjoint);
        add_product(R, g + (i + 1) * R, row->after + (i + 1) * R, adjoint);
    }
    fill(R, 0, adjoint);
    for (size_t i = 0; i < n.dim; i++) {
        add_product(R, adjoint, row->after + (i + 1) * R, row->ds + i * R);
        multiply(R, adjoint, row->s + i * R, adjoint);
        add_product(R, g + (i + 1) * R, row->before + i * R, adjoint);
    }
}

static adv_real dot(size_t n, const adv_real *a, const adv_real *b)
{
    adv_real sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* From the adjoints of the angles, gu [d, R]. */
static void angles_adjoint(const struct adv_call *call, const adv_real *x, const adv_real *gu,
                           adv_real *gx, adv_real *const *g_param)
{
    struct sizes n = sizes_of(call->signature);
    size_t R = n.products;
    if (g_param[1])
        add_scaled(n.factors, 1, gu, g_param[1]);
    for (size_t k = 0; k < n.dim * n.features; k++) {
        size_t f = k / n.dim, i = k % n.dim, at = (i * n.features + f) * R;
        if (g_param[0])
            add_scaled(R, x[k], gu + i * R, g_param[0] + at);
        if (gx)
            gx[k] += dot(R, gu + i * R, call->param[0] + at);
    }
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    struct sizes n = sizes_of(call->signature);
    size_t width = n.dim * n.features;
    struct row row = row_of(call);
    for (size_t r = 0; r < call->rows; r++) {
        const adv_real *x = call->in[0] + r * width;
        compute(call, x, &row);
        products_adjoint(n, &row, g_out + r * (n.factors + n.products));
        multiply(n.factors, row.ds, row.slope, row.ds);
        angles_adjoint(call, x, row.ds, g_in[0] ? g_in[0] + r * width : NULL, g_param);
    }
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)kernels;
    (void)rows;
    (void)sweep;
    struct sizes n = sizes_of(s);
    return ROW_FACTORS * n.factors + 2 * n.products;
}

/* Of the angles and the products; sines are left out, as other ops leave out theirs. */
static size_t multiply_adds(const struct adv_signature *s)
{
    struct sizes n = sizes_of(s);
    return n.factors * (n.features + 3);
}

const struct adv_op adv_op_coordinate_products = {
    .name = "coordinate_products",
    .n_inputs = 1,
    .n_params = 2,
    .infer = infer,
    .forward = forward,
    .tangents = tangents,
    .backward = backward,
    .tangent_reads = ADV_READS_INPUT(0),
    .backward_reads = ADV_READS_INPUT(0),
    .scratch_size = scratch_size,
    .multiply_adds = multiply_adds,
};
