/* Queries to models, as figures put them. */
#include "trainer/cli/stop.h"
#include "trainer/figure/figure.h"

#include <advect/extra/rng.h>

#include <stdlib.h>
#include <string.h>

#define GUIDANCE 2.0 /* of labelled samples: more of their class than chance gives */
#define STEPS 40     /* of rk4, over the whole way: enough for the steep edges of checkerboards */

double *adv_even_times(size_t n_frames)
{
    double *times = calloc(n_frames, sizeof *times);
    for (size_t f = 0; times && f < n_frames; f++)
        times[f] = n_frames > 1 ? (double)f / (double)(n_frames - 1) : 1;
    return times;
}

float *adv_base_points(const struct adv_easel *easel, size_t n, size_t dim)
{
    float *points = calloc(n * dim, sizeof *points);
    if (points)
        adv_rng_normal(easel->seed, ADV_STREAM_BASE, 0, n, dim, points);
    return points;
}

enum adv_status adv_easel_ask(const struct adv_easel *easel, struct adv_model *model,
                              const struct adv_query *query, struct adv_run **run,
                              const struct adv_answer **answer, struct adv_error *error)
{
    struct adv_run_options options = {
        .size = sizeof options, .pool = easel->pool, .cancelled = adv_stop_requested};
    enum adv_status status = adv_run_new(model, query, run, error);
    return status == ADV_OK ? adv_run_all(*run, &options, answer, error) : status;
}

/* Copies the answer's states to out [n_numbers]. */
static enum adv_status run(const struct adv_easel *easel, struct adv_model *model,
                           const struct adv_query *query, size_t n_numbers, float *out,
                           struct adv_error *error)
{
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    enum adv_status status = adv_easel_ask(easel, model, query, &run, &answer, error);
    if (status == ADV_OK)
        memcpy(out, answer->states, n_numbers * sizeof *out);
    adv_run_free(run);
    return status;
}

enum adv_status adv_flow_states(const struct adv_easel *easel, struct adv_model *model, size_t n,
                                const float *x0, const int32_t *labels, size_t n_frames,
                                const double *times, float **states, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    query.n = n;
    query.seed = easel->seed;
    query.points = x0;
    query.labels = labels;
    query.n_times = n_frames;
    query.times = times;
    query.solver.steps = STEPS;
    if (labels && adv_model_has_null_class(model))
        query.guidance = GUIDANCE;
    enum adv_status status = adv_solver_find("rk4", &query.solver.solver, error);
    if (status != ADV_OK)
        return status;
    size_t n_numbers = n_frames * n * adv_model_dim(model);
    float *out = calloc(n_numbers, sizeof *out);
    if (!out)
        return adv_no_memory(error);
    status = run(easel, model, &query, n_numbers, out, error);
    if (status == ADV_OK)
        *states = out;
    else
        free(out);
    return status;
}

enum adv_status adv_flow_velocity(const struct adv_easel *easel, struct adv_model *model, size_t n,
                                  const float *points, double t, float *v, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_VELOCITY);
    query.n = n;
    query.points = points;
    query.t = t;
    return run(easel, model, &query, n * adv_model_dim(model), v, error);
}
