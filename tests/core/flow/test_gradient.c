/* The loss's gradient: its scale, what is added where, in which batches. Sharper looks at the
 * derivatives themselves are in test_plan.c and test_mlp.c, in double, and in test_fixtures.c. */
#include <advect/extra/gradient.h>

#include "core/base/mem.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 24
#define DIM 3

static const char config_text[] =
    "{\"kind\": \"mlp\", \"dim\": 3, \"channels\": 20, \"layers\": 2, \"activation\": \"silu\", "
    "\"num_classes\": 4, \"null_class\": true, \"input_gain\": true}";

struct fixture {
    struct adv_net *net;
    struct adv_gradient *gradient;
    size_t n_weights;
    float *weights, *sum; /* sum: of gradients, zero at first */
    float x[ROWS * DIM], t[ROWS], target[ROWS * DIM], g_x[ROWS * DIM];
    int32_t label[ROWS];
    struct adv_points points;
};

static void fixture_init(struct fixture *f, size_t rows_max)
{
    struct random random = {1};
    json_t *config = json_loads(config_text, 0, NULL);
    *f = (struct fixture){0};
    ck_assert_int_eq(adv_net_new(config, &f->net, NULL), ADV_OK);
    json_decref(config);
    ck_assert_int_eq(adv_gradient_new(f->net, rows_max, NULL, &f->gradient, NULL), ADV_OK);
    f->n_weights = adv_net_weights(f->net);
    f->weights = adv_calloc(f->n_weights, sizeof *f->weights);
    f->sum = adv_calloc(f->n_weights, sizeof *f->sum);
    ck_assert(f->weights && f->sum);
    random_fill(&random, -0.3, 0.3, f->n_weights, f->weights);
    random_fill(&random, -1, 1, ROWS * DIM, f->x);
    random_fill(&random, 0, 1, ROWS, f->t);
    random_fill(&random, -1, 1, ROWS * DIM, f->target);
    poison(ROWS * DIM, f->g_x);
    for (size_t i = 0; i < ROWS; i++)
        f->label[i] = (int32_t)random_below(&random, 5) - 1;
    f->points = (struct adv_points){.n = ROWS, .x = f->x, .t = f->t, .label = f->label};
}

static void fixture_release(struct fixture *f)
{
    adv_gradient_free(f->gradient);
    adv_net_free(f->net);
    free(f->weights);
    free(f->sum);
}

/* Adds the gradient of rows [begin, end) and returns their sum of squares. */
static double add_rows(struct fixture *f, size_t begin, size_t end, float scale)
{
    struct adv_points points = {
        .n = end - begin, .x = f->x + begin * DIM, .t = f->t + begin, .label = f->label + begin};
    adv_gradient_set_weights(f->gradient, f->weights);
    return adv_gradient_add(f->gradient, &points, f->target + begin * DIM, scale, f->sum,
                            f->g_x + begin * DIM);
}

/* Sums over 24 rows differ in their order only. */
static double rounding(const struct fixture *f)
{
    return 64 * ROUNDOFF * fmax(1, largest(f->n_weights, f->sum));
}

START_TEST(the_sum_is_that_of_the_velocity)
{
    struct fixture f;
    struct adv_packed_weights *packed;
    struct adv_evaluator *evaluator;
    float v[ROWS * DIM];
    fixture_init(&f, ROWS);
    ck_assert_int_eq(adv_packed_weights_new(f.net, f.weights, NULL, &packed, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_new(packed, &evaluator, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &f.points, v, NULL), ADV_OK);
    double squares = 0;
    for (size_t i = 0; i < ROWS * DIM; i++)
        squares += pow((double)v[i] - (double)f.target[i], 2);
    ck_assert_double_le(fabs(add_rows(&f, 0, ROWS, 7) - squares), 1e-5 * squares);
    adv_evaluator_free(evaluator);
    adv_packed_weights_free(packed);
    fixture_release(&f);
}
END_TEST

/* The sum of squares after moving `moved` [n] by step along direction. */
static double sum_moved(struct fixture *f, float *moved, const float *direction, size_t n,
                        double step)
{
    struct fixture other;
    float *saved = adv_calloc(n, sizeof *saved);
    ck_assert_ptr_nonnull(saved);
    memcpy(saved, moved, n * sizeof *saved);
    fixture_init(&other, ROWS);
    for (size_t i = 0; i < n; i++)
        moved[i] += (float)step * direction[i];
    adv_gradient_set_weights(f->gradient, f->weights);
    double sum = adv_gradient_add(f->gradient, &f->points, f->target, 1, other.sum, NULL);
    memcpy(moved, saved, n * sizeof *saved);
    free(saved);
    fixture_release(&other);
    return sum;
}

static void assert_slope(struct fixture *f, float *moved, const float *gradient, size_t n)
{
    struct random random = {2};
    float *direction = adv_calloc(n, sizeof *direction);
    ck_assert_ptr_nonnull(direction);
    random_fill(&random, -1, 1, n, direction);
    double slope = (sum_moved(f, moved, direction, n, DIFFERENCE_STEP) -
                    sum_moved(f, moved, direction, n, -DIFFERENCE_STEP)) /
                   (2 * DIFFERENCE_STEP);
    double scale = largest(n, gradient) * sqrt((double)n);
    ck_assert_double_le(fabs(dot(n, gradient, direction) - slope), DIFFERENCE_TOLERANCE * scale);
    free(direction);
}

/* With scale 1: the derivative of the sum itself. */
START_TEST(the_gradient_is_the_slope_of_the_sum)
{
    struct fixture f;
    fixture_init(&f, ROWS);
    add_rows(&f, 0, ROWS, 1);
    assert_slope(&f, f.x, f.g_x, ROWS * DIM);
    assert_slope(&f, f.weights, f.sum, f.n_weights);
    fixture_release(&f);
}
END_TEST

START_TEST(parts_add_up)
{
    struct fixture whole, parts;
    fixture_init(&whole, ROWS);
    fixture_init(&parts, 10); /* room for no more than its largest part */
    double all = add_rows(&whole, 0, ROWS, 0.5f);
    double sum = add_rows(&parts, 0, 10, 0.5f);
    sum += add_rows(&parts, 10, 11, 0.5f);
    sum += add_rows(&parts, 11, 17, 0.5f);
    sum += add_rows(&parts, 17, ROWS, 0.5f);
    ck_assert_double_le(fabs(sum - all), 1e-5 * all);
    ck_assert_double_le(largest_difference(whole.n_weights, whole.sum, parts.sum),
                        rounding(&whole));
    ck_assert_double_le(largest_difference(ROWS * DIM, whole.g_x, parts.g_x), rounding(&whole));
    fixture_release(&whole);
    fixture_release(&parts);
}
END_TEST

/* Weights' gradients are added, and those of x received. */
START_TEST(twice_adds_twice)
{
    struct fixture once, twice;
    fixture_init(&once, ROWS);
    fixture_init(&twice, ROWS);
    add_rows(&once, 0, ROWS, 2);
    add_rows(&twice, 0, ROWS, 1);
    float first[ROWS * DIM];
    memcpy(first, twice.g_x, sizeof first);
    add_rows(&twice, 0, ROWS, 1);
    ck_assert_double_le(largest_difference(once.n_weights, once.sum, twice.sum), rounding(&once));
    ck_assert(same_bytes(ROWS * DIM, first, twice.g_x));
    ck_assert(all_finite(ROWS * DIM, first));
    fixture_release(&once);
    fixture_release(&twice);
}
END_TEST

START_TEST(the_same_gives_the_same_bytes)
{
    struct fixture one, other;
    fixture_init(&one, ROWS);
    fixture_init(&other, ROWS);
    ck_assert_double_eq(add_rows(&one, 0, ROWS, 1), add_rows(&other, 0, ROWS, 1));
    ck_assert(same_bytes(one.n_weights, one.sum, other.sum));
    fixture_release(&one);
    fixture_release(&other);
}
END_TEST

START_TEST(the_gradient_of_x_may_be_unwanted)
{
    struct fixture with, without;
    fixture_init(&with, ROWS);
    fixture_init(&without, ROWS);
    add_rows(&with, 0, ROWS, 1);
    adv_gradient_set_weights(without.gradient, without.weights);
    adv_gradient_add(without.gradient, &without.points, without.target, 1, without.sum, NULL);
    ck_assert(same_bytes(with.n_weights, with.sum, without.sum));
    fixture_release(&with);
    fixture_release(&without);
}
END_TEST

START_TEST(no_labels_are_the_null_class)
{
    struct fixture given, omitted;
    fixture_init(&given, ROWS);
    fixture_init(&omitted, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        given.label[i] = ADV_NO_LABEL;
    add_rows(&given, 0, ROWS, 1);
    omitted.points.label = NULL;
    adv_gradient_set_weights(omitted.gradient, omitted.weights);
    adv_gradient_add(omitted.gradient, &omitted.points, omitted.target, 1, omitted.sum,
                     omitted.g_x);
    ck_assert(same_bytes(given.n_weights, given.sum, omitted.sum));
    ck_assert(same_bytes(ROWS * DIM, given.g_x, omitted.g_x));
    fixture_release(&given);
    fixture_release(&omitted);
}
END_TEST

START_TEST(memory_follows_the_rows)
{
    struct fixture small, large;
    fixture_init(&small, ROWS);
    fixture_init(&large, 10 * ROWS);
    ck_assert_uint_gt(adv_gradient_bytes(small.gradient), 0);
    ck_assert_uint_gt(adv_gradient_bytes(large.gradient), 5 * adv_gradient_bytes(small.gradient));
    fixture_release(&small);
    fixture_release(&large);
}
END_TEST

START_TEST(more_rows_than_planned_are_a_bug)
{
    struct fixture f;
    fixture_init(&f, ROWS - 1);
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* the report is not for the reader */
    add_rows(&f, 0, ROWS, 1);
}
END_TEST

/* With channels and rows enough that its products are rounded; the last call of three adds to the
 * gradient that the others left. */
static void gradient_in(enum adv_precision precision, const struct adv_net *net,
                        const float *weights, float *sum)
{
    enum { MANY = 96 };
    struct random random = {3};
    float x[MANY * DIM], t[MANY], target[MANY * DIM];
    const struct adv_load_options options = {.size = sizeof options, .precision = precision};
    struct adv_gradient *gradient = NULL;
    ck_assert_int_eq(adv_gradient_new(net, MANY, &options, &gradient, NULL), ADV_OK);
    random_fill(&random, -1, 1, MANY * DIM, x);
    random_fill(&random, 0, 1, MANY, t);
    random_fill(&random, -1, 1, MANY * DIM, target);
    const struct adv_points points = {.n = MANY, .x = x, .t = t};
    adv_gradient_set_weights(gradient, weights);
    for (int i = 0; i < 3; i++)
        adv_gradient_add(gradient, &points, target, 1, sum, NULL);
    adv_gradient_free(gradient);
}

/* Factors keep 8 bits: each product is off by at most 2^-8, and errors of either sign add up. */
START_TEST(products_in_bfloat16_change_a_gradient_by_their_rounding)
{
    json_t *config = json_loads("{\"kind\": \"mlp\", \"dim\": 3, \"channels\": 64, "
                                "\"layers\": 3, \"activation\": \"silu\"}",
                                0, NULL);
    struct random random = {2};
    struct adv_net *net = NULL;
    if (adv_load_options_check(&(struct adv_load_options){.size = sizeof(struct adv_load_options),
                                                          .precision = ADV_PRECISION_BFLOAT16},
                               NULL) != ADV_OK) {
        puts("this processor has no products in bfloat16: gradients with them are not tested");
        json_decref(config);
        return;
    }
    ck_assert_int_eq(adv_net_new(config, &net, NULL), ADV_OK);
    json_decref(config);
    size_t n = adv_net_weights(net);
    float *weights = adv_calloc(n, sizeof *weights), *exact = adv_calloc(n, sizeof *exact),
          *rounded = adv_calloc(n, sizeof *rounded);
    ck_assert(weights && exact && rounded);
    random_fill(&random, -0.3, 0.3, n, weights);
    gradient_in(ADV_PRECISION_FLOAT32, net, weights, exact);
    gradient_in(ADV_PRECISION_BFLOAT16, net, weights, rounded);
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += pow((double)rounded[i] - (double)exact[i], 2);
        norm += pow((double)exact[i], 2);
    }
    ck_assert_double_gt(difference, 0);
    ck_assert_double_lt(sqrt(difference / norm), 0x1p-7);
    free(weights);
    free(exact);
    free(rounded);
    adv_net_free(net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gradient");
    TCase *tcase = tcase_create("adding");
    tcase_add_test(tcase, the_sum_is_that_of_the_velocity);
    tcase_add_test(tcase, the_gradient_is_the_slope_of_the_sum);
    tcase_add_test(tcase, parts_add_up);
    tcase_add_test(tcase, twice_adds_twice);
    tcase_add_test(tcase, the_same_gives_the_same_bytes);
    tcase_add_test(tcase, the_gradient_of_x_may_be_unwanted);
    tcase_add_test(tcase, no_labels_are_the_null_class);
    tcase_add_test(tcase, memory_follows_the_rows);
    tcase_add_test(tcase, products_in_bfloat16_change_a_gradient_by_their_rounding);
    tcase_add_test_raise_signal(tcase, more_rows_than_planned_are_a_bug, SIGABRT);
    suite_add_tcase(suite, tcase);

    return suite_run(suite);
}
