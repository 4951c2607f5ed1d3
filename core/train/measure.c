/* How well the held-out rows are predicted: what decides which weights are kept. */
#include "core/train/training.h"

#include "core/base/mem.h"

#include <advect/query.h>

#include <math.h>
#include <stdlib.h>

#define ROWS_MAX 1000     /* enough to tell weights apart; the report has them all */
#define ROWS_ENOUGH 500   /* where each is integrated several times, of whole numbers */
#define EXACT_DIM_MAX 256 /* beyond, few probes must do: their error is one for all weights */
#define TOLERANCE 1e-4    /* an error of some 0.01 nats at most */

void adv_training_rows_release(struct adv_training_rows *rows)
{
    free(rows->x);
    free(rows->context);
    free(rows->labels);
}

enum adv_status adv_training_rows_take(const struct adv_training *t, size_t n,
                                       struct adv_training_rows *rows, struct adv_error *error)
{
    rows->n = n;
    rows->x = adv_calloc(n, t->dataset.dim * sizeof *rows->x);
    rows->context = adv_calloc(n, t->dataset.n_context * sizeof *rows->context);
    rows->labels = adv_calloc(n, sizeof *rows->labels);
    if (!rows->x || !rows->context || !rows->labels)
        return adv_no_memory(error);
    adv_dataset_points(&t->dataset, ADV_SPLIT_HELD_OUT, 0, n, rows->x, rows->labels, rows->context);
    return ADV_OK;
}

void adv_training_rows_ask(const struct adv_training *t, const struct adv_training_rows *rows,
                           struct adv_query *query)
{
    query->n = query->n_contexts = rows->n;
    query->points = rows->x;
    query->labels = t->dataset.classes ? rows->labels : NULL;
    query->context = t->dataset.n_context ? rows->context : NULL;
}

static enum adv_status mean_nll(const struct adv_training *t, struct adv_model *model,
                                const struct adv_query *query, double *nll, struct adv_error *error)
{
    const struct adv_training_run_options *running = t->running;
    const struct adv_run_options options = {.size = sizeof options,
                                            .pool = t->pool,
                                            .cancelled = running ? running->cancelled : NULL,
                                            .context = running ? running->context : NULL};
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
    struct adv_training_rows rows = {0};
    enum adv_status status = adv_training_rows_take(t, n, &rows, error);
    if (status == ADV_OK)
        status = adv_training_model_of(t, t->average, &model, error);
    adv_training_rows_ask(t, &rows, &query);
    if (t->dataset.dim <= EXACT_DIM_MAX)
        query.divergence_method = ADV_DIVERGENCE_EXACT;
    query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = TOLERANCE;
    if (status == ADV_OK)
        status = mean_nll(t, model, &query, nll, error);
    adv_model_unref(model);
    adv_training_rows_release(&rows);
    return status;
}
