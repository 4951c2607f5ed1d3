/* The training loop: what it learns, that it resumes bit for bit, and its checkpoints. */
#include "trainer/data/held_out.h"
#include "trainer/measure/measure.h"
#include "trainer/training/checkpoint.h"
#include "trainer/training/loop.h"
#include "trainer/training/training.h"

#include <advect/advect.h>

#include "tests/support/alloc_fail.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], checkpoint[96];
static const volatile bool never;

static void make_folder(void)
{
    strcpy(folder, "/tmp/advect-training-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(checkpoint, sizeof checkpoint, "%s/c.checkpoint", folder);
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* ---------------------------------------------------------------- a bench of one training */

struct bench {
    struct adv_recipe recipe;
    struct adv_dataset dataset;
    struct adv_pool *pool;
    struct adv_training *training;
};

#define SMALL_NET "\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, \"layers\": 2}, "
#define BOARD_DATA                                                                                 \
    "\"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"checkerboard\", "    \
    "\"dim\": 2, \"cells\": 4}}}, "
#define SMALL_TRAIN                                                                                \
    "\"train\": {\"steps\": 40, \"batch\": 50, \"shard_rows\": 16, \"warmup_steps\": 5, "          \
    "\"weight_decay\": 0.01, \"held_out_every\": 15"
#define SMALL_RECIPE "{\"name\": \"small\", " SMALL_NET BOARD_DATA SMALL_TRAIN "}}"

static void bench_open(struct bench *bench, const char *recipe_text, int threads)
{
    struct adv_error error = ADV_ERROR_INIT;
    json_t *json = json_loads(recipe_text, 0, NULL);
    *bench = (struct bench){0};
    ck_assert_ptr_nonnull(json);
    enum adv_status status = adv_recipe_init(&bench->recipe, json, &error);
    if (status == ADV_OK)
        status = adv_dataset_open(&bench->recipe.data, (uint64_t)bench->recipe.train.seed, folder,
                                  &bench->dataset, &error);
    if (status == ADV_OK)
        status = adv_pool_new(threads, &bench->pool, &error);
    if (status == ADV_OK)
        status = adv_training_new(&bench->recipe, &bench->dataset, bench->pool, &bench->training,
                                  &error);
    ck_assert_msg(status == ADV_OK, "%s", error.message);
    json_decref(json);
}

static void bench_close(struct bench *bench)
{
    adv_training_free(bench->training);
    adv_pool_free(bench->pool);
    adv_dataset_close(&bench->dataset);
    adv_recipe_release(&bench->recipe);
}

static void step_to(struct bench *bench, int64_t step)
{
    while (bench->training->step < step) {
        double loss;
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_msg(adv_training_step(bench->training, &loss, &error) == ADV_OK, "%s",
                      error.message);
    }
}

static void run_loop(struct bench *bench)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_loop loop = {checkpoint, true, &never};
    ck_assert_msg(adv_loop_run(&loop, bench->training, &error) == ADV_OK, "%s", error.message);
}

static void same_state(const struct adv_training *a, const struct adv_training *b)
{
    size_t bytes = a->n_weights * sizeof(float);
    ck_assert_int_eq(a->step, b->step);
    ck_assert_mem_eq(a->weights, b->weights, bytes);
    ck_assert_mem_eq(a->average, b->average, bytes);
    ck_assert_mem_eq(a->m, b->m, bytes);
    ck_assert_mem_eq(a->v, b->v, bytes);
    ck_assert_uint_eq(a->n_curve, b->n_curve);
    for (size_t i = 0; i < a->n_curve; i++) {
        ck_assert_int_eq(a->curve[i].step, b->curve[i].step);
        ck_assert_double_eq(a->curve[i].loss, b->curve[i].loss);
        ck_assert_double_eq(a->curve[i].held_out, b->curve[i].held_out);
    }
}

/* ---------------------------------------------------------------- determinism */

START_TEST(results_do_not_depend_on_the_number_of_threads)
{
    struct bench one, three;
    bench_open(&one, SMALL_RECIPE, 1);
    bench_open(&three, SMALL_RECIPE, 3);
    run_loop(&one);
    run_loop(&three);
    same_state(one.training, three.training);
    ck_assert_uint_eq(one.training->n_curve, 3); /* steps 15, 30 and 40 */
    bench_close(&one);
    bench_close(&three);
}
END_TEST

/* Goes on from the checkpoint, of step 20, and closes both. */
static void ends_alike_from_20(struct bench *straight, const char *recipe_text, int threads)
{
    struct bench resumed;
    struct adv_error error = ADV_ERROR_INIT;
    bench_open(&resumed, recipe_text, threads);
    ck_assert_msg(adv_checkpoint_load(resumed.training, checkpoint, &error) == ADV_OK, "%s",
                  error.message);
    ck_assert_int_eq(resumed.training->step, 20);
    run_loop(&resumed);
    same_state(straight->training, resumed.training);
    bench_close(&resumed);
    bench_close(straight);
}

/* Loop index: threads - 1. */
START_TEST(a_resumed_training_continues_bit_for_bit)
{
    struct bench straight, first;
    bench_open(&straight, SMALL_RECIPE, 1);
    run_loop(&straight);

    bench_open(&first, SMALL_RECIPE, 1 + _i);
    step_to(&first, 15);
    ck_assert_int_eq(adv_training_add_point(first.training, NULL), ADV_OK);
    step_to(&first, 20);
    ck_assert_int_eq(adv_checkpoint_save(first.training, checkpoint, NULL), ADV_OK);
    bench_close(&first);

    ends_alike_from_20(&straight, SMALL_RECIPE, 1 + _i);
}
END_TEST

#define IN_CYCLES(more)                                                                            \
    "{\"name\": \"small\", " SMALL_NET BOARD_DATA                                                  \
    "\"train\": {\"batch\": 50, \"held_out_every\": 10, \"learning_rate\": 0.01, " more "}}"

START_TEST(a_finished_training_goes_on_in_another_cycle)
{
    struct bench straight, first;
    bench_open(&straight, IN_CYCLES("\"steps\": 40, \"cycle_steps\": 20"), 1);
    run_loop(&straight);
    bench_open(&first, IN_CYCLES("\"steps\": 20"), 1);
    run_loop(&first);
    bench_close(&first);
    ends_alike_from_20(&straight, IN_CYCLES("\"steps\": 40, \"cycle_steps\": 20"), 1);
}
END_TEST

START_TEST(shards_add_up_to_the_gradient_of_the_batch)
{
    struct bench cut, whole;
    bench_open(&cut, SMALL_RECIPE, 1);
    bench_open(&whole,
               "{\"name\": \"small\", " SMALL_NET BOARD_DATA
               "\"train\": {\"steps\": 40, \"batch\": 50, \"shard_rows\": 50}}",
               1);
    double cut_loss, whole_loss;
    ck_assert_int_eq(adv_training_step(cut.training, &cut_loss, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_step(whole.training, &whole_loss, NULL), ADV_OK);
    ck_assert_double_eq_tol(cut_loss, whole_loss, 1e-6 * whole_loss);
    double largest = 0, difference = 0; /* the sum is in the first shard's buffer */
    for (size_t i = 0; i < cut.training->n_weights; i++) {
        double a = (double)cut.training->gradients[i], b = (double)whole.training->gradients[i];
        largest = fmax(largest, fabs(b));
        difference = fmax(difference, fabs(a - b));
    }
    ck_assert_double_gt(largest, 0);
    ck_assert_double_lt(difference, 1e-5 * largest); /* float sums in another order */
    bench_close(&cut);
    bench_close(&whole);
}
END_TEST

/* ---------------------------------------------------------------- checkpoints */

static void load_fails(const char *recipe_text, const char *expected)
{
    struct bench bench;
    struct adv_error error = ADV_ERROR_INIT;
    bench_open(&bench, recipe_text, 1);
    ck_assert_int_ne(adv_checkpoint_load(bench.training, checkpoint, &error), ADV_OK);
    ck_assert_msg(strstr(error.message, expected) && strstr(error.message, checkpoint),
                  "%s\n  not: %s", error.message, expected);
    ck_assert_int_eq(bench.training->step, 0);
    bench_close(&bench);
}

START_TEST(a_checkpoint_only_continues_its_own_recipe)
{
    struct bench bench;
    int64_t step = 0;
    bench_open(&bench, SMALL_RECIPE, 1);
    step_to(&bench, 12);
    ck_assert_int_eq(adv_checkpoint_save(bench.training, checkpoint, NULL), ADV_OK);
    bench_close(&bench);
    ck_assert(adv_checkpoint_is_unfinished(checkpoint, &step));
    ck_assert_int_eq(step, 12);

    load_fails("{\"name\": \"small\", " SMALL_NET BOARD_DATA SMALL_TRAIN ", \"seed\": 4}}",
               "train.seed was 0 and is 4");
    load_fails("{\"name\": \"small\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, "
               "\"layers\": 3}, " BOARD_DATA SMALL_TRAIN "}}",
               "net.layers was 2 and is 3");
    load_fails("{\"name\": \"small\", " SMALL_NET BOARD_DATA "\"train\": {\"steps\": 5}}",
               "12 steps; train.steps is 5");

    bench_open(&bench,
               "{\"name\": \"other\", " SMALL_NET BOARD_DATA
               "\"train\": {\"steps\": 41, \"batch\": 50, \"shard_rows\": 16, \"warmup_steps\": 5, "
               "\"weight_decay\": 0.01, \"held_out_every\": 15}}",
               1);
    ck_assert_int_eq(adv_checkpoint_load(bench.training, checkpoint, NULL), ADV_OK);
    ck_assert_int_eq(bench.training->step, 12);
    bench_close(&bench);
}
END_TEST

START_TEST(a_broken_checkpoint_is_refused)
{
    struct bench bench;
    bench_open(&bench, SMALL_RECIPE, 1);
    step_to(&bench, 2);
    ck_assert_int_eq(adv_checkpoint_save(bench.training, checkpoint, NULL), ADV_OK);
    struct stat about;
    ck_assert_int_eq(stat(checkpoint, &about), 0);
    ck_assert_int_eq(truncate(checkpoint, about.st_size - 4), 0);
    load_fails(SMALL_RECIPE, "");
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_training_model(bench.training, &model, NULL), ADV_OK);
    ck_assert_int_eq(adv_model_save(model, checkpoint, ADV_F32, NULL), ADV_OK);
    load_fails(SMALL_RECIPE, "not a checkpoint");
    adv_model_unref(model);
    bench_close(&bench);
}
END_TEST

/* A full disk, as far as a process can make one for itself: files may not grow past 1000 bytes. */
START_TEST(a_full_disk_keeps_the_checkpoint_before)
{
    struct bench bench;
    struct adv_error error = ADV_ERROR_INIT;
    bench_open(&bench, SMALL_RECIPE, 1);
    step_to(&bench, 3);
    ck_assert_int_eq(adv_checkpoint_save(bench.training, checkpoint, NULL), ADV_OK);
    step_to(&bench, 9);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 1000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(adv_checkpoint_save(bench.training, checkpoint, &error), ADV_E_IO);
    limit.rlim_cur = before;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int64_t step = 0;
    ck_assert(adv_checkpoint_is_unfinished(checkpoint, &step));
    ck_assert_int_eq(step, 3);
    bench_close(&bench);
}
END_TEST

START_TEST(divergence_stops_and_leaves_the_state_as_it_was)
{
    struct bench bench;
    bench_open(&bench, SMALL_RECIPE, 1);
    step_to(&bench, 3);
    float *before = malloc(bench.training->n_weights * sizeof *before);
    bench.training->weights[0] = NAN;
    memcpy(before, bench.training->weights, bench.training->n_weights * sizeof *before);
    double loss;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_training_step(bench.training, &loss, &error), ADV_E_NUMERIC);
    ck_assert_msg(strstr(error.message, "step 4") && strstr(error.message, "learning_rate"), "%s",
                  error.message);
    ck_assert_int_eq(bench.training->step, 3);
    ck_assert_mem_eq(before, bench.training->weights, bench.training->n_weights * sizeof *before);
    free(before);
    bench_close(&bench);
}
END_TEST

START_TEST(nets_must_fit_their_data)
{
    static const char *const misfits[][2] = {
        {"{\"name\": \"a\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, \"channels\": 8, "
         "\"layers\": 1}, " BOARD_DATA SMALL_TRAIN "}}",
         "takes 3 numbers per example; the data have 2"},
        {"{\"name\": \"a\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "
         "\"layers\": 1, \"num_classes\": 4}, " BOARD_DATA SMALL_TRAIN "}}",
         "the net has 4 classes; data.classes is 0"},
        {"{\"name\": \"a\", " SMALL_NET BOARD_DATA SMALL_TRAIN ", \"label_dropout\": 0.1}}",
         "no null class"},
    };
    for (size_t i = 0; i < sizeof misfits / sizeof misfits[0]; i++) {
        struct adv_error error = ADV_ERROR_INIT;
        struct adv_recipe recipe;
        struct adv_dataset dataset;
        struct adv_training *training = NULL;
        json_t *json = json_loads(misfits[i][0], 0, NULL);
        ck_assert_int_eq(adv_recipe_init(&recipe, json, &error), ADV_OK);
        ck_assert_int_eq(adv_dataset_open(&recipe.data, 0, ".", &dataset, &error), ADV_OK);
        ck_assert_int_ne(adv_training_new(&recipe, &dataset, NULL, &training, &error), ADV_OK);
        ck_assert_msg(strstr(error.message, misfits[i][1]) != NULL, "%s", error.message);
        adv_dataset_close(&dataset);
        adv_recipe_release(&recipe);
        json_decref(json);
    }
}
END_TEST

/* From a recipe to data, a step of training, a checkpoint and a model. Reading the checkpoint is
 * left out: jansson's parser does not tell lack of memory from bad syntax. */
static enum adv_status train_a_step(void *context, struct adv_error *error)
{
    const json_t *json = context;
    struct adv_recipe recipe = {0};
    struct adv_dataset dataset = {0};
    struct adv_training *training = NULL;
    struct adv_model *model = NULL;
    double loss;
    enum adv_status status = adv_recipe_init(&recipe, json, error);
    if (status == ADV_OK)
        status = adv_dataset_open(&recipe.data, 0, folder, &dataset, error);
    if (status == ADV_OK)
        status = adv_training_new(&recipe, &dataset, NULL, &training, error);
    if (status == ADV_OK)
        status = adv_training_step(training, &loss, error);
    if (status == ADV_OK)
        status = adv_training_add_point(training, error);
    if (status == ADV_OK)
        status = adv_checkpoint_save(training, checkpoint, error);
    if (status == ADV_OK)
        status = adv_training_model(training, &model, error);
    adv_model_unref(model);
    adv_training_free(training);
    adv_dataset_close(&dataset);
    adv_recipe_release(&recipe);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    static const char rows[] = "a,b,class\n1,2,0\n2,4,1\n3,5,0\n4,9,1\n";
    char path[96];
    snprintf(path, sizeof path, "%s/rows.csv", folder);
    ck_assert_int_eq(adv_file_replace(path, rows, sizeof rows - 1, NULL), ADV_OK);
    static const char *const recipes[] = {
        SMALL_RECIPE,
        "{\"name\": \"rows\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 4, "
        "\"layers\": 1, \"num_classes\": 2, \"null_class\": true}, \"data\": {\"source\": "
        "{\"kind\": \"csv\", \"file\": \"rows.csv\", \"label_column\": \"class\"}, "
        "\"classes\": 2, \"labels\": [\"x\", \"y\"], \"transform\": {\"kind\": "
        "\"standardise\"}, \"held_out\": 1}, \"train\": {\"steps\": 2, \"batch\": 4, "
        "\"label_dropout\": 0.1}}"};
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        json_t *json = json_loads(recipes[i], 0, NULL);
        ck_assert_int_gt(alloc_fail_each(train_a_step, json), 50);
        json_decref(json);
    }
}
END_TEST

/* ---------------------------------------------------------------- what is learned */

/* For a Gaussian target of deviation s, x_t and the target velocity are jointly Gaussian, and
 * the least loss is the conditional variance of x_1 - x_0 given x_t, averaged over t:
 * int s^2 / (t^2 s^2 + (1 - t)^2) dt = s pi / 2. */
START_TEST(a_gaussian_is_learned_to_its_known_loss_and_density)
{
    struct bench bench;
    bench_open(&bench,
               "{\"name\": \"bell\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 32, "
               "\"layers\": 2, \"activation\": \"silu\", \"time_frequencies\": 4, \"input_gain\": "
               "true}, \"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": "
               "\"gaussian\", \"dim\": 2, \"mean\": [1, -0.5], \"deviation\": 0.5}}}, \"train\": "
               "{\"steps\": 2500, \"batch\": 256, \"learning_rate\": 0.004, \"warmup_steps\": 50, "
               "\"ema_decay\": 0.99}}",
               2);
    run_loop(&bench);
    const struct adv_curve_point *last = &bench.training->curve[bench.training->n_curve - 1];
    double least = 0.5 * acos(-1.0) / 2;
    /* 4096 squared residuals in 2-D, each about exponential: a standard error of 2 %. */
    ck_assert_double_eq_tol(last->held_out, least, 0.06 * least);
    ck_assert_double_eq_tol(last->loss, least, 0.06 * least);

    struct adv_results results = {0};
    struct adv_evaluation evaluation = {
        .dataset = &bench.dataset,
        .pool = bench.pool,
        .stop = &never,
        .quiet = true,
        .n_points = 1000,
        .samples = {.n = 1000, .guidance = 1},
        .density = {.solver = adv_solver_spec_accurate(), .probes = 1},
        .grid = 40};
    ck_assert_int_eq(adv_training_model(bench.training, &evaluation.model, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_log_density.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_samples.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_integral.run(&evaluation, NULL, &results, NULL), ADV_OK);
    json_t *json = adv_results_to_json(&results);
    double two_pi_e = 2 * acos(-1.0) * exp(1.0);
    double entropy = log(two_pi_e * 0.25); /* of two dimensions of deviation 1/2 */
    /* -log p of a point has deviation 1 in 2-D: 1/sqrt(1000) = 0.032 */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "entropy")), entropy, 0.13);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "kl")), 0, 0.02);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "integral")), 1, 0.02);
    ck_assert_double_eq(json_number_value(json_object_get(json, "inside")), 1);
    json_decref(json);
    adv_model_unref(evaluation.model);
    bench_close(&bench);
}
END_TEST

/* A net of zero weights has v = 0: its samples are the base's, N(0, 1), and the figures of that
 * against a known truth follow from the normal distribution. */
START_TEST(figures_of_a_known_model_are_right)
{
    struct bench bench;
    bench_open(&bench, SMALL_RECIPE, 2);
    memset(bench.training->average, 0, bench.training->n_weights * sizeof(float));
    struct adv_results results = {0};
    struct adv_evaluation evaluation = {
        .dataset = &bench.dataset,
        .pool = bench.pool,
        .stop = &never,
        .quiet = true,
        .n_points = 4000,
        .samples = {.n = 40000, .guidance = 1},
        .density = {.solver = adv_solver_spec_accurate(), .probes = 1},
        .grid = 64};
    ck_assert_int_eq(adv_training_model(bench.training, &evaluation.model, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_held_out.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_samples.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_log_density.run(&evaluation, NULL, &results, NULL), ADV_OK);
    ck_assert_int_eq(adv_measure_integral.run(&evaluation, NULL, &results, NULL), ADV_OK);
    json_t *json = adv_results_to_json(&results);
    /* E (x_1 - x_0)^2 = 16/3 + 1 per dimension */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "held_out_loss")), 19.0 / 3,
                            0.3);
    /* Of the 16 squares of side 2, with a = P(0 < x < 2) and b = P(2 < x < 4): two of a^2 at the
     * centre, two of b^2 at corners and four of ab at the edges are in the support. */
    double a = 0.4772498680518208, b = 0.5 - a - 3.167124183311986e-05;
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "inside")),
                            2 * (a + b) * (a + b), 5 * sqrt(0.25 / 40000));
    /* The integral of N(0, 1)^2 over [-4, 4]^2; the points in their cells leave 0.003 of noise. */
    double side = 2 * (a + b);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "integral")), side * side,
                            0.02);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "entropy")), log(32), 1e-6);
    /* -log q = log(2 pi) + |x|^2 / 2, E |x|^2 = 32/3 over the board: deviation 2.4 over sqrt(4000)
     */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "nll")),
                            log(2 * acos(-1.0)) + 16.0 / 3, 0.2);
    /* A square's fair share is 1/8. */
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "mode_share_max")), 8 * a * a,
                            0.1);
    ck_assert_double_eq_tol(json_number_value(json_object_get(json, "mode_share_min")), 8 * b * b,
                            0.004);
    json_decref(json);
    adv_model_unref(evaluation.model);
    bench_close(&bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training");
    TCase *tests = tcase_create("training");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, results_do_not_depend_on_the_number_of_threads);
    tcase_add_loop_test(tests, a_resumed_training_continues_bit_for_bit, 0, 2);
    tcase_add_test(tests, a_finished_training_goes_on_in_another_cycle);
    tcase_add_test(tests, shards_add_up_to_the_gradient_of_the_batch);
    tcase_add_test(tests, a_checkpoint_only_continues_its_own_recipe);
    tcase_add_test(tests, a_broken_checkpoint_is_refused);
    tcase_add_test(tests, a_full_disk_keeps_the_checkpoint_before);
    tcase_add_test(tests, divergence_stops_and_leaves_the_state_as_it_was);
    tcase_add_test(tests, nets_must_fit_their_data);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_test(tests, a_gaussian_is_learned_to_its_known_loss_and_density);
    tcase_add_test(tests, figures_of_a_known_model_are_right);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
