/* Answers as files: JSON, NPY, CSV, NDJSON, PNG. A format is one row of a table. */
#ifndef ADV_TRAINER_OUTPUT_H
#define ADV_TRAINER_OUTPUT_H

#include <advect/query.h>
#include <advect/render.h>

enum adv_format {
    ADV_FORMAT_AUTO, /* by the file's extension; JSON where there is none */
    ADV_FORMAT_JSON,
    ADV_FORMAT_NPY,
    ADV_FORMAT_CSV,
    ADV_FORMAT_NDJSON,
    ADV_FORMAT_PNG,
    ADV_FORMAT_APNG
};

/* NULL-terminated, in the order of enum adv_format. */
extern const char *const adv_format_names[];

struct adv_output {
    const struct adv_model *model;
    const struct adv_query *query;
    const struct adv_answer *answer;
    struct adv_picture picture;
};

/* The format of a file for a kind of query: format itself unless it is ADV_FORMAT_AUTO. path: NULL
 * for stdout. Errors say which formats the kind has. To be called before the work is done. */
enum adv_status adv_output_format(enum adv_query_kind kind, const struct adv_model *model,
                                  const char *path, enum adv_format *format,
                                  struct adv_error *error);

/* Writes the answer atomically to path, or to stdout (NULL). format: as adv_output_format gave it.
 */
enum adv_status adv_output_write(const struct adv_output *output, enum adv_format format,
                                 const char *path, struct adv_error *error);

#endif
