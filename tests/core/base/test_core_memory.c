/* Memory that runs out, at every allocation in turn, while networks are built and readied. */
#include <advect/extra/evaluator.h>
#include <advect/extra/gradient.h>
#include <advect/extra/memory.h>
#include <advect/extra/net.h>

#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>

#define ROWS 5

static const char config_text[] =
    "{\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 2, \"activation\": \"silu\", "
    "\"num_classes\": 3, \"null_class\": true, \"input_frequencies\": 2, \"time_frequencies\": 2, "
    "\"residual\": true, \"input_gain\": true}";

/* What an attempt begins with. */
struct situation {
    json_t *config;
    struct adv_net *net;
    float *weights;
    struct adv_points points;
};

static const float x[ROWS * 2] = {0.5f, 1, -1, 2}, t[ROWS] = {0, 0.5f, 1, 0.5f, 0.25f};
static const int32_t label[ROWS] = {0, 1, 2, ADV_NO_LABEL, 1};
static const float guidance[ROWS] = {1, 2, 1, 1, 3};

static void situation_init(struct situation *s)
{
    s->config = json_loads(config_text, 0, NULL);
    ck_assert_int_eq(adv_net_new(s->config, &s->net, NULL), ADV_OK);
    s->weights = calloc(adv_net_weights(s->net), sizeof *s->weights);
    ck_assert_ptr_nonnull(s->weights);
    adv_net_init_weights(s->net, 1, s->weights);
    s->points =
        (struct adv_points){.n = ROWS, .x = x, .t = t, .label = label, .guidance = guidance};
}

static void situation_release(struct situation *s)
{
    json_decref(s->config);
    adv_net_free(s->net);
    free(s->weights);
}

static enum adv_status build(void *context, struct adv_error *error)
{
    const struct situation *s = context;
    struct adv_net *net = NULL;
    enum adv_status status = adv_net_new(s->config, &net, error);
    adv_net_free(net);
    return status;
}

static enum adv_status evaluate(void *context, struct adv_error *error)
{
    const struct situation *s = context;
    struct adv_packed_weights *packed = NULL;
    struct adv_evaluator *evaluator = NULL;
    float v[ROWS * 2], divergence[ROWS];
    enum adv_status status = adv_packed_weights_new(s->net, s->weights, NULL, &packed, error);
    if (status == ADV_OK)
        status = adv_evaluator_new(packed, &evaluator, error);
    if (status == ADV_OK)
        status = adv_evaluator_velocity(evaluator, &s->points, v, error);
    if (status == ADV_OK)
        status = adv_evaluator_divergence(evaluator, &s->points, v, divergence, error);
    adv_evaluator_free(evaluator);
    adv_packed_weights_free(packed);
    return status;
}

static enum adv_status plan_gradient(void *context, struct adv_error *error)
{
    const struct situation *s = context;
    struct adv_gradient *gradient = NULL;
    enum adv_status status = adv_gradient_new(s->net, ROWS, NULL, &gradient, error);
    adv_gradient_free(gradient);
    return status;
}

/* An evaluator that could not get its memory may try again. */
static enum adv_status insist(void *context, struct adv_error *error)
{
    struct adv_evaluator *evaluator = context;
    const struct adv_points points = {.n = ROWS, .x = x, .t = t, .label = label};
    float v[ROWS * 2];
    return adv_evaluator_velocity(evaluator, &points, v, error);
}

static const struct {
    alloc_fail_attempt *attempt;
    long least; /* allocations that it is sure to make */
} attempts[] = {{build, 20}, {evaluate, 20}, {plan_gradient, 10}};

START_TEST(every_allocation_may_fail)
{
    struct situation situation;
    situation_init(&situation);
    ck_assert_int_ge(alloc_fail_each(attempts[_i].attempt, &situation), attempts[_i].least);
    situation_release(&situation);
}
END_TEST

START_TEST(an_evaluator_recovers)
{
    struct situation s;
    struct adv_packed_weights *packed = NULL;
    struct adv_evaluator *evaluator = NULL;
    situation_init(&s);
    ck_assert_int_eq(adv_packed_weights_new(s.net, s.weights, NULL, &packed, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_new(packed, &evaluator, NULL), ADV_OK);
    ck_assert_int_ge(alloc_fail_each(insist, evaluator), 5);
    adv_evaluator_free(evaluator);
    adv_packed_weights_free(packed);
    situation_release(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core memory");
    TCase *tcase = tcase_create("exhaustion");
    tcase_add_loop_test(tcase, every_allocation_may_fail, 0, (int)(ADV_COUNT(attempts)));
    tcase_add_test(tcase, an_evaluator_recovers);
    suite_add_tcase(suite, tcase);

    return suite_run(suite);
}
