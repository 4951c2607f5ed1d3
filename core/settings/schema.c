/* JSON Schemas of objects from tables of their members. */
#include "core/base/mem.h"

#include <advect/extra/json.h>

/* Adds one member; false without memory. */
static bool add_member(json_t *properties, json_t *required, const struct adv_schema_member *member)
{
    json_error_t flaw = {.text = ""};
    json_t *schema = json_loads(member->schema, 0, &flaw);
    if (!schema && *flaw.text)
        adv_bug("the schema of %s is not JSON: %s", member->name, flaw.text);
    if (!schema || json_object_set_new(properties, member->name, schema) ||
        json_object_set_new(schema, "description", json_string(member->help)))
        return false;
    return member->optional || !json_array_append_new(required, json_string(member->name));
}

json_t *adv_schema_object(const struct adv_schema_member *members, size_t n)
{
    json_t *properties = json_object(), *required = json_array();
    bool whole = properties && required;
    for (size_t i = 0; i < n && whole; i++)
        whole = add_member(properties, required, &members[i]);
    if (!whole) {
        json_decref(properties);
        json_decref(required);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                     required, "additionalProperties", 0);
}
