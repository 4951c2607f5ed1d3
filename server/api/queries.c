#include "server/api/queries.h"

#include "server/api/handlers.h"
#include "server/api/jobs.h"
#include "server/api/query_body.h"
#include "server/http/negotiate.h"

#include <advect/extra/rng.h>
#include <advect/extra/words.h>
#include <stdlib.h>
#include <string.h>

const char *const adv_queries_names[] = {
    [ADV_QUERY_SAMPLES] = "samples",
    [ADV_QUERY_TRAJECTORIES] = "trajectories",
    [ADV_QUERY_LOG_DENSITY] = "log-density",
    [ADV_QUERY_LATENTS] = "latents",
    [ADV_QUERY_VELOCITY] = "velocity",
    [ADV_QUERY_SCORE] = "score",
    [ADV_QUERY_SCORE + 1] = NULL,
};

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

struct adv_model *adv_queries_model(struct adv_exchange *exchange, const char *name)
{
    struct adv_catalogue *catalogue = adv_registry_catalogue(exchange->server->registry);
    struct adv_model *model = adv_catalogue_find(catalogue, name);
    if (model) {
        adv_model_ref(model);
    } else {
        char hint[512];
        suggest(catalogue, name, sizeof hint, hint);
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_MODEL, NULL,
                          "there is no model \"%.100s\"%s", name, hint);
    }
    adv_catalogue_unref(catalogue);
    return model;
}

/* ---------------------------------------------------------------- formats */

void adv_queries_formats(enum adv_query_kind kind, const struct adv_model *model,
                         const struct adv_format *formats[ADV_QUERIES_MAX_FORMATS])
{
    size_t n = 0;
    for (size_t i = 0; i < ADV_FORMATS; i++) {
        const struct adv_format *format = adv_format((enum adv_format_id)i);
        bool drawn = !format->is_picture || !model || adv_render_has_picture(model, kind);
        /* An animation has the media type of a PNG; trajectories.png is one. */
        bool named = format->media_type && format->id != ADV_FORMAT_APNG;
        if (adv_format_has(format, kind) && drawn && named)
            formats[n++] = format;
    }
    formats[n] = NULL;
}

const struct adv_format *adv_queries_negotiate(struct adv_exchange *exchange, const char *accept,
                                               const struct adv_format *const *formats)
{
    const char *types[ADV_QUERIES_MAX_FORMATS + 1] = {NULL};
    char list[256] = "";
    for (size_t i = 0; formats[i]; i++) {
        types[i] = formats[i]->media_type;
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", types[i]);
    }
    int best = adv_negotiate(accept, types);
    if (best >= 0)
        return formats[best];
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_NOT_ACCEPTABLE, NULL,
                      "Accept is %.100s; there is %s", accept, list);
    return NULL;
}

/* ---------------------------------------------------------------- submission */

/* A picture is drawn in one go, so its size is bounded before anything is computed. */
static enum adv_status check_picture(const struct adv_work *work, struct adv_error *error)
{
    if (!work->format->is_picture)
        return ADV_OK;
    return adv_render_check(work->model, &work->query, &work->picture,
                            work->format->id == ADV_FORMAT_APNG, error);
}

static void set_headers(struct adv_work *work, const char *etag)
{
    struct adv_headers *headers = &work->headers;
    const struct adv_query *query = &work->query;
    adv_headers_set(headers, MHD_HTTP_HEADER_VARY, "Accept");
    if (adv_query_from_base(query->kind))
        adv_headers_set(headers, "Advect-Seed", "%llu", (unsigned long long)query->seed);
    if (etag) {
        adv_headers_set(headers, MHD_HTTP_HEADER_ETAG, "%s", etag);
        adv_headers_set(headers, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    }
}

/* The numbers that the query's answer holds, its contexts among them; adv_request_query has bounded
 * them. */
static size_t count_numbers(const struct adv_query *query, const struct adv_model *model)
{
    size_t frames = query->kind == ADV_QUERY_TRAJECTORIES ? query->n_times : 1;
    return query->n * adv_model_dim(model) * frames + query->n_contexts * adv_model_context(model);
}

/* Fills in what the request asks for; the limits have bounded it. */
static enum adv_status fill_work(struct adv_work *work, struct adv_server *server,
                                 const struct adv_answer_options *options, struct adv_error *error)
{
    if (options->format->id == ADV_FORMAT_JSON)
        adv_request_tell_errors(work->request);
    enum adv_status status = adv_request_query(work->request, work->model, &server->limits,
                                               adv_random_seed(), &work->query, error);
    if (status != ADV_OK)
        return status;
    if (options->cache_key) {
        work->cache_key = strdup(options->cache_key);
        work->cache = work->cache_key ? server->pictures : NULL;
    }
    work->format = options->format;
    work->picture = options->picture;
    work->numbers = count_numbers(&work->query, work->model);
    set_headers(work, options->etag);
    return check_picture(work, error);
}

/* What the client says shortens the server's own limit only. */
static double timeout_s(const struct adv_server *server, const struct adv_request *request,
                        bool stored)
{
    const struct adv_config *config = &server->config;
    int64_t most = stored ? config->job_timeout_ms : config->request_timeout_ms;
    int64_t asked = adv_request_timeout_ms(request);
    return 1e-3 * (double)(asked > 0 && asked < most ? asked : most);
}

/* Leaves a reply where the request asks for more than its client may. */
static void check_priority(struct adv_exchange *exchange, const struct adv_request *request)
{
    char who[128];
    if (adv_request_priority(request) > 0 && !adv_client_may_raise_priority(exchange->client))
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_FORBIDDEN, "priority",
                          "priority is high; %s may ask for low and normal only",
                          adv_client_describe(exchange->client, sizeof who, who));
}

void adv_queries_submit(struct adv_exchange *exchange, struct adv_model *model,
                        struct adv_request *request, const struct adv_answer_options *options)
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
        status = fill_work(&job->work, server, options, &error);
    if (status != ADV_OK)
        adv_problem_from_error(&exchange->reply, &error);
    else
        check_priority(exchange, job->work.request);
    if (exchange->reply.status) {
        adv_job_unref(job);
        return;
    }
    job->ticket.route = adv_route_index(server->routes, exchange->route);
    job->ticket.priority = adv_request_priority(job->work.request);
    job->ticket.timeout_s = timeout_s(server, job->work.request, options->stored);
    if (options->stored)
        adv_jobs_submit(exchange, job);
    else
        adv_exchange_submit(exchange, job);
}

void adv_handle_query(struct adv_exchange *exchange)
{
    const struct adv_format *formats[ADV_QUERIES_MAX_FORMATS];
    struct adv_answer_options options = {.stored = !strcmp(exchange->route->method, "POST") &&
                                                   adv_head_prefers_async(&exchange->head)};
    struct adv_request *request = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = adv_queries_model(exchange, exchange->segment);
    if (!model)
        return;
    adv_queries_formats(exchange->route->kind, model, formats);
    options.format = adv_queries_negotiate(exchange, exchange->head.accept, formats);
    if (!options.format)
        goto out;
    enum adv_status status = adv_request_new(exchange->route->kind, &request, &error);
    if (status == ADV_OK)
        status = adv_query_body_read(exchange, model, request, &error);
    adv_exchange_release_body(exchange);
    if (status == ADV_OK) {
        adv_queries_submit(exchange, model, request, &options);
    } else {
        adv_request_free(request);
        adv_problem_from_error(&exchange->reply, &error);
    }
out:
    adv_model_unref(model);
}
