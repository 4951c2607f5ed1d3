/* A training's life: made from a recipe, asked for facts, freed. */
#include "core/train/training.h"

#include "core/base/sized.h"
#include "core/data/transforms/transform.h"
#include "core/dataset/examples.h"
#include "core/model/model.h"
#include "core/train/distill/distill.h"

#include <advect/extra/gradient.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/propose.h>
#include <advect/extra/shards.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- construction and destruction */

ADV_ENDS_WITH(struct adv_training_options, reserved);

/* Products of gradients are in the recipe's precision: it makes the model. */
static struct adv_load_options gradient_options(const struct adv_training *t)
{
    struct adv_load_options options = t->load;
    options.precision = (enum adv_precision)t->recipe.train.precision;
    return options;
}

static enum adv_status allocate(struct adv_training *t, struct adv_error *error)
{
    size_t elements;
    if (__builtin_mul_overflow(t->n_shards, t->n_weights, &elements))
        return adv_no_memory(error);
    t->weights = adv_zeros(t->n_weights);
    t->average = adv_zeros(t->n_weights);
    if (t->recipe.train.keep == ADV_KEEP_BEST)
        t->best = adv_zeros(t->n_weights);
    t->m = adv_zeros(t->n_weights);
    t->v = adv_zeros(t->n_weights);
    t->gradients = t->sum = adv_zeros(elements);
    t->shard_sums = calloc(t->n_shards, sizeof *t->shard_sums);
    t->piece_squares = calloc(t->n_pieces, sizeof *t->piece_squares);
    t->workers = calloc((size_t)adv_pool_threads(t->pool), sizeof *t->workers);
    if (!t->weights || !t->average || (t->recipe.train.keep == ADV_KEEP_BEST && !t->best) ||
        !t->m || !t->v || !t->gradients || !t->shard_sums || !t->piece_squares || !t->workers)
        return adv_fail(error, ADV_E_MEMORY, "out of memory for %zu gradients of %zu weights",
                        t->n_shards, t->n_weights);
    if (t->recipe.train.coupling == ADV_COUPLING_OPTIMAL_TRANSPORT) {
        enum adv_status status =
            adv_coupling_init(&t->coupling, &t->dataset, &t->recipe.train, error);
        if (status != ADV_OK)
            return status;
    }
    const struct adv_load_options load = gradient_options(t);
    size_t rows = t->shard_rows;
    for (int i = 0; i < adv_pool_threads(t->pool); i++) {
        struct adv_training_worker *worker = &t->workers[i];
        worker->weights_step = -1;
        enum adv_status status = adv_gradient_new(t->net, rows, &load, &worker->gradient, error);
        if (status == ADV_OK)
            status = adv_examples_init(&worker->examples, rows, &t->dataset, error);
        if (status == ADV_OK)
            status = adv_target_draws_init(&worker->examples.target_draws, &t->dataset,
                                           &t->recipe.train, error);
        if (status == ADV_OK && t->distillation &&
            !(worker->examples.s = calloc(rows, sizeof *worker->examples.s)))
            status = adv_no_memory(error);
        if (status != ADV_OK)
            return status;
    }
    return adv_training_plan_updates(t, error);
}

static struct adv_training_memory planned_memory(const struct adv_training *t)
{
    const struct adv_source *source = &t->dataset.source;
    struct adv_training_memory m = {
        .data = (source->rows.n_elements + source->labels.n_elements) * sizeof(float) +
                (t->dataset.labels ? t->dataset.n_rows * sizeof *t->dataset.labels : 0) +
                t->dataset.n_context * t->dataset.n_rows * sizeof *t->dataset.contexts,
        .activations = adv_gradient_bytes(t->workers[0].gradient) +
                       ADV_EXAMPLES_WIDE * t->shard_rows * t->dataset.dim * sizeof(float) +
                       t->scratch_size * sizeof(float),
        .gradients = t->n_shards * t->n_weights * sizeof(float),
        .weights = 4 * t->n_weights * sizeof(float),
        .threads = (size_t)adv_pool_threads(t->pool),
        .shards = t->n_shards,
        .shard_rows = t->shard_rows,
    };
    if (t->distillation)
        m.data += adv_teacher_paths_bytes(&t->distillation->paths);
    m.total = m.data + m.threads * m.activations + m.gradients + m.weights;
    return m;
}

/* The pieces of a step's work, and memory for them. */
static enum adv_status divide(struct adv_training *t, struct adv_error *error)
{
    size_t batch = (size_t)t->recipe.train.batch, asked = (size_t)t->recipe.train.shard_rows;
    const struct adv_load_options load = gradient_options(t);
    enum adv_status status = adv_shard_rows(t->net, batch, asked, &load, &t->shard_rows, error);
    if (status != ADV_OK)
        return status;
    t->n_weights = adv_net_weights(t->net);
    t->n_shards = (batch + t->shard_rows - 1) / t->shard_rows;
    t->n_own_shards = t->n_shards;
    t->n_pieces = adv_piece_count(t->n_weights);
    return allocate(t, error);
}

static enum adv_status keep_load_options(struct adv_training *t,
                                         const struct adv_load_options *load,
                                         struct adv_error *error)
{
    enum adv_status status =
        adv_copy_sized(&t->load, sizeof t->load, load, "adv_load_options", error);
    t->load.size = sizeof t->load;
    if (status == ADV_OK)
        status = adv_load_options_check(&t->load, error);
    if (status != ADV_OK || !t->load.isa)
        return status;
    t->isa = strdup(t->load.isa);
    t->load.isa = t->isa;
    return t->isa ? ADV_OK : adv_no_memory(error);
}

static enum adv_status open_data(struct adv_training *t, const char *folder,
                                 struct adv_error *error)
{
    return adv_dataset_open(&t->recipe.data, (uint64_t)t->recipe.train.seed, folder ? folder : ".",
                            &t->dataset, error);
}

static enum adv_status open_teacher(struct adv_training *t, const char *folder,
                                    struct adv_error *error)
{
    if (t->recipe.distill.teacher) {
        t->recipe.sampling.guidance = t->recipe.distill.guidance; /* part of the student */
        return adv_distillation_new(t, folder, &t->distillation, error);
    }
    if (adv_net_is_flow_map(t->net))
        return adv_fail_field(error, ADV_E_INVALID, "net.flow_map",
                              "net.flow_map is true, but distill names no teacher: a flow map is "
                              "learned from one");
    return ADV_OK;
}

static enum adv_status begin(struct adv_training *t, const struct adv_training_options *options,
                             struct adv_error *error)
{
    t->memory = planned_memory(t);
    t->progress = (struct adv_training_progress){
        .steps = t->recipe.train.steps,
        .loss = NAN,
        .held_out = NAN,
        .learning_rate = NAN,
        .held_out_nll = NAN,
        .best_nll = NAN,
    };
    enum adv_status status = adv_training_init_weights(t, options, error);
    if (status == ADV_OK && t->best)
        memcpy(t->best, t->average, t->n_weights * sizeof *t->best);
    return status;
}

/* What the model's file cannot hold is told now, not after the last step. */
static enum adv_status check_model(const struct adv_training *t, struct adv_error *error)
{
    struct adv_model *model = NULL;
    enum adv_status status = adv_training_model(t, &model, error);
    adv_model_unref(model);
    return status;
}

static enum adv_status check_precision(const struct adv_training *t, struct adv_error *error)
{
    const struct adv_load_options load = gradient_options(t);
    struct adv_error reason = ADV_ERROR_INIT;
    if (t->load.isa || adv_load_options_check(&load, &reason) == ADV_OK)
        return adv_load_options_check(&load, error);
    return adv_fail_field(error, ADV_E_INVALID, "train.precision", "train.%s", reason.message);
}

/* Without held-out rows there is no best. */
static enum adv_status check_keep(const struct adv_training *t, struct adv_error *error)
{
    if (t->recipe.train.keep == ADV_KEEP_LAST || t->dataset.n_held_out > 0)
        return ADV_OK;
    return adv_fail_field(
        error, ADV_E_INVALID, "train.keep",
        "train.keep is \"best\", but data.held_out is 0: nothing can be measured");
}

enum adv_status adv_recipe_check(const json_t *recipe, const char *data, struct adv_error *error)
{
    struct adv_training *t = calloc(1, sizeof *t);
    if (!t)
        return adv_no_memory(error);
    enum adv_status status = adv_recipe_init(&t->recipe, recipe, error);
    if (status == ADV_OK)
        status = adv_model_check_name("name", json_object_get(recipe, "name"), error);
    if (status == ADV_OK)
        status = open_data(t, data, error);
    if (status == ADV_OK)
        status = check_keep(t, error);
    if (status == ADV_OK)
        status = adv_training_make_net(t, error);
    adv_training_free(t);
    return status;
}

static enum adv_status check_options(const struct adv_training_options *options,
                                     struct adv_error *error)
{
    if (options->steps < 0)
        return adv_fail_field(error, ADV_E_INVALID, "steps",
                              "steps is %lld; it must be at least 1, or 0 for the recipe's",
                              (long long)options->steps);
    if (options->threads < 0)
        return adv_fail_field(error, ADV_E_INVALID, "threads",
                              "threads is %d; it must be at least 1, or 0 for one per processor",
                              options->threads);
    return ADV_OK;
}

static enum adv_status prepare(struct adv_training *t, const struct adv_training_options *options,
                               struct adv_error *error)
{
    int n_threads = options->threads > 0 ? options->threads : adv_cpu_count();
    if (options->steps > 0)
        t->recipe.train.steps = options->steps;
    enum adv_status status = check_options(options, error);
    if (status == ADV_OK)
        status = keep_load_options(t, options->load, error);
    if (status == ADV_OK)
        status = check_precision(t, error);
    if (status == ADV_OK)
        status = open_data(t, options->data, error);
    if (status == ADV_OK)
        status = check_keep(t, error);
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &t->pool, error);
    if (status == ADV_OK)
        status = adv_training_make_net(t, error);
    if (status == ADV_OK)
        status = open_teacher(t, options->data, error);
    if (status == ADV_OK)
        status = divide(t, error);
    if (status == ADV_OK)
        status = begin(t, options, error);
    if (status == ADV_OK)
        status = check_model(t, error);
    return status;
}

enum adv_status adv_training_start(struct adv_recipe *recipe,
                                   const struct adv_training_options *options,
                                   struct adv_training **out, struct adv_error *error)
{
    struct adv_training_options taken = {0};
    enum adv_status status =
        adv_copy_sized(&taken, sizeof taken, options, "adv_training_options", error);
    struct adv_training *t = status == ADV_OK ? calloc(1, sizeof *t) : NULL;
    if (!t) {
        adv_recipe_release(recipe);
        return status == ADV_OK ? adv_no_memory(error) : status;
    }
    t->recipe = *recipe;
    status = prepare(t, &taken, error);
    if (status == ADV_OK)
        *out = t;
    else
        adv_training_free(t);
    return status;
}

enum adv_status adv_training_new(const char *text, const struct adv_training_options *options,
                                 struct adv_training **training, struct adv_error *error)
{
    struct adv_recipe recipe = {0};
    enum adv_status status = adv_recipe_parse(&recipe, text, error);
    if (status == ADV_OK)
        status = adv_training_start(&recipe, options, training, error);
    return status;
}

void adv_training_free(struct adv_training *t)
{
    if (!t)
        return;
    for (int i = 0; t->workers && i < adv_pool_threads(t->pool); i++) {
        adv_gradient_free(t->workers[i].gradient);
        adv_examples_release(&t->workers[i].examples);
        free(t->workers[i].scratch);
    }
    free(t->workers);
    free(t->spans);
    adv_coupling_release(&t->coupling);
    free(t->weights);
    free(t->average);
    free(t->best);
    free(t->m);
    free(t->v);
    free(t->gradients);
    free(t->before);
    free(t->received);
    free(t->passed_sums);
    free(t->shard_sums);
    free(t->piece_squares);
    free(t->curve);
    adv_net_free(t->net);
    adv_pool_free(t->pool);
    adv_distillation_free(t->distillation);
    adv_dataset_close(&t->dataset);
    adv_recipe_release(&t->recipe);
    free(t->isa);
    free(t);
}

/* ---------------------------------------------------------------- accessors */

const struct adv_training_progress *adv_training_progress(const struct adv_training *t)
{
    return &t->progress;
}

const struct adv_training_memory *adv_training_memory(const struct adv_training *t)
{
    return &t->memory;
}

const char *adv_training_name(const struct adv_training *t)
{
    return t->recipe.name;
}

const char *adv_training_notes(const struct adv_training *t)
{
    return adv_dataset_notes(&t->dataset);
}
