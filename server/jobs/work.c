#include "server/jobs/work.h"

#include <advect/extra/run_shards.h>

#include <stdlib.h>

void adv_work_init(struct adv_work *work, struct adv_model *model, struct adv_request *request)
{
    *work = (struct adv_work){.model = adv_model_ref(model), .request = request};
    atomic_init(&work->rendering, false);
}

void adv_work_release_run(struct adv_work *work)
{
    adv_run_free(work->run);
    adv_request_free(work->request);
    work->run = NULL;
    work->request = NULL;
}

void adv_work_release_model(struct adv_work *work)
{
    adv_model_unref(work->model);
    work->model = NULL;
}

void adv_work_release(struct adv_work *work)
{
    adv_work_release_run(work);
    adv_work_release_model(work);
    free(work->cache_key);
}

bool adv_work_streams(const struct adv_work *work)
{
    return work->format->id == ADV_FORMAT_NDJSON;
}

enum adv_status adv_work_prepare(struct adv_work *work, size_t *n_shards, struct adv_error *error)
{
    enum adv_status status = adv_run_new(work->model, &work->query, &work->run, error);
    *n_shards = status == ADV_OK ? adv_run_shards(work->run) : 0;
    return status;
}

size_t adv_work_frames_due(const struct adv_work *work)
{
    size_t ready = adv_run_frames_ready(work->run);
    return ready > work->n_frames_rendered ? ready - work->n_frames_rendered : 0;
}

enum adv_status adv_work_render_next(struct adv_work *work, float *states, struct adv_bytes *line,
                                     struct adv_error *error)
{
    size_t f = work->n_frames_rendered;
    if (adv_work_frames_due(work) == 0)
        return ADV_OK;
    adv_run_copy_frame(work->run, f, states);
    enum adv_status status = adv_render_frame_line(f, work->query.times[f], work->query.n,
                                                   adv_model_dim(work->model), states, line, error);
    if (status == ADV_OK)
        work->n_frames_rendered++;
    return status;
}

/* Warnings that the format itself has no place for; the first, where there are several. */
static void tell_warning(const struct adv_work *work, const struct adv_answer *answer,
                         struct adv_reply *reply)
{
    if (answer->warnings && work->format->id != ADV_FORMAT_JSON)
        adv_reply_header(reply, ADV_WARNING_HEADER, "%s", answer->warnings[0]);
}

enum adv_status adv_work_reply(struct adv_work *work, struct adv_reply *reply, int64_t *nfe,
                               struct adv_error *error)
{
    const struct adv_answer *answer;
    struct adv_bytes body = {0};
    enum adv_status status = adv_run_finish(work->run, &answer, error);
    if (status == ADV_OK && !adv_work_streams(work))
        status = adv_render(work->format, work->model, &work->query, answer, &work->picture, &body,
                            error);
    if (status == ADV_OK) {
        *nfe = answer->nfe;
        reply->headers = work->headers;
        tell_warning(work, answer, reply);
        adv_reply_bytes(reply, MHD_HTTP_OK, work->format->media_type, &body);
        if (work->cache)
            adv_picture_cache_add(work->cache, work->cache_key, reply);
    }
    adv_bytes_release(&body);
    return status;
}
