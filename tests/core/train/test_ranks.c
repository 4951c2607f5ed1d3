/* Trainings that several ranks share: that they are the training of one process, byte for byte, and
 * what is refused before the first step. */
#include "core/train/training.h"

#include <advect/extra/ranks.h>

#include "tests/core/train/trainings.h"
#include "tests/support/models.h"
#include "tests/support/suite.h"
#include "tests/support/thread_ranks.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOARD                                                                                      \
    "\"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"checkerboard\", "    \
    "\"dim\": 2, \"cells\": 4}}}, "
/* Four shards, the last of two rows. */
#define SMALL(seed)                                                                                \
    "{\"name\": \"small\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 24, "            \
    "\"layers\": 2}, " BOARD "\"train\": {\"steps\": 30, \"batch\": 50, \"shard_rows\": 16, "      \
    "\"warmup_steps\": 5, \"held_out_every\": 10, \"seed\": " seed "}}"
/* Weights of several messages, the last of which is short. */
#define WIDE                                                                                       \
    "{\"name\": \"wide\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 300, "            \
    "\"layers\": 3}, " BOARD "\"train\": {\"steps\": 3, \"batch\": 48, \"shard_rows\": 8, "        \
    "\"held_out_every\": 10}}"

#define TEACHER_NET "\"kind\": \"mlp\", \"dim\": 2, \"channels\": 16, \"layers\": 2"
/* Four shards of a teacher's paths. */
#define STUDENT                                                                                    \
    "{\"name\": \"student\", \"net\": {" TEACHER_NET ", \"flow_map\": true}, " BOARD               \
    "\"train\": {\"steps\": 20, \"batch\": 50, \"shard_rows\": 16, \"held_out_every\": 10}, "      \
    "\"distill\": {\"teacher\": \"teacher.safetensors\", \"paths\": 256}}"

/* Matrices are whole, whichever messages they come in. */
#define MUON                                                                                       \
    "{\"name\": \"muon\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 150, "            \
    "\"layers\": 3}, " BOARD "\"train\": {\"steps\": 3, \"batch\": 48, \"shard_rows\": 8, "        \
    "\"held_out_every\": 10, \"optimiser\": \"muon\"}}"

static const char *const recipes[] = {SMALL("1"), WIDE, MUON};

/* ---------------------------------------------------------------- shared trainings */

/* What the ranks of a test do and leave. */
struct shared {
    const char *recipe;
    const char *recipe_of_1; /* of rank 1, where it is another */
    const char *own;         /* what stands behind a rank's number in the name of its own data */
    bool resumes, saves;
    int stops_rank;         /* asks to stop */
    int64_t stops_after;    /* that step; 0: none does */
    int64_t steps_before_1; /* that rank 1 does alone */
    struct adv_training *trainings[THREAD_RANKS_MAX];
    enum adv_status status[THREAD_RANKS_MAX];
    struct adv_error errors[THREAD_RANKS_MAX];
};

struct watch {
    const struct shared *shared;
    int rank;
};

static bool goes_on(void *context, const struct adv_training_progress *at)
{
    const struct watch *watch = context;
    return watch->rank != watch->shared->stops_rank || at->step != watch->shared->stops_after;
}

static void train_as_rank(const struct adv_ranks *ranks, void *context)
{
    struct shared *shared = context;
    int rank = ranks->rank;
    bool differs = rank == 1 && shared->recipe_of_1;
    struct adv_error *error = &shared->errors[rank];
    struct adv_training *t =
        training_of(differs ? shared->recipe_of_1 : shared->recipe, 1 + rank % 2);
    shared->trainings[rank] = t;
    for (int64_t i = 0; rank == 1 && i < shared->steps_before_1; i++)
        ck_assert_int_eq(adv_training_step(t, NULL, error), ADV_OK);
    enum adv_status status = ADV_OK;
    if (shared->resumes)
        status = adv_training_resume(t, trainings_checkpoint, error);
    if (status == ADV_OK)
        status = adv_training_share(t, ranks, error);
    struct watch watch = {shared, rank};
    struct adv_training_run_options options = {.size = sizeof options,
                                               .checkpoint =
                                                   shared->saves ? trainings_checkpoint : NULL,
                                               .on_step = shared->stops_after ? goes_on : NULL,
                                               .context = &watch};
    if (status == ADV_OK)
        status = adv_training_run(t, &options, error);
    shared->status[rank] = status;
}

static void release(struct shared *shared)
{
    for (int i = 0; i < THREAD_RANKS_MAX; i++)
        adv_training_free(shared->trainings[i]);
}

static struct adv_training *train_alone(const char *recipe)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *alone = training_of(recipe, 2);
    ck_assert_int_eq(adv_training_run(alone, NULL, &error), ADV_OK);
    return alone;
}

static void all_are(const struct shared *shared, int n_ranks, const struct adv_training *expected)
{
    for (int i = 0; i < n_ranks; i++) {
        ck_assert_msg(shared->status[i] == ADV_OK, "%s", shared->errors[i].message);
        trainings_are_same(shared->trainings[i], expected);
    }
}

/* Loop index: the number of ranks - 1. */
START_TEST(ranks_train_the_bytes_of_one_process)
{
    for (size_t k = 0; k < sizeof recipes / sizeof *recipes; k++) {
        struct adv_training *alone = train_alone(recipes[k]);
        struct shared shared = {.recipe = recipes[k]};
        thread_ranks_run(_i + 1, train_as_rank, &shared);
        all_are(&shared, _i + 1, alone);
        release(&shared);
        adv_training_free(alone);
    }
}
END_TEST

static void write_teacher(const char *where, enum adv_dtype dtype)
{
    char path[192];
    struct adv_model *teacher = model_of("{\"name\": \"teacher\", \"net\": {" TEACHER_NET "}}");
    snprintf(path, sizeof path, "%s/teacher.safetensors", where);
    ck_assert_int_eq(adv_model_save(teacher, path, dtype, NULL), ADV_OK);
    adv_model_unref(teacher);
}

START_TEST(ranks_train_the_student_of_one_process)
{
    write_teacher(trainings_folder, ADV_F32);
    struct adv_training *alone = train_alone(STUDENT);
    struct shared shared = {.recipe = STUDENT};
    thread_ranks_run(3, train_as_rank, &shared);
    all_are(&shared, 3, alone);
    release(&shared);
    adv_training_free(alone);
}
END_TEST

START_TEST(a_checkpoint_is_resumed_by_another_number_of_ranks)
{
    struct shared two = {.recipe = recipes[0], .saves = true, .stops_rank = 0, .stops_after = 12};
    struct shared three = {.recipe = recipes[0], .resumes = true};
    struct adv_training *alone = train_alone(recipes[0]);
    thread_ranks_run(2, train_as_rank, &two);
    ck_assert_int_eq(two.status[0], ADV_E_CANCELLED);
    thread_ranks_run(3, train_as_rank, &three);
    all_are(&three, 3, alone);
    release(&two);
    release(&three);
    adv_training_free(alone);
}
END_TEST

/* Loop index: the rank that asks. */
START_TEST(when_one_asks_to_stop_all_do_after_the_next_step)
{
    struct shared shared = {.recipe = recipes[0], .stops_rank = _i, .stops_after = 7};
    thread_ranks_run(3, train_as_rank, &shared);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(shared.status[i], ADV_E_CANCELLED);
        ck_assert_int_eq(shared.trainings[i]->progress.step, 8);
    }
    release(&shared);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

/* By all ranks, before the first step of rank 0. */
static void refused(struct shared *shared, int n_ranks, const char *message)
{
    thread_ranks_run(n_ranks, train_as_rank, shared);
    for (int i = 0; i < n_ranks; i++) {
        ck_assert_int_eq(shared->status[i], ADV_E_INVALID);
        ck_assert_msg(strstr(shared->errors[i].message, message) != NULL, "%s",
                      shared->errors[i].message);
    }
    ck_assert_int_eq(shared->trainings[0]->progress.step, 0);
    release(shared);
}

START_TEST(more_ranks_than_shards_are_refused)
{
    struct shared shared = {.recipe = recipes[0]};
    refused(&shared, 5, "there are 5 ranks, and a batch of 50 examples is 4 shards of 16");
}
END_TEST

START_TEST(ranks_that_differ_are_refused_by_name)
{
    struct shared recipe = {.recipe = recipes[0], .recipe_of_1 = SMALL("2")};
    struct shared state = {.recipe = recipes[0], .steps_before_1 = 3};
    refused(&recipe, 3, "rank 1 has another recipe");
    refused(&state, 2, "rank 1 has other weights");
}
END_TEST

static void write_rows(const char *name, double last)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", trainings_folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 200; i++)
        fprintf(file, "%d,%d\n", i * 37 % 101, i * 53 % 89);
    fprintf(file, "%g,1\n", last);
    ck_assert_int_eq(fclose(file), 0);
}

static void train_on_own_folder(const struct adv_ranks *ranks, void *context)
{
    struct shared *shared = context;
    char path[128];
    snprintf(path, sizeof path, "%s/%d%s", trainings_folder, ranks->rank, shared->own);
    struct adv_training_options options = {.size = sizeof options, .data = path, .threads = 1};
    struct adv_error *error = &shared->errors[ranks->rank];
    struct adv_training *t = NULL;
    ck_assert_int_eq(adv_training_new(shared->recipe, &options, &t, error), ADV_OK);
    shared->trainings[ranks->rank] = t;
    shared->status[ranks->rank] = adv_training_share(t, ranks, error);
}

START_TEST(ranks_with_other_data_are_refused_by_name)
{
    struct shared shared = {
        .own = ".csv",
        .recipe = "{\"name\": \"rows\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, "
                  "\"layers\": 1}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": "
                  "\"rows.csv\"}}, \"train\": {\"steps\": 2, \"batch\": 32, \"shard_rows\": 8}}"};
    write_rows("0.csv", 1);
    write_rows("1.csv", 1);
    write_rows("2.csv", 2);
    thread_ranks_run(3, train_on_own_folder, &shared);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(strstr(shared.errors[i].message, "rank 2 has other data") != NULL, "%s",
                      shared.errors[i].message);
    release(&shared);
}
END_TEST

START_TEST(ranks_with_another_teacher_are_refused_by_name)
{
    struct shared shared = {.recipe = STUDENT, .own = ""};
    for (int rank = 0; rank < 2; rank++) {
        char own[128];
        snprintf(own, sizeof own, "%s/%d", trainings_folder, rank);
        ck_assert_int_eq(mkdir(own, 0700), 0);
        write_teacher(own, rank ? ADV_F16 : ADV_F32);
    }
    thread_ranks_run(2, train_on_own_folder, &shared);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(strstr(shared.errors[i].message, "rank 1 has another teacher") != NULL, "%s",
                      shared.errors[i].message);
    release(&shared);
}
END_TEST

static void fail_as_2(const struct adv_ranks *ranks, void *context)
{
    struct shared *shared = context;
    struct adv_error *error = &shared->errors[ranks->rank];
    enum adv_status status = ADV_OK;
    if (ranks->rank == 2)
        status = adv_fail(error, ADV_E_IO, "no such file");
    shared->status[ranks->rank] = adv_ranks_agree(ranks, status, error);
}

START_TEST(one_that_fails_fails_all_with_its_name)
{
    struct shared shared = {0};
    thread_ranks_run(4, fail_as_2, &shared);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(shared.status[i], ADV_E_IO);
        ck_assert_str_eq(shared.errors[i].message, "rank 2: no such file");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ranks");
    TCase *all = tcase_create("ranks");
    tcase_add_checked_fixture(all, trainings_make_folder, trainings_remove_folder);
    tcase_add_loop_test(all, ranks_train_the_bytes_of_one_process, 0, 4);
    tcase_add_test(all, ranks_train_the_student_of_one_process);
    tcase_add_test(all, a_checkpoint_is_resumed_by_another_number_of_ranks);
    tcase_add_loop_test(all, when_one_asks_to_stop_all_do_after_the_next_step, 0, 3);
    tcase_add_test(all, more_ranks_than_shards_are_refused);
    tcase_add_test(all, ranks_that_differ_are_refused_by_name);
    tcase_add_test(all, ranks_with_other_data_are_refused_by_name);
    tcase_add_test(all, ranks_with_another_teacher_are_refused_by_name);
    tcase_add_test(all, one_that_fails_fails_all_with_its_name);
    tcase_set_timeout(all, 60);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
