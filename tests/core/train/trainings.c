#include "tests/core/train/trainings.h"

#include "tests/support/folder.h"

#include <check.h>
#include <stdio.h>

char trainings_folder[64], trainings_checkpoint[96];

void trainings_make_folder(void)
{
    folder_make(trainings_folder);
    snprintf(trainings_checkpoint, sizeof trainings_checkpoint, "%s/c.checkpoint",
             trainings_folder);
}

void trainings_remove_folder(void)
{
    folder_remove(trainings_folder);
}

struct adv_training *training_of(const char *recipe, int threads)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_training *training = NULL;
    struct adv_training_options options = {
        .size = sizeof options, .data = trainings_folder, .threads = threads};
    ck_assert_msg(adv_training_new(recipe, &options, &training, &error) == ADV_OK, "%s",
                  error.message);
    return training;
}

void trainings_are_same(const struct adv_training *a, const struct adv_training *b)
{
    size_t bytes = a->n_weights * sizeof(float);
    ck_assert_int_eq(a->progress.step, b->progress.step);
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
