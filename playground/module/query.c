/* What is asked of a model: read, computed shard by shard, and written as the daemon does. */
#include "playground/module/exchange.h"

#include "server/http/media.h"
#include "server/http/negotiate.h"

#include <advect/extra/evaluator.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/render.h>
#include <advect/extra/request.h>
#include <advect/extra/rng.h>
#include <advect/extra/run_shards.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct work {
    struct adv_model *model; /* a reference */
    struct adv_request *request;
    struct adv_query query;
    const struct adv_format *format;
    struct adv_run *run;
    struct adv_evaluator *evaluator;
    size_t shard, n_frames_rendered;
    float *states; /* [n, dim], of a stream: scratch */
};

static void release(void *state)
{
    struct work *work = state;
    adv_run_free(work->run);
    adv_evaluator_free(work->evaluator);
    adv_request_free(work->request);
    adv_model_unref(work->model);
    free(work->states);
    free(work);
}

/* ---------------------------------------------------------------- reading */

static bool kind_of(const char *what, enum adv_query_kind *kind)
{
    static const char *const names[] = {
        [ADV_QUERY_SAMPLES] = "samples",         [ADV_QUERY_TRAJECTORIES] = "trajectories",
        [ADV_QUERY_LOG_DENSITY] = "log-density", [ADV_QUERY_LATENTS] = "latents",
        [ADV_QUERY_VELOCITY] = "velocity",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(what, names[i])) {
            *kind = (enum adv_query_kind)i;
            return true;
        }
    }
    return false;
}

static enum adv_status choose_format(struct work *work, const char *accept, struct adv_error *error)
{
    const char *types[ADV_FORMATS + 1] = {NULL};
    const struct adv_format *formats[ADV_FORMATS];
    int n = 0;
    for (size_t i = 0; i < ADV_FORMATS; i++) {
        const struct adv_format *format = adv_format((enum adv_format_id)i);
        if (format->media_type && !format->is_picture && adv_format_has(format, work->query.kind)) {
            formats[n] = format;
            types[n++] = format->media_type;
        }
    }
    int best = adv_negotiate(accept, types);
    if (best < 0)
        return adv_fail(error, ADV_E_INVALID, "Accept is %.100s; the playground draws no pictures",
                        accept);
    work->format = formats[best];
    return ADV_OK;
}

static enum adv_status read_url(const struct adv_local_exchange *exchange, struct work *work,
                                bool with_points, struct adv_error *error)
{
    const char *points = adv_query_from_base(work->query.kind) ? "x0" : "points";
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < exchange->target.n_pairs && status == ADV_OK; i++) {
        const struct adv_target_pair *pair = &exchange->target.pairs[i];
        status = with_points && !strcmp(pair->name, points)
                     ? adv_request_parse_text(work->request, work->model, pair->value, error)
                     : adv_request_set_text(work->request, pair->name, pair->value, error);
    }
    return status;
}

static enum adv_status read_request(const struct adv_local_exchange *exchange, struct work *work,
                                    const struct adv_limits *limits, struct adv_error *error)
{
    const void *sent = exchange->sent;
    size_t n = exchange->n_sent;
    if (!strcmp(exchange->method, "GET"))
        return read_url(exchange, work, true, error);
    enum adv_status status = ADV_OK;
    switch (adv_media_of(work->query.kind, exchange->content_type)) {
    case ADV_MEDIA_JSON:
        return adv_request_parse_json(work->request, work->model, sent, n, "the body", limits,
                                      error);
    case ADV_MEDIA_NPY:
        status = adv_request_parse_npy(work->request, work->model, sent, n, "the body", error);
        return status == ADV_OK ? read_url(exchange, work, false, error) : status;
    case ADV_MEDIA_CSV:
        status = read_url(exchange, work, false, error);
        return status == ADV_OK
                   ? adv_request_parse_csv(work->request, work->model, sent, n, "the body", error)
                   : status;
    case ADV_MEDIA_PNG:
    case ADV_MEDIA_NONE:
        break;
    }
    return adv_fail(error, ADV_E_INVALID, "the body's Content-Type is %.100s; there are %s",
                    exchange->content_type ? exchange->content_type : "not given",
                    "application/json, application/x-npy and text/csv");
}

static enum adv_status prepare(const struct adv_local_exchange *exchange, struct work *work,
                               struct adv_error *error)
{
    struct adv_limits limits = adv_limits_default();
    uint64_t random = (uint64_t)(adv_local_now() * 1e9);
    enum adv_status status = choose_format(work, exchange->accept, error);
    if (status == ADV_OK)
        status = adv_request_new(work->query.kind, &work->request, error);
    if (status == ADV_OK)
        status = read_request(exchange, work, &limits, error);
    if (status == ADV_OK && work->format->id == ADV_FORMAT_JSON)
        adv_request_tell_errors(work->request);
    if (status == ADV_OK)
        status =
            adv_request_query(work->request, work->model, &limits, random, &work->query, error);
    if (status == ADV_OK)
        status = adv_run_new(work->model, &work->query, &work->run, error);
    if (status == ADV_OK)
        status = adv_evaluator_new(adv_model_packed_weights(work->model), &work->evaluator, error);
    if (status == ADV_OK && work->format->id == ADV_FORMAT_NDJSON) {
        work->states = calloc(work->query.n * adv_model_dim(work->model), sizeof *work->states);
        status = work->states ? ADV_OK : adv_no_memory(error);
    }
    return status;
}

/* ---------------------------------------------------------------- answering */

static enum adv_status render_frames(struct adv_local_exchange *exchange, struct work *work,
                                     struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    while (status == ADV_OK && work->n_frames_rendered < adv_run_frames_ready(work->run)) {
        size_t f = work->n_frames_rendered++;
        adv_run_copy_frame(work->run, f, work->states);
        status =
            adv_render_frame_line(f, work->query.times[f], work->query.n,
                                  adv_model_dim(work->model), work->states, &exchange->body, error);
    }
    return status;
}

static enum adv_status finish(struct adv_local_exchange *exchange, struct work *work,
                              struct adv_error *error)
{
    const struct adv_answer *answer;
    enum adv_status status = adv_run_finish(work->run, &answer, error);
    if (status == ADV_OK && answer->warnings && work->format->id != ADV_FORMAT_JSON)
        snprintf(exchange->warning, sizeof exchange->warning, "%s", answer->warnings[0]);
    if (status == ADV_OK && !work->states)
        status = adv_render(work->format, work->model, &work->query, answer, NULL, &exchange->body,
                            error);
    return status;
}

/* A stream ends with the problem, as a line; what has not begun is refused as a whole. */
static void fail(struct adv_local_exchange *exchange, const struct work *work,
                 const struct adv_error *error)
{
    if (work->states && exchange->status) {
        adv_local_add_line(exchange, adv_local_problem(error));
        return;
    }
    exchange->body.n = 0;
    adv_local_refuse(exchange, error);
}

static void succeed(struct adv_local_exchange *exchange, const struct work *work)
{
    exchange->status = 200;
    exchange->media_type = work->format->media_type;
}

static bool advance(struct adv_local_exchange *exchange, void *state, double until_s)
{
    struct work *work = state;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = ADV_OK;
    size_t n_shards = adv_run_shards(work->run);
    while (work->shard < n_shards && adv_local_now() < until_s)
        work->shard += adv_run_advance(work->run, work->shard, work->evaluator);
    if (work->states)
        status = render_frames(exchange, work, &error);
    bool ended = work->shard == n_shards;
    if (status == ADV_OK && ended)
        status = finish(exchange, work, &error);
    if (status != ADV_OK)
        fail(exchange, work, &error);
    else if (ended || exchange->body.n)
        succeed(exchange, work);
    return ended || status != ADV_OK;
}

static const struct adv_local_task task = {advance, release};

void adv_local_query(struct adv_local_exchange *exchange, struct adv_model *model, const char *what)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct work *work = calloc(1, sizeof *work);
    enum adv_status status = work ? ADV_OK : adv_no_memory(&error);
    if (work) {
        work->model = adv_model_ref(model);
        if (!kind_of(what, &work->query.kind))
            status = adv_fail(&error, ADV_E_UNSUPPORTED,
                              "the playground does not answer %.40s of a model", what);
        else
            status = prepare(exchange, work, &error);
    }
    if (status != ADV_OK) {
        if (work)
            release(work);
        adv_local_refuse(exchange, &error);
        return;
    }
    if (adv_query_from_base(work->query.kind))
        snprintf(exchange->seed, sizeof exchange->seed, "%llu",
                 (unsigned long long)work->query.seed);
    exchange->task = &task;
    exchange->state = work;
}
