/* advect bench: how fast a model is evaluated or trained here, one JSON line per run. */
#include "trainer/bench/ops_table.h"
#include "trainer/bench/peak.h"
#include "trainer/cli/environment.h"
#include "trainer/cli/options.h"
#include "trainer/cli/progress.h"
#include "trainer/cli/stop.h"
#include <advect/extra/model_parts.h>
#include <advect/extra/optimiser.h>
#include <advect/extra/shards.h>

#include <advect/extra/gradient.h>
#include <advect/extra/memory.h>
#include <advect/extra/rng.h>
#include <advect/model.h>
#include <advect/pool.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PEAK_SECONDS 0.25
#define ROUNDS_MAX 100000
#define WEIGHTS_AT_HAND 500000 /* that stay in a processor's second cache */
#define FEW_USES 8.0           /* of a weight: reading it takes as long */

enum work { WORK_VELOCITY, WORK_PROBE, WORK_DIVERGENCE, WORK_TRAIN };
static const char *const works[] = {"velocity", "probe", "divergence", "train", NULL};

struct bench_options {
    int64_t work, batch, threads;
    double seconds;
    bool same_time, ops;
};

#define AT(member) offsetof(struct bench_options, member)
static const struct adv_field fields[] = {
    {"work", ADV_FIELD_CHOICE, AT(work), .choices = works, .fallback = "velocity",
     .help = "computation to time in each round"},
    {"batch", ADV_FIELD_INT, AT(batch), .min = 1, .max = 1e6, .fallback = "256",
     .help = "number of rows in a batch"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024, .fallback = "1",
     .help = "number of threads that share the rows, or the layers where rows are too few"},
    {"seconds", ADV_FIELD_REAL, AT(seconds), .min = 0.01, .max = 3600, .fallback = "3", .unit = "s",
     .help = "duration of the measurement"},
    {"same_time", ADV_FIELD_BOOL, AT(same_time), .fallback = "false",
     .help = "evaluate all rows at one time t, and of one context, like fixed-step sampling, in "
             "place of "
             "a time and a context per row"},
    {"ops", ADV_FIELD_BOOL, AT(ops), .fallback = "false",
     .help = "also print the share of time of each op, measured on the first thread"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_options command_line = {
    .command = "bench",
    .operands = "MODEL.safetensors",
    .n_operands = 1,
    .summary =
        "Times the evaluation of velocities, alone, with one Hutchinson probe or with the exact\n"
        "divergence, or training steps (gradient and AdamW). Only useful arithmetic counts: the\n"
        "multiply-adds of the network (three forward passes per training step). It is compared\n"
        "with the peak of a multiply-add loop measured just before and after.",
    .example = "advect bench models/checkerboard-8x8.safetensors --batch 1024 --threads 2",
    .fields = fields,
    .n_fields = N_FIELDS,
};

/* A part of the batch, done by one thread, or, if it is the only one, by all. */
struct part {
    size_t first, n;
    struct adv_evaluator *evaluator;
    float *g_weights; /* [n_weights] */
};

struct bench {
    const struct adv_model *model;
    enum work work;
    struct adv_pool *pool;
    size_t batch, dim, n_weights, n_parts;
    struct part *parts;
    struct adv_gradient **gradients; /* of training, one per thread */
    float *x, *t, *out, *probes;     /* [batch, dim], [batch], ... */
    float *scalars;                  /* [batch]: divergences, estimates */
    int32_t *label;
    float *contexts;             /* [batch, numbers of a context], or NULL: the net takes none */
    const float **context;       /* [batch]: of each row, or NULL */
    float *weights, *m, *v;      /* of training */
    struct adv_profile *profile; /* of the first thread, or NULL */
    atomic_bool failed;
};

/* ---------------------------------------------------------------- set-up */

static enum adv_status make_part(struct bench *b, struct part *part, struct adv_error *error)
{
    if (b->work != WORK_TRAIN) {
        enum adv_status status =
            adv_evaluator_new(adv_model_packed_weights(b->model), &part->evaluator, error);
        if (status == ADV_OK && b->n_parts == 1)
            adv_evaluator_share(part->evaluator, b->pool);
        return status;
    }
    part->g_weights = adv_zeros(b->n_weights);
    return part->g_weights ? ADV_OK : adv_no_memory(error);
}

/* One per thread. */
static enum adv_status make_gradients(struct bench *b, size_t rows, struct adv_error *error)
{
    int threads = adv_pool_threads(b->pool);
    enum adv_status status = ADV_OK;
    b->gradients = calloc((size_t)threads, sizeof *b->gradients);
    if (!b->gradients)
        return adv_no_memory(error);
    for (int i = 0; i < threads && status == ADV_OK; i++)
        status = adv_gradient_new(adv_model_net(b->model), rows, adv_environment(),
                                  &b->gradients[i], error);
    return status;
}

/* One part per thread; or one for all, whose layers they share, where a part would have so few rows
 * that reading weights, each thread all of them, is what took its time. */
static size_t rows_of_part(const struct bench *b, size_t threads)
{
    size_t per_row, per_condition, rows = (b->batch + threads - 1) / threads;
    adv_net_multiply_adds(adv_model_net(b->model), &per_row, &per_condition);
    double uses = (double)rows * (double)per_row / (double)b->n_weights;
    return b->n_weights > WEIGHTS_AT_HAND && uses < FEW_USES ? b->batch : rows;
}

/* Evaluation: by rows_of_part. Training: shards, as the training loop cuts them. */
static enum adv_status make_parts(struct bench *b, struct adv_error *error)
{
    size_t threads = (size_t)adv_pool_threads(b->pool);
    size_t rows = rows_of_part(b, threads);
    enum adv_status status = ADV_OK;
    if (b->work == WORK_TRAIN)
        status =
            adv_shard_rows(adv_model_net(b->model), b->batch, 0, adv_environment(), &rows, error);
    if (status != ADV_OK)
        return status;
    b->n_parts = (b->batch + rows - 1) / rows;
    b->parts = calloc(b->n_parts, sizeof *b->parts);
    if (!b->parts)
        return adv_no_memory(error);
    for (size_t i = 0; i < b->n_parts; i++) {
        size_t left = b->batch - i * rows;
        b->parts[i].first = i * rows;
        b->parts[i].n = left < rows ? left : rows;
        status = make_part(b, &b->parts[i], error);
        if (status != ADV_OK)
            return status;
    }
    return b->work == WORK_TRAIN ? make_gradients(b, rows, error) : ADV_OK;
}

static enum adv_status make_profile(struct bench *b, struct adv_error *error)
{
    enum adv_status status = adv_profile_new(adv_model_net(b->model), &b->profile, error);
    if (status != ADV_OK)
        return status;
    if (b->work == WORK_TRAIN)
        adv_gradient_measure(b->gradients[0], b->profile);
    else
        adv_evaluator_measure(b->parts[0].evaluator, b->profile);
    return ADV_OK;
}

/* A context of its own for each row, or, as in sampling, one for all. */
static enum adv_status make_contexts(struct bench *b, bool same, struct adv_error *error)
{
    size_t n = adv_net_context(adv_model_net(b->model));
    if (n == 0)
        return ADV_OK;
    b->contexts = calloc(b->batch, n * sizeof *b->contexts);
    b->context = calloc(b->batch, sizeof *b->context);
    if (!b->contexts || !b->context)
        return adv_no_memory(error);
    adv_rng_normal(0, ADV_STREAM_DATA, 0, b->batch, n, b->contexts);
    for (size_t i = 0; i < b->batch; i++)
        b->context[i] = b->contexts + (same ? 0 : i * n);
    return ADV_OK;
}

static enum adv_status make_rows(struct bench *b, bool same_time, struct adv_error *error)
{
    size_t elements = b->batch * b->dim, classes = adv_model_classes(b->model);
    float **const wide[] = {&b->x, &b->out, &b->probes};
    for (size_t i = 0; i < ADV_COUNT(wide); i++) {
        *wide[i] = calloc(elements, sizeof(float));
        if (!*wide[i])
            return adv_no_memory(error);
    }
    b->t = calloc(b->batch, sizeof *b->t);
    b->scalars = calloc(b->batch, sizeof *b->scalars);
    b->label = calloc(b->batch, sizeof *b->label);
    b->weights = adv_zeros(b->n_weights);
    b->m = adv_zeros(b->n_weights);
    b->v = adv_zeros(b->n_weights);
    if (!b->t || !b->scalars || !b->label || !b->weights || !b->m || !b->v)
        return adv_no_memory(error);
    memcpy(b->weights, adv_model_weights(b->model), b->n_weights * sizeof *b->weights);
    adv_rng_normal(0, ADV_STREAM_BASE, 0, b->batch, b->dim, b->x);
    adv_rng_rademacher(0, ADV_STREAM_PROBE, 0, b->batch, b->dim, b->probes);
    for (size_t i = 0; i < b->batch; i++) {
        b->t[i] = same_time ? 0.5f : ((float)i + 0.5f) / (float)b->batch;
        b->label[i] = classes ? (int32_t)(i % classes) : ADV_NO_LABEL;
    }
    return make_contexts(b, same_time, error);
}

static void bench_release(struct bench *b)
{
    for (size_t i = 0; b->parts && i < b->n_parts; i++) {
        adv_evaluator_free(b->parts[i].evaluator);
        free(b->parts[i].g_weights);
    }
    for (int i = 0; b->gradients && i < adv_pool_threads(b->pool); i++)
        adv_gradient_free(b->gradients[i]);
    free(b->gradients);
    float *const arrays[] = {b->x, b->t, b->out, b->probes, b->scalars, b->weights, b->m, b->v};
    for (size_t i = 0; i < ADV_COUNT(arrays); i++)
        free(arrays[i]);
    free(b->parts);
    free(b->label);
    free(b->contexts);
    free(b->context);
}

/* ---------------------------------------------------------------- a round */

static void do_part(void *context, size_t piece, int worker)
{
    struct bench *b = context;
    struct part *part = &b->parts[piece];
    size_t at = part->first * b->dim;
    struct adv_points points = {.n = part->n,
                                .x = b->x + at,
                                .t = b->t + part->first,
                                .label = b->label + part->first,
                                .context = b->context ? b->context + part->first : NULL};
    enum adv_status status = ADV_OK;
    switch (b->work) {
    case WORK_VELOCITY:
        status = adv_evaluator_velocity(part->evaluator, &points, b->out + at, NULL);
        break;
    case WORK_PROBE:
        status = adv_evaluator_probes(part->evaluator, &points, 1, b->probes + at, b->out + at,
                                      b->scalars + part->first, NULL);
        break;
    case WORK_DIVERGENCE:
        status = adv_evaluator_divergence(part->evaluator, &points, b->out + at,
                                          b->scalars + part->first, NULL);
        break;
    case WORK_TRAIN:
        memset(part->g_weights, 0, b->n_weights * sizeof *part->g_weights);
        adv_gradient_add(b->gradients[worker], &points, b->probes + at,
                         (float)(1 / (double)(b->batch * b->dim)), part->g_weights, NULL);
        break;
    }
    if (status != ADV_OK)
        atomic_store(&b->failed, true);
}

static void update_piece(void *context, size_t piece, int worker)
{
    (void)worker;
    struct bench *b = context;
    struct adv_piece at = adv_piece_at(b->n_weights, piece);
    float *sum = b->parts[0].g_weights + at.first;
    for (size_t p = 1; p < b->n_parts; p++) {
        const float *gradient = b->parts[p].g_weights + at.first;
        for (size_t i = 0; i < at.n; i++)
            sum[i] += gradient[i];
    }
    struct adv_adamw adamw = {.learning_rate = 1e-6,
                              .beta1 = 0.9,
                              .beta2 = 0.999,
                              .epsilon = 1e-8,
                              .gradient_scale = 1,
                              .step = 1};
    adv_adamw_update(&adamw, at.n, sum, b->weights + at.first, b->m + at.first, b->v + at.first);
}

static void set_weights(void *context, size_t thread, int worker)
{
    (void)worker;
    struct bench *b = context;
    adv_gradient_set_weights(b->gradients[thread], b->weights);
}

static double timed_round(struct bench *b)
{
    double began = adv_seconds_now();
    if (b->work == WORK_TRAIN)
        adv_pool_run(b->pool, (size_t)adv_pool_threads(b->pool), set_weights, b);
    adv_pool_run(b->pool, b->n_parts, do_part, b);
    if (b->work == WORK_TRAIN)
        adv_pool_run(b->pool, adv_piece_count(b->n_weights), update_piece, b);
    return adv_seconds_now() - began;
}

/* ---------------------------------------------------------------- the measurement */

/* Floating-point operations of a round, a multiply-add being two. Conditions run once per distinct
 * (t, label, context) and have no tangent. */
static double useful_flops(const struct bench *b, bool same_time)
{
    size_t per_row, per_condition, classes = adv_model_classes(b->model);
    adv_net_multiply_adds(adv_model_net(b->model), &per_row, &per_condition);
    size_t conditions = b->batch;
    if (same_time && b->work != WORK_TRAIN) {
        conditions = classes ? classes : 1;
        conditions = conditions < b->batch ? conditions : b->batch;
    }
    double rows = (double)b->batch * (double)per_row;
    double shared = (double)conditions * (double)per_condition;
    switch (b->work) {
    case WORK_VELOCITY:
        break;
    case WORK_PROBE:
        rows *= 2;
        break;
    case WORK_DIVERGENCE:
        rows *= 1 + (double)b->dim;
        break;
    case WORK_TRAIN:
        rows *= 3;
        shared *= 3;
        break;
    }
    return 2 * (rows + shared);
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_result(const struct bench *b, const struct bench_options *options, size_t n,
                         double *times, double peak)
{
    qsort(times, n, sizeof *times, compare_times);
    double median = times[n / 2], gflops = 1e-9 * useful_flops(b, options->same_time) / median;
    printf("{\"model\": \"%s\", \"work\": \"%s\", \"batch\": %zu, \"threads\": %d, "
           "\"kernels\": \"%s\", \"rounds\": %zu, \"median_ms\": %.6g, \"best_ms\": %.6g, "
           "\"rows_per_s\": %.6g, \"gflops\": %.5g, \"peak_gflops\": %.5g, \"fraction\": %.4g}\n",
           adv_model_name(b->model), works[b->work], b->batch, adv_pool_threads(b->pool),
           adv_load_options_kernels(adv_environment()), n, 1e3 * median, 1e3 * times[0],
           (double)b->batch / median, gflops, peak, gflops / peak);
}

static enum adv_status measure(struct bench *b, const struct bench_options *options,
                               struct adv_error *error)
{
    double *times = calloc(ROUNDS_MAX, sizeof *times);
    if (!times)
        return adv_no_memory(error);
    double peak = adv_peak_gflops(b->pool, PEAK_SECONDS);
    timed_round(b); /* the first allocates and warms the caches */
    size_t n = 0;
    double began = adv_seconds_now();
    while (n < ROUNDS_MAX && (n == 0 || adv_seconds_now() - began < options->seconds) &&
           !adv_stop_requested(NULL))
        times[n++] = timed_round(b);
    peak = 0.5 * (peak + adv_peak_gflops(b->pool, PEAK_SECONDS));
    enum adv_status status = ADV_OK;
    if (atomic_load(&b->failed))
        status = adv_no_memory(error);
    else if (adv_stop_requested(NULL))
        status = adv_fail(error, ADV_E_CANCELLED, "stopped before the end");
    else
        print_result(b, options, n, times, peak);
    if (status == ADV_OK && b->profile)
        adv_ops_table_print(b->profile, stdout);
    free(times);
    return status;
}

static enum adv_status bench(const char *path, const struct bench_options *options,
                             struct adv_error *error)
{
    struct adv_model *model = NULL;
    struct bench b = {.work = (enum work)options->work, .batch = (size_t)options->batch};
    enum adv_status status = adv_model_load(path, adv_environment(), &model, error);
    b.model = model;
    if (status == ADV_OK) {
        b.dim = adv_model_dim(model);
        b.n_weights = adv_net_weights(adv_model_net(model));
        status = adv_pool_new((int)options->threads, &b.pool, error);
    }
    if (status == ADV_OK)
        status = make_parts(&b, error);
    if (status == ADV_OK && options->ops)
        status = make_profile(&b, error);
    if (status == ADV_OK)
        status = make_rows(&b, options->same_time, error);
    if (status == ADV_OK)
        status = measure(&b, options, error);
    bench_release(&b);
    adv_profile_free(b.profile);
    adv_pool_free(b.pool);
    adv_model_unref(model);
    return status;
}

static int run(int argc, char **argv)
{
    struct bench_options options = {0};
    const char *path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = bench(path, &options, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("bench", &error);
}

const struct adv_command adv_command_bench = {
    .name = "bench",
    .help = "time the evaluation or training of a model",
    .run = run,
};
