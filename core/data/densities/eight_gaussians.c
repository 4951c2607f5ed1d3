/* Eight equal Gaussians around a circle: a mixture made from one option. */
#include "core/base/mem.h"
#include "core/data/densities/mixture.h"

#define N_GAUSSIANS 8
#define RADIUS 2.8284271247461903 /* 4 / sqrt(2), as in the FFJORD toy set */

struct eight_gaussians {
    struct adv_mixture mixture;
    double noise;
};

static const struct adv_field fields[] = {
    {.name = "noise",
     .kind = ADV_FIELD_REAL,
     .offset = offsetof(struct eight_gaussians, noise),
     .min = 0.001,
     .max = 2.0,
     .fallback = "0.35355339059327373",
     .help = "standard deviation of each Gaussian"},
};

static enum adv_status prepare(void *state, struct adv_error *error)
{
    struct eight_gaussians *eight = state;
    enum adv_status status = adv_mixture_init(&eight->mixture, N_GAUSSIANS, 2, error);
    if (status != ADV_OK)
        return status;
    for (size_t c = 0; c < N_GAUSSIANS; c++) {
        double angle = 2.0 * M_PI * (double)c / N_GAUSSIANS;
        eight->mixture.means[2 * c] = RADIUS * cos(angle);
        eight->mixture.means[2 * c + 1] = RADIUS * sin(angle);
        eight->mixture.deviations[2 * c] = eight->mixture.deviations[2 * c + 1] = eight->noise;
    }
    adv_mixture_finish(&eight->mixture);
    return ADV_OK;
}

const struct adv_density_kind adv_density_eight_gaussians = {
    .help = "eight Gaussians around a circle; option noise",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .state_bytes = sizeof(struct eight_gaussians),
    .prepare = prepare,
    .release = adv_mixture_release,
    .dim = adv_mixture_dim,
    .sample = adv_mixture_sample,
    .log_density = adv_mixture_log_density,
    .box = adv_mixture_box,
    .modes = adv_mixture_modes,
    .mode = adv_mixture_mode,
    .mode_weight = adv_mixture_mode_weight,
};
