#include "core/dataset/target_draws.h"

#include "core/base/mem.h"
#include "core/data/transforms/transform.h"
#include "core/flow/path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIGMA_MIN 1e-6 /* at the end it vanishes */
#define FITTED 1024    /* rows of data, for means and deviations */

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

static enum adv_status allocate(struct adv_target_draws *draws, struct adv_error *error)
{
    size_t n = draws->n, dim = draws->dim;
    double **const by_coordinate[] = {&draws->mean, &draws->variance, &draws->centre,
                                      &draws->width};
    float **const wide[] = {&draws->x0, &draws->x1, &draws->data};
    double **const by_pair[] = {&draws->square, &draws->log_det, &draws->weight};
    bool complete = true;
    for (size_t i = 0; i < ADV_COUNT(by_coordinate); i++)
        complete = (*by_coordinate[i] = adv_calloc(dim, sizeof(double))) && complete;
    for (size_t i = 0; i < ADV_COUNT(wide); i++)
        complete = (*wide[i] = adv_calloc(n, dim * sizeof(float))) && complete;
    for (size_t i = 0; i < ADV_COUNT(by_pair); i++)
        complete = (*by_pair[i] = adv_calloc(n, sizeof(double))) && complete;
    return complete ? ADV_OK : adv_no_memory(error);
}

/* Means and variances of the data's coordinates. */
static enum adv_status fit(struct adv_target_draws *draws, const struct adv_dataset *dataset,
                           struct adv_error *error)
{
    size_t dim = draws->dim;
    float *x = adv_calloc(FITTED, dim * sizeof *x);
    if (!x)
        return adv_no_memory(error);
    adv_density_sample(dataset->source.density, adv_seed_for(dataset->seed, ADV_SEED_TARGET), 0,
                       FITTED, x);
    adv_transform_encode(dataset->transform, FITTED, x, x, NULL);
    for (size_t i = 0; i < FITTED * dim; i++)
        draws->mean[i % dim] += (double)x[i] / FITTED;
    for (size_t i = 0; i < FITTED * dim; i++) {
        double off = (double)x[i] - draws->mean[i % dim];
        draws->variance[i % dim] += off * off / FITTED;
    }
    free(x);
    return ADV_OK;
}

enum adv_status adv_target_draws_init(struct adv_target_draws *draws,
                                      const struct adv_dataset *dataset,
                                      const struct adv_train_recipe *train, struct adv_error *error)
{
    *draws = (struct adv_target_draws){0};
    if (train->target_draws <= 1)
        return ADV_OK;
    enum adv_status status = check(dataset, train, error);
    if (status != ADV_OK)
        return status;
    draws->n = (size_t)train->target_draws;
    draws->dim = dataset->dim;
    status = allocate(draws, error);
    if (status != ADV_OK)
        return status;
    if (!adv_density_log_density(dataset->source.density, 1, draws->data, draws->weight))
        return refuse(train, "the density of this kind is not known in closed form", error);
    return fit(draws, dataset, error);
}

void adv_target_draws_release(struct adv_target_draws *draws)
{
    free(draws->mean);
    free(draws->variance);
    free(draws->centre);
    free(draws->width);
    free(draws->x0);
    free(draws->x1);
    free(draws->data);
    free(draws->square);
    free(draws->log_det);
    free(draws->weight);
    *draws = (struct adv_target_draws){0};
}

/* Where a row is on its path. */
struct place {
    double alpha, sigma, d_alpha, d_sigma;
    double share; /* c: of pairs that are drawn from G */
};

static struct place place_at(const struct adv_path *path, float t)
{
    struct place at;
    path->coefficients(adv_path_clamp(path, (double)t), &at.alpha, &at.sigma, &at.d_alpha,
                       &at.d_sigma);
    at.sigma = fmax(at.sigma, SIGMA_MIN);
    at.share = 0.5 + 0.5 * at.alpha / (at.alpha + at.sigma);
    return at;
}

/* G of N(mean, variance) and L: its precision is alpha^2 / sigma^2 + 1 / variance. */
static void place_gaussian(struct adv_target_draws *draws, const struct place *at, const float *x_t)
{
    double noise = at->sigma * at->sigma;
    for (size_t d = 0; d < draws->dim; d++) {
        double square = 1 / (at->alpha * at->alpha + noise / draws->variance[d]);
        draws->width[d] = sqrt(square);
        draws->centre[d] =
            square * (at->alpha * (double)x_t[d] + noise * draws->mean[d] / draws->variance[d]);
    }
}

/* Pair k of G, whose x0 holds standard normals z [dim] so far. With x1 = centre + sigma width z, x0 =
 * (x_t - alpha x1) / sigma, but without the difference. */
static void take_gaussian(struct adv_target_draws *draws, const struct place *at, size_t k,
                          const float *x_t)
{
    float *x0 = draws->x0 + k * draws->dim, *x1 = draws->x1 + k * draws->dim;
    draws->square[k] = 0;
    for (size_t d = 0; d < draws->dim; d++) {
        double z = (double)x0[d], width = draws->width[d];
        draws->square[k] += z * z;
        x1[d] = (float)(draws->centre[d] + at->sigma * width * z);
        x0[d] = (float)(at->sigma * width * width / draws->variance[d] *
                            ((double)x_t[d] - at->alpha * draws->mean[d]) -
                        at->alpha * width * z);
    }
}

/* Pair k by its x1, of data, and its x0. */
static void take_data(struct adv_target_draws *draws, const struct place *at, size_t k)
{
    draws->square[k] = 0;
    for (size_t d = 0; d < draws->dim; d++) {
        double off = (double)draws->x1[k * draws->dim + d] - draws->centre[d];
        off /= at->sigma * draws->width[d];
        draws->square[k] += off * off;
    }
}

/* The pair at hand, those of G, those of data. */
static void draw_pairs(struct adv_target_draws *draws, const struct adv_dataset *dataset,
                       const struct place *at, uint64_t row, const float *x_t)
{
    uint64_t seed = adv_seed_for(dataset->seed, ADV_SEED_TARGET);
    size_t n = draws->n, dim = draws->dim, first_data = 1;
    take_data(draws, at, 0);
    adv_rng_uniform(seed, ADV_STREAM_TIME, row, 1, n, draws->data);
    for (size_t k = 1; k < n; k++)
        first_data += (double)draws->data[k] < at->share;
    adv_rng_normal(seed, ADV_STREAM_BASE, row, 1, (first_data - 1) * dim, draws->x0 + dim);
    for (size_t k = 1; k < first_data; k++)
        take_gaussian(draws, at, k, x_t);
    adv_density_sample(dataset->source.density, seed, row * n, n - first_data, draws->data);
    adv_transform_encode(dataset->transform, n - first_data, draws->data,
                         draws->x1 + first_data * dim, NULL);
    for (size_t k = first_data; k < n; k++) {
        const float *x1 = draws->x1 + k * dim;
        for (size_t d = 0; d < dim; d++)
            draws->x0[k * dim + d] =
                (float)(((double)x_t[d] - at->alpha * (double)x1[d]) / at->sigma);
        take_data(draws, at, k);
    }
}

/* Their sum is 1; false where all vanish. Of w both sides are taken times sigma^dim (2 pi)^(dim/2). */
static bool weigh(struct adv_target_draws *draws, const struct adv_dataset *dataset,
                  const struct place *at)
{
    double *weight = draws->weight, sum = 0;
    double by_gaussian = at->share, by_data = 1 - at->share;
    for (size_t d = 0; d < draws->dim; d++) {
        by_gaussian /= draws->width[d];
        by_data *= at->sigma * 2.5066282746310005; /* sqrt(2 pi) */
    }
    adv_transform_decode(dataset->transform, draws->n, draws->x1, draws->data, draws->log_det);
    adv_density_log_density(dataset->source.density, draws->n, draws->data, weight);
    for (size_t k = 0; k < draws->n; k++) {
        const float *x0 = draws->x0 + k * draws->dim;
        double norm = 0, density = exp(weight[k] - draws->log_det[k]);
        weight[k] = 0;
        if (density == 0)
            continue;
        for (size_t d = 0; d < draws->dim; d++)
            norm += (double)x0[d] * (double)x0[d];
        weight[k] = density * exp(-0.5 * norm) /
                    (by_gaussian * exp(-0.5 * draws->square[k]) + by_data * density);
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
    memcpy(draws->x0, x0, dim * sizeof *x0);
    memcpy(draws->x1, x1, dim * sizeof *x1);
    place_gaussian(draws, &at, x_t);
    draw_pairs(draws, dataset, &at, row, x_t);
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
