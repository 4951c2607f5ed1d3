/* A worker's turn at a shard, and at what is best evaluated beside it.
 *
 * One row of a small network takes nearly as long as four, since most of it is loading weights. So
 * a worker that takes a shard of few rows takes others of the same model along that wait for a turn
 * at this moment: the first is the one whose turn it is, the others ride along in the order of
 * their deadlines. Nothing is waited for, and each row's result is what it is alone. */
#include "server/schedule/scheduler_parts.h"

#include <advect/extra/run_shards.h>
#include <math.h>

#define COMPANY_MAX ((size_t)32)

/* Of the time until its deadline, how much the first may take if all of its evaluations have the
 * company of this one. */
#define SHARE_IN_COMPANY 0.5

struct member {
    struct adv_job *job;
    struct adv_run_work work; /* of the shard before the turn; after it, what that added */
    struct adv_error error;
    bool is_new; /* its run is made in this turn; until then nobody else may have the job */
    bool fails;
};

/* Those that have a turn together, each with one shard. */
struct company {
    size_t n, rows;
    struct member members[COMPANY_MAX];
    struct adv_run_shard turns[COMPANY_MAX];
    bool shared; /* with idle workers */
    double seconds;
};

/* ---------------------------------------------------------------- company; with the mutex held */

static bool may_ride_along(const struct adv_job *job, const struct adv_job *first)
{
    const struct adv_ticket *ticket = &job->ticket;
    return job != first && ticket->claim.runnable && ticket->rows_together > 1 &&
           job->work.model == first->work.model && ticket->patient == first->ticket.patient &&
           !(job->work.run && adv_scheduler_is_to_write(job));
}

/* The rows that all workers who are free now would evaluate, divided among them. */
static size_t fair_share(const struct adv_scheduler *scheduler, const struct adv_job *first)
{
    size_t rows = first->work.query.n, n = 1 + (size_t)scheduler->n_idle;
    for (size_t i = 0; i < scheduler->claims.n; i++) {
        const struct adv_job *job = adv_job_of_claim(scheduler->claims.items[i]);
        if (may_ride_along(job, first))
            rows += job->work.query.n;
    }
    return (rows + n - 1) / n;
}

/* How many rows an evaluation with the first of a company may have. */
static size_t rows_at_most(const struct adv_scheduler *scheduler, const struct adv_job *first)
{
    const struct adv_claim *claim = &first->ticket.claim;
    double spare = SHARE_IN_COMPANY * (claim->deadline - adv_now_s());
    double in_time = (double)first->work.query.n * spare / fmax(claim->left, 1e-9);
    size_t most = fair_share(scheduler, first);
    most = most < first->ticket.rows_together ? most : first->ticket.rows_together;
    return in_time < (double)most ? (size_t)fmax(in_time, 0) : most;
}

static void take_shard(struct company *company, struct adv_job *job)
{
    struct adv_ticket *ticket = &job->ticket;
    size_t i = company->n++;
    company->rows += job->work.query.n;
    company->members[i] = (struct member){.job = job, .error = ADV_ERROR_INIT};
    company->turns[i] = (struct adv_run_shard){.run = job->work.run};
    if (job->work.run) {
        company->turns[i].shard = adv_ticket_take(ticket);
    } else {
        company->members[i].is_new = true;
        ticket->begun = adv_now_s();
        ticket->whole = true;
    }
    adv_scheduler_update_runnable(ticket);
}

static void take_company(const struct adv_scheduler *scheduler, struct adv_job *first,
                         struct company *company)
{
    company->n = company->rows = 0;
    company->seconds = 0;
    size_t most = first->ticket.rows_together > 1 ? rows_at_most(scheduler, first) : 0;
    take_shard(company, first);
    for (size_t i = 0; i < scheduler->claims.n && company->n < COMPANY_MAX; i++) {
        struct adv_job *job = adv_job_of_claim(scheduler->claims.items[i]);
        size_t fit = job->ticket.rows_together < most ? job->ticket.rows_together : most;
        if (company->rows + job->work.query.n <= fit && may_ride_along(job, first)) {
            take_shard(company, job);
            most = fit;
        }
    }
}

/* ---------------------------------------------------------------- computing; without the mutex */

static enum adv_status make_run(struct adv_job *job, struct adv_error *error)
{
    size_t n_shards;
    enum adv_status status = adv_work_prepare(&job->work, &n_shards, error);
    return status == ADV_OK ? adv_ticket_fill(&job->ticket, n_shards, error) : status;
}

static void swap(struct company *company, size_t i, size_t j)
{
    struct member member = company->members[i];
    struct adv_run_shard turn = company->turns[i];
    company->members[i] = company->members[j];
    company->turns[i] = company->turns[j];
    company->members[j] = member;
    company->turns[j] = turn;
}

/* Makes the runs that are not there yet; who fails is last and has no turn. Returns how many do. */
static size_t make_runs(struct company *company)
{
    size_t n = company->n;
    for (size_t i = 0; i < n;) {
        struct member *member = &company->members[i];
        struct adv_job *job = member->job;
        if (!job->work.run) {
            member->fails = make_run(job, &member->error) != ADV_OK;
            if (!member->fails)
                company->turns[i].shard = adv_ticket_take(&job->ticket);
        }
        company->turns[i].run = job->work.run;
        if (member->fails)
            swap(company, i, --n);
        else
            i++;
    }
    return n;
}

static struct adv_run_work work_of(const struct adv_run_shard *turn)
{
    return adv_run_work(turn->run, turn->shard);
}

static struct adv_run_work difference(struct adv_run_work a, struct adv_run_work b)
{
    return (struct adv_run_work){.multiply_adds = a.multiply_adds - b.multiply_adds,
                                 .evaluations = a.evaluations - b.evaluations,
                                 .rows = a.rows - b.rows};
}

static bool has_any_ended(const struct company *company, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (company->turns[i].ended)
            return true;
    }
    return false;
}

/* Evaluations are those of the company: each member has had as many. */
static void count(struct adv_metrics *metrics, const struct company *company, size_t n)
{
    size_t evaluations = 0, rows = 0;
    for (size_t i = 0; i < n; i++) {
        const struct adv_run_work *work = &company->members[i].work;
        evaluations = work->evaluations > evaluations ? work->evaluations : evaluations;
        rows += work->rows;
    }
    adv_metrics_count(metrics, ADV_COUNT_TURNS, 1);
    adv_metrics_evaluations(metrics, evaluations, rows);
}

/* Advances the first n members until one ends or the turn is over. */
static void advance(struct adv_metrics *metrics, struct company *company, size_t n,
                    struct adv_evaluator *evaluator)
{
    for (size_t i = 0; i < n; i++)
        company->members[i].work = work_of(&company->turns[i]);
    int64_t begin_us = adv_now_us(), now_us;
    do {
        adv_runs_advance(n, company->turns, evaluator);
        now_us = adv_now_us();
    } while (!has_any_ended(company, n) && now_us < begin_us + ADV_TURN_US);
    company->seconds = (double)(now_us - begin_us) * 1e-6;
    for (size_t i = 0; i < n; i++)
        company->members[i].work =
            difference(work_of(&company->turns[i]), company->members[i].work);
    count(metrics, company, n);
}

static void send_frames(struct member *member)
{
    struct adv_job *job = member->job;
    if (adv_work_streams(&job->work) && !adv_scheduler_frames_are_long(job))
        member->fails = adv_job_send_frames(job, &member->error) != ADV_OK;
}

static void compute(struct adv_worker *worker, struct company *company)
{
    struct adv_evaluator *evaluator;
    struct adv_error error = ADV_ERROR_INIT;
    size_t n = make_runs(company);
    if (n == 0)
        return;
    struct adv_evaluators *evaluators =
        company->shared ? &worker->scheduler->sharing.evaluators : &worker->evaluators;
    struct adv_model *model = company->members[0].job->work.model;
    enum adv_status status = adv_evaluators_get(evaluators, model, &evaluator, &error);
    if (status == ADV_OK)
        advance(worker->scheduler->options.metrics, company, n, evaluator);
    for (size_t i = 0; i < n; i++) {
        struct member *member = &company->members[i];
        if (status == ADV_OK) {
            send_frames(member);
        } else {
            member->fails = true;
            member->error = error;
        }
    }
}

/* ---------------------------------------------------------------- the end; with the mutex held */

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

/* Each, and its client, is charged its part of the time, by what was computed for it. */
static void charge(struct adv_scheduler *scheduler, const struct company *company)
{
    double all = 0;
    for (size_t i = 0; i < company->n; i++)
        all += company->members[i].work.multiply_adds;
    for (size_t i = 0; i < company->n; i++) {
        struct adv_ticket *ticket = &company->members[i].job->ticket;
        double part = company->members[i].work.multiply_adds;
        double seconds = all > 0 ? company->seconds * part / all : 0;
        ticket->computed += seconds;
        ticket->done += part;
        adv_claims_charge(&scheduler->claims, &ticket->claim, seconds);
        if (part > 0 && company->shared)
            adv_estimate_note_shared(&ticket->estimate, part, seconds);
        else if (part > 0)
            adv_estimate_note(&ticket->estimate, part, seconds);
    }
}

/* Who goes on may be taken by others at once; true if that is all. Who may end stays this worker's
 * until it is looked after: ending a job lets go of the mutex. */
static bool put_back(struct company *company, size_t i)
{
    struct member *member = &company->members[i];
    struct adv_ticket *ticket = &member->job->ticket;
    if (member->fails && ticket->error.status == ADV_OK)
        ticket->error = member->error;
    ticket->leaving = ticket->leaving || member->fails;
    if (company->turns[i].ended || ticket->leaving)
        return false;
    if (member->is_new)
        ticket->whole = false;
    return_shard(member->job, company->turns[i].shard, false);
    adv_scheduler_update_runnable(ticket);
    return true;
}

static void end_member(struct adv_scheduler *scheduler, struct company *company, size_t i)
{
    struct adv_job *job = company->members[i].job;
    if (company->members[i].is_new)
        job->ticket.whole = false;
    if (job->ticket.n_taken > 0) /* else its run could not be made */
        return_shard(job, company->turns[i].shard, company->turns[i].ended);
    adv_scheduler_update_runnable(&job->ticket);
    adv_scheduler_go_on(scheduler, job);
}

void adv_scheduler_take_turn(struct adv_worker *worker, struct adv_job *job)
{
    struct adv_scheduler *scheduler = worker->scheduler;
    struct company company;
    size_t n_ending = 0;
    take_company(scheduler, job, &company);
    company.shared = adv_sharing_begin(scheduler, job, company.rows);
    adv_scheduler_unlock(scheduler);
    compute(worker, &company);
    pthread_mutex_lock(&scheduler->mutex);
    if (company.shared)
        adv_sharing_end(scheduler);
    charge(scheduler, &company);
    for (size_t i = 0; i < company.n; i++) {
        if (company.members[i].is_new)
            adv_scheduler_measure_run(scheduler, company.members[i].job);
        if (!put_back(&company, i))
            swap(&company, i, n_ending++);
    }
    for (size_t i = 0; i < n_ending; i++)
        end_member(scheduler, &company, i);
}
