/* advect train: from a recipe to a model. */
#include "trainer/cli/environment.h"
#include "trainer/cli/files.h"
#include "trainer/cli/json.h"
#include "trainer/cli/options.h"
#include "trainer/cli/overrides.h"
#include "trainer/training/loss_curve.h"
#include "trainer/training/ranks.h"
#include "trainer/training/session.h"

#include <advect/array_file.h>
#include <advect/extra/fields.h>
#include <advect/extra/memory.h>
#include <advect/extra/safetensors.h>
#include <advect/train.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    {"curve", ADV_FIELD_STRING, AT(curve),
     .help = "also draw the loss curve into this PNG file, - for standard output"},
    {"dtype", ADV_FIELD_CHOICE, AT(dtype), .choices = dtypes, .fallback = "f32",
     .help = "number format of the stored weights"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_option_letter letters[] = {{'o', "out"}, {'q', "quiet"}, {0}};

/* ---------------------------------------------------------------- files */

/* Names of the files that a training writes. */
struct file_names {
    char model[ADV_PATH_BYTES], checkpoint[ADV_PATH_BYTES + 16], curve[ADV_PATH_BYTES + 16];
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

/* ---------------------------------------------------------------- the command */

/* Of a recipe on standard input, data files are in the working directory. */
static enum adv_status create(struct adv_training **training, const struct train_options *options,
                              const struct adv_overrides *overrides, const char *recipe_path,
                              struct adv_error *error)
{
    char folder[ADV_PATH_BYTES];
    json_t *recipe = NULL;
    adv_folder_of(recipe_path, folder);
    enum adv_status status = adv_json_read_or_stdin(recipe_path, &recipe, error);
    if (status != ADV_OK)
        return status;
    status = adv_overrides_apply(overrides, recipe, error);
    struct adv_training_options how = {.size = sizeof how,
                                       .data = options->data ? options->data : folder,
                                       .steps = options->steps,
                                       .threads = (int)options->threads,
                                       .load = adv_environment()};
    if (status == ADV_OK) {
        status = adv_session_new(recipe, &how, training, error);
        if (status != ADV_OK)
            adv_error_prefix(error,
                             "%s: ", adv_is_dash(recipe_path) ? "standard input" : recipe_path);
    }
    json_decref(recipe);
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

#define RISE 1.1 /* of the held-out loss beyond its least: more than its noise */

/* Says where the held-out loss has risen for long, which only a curve shows. */
static void warn_of_overfitting(const struct adv_training *training)
{
    size_t n = adv_training_curve_points(training), least = 0;
    for (size_t i = 0; i < n; i++) {
        if (adv_training_curve_point(training, i)->held_out <
            adv_training_curve_point(training, least)->held_out)
            least = i;
    }
    const struct adv_training_progress *at = adv_training_progress(training);
    if (n < 2 || isfinite(at->best_nll)) /* then the best weights are kept */
        return;
    const struct adv_curve_point *best = adv_training_curve_point(training, least),
                                 *last = adv_training_curve_point(training, n - 1);
    if (last->held_out > RISE * best->held_out)
        fprintf(stderr,
                "advect train: warning: the held-out loss was least at step %lld, %.4g, and has "
                "risen to %.4g: the model has learned the rows by heart; \"keep\": \"best\" in "
                "train keeps the best weights, as advect fit does\n",
                (long long)best->step, best->held_out, last->held_out);
}

/* Before the first step: what could not be written at the end, by the rank that writes. */
static enum adv_status check_files(const struct train_options *options,
                                   const struct file_names *names, struct adv_error *error)
{
    enum adv_status status = adv_check_writable(names->model, error);
    if (status == ADV_OK)
        status = adv_check_writable(names->checkpoint, error);
    return status == ADV_OK && options->curve ? adv_check_output(options->curve, false, error)
                                              : status;
}

/* All until the first step. Ranks go on together, or all fail with the report of one. */
static enum adv_status prepare(struct adv_training **training, const struct train_options *options,
                               const struct adv_overrides *overrides, const char *recipe_path,
                               struct file_names *names, const struct adv_ranks *ranks,
                               struct adv_error *error)
{
    enum adv_status status = create(training, options, overrides, recipe_path, error);
    if (status == ADV_OK && adv_ranks_lead(ranks))
        adv_session_print_notes("train", adv_training_notes(*training));
    if (status == ADV_OK)
        name_files(names, options, adv_training_name(*training));
    if (status == ADV_OK && adv_ranks_lead(ranks))
        status = check_files(options, names, error);
    if (status == ADV_OK)
        status = begin(*training, options, names->checkpoint, error);
    if (!ranks)
        return status;
    status = adv_ranks_agree(ranks, status, error);
    return status == ADV_OK ? adv_training_share(*training, ranks, error) : status;
}

static enum adv_status finish(const struct adv_training *training,
                              const struct train_options *options, const struct file_names *names,
                              struct adv_error *error)
{
    warn_of_overfitting(training);
    return write_results(training, options, names, error);
}

/* What ends all ranks alike; else the others would wait for this one. */
static bool is_common(enum adv_status status)
{
    return status == ADV_OK || status == ADV_E_CANCELLED || status == ADV_E_NUMERIC;
}

static enum adv_status train(const struct train_options *options,
                             const struct adv_overrides *overrides, const char *recipe_path,
                             const struct adv_ranks *ranks, struct adv_error *error)
{
    struct adv_training *training = NULL;
    struct file_names names;
    bool leads = adv_ranks_lead(ranks);
    enum adv_status status =
        prepare(&training, options, overrides, recipe_path, &names, ranks, error);
    bool began = status == ADV_OK;
    const struct adv_session session = {.command = "train",
                                        .checkpoint = names.checkpoint,
                                        .quiet = options->quiet || !leads,
                                        .advised = !leads,
                                        .shared = ranks != NULL};
    if (began && !session.quiet)
        print_memory(adv_training_memory(training));
    if (began)
        status = adv_session_run(&session, training, error);
    if (status == ADV_E_CANCELLED && leads && adv_training_progress(training)->step > 0)
        fprintf(stderr, "%s holds the training so far; --resume continues it\n", names.checkpoint);
    if (status == ADV_OK && leads)
        status = finish(training, options, &names, error);
    adv_training_free(training);
    if (ranks && began && !is_common(status)) {
        fprintf(stderr, "advect train: rank %d: %s\n", ranks->rank, error->message);
        adv_ranks_abort(ranks);
    }
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
    struct train_options options = {0};
    const char *recipe_path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &recipe_path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    const struct adv_ranks *ranks = NULL;
    enum adv_status status = adv_ranks_open(&ranks, &error);
    if (status == ADV_OK)
        status = train(&options, &overrides, recipe_path, ranks, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    int code = ADV_EXIT_OK;
    if (status != ADV_OK && adv_ranks_lead(ranks))
        code = adv_command_fail("train", &error);
    else if (status != ADV_OK)
        code = ADV_EXIT_FAILURE; /* rank 0 has said why */
    adv_ranks_close(ranks);
    return code;
}

const struct adv_command adv_command_train = {
    .name = "train",
    .help = "train the model described by a recipe",
    .run = run,
};
