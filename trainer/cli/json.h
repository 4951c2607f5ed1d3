/* JSON files. */
#ifndef ADV_TRAINER_JSON_H
#define ADV_TRAINER_JSON_H

#include <advect/status.h>
#include <jansson.h>
#include <stddef.h>

/* A JSON file of at most a few megabytes: a new reference. Errors name path, line and column. */
enum adv_status adv_json_read(const char *path, json_t **json, struct adv_error *error);

/* The same of standard input where the path is "-". */
enum adv_status adv_json_read_or_stdin(const char *path, json_t **json, struct adv_error *error);

/* "a,b*,!c,3" as the array of names and positions that tables take: a new reference, or NULL where
 * it is not UTF-8. A word of digits is a position. */
json_t *adv_json_columns(const char *text);
/* One of them. */
json_t *adv_json_column(const char *text, size_t n);

#endif
