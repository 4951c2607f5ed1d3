/* Evaluations whose layers a pool's threads share: the same bytes as one thread's. */
#include <advect/extra/evaluator.h>

#include "core/base/mem.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 3
#define ROWS_MAX 6
#define TANGENTS 2
#define THREADS_MAX 4

/* Layers large enough to be shared among up to four threads, and some that are not; outputs that do
 * not fill a panel. The image nets have each way to convolve, and attention. */
static const char *const configs[] = {
    "{\"kind\": \"mlp\", \"dim\": 5, \"channels\": 283, \"layers\": 2, \"num_classes\": 3, "
    "\"null_class\": true, \"activation\": \"silu\"}",
    "{\"kind\": \"unet\", \"image\": [1, 6, 6], \"model_channels\": 128, \"num_res_blocks\": 1, "
    "\"channel_mult\": [1, 1], \"attention_resolutions\": [1], \"num_classes\": 3, "
    "\"null_class\": true}",
    "{\"kind\": \"unet\", \"image\": [1, 12, 12], \"model_channels\": 32, \"num_res_blocks\": 1, "
    "\"channel_mult\": [1], \"attention_resolutions\": [1], \"num_classes\": 3, "
    "\"null_class\": true}",
};
#define N_CONFIGS ((int)ADV_COUNT(configs))

/* A network with random weights, and points for it. */
struct fixture {
    struct adv_net *net;
    struct adv_packed_weights *packed;
    float *weights, *x, *t, *guidance, *dx;
    int32_t *label;
    size_t dim;
};

static float *new_random(struct random *random, double low, double high, size_t n)
{
    float *x = malloc(n * sizeof *x);
    ck_assert_ptr_nonnull(x);
    random_fill(random, low, high, n, x);
    return x;
}

static void fixture_init(struct fixture *f, const char *text)
{
    struct random random = {17};
    struct adv_error error = ADV_ERROR_INIT;
    json_t *config = json_loads(text, 0, NULL);
    ck_assert_msg(adv_net_new(config, &f->net, &error) == ADV_OK, "%s", error.message);
    json_decref(config);
    f->dim = adv_net_dim(f->net);
    f->weights = new_random(&random, -0.1, 0.1, adv_net_weights(f->net));
    f->x = new_random(&random, -2, 2, ROWS_MAX * f->dim);
    f->t = new_random(&random, 0, 1, ROWS_MAX);
    f->guidance = new_random(&random, 1, 1, ROWS_MAX);
    f->dx = new_random(&random, -1, 1, TANGENTS * ROWS_MAX * f->dim);
    f->label = malloc(ROWS_MAX * sizeof *f->label);
    ck_assert_ptr_nonnull(f->label);
    for (size_t i = 0; i < ROWS_MAX; i++)
        f->label[i] = (int32_t)(i % CLASSES);
    f->guidance[2] = 3; /* two rows in one */
    ck_assert_int_eq(adv_packed_weights_new(f->net, f->weights, NULL, &f->packed, NULL), ADV_OK);
}

static void fixture_release(struct fixture *f)
{
    adv_packed_weights_free(f->packed);
    adv_net_free(f->net);
    free(f->weights);
    free(f->x);
    free(f->t);
    free(f->guidance);
    free(f->dx);
    free(f->label);
}

static struct adv_points points_of(const struct fixture *f, size_t n)
{
    return (struct adv_points){
        .n = n, .x = f->x, .t = f->t, .label = f->label, .guidance = f->guidance};
}

/* [1 + TANGENTS][n][dim]: velocities, then tangents. */
static float *new_answer(const struct fixture *f, struct adv_evaluator *evaluator, size_t n)
{
    struct adv_points points = points_of(f, n);
    size_t values = n * f->dim;
    float *answer = malloc((1 + TANGENTS) * values * sizeof *answer);
    float *v = malloc(values * sizeof *v);
    ck_assert(answer && v);
    poison((1 + TANGENTS) * values, answer);
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &points, v, NULL), ADV_OK);
    ck_assert_int_eq(
        adv_evaluator_tangents(evaluator, &points, TANGENTS, f->dx, answer, answer + values, NULL),
        ADV_OK);
    ck_assert(same_bytes(values, v, answer));
    ck_assert(all_finite((1 + TANGENTS) * values, answer));
    free(v);
    return answer;
}

static struct adv_evaluator *new_evaluator(const struct fixture *f, struct adv_pool *pool)
{
    struct adv_evaluator *evaluator = NULL;
    ck_assert_int_eq(adv_evaluator_new(f->packed, &evaluator, NULL), ADV_OK);
    adv_evaluator_share(evaluator, pool);
    return evaluator;
}

static struct adv_pool *new_pool(int threads)
{
    struct adv_pool *pool = NULL;
    ck_assert_int_eq(adv_pool_new(threads, &pool, NULL), ADV_OK);
    return pool;
}

START_TEST(threads_that_share_give_the_same_bytes)
{
    static const size_t counts[] = {1, 2, ROWS_MAX};
    struct fixture f;
    fixture_init(&f, configs[_i]);
    struct adv_evaluator *alone = new_evaluator(&f, NULL);
    for (int threads = 1; threads <= THREADS_MAX; threads++) {
        struct adv_pool *pool = new_pool(threads);
        struct adv_evaluator *shared = new_evaluator(&f, pool);
        for (size_t c = 0; c < ADV_COUNT(counts); c++) {
            float *expected = new_answer(&f, alone, counts[c]);
            float *answer = new_answer(&f, shared, counts[c]);
            ck_assert_msg(same_bytes((1 + TANGENTS) * counts[c] * f.dim, answer, expected),
                          "%d threads, %zu rows", threads, counts[c]);
            free(expected);
            free(answer);
        }
        adv_evaluator_free(shared);
        adv_pool_free(pool);
    }
    adv_evaluator_free(alone);
    fixture_release(&f);
}
END_TEST

/* One evaluator, with pools that come and go. */
START_TEST(pools_may_be_replaced)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    struct adv_evaluator *evaluator = new_evaluator(&f, NULL);
    float *expected = new_answer(&f, evaluator, 1);
    for (int threads = 1; threads <= THREADS_MAX; threads++) {
        struct adv_pool *pool = new_pool(threads);
        adv_evaluator_share(evaluator, pool);
        float *answer = new_answer(&f, evaluator, 1);
        ck_assert(same_bytes((1 + TANGENTS) * f.dim, answer, expected));
        free(answer);
        adv_evaluator_share(evaluator, NULL);
        adv_pool_free(pool);
    }
    float *answer = new_answer(&f, evaluator, 1);
    ck_assert(same_bytes((1 + TANGENTS) * f.dim, answer, expected));
    free(answer);
    free(expected);
    adv_evaluator_free(evaluator);
    fixture_release(&f);
}
END_TEST

START_TEST(evaluations_after_the_first_allocate_nothing)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    struct adv_pool *pool = new_pool(3);
    struct adv_evaluator *evaluator = new_evaluator(&f, pool);
    struct adv_points points = points_of(&f, 1);
    float *v = malloc(2 * f.dim * sizeof *v);
    ck_assert_ptr_nonnull(v);
    adv_evaluator_tangents(evaluator, &points, 1, f.dx, v, v + f.dim, NULL);
    size_t before = alloc_fail_n_bytes();
    for (int i = 0; i < 3; i++)
        adv_evaluator_tangents(evaluator, &points, 1, f.dx, v, v + f.dim, NULL);
    ck_assert_uint_eq(alloc_fail_n_bytes(), before);
    free(v);
    adv_evaluator_free(evaluator);
    adv_pool_free(pool);
    fixture_release(&f);
}
END_TEST

struct attempt {
    const struct fixture *fixture;
    struct adv_pool *pool;
    float v[144];
};

static enum adv_status evaluate_once(void *context, struct adv_error *error)
{
    struct attempt *a = context;
    struct adv_evaluator *evaluator = NULL;
    struct adv_points points = points_of(a->fixture, 1);
    enum adv_status status = adv_evaluator_new(a->fixture->packed, &evaluator, error);
    if (status == ADV_OK) {
        adv_evaluator_share(evaluator, a->pool);
        status = adv_evaluator_velocity(evaluator, &points, a->v, error);
    }
    adv_evaluator_free(evaluator);
    return status;
}

START_TEST(lack_of_memory_is_told)
{
    struct fixture f;
    fixture_init(&f, configs[_i]);
    struct attempt attempt = {.fixture = &f, .pool = new_pool(2)};
    ck_assert_uint_le(f.dim, ADV_COUNT(attempt.v));
    ck_assert_int_gt(alloc_fail_each(evaluate_once, &attempt), 5);
    adv_pool_free(attempt.pool);
    fixture_release(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("team");
    TCase *tc = tcase_create("team");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, threads_that_share_give_the_same_bytes, 0, N_CONFIGS);
    tcase_add_loop_test(tc, pools_may_be_replaced, 0, N_CONFIGS);
    tcase_add_loop_test(tc, evaluations_after_the_first_allocate_nothing, 0, N_CONFIGS);
    tcase_add_loop_test(tc, lack_of_memory_is_told, 0, N_CONFIGS);
    suite_add_tcase(suite, tc);

    return suite_run(suite);
}
