/* Outcomes and error reports, used by every fallible function of the library.
 *
 * Convention: a fallible function returns enum adv_status and takes, last, a
 * caller-owned `struct adv_error *` that may be NULL. On failure the report is
 * filled once (the first error wins) and outputs are left untouched. */
#ifndef ADVECT_STATUS_H
#define ADVECT_STATUS_H

#include <advect/api.h>

ADV_API_BEGIN

enum adv_status {
    ADV_OK = 0,
    ADV_E_INVALID,     /* an argument, option or field is out of range or contradicts another */
    ADV_E_FORMAT,      /* bytes are not what their format demands */
    ADV_E_IO,          /* the operating system refused: open, read, write, rename */
    ADV_E_MEMORY,      /* an allocation failed */
    ADV_E_UNSUPPORTED, /* well formed, but outside what this library does */
    ADV_E_NUMERIC,     /* a computation left the finite numbers or could not reach its tolerance */
    ADV_E_CANCELLED    /* stopped on request */
};

struct adv_error {
    enum adv_status status;
    char field[64];     /* the field, tensor or option at fault, or "" */
    char message[2048]; /* what is wrong, the value, what is allowed: a sentence, or a list of
                           faults */
};

/* Start with `struct adv_error error = ADV_ERROR_INIT;`. */
#define ADV_ERROR_INIT                                                                             \
    {                                                                                              \
        ADV_OK, {0},                                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* A short lower-case name of a status, e.g. "invalid". Never NULL. */
const char *adv_status_name(enum adv_status status);

/* Reports a failure and returns `status`, so that `return adv_fail(...)` reads
 * well. Does nothing to a report that already holds an error. error: may be NULL. */
enum adv_status adv_fail(struct adv_error *error, enum adv_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As adv_fail, naming the field at fault (NULL or "" for none). */
enum adv_status adv_fail_field(struct adv_error *error, enum adv_status status, const char *field,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reports "out of memory"; returns ADV_E_MEMORY. */
enum adv_status adv_no_memory(struct adv_error *error);

/* Prefixes the message of a report, e.g. with a file name: "models/a.safetensors: ...". */
void adv_error_prefix(struct adv_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

ADV_API_END
#endif
