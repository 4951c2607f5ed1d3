#include "server/api/jobs.h"

#include "server/api/handlers.h"
#include "server/api/queries.h"
#include "server/api/query_body.h"
#include "server/api/schemas.h"

#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of POST /v1/jobs: its body becomes a tree of JSON, which takes many times the memory. */
#define BODY_MAX_BYTES ((size_t)1 << 20)

#define POLL_MAX_S 10 /* between a client's looks at a job, as far as it heeds Retry-After */

/* Whose jobs a request may see, and whose a new one is: of a named key its client's, of the one
 * without a name all who have it; where no key is wanted, everybody who knows a job's id may have
 * the job. */
static uint64_t owner_of(const struct adv_exchange *exchange)
{
    if (!adv_keys_are_wanted(exchange->server->keys))
        return 0;
    const struct adv_client *client = exchange->client;
    return client && adv_client_key(client) ? adv_client_id(client) : UINT64_MAX;
}

/* ---------------------------------------------------------------- states */

static json_t *time_to_json(double unix_s)
{
    char text[32];
    time_t seconds = (time_t)unix_s;
    struct tm parts;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    return json_string(text);
}

/* Three digits are enough for those who watch. */
static json_t *rounded(double value)
{
    return json_real(round(value * 1000) / 1000);
}

static void add_progress(json_t *json, struct adv_server *server,
                         const struct adv_job_record *record, double *seconds_left)
{
    struct adv_progress progress = adv_scheduler_progress(server->scheduler, record->job);
    *seconds_left = progress.seconds_left;
    json_object_set_new(json, "state", json_string(progress.begun ? "running" : "queued"));
    json_object_set_new(json, "progress", rounded(progress.share));
    json_object_set_new(json, "seconds_left", rounded(progress.seconds_left));
}

static void add_end(json_t *json, const struct adv_server *server,
                    const struct adv_job_record *record)
{
    size_t n_bytes;
    unsigned status = adv_channel_kept(&record->job->channel, &n_bytes);
    double keep_s = (double)server->config.job_keep_ms * 1e-3;
    json_object_set_new(json, "state", json_string(status == MHD_HTTP_OK ? "done" : "failed"));
    json_object_set_new(json, "progress", json_real(1));
    json_object_set_new(json, "status", json_integer(status));
    json_object_set_new(json, "bytes", json_integer((json_int_t)n_bytes));
    json_object_set_new(json, "ended", time_to_json(record->ended));
    json_object_set_new(json, "expires", time_to_json(record->ended + keep_s));
}

/* *retry_s: when to look again; 0 of what has ended. */
static json_t *job_to_json(struct adv_server *server, const struct adv_job_record *record,
                           double *retry_s)
{
    char result[64];
    double seconds_left = 0;
    const struct adv_work *work = &record->job->work;
    snprintf(result, sizeof result, "/v1/jobs/%s/result", record->id);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", record->id, "state", "",
                             "model", record->model, "query", adv_queries_names[work->query.kind],
                             "media_type", work->format->media_type, "result", result, "created",
                             time_to_json(record->created));
    *retry_s = 0;
    if (json && record->ended > 0) {
        add_end(json, server, record);
    } else if (json) {
        add_progress(json, server, record, &seconds_left);
        *retry_s = fmax(1, fmin(ceil(seconds_left), POLL_MAX_S));
    }
    return json;
}

/* The state of a job as the reply. */
static void reply_state(struct adv_exchange *exchange, unsigned status,
                        const struct adv_job_record *record)
{
    double retry_s;
    json_t *json = job_to_json(exchange->server, record, &retry_s);
    adv_reply_json(&exchange->reply, status, "application/json", json);
    if (retry_s > 0)
        adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_RETRY_AFTER, "%.0f", retry_s);
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

/* The job that the path names; false with a reply (404) where there is none, or none of this
 * client's. */
static bool find(struct adv_exchange *exchange, struct adv_job_record *record)
{
    if (adv_job_store_find(exchange->server->jobs, exchange->segment, owner_of(exchange), record))
        return true;
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_NO_JOB, NULL,
                      "there is no job \"%.100s\" here: it was deleted, or its result was kept for "
                      "%g s or made room for others, or another replica has it",
                      exchange->segment, (double)exchange->server->config.job_keep_ms * 1e-3);
    return false;
}

void adv_handle_job(struct adv_exchange *exchange)
{
    struct adv_job_record record;
    if (!find(exchange, &record))
        return;
    reply_state(exchange, MHD_HTTP_OK, &record);
    adv_job_record_release(&record);
}

void adv_handle_jobs(struct adv_exchange *exchange)
{
    struct adv_job_record *records;
    size_t n;
    struct adv_error error = ADV_ERROR_INIT;
    if (owner_of(exchange) == 0) {
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_FORBIDDEN, NULL,
                          "without keys a job belongs to whoever knows its id, so jobs are not "
                          "listed; a daemon with a key lists them");
        return;
    }
    if (adv_job_store_list(exchange->server->jobs, owner_of(exchange), &records, &n, &error) !=
        ADV_OK) {
        adv_problem_from_error(&exchange->reply, &error);
        return;
    }
    json_t *jobs = json_array();
    for (size_t i = 0; i < n; i++) {
        double retry_s;
        json_array_append_new(jobs, job_to_json(exchange->server, &records[i], &retry_s));
        adv_job_record_release(&records[i]);
    }
    free(records);
    adv_reply_json(&exchange->reply, MHD_HTTP_OK, "application/json",
                   json_pack("{s:o}", "jobs", jobs));
    adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

void adv_handle_job_removal(struct adv_exchange *exchange)
{
    struct adv_job_record record;
    if (!find(exchange, &record))
        return;
    adv_job_store_remove(exchange->server->jobs, record.id, record.owner);
    adv_job_record_release(&record);
    adv_reply_empty(&exchange->reply, MHD_HTTP_NO_CONTENT);
}

/* The answer as its query gets it. A stream is followed from its beginning while it is computed. */
void adv_handle_job_result(struct adv_exchange *exchange)
{
    struct adv_job_record record;
    if (!find(exchange, &record))
        return;
    struct adv_job *job = record.job;
    if (adv_channel_has_ended(&job->channel) || adv_work_streams(&job->work)) {
        adv_exchange_follow(exchange, job);
        return;
    }
    double retry_s;
    json_decref(job_to_json(exchange->server, &record, &retry_s));
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_JOB_NOT_ENDED, NULL,
                      "the job has not ended; /v1/jobs/%s tells how far it has come", record.id);
    if (retry_s > 0)
        adv_reply_header(&exchange->reply, MHD_HTTP_HEADER_RETRY_AFTER, "%.0f", retry_s);
    adv_job_record_release(&record);
}

/* ---------------------------------------------------------------- new jobs */

/* Bytes that the answer will have at least; 0 where that is not known. */
static size_t least_bytes(const struct adv_work *work)
{
    bool scalars = work->query.kind == ADV_QUERY_LOG_DENSITY;
    if (work->format->is_picture)
        return 0;
    if (work->format->is_text)
        return 2 * work->numbers; /* a digit and a comma */
    return sizeof(float) * (scalars ? work->query.n : work->numbers);
}

/* What could not be kept is not computed. */
static bool fits(struct adv_exchange *exchange, const struct adv_work *work)
{
    size_t least = least_bytes(work);
    int64_t most = exchange->server->config.job_result_bytes;
    if (least <= (size_t)most)
        return true;
    adv_problem_reply(&exchange->reply, ADV_PROBLEM_INVALID,
                      adv_query_from_base(work->query.kind) ? "n" : "points",
                      "the result would have at least %zu bytes; at most %lld are kept of jobs",
                      least, (long long)most);
    return false;
}

void adv_jobs_submit(struct adv_exchange *exchange, struct adv_job *job)
{
    struct adv_server *server = exchange->server;
    struct adv_reply *reply = &exchange->reply;
    struct adv_job_record record;
    job->ticket.patient = true;
    job->client = adv_client_ref(exchange->client);
    if (!fits(exchange, &job->work) || !adv_job_store_add(server->jobs, job, owner_of(exchange),
                                                          exchange->request_id, &record, reply)) {
        adv_job_unref(job);
        return;
    }
    if (adv_scheduler_submit(server->scheduler, job, reply)) {
        adv_job_store_accept(server->jobs, job);
        reply_state(exchange, MHD_HTTP_ACCEPTED, &record);
        adv_reply_header(reply, MHD_HTTP_HEADER_LOCATION, "/v1/jobs/%s", record.id);
        if (adv_head_prefers_async(&exchange->head))
            adv_reply_header(reply, "Preference-Applied", "respond-async");
    } else {
        adv_job_store_withdraw(server->jobs, job);
    }
    adv_job_record_release(&record);
    adv_job_unref(job);
}

/* The body of POST /v1/jobs. */
struct envelope {
    char *model;
    int64_t query;   /* enum adv_query_kind */
    json_t *request; /* the body of the query's own route */
    char *accept;    /* its Accept */
};

static const struct adv_field fields[] = {
    {"model", ADV_FIELD_STRING, offsetof(struct envelope, model), .min = 1, .max = 255,
     .required = true, .help = "name of the model"},
    {"query", ADV_FIELD_CHOICE, offsetof(struct envelope, query), .choices = adv_queries_names,
     .required = true, .help = "what is asked: the last part of the query's own path"},
    {"request", ADV_FIELD_JSON, offsetof(struct envelope, request),
     .help = "the body of the query's own path"},
    {"accept", ADV_FIELD_STRING, offsetof(struct envelope, accept), .min = 1,
     .max = ADV_HEAD_MAX_ACCEPT, .fallback = "application/json",
     .help = "media type of the result, as in an Accept header"},
};

json_t *adv_jobs_schema(void)
{
    char name[64];
    json_t *queries = json_array(), *requests = json_array();
    for (int kind = 0; adv_queries_names[kind]; kind++) {
        json_array_append_new(queries, json_string(adv_queries_names[kind]));
        json_array_append_new(
            requests, adv_schema_reference(adv_schema_of_request((enum adv_query_kind)kind, name)));
    }
    json_t *properties = json_pack(
        "{s:{s:s, s:s}, s:{s:s, s:o, s:s}, s:{s:o, s:s}, s:{s:s, s:s, s:s}}", "model", "type",
        "string", "description", fields[0].help, "query", "type", "string", "enum", queries,
        "description", fields[1].help, "request", "anyOf", requests, "description", fields[2].help,
        "accept", "type", "string", "default", fields[3].fallback, "description", fields[3].help);
    return json_pack("{s:s, s:[s, s], s:o, s:b}", "type", "object", "required", "model", "query",
                     "properties", properties, "additionalProperties", false);
}

static enum adv_status read_envelope(const struct adv_exchange *exchange, struct envelope *envelope,
                                     struct adv_error *error)
{
    json_t *json = NULL;
    enum adv_status status = adv_fields_init(fields, ADV_COUNT(fields), envelope, error);
    if (status == ADV_OK)
        status = adv_query_body_parse(exchange, &json, error);
    if (status == ADV_OK)
        status = adv_fields_from_json(fields, ADV_COUNT(fields), json, NULL, envelope, error);
    json_decref(json);
    return status;
}

/* What is wrong within the request is named by its place in the body. */
static void prefix_field(struct adv_error *error)
{
    char field[sizeof error->field];
    if (!*error->field)
        return;
    snprintf(field, sizeof field, "request.%.*s", (int)(sizeof field - sizeof "request."),
             error->field);
    memcpy(error->field, field, sizeof field);
}

static enum adv_status read_request(const struct adv_exchange *exchange,
                                    const struct adv_model *model, const struct envelope *envelope,
                                    struct adv_request **request, struct adv_error *error)
{
    enum adv_status status = adv_request_new((enum adv_query_kind)envelope->query, request, error);
    char *text = envelope->request
                     ? adv_json_dump(envelope->request, JSON_COMPACT | JSON_ENCODE_ANY)
                     : strdup("{}");
    if (status == ADV_OK && !text)
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_request_parse_json(*request, model, text, strlen(text), "request",
                                        &exchange->server->limits, error);
    if (status != ADV_OK)
        prefix_field(error);
    free(text);
    return status;
}

/* As adv_handle_query, with what its route, head and body say taken from the envelope. */
static void ask(struct adv_exchange *exchange, const struct envelope *envelope)
{
    const struct adv_format *formats[ADV_QUERIES_MAX_FORMATS];
    struct adv_answer_options options = {.stored = true};
    struct adv_request *request = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = adv_queries_model(exchange, envelope->model);
    if (!model)
        return;
    adv_queries_formats((enum adv_query_kind)envelope->query, model, formats);
    options.format = adv_queries_negotiate(exchange, envelope->accept, formats);
    if (options.format && read_request(exchange, model, envelope, &request, &error) == ADV_OK) {
        adv_queries_submit(exchange, model, request, &options);
    } else if (options.format) {
        adv_request_free(request);
        adv_problem_from_error(&exchange->reply, &error);
    }
    adv_model_unref(model);
}

void adv_handle_new_job(struct adv_exchange *exchange)
{
    struct envelope envelope = {0};
    struct adv_error error = ADV_ERROR_INIT;
    if (exchange->body.n > BODY_MAX_BYTES) {
        adv_problem_reply(&exchange->reply, ADV_PROBLEM_BODY_TOO_LARGE, NULL,
                          "the body has %zu bytes; at most %zu are taken here, and more with "
                          "\"Prefer: respond-async\" at the query's own path",
                          exchange->body.n, BODY_MAX_BYTES);
        return;
    }
    enum adv_status status = read_envelope(exchange, &envelope, &error);
    adv_exchange_release_body(exchange);
    if (status == ADV_OK)
        ask(exchange, &envelope);
    else
        adv_problem_from_error(&exchange->reply, &error);
    adv_fields_release(fields, ADV_COUNT(fields), &envelope);
}
