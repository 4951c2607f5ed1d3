/* The model's log-density at fresh points of a known density: the mean over them, and the KL
 * divergence of the truth from the model. */
#include "trainer/measure/rows.h"

#include <advect/extra/rng.h>

#include <stdlib.h>

static void draw(const struct adv_evaluation *e, size_t first, size_t n, float *points)
{
    adv_density_sample(e->dataset->source.density, adv_seed_for(e->seed, ADV_SEED_HELD_OUT), first,
                       n, points);
}

static bool fill(const void *context, size_t first, size_t n, float *points, int32_t *labels,
                 float *contexts)
{
    (void)labels;
    (void)contexts;
    draw(context, first, n, points);
    return true;
}

static void add_log_density(const struct adv_evaluation *e, size_t n,
                            const struct adv_row_estimates *rows, struct adv_results *results)
{
    struct adv_mean mean = adv_mean_of(n, rows->log_density);
    adv_results_add_count(results, "points", "points of the log-density", n);
    adv_results_add(results, "nll", "mean negative log-density, nats", -mean.value);
    adv_results_add(results, "nll_standard_error",
                    "standard error of the mean negative log-density", mean.standard_error);
    adv_rows_add_probe_error(e, n, rows->standard_error, results);
}

/* log p(x) - log q(x) averaged over x ~ p. On the same points most of the noise of both cancels. */
static enum adv_status add_divergence(size_t n, const double *log_density, const double *truth,
                                      struct adv_results *results, struct adv_error *error)
{
    double *difference = calloc(n, sizeof *difference);
    if (!difference)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        difference[i] = truth[i] - log_density[i];
    struct adv_mean kl = adv_mean_of(n, difference);
    free(difference);
    adv_results_add(results, "entropy",
                    "mean negative log-density of the truth on the same points, nats",
                    -adv_mean_of(n, truth).value);
    adv_results_add(results, "kl", "KL divergence of the truth from the model, nats", kl.value);
    adv_results_add(results, "kl_standard_error", "standard error of the KL divergence",
                    kl.standard_error);
    return ADV_OK;
}

/* The true log-densities [n], to be freed; NULL where they are not known. */
static enum adv_status take_truth(const struct adv_evaluation *e, size_t n, double **truth,
                                  struct adv_error *error)
{
    float *points = calloc(n, e->dataset->dim * sizeof *points);
    double *values = calloc(n, sizeof *values);
    bool complete = points && values;
    if (complete)
        draw(e, 0, n, points);
    if (complete && adv_density_log_density(e->dataset->source.density, n, points, values)) {
        *truth = values;
        values = NULL;
    }
    free(points);
    free(values);
    return complete ? ADV_OK : adv_no_memory(error);
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    size_t n = e->n_points;
    if (!e->dataset->source.density || n == 0)
        return ADV_OK;
    struct adv_row_densities work = adv_rows_work_as_they_are(e, "log-density", n);
    struct adv_row_estimates rows = {0};
    work.fill = fill;
    work.unconditional = true;
    enum adv_status status = adv_rows_run_points(e, &work, &rows, error);
    if (status != ADV_OK)
        return status;
    add_log_density(e, n, &rows, results);
    struct adv_plotted *plotted = &results->plotted;
    plotted->n = n;
    plotted->log_density = rows.log_density;
    rows.log_density = NULL;
    adv_row_estimates_release(&rows);
    status = take_truth(e, n, &plotted->truth, error);
    if (status == ADV_OK && plotted->truth)
        status = add_divergence(n, plotted->log_density, plotted->truth, results, error);
    return status;
}

const struct adv_measure adv_measure_log_density = {
    .name = "log_density",
    .needs = ADV_NEEDS_DENSITY,
    .run = run,
};
