/* How jobs end: with an answer, which is written in turns where it is long, or early. */
#include "server/reply/problem.h"
#include "server/schedule/scheduler_parts.h"

#define SHORT_ANSWER_US 1000      /* of writing it: not worth a thread of its own */
#define SHORT_FRAME_NUMBERS 20000 /* likewise, of a stream's frame */

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
    adv_scheduler_retry_after(reply, adv_claims_backlog(&scheduler->claims, adv_now_s()));
    return ADV_COUNT_EXPIRED;
}

static void measure(struct adv_metrics *metrics, const struct adv_job *job)
{
    const struct adv_ticket *ticket = &job->ticket;
    double begun = ticket->begun > 0 ? ticket->begun : adv_now_s();
    adv_metrics_query(metrics, adv_model_name(job->work.model), ticket->route,
                      begun - ticket->claim.arrived, ticket->computed);
}

/* The job leaves the scheduler with its reply. */
static void end_job(struct adv_scheduler *scheduler, struct adv_job *job, struct adv_reply *reply,
                    enum adv_counter outcome)
{
    struct adv_metrics *metrics = scheduler->options.metrics;
    adv_claims_remove(&scheduler->claims, &job->ticket.claim);
    if (job->client)
        adv_client_refund(job->client, job->ticket.paid - job->ticket.done);
    adv_scheduler_unlock(scheduler);
    adv_metrics_count(metrics, outcome, 1);
    adv_metrics_move(metrics, ADV_GAUGE_QUERIES, -1);
    adv_metrics_move(metrics, ADV_GAUGE_QUERY_ROWS, -(int64_t)job->work.query.n);
    adv_metrics_move(metrics, ADV_GAUGE_QUERIES_BYTES, -(int64_t)job->ticket.run_bytes);
    if (outcome == ADV_COUNT_COMPLETED) {
        int64_t nfe = adv_channel_nfe(&job->channel);
        adv_metrics_count(metrics, ADV_COUNT_ROWS, job->work.query.n);
        adv_metrics_count(metrics, ADV_COUNT_VELOCITIES, job->work.query.n * (uint64_t)nfe);
    }
    measure(metrics, job);
    adv_job_end(job, reply);
    adv_job_unref(job);
    pthread_mutex_lock(&scheduler->mutex);
}

/* What was begun of the answer of a job that leaves is given up. */
static void drop_answer(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_answering *answering = &job->answering;
    adv_reply_release(&answering->reply);
    if (!answering->strand)
        return;
    job->ticket.whole = true;
    adv_scheduler_unlock(scheduler);
    adv_strand_free(answering->strand);
    answering->strand = NULL;
    adv_reply_release(&answering->reply);
    pthread_mutex_lock(&scheduler->mutex);
}

void adv_scheduler_end_early(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_reply reply = {0};
    drop_answer(scheduler, job);
    enum adv_counter outcome = explain(scheduler, job, &reply);
    end_job(scheduler, job, &reply, outcome);
}

/* ---------------------------------------------------------------- answers; with the mutex held */

/* The answer; or, before there is one, the frames of a stream that are due. */
static void write_out(void *context)
{
    struct adv_job *job = context;
    struct adv_answering *answering = &job->answering;
    answering->error = (struct adv_error)ADV_ERROR_INIT;
    answering->status = job->ticket.answering
                            ? adv_job_finish(job, &answering->reply, &answering->error)
                            : adv_job_send_frames(job, &answering->error);
}

/* The answer is written. */
static void end_completed(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_answering *answering = &job->answering;
    if (answering->status == ADV_OK) {
        end_job(scheduler, job, &answering->reply, ADV_COUNT_COMPLETED);
    } else {
        job->ticket.error = answering->error;
        adv_scheduler_end_early(scheduler, job);
    }
}

/* Works at the answer until it is written or the turn is over; whether it is written. */
static bool write_on(struct adv_answering *answering, struct adv_job *job, bool in_turns)
{
    bool ended = true;
    if (in_turns && !answering->strand)
        in_turns = adv_strand_new(write_out, job, &answering->strand, NULL) == ADV_OK;
    if (in_turns)
        ended = adv_strand_turn(answering->strand, ADV_TURN_US);
    else
        write_out(job); /* also where there is no thread to be had */
    if (ended) {
        adv_strand_free(answering->strand);
        answering->strand = NULL;
    }
    return ended;
}

/* Frames were sent while others are computed: the job goes on, unless that failed. */
static void go_on_computing(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_ticket *ticket = &job->ticket;
    if (job->answering.status != ADV_OK) {
        if (ticket->error.status == ADV_OK)
            ticket->error = job->answering.error;
        ticket->leaving = true;
    }
    adv_scheduler_update_runnable(ticket);
    adv_scheduler_go_on(scheduler, job);
}

bool adv_scheduler_answer_is_long(const struct adv_job *job)
{
    return job->ticket.estimate.rendering * 1e6 > SHORT_ANSWER_US || job->answering.strand;
}

bool adv_scheduler_frames_are_long(const struct adv_job *job)
{
    return adv_work_streams(&job->work) &&
           job->work.query.n * adv_model_dim(job->work.model) > SHORT_FRAME_NUMBERS;
}

bool adv_scheduler_is_to_write(const struct adv_job *job)
{
    return job->ticket.answering || job->ticket.sending ||
           (adv_scheduler_frames_are_long(job) && adv_work_frames_due(&job->work) > 0);
}

void adv_scheduler_answer(struct adv_scheduler *scheduler, struct adv_job *job)
{
    struct adv_ticket *ticket = &job->ticket;
    bool answering = ticket->answering;
    bool in_turns = !answering || adv_scheduler_answer_is_long(job);
    ticket->whole = true;
    ticket->claim.runnable = false;
    adv_scheduler_unlock(scheduler);
    int64_t begin_us = adv_now_us();
    bool ended = write_on(&job->answering, job, in_turns);
    double seconds = (double)(adv_now_us() - begin_us) * 1e-6;
    pthread_mutex_lock(&scheduler->mutex);
    ticket->computed += seconds;
    adv_claims_charge(&scheduler->claims, &ticket->claim, seconds);
    if (answering)
        adv_estimate_note_rendering(&ticket->estimate, seconds);
    ticket->whole = false;
    ticket->sending = !answering && !ended;
    adv_scheduler_update_runnable(ticket);
    if (ended && answering)
        end_completed(scheduler, job);
    else if (!answering && ended)
        go_on_computing(scheduler, job);
}
