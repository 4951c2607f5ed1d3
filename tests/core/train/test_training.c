/* Trainings: that they stop and resume bit for bit, their checkpoints and their refusals. */
#include "core/train/training.h"

#include <advect/extra/all.h>

#include "tests/core/train/trainings.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <check.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- trainings */

#define SMALL_NET "\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, \"layers\": 2}, "
#define BOARD_DATA                                                                                 \
    "\"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"checkerboard\", "    \
    "\"dim\": 2, \"cells\": 4}}}, "
#define SMALL_TRAIN                                                                                \
    "\"train\": {\"steps\": 40, \"batch\": 50, \"shard_rows\": 16, \"warmup_steps\": 5, "          \
    "\"weight_decay\": 0.01, \"held_out_every\": 15"
#define SMALL_RECIPE "{\"name\": \"small\", " SMALL_NET BOARD_DATA SMALL_TRAIN "}}"
#define MUON_RECIPE                                                                                \
    "{\"name\": \"small\", " SMALL_NET BOARD_DATA SMALL_TRAIN ", \"optimiser\": \"muon\"}}"

static const char *const by_optimiser[] = {SMALL_RECIPE, MUON_RECIPE};

static void step_to(struct adv_training *training, int64_t step)
{
    while (training->progress.step < step) {
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_msg(adv_training_step(training, NULL, &error) == ADV_OK, "%s", error.message);
    }
}

static void run_to_the_end(struct adv_training *training)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training_run_options watch = {.size = sizeof watch,
                                             .checkpoint = trainings_checkpoint};
    ck_assert_msg(adv_training_run(training, &watch, &error) == ADV_OK, "%s", error.message);
}

/* ---------------------------------------------------------------- determinism */

/* Loop index: the optimiser. */
START_TEST(results_do_not_depend_on_the_number_of_threads)
{
    struct adv_training *three;
    struct adv_training *one = training_of(by_optimiser[_i], 1);
    three = training_of(by_optimiser[_i], 3);
    run_to_the_end(one);
    run_to_the_end(three);
    trainings_are_same(one, three);
    ck_assert_uint_eq(one->n_curve, 3); /* steps 15, 30 and 40 */
    adv_training_free(one);
    adv_training_free(three);
}
END_TEST

/* On a processor without the instructions it is refused, and says so. */
START_TEST(a_precision_is_as_deterministic_or_refused)
{
    const char *recipe =
        "{\"name\": \"small\", " SMALL_NET BOARD_DATA SMALL_TRAIN ", \"precision\": \"bfloat16\"}}";
    const struct adv_load_options load = {.size = sizeof load, .precision = ADV_PRECISION_BFLOAT16};
    if (adv_load_options_check(&load, NULL) == ADV_OK) {
        struct adv_training *one = training_of(recipe, 1), *three = training_of(recipe, 3);
        run_to_the_end(one);
        run_to_the_end(three);
        trainings_are_same(one, three);
        adv_training_free(one);
        adv_training_free(three);
        return;
    }
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct adv_training_options options = {.size = sizeof options, .data = trainings_folder};
    ck_assert_int_eq(adv_training_new(recipe, &options, &training, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "train.precision");
    ck_assert_msg(!strncmp(error.message, "train.precision is bfloat16, which", 34), "%s",
                  error.message);
}
END_TEST

/* Goes on from the checkpoint, of step 20, and closes both. */
static void ends_alike_from_20(struct adv_training *straight, const char *recipe_text, int threads)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *resumed = training_of(recipe_text, threads);
    ck_assert_msg(adv_training_resume(resumed, trainings_checkpoint, &error) == ADV_OK, "%s",
                  error.message);
    ck_assert_int_eq(resumed->progress.step, 20);
    run_to_the_end(resumed);
    trainings_are_same(straight, resumed);
    adv_training_free(resumed);
    adv_training_free(straight);
}

/* Loop index: the optimiser, by one thread or two. */
START_TEST(a_resumed_training_continues_bit_for_bit)
{
    const char *recipe = by_optimiser[_i / 2];
    int threads = 1 + _i % 2;
    struct adv_training *first;
    struct adv_training *straight = training_of(recipe, 1);
    run_to_the_end(straight);

    first = training_of(recipe, threads);
    step_to(first, 20);
    ck_assert_int_eq(adv_training_save(first, trainings_checkpoint, NULL), ADV_OK);
    adv_training_free(first);

    ends_alike_from_20(straight, recipe, threads);
}
END_TEST

#define IN_CYCLES(more)                                                                            \
    "{\"name\": \"small\", " SMALL_NET BOARD_DATA                                                  \
    "\"train\": {\"batch\": 50, \"held_out_every\": 10, \"learning_rate\": 0.01, " more "}}"

START_TEST(a_finished_training_goes_on_in_another_cycle)
{
    struct adv_training *first;
    struct adv_training *straight = training_of(IN_CYCLES("\"steps\": 40, \"cycle_steps\": 20"), 1);
    run_to_the_end(straight);
    first = training_of(IN_CYCLES("\"steps\": 20"), 1);
    run_to_the_end(first);
    adv_training_free(first);
    ends_alike_from_20(straight, IN_CYCLES("\"steps\": 40, \"cycle_steps\": 20"), 1);
}
END_TEST

struct watched {
    int64_t stop_at, calls;
    double last_seconds;
};

static bool note_step(void *context, const struct adv_training_progress *progress)
{
    struct watched *watched = context;
    watched->calls++;
    ck_assert_int_eq(progress->steps, 40);
    ck_assert(isfinite(progress->loss));
    ck_assert_double_ge(progress->seconds, watched->last_seconds);
    watched->last_seconds = progress->seconds;
    return progress->step < watched->stop_at;
}

/* From a C program: stopped by the callback, it resumes as if it had never stopped. */
START_TEST(a_callback_sees_every_step_and_may_stop)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct watched watched = {.stop_at = 20};
    struct adv_training_run_options watch = {.size = sizeof watch,
                                             .checkpoint = trainings_checkpoint,
                                             .on_step = note_step,
                                             .context = &watched};
    struct adv_training *straight = training_of(SMALL_RECIPE, 1);
    struct adv_training *stopped = training_of(SMALL_RECIPE, 1);
    run_to_the_end(straight);
    ck_assert_int_eq(adv_training_run(stopped, &watch, &error), ADV_E_CANCELLED);
    ck_assert_msg(strstr(error.message, "20 of 40") != NULL, "%s", error.message);
    ck_assert_int_eq(watched.calls, 20);
    adv_training_free(stopped);
    ends_alike_from_20(straight, SMALL_RECIPE, 1);
}
END_TEST

START_TEST(options_of_other_versions_are_read)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct {
        struct adv_training_options options;
        long long newer;
    } ahead = {.options = {.size = sizeof ahead, .threads = 1}};
    ck_assert_msg(adv_training_new(SMALL_RECIPE, &ahead.options, &training, &error) == ADV_OK, "%s",
                  error.message);
    adv_training_free(training);
    training = NULL;
    ahead.newer = 1;
    ck_assert_int_eq(adv_training_new(SMALL_RECIPE, &ahead.options, &training, &error),
                     ADV_E_UNSUPPORTED);
    ck_assert_str_eq(error.field, "size");
    error = (struct adv_error)ADV_ERROR_INIT;
    struct adv_training_options unsized = {.threads = 1};
    ck_assert_int_eq(adv_training_new(SMALL_RECIPE, &unsized, &training, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "size");
    ck_assert_ptr_null(training);

    struct adv_training_options older = {.size = offsetof(struct adv_training_options, threads),
                                         .steps = 7,
                                         .threads = INT_MAX}; /* not read: it would fail */
    ck_assert_int_eq(adv_training_new(SMALL_RECIPE, &older, &training, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_progress(training)->steps, 7);
    adv_training_free(training);
}
END_TEST

START_TEST(shards_add_up_to_the_gradient_of_the_batch)
{
    struct adv_training *whole;
    struct adv_training *cut = training_of(SMALL_RECIPE, 1);
    whole = training_of("{\"name\": \"small\", " SMALL_NET BOARD_DATA
                        "\"train\": {\"steps\": 40, \"batch\": 50, \"shard_rows\": 50}}",
                        1);
    double cut_loss, whole_loss;
    ck_assert_int_eq(adv_training_step(cut, &cut_loss, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_step(whole, &whole_loss, NULL), ADV_OK);
    ck_assert_double_eq_tol(cut_loss, whole_loss, 1e-6 * whole_loss);
    double largest = 0, difference = 0; /* the sum is in the first shard's buffer */
    for (size_t i = 0; i < cut->n_weights; i++) {
        double a = (double)cut->gradients[i], b = (double)whole->gradients[i];
        largest = fmax(largest, fabs(b));
        difference = fmax(difference, fabs(a - b));
    }
    ck_assert_double_gt(largest, 0);
    ck_assert_double_lt(difference, 1e-5 * largest); /* float sums in another order */
    adv_training_free(cut);
    adv_training_free(whole);
}
END_TEST

/* ---------------------------------------------------------------- checkpoints */

static void load_fails(const char *recipe_text, const char *expected)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = training_of(recipe_text, 1);
    ck_assert_int_ne(adv_training_resume(training, trainings_checkpoint, &error), ADV_OK);
    ck_assert_msg(strstr(error.message, expected) && strstr(error.message, trainings_checkpoint),
                  "%s\n  not: %s", error.message, expected);
    ck_assert_int_eq(training->progress.step, 0);
    adv_training_free(training);
}

START_TEST(a_checkpoint_only_continues_its_own_recipe)
{
    int64_t step = 0;
    struct adv_training *training = training_of(SMALL_RECIPE, 1);
    step_to(training, 12);
    ck_assert_int_eq(adv_training_save(training, trainings_checkpoint, NULL), ADV_OK);
    adv_training_free(training);
    ck_assert(adv_checkpoint_is_unfinished(trainings_checkpoint, &step));
    ck_assert_int_eq(step, 12);

    load_fails("{\"name\": \"small\", " SMALL_NET BOARD_DATA SMALL_TRAIN ", \"seed\": 4}}",
               "train.seed was 0 and is 4");
    load_fails("{\"name\": \"small\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, "
               "\"layers\": 3}, " BOARD_DATA SMALL_TRAIN "}}",
               "net.layers was 2 and is 3");
    load_fails("{\"name\": \"small\", " SMALL_NET BOARD_DATA "\"train\": {\"steps\": 5}}",
               "12 steps; train.steps is 5");

    training = training_of(
        "{\"name\": \"other\", " SMALL_NET BOARD_DATA
        "\"train\": {\"steps\": 41, \"batch\": 50, \"shard_rows\": 16, \"warmup_steps\": 5, "
        "\"weight_decay\": 0.01, \"held_out_every\": 15}}",
        1);
    ck_assert_int_eq(adv_training_resume(training, trainings_checkpoint, NULL), ADV_OK);
    ck_assert_int_eq(training->progress.step, 12);
    adv_training_free(training);
}
END_TEST

/* Takes "name": number, an option of the net, out of the checkpoint's recipe: blanks in its place. */
static void forget_option(const char *name)
{
    static char bytes[1 << 20];
    char text[64];
    FILE *file = fopen(trainings_checkpoint, "r+b");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    ck_assert_uint_lt(n, sizeof bytes);
    snprintf(text, sizeof text, "\\\"%s\\\":", name);
    char *at = memmem(bytes, n, text, strlen(text));
    ck_assert_ptr_nonnull(at);
    while (*at != ',')
        *at++ = ' ';
    *at = ' ';
    rewind(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

/* An earlier version wrote it, which did not know the option: it stands for its default. */
START_TEST(options_that_a_checkpoint_lacks_have_their_defaults)
{
    struct adv_training *training = training_of(SMALL_RECIPE, 1);
    step_to(training, 3);
    ck_assert_int_eq(adv_training_save(training, trainings_checkpoint, NULL), ADV_OK);
    adv_training_free(training);
    forget_option("modulation_channels");
    load_fails("{\"name\": \"small\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, "
               "\"layers\": 2, \"modulation_channels\": 7}, " BOARD_DATA SMALL_TRAIN "}}",
               "net.modulation_channels was 64 and is 7");
    training = training_of(SMALL_RECIPE, 1);
    ck_assert_int_eq(adv_training_resume(training, trainings_checkpoint, NULL), ADV_OK);
    ck_assert_int_eq(training->progress.step, 3);
    adv_training_free(training);
}
END_TEST

START_TEST(a_broken_checkpoint_is_refused)
{
    struct adv_training *training = training_of(SMALL_RECIPE, 1);
    step_to(training, 2);
    ck_assert_int_eq(adv_training_save(training, trainings_checkpoint, NULL), ADV_OK);
    struct stat about;
    ck_assert_int_eq(stat(trainings_checkpoint, &about), 0);
    ck_assert_int_eq(truncate(trainings_checkpoint, about.st_size - 4), 0);
    load_fails(SMALL_RECIPE, "");
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_training_model(training, &model, NULL), ADV_OK);
    ck_assert_int_eq(adv_model_save(model, trainings_checkpoint, ADV_F32, NULL), ADV_OK);
    load_fails(SMALL_RECIPE, "not a checkpoint");
    adv_model_unref(model);
    adv_training_free(training);
}
END_TEST

/* A full disk, as far as a process can make one for itself: files may not grow past 1000 bytes. */
START_TEST(a_full_disk_keeps_the_checkpoint_before)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = training_of(SMALL_RECIPE, 1);
    step_to(training, 3);
    ck_assert_int_eq(adv_training_save(training, trainings_checkpoint, NULL), ADV_OK);
    step_to(training, 9);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 1000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(adv_training_save(training, trainings_checkpoint, &error), ADV_E_IO);
    limit.rlim_cur = before;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int64_t step = 0;
    ck_assert(adv_checkpoint_is_unfinished(trainings_checkpoint, &step));
    ck_assert_int_eq(step, 3);
    adv_training_free(training);
}
END_TEST

/* Percentiles of fresh draws of the data are uniform, so their mean is 50. The quantiles are of some
 * 120 rows, whose own mean has a standard error of 100 / sqrt(12 * 120) = 2.6. */
START_TEST(a_model_tells_how_usual_its_data_are)
{
    struct adv_training *training =
        training_of("{\"name\": \"usual\", " SMALL_NET BOARD_DATA
                    "\"train\": {\"steps\": 2500, \"batch\": 256, \"learning_rate\": 0.003}}",
                    2);
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_training_model(training, &model, NULL), ADV_OK);
    ck_assert(!adv_model_has_typicality(model)); /* before the first step it is not worth it */
    adv_model_unref(model);
    run_to_the_end(training);
    ck_assert_int_eq(adv_training_model(training, &model, NULL), ADV_OK);
    ck_assert(adv_model_has_typicality(model));
    enum { N = 500 };
    static float points[N * 2];
    adv_density_sample(training->dataset.source.density, 99, 0, N, points);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = N;
    query.points = points;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = 1e-3;
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, NULL), ADV_OK);
    double mean = 0;
    for (size_t i = 0; i < N; i++)
        mean += answer->typicality[i] / N;
    ck_assert_double_eq_tol(mean, 50, 12);
    adv_run_free(run);
    adv_model_unref(model);
    adv_training_free(training);
}
END_TEST

START_TEST(steps_keep_the_books)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = training_of(SMALL_RECIPE, 1);
    step_to(training, 40);
    ck_assert_uint_eq(adv_training_curve_points(training), 3); /* steps 15, 30 and 40 */
    ck_assert_double_gt(adv_training_progress(training)->seconds, 0);
    ck_assert_int_eq(adv_training_step(training, NULL, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "train.steps");
    adv_training_free(training);
}
END_TEST

/* One in the middle of its training takes over another's state as a new one does. */
START_TEST(the_state_before_resuming_leaves_no_trace)
{
    struct adv_training *first = training_of(SMALL_RECIPE, 1);
    step_to(first, 20);
    ck_assert_int_eq(adv_training_save(first, trainings_checkpoint, NULL), ADV_OK);
    struct adv_training *other = training_of(SMALL_RECIPE, 1);
    step_to(other, 20);
    other->weights[3] += 1;
    ck_assert_int_eq(adv_training_resume(other, trainings_checkpoint, NULL), ADV_OK);
    step_to(first, 25);
    step_to(other, 25);
    trainings_are_same(first, other);
    adv_training_free(first);
    adv_training_free(other);
}
END_TEST

/* What the file of the model cannot hold is refused before training, not after it. */
START_TEST(names_and_labels_are_checked_first)
{
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_training_new("{\"name\": \"a/b c\", " SMALL_NET BOARD_DATA SMALL_TRAIN
                                      "}}",
                                      NULL, &training, &error),
                     ADV_E_INVALID);
    ck_assert_msg(strstr(error.message, "name") != NULL, "%s", error.message);
    struct adv_training_options options = {.size = sizeof options, .steps = -1};
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_training_new(SMALL_RECIPE, &options, &training, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "steps");
    ck_assert_ptr_null(training);
}
END_TEST

START_TEST(divergence_stops_and_leaves_the_state_as_it_was)
{
    struct adv_training *training = training_of(SMALL_RECIPE, 1);
    step_to(training, 3);
    float *before = malloc(training->n_weights * sizeof *before);
    training->weights[0] = NAN;
    memcpy(before, training->weights, training->n_weights * sizeof *before);
    double loss;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_training_step(training, &loss, &error), ADV_E_NUMERIC);
    ck_assert_msg(strstr(error.message, "step 4") && strstr(error.message, "learning_rate"), "%s",
                  error.message);
    ck_assert_int_eq(training->progress.step, 3);
    ck_assert_mem_eq(before, training->weights, training->n_weights * sizeof *before);
    free(before);
    adv_training_free(training);
}
END_TEST

START_TEST(nets_must_fit_their_data)
{
    static const char *const misfits[][2] = {
        {"{\"name\": \"a\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, \"channels\": 8, "
         "\"layers\": 1}, " BOARD_DATA SMALL_TRAIN "}}",
         "net.dim is 3; the data have 2 numbers per example"},
        {"{\"name\": \"a\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "
         "\"layers\": 1, \"num_classes\": 4}, " BOARD_DATA SMALL_TRAIN "}}",
         "the net has 4 classes; data.classes is 0"},
        {"{\"name\": \"a\", " SMALL_NET BOARD_DATA SMALL_TRAIN ", \"label_dropout\": 0.1}}",
         "net.null_class is false, but train.label_dropout is above 0"},
    };
    for (size_t i = 0; i < sizeof misfits / sizeof misfits[0]; i++) {
        struct adv_error error = ADV_ERROR_INIT;
        struct adv_training *training = NULL;
        ck_assert_int_ne(adv_training_new(misfits[i][0], NULL, &training, &error), ADV_OK);
        ck_assert_msg(strstr(error.message, misfits[i][1]) != NULL, "%s", error.message);
        ck_assert_ptr_null(training);
    }
}
END_TEST

/* From a recipe to data, a step of training, a checkpoint and a model. Reading the checkpoint is
 * left out: jansson's parser does not tell lack of memory from bad syntax. */
static enum adv_status train_a_step(void *context, struct adv_error *error)
{
    const json_t *json = context;
    struct adv_training_options options = {
        .size = sizeof options, .data = trainings_folder, .threads = 1};
    struct adv_recipe recipe = {0};
    struct adv_training *training = NULL;
    struct adv_model *model = NULL;
    enum adv_status status = adv_recipe_init(&recipe, json, error);
    if (status == ADV_OK)
        status = adv_training_start(&recipe, &options, &training, error);
    if (status == ADV_OK)
        status = adv_training_step(training, NULL, error);
    if (status == ADV_OK)
        status = adv_training_save(training, trainings_checkpoint, error);
    if (status == ADV_OK)
        status = adv_training_model(training, &model, error);
    adv_model_unref(model);
    adv_training_free(training);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    static const char rows[] = "a,b,class\n1,2,0\n2,4,1\n3,5,0\n4,9,1\n";
    char path[96];
    snprintf(path, sizeof path, "%s/rows.csv", trainings_folder);
    ck_assert_int_eq(adv_file_replace(path, rows, sizeof rows - 1, NULL), ADV_OK);
    static const char *const recipes[] = {
        SMALL_RECIPE, MUON_RECIPE,
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

int main(void)
{
    Suite *suite = suite_create("training");
    TCase *tests = tcase_create("training");
    tcase_add_checked_fixture(tests, trainings_make_folder, trainings_remove_folder);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, results_do_not_depend_on_the_number_of_threads, 0, 2);
    tcase_add_test(tests, a_precision_is_as_deterministic_or_refused);
    tcase_add_loop_test(tests, a_resumed_training_continues_bit_for_bit, 0, 4);
    tcase_add_test(tests, a_finished_training_goes_on_in_another_cycle);
    tcase_add_test(tests, a_callback_sees_every_step_and_may_stop);
    tcase_add_test(tests, options_of_other_versions_are_read);
    tcase_add_test(tests, shards_add_up_to_the_gradient_of_the_batch);
    tcase_add_test(tests, a_checkpoint_only_continues_its_own_recipe);
    tcase_add_test(tests, options_that_a_checkpoint_lacks_have_their_defaults);
    tcase_add_test(tests, a_broken_checkpoint_is_refused);
    tcase_add_test(tests, a_full_disk_keeps_the_checkpoint_before);
    tcase_add_test(tests, steps_keep_the_books);
    tcase_add_test(tests, a_model_tells_how_usual_its_data_are);
    tcase_add_test(tests, the_state_before_resuming_leaves_no_trace);
    tcase_add_test(tests, names_and_labels_are_checked_first);
    tcase_add_test(tests, divergence_stops_and_leaves_the_state_as_it_was);
    tcase_add_test(tests, nets_must_fit_their_data);
    tcase_add_test(tests, every_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
