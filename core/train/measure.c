/* How well the held-out rows are predicted: what decides which weights are kept. */
#include "core/train/training.h"

#include <advect/extra/memory.h>
#include <advect/query.h>

#include <math.h>
#include <stdlib.h>

#define ROWS_MAX 1000     /* enough to tell weights apart; the report has them all */
#define ROWS_ENOUGH 500   /* where each is integrated several times, of whole numbers */
#define EXACT_DIM_MAX 256 /* beyond, few probes must do: their error is one for all weights */
#define TOLERANCE 1e-4    /* an error of some 0.01 nats at most */

static enum adv_status draw(const struct adv_training *t, size_t n, float **x, int32_t **labels,
                            struct adv_error *error)
{
    *x = calloc(n, t->dataset.dim * sizeof **x);
    *labels = calloc(n, sizeof **labels);
    if (!*x || !*labels)
        return adv_no_memory(error);
    adv_dataset_points(&t->dataset, ADV_SPLIT_HELD_OUT, 0, n, *x, *labels);
    return ADV_OK;
}

static enum adv_status mean_nll(const struct adv_training *t, struct adv_model *model,
                                const struct adv_query *query, double *nll, struct adv_error *error)
{
    struct adv_run_options options = {.size = sizeof options, .pool = t->pool};
    const struct adv_answer *answer = NULL;
    struct adv_run *run = NULL;
    double sum = 0;
    enum adv_status status = adv_run_new(model, query, &run, error);
    if (status == ADV_OK)
        status = adv_run_all(run, &options, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < query->n; i++)
        sum -= answer->log_density[i];
    *nll = status == ADV_OK ? sum / (double)query->n : INFINITY;
    adv_run_free(run);
    return status == ADV_E_NUMERIC ? ADV_OK : status; /* such weights are only not the best */
}

enum adv_status adv_training_measure(const struct adv_training *t, double *nll,
                                     struct adv_error *error)
{
    size_t most = adv_transform_draws(t->dataset.transform) > 1 ? ROWS_ENOUGH : ROWS_MAX;
    size_t n = t->dataset.n_held_out < most ? t->dataset.n_held_out : most;
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_model *model = NULL;
    float *x = NULL;
    int32_t *labels = NULL;
    enum adv_status status = draw(t, n, &x, &labels, error);
    if (status == ADV_OK)
        status = adv_training_model_of(t, t->average, &model, error);
    query.n = n;
    query.points = x;
    query.labels = t->dataset.classes ? labels : NULL;
    if (t->dataset.dim <= EXACT_DIM_MAX)
        query.divergence_method = ADV_DIVERGENCE_EXACT;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = TOLERANCE;
    if (status == ADV_OK)
        status = mean_nll(t, model, &query, nll, error);
    adv_model_unref(model);
    free(x);
    free(labels);
    return status;
}
