/* One setting being read: a row of a table of fields, and a value staged for it
 * until the whole source has proved right. */
#ifndef ADV_SETTINGS_FIELD_VALUE_H
#define ADV_SETTINGS_FIELD_VALUE_H

#include "core/base/words.h"

#include <advect/extra/fields.h>
#include <advect/extra/json.h>

struct adv_field_value {
    bool set;
    union {
        int64_t integer; /* INT, CHOICE */
        bool flag;
        double real;
        struct adv_ints ints;
        char *string; /* owned until stored */
        json_t *json; /* owned until stored; NULL for JSON null */
    } as;
};

/* A row in the context of one reading: what to call it in errors. */
struct adv_field_subject {
    const struct adv_field *field;
    char label[sizeof((struct adv_error *)0)->field]; /* "solver.steps" */
};

struct adv_field_subject adv_field_subject_of(const struct adv_field *field, const char *where);

/* "an object", "a string", ... */
const char *adv_json_kind(const json_t *json);

/* Each checks type and bounds; *value is written only on success and then owned by the caller. */
enum adv_status adv_field_value_from_text(const struct adv_field_subject *subject, const char *text,
                                          struct adv_field_value *value, struct adv_error *error);
enum adv_status adv_field_value_from_json(const struct adv_field_subject *subject,
                                          const json_t *json, struct adv_field_value *value,
                                          struct adv_error *error);
/* A default that its own row refuses is a bug. Fails only without memory. */
enum adv_status adv_field_value_default(const struct adv_field_subject *subject,
                                        struct adv_field_value *value, struct adv_error *error);

/* The member of options as a value, still owned by the options. */
struct adv_field_value adv_field_value_load(const struct adv_field *field, const void *options);
/* Moves the value into options, whose former member is not freed. */
void adv_field_value_store(const struct adv_field *field, const struct adv_field_value *value,
                           void *options);
/* Frees what the value owns and unsets it. Safe on unset values. */
void adv_field_value_release(const struct adv_field *field, struct adv_field_value *value);

#endif
