/* What a request may hold: its text fields, and its JSON Schema. */
#include "core/base/mem.h"
#include "core/request/table.h"

#include <math.h>

size_t adv_request_text_fields(enum adv_query_kind kind, struct adv_field *fields)
{
    struct adv_request_part part = {.kind = kind, .text = true, .flags = true};
    return adv_request_fields(&part, fields, NULL);
}

size_t adv_request_url_fields(enum adv_query_kind kind, struct adv_field *fields)
{
    struct adv_request_part part = {.kind = kind, .text = true};
    return adv_request_fields(&part, fields, NULL);
}

static json_t *object_schema(enum adv_query_kind kind, const char *group);

static json_t *number(double value)
{
    return value == floor(value) && fabs(value) <= 0x1p53 ? json_integer((json_int_t)value)
                                                          : json_real(value);
}

static json_t *choices_schema(const struct adv_field *field)
{
    json_t *names = json_array();
    for (size_t i = 0; field->choices[i]; i++) {
        if (json_array_append_new(names, json_string(field->choices[i]))) {
            json_decref(names);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

/* The type and bounds of a plain value. */
static json_t *value_schema(const struct adv_field *field)
{
    switch (field->kind) {
    case ADV_FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case ADV_FIELD_INT:
    case ADV_FIELD_REAL:
        return json_pack("{s:s, s:o, s:o}", "type",
                         field->kind == ADV_FIELD_INT ? "integer" : "number", "minimum",
                         number(field->min), "maximum", number(field->max));
    case ADV_FIELD_CHOICE:
        return choices_schema(field);
    case ADV_FIELD_STRING:
    case ADV_FIELD_INTS:
    case ADV_FIELD_JSON:
        break;
    }
    adv_bug("the plain field %s has no schema", field->name);
}

static json_t *row_schema(enum adv_query_kind kind, const struct adv_request_row *row,
                          const struct adv_field *field)
{
    if (!row->read)
        return value_schema(field);
    if (!row->schema)
        return object_schema(kind, field->name);
    json_t *schema = json_loads(row->schema, 0, NULL);
    if (row->read != adv_request_read_divergence)
        return schema;
    return json_pack("{s:[o, o]}", "anyOf", schema, object_schema(kind, field->name));
}

/* Defaults are written as they are in JSON; those of choices are bare words. */
static int describe(json_t *schema, const struct adv_field *field)
{
    if (json_object_set_new(schema, "description", json_string(field->help)))
        return -1;
    if (!field->fallback)
        return 0;
    json_t *value = field->kind == ADV_FIELD_CHOICE
                        ? json_string(field->fallback)
                        : json_loads(field->fallback, JSON_DECODE_ANY, NULL);
    return json_object_set_new(schema, "default", value);
}

static json_t *object_schema(enum adv_query_kind kind, const char *group)
{
    struct adv_field fields[ADV_REQUEST_FIELDS_MAX];
    const struct adv_request_row *rows[ADV_REQUEST_FIELDS_MAX];
    struct adv_request_part part = {.kind = kind, .group = group};
    size_t n = adv_request_fields(&part, fields, rows);
    json_t *properties = json_object(), *required = json_array();
    int failed = 0;
    for (size_t i = 0; i < n && !failed; i++) {
        json_t *schema = row_schema(kind, rows[i], &fields[i]);
        failed = !schema || describe(schema, &fields[i]);
        failed = json_object_set_new(properties, fields[i].name, schema) || failed;
        if (!failed && fields[i].required)
            failed = json_array_append_new(required, json_string(fields[i].name));
    }
    if (failed) {
        json_decref(properties);
        json_decref(required);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                     required, "additionalProperties", 0);
}

json_t *adv_request_schema(enum adv_query_kind kind)
{
    return object_schema(kind, NULL);
}
