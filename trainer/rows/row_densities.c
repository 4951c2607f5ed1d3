#include "trainer/rows/row_densities.h"

#include "trainer/cli/progress.h"
#include "trainer/rows/row_state.h"

#include <advect/extra/evaluator.h>
#include <advect/query.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_PERIOD_S 0.25 /* between writes of the state */

struct job {
    const struct adv_row_densities *work;
    struct adv_row_estimates *estimates;
    const size_t *due; /* blocks */
    size_t n_at_start; /* rows that were done before */

    pthread_mutex_t lock; /* of all below, and of the estimates */
    struct adv_progress progress;
    double written, started;
    size_t n_done;
    double sum;  /* of log-densities done */
    bool unkept; /* the state could not be written, and need not be */
    enum adv_status status;
    struct adv_error error;
};

/* ---------------------------------------------------------------- one block */

/* A block's rows. */
struct block {
    size_t first, n;
    float *points, *contexts;
    int32_t *labels;
};

static void block_release(struct block *block)
{
    free(block->points);
    free(block->contexts);
    free(block->labels);
}

static enum adv_status block_fill(const struct adv_row_densities *work, struct block *block,
                                  struct adv_error *error)
{
    size_t n = block->n, n_context = adv_model_context(work->model);
    block->points = calloc(n * adv_model_dim(work->model), sizeof *block->points);
    block->contexts = calloc(n * (n_context + 1), sizeof *block->contexts);
    block->labels = calloc(n, sizeof *block->labels);
    bool complete =
        block->points && block->contexts && block->labels &&
        work->fill(work->context, block->first, n, block->points, block->labels, block->contexts);
    return complete ? ADV_OK : adv_no_memory(error);
}

static enum adv_status ask(const struct adv_row_densities *work, const struct block *block,
                           struct adv_run **run, const struct adv_answer **answer,
                           struct adv_error *error)
{
    const struct adv_density_settings *settings = &work->settings;
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.guidance = adv_query_default_guidance(&query, work->model);
    query.n = query.n_contexts = block->n;
    query.points = block->points;
    bool conditional = !work->unconditional;
    query.labels = conditional && adv_model_classes(work->model) ? block->labels : NULL;
    query.context = conditional && adv_model_context(work->model) ? block->contexts : NULL;
    query.solver = settings->solver;
    query.probes = settings->probes;
    query.renew_probes = settings->renew_probes;
    query.probe_seed = settings->probe_seed;
    struct adv_run_options options = {.size = sizeof options, .cancelled = work->cancelled};
    enum adv_status status = adv_run_new(work->model, &query, run, error);
    if (status == ADV_OK)
        status = adv_run_all(*run, &options, answer, error);
    return status;
}

static void show(struct job *job)
{
    const struct adv_row_densities *work = job->work;
    const struct adv_model *model = work->model;
    char text[128];
    double mean = job->sum / (double)job->n_done, seconds = adv_seconds_now() - job->started;
    bool bits = adv_model_has_bits(model);
    snprintf(text, sizeof text, "%s  %zu of %zu  %.3g/s  mean %.4f %s", work->what, job->n_done,
             work->n, (double)(job->n_done - job->n_at_start) / seconds,
             bits ? adv_model_bits_per_dim(model, mean) : mean, bits ? "bits/dim" : "nats");
    adv_progress_show(&job->progress, (double)job->n_done / (double)work->n, text);
}

static void fail(struct job *job, enum adv_status status, const struct adv_error *error)
{
    if (job->status == ADV_OK) {
        job->status = status;
        job->error = *error;
    }
}

static void write_state(struct job *job)
{
    const struct adv_row_densities *work = job->work;
    struct adv_error error = ADV_ERROR_INIT;
    job->written = adv_seconds_now();
    if (!work->state || job->unkept || job->status != ADV_OK ||
        adv_row_state_write(work->state, work->bound, job->estimates, &error) == ADV_OK)
        return;
    if (work->keep_state) {
        fail(job, error.status, &error);
        return;
    }
    job->unkept = true;
    fprintf(
        stderr,
        "advect eval: %s: %s; log-densities are not kept for a run that resumes: --state FOLDER "
        "keeps them elsewhere\n",
        work->what, error.message);
}

/* Takes a block's rows in. */
static void keep(struct job *job, size_t first, const struct adv_answer *answer)
{
    struct adv_row_estimates *estimates = job->estimates;
    for (size_t i = 0; i < answer->n; i++) {
        if (isnan(estimates->log_density[first + i]))
            job->n_done++;
        else
            job->sum -= estimates->log_density[first + i];
        estimates->log_density[first + i] = answer->log_density[i];
        estimates->standard_error[first + i] =
            answer->standard_error ? answer->standard_error[i] : NAN;
        job->sum += answer->log_density[i];
    }
    if (adv_progress_is_due(&job->progress))
        show(job);
    if (adv_seconds_now() - job->written >= WRITE_PERIOD_S)
        write_state(job);
}

static bool is_stopped(const struct adv_row_densities *work)
{
    return work->cancelled && work->cancelled(NULL);
}

static void take_block(void *context, size_t piece, int worker)
{
    (void)worker;
    struct job *job = context;
    const struct adv_row_densities *work = job->work;
    struct block block = {.first = job->due[piece] * work->block};
    block.n = work->n - block.first < work->block ? work->n - block.first : work->block;
    pthread_mutex_lock(&job->lock);
    bool over = job->status != ADV_OK || is_stopped(work);
    pthread_mutex_unlock(&job->lock);
    if (over)
        return;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    enum adv_status status = block_fill(work, &block, &error);
    if (status == ADV_OK)
        status = ask(work, &block, &run, &answer, &error);
    pthread_mutex_lock(&job->lock);
    if (status == ADV_OK)
        keep(job, block.first, answer);
    else if (status != ADV_E_CANCELLED)
        fail(job, status, &error);
    pthread_mutex_unlock(&job->lock);
    adv_run_free(run);
    block_release(&block);
}

/* ---------------------------------------------------------------- all of them */

static bool is_done(const struct adv_row_estimates *estimates, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++) {
        if (isnan(estimates->log_density[i]))
            return false;
    }
    return true;
}

/* The blocks with rows to do, in order; their number. */
static size_t find_due(const struct adv_row_densities *work,
                       const struct adv_row_estimates *estimates, size_t *due)
{
    size_t n_due = 0;
    for (size_t first = 0; first < work->n; first += work->block) {
        size_t n = work->n - first < work->block ? work->n - first : work->block;
        if (!is_done(estimates, first, n))
            due[n_due++] = first / work->block;
    }
    return n_due;
}

static void count_done(struct job *job)
{
    for (size_t i = 0; i < job->work->n; i++) {
        if (isnan(job->estimates->log_density[i]))
            continue;
        job->n_done++;
        job->sum += job->estimates->log_density[i];
    }
    job->n_at_start = job->n_done;
}

static enum adv_status run_due(const struct adv_row_densities *work,
                               struct adv_row_estimates *estimates, const size_t *due, size_t n_due,
                               struct adv_error *error)
{
    struct job job = {.work = work, .estimates = estimates, .due = due, .error = ADV_ERROR_INIT};
    if (pthread_mutex_init(&job.lock, NULL))
        return adv_no_memory(error);
    count_done(&job);
    adv_progress_init(&job.progress, work->quiet, (double)job.n_done / (double)work->n);
    job.started = job.written = adv_seconds_now();
    adv_pool_run(work->pool, n_due, take_block, &job);
    bool stopped = is_stopped(work);
    if (job.n_done > job.n_at_start && (stopped || work->keep_state))
        write_state(&job);
    if (job.n_done > job.n_at_start && !work->quiet)
        show(&job);
    adv_progress_end(&job.progress);
    pthread_mutex_destroy(&job.lock);
    if (job.status != ADV_OK)
        return adv_fail_field(error, job.status, job.error.field, "%s: %s", work->what,
                              job.error.message);
    if (!stopped)
        return ADV_OK;
    bool kept = work->state && !job.unkept;
    return adv_fail(error, ADV_E_CANCELLED, "%s: stopped after %zu of %zu rows; %s%s", work->what,
                    job.n_done, work->n,
                    kept ? "the same command goes on from " : "nothing is kept",
                    kept ? work->state : "");
}

enum adv_status adv_row_densities_run(const struct adv_row_densities *work,
                                      struct adv_row_estimates *out, struct adv_error *error)
{
    struct adv_row_estimates estimates = {0};
    enum adv_status status =
        adv_row_state_read(work->state, work->bound, work->n, &estimates, error);
    size_t *due = calloc(work->n / work->block + 1, sizeof *due);
    if (status == ADV_OK && !due)
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = run_due(work, &estimates, due, find_due(work, &estimates, due), error);
    if (status == ADV_OK && work->state && !work->keep_state && estimates.n == work->n)
        remove(work->state);
    free(due);
    if (status == ADV_OK)
        *out = estimates;
    else
        adv_row_estimates_release(&estimates);
    return status;
}
