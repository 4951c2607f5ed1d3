/* Answers as files, in the formats of <advect/extra/render.h>. */
#ifndef ADV_TRAINER_OUTPUT_H
#define ADV_TRAINER_OUTPUT_H

#include <advect/extra/render.h>
#include <advect/query.h>

/* What --format may say, NULL-terminated: first "auto", then the formats in the order of their
 * ids. */
#define ADV_OUTPUT_CHOICES (ADV_FORMATS + 2)
void adv_output_choices(const char *choices[ADV_OUTPUT_CHOICES]);

struct adv_output {
    const struct adv_format *format;
    const char *path; /* NULL or "-": standard output */
};

/* Sets the format, and checks that the path can be written: by `choice`, an index of adv_output_choices; where that is "auto", by the path's
 * extension, or JSON where there is none. Errors say which formats the kind of query has. To be
 * called before the work is done. */
enum adv_status adv_output_choose(struct adv_output *output, int64_t choice,
                                  enum adv_query_kind kind, const struct adv_model *model,
                                  struct adv_error *error);

/* Writes the answer; a file atomically. */
enum adv_status adv_output_write(const struct adv_output *output, const struct adv_model *model,
                                 const struct adv_query *query, const struct adv_answer *answer,
                                 const struct adv_picture *picture, struct adv_error *error);

#endif
