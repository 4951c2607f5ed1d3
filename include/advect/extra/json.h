/* JSON where memory may run out. jansson's deep copy leaves out members that it has no room for,
 * its growing output buffer leaves out bytes, and neither says so; these do. */
#ifndef ADVECT_EXTRA_JSON_H
#define ADVECT_EXTRA_JSON_H

#include <advect/api.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

ADV_API_BEGIN

/* Text [n_bytes] as JSON, a new reference. Errors name line and column; members that are named
 * twice are refused. */
enum adv_status adv_json_parse(const char *text, size_t n_bytes, json_t **json,
                               struct adv_error *error);

/* A deep copy, a new reference; NULL without memory, or for NULL. */
json_t *adv_json_deep_copy(const json_t *json);

/* The JSON as text, flags as of jansson's json_dumps, the caller's to free; NULL without memory,
 * for NULL, and for what the flags do not allow. */
char *adv_json_dump(const json_t *json, size_t flags);

/* A member of objects, as their JSON Schema has it. */
struct adv_schema_member {
    const char *name;
    const char *schema; /* its own, as JSON text */
    const char *help;   /* a phrase that stands alone */
    bool optional;      /* may be absent */
};

/* The JSON Schema of objects with these n members and no others (new reference); NULL without
 * memory. */
json_t *adv_schema_object(const struct adv_schema_member *members, size_t n);

ADV_API_END
#endif
