/* JSON files. */
#ifndef ADV_TRAINER_JSON_H
#define ADV_TRAINER_JSON_H

#include <advect/status.h>
#include <jansson.h>

/* A JSON file of at most a few megabytes: a new reference. Errors name path, line and column. */
enum adv_status adv_json_read(const char *path, json_t **json, struct adv_error *error);

#endif
