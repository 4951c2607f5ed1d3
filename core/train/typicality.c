/* The log-densities of held-out rows by the model that a training leaves: against their quantiles
 * answers tell how usual a point is. */
#include "core/base/mem.h"
#include "core/train/training.h"

#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/query.h>

#include <math.h>
#include <stdlib.h>

#define ROWS_MAX 1000
#define ROWS_MIN 100 /* of fewer, percentiles would say little */
#define TOLERANCE 1e-4
/* Of the training's own work; a step takes about three passes for each example. */
#define SHARE_OF_TRAINING 0.02
#define PASSES_PER_EXAMPLE 3.0

/* As many rows as take but a little of the training's time. */
static size_t rows_within(const struct adv_training *t, struct adv_query *query,
                          const struct adv_model *model)
{
    size_t per_row, per_condition;
    adv_net_multiply_adds(t->net, &per_row, &per_condition);
    double training = (double)t->progress.step * (double)t->recipe.train.batch *
                      PASSES_PER_EXAMPLE * (double)(per_row + per_condition);
    query->n = 1;
    double rows = SHARE_OF_TRAINING * training / adv_query_cost(query, model);
    size_t n = t->dataset.n_held_out < ROWS_MAX ? t->dataset.n_held_out : ROWS_MAX;
    return rows < (double)n ? (size_t)rows : n;
}

static enum adv_status gather(const struct adv_training *t, struct adv_model *model,
                              const struct adv_query *query, double *values, size_t *n,
                              struct adv_error *error)
{
    struct adv_run_options options = {.size = sizeof options, .pool = t->pool};
    const struct adv_answer *answer = NULL;
    struct adv_run *run = NULL;
    enum adv_status status = adv_run_new(model, query, &run, error);
    if (status == ADV_OK)
        status = adv_run_all(run, &options, &answer, error);
    *n = 0;
    for (size_t i = 0; status == ADV_OK && i < query->n; i++) {
        if (isfinite(answer->log_density[i]))
            values[(*n)++] = answer->log_density[i];
    }
    adv_run_free(run);
    return status;
}

/* Of rows x, labels of the query; *out stays NULL where too few of them have a log-density. */
static enum adv_status measure(const struct adv_training *t, struct adv_model *model,
                               const struct adv_query *query, json_t **out, struct adv_error *error)
{
    size_t n;
    double *values = adv_calloc(query->n, sizeof *values);
    if (!values)
        return adv_no_memory(error);
    struct adv_error inner = ADV_ERROR_INIT;
    enum adv_status status = gather(t, model, query, values, &n, &inner);
    if (status == ADV_OK && n >= ROWS_MIN) {
        *out = adv_typicality_new(n, values);
        status = *out ? ADV_OK : adv_no_memory(&inner);
    }
    free(values);
    if (status == ADV_E_NUMERIC || status == ADV_E_INVALID)
        return ADV_OK; /* the model is worth keeping all the same */
    return status == ADV_OK ? ADV_OK : adv_fail(error, status, "%s", inner.message);
}

enum adv_status adv_training_typicality(const struct adv_training *t, struct adv_model *model,
                                        json_t **out, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.rows_may_fail = true;
    query.guidance = adv_query_default_guidance(&query, model);
    if (!adv_solver_is_map(adv_query_default_solver(&query, model).solver))
        query.solver = adv_solver_spec_accurate();
    query.solver.rtol = query.solver.atol = TOLERANCE;
    size_t n = rows_within(t, &query, model);
    *out = NULL;
    if (n < ROWS_MIN)
        return ADV_OK;
    struct adv_training_rows rows = {0};
    enum adv_status status = adv_training_rows_take(t, n, &rows, error);
    if (status == ADV_OK) {
        adv_training_rows_ask(t, &rows, &query);
        status = measure(t, model, &query, out, error);
    }
    adv_training_rows_release(&rows);
    return status;
}
