/* Settings as data: one table of rows describes the fields of a struct, and
 * serves JSON objects, command-line flags, environment variables and URL
 * queries alike, with the same bounds, defaults, messages and help text.
 *
 *     struct options { int64_t steps; double rate; int64_t path; char *name; };
 *     static const struct adv_field fields[] = {
 *         {"steps", ADV_FIELD_INT, offsetof(struct options, steps), .min = 1, .max = 1e9,
 *          .fallback = "1000", .help = "optimiser steps"},
 *         ...
 *     };
 */
#ifndef ADVECT_EXTRA_FIELDS_H
#define ADVECT_EXTRA_FIELDS_H

#include <advect/api.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

ADV_API_BEGIN

enum adv_field_kind {
    ADV_FIELD_BOOL, /* bool; text: true, false, yes, no, 1, 0; an empty text (bare flag) is true */
    ADV_FIELD_INT,  /* int64_t within [min, max] */
    ADV_FIELD_REAL, /* double within [min, max], finite */
    ADV_FIELD_CHOICE, /* int64_t: index into choices */
    ADV_FIELD_STRING, /* char *, owned, may be NULL by default; min and max bound its bytes */
    ADV_FIELD_INTS, /* struct adv_ints: `least` to `most` integers within [min, max]; text: "1,2" */
    ADV_FIELD_JSON  /* json_t *, owned, NULL if absent; any value, checked by whoever reads it */
};

#define ADV_INTS_MAX 16

struct adv_ints {
    size_t n;
    int64_t items[ADV_INTS_MAX];
};

struct adv_field {
    const char *name; /* as in JSON, e.g. "batch_rows"; flags also accept '-' for '_' */
    enum adv_field_kind kind;
    size_t offset;   /* of the member in the struct */
    double min, max; /* inclusive (INT, REAL, each of INTS; STRING: length, 0 max = unbounded) */
    const char *const *choices; /* NULL-terminated names (CHOICE) */
    const char *fallback;       /* the default as text; NULL: 0, false or NULL */
    bool required;              /* from JSON: an error if absent */
    const char *unit;           /* shown in help: "ms", "bytes"; or NULL */
    const char *help;           /* a phrase that stands alone */
    size_t least, most;         /* inclusive bounds of how many (INTS); most <= ADV_INTS_MAX */
    bool
        omit_default; /* INT, BOOL: not written to JSON where it is the default, so that files without
                          it can be read by programs that do not know it */
};

/* One of several kinds of something, and the fields that its JSON object may have beside "kind". */
struct adv_field_group {
    const char *name, *help;
    const struct adv_field *fields;
    size_t n_fields;
};

/* Sets every field to its default. A default out of its own bounds is a bug and aborts. */
enum adv_status adv_fields_init(const struct adv_field *fields, size_t n_fields, void *options,
                                struct adv_error *error);

/* Frees owned members and sets them to NULL. Safe after a failed init of zeroed memory. */
void adv_fields_release(const struct adv_field *fields, size_t n_fields, void *options);

/* Reads a JSON object over initialised options. Unknown keys are errors that
 * suggest the nearest known one; values of the wrong type or out of range are
 * errors naming field, value and range. where: prefix of field names in
 * errors, e.g. "solver" gives "solver.steps"; or NULL. JSON null means the default. */
enum adv_status adv_fields_from_json(const struct adv_field *fields, size_t n_fields,
                                     const json_t *object, const char *where, void *options,
                                     struct adv_error *error);

/* Sets one field from text (flag, environment, URL query). ADV_E_INVALID if the
 * name is unknown (with a suggestion) or the value is not allowed. */
enum adv_status adv_fields_from_text(const struct adv_field *fields, size_t n_fields,
                                     const char *name, const char *text, void *options,
                                     struct adv_error *error);

/* The row called name ('-' equals '_'), or NULL. */
const struct adv_field *adv_fields_find(const struct adv_field *fields, size_t n_fields,
                                        const char *name);

/* Writes the options back as a JSON object (new reference), every field present but NULL ones
 * and those that omit their default. */
json_t *adv_fields_to_json(const struct adv_field *fields, size_t n_fields, const void *options);

/* Prints the fields' help, aligned: "  --steps N   number of optimiser steps (default 1000)". What
 * would pass column 100 goes on in lines below. */
void adv_fields_help(const struct adv_field *fields, size_t n_fields, FILE *out);

/* Prints them as a table in Markdown: field, what it takes, its default, its meaning. */
void adv_fields_markdown(const struct adv_field *fields, size_t n_fields, FILE *out);

ADV_API_END
#endif
