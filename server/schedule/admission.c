/* Which queries are taken, and what the others are told. */
#include "server/clients/share.h"
#include "server/reply/problem.h"
#include "server/schedule/scheduler_parts.h"

#include <advect/extra/run_shards.h>
#include <math.h>

void adv_scheduler_retry_after(struct adv_reply *reply, double seconds)
{
    adv_reply_header(reply, MHD_HTTP_HEADER_RETRY_AFTER, "%.0f", fmax(1, ceil(seconds)));
}

enum verdict {
    ACCEPTED,
    TOO_MANY,
    TOO_LARGE,
    TOO_LONG,
    TOO_LATE,
    OVER_SHARE_OF_PLACES,
    OVER_SHARE_OF_NUMBERS,
    OVER_SHARE_OF_TIME,
    OVER_LIMIT,
    NO_MEMORY
};

/* Of a refusal: seconds until it is worth trying again, and what the client has. */
struct grounds {
    double wait;
    size_t own;
    struct adv_spending spending;
};

static uint64_t client_of(const struct adv_job *job)
{
    return job->client ? adv_client_id(job->client) : 0;
}

/* How many are taken that are patient, or that are not. */
static size_t count_taken(const struct adv_claims *claims, bool patient)
{
    size_t n = 0;
    for (size_t i = 0; i < claims->n; i++)
        n += claims->items[i]->patient == patient;
    return n;
}

/* Where the numbers of a job's answer are counted. */
static atomic_size_t *budget_of(const struct adv_scheduler_options *options,
                                const struct adv_job *job)
{
    return job->ticket.patient ? options->patient_numbers : options->numbers;
}

static size_t most_of(const struct adv_scheduler_options *options, const struct adv_job *job)
{
    return job->ticket.patient ? options->patient_length : options->queue_length;
}

/* Of jobs that end meanwhile both counts go down, one a moment before the other. */
static bool may_hold_numbers(const struct adv_scheduler_options *options, const struct adv_job *job)
{
    size_t own = atomic_load(adv_job_client_numbers(job));
    size_t all = atomic_load(budget_of(options, job));
    return adv_share_allows(options->client_share, own, all > own ? all - own : 0,
                            options->queue_numbers, job->work.numbers);
}

/* Of those that are patient, or are not, how many are the client's. */
static size_t count_own(const struct adv_claims *claims, uint64_t client, bool patient)
{
    size_t n = 0;
    for (size_t i = 0; i < claims->n; i++)
        n += claims->items[i]->patient == patient && claims->items[i]->client == client;
    return n;
}

/* With the mutex held: whether the client may have one more place, and as much more time. */
static enum verdict judge_share(const struct adv_scheduler *scheduler, const struct adv_job *job,
                                double now, struct grounds *grounds)
{
    const struct adv_scheduler_options *options = &scheduler->options;
    const struct adv_claims *claims = &scheduler->claims;
    bool patient = job->ticket.patient;
    size_t own = count_own(claims, client_of(job), patient);
    size_t others = count_taken(claims, patient) - own;
    grounds->own = own;
    if (job->client &&
        !adv_share_allows(options->client_share, own, others, most_of(options, job), 1))
        return OVER_SHARE_OF_PLACES;
    if (job->client && !may_hold_numbers(options, job))
        return OVER_SHARE_OF_NUMBERS;
    grounds->wait = adv_claims_wait(claims, &job->ticket.claim, now);
    if (grounds->wait > 0)
        return TOO_LATE;
    grounds->wait = adv_claims_share_wait(claims, &job->ticket.claim, now);
    return grounds->wait > 0 ? OVER_SHARE_OF_TIME : ACCEPTED;
}

/* Last of all, since it takes what it allows. */
static enum verdict judge_cost(struct adv_job *job, struct grounds *grounds)
{
    double cost = job->ticket.estimate.cost;
    if (job->client && !adv_client_spend(job->client, cost, &grounds->spending)) {
        grounds->wait = grounds->spending.wait;
        return OVER_LIMIT;
    }
    job->ticket.paid = cost;
    return ACCEPTED;
}

/* With the mutex held. */
static enum verdict judge(struct adv_scheduler *scheduler, struct adv_job *job,
                          struct grounds *grounds)
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
        .patient = ticket->patient,
        .runnable = true,
        .client = client_of(job),
        .priority = ticket->priority,
    };
    ticket->rows_together =
        ticket->claim.width == 1 ? adv_query_rows_together(&job->work.query, job->work.model) : 1;
    if (options->refuse_hopeless && !adv_claim_fits_alone(&ticket->claim, n_workers, now))
        return TOO_LONG;
    adv_scheduler_estimate(scheduler);
    grounds->wait =
        adv_claims_backlog(&scheduler->claims, now) / fmax(1, (double)scheduler->claims.n);
    if (count_taken(&scheduler->claims, ticket->patient) >= most_of(options, job))
        return TOO_MANY;
    if (atomic_load(budget_of(options, job)) + job->work.numbers > options->queue_numbers)
        return TOO_LARGE;
    ticket->claim.left = adv_estimate_left(&ticket->estimate);
    enum verdict verdict = judge_share(scheduler, job, now, grounds);
    return verdict == ACCEPTED ? judge_cost(job, grounds) : verdict;
}

static void accept_job(struct adv_scheduler *scheduler, struct adv_job *job)
{
    const struct adv_scheduler_options *options = &scheduler->options;
    job->budget = budget_of(options, job);
    atomic_fetch_add(job->budget, job->work.numbers);
    if (job->client)
        atomic_fetch_add(adv_job_client_numbers(job), job->work.numbers);
    adv_metrics_move(options->metrics, ADV_GAUGE_QUERIES, 1);
    adv_metrics_move(options->metrics, ADV_GAUGE_QUERY_ROWS, (int64_t)job->work.query.n);
    adv_claims_add(&scheduler->claims, &adv_job_ref(job)->ticket.claim);
    adv_scheduler_call(scheduler);
}

static const char *rows_field(const struct adv_query *query)
{
    return adv_query_from_base(query->kind) ? "n" : "points";
}

/* Of what the client has: places, or time. */
static void refuse_share(const struct adv_scheduler *scheduler, const struct adv_job *job,
                         enum verdict verdict, const struct grounds *grounds,
                         struct adv_reply *refusal)
{
    char who[128];
    adv_client_describe(job->client, sizeof who, who);
    if (verdict == OVER_SHARE_OF_PLACES)
        adv_problem_reply(refusal, ADV_PROBLEM_TOO_MANY, NULL,
                          "%s has %zu of the %zu requests that this server computes or keeps "
                          "waiting; one client gets at most %g of what the others leave",
                          who, grounds->own, most_of(&scheduler->options, job),
                          scheduler->options.client_share);
    else if (verdict == OVER_SHARE_OF_NUMBERS)
        adv_problem_reply(refusal, ADV_PROBLEM_TOO_MANY, NULL,
                          "the answers to %s that are being computed or sent leave no room in its "
                          "share for the %zu numbers of this one; one client gets at most %g of "
                          "what the others leave",
                          who, job->work.numbers, scheduler->options.client_share);
    else
        adv_problem_reply(refusal, ADV_PROBLEM_TOO_MANY, NULL,
                          "the %zu requests of %s that are being computed take its share of the "
                          "time, which is at most %g of what the others leave; this one may be "
                          "taken in about %.0f s",
                          grounds->own, who, scheduler->options.client_share,
                          fmax(1, ceil(grounds->wait)));
}

static void refuse_cost(const struct adv_job *job, const struct adv_spending *spending,
                        struct adv_reply *refusal)
{
    char who[128];
    adv_problem_reply(refusal, ADV_PROBLEM_TOO_MANY, NULL,
                      "%s has used %.4g of its %.4g billion multiply-adds per minute; this "
                      "request, which takes about %.4g, may be taken in %.0f s",
                      adv_client_describe(job->client, sizeof who, who), spending->used * 1e-9,
                      spending->limit * 1e-9, job->ticket.estimate.cost * 1e-9,
                      fmax(1, ceil(spending->wait)));
}

static void refuse(const struct adv_scheduler *scheduler, const struct adv_job *job,
                   enum verdict verdict, const struct grounds *grounds, struct adv_reply *refusal)
{
    static const enum adv_counter reasons[] = {
        [TOO_MANY] = ADV_COUNT_REJECTED_QUEUE,
        [TOO_LARGE] = ADV_COUNT_REJECTED_NUMBERS,
        [TOO_LONG] = ADV_COUNT_REJECTED_TIMEOUT,
        [TOO_LATE] = ADV_COUNT_REJECTED_BUSY,
        [OVER_SHARE_OF_PLACES] = ADV_COUNT_REJECTED_SHARE,
        [OVER_SHARE_OF_NUMBERS] = ADV_COUNT_REJECTED_SHARE,
        [OVER_SHARE_OF_TIME] = ADV_COUNT_REJECTED_SHARE,
        [OVER_LIMIT] = ADV_COUNT_REJECTED_COST,
        [NO_MEMORY] = ADV_COUNT_FAILED,
    };
    const struct adv_scheduler_options *options = &scheduler->options;
    adv_metrics_count(options->metrics, reasons[verdict], 1);
    switch (verdict) {
    case TOO_MANY:
        adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "%zu requests are being computed already, the most this server takes",
                          most_of(options, job));
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
                          "can do within %g s even alone: ask for fewer rows, steps or probes%s",
                          job->ticket.estimate.cost, job->ticket.timeout_s,
                          job->work.query.errors ? ", or for no errors" : "");
        return;
    case TOO_LATE:
        adv_problem_reply(refusal, ADV_PROBLEM_QUEUE_FULL, NULL,
                          "behind the requests being computed this one would not be answered "
                          "within %g s; it may be in about %.0f s",
                          job->ticket.timeout_s, fmax(1, ceil(grounds->wait)));
        break;
    case OVER_SHARE_OF_PLACES:
    case OVER_SHARE_OF_NUMBERS:
    case OVER_SHARE_OF_TIME:
        refuse_share(scheduler, job, verdict, grounds, refusal);
        break;
    case OVER_LIMIT:
        refuse_cost(job, &grounds->spending, refusal);
        break;
    case ACCEPTED:
    case NO_MEMORY:
        adv_problem_reply(refusal, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
        break;
    }
    adv_scheduler_retry_after(refusal, grounds->wait);
}

bool adv_scheduler_submit(struct adv_scheduler *scheduler, struct adv_job *job,
                          struct adv_reply *refusal)
{
    struct grounds grounds = {0};
    pthread_mutex_lock(&scheduler->mutex);
    enum verdict verdict = judge(scheduler, job, &grounds);
    if (verdict == ACCEPTED)
        accept_job(scheduler, job);
    pthread_mutex_unlock(&scheduler->mutex);
    if (verdict != ACCEPTED)
        refuse(scheduler, job, verdict, &grounds, refusal);
    return verdict == ACCEPTED;
}
