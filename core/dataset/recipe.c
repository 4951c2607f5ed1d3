#include <advect/extra/recipe.h>

#include "core/dataset/supports.h"

#include <advect/extra/fields.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/load_options.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct top {
    char *name, *path;
    json_t *net, *data, *train, *sampling, *distill;
};

#define TOP(member) offsetof(struct top, member)
static const struct adv_field top_fields[] = {
    {"name", ADV_FIELD_STRING, TOP(name), .min = 1, .max = 64, .required = true,
     .help = "name of the model"},
    {"net", ADV_FIELD_JSON, TOP(net), .required = true, .help = "kind of network and its options"},
    {"data", ADV_FIELD_JSON, TOP(data), .required = true,
     .help = "source of the training data and its transform"},
    {"path", ADV_FIELD_STRING, TOP(path), .fallback = "condot",
     .help = "probability path from base to data"},
    {"train", ADV_FIELD_JSON, TOP(train), .required = true, .help = "settings of the training"},
    {"sampling", ADV_FIELD_JSON, TOP(sampling),
     .help = "default settings for sampling from the model"},
    {"distill", ADV_FIELD_JSON, TOP(distill),
     .help = "teacher from which the model learns to take few steps"},
};

static const struct adv_field sampling_fields[] = {
    {"guidance", ADV_FIELD_REAL, offsetof(struct adv_sampling_recipe, guidance), .min = -100,
     .max = 100, .fallback = "1", .help = "default guidance weight of samples"},
};

#define DISTILL(member) offsetof(struct adv_distill_recipe, member)
static const struct adv_field distill_fields[] = {
    {"teacher", ADV_FIELD_STRING, DISTILL(teacher), .required = true,
     .help = "model file of the teacher, in the working directory or the folder of the data"},
    {"steps", ADV_FIELD_INT, DISTILL(steps), .min = 1, .max = 8, .fallback = "8",
     .help = "largest number of steps that the student is made for: 1, 2, 4 or 8"},
    {"guidance", ADV_FIELD_REAL, DISTILL(guidance), .min = -100, .max = 100, .fallback = "1",
     .help = "guidance weight of the teacher, which becomes part of the student"},
    {"paths", ADV_FIELD_INT, DISTILL(paths), .min = 128, .max = 1 << 24, .fallback = "65536",
     .help = "number of paths of the teacher, computed before the first step and kept"},
    {"frames", ADV_FIELD_INT, DISTILL(frames), .min = 1, .max = 4, .fallback = "4",
     .help =
         "number of frames of a path that are kept in each eighth of its time; from 2 on all but "
         "one are at random times, for trajectories"},
    {"off_data", ADV_FIELD_REAL, DISTILL(off_data), .min = 0, .max = 1, .fallback = "0.1",
     .help = "share of the paths that end at random places rather than at data, for the densities "
             "of such places"},
    {"backwards", ADV_FIELD_REAL, DISTILL(backwards), .min = 0, .max = 1, .fallback = "0.5",
     .help = "share of the steps learned that go from data to the base, for latents and "
             "log-densities; 0 makes a student of samples alone"},
    {"last", ADV_FIELD_REAL, DISTILL(last), .min = 0, .max = 0.95, .fallback = "0",
     .help =
         "share of the steps learned that is set aside for the last one, which ends at data; the "
         "others are drawn evenly from all"},
};

#define DATA(member) offsetof(struct adv_data_recipe, member)
static const struct adv_field data_fields[] = {
    {"source", ADV_FIELD_JSON, DATA(source), .required = true,
     .help = "source of the training examples"},
    {"shape", ADV_FIELD_JSON, DATA(shape),
     .help = "shape of an example, [2] or [1, 28, 28]; the source's if absent"},
    {"classes", ADV_FIELD_INT, DATA(classes), .min = 0, .max = 65536, .fallback = "0",
     .help = "number of classes; 0 means unconditional"},
    {"labels", ADV_FIELD_JSON, DATA(labels),
     .help = "names of the classes; those of a table whose labels are text if absent"},
    {"columns", ADV_FIELD_JSON, DATA(columns),
     .help = "names of the numbers of an example; those of the file if absent"},
    {"transform", ADV_FIELD_JSON, DATA(transform),
     .help = "transform from data units to flow units; auto of tables if absent, else the "
             "identity"},
    {"support", ADV_FIELD_JSON, DATA(support),
     .help = "what the values of a table's columns can be, by name or position"},
    {"context", ADV_FIELD_JSON, DATA(context),
     .help = "transform of the columns that data.source.context names"},
    {"dequantise", ADV_FIELD_BOOL, DATA(dequantise), .fallback = "false",
     .help = "dequantise 8-bit values by uniform noise over their interval"},
    {"shift_pixels", ADV_FIELD_INT, DATA(shift_pixels), .min = 0, .max = 64, .fallback = "0",
     .help = "largest random shift of an image in each direction, drawn afresh at every visit"},
    {"held_out", ADV_FIELD_REAL, DATA(held_out), .min = 0, .max = 1e9, .fallback = "0.02",
     .help = "share (below 1) or number of rows held out from training"},
    {"box", ADV_FIELD_JSON, DATA(box),
     .help =
         "part of the plane shown in pictures, [[x_lo, x_hi], [y_lo, y_hi]]; that of the data if "
         "absent"},
};

static const char *const time_samplings[] = {
    [ADV_TIME_UNIFORM] = "uniform", [ADV_TIME_LOGIT_NORMAL] = "logit_normal", NULL};

static const char *const couplings[] = {[ADV_COUPLING_INDEPENDENT] = "independent",
                                        [ADV_COUPLING_OPTIMAL_TRANSPORT] = "optimal_transport",
                                        NULL};

static const char *const optimisers[] = {
    [ADV_OPTIMISER_ADAMW] = "adamw", [ADV_OPTIMISER_MUON] = "muon", NULL};

static const char *const keeps[] = {[ADV_KEEP_LAST] = "last", [ADV_KEEP_BEST] = "best", NULL};

static const char *const precisions[] = {
    [ADV_PRECISION_FLOAT32] = "float32", [ADV_PRECISION_BFLOAT16] = "bfloat16", NULL};

#define TRAIN(member) offsetof(struct adv_train_recipe, member)
static const struct adv_field train_fields[] = {
    {"steps", ADV_FIELD_INT, TRAIN(steps), .min = 1, .max = 1e9, .required = true,
     .help = "number of optimiser steps"},
    {"batch", ADV_FIELD_INT, TRAIN(batch), .min = 1, .max = 1 << 20, .fallback = "256",
     .help = "number of examples per step"},
    {"shard_rows", ADV_FIELD_INT, TRAIN(shard_rows), .min = 0, .max = 1 << 20, .fallback = "0",
     .help = "number of examples whose gradient one thread computes at a time; 0 means chosen for "
             "the network"},
    {"optimiser", ADV_FIELD_CHOICE, TRAIN(optimiser), .choices = optimisers, .fallback = "adamw",
     .help =
         "AdamW for all weights, or Muon for the matrices of linear layers and convolutions and "
         "AdamW for the rest: that learns more from a step, and pays where a batch is much "
         "work"},
    {"learning_rate", ADV_FIELD_REAL, TRAIN(learning_rate), .min = 0, .max = 10,
     .fallback = "0.001",
     .help = "learning rate after the warm-up; steps of both optimisers are about equally long at "
             "the same rate"},
    {"warmup_steps", ADV_FIELD_INT, TRAIN(warmup_steps), .min = 0, .max = 1e9, .fallback = "0",
     .help = "number of steps over which the learning rate rises linearly"},
    {"min_learning_rate", ADV_FIELD_REAL, TRAIN(min_learning_rate), .min = 0, .max = 10,
     .fallback = "0", .help = "learning rate at the end of the cosine decay"},
    {"cycle_steps", ADV_FIELD_INT, TRAIN(cycle_steps), .min = 0, .max = 1e9, .fallback = "0",
     .help = "number of steps after which warm-up and cosine decay restart; 0 means one cycle over "
             "all steps"},
    {"beta1", ADV_FIELD_REAL, TRAIN(beta1), .min = 0, .max = 0.999999, .fallback = "0.9",
     .help = "decay rate of AdamW's running mean of gradients"},
    {"beta2", ADV_FIELD_REAL, TRAIN(beta2), .min = 0, .max = 0.999999, .fallback = "0.999",
     .help = "decay rate of AdamW's running mean of squared gradients"},
    {"epsilon", ADV_FIELD_REAL, TRAIN(epsilon), .min = 1e-16, .max = 1, .fallback = "1e-8",
     .help = "small number added to the denominator of AdamW"},
    {"weight_decay", ADV_FIELD_REAL, TRAIN(weight_decay), .min = 0, .max = 10, .fallback = "0",
     .help = "decoupled weight decay, multiplied by the learning rate"},
    {"clip_norm", ADV_FIELD_REAL, TRAIN(clip_norm), .min = 0, .max = 1e9, .fallback = "1",
     .help = "largest norm of the gradient before it is clipped; 0 means no clipping"},
    {"ema_decay", ADV_FIELD_REAL, TRAIN(ema_decay), .min = 0, .max = 0.9999999, .fallback = "0.999",
     .help = "decay rate of the exponential moving average of weights, which becomes the model"},
    {"label_dropout", ADV_FIELD_REAL, TRAIN(label_dropout), .min = 0, .max = 1, .fallback = "0",
     .help = "share of examples trained without their label, as guidance needs"},
    {"context_dropout", ADV_FIELD_REAL, TRAIN(context_dropout), .min = 0, .max = 1, .fallback = "0",
     .help = "share of examples trained without their context, as guidance needs"},
    {"time_sampling", ADV_FIELD_CHOICE, TRAIN(time_sampling), .choices = time_samplings,
     .fallback = "uniform", .help = "distribution of training times t"},
    {"time_shift", ADV_FIELD_REAL, TRAIN(time_shift), .min = 0.01, .max = 100, .fallback = "1",
     .help = "factor on the odds t : 1 - t of training times; above 1 favours times near t = 1"},
    {"coupling", ADV_FIELD_CHOICE, TRAIN(coupling), .choices = couplings, .fallback = "independent",
     .help = "how base points are paired with examples: any with any, or within each batch by the "
             "shortest paths in all"},
    {"target_draws", ADV_FIELD_INT, TRAIN(target_draws), .min = 1, .max = 4096, .fallback = "1",
     .help =
         "number of pairs of base point and example that lead to the same x_t, over whose targets "
         "the mean is taken; more than 1 needs a synthetic density"},
    {"precision", ADV_FIELD_CHOICE, TRAIN(precision), .choices = precisions, .fallback = "float32",
     .help = "precision of the factors of matrix products, whose sums and all else are float32; "
             "bfloat16 is faster on processors with AVX512_BF16 or AMX, and needs one of them"},
    {"seed", ADV_FIELD_INT, TRAIN(seed), .min = 0, .max = 9e15, .fallback = "0",
     .help = "seed of all random numbers of the training"},
    {"held_out_every", ADV_FIELD_INT, TRAIN(held_out_every), .min = 1, .max = 1e9,
     .fallback = "500",
     .help = "number of steps between held-out losses, the points of the loss curve"},
    {"keep", ADV_FIELD_CHOICE, TRAIN(keep), .choices = keeps, .fallback = "last",
     .help = "weights that become the model: the last, or those with the best log-density of "
             "held-out rows, measured every held_out_every steps"},
    {"patience", ADV_FIELD_INT, TRAIN(patience), .min = 0, .max = 1e6, .fallback = "0",
     .help = "with keep best, number of measurements without a better one after which training "
             "ends; 0 means never before the last step"},
    {"checkpoint_every_s", ADV_FIELD_REAL, TRAIN(checkpoint_every_s), .min = 0, .max = 1e6,
     .fallback = "60", .unit = "s", .help = "time between checkpoints"},
    {"start_from", ADV_FIELD_STRING, TRAIN(start_from), .min = 1, .max = 4000,
     .help = "model file whose weights the training starts from, in the working directory or the "
             "folder of the data; random ones if absent"},
};

bool adv_recipe_group(size_t i, struct adv_field_group *group)
{
    static const struct adv_field_group groups[] = {
        {"", "the recipe itself", top_fields, ADV_COUNT(top_fields)},
        {"data", "the data and how they are taken", data_fields, ADV_COUNT(data_fields)},
        {"train", "the training", train_fields, ADV_COUNT(train_fields)},
        {"sampling", "what samples of the model take by default", sampling_fields,
         ADV_COUNT(sampling_fields)},
        {"distill", "the teacher of a model of few steps", distill_fields,
         ADV_COUNT(distill_fields)},
    };
    if (i >= ADV_COUNT(groups))
        return false;
    *group = groups[i];
    return true;
}

static enum adv_status read_part(const struct adv_field *fields, size_t n_fields,
                                 const json_t *json, const char *where, void *options,
                                 struct adv_error *error)
{
    enum adv_status status = adv_fields_init(fields, n_fields, options, error);
    if (status != ADV_OK)
        return status;
    return adv_fields_from_json(fields, n_fields, json, where, options, error);
}

static enum adv_status check_train(const struct adv_train_recipe *train, struct adv_error *error)
{
    if (train->min_learning_rate > train->learning_rate)
        return adv_fail_field(error, ADV_E_INVALID, "train.min_learning_rate",
                              "train.min_learning_rate is %g; it must be at most "
                              "train.learning_rate, %g",
                              train->min_learning_rate, train->learning_rate);
    if (train->patience > 0 && train->keep != ADV_KEEP_BEST)
        return adv_fail_field(error, ADV_E_INVALID, "train.patience",
                              "train.patience is %lld, but train.keep is \"last\"; it takes "
                              "\"best\"",
                              (long long)train->patience);
    return ADV_OK;
}

/* Of tables and simulations the transform is "auto" unless another is named. */
static enum adv_status choose_transform(struct adv_data_recipe *recipe, struct adv_error *error)
{
    const char *kind = json_string_value(json_object_get(recipe->source, "kind"));
    bool is_table =
        kind && (!strcmp(kind, "csv") || !strcmp(kind, "npy") || !strcmp(kind, "simulator"));
    if (recipe->transform && recipe->support && !adv_transform_is_auto(recipe->transform))
        return adv_fail_field(error, ADV_E_INVALID, "data.support",
                              "data.support makes the transform, so data.transform must be left "
                              "out or be \"auto\"");
    if (recipe->transform || !(is_table || recipe->support) || recipe->dequantise)
        return ADV_OK;
    recipe->transform = json_string("auto");
    return recipe->transform ? ADV_OK : adv_no_memory(error);
}

enum adv_status adv_data_recipe_init(struct adv_data_recipe *out, const json_t *json,
                                     struct adv_error *error)
{
    struct adv_data_recipe recipe = {0};
    enum adv_status status =
        read_part(data_fields, ADV_COUNT(data_fields), json, "data", &recipe, error);
    if (status == ADV_OK)
        status = choose_transform(&recipe, error);
    if (status == ADV_OK)
        *out = recipe;
    else
        adv_data_recipe_release(&recipe);
    return status;
}

void adv_data_recipe_release(struct adv_data_recipe *recipe)
{
    adv_fields_release(data_fields, ADV_COUNT(data_fields), recipe);
}

static enum adv_status read_sampling(struct adv_sampling_recipe *sampling, const json_t *json,
                                     struct adv_error *error)
{
    if (!json)
        return adv_fields_init(sampling_fields, ADV_COUNT(sampling_fields), sampling, error);
    return read_part(sampling_fields, ADV_COUNT(sampling_fields), json, "sampling", sampling,
                     error);
}

static enum adv_status read_distill(struct adv_distill_recipe *distill, const json_t *json,
                                    const struct adv_train_recipe *train, struct adv_error *error)
{
    if (!json)
        return ADV_OK;
    enum adv_status status =
        read_part(distill_fields, ADV_COUNT(distill_fields), json, "distill", distill, error);
    if (status == ADV_OK && train->coupling != ADV_COUPLING_INDEPENDENT)
        return adv_fail_field(error, ADV_E_INVALID, "train.coupling",
                              "train.coupling is \"%s\", but distill is given, whose student "
                              "learns from paths of its teacher; it takes \"independent\"",
                              couplings[train->coupling]);
    if (status == ADV_OK && train->target_draws != 1)
        return adv_fail_field(error, ADV_E_INVALID, "train.target_draws",
                              "train.target_draws is %lld, but distill is given, whose student "
                              "learns from paths of its teacher; it takes 1",
                              (long long)train->target_draws);
    int64_t n = distill->steps;
    if (status == ADV_OK && (n & (n - 1)) != 0)
        status = adv_fail_field(error, ADV_E_INVALID, "distill.steps",
                                "distill.steps is %lld; it must be 1, 2, 4 or 8", (long long)n);
    return status;
}

enum adv_status adv_recipe_init(struct adv_recipe *out, const json_t *json, struct adv_error *error)
{
    struct adv_recipe recipe = {0};
    struct top top = {0};
    enum adv_status status = read_part(top_fields, ADV_COUNT(top_fields), json, NULL, &top, error);
    if (status == ADV_OK)
        status = adv_path_find(top.path, &recipe.path, error);
    if (status == ADV_OK)
        status = adv_data_recipe_init(&recipe.data, top.data, error);
    if (status == ADV_OK)
        status = read_part(train_fields, ADV_COUNT(train_fields), top.train, "train", &recipe.train,
                           error);
    if (status == ADV_OK)
        status = check_train(&recipe.train, error);
    if (status == ADV_OK)
        status = read_sampling(&recipe.sampling, top.sampling, error);
    if (status == ADV_OK)
        status = read_distill(&recipe.distill, top.distill, &recipe.train, error);
    if (status == ADV_OK) {
        recipe.name = top.name;
        recipe.net = top.net;
        top.name = NULL;
        top.net = NULL;
        *out = recipe;
    } else {
        adv_recipe_release(&recipe);
    }
    adv_fields_release(top_fields, ADV_COUNT(top_fields), &top);
    return status;
}

enum adv_status adv_recipe_parse(struct adv_recipe *recipe, const char *text,
                                 struct adv_error *error)
{
    json_t *json = NULL;
    enum adv_status status = adv_json_parse(text, strlen(text), &json, error);
    if (status == ADV_OK)
        status = adv_recipe_init(recipe, json, error);
    json_decref(json);
    return status;
}

void adv_recipe_release(struct adv_recipe *recipe)
{
    free(recipe->name);
    json_decref(recipe->net);
    adv_data_recipe_release(&recipe->data);
    adv_fields_release(train_fields, ADV_COUNT(train_fields), &recipe->train);
    adv_fields_release(distill_fields, ADV_COUNT(distill_fields), &recipe->distill);
    *recipe = (struct adv_recipe){0};
}

json_t *adv_recipe_to_json(const struct adv_recipe *recipe)
{
    return json_pack(
        "{s:s, s:O, s:o, s:s, s:o, s:o, s:o*}", "name", recipe->name, "net", recipe->net, "data",
        adv_fields_to_json(data_fields, ADV_COUNT(data_fields), &recipe->data), "path",
        adv_path_name(recipe->path), "train",
        adv_fields_to_json(train_fields, ADV_COUNT(train_fields), &recipe->train), "sampling",
        adv_fields_to_json(sampling_fields, ADV_COUNT(sampling_fields), &recipe->sampling),
        "distill",
        recipe->distill.teacher
            ? adv_fields_to_json(distill_fields, ADV_COUNT(distill_fields), &recipe->distill)
            : NULL);
}

/* ---------------------------------------------------------------- comparison */

static enum adv_status refuse_change(const char *where, const json_t *before, const json_t *now,
                                     struct adv_error *error)
{
    const size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9);
    char *was = before ? adv_json_dump(before, flags) : NULL;
    char *is = now ? adv_json_dump(now, flags) : NULL;
    enum adv_status status = adv_fail_field(
        error, ADV_E_INVALID, where,
        "the recipe has changed: %s was %.100s and is %.100s; only name, sampling, data.labels, "
        "data.box, train.steps, train.cycle_steps and train.checkpoint_every_s may change when "
        "training is resumed",
        where, was ? was : "absent", is ? is : "absent");
    free(was);
    free(is);
    return status;
}

static bool may_change(const char *where)
{
    static const char *const members[] = {"name",
                                          "sampling",
                                          "data.labels",
                                          "data.box",
                                          "train.steps",
                                          "train.cycle_steps",
                                          "train.checkpoint_every_s"};
    for (size_t i = 0; i < ADV_COUNT(members); i++) {
        if (!strcmp(where, members[i]))
            return true;
    }
    return false;
}

/* Compares the members of two objects; where: the dotted path that leads to them. */
static enum adv_status compare(const char *where, const json_t *before, const json_t *now,
                               struct adv_error *error)
{
    if (may_change(where) || json_equal(before, now))
        return ADV_OK;
    if (!json_is_object(before) || !json_is_object(now))
        return refuse_change(where, before, now, error);
    enum adv_status status = ADV_OK;
    const json_t *const both[] = {before, now};
    for (size_t side = 0; side < 2 && status == ADV_OK; side++) {
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)both[side], key, member)
        {
            char path[160];
            snprintf(path, sizeof path, "%s%s%s", where, *where ? "." : "", key);
            if (status == ADV_OK)
                status =
                    compare(path, json_object_get(before, key), json_object_get(now, key), error);
        }
    }
    return status;
}

enum adv_status adv_recipe_check_same(const json_t *before, const json_t *now,
                                      struct adv_error *error)
{
    return compare("", before, now, error);
}
