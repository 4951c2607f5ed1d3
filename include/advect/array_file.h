/* Arrays of numbers in files and in memory: NPY, CSV, IDX. Bytes only: what a
 * column means is the caller's business. */
#ifndef ADVECT_ARRAY_FILE_H
#define ADVECT_ARRAY_FILE_H

#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

#define ADV_ARRAY_MAX_DIMS 8

/* A dense array read into float32, C order. */
struct adv_array {
    int n_dims;
    size_t shape[ADV_ARRAY_MAX_DIMS];
    size_t n_elements;
    float *data;    /* owned; adv_array_release frees it */
    char **columns; /* CSV header names [shape[1]], owned, or NULL */
    int levels;     /* 256 for 8-bit unsigned sources (IDX, NPY '|u1'), else 0 */
};

void adv_array_release(struct adv_array *array);

/* NPY versions 1 to 3, C order (Fortran order of 2-D is transposed), dtypes f4 f8 f2 i1..i8
 * u1..u8 b1, either byte order. NaN and infinity are refused, naming row and column. max_bytes
 * bounds the decoded size. Checked: magic, header, shape x dtype = the bytes there. */
enum adv_status adv_npy_read(const char *path, struct adv_array *array, struct adv_error *error);
enum adv_status adv_npy_parse(const void *bytes, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error);

/* Version 1.0 header of a little-endian C-order array of dtype ("<f4", "<f8", "<i4"), as the
 * bytes to send before the data. header: at least ADV_NPY_HEADER_MAX bytes. Returns its length. */
#define ADV_NPY_HEADER_MAX 256
size_t adv_npy_header(const char *dtype, int n_dims, const size_t *shape, char *header);
enum adv_status adv_npy_write_float(const char *path, int n_dims, const size_t *shape,
                                    const float *data, struct adv_error *error);

/* CSV of numbers: comma, semicolon, tab or spaces; an optional header line; '#' comments and blank
 * lines skipped; CRLF accepted; the C locale whatever the process's is. Ragged lines, text,
 * NaN and infinity are errors naming line and column. */
enum adv_status adv_csv_read(const char *path, struct adv_array *array, struct adv_error *error);
enum adv_status adv_csv_parse(const char *text, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error);
enum adv_status adv_csv_write(const char *path, size_t n_rows, size_t n_columns, const float *data,
                              const char *const *columns, struct adv_error *error);

/* IDX (LeCun), plain or gzip-compressed (by content, not by name), all its dtypes. */
enum adv_status adv_idx_read(const char *path, struct adv_array *array, struct adv_error *error);

/* Writes bytes atomically (temporary file beside it, fsync, rename): used by every writer. */
enum adv_status adv_file_replace(const char *path, const void *bytes, size_t n_bytes,
                                 struct adv_error *error);
/* Reads a whole regular file of at most max_bytes; *bytes is owned by the caller (free) and has a
 * NUL after its last byte. */
enum adv_status adv_file_read(const char *path, size_t max_bytes, void **bytes, size_t *n_bytes,
                              struct adv_error *error);

#pragma GCC visibility pop
#endif
