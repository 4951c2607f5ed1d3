/* Products in bfloat16 against plain arithmetic in double on factors rounded beforehand. */
#include "core/base/mem.h"
#include "core/kernels/table.h"
#include "tests/core/kernels/outer.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Either side of what goes through the float kernels, of whole panels, and of blocks of rows. */
static const size_t shapes[][2] = {{1, 512},  {15, 64}, {16, 32},  {17, 33},   {32, 31},
                                   {33, 100}, {64, 64}, {96, 576}, {48, 1024}, {20, 2500}};
static const size_t lengths[] = {1, 2, 15, 16, 17, 31, 32, 33, 70};

static int n_variants(void)
{
    int n = 0;
    while (adv_kernels_all_bfloat16()[n])
        n++;
    return n;
}

/* Variant i of this build, or NULL where this processor cannot run it. */
static const struct adv_kernels *variant(int i)
{
    const struct adv_kernels *kernels = adv_kernels_all_bfloat16()[i];
    return kernels->available() ? kernels : NULL;
}

/* To the nearest of 8 bits, ties to even; by arithmetic, not by bits. */
static double to_bfloat16(double x)
{
    int exponent;
    double mantissa = frexp(x, &exponent);
    return ldexp(nearbyint(ldexp(mantissa, 8)), exponent - 8);
}

static bool is_rounded(size_t n, size_t k)
{
    return n >= 16 && k >= 32;
}

struct product {
    size_t rows, n, k, stride;
    float *x, *w, *bias, *before;
    double *x_used, *w_used; /* as the product sees them */
    struct guarded packed, y;
};

static double *new_used(size_t n, const float *values, bool rounds)
{
    double *used = malloc(n * sizeof *used);
    ck_assert_ptr_nonnull(used);
    for (size_t i = 0; i < n; i++)
        used[i] = rounds ? to_bfloat16((double)values[i]) : (double)values[i];
    return used;
}

static float *new_floats(struct random *random, size_t n)
{
    float *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    random_fill(random, -1, 1, n, x);
    return x;
}

static void product_init(struct product *p, const struct adv_kernels *kernels, size_t rows,
                         size_t n, size_t k)
{
    struct random random = {rows * 7919 + n * 31 + k};
    *p = (struct product){.rows = rows, .n = n, .k = k, .stride = n + 5};
    p->x = new_floats(&random, rows * k);
    p->w = new_floats(&random, n * k);
    p->bias = new_floats(&random, n);
    p->before = new_floats(&random, rows * p->stride);
    p->x_used = new_used(rows * k, p->x, is_rounded(n, k));
    p->w_used = new_used(n * k, p->w, is_rounded(n, k));
    guarded_init(&p->packed, kernels->packed_size(n, k));
    kernels->pack(n, k, p->w, k, p->bias, p->packed.data);
    ck_assert(guarded_intact(&p->packed));
    guarded_init(&p->y, rows * p->stride);
    memcpy(p->y.data, p->before, p->y.n * sizeof *p->before);
}

static void product_release(struct product *p)
{
    free(p->x);
    free(p->w);
    free(p->bias);
    free(p->before);
    free(p->x_used);
    free(p->w_used);
    guarded_release(&p->packed);
    guarded_release(&p->y);
}

/* The rounding of k sums and products in float: (k + 1) u sum |x w|, doubled because the sums of
 * pairs may round on the way. */
static void assert_right(const struct product *p, enum adv_start start)
{
    for (size_t r = 0; r < p->rows; r++) {
        for (size_t j = 0; j < p->n; j++) {
            double from[] = {0, (double)p->bias[j], (double)p->before[r * p->stride + j]};
            double sum = from[start], scale = fabs(sum);
            for (size_t i = 0; i < p->k; i++) {
                double term = p->x_used[r * p->k + i] * p->w_used[j * p->k + i];
                sum += term;
                scale += fabs(term);
            }
            double y = (double)p->y.data[r * p->stride + j];
            ck_assert_double_le(fabs(y - sum), 2 * (double)(p->k + 1) * ROUNDOFF * scale);
        }
        for (size_t j = p->n; j < p->stride; j++)
            ck_assert(p->y.data[r * p->stride + j] == p->before[r * p->stride + j]);
    }
    ck_assert(guarded_intact(&p->y));
}

static struct adv_rows dense(const struct product *p)
{
    return adv_dense_rows(p->x, p->k, p->k);
}

START_TEST(products_are_those_of_rounded_factors)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t s = 0; kernels && s < ADV_COUNT(shapes); s++) {
        for (size_t l = 0; l < ADV_COUNT(lengths); l++) {
            struct product p;
            enum adv_start start = (enum adv_start)((s + l) % 3);
            product_init(&p, kernels, lengths[l], shapes[s][0], shapes[s][1]);
            kernels->product_of_rows(p.rows, p.n, dense(&p), p.packed.data, start, p.y.data,
                                     p.stride);
            assert_right(&p, start);
            product_release(&p);
        }
    }
}
END_TEST

/* The same k inputs in runs, as the taps of a convolution lie: the same bytes. */
START_TEST(runs_are_joined)
{
    const struct adv_kernels *kernels = variant(_i);
    enum { ROWS = 37, N = 24, RUN = 45, RUNS = 3 };
    struct product p;
    if (!kernels)
        return;
    product_init(&p, kernels, ROWS, N, RUN * RUNS);
    kernels->product_of_rows(ROWS, N, dense(&p), p.packed.data, ADV_FROM_BIAS, p.y.data, p.stride);
    float *apart = malloc(RUNS * ROWS * RUN * sizeof *apart), *y = malloc(p.y.n * sizeof *y);
    ck_assert(apart && y);
    for (size_t i = 0; i < ROWS * RUN * RUNS; i++) {
        size_t row = i / (RUN * RUNS), run = i / RUN % RUNS;
        apart[(run * ROWS + row) * RUN + i % RUN] = p.x[i];
    }
    memcpy(y, p.before, p.y.n * sizeof *y);
    struct adv_rows rows = {
        .x = apart, .stride = RUN, .run = RUN, .n_runs = RUNS, .run_stride = ROWS * RUN};
    kernels->product_of_rows(ROWS, N, rows, p.packed.data, ADV_FROM_BIAS, y, p.stride);
    ck_assert_mem_eq(y, p.y.data, p.y.n * sizeof *y);
    free(apart);
    free(y);
    product_release(&p);
}
END_TEST

START_TEST(a_row_does_not_depend_on_its_neighbours)
{
    const struct adv_kernels *kernels = variant(_i);
    enum { ROWS = 70, N = 40, K = 1100 };
    struct product p;
    float alone[N];
    if (!kernels)
        return;
    product_init(&p, kernels, ROWS, N, K);
    kernels->product_of_rows(ROWS, N, dense(&p), p.packed.data, ADV_FROM_BIAS, p.y.data, p.stride);
    for (size_t r = 0; r < ROWS; r++) {
        struct adv_rows row = adv_dense_rows(p.x + r * K, K, K);
        kernels->product_of_rows(1, N, row, p.packed.data, ADV_FROM_BIAS, alone, N);
        ck_assert_mem_eq(alone, p.y.data + r * p.stride, sizeof alone);
    }
    product_release(&p);
}
END_TEST

START_TEST(products_may_be_made_in_parts)
{
    const struct adv_kernels *kernels = variant(_i);
    enum { ROWS = 37, N = 2 * ADV_OUTPUTS_STEP + 9, K = 1100 };
    struct product p;
    if (!kernels)
        return;
    product_init(&p, kernels, ROWS, N, K);
    kernels->product_of_rows(ROWS, N, dense(&p), p.packed.data, ADV_FROM_BIAS, p.y.data, p.stride);
    float *y = malloc(p.y.n * sizeof *y);
    ck_assert_ptr_nonnull(y);
    memcpy(y, p.before, p.y.n * sizeof *y);
    const struct adv_range parts[] = {{ADV_OUTPUTS_STEP, N}, {0, ADV_OUTPUTS_STEP}};
    for (size_t i = 0; i < ADV_COUNT(parts); i++)
        kernels->product_of_outputs(ROWS, N, parts[i], dense(&p), p.packed.data, ADV_FROM_BIAS, y,
                                    p.stride);
    ck_assert_mem_eq(y, p.y.data, p.y.n * sizeof *y);
    free(y);
    product_release(&p);
}
END_TEST

START_TEST(nan_and_infinity_pass_through)
{
    const struct adv_kernels *kernels = variant(_i);
    enum { N = 32, K = 64 };
    struct product p;
    float y[3 * N];
    if (!kernels)
        return;
    product_init(&p, kernels, 3, N, K);
    p.x[5] = NAN;
    p.x[K + 7] = INFINITY;
    kernels->product_of_rows(3, N, dense(&p), p.packed.data, ADV_FROM_ZERO, y, N);
    for (size_t j = 0; j < N; j++) {
        ck_assert(isnan(y[j]));
        ck_assert(!isfinite(y[N + j]));
        ck_assert(isfinite(y[2 * N + j]));
    }
    product_release(&p);
}
END_TEST

/* ---- sums of outer products ---- */

/* Few of anything go through the float kernel. */
static double as_seen(const struct adv_outer *o, double x)
{
    bool is_rounded = o->m >= 8 && o->n >= 16 && o->run * o->n_runs >= 16;
    return is_rounded ? to_bfloat16(x) : x;
}

/* Columns of a, of b, rows of a run and runs, either side of tiles and blocks. */
static const size_t outers[][4] = {{7, 40, 33, 1},   {8, 16, 16, 1},   {9, 15, 40, 1},
                                   {8, 17, 5, 3},    {8, 16, 15, 1},   {20, 33, 65, 1},
                                   {130, 31, 64, 1}, {17, 270, 3, 45}, {129, 257, 1, 67}};

START_TEST(sums_of_outer_products_are_those_of_rounded_factors)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t i = 0; kernels && i < ADV_COUNT(outers); i++)
        outer_is_right(kernels, outers[i][0], outers[i][1], outers[i][2], outers[i][3], as_seen);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels_bf16");
    TCase *tc = tcase_create("products");
    tcase_add_loop_test(tc, products_are_those_of_rounded_factors, 0, n_variants());
    tcase_add_loop_test(tc, runs_are_joined, 0, n_variants());
    tcase_add_loop_test(tc, a_row_does_not_depend_on_its_neighbours, 0, n_variants());
    tcase_add_loop_test(tc, products_may_be_made_in_parts, 0, n_variants());
    tcase_add_loop_test(tc, nan_and_infinity_pass_through, 0, n_variants());
    tcase_add_loop_test(tc, sums_of_outer_products_are_those_of_rounded_factors, 0, n_variants());
    suite_add_tcase(s, tc);
    if (!adv_kernels_bfloat16())
        puts("this processor has no products in bfloat16: they are not tested");
    return suite_run(s);
}
