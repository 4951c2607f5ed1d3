/* A training from a recipe to the files that it leaves, for the commands that train one. */
#ifndef ADV_TRAINER_TRAIN_RUN_H
#define ADV_TRAINER_TRAIN_RUN_H

#include <advect/extra/ranks.h>
#include <advect/train.h>
#include <jansson.h>

struct adv_train_options {
    char *data, *out, *curve, *paths_file;
    int64_t steps, threads, dtype; /* dtype: index into f32, f16 */
    bool resume, restart, quiet;
    bool memory;                   /* says what memory it takes, also where that is little */
    const struct adv_ranks *ranks; /* that share the training; NULL: this process alone */
};

extern const char adv_paths_file_help[]; /* of the flag, which several commands have */

/* Trains to the end and writes model, checkpoint and curve. folder: of the recipe's data where
 * options->data does not name one. *taken: set once the recipe was taken, so that later errors are not
 * the recipe's. */
enum adv_status adv_train_run(const char *command, const json_t *recipe, const char *folder,
                              const struct adv_train_options *options, bool *taken,
                              struct adv_error *error);

#endif
