/* The API's description (OpenAPI 3.1), built from the tables that serve it: the
 * routes, the fields of requests, the formats of answers and the problems. */
#include "server/api/handlers.h"
#include "server/api/jobs.h"
#include "server/api/queries.h"
#include "server/api/routes.h"
#include "server/http/media.h"
#include "server/net/exchange.h"

#include <advect/extra/all.h>
#include <advect/extra/memory.h>
#include <ctype.h>
#include <string.h>

static json_t *reference(const char *to)
{
    return json_pack("{s:s+}", "$ref", "#/components/", to);
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

/* A media type's entry: {schema} of what is known of it. */
static json_t *media(json_t *schema)
{
    return json_pack("{s:o}", "schema", schema);
}

static json_t *binary(void)
{
    return media(json_pack("{s:s}", "type", "string"));
}

static json_t *request_body(const struct adv_route *route)
{
    static const char *const uploads[] = {"application/x-npy", "image/png"};
    if (route->json_only)
        return json_pack("{s:b, s:{s:o}}", "required", true, "content", "application/json",
                         media(adv_jobs_schema()));
    json_t *content =
        json_pack("{s:o}", "application/json", media(adv_request_schema(route->kind)));
    for (size_t i = 0; i < ADV_COUNT(uploads); i++) {
        if (adv_media_of(route->kind, uploads[i]) != ADV_MEDIA_NONE)
            json_object_set_new(content, uploads[i], binary());
    }
    return json_pack("{s:b, s:o}", "required", true, "content", content);
}

static json_t *answer_content(const struct adv_route *route)
{
    json_t *content = json_object();
    const char *dot = strrchr(route->pattern, '.');
    if (route->handle == adv_handle_query) {
        const struct adv_format *formats[ADV_QUERIES_MAX_FORMATS];
        adv_queries_formats(route->kind, NULL, formats);
        for (size_t i = 0; formats[i]; i++)
            json_object_set_new(content, formats[i]->media_type,
                                formats[i]->id == ADV_FORMAT_JSON
                                    ? media(json_pack("{s:s}", "type", "object"))
                                    : binary());
    } else if (dot && !strcmp(dot, ".png")) {
        json_object_set_new(content, "image/png", binary());
    } else if (route->handle == adv_handle_index) {
        json_object_set_new(content, "text/html", binary());
    } else if (route->handle == adv_handle_asset || route->handle == adv_handle_job_result) {
        json_object_set_new(content, "*/*", binary());
    } else if (route->handle == adv_handle_metrics) {
        json_object_set_new(content, "text/plain", binary());
    } else {
        json_object_set_new(content, "application/json",
                            media(json_pack("{s:s}", "type", "object")));
    }
    return content;
}

static json_t *choices(const struct adv_field *field)
{
    json_t *names = json_array();
    for (size_t i = 0; field->choices[i]; i++)
        json_array_append_new(names, json_string(field->choices[i]));
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

/* What a field may hold as text; lists are strings of numbers separated by commas. */
static json_t *text_schema(const struct adv_field *field)
{
    if (field->kind == ADV_FIELD_CHOICE)
        return choices(field);
    if (field->kind == ADV_FIELD_INT)
        return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)field->min,
                         "maximum", (json_int_t)field->max);
    if (field->kind == ADV_FIELD_REAL)
        return json_pack("{s:s, s:f, s:f}", "type", "number", "minimum", field->min, "maximum",
                         field->max);
    return json_pack("{s:s}", "type", field->kind == ADV_FIELD_BOOL ? "boolean" : "string");
}

static void add_parameters(json_t *parameters, const struct adv_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_array_append_new(parameters, json_pack("{s:s, s:s, s:s, s:o}", "name", fields[i].name,
                                                    "in", "query", "description", fields[i].help,
                                                    "schema", text_schema(&fields[i])));
}

/* The fields of a picture's URL: those of its query, and those of pictures alone. A density may be
 * shown by samples, and then has their fields too. */
static void add_picture_parameters(json_t *parameters, enum adv_query_kind kind)
{
    struct adv_field text[ADV_REQUEST_FIELDS_MAX], more[ADV_REQUEST_FIELDS_MAX];
    size_t n = adv_request_url_fields(kind, text), n_more = 0;
    add_parameters(parameters, text, n);
    if (kind == ADV_QUERY_LOG_DENSITY)
        n_more = adv_request_url_fields(ADV_QUERY_SAMPLES, more);
    for (size_t i = 0; i < n_more; i++) {
        if (!adv_fields_find(text, n, more[i].name))
            add_parameters(parameters, &more[i], 1);
    }
    struct adv_field fields[ADV_PICTURE_URL_FIELDS];
    adv_picture_url_fields(fields);
    add_parameters(parameters, fields, ADV_PICTURE_URL_FIELDS);
}

static json_t *described(const char *description, json_t *content)
{
    return json_pack("{s:s, s:o}", "description", description, "content", content);
}

/* What is accepted as a job is answered by its state. */
static json_t *accepted(void)
{
    return described(
        "The job, whose state and result are at Location",
        json_pack("{s:o}", "application/json", media(json_pack("{s:s}", "type", "object"))));
}

static json_t *responses(const struct adv_route *route)
{
    json_t *json = json_object();
    bool makes_job = route->handle == adv_handle_new_job;
    if (route->handle == adv_handle_job_removal)
        json_object_set_new(json, "204", json_pack("{s:s}", "description", "The job is gone"));
    else if (!makes_job)
        json_object_set_new(json, "200", described("The answer", answer_content(route)));
    if (makes_job || route->handle == adv_handle_query)
        json_object_set_new(json, "202", accepted());
    json_object_set_new(json, "default", reference("responses/problem"));
    return json;
}

/* "Prefer: respond-async" makes a job of a query. */
static json_t *prefer_parameter(void)
{
    return json_pack("{s:s, s:s, s:s, s:{s:s}}", "name", "Prefer", "in", "header", "description",
                     "respond-async: do not wait for the result (RFC 7240)", "schema", "type",
                     "string");
}

static json_t *operation(const struct adv_route *route)
{
    json_t *parameters = json_array();
    json_t *json = json_pack("{s:o, s:s, s:o}", "operationId", operation_id(route), "summary",
                             route->summary, "responses", responses(route));
    if (strstr(route->pattern, "{model}"))
        json_array_append_new(parameters, reference("parameters/model"));
    if (strstr(route->pattern, "{folder}"))
        json_array_append_new(parameters, reference("parameters/folder"));
    if (strstr(route->pattern, "{file}"))
        json_array_append_new(parameters, reference("parameters/file"));
    if (strstr(route->pattern, "{id}"))
        json_array_append_new(parameters, reference("parameters/id"));
    if (route->handle == adv_handle_query)
        json_array_append_new(parameters, prefer_parameter());
    if (route->handle == adv_handle_picture)
        add_picture_parameters(parameters, route->kind);
    if (json_array_size(parameters))
        json_object_set(json, "parameters", parameters);
    json_decref(parameters);
    if (!strcmp(route->method, "POST"))
        json_object_set_new(json, "requestBody", request_body(route));
    if (route->open)
        json_object_set_new(json, "security", json_array());
    return json;
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
        if (!json_object_get(json, route->pattern))
            json_object_set_new(json, route->pattern, json_object());
        json_object_set_new(json_object_get(json, route->pattern), key_of_method(route->method),
                            operation(route));
    }
    return json;
}

/* The problem document, with every type there is. */
static json_t *problem_schema(void)
{
    json_t *types = json_array(), *statuses = json_array();
    for (int i = 0; i < ADV_PROBLEMS; i++) {
        unsigned status = adv_problem_status((enum adv_problem)i);
        json_array_append_new(
            types, json_pack("s+", "urn:advect:", adv_problem_slug((enum adv_problem)i)));
        json_t *known;
        size_t k;
        bool listed = false;
        json_array_foreach(statuses, k, known) listed =
            listed || json_integer_value(known) == status;
        if (!listed)
            json_array_append_new(statuses, json_integer(status));
    }
    return json_pack("{s:s, s:[s, s, s, s], "
                     "s:{s:{s:o}, s:{s:s}, s:{s:o}, s:{s:s}, s:{s:s}, s:{s:s}}}",
                     "type", "object", "required", "type", "title", "status", "detail",
                     "properties", "type", "enum", types, "title", "type", "string", "status",
                     "enum", statuses, "detail", "type", "string", "field", "type", "string",
                     "request_id", "type", "string");
}

static json_t *path_parameter(const char *name)
{
    return json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path", "required", true,
                     "schema", "type", "string");
}

static json_t *components(void)
{
    json_t *problem =
        json_pack("{s:s, s:{s:{s:o}}}", "description", "A refusal (RFC 9457)", "content",
                  ADV_PROBLEM_TYPE, "schema", reference("schemas/problem"));
    json_t *key = json_pack("{s:s, s:s}", "type", "http", "scheme", "bearer");
    return json_pack("{s:{s:o}, s:{s:o}, s:{s:o, s:o, s:o, s:o}, s:{s:o}}", "schemas", "problem",
                     problem_schema(), "responses", "problem", problem, "parameters", "model",
                     path_parameter("model"), "folder", path_parameter("folder"), "file",
                     path_parameter("file"), "id", path_parameter("id"), "securitySchemes", "key",
                     key);
}

void adv_handle_openapi(struct adv_exchange *exchange)
{
    json_t *json = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:o}", "openapi", "3.1.0", "info",
                             "title", "Advect", "version", adv_version(), "description",
                             "Flow matching: samples, trajectories, log-densities, latents and "
                             "velocities of trained models.",
                             "paths", paths(), "components", components());
    if (json && adv_keys_are_wanted(exchange->server->keys))
        json_object_set_new(json, "security", json_pack("[{s:[]}]", "key"));
    adv_reply_json(&exchange->reply, MHD_HTTP_OK, "application/json", json);
}
