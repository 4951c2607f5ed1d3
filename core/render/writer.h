/* Appending text to bytes: the first failure stops everything after it, so that
 * a document can be written without looking back. */
#ifndef ADV_RENDER_WRITER_H
#define ADV_RENDER_WRITER_H

#include <advect/extra/bytes.h>
#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

struct adv_writer {
    struct adv_bytes *out;
    struct adv_error *error;
    enum adv_status status;
    size_t n_paced; /* what out held at the last look at the thread's pace */
};

void adv_writer_bytes(struct adv_writer *writer, const void *bytes, size_t n);
/* At most 255 characters. */
void adv_writer_text(struct adv_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void adv_writer_double(struct adv_writer *writer, double value);
/* JSON arrays: [a,b,...], and [[..],[..]] of values [n, dim]. */
void adv_writer_doubles(struct adv_writer *writer, size_t n, const double *values);
void adv_writer_labels(struct adv_writer *writer, size_t n, const int32_t *labels);
void adv_writer_rows(struct adv_writer *writer, size_t n, size_t dim, const float *values);

#endif
