#include "core/render/writer.h"

#include "core/base/mem.h"
#include "core/render/number.h"

#include <advect/extra/pace.h>
#include <stdarg.h>
#include <stdio.h>

#define PACE_BYTES ((size_t)64 << 10) /* written between two looks at the pace */
#define BLOCK_BYTES ((size_t)1 << 20) /* of bytes that are there already */

static void keep_pace(struct adv_writer *writer)
{
    if (writer->out->n - writer->n_paced < PACE_BYTES)
        return;
    writer->n_paced = writer->out->n;
    if (writer->status == ADV_OK && !adv_pace_go_on())
        writer->status = adv_fail(writer->error, ADV_E_CANCELLED, "stopped before the end");
}

/* Room for n more bytes, or NULL and the writer has failed. Whoever fills it advances out->n. */
static char *reserve(struct adv_writer *writer, size_t n)
{
    struct adv_bytes *out = writer->out;
    keep_pace(writer);
    if (writer->status != ADV_OK)
        return NULL;
    writer->status = adv_bytes_reserve(out, n, writer->error);
    return writer->status == ADV_OK ? (char *)out->data + out->n : NULL;
}

void adv_writer_bytes(struct adv_writer *writer, const void *bytes, size_t n)
{
    const char *at = bytes;
    do {
        size_t block = n < BLOCK_BYTES ? n : BLOCK_BYTES;
        keep_pace(writer);
        if (writer->status == ADV_OK)
            writer->status = adv_bytes_append(writer->out, at, block, writer->error);
        at += block;
        n -= block;
    } while (n > 0);
}

void adv_writer_text(struct adv_writer *writer, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text)
        adv_bug("a piece of text has %d characters", n);
    adv_writer_bytes(writer, text, (size_t)n);
}

void adv_writer_double(struct adv_writer *writer, double value)
{
    char text[ADV_DOUBLE_TEXT_MAX];
    adv_writer_bytes(writer, text, adv_write_double(text, value));
}

void adv_writer_doubles(struct adv_writer *writer, size_t n, const double *values)
{
    adv_writer_bytes(writer, "[", 1);
    for (size_t i = 0; i < n; i++) {
        adv_writer_bytes(writer, ",", i > 0);
        adv_writer_double(writer, values[i]);
    }
    adv_writer_bytes(writer, "]", 1);
}

void adv_writer_labels(struct adv_writer *writer, size_t n, const int32_t *labels)
{
    adv_writer_bytes(writer, "[", 1);
    for (size_t i = 0; i < n; i++)
        adv_writer_text(writer, i ? ",%d" : "%d", labels[i]);
    adv_writer_bytes(writer, "]", 1);
}

static void write_row(struct adv_writer *writer, size_t dim, const float *values)
{
    char *start = reserve(writer, dim * (ADV_FLOAT_TEXT_MAX + 1) + 1), *at = start;
    if (!start)
        return;
    for (size_t k = 0; k < dim; k++) {
        *at++ = k ? ',' : '[';
        at += adv_write_float(at, values[k]);
    }
    *at++ = ']';
    writer->out->n += (size_t)(at - start);
}

void adv_writer_rows(struct adv_writer *writer, size_t n, size_t dim, const float *values)
{
    adv_writer_bytes(writer, "[", 1);
    for (size_t i = 0; i < n && writer->status == ADV_OK; i++) {
        adv_writer_bytes(writer, ",", i > 0);
        write_row(writer, dim, values + i * dim);
    }
    adv_writer_bytes(writer, "]", 1);
}
