/* JSON Schema, as much of it as the schemas of the API use: type, properties, required,
 * additionalProperties, items, minItems, minimum, maximum, enum, anyOf. */
#ifndef TESTS_JSON_SCHEMA_H
#define TESTS_JSON_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

/* Whether value is what schema describes. Fails the test on a schema it does not understand. */
bool json_conforms(const json_t *schema, const json_t *value);

#endif
