/* The model's log-density at fresh points of a known density: the mean over them, and the KL
 * divergence of the truth from the model. */
#include "trainer/measure/measure.h"

#include <advect/extra/rng.h>

#include <stdlib.h>

static void add_log_density(const struct adv_answer *answer, struct adv_results *results)
{
    struct adv_mean mean = adv_mean_of(answer->n, answer->log_density);
    adv_results_add_count(results, "points", "points of the log-density", answer->n);
    adv_results_add(results, "nll", "mean negative log-density, nats", -mean.value);
    adv_results_add(results, "nll_standard_error",
                    "standard error of the mean negative log-density", mean.standard_error);
    adv_results_add_probe_error(results, answer->n, answer->standard_error);
}

/* log p(x) - log q(x) averaged over x ~ p. On the same points most of the noise of both cancels. */
static enum adv_status add_divergence(const struct adv_density *density, const float *points,
                                      const struct adv_answer *answer, struct adv_results *results,
                                      struct adv_error *error)
{
    double *truth = calloc(answer->n, sizeof *truth);
    if (!truth)
        return adv_no_memory(error);
    if (adv_density_log_density(density, answer->n, points, truth)) {
        double entropy = -adv_mean_of(answer->n, truth).value;
        for (size_t i = 0; i < answer->n; i++)
            truth[i] -= answer->log_density[i];
        struct adv_mean kl = adv_mean_of(answer->n, truth);
        adv_results_add(results, "entropy",
                        "mean negative log-density of the truth on the same points, nats", entropy);
        adv_results_add(results, "kl", "KL divergence of the truth from the model, nats", kl.value);
        adv_results_add(results, "kl_standard_error", "standard error of the KL divergence",
                        kl.standard_error);
    }
    free(truth);
    return ADV_OK;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    const struct adv_density *density = e->dataset->source.density;
    size_t n = e->n_points;
    if (!density || n == 0)
        return ADV_OK;
    float *points = calloc(n, e->dataset->dim * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    adv_density_sample(density, adv_seed_for(e->seed, ADV_SEED_HELD_OUT), 0, n, points);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    query.guidance = adv_query_default_guidance(&query, e->model);
    query.n = n;
    query.points = points;
    query.solver = e->density.solver;
    query.probes = e->density.probes;
    query.renew_probes = e->density.renew_probes;
    query.probe_seed = e->density.probe_seed;
    enum adv_status status = adv_evaluation_query(e, &query, "log-densities", &run, &answer, error);
    if (status == ADV_OK)
        add_log_density(answer, results);
    if (status == ADV_OK)
        status = add_divergence(density, points, answer, results, error);
    adv_run_free(run);
    free(points);
    return status;
}

const struct adv_measure adv_measure_log_density = {
    .name = "log_density",
    .needs = ADV_NEEDS_DENSITY,
    .run = run,
};
