#include "core/dataset/target_draws.h"

#include "core/base/mem.h"
#include "core/data/transforms/transform.h"
#include "core/flow/path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 1e-6 /* alpha and sigma, of which one vanishes at an end */

static enum adv_status refuse(const struct adv_train_recipe *train, const char *why,
                              struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, "train.target_draws",
                          "train.target_draws is %lld, but %s; only 1 is possible",
                          (long long)train->target_draws, why);
}

static enum adv_status check(const struct adv_dataset *dataset,
                             const struct adv_train_recipe *train, struct adv_error *error)
{
    struct adv_circles circles;
    if (train->coupling != ADV_COUPLING_INDEPENDENT)
        return refuse(train, "train.coupling makes pairs that depend on each other", error);
    if (!dataset->source.density)
        return refuse(train,
                      "of data that are not those of a synthetic density, the density is "
                      "not known",
                      error);
    if (adv_transform_circles(dataset->transform, &circles) > 0)
        return refuse(train, "the data have periodic columns", error);
    return ADV_OK;
}

enum adv_status adv_target_draws_init(struct adv_target_draws *draws,
                                      const struct adv_dataset *dataset,
                                      const struct adv_train_recipe *train, struct adv_error *error)
{
    size_t n = (size_t)train->target_draws, dim = dataset->dim;
    *draws = (struct adv_target_draws){0};
    if (n <= 1)
        return ADV_OK;
    enum adv_status status = check(dataset, train, error);
    if (status != ADV_OK)
        return status;
    draws->n = n;
    draws->dim = dim;
    draws->x0 = adv_calloc(n, dim * sizeof(float));
    draws->x1 = adv_calloc(n, dim * sizeof(float));
    draws->data = adv_calloc(n, dim * sizeof(float));
    draws->log_det = adv_calloc(n, sizeof(double));
    draws->weight = adv_calloc(n, sizeof(double));
    if (!draws->x0 || !draws->x1 || !draws->data || !draws->log_det || !draws->weight)
        return adv_no_memory(error);
    if (!adv_density_log_density(dataset->source.density, 1, draws->data, draws->weight))
        return refuse(train, "the density of this kind is not known in closed form", error);
    return ADV_OK;
}

void adv_target_draws_release(struct adv_target_draws *draws)
{
    free(draws->x0);
    free(draws->x1);
    free(draws->data);
    free(draws->log_det);
    free(draws->weight);
    *draws = (struct adv_target_draws){0};
}

/* Where a row is on its path. */
struct place {
    double alpha, sigma, d_alpha, d_sigma;
    double from_base; /* share of pairs that are drawn by their base point */
};

static struct place place_at(const struct adv_path *path, float t)
{
    struct place at;
    path->coefficients(adv_path_clamp(path, (double)t), &at.alpha, &at.sigma, &at.d_alpha,
                       &at.d_sigma);
    at.alpha = fmax(at.alpha, SMALLEST);
    at.sigma = fmax(at.sigma, SMALLEST);
    at.from_base = at.alpha / (at.alpha + at.sigma);
    return at;
}

/* Pairs 1 ... n - 1. */
static void draw_pairs(struct adv_target_draws *draws, const struct adv_dataset *dataset,
                       const struct place *at, uint64_t row, const float *x_t)
{
    uint64_t seed = adv_seed_for(dataset->seed, ADV_SEED_TARGET);
    size_t n = draws->n, dim = draws->dim, n_base = 1;
    adv_rng_uniform(seed, ADV_STREAM_TIME, row, 1, n, draws->data);
    for (size_t k = 1; k < n; k++)
        n_base += (double)draws->data[k] < at->from_base;
    adv_rng_normal(seed, ADV_STREAM_BASE, row, 1, (n_base - 1) * dim, draws->x0 + dim);
    for (size_t i = dim; i < n_base * dim; i++)
        draws->x1[i] =
            (float)(((double)x_t[i % dim] - at->sigma * (double)draws->x0[i]) / at->alpha);
    adv_density_sample(dataset->source.density, seed, row * n, n - n_base, draws->data);
    adv_transform_encode(dataset->transform, n - n_base, draws->data, draws->x1 + n_base * dim,
                         NULL);
    for (size_t i = n_base * dim; i < n * dim; i++)
        draws->x0[i] =
            (float)(((double)x_t[i % dim] - at->alpha * (double)draws->x1[i]) / at->sigma);
}

/* The sum of the weights is 1; false where all vanish. */
static bool weigh(struct adv_target_draws *draws, const struct adv_dataset *dataset,
                  const struct place *at)
{
    const double dim = (double)draws->dim, log_two_pi = 1.8378770664093453;
    const double log_peak = -dim * (0.5 * log_two_pi + log(at->sigma)); /* of the likelihood L */
    const double by_base = at->from_base * pow(at->alpha, dim), by_data = 1 - at->from_base;
    double *weight = draws->weight, sum = 0;
    adv_transform_decode(dataset->transform, draws->n, draws->x1, draws->data, draws->log_det);
    adv_density_log_density(dataset->source.density, draws->n, draws->data, weight);
    for (size_t k = 0; k < draws->n; k++) {
        const float *x0 = draws->x0 + k * draws->dim;
        double square = 0, density = exp(weight[k] - draws->log_det[k]);
        for (size_t d = 0; d < draws->dim; d++)
            square += (double)x0[d] * (double)x0[d];
        double likelihood = exp(log_peak - 0.5 * square);
        weight[k] =
            density > 0 ? density * likelihood / (by_base * likelihood + by_data * density) : 0;
        sum += weight[k];
    }
    if (!(sum > 0 && isfinite(sum)))
        return false;
    for (size_t k = 0; k < draws->n; k++)
        weight[k] /= sum;
    return true;
}

void adv_target_draws_average(struct adv_target_draws *draws, const struct adv_dataset *dataset,
                              const struct adv_path *path, uint64_t row, float t, const float *x0,
                              const float *x1, const float *x_t, float *target)
{
    const struct place at = place_at(path, t);
    size_t dim = draws->dim;
    draw_pairs(draws, dataset, &at, row, x_t);
    memcpy(draws->x0, x0, dim * sizeof *x0);
    memcpy(draws->x1, x1, dim * sizeof *x1);
    if (!weigh(draws, dataset, &at))
        return;
    for (size_t d = 0; d < dim; d++) {
        double mean_x0 = 0, mean_x1 = 0;
        for (size_t k = 0; k < draws->n; k++) {
            mean_x0 += draws->weight[k] * (double)draws->x0[k * dim + d];
            mean_x1 += draws->weight[k] * (double)draws->x1[k * dim + d];
        }
        target[d] = (float)(at.d_alpha * mean_x1 + at.d_sigma * mean_x0);
    }
}
