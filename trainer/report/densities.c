/* Log-densities of rows beside those that a Gaussian and a mixture of Gaussians give them, given a
 * context around a linear regression on it. */
#include "trainer/cli/table.h"
#include "trainer/measure/results.h"
#include "trainer/report/report.h"

#include <advect/extra/gaussian_mixture.h>
#include <advect/extra/memory.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The draw-th point of each row's cell, where columns hold whole numbers, in flow units. */
static enum adv_status encode_draw(const struct adv_dataset *d,
                                   const struct adv_report_points *points, size_t draw, float *flow,
                                   double *log_det, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; status == ADV_OK && i < points->n; i++)
        status = adv_transform_encode_draw(d->transform, draw, points->x + i * d->dim,
                                           flow + i * d->dim, log_det + i, error);
    return status;
}

/* The Gaussian and the best mixture, fitted to the training rows; mean: NULL without contexts. */
struct baselines {
    struct adv_gaussian_mixture gaussian, mixture;
    struct adv_context_mean regression, *mean;
};

static void baselines_release(struct baselines *b)
{
    adv_gaussian_mixture_release(&b->gaussian);
    adv_gaussian_mixture_release(&b->mixture);
    adv_context_mean_release(&b->regression);
}

static enum adv_status fit_baselines(const struct adv_dataset *d, struct baselines *b,
                                     struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    b->mean = d->n_context > 0 ? &b->regression : NULL;
    if (b->mean)
        status = adv_dataset_fit_context_mean(d, b->mean, error);
    if (status == ADV_OK)
        status = adv_dataset_fit_mixture(d, b->mean, 1, &b->gaussian, error);
    return status == ADV_OK ? adv_dataset_fit_mixture(d, b->mean, 0, &b->mixture, error) : status;
}

static double log_of_sum(double a, double b)
{
    return fmax(a, b) + log1p(exp(-fabs(a - b)));
}

static enum adv_status subtract_mean(const struct adv_dataset *d,
                                     const struct adv_context_mean *mean,
                                     const struct adv_report_points *points, float *flow,
                                     struct adv_error *error)
{
    float *contexts = calloc(points->n ? points->n : 1, d->n_context * sizeof *contexts);
    if (!contexts)
        return adv_no_memory(error);
    adv_transform_encode(d->context_transform, points->n, points->contexts, contexts, NULL);
    adv_context_mean_subtract(mean, points->n, contexts, flow);
    free(contexts);
    return ADV_OK;
}

/* log p in data units of the points at one draw, into log_p [n]. */
static enum adv_status mixture_log_density(const struct adv_dataset *d,
                                           const struct adv_context_mean *mean,
                                           const struct adv_gaussian_mixture *mixture,
                                           const struct adv_report_points *points, size_t draw,
                                           double *log_p, struct adv_error *error)
{
    size_t n = points->n;
    float *flow = calloc(n ? n : 1, d->dim * sizeof *flow);
    double *log_det = calloc(n ? n : 1, sizeof *log_det);
    enum adv_status status = flow && log_det ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = encode_draw(d, points, draw, flow, log_det, error);
    if (status == ADV_OK && mean)
        status = subtract_mean(d, mean, points, flow, error);
    const struct adv_mixture_rows rows = {.n = n,
                                          .dim = d->dim,
                                          .x = flow,
                                          .labels = d->classes ? points->labels : NULL,
                                          .classes = d->classes};
    if (status == ADV_OK)
        status = adv_gaussian_mixture_log_density(mixture, &rows, log_p, error);
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        log_p[i] += log_det[i];
    free(flow);
    free(log_det);
    return status;
}

/* As the model's: of whole numbers the mean density of all draws. */
static enum adv_status mixture_nll(const struct adv_dataset *d, const struct adv_context_mean *mean,
                                   const struct adv_gaussian_mixture *mixture,
                                   const struct adv_report_points *points, double *nll,
                                   struct adv_error *error)
{
    size_t n = points->n, draws = adv_transform_draws(d->transform);
    double *log_p = calloc(n ? n : 1, sizeof *log_p);
    enum adv_status status = log_p ? ADV_OK : adv_no_memory(error);
    for (size_t draw = 0; status == ADV_OK && draw < draws; draw++) {
        status = mixture_log_density(d, mean, mixture, points, draw, log_p, error);
        for (size_t i = 0; status == ADV_OK && i < n; i++)
            nll[i] = draw == 0 ? log_p[i] : log_of_sum(nll[i], log_p[i]);
    }
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        nll[i] = log((double)draws) - nll[i];
    free(log_p);
    return status;
}

static json_t *mean_json(size_t n, const double *values)
{
    struct adv_mean mean = adv_mean_of(n, values);
    return json_pack("{s:o, s:o}", "mean", adv_table_number(mean.value), "standard_error",
                     adv_table_number(mean.standard_error));
}

/* By how much the model is better than a baseline, row by row. */
static json_t *gain_json(size_t n, const double *model, const double *baseline)
{
    double *gain = calloc(n, sizeof *gain);
    for (size_t i = 0; gain && i < n; i++)
        gain[i] = baseline[i] - model[i];
    json_t *json = gain ? mean_json(n, gain) : NULL;
    free(gain);
    return json;
}

/* A baseline's density and how far the model is beyond it. */
static json_t *baseline_json(size_t n, const double *model, const double *baseline,
                             size_t components)
{
    json_t *json = mean_json(n, baseline);
    if (json && (json_object_set_new(json, "components", json_integer((json_int_t)components)) ||
                 json_object_set_new(json, "gain", gain_json(n, model, baseline)))) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static enum adv_status add_baselines(const struct adv_dataset *training,
                                     const struct adv_report_points *points, const double *nll,
                                     double *baselines, json_t *json, struct adv_error *error)
{
    struct baselines b = {0};
    size_t n = points->n;
    double *gaussian = calloc(n ? n : 1, 2 * sizeof *gaussian), *mixture = gaussian + n;
    enum adv_status status = gaussian ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = fit_baselines(training, &b, error);
    if (status == ADV_OK)
        status = mixture_nll(training, b.mean, &b.gaussian, points, gaussian, error);
    if (status == ADV_OK)
        status = mixture_nll(training, b.mean, &b.mixture, points, mixture, error);
    if (status == ADV_OK &&
        ((b.mean && json_object_set_new(json, "given_context", json_true())) ||
         json_object_set_new(json, "gaussian", baseline_json(n, nll, gaussian, 1)) ||
         json_object_set_new(json, "mixture", baseline_json(n, nll, mixture, b.mixture.n))))
        status = adv_no_memory(error);
    if (status == ADV_OK && baselines)
        memcpy(baselines, gaussian, 2 * n * sizeof *baselines);
    baselines_release(&b);
    free(gaussian);
    return status;
}

enum adv_status adv_report_densities(const struct adv_dataset *training,
                                     const struct adv_report_points *points, const double *nll,
                                     double *baselines, json_t **out, struct adv_error *error)
{
    json_t *json =
        json_pack("{s:I, s:o}", "rows", (json_int_t)points->n, "model", mean_json(points->n, nll));
    enum adv_status status = json ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK && training)
        status = add_baselines(training, points, nll, baselines, json, error);
    if (status == ADV_OK)
        *out = json;
    else
        json_decref(json);
    return status;
}
