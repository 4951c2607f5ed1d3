/* advect train: from a recipe to a model. */
#include "trainer/cli/files.h"
#include "trainer/cli/json.h"
#include "trainer/cli/options.h"
#include "trainer/cli/overrides.h"
#include "trainer/training/ranks.h"
#include "trainer/training/train_run.h"

#include <advect/extra/fields.h>
#include <advect/extra/memory.h>

static const char *const dtypes[] = {"f32", "f16", NULL};

#define AT(member) offsetof(struct adv_train_options, member)
static const struct adv_field fields[] = {
    {"data", ADV_FIELD_STRING, AT(data),
     .help = "folder of the recipe's data files, or the one file of a csv or npy source; if "
             "absent, the folder of the recipe"},
    {"steps", ADV_FIELD_INT, AT(steps), .min = 1, .max = 1e9,
     .help = "number of optimiser steps, in place of train.steps in the recipe"},
    {"out", ADV_FIELD_STRING, AT(out), .min = 1,
     .help = "model file to write; NAME.safetensors if absent, NAME being the recipe's name of the "
             "model"},
    {"paths_file", ADV_FIELD_STRING, AT(paths_file), .min = 1, .help = adv_paths_file_help},
    {"resume", ADV_FIELD_BOOL, AT(resume),
     .help = "continue from the checkpoint beside the model file"},
    {"restart", ADV_FIELD_BOOL, AT(restart),
     .help = "start over, even if an unfinished checkpoint is lost"},
    {"curve", ADV_FIELD_STRING, AT(curve), .min = 1,
     .help = "also draw the loss curve into this PNG file, - for standard output"},
    {"dtype", ADV_FIELD_CHOICE, AT(dtype), .choices = dtypes, .fallback = "f32",
     .help = "number format of the stored weights"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"memory", ADV_FIELD_BOOL, AT(memory),
     .help = "say how much memory the training takes, which is said without asking from 1 GB on, "
             "unless quiet"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_option_letter letters[] = {{'o', "out"}, {'q', "quiet"}, {0}};

/* ---------------------------------------------------------------- the command */

/* Of a recipe on standard input, data files are in the working directory. */
static enum adv_status train(const struct adv_train_options *options,
                             const struct adv_overrides *overrides, const char *recipe_path,
                             struct adv_error *error)
{
    char folder[ADV_PATH_BYTES];
    json_t *recipe = NULL;
    bool taken = false;
    adv_folder_of(recipe_path, folder);
    enum adv_status status = adv_json_read_or_stdin(recipe_path, &recipe, error);
    if (status == ADV_OK)
        status = adv_overrides_apply(overrides, recipe, error);
    if (options->ranks)
        status = adv_ranks_agree(options->ranks, status, error);
    if (status == ADV_OK) {
        status = adv_train_run("train", recipe, folder, options, &taken, error);
        if (status != ADV_OK && !taken)
            adv_error_prefix(error,
                             "%s: ", adv_is_dash(recipe_path) ? "standard input" : recipe_path);
    }
    json_decref(recipe);
    return status;
}

static int run(int argc, char **argv)
{
    struct adv_overrides overrides = {0};
    const struct adv_more_options set = adv_overrides_flag(&overrides);
    const struct adv_options command_line = {
        .command = "train",
        .operands = "RECIPE.json",
        .n_operands = 1,
        .summary =
            "Trains the model described by a recipe (docs/guide/recipes.md), or by standard input\n"
            "where the recipe is -. A checkpoint beside the model file is written regularly "
            "(every\n"
            "minute unless the recipe says otherwise) and on Ctrl-C; --resume continues from it, "
            "bit\n"
            "for bit.",
        .example = "advect train models/two-moons.json --out two-moons.safetensors",
        .fields = fields,
        .n_fields = N_FIELDS,
        .letters = letters,
        .more = &set,
    };
    struct adv_train_options options = {0};
    const char *recipe_path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &recipe_path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_ranks_open(&options.ranks, &error);
    if (status == ADV_OK)
        status = train(&options, &overrides, recipe_path, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    int code = ADV_EXIT_OK;
    if (status != ADV_OK && adv_ranks_lead(options.ranks))
        code = adv_command_fail("train", &error);
    else if (status != ADV_OK)
        code = ADV_EXIT_FAILURE; /* rank 0 has said why */
    adv_ranks_close(options.ranks);
    return code;
}

const struct adv_command adv_command_train = {
    .name = "train",
    .help = "train the model described by a recipe",
    .run = run,
};
