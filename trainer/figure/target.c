#include "trainer/figure/figure.h"
#include "trainer/model/import.h"

#include <advect/extra/density.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BANDWIDTH 0.08      /* of the exact velocity: single samples do not show */
#define HALF_SIDE_LEAST 3.6 /* holds the base */
#define MARGIN 1.08

/* Draws from the density that the model's file names. */
static enum adv_status draw(struct adv_target *target, const struct adv_easel *easel, size_t n,
                            struct adv_error *error)
{
    const json_t *data = json_object_get(adv_model_config_json(easel->model), "data");
    const json_t *spec = json_object_get(json_object_get(data, "source"), "density");
    if (!spec)
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "the file of model %s does not name the density that it learned; "
                              "give samples of it with --data",
                              adv_model_name(easel->model));
    struct adv_density *density = NULL;
    enum adv_status status = adv_density_new(spec, &density, error);
    if (status != ADV_OK)
        return status;
    if (adv_density_dim(density) != 2)
        status = adv_fail_field(error, ADV_E_INVALID, "model",
                                "model %s learned a density of %zu dimensions; this figure needs 2",
                                adv_model_name(easel->model), adv_density_dim(density));
    if (status == ADV_OK && !(target->points = calloc(n, 2 * sizeof *target->points)))
        status = adv_no_memory(error);
    if (status == ADV_OK) {
        target->n = n;
        adv_density_sample(density, easel->seed, 0, n, target->points);
    }
    adv_density_free(density);
    return status;
}

static enum adv_status read(struct adv_target *target, const char *path, size_t n_most,
                            struct adv_error *error)
{
    struct adv_samples samples = {0};
    enum adv_status status = adv_samples_read(path, NULL, 0, &samples, error);
    if (status != ADV_OK)
        return status;
    json_decref(samples.columns);
    target->points = samples.points;
    target->n = samples.n;
    if (samples.dim != 2)
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "%s has %zu numbers a row; this figure needs points of the plane, 2",
                              path, samples.dim);
    target->n = target->n < n_most ? target->n : n_most;
    return ADV_OK;
}

static double distance(const struct adv_target *target, size_t i, size_t k)
{
    const float *a = target->points + 2 * i, *b = target->points + 2 * k;
    return hypot((double)(a[0] - b[0]), (double)(a[1] - b[1]));
}

/* The first sample, then each time the one farthest from those before: among the first few, as
 * the farthest of many would be outliers. */
static void choose(struct adv_target *target)
{
    enum { AMONG = 24, N_CHOSEN = ADV_COUNT(target->chosen) };
    size_t n = target->n < AMONG ? target->n : AMONG;
    for (size_t k = 1; k < N_CHOSEN; k++) {
        double best = -1;
        for (size_t i = 0; i < n; i++) {
            double least = INFINITY;
            for (size_t j = 0; j < k; j++)
                least = fmin(least, distance(target, i, target->chosen[j]));
            if (least > best) {
                best = least;
                target->chosen[k] = i;
            }
        }
    }
}

enum adv_status adv_target_init(struct adv_target *target, const struct adv_easel *easel,
                                size_t n_most, struct adv_error *error)
{
    *target = (struct adv_target){.half_side = HALF_SIDE_LEAST};
    enum adv_status status =
        easel->data ? read(target, easel->data, n_most, error) : draw(target, easel, n_most, error);
    for (size_t i = 0; status == ADV_OK && i < 2 * target->n; i++)
        target->half_side = fmax(target->half_side, MARGIN * fabs((double)target->points[i]));
    const struct adv_samples samples = {.n = target->n, .dim = 2, .points = target->points};
    if (status == ADV_OK)
        status =
            adv_empirical_model(&samples, NULL, NULL, BANDWIDTH, "exact", &target->exact, error);
    if (status == ADV_OK)
        choose(target);
    else
        adv_target_release(target);
    return status;
}

void adv_target_release(struct adv_target *target)
{
    adv_model_unref(target->exact);
    free(target->points);
    *target = (struct adv_target){0};
}
