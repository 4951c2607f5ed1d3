#include "server/work/job.h"

#include "server/http/problem.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- formats */

static enum adv_status render_json(const struct adv_job *job, const struct adv_answer *answer,
                                   struct adv_bytes *out, struct adv_error *error)
{
    return adv_render_json(job->model, &job->query, answer, out, error);
}

static enum adv_status render_npy(const struct adv_job *job, const struct adv_answer *answer,
                                  struct adv_bytes *out, struct adv_error *error)
{
    return adv_render_npy(&job->query, answer, out, error);
}

static enum adv_status render_png(const struct adv_job *job, const struct adv_answer *answer,
                                  struct adv_bytes *out, struct adv_error *error)
{
    return adv_render_png(job->model, &job->query, answer, &job->picture, out, error);
}

static enum adv_status render_animation(const struct adv_job *job, const struct adv_answer *answer,
                                        struct adv_bytes *out, struct adv_error *error)
{
    return adv_render_animation(job->model, &job->query, answer, &job->picture, out, error);
}

const struct adv_format adv_format_json = {"application/json", render_json};
const struct adv_format adv_format_npy = {"application/x-npy", render_npy};
const struct adv_format adv_format_png = {"image/png", render_png};
const struct adv_format adv_format_animation = {"image/png", render_animation};
const struct adv_format adv_format_ndjson = {"application/x-ndjson", NULL};

bool adv_job_streams(const struct adv_job *job)
{
    return !job->format->render;
}

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
    atomic_init(&job->abandoned, false);
    atomic_init(&job->ended, false);
    pthread_mutex_init(&job->mutex, NULL);
    job->model = adv_model_ref(model);
    job->request = request;
    job->nfe = -1;
    *out = job;
    return ADV_OK;
}

struct adv_job *adv_job_ref(struct adv_job *job)
{
    atomic_fetch_add(&job->references, 1);
    return job;
}

/* What the computation holds; the answer's bytes stay. */
static void release_work(struct adv_job *job)
{
    adv_run_free(job->run);
    adv_request_free(job->request);
    free(job->shards);
    job->run = NULL;
    job->request = NULL;
    job->shards = NULL;
}

void adv_job_unref(struct adv_job *job)
{
    if (!job || atomic_fetch_sub(&job->references, 1) > 1)
        return;
    if (job->budget)
        atomic_fetch_sub(job->budget, job->numbers);
    release_work(job);
    adv_model_unref(job->model);
    adv_reply_release(&job->reply);
    adv_bytes_release(&job->stream);
    pthread_mutex_destroy(&job->mutex);
    free(job);
}

/* ---------------------------------------------------------------- the HTTP thread's side */

void adv_job_suspend(struct adv_job *job, struct MHD_Connection *connection)
{
    pthread_mutex_lock(&job->mutex);
    job->connection = connection;
    job->suspended = true;
    MHD_suspend_connection(connection);
    pthread_mutex_unlock(&job->mutex);
}

/* Content reader of a stream: never returns 0 without having suspended the connection. */
static ssize_t read_stream(void *context, uint64_t position, char *buffer, size_t room)
{
    (void)position; /* bytes are asked for in order, once */
    struct adv_job *job = context;
    ssize_t result = 0;
    pthread_mutex_lock(&job->mutex);
    size_t n = job->stream.n - job->n_stream_sent;
    if (n > 0) {
        n = n < room ? n : room;
        memcpy(buffer, job->stream.data + job->n_stream_sent, n);
        job->n_stream_sent += n;
        job->n_sent_in_all += n;
        result = (ssize_t)n;
    } else if (adv_job_has_ended(job)) {
        result = job->reply.status == MHD_HTTP_OK ? MHD_CONTENT_READER_END_OF_STREAM
                                                  : MHD_CONTENT_READER_END_WITH_ERROR;
    } else {
        job->suspended = true;
        MHD_suspend_connection(job->connection);
    }
    pthread_mutex_unlock(&job->mutex);
    return result;
}

static void drop_stream(void *context)
{
    adv_job_unref(context);
}

#define STREAM_BLOCK_BYTES 65536

void adv_job_collect(struct adv_job *job, struct adv_reply *reply, struct MHD_Response **response)
{
    *response = NULL;
    pthread_mutex_lock(&job->mutex);
    bool streaming = job->stream.n > 0;
    if (!streaming) {
        adv_reply_release(reply);
        *reply = job->reply;
        job->reply = (struct adv_reply){.status = reply->status};
    }
    pthread_mutex_unlock(&job->mutex);
    if (!streaming)
        return;
    *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream,
                                                  adv_job_ref(job), drop_stream);
    if (*response) {
        adv_reply_add_headers(&job->template, *response);
        return;
    }
    adv_job_unref(job);
    adv_problem_reply(reply, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
}

void adv_job_detach(struct adv_job *job)
{
    adv_job_abandon(job);
    pthread_mutex_lock(&job->mutex);
    job->connection = NULL;
    job->suspended = false;
    pthread_mutex_unlock(&job->mutex);
}

/* ---------------------------------------------------------------- any thread's */

void adv_job_abandon(struct adv_job *job)
{
    atomic_store(&job->abandoned, true);
}

bool adv_job_is_abandoned(const struct adv_job *job)
{
    return atomic_load(&job->abandoned);
}

bool adv_job_has_ended(const struct adv_job *job)
{
    return atomic_load(&job->ended);
}

size_t adv_job_stream_bytes(struct adv_job *job)
{
    pthread_mutex_lock(&job->mutex);
    size_t n = job->stream.n - job->n_stream_sent;
    pthread_mutex_unlock(&job->mutex);
    return n;
}

void adv_job_measure(struct adv_job *job, int64_t *n, int64_t *nfe, size_t *stream_bytes)
{
    pthread_mutex_lock(&job->mutex);
    *n = (int64_t)job->query.n;
    *nfe = job->nfe;
    *stream_bytes = job->n_sent_in_all;
    pthread_mutex_unlock(&job->mutex);
}

/* ---------------------------------------------------------------- the workers' side */

/* With the job's mutex held: there is something new to send. */
static void resume(struct adv_job *job)
{
    if (!job->suspended)
        return;
    job->suspended = false;
    MHD_resume_connection(job->connection);
}

/* With the job's mutex held: lines, perhaps taken over, follow what the stream holds. */
static enum adv_status append_stream(struct adv_job *job, struct adv_bytes *lines,
                                     struct adv_error *error)
{
    struct adv_bytes *stream = &job->stream;
    if (job->n_stream_sent == stream->n) {
        adv_bytes_release(stream);
        *stream = *lines;
        *lines = (struct adv_bytes){0};
        job->n_stream_sent = 0;
        return ADV_OK;
    }
    return adv_bytes_append(stream, lines->data, lines->n, error);
}

void adv_job_end(struct adv_job *job, struct adv_reply *reply)
{
    release_work(job);
    pthread_mutex_lock(&job->mutex);
    /* A stream that has begun cannot change its status any more: its last line is the problem, and
     * it ends without the final chunk. */
    if (reply->status != MHD_HTTP_OK && job->stream.n > 0)
        append_stream(job, &reply->body, NULL);
    adv_reply_release(&job->reply);
    job->reply = *reply;
    *reply = (struct adv_reply){0};
    atomic_store(&job->ended, true);
    resume(job);
    pthread_mutex_unlock(&job->mutex);
}

/* Renders frame f of the run as a line. */
static enum adv_status render_frame(struct adv_job *job, size_t f, float *states,
                                    struct adv_bytes *line, struct adv_error *error)
{
    adv_run_copy_frame(job->run, f, states);
    return adv_render_frame_line(f, job->query.times[f], job->query.n, adv_model_dim(job->model),
                                 states, line, error);
}

static enum adv_status render_ready_frames(struct adv_job *job, struct adv_error *error)
{
    size_t ready = adv_run_frames_ready(job->run);
    if (job->n_frames_rendered >= ready)
        return ADV_OK;
    float *states = malloc(job->query.n * adv_model_dim(job->model) * sizeof *states);
    enum adv_status status = states ? ADV_OK : adv_no_memory(error);
    while (status == ADV_OK && job->n_frames_rendered < ready) {
        struct adv_bytes line = {0};
        status = render_frame(job, job->n_frames_rendered, states, &line, error);
        if (status == ADV_OK) {
            job->n_frames_rendered++;
            pthread_mutex_lock(&job->mutex);
            status = append_stream(job, &line, error);
            resume(job);
            pthread_mutex_unlock(&job->mutex);
        }
        adv_bytes_release(&line);
    }
    free(states);
    return status;
}

/* One worker renders at a time. One that finds another at it leaves its frames to that other or to
 * the turn after: after the last turn of all, somebody renders what is left. */
enum adv_status adv_job_render_frames(struct adv_job *job, struct adv_error *error)
{
    pthread_mutex_lock(&job->mutex);
    bool mine = !job->rendering;
    if (mine)
        job->rendering = true;
    pthread_mutex_unlock(&job->mutex);
    if (!mine)
        return ADV_OK;
    enum adv_status status = render_ready_frames(job, error);
    pthread_mutex_lock(&job->mutex);
    job->rendering = false;
    pthread_mutex_unlock(&job->mutex);
    return status;
}

enum adv_status adv_job_render(struct adv_job *job, struct adv_reply *reply,
                               struct adv_error *error)
{
    const struct adv_answer *answer;
    struct adv_bytes out = {0};
    enum adv_status status = adv_run_finish(job->run, &answer, error);
    if (status == ADV_OK)
        status = adv_job_streams(job) ? adv_job_render_frames(job, error)
                                      : job->format->render(job, answer, &out, error);
    if (status == ADV_OK) {
        pthread_mutex_lock(&job->mutex);
        job->nfe = answer->nfe;
        pthread_mutex_unlock(&job->mutex);
        *reply = job->template; /* headers only: nothing is owned twice */
        adv_reply_bytes(reply, MHD_HTTP_OK, job->format->media_type, &out);
    }
    adv_bytes_release(&out);
    return status;
}
