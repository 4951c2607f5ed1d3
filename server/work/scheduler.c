#include "server/work/scheduler.h"

#include "server/http/problem.h"
#include "server/os/clock.h"
#include "server/work/evaluators.h"

#include <advect/extra/run_shards.h>
#include <advect/pool.h>
#include <math.h>
#include <sched.h>
#include <stddef.h>
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
    struct adv_claims claims;  /* of the jobs accepted and not ended */
    struct adv_speeds *speeds; /* of models */
    int n_idle;                /* workers that wait for something runnable */
    bool stopping;             /* nothing runnable, workers leave */
    bool cancelling;           /* jobs leave at their next turn */
    int n_workers;             /* started */
    struct worker workers[];
};

static double now_s(void)
{
    return (double)adv_now_us() * 1e-6;
}

static struct adv_job *job_of(struct adv_claim *claim)
{
    return (struct adv_job *)((char *)claim - offsetof(struct adv_job, ticket.claim));
}

/* ---------------------------------------------------------------- the choice; with the mutex held */

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
        struct adv_job *job = job_of(scheduler->claims.items[i]);
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

static void estimate_all(struct adv_scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->claims.n; i++) {
        struct adv_ticket *ticket = &job_of(scheduler->claims.items[i])->ticket;
        ticket->claim.left = adv_estimate_left(&ticket->estimate);
    }
}

static struct adv_job *choose(struct adv_scheduler *scheduler)
{
    double now = now_s();
    struct adv_job *job = find_leaving(scheduler, now);
    if (job)
        return job;
    estimate_all(scheduler);
    struct adv_claim *claim = adv_claims_next(&scheduler->claims, now);
    return claim ? job_of(claim) : NULL;
}

static bool is_anything_runnable(const struct adv_scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->claims.n; i++) {
        if (scheduler->claims.items[i]->runnable)
            return true;
    }
    return false;
}

/* Lets go of the mutex to work; somebody else may take what is runnable. */
static void unlock_to_work(struct adv_scheduler *scheduler)
{
    if (scheduler->n_idle > 0 && is_anything_runnable(scheduler))
        pthread_cond_signal(&scheduler->runnable);
    pthread_mutex_unlock(&scheduler->mutex);
}

/* The next job to give a turn to, or to end, waited for; NULL when the scheduler stops. */
static struct adv_job *next_job(struct worker *worker)
{
    struct adv_scheduler *scheduler = worker->scheduler;
    for (;;) {
        struct adv_job *job = choose(scheduler);
        adv_evaluators_trim(&worker->evaluators, !job);
        if (job || scheduler->stopping)
            return job;
        scheduler->n_idle++;
        pthread_cond_wait(&scheduler->runnable, &scheduler->mutex);
        scheduler->n_idle--;
    }
}

/* ---------------------------------------------------------------- shards; with the mutex held */

static void update_runnable(struct adv_ticket *ticket)
{
    ticket->claim.runnable = !ticket->whole && !ticket->leaving && ticket->n_waiting > 0;
}

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

/* When it is worth trying again: whole seconds, at least one. */
static void retry_after(struct adv_reply *reply, double seconds)
{
    adv_reply_header(reply, MHD_HTTP_HEADER_RETRY_AFTER, "%.0f", fmax(1, ceil(seconds)));
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
    retry_after(reply, adv_claims_backlog(&scheduler->claims, now_s()));
    return ADV_COUNT_EXPIRED;
}

/* The job leaves the scheduler with its reply. */
static void end_job(struct adv_scheduler *scheduler, struct adv_job *job, struct adv_reply *reply,
                    enum adv_counter outcome)
{
    struct adv_metrics *metrics = scheduler->options.metrics;
    adv_claims_remove(&scheduler->claims, &job->ticket.claim);
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
    job->ticket.whole = true;
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

/* The first turn makes the run: the job is this worker's alone. */
static void prepare(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_error error = ADV_ERROR_INIT;
    size_t n_shards;
    job->ticket.whole = true;
    job->ticket.claim.runnable = false;
    unlock_to_work(scheduler);
    enum adv_status status = adv_work_prepare(&job->work, &n_shards, &error);
    if (status == ADV_OK)
        status = adv_ticket_fill(&job->ticket, n_shards, &error);
    pthread_mutex_lock(&scheduler->mutex);
    job->ticket.error = error;
    job->ticket.whole = false;
    update_runnable(&job->ticket);
    if (status != ADV_OK)
        end_early(scheduler, job);
}

/* What a turn did. */
struct turn {
    bool ended; /* the shard */
    struct adv_run_work work;
    double seconds;
};

static struct adv_run_work difference(struct adv_run_work a, struct adv_run_work b)
{
    return (struct adv_run_work){.multiply_adds = a.multiply_adds - b.multiply_adds,
                                 .evaluations = a.evaluations - b.evaluations,
                                 .rows = a.rows - b.rows};
}

/* Advances a shard until it ends or its turn is over. */
static enum adv_status advance(struct worker *worker, struct adv_job *job, size_t shard,
                               struct turn *turn, struct adv_error *error)
{
    struct adv_run *run = job->work.run;
    struct adv_evaluator *evaluator;
    enum adv_status status =
        adv_evaluators_get(&worker->evaluators, job->work.model, &evaluator, error);
    if (status != ADV_OK)
        return status;
    struct adv_run_work before = adv_run_work(run, shard);
    int64_t begin_us = adv_now_us(), now_us;
    do {
        turn->ended = adv_run_advance(run, shard, evaluator);
        now_us = adv_now_us();
    } while (!turn->ended && now_us < begin_us + TURN_US);
    turn->work = difference(adv_run_work(run, shard), before);
    turn->seconds = (double)(now_us - begin_us) * 1e-6;
    adv_metrics_count(worker->scheduler->options.metrics, ADV_COUNT_TURNS, 1);
    return adv_work_streams(&job->work) ? adv_job_send_frames(job, error) : ADV_OK;
}

/* After a turn: the job ends, if it is time. */
static void go_on(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_ticket *ticket = &job->ticket;
    bool complete = !ticket->leaving && ticket->n_unended == 0;
    bool unwanted = ticket->leaving ? ticket->n_taken == 0
                                    : complete && adv_channel_is_abandoned(&job->channel);
    if (unwanted)
        end_early(scheduler, job);
    else if (complete)
        end_completed(scheduler, job);
}

/* One shard's turn; the worker that brings back the last shard ends the job. */
static void take_turn(struct worker *worker, struct adv_job *job)
{
    struct adv_scheduler *scheduler = worker->scheduler;
    struct adv_ticket *ticket = &job->ticket;
    struct adv_error error = ADV_ERROR_INIT;
    struct turn turn = {0};
    size_t shard = adv_ticket_take(ticket);
    update_runnable(ticket);
    unlock_to_work(scheduler);
    enum adv_status status = advance(worker, job, shard, &turn, &error);
    pthread_mutex_lock(&scheduler->mutex);
    adv_estimate_note(&ticket->estimate, turn.work.multiply_adds, turn.seconds);
    if (status != ADV_OK && ticket->error.status == ADV_OK)
        ticket->error = error;
    ticket->leaving = ticket->leaving || status != ADV_OK;
    return_shard(job, shard, turn.ended);
    update_runnable(ticket);
    go_on(scheduler, job);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct adv_scheduler *scheduler = worker->scheduler;
    pthread_mutex_lock(&scheduler->mutex);
    for (struct adv_job *job; (job = next_job(worker));) {
        if (job->ticket.leaving)
            end_early(scheduler, job);
        else if (!job->work.run)
            prepare(scheduler, job);
        else
            take_turn(worker, job);
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
    enum adv_status status = adv_claims_init(&scheduler->claims, options->queue_length,
                                             (size_t)options->n_workers, error);
    if (status != ADV_OK) {
        free(scheduler);
        return status;
    }
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

/* ---------------------------------------------------------------- acceptance */

enum verdict { ACCEPTED, TOO_MANY, TOO_LARGE, TOO_LONG, TOO_LATE, NO_MEMORY };

/* With the mutex held. *wait: seconds until it is worth trying again. */
static enum verdict judge(struct adv_scheduler *scheduler, struct adv_job *job, double *wait)
{
    const struct adv_scheduler_options *options = &scheduler->options;
    struct adv_ticket *ticket = &job->ticket;
    struct adv_speeds *speeds =
        adv_speeds_find(&scheduler->speeds, adv_model_name(job->work.model));
    if (!speeds)
        return NO_MEMORY;
    double now = now_s();
    size_t n_workers = (size_t)options->n_workers;
    adv_estimate_init(&ticket->estimate, &job->work, speeds);
    ticket->claim = (struct adv_claim){
        .arrived = now,
        .deadline = now + ticket->timeout_s,
        .left = adv_estimate_least(&ticket->estimate),
        .width = adv_query_shards(&job->work.query, job->work.model),
        .runnable = true,
    };
    if (options->refuse_hopeless && !adv_claim_fits_alone(&ticket->claim, n_workers, now))
        return TOO_LONG;
    estimate_all(scheduler);
    *wait = adv_claims_backlog(&scheduler->claims, now) / fmax(1, (double)scheduler->claims.n);
    if (scheduler->claims.n >= options->queue_length)
        return TOO_MANY;
    if (atomic_load(options->numbers) + job->work.numbers > options->queue_numbers)
        return TOO_LARGE;
    ticket->claim.left = adv_estimate_left(&ticket->estimate);
    *wait = adv_claims_wait(&scheduler->claims, &ticket->claim, now);
    return *wait > 0 ? TOO_LATE : ACCEPTED;
}

static void accept_job(struct adv_scheduler *scheduler, struct adv_job *job)
{
    const struct adv_scheduler_options *options = &scheduler->options;
    job->budget = options->numbers;
    atomic_fetch_add(job->budget, job->work.numbers);
    adv_metrics_move(options->metrics, ADV_GAUGE_QUERIES, 1);
    adv_metrics_move(options->metrics, ADV_GAUGE_QUERY_ROWS, (int64_t)job->work.query.n);
    adv_claims_add(&scheduler->claims, &adv_job_ref(job)->ticket.claim);
    pthread_cond_signal(&scheduler->runnable);
}

static const char *rows_field(const struct adv_query *query)
{
    return adv_query_from_base(query->kind) ? "n" : "points";
}

static void refuse(const struct adv_scheduler *scheduler, const struct adv_job *job,
                   enum verdict verdict, double wait, struct adv_reply *refusal)
{
    static const enum adv_counter reasons[] = {
        [TOO_MANY] = ADV_COUNT_REJECTED_QUEUE,   [TOO_LARGE] = ADV_COUNT_REJECTED_NUMBERS,
        [TOO_LONG] = ADV_COUNT_REJECTED_TIMEOUT, [TOO_LATE] = ADV_COUNT_REJECTED_BUSY,
        [NO_MEMORY] = ADV_COUNT_FAILED,
    };
    const struct adv_scheduler_options *options = &scheduler->options;
    adv_metrics_count(options->metrics, reasons[verdict], 1);
    switch (verdict) {
    case TOO_MANY:
        adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "%zu requests are being computed already, the most this server takes",
                          options->queue_length);
        break;
    case TOO_LARGE:
        adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "the answers being computed or sent leave no room for the %zu numbers "
                          "of this one",
                          job->work.numbers);
        break;
    case TOO_LONG:
        adv_problem_reply(refusal, ADV_PROBLEM_INVALID, rows_field(&job->work.query),
                          "the answer would take about %.2g multiply-adds, more than this server "
                          "can do within %g s even alone: ask for fewer rows, steps or probes",
                          job->ticket.estimate.cost, job->ticket.timeout_s);
        return;
    case TOO_LATE:
        adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "behind the requests being computed this one would not be answered "
                          "within %g s; it may be in about %.0f s",
                          job->ticket.timeout_s, fmax(1, ceil(wait)));
        break;
    case ACCEPTED:
    case NO_MEMORY:
        adv_problem_reply(refusal, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
        break;
    }
    retry_after(refusal, wait);
}

bool adv_scheduler_submit(struct adv_scheduler *scheduler, struct adv_job *job,
                          struct adv_reply *refusal)
{
    double wait = 0;
    pthread_mutex_lock(&scheduler->mutex);
    enum verdict verdict = judge(scheduler, job, &wait);
    if (verdict == ACCEPTED)
        accept_job(scheduler, job);
    pthread_mutex_unlock(&scheduler->mutex);
    if (verdict != ACCEPTED)
        refuse(scheduler, job, verdict, wait, refusal);
    return verdict == ACCEPTED;
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
    adv_claims_release(&scheduler->claims);
    adv_speeds_free(scheduler->speeds);
    free(scheduler);
}
