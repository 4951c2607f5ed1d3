/* Arrays of numbers in files and in memory: NPY, CSV, IDX. Bytes only: what a
 * column means is the caller's business. */
#ifndef ADVECT_ARRAY_FILE_H
#define ADVECT_ARRAY_FILE_H

#include <advect/api.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

#define ADV_ARRAY_MAX_DIMS 8

/* A dense array read into float32, C order. */
struct adv_array {
    int n_dims;
    size_t shape[ADV_ARRAY_MAX_DIMS];
    size_t n_elements;
    float *data;    /* owned; adv_array_release frees it */
    char **columns; /* CSV header names [shape[1]], or NULL; owned: one block, names included */
    int levels;     /* 256 for 8-bit unsigned sources (IDX, NPY '|u1'), else 0 */
};

void adv_array_release(struct adv_array *array);

/* Images [n, height, width, channels] of 1, 3 or 4 channels become [n, channels, height, width];
 * *moved says whether it is such an array: of four dimensions, the last 1, 3 or 4 and the second
 * none of these. */
enum adv_status adv_array_channels_first(struct adv_array *array, bool *moved,
                                         struct adv_error *error);

/* NPY versions 1 to 3, C order (Fortran order is transposed), dtypes f4 f8 f2 i1..i8 u1..u8 b1,
 * either byte order. NaN, infinity and what float32 cannot hold are ADV_E_INVALID, naming row and
 * column. Checked: magic, header, shape x dtype = the bytes there, so that an array takes at most
 * four times its file. */
enum adv_status adv_npy_read(const char *path, struct adv_array *array, struct adv_error *error);
enum adv_status adv_npy_parse(const void *bytes, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error);

/* Version 1.0 header of a little-endian C-order array of dtype ("<f4", "<f8", "<i4"), as the
 * bytes to send before the data. header: at least ADV_NPY_HEADER_MAX bytes. Returns its length. */
#define ADV_NPY_HEADER_MAX 256
size_t adv_npy_header(const char *dtype, int n_dims, const size_t *shape, char *header);
enum adv_status adv_npy_write_float(const char *path, int n_dims, const size_t *shape,
                                    const float *data, struct adv_error *error);

/* CSV of numbers (RFC 4180): comma, semicolon, tab or blanks, as the first line has; a decimal
 * comma where the separator is another; an optional header line (one without a number, or with a
 * name over a column of numbers); fields may stand in double quotes, line breaks and all; lines
 * that begin with '#' and blank lines are skipped; CRLF and a byte order mark are accepted; the C
 * locale whatever the process's is. Two dimensions, [0, columns] for a header alone. Ragged lines
 * and text are ADV_E_FORMAT, NaN, infinity and what float32 cannot hold ADV_E_INVALID, naming line
 * and column (from 1). Tables that also hold other columns: <advect/extra/table.h>. */
enum adv_status adv_csv_read(const char *path, struct adv_array *array, struct adv_error *error);
enum adv_status adv_csv_parse(const char *text, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error);
/* data [n_rows, n_columns], with 9 significant digits; NaN and infinity are written as such, though
 * adv_csv_read refuses them. columns [n_columns], or NULL for no header line. */
enum adv_status adv_csv_write(const char *path, size_t n_rows, size_t n_columns, const float *data,
                              const char *const *columns, struct adv_error *error);

/* IDX (LeCun), plain or gzip-compressed (by its content), all its dtypes. NaN, infinity
 * and what float32 cannot hold are ADV_E_INVALID, naming row and column. */
enum adv_status adv_idx_read(const char *path, struct adv_array *array, struct adv_error *error);
enum adv_status adv_idx_parse(const void *bytes, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error);

/* What a file is, by its first bytes. */
enum adv_file_format {
    ADV_FILE_TEXT, /* or anything that has no signature: CSV, if it is an array */
    ADV_FILE_NPY,
    ADV_FILE_PNG,
    ADV_FILE_SAFETENSORS,
    ADV_FILE_OTHER, /* known, and not read here: archives, Parquet, ... */
    ADV_FILE_PICKLE /* not read here: a Python pickle, or the ZIP archive with one that PyTorch
                       writes */
};
enum adv_file_format adv_file_format(const void *bytes, size_t n_bytes);
/* Of a file's contents, decompressed where it is one of gzip. */
enum adv_status adv_file_format_read(const char *path, enum adv_file_format *format,
                                     struct adv_error *error);

/* NPY where the bytes begin as NPY does, else CSV. Files of other known formats are refused
 * (ADV_E_FORMAT) by name. */
enum adv_status adv_array_parse(const void *bytes, size_t n_bytes, const char *name,
                                struct adv_array *array, struct adv_error *error);
enum adv_status adv_array_read(const char *path, struct adv_array *array, struct adv_error *error);

/* Writes bytes atomically (temporary file beside it, fsync, rename), as every writer here does: a
 * failure leaves an existing file as it was. A path that is no regular file (/dev/stdout, a pipe)
 * is written directly. */
enum adv_status adv_file_replace(const char *path, const void *bytes, size_t n_bytes,
                                 struct adv_error *error);
/* Reads a whole regular file of at most max_bytes (ADV_E_INVALID beyond, or for a directory or
 * device; ADV_E_IO where the system refuses); *bytes is owned by the caller (free) and has a
 * NUL after its last byte. */
enum adv_status adv_file_read(const char *path, size_t max_bytes, void **bytes, size_t *n_bytes,
                              struct adv_error *error);

ADV_API_END
#endif
