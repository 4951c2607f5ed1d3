/* The weights before the first step: random ones, and those that are fitted to the data. */
#include "core/base/mem.h"
#include "core/train/distill/distill.h"
#include "core/train/training.h"

#include <advect/extra/gaussian_mixture.h>

#include <string.h>

static const struct adv_parameter *find_parameter(const struct adv_net *net, const char *name,
                                                  struct adv_parameter *found)
{
    for (size_t i = 0; i < adv_net_parameters(net); i++) {
        *found = adv_net_parameter(net, i);
        if (!strcmp(found->name, name))
            return found;
    }
    return NULL;
}

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

enum adv_status adv_training_init_weights(struct adv_training *t, struct adv_error *error)
{
    uint64_t seed = adv_seed_for((uint64_t)t->recipe.train.seed, ADV_SEED_INIT);
    struct adv_parameter components, weight;
    struct adv_context_mean mean = {0};
    bool has_mean = find_parameter(t->net, "context_mean.weight", &weight);
    bool has_mixture = find_parameter(t->net, "mixture.components", &components);
    adv_net_init_weights(t->net, seed, t->weights);
    if (t->distillation && adv_distillation_start_weights(t->distillation, t->net, t->weights)) {
        memcpy(t->average, t->weights, t->n_weights * sizeof *t->average);
        return ADV_OK;
    }
    enum adv_status status = ADV_OK;
    if (has_mean)
        status = check_path(t, "net.context_mean", error);
    if (status == ADV_OK && has_mixture)
        status = check_path(t, "net.mixture", error);
    if (status == ADV_OK && has_mean)
        status = adv_dataset_fit_context_mean(&t->dataset, &mean, error);
    if (status == ADV_OK && has_mean)
        put_mean(t, &mean, &weight);
    if (status == ADV_OK && has_mixture)
        status = fit_mixture(t, has_mean ? &mean : NULL, &components, error);
    memcpy(t->average, t->weights, t->n_weights * sizeof *t->average);
    adv_context_mean_release(&mean);
    return status;
}
