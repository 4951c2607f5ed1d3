/* advect train: from a recipe to a model. */
#include "trainer/cli/environment.h"
#include "trainer/cli/options.h"
#include "trainer/cli/progress.h"
#include "trainer/cli/stop.h"
#include "trainer/training/loss_curve.h"

#include <advect/array_file.h>
#include <advect/extra/fields.h>
#include <advect/extra/memory.h>
#include <advect/extra/safetensors.h>
#include <advect/train.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 4096
#define RECIPE_MAX_BYTES ((size_t)16 << 20)

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
        "Trains the model described by a recipe (docs/guide/recipes.md). A checkpoint beside\n"
        "the model file is written regularly (every minute unless the recipe says otherwise)\n"
        "and on Ctrl-C; --resume continues from it, bit for bit.",
    .example = "advect train models/two-moons.json --out two-moons.safetensors",
    .fields = fields,
    .n_fields = N_FIELDS,
    .letters = letters,
};

/* ---------------------------------------------------------------- files */

/* Names of the files that a training writes. */
struct file_names {
    char model[PATH_MAX_BYTES], checkpoint[PATH_MAX_BYTES + 16], curve[PATH_MAX_BYTES + 16];
};

static void name_files(struct file_names *names, const struct train_options *options,
                       const char *model_name)
{
    static const char suffix[] = ".safetensors";
    size_t tail = sizeof suffix - 1;
    if (options->out)
        snprintf(names->model, sizeof names->model, "%s", options->out);
    else
        snprintf(names->model, sizeof names->model, "%s%s", model_name, suffix);
    size_t stem = strlen(names->model);
    if (stem > tail && !strcmp(names->model + stem - tail, suffix))
        stem -= tail;
    snprintf(names->checkpoint, sizeof names->checkpoint, "%.*s.checkpoint", (int)stem,
             names->model);
    snprintf(names->curve, sizeof names->curve, "%.*s.curve.csv", (int)stem, names->model);
}

/* The folder that a file is in, into folder [PATH_MAX_BYTES]. */
static void folder_of(const char *path, char *folder)
{
    const char *slash = strrchr(path, '/');
    snprintf(folder, PATH_MAX_BYTES, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

/* ---------------------------------------------------------------- progress */

struct display {
    struct adv_progress progress;
    double started_s;
    int64_t first_step;
};

static void show(struct display *display, const struct adv_training_progress *at)
{
    double elapsed = adv_seconds_now() - display->started_s;
    double rate = elapsed > 0 ? (double)(at->step - display->first_step) / elapsed : 0;
    char text[160], held_out[32] = "";
    if (isfinite(at->held_out))
        snprintf(held_out, sizeof held_out, "  held-out %.5f", at->held_out);
    snprintf(text, sizeof text, "step %lld of %lld  loss %.5f%s  %.1f steps/s", (long long)at->step,
             (long long)at->steps, at->loss, held_out, rate);
    adv_progress_show(&display->progress, (double)at->step / (double)at->steps, text);
}

static bool on_step(void *context, const struct adv_training_progress *at)
{
    struct display *display = context;
    if (adv_progress_is_due(&display->progress))
        show(display, at);
    return !adv_stop_requested(NULL);
}

static void on_warning(void *context, const char *message)
{
    struct display *display = context;
    adv_progress_end(&display->progress);
    fprintf(stderr, "advect train: warning: %s\n", message);
}

static void print_memory(const struct adv_training_memory *m)
{
    const double mb = 1e6;
    fprintf(stderr,
            "memory: about %.0f MB: data %.0f, %zu thread%s with %.0f each for shards of %zu "
            "examples, %zu gradient%s %.0f, weights and moments %.0f\n",
            (double)m->total / mb, (double)m->data / mb, m->threads, m->threads > 1 ? "s" : "",
            (double)m->activations / mb, m->shard_rows, m->shards, m->shards > 1 ? "s" : "",
            (double)m->gradients / mb, (double)m->weights / mb);
}

/* One line each of what was noticed in the data. */
static void print_notes(const char *notes)
{
    while (*notes) {
        int n = (int)strcspn(notes, "\n");
        fprintf(stderr, "advect train: data: %.*s\n", n, notes);
        notes += n + (notes[n] == '\n');
    }
}

static enum adv_status run_training(struct adv_training *training, const char *checkpoint,
                                    bool quiet, struct adv_error *error)
{
    const struct adv_training_progress *at = adv_training_progress(training);
    struct display display = {.started_s = adv_seconds_now(), .first_step = at->step};
    struct adv_training_run_options options = {.size = sizeof options,
                                               .checkpoint = checkpoint,
                                               .on_step = on_step,
                                               .on_warning = on_warning,
                                               .context = &display};
    if (adv_stop_requested(NULL)) /* while the data were read */
        return adv_fail(error, ADV_E_CANCELLED, "stopped before the first step");
    adv_progress_init(&display.progress, quiet, (double)at->step / (double)at->steps);
    enum adv_status status = adv_training_run(training, &options, error);
    if (at->step > display.first_step)
        show(&display, at);
    adv_progress_end(&display.progress);
    if (status == ADV_E_CANCELLED)
        fprintf(stderr, "%s holds the training so far; --resume continues it\n", checkpoint);
    return status;
}

/* ---------------------------------------------------------------- the command */

static enum adv_status create(struct adv_training **training, const struct train_options *options,
                              const char *recipe_path, struct adv_error *error)
{
    char folder[PATH_MAX_BYTES];
    void *recipe = NULL;
    size_t n_bytes;
    folder_of(recipe_path, folder);
    struct adv_training_options how = {.size = sizeof how,
                                       .data = options->data ? options->data : folder,
                                       .steps = options->steps,
                                       .threads = (int)options->threads,
                                       .load = adv_environment()};
    enum adv_status status = adv_file_read(recipe_path, RECIPE_MAX_BYTES, &recipe, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_training_new(recipe, &how, training, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", recipe_path);
    free(recipe);
    return status;
}

/* An unfinished training is not thrown away by oversight. */
static enum adv_status begin(struct adv_training *training, const struct train_options *options,
                             const char *checkpoint, struct adv_error *error)
{
    int64_t step;
    if (options->resume)
        return adv_training_resume(training, checkpoint, error);
    if (!options->restart && adv_checkpoint_is_unfinished(checkpoint, &step))
        return adv_fail(
            error, ADV_E_INVALID,
            "%s holds an unfinished training at step %lld: continue it with --resume, or "
            "begin anew with --restart",
            checkpoint, (long long)step);
    return ADV_OK;
}

static enum adv_status write_results(const struct adv_training *training,
                                     const struct train_options *options,
                                     const struct file_names *names, struct adv_error *error)
{
    struct adv_model *model = NULL;
    enum adv_status status = adv_training_model(training, &model, error);
    if (status == ADV_OK)
        status = adv_model_save(model, names->model, stored_as[options->dtype], error);
    adv_model_unref(model);
    if (status == ADV_OK)
        status = adv_loss_curve_write_csv(training, names->curve, error);
    if (status == ADV_OK && options->curve)
        status = adv_loss_curve_write_png(training, options->curve, error);
    if (status == ADV_OK && !options->quiet)
        fprintf(stderr, "%s written after %lld steps\n", names->model,
                (long long)adv_training_progress(training)->step);
    return status;
}

static enum adv_status train(const struct train_options *options, const char *recipe_path,
                             struct adv_error *error)
{
    struct adv_training *training = NULL;
    struct file_names names;
    enum adv_status status = create(&training, options, recipe_path, error);
    if (status != ADV_OK)
        return status;
    print_notes(adv_training_notes(training));
    name_files(&names, options, adv_training_name(training));
    status = begin(training, options, names.checkpoint, error);
    if (status == ADV_OK && !options->quiet)
        print_memory(adv_training_memory(training));
    if (status == ADV_OK)
        status = run_training(training, names.checkpoint, options->quiet, error);
    if (status == ADV_OK)
        status = write_results(training, options, &names, error);
    adv_training_free(training);
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
    enum adv_status status = train(&options, recipe_path, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("train", &error);
}

const struct adv_command adv_command_train = {
    .name = "train",
    .help = "train the model described by a recipe",
    .run = run,
};
