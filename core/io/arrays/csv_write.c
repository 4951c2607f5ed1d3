/* Nine significant digits give every float32 back exactly. */
#include "core/base/mem.h"
#include "core/io/file.h"

#include <advect/extra/bytes.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

/* Bytes are handed to the file in pieces of about this size. */
enum { PIECE_BYTES = 1 << 16 };

struct writer {
    struct adv_replacement file;
    struct adv_bytes piece;
    struct adv_error *error;
};

static enum adv_status put(struct writer *writer, const char *text, size_t n)
{
    return adv_bytes_append(&writer->piece, text, n, writer->error);
}

static enum adv_status flush(struct writer *writer)
{
    enum adv_status status =
        adv_replacement_write(&writer->file, writer->piece.data, writer->piece.n, writer->error);
    writer->piece.n = 0;
    return status;
}

/* Quoted where the reader would see something else than a name. */
static enum adv_status put_name(struct writer *writer, const char *name)
{
    if (name[0] != '\0' && !strpbrk(name, "\"#,; \t"))
        return put(writer, name, strlen(name));
    enum adv_status status = put(writer, "\"", 1);
    for (; *name && status == ADV_OK; name++) {
        if (*name == '"')
            status = put(writer, "\"", 1);
        if (status == ADV_OK)
            status = put(writer, name, 1);
    }
    return status == ADV_OK ? put(writer, "\"", 1) : status;
}

static enum adv_status put_names(struct writer *writer, size_t n_columns,
                                 const char *const *columns)
{
    for (size_t i = 0; i < n_columns; i++) {
        if (strpbrk(columns[i], "\r\n"))
            return adv_fail(writer->error, ADV_E_INVALID, "the name of column %zu has a line break",
                            i + 1);
        enum adv_status status = put_name(writer, columns[i]);
        if (status == ADV_OK)
            status = put(writer, i + 1 < n_columns ? "," : "\n", 1);
        if (status != ADV_OK)
            return status;
    }
    return ADV_OK;
}

static enum adv_status put_rows(struct writer *writer, size_t n_rows, size_t n_columns,
                                const float *data)
{
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t column = 0; column < n_columns; column++) {
            char text[32];
            int n = snprintf(text, sizeof text, "%.9g%c", (double)data[row * n_columns + column],
                             column + 1 < n_columns ? ',' : '\n');
            enum adv_status status = put(writer, text, (size_t)n);
            if (status != ADV_OK)
                return status;
        }
        enum adv_status status = writer->piece.n >= PIECE_BYTES ? flush(writer) : ADV_OK;
        if (status != ADV_OK)
            return status;
    }
    return ADV_OK;
}

enum adv_status adv_csv_write(const char *path, size_t n_rows, size_t n_columns, const float *data,
                              const char *const *columns, struct adv_error *error)
{
    struct writer writer = {.error = error};
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale)
        return adv_no_memory(error);
    locale_t users_locale = uselocale(c_locale); /* this thread only */
    enum adv_status status = adv_replacement_open(&writer.file, path, error);
    if (status != ADV_OK)
        goto out;
    if (columns)
        status = put_names(&writer, n_columns, columns);
    if (status == ADV_OK)
        status = put_rows(&writer, n_rows, n_columns, data);
    if (status == ADV_OK)
        status = flush(&writer);
    if (status == ADV_OK)
        status = adv_replacement_commit(&writer.file, error);
    else
        adv_replacement_discard(&writer.file);
out:
    adv_bytes_release(&writer.piece);
    uselocale(users_locale);
    freelocale(c_locale);
    return status;
}
