/* The kinds "gaussian" and "gaussian_mixture": options read into a mixture. */
#include "core/base/mem.h"
#include "core/data/densities/mixture.h"
#include "core/data/spec.h"

#define MAX_DIM 65536
#define MAX_COMPONENTS 4096
#define MAX_MEAN 1e6
#define MIN_DEVIATION 1e-6
#define MAX_DEVIATION 1e6
#define MAX_WEIGHT 1e9

struct gaussian {
    struct adv_mixture mixture;
    int64_t dim; /* 0: as many as mean or deviation has, else 2 */
    json_t *mean, *deviation;
};

static const struct adv_field gaussian_fields[] = {
    {.name = "dim",
     .kind = ADV_FIELD_INT,
     .offset = offsetof(struct gaussian, dim),
     .min = 1,
     .max = MAX_DIM,
     .help = "number of dimensions"},
    {.name = "mean",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct gaussian, mean),
     .help = "mean of the Gaussian: a number, or one for each dimension"},
    {.name = "deviation",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct gaussian, deviation),
     .help = "standard deviation of the Gaussian: a number, or one for each dimension"},
};

static enum adv_status prepare_gaussian(void *state, struct adv_error *error)
{
    struct gaussian *gaussian = state;
    size_t dim = (size_t)gaussian->dim;
    if (!dim)
        dim = json_array_size(gaussian->mean);
    if (!dim)
        dim = json_array_size(gaussian->deviation);
    if (!dim)
        dim = 2;
    if (dim > MAX_DIM)
        return adv_fail_field(error, ADV_E_INVALID, "gaussian.dim",
                              "gaussian has %zu dimensions; at most %d are allowed", dim, MAX_DIM);
    enum adv_status status = adv_mixture_init(&gaussian->mixture, 1, dim, error);
    const struct adv_number_list mean = {"gaussian.mean", dim, -MAX_MEAN, MAX_MEAN};
    const struct adv_number_list deviation = {"gaussian.deviation", dim, MIN_DEVIATION,
                                              MAX_DEVIATION};
    if (status == ADV_OK)
        status = adv_spec_numbers(&mean, gaussian->mean, 0.0, gaussian->mixture.means, error);
    if (status == ADV_OK)
        status = adv_spec_numbers(&deviation, gaussian->deviation, 1.0,
                                  gaussian->mixture.deviations, error);
    if (status == ADV_OK)
        adv_mixture_finish(&gaussian->mixture);
    return status;
}

const struct adv_density_kind adv_density_gaussian = {
    .help = "a Gaussian; options dim, mean, deviation",
    .fields = gaussian_fields,
    .n_fields = ADV_COUNT(gaussian_fields),
    .state_bytes = sizeof(struct gaussian),
    .prepare = prepare_gaussian,
    .release = adv_mixture_release,
    .dim = adv_mixture_dim,
    .sample = adv_mixture_sample,
    .log_density = adv_mixture_log_density,
    .box = adv_mixture_box,
    .modes = adv_mixture_modes,
    .mode = adv_mixture_mode,
    .mode_weight = adv_mixture_mode_weight,
};

struct gaussian_mixture {
    struct adv_mixture mixture;
    json_t *means, *deviations, *weights;
};

static const struct adv_field mixture_fields[] = {
    {.name = "means",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct gaussian_mixture, means),
     .required = true,
     .help = "means of the components, an array of points"},
    {.name = "deviations",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct gaussian_mixture, deviations),
     .help = "standard deviations of the components: a number, or one for each component"},
    {.name = "weights",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct gaussian_mixture, weights),
     .help = "weights of the components, normalised to sum to one"},
};

static enum adv_status read_means(struct gaussian_mixture *state, struct adv_error *error)
{
    static const char name[] = "gaussian_mixture.means";
    size_t n = json_array_size(state->means);
    size_t dim = json_array_size(json_array_get(state->means, 0));
    if (n < 1 || n > MAX_COMPONENTS || dim < 1 || dim > MAX_DIM)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s must be an array of 1 to %d points, each an array of 1 to %d "
                              "numbers",
                              name, MAX_COMPONENTS, MAX_DIM);
    enum adv_status status = adv_mixture_init(&state->mixture, n, dim, error);
    const struct adv_number_list list = {name, dim, -MAX_MEAN, MAX_MEAN};
    for (size_t c = 0; c < n && status == ADV_OK; c++) {
        const json_t *mean = json_array_get(state->means, c);
        if (!json_is_array(mean))
            return adv_fail_field(error, ADV_E_INVALID, name,
                                  "point %zu of %s is not an array of numbers", c, name);
        status = adv_spec_numbers(&list, mean, 0.0, state->mixture.means + c * dim, error);
    }
    return status;
}

static enum adv_status read_deviations(struct gaussian_mixture *state, struct adv_error *error)
{
    const size_t n = state->mixture.n_components, dim = state->mixture.dim;
    double *deviations = state->mixture.deviations; /* [n] as read, [n, dim] in the end */
    const struct adv_number_list list = {"gaussian_mixture.deviations", n, MIN_DEVIATION,
                                         MAX_DEVIATION};
    enum adv_status status = adv_spec_numbers(&list, state->deviations, 1.0, deviations, error);
    for (size_t i = n * dim; i-- > 0 && status == ADV_OK;)
        deviations[i] = deviations[i / dim];
    return status;
}

static enum adv_status read_weights(struct gaussian_mixture *state, struct adv_error *error)
{
    const size_t n = state->mixture.n_components;
    const struct adv_number_list list = {"gaussian_mixture.weights", n, 0.0, MAX_WEIGHT};
    enum adv_status status =
        adv_spec_numbers(&list, state->weights, 1.0, state->mixture.weights, error);
    if (status != ADV_OK)
        return status;
    for (size_t c = 0; c < n; c++) {
        if (state->mixture.weights[c] > 0.0)
            return ADV_OK;
    }
    return adv_fail_field(error, ADV_E_INVALID, list.name,
                          "%s are all zero; one at least must be positive", list.name);
}

static enum adv_status prepare_mixture(void *state, struct adv_error *error)
{
    struct gaussian_mixture *mixture = state;
    enum adv_status status = read_means(mixture, error);
    if (status == ADV_OK)
        status = read_deviations(mixture, error);
    if (status == ADV_OK)
        status = read_weights(mixture, error);
    if (status == ADV_OK)
        adv_mixture_finish(&mixture->mixture);
    return status;
}

const struct adv_density_kind adv_density_gaussian_mixture = {
    .help = "a mixture of round Gaussians; options means, deviations, weights",
    .fields = mixture_fields,
    .n_fields = ADV_COUNT(mixture_fields),
    .state_bytes = sizeof(struct gaussian_mixture),
    .prepare = prepare_mixture,
    .release = adv_mixture_release,
    .dim = adv_mixture_dim,
    .sample = adv_mixture_sample,
    .log_density = adv_mixture_log_density,
    .box = adv_mixture_box,
    .modes = adv_mixture_modes,
    .mode = adv_mixture_mode,
    .mode_weight = adv_mixture_mode_weight,
};
