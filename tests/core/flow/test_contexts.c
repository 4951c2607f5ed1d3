/* Contexts in evaluation and in gradients: rows that share one, that have their own, or none. */
#include <advect/extra/evaluator.h>
#include <advect/extra/gradient.h>

#include "core/base/mem.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIM 2
#define CONTEXT 3
#define ROWS 200
#define CONTEXTS 5

#define MLP                                                                                        \
    "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, \"layers\": 2, \"context\": 3, "            \
    "\"null_context\": true, \"activation\": \"silu\", \"context_channels\": 9"
#define TRANSFORMER                                                                                \
    "{\"kind\": \"transformer\", \"dim\": 2, \"channels\": 24, \"layers\": 2, \"context\": 3, "    \
    "\"null_context\": true}"
static const char *const configs[] = {
    MLP "}",
    MLP ", \"residual\": true, \"conditioning\": \"scale_shift\", \"modulation_channels\": 5}",
    MLP ", \"num_classes\": 3, \"null_class\": true, \"context_frequencies\": 2}",
    TRANSFORMER,
};

struct fixture {
    struct adv_net *net;
    struct adv_packed_weights *packed;
    struct adv_evaluator *evaluator;
    float *weights;
};

static void fixture_init(struct fixture *f, const char *text)
{
    struct random random = {5};
    struct adv_error error = ADV_ERROR_INIT;
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_msg(adv_net_new(config, &f->net, &error) == ADV_OK, "%s", error.message);
    json_decref(config);
    f->weights = calloc(adv_net_weights(f->net), sizeof *f->weights);
    ck_assert_ptr_nonnull(f->weights);
    random_fill(&random, -0.4, 0.4, adv_net_weights(f->net), f->weights);
    ck_assert_int_eq(adv_packed_weights_new(f->net, f->weights, NULL, &f->packed, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_new(f->packed, &f->evaluator, NULL), ADV_OK);
}

static void fixture_release(struct fixture *f)
{
    adv_evaluator_free(f->evaluator);
    adv_packed_weights_free(f->packed);
    adv_net_free(f->net);
    free(f->weights);
}

/* Rows of which some share a context, a time or both, and some have no context. */
struct rows {
    float x[ROWS * DIM], t[ROWS], guidance[ROWS];
    float contexts[CONTEXTS][CONTEXT];
    const float *context[ROWS];
};

static void rows_init(struct rows *rows, bool guided)
{
    struct random random = {11};
    random_fill(&random, -2, 2, ROWS * DIM, rows->x);
    random_fill(&random, -2, 2, CONTEXTS * CONTEXT, &rows->contexts[0][0]);
    for (size_t i = 0; i < ROWS; i++) {
        size_t c = random_below(&random, CONTEXTS + 1);
        rows->context[i] = c < CONTEXTS ? rows->contexts[c] : NULL;
        rows->t[i] = 0.25f * (float)random_below(&random, 4);
        rows->guidance[i] = guided && random_below(&random, 2) ? 2.5f : 1;
    }
}

static struct adv_points points_of(const struct rows *rows)
{
    return (struct adv_points){.n = ROWS,
                               .x = rows->x,
                               .t = rows->t,
                               .guidance = rows->guidance,
                               .context = rows->context};
}

/* Row i alone, its context a copy somewhere else. */
static void alone(struct fixture *f, const struct rows *rows, size_t i, const float *context,
                  float guidance, float *v, float *divergence)
{
    float copy[CONTEXT];
    const float *only = NULL;
    if (context) {
        memcpy(copy, context, sizeof copy);
        only = copy;
    }
    struct adv_points one = {
        .n = 1, .x = rows->x + i * DIM, .t = rows->t + i, .guidance = &guidance, .context = &only};
    ck_assert_int_eq(adv_evaluator_divergence(f->evaluator, &one, v, divergence, NULL), ADV_OK);
}

START_TEST(a_row_is_its_own_whoever_shares_its_context)
{
    struct fixture f;
    struct rows rows;
    float v[ROWS * DIM], again[ROWS * DIM], divergence[ROWS];
    fixture_init(&f, configs[_i]);
    rows_init(&rows, true);
    struct adv_points points = points_of(&rows);
    ck_assert_int_eq(adv_evaluator_velocity(f.evaluator, &points, v, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_divergence(f.evaluator, &points, again, divergence, NULL),
                     ADV_OK);
    ck_assert(same_bytes(ROWS * DIM, v, again));
    for (size_t i = 0; i < ROWS; i++) {
        float own[DIM], own_divergence;
        alone(&f, &rows, i, rows.context[i], rows.guidance[i], own, &own_divergence);
        ck_assert(same_bytes(DIM, own, v + i * DIM));
        ck_assert(same_bytes(1, &own_divergence, divergence + i));
    }
    fixture_release(&f);
}
END_TEST

START_TEST(guidance_goes_from_no_context_to_the_context)
{
    struct fixture f;
    struct rows rows;
    fixture_init(&f, configs[_i]);
    rows_init(&rows, false);
    for (size_t i = 0; i < 20; i++) {
        float null[DIM], with[DIM], both[DIM], divergence;
        alone(&f, &rows, i, NULL, 1, null, &divergence);
        alone(&f, &rows, i, rows.contexts[1], 1, with, &divergence);
        alone(&f, &rows, i, rows.contexts[1], 3, both, &divergence);
        ck_assert_double_gt(largest_difference(DIM, null, with), 1e-4);
        for (size_t k = 0; k < DIM; k++)
            ck_assert_double_eq_tol(
                (double)both[k], (double)null[k] + 3 * ((double)with[k] - (double)null[k]), 1e-5);
        alone(&f, &rows, i, NULL, 3, both, &divergence);
        ck_assert(same_bytes(DIM, null, both));
    }
    fixture_release(&f);
}
END_TEST

/* Training sees what evaluation sees: the loss of a batch is that of the velocities. */
START_TEST(the_loss_is_that_of_the_velocities)
{
    struct fixture f;
    struct rows rows;
    struct adv_gradient *gradient = NULL;
    float v[ROWS * DIM], target[ROWS * DIM] = {0};
    double expected = 0;
    fixture_init(&f, configs[_i]);
    rows_init(&rows, false);
    struct adv_points points = points_of(&rows);
    ck_assert_int_eq(adv_evaluator_velocity(f.evaluator, &points, v, NULL), ADV_OK);
    for (size_t i = 0; i < ROWS * DIM; i++)
        expected += (double)v[i] * (double)v[i];
    float *g = calloc(adv_net_weights(f.net), sizeof *g);
    ck_assert_ptr_nonnull(g);
    ck_assert_int_eq(adv_gradient_new(f.net, ROWS, NULL, &gradient, NULL), ADV_OK);
    adv_gradient_set_weights(gradient, f.weights);
    double sum = adv_gradient_add(gradient, &points, target, 1, g, NULL);
    ck_assert_double_eq_tol(sum, expected, 1e-4 * expected);
    adv_gradient_free(gradient);
    free(g);
    fixture_release(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contexts");
    TCase *tests = tcase_create("rows");
    int n = (int)ADV_COUNT(configs);
    tcase_add_loop_test(tests, a_row_is_its_own_whoever_shares_its_context, 0, n);
    tcase_add_loop_test(tests, guidance_goes_from_no_context_to_the_context, 0, n);
    tcase_add_loop_test(tests, the_loss_is_that_of_the_velocities, 0, n);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
