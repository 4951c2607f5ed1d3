/* A query in execution. The start states of all rows are made when the run is created; a shard is a
 * range of rows with an integrator of its own, which exists from its first turn to its last. Rows
 * of the answer are written by the shard that owns them, so shards share nothing but what is
 * read-only; frames_ready and permille alone are read from other threads while a shard runs. */
#include <advect/pool.h>
#include <advect/rng.h>

#include "core/base/mem.h"
#include "core/query/query.h"

#include <advect/integrator.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A turn of a shard should not take much longer than this, in multiply-adds (some 10 ms of a core):
 * it is what a small request may have to wait for behind a large one. */
#define TURN_MULTIPLY_ADDS 5e8
#define SHARD_ROWS_MIN 16 /* of cheap rows, which only pay in company */
#define SHARD_ROWS_MAX 256
/* Sixteen rows may take up to this; images of a convolutional network come fewer at a time. */
#define TURN_MULTIPLY_ADDS_MAX 2.5e9

struct shard {
    size_t begin, n;
    bool started, ended;
    enum adv_status status;
    struct adv_error error;
    struct adv_integrator *integrator;
    float *x, *t, *guidance, *v, *divergence;
    float *probes;        /* [n_accumulators, dim] (Hutchinson) */
    uint64_t evaluations; /* so far */
    int32_t *label;
    size_t *rows;
    int64_t nfe;
    size_t frames_written;
    atomic_size_t frames_ready;
    atomic_int permille;
};

struct adv_run {
    struct adv_model *model;
    struct adv_query query; /* its arrays are owned by the run, as below */
    size_t dim, n_accumulators;
    int32_t *labels;             /* [n] or NULL */
    float *starts;               /* [n, dim], network units */
    double *log_det;             /* [n] of encoding the points; NULL in flow space */
    double *times;               /* of the integration */
    size_t n_times, first_frame; /* times[first_frame] is the first that the answer holds */
    struct shard *shards;
    size_t n_shards;

    struct adv_answer answer;
    float *states, *latents;
    double *log_density, *standard_error, *bits_per_dim, *divergence;
};

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

/* Data at t = 1 have to be in the transform's domain; before that, states may leave it. */
static enum adv_status encode_point(struct adv_run *run, size_t i, const float *point, float *start,
                                    struct adv_error *error)
{
    const struct adv_transform *transform = adv_model_transform(run->model);
    if (run->query.t < 1) {
        adv_transform_encode(transform, 1, point, start, &run->log_det[i]);
        return ADV_OK;
    }
    struct adv_error inner = ADV_ERROR_INIT;
    enum adv_status status =
        adv_transform_encode_checked(transform, point, start, &run->log_det[i], &inner);
    if (status != ADV_OK)
        return adv_fail_field(error, status, "points", "points[%zu]: %s", i, inner.message);
    return ADV_OK;
}

/* Point i as the state that its row starts from. Points are checked here, while they are encoded,
 * and nowhere before: there may be very many, and who accepts requests must not wait for them. */
static enum adv_status take_point(struct adv_run *run, size_t i, struct adv_error *error)
{
    const float *point = run->query.points + i * run->dim;
    float *start = run->starts + i * run->dim;
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
    run->starts = adv_calloc(values, sizeof *run->starts);
    if (!run->starts)
        return adv_no_memory(error);
    if (!q->points) {
        adv_rng_normal(q->seed, ADV_STREAM_BASE, q->first, q->n, run->dim, run->starts);
        return ADV_OK;
    }
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
    run->n_accumulators = exact ? 1 : q->probes;
}

/* From 0 through the asked times, or from 0 to 1, or from the points' time back to 0. */
static enum adv_status make_times(struct adv_run *run, struct adv_error *error)
{
    const struct adv_query *q = &run->query;
    double end = adv_model_path(run->model)->t_end;
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
        run->times[i] = fmin(run->times[i], end);
    return ADV_OK;
}

static bool has_bits(const struct adv_run *run)
{
    return adv_model_has_bits(run->model) && run->query.space == ADV_SPACE_DATA &&
           run->query.t >= 1;
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
    a->solver = q->solver;
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
    return ADV_OK;
}

static size_t shard_rows(const struct adv_run *run)
{
    size_t per_row, per_condition;
    adv_net_multiply_adds(adv_model_net(run->model), &per_row, &per_condition);
    double branches = run->query.guidance == 1 ? 1 : 2;
    double row = branches * (double)(per_row + per_condition) *
                 (1 + (double)adv_query_tangents(&run->query, run->model));
    size_t share = (run->query.n + (size_t)adv_cpu_count() - 1) / (size_t)adv_cpu_count();
    double rows =
        fmax(TURN_MULTIPLY_ADDS / row, fmin(SHARD_ROWS_MIN, TURN_MULTIPLY_ADDS_MAX / row));
    size_t most = rows < 1 ? 1 : rows > SHARD_ROWS_MAX ? SHARD_ROWS_MAX : (size_t)rows;
    size_t least = row * SHARD_ROWS_MIN > TURN_MULTIPLY_ADDS ? 1 : SHARD_ROWS_MIN;
    return share < least ? least : share < most ? share : most;
}

static enum adv_status make_shards(struct adv_run *run, struct adv_error *error)
{
    size_t rows = shard_rows(run), n = run->query.n;
    run->n_shards = (n + rows - 1) / rows;
    run->shards = adv_calloc(run->n_shards, sizeof *run->shards);
    if (!run->shards)
        return adv_no_memory(error);
    for (size_t s = 0; s < run->n_shards; s++) {
        struct shard *shard = &run->shards[s];
        shard->begin = s * rows;
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
    run->query = *query;
    run->dim = adv_model_dim(model);
    run->query.solver = adv_query_solver(query, model);
    choose_divergence(run);
    status = copy_labels(run, error);
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
    run->query.times = NULL;
    if (status == ADV_OK)
        *out = run;
    else
        adv_run_free(run);
    return status;
}

static void release_work(struct shard *shard)
{
    adv_integrator_free(shard->integrator);
    shard->integrator = NULL;
    free(shard->x);
    free(shard->t);
    free(shard->guidance);
    free(shard->v);
    free(shard->divergence);
    free(shard->probes);
    free(shard->label);
    free(shard->rows);
    shard->x = shard->t = shard->guidance = shard->v = shard->divergence = shard->probes = NULL;
    shard->label = NULL;
    shard->rows = NULL;
}

void adv_run_free(struct adv_run *run)
{
    if (!run)
        return;
    for (size_t s = 0; run->shards && s < run->n_shards; s++)
        release_work(&run->shards[s]);
    free(run->shards);
    free(run->labels);
    free(run->starts);
    free(run->log_det);
    free(run->times);
    free(run->states);
    free(run->latents);
    free(run->log_density);
    free(run->standard_error);
    free(run->bits_per_dim);
    free(run->divergence);
    adv_model_unref(run->model);
    free(run);
}

size_t adv_run_shards(const struct adv_run *run)
{
    return run->n_shards;
}

/* ---- a shard's turn ---- */

static enum adv_status start(struct adv_run *run, struct shard *shard)
{
    size_t n = shard->n, values = n * run->dim;
    shard->started = true;
    shard->x = adv_calloc(values, sizeof *shard->x);
    shard->v = adv_calloc(values, sizeof *shard->v);
    shard->t = adv_calloc(n, sizeof *shard->t);
    shard->guidance = adv_calloc(n, sizeof *shard->guidance);
    shard->divergence = adv_calloc(n, run->n_accumulators * sizeof *shard->divergence);
    shard->label = adv_calloc(n, sizeof *shard->label);
    shard->rows = adv_calloc(n, sizeof *shard->rows);
    shard->probes = adv_calloc(run->answer.probes, run->dim * sizeof *shard->probes);
    if (!shard->x || !shard->v || !shard->t || !shard->guidance || !shard->divergence ||
        !shard->label || !shard->rows || !shard->probes)
        return adv_no_memory(&shard->error);
    for (size_t i = 0; i < n; i++)
        shard->guidance[i] = (float)run->query.guidance;
    if (run->query.kind == ADV_QUERY_VELOCITY)
        return ADV_OK;
    struct adv_integration integration = {
        .n_rows = n,
        .dim = run->dim,
        .n_accumulators = run->n_accumulators,
        .solver = run->query.solver,
        .n_times = run->n_times,
        .times = run->times,
        .keep_frames = run->query.kind == ADV_QUERY_TRAJECTORIES,
    };
    return adv_integrator_new(&integration, run->starts + shard->begin * run->dim,
                              &shard->integrator, &shard->error);
}

/* The rows of a fixed-step solver are all at the same evaluation: its number says whose turn it is
 * in the seed's stream, whatever the shard. */
static void draw_probes(const struct adv_run *run, struct shard *shard)
{
    size_t n = run->answer.probes;
    if (shard->evaluations == 0 || run->query.renew_probes)
        adv_rng_rademacher(run->query.probe_seed, ADV_STREAM_PROBE, shard->evaluations * n, n,
                           run->dim, shard->probes);
    shard->evaluations++;
}

/* Velocities (and divergences) of the shard's first n rows of x, t; rows names them. */
static enum adv_status evaluate(const struct adv_run *run, struct shard *shard, size_t n,
                                struct adv_evaluator *evaluator)
{
    for (size_t i = 0; i < n; i++)
        shard->label[i] = run->labels ? run->labels[shard->begin + shard->rows[i]] : ADV_NO_LABEL;
    struct adv_points points = {
        .n = n, .x = shard->x, .t = shard->t, .label = shard->label, .guidance = shard->guidance};
    if (run->n_accumulators == 0)
        return adv_evaluator_velocity(evaluator, &points, shard->v, &shard->error);
    if (run->answer.probes == 0)
        return adv_evaluator_divergence(evaluator, &points, shard->v, shard->divergence,
                                        &shard->error);
    draw_probes(run, shard);
    return adv_evaluator_probes(evaluator, &points, run->answer.probes, shard->probes, shard->v,
                                shard->divergence, &shard->error);
}

static void decode(const struct adv_run *run, size_t n, const float *flow, float *out,
                   double *log_det)
{
    if (run->query.space == ADV_SPACE_DATA) {
        adv_transform_decode(adv_model_transform(run->model), n, flow, out, log_det);
        return;
    }
    memcpy(out, flow, n * run->dim * sizeof *out);
    memset(log_det, 0, n * sizeof *log_det);
}

/* Frames that the integrator has completed go into the answer in its units. */
static void write_frames(struct adv_run *run, struct shard *shard)
{
    size_t ready = adv_integrator_frames_ready(shard->integrator);
    ready = ready > run->first_frame ? ready - run->first_frame : 0;
    double log_det[SHARD_ROWS_MAX];
    for (; shard->frames_written < ready; shard->frames_written++) {
        size_t f = shard->frames_written;
        decode(run, shard->n, adv_integrator_frame(shard->integrator, f + run->first_frame),
               run->states + (f * run->query.n + shard->begin) * run->dim, log_det);
    }
    atomic_store_explicit(&shard->frames_ready, shard->frames_written, memory_order_release);
}

static double log_base_density(const float *x, size_t dim)
{
    double square = 0;
    for (size_t i = 0; i < dim; i++)
        square += (double)x[i] * (double)x[i];
    return -0.5 * square - 0.5 * (double)dim * log(2 * M_PI);
}

/* log p of row i of the shard from the base point x0 and the integral of the divergence: the
 * integral from 0 to t is subtracted; when the integration ran from t to 0 its sign is already
 * turned. */
static void write_log_density(struct adv_run *run, const struct shard *shard, size_t i,
                              const float *x0, double sign, double log_det)
{
    size_t row = shard->begin + i, n = run->n_accumulators;
    const double *integral = adv_integrator_accumulators(shard->integrator) + i * n;
    double mean = 0, square = 0;
    for (size_t a = 0; a < n; a++)
        mean += integral[a] / (double)n;
    for (size_t a = 0; a < n; a++)
        square += (integral[a] - mean) * (integral[a] - mean);
    run->log_density[row] = log_base_density(x0, run->dim) + sign * mean + log_det;
    if (run->standard_error)
        run->standard_error[row] = sqrt(square / ((double)n - 1) / (double)n);
    if (run->bits_per_dim)
        run->bits_per_dim[row] = adv_model_bits_per_dim(run->model, run->log_density[row]);
}

static void write_samples(struct adv_run *run, struct shard *shard)
{
    double log_det[SHARD_ROWS_MAX];
    const float *x = adv_integrator_state(shard->integrator);
    decode(run, shard->n, x, run->states + shard->begin * run->dim, log_det);
    for (size_t i = 0; run->log_density && i < shard->n; i++)
        write_log_density(run, shard, i, run->starts + (shard->begin + i) * run->dim, -1,
                          log_det[i]);
}

static void write_encoded(struct adv_run *run, struct shard *shard)
{
    const float *x0 = adv_integrator_state(shard->integrator);
    float *to = run->latents ? run->latents : run->states;
    memcpy(to + shard->begin * run->dim, x0, shard->n * run->dim * sizeof *to);
    for (size_t i = 0; run->log_density && i < shard->n; i++)
        write_log_density(run, shard, i, x0 + i * run->dim, 1,
                          run->log_det ? run->log_det[shard->begin + i] : 0);
}

static enum adv_status write_velocities(struct adv_run *run, struct shard *shard)
{
    float *to = run->states + shard->begin * run->dim;
    size_t values = shard->n * run->dim, n = run->n_accumulators;
    for (size_t i = 0; i < values; i++) {
        if (!isfinite(shard->v[i]))
            return adv_fail(&shard->error, ADV_E_NUMERIC, "row %zu: the velocity is not finite",
                            shard->begin + i / run->dim);
    }
    if (run->query.space == ADV_SPACE_DATA)
        adv_transform_decode_velocity(adv_model_transform(run->model), shard->n, shard->v, to);
    else
        memcpy(to, shard->v, values * sizeof *to);
    for (size_t i = 0; run->divergence && i < shard->n; i++) {
        for (size_t a = 0; a < n; a++)
            run->divergence[shard->begin + i] += (double)shard->divergence[i * n + a] / (double)n;
    }
    return ADV_OK;
}

static enum adv_status turn_of_velocity(struct adv_run *run, struct shard *shard,
                                        struct adv_evaluator *evaluator)
{
    double t = fmin(run->query.t, adv_model_path(run->model)->t_end);
    memcpy(shard->x, run->starts + shard->begin * run->dim, shard->n * run->dim * sizeof *shard->x);
    for (size_t i = 0; i < shard->n; i++) {
        shard->t[i] = (float)t;
        shard->rows[i] = i;
    }
    enum adv_status status = evaluate(run, shard, shard->n, evaluator);
    shard->nfe = 1;
    shard->ended = true;
    return status == ADV_OK ? write_velocities(run, shard) : status;
}

/* What the rows that ended well leave in the answer. */
static enum adv_status conclude(struct adv_run *run, struct shard *shard)
{
    shard->ended = true;
    shard->nfe = adv_integrator_nfe(shard->integrator);
    enum adv_status status = adv_integrator_check(shard->integrator, shard->begin, &shard->error);
    if (status != ADV_OK)
        return status;
    if (run->query.kind == ADV_QUERY_SAMPLES)
        write_samples(run, shard);
    else if (run->query.kind != ADV_QUERY_TRAJECTORIES)
        write_encoded(run, shard);
    return ADV_OK;
}

static enum adv_status turn_of_integration(struct adv_run *run, struct shard *shard,
                                           struct adv_evaluator *evaluator)
{
    size_t n = adv_integrator_take(shard->integrator, shard->n, shard->x, shard->t, shard->rows);
    enum adv_status status = evaluate(run, shard, n, evaluator);
    if (status != ADV_OK)
        return status;
    adv_integrator_give(shard->integrator, n, shard->rows, shard->v,
                        run->n_accumulators ? shard->divergence : NULL);
    if (run->query.kind == ADV_QUERY_TRAJECTORIES)
        write_frames(run, shard);
    atomic_store_explicit(&shard->permille,
                          (int)(1000 * adv_integrator_progress(shard->integrator)),
                          memory_order_relaxed);
    return adv_integrator_done(shard->integrator) ? conclude(run, shard) : ADV_OK;
}

bool adv_run_advance(struct adv_run *run, size_t s, struct adv_evaluator *evaluator)
{
    struct shard *shard = &run->shards[s];
    if (shard->ended)
        return true;
    if (!shard->started)
        shard->status = start(run, shard);
    if (shard->status == ADV_OK)
        shard->status = run->query.kind == ADV_QUERY_VELOCITY
                            ? turn_of_velocity(run, shard, evaluator)
                            : turn_of_integration(run, shard, evaluator);
    if (shard->status != ADV_OK)
        shard->ended = true;
    if (shard->ended)
        release_work(shard);
    return shard->ended;
}

enum adv_status adv_run_finish(struct adv_run *run, const struct adv_answer **answer,
                               struct adv_error *error)
{
    for (size_t s = 0; s < run->n_shards; s++) {
        const struct shard *shard = &run->shards[s];
        if (!shard->ended)
            adv_bug("shard %zu has not ended", s);
        if (shard->status != ADV_OK)
            return adv_fail_field(error, shard->status, shard->error.field, "%s",
                                  shard->error.message);
        if (shard->nfe > run->answer.nfe)
            run->answer.nfe = shard->nfe;
    }
    *answer = &run->answer;
    return ADV_OK;
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

/* ---- all at once ---- */

struct driver {
    struct adv_run *run;
    struct adv_pool *helpers;          /* share the layers of a run's only shard; else NULL */
    struct adv_evaluator **evaluators; /* per worker, made at its first shard */
    const volatile bool *cancel;
    void (*progress)(void *context, double share);
    void *context;
    atomic_bool out_of_memory;
};

static void report_progress(const struct driver *driver)
{
    const struct adv_run *run = driver->run;
    double sum = 0;
    for (size_t s = 0; s < run->n_shards; s++)
        sum += atomic_load_explicit(&run->shards[s].permille, memory_order_relaxed);
    driver->progress(driver->context, sum / 1000 / (double)run->n_shards);
}

static void drive_shard(void *context, size_t piece, int worker)
{
    struct driver *driver = context;
    struct adv_evaluator **evaluator = &driver->evaluators[worker];
    if (!*evaluator &&
        adv_evaluator_new(adv_model_ready_weights(driver->run->model), evaluator, NULL) != ADV_OK) {
        atomic_store(&driver->out_of_memory, true);
        return;
    }
    adv_evaluator_share(*evaluator, driver->helpers);
    while (!(driver->cancel && *driver->cancel)) {
        bool ended = adv_run_advance(driver->run, piece, *evaluator);
        if (driver->progress && worker == 0)
            report_progress(driver);
        if (ended)
            return;
    }
}

enum adv_status adv_run_all(struct adv_run *run, struct adv_pool *pool, const volatile bool *cancel,
                            void (*progress)(void *context, double share), void *context,
                            const struct adv_answer **answer, struct adv_error *error)
{
    size_t workers = (size_t)adv_pool_threads(pool);
    struct driver driver = {.run = run, .cancel = cancel, .progress = progress, .context = context};
    atomic_init(&driver.out_of_memory, false);
    if (run->n_shards == 1)
        driver.helpers = pool; /* which has nothing else to do */
    driver.evaluators = adv_calloc(workers, sizeof(struct adv_evaluator *));
    if (!driver.evaluators)
        return adv_no_memory(error);
    adv_pool_run(pool, run->n_shards, drive_shard, &driver);
    for (size_t w = 0; w < workers; w++)
        adv_evaluator_free(driver.evaluators[w]);
    free(driver.evaluators);
    if (cancel && *cancel)
        return adv_fail(error, ADV_E_CANCELLED, "stopped before the end");
    if (atomic_load(&driver.out_of_memory))
        return adv_no_memory(error);
    return adv_run_finish(run, answer, error);
}
