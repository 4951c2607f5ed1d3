/* Trainings that start from a mixture of Gaussians, and that keep the best weights: the start
 * against the mixture's own density, the weights kept against the curve. */
#include "core/train/training.h"

#include <advect/extra/all.h>

#include "tests/core/train/trainings.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 300
#define HELD_OUT 60

/* Three classes of points, two clouds and one that has both, with and without their class. */
static void write_rows(const char *name, bool with_kind)
{
    char path[96];
    float noise[ROWS * 2];
    snprintf(path, sizeof path, "%s/%s", trainings_folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, with_kind ? "x,y,kind\n" : "x,y\n");
    adv_rng_normal(1, ADV_STREAM_DATA, 0, ROWS, 2, noise);
    for (int i = 0; i < ROWS; i++) {
        int kind = i % 3, right = kind == 1 || (kind == 2 && i % 2);
        double x = (double)noise[2 * i], y = (double)noise[2 * i + 1];
        fprintf(file, "%.6f,%.6f", right ? 4 + 0.5 * x : x, right ? 2 + x + y : y);
        fprintf(file, with_kind ? ",%d\n" : "\n", kind);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void write_all(void)
{
    trainings_make_folder();
    write_rows("rows.csv", true);
    write_rows("points.csv", false);
}

#define RECIPE(net, source, data, train)                                                           \
    "{\"name\": \"start\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, "            \
    "\"layers\": 2, \"mixture\": 2" net "}, \"data\": {\"source\": {\"kind\": \"csv\", "           \
    "\"file\": " source "}, \"transform\": {\"kind\": \"standardise\"}, "                          \
    "\"held_out\": 60" data "}, \"train\": {\"batch\": 64, \"held_out_every\": 10, "               \
    "\"keep\": \"best\"" train "}}"
#define CLASSES(null_class, train)                                                                 \
    RECIPE(", \"num_classes\": 3, \"null_class\": " null_class,                                    \
           "\"rows.csv\", \"label_column\": \"kind\"", ", \"classes\": 3", train)

/* The mixture's own mean negative log-density of the held-out rows: that of the encoded ones, and
 * the logarithm of the transform's determinant. */
static double mixture_nll(const struct adv_training *t)
{
    enum { DRAWN = ROWS - HELD_OUT };
    static float train[DRAWN * 2], x[HELD_OUT * 2];
    static int32_t train_labels[DRAWN], labels[HELD_OUT];
    double log_density[HELD_OUT], log_det[HELD_OUT], sum = 0;
    const struct adv_dataset *d = &t->dataset;
    struct adv_gaussian_mixture mixture;
    adv_dataset_draw(d, 0, DRAWN, train, train_labels, NULL);
    adv_dataset_points(d, ADV_SPLIT_HELD_OUT, 0, HELD_OUT, x, labels, NULL);
    adv_transform_encode(d->transform, HELD_OUT, x, x, log_det);
    struct adv_mixture_rows rows = {DRAWN, 2, train, train_labels, d->classes};
    struct adv_mixture_rows held_out = {HELD_OUT, 2, x, labels, d->classes};
    uint64_t seed = adv_seed_for(0, ADV_SEED_INIT);
    ck_assert_int_eq(adv_gaussian_mixture_fit(&rows, 2, seed, &mixture, NULL), ADV_OK);
    ck_assert_int_eq(adv_gaussian_mixture_log_density(&mixture, &held_out, log_density, NULL),
                     ADV_OK);
    for (size_t i = 0; i < HELD_OUT; i++)
        sum -= log_density[i] + log_det[i];
    adv_gaussian_mixture_release(&mixture);
    return sum / HELD_OUT;
}

/* ---------------------------------------------------------------- the start */

static const char *const starts[] = {
    RECIPE("", "\"points.csv\"", "", ", \"steps\": 1"),
    CLASSES("false", ", \"steps\": 1"),
    CLASSES("true", ", \"steps\": 1, \"label_dropout\": 0.1"),
};

/* The flow before the first step is the mixture: its density by the ODE is the closed form. */
START_TEST(the_first_flow_is_the_mixture)
{
    struct adv_training *t = training_of(starts[_i], 1);
    ck_assert_int_eq(adv_training_step(t, NULL, NULL), ADV_OK);
    const struct adv_curve_point *first = adv_training_curve_point(t, 0);
    ck_assert_int_eq(first->step, 0);
    ck_assert(isnan(first->loss) && isnan(first->learning_rate));
    ck_assert_double_eq_tol(first->held_out_nll, mixture_nll(t), 2e-3);
    adv_training_free(t);
}
END_TEST

START_TEST(training_leaves_the_mixture_as_it_is)
{
    struct adv_training *t =
        training_of(CLASSES("false", ", \"steps\": 5, \"weight_decay\": 0.5"), 1);
    size_t learned = adv_net_learned_weights(t->net), fitted = t->n_weights - learned;
    float *before = malloc(fitted * sizeof *before);
    ck_assert_ptr_nonnull(before);
    memcpy(before, t->weights + learned, fitted * sizeof *before);
    ck_assert_uint_eq(fitted, 2 * 3 * 2 + 3 * 2); /* components, and shares by class */
    ck_assert_int_eq(adv_training_run(t, NULL, NULL), ADV_OK);
    ck_assert_mem_eq(t->weights + learned, before, fitted * sizeof *before);
    ck_assert_mem_eq(t->average + learned, before, fitted * sizeof *before);
    free(before);
    adv_training_free(t);
}
END_TEST

/* ---------------------------------------------------------------- of another model */

#define START_FROM(channels, file)                                                                 \
    "{\"name\": \"second\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": " channels      \
    ", \"layers\": 1}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"points.csv\"}}, "    \
    "\"train\": {\"steps\": 2, \"batch\": 64, \"seed\": 5, \"start_from\": " file "}}"

/* Writes first.safetensors, and leaves its weights, which are averages, in weights. */
static size_t train_a_first(float *weights)
{
    char path[96];
    struct adv_model *model = NULL;
    struct adv_training *t =
        training_of("{\"name\": \"first\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": "
                    "8, \"layers\": 1}, "
                    "\"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"points.csv\"}}, "
                    "\"train\": {\"steps\": 3, \"batch\": 64}}",
                    1);
    snprintf(path, sizeof path, "%s/first.safetensors", trainings_folder);
    ck_assert_int_eq(adv_training_run(t, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_model(t, &model, NULL), ADV_OK);
    ck_assert_int_eq(adv_model_save(model, path, ADV_F32, NULL), ADV_OK);
    size_t n = t->n_weights;
    ck_assert_uint_le(n, 4096);
    memcpy(weights, t->average, n * sizeof *weights);
    adv_model_unref(model);
    adv_training_free(t);
    return n;
}

START_TEST(it_starts_from_the_weights_of_a_model)
{
    float weights[4096];
    size_t n = train_a_first(weights);
    struct adv_training *t = training_of(START_FROM("8", "\"first.safetensors\""), 1);
    ck_assert_uint_eq(t->n_weights, n);
    ck_assert_mem_eq(t->weights, weights, n * sizeof *weights);
    ck_assert_mem_eq(t->average, weights, n * sizeof *weights);
    ck_assert_int_eq(adv_training_run(t, NULL, NULL), ADV_OK);
    ck_assert_mem_ne(t->weights, weights, n * sizeof *weights);
    adv_training_free(t);
}
END_TEST

static void refused(const char *recipe, const char *field, const char *message);

START_TEST(a_model_of_another_net_is_no_start)
{
    float weights[4096];
    train_a_first(weights);
    refused(START_FROM("16", "\"first.safetensors\""), "train.start_from",
            "net.channels of the model of train.start_from is 8; the recipe's is 16");
    refused(
        START_FROM("8, \"activation\": \"silu\"", "\"first.safetensors\""), "train.start_from",
        "net.activation of the model of train.start_from is \"relu\"; the recipe's is \"silu\"");
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *t = NULL;
    struct adv_training_options options = {.size = sizeof options, .data = trainings_folder};
    ck_assert_int_eq(
        adv_training_new(START_FROM("8", "\"none.safetensors\""), &options, &t, &error), ADV_E_IO);
    ck_assert_ptr_nonnull(strstr(error.message, "train.start_from: "));
    ck_assert_ptr_nonnull(strstr(error.message, "none.safetensors"));
    options.resumes = true; /* the weights will come from a checkpoint */
    ck_assert_int_eq(adv_training_new(START_FROM("8", "\"none.safetensors\""), &options, &t, NULL),
                     ADV_OK);
    adv_training_free(t);
}
END_TEST

/* ---------------------------------------------------------------- the best */

/* A rate at which the flow gets worse, soon. */
#define HASTY ", \"learning_rate\": 0.05, \"ema_decay\": 0.5, \"steps\": 200, \"patience\": 4"

static void check_best(const struct adv_training *t)
{
    const struct adv_training_progress *progress = adv_training_progress(t);
    double best = INFINITY;
    int64_t best_step = -1;
    for (size_t i = 0; i < adv_training_curve_points(t); i++) {
        const struct adv_curve_point *p = adv_training_curve_point(t, i);
        if (p->held_out_nll < best) {
            best = p->held_out_nll;
            best_step = p->step;
        }
    }
    ck_assert_double_eq(progress->best_nll, best);
    ck_assert_int_eq(progress->best_step, best_step);
}

/* The mean negative log-density that the model itself gives the held-out rows. */
static double model_nll(const struct adv_training *t)
{
    float x[HELD_OUT * 2];
    int32_t labels[HELD_OUT];
    struct adv_model *model = NULL;
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    double sum = 0;
    adv_dataset_points(&t->dataset, ADV_SPLIT_HELD_OUT, 0, HELD_OUT, x, labels, NULL);
    ck_assert_int_eq(adv_training_model(t, &model, NULL), ADV_OK);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = HELD_OUT;
    query.points = x;
    query.labels = labels;
    ck_assert_int_eq(adv_run_new(model, &query, &run, NULL), ADV_OK);
    ck_assert_int_eq(adv_run_all(run, NULL, &answer, NULL), ADV_OK);
    for (size_t i = 0; i < HELD_OUT; i++)
        sum -= answer->log_density[i];
    adv_run_free(run);
    adv_model_unref(model);
    return sum / HELD_OUT;
}

START_TEST(the_best_weights_become_the_model)
{
    struct adv_training *t = training_of(CLASSES("false", HASTY), 1);
    const struct adv_training_progress *progress = adv_training_progress(t);
    ck_assert_int_eq(adv_training_run(t, NULL, NULL), ADV_OK);
    ck_assert(progress->over);
    ck_assert_int_lt(progress->step, 200);
    ck_assert_int_eq(progress->step, progress->best_step + 40);
    check_best(t);
    ck_assert_double_eq_tol(model_nll(t), progress->best_nll, 1e-2);
    ck_assert_double_gt(progress->held_out_nll, progress->best_nll + 5e-3);
    ck_assert_int_eq(adv_training_step(t, NULL, NULL), ADV_E_INVALID);
    adv_training_free(t);
}
END_TEST

static struct adv_training *resumed(const char *recipe)
{
    struct adv_training *t = training_of(recipe, 1);
    ck_assert_int_eq(adv_training_resume(t, trainings_checkpoint, NULL), ADV_OK);
    return t;
}

struct interruption {
    const struct adv_training *training;
    int64_t at_step;
};

static bool is_interrupted(void *context)
{
    const struct interruption *interruption = context;
    return interruption->training->progress.step == interruption->at_step;
}

/* Stopped in the middle of a measurement, before the first step, on the way and after the last, it
 * goes on as if it had not been. */
START_TEST(a_measurement_can_be_stopped)
{
    static const int64_t steps[] = {0, 20, 40};
    const char *recipe = CLASSES("false", ", \"steps\": 40");
    struct adv_training *straight = training_of(recipe, 1), *first = training_of(recipe, 1);
    struct interruption interruption = {first, steps[_i]};
    struct adv_training_run_options options = {.size = sizeof options,
                                               .checkpoint = trainings_checkpoint,
                                               .cancelled = is_interrupted,
                                               .context = &interruption};
    ck_assert_int_eq(adv_training_run(straight, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_run(first, &options, NULL), ADV_E_CANCELLED);
    ck_assert_int_eq(first->progress.step, steps[_i]);
    ck_assert(!first->progress.over);
    ck_assert(adv_checkpoint_is_unfinished(trainings_checkpoint, NULL));
    struct adv_training *second = resumed(recipe);
    ck_assert_int_eq(adv_training_run(second, NULL, NULL), ADV_OK);
    ck_assert(second->progress.over);
    ck_assert_uint_eq(second->n_curve, straight->n_curve);
    ck_assert_int_eq(second->progress.best_step, straight->progress.best_step);
    ck_assert_mem_eq(second->weights, straight->weights, second->n_weights * sizeof(float));
    ck_assert_mem_eq(second->best, straight->best, second->n_weights * sizeof(float));
    adv_training_free(straight);
    adv_training_free(first);
    adv_training_free(second);
}
END_TEST

START_TEST(a_resumed_training_remembers_the_best)
{
    const char *recipe = CLASSES("false", HASTY);
    struct adv_training *straight = training_of(recipe, 1), *first = training_of(recipe, 1);
    ck_assert_int_eq(adv_training_run(straight, NULL, NULL), ADV_OK);
    int64_t early = straight->progress.best_step + 15, step;
    while (first->progress.step < early)
        ck_assert_int_eq(adv_training_step(first, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_save(first, trainings_checkpoint, NULL), ADV_OK);
    adv_training_free(first);

    struct adv_training *resumed = training_of(recipe, 1);
    ck_assert_int_eq(adv_training_resume(resumed, trainings_checkpoint, NULL), ADV_OK);
    struct adv_training_run_options options = {.size = sizeof options,
                                               .checkpoint = trainings_checkpoint};
    ck_assert_int_eq(adv_training_run(resumed, &options, NULL), ADV_OK);
    ck_assert_int_eq(resumed->progress.step, straight->progress.step);
    ck_assert_double_eq(resumed->progress.best_nll, straight->progress.best_nll);
    ck_assert_mem_eq(resumed->best, straight->best, straight->n_weights * sizeof(float));
    ck_assert(!adv_checkpoint_is_unfinished(trainings_checkpoint,
                                            &step)); /* it ended before its last step */
    ck_assert_int_eq(adv_training_resume(resumed, trainings_checkpoint, NULL), ADV_OK);
    ck_assert(resumed->progress.over);
    adv_training_free(resumed);
    adv_training_free(straight);
}
END_TEST

static void refused(const char *recipe, const char *field, const char *message)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct adv_training_options options = {.size = sizeof options, .data = trainings_folder};
    ck_assert_int_eq(adv_training_new(recipe, &options, &training, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, field);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s", error.message);
}

START_TEST(what_cannot_be_done_is_refused)
{
    refused("{\"name\": \"x\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, \"channels\": 8, "
            "\"layers\": 1}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"rows.csv\"}, "
            "\"held_out\": 0}, \"train\": {\"steps\": 1, \"keep\": \"best\"}}",
            "train.keep", "data.held_out is 0");
    refused("{\"name\": \"x\", \"net\": {\"kind\": \"mlp\", \"dim\": 3, \"channels\": 8, "
            "\"layers\": 1}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"rows.csv\"}}, "
            "\"train\": {\"steps\": 1, \"patience\": 3}}",
            "train.patience", "it takes \"best\"");
    refused("{\"name\": \"x\", \"path\": \"cosine\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, "
            "\"channels\": 8, \"layers\": 1, \"mixture\": 1}, \"data\": {\"source\": {\"kind\": "
            "\"csv\", \"file\": \"points.csv\"}}, \"train\": {\"steps\": 1}}",
            "net.mixture", "path is \"cosine\"");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training start");
    TCase *all = tcase_create("start");
    tcase_add_checked_fixture(all, write_all, trainings_remove_folder);
    tcase_add_loop_test(all, the_first_flow_is_the_mixture, 0,
                        (int)(sizeof starts / sizeof *starts));
    tcase_add_test(all, training_leaves_the_mixture_as_it_is);
    tcase_add_test(all, it_starts_from_the_weights_of_a_model);
    tcase_add_test(all, a_model_of_another_net_is_no_start);
    tcase_add_test(all, the_best_weights_become_the_model);
    tcase_add_loop_test(all, a_measurement_can_be_stopped, 0, 3);
    tcase_add_test(all, a_resumed_training_remembers_the_best);
    tcase_add_test(all, what_cannot_be_done_is_refused);
    tcase_set_timeout(all, 120);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
