/* The schemas of the API's description: what answers hold beside those to queries, whose schemas are
 * the library's. */
#ifndef ADV_SERVER_SCHEMAS_H
#define ADV_SERVER_SCHEMAS_H

#include <advect/query.h>
#include <jansson.h>

/* {"$ref": "#/components/schemas/NAME"}, a new reference. */
json_t *adv_schema_reference(const char *name);

/* The names of the bodies of a kind of query and of its answers: "log_density_request" and
 * "log_density_answer"; the text is the caller's, of 64 bytes. */
const char *adv_schema_of_request(enum adv_query_kind kind, char name[64]);
const char *adv_schema_of_answer(enum adv_query_kind kind, char name[64]);

/* Every schema by its name: components/schemas (new reference). */
json_t *adv_schemas(void);

#endif
