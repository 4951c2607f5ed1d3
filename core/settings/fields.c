/* Every source of settings (JSON, flags, environment, queries) is first read
 * into staged values, one per row, and the options are written only when all
 * of them are right: a refused request never leaves half of itself behind. */
#include <advect/extra/fields.h>

#include "core/base/mem.h"
#include "core/settings/field_value.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 66 /* of an unknown one: a longer one is no slip of the pen */

static void free_values(const struct adv_field *fields, size_t n_fields,
                        struct adv_field_value *values)
{
    for (size_t i = 0; values && i < n_fields; i++)
        adv_field_value_release(&fields[i], &values[i]);
    free(values);
}

/* Moves the staged values that are set into options, and their former members out into the stage,
 * where they are freed with it. */
static void commit(const struct adv_field *fields, size_t n_fields, struct adv_field_value *values,
                   void *options)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (!values[i].set)
            continue;
        struct adv_field_value former = adv_field_value_load(&fields[i], options);
        adv_field_value_store(&fields[i], &values[i], options);
        values[i] = former;
    }
}

enum adv_status adv_fields_init(const struct adv_field *fields, size_t n_fields, void *options,
                                struct adv_error *error)
{
    struct adv_field_value *values = adv_calloc(n_fields, sizeof *values);
    enum adv_status status = values ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; i < n_fields && status == ADV_OK; i++) {
        struct adv_field_subject subject = adv_field_subject_of(&fields[i], NULL);
        status = adv_field_value_default(&subject, &values[i], error);
    }
    if (status != ADV_OK) {
        free_values(fields, n_fields, values);
        return status;
    }
    for (size_t i = 0; i < n_fields; i++)
        adv_field_value_store(&fields[i], &values[i], options);
    free(values);
    return ADV_OK;
}

void adv_fields_release(const struct adv_field *fields, size_t n_fields, void *options)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].kind != ADV_FIELD_STRING && fields[i].kind != ADV_FIELD_JSON)
            continue;
        struct adv_field_value value = adv_field_value_load(&fields[i], options);
        adv_field_value_release(&fields[i], &value);
        adv_field_value_store(&fields[i], &value, options);
    }
}

/* ---------------------------------------------------------------- names */

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
            return false;
    }
    return *a == *b;
}

const struct adv_field *adv_fields_find(const struct adv_field *fields, size_t n_fields,
                                        const char *name)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (same_name(fields[i].name, name))
            return &fields[i];
    }
    return NULL;
}

/* "stepz" is not a known field of solver; did you mean "steps"? */
static enum adv_status refuse_name(const struct adv_field *fields, size_t n_fields,
                                   const char *name, const char *where, struct adv_error *error)
{
    char message[400] = "", flat[NAME_BYTES];
    snprintf(flat, sizeof flat, "%s", name);
    for (char *at = flat; *at; at++)
        *at = *at == '-' ? '_' : *at;
    adv_append(message, sizeof message, "%s is not a known field", adv_quote(name).text);
    if (where)
        adv_append(message, sizeof message, " of %s", where);
    const char **names = adv_calloc(n_fields + 1, sizeof *names);
    if (!names)
        return adv_no_memory(error);
    for (size_t i = 0; i < n_fields; i++)
        names[i] = fields[i].name;
    const char *nearest = adv_nearest_name(flat, names);
    free(names);
    if (nearest)
        adv_append(message, sizeof message, "; did you mean \"%s\"?", nearest);
    for (size_t i = 0; i < n_fields && !nearest; i++)
        adv_append(message, sizeof message, "%s%s", i ? ", " : "; the fields are ", fields[i].name);
    struct adv_field unknown = {.name = name};
    return adv_fail_field(error, ADV_E_INVALID, adv_field_subject_of(&unknown, where).label, "%s",
                          message);
}

/* ---------------------------------------------------------------- sources */

static enum adv_status read_member(const struct adv_field *field, const json_t *object,
                                   const char *where, struct adv_field_value *value,
                                   struct adv_error *error)
{
    struct adv_field_subject subject = adv_field_subject_of(field, where);
    const json_t *json = json_object_get(object, field->name);
    bool absent = !json || json_is_null(json);
    if (absent && field->required)
        return adv_fail_field(error, ADV_E_INVALID, subject.label, "%s is missing", subject.label);
    if (absent)
        return json ? adv_field_value_default(&subject, value, error) : ADV_OK;
    return adv_field_value_from_json(&subject, json, value, error);
}

enum adv_status adv_fields_from_json(const struct adv_field *fields, size_t n_fields,
                                     const json_t *object, const char *where, void *options,
                                     struct adv_error *error)
{
    if (!json_is_object(object))
        return adv_fail_field(error, ADV_E_INVALID, where, "%s must be a JSON object",
                              where ? where : "the value");
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)object, key, member)
    {
        bool known = false;
        for (size_t i = 0; i < n_fields && !known; i++)
            known = !strcmp(fields[i].name, key);
        if (!known)
            return refuse_name(fields, n_fields, key, where, error);
    }
    struct adv_field_value *values = adv_calloc(n_fields, sizeof *values);
    enum adv_status status = values ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; i < n_fields && status == ADV_OK; i++)
        status = read_member(&fields[i], object, where, &values[i], error);
    if (status == ADV_OK)
        commit(fields, n_fields, values, options);
    free_values(fields, n_fields, values);
    return status;
}

enum adv_status adv_fields_from_text(const struct adv_field *fields, size_t n_fields,
                                     const char *name, const char *text, void *options,
                                     struct adv_error *error)
{
    const struct adv_field *field = adv_fields_find(fields, n_fields, name);
    if (!field)
        return refuse_name(fields, n_fields, name, NULL, error);
    struct adv_field_subject subject = adv_field_subject_of(field, NULL);
    struct adv_field_value value = {0};
    enum adv_status status = adv_field_value_from_text(&subject, text, &value, error);
    if (status == ADV_OK)
        commit(field, 1, &value, options);
    adv_field_value_release(field, &value);
    return status;
}

/* ---------------------------------------------------------------- outputs */

static json_t *ints_to_json(const struct adv_ints *ints)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < ints->n; i++) {
        if (json_array_append_new(array, json_integer(ints->items[i]))) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *member_to_json(const struct adv_field *field, const struct adv_field_value *value)
{
    switch (field->kind) {
    case ADV_FIELD_BOOL:
        return json_boolean(value->as.flag);
    case ADV_FIELD_INT:
        return json_integer(value->as.integer);
    case ADV_FIELD_REAL:
        return json_real(value->as.real);
    case ADV_FIELD_CHOICE:
        return json_string(field->choices[value->as.integer]);
    case ADV_FIELD_STRING:
        return json_string(value->as.string);
    case ADV_FIELD_INTS:
        return ints_to_json(&value->as.ints);
    case ADV_FIELD_JSON:
        return adv_json_deep_copy(value->as.json);
    }
    return NULL;
}

static bool is_left_out(const struct adv_field *field, const struct adv_field_value *value)
{
    if (field->kind == ADV_FIELD_STRING)
        return !value->as.string;
    if (field->kind == ADV_FIELD_JSON)
        return !value->as.json;
    if (!field->omit_default)
        return false;
    struct adv_field_subject subject = adv_field_subject_of(field, NULL);
    struct adv_field_value usual = {0};
    return adv_field_value_default(&subject, &usual, NULL) == ADV_OK &&
           usual.as.integer == value->as.integer;
}

json_t *adv_fields_to_json(const struct adv_field *fields, size_t n_fields, const void *options)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < n_fields; i++) {
        struct adv_field_value value = adv_field_value_load(&fields[i], options);
        if (is_left_out(&fields[i], &value))
            continue;
        if (json_object_set_new(object, fields[i].name, member_to_json(&fields[i], &value))) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}
