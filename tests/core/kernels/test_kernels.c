/* Every variant of the kernels against plain arithmetic in double. */
#include "core/kernels/table.h"
#include "tests/core/kernels/variants.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 40 /* more than three tiles of any variant, and every remainder */

/* A prefix of all shapes n x k of these sizes, and some of the networks' own. */
static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47};
static const size_t large_shapes[][2] = {{2, 512},  {512, 2},   {64, 784},
                                         {784, 64}, {130, 513}, {512, 512}};
#define N_SIZES (ADV_COUNT(sizes))
#define N_LARGE (ADV_COUNT(large_shapes))
#define N_SHAPES (N_SIZES * N_SIZES + N_LARGE)

/* One product: x [ROWS_MAX, k], w [n, stride] of which columns [first, first + k) count. */
struct product_case {
    size_t n, k, first, stride;
    adv_real *x, *w, *bias;
    struct guarded packed, y;
};

static void product_case_init(struct product_case *c, const struct adv_kernels *kernels, size_t n,
                              size_t k, size_t first, size_t stride, const adv_real *bias)
{
    struct random random = {n * 1000 + k};
    *c = (struct product_case){.n = n, .k = k, .first = first, .stride = stride};
    c->x = malloc(ROWS_MAX * k * sizeof *c->x);
    c->w = malloc(n * stride * sizeof *c->w);
    c->bias = malloc(n * sizeof *c->bias);
    ck_assert(c->x && c->w && c->bias);
    random_fill(&random, -1, 1, ROWS_MAX * k, c->x);
    random_fill(&random, -1, 1, n * stride, c->w);
    random_fill(&random, -1, 1, n, c->bias);
    if (bias)
        memcpy(c->bias, bias, n * sizeof *bias);
    guarded_init(&c->packed, kernels->packed_size(n, k));
    guarded_init(&c->y, ROWS_MAX * n);
    kernels->pack(n, k, c->w + first, stride, c->bias, c->packed.data);
    ck_assert(guarded_intact(&c->packed));
    ck_assert(all_finite(c->packed.n, c->packed.data));
}

static void product_case_release(struct product_case *c)
{
    free(c->x);
    free(c->w);
    free(c->bias);
    guarded_release(&c->packed);
    guarded_release(&c->y);
}

static void shape_of(size_t i, size_t *n, size_t *k)
{
    bool large = i >= N_SIZES * N_SIZES;
    *n = large ? large_shapes[i - N_SIZES * N_SIZES][0] : sizes[i / N_SIZES];
    *k = large ? large_shapes[i - N_SIZES * N_SIZES][1] : sizes[i % N_SIZES];
}

/* Each output is a chain of k multiply-adds: its error is at most (k + 1) u sum |x w| to first
 * order (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); twice the
 * roundoff leaves room for a multiply and an add that round apart. */
static void assert_product(const struct product_case *c, size_t rows, bool with_bias,
                           const char *name)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < c->n; j++) {
            double sum = with_bias ? (double)c->bias[j] : 0, scale = fabs(sum);
            for (size_t i = 0; i < c->k; i++) {
                double term =
                    (double)c->x[r * c->k + i] * (double)c->w[j * c->stride + c->first + i];
                sum += term;
                scale += fabs(term);
            }
            double y = (double)c->y.data[r * c->n + j];
            ck_assert_msg(fabs(y - sum) <= 2 * (double)(c->k + 1) * ROUNDOFF * scale,
                          "%s: y[%zu][%zu] = %.9g, not %.9g (n %zu, k %zu, rows %zu)", name, r, j,
                          y, sum, c->n, c->k, rows);
        }
    }
}

START_TEST(products_are_right)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t s = 0; kernels && s < N_SHAPES; s++) {
        size_t n, k;
        shape_of(s, &n, &k);
        struct product_case c;
        product_case_init(&c, kernels, n, k, 0, k, NULL);
        for (int with_bias = 0; with_bias < 2; with_bias++) {
            guarded_poison(&c.y);
            kernels->product(ROWS_MAX, n, k, c.x, c.packed.data, with_bias, c.y.data);
            assert_product(&c, ROWS_MAX, with_bias, kernels->name);
            ck_assert(guarded_intact(&c.y));
        }
        product_case_release(&c);
    }
}
END_TEST

START_TEST(a_row_does_not_depend_on_its_neighbours)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t s = 0; kernels && s < N_SHAPES; s++) {
        size_t n, k;
        shape_of(s, &n, &k);
        struct product_case c;
        product_case_init(&c, kernels, n, k, 0, k, NULL);
        kernels->product(ROWS_MAX, n, k, c.x, c.packed.data, true, c.y.data);
        for (size_t rows = 1; rows <= ROWS_MAX; rows++) {
            size_t first = rows * 7 % (ROWS_MAX - rows + 1);
            struct guarded part;
            guarded_init(&part, rows * n);
            kernels->product(rows, n, k, c.x + first * k, c.packed.data, true, part.data);
            ck_assert_msg(same_bytes(rows * n, part.data, c.y.data + first * n),
                          "%s: rows %zu to %zu of %d differ when alone (n %zu, k %zu)",
                          kernels->name, first, first + rows - 1, ROWS_MAX, n, k);
            ck_assert(guarded_intact(&part));
            guarded_release(&part);
        }
        product_case_release(&c);
    }
}
END_TEST

START_TEST(a_slice_of_columns_packs_as_its_copy_would)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t s = 0; kernels && s < N_SIZES * N_SIZES; s++) {
        size_t n, k;
        shape_of(s, &n, &k);
        for (size_t first = 0; first <= 5; first += 5) {
            struct product_case c;
            product_case_init(&c, kernels, n, k, first, k + 7, NULL);
            kernels->product(3, n, k, c.x, c.packed.data, true, c.y.data);
            assert_product(&c, 3, true, kernels->name);
            product_case_release(&c);
        }
    }
}
END_TEST

START_TEST(no_bias_packs_as_zeros)
{
    const struct adv_kernels *kernels = variant(_i);
    for (size_t s = 0; kernels && s < N_SIZES; s++) {
        size_t n = sizes[s], k = 5;
        adv_real zeros[64] = {0};
        struct product_case c;
        product_case_init(&c, kernels, n, k, 0, k, zeros);
        kernels->product(4, n, k, c.x, c.packed.data, true, c.y.data);
        struct guarded without;
        guarded_init(&without, 4 * n);
        guarded_poison(&c.packed);
        kernels->pack(n, k, c.w, k, NULL, c.packed.data);
        kernels->product(4, n, k, c.x, c.packed.data, true, without.data);
        ck_assert(same_bytes(4 * n, without.data, c.y.data));
        guarded_release(&without);
        product_case_release(&c);
    }
}
END_TEST

START_TEST(no_rows_write_nothing)
{
    const struct adv_kernels *kernels = variant(_i);
    if (!kernels)
        return;
    struct product_case c;
    product_case_init(&c, kernels, 17, 5, 0, 5, NULL);
    adv_real before[8];
    memcpy(before, c.y.data, sizeof before);
    kernels->product(0, 17, 5, c.x, c.packed.data, true, c.y.data);
    ck_assert(same_bytes(8, c.y.data, before));
    product_case_release(&c);
}
END_TEST

/* ---- functions of one element ---- */

/* Inputs of every kind: ordinary, extreme, subnormal, signed zeros. */
#define N_INPUTS 700

static void fill_inputs(adv_real *x)
{
    static const adv_real special[] = {
        0,     -0.0f,  1e-45f, -1e-45f, 1e-40f,   -1e-40f,   1e-38f,    -1e-38f, 1e-10f, -1e-10f,
        0.25f, -0.25f, 0.5f,   -0.5f,   1,        -1,        17.5f,     -17.5f,  87.3f,  -87.3f,
        88.5f, -88.5f, 100,    -100,    1000.25f, -1000.25f, -1.27846f, 1e5f,    -1e5f};
    struct random random = {7};
    size_t n = ADV_COUNT(special);
    memcpy(x, special, sizeof special);
    random_fill(&random, -1, 1, 200, x + n);
    random_fill(&random, -20, 20, 300, x + n + 200);
    random_fill(&random, -120, 120, N_INPUTS - 500 - n, x + n + 500);
}

/* What a function should give in double, and how far it may be off. */
struct expected {
    double value, tolerance;
};

static struct expected expected_relu(double x)
{
    return (struct expected){x > 0 ? x : 0, 0};
}

/* exp is good to 2e-7 and held below 2^126 (core/base/vmath.h), so that sigmoid(x) never falls
 * much below 2^-126: to the left of -87 an absolute error of |x| 2^-126 appears. */
static struct expected expected_silu(double x)
{
    double y = x / (1 + exp(-x));
    return (struct expected){y, 5e-7 * fabs(y) + fabs(x) * 0x1.1p-126 + 0x1p-149};
}

static struct expected expected_silu_slope(double x)
{
    double sigmoid = 1 / (1 + exp(-x)), rest = 1 / (1 + exp(x));
    double parts = sigmoid + sigmoid * rest * fabs(x);
    return (struct expected){sigmoid * (1 + x * rest), 6e-7 * parts + (1 + fabs(x)) * 0x1.1p-126};
}

/* Below zero a difference: absolute, in units of exp(x) and 1. */
static struct expected expected_selu(double x)
{
    const double scale = 1.0507009873554804934, alpha = 1.6732632423543772848;
    if (x > 0)
        return (struct expected){scale * x, 2e-7 * scale * x + 0x1p-149};
    return (struct expected){scale * alpha * expm1(x), scale * alpha * (2.5e-7 * exp(x) + 2e-7)};
}

static void check_function(const char *name, void (*f)(size_t, const adv_real *, adv_real *),
                           struct expected (*expect)(double))
{
    adv_real x[N_INPUTS];
    fill_inputs(x);
    struct guarded y;
    guarded_init(&y, N_INPUTS);
    f(N_INPUTS, x, y.data);
    for (size_t i = 0; i < N_INPUTS; i++) {
        struct expected expected = expect((double)x[i]);
        ck_assert_msg(fabs((double)y.data[i] - expected.value) <= expected.tolerance,
                      "%s(%.9g) = %.9g, not %.9g", name, (double)x[i], (double)y.data[i],
                      expected.value);
    }
    ck_assert(guarded_intact(&y));
    f(N_INPUTS, x, x);
    ck_assert_msg(same_bytes(N_INPUTS, x, y.data), "%s differs in place", name);
    guarded_release(&y);
}

START_TEST(activations_are_right)
{
    const struct adv_kernels *kernels = variant(_i);
    if (!kernels)
        return;
    check_function("relu", kernels->relu, expected_relu);
    check_function("silu", kernels->silu, expected_silu);
    check_function("silu_slope", kernels->silu_slope, expected_silu_slope);
    check_function("selu", kernels->selu, expected_selu);
}
END_TEST

/* Every length about whole vectors; a gate of zero, of either sign, or NaN is shut; y may be x. */
START_TEST(gates_let_through_where_they_are_positive)
{
    enum { MOST = 70 };
    const struct adv_kernels *kernels = variant(_i);
    if (!kernels)
        return;
    struct random random = {5};
    adv_real gate[MOST], x[MOST], sum[MOST];
    random_fill(&random, -1, 1, MOST, gate);
    random_fill(&random, -1, 1, MOST, x);
    random_fill(&random, -1, 1, MOST, sum);
    gate[3] = 0;
    gate[17] = -(adv_real)0;
    gate[33] = (adv_real)NAN;
    for (size_t n = 0; n <= MOST; n++) {
        struct guarded y;
        guarded_init(&y, n);
        kernels->gate(n, gate, x, y.data);
        for (size_t i = 0; i < n; i++)
            ck_assert(y.data[i] == (gate[i] > 0 ? x[i] : 0));
        memcpy(y.data, sum, n * sizeof *sum);
        kernels->gate_add(n, gate, x, y.data);
        for (size_t i = 0; i < n; i++)
            ck_assert(y.data[i] == (gate[i] > 0 ? sum[i] + x[i] : sum[i]));
        memcpy(y.data, x, n * sizeof *x);
        kernels->gate(n, gate, y.data, y.data);
        for (size_t i = 0; i < n; i++)
            ck_assert(y.data[i] == (gate[i] > 0 ? x[i] : 0));
        ck_assert(guarded_intact(&y));
        guarded_release(&y);
    }
}
END_TEST

START_TEST(activations_pass_nan_on)
{
    const struct adv_kernels *kernels = variant(_i);
    if (!kernels)
        return;
    adv_real x[19], y[19];
    poison(19, x);
    kernels->relu(19, x, y);
    for (size_t i = 0; i < 19; i++)
        ck_assert_msg(isnan(y[i]), "%s: relu swallows NaN at %zu", kernels->name, i);
    kernels->silu(19, x, y);
    for (size_t i = 0; i < 19; i++)
        ck_assert_msg(isnan(y[i]), "%s: silu swallows NaN at %zu", kernels->name, i);
    kernels->selu(19, x, y);
    for (size_t i = 0; i < 19; i++)
        ck_assert_msg(isnan(y[i]), "%s: selu swallows NaN at %zu", kernels->name, i);
}
END_TEST

/* sin and cos of 2 pi u, reduced exactly to an eighth of a turn on either side. */
static void reference_sin_cos(double u, double *s, double *c)
{
    double quarters = nearbyint(4 * u), r = 2 * M_PI * (u - quarters / 4);
    double values[] = {sin(r), cos(r), -sin(r), -cos(r)};
    size_t quadrant = (size_t)((long)quarters & 3);
    *s = values[quadrant];
    *c = values[(quadrant + 1) & 3];
}

START_TEST(sines_and_cosines_are_right)
{
    const struct adv_kernels *kernels = variant(_i);
    if (!kernels)
        return;
    adv_real u[N_INPUTS];
    fill_inputs(u);
    struct guarded s, c;
    guarded_init(&s, N_INPUTS);
    guarded_init(&c, N_INPUTS);
    kernels->sin_cos_turns(N_INPUTS, u, s.data, c.data);
    for (size_t i = 0; i < N_INPUTS; i++) {
        double sine, cosine;
        reference_sin_cos((double)u[i], &sine, &cosine);
        /* the bound of core/base/vmath.h, and the last bit of a subnormal */
        ck_assert_msg(fabs((double)s.data[i] - sine) <= 3e-7 * fabs(sine) + 0x1p-149,
                      "%s: sin(2 pi %.9g) = %.9g, not %.9g", kernels->name, (double)u[i],
                      (double)s.data[i], sine);
        ck_assert_msg(fabs((double)c.data[i] - cosine) <= 3e-7 * fabs(cosine) + 0x1p-149,
                      "%s: cos(2 pi %.9g) = %.9g, not %.9g", kernels->name, (double)u[i],
                      (double)c.data[i], cosine);
    }
    ck_assert(guarded_intact(&s) && guarded_intact(&c));
    guarded_release(&s);
    guarded_release(&c);
}
END_TEST

#define N_FUNCTIONS 6 /* with sine and cosine counted apart */

/* All functions of inputs [first, first + count), one after the other: [N_FUNCTIONS * count]. */
static void apply_all(const struct adv_kernels *kernels, const adv_real *x, size_t count,
                      adv_real *y)
{
    adv_real *sine = y + 3 * count, *cosine = y + 4 * count;
    kernels->relu(count, x, y);
    kernels->silu(count, x, y + count);
    kernels->silu_slope(count, x, y + 2 * count);
    kernels->sin_cos_turns(count, x, sine, cosine);
    kernels->selu(count, x, y + 5 * count);
}

/* Vector bodies and scalar remainders must round alike: where an element falls depends on the
 * batch. */
START_TEST(an_element_does_not_depend_on_its_place)
{
    const struct adv_kernels *kernels = variant(_i);
    adv_real x[N_INPUTS], alone[N_FUNCTIONS];
    fill_inputs(x);
    for (size_t count = 1; kernels && count <= 70; count++) {
        for (size_t first = 0; first + count <= N_INPUTS; first += count) {
            struct guarded y;
            guarded_init(&y, N_FUNCTIONS * count);
            apply_all(kernels, x + first, count, y.data);
            ck_assert(guarded_intact(&y));
            for (size_t i = 0; i < count; i++) {
                apply_all(kernels, x + first + i, 1, alone);
                for (size_t f = 0; f < N_FUNCTIONS; f++)
                    ck_assert_msg(same_bytes(1, &y.data[f * count + i], &alone[f]),
                                  "%s: function %zu of %.9g differs at %zu of %zu", kernels->name,
                                  f, (double)x[first + i], i, count);
            }
            guarded_release(&y);
        }
    }
}
END_TEST

static const struct adv_kernels *available_variant(const char *name)
{
    for (int i = 0; i < n_variants(); i++) {
        if (variant(i) && strcmp(variant(i)->name, name) == 0)
            return variant(i);
    }
    return NULL;
}

/* Both sum in one chain of fused multiply-adds, so the width of their vectors cannot be seen. */
START_TEST(avx2_and_avx512_agree_to_the_bit)
{
    const struct adv_kernels *a = available_variant("avx2"), *b = available_variant("avx512");
    for (size_t s = 0; a && b && s < N_SHAPES; s++) {
        size_t n, k;
        shape_of(s, &n, &k);
        struct product_case one, other;
        product_case_init(&one, a, n, k, 0, k, NULL);
        product_case_init(&other, b, n, k, 0, k, NULL);
        a->product(ROWS_MAX, n, k, one.x, one.packed.data, true, one.y.data);
        b->product(ROWS_MAX, n, k, other.x, other.packed.data, true, other.y.data);
        ck_assert_msg(same_bytes(ROWS_MAX * n, one.y.data, other.y.data), "n %zu, k %zu", n, k);
        product_case_release(&one);
        product_case_release(&other);
    }
    adv_real x[N_INPUTS], y[2][N_FUNCTIONS * N_INPUTS];
    fill_inputs(x);
    if (!a || !b)
        return;
    apply_all(a, x, N_INPUTS, y[0]);
    apply_all(b, x, N_INPUTS, y[1]);
    ck_assert(same_bytes(N_FUNCTIONS * N_INPUTS, y[0], y[1]));
}
END_TEST

/* ---- choosing ---- */

START_TEST(the_reference_comes_first_and_is_always_there)
{
    ck_assert_str_eq(adv_kernels_all()[0]->name, "portable");
    ck_assert(adv_kernels_all()[0]->available());
}
END_TEST

START_TEST(a_variant_is_picked_by_name)
{
    const struct adv_kernels *kernels = variant(_i);
    if (kernels)
        ck_assert_ptr_eq(adv_kernels_pick(false, kernels->name), kernels);
    ck_assert_ptr_null(adv_kernels_pick(false, "abacus"));
    ck_assert_ptr_eq(adv_kernels_pick(false, NULL), adv_kernels_best());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *product = tcase_create("product");
    tcase_set_timeout(product, 300);
    tcase_add_loop_test(product, products_are_right, 0, n_variants());
    tcase_add_loop_test(product, a_row_does_not_depend_on_its_neighbours, 0, n_variants());
    tcase_add_loop_test(product, a_slice_of_columns_packs_as_its_copy_would, 0, n_variants());
    tcase_add_loop_test(product, no_bias_packs_as_zeros, 0, n_variants());
    tcase_add_loop_test(product, no_rows_write_nothing, 0, n_variants());
    tcase_add_test(product, avx2_and_avx512_agree_to_the_bit);
    suite_add_tcase(suite, product);

    TCase *elements = tcase_create("element by element");
    tcase_set_timeout(elements, 120);
    tcase_add_loop_test(elements, activations_are_right, 0, n_variants());
    tcase_add_loop_test(elements, gates_let_through_where_they_are_positive, 0, n_variants());
    tcase_add_loop_test(elements, activations_pass_nan_on, 0, n_variants());
    tcase_add_loop_test(elements, sines_and_cosines_are_right, 0, n_variants());
    tcase_add_loop_test(elements, an_element_does_not_depend_on_its_place, 0, n_variants());
    suite_add_tcase(suite, elements);

    TCase *choice = tcase_create("choice");
    tcase_add_test(choice, the_reference_comes_first_and_is_always_there);
    tcase_add_loop_test(choice, a_variant_is_picked_by_name, 0, n_variants());
    suite_add_tcase(suite, choice);

    return suite_run(suite);
}
