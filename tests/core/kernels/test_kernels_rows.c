/* Products of overlapping rows, and sums of outer products: every variant against plain
 * arithmetic in double. */
#include "core/base/mem.h"
#include "core/kernels/table.h"
#include "tests/core/kernels/outer.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t sizes[] = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 50};
static const size_t lengths[] = {1, 2, 5, 13, 14, 15, 28, 43};
#define N_SIZES ((int)ADV_COUNT(sizes))

static const struct adv_kernels *variant(size_t i)
{
    const struct adv_kernels *kernels = adv_kernels_all()[i];
    return kernels->available() ? kernels : NULL;
}

static adv_real *new_reals(struct random *random, size_t n)
{
    adv_real *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    random_fill(random, -1, 1, n, x);
    return x;
}

/* ---- products of rows ---- */

#define RUNS 3

/* A product of `rows` rows of three runs of 3 c, a pixel apart, as a 3x3 convolution has them. */
struct rows_case {
    size_t rows, n, c, k;
    adv_real *x, *w, *bias, *before;
    struct adv_rows in;
    struct guarded packed, y;
    size_t y_stride;
};

static void rows_case_init(struct rows_case *t, const struct adv_kernels *kernels, size_t rows,
                           size_t n, size_t c)
{
    struct random random = {rows * 10007 + n * 101 + c};
    size_t run_stride = (rows + 2) * c;
    *t = (struct rows_case){.rows = rows, .n = n, .c = c, .k = 3 * c * RUNS, .y_stride = n + 3};
    t->x = new_reals(&random, RUNS * run_stride);
    t->w = new_reals(&random, n * t->k);
    t->bias = new_reals(&random, n);
    t->before = new_reals(&random, rows * t->y_stride);
    t->in = (struct adv_rows){
        .x = t->x, .stride = c, .run = 3 * c, .n_runs = RUNS, .run_stride = run_stride};
    guarded_init(&t->packed, kernels->packed_size(n, t->k));
    kernels->pack(n, t->k, t->w, t->k, t->bias, t->packed.data);
    guarded_init(&t->y, rows * t->y_stride);
    memcpy(t->y.data, t->before, t->y.n * sizeof *t->before);
}

static void rows_case_release(struct rows_case *t)
{
    free(t->x);
    free(t->w);
    free(t->bias);
    free(t->before);
    guarded_release(&t->packed);
    guarded_release(&t->y);
}

/* As in test_kernels.c: a chain of k multiply-adds errs by (k + 1) u sum |x w|, doubled for a
 * multiply and an add that round apart. */
static void assert_row(const struct rows_case *t, size_t r, enum adv_start start)
{
    for (size_t j = 0; j < t->n; j++) {
        double from[] = {0, (double)t->bias[j], (double)t->before[r * t->y_stride + j]};
        double sum = from[start], scale = fabs(sum);
        for (size_t i = 0; i < t->k; i++) {
            size_t run = i / t->in.run, at = i % t->in.run;
            double term = (double)t->x[r * t->in.stride + run * t->in.run_stride + at] *
                          (double)t->w[j * t->k + i];
            sum += term;
            scale += fabs(term);
        }
        double y = (double)t->y.data[r * t->y_stride + j];
        ck_assert_double_le(fabs(y - sum), 2 * (double)(t->k + 1) * ROUNDOFF * scale);
    }
    for (size_t j = t->n; j < t->y_stride; j++)
        ck_assert(t->y.data[r * t->y_stride + j] == t->before[r * t->y_stride + j]);
}

START_TEST(products_of_overlapping_rows_are_right)
{
    for (size_t v = 0; adv_kernels_all()[v]; v++) {
        const struct adv_kernels *kernels = variant(v);
        for (size_t l = 0; kernels && l < ADV_COUNT(lengths); l++) {
            for (enum adv_start start = ADV_FROM_ZERO; start <= ADV_FROM_OUTPUT; start++) {
                struct rows_case t;
                rows_case_init(&t, kernels, lengths[l], sizes[_i], 1 + l);
                kernels->product_of_rows(t.rows, t.n, t.in, t.packed.data, start, t.y.data,
                                         t.y_stride);
                for (size_t r = 0; r < t.rows; r++)
                    assert_row(&t, r, start);
                ck_assert(guarded_intact(&t.y));
                rows_case_release(&t);
            }
        }
    }
}
END_TEST

static void try_parts(const struct adv_kernels *kernels, size_t rows, enum adv_start start)
{
    const size_t n = 3 * ADV_OUTPUTS_STEP + 5;
    const struct adv_range parts[] = {
        {2 * ADV_OUTPUTS_STEP, n}, {0, ADV_OUTPUTS_STEP}, {ADV_OUTPUTS_STEP, 2 * ADV_OUTPUTS_STEP}};
    struct rows_case whole, t;
    rows_case_init(&whole, kernels, rows, n, 2);
    rows_case_init(&t, kernels, rows, n, 2);
    kernels->product_of_rows(rows, n, t.in, t.packed.data, start, whole.y.data, t.y_stride);
    for (size_t i = 0; i < ADV_COUNT(parts); i++)
        kernels->product_of_outputs(rows, n, parts[i], t.in, t.packed.data, start, t.y.data,
                                    t.y_stride);
    ck_assert(same_bytes(t.y.n, t.y.data, whole.y.data));
    ck_assert(guarded_intact(&t.y));
    rows_case_release(&whole);
    rows_case_release(&t);
}

/* Some outputs at a time: the same bytes, and nothing beside them is touched. */
START_TEST(products_may_be_made_in_parts)
{
    for (size_t v = 0; adv_kernels_all()[v]; v++) {
        const struct adv_kernels *kernels = variant(v);
        for (size_t l = 0; kernels && l < ADV_COUNT(lengths); l++)
            try_parts(kernels, lengths[l], (enum adv_start)_i);
    }
}
END_TEST

/* ---- sums of outer products ---- */

START_TEST(sums_of_outer_products_are_right)
{
    for (size_t v = 0; adv_kernels_all()[v]; v++) {
        const struct adv_kernels *kernels = variant(v);
        for (size_t l = 0; kernels && l < ADV_COUNT(lengths); l++) {
            outer_is_right(kernels, sizes[_i], lengths[l], 3, 2, NULL);
            outer_is_right(kernels, lengths[l], sizes[_i], 1 + l, 1, NULL);
        }
    }
}
END_TEST

/* Outputs side by side, or inputs side by side: the same weights, packed alike. */
START_TEST(a_matrix_packs_as_its_transpose)
{
    for (size_t v = 0; adv_kernels_all()[v]; v++) {
        const struct adv_kernels *kernels = variant(v);
        size_t n = sizes[_i], run = 5, k = 2 * run, gap = 3;
        struct random random = {n};
        adv_real *across = new_reals(&random, k * (n + gap)), *along = new_reals(&random, n * k);
        struct guarded one, other;
        if (kernels) {
            for (size_t i = 0; i < n * k; i++)
                along[i] = across[i % k * (n + gap) + i / k];
            guarded_init(&one, kernels->packed_size(n, k));
            guarded_init(&other, kernels->packed_size(n, k));
            struct adv_panels panels = {.w = across,
                                        .run = run,
                                        .n_runs = 2,
                                        .output_stride = 1,
                                        .run_stride = (ptrdiff_t)(run * (n + gap)),
                                        .stride = (ptrdiff_t)(n + gap)};
            kernels->pack_panels(n, &panels, one.data);
            kernels->pack(n, k, along, k, NULL, other.data);
            ck_assert_msg(same_bytes(one.n, one.data, other.data), "%s: n %zu", kernels->name, n);
            ck_assert(guarded_intact(&one) && guarded_intact(&other));
            guarded_release(&one);
            guarded_release(&other);
        }
        free(across);
        free(along);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("kernels_rows");
    TCase *tc = tcase_create("rows");
    tcase_add_loop_test(tc, products_of_overlapping_rows_are_right, 0, N_SIZES);
    tcase_add_loop_test(tc, products_may_be_made_in_parts, ADV_FROM_ZERO, ADV_FROM_OUTPUT + 1);
    tcase_add_loop_test(tc, sums_of_outer_products_are_right, 0, N_SIZES);
    tcase_add_loop_test(tc, a_matrix_packs_as_its_transpose, 0, N_SIZES);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
