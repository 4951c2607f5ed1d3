/* The weights before the first step: random ones, and those that are fitted to the data. */
#include "core/base/mem.h"
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
                                   const struct adv_parameter *components, struct adv_error *error)
{
    struct adv_gaussian_mixture mixture = {0};
    enum adv_status status =
        adv_dataset_fit_mixture(&t->dataset, components->shape[0], &mixture, error);
    if (status == ADV_OK)
        status = put_mixture(t, &mixture, components, error);
    adv_gaussian_mixture_release(&mixture);
    return status;
}

/* The op's formula is that of the straight path. */
static enum adv_status check_path(const struct adv_training *t, struct adv_error *error)
{
    const char *name = adv_path_name(t->recipe.path);
    if (!strcmp(name, "condot"))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "net.mixture",
                          "net.mixture is above 0, which takes the path \"condot\"; path is \"%s\"",
                          name);
}

enum adv_status adv_training_init_weights(struct adv_training *t, struct adv_error *error)
{
    uint64_t seed = adv_seed_for((uint64_t)t->recipe.train.seed, ADV_SEED_INIT);
    struct adv_parameter components;
    adv_net_init_weights(t->net, seed, t->weights);
    enum adv_status status = ADV_OK;
    if (find_parameter(t->net, "mixture.components", &components)) {
        status = check_path(t, error);
        if (status == ADV_OK)
            status = fit_mixture(t, &components, error);
    }
    memcpy(t->average, t->weights, t->n_weights * sizeof *t->average);
    return status;
}
