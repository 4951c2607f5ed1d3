#include "server/jobs/job.h"

#include "server/jobs/store.h"
#include "server/reply/problem.h"

#include <stdlib.h>

#define STREAM_BLOCK_BYTES 65536

/* ---------------------------------------------------------------- life */

enum adv_status adv_job_new(struct adv_model *model, struct adv_request *request,
                            struct adv_job **out, struct adv_error *error)
{
    struct adv_job *job = calloc(1, sizeof *job);
    if (!job) {
        adv_request_free(request);
        return adv_no_memory(error);
    }
    atomic_init(&job->references, 1);
    adv_work_init(&job->work, model, request);
    adv_channel_init(&job->channel);
    *out = job;
    return ADV_OK;
}

struct adv_job *adv_job_ref(struct adv_job *job)
{
    atomic_fetch_add(&job->references, 1);
    return job;
}

atomic_size_t *adv_job_client_numbers(const struct adv_job *job)
{
    return job->ticket.patient ? adv_client_job_numbers(job->client)
                               : adv_client_numbers(job->client);
}

static void return_budget(struct adv_job *job)
{
    if (job->budget)
        atomic_fetch_sub(job->budget, job->work.numbers);
    if (job->budget && job->client)
        atomic_fetch_sub(adv_job_client_numbers(job), job->work.numbers);
    job->budget = NULL;
}

void adv_job_unref(struct adv_job *job)
{
    if (!job || atomic_fetch_sub(&job->references, 1) > 1)
        return;
    return_budget(job);
    adv_work_release(&job->work);
    adv_ticket_release(&job->ticket);
    adv_channel_release(&job->channel);
    adv_client_unref(job->client);
    free(job);
}

/* ---------------------------------------------------------------- the HTTP thread's side */

static ssize_t read_stream(void *context, uint64_t position, char *buffer, size_t room)
{
    (void)position; /* bytes are asked for in order, once */
    return adv_reader_read(context, buffer, room);
}

void adv_job_collect(struct adv_job *job, struct adv_reader *reader, struct adv_reply *reply,
                     struct MHD_Response **response)
{
    *response = NULL;
    if (adv_reader_take_reply(reader, reply))
        return;
    *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream,
                                                  reader, NULL);
    if (*response)
        adv_headers_add(&job->work.headers, job->work.format->media_type, *response);
    else
        adv_problem_reply(reply, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
}

/* ---------------------------------------------------------------- the workers' side */

void adv_job_end(struct adv_job *job, struct adv_reply *reply)
{
    adv_work_release_run(&job->work);
    adv_ticket_release(&job->ticket);
    if (job->store) {
        return_budget(job);
        adv_work_release_model(&job->work);
    }
    adv_channel_end(&job->channel, reply);
    if (job->store)
        adv_job_store_note_end(job->store, job);
}

static enum adv_status send_due_frames(struct adv_job *job, struct adv_error *error)
{
    struct adv_work *work = &job->work;
    size_t due = adv_work_frames_due(work);
    if (due == 0)
        return ADV_OK;
    float *states = malloc(work->query.n * adv_model_dim(work->model) * sizeof *states);
    enum adv_status status = states ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < due; i++) {
        struct adv_bytes line = {0};
        status = adv_work_render_next(work, states, &line, error);
        if (status == ADV_OK)
            status = adv_channel_send(&job->channel, &line, error);
        adv_bytes_release(&line);
    }
    free(states);
    return status;
}

/* One worker renders at a time. One that finds another at it leaves its frames to that other or to
 * the turn after: after the last turn of all, somebody renders what is left. */
enum adv_status adv_job_send_frames(struct adv_job *job, struct adv_error *error)
{
    if (atomic_exchange(&job->work.rendering, true))
        return ADV_OK;
    enum adv_status status = send_due_frames(job, error);
    atomic_store(&job->work.rendering, false);
    return status;
}

enum adv_status adv_job_finish(struct adv_job *job, struct adv_reply *reply,
                               struct adv_error *error)
{
    int64_t nfe;
    enum adv_status status = adv_work_reply(&job->work, reply, &nfe, error);
    if (status == ADV_OK && adv_work_streams(&job->work))
        status = adv_job_send_frames(job, error);
    if (status == ADV_OK)
        adv_channel_set_nfe(&job->channel, nfe);
    return status;
}
