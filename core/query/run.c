/* Makes a run: everything that a query asks for is copied, checked and given
 * its memory here, so that turns have only to compute; and finishes it. */
#include "core/query/run.h"

#include "core/base/mem.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/rng.h>
#include <advect/extra/run_shards.h>
#include <advect/extra/tails.h>
#include <advect/pool.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_ROWS_MIN 16 /* of cheap rows: fewer do not amortise a turn */
/* Sixteen rows may take up to this; images of a convolutional network come fewer at a time. */
#define SHARD_MULTIPLY_ADDS_MAX 2.5e9

/* ---- making a run ---- */

static bool from_base(const struct adv_run *run)
{
    return adv_query_from_base(run->query.kind);
}

/* Asked-for labels, or sample i's class (first + i) mod classes, or none. */
static enum adv_status copy_labels(struct adv_run *run, struct adv_error *error)
{
    const struct adv_query *q = &run->query;
    size_t classes = adv_model_classes(run->model);
    if (classes == 0)
        return ADV_OK;
    run->labels = adv_calloc(q->n, sizeof *run->labels);
    if (!run->labels)
        return adv_no_memory(error);
    for (size_t i = 0; i < q->n; i++)
        run->labels[i] = q->labels        ? q->labels[i]
                         : from_base(run) ? (int32_t)((q->first + i) % classes)
                                          : ADV_NO_LABEL;
    return ADV_OK;
}

static enum adv_status check_context(const float *context, size_t row, size_t n,
                                     struct adv_error *error)
{
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(context[k]))
            return adv_fail_field(error, ADV_E_INVALID, "context",
                                  "context[%zu][%zu] is %g; it must be a finite number", row, k,
                                  (double)context[k]);
    }
    return ADV_OK;
}

/* Beyond what the training had a network may return anything, overflow included: a context is taken
 * for the farthest of its numbers' values that the network knows. */
static void hold_within(double reach, size_t n, float *encoded)
{
    for (size_t k = 0; isfinite(reach) && k < n; k++)
        encoded[k] = fminf(fmaxf(encoded[k], -(float)reach), (float)reach);
}

static enum adv_status encode_contexts(struct adv_run *run, struct adv_error *error)
{
    size_t n = adv_model_context(run->model);
    const struct adv_transform *transform = adv_model_context_transform(run->model);
    for (size_t i = 0; i < run->query.n_contexts; i++) {
        float *encoded = run->encoded_contexts + i * n;
        struct adv_error inner = ADV_ERROR_INIT;
        enum adv_status status = check_context(run->contexts + i * n, i, n, error);
        if (status != ADV_OK)
            return status;
        status =
            adv_transform_encode_checked(transform, run->contexts + i * n, encoded, NULL, &inner);
        if (status != ADV_OK)
            return adv_fail_field(error, status, "context", "context[%zu]: %s", i, inner.message);
        run->context_distance[i] = adv_largest_deviation(n, encoded);
        hold_within(adv_model_context_reach(run->model), n, encoded);
    }
    return ADV_OK;
}

static enum adv_status copy_contexts(struct adv_run *run, struct adv_error *error)
{
    const struct adv_query *q = &run->query;
    size_t values;
    if (!q->context)
        return ADV_OK;
    if (!adv_mul_size(q->n_contexts, adv_model_context(run->model), &values))
        return adv_no_memory(error);
    run->contexts = adv_calloc(values, sizeof *run->contexts);
    run->encoded_contexts = adv_calloc(values, sizeof *run->encoded_contexts);
    run->context_distance = adv_calloc(q->n_contexts, sizeof *run->context_distance);
    if (!run->contexts || !run->encoded_contexts || !run->context_distance)
        return adv_no_memory(error);
    memcpy(run->contexts, q->context, values * sizeof *run->contexts);
    return encode_contexts(run, error);
}

/* Data at t = 1 have to be in the transform's domain; before that, states may leave it. Of several
 * draws the point is only checked here: each shard encodes its own, which takes so many times as
 * long. */
static enum adv_status encode_point(struct adv_run *run, size_t i, const float *point, float *start,
                                    struct adv_error *error)
{
    const struct adv_transform *transform = adv_model_transform(run->model);
    if (run->query.t < 1) {
        adv_transform_encode(transform, 1, point, start, run->log_det + i);
        return ADV_OK;
    }
    struct adv_error inner = ADV_ERROR_INIT;
    enum adv_status status = ADV_OK;
    if (!run->averages_draws) {
        status = adv_transform_encode_checked(transform, point, start, run->log_det + i, &inner);
    } else {
        status = adv_transform_check(transform, point, &inner);
        memcpy(start, point, run->dim * sizeof *start);
    }
    if (status != ADV_OK)
        return adv_fail_field(error, status, "points", "points[%zu]: %s", i, inner.message);
    return ADV_OK;
}

/* Point i as the state that its row starts from. Points are checked here, while they are encoded,
 * and nowhere before: there may be very many, and who accepts requests must not wait for them. */
static enum adv_status take_point(struct adv_run *run, size_t i, struct adv_error *error)
{
    const float *point = run->query.points + i * run->dim;
    float *start = (run->averages_draws ? run->whole : run->starts) + i * run->dim;
    const char *field = from_base(run) ? "x0" : "points";
    for (size_t k = 0; k < run->dim; k++) {
        if (!isfinite(point[k]))
            return adv_fail_field(error, ADV_E_INVALID, field,
                                  "%s[%zu][%zu] is %g; it must be a finite number", field, i, k,
                                  (double)point[k]);
    }
    if (run->log_det)
        return encode_point(run, i, point, start, error);
    memcpy(start, point, run->dim * sizeof *start);
    return ADV_OK;
}

static enum adv_status make_starts(struct adv_run *run, struct adv_error *error)
{
    const struct adv_query *q = &run->query;
    size_t values;
    if (!adv_mul_size(q->n, run->dim, &values))
        return adv_no_memory(error);
    float **starts = run->averages_draws ? &run->whole : &run->starts;
    *starts = adv_calloc(values, sizeof **starts);
    if (!*starts)
        return adv_no_memory(error);
    run->starts_are_drawn = !q->points;
    if (run->starts_are_drawn) /* by each shard, when it starts: very many would take long */
        return ADV_OK;
    bool in_data_units = !from_base(run) && q->space == ADV_SPACE_DATA;
    if (in_data_units && !(run->log_det = adv_calloc(q->n, sizeof *run->log_det)))
        return adv_no_memory(error);
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < q->n && status == ADV_OK; i++)
        status = take_point(run, i, error);
    return status;
}

static void choose_divergence(struct adv_run *run)
{
    const struct adv_query *q = &run->query;
    if (!adv_query_needs_divergence(q))
        return;
    run->answer.divergence_method = adv_query_divergence(q, run->model);
    bool exact = run->answer.divergence_method == ADV_DIVERGENCE_EXACT;
    run->answer.probes = exact ? 0 : q->probes;
    run->answer.renew_probes = adv_query_renews_probes(q, run->model);
    run->n_accumulators = exact ? 1 : q->probes;
    if (!exact && q->probes > 1 && q->kind != ADV_QUERY_VELOCITY)
        run->answer.interval_factor = adv_student_quantile(0.975, q->probes - 1);
}

/* From 0 through the asked times, or from 0 to 1, or from the points' time back to 0. */
static enum adv_status make_times(struct adv_run *run, struct adv_error *error)
{
    const struct adv_query *q = &run->query;
    const struct adv_path *path = adv_model_path(run->model);
    bool trajectories = q->kind == ADV_QUERY_TRAJECTORIES;
    run->times = adv_calloc((trajectories ? q->n_times : 2) + 1, sizeof *run->times);
    if (!run->times)
        return adv_no_memory(error);
    run->first_frame = trajectories && q->times[0] > 0;
    if (trajectories) {
        memcpy(run->times + run->first_frame, q->times, q->n_times * sizeof *q->times);
        run->n_times = q->n_times + run->first_frame;
    } else {
        run->times[0] = from_base(run) ? 0 : q->t;
        run->times[1] = from_base(run) ? 1 : 0;
        run->n_times = 2;
    }
    for (size_t i = 0; i < run->n_times; i++)
        run->times[i] = adv_path_clamp(path, run->times[i]);
    return ADV_OK;
}

static bool has_bits(const struct adv_run *run)
{
    return adv_model_has_bits(run->model) && run->query.space == ADV_SPACE_DATA &&
           run->query.t >= 1;
}

static bool has_typicality(const struct adv_run *run)
{
    const struct adv_query *q = &run->query;
    /* As the held-out rows were measured: given a context, and averaged over cells. */
    bool given = adv_model_context(run->model) == 0 || run->contexts;
    bool averaged =
        run->averages_draws || adv_transform_draws(adv_model_transform(run->model)) == 1;
    return given && averaged && adv_model_has_typicality(run->model) &&
           q->space == ADV_SPACE_DATA && q->t >= 1 && adv_query_branches(q, run->model) == 1;
}

static enum adv_status make_answer(struct adv_run *run, struct adv_error *error)
{
    const struct adv_query *q = &run->query;
    struct adv_answer *a = &run->answer;
    bool density = q->kind == ADV_QUERY_LOG_DENSITY;
    bool log_density = density || (q->kind == ADV_QUERY_SAMPLES && q->log_density);
    size_t values = q->n * run->dim;
    a->n = q->n;
    a->dim = run->dim;
    a->n_frames = q->kind == ADV_QUERY_TRAJECTORIES ? q->n_times : 1;
    a->labels = run->labels;
    a->n_contexts = run->contexts ? q->n_contexts : 0;
    a->context = run->contexts;
    a->context_distance = run->context_distance;
    a->solver = q->solver;
    a->noise = adv_query_is_stochastic(q) ? q->noise : 0;
    a->times = q->kind == ADV_QUERY_TRAJECTORIES ? run->times + run->first_frame : NULL;
    if (!density && !(a->states = run->states = adv_calloc(values, a->n_frames * sizeof(float))))
        return adv_no_memory(error);
    if (density && !(a->latents = run->latents = adv_calloc(values, sizeof(float))))
        return adv_no_memory(error);
    if (log_density && !(a->log_density = run->log_density = adv_calloc(q->n, sizeof(double))))
        return adv_no_memory(error);
    if (log_density && a->probes > 1 &&
        !(a->standard_error = run->standard_error = adv_calloc(q->n, sizeof(double))))
        return adv_no_memory(error);
    if (log_density && has_bits(run) &&
        !(a->bits_per_dim = run->bits_per_dim = adv_calloc(q->n, sizeof(double))))
        return adv_no_memory(error);
    if (q->kind == ADV_QUERY_VELOCITY && q->divergence &&
        !(a->divergence = run->divergence = adv_calloc(q->n, sizeof(double))))
        return adv_no_memory(error);
    if (q->rows_may_fail &&
        (density || q->kind == ADV_QUERY_LATENTS || adv_query_is_difference(q)) &&
        !(run->failures = adv_calloc(q->n, sizeof *run->failures)))
        return adv_no_memory(error);
    if (log_density && has_typicality(run) &&
        !(a->typicality = run->typicality = adv_calloc(q->n, sizeof(double))))
        return adv_no_memory(error);
    if ((density || q->kind == ADV_QUERY_LATENTS) &&
        !(run->extrapolated = adv_calloc(q->n, sizeof(bool))))
        return adv_no_memory(error);
    if (density && run->is_map && q->t >= 1) /* what was measured: encoded data */
        a->flow_map_error = adv_model_flow_map_error(run->model, q->solver.steps);
    return adv_run_errors_init(run, error);
}

static size_t shard_rows(const struct adv_query *query, const struct adv_model *model)
{
    if (query->n == 1) /* often, and asking for the processors takes system calls */
        return 1;
    size_t draws = adv_query_draws(query, model);
    double row = adv_query_pass_cost(query, model) *
                 (1 + (double)adv_query_tangents(query, model)) * (double)draws;
    size_t cpus = (size_t)adv_cpu_count(), share = (query->n + cpus - 1) / cpus;
    double rows =
        fmax(ADV_PORTION_MULTIPLY_ADDS / row, fmin(SHARD_ROWS_MIN, SHARD_MULTIPLY_ADDS_MAX / row));
    size_t limit = ADV_SHARD_ROWS_MAX / draws;
    size_t most = rows < 1 ? 1 : rows > (double)limit ? limit : (size_t)rows;
    size_t least = row * SHARD_ROWS_MIN > ADV_PORTION_MULTIPLY_ADDS ? 1 : SHARD_ROWS_MIN;
    size_t wanted = share < least ? least : share < most ? share : most;
    size_t n = wanted < limit ? wanted : limit;
    return n > 0 ? n : 1;
}

size_t adv_query_shards(const struct adv_query *query, const struct adv_model *model)
{
    size_t rows = shard_rows(query, model), once = (query->n + rows - 1) / rows;
    return adv_query_has_errors(query) ? 2 * once : once;
}

static enum adv_status make_shards(struct adv_run *run, struct adv_error *error)
{
    size_t rows = shard_rows(&run->query, run->model), n = run->query.n;
    size_t once = (n + rows - 1) / rows;
    run->n_shards = adv_query_shards(&run->query, run->model);
    run->shards = adv_calloc(run->n_shards, sizeof *run->shards);
    if (!run->shards)
        return adv_no_memory(error);
    for (size_t s = 0; s < run->n_shards; s++) {
        struct adv_shard *shard = &run->shards[s];
        shard->coarse = s >= once;
        shard->begin = (shard->coarse ? s - once : s) * rows;
        shard->n = n - shard->begin < rows ? n - shard->begin : rows;
        atomic_init(&shard->frames_ready, 0);
        atomic_init(&shard->permille, 0);
    }
    return ADV_OK;
}

enum adv_status adv_run_new(struct adv_model *model, const struct adv_query *query,
                            struct adv_run **out, struct adv_error *error)
{
    enum adv_status status = adv_query_check(query, model, error);
    if (status != ADV_OK)
        return status;
    struct adv_run *run = adv_calloc(1, sizeof *run);
    if (!run)
        return adv_no_memory(error);
    run->model = adv_model_ref(model);
    run->dim = adv_model_dim(model);
    run->circles = &adv_model_net(model)->traits.circles;
    adv_query_take(&run->query, query, NULL);
    run->query.solver = adv_query_solver(&run->query, model);
    run->draws = adv_query_draws(&run->query, model);
    run->averages_draws = run->draws > 1 && !adv_query_is_difference(&run->query);
    run->pass_cost = adv_query_pass_cost(&run->query, model);
    run->is_map =
        adv_solver_is_map(run->query.solver.solver) && !adv_query_is_pointwise(&run->query);
    choose_divergence(run);
    status = copy_labels(run, error);
    if (status == ADV_OK)
        status = copy_contexts(run, error);
    if (status == ADV_OK)
        status = make_starts(run, error);
    if (status == ADV_OK)
        status = make_times(run, error);
    if (status == ADV_OK)
        status = make_answer(run, error);
    if (status == ADV_OK)
        status = make_shards(run, error);
    run->query.points = NULL;
    run->query.labels = NULL;
    run->query.context = NULL;
    run->query.times = NULL;
    if (status == ADV_OK)
        *out = run;
    else
        adv_run_free(run);
    return status;
}

void adv_run_free(struct adv_run *run)
{
    if (!run)
        return;
    for (size_t s = 0; run->shards && s < run->n_shards; s++)
        adv_shard_release(&run->shards[s]);
    free(run->shards);
    free(run->labels);
    free(run->contexts);
    free(run->encoded_contexts);
    free(run->context_distance);
    free(run->starts);
    free(run->whole);
    free(run->log_det);
    free(run->times);
    free(run->states);
    free(run->latents);
    free(run->log_density);
    free(run->standard_error);
    free(run->bits_per_dim);
    free(run->divergence);
    free(run->typicality);
    free(run->extrapolated);
    free(run->failures);
    adv_run_errors_release(&run->errors);
    adv_model_unref(run->model);
    free(run);
}

size_t adv_run_shards(const struct adv_run *run)
{
    return run->n_shards;
}

struct adv_run_work adv_run_work(const struct adv_run *run, size_t shard)
{
    return run->shards[shard].work;
}

/* ---- the end ---- */

/* Tells of the rows that failed; if that is all of them the query has. */
static enum adv_status look_at_failures(struct adv_run *run, struct adv_error *error)
{
    size_t n_failed = 0;
    for (size_t i = 0; run->failures && i < run->query.n; i++)
        n_failed += run->failures[i] != NULL;
    if (n_failed == 0)
        return ADV_OK;
    run->answer.failures = run->failures;
    if (n_failed < run->query.n)
        return ADV_OK;
    return adv_fail(error, ADV_E_NUMERIC, "%s", run->shards[0].error.message);
}

enum adv_status adv_run_finish(struct adv_run *run, const struct adv_answer **answer,
                               struct adv_error *error)
{
    for (size_t s = 0; s < run->n_shards; s++) {
        const struct adv_shard *shard = &run->shards[s];
        if (!shard->ended)
            adv_bug("shard %zu has not ended", s);
        if (shard->status != ADV_OK)
            return adv_fail_field(error, shard->status, shard->error.field, "%s",
                                  shard->error.message);
        if (!shard->coarse && shard->nfe > run->answer.nfe)
            run->answer.nfe = shard->nfe;
    }
    if (!run->is_finished)
        adv_run_errors_finish(run);
    run->is_finished = true;
    for (size_t i = 0; run->extrapolated && i < run->query.n; i++) {
        if (run->extrapolated[i])
            run->answer.extrapolated = run->extrapolated;
    }
    enum adv_status status = look_at_failures(run, error);
    if (status == ADV_OK)
        *answer = &run->answer;
    return status;
}

size_t adv_run_frames_ready(struct adv_run *run)
{
    size_t ready = run->answer.n_frames;
    for (size_t s = 0; s < run->n_shards; s++) {
        size_t shard_ready =
            atomic_load_explicit(&run->shards[s].frames_ready, memory_order_acquire);
        ready = shard_ready < ready ? shard_ready : ready;
    }
    return ready;
}

void adv_run_copy_frame(struct adv_run *run, size_t f, float *out)
{
    size_t values = run->query.n * run->dim;
    memcpy(out, run->states + f * values, values * sizeof *out);
}
