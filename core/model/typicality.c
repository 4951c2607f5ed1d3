/* How usual a point is to a model: where its log-density stands among those of held-out rows, which
 * training leaves in the configuration:
 *
 *     "typicality": {"rows": 1000, "log_density": [least, .., greatest]}
 *
 * evenly spaced quantiles, in nats and data units; and how far from the middle of the base a latent
 * may lie. Both are worked out once, when the model is configured. */
#include "core/base/mem.h"
#include "core/model/model.h"
#include "core/nets/kind.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/tails.h>
#include <math.h>
#include <stdlib.h>

#define QUANTILES_MAX 10000
#define QUANTILES_NEW 101

static enum adv_status refuse(struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, "typicality",
                          "typicality.log_density must be an array of 2 to %d numbers in rising "
                          "order, quantiles of held-out log-densities",
                          QUANTILES_MAX);
}

enum adv_status adv_model_read_typicality(struct adv_model *model, struct adv_error *error)
{
    const json_t *typicality = json_object_get(model->config, "typicality");
    const json_t *quantiles = json_object_get(typicality, "log_density");
    size_t n = json_array_size(quantiles), i;
    size_t degrees = adv_net_dim(model->net) - model->net->traits.circles.n;
    json_t *quantile;
    model->latent_square_max =
        degrees ? adv_chi_square_quantile(ADV_LATENT_TAIL, degrees) : INFINITY;
    if (!typicality || json_is_null(typicality))
        return ADV_OK;
    if (n < 2 || n > QUANTILES_MAX)
        return refuse(error);
    model->quantiles = adv_calloc(n, sizeof *model->quantiles);
    if (!model->quantiles)
        return adv_no_memory(error);
    model->n_quantiles = n;
    json_array_foreach(quantiles, i, quantile)
    {
        model->quantiles[i] = json_number_value(quantile);
        if (!json_is_number(quantile) || (i > 0 && model->quantiles[i] < model->quantiles[i - 1]))
            return refuse(error);
    }
    return ADV_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The quantile at p lies at (n - 1) p, between two rows (Hyndman and Fan, "Sample quantiles in
 * statistical packages", 1996, type 7). */
json_t *adv_typicality_new(size_t n, double *values)
{
    json_t *quantiles = json_array();
    qsort(values, n, sizeof *values, ascending);
    for (size_t i = 0; quantiles && i < QUANTILES_NEW; i++) {
        double at = (double)(n - 1) * (double)i / (QUANTILES_NEW - 1);
        size_t below = (size_t)at < n - 2 ? (size_t)at : n - 2;
        double value = values[below] + (at - (double)below) * (values[below + 1] - values[below]);
        if (json_array_append_new(quantiles, json_real(value))) {
            json_decref(quantiles);
            quantiles = NULL;
        }
    }
    return json_pack("{s:I, s:o}", "rows", (json_int_t)n, "log_density", quantiles);
}

bool adv_model_has_typicality(const struct adv_model *model)
{
    return model->n_quantiles > 0;
}

double adv_model_typicality(const struct adv_model *model, double log_density)
{
    const double *q = model->quantiles;
    size_t n = model->n_quantiles, lo = 0, hi = n - 1;
    if (n == 0 || isnan(log_density))
        return NAN;
    if (log_density <= q[lo])
        return 0;
    if (log_density >= q[hi])
        return 100;
    while (hi - lo > 1) {
        size_t middle = (lo + hi) / 2;
        if (q[middle] <= log_density)
            lo = middle;
        else
            hi = middle;
    }
    double within = (log_density - q[lo]) / (q[hi] - q[lo]);
    return 100 * ((double)lo + within) / (double)(n - 1);
}

bool adv_model_is_beyond_base(const struct adv_model *model, const float *latent)
{
    const struct adv_circles *circles = &model->net->traits.circles;
    double square = 0;
    for (size_t k = 0, c = 0; k < adv_net_dim(model->net); k++) {
        if (c < circles->n && circles->columns[c] == k)
            c++;
        else
            square += (double)latent[k] * (double)latent[k];
    }
    return square > model->latent_square_max;
}
