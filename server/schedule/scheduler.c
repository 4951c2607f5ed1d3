/* Workers and their turns. */
#include "server/schedule/scheduler_parts.h"

#include <advect/extra/run_shards.h>
#include <advect/pool.h>
#include <sched.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- the choice; with the mutex
 * held */

static bool is_unwanted(const struct adv_scheduler *scheduler, const struct adv_job *job,
                        double now)
{
    return scheduler->cancelling || adv_channel_is_abandoned(&job->channel) ||
           now >= job->ticket.claim.deadline;
}

/* A job whose time is over gets no more turns. The first of them that no worker has is to be ended;
 * of the others, the worker that brings back the last shard does it. */
static struct adv_job *find_leaving(struct adv_scheduler *scheduler, double now)
{
    struct adv_job *found = NULL;
    for (size_t i = 0; i < scheduler->claims.n; i++) {
        struct adv_job *job = adv_job_of_claim(scheduler->claims.items[i]);
        struct adv_ticket *ticket = &job->ticket;
        if (ticket->whole || !(ticket->leaving || is_unwanted(scheduler, job, now)))
            continue;
        ticket->leaving = true;
        ticket->claim.runnable = false;
        if (!found && ticket->n_taken == 0)
            found = job;
    }
    return found;
}

void adv_scheduler_estimate(struct adv_scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->claims.n; i++) {
        struct adv_ticket *ticket = &adv_job_of_claim(scheduler->claims.items[i])->ticket;
        ticket->claim.left = adv_estimate_left(&ticket->estimate);
    }
}

static struct adv_job *choose(struct adv_scheduler *scheduler)
{
    double now = adv_now_s();
    struct adv_job *job = find_leaving(scheduler, now);
    if (job)
        return job;
    adv_scheduler_estimate(scheduler);
    struct adv_claim *claim = adv_claims_next(&scheduler->claims, now);
    return claim ? adv_job_of_claim(claim) : NULL;
}

bool adv_scheduler_is_anything_runnable(const struct adv_scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->claims.n; i++) {
        if (scheduler->claims.items[i]->runnable)
            return true;
    }
    return false;
}

void adv_scheduler_call(struct adv_scheduler *scheduler)
{
    adv_sharing_call_back(&scheduler->sharing);
    pthread_cond_signal(&scheduler->runnable);
}

void adv_scheduler_unlock(struct adv_scheduler *scheduler)
{
    if (scheduler->n_idle > 0 && adv_scheduler_is_anything_runnable(scheduler))
        adv_scheduler_call(scheduler);
    pthread_mutex_unlock(&scheduler->mutex);
}

/* *n_bytes: as the metrics have them. */
static void measure_evaluators(const struct adv_scheduler *scheduler,
                               const struct adv_evaluators *evaluators, size_t *n_bytes)
{
    size_t now = adv_evaluators_bytes(evaluators);
    adv_metrics_move(scheduler->options.metrics, ADV_GAUGE_EVALUATORS_BYTES,
                     (int64_t)now - (int64_t)*n_bytes);
    *n_bytes = now;
}

void adv_scheduler_measure_run(const struct adv_scheduler *scheduler, struct adv_job *job)
{
    job->ticket.run_bytes = job->work.run ? adv_run_bytes(job->work.run) : 0;
    adv_metrics_move(scheduler->options.metrics, ADV_GAUGE_QUERIES_BYTES,
                     (int64_t)job->ticket.run_bytes);
}

/* The next job to give a turn to, or to end, waited for; NULL when the scheduler stops. */
static struct adv_job *next_job(struct adv_worker *worker)
{
    struct adv_scheduler *scheduler = worker->scheduler;
    for (;;) {
        struct adv_job *job = choose(scheduler);
        adv_evaluators_trim(&worker->evaluators, !job);
        measure_evaluators(scheduler, &worker->evaluators, &worker->evaluators_bytes);
        if (!scheduler->sharing.taken) {
            adv_evaluators_trim(&scheduler->sharing.evaluators, !job);
            measure_evaluators(scheduler, &scheduler->sharing.evaluators,
                               &scheduler->sharing.evaluators_bytes);
        }
        if (job || scheduler->stopping)
            return job;
        scheduler->n_idle++;
        if (!adv_sharing_help(worker))
            pthread_cond_wait(&scheduler->runnable, &scheduler->mutex);
        scheduler->n_idle--;
    }
}

void adv_scheduler_update_runnable(struct adv_ticket *ticket)
{
    bool waits = ticket->answering || ticket->sending || ticket->n_waiting > 0;
    ticket->claim.runnable = waits && !ticket->whole && !ticket->leaving;
}

/* ---------------------------------------------------------------- turns; with the mutex held */

/* The first turn makes the run, unless a company does: the job is this worker's alone. */
static void prepare(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_error error = ADV_ERROR_INIT;
    size_t n_shards;
    job->ticket.begun = adv_now_s();
    job->ticket.whole = true;
    job->ticket.claim.runnable = false;
    adv_scheduler_unlock(scheduler);
    enum adv_status status = adv_work_prepare(&job->work, &n_shards, &error);
    if (status == ADV_OK)
        status = adv_ticket_fill(&job->ticket, n_shards, &error);
    pthread_mutex_lock(&scheduler->mutex);
    adv_scheduler_measure_run(scheduler, job);
    job->ticket.error = error;
    job->ticket.whole = false;
    adv_scheduler_update_runnable(&job->ticket);
    if (status != ADV_OK)
        adv_scheduler_end_early(scheduler, job);
}

void adv_scheduler_go_on(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_ticket *ticket = &job->ticket;
    if (ticket->whole)
        return; /* the worker that has it goes on */
    bool complete = !ticket->leaving && !ticket->sending && ticket->n_unended == 0;
    bool unwanted = ticket->leaving ? ticket->n_taken == 0
                                    : complete && adv_channel_is_abandoned(&job->channel);
    if (unwanted)
        adv_scheduler_end_early(scheduler, job);
    if (unwanted || !complete)
        return;
    ticket->answering = true;
    ticket->claim.width = 1;
    if (adv_scheduler_answer_is_long(job))
        adv_scheduler_update_runnable(ticket);
    else
        adv_scheduler_answer(scheduler, job);
}

static void *work(void *argument)
{
    struct adv_worker *worker = argument;
    struct adv_scheduler *scheduler = worker->scheduler;
    pthread_mutex_lock(&scheduler->mutex);
    for (struct adv_job *job; (job = next_job(worker));) {
        if (job->ticket.leaving)
            adv_scheduler_end_early(scheduler, job);
        else if (!job->work.run && job->ticket.rows_together == 1)
            prepare(scheduler, job);
        else if (job->work.run && adv_scheduler_is_to_write(job))
            adv_scheduler_answer(scheduler, job);
        else
            adv_scheduler_take_turn(worker, job);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    adv_evaluators_release(&worker->evaluators);
    return NULL;
}

/* ---------------------------------------------------------------- start and stop */

/* Pins a thread to the i-th processor that this process may use. */
static void pin(pthread_t thread, int i)
{
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || i-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(thread, sizeof one, &one);
        return;
    }
}

enum adv_status adv_scheduler_start(const struct adv_scheduler_options *options,
                                    struct adv_scheduler **out, struct adv_error *error)
{
    struct adv_scheduler *scheduler =
        calloc(1, sizeof *scheduler + (size_t)options->n_workers * sizeof scheduler->workers[0]);
    if (!scheduler)
        return adv_no_memory(error);
    scheduler->options = *options;
    enum adv_status status =
        adv_claims_init(&scheduler->claims, options->queue_length + options->patient_length,
                        (size_t)options->n_workers, error);
    if (status == ADV_OK)
        status = adv_sharing_init(&scheduler->sharing, options, error);
    if (status != ADV_OK) {
        adv_claims_release(&scheduler->claims);
        free(scheduler);
        return status;
    }
    scheduler->claims.client_share = options->client_share;
    pthread_mutex_init(&scheduler->mutex, NULL);
    pthread_cond_init(&scheduler->runnable, NULL);
    for (int i = 0; i < options->n_workers; i++) {
        struct adv_worker *worker = &scheduler->workers[i];
        worker->scheduler = scheduler;
        adv_evaluators_init(&worker->evaluators, options->registry, NULL);
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            adv_scheduler_stop(scheduler);
            adv_scheduler_free(scheduler);
            return adv_fail_field(error, ADV_E_MEMORY, "workers", "cannot start %d workers",
                                  options->n_workers);
        }
        scheduler->n_workers++;
        /* More workers than processors move about freely. */
        if (options->n_workers <= adv_cpu_count())
            pin(worker->thread, i);
    }
    adv_metrics_set(options->metrics, ADV_GAUGE_WORKERS, options->n_workers);
    *out = scheduler;
    return ADV_OK;
}

void adv_scheduler_forget_models(struct adv_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->mutex);
    adv_sharing_call_back(&scheduler->sharing);
    pthread_cond_broadcast(&scheduler->runnable);
    pthread_mutex_unlock(&scheduler->mutex);
}

void adv_scheduler_cancel_all(struct adv_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->mutex);
    scheduler->cancelling = true;
    pthread_mutex_unlock(&scheduler->mutex);
}

void adv_scheduler_stop(struct adv_scheduler *scheduler)
{
    if (!scheduler)
        return;
    pthread_mutex_lock(&scheduler->mutex);
    scheduler->stopping = true;
    adv_sharing_call_back(&scheduler->sharing);
    pthread_cond_broadcast(&scheduler->runnable);
    pthread_mutex_unlock(&scheduler->mutex);
    for (int i = 0; i < scheduler->n_workers; i++)
        pthread_join(scheduler->workers[i].thread, NULL);
    scheduler->n_workers = 0;
}

void adv_scheduler_free(struct adv_scheduler *scheduler)
{
    if (!scheduler)
        return;
    pthread_cond_destroy(&scheduler->runnable);
    pthread_mutex_destroy(&scheduler->mutex);
    adv_sharing_release(&scheduler->sharing);
    adv_claims_release(&scheduler->claims);
    adv_speeds_free(scheduler->speeds);
    free(scheduler);
}
