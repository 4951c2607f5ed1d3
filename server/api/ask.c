#include "server/api/ask.h"

#include "server/api/body.h"
#include "server/api/handlers.h"
#include "server/http/negotiate.h"
#include "server/os/clock.h"

#include <advect/rng.h>
#include <advect/words.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- models */

/* "; did you mean "mnist-mlp"?" or "; there are a, b", as far as it fits. */
static void suggest(const struct adv_catalogue *catalogue, const char *name, size_t size,
                    char *text)
{
    size_t n = 0, n_models = adv_catalogue_models(catalogue);
    const char **names = calloc(n_models + 1, sizeof *names);
    *text = '\0';
    for (size_t i = 0; names && i < adv_catalogue_size(catalogue); i++) {
        if (adv_catalogue_at(catalogue, i)->model)
            names[n++] = adv_model_name(adv_catalogue_at(catalogue, i)->model);
    }
    const char *nearest = names ? adv_nearest_name(name, names) : NULL;
    if (nearest)
        snprintf(text, size, "; did you mean \"%.100s\"?", nearest);
    size_t length = 0;
    for (size_t i = 0; !nearest && i < n && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%.100s",
                                   i ? ", " : "; there are ", names[i]);
    free(names);
}

struct adv_model *adv_ask_model(struct adv_exchange *exchange)
{
    struct adv_catalogue *catalogue = adv_registry_catalogue(exchange->server->registry);
    struct adv_model *model = adv_catalogue_find(catalogue, exchange->segment);
    if (model) {
        adv_model_ref(model);
    } else {
        char hint[512];
        suggest(catalogue, exchange->segment, sizeof hint, hint);
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_MODEL, NULL,
                          "there is no model \"%.100s\"%s", exchange->segment, hint);
    }
    adv_catalogue_unref(catalogue);
    return model;
}

/* ---------------------------------------------------------------- formats */

void adv_ask_formats(enum adv_query_kind kind, const struct adv_model *model,
                     const struct adv_format *formats[ADV_ASK_MAX_FORMATS])
{
    bool picture = !model || adv_render_has_picture(model);
    size_t n = 0;
    formats[n++] = &adv_format_json;
    formats[n++] = &adv_format_npy;
    if (kind == ADV_QUERY_TRAJECTORIES)
        formats[n++] = &adv_format_ndjson;
    if (picture && kind != ADV_QUERY_LOG_DENSITY)
        formats[n++] = &adv_format_png;
    formats[n] = NULL;
}

const struct adv_format *adv_ask_negotiate(struct adv_exchange *exchange,
                                           const struct adv_format *const *formats)
{
    const char *types[ADV_ASK_MAX_FORMATS + 1] = {NULL};
    char list[256] = "";
    for (size_t i = 0; formats[i]; i++) {
        types[i] = formats[i]->media_type;
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", types[i]);
    }
    int best = adv_negotiate(exchange->head.accept, types);
    if (best >= 0)
        return formats[best];
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_NOT_ACCEPTABLE, NULL,
                      "Accept is %.100s; there is %s", exchange->head.accept, list);
    return NULL;
}

/* ---------------------------------------------------------------- submission */

/* A picture is drawn in one go, so its size is bounded before anything is computed. */
static enum adv_status check_picture(const struct adv_job *job, struct adv_error *error)
{
    bool animated = job->format == &adv_format_animation;
    if (job->format != &adv_format_png && !animated)
        return ADV_OK;
    return adv_render_check(job->model, &job->query, &job->picture, animated, error);
}

static void prepare_reply(struct adv_job *job, const struct adv_ask_manner *manner)
{
    struct adv_reply *reply = &job->template;
    reply->status = MHD_HTTP_OK;
    reply->media_type = job->format->media_type;
    adv_reply_header(reply, MHD_HTTP_HEADER_VARY, "Accept");
    if (adv_query_from_base(job->query.kind))
        adv_reply_header(reply, "Advect-Seed", "%llu", (unsigned long long)job->query.seed);
    if (manner->etag) {
        adv_reply_header(reply, MHD_HTTP_HEADER_ETAG, "%s", manner->etag);
        adv_reply_header(reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    }
}

/* The numbers that the query's answer holds; adv_request_query has bounded them. */
static size_t count_numbers(const struct adv_query *query, const struct adv_model *model)
{
    size_t frames = query->kind == ADV_QUERY_TRAJECTORIES ? query->n_times : 1;
    return query->n * adv_model_dim(model) * frames;
}

void adv_ask_submit(struct adv_exchange *exchange, struct adv_model *model,
                    struct adv_request *request, const struct adv_ask_manner *manner)
{
    struct adv_server *server = exchange->server;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_job *job = NULL;
    if (atomic_load(&server->draining)) {
        adv_metrics_count(server->metrics, ADV_COUNT_REJECTED_DRAINING, 1);
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_DRAINING, NULL,
                          "the server is stopping and takes no new work");
        adv_request_free(request);
        return;
    }
    enum adv_status status = adv_job_new(model, request, &job, &error);
    if (status == ADV_OK)
        status = adv_request_query(request, model, &server->limits, adv_random_seed(), &job->query,
                                   &error);
    if (status == ADV_OK) {
        job->format = manner->format;
        job->picture = manner->picture;
        status = check_picture(job, &error);
    }
    if (status != ADV_OK) {
        adv_problem_from_error(&exchange->reply, &error);
        adv_job_unref(job);
        return;
    }
    job->numbers = count_numbers(&job->query, model);
    job->deadline_ms = adv_now_ms() + server->config.request_timeout_ms;
    prepare_reply(job, manner);
    adv_exchange_submit(exchange, job);
}

void adv_handle_query(struct adv_exchange *exchange)
{
    const struct adv_format *formats[ADV_ASK_MAX_FORMATS];
    struct adv_ask_manner manner = {0};
    struct adv_request *request = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = adv_ask_model(exchange);
    if (!model)
        return;
    adv_ask_formats(exchange->route->kind, model, formats);
    manner.format = adv_ask_negotiate(exchange, formats);
    if (!manner.format)
        goto out;
    enum adv_status status = adv_request_new(exchange->route->kind, &request, &error);
    if (status == ADV_OK)
        status = adv_body_read(exchange, model, request, &error);
    adv_bytes_release(&exchange->body); /* not kept while the query is computed */
    if (status == ADV_OK) {
        adv_ask_submit(exchange, model, request, &manner);
    } else {
        adv_request_free(request);
        adv_problem_from_error(&exchange->reply, &error);
    }
out:
    adv_model_unref(model);
}
