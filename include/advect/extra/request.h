/* Requests: queries as people write them. One table of fields per kind of query
 * serves JSON bodies, URL queries and command-line flags, with the same names,
 * bounds, defaults, messages and help.
 *
 * JSON fields                      the same as text (URL query, flags)
 *   n, seed, first, guidance, t      n=64 seed=3 ...
 *   label: class or [classes],       label=3, label=0,sneaker,2, label=["1","a, b"]; -1 is
 *          by number or by name      "no label", and in text a number is a number
 *   context: [numbers] or [[...]]    context=0.1,-0.2, context=0.1,-0.2;0.3,0 or as in JSON
 *   x0 / points: [[...], ...]        none: files and uploads, adv_request_load_points
 *   solver: {method, steps} or       solver=rk4 steps=20
 *           {method, rtol, atol}     solver=dopri5 rtol=1e-6 atol=1e-6
 *   divergence: {method, probes,     divergence=hutchinson probes=8 probe_seed=1
 *                seed}; for velocity: true, false or that object
 *   log_density, space               log_density=true space=flow
 *   timeout_ms, priority             timeout_ms=500, priority=low; of servers only
 *   frames: int >= 2 or              frames=16
 *   times: [ascending in [0,1]]      times=0,0.5,1
 *
 * Null in JSON means absent. n defaults to the number of rows of x0, else of labels, else 1, and
 * agrees with them if given. A label alone is every row's, and so is a context; of several contexts
 * each has its row of x0 or points, and without these n samples, those of the first context first. Seeds and first are 0..2^53, which every
 * JSON reader keeps exact. frames is F >= 2 equidistant times from 0 to 1 (default 11); times are
 * used as given, and need not begin with 0. Fixed-step methods take by default the steps of 100
 * velocities (rk4 25, heun and midpoint 50, euler 100), of 30 for samples and trajectories of
 * images (rk4 7, heun and midpoint 15, euler 30). Probes or their seed without a method mean
 * hutchinson. */
#ifndef ADVECT_EXTRA_REQUEST_H
#define ADVECT_EXTRA_REQUEST_H

#include <advect/api.h>
#include <advect/extra/fields.h>
#include <advect/query.h>
#include <advect/status.h>
#include <jansson.h>

ADV_API_BEGIN

/* What one request may ask for; each has its own refusal naming field, value and limit. */
struct adv_limits {
    size_t rows;   /* n, or number of points */
    int64_t steps; /* of a fixed-step solver */
    int64_t nfe;   /* of one row of an adaptive solver */
    size_t frames;
    size_t probes;
    double tolerance_min; /* smallest rtol or atol */
    double cost;          /* multiply-adds, as adv_query_cost estimates them */
    size_t numbers;       /* in the answer: frames x rows x dimensions, and its contexts */
};

/* 100,000 rows, 10,000 steps, 20,000 NFE, 1,000 frames, 1,000 probes, 1e-9, 1e15, 20,000,000. */
struct adv_limits adv_limits_default(void);

struct adv_request;

/* A request with every field at its default. */
enum adv_status adv_request_new(enum adv_query_kind kind, struct adv_request **request,
                                struct adv_error *error);
void adv_request_free(struct adv_request *request);

/* Reads the text [n_bytes] of a JSON object, called name in messages. ADV_E_FORMAT: it is no JSON,
 * with line and column. ADV_E_INVALID names field, value and what is allowed; unknown fields are
 * refused with a suggestion. Arrays are read up to the first item that is wrong, one too many by
 * limits->rows and limits->frames or by the model's dimension included (model NULL: rows of any
 * length), into what they are kept in: memory is in proportion to the numbers and names taken, and to
 * 64 KiB of other text, the most that is read. Arrays that are no field's are not looked into if
 * they are long. A refused body may have been read in part: the request is then only to be
 * freed. */
enum adv_status adv_request_parse_json(struct adv_request *request, const struct adv_model *model,
                                       const void *bytes, size_t n_bytes, const char *name,
                                       const struct adv_limits *limits, struct adv_error *error);

/* Of an answer that has room for them, as JSON has: log-densities and latents come with the errors of
 * their integration unless the request says otherwise, where adv_query_default_errors does and the
 * limits allow what that costs. To be called before adv_request_query. */
void adv_request_tell_errors(struct adv_request *request);

/* Sets one field from text; '-' and '_' in its name are the same. Unchanged on failure. */
enum adv_status adv_request_set_text(struct adv_request *request, const char *name,
                                     const char *text, struct adv_error *error);

/* Points (or x0) from elsewhere: n rows of dim numbers, taken over (freed with the request, also on
 * failure). Numbers that are not finite are refused by adv_run_new. */
enum adv_status adv_request_set_points(struct adv_request *request, size_t n, size_t dim,
                                       float *points, struct adv_error *error);

/* Points (or x0) of a file or an upload, called name in messages. An NPY array or CSV table is [n,
 * ...] with the model's dimension a row, or one point [dim]; a PNG is one image, of kinds of
 * request that take data. 8-bit values (uint8 arrays, pixels) become data units as
 * <advect/extra/levels.h> says; of starts and in space "flow" a uint8 is a number like any other,
 * and a PNG is refused. */
enum adv_status adv_request_parse_npy(struct adv_request *request, const struct adv_model *model,
                                      const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_error *error);
enum adv_status adv_request_parse_png(struct adv_request *request, const struct adv_model *model,
                                      const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_error *error);
/* Of a table, labels are those of the request where it has some, else of a column as below. */
enum adv_status adv_request_parse_csv(struct adv_request *request, const struct adv_model *model,
                                      const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_error *error);
/* "0.5,0.5;1,2" is two points of the plane: numbers separated by commas, points by semicolons. */
enum adv_status adv_request_parse_text(struct adv_request *request, const struct adv_model *model,
                                       const char *text, struct adv_error *error);
/* Any of the three formats, known by its first bytes; CSV begins with none of its own. Of
 * a CSV file with a header the columns that the model names are taken, in any order and whatever
 * else there is. A column of labels, names of the model's classes or their numbers, becomes the
 * request's labels: the one called label_column, which must be there; or, where that is NULL and
 * the request has no labels, that of the model's training or one called "label", if there is
 * one. */
enum adv_status adv_request_parse_points(struct adv_request *request, const struct adv_model *model,
                                         const void *bytes, size_t n_bytes, const char *name,
                                         const char *label_column, struct adv_error *error);
/* The same of a file, which may be gzipped. */
enum adv_status adv_request_load_points(struct adv_request *request, const struct adv_model *model,
                                        const char *path, const char *label_column,
                                        struct adv_error *error);

/* Contexts as a command line gives them: numbers as in text, or else the name of a file. An NPY array
 * or CSV table is [n, ...] with the model's context a row, or one context; of a CSV file with a
 * header the columns that the model's context names are taken, in any order and whatever else there
 * is. A table of points that has these columns gives each point its context in the same way, and is
 * refused where the request has a context too. */
enum adv_status adv_request_load_context(struct adv_request *request, const struct adv_model *model,
                                         const char *text, struct adv_error *error);

/* The query, checked against model and limits (adv_query_check included; its points by
 * adv_run_new). A seed that was not given is `random_seed` modulo 2^53. *query borrows from the
 * request, until the next call or its end. */
enum adv_status adv_request_query(struct adv_request *request, const struct adv_model *model,
                                  const struct adv_limits *limits, uint64_t random_seed,
                                  struct adv_query *query, struct adv_error *error);

/* How long the client waits at most, in milliseconds; -1 where it does not say. */
int64_t adv_request_timeout_ms(const struct adv_request *request);
/* -1 low, 0 normal, 1 high. */
int adv_request_priority(const struct adv_request *request);

/* The fields that a kind takes as text, for those who read flags: fields [ADV_REQUEST_FIELDS_MAX].
 * Returns their number. Offsets in them mean nothing: values go through adv_request_set_text. */
#define ADV_REQUEST_FIELDS_MAX 32
size_t adv_request_text_fields(enum adv_query_kind kind, struct adv_field *fields);
/* And those that a URL may hold: with what only a server can heed. */
size_t adv_request_url_fields(enum adv_query_kind kind, struct adv_field *fields);

/* The JSON Schema of the kind's body (new reference), for the API's description. */
json_t *adv_request_schema(enum adv_query_kind kind);

ADV_API_END
#endif
