/* The data that a model is measured on: those that its file names, or that flags name instead. */
#ifndef ADV_TRAINER_EVAL_DATA_H
#define ADV_TRAINER_EVAL_DATA_H

#include <advect/extra/dataset.h>

#include <advect/model.h>

/* What --split says, by its choices: the splits of enum adv_split, after auto. */
enum adv_eval_split { ADV_EVAL_AUTO, ADV_EVAL_HELD_OUT, ADV_EVAL_TEST, ADV_EVAL_TRAIN };
extern const char *const adv_eval_split_names[]; /* NULL-terminated */

struct adv_eval_data {
    const char *model_path;
    const char *place;     /* folder of the files, or a CSV or NPY file; NULL: here */
    const json_t *density; /* the truth in place of the model's own, or NULL */
    const char *test_images, *test_labels; /* IDX files in place of those that the model's file
                                              names, or NULL */
    enum adv_eval_split split;
};

struct adv_eval_datasets {
    struct adv_dataset measured;
    enum adv_split split; /* of it, to be measured */
    /* What the model was trained on, with held-out rows: `measured`, `other`, or NULL where it is
     * not at hand. */
    const struct adv_dataset *training;
    struct adv_dataset other;
};

/* Opens them and holds them against the model. For ADV_EVAL_TEST they are the test files'. For
 * ADV_EVAL_AUTO the held-out rows are to be measured, or all rows where place is a file of others
 * than the model was trained on. */
enum adv_status adv_eval_data_open(const struct adv_model *model, const struct adv_eval_data *data,
                                   struct adv_eval_datasets *datasets, struct adv_error *error);
void adv_eval_data_close(struct adv_eval_datasets *datasets);

#endif
