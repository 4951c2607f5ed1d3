/* Scores: gradients of log p_t, by the relation of the path between score and velocity, or by central
 * differences of log-densities.
 *
 * A difference integrates 2 dim points for each row, y + h e_k and y - h e_k in flow units, as draws
 * of that row. The coarse shards, which measure the error, take twice the step. The step is a
 * compromise (docs/adr/0027-scores.md): densities of boards rise within 0.02, and in float32 a
 * log-density is off by some 1e-6. */
#include "core/query/run.h"

#include "core/base/mem.h"

#include <advect/extra/model_parts.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP 0.005f

/* ---------------------------------------------------------------- checks */

static enum adv_status check_path(const struct adv_query *query, const struct adv_model *model,
                                  struct adv_error *error)
{
    static const char instead[] = "ask for the method difference";
    double t = query->t;
    if ((float)t >= 1 || (float)t > (float)adv_path_clamp(adv_model_path(model), 1))
        return adv_fail_field(error, ADV_E_INVALID, "t",
                              "t is %.9g; where the path ends, at %g, its velocity tells no score: "
                              "take an earlier t, or %s",
                              t, adv_path_clamp(adv_model_path(model), 1), instead);
    if (adv_model_is_coupled(model))
        return adv_fail_field(error, ADV_E_INVALID, "method",
                              "method is path; the model was trained with the coupling "
                              "optimal_transport, where the velocity tells no score: %s",
                              instead);
    if (adv_model_net(model)->traits.circles.n > 0)
        return adv_fail_field(error, ADV_E_INVALID, "method",
                              "method is path; the model has periodic columns, whose base is not "
                              "Gaussian: %s",
                              instead);
    return ADV_OK;
}

enum adv_status adv_query_check_score(const struct adv_query *query, const struct adv_model *model,
                                      struct adv_error *error)
{
    size_t dim = adv_model_dim(model);
    if (query->kind != ADV_QUERY_SCORE)
        return ADV_OK;
    if (query->score_method == ADV_SCORE_PATH)
        return check_path(query, model, error);
    if (dim > ADV_SCORE_DIM_MAX)
        return adv_fail_field(error, ADV_E_INVALID, "method",
                              "method is difference; it takes %zu log-densities for each of the "
                              "model's %zu dimensions and is limited to %d: use path, at t < 1",
                              (size_t)2, dim, ADV_SCORE_DIM_MAX);
    return ADV_OK;
}

/* ---------------------------------------------------------------- of the path */

/* A number of the score at a flow value, in the units of the answer. */
static double in_units(const struct adv_run *run, size_t column, float flow, double score)
{
    if (run->query.space == ADV_SPACE_FLOW)
        return score;
    return adv_transform_decode_score(adv_model_transform(run->model), column, (double)flow, score);
}

void adv_run_write_path_scores(struct adv_run *run, struct adv_shard *shard)
{
    size_t dim = run->dim;
    float *to = run->states + shard->begin * dim;
    adv_path_score(adv_model_path(run->model), shard->n, dim, shard->t, shard->x, shard->v, to);
    for (size_t i = 0; i < shard->n * dim; i++)
        to[i] = (float)in_units(run, i % dim, shard->x[i], (double)to[i]);
}

/* ---------------------------------------------------------------- differences */

static float step_of(const struct adv_shard *shard)
{
    return shard->coarse ? 2 * STEP : STEP;
}

bool adv_shard_make_stencil(const struct adv_run *run, struct adv_shard *shard)
{
    size_t dim = run->dim, n = shard->n * run->draws;
    const float step = step_of(shard);
    shard->starts = shard->own_starts = adv_calloc(n, dim * sizeof *shard->own_starts);
    if (!shard->starts)
        return false;
    for (size_t r = 0; r < n; r++) {
        size_t draw = r % run->draws;
        float *start = shard->starts + r * dim;
        memcpy(start, run->starts + (shard->begin + r / run->draws) * dim, dim * sizeof *start);
        start[draw / 2] += draw % 2 ? -step : step;
    }
    return true;
}

/* How far row i's points along y_k are apart, as rounded to float32. */
static double width_of(const struct adv_run *run, const struct adv_shard *shard, size_t i, size_t k)
{
    size_t plus = i * run->draws + 2 * k, minus = plus + 1;
    return (double)shard->starts[plus * run->dim + k] - (double)shard->starts[minus * run->dim + k];
}

const char *adv_shard_stencil_failure(const struct adv_run *run, const struct adv_shard *shard,
                                      size_t i)
{
    double step = (double)step_of(shard);
    for (size_t k = 0; k < run->dim; k++) {
        if (!(fabs(width_of(run, shard, i, k) - 2 * step) <= step / 2))
            return "the point is too far out for differences";
    }
    return NULL;
}

/* d log p / d y_k of row i. */
static double difference(const struct adv_run *run, const struct adv_shard *shard, size_t i,
                         size_t k)
{
    size_t plus = i * run->draws + 2 * k, minus = plus + 1;
    return (adv_shard_log_density(run, shard, plus) - adv_shard_log_density(run, shard, minus)) /
           width_of(run, shard, i, k);
}

double adv_run_score_unit(const struct adv_run *run, size_t i, size_t k)
{
    float flow = run->starts[i * run->dim + k];
    return in_units(run, k, flow, 1) - in_units(run, k, flow, 0);
}

void adv_run_write_differences(struct adv_run *run, struct adv_shard *shard)
{
    float *all = shard->coarse ? run->errors.coarse_score : run->states;
    for (size_t i = 0; i < shard->n; i++) {
        size_t row = shard->begin + i;
        const float *flow = run->starts + row * run->dim;
        const char *failure = adv_shard_failure(run, shard, i);
        for (size_t k = 0; k < run->dim; k++)
            all[row * run->dim + k] =
                failure ? NAN : (float)in_units(run, k, flow[k], difference(run, shard, i, k));
        if (run->failures && !shard->coarse)
            run->failures[row] = failure;
    }
}
