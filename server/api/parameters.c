#include "server/api/parameters.h"

#include "server/api/handlers.h"
#include "server/api/query_body.h"

#include <advect/extra/all.h>
#include <advect/extra/memory.h>
#include <string.h>

static const char *const in_paths[] = {"model", "folder", "subfolder", "file", "id"};

static json_t *parameter(const char *name, const char *in, const char *help, json_t *schema)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "name", name, "in", in, "description", help, "schema",
                     schema);
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

static void add_fields(json_t *parameters, const struct adv_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        json_array_append_new(parameters, parameter(fields[i].name, "query", fields[i].help,
                                                    text_schema(&fields[i])));
}

/* The fields of queries as text: beside uploads, of pictures and of a GET. */
static void add_query_fields(json_t *parameters, enum adv_query_kind kind)
{
    struct adv_field fields[ADV_REQUEST_FIELDS_MAX];
    add_fields(parameters, fields, adv_request_url_fields(kind, fields));
}

/* What pictures alone take; and a density, which may be shown by samples, their fields too. */
static void add_picture_fields(json_t *parameters, enum adv_query_kind kind)
{
    struct adv_field own[ADV_REQUEST_FIELDS_MAX], more[ADV_REQUEST_FIELDS_MAX];
    struct adv_field fields[ADV_PICTURE_URL_FIELDS];
    size_t n = adv_request_url_fields(kind, own), n_more = 0;
    if (kind == ADV_QUERY_LOG_DENSITY)
        n_more = adv_request_url_fields(ADV_QUERY_SAMPLES, more);
    for (size_t i = 0; i < n_more; i++) {
        if (!adv_fields_find(own, n, more[i].name))
            add_fields(parameters, &more[i], 1);
    }
    adv_picture_url_fields(fields);
    add_fields(parameters, fields, ADV_PICTURE_URL_FIELDS);
}

static void add_points(json_t *parameters, enum adv_query_kind kind)
{
    const char *name = adv_query_body_points(kind);
    json_t *json = parameter(
        name, "query", "points as numbers separated by commas, one after the other by semicolons",
        json_pack("{s:s}", "type", "string"));
    if (!adv_query_from_base(kind))
        json_object_set_new(json, "required", json_true());
    json_array_append_new(parameters, json);
}

json_t *adv_parameters(const struct adv_route *route)
{
    json_t *parameters = json_array();
    bool is_query = route->handle == adv_handle_query, is_get = !strcmp(route->method, "GET");
    for (size_t i = 0; i < ADV_COUNT(in_paths); i++) {
        char variable[16];
        snprintf(variable, sizeof variable, "{%s}", in_paths[i]);
        if (strstr(route->pattern, variable))
            json_array_append_new(
                parameters, json_pack("{s:s+}", "$ref", "#/components/parameters/", in_paths[i]));
    }
    if (is_query && is_get)
        add_points(parameters, route->kind);
    if (is_query && !is_get) /* makes a job of a query */
        json_array_append_new(parameters,
                              parameter("Prefer", "header",
                                        "respond-async: do not wait for the result (RFC 7240)",
                                        json_pack("{s:s}", "type", "string")));
    if (is_query || route->handle == adv_handle_picture)
        add_query_fields(parameters, route->kind);
    if (route->handle == adv_handle_picture)
        add_picture_fields(parameters, route->kind);
    return parameters;
}

json_t *adv_parameters_of_paths(void)
{
    json_t *json = json_object();
    for (size_t i = 0; i < ADV_COUNT(in_paths); i++)
        json_object_set_new(json, in_paths[i],
                            json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", in_paths[i], "in", "path",
                                      "required", true, "schema", "type", "string"));
    return json;
}
