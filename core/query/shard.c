/* A shard's turns: the points at which its rows need velocities, the velocities,
 * and what follows from them. Memory for turns is there from the first to the
 * last only, since a large run has very many shards. */
#include "core/base/mem.h"
#include "core/query/run.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/rng.h>
#include <advect/extra/run_shards.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER_MAX ((size_t)64)

void adv_shard_release(struct adv_shard *shard)
{
    adv_integrator_free(shard->integrator);
    shard->integrator = NULL;
    free(shard->x);
    free(shard->t);
    free(shard->s);
    free(shard->jacobian);
    free(shard->guidance);
    free(shard->v);
    free(shard->divergence);
    free(shard->probes);
    free(shard->label);
    free(shard->context);
    free(shard->rows);
    free(shard->own_starts);
    free(shard->log_det);
    shard->x = shard->t = shard->guidance = shard->v = shard->divergence = shard->probes = NULL;
    shard->starts = shard->own_starts = shard->s = shard->jacobian = NULL;
    shard->log_det = NULL;
    shard->label = NULL;
    shard->context = NULL;
    shard->rows = NULL;
}

/* Several draws of each of the shard's points, encoded: they were checked when the run was made. */
static bool encode_draws(const struct adv_run *run, struct adv_shard *shard)
{
    size_t n = shard->n * run->draws, dim = run->dim;
    const struct adv_transform *transform = adv_model_transform(run->model);
    shard->starts = shard->own_starts = adv_calloc(n, dim * sizeof *shard->own_starts);
    shard->log_det = adv_calloc(n, sizeof *shard->log_det);
    if (!shard->own_starts || !shard->log_det)
        return false;
    for (size_t r = 0; r < n; r++)
        adv_transform_encode_draw(transform, r % run->draws,
                                  run->whole + (shard->begin + r / run->draws) * dim,
                                  shard->starts + r * dim, shard->log_det + r, NULL);
    return true;
}

/* Where the shard's rows start. The shard that owns them draws them into the run; the coarse one
 * draws the same into memory of its own. */
static bool find_starts(struct adv_run *run, struct adv_shard *shard)
{
    size_t n = shard->n, dim = run->dim;
    if (run->averages_draws)
        return encode_draws(run, shard);
    if (adv_query_is_difference(&run->query))
        return adv_shard_make_stencil(run, shard);
    shard->starts = run->starts + shard->begin * dim;
    if (!run->starts_are_drawn)
        return true;
    if (shard->coarse)
        shard->starts = shard->own_starts = adv_calloc(n * dim, sizeof *shard->own_starts);
    if (!shard->starts)
        return false;
    adv_rng_normal(run->query.seed, ADV_STREAM_BASE, run->query.first + shard->begin, n, dim,
                   shard->starts);
    adv_circles_draw(run->circles, n, dim, shard->starts);
    return true;
}

static double length_of(const struct adv_run *run)
{
    return fabs(run->times[run->n_times - 1] - run->times[0]);
}

/* What steps of a flow map need beyond those of an integration. */
static bool make_room_for_map(const struct adv_run *run, struct adv_shard *shard)
{
    size_t n = shard->n * run->draws, square = run->dim * run->dim;
    if (!run->is_map)
        return true;
    shard->s = adv_calloc(n, sizeof *shard->s);
    if (run->n_accumulators > 0)
        shard->jacobian = adv_calloc(n, square * sizeof *shard->jacobian);
    return shard->s && (run->n_accumulators == 0 || shard->jacobian);
}

static enum adv_status start(struct adv_run *run, struct adv_shard *shard)
{
    size_t n = shard->n * run->draws, values = n * run->dim;
    shard->started = true;
    shard->x = adv_calloc(values, sizeof *shard->x);
    shard->v = adv_calloc(values, sizeof *shard->v);
    shard->t = adv_calloc(n, sizeof *shard->t);
    shard->guidance = adv_calloc(n, sizeof *shard->guidance);
    shard->divergence = adv_calloc(n, run->n_accumulators * sizeof *shard->divergence);
    shard->label = adv_calloc(n, sizeof *shard->label);
    shard->rows = adv_calloc(n, sizeof *shard->rows);
    if (run->contexts && !(shard->context = adv_calloc(n, sizeof *shard->context)))
        return adv_no_memory(&shard->error);
    shard->probes = adv_calloc(run->answer.probes, values * sizeof *shard->probes);
    if (!shard->x || !shard->v || !shard->t || !shard->guidance || !shard->divergence ||
        !shard->label || !shard->rows || !shard->probes || !find_starts(run, shard) ||
        !make_room_for_map(run, shard))
        return adv_no_memory(&shard->error);
    for (size_t i = 0; i < n; i++)
        shard->guidance[i] =
            adv_query_branches(&run->query, run->model) == 1 ? 1 : (float)run->query.guidance;
    if (adv_query_is_pointwise(&run->query))
        return ADV_OK;
    struct adv_integration integration = {
        .n_rows = n,
        .dim = run->dim,
        .n_accumulators = run->n_accumulators,
        .solver = run->query.solver,
        .n_times = run->n_times,
        .times = run->times,
        .keep_frames = run->query.kind == ADV_QUERY_TRAJECTORIES,
        .noise = adv_run_noise(run, shard),
    };
    if (shard->coarse)
        integration.solver = adv_coarse_solver(&run->query.solver, length_of(run));
    return adv_integrator_new(&integration, shard->starts, &shard->integrator, &shard->error);
}

static void take_points(const struct adv_run *run, struct adv_shard *shard)
{
    double t = adv_path_clamp(adv_model_path(run->model), run->query.t);
    memcpy(shard->x, run->starts + shard->begin * run->dim, shard->n * run->dim * sizeof *shard->x);
    for (size_t i = 0; i < shard->n; i++) {
        shard->t[i] = (float)t;
        shard->rows[i] = i;
    }
    shard->n_due = shard->n;
}

static void take_due(const struct adv_run *run, struct adv_shard *shard)
{
    if (adv_query_is_pointwise(&run->query))
        take_points(run, shard);
    else
        shard->n_due = adv_integrator_take(shard->integrator, shard->n * run->draws, shard->x,
                                           shard->t, shard->rows);
    if (run->is_map)
        adv_integrator_ends(shard->integrator, shard->n_due, shard->rows, shard->s);
}

static enum adv_status give_velocities(struct adv_run *run, struct adv_shard *shard)
{
    shard->nfe = 1;
    shard->ended = true;
    atomic_store_explicit(&shard->permille, 1000, memory_order_relaxed);
    return adv_run_write_velocities(run, shard);
}

/* Whether all rows ended well; of several draws the row is named, not the draw. */
static enum adv_status check_rows(const struct adv_run *run, struct adv_shard *shard)
{
    if (run->draws == 1)
        return adv_integrator_check(shard->integrator, shard->begin, &shard->error);
    for (size_t i = 0; i < shard->n; i++) {
        const char *reason = adv_shard_failure(run, shard, i);
        if (reason)
            return adv_fail(&shard->error, ADV_E_NUMERIC, "row %zu: %s", shard->begin + i, reason);
    }
    return ADV_OK;
}

/* What the rows that ended well leave in the answer. */
static enum adv_status conclude(struct adv_run *run, struct adv_shard *shard)
{
    shard->ended = true;
    atomic_store_explicit(&shard->permille, 1000, memory_order_relaxed);
    bool difference = adv_query_is_difference(&run->query);
    shard->nfe = adv_integrator_nfe(shard->integrator);
    if (shard->coarse) {
        (difference ? adv_run_write_differences : adv_run_write_coarse)(run, shard);
        return ADV_OK;
    }
    enum adv_status status = check_rows(run, shard);
    if (status != ADV_OK && !run->failures)
        return status;
    if (difference)
        adv_run_write_differences(run, shard);
    else if (run->query.kind == ADV_QUERY_SAMPLES)
        adv_run_write_samples(run, shard);
    else if (run->query.kind != ADV_QUERY_TRAJECTORIES)
        adv_run_write_encoded(run, shard);
    return ADV_OK;
}

static enum adv_status give_to_integrator(struct adv_run *run, struct adv_shard *shard)
{
    adv_shard_add_drift(run, shard);
    adv_integrator_give(shard->integrator, shard->n_due, shard->rows, shard->v,
                        run->n_accumulators ? shard->divergence : NULL);
    if (run->query.kind == ADV_QUERY_TRAJECTORIES)
        adv_run_write_frames(run, shard);
    atomic_store_explicit(&shard->permille,
                          (int)(1000 * adv_integrator_progress(shard->integrator)),
                          memory_order_relaxed);
    return adv_integrator_done(shard->integrator) ? conclude(run, shard) : ADV_OK;
}

static bool has_tangents(const struct adv_run *run)
{
    return run->n_accumulators > 0;
}

/* Sees to it that the shard has a portion to be evaluated, and evaluates one with tangents. */
static void begin_turn(struct adv_run *run, struct adv_shard *shard,
                       struct adv_evaluator *evaluator)
{
    if (!shard->started)
        shard->status = start(run, shard);
    if (shard->status != ADV_OK)
        return;
    if (shard->n_due == 0)
        take_due(run, shard);
    adv_shard_begin_portion(run, shard);
    if (has_tangents(run))
        shard->status = adv_shard_push_tangents(run, shard, evaluator);
}

static void end_turn(struct adv_run *run, struct adv_shard *shard)
{
    if (shard->status == ADV_OK && adv_shard_end_portion(run, shard)) {
        shard->status = adv_query_is_pointwise(&run->query) ? give_velocities(run, shard)
                                                            : give_to_integrator(run, shard);
        shard->n_due = 0;
    }
    if (shard->status != ADV_OK)
        shard->ended = true;
    if (shard->ended)
        adv_shard_release(shard);
}

/* One turn of at most TOGETHER_MAX shards. */
static void advance_together(size_t n, struct adv_run_shard *turns, struct adv_evaluator *evaluator)
{
    struct adv_batch batches[TOGETHER_MAX];
    struct adv_error *error = NULL; /* of the first of those evaluated together */
    size_t n_batches = 0;
    for (size_t i = 0; i < n; i++) {
        struct adv_run *run = turns[i].run;
        struct adv_shard *shard = &run->shards[turns[i].shard];
        turns[i].ended = shard->ended;
        if (shard->ended)
            continue;
        begin_turn(run, shard, evaluator);
        if (shard->status != ADV_OK || has_tangents(run))
            continue;
        batches[n_batches++] = adv_shard_batch(run, shard);
        error = error ? error : &shard->error;
    }
    enum adv_status status = ADV_OK;
    if (n_batches > 0)
        status = adv_evaluator_velocities(evaluator, n_batches, batches, error);
    for (size_t i = 0; i < n; i++) {
        struct adv_run *run = turns[i].run;
        struct adv_shard *shard = &run->shards[turns[i].shard];
        if (turns[i].ended)
            continue;
        if (status != ADV_OK && shard->status == ADV_OK && !has_tangents(run)) {
            shard->status = status;
            shard->error = *error;
        }
        end_turn(run, shard);
        turns[i].ended = shard->ended;
    }
}

void adv_runs_advance(size_t n, struct adv_run_shard *turns, struct adv_evaluator *evaluator)
{
    for (size_t i = 0; i < n; i += TOGETHER_MAX)
        advance_together(n - i < TOGETHER_MAX ? n - i : TOGETHER_MAX, turns + i, evaluator);
}

bool adv_run_advance(struct adv_run *run, size_t s, struct adv_evaluator *evaluator)
{
    struct adv_run_shard turn = {.run = run, .shard = s};
    advance_together(1, &turn, evaluator);
    return turn.ended;
}
