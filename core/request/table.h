/* The fields of requests, as rows; and a request that has been read but not yet
 * held against a model. Inside core/request only. */
#ifndef ADV_REQUEST_TABLE_H
#define ADV_REQUEST_TABLE_H

#include "core/request/scan.h"

#include <advect/extra/bytes.h>
#include <advect/extra/fields.h>
#include <advect/extra/request.h>

/* A number that was not given: no field may hold it. */
#define ADV_NOT_GIVEN (-1)

/* The values of the plain fields, ADV_NOT_GIVEN where their absence means something. */
struct adv_request_options {
    int64_t n, seed, first;
    double guidance; /* NaN: not given */
    double t;
    int64_t space; /* enum adv_space */
    int64_t frames;
    bool log_density;
    int64_t method; /* index into adv_solver_names() */
    int64_t steps;
    double noise; /* NaN: not given */
    double rtol, atol;
    int64_t score_method;        /* enum adv_score_method */
    int64_t velocity_divergence; /* enum adv_velocity_divergence */
    int64_t divergence_method;   /* enum adv_divergence */
    int64_t probes, probe_seed;
    int64_t renew_probes; /* 0, 1 */
    int64_t errors;       /* 0, 1 */
    int64_t timeout_ms;
    int64_t priority; /* low, normal, high */
};

/* As velocities are asked for in text, where one word says both whether and how. */
enum adv_velocity_divergence {
    ADV_VELOCITY_ALONE,
    ADV_VELOCITY_DIVERGENCE,
    ADV_VELOCITY_EXACT,
    ADV_VELOCITY_HUTCHINSON
};

/* What the points of a request are, until adv_request_settle_points makes them numbers. */
enum adv_points_kind { ADV_POINTS_NUMBERS, ADV_POINTS_UINT8, ADV_POINTS_PIXELS };

/* Names of classes among a request's labels, as they came. */
struct adv_label_names {
    size_t n, capacity;
    size_t *at;            /* [n]: where each begins */
    struct adv_bytes text; /* with a NUL behind each */
};

struct adv_request {
    enum adv_query_kind kind;
    struct adv_request_options options;
    bool errors_by_default;     /* of an answer that has room for them */
    size_t max_rows, max_times; /* of arrays in a JSON body */
    /* What arrays of a JSON body are held against while it is read; NULL: nothing. */
    const struct adv_model *model;

    size_t n_points, dim;
    float *points; /* [n_points, dim]: x0 or points; NULL: none were given */
    enum adv_points_kind points_are;
    size_t n_labels;
    int32_t *labels; /* [n_labels]; below ADV_NO_LABEL: one of label_names; NULL: none were given */
    bool one_label;  /* not an array: it is every row's */
    struct adv_label_names label_names;
    size_t n_contexts, context_width;
    float *context; /* [n_contexts, context_width]; NULL: none were given */
    size_t n_times;
    double *times; /* [n_times]; NULL: none were given */

    int32_t *row_labels; /* what the query borrows: [n] */
    double *row_times;   /* [frames] */
};

/* Puts 8-bit values, of this model's dimension, into data units, where the query's points are. */
enum adv_status adv_request_settle_points(struct adv_request *request,
                                          const struct adv_model *model, struct adv_error *error);

/* ---- labels */

/* Reads "3", "sneaker" or "3,sneaker,-1": what is a number is one, anything else is a name. */
enum adv_status adv_request_split_labels(struct adv_request *request, const char *name,
                                         const char *text, struct adv_error *error);

/* Makes row_labels [n_rows] of the labels, as numbers of the model's classes. Errors: ADV_E_INVALID
 * where they are not as many as rows, where no class has such a name, or where there are no classes;
 * what numbers they are is not looked at. */
enum adv_status adv_request_number_labels(struct adv_request *request,
                                          const struct adv_model *model, size_t n_rows,
                                          struct adv_error *error);

/* ---- contexts */

#define ADV_CONTEXT_ALLOWED "an array of numbers, or an array of such contexts"

/* What n numbers of a model are called, for messages: " (x1, x2)"; "" where they have no names. */
struct adv_name_words {
    char text[480];
};
struct adv_name_words adv_request_name_words(const struct adv_model *model, size_t n,
                                             const char *(*name)(const struct adv_model *, size_t));
/* Of its context, which has words without names, too. */
struct adv_name_words adv_request_context_words(const struct adv_model *model);

/* What an array holds, for messages: "rows of 3 numbers", "an array of shape [4, 2, 2]". */
struct adv_array;
struct adv_shape_words {
    char text[224];
};
struct adv_shape_words adv_request_shape_words(const struct adv_array *array);

/* Names the field of what is invalid in a file or an upload, where its reader could not. */
void adv_request_name_fault(struct adv_error *error, const char *field);

/* "0.5,0.5;1,2" as the JSON array [[0.5,0.5],[1,2]], the caller's to free; NULL without memory. */
char *adv_request_rows_of_text(const char *text);

/* Of a model that takes none. */
enum adv_status adv_request_refuse_context(struct adv_error *error);

/* Takes over numbers [n, width]. */
void adv_request_set_context(struct adv_request *request, size_t n, size_t width, float *numbers);

/* The contexts of a table of points, where its columns have the model's names and none were given
 * before. */
enum adv_status adv_request_take_contexts(struct adv_request *request,
                                          const struct adv_model *model, const void *bytes,
                                          size_t n_bytes, const char *path,
                                          struct adv_error *error);

/* Whether the contexts are what the model takes. */
enum adv_status adv_request_check_context(const struct adv_request *request,
                                          const struct adv_model *model, struct adv_error *error);

/* For how many contexts samples are asked: 1 without. */
size_t adv_request_contexts(const struct adv_request *request);

/* The contexts of the query, whose rows are known. */
enum adv_status adv_request_set_contexts(const struct adv_request *request, struct adv_query *query,
                                         struct adv_error *error);

/* ---- the table */

/* A field of one or more kinds of request. Masks have bit 1 << kind. */
struct adv_request_row {
    struct adv_field field;
    unsigned in_text; /* which kinds take it as text, called field.name */
    unsigned in_json; /* which kinds take it in JSON: as member `key` of the object `group`, or
                         called field.name in the body itself where there is no group */
    const char *group, *key;
    /* Fields that are no plain value: what reads the JSON value (text is turned into JSON before),
     * and its schema; NULL for an object of rows. field.offset then means nothing. */
    enum adv_status (*read)(struct adv_request *request, const char *name, const json_t *value,
                            struct adv_error *error);
    /* What reads a value that is an array from its text, in place of read; NULL: none may be. */
    enum adv_status (*scan)(struct adv_request *request, const char *name, struct adv_scan *scan,
                            struct adv_error *error);
    const char *schema;
    bool served; /* of text, only in URLs: a program that answers itself has no such flag, or one of
                    its own, which takes files */
};

extern const struct adv_request_row adv_request_rows[];
extern const size_t adv_request_n_rows;

/* Which rows: of text, or of a JSON object (group NULL: the body). */
struct adv_request_part {
    enum adv_query_kind kind;
    bool text;
    const char *group;
    bool flags; /* of text: without what is only served */
};

/* The fields of a part, named as they are there, choices filled in. Returns their number;
 * rows [ADV_REQUEST_FIELDS_MAX] receives their rows, or is NULL. */
size_t adv_request_fields(const struct adv_request_part *part,
                          struct adv_field fields[ADV_REQUEST_FIELDS_MAX],
                          const struct adv_request_row **rows);

/* Reads a JSON object (group NULL: the body itself) whose arrays are read already, and null
 * there. */
enum adv_status adv_request_read_object(struct adv_request *request, const char *group,
                                        const json_t *object, struct adv_error *error);

/* Refusals of arrays: of a value `what` at a place ("[3]", or "") of the field; of none; and of n
 * items, one more than may be, of which others are still in the text. */
enum adv_status adv_request_refuse_kind(const char *name, const char *at, const char *what,
                                        const char *allowed, struct adv_error *error);
/* Of an item, the i-th. One that is no JSON is told by whoever knows where the text came from:
 * ADV_E_FORMAT, with nothing reported. */
enum adv_status adv_request_refuse_item(const char *name, size_t i, const struct adv_item *item,
                                        const char *allowed, struct adv_error *error);
enum adv_status adv_request_refuse_empty(const char *name, const char *allowed,
                                         struct adv_error *error);
enum adv_status adv_request_refuse_long(const char *name, const struct adv_scan *scan, size_t n,
                                        struct adv_error *error);

/* Arrays whose items are taken one by one: `take` puts item i behind those before it, in items
 * [i + 1]. */
struct adv_items {
    const char *allowed; /* what the array must be, for messages */
    size_t most, item_bytes;
    enum adv_status (*take)(struct adv_request *request, const char *name, struct adv_scan *scan,
                            const struct adv_item *item, size_t i, void *items,
                            struct adv_error *error);
};

/* Takes all items of an array of at least one: *items [*n], the caller's to free. */
enum adv_status adv_request_scan_items(struct adv_request *request, const char *name,
                                       struct adv_scan *scan, const struct adv_items *how,
                                       void **items, size_t *n, struct adv_error *error);

/* Readers of arrays, of which nothing has been taken yet. ADV_E_FORMAT, with nothing reported: see
 * scan->flaw. The request's former array is left in place where one is refused. */
enum adv_status adv_request_scan_points(struct adv_request *request, const char *name,
                                        struct adv_scan *scan, struct adv_error *error);
enum adv_status adv_request_scan_labels(struct adv_request *request, const char *name,
                                        struct adv_scan *scan, struct adv_error *error);
enum adv_status adv_request_scan_context(struct adv_request *request, const char *name,
                                         struct adv_scan *scan, struct adv_error *error);
enum adv_status adv_request_scan_times(struct adv_request *request, const char *name,
                                       struct adv_scan *scan, struct adv_error *error);

/* Readers of rows; each takes a JSON value that is not null, and no array where its row has a
 * reader of arrays. The request's former value is left in place where one is refused. */
enum adv_status adv_request_read_points(struct adv_request *request, const char *name,
                                        const json_t *value, struct adv_error *error);
enum adv_status adv_request_read_label(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error);
enum adv_status adv_request_read_context(struct adv_request *request, const char *name,
                                         const json_t *value, struct adv_error *error);
enum adv_status adv_request_read_times(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error);
enum adv_status adv_request_read_group(struct adv_request *request, const char *name,
                                       const json_t *value, struct adv_error *error);
enum adv_status adv_request_read_errors(struct adv_request *request, const char *name,
                                        const json_t *value, struct adv_error *error);
enum adv_status adv_request_read_renewal(struct adv_request *request, const char *name,
                                         const json_t *value, struct adv_error *error);
enum adv_status adv_request_read_divergence(struct adv_request *request, const char *name,
                                            const json_t *value, struct adv_error *error);

#endif
