/* Students of few steps: how they start, that they learn from a teacher's paths, bit for bit by any
 * number of threads and over interruptions, and which teachers they refuse. */
#include "core/train/distill/distill.h"

#include "tests/core/train/trainings.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NET                                                                                        \
    "\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, \"layers\": 2, \"activation\": \"silu\""
#define DATA                                                                                       \
    "\"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"checkerboard\", "    \
    "\"dim\": 2, \"cells\": 4}}}"
#define TRAIN                                                                                      \
    "\"train\": {\"steps\": 40, \"batch\": 50, \"shard_rows\": 16, \"learning_rate\": 0.01, "      \
    "\"held_out_every\": 15}"
#define DISTILL "\"distill\": {\"teacher\": \"teacher.safetensors\", \"paths\": 256, \"steps\": 4"
#define STUDENT                                                                                    \
    "{\"name\": \"student\", \"net\": {" NET ", \"flow_map\": true, \"conditioning\": "            \
    "\"scale_shift\"}, " DATA ", " TRAIN ", " DISTILL "}}"

static void save(struct adv_model *teacher)
{
    char path[96];
    snprintf(path, sizeof path, "%s/teacher.safetensors", trainings_folder);
    ck_assert_int_eq(adv_model_save(teacher, path, ADV_F32, NULL), ADV_OK);
}

static void save_teacher(const char *config)
{
    struct adv_model *teacher = model_of(config);
    save(teacher);
    adv_model_unref(teacher);
}

static struct adv_model *new_teacher(void)
{
    struct adv_model *teacher = model_of("{\"name\": \"teacher\", \"net\": {" NET "}}");
    save(teacher);
    return teacher;
}

static enum adv_status open_student(const char *recipe, int threads, struct adv_training **training,
                                    struct adv_error *error)
{
    struct adv_training_options options = {
        .size = sizeof options, .data = trainings_folder, .threads = threads};
    return adv_training_new(recipe, &options, training, error);
}

static struct adv_training *open_training(const char *recipe, int threads)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    ck_assert_msg(open_student(recipe, threads, &training, &error) == ADV_OK, "%s", error.message);
    if (training->distillation)
        ck_assert_int_eq(adv_distillation_prepare(training, NULL), ADV_OK);
    return training;
}

static struct adv_training *new_student(int threads)
{
    return open_training(STUDENT, threads);
}

static void step_to(struct adv_training *training, int64_t step)
{
    while (training->progress.step < step)
        ck_assert_int_eq(adv_training_step(training, NULL, NULL), ADV_OK);
}

/* v [8, 2] of a model at points that all tests share; s: NULL, or where to go. */
static void velocities(const struct adv_model *model, const float *s, float *v)
{
    float x[16], t[8];
    struct adv_evaluator *evaluator = NULL;
    adv_rng_normal(5, ADV_STREAM_BASE, 0, 8, 2, x);
    adv_rng_uniform(5, ADV_STREAM_TIME, 0, 8, 1, t);
    struct adv_points points = {.n = 8, .x = x, .t = t, .s = s};
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(model), &evaluator, NULL), ADV_OK);
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &points, v, NULL), ADV_OK);
    adv_evaluator_free(evaluator);
}

START_TEST(a_student_starts_as_the_velocity_of_its_teacher)
{
    struct adv_model *teacher = new_teacher(), *student = NULL;
    struct adv_training *training = new_student(1);
    float expected[16], v[16], t[8];
    adv_rng_uniform(5, ADV_STREAM_TIME, 0, 8, 1, t);
    ck_assert_int_eq(adv_training_model(training, &student, NULL), ADV_OK);
    velocities(teacher, NULL, expected);
    velocities(student, NULL, v);
    ck_assert_mem_eq(v, expected, sizeof v);
    velocities(student, t, v);
    ck_assert_mem_eq(v, expected, sizeof v);
    ck_assert_int_eq(adv_model_flow_map_steps(student), 4);
    ck_assert_str_eq(adv_model_teacher(student), "teacher");
    adv_model_unref(student);
    adv_model_unref(teacher);
    adv_training_free(training);
}
END_TEST

START_TEST(frames_of_a_path_follow_its_velocity)
{
    adv_model_unref(new_teacher());
    struct adv_training *training = new_student(2);
    const struct adv_teacher_paths *paths = &training->distillation->paths;
    ck_assert_uint_eq(paths->n, 256);
    for (size_t path = 0; path < paths->n; path++) {
        for (size_t k = 0; k + 1 < paths->n_frames; k++) {
            const size_t at = adv_path_frame(paths, path, k) * 2;
            float h = adv_path_time(paths, path, k + 1) - adv_path_time(paths, path, k);
            ck_assert(h > 0);
            for (size_t i = at; i < at + 2; i++) /* the trapezoidal rule errs by h^3 v''/12 */
                ck_assert_float_eq_tol(paths->x[i + 2] - paths->x[i],
                                       h / 2 * (paths->v[i] + paths->v[i + 2]), 1e-3f);
        }
        ck_assert_float_eq(adv_path_time(paths, path, 0), 0);
        ck_assert_float_eq(adv_path_time(paths, path, paths->n_frames - 1), 1);
        ck_assert_float_eq(adv_path_time(paths, path, 12), 0.375f);
    }
    adv_training_free(training);
}
END_TEST

/* Of 20 batches, with more in the recipe's distill part: the shares of stretches that go from data to
 * the base, and that lead to data. */
static void draw_stretches(const char *more, double *back, double *to_data)
{
    char recipe[1024];
    snprintf(recipe, sizeof recipe, "%.*s, %s}}", (int)strlen(STUDENT) - 2, STUDENT, more);
    struct adv_training *training = open_training(recipe, 1);
    const struct adv_examples *e = &training->workers[0].examples;
    size_t n_back = 0, n_to_data = 0, n = 0;
    for (; training->progress.step < 20; training->progress.step++) {
        for (size_t first = 0; first < 48; first += 16) {
            adv_distillation_draw(training, &training->workers[0], first, 16);
            for (size_t i = 0; i < 16; i++, n++) {
                n_back += e->s[i] < e->t[i];
                n_to_data += e->s[i] > e->t[i] && e->s[i] == 1;
            }
        }
    }
    adv_training_free(training);
    *back = (double)n_back / (double)n;
    *to_data = (double)n_to_data / (double)n;
}

/* Half of all are equal steps; of those of any length, three eighths, half go back by chance, unless
 * none is to. */
START_TEST(as_many_steps_go_backwards_as_asked)
{
    double back, to_data;
    adv_model_unref(new_teacher());
    draw_stretches("\"backwards\": 0", &back, &to_data);
    ck_assert_double_eq(back, 0);
    draw_stretches("\"backwards\": 0.2", &back, &to_data);
    ck_assert_double_eq_tol(back, 0.1 + 0.375 / 2, 0.05);
    draw_stretches("\"backwards\": 1", &back, &to_data);
    ck_assert_double_eq_tol(back, 0.5 + 0.375 / 2, 0.05);
}
END_TEST

/* With one frame in an eighth three quarters are equal steps. Of 1, 2 and 4 of them the last are a
 * third of 1 + 1/2 + 1/4. Of those of any length, an eighth, between two of nine frames, 16 of 81 lead
 * to data if none goes back, else 8, and 36 go back. */
START_TEST(as_many_steps_are_the_last_as_asked)
{
    double back, to_data, steps = 0.75, last = 1.75 / 3, any = 0.125;
    adv_model_unref(new_teacher());
    draw_stretches("\"frames\": 1, \"backwards\": 0", &back, &to_data);
    ck_assert_double_eq_tol(to_data, steps * last + any * 16 / 81, 0.05);
    draw_stretches("\"frames\": 1, \"backwards\": 0, \"last\": 0.6", &back, &to_data);
    ck_assert_double_eq_tol(to_data, steps * (0.6 + 0.4 * last) + any * 16 / 81, 0.05);
    draw_stretches("\"frames\": 1, \"backwards\": 0.5, \"last\": 0.6", &back, &to_data);
    ck_assert_double_eq_tol(to_data, steps * (0.6 + 0.4 * last) / 2 + any * 8 / 81, 0.05);
    ck_assert_double_eq_tol(back, steps / 2 + any * 36 / 81, 0.05);
}
END_TEST

START_TEST(a_student_learns)
{
    adv_model_unref(new_teacher());
    struct adv_training *training = new_student(1);
    step_to(training, 40);
    const struct adv_curve_point *first = adv_training_curve_point(training, 0);
    const struct adv_curve_point *last =
        adv_training_curve_point(training, adv_training_curve_points(training) - 1);
    ck_assert_msg(last->held_out < 0.9 * first->held_out, "%g after %g", last->held_out,
                  first->held_out);
    struct adv_model *student = NULL;
    ck_assert_int_eq(adv_training_model(training, &student, NULL), ADV_OK);
    for (int64_t steps = 1; steps <= 4; steps *= 2)
        ck_assert_ptr_nonnull(adv_model_flow_map_error(student, steps));
    ck_assert_ptr_null(adv_model_flow_map_error(student, 8));
    adv_model_unref(student);
    adv_training_free(training);
}
END_TEST

START_TEST(neither_threads_nor_interruptions_change_a_student)
{
    adv_model_unref(new_teacher());
    struct adv_training *whole = new_student(1), *first = new_student(2), *second = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    step_to(whole, 20);
    step_to(first, 11);
    ck_assert_int_eq(adv_training_save(first, trainings_checkpoint, NULL), ADV_OK);
    second = new_student(1);
    ck_assert_msg(adv_training_resume(second, trainings_checkpoint, &error) == ADV_OK, "%s",
                  error.message);
    step_to(second, 20);
    ck_assert_mem_eq(whole->weights, second->weights, whole->n_weights * sizeof(float));
    ck_assert_mem_eq(whole->average, second->average, whole->n_weights * sizeof(float));
    adv_training_free(whole);
    adv_training_free(first);
    adv_training_free(second);
}
END_TEST

/* What is measured of a teacher later, and its name, change its file and not its flow. */
START_TEST(a_checkpoint_goes_on_with_a_teacher_that_was_measured)
{
    adv_model_unref(new_teacher());
    struct adv_training *first = new_student(1), *second = NULL;
    char file[ADV_DIGEST_TEXT];
    snprintf(file, sizeof file, "%s", adv_model_digest(first->distillation->teacher));
    step_to(first, 2);
    ck_assert_int_eq(adv_training_save(first, trainings_checkpoint, NULL), ADV_OK);
    save_teacher("{\"name\": \"other\", \"net\": {" NET "}, \"card\": {\"nll\": 1.5}}");
    second = new_student(1);
    ck_assert_str_ne(adv_model_digest(second->distillation->teacher), file);
    ck_assert_int_eq(adv_training_resume(second, trainings_checkpoint, NULL), ADV_OK);
    ck_assert_int_eq(second->progress.step, 2);
    adv_training_free(first);
    adv_training_free(second);
}
END_TEST

/* Its recipe names the same file. */
START_TEST(a_checkpoint_does_not_go_on_with_another_teacher)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *teacher = new_teacher();
    struct adv_training *first = new_student(1), *second = NULL;
    char before[ADV_DIGEST_TEXT];
    adv_model_flow_digest(first->distillation->teacher, before);
    step_to(first, 2);
    ck_assert_int_eq(adv_training_save(first, trainings_checkpoint, NULL), ADV_OK);
    save_teacher("{\"name\": \"other\", \"net\": {" NET ", \"residual\": true}}");
    second = new_student(1);
    ck_assert_int_eq(adv_training_resume(second, trainings_checkpoint, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "distill.teacher");
    ck_assert_ptr_nonnull(strstr(error.message, "the teacher has changed: its digest was "));
    ck_assert_ptr_nonnull(strstr(error.message, before));
    ck_assert_int_eq(second->progress.step, 0);
    adv_model_unref(teacher);
    adv_training_free(first);
    adv_training_free(second);
}
END_TEST

/* Its velocity is not that of independent pairs, from which a score follows. */
START_TEST(a_student_of_a_coupled_teacher_is_coupled)
{
    save_teacher("{\"name\": \"teacher\", \"net\": {" NET "}, \"path\": {\"kind\": \"condot\", "
                 "\"coupling\": \"optimal_transport\"}}");
    struct adv_training *training = new_student(1);
    struct adv_model *student = NULL;
    ck_assert_int_eq(adv_training_model(training, &student, NULL), ADV_OK);
    ck_assert(adv_model_is_coupled(student));
    adv_model_unref(student);
    adv_training_free(training);
}
END_TEST

/* ---------------------------------------------------------------- contexts */

#define GIVEN_NET                                                                                  \
    "\"kind\": \"mlp\", \"dim\": 1, \"channels\": 8, \"layers\": 1, \"context\": 1, "              \
    "\"null_context\": true"
#define GIVEN_REST                                                                                 \
    "\"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"t.csv\", \"context\": [\"c\"]}}, "     \
    "\"train\": {\"steps\": 20, \"batch\": 64, \"learning_rate\": 0.05, \"context_dropout\": "     \
    "0.25}"
#define GIVEN_TEACHER "{\"name\": \"given\", \"net\": {" GIVEN_NET "}, " GIVEN_REST "}"
#define GIVEN_STUDENT                                                                              \
    "{\"name\": \"fast\", \"net\": {" GIVEN_NET ", \"flow_map\": true}, " GIVEN_REST               \
    ", \"distill\": {\"teacher\": \"teacher.safetensors\", \"paths\": 1024}}"

static void write_rows(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/t.csv", trainings_folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("y,c\n", file);
    for (int i = 0; i < 500; i++)
        fprintf(file, "%d,%d.5\n", 2 * (i * 37 % 101) + i % 7, i * 37 % 101);
    ck_assert_int_eq(fclose(file), 0);
}

static void train_given_teacher(void)
{
    struct adv_model *teacher = NULL;
    struct adv_training *training = open_training(GIVEN_TEACHER, 2);
    step_to(training, 20);
    ck_assert_int_eq(adv_training_model(training, &teacher, NULL), ADV_OK);
    save(teacher);
    adv_model_unref(teacher);
    adv_training_free(training);
}

/* The teacher's velocity with or without a context where the path begins. */
static float velocity_given(const struct adv_distillation *d, size_t path, const float *context)
{
    struct adv_evaluator *evaluator = NULL;
    float v, t = adv_path_time(&d->paths, path, 0);
    const float *x = d->paths.x + adv_path_frame(&d->paths, path, 0);
    struct adv_points points = {.n = 1, .x = x, .t = &t, .context = &context};
    ck_assert_int_eq(adv_evaluator_new(adv_model_packed_weights(d->teacher), &evaluator, NULL),
                     ADV_OK);
    ck_assert_int_eq(adv_evaluator_velocity(evaluator, &points, &v, NULL), ADV_OK);
    adv_evaluator_free(evaluator);
    return v;
}

START_TEST(some_paths_are_without_a_context)
{
    write_rows();
    train_given_teacher();
    struct adv_training *training = open_training(GIVEN_STUDENT, 2);
    const struct adv_distillation *d = training->distillation;
    size_t without = 0, drawn_without = 0;
    for (size_t path = 0; path < d->paths.n; path++) {
        const float *context = adv_path_context(&d->paths, path);
        without += !context;
        float v = d->paths.v[adv_path_frame(&d->paths, path, 0)];
        ck_assert_float_eq_tol(v, velocity_given(d, path, context), 1e-5f);
        const float *other = context ? NULL : d->paths.context + path;
        ck_assert_float_ne(v, velocity_given(d, path, other));
    }
    ck_assert_double_eq_tol((double)without / (double)d->paths.n, 0.25, 0.06); /* 4 deviations */
    struct adv_examples *examples = &training->workers[0].examples;
    adv_distillation_draw(training, &training->workers[0], 0, examples->rows_max);
    for (size_t i = 0; i < examples->rows_max; i++)
        drawn_without += !examples->context[i];
    ck_assert_uint_gt(drawn_without, 0);
    ck_assert_uint_lt(drawn_without, examples->rows_max / 2);
    adv_training_free(training);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

#define TRAINED(more)                                                                              \
    "{\"name\": \"s\", \"net\": {" NET ", \"flow_map\": true}, " DATA                              \
    ", \"train\": {\"steps\": 1, " more "}, " DISTILL "}}"
/* Two blocks: the one trained on, the other held out. */
START_TEST(the_fewest_paths_leave_some_held_out)
{
    adv_model_unref(new_teacher());
    struct adv_training *training = open_training(
        "{\"name\": \"student\", \"net\": {" NET ", \"flow_map\": true}, " DATA ", " TRAIN
        ", \"distill\": {\"teacher\": \"teacher.safetensors\", \"paths\": 128}}",
        2);
    ck_assert_uint_eq(training->distillation->paths.n, 128);
    ck_assert_uint_eq(training->distillation->n_train, 64);
    step_to(training, 15);
    ck_assert(isfinite(adv_training_curve_point(training, 0)->held_out));
    adv_training_free(training);
}
END_TEST

/* What is told of paths while they are computed; cancelled once so many blocks are. */
struct told {
    size_t n_calls, most_calls;
    double share;
};

static void note(void *context, double share)
{
    struct told *told = context;
    ck_assert(share > told->share);
    told->share = share;
    told->n_calls++;
}

static bool has_enough(void *context)
{
    const struct told *told = context;
    return told->n_calls == told->most_calls;
}

#define WITH_PATHS(paths, more)                                                                    \
    "{\"name\": \"student\", \"net\": {" NET ", \"flow_map\": true}, " DATA ", " TRAIN             \
    ", \"distill\": {\"teacher\": \"teacher.safetensors\", \"paths\": " paths more "}}"

/* Up to the first step, if that is where it stops. */
static bool stop(void *context, const struct adv_training_progress *progress)
{
    (void)context;
    (void)progress;
    return false;
}

static enum adv_status run_with_file(struct adv_training *training, struct told *told,
                                     struct adv_error *error)
{
    char file[96];
    snprintf(file, sizeof file, "%s/teacher.paths", trainings_folder);
    struct adv_training_run_options options = {.size = sizeof options,
                                               .on_step = stop,
                                               .cancelled = has_enough,
                                               .on_paths = note,
                                               .context = told,
                                               .paths_file = file};
    *error = (struct adv_error)ADV_ERROR_INIT;
    return adv_training_run(training, &options, error);
}

/* A training of the recipe that has its paths and has done a step. */
static struct adv_training *train_with_file(const char *recipe, size_t n_new)
{
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct told told = {.most_calls = SIZE_MAX};
    ck_assert_int_eq(open_student(recipe, 1, &training, NULL), ADV_OK);
    ck_assert_int_eq(run_with_file(training, &told, &error), ADV_E_CANCELLED);
    ck_assert_msg(training->progress.step == 1, "%s", error.message);
    ck_assert_uint_eq(told.n_calls, n_new);
    ck_assert_double_eq(told.share, n_new ? 1 : 0);
    return training;
}

static void is_refused(const char *recipe, const char *message)
{
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct told told = {.most_calls = SIZE_MAX};
    ck_assert_int_eq(open_student(recipe, 1, &training, NULL), ADV_OK);
    ck_assert_int_ne(run_with_file(training, &told, &error), ADV_OK);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s", error.message);
    ck_assert_int_eq(training->progress.step, 0);
    adv_training_free(training);
}

static void paths_are_same(const struct adv_training *a, const struct adv_training *b)
{
    const struct adv_teacher_paths *p = &a->distillation->paths, *q = &b->distillation->paths;
    size_t n = p->n * p->n_frames * p->dim * sizeof *p->x;
    ck_assert_uint_eq(p->n, q->n);
    ck_assert_mem_eq(p->x, q->x, n);
    ck_assert_mem_eq(p->v, q->v, n);
    ck_assert_mem_eq(p->label, q->label, p->n * sizeof *p->label);
    ck_assert_mem_eq(p->times, q->times, p->n / ADV_PATH_BLOCK * p->n_frames * sizeof *p->times);
}

/* Stopped after two blocks of four, they go on with the third; then all are there, for trainings of
 * fewer and, with those that lack, of more. */
START_TEST(paths_in_a_file_are_not_computed_again)
{
    static const struct {
        const char *recipe;
        size_t n_new;
    } then[] = {{WITH_PATHS("256", ""), 2},
                {WITH_PATHS("256", ""), 0},
                {WITH_PATHS("448", ""), 3},
                {WITH_PATHS("128", ""), 0}};
    adv_model_unref(new_teacher());
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *stopped = NULL;
    struct told told = {.most_calls = 2};
    ck_assert_int_eq(open_student(WITH_PATHS("256", ""), 1, &stopped, NULL), ADV_OK);
    ck_assert_int_eq(run_with_file(stopped, &told, &error), ADV_E_CANCELLED);
    ck_assert_ptr_nonnull(strstr(error.message, "teacher.paths has 128 of 256"));
    ck_assert_ptr_null(stopped->distillation->paths.x);
    adv_training_free(stopped);
    for (size_t i = 0; i < sizeof then / sizeof *then; i++) {
        struct adv_training *fresh = open_training(then[i].recipe, 2);
        struct adv_training *training = train_with_file(then[i].recipe, then[i].n_new);
        paths_are_same(training, fresh);
        adv_training_free(training);
        adv_training_free(fresh);
    }
}
END_TEST

/* Where a copy is kept of the first file that is there before all paths are. */
struct glimpse {
    char file[96], copy[96];
};

static void look(void *context, double share)
{
    struct glimpse *seen = context;
    if (share < 1 && access(seen->copy, F_OK) != 0)
        (void)link(seen->file, seen->copy); /* the next one is another file, renamed */
}

/* A training of the paths of ten blocks, with one step, or fewer if it is stopped before. */
static struct adv_training *train_ten_blocks(double every_s, const char *file,
                                             void (*on_paths)(void *, double), void *context)
{
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training_run_options options = {
        .size = sizeof options, .on_paths = on_paths, .context = context, .paths_file = file};
    ck_assert_int_eq(open_student(WITH_PATHS("640", ""), 1, &training, NULL), ADV_OK);
    training->recipe.train.steps = 1;
    training->recipe.train.checkpoint_every_s = every_s;
    ck_assert_msg(adv_training_run(training, &options, &error) == ADV_OK, "%s", error.message);
    return training;
}

/* What would be left of a process that was killed: eight blocks, which a training goes on with. */
START_TEST(paths_are_kept_on_the_way)
{
    struct glimpse seen;
    struct told told = {.most_calls = SIZE_MAX};
    adv_model_unref(new_teacher());
    snprintf(seen.file, sizeof seen.file, "%s/teacher.paths", trainings_folder);
    snprintf(seen.copy, sizeof seen.copy, "%s/glimpse.paths", trainings_folder);
    struct adv_training *rare = train_ten_blocks(3600, seen.file, look, &seen);
    ck_assert_int_ne(access(seen.copy, F_OK), 0);
    unlink(seen.file);
    struct adv_training *often = train_ten_blocks(0, seen.file, look, &seen);
    ck_assert_int_eq(access(seen.copy, F_OK), 0);
    struct adv_training *later = train_ten_blocks(3600, seen.copy, note, &told);
    ck_assert_uint_eq(told.n_calls, 2);
    paths_are_same(rare, often);
    paths_are_same(rare, later);
    adv_training_free(rare);
    adv_training_free(often);
    adv_training_free(later);
}
END_TEST

static void flip_a_bit(const char *name)
{
    FILE *file = fopen(name, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, -1000, SEEK_END), 0);
    int byte = fgetc(file);
    ck_assert_int_eq(fseek(file, -1000, SEEK_END), 0);
    fputc(byte ^ 1, file);
    fclose(file);
}

START_TEST(paths_of_others_and_damaged_ones_are_refused)
{
    char file[96];
    snprintf(file, sizeof file, "%s/teacher.paths", trainings_folder);
    adv_model_unref(new_teacher());
    ck_assert_int_eq(adv_file_replace(file, "", 0, NULL), ADV_OK); /* as if it were not there */
    adv_training_free(train_with_file(WITH_PATHS("128", ""), 2));
    is_refused(WITH_PATHS("128", ", \"off_data\": 0.5, \"frames\": 2"),
               "other distill.frames, distill.off_data; name another file");
    flip_a_bit(file);
    is_refused(WITH_PATHS("128", ""), "the file is damaged");
    save_teacher("{\"name\": \"teacher\", \"net\": {" NET ", \"residual\": true}}");
    is_refused(WITH_PATHS("128", ""), "other teacher; name another file");
    is_refused("{\"name\": \"alone\", \"net\": {" NET "}, " DATA ", " TRAIN "}",
               "the recipe has no distill part");
}
END_TEST

static void note_warning(void *context, const char *message)
{
    ck_assert_ptr_nonnull(strstr(message, "the teacher's paths are not kept"));
    ++*(int *)context;
}

START_TEST(paths_that_cannot_be_written_serve_all_the_same)
{
    int n_warnings = 0;
    adv_model_unref(new_teacher());
    struct adv_training *training = NULL;
    struct adv_training_run_options options = {.size = sizeof options,
                                               .on_warning = note_warning,
                                               .context = &n_warnings,
                                               .paths_file = "/nonexistent/teacher.paths"};
    ck_assert_int_eq(open_student(WITH_PATHS("128", ""), 1, &training, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_run(training, &options, NULL), ADV_OK);
    ck_assert_int_eq(n_warnings, 1);
    adv_training_free(training);
}
END_TEST

#define OF(net, path, data, distill)                                                               \
    "{\"name\": \"s\", \"net\": {" net "}, \"path\": \"" path "\", " data ", " TRAIN distill "}"
#define MAP NET ", \"flow_map\": true"

static const struct {
    const char *recipe, *field, *message;
} refusals[] = {
    {OF(NET, "condot", DATA, ", " DISTILL "}"), "net.flow_map",
     "distill is given, but net.flow_map is not true: a student takes the time to which to go"},
    {OF(MAP, "condot", DATA, ""), "net.flow_map",
     "net.flow_map is true, but distill names no teacher: a flow map is learned from one"},
    {OF(MAP, "cosine", DATA, ", " DISTILL "}"), "path",
     "path is \"cosine\"; the teacher's is \"condot\""},
    {OF(MAP, "condot",
        "\"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"checkerboard\", "
        "\"dim\": 2, \"cells\": 4}}, \"transform\": {\"kind\": \"affine\", \"shift\": [0, 0], "
        "\"scale\": [2, 2]}}",
        ", " DISTILL "}"),
     "data.transform",
     "data.transform differs from the teacher's: a student works in the teacher's units"},
    {OF("\"kind\": \"mlp\", \"dim\": 3, \"channels\": 8, \"layers\": 1, \"flow_map\": true",
        "condot",
        "\"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"checkerboard\", "
        "\"dim\": 3, \"cells\": 4}}}",
        ", " DISTILL "}"),
     "distill.teacher", "the teacher has 2 numbers in a point, the student 3"},
    {OF(MAP, "condot", DATA, ", " DISTILL ", \"guidance\": 2}"), "sampling.guidance", NULL},
    {OF(MAP, "condot", DATA, ", \"distill\": {\"teacher\": \"teacher.safetensors\", \"steps\": 3}"),
     "distill.steps", "distill.steps is 3; it must be 1, 2, 4 or 8"},
    {OF(MAP, "condot", DATA,
        ", \"distill\": {\"teacher\": \"teacher.safetensors\", \"paths\": 127}"),
     "distill.paths", "distill.paths is 127; it must be between 128 and 16777216"},
    {TRAINED("\"coupling\": \"optimal_transport\""), "train.coupling",
     "train.coupling is \"optimal_transport\", but distill is given, whose student learns from "
     "paths "
     "of its teacher; it takes \"independent\""},
    {TRAINED("\"target_draws\": 8"), "train.target_draws",
     "train.target_draws is 8, but distill is given, whose student learns from paths of its "
     "teacher; "
     "it takes 1"},
};

START_TEST(teachers_that_do_not_fit_are_refused)
{
    adv_model_unref(new_teacher());
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    ck_assert_int_eq(open_student(refusals[_i].recipe, 1, &training, &error), ADV_E_INVALID);
    if (refusals[_i].message) {
        ck_assert_str_eq(error.message, refusals[_i].message);
        ck_assert_str_eq(error.field, refusals[_i].field);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("distill");
    TCase *students = tcase_create("students");
    tcase_add_checked_fixture(students, trainings_make_folder, trainings_remove_folder);
    tcase_set_timeout(students, 120);
    tcase_add_test(students, a_student_starts_as_the_velocity_of_its_teacher);
    tcase_add_test(students, frames_of_a_path_follow_its_velocity);
    tcase_add_test(students, as_many_steps_go_backwards_as_asked);
    tcase_add_test(students, as_many_steps_are_the_last_as_asked);
    tcase_add_test(students, a_student_learns);
    tcase_add_test(students, the_fewest_paths_leave_some_held_out);
    tcase_add_test(students, paths_in_a_file_are_not_computed_again);
    tcase_add_test(students, paths_are_kept_on_the_way);
    tcase_add_test(students, paths_of_others_and_damaged_ones_are_refused);
    tcase_add_test(students, paths_that_cannot_be_written_serve_all_the_same);
    tcase_add_test(students, a_checkpoint_goes_on_with_a_teacher_that_was_measured);
    tcase_add_test(students, a_checkpoint_does_not_go_on_with_another_teacher);
    tcase_add_test(students, a_student_of_a_coupled_teacher_is_coupled);
    tcase_add_test(students, some_paths_are_without_a_context);
    tcase_add_test(students, neither_threads_nor_interruptions_change_a_student);
    suite_add_tcase(suite, students);
    TCase *refused = tcase_create("refusals");
    tcase_add_checked_fixture(refused, trainings_make_folder, trainings_remove_folder);
    tcase_add_loop_test(refused, teachers_that_do_not_fit_are_refused, 0,
                        sizeof refusals / sizeof *refusals);
    suite_add_tcase(suite, refused);
    return suite_run(suite);
}
