#include "server/work/scheduler.h"

#include "server/http/problem.h"
#include "server/os/clock.h"
#include "server/work/evaluators.h"

#include <advect/extra/run_shards.h>
#include <advect/pool.h>
#include <sched.h>
#include <stdlib.h>

/* Long enough for the hand-over to cost nothing, short enough for nobody to notice the wait. */
#define TURN_US 2000

struct worker {
    struct adv_scheduler *scheduler;
    pthread_t thread;
    struct adv_evaluators evaluators;
};

struct adv_scheduler {
    struct adv_scheduler_options options;
    pthread_mutex_t mutex;
    pthread_cond_t runnable;
    struct adv_job *first, *last; /* the line of runnable jobs */
    size_t n_jobs;                /* accepted and not ended */
    bool stopping;                /* the line empty, workers leave */
    bool cancelling;              /* jobs leave at their next turn */
    int n_workers;                /* started */
    struct worker workers[];
};

/* ---------------------------------------------------------------- the line; with the mutex held */

static void enqueue(struct adv_scheduler *scheduler, struct adv_job *job)
{
    if (job->ticket.queued)
        return;
    job->ticket.queued = true;
    job->ticket.next = NULL;
    if (scheduler->last)
        scheduler->last->ticket.next = job;
    else
        scheduler->first = job;
    scheduler->last = job;
}

static struct adv_job *dequeue(struct adv_scheduler *scheduler)
{
    struct adv_job *job = scheduler->first;
    if (!job)
        return NULL;
    scheduler->first = job->ticket.next;
    if (!job->ticket.next)
        scheduler->last = NULL;
    job->ticket.queued = false;
    return job;
}

/* Lets go of the mutex to work; somebody else may take what stands in the line. */
static void unlock_to_work(struct adv_scheduler *scheduler)
{
    if (scheduler->first)
        pthread_cond_signal(&scheduler->runnable);
    pthread_mutex_unlock(&scheduler->mutex);
}

/* The next job to give a turn to, waited for; NULL when the scheduler stops. */
static struct adv_job *next_job(struct worker *worker)
{
    struct adv_scheduler *scheduler = worker->scheduler;
    for (;;) {
        adv_evaluators_trim(&worker->evaluators, !scheduler->first);
        if (scheduler->first || scheduler->stopping)
            return dequeue(scheduler);
        pthread_cond_wait(&scheduler->runnable, &scheduler->mutex);
    }
}

/* ---------------------------------------------------------------- shards; with the mutex held */

/* A shard is back from its turn. Those of a stream wait behind the others, so that all rows reach a
 * frame together; else they wait before them, so that few are in memory at a time. */
static void return_shard(struct adv_job *job, size_t shard, bool ended)
{
    if (ended)
        adv_ticket_end_shard(&job->ticket);
    else if (adv_work_streams(&job->work))
        adv_ticket_put_last(&job->ticket, shard);
    else
        adv_ticket_put_first(&job->ticket, shard);
}

/* ---------------------------------------------------------------- ends; with the mutex held */

static bool is_unwanted(const struct adv_scheduler *scheduler, const struct adv_job *job)
{
    return scheduler->cancelling || adv_channel_is_abandoned(&job->channel) ||
           adv_now_ms() >= job->ticket.deadline_ms;
}

/* The reply to a job that leaves before its end, and what that counts as. */
static enum adv_counter explain(const struct adv_scheduler *scheduler, const struct adv_job *job,
                                struct adv_reply *reply)
{
    if (job->ticket.error.status != ADV_OK) {
        adv_problem_from_error(reply, &job->ticket.error);
        return ADV_COUNT_FAILED;
    }
    if (adv_channel_is_abandoned(&job->channel)) {
        adv_reply_empty(reply, ADV_STATUS_CLIENT_GONE);
        return ADV_COUNT_VANISHED;
    }
    if (scheduler->cancelling) {
        adv_problem_reply(reply, ADV_PROBLEM_DRAINING, NULL,
                          "the server is stopping and did not finish this request in time");
        return ADV_COUNT_STOPPED;
    }
    adv_problem_reply(reply, ADV_PROBLEM_TIMEOUT, NULL,
                      "the request was not answered within the time limit; ask for fewer rows or "
                      "steps, or try again when the server is less busy");
    return ADV_COUNT_EXPIRED;
}

/* The job leaves the scheduler with its reply. */
static void end_job(struct adv_scheduler *scheduler, struct adv_job *job, struct adv_reply *reply,
                    enum adv_counter outcome)
{
    struct adv_metrics *metrics = scheduler->options.metrics;
    scheduler->n_jobs--;
    unlock_to_work(scheduler);
    adv_metrics_count(metrics, outcome, 1);
    adv_metrics_move(metrics, ADV_GAUGE_QUERIES, -1);
    adv_metrics_move(metrics, ADV_GAUGE_QUERY_ROWS, -(int64_t)job->work.query.n);
    if (outcome == ADV_COUNT_COMPLETED) {
        int64_t nfe;
        size_t stream_bytes;
        adv_channel_measure(&job->channel, &nfe, &stream_bytes);
        adv_metrics_count(metrics, ADV_COUNT_ROWS, job->work.query.n);
        adv_metrics_count(metrics, ADV_COUNT_VELOCITIES, job->work.query.n * (uint64_t)nfe);
    }
    adv_job_end(job, reply);
    adv_job_unref(job);
    pthread_mutex_lock(&scheduler->mutex);
}

static void end_early(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_reply reply = {0};
    enum adv_counter outcome = explain(scheduler, job, &reply);
    end_job(scheduler, job, &reply, outcome);
}

static void end_completed(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_reply reply = {0};
    struct adv_error error = ADV_ERROR_INIT;
    unlock_to_work(scheduler);
    enum adv_status status = adv_job_finish(job, &reply, &error);
    pthread_mutex_lock(&scheduler->mutex);
    if (status == ADV_OK) {
        end_job(scheduler, job, &reply, ADV_COUNT_COMPLETED);
    } else {
        job->ticket.error = error;
        end_early(scheduler, job);
    }
}

/* ---------------------------------------------------------------- turns; with the mutex held */

/* The first turn makes the run. The job stands in no line yet: it is this worker's alone. */
static void prepare(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_error error = ADV_ERROR_INIT;
    size_t n_shards;
    unlock_to_work(scheduler);
    enum adv_status status = adv_work_prepare(&job->work, &n_shards, &error);
    if (status == ADV_OK)
        status = adv_ticket_fill(&job->ticket, n_shards, &error);
    pthread_mutex_lock(&scheduler->mutex);
    job->ticket.error = error;
    if (status == ADV_OK)
        enqueue(scheduler, job);
    else
        end_early(scheduler, job);
}

/* Advances a shard until it ends or its turn is over; *ended says which. */
static enum adv_status advance(struct worker *worker, struct adv_job *job, size_t shard,
                               bool *ended, struct adv_error *error)
{
    struct adv_evaluator *evaluator;
    enum adv_status status =
        adv_evaluators_get(&worker->evaluators, job->work.model, &evaluator, error);
    if (status != ADV_OK)
        return status;
    int64_t end_us = adv_now_us() + TURN_US;
    do {
        *ended = adv_run_advance(job->work.run, shard, evaluator);
    } while (!*ended && adv_now_us() < end_us);
    adv_metrics_count(worker->scheduler->options.metrics, ADV_COUNT_TURNS, 1);
    return adv_work_streams(&job->work) ? adv_job_send_frames(job, error) : ADV_OK;
}

/* After a turn: the job ends, if it is time, or stands in the line again. */
static void go_on(struct adv_scheduler *scheduler, struct adv_job *job)
{
    const struct adv_ticket *ticket = &job->ticket;
    bool complete = !ticket->leaving && ticket->n_unended == 0;
    bool unwanted = ticket->leaving
                        ? ticket->n_taken == 0 && !ticket->queued
                        : complete && adv_channel_is_abandoned(&job->channel); /* not rendered */
    if (unwanted)
        end_early(scheduler, job);
    else if (complete)
        end_completed(scheduler, job);
    else if (!ticket->leaving && ticket->n_waiting > 0)
        enqueue(scheduler, job);
}

/* One shard's turn. A job stands in the line exactly while shards of it wait and it is not leaving;
 * the worker that brings back its last shard ends it. */
static void take_turn(struct worker *worker, struct adv_job *job)
{
    struct adv_scheduler *scheduler = worker->scheduler;
    struct adv_ticket *ticket = &job->ticket;
    struct adv_error error = ADV_ERROR_INIT;
    bool ended = false;
    size_t shard = adv_ticket_take(ticket);
    if (ticket->n_waiting > 0)
        enqueue(scheduler, job);
    unlock_to_work(scheduler);
    enum adv_status status = advance(worker, job, shard, &ended, &error);
    pthread_mutex_lock(&scheduler->mutex);
    if (status != ADV_OK && ticket->error.status == ADV_OK)
        ticket->error = error;
    ticket->leaving = ticket->leaving || status != ADV_OK;
    return_shard(job, shard, ended);
    go_on(scheduler, job);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct adv_scheduler *scheduler = worker->scheduler;
    pthread_mutex_lock(&scheduler->mutex);
    for (struct adv_job *job; (job = next_job(worker));) {
        job->ticket.leaving = job->ticket.leaving || is_unwanted(scheduler, job);
        if (!job->ticket.leaving && !job->work.run)
            prepare(scheduler, job);
        else if (!job->ticket.leaving)
            take_turn(worker, job);
        else if (job->ticket.n_taken == 0)
            end_early(scheduler, job);
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
    pthread_mutex_init(&scheduler->mutex, NULL);
    pthread_cond_init(&scheduler->runnable, NULL);
    for (int i = 0; i < options->n_workers; i++) {
        struct worker *worker = &scheduler->workers[i];
        worker->scheduler = scheduler;
        adv_evaluators_init(&worker->evaluators, options->registry);
        if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
            adv_scheduler_stop(scheduler);
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

bool adv_scheduler_submit(struct adv_scheduler *scheduler, struct adv_job *job,
                          struct adv_reply *refusal)
{
    const struct adv_scheduler_options *options = &scheduler->options;
    pthread_mutex_lock(&scheduler->mutex);
    bool too_many = scheduler->n_jobs >= options->queue_length;
    bool too_large = atomic_load(options->numbers) + job->work.numbers > options->queue_numbers;
    bool accepted = !too_many && !too_large;
    if (accepted) {
        scheduler->n_jobs++;
        job->budget = options->numbers;
        atomic_fetch_add(job->budget, job->work.numbers);
        adv_metrics_move(options->metrics, ADV_GAUGE_QUERIES, 1);
        adv_metrics_move(options->metrics, ADV_GAUGE_QUERY_ROWS, (int64_t)job->work.query.n);
        enqueue(scheduler, adv_job_ref(job));
        pthread_cond_signal(&scheduler->runnable);
    }
    pthread_mutex_unlock(&scheduler->mutex);
    if (too_many) {
        adv_metrics_count(options->metrics, ADV_COUNT_REJECTED_QUEUE, 1);
        adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "%zu requests are being computed already, the most this server takes",
                          options->queue_length);
    } else if (too_large) {
        adv_metrics_count(options->metrics, ADV_COUNT_REJECTED_NUMBERS, 1);
        adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "the answers being computed or sent leave no room for the %zu numbers "
                          "of this one",
                          job->work.numbers);
    }
    return accepted;
}

void adv_scheduler_forget_models(struct adv_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->mutex);
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
    pthread_cond_broadcast(&scheduler->runnable);
    pthread_mutex_unlock(&scheduler->mutex);
    for (int i = 0; i < scheduler->n_workers; i++)
        pthread_join(scheduler->workers[i].thread, NULL);
    pthread_cond_destroy(&scheduler->runnable);
    pthread_mutex_destroy(&scheduler->mutex);
    free(scheduler);
}
