#include "tests/core/query/json_schema.h"

#include <check.h>
#include <string.h>

static bool conforms_to_any(const json_t *schemas, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        if (json_conforms(json_array_get(schemas, i), value))
            return true;
    }
    return false;
}

static bool object_conforms(const json_t *schema, const json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const char *key;
    json_t *member, *name;
    size_t i;
    json_array_foreach(json_object_get(schema, "required"), i, name)
    {
        if (!json_object_get(value, json_string_value(name)))
            return false;
    }
    json_object_foreach((json_t *)value, key, member)
    {
        const json_t *property = json_object_get(properties, key);
        if (!property || !json_conforms(property, member))
            return false;
    }
    ck_assert(json_is_false(json_object_get(schema, "additionalProperties")));
    return true;
}

static bool array_conforms(const json_t *schema, const json_t *value)
{
    size_t least = (size_t)json_integer_value(json_object_get(schema, "minItems"));
    if (json_array_size(value) < least)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_conforms(json_object_get(schema, "items"), json_array_get(value, i)))
            return false;
    }
    return true;
}

static bool number_conforms(const json_t *schema, const json_t *value)
{
    const json_t *lo = json_object_get(schema, "minimum"), *hi = json_object_get(schema, "maximum");
    double number = json_number_value(value);
    return (!lo || number >= json_number_value(lo)) && (!hi || number <= json_number_value(hi));
}

static bool string_conforms(const json_t *schema, const json_t *value)
{
    const json_t *choices = json_object_get(schema, "enum");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        if (json_equal(json_array_get(choices, i), value))
            return true;
    }
    return false;
}

bool json_conforms(const json_t *schema, const json_t *value)
{
    const json_t *any = json_object_get(schema, "anyOf");
    const char *type = json_string_value(json_object_get(schema, "type"));
    if (any)
        return conforms_to_any(any, value);
    ck_assert_ptr_nonnull(type);
    if (!strcmp(type, "object"))
        return json_is_object(value) && object_conforms(schema, value);
    if (!strcmp(type, "array"))
        return json_is_array(value) && array_conforms(schema, value);
    if (!strcmp(type, "string"))
        return json_is_string(value) && string_conforms(schema, value);
    if (!strcmp(type, "boolean"))
        return json_is_boolean(value);
    if (!strcmp(type, "integer"))
        return json_is_integer(value) && number_conforms(schema, value);
    ck_assert_str_eq(type, "number");
    return json_is_number(value) && number_conforms(schema, value);
}
