/* JSON where memory may run out. jansson's deep copy leaves out members that it has no room for,
 * its growing output buffer leaves out bytes, and neither says so; these do. */
#ifndef ADVECT_JSON_H
#define ADVECT_JSON_H

#include <advect/api.h>
#include <jansson.h>
#include <stddef.h>

ADV_API_BEGIN

/* A deep copy, a new reference; NULL without memory, or for NULL. */
json_t *adv_json_deep_copy(const json_t *json);

/* The JSON as text, flags as of jansson's json_dumps, the caller's to free; NULL without memory,
 * for NULL, and for what the flags do not allow. */
char *adv_json_dump(const json_t *json, size_t flags);

ADV_API_END
#endif
