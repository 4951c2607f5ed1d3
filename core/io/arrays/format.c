/* What a file is, by its first bytes: names and their extensions lie. */
#include "core/io/file.h"
#include "core/io/gzip.h"

#include <advect/array_file.h>
#include <stdlib.h>
#include <string.h>

struct signature {
    enum adv_file_format format;
    size_t at, n; /* where its bytes stand, and how many */
    const char *bytes;
    const char *what; /* in messages */
    const char *hint;
};

#define SIGNATURE_BYTES 256         /* no signature ends later */
#define START_BYTES ((size_t)65536) /* of a gzip file, enough for its header and a signature */

#define BYTES(text) sizeof(text) - 1, text

static const char one_array[] = "write one array with numpy.save";
static const char as_csv[] = "write the table as CSV";

static const struct signature signatures[] = {
    {ADV_FILE_NPY, 0, BYTES("\x93NUMPY"), "an NPY file", NULL},
    {ADV_FILE_PNG, 0, BYTES("\x89PNG\r\n\x1a\n"), "a PNG image", NULL},
    /* a header of less than 1 TiB: its length, in 8 bytes, ends in zeros */
    {ADV_FILE_SAFETENSORS, 5, BYTES("\0\0\0{"), "a safetensors file", NULL},
    {ADV_FILE_OTHER, 0, BYTES("\x1f\x8b"), "a gzip file", NULL},
    {ADV_FILE_OTHER, 0, BYTES("PK\x03\x04"), "a ZIP archive, as .npz, .xlsx and .pt files are",
     one_array},
    {ADV_FILE_OTHER, 0, BYTES("PAR1"), "a Parquet file", as_csv},
    {ADV_FILE_OTHER, 0, BYTES("ARROW1"), "an Arrow file", as_csv},
    {ADV_FILE_OTHER, 0, BYTES("\x89HDF"), "an HDF5 file", one_array},
    {ADV_FILE_OTHER, 0, BYTES("\xd0\xcf\x11\xe0"), "an old Excel file", as_csv},
    {ADV_FILE_OTHER, 0, BYTES("SQLite format 3"), "an SQLite database", as_csv},
    {ADV_FILE_OTHER, 0, BYTES("BZh"), "a bzip2 file", "decompress it"},
    {ADV_FILE_OTHER, 0,
     BYTES("\xfd"
           "7zXZ"),
     "an xz file", "decompress it"},
    {ADV_FILE_OTHER, 0, BYTES("\x28\xb5\x2f\xfd"), "a zstd file", "decompress it"},
    {ADV_FILE_PICKLE, 0, BYTES("\x80\x02"), "a Python pickle", one_array},
    {ADV_FILE_PICKLE, 0, BYTES("\x80\x03"), "a Python pickle", one_array},
    {ADV_FILE_PICKLE, 0, BYTES("\x80\x04"), "a Python pickle", one_array},
    {ADV_FILE_PICKLE, 0, BYTES("\x80\x05"), "a Python pickle", one_array},
    {ADV_FILE_OTHER, 0, BYTES("\xff\xfe"), "UTF-16 text", "write it as UTF-8"},
    {ADV_FILE_OTHER, 0, BYTES("\xfe\xff"), "UTF-16 text", "write it as UTF-8"},
};

static const struct signature zipped_pickle = {
    .format = ADV_FILE_PICKLE, .what = "a PyTorch checkpoint", .hint = one_array};

/* A ZIP archive whose first file is a folder's data.pkl, as torch.save writes it. The header of a
 * file has 30 bytes, of which two hold the length of the name behind them. */
static bool is_zipped_pickle(const unsigned char *bytes, size_t n_bytes)
{
    static const char file[] = "/data.pkl";
    size_t n_header = 30, n_file = sizeof file - 1;
    if (n_bytes < n_header || memcmp(bytes, "PK\x03\x04", 4) != 0)
        return false;
    size_t n_name = bytes[26] | (size_t)bytes[27] << 8;
    return n_name >= n_file && n_bytes - n_header >= n_name &&
           !memcmp(bytes + n_header + n_name - n_file, file, n_file);
}

static const struct signature *find(const void *bytes, size_t n_bytes)
{
    if (is_zipped_pickle(bytes, n_bytes))
        return &zipped_pickle;
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const struct signature *s = &signatures[i];
        if (n_bytes >= s->at + s->n && !memcmp((const char *)bytes + s->at, s->bytes, s->n))
            return s;
    }
    return NULL;
}

enum adv_file_format adv_file_format(const void *bytes, size_t n_bytes)
{
    const struct signature *signature = find(bytes, n_bytes);
    return signature ? signature->format : ADV_FILE_TEXT;
}

static enum adv_status format_in_gzip(const void *bytes, size_t n_bytes,
                                      enum adv_file_format *format, struct adv_error *error)
{
    struct adv_inflater inflater;
    enum adv_status status = adv_inflater_init(&inflater, bytes, n_bytes, error);
    if (status == ADV_OK)
        status = adv_inflate_to(&inflater, SIGNATURE_BYTES);
    if (status == ADV_OK)
        *format = adv_file_format(inflater.plain.data, inflater.plain.n);
    adv_inflater_release(&inflater);
    return status;
}

enum adv_status adv_file_format_read(const char *path, enum adv_file_format *format,
                                     struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    uintmax_t n_file;
    enum adv_status status =
        adv_file_read_start(path, START_BYTES, &bytes, &n_bytes, &n_file, error);
    if (status != ADV_OK)
        return status;
    if (adv_is_gzip(bytes, n_bytes))
        status = format_in_gzip(bytes, n_bytes, format, error);
    else
        *format = adv_file_format(bytes, n_bytes);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    free(bytes);
    return status;
}

static enum adv_status refuse(const struct signature *signature, const char *name, const char *read,
                              struct adv_error *error)
{
    return adv_fail(error, ADV_E_FORMAT, "%s is %s; %s read, gzipped or not%s%s", name,
                    signature->what, read, signature->hint ? ": " : "",
                    signature->hint ? signature->hint : "");
}

enum adv_status adv_file_check_text(const void *bytes, size_t n_bytes, const char *name,
                                    struct adv_error *error)
{
    const struct signature *signature = find(bytes, n_bytes);
    return signature ? refuse(signature, name, "CSV is", error) : ADV_OK;
}

enum adv_status adv_array_parse(const void *bytes, size_t n_bytes, const char *name,
                                struct adv_array *array, struct adv_error *error)
{
    const struct signature *signature = find(bytes, n_bytes);
    if (!signature)
        return adv_csv_parse(bytes, n_bytes, name, array, error);
    if (signature->format == ADV_FILE_NPY)
        return adv_npy_parse(bytes, n_bytes, name, array, error);
    return refuse(signature, name, "NPY and CSV are", error);
}

enum adv_status adv_array_read(const char *path, struct adv_array *array, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_array_parse(bytes, n_bytes, path, array, error);
    free(bytes);
    return status;
}
