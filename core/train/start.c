/* The weights before the first step: random ones, those that are fitted to the data, and those of
 * another model. */
#include "core/base/mem.h"
#include "core/train/distill/distill.h"
#include "core/train/training.h"

#include <advect/extra/gaussian_mixture.h>
#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool find_parameter(const struct adv_net *net, const char *name, struct adv_parameter *found)
{
    for (size_t i = 0; i < adv_net_parameters(net); i++) {
        *found = adv_net_parameter(net, i);
        if (!strcmp(found->name, name))
            return true;
    }
    return false;
}

/* ---------------------------------------------------------------- of another model */

enum adv_status adv_training_load_model(const struct adv_training *t, const char *folder,
                                        const char *field, const char *name,
                                        struct adv_model **model, struct adv_error *error)
{
    char path[4096];
    bool here = access(name, F_OK) == 0 || name[0] == '/' || !folder;
    snprintf(path, sizeof path, "%s%s%s", here ? "" : folder, here ? "" : "/", name);
    enum adv_status status = adv_model_load(path, &t->load, model, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", field);
    return status;
}

static bool same_shape(const struct adv_parameter *a, const struct adv_parameter *b)
{
    return a->n_dims == b->n_dims && !memcmp(a->shape, b->shape, sizeof a->shape);
}

/* Whether a net has every parameter of another, by name and shape. */
static bool has_all(const struct adv_net *net, const struct adv_net *of)
{
    struct adv_parameter mine;
    for (size_t i = 0; i < adv_net_parameters(of); i++) {
        struct adv_parameter its = adv_net_parameter(of, i);
        if (!find_parameter(net, its.name, &mine) || !same_shape(&mine, &its))
            return false;
    }
    return true;
}

bool adv_training_take_weights(const struct adv_net *net, const struct adv_model *model,
                               float *weights)
{
    const struct adv_net *of = adv_model_net(model);
    const float *from = adv_model_weights(model);
    struct adv_parameter to;
    if (!has_all(net, of))
        return false;
    for (size_t i = 0; i < adv_net_parameters(of); i++) {
        struct adv_parameter p = adv_net_parameter(of, i);
        if (find_parameter(net, p.name, &to))
            memcpy(weights + to.offset, from + p.offset, p.n_elements * sizeof *weights);
    }
    return true;
}

/* The first option of a that b has not, or has otherwise; NULL: none. */
static const char *find_differing(json_t *a, const json_t *b)
{
    const char *option;
    json_t *value;
    json_object_foreach(a, option, value)
    {
        const json_t *other = json_object_get(b, option);
        if (!other || !json_equal(value, other))
            return option;
    }
    return NULL;
}

/* "null" of an option that a net has not; to be freed, NULL without memory. */
static char *option_text(const json_t *config, const char *option)
{
    const json_t *value = json_object_get(config, option);
    return adv_json_dump(value ? value : json_null(), JSON_ENCODE_ANY);
}

/* Nets are what their options say. */
static enum adv_status check_same_net(const struct adv_net *mine, const struct adv_net *its,
                                      struct adv_error *error)
{
    json_t *of_recipe = adv_net_config(mine), *of_model = adv_net_config(its);
    enum adv_status status = of_recipe && of_model ? ADV_OK : adv_no_memory(error);
    const char *option = find_differing(of_recipe, of_model);
    if (!option)
        option = find_differing(of_model, of_recipe);
    if (status == ADV_OK && option) {
        char *is = option_text(of_model, option), *must_be = option_text(of_recipe, option);
        status = adv_fail_field(error, ADV_E_INVALID, "train.start_from",
                                "net.%s of the model of train.start_from is %.100s; the recipe's "
                                "is %.100s",
                                option, is ? is : "another", must_be ? must_be : "another");
        free(is);
        free(must_be);
    }
    json_decref(of_recipe);
    json_decref(of_model);
    return status;
}

static enum adv_status start_from(struct adv_training *t, const char *folder,
                                  struct adv_error *error)
{
    struct adv_model *model = NULL;
    enum adv_status status = adv_training_load_model(t, folder, "train.start_from",
                                                     t->recipe.train.start_from, &model, error);
    if (status == ADV_OK)
        status = check_same_net(t->net, adv_model_net(model), error);
    if (status == ADV_OK)
        memcpy(t->weights, adv_model_weights(model), t->n_weights * sizeof *t->weights);
    adv_model_unref(model);
    return status;
}

/* ---------------------------------------------------------------- fitted to the data */

static enum adv_status put_mixture(const struct adv_training *t,
                                   const struct adv_gaussian_mixture *mixture,
                                   const struct adv_parameter *components, struct adv_error *error)
{
    struct adv_parameter shares;
    if (!find_parameter(t->net, "mixture.log_shares", &shares))
        adv_bug("a mixture without shares");
    for (size_t i = 0; i < shares.n_elements; i++)
        t->weights[shares.offset + i] = (float)mixture->log_shares[i];
    return adv_gaussian_mixture_axes(mixture, t->weights + components->offset, error);
}

static enum adv_status fit_mixture(const struct adv_training *t,
                                   const struct adv_context_mean *mean,
                                   const struct adv_parameter *components, struct adv_error *error)
{
    struct adv_gaussian_mixture mixture = {0};
    enum adv_status status =
        adv_dataset_fit_mixture(&t->dataset, mean, components->shape[0], &mixture, error);
    if (status == ADV_OK)
        status = put_mixture(t, &mixture, components, error);
    adv_gaussian_mixture_release(&mixture);
    return status;
}

/* A net with a null context has a further input, 1 with a context: the bias is its weight, so that
 * without one the mean is 0. */
static void put_mean(const struct adv_training *t, const struct adv_context_mean *mean,
                     const struct adv_parameter *weight)
{
    struct adv_parameter bias;
    if (!find_parameter(t->net, "context_mean.bias", &bias))
        adv_bug("a mean without bias");
    size_t n = mean->n_context, n_inputs = weight->shape[1];
    for (size_t k = 0; k < mean->dim; k++) {
        float *row = t->weights + weight->offset + k * n_inputs;
        memcpy(row, mean->weight + k * n, n * sizeof *row);
        *(n_inputs > n ? row + n : t->weights + bias.offset + k) = mean->bias[k];
    }
}

/* The formulas are those of the straight path. */
static enum adv_status check_path(const struct adv_training *t, const char *option,
                                  struct adv_error *error)
{
    const char *name = adv_path_name(t->recipe.path);
    if (!strcmp(name, "condot"))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, option,
                          "%s is given, which takes the path \"condot\"; path is \"%s\"", option,
                          name);
}

/* Parts of the net that are fitted to the data take the straight path. */
static enum adv_status check_paths(const struct adv_training *t, struct adv_error *error)
{
    struct adv_parameter parameter;
    enum adv_status status = ADV_OK;
    if (find_parameter(t->net, "context_mean.weight", &parameter))
        status = check_path(t, "net.context_mean", error);
    if (status == ADV_OK && find_parameter(t->net, "mixture.components", &parameter))
        status = check_path(t, "net.mixture", error);
    return status;
}

static enum adv_status fit_weights(struct adv_training *t, struct adv_error *error)
{
    struct adv_parameter components, weight;
    struct adv_context_mean mean = {0};
    bool has_mean = find_parameter(t->net, "context_mean.weight", &weight);
    bool has_mixture = find_parameter(t->net, "mixture.components", &components);
    enum adv_status status = ADV_OK;
    if (has_mean)
        status = adv_dataset_fit_context_mean(&t->dataset, &mean, error);
    if (status == ADV_OK && has_mean)
        put_mean(t, &mean, &weight);
    if (status == ADV_OK && has_mixture)
        status = fit_mixture(t, has_mean ? &mean : NULL, &components, error);
    adv_context_mean_release(&mean);
    return status;
}

enum adv_status adv_training_init_weights(struct adv_training *t,
                                          const struct adv_training_options *options,
                                          struct adv_error *error)
{
    uint64_t seed = adv_seed_for((uint64_t)t->recipe.train.seed, ADV_SEED_INIT);
    const struct adv_distillation *d = t->distillation;
    enum adv_status status = check_paths(t, error);
    adv_net_init_weights(t->net, seed, t->weights);
    if (status == ADV_OK && t->recipe.train.start_from)
        status = options->resumes ? ADV_OK : start_from(t, options->data, error);
    else if (status == ADV_OK && !(d && adv_training_take_weights(t->net, d->teacher, t->weights)))
        status = fit_weights(t, error);
    memcpy(t->average, t->weights, t->n_weights * sizeof *t->average);
    return status;
}
