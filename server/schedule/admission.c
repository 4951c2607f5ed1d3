/* Which queries are taken, and what the others are told. */
#include "server/reply/problem.h"
#include "server/schedule/scheduler_parts.h"

#include <advect/extra/run_shards.h>
#include <math.h>

void adv_scheduler_retry_after(struct adv_reply *reply, double seconds)
{
    adv_reply_header(reply, MHD_HTTP_HEADER_RETRY_AFTER, "%.0f", fmax(1, ceil(seconds)));
}

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
    double now = adv_now_s();
    size_t n_workers = (size_t)options->n_workers;
    adv_estimate_init(&ticket->estimate, &job->work, speeds);
    ticket->claim = (struct adv_claim){
        .arrived = now,
        .deadline = now + ticket->timeout_s,
        .left = adv_estimate_least(&ticket->estimate),
        .width = adv_query_shards(&job->work.query, job->work.model),
        .runnable = true,
    };
    ticket->rows_together =
        ticket->claim.width == 1 ? adv_query_rows_together(&job->work.query, job->work.model) : 1;
    if (options->refuse_hopeless && !adv_claim_fits_alone(&ticket->claim, n_workers, now))
        return TOO_LONG;
    adv_scheduler_estimate(scheduler);
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
    adv_scheduler_call(scheduler);
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
    adv_scheduler_retry_after(refusal, wait);
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
