/* advect distill: from a teacher to a model of few steps. The recipe of the student is made of the
 * teacher's: its data, its net with a second time, its path. */
#include "trainer/cli/environment.h"
#include "trainer/cli/files.h"
#include "trainer/cli/options.h"
#include "trainer/cli/overrides.h"
#include "trainer/training/ranks.h"
#include "trainer/training/train_run.h"

#include <advect/extra/fields.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>

#include <string.h>

struct distill_options {
    struct adv_train_options train;
    char *name;
    int64_t most, paths;
    json_t *guidance;
};

static const char *const dtypes[] = {"f32", "f16", NULL};
static const char *const most_steps[] = {"1", "2", "4", "8", NULL};

#define AT(member) offsetof(struct distill_options, member)
static const struct adv_field fields[] = {
    {"name", ADV_FIELD_STRING, AT(name), .min = 1, .max = 64,
     .help = "name of the student; the teacher's with -fast behind it if absent"},
    {"out", ADV_FIELD_STRING, AT(train.out), .min = 1,
     .help = "model file to write; NAME.safetensors if absent"},
    {"most", ADV_FIELD_CHOICE, AT(most), .choices = most_steps, .fallback = "8",
     .help = "largest number of flow_map steps that the student is made for"},
    {"guidance", ADV_FIELD_JSON, AT(guidance),
     .help = "guidance weight of the teacher, a number, which becomes part of the student; the "
             "teacher's own default if absent"},
    {"paths", ADV_FIELD_INT, AT(paths), .min = 128, .max = 1 << 24,
     .help = "number of paths of the teacher that are computed first and kept; 32768 if absent, "
             "8192 of images"},
    {"data", ADV_FIELD_STRING, AT(train.data),
     .help = "folder of the data files of the teacher's recipe; the working directory if absent"},
    {"steps", ADV_FIELD_INT, AT(train.steps), .min = 1, .max = 1e9,
     .help = "number of optimiser steps; 30000 if absent, 5000 of images"},
    {"paths_file", ADV_FIELD_STRING, AT(train.paths_file), .min = 1, .help = adv_paths_file_help},
    {"resume", ADV_FIELD_BOOL, AT(train.resume),
     .help = "continue from the checkpoint beside the model file"},
    {"restart", ADV_FIELD_BOOL, AT(train.restart),
     .help = "start over, even if an unfinished checkpoint is lost"},
    {"curve", ADV_FIELD_STRING, AT(train.curve), .min = 1,
     .help = "also draw the loss curve into this PNG file, - for standard output"},
    {"dtype", ADV_FIELD_CHOICE, AT(train.dtype), .choices = dtypes, .fallback = "f32",
     .help = "number format of the stored weights"},
    {"threads", ADV_FIELD_INT, AT(train.threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"memory", ADV_FIELD_BOOL, AT(train.memory),
     .help = "say how much memory the training takes, which is said without asking from 1 GB on, "
             "unless quiet"},
    {"quiet", ADV_FIELD_BOOL, AT(train.quiet), .help = "do not show progress"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_option_letter letters[] = {{'o', "out"}, {'q', "quiet"}, {0}};

/* ---------------------------------------------------------------- the student's recipe */

/* The teacher's net with a second time; of a perceptron, whose condition enters once, it also
 * scales and shifts every layer, since the two times change all that the layers do. */
static json_t *net_of(const struct adv_model *teacher)
{
    json_t *net = adv_json_deep_copy(json_object_get(adv_model_config_json(teacher), "net"));
    const char *kind = json_string_value(json_object_get(net, "kind"));
    bool failed = json_object_set_new(net, "flow_map", json_true()) != 0;
    if (kind && !strcmp(kind, "mlp"))
        failed |= json_object_set_new(net, "conditioning", json_string("scale_shift")) != 0;
    if (!failed)
        return net;
    json_decref(net);
    return NULL;
}

/* What a student's recipe has unless it is asked otherwise. */
struct usual {
    int64_t steps, batch, paths, frames;
    double learning_rate, ema_decay, off_data, backwards, last;
};
static const struct usual of_points = {.steps = 30000,
                                       .batch = 256,
                                       .paths = 32768,
                                       .frames = 4,
                                       .learning_rate = 2e-3,
                                       .ema_decay = 0.9995,
                                       .off_data = 0.1,
                                       .backwards = 0.5};
static const struct usual of_images = {.steps = 5000,
                                       .batch = 32,
                                       .paths = 8192,
                                       .frames = 1,
                                       .learning_rate = 1e-3,
                                       .ema_decay = 0.999,
                                       .last = 0.3};

static const struct usual *usual_of(const struct adv_model *teacher)
{
    return adv_model_is_image(teacher) ? &of_images : &of_points;
}

/* Of the teacher's seed: it divides the rows, and a transform is fitted to those not held out. */
static json_t *train_of(const struct adv_model *teacher, const json_t *its)
{
    const struct usual *usual = usual_of(teacher);
    json_t *label = json_object_get(its, "label_dropout");
    json_t *context = json_object_get(its, "context_dropout");
    return json_pack("{s:I, s:I, s:f, s:i, s:f, s:i, s:O*, s:O*, s:O*}", "steps",
                     (json_int_t)usual->steps, "batch", (json_int_t)usual->batch, "learning_rate",
                     usual->learning_rate, "warmup_steps", 200, "ema_decay", usual->ema_decay,
                     "held_out_every", 1000, "seed", json_object_get(its, "seed"), "label_dropout",
                     label, "context_dropout", context);
}

static json_t *distill_of(const struct adv_model *teacher, const char *file,
                          const struct distill_options *options)
{
    const struct usual *usual = usual_of(teacher);
    int64_t paths = options->paths ? options->paths : usual->paths;
    double guidance =
        options->guidance ? json_number_value(options->guidance) : adv_model_guidance(teacher);
    return json_pack("{s:s, s:I, s:f, s:I, s:I, s:f, s:f, s:f}", "teacher", file, "steps",
                     (json_int_t)1 << options->most, "guidance", guidance, "paths",
                     (json_int_t)paths, "frames", (json_int_t)usual->frames, "off_data",
                     usual->off_data, "backwards", usual->backwards, "last", usual->last);
}

static enum adv_status check_teacher(const struct adv_model *teacher, const json_t *data,
                                     struct adv_error *error)
{
    const json_t *net = json_object_get(adv_model_config_json(teacher), "net");
    const char *kind = json_string_value(json_object_get(net, "kind"));
    if (adv_model_flow_map_steps(teacher) > 0)
        return adv_fail(error, ADV_E_INVALID, "the teacher is itself a model of few steps");
    if (strcmp(kind, "mlp") != 0 && strcmp(kind, "unet") != 0)
        return adv_fail_field(error, ADV_E_UNSUPPORTED, "net.kind",
                              "the teacher's net.kind is %s; students are of kind mlp or unet",
                              kind);
    if (!json_is_object(data))
        return adv_fail(error, ADV_E_UNSUPPORTED,
                        "the teacher does not tell the data that it was trained on; write a recipe "
                        "with a distill part, and give it to advect train");
    return ADV_OK;
}

static enum adv_status make_recipe(const struct adv_model *teacher, const char *file,
                                   const struct distill_options *options, json_t **recipe,
                                   struct adv_error *error)
{
    const json_t *config = adv_model_config_json(teacher);
    const json_t *its = json_object_get(json_object_get(config, "train"), "recipe");
    json_t *data = json_object_get(its, "data");
    char name[128];
    snprintf(name, sizeof name, "%.59s-fast", adv_model_name(teacher));
    enum adv_status status = check_teacher(teacher, data, error);
    if (status == ADV_OK && options->guidance && !json_is_number(options->guidance))
        status = adv_fail_field(error, ADV_E_INVALID, "guidance", "guidance must be a number");
    if (status != ADV_OK)
        return status;
    *recipe = json_pack("{s:s, s:o, s:O, s:s, s:o, s:o}", "name",
                        options->name ? options->name : name, "net", net_of(teacher), "data", data,
                        "path", adv_path_name(adv_model_path(teacher)), "train",
                        train_of(teacher, json_object_get(its, "train")), "distill",
                        distill_of(teacher, file, options));
    return *recipe ? ADV_OK : adv_no_memory(error);
}

/* ---------------------------------------------------------------- the command */

/* The student's recipe with what --set changes. */
static enum adv_status open_recipe(const struct distill_options *options,
                                   const struct adv_overrides *overrides, const char *file,
                                   json_t **recipe, struct adv_error *error)
{
    struct adv_model *teacher = NULL;
    enum adv_status status = adv_model_load(file, adv_environment(), &teacher, error);
    if (status == ADV_OK) {
        status = make_recipe(teacher, file, options, recipe, error);
        if (status != ADV_OK)
            adv_error_prefix(error, "%s: ", file);
    }
    adv_model_unref(teacher);
    return status == ADV_OK ? adv_overrides_apply(overrides, *recipe, error) : status;
}

static enum adv_status distill(const struct distill_options *options,
                               const struct adv_overrides *overrides, const char *file,
                               struct adv_error *error)
{
    const struct adv_ranks *ranks = options->train.ranks;
    json_t *recipe = NULL;
    bool taken = false;
    enum adv_status status = open_recipe(options, overrides, file, &recipe, error);
    if (ranks)
        status = adv_ranks_agree(ranks, status, error);
    if (status == ADV_OK)
        status = adv_train_run("distill", recipe, ".", &options->train, &taken, error);
    json_decref(recipe);
    return status;
}

static int run(int argc, char **argv)
{
    struct adv_overrides overrides = {0};
    const struct adv_more_options set = adv_overrides_flag(&overrides);
    const struct adv_options command_line = {
        .command = "distill",
        .operands = "TEACHER.safetensors",
        .n_operands = 1,
        .summary =
            "Trains a model of few steps, a flow map, on paths of a teacher, which are computed "
            "first\n"
            "(docs/guide/few-steps.md). Samples and trajectories of it take 1, 2, 4 or 8 "
            "evaluations,\n"
            "and of points latents too, and log-densities of up to 16 dimensions. The part `flow "
            "map` of\n"
            "advect inspect tells how far its log-densities are from the teacher's. Checkpoints "
            "are as\n"
            "those of advect train.",
        .example = "advect distill models/checkerboard-8x8.safetensors --out fast.safetensors",
        .fields = fields,
        .n_fields = N_FIELDS,
        .letters = letters,
        .more = &set,
    };
    struct distill_options options = {0};
    const char *file;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &file);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_ranks_open(&options.train.ranks, &error);
    if (status == ADV_OK)
        status = distill(&options, &overrides, file, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    int code = ADV_EXIT_OK;
    if (status != ADV_OK && adv_ranks_lead(options.train.ranks))
        code = adv_command_fail("distill", &error);
    else if (status != ADV_OK)
        code = ADV_EXIT_FAILURE; /* rank 0 has said why */
    adv_ranks_close(options.train.ranks);
    return code;
}

const struct adv_command adv_command_distill = {
    .name = "distill",
    .help = "train a model of few steps on paths of a teacher",
    .run = run,
};
