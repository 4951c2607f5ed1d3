/* advect train: from a recipe to a model. */
#include "trainer/cli/options.h"
#include "trainer/cli/stop.h"
#include "trainer/training/checkpoint.h"
#include "trainer/training/loop.h"

#include <advect/fields.h>
#include <advect/memory.h>
#include <advect/pool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 4096

struct train_options {
    char *data, *out, *curve;
    int64_t steps, threads, dtype;
    bool resume, restart, quiet;
};

static const char *const dtypes[] = {"f32", "f16", NULL};
static const enum adv_dtype stored_as[] = {ADV_F32, ADV_F16};

#define AT(member) offsetof(struct train_options, member)
static const struct adv_field fields[] = {
    {"data", ADV_FIELD_STRING, AT(data),
     .help = "folder of the recipe's data files, or the one file of a csv or npy source; if "
             "absent, the folder of the recipe"},
    {"steps", ADV_FIELD_INT, AT(steps), .min = 1, .max = 1e9,
     .help = "number of optimiser steps, in place of train.steps in the recipe"},
    {"out", ADV_FIELD_STRING, AT(out),
     .help = "model file to write; NAME.safetensors if absent, NAME being the recipe's name of the "
             "model"},
    {"resume", ADV_FIELD_BOOL, AT(resume),
     .help = "continue from the checkpoint beside the model file"},
    {"restart", ADV_FIELD_BOOL, AT(restart),
     .help = "start over, even if an unfinished checkpoint is lost"},
    {"curve", ADV_FIELD_STRING, AT(curve), .help = "also draw the loss curve into this PNG file"},
    {"dtype", ADV_FIELD_CHOICE, AT(dtype), .choices = dtypes, .fallback = "f32",
     .help = "number format of the stored weights"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_option_letter letters[] = {{'o', "out"}, {'q', "quiet"}, {0}};

static const struct adv_options command_line = {
    .command = "train",
    .operands = "RECIPE.json",
    .n_operands = 1,
    .summary =
        "Trains the model described by a recipe (docs/recipes.md). A checkpoint beside the model\n"
        "file is written regularly (every minute unless the recipe says otherwise) and on\n"
        "Ctrl-C; --resume continues from it, bit for bit.",
    .example = "advect train models/two-moons.json --out two-moons.safetensors",
    .fields = fields,
    .n_fields = N_FIELDS,
    .letters = letters,
};

/* Names of the files of one training. */
struct places {
    char data[PATH_MAX_BYTES], model[PATH_MAX_BYTES];
    char checkpoint[PATH_MAX_BYTES + 16], curve[PATH_MAX_BYTES + 16];
};

static void name_places(struct places *places, const struct train_options *options,
                        const char *recipe_path, const char *name)
{
    static const char suffix[] = ".safetensors";
    const char *slash = strrchr(recipe_path, '/');
    if (options->data)
        snprintf(places->data, sizeof places->data, "%s", options->data);
    else
        snprintf(places->data, sizeof places->data, "%.*s", slash ? (int)(slash - recipe_path) : 1,
                 slash ? recipe_path : ".");
    if (options->out)
        snprintf(places->model, sizeof places->model, "%s", options->out);
    else
        snprintf(places->model, sizeof places->model, "%s%s", name, suffix);
    size_t stem = strlen(places->model), tail = sizeof suffix - 1;
    if (stem > tail && !strcmp(places->model + stem - tail, suffix))
        stem -= tail;
    snprintf(places->checkpoint, sizeof places->checkpoint, "%.*s.checkpoint", (int)stem,
             places->model);
    snprintf(places->curve, sizeof places->curve, "%.*s.curve.csv", (int)stem, places->model);
}

static void print_memory(const struct adv_training *training, int n_threads)
{
    const double mb = 1e6;
    struct adv_training_memory m = adv_training_memory(training);
    fprintf(stderr,
            "memory: about %.0f MB: data %.0f, %d thread%s with %.0f each for shards of %zu "
            "examples, %zu gradient%s %.0f, weights and moments %.0f\n",
            (double)m.all / mb, (double)m.data / mb, n_threads, n_threads > 1 ? "s" : "",
            (double)m.activations / mb, training->shard_rows, training->n_shards,
            training->n_shards > 1 ? "s" : "", (double)m.gradients / mb, (double)m.weights / mb);
}

/* An unfinished training is not thrown away by oversight. */
static enum adv_status begin(struct adv_training *training, const struct train_options *options,
                             const struct places *places, struct adv_error *error)
{
    int64_t step;
    if (options->resume)
        return adv_checkpoint_load(training, places->checkpoint, error);
    if (!options->restart && adv_checkpoint_is_unfinished(places->checkpoint, &step))
        return adv_fail(
            error, ADV_E_INVALID,
            "%s holds an unfinished training at step %lld: continue it with --resume, or "
            "begin anew with --restart",
            places->checkpoint, (long long)step);
    return ADV_OK;
}

static enum adv_status write_results(const struct adv_training *training,
                                     const struct train_options *options,
                                     const struct places *places, struct adv_error *error)
{
    struct adv_model *model = NULL;
    enum adv_status status = adv_training_model(training, &model, error);
    if (status == ADV_OK)
        status = adv_model_save(model, places->model, stored_as[options->dtype], error);
    adv_model_unref(model);
    if (status == ADV_OK)
        status = adv_curve_write_csv(training, places->curve, error);
    if (status == ADV_OK && options->curve)
        status = adv_curve_write_png(training, options->curve, error);
    if (status == ADV_OK && !options->quiet)
        fprintf(stderr, "%s written after %lld steps\n", places->model, (long long)training->step);
    return status;
}

static enum adv_status train(const struct adv_recipe *recipe, const struct train_options *options,
                             const char *recipe_path, struct adv_error *error)
{
    struct places places;
    struct adv_dataset dataset = {0};
    struct adv_pool *pool = NULL;
    struct adv_training *training = NULL;
    name_places(&places, options, recipe_path, recipe->name);
    int n_threads = options->threads ? (int)options->threads : adv_cpu_count();
    enum adv_status status =
        adv_dataset_open(&recipe->data, (uint64_t)recipe->train.seed, places.data, &dataset, error);
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &pool, error);
    if (status == ADV_OK)
        status = adv_training_new(recipe, &dataset, pool, &training, error);
    if (status == ADV_OK)
        status = begin(training, options, &places, error);
    if (status == ADV_OK && !options->quiet)
        print_memory(training, n_threads);
    struct adv_loop loop = {places.checkpoint, options->quiet, adv_stop_flag()};
    if (status == ADV_OK)
        status = adv_loop_run(&loop, training, error);
    if (status == ADV_E_CANCELLED)
        fprintf(stderr, "%s holds the training so far; --resume continues it\n", places.checkpoint);
    if (status == ADV_OK)
        status = write_results(training, options, &places, error);
    adv_training_free(training);
    adv_pool_free(pool);
    adv_dataset_close(&dataset);
    return status;
}

static int run(int argc, char **argv)
{
    struct train_options options = {0};
    const char *recipe_path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &recipe_path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_recipe recipe = {0};
    enum adv_status status = adv_recipe_read(&recipe, recipe_path, &error);
    if (status == ADV_OK && options.steps > 0)
        recipe.train.steps = options.steps;
    if (status == ADV_OK)
        status = train(&recipe, &options, recipe_path, &error);
    adv_recipe_release(&recipe);
    adv_fields_release(fields, N_FIELDS, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("train", &error);
}

const struct adv_command adv_command_train = {
    .name = "train",
    .help = "train the model described by a recipe",
    .run = run,
};
