/* The API's description (OpenAPI 3.1), built from the tables that serve it: the
 * routes, the fields of requests, the formats of answers and the problems. */
#include "server/api/handlers.h"
#include "server/api/jobs.h"
#include "server/api/parameters.h"
#include "server/api/queries.h"
#include "server/api/routes.h"
#include "server/api/schemas.h"
#include "server/http/media.h"
#include "server/net/exchange.h"

#include <advect/extra/all.h>
#include <advect/extra/memory.h>
#include <ctype.h>
#include <string.h>

static bool is_post(const struct adv_route *route)
{
    return !strcmp(route->method, "POST");
}

static bool is_query(const struct adv_route *route)
{
    return route->handle == adv_handle_query;
}

/* "post_v1_models_model_samples": words joined by single underscores. */
static json_t *operation_id(const struct adv_route *route)
{
    char text[128], id[128];
    size_t n = 0;
    snprintf(text, sizeof text, "%s%s", route->method, route->pattern);
    for (const char *at = text; *at; at++) {
        if (isalnum((unsigned char)*at))
            id[n++] = (char)tolower((unsigned char)*at);
        else if (isalnum((unsigned char)at[1]))
            id[n++] = '_';
    }
    return json_stringn(id, n);
}

/* ---------------------------------------------------------------- bodies and answers */

static json_t *media(json_t *schema)
{
    return json_pack("{s:o}", "schema", schema);
}

/* What is text, or else bytes. */
static json_t *opaque(const char *media_type)
{
    bool text = !strncmp(media_type, "text/", 5);
    return media(text ? json_pack("{s:s}", "type", "string")
                      : json_pack("{s:s, s:s}", "type", "string", "format", "binary"));
}

static json_t *request_body(const struct adv_route *route)
{
    char name[64];
    if (route->json_only)
        return json_pack("{s:b, s:{s:o}}", "required", true, "content", "application/json",
                         media(adv_schema_reference("new_job")));
    json_t *content = json_object();
    for (int i = 0; i < ADV_MEDIA_NONE; i++) {
        const char *type = adv_media_name((enum adv_media)i);
        if (adv_media_of(route->kind, type) != ADV_MEDIA_NONE)
            json_object_set_new(content, type,
                                i == ADV_MEDIA_JSON ? media(adv_schema_reference(
                                                          adv_schema_of_request(route->kind, name)))
                                                    : opaque(type));
    }
    return json_pack("{s:b, s:o}", "required", true, "content", content);
}

/* Of a stream of lines the schema is that of a line: a frame, or the problem that ends it. */
static json_t *query_answer(enum adv_query_kind kind, const struct adv_format *format)
{
    char name[64];
    if (format->id == ADV_FORMAT_JSON)
        return media(adv_schema_reference(adv_schema_of_answer(kind, name)));
    if (format->id == ADV_FORMAT_NDJSON)
        return media(json_pack("{s:s, s:[o, o]}", "description", "each line of the stream", "anyOf",
                               adv_schema_reference("frame"), adv_schema_reference("problem")));
    return opaque(format->media_type);
}

static json_t *answer_content(const struct adv_route *route)
{
    json_t *content = json_object();
    if (is_query(route)) {
        const struct adv_format *formats[ADV_QUERIES_MAX_FORMATS];
        adv_queries_formats(route->kind, NULL, formats);
        for (size_t i = 0; formats[i]; i++)
            json_object_set_new(content, formats[i]->media_type,
                                query_answer(route->kind, formats[i]));
    } else if (route->media_type) {
        json_object_set_new(content, route->media_type, opaque(route->media_type));
    } else {
        json_object_set_new(content, "application/json",
                            media(route->schema ? adv_schema_reference(route->schema)
                                                : json_pack("{s:s, s:b}", "type", "object",
                                                            "additionalProperties", true)));
    }
    return content;
}

static json_t *reference(const char *to)
{
    return json_pack("{s:s+}", "$ref", "#/components/", to);
}

static json_t *header(const char *description, const char *type)
{
    return json_pack("{s:s, s:{s:s}}", "description", description, "schema", "type", type);
}

static json_t *headers(const struct adv_route *route, bool is_job)
{
    json_t *json = json_pack("{s:o}", "X-Request-Id", reference("headers/request_id"));
    if (is_query(route) && !is_job && adv_query_from_base(route->kind))
        json_object_set_new(json, "Advect-Seed", reference("headers/seed"));
    if (is_query(route) && !is_job)
        json_object_set_new(json, ADV_WARNING_HEADER, reference("headers/warning"));
    if (is_job)
        json_object_set_new(json, "Location", reference("headers/location"));
    return json;
}

static json_t *described(const char *description, json_t *content, json_t *headers)
{
    return json_pack("{s:s, s:o, s:o}", "description", description, "content", content, "headers",
                     headers);
}

/* What is accepted as a job is answered by its state. */
static json_t *accepted(const struct adv_route *route)
{
    return described("The job, whose state and result are at Location",
                     json_pack("{s:o}", "application/json", media(adv_schema_reference("job"))),
                     headers(route, true));
}

/* ---------------------------------------------------------------- refusals */

static bool any(const struct adv_route *route)
{
    return route != NULL;
}

static bool wants_key(const struct adv_route *route)
{
    return !route->open;
}

static bool is_asking(const struct adv_route *route)
{
    return is_query(route) || route->handle == adv_handle_picture ||
           route->handle == adv_handle_new_job;
}

static bool may_be_forbidden(const struct adv_route *route)
{
    return is_asking(route) || route->handle == adv_handle_jobs;
}

static bool is_entrance(const struct adv_route *route)
{
    return route->handle == adv_handle_playground_entrance;
}

static bool may_be_missing(const struct adv_route *route)
{
    return strchr(route->pattern, '{') || route->handle == adv_handle_new_job || is_entrance(route);
}

static bool is_result(const struct adv_route *route)
{
    return route->handle == adv_handle_job_result;
}

static bool is_named(const struct adv_route *route)
{
    return !route->health;
}

/* Which routes answer with which status; 405 belongs to no operation. */
static const struct {
    unsigned status;
    bool (*of)(const struct adv_route *route);
} refusals[] = {
    {400, any},
    {401, wants_key},
    {403, may_be_forbidden},
    {404, may_be_missing},
    {406, is_asking},
    {408, is_post},
    {409, is_result},
    {411, is_post},
    {413, is_post},
    {414, any},
    {415, is_post},
    {421, is_named},
    {422, is_asking},
    {429, any},
    {431, any},
    {500, any},
    {503, any},
    {505, any},
};

static void add_refusals(json_t *responses, const struct adv_route *route)
{
    for (size_t i = 0; i < ADV_COUNT(refusals); i++) {
        char status[16], to[64];
        if (!refusals[i].of(route))
            continue;
        snprintf(status, sizeof status, "%u", refusals[i].status);
        snprintf(to, sizeof to, "responses/problem_%u", refusals[i].status);
        json_object_set_new(responses, status, reference(to));
    }
    json_object_set_new(responses, "default", reference("responses/problem"));
}

static json_t *refusal(json_t *description, bool again)
{
    json_t *names = json_pack("{s:o}", "X-Request-Id", reference("headers/request_id"));
    if (again)
        json_object_set_new(names, "Retry-After", reference("headers/retry_after"));
    return json_pack("{s:o, s:{s:o}, s:o}", "description", description, "content", ADV_PROBLEM_TYPE,
                     media(adv_schema_reference("problem")), "headers", names);
}

/* "no-key: An API key is needed", of every problem with that status; whether one has Retry-After. */
static json_t *explanation(unsigned status, bool *again)
{
    char text[1024] = "";
    size_t n = 0;
    *again = false;
    for (int i = 0; i < ADV_PROBLEMS && n < sizeof text; i++) {
        enum adv_problem problem = (enum adv_problem)i;
        if (adv_problem_status(problem) != status)
            continue;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s: %s", n ? "; " : "",
                              adv_problem_slug(problem), adv_problem_title(problem));
        *again = *again || adv_problem_retry_after_s(problem) > 0;
    }
    return json_string(text);
}

static json_t *problem_responses(void)
{
    json_t *json = json_object();
    for (size_t i = 0; i < ADV_COUNT(refusals); i++) {
        char name[32];
        bool again;
        json_t *description = explanation(refusals[i].status, &again);
        snprintf(name, sizeof name, "problem_%u", refusals[i].status);
        json_object_set_new(json, name, refusal(description, again));
    }
    json_object_set_new(
        json, "problem",
        refusal(json_string("A refusal (RFC 9457), as 405 of other methods"), true));
    return json;
}

static json_t *moved(void)
{
    return json_pack("{s:s, s:{s:o, s:o}}", "description", "It is at Location", "headers",
                     "X-Request-Id", reference("headers/request_id"), "Location",
                     header("where the playground is, from this path", "string"));
}

static json_t *responses(const struct adv_route *route)
{
    json_t *json = json_object();
    bool makes_job = route->handle == adv_handle_new_job;
    if (route->handle == adv_handle_job_removal)
        json_object_set_new(json, "204", json_pack("{s:s}", "description", "The job is gone"));
    else if (is_entrance(route))
        json_object_set_new(json, "301", moved());
    else if (!makes_job)
        json_object_set_new(json, "200",
                            described("The answer", answer_content(route), headers(route, false)));
    if (makes_job || (is_query(route) && is_post(route)))
        json_object_set_new(json, "202", accepted(route));
    add_refusals(json, route);
    return json;
}

/* ---------------------------------------------------------------- the whole */

static json_t *operation(const struct adv_route *route)
{
    json_t *json = json_pack("{s:o, s:s, s:o}", "operationId", operation_id(route), "summary",
                             route->summary, "responses", responses(route));
    json_t *parameters = adv_parameters(route);
    if (json_array_size(parameters))
        json_object_set(json, "parameters", parameters);
    json_decref(parameters);
    if (is_post(route))
        json_object_set_new(json, "requestBody", request_body(route));
    if (route->open)
        json_object_set_new(json, "security", json_array());
    return json;
}

/* Where the path without the slash leads: clients that are made from the description would call both
 * by the same name. */
static bool is_target_of_entrance(const struct adv_route *route)
{
    return route->handle == adv_handle_playground;
}

static const char *key_of_method(const char *method)
{
    if (!strcmp(method, "DELETE"))
        return "delete";
    return !strcmp(method, "POST") ? "post" : "get";
}

static json_t *paths(void)
{
    json_t *json = json_object();
    for (size_t i = 0; i < adv_routes.n; i++) {
        const struct adv_route *route = &adv_routes.rows[i];
        if (is_target_of_entrance(route))
            continue;
        if (!json_object_get(json, route->pattern))
            json_object_set_new(json, route->pattern, json_object());
        json_object_set_new(json_object_get(json, route->pattern), key_of_method(route->method),
                            operation(route));
    }
    return json;
}

static json_t *components(void)
{
    json_t *headers = json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "request_id",
        header("names the request in the daemon's log and in problem documents", "string"), "seed",
        header("seed of the base samples", "integer"), "warning",
        header("the first of the answer's warnings, in formats other than JSON", "string"),
        "location", header("path of the job", "string"), "retry_after",
        header("seconds after which trying again can help", "integer"));
    json_t *keys =
        json_pack("{s:{s:s, s:s}, s:{s:s, s:s, s:s}}", "key", "type", "http", "scheme", "bearer",
                  "key_header", "type", "apiKey", "in", "header", "name", "X-API-Key");
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "schemas", adv_schemas(), "responses",
                     problem_responses(), "parameters", adv_parameters_of_paths(), "headers",
                     headers, "securitySchemes", keys);
}

/* A key in either of its places, and where none is wanted none does as well. */
static json_t *security(bool wanted)
{
    json_t *json = json_pack("[{s:[]}, {s:[]}]", "key", "key_header");
    if (!wanted)
        json_array_insert_new(json, 0, json_object());
    return json;
}

void adv_handle_openapi(struct adv_exchange *exchange)
{
    json_t *json =
        json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:o, s:o}", "openapi",
                  "3.1.0", "info", "title", "Advect", "version", adv_version(), "description",
                  "Flow matching: samples, trajectories, log-densities, latents, "
                  "velocities and scores of trained models.",
                  "license", "name", "MIT", "identifier", "MIT", "servers", "url", "/", "security",
                  security(adv_keys_are_wanted(exchange->server->keys)), "paths", paths(),
                  "components", components());
    adv_reply_json(&exchange->reply, MHD_HTTP_OK, "application/json", json);
}
