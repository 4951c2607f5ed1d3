/* Shards of different runs advanced together: whatever is evaluated beside a row, however the
 * company changes from turn to turn, each run ends as it does alone. */
#include "tests/support/alloc_fail.h"
#include "tests/support/instrumented.h"
#include "tests/support/models.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 90 /* more shards at once than are evaluated at once */
#define ROWS_MAX 40
#define DIM_MAX 64
#define N_TRIALS (INSTRUMENTED ? 1 : 8)

static struct adv_model *plane_model(void)
{
    return model_of(
        "{\"name\": \"plane\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 32,"
        " \"layers\": 2, \"activation\": \"silu\", \"input_gain\": true},"
        " \"data\": {\"shape\": [2], \"transform\": {\"kind\": \"affine\","
        " \"shift\": [1, -2], \"scale\": [3, 0.5]}}}");
}

static struct adv_model *labelled_model(void)
{
    return model_of("{\"name\": \"labelled\", \"net\": {\"kind\": \"mlp\", \"dim\": 3,"
                    " \"channels\": 16, \"layers\": 2, \"num_classes\": 4, \"null_class\": true,"
                    " \"activation\": \"silu\"}, \"data\": {\"shape\": [3], \"classes\": 4}}");
}

static struct adv_model *unet_model(void)
{
    return model_of("{\"name\": \"unet\", \"net\": {\"kind\": \"unet\", \"image\": [1, 8, 8],"
                    " \"model_channels\": 32, \"num_res_blocks\": 1, \"channel_mult\": [1, 2],"
                    " \"attention_resolutions\": [2], \"num_classes\": 3, \"null_class\": true},"
                    " \"data\": {\"shape\": [1, 8, 8], \"classes\": 3}}");
}

static struct adv_model *given_model(void)
{
    return model_of(
        "{\"name\": \"given\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16,"
        " \"layers\": 2, \"context\": 2, \"null_context\": true, \"conditioning\":"
        " \"scale_shift\", \"activation\": \"silu\"}, \"data\": {\"shape\": [2]}}");
}

static struct adv_model *(*const makers[])(void) = {plane_model, labelled_model, unet_model,
                                                    given_model};
#define MAKERS ((int)ADV_COUNT(makers))

static double uniform(struct random *random)
{
    return random_between(random, 0, 1);
}

/* What a query of any kind borrows. */
struct question {
    struct adv_query query;
    float points[ROWS_MAX * DIM_MAX];
    int32_t labels[ROWS_MAX];
    float contexts[ROWS_MAX * 2];
    double times[3];
};

static struct adv_solver_spec any_solver(struct random *random)
{
    static const char *const names[] = {"euler", "midpoint", "heun", "rk4", "dopri5"};
    struct adv_solver_spec spec = {.steps = 1 + (int64_t)random_below(random, 6),
                                   .rtol = uniform(random) < 0.5 ? 1e-2 : 1e-4,
                                   .max_nfe = uniform(random) < 0.4 ? 9 : 1000};
    spec.atol = spec.rtol;
    ck_assert_int_eq(adv_solver_find(names[random_below(random, 5)], &spec.solver, NULL), ADV_OK);
    return spec;
}

/* Some start so far out that their velocity is no number. */
static void fill_points(struct question *q, struct random *random, size_t dim)
{
    adv_rng_normal(random_below(random, 1000), ADV_STREAM_DATA, 0, q->query.n, dim, q->points);
    if (uniform(random) < 0.3)
        q->points[(q->query.n - 1) * dim] = 3e38f;
    q->query.points = q->points;
}

static void fill_labels(struct question *q, struct random *random, size_t classes)
{
    for (size_t i = 0; i < q->query.n; i++)
        q->labels[i] = (int32_t)random_below(random, classes + 1) - 1; /* -1: none */
    q->query.labels = q->labels;
    q->query.guidance = uniform(random) < 0.5 ? 1 : 4 * uniform(random);
}

/* One for all rows, one for each, one for each half, or none. */
static void fill_contexts(struct question *q, struct random *random)
{
    size_t n = q->query.n;
    const size_t counts[] = {1, n, n % 2 == 0 ? 2 : 1, 0};
    q->query.n_contexts = counts[random_below(random, ADV_COUNT(counts))];
    adv_rng_normal(random_below(random, 1000), ADV_STREAM_DATA, 0, n, 2, q->contexts);
    q->query.context = q->query.n_contexts ? q->contexts : NULL;
    q->query.guidance = uniform(random) < 0.5 ? 1 : 4 * uniform(random);
}

static void any_question(struct question *q, struct random *random, const struct adv_model *model)
{
    static const size_t sizes[] = {1, 1, 1, 2, 5, ROWS_MAX};
    q->query = adv_query_default((enum adv_query_kind)random_below(random, 5));
    bool from_base = adv_query_from_base(q->query.kind);
    q->query.n = sizes[random_below(random, adv_model_is_image(model) ? 4 : ADV_COUNT(sizes))];
    q->query.seed = random_below(random, 1000);
    q->query.first = random_below(random, 100);
    q->query.t = from_base || uniform(random) < 0.5 ? 1 : uniform(random);
    q->query.solver = any_solver(random);
    q->query.log_density = q->query.kind == ADV_QUERY_SAMPLES && uniform(random) < 0.2;
    q->query.divergence = q->query.kind == ADV_QUERY_VELOCITY && uniform(random) < 0.3;
    q->query.probes = 1 + random_below(random, 3);
    q->times[0] = uniform(random) < 0.5 ? 0 : 0.1;
    q->times[1] = 0.3 + 0.4 * uniform(random);
    q->times[2] = 1;
    q->query.times = q->times;
    q->query.n_times = 3;
    if (!from_base || uniform(random) < 0.3)
        fill_points(q, random, adv_model_dim(model));
    if (adv_model_classes(model) > 0)
        fill_labels(q, random, adv_model_classes(model));
    if (adv_model_context(model) > 0)
        fill_contexts(q, random);
}

/* One query twice: a run for the company, and the same alone. */
struct pair {
    struct adv_run *together, *alone;
    bool ended[ROWS_MAX]; /* shards of together */
};

static void assert_equal_values(const void *a, const void *b, size_t bytes, const char *what)
{
    ck_assert_msg(!a == !b && (!a || !memcmp(a, b, bytes)), "%s differ", what);
}

/* Both have ended. Returns how. */
static enum adv_status assert_ended_alike(struct pair *pair)
{
    struct adv_error errors[2] = {ADV_ERROR_INIT, ADV_ERROR_INIT};
    const struct adv_answer *a, *b;
    enum adv_status status = adv_run_finish(pair->alone, &a, &errors[0]);
    ck_assert_int_eq(adv_run_finish(pair->together, &b, &errors[1]), status);
    ck_assert_str_eq(errors[0].message, errors[1].message);
    if (status != ADV_OK)
        return status;
    size_t values = a->n * a->dim;
    assert_equal_values(a->states, b->states, a->n_frames * values * sizeof(float), "states");
    assert_equal_values(a->latents, b->latents, values * sizeof(float), "latents");
    assert_equal_values(a->log_density, b->log_density, a->n * sizeof(double), "densities");
    assert_equal_values(a->divergence, b->divergence, a->n * sizeof(double), "divergences");
    ck_assert_int_eq(a->nfe, b->nfe);
    for (size_t s = 0; s < adv_run_shards(pair->alone); s++) {
        struct adv_run_work alone = adv_run_work(pair->alone, s);
        struct adv_run_work together = adv_run_work(pair->together, s);
        ck_assert_double_eq(alone.multiply_adds, together.multiply_adds);
        ck_assert_uint_eq(alone.evaluations, together.evaluations);
        ck_assert_uint_eq(alone.rows, together.rows);
    }
    return status;
}

static void end_alone(struct adv_run *run, struct adv_evaluator *evaluator)
{
    for (size_t s = 0; s < adv_run_shards(run); s++) {
        while (!adv_run_advance(run, s, evaluator))
            ;
    }
}

/* Some of the shards that have not ended, in any order; *left: how many have not. */
static size_t any_company(struct pair *pairs, size_t n, struct random *random,
                          struct adv_run_shard *turns, size_t *left)
{
    size_t n_turns = 0;
    double share = uniform(random) < 0.3 ? 1 : uniform(random);
    *left = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t s = 0; pairs[i].together && s < adv_run_shards(pairs[i].together); s++) {
            if (pairs[i].ended[s])
                continue;
            ++*left;
            if (uniform(random) >= share)
                continue;
            size_t at = random_below(random, n_turns + 1);
            turns[n_turns++] = turns[at];
            turns[at] = (struct adv_run_shard){.run = pairs[i].together, .shard = s};
        }
    }
    return n_turns;
}

static void note_ends(struct pair *pairs, size_t n, const struct adv_run_shard *turns,
                      size_t n_turns)
{
    for (size_t k = 0; k < n_turns; k++) {
        for (size_t i = 0; i < n; i++) {
            if (pairs[i].together == turns[k].run)
                pairs[i].ended[turns[k].shard] = turns[k].ended;
        }
    }
}

static void end_together(struct pair *pairs, size_t n, struct random *random,
                         struct adv_evaluator *evaluator)
{
    static struct adv_run_shard turns[RUNS_MAX * 3];
    for (size_t left = 1; left > 0;) {
        size_t n_turns = any_company(pairs, n, random, turns, &left);
        adv_runs_advance(n_turns, turns, evaluator);
        note_ends(pairs, n, turns, n_turns);
        if (uniform(random) < 0.05) { /* somebody's client goes */
            size_t i = random_below(random, n);
            adv_run_free(pairs[i].together);
            pairs[i].together = NULL;
        }
    }
}

static struct adv_evaluator *new_evaluator(const struct adv_model *model)
{
    struct adv_evaluator *evaluator = NULL;
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    return evaluator;
}

START_TEST(a_run_ends_the_same_in_any_company)
{
    static struct question question;
    struct adv_model *model = makers[_i % MAKERS]();
    struct adv_evaluator *evaluator = new_evaluator(model);
    struct random random = {.state = (uint64_t)_i + 1};
    size_t ends[2] = {0};
    for (int trial = 0; trial < N_TRIALS; trial++) {
        struct pair pairs[RUNS_MAX] = {0};
        size_t n = trial == 0 ? RUNS_MAX : 1 + random_below(&random, 16);
        for (size_t i = 0; i < n; i++) {
            any_question(&question, &random, model);
            ck_assert_int_eq(adv_run_new(model, &question.query, &pairs[i].together, NULL), ADV_OK);
            ck_assert_int_eq(adv_run_new(model, &question.query, &pairs[i].alone, NULL), ADV_OK);
            end_alone(pairs[i].alone, evaluator);
        }
        end_together(pairs, n, &random, evaluator);
        for (size_t i = 0; i < n; i++) {
            if (pairs[i].together)
                ends[assert_ended_alike(&pairs[i]) != ADV_OK]++;
            adv_run_free(pairs[i].together);
            adv_run_free(pairs[i].alone);
        }
    }
    ck_assert_uint_gt(ends[0], 20); /* else little was tried */
    ck_assert_uint_gt(ends[1], 0);
    adv_evaluator_free(evaluator);
    adv_model_unref(model);
}
END_TEST

/* The evaluator's first use allocates; where that fails, all fail, each with the reason. */
struct failing {
    struct adv_model *model;
};

static enum adv_status advance_two(void *context, struct adv_error *error)
{
    struct failing *failing = context;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run_shard turns[2] = {{0}, {0}};
    struct adv_evaluator *evaluator = NULL;
    const struct adv_answer *answer;
    enum adv_status status =
        adv_evaluator_new(adv_model_packed_weights(failing->model), &evaluator, error);
    for (int i = 0; i < 2 && status == ADV_OK; i++)
        status = adv_run_new(failing->model, &query, &turns[i].run, error);
    while (status == ADV_OK && !(turns[0].ended && turns[1].ended))
        adv_runs_advance(2, turns, evaluator);
    for (int i = 0; i < 2 && status == ADV_OK; i++)
        status = adv_run_finish(turns[i].run, &answer, error);
    for (int i = 0; i < 2; i++)
        adv_run_free(turns[i].run);
    adv_evaluator_free(evaluator);
    return status;
}

START_TEST(without_memory_each_says_so)
{
    struct failing failing = {plane_model()};
    ck_assert_int_gt(alloc_fail_each(advance_two, &failing), 20);
    adv_model_unref(failing.model);
}
END_TEST

/* Weights that are used once per row are worth sharing; those of convolutions, which are used at
 * every pixel, are not, nor are tangents. */
START_TEST(only_rows_that_gain_by_it_belong_together)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_model *plane = plane_model(), *unet = unet_model();
    struct adv_model *huge =
        model_of("{\"name\": \"huge\", \"net\": {\"kind\": \"mlp\","
                 " \"dim\": 2, \"channels\": 2400, \"layers\": 1, \"num_classes\": 2,"
                 " \"null_class\": true},"
                 " \"data\": {\"shape\": [2], \"classes\": 2}}");
    ck_assert_uint_ge(adv_query_rows_together(&query, plane), 8);
    ck_assert_uint_eq(adv_query_rows_together(&query, unet), 1);
    query.guidance = 2;
    size_t rows = adv_query_rows_together(&query, huge);
    query.n = rows + 1;
    ck_assert_double_gt(adv_query_cost(&query, huge) / 100, 5e8); /* a turn's bound */
    query.n = rows;
    ck_assert_double_le(adv_query_cost(&query, huge) / 100, 5e8);
    query.log_density = true;
    ck_assert_uint_eq(adv_query_rows_together(&query, plane), 1);
    adv_model_unref(plane);
    adv_model_unref(unet);
    adv_model_unref(huge);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("together");
    TCase *tests = tcase_create("together");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_run_ends_the_same_in_any_company, 0, 3 * MAKERS);
    tcase_add_test(tests, without_memory_each_says_so);
    tcase_add_test(tests, only_rows_that_gain_by_it_belong_together);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
