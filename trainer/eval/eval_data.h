/* The data that a model is measured on: those that its file names, or that flags name instead. */
#ifndef ADV_TRAINER_EVAL_DATA_H
#define ADV_TRAINER_EVAL_DATA_H

#include <advect/extra/dataset.h>

#include <advect/model.h>

struct adv_eval_data {
    const char *place;     /* folder of the files, or a CSV or NPY file; NULL: here */
    const json_t *density; /* the truth in place of the model's own, or NULL */
    const char *test_images, *test_labels; /* IDX files in place of those that the model's file
                                              names, or NULL */
    enum adv_split split;
};

/* Opens them and holds them against the model. For ADV_SPLIT_TEST they are the test files'. */
enum adv_status adv_eval_data_open(const struct adv_model *model, const struct adv_eval_data *data,
                                   struct adv_dataset *dataset, struct adv_error *error);

#endif
