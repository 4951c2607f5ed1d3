/* NPY: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 *   "\x93NUMPY", major, minor, header length (u16 in version 1, u32 in 2 and 3), header, data
 *
 * The header is a Python dictionary with exactly the keys descr, fortran_order and shape. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/arrays/array.h"
#include "core/io/file.h"
#include "core/io/gzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[6] = "\x93NUMPY";

struct npy_header {
    struct adv_number_type type;
    bool fortran_order;
    int n_dims;
    size_t shape[ADV_ARRAY_MAX_DIMS];
};

struct cursor {
    const char *at, *end;
    struct adv_error *error;
};

/* ---------------------------------------------------------------- header */

static enum adv_status syntax_error(const struct cursor *cursor, const char *expected)
{
    char shown[ADV_PRINTABLE_MAX];
    return adv_fail(cursor->error, ADV_E_FORMAT, "NPY header: %s is expected at '%s'", expected,
                    adv_printable(cursor->at, (size_t)(cursor->end - cursor->at), shown));
}

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at && strchr(" \t\r\n", *cursor->at))
        cursor->at++;
}

/* Takes text, behind any space, if it comes next. */
static bool accept(struct cursor *cursor, const char *text)
{
    size_t n = strlen(text);
    skip_space(cursor);
    if ((size_t)(cursor->end - cursor->at) < n || memcmp(cursor->at, text, n) != 0)
        return false;
    cursor->at += n;
    return true;
}

/* A Python string without escapes. */
static enum adv_status take_string(struct cursor *cursor, const char **string, size_t *n)
{
    char quote = accept(cursor, "'") ? '\'' : accept(cursor, "\"") ? '"' : '\0';
    const char *close =
        quote ? memchr(cursor->at, quote, (size_t)(cursor->end - cursor->at)) : NULL;
    if (!close)
        return syntax_error(cursor, "a string");
    *string = cursor->at;
    *n = (size_t)(close - cursor->at);
    cursor->at = close + 1;
    return ADV_OK;
}

static enum adv_status take_descr(struct cursor *cursor, struct adv_number_type *type)
{
    static const char kinds[] = "fiub";
    static const enum adv_number_kind meanings[] = {ADV_NUMBER_FLOAT, ADV_NUMBER_SIGNED,
                                                    ADV_NUMBER_UNSIGNED, ADV_NUMBER_BOOL};
    const char *text = cursor->at;
    size_t n = 0;
    if (accept(cursor, "["))
        return adv_fail(cursor->error, ADV_E_UNSUPPORTED, "structured NPY arrays are not read");
    enum adv_status status = take_string(cursor, &text, &n);
    if (status != ADV_OK)
        return status;
    const char *kind = n == 3 && text[1] ? strchr(kinds, text[1]) : NULL;
    unsigned bytes = n == 3 ? (unsigned)(text[2] - '0') : 0;
    bool known =
        kind && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) &&
        (*kind != 'f' || bytes > 1) && (*kind != 'b' || bytes == 1) &&
        (text[0] == '<' || text[0] == '>' || text[0] == '=' || (text[0] == '|' && bytes == 1));
    if (!known) {
        char shown[ADV_PRINTABLE_MAX];
        return adv_fail(cursor->error, ADV_E_UNSUPPORTED,
                        "NPY dtype '%s' is not read; floats of 2, 4 or 8 bytes, integers and "
                        "booleans are",
                        adv_printable(text, n, shown));
    }
    *type = (struct adv_number_type){meanings[kind - kinds], bytes, text[0] == '>'};
    return ADV_OK;
}

static enum adv_status take_fortran_order(struct cursor *cursor, bool *fortran_order)
{
    if (accept(cursor, "True"))
        *fortran_order = true;
    else if (accept(cursor, "False"))
        *fortran_order = false;
    else
        return syntax_error(cursor, "True or False");
    return ADV_OK;
}

static enum adv_status take_size(struct cursor *cursor, size_t *value)
{
    const char *start = cursor->at;
    size_t number = 0;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (size_t)(*cursor->at - '0'), &number))
            return adv_fail(cursor->error, ADV_E_FORMAT, "a dimension in the NPY header overflows");
    }
    if (cursor->at == start)
        return syntax_error(cursor, "a dimension");
    accept(cursor, "L"); /* Python 2 wrote long integers so */
    *value = number;
    return ADV_OK;
}

/* A tuple: (), (n,) or (n, m, ...). */
static enum adv_status take_shape(struct cursor *cursor, struct npy_header *header)
{
    int n = 0;
    if (!accept(cursor, "("))
        return syntax_error(cursor, "a tuple");
    while (!accept(cursor, ")")) {
        if (n == ADV_ARRAY_MAX_DIMS)
            return adv_fail(cursor->error, ADV_E_UNSUPPORTED,
                            "the NPY array has more than %d dimensions", ADV_ARRAY_MAX_DIMS);
        enum adv_status status = take_size(cursor, &header->shape[n++]);
        if (status != ADV_OK)
            return status;
        if (accept(cursor, ","))
            continue;
        if (n == 1 || !accept(cursor, ")"))
            return syntax_error(cursor, "','");
        break;
    }
    header->n_dims = n;
    return ADV_OK;
}

static const char *const keys[] = {"descr", "fortran_order", "shape"};

/* One "key: value," of the dictionary; seen: a bit for each of keys. */
static enum adv_status take_member(struct cursor *cursor, struct npy_header *header, unsigned *seen)
{
    const char *name = cursor->at;
    size_t n = 0, key = 0;
    enum adv_status status = take_string(cursor, &name, &n);
    if (status != ADV_OK)
        return status;
    while (key < ADV_COUNT(keys) && (strlen(keys[key]) != n || memcmp(keys[key], name, n) != 0))
        key++;
    if (key == ADV_COUNT(keys) || *seen & 1u << key) {
        char shown[ADV_PRINTABLE_MAX];
        return adv_fail(cursor->error, ADV_E_FORMAT, "NPY header: unknown or repeated key '%s'",
                        adv_printable(name, n, shown));
    }
    *seen |= 1u << key;
    if (!accept(cursor, ":"))
        return syntax_error(cursor, "':'");
    return key == 0   ? take_descr(cursor, &header->type)
           : key == 1 ? take_fortran_order(cursor, &header->fortran_order)
                      : take_shape(cursor, header);
}

static enum adv_status parse_dictionary(const char *text, size_t n, struct npy_header *header,
                                        struct adv_error *error)
{
    struct cursor cursor = {text, text + n, error};
    unsigned seen = 0;
    if (!accept(&cursor, "{"))
        return syntax_error(&cursor, "'{'");
    while (!accept(&cursor, "}")) {
        enum adv_status status = take_member(&cursor, header, &seen);
        if (status != ADV_OK)
            return status;
        if (accept(&cursor, ","))
            continue;
        if (!accept(&cursor, "}"))
            return syntax_error(&cursor, "',' or '}'");
        break;
    }
    skip_space(&cursor);
    if (cursor.at != cursor.end)
        return syntax_error(&cursor, "nothing more");
    for (size_t key = 0; key < ADV_COUNT(keys); key++)
        if (!(seen & 1u << key))
            return adv_fail(error, ADV_E_FORMAT, "NPY header: no '%s'", keys[key]);
    return ADV_OK;
}

/* *data_start: where the elements begin. */
static enum adv_status parse_header(const char *bytes, size_t n_bytes, struct npy_header *header,
                                    size_t *data_start, struct adv_error *error)
{
    if (n_bytes < sizeof magic || memcmp(bytes, magic, sizeof magic) != 0)
        return adv_fail(error, ADV_E_FORMAT, "not an NPY file: it does not begin with \\x93NUMPY");
    unsigned major = n_bytes > 6 ? (unsigned char)bytes[6] : 0;
    size_t prefix = major == 1 ? 10 : 12, length = 0;
    if (n_bytes < prefix)
        return adv_fail(error, ADV_E_FORMAT, "%zu bytes are too few for an NPY file", n_bytes);
    if (major < 1 || major > 3 || bytes[7] != 0)
        return adv_fail(error, ADV_E_UNSUPPORTED, "NPY version %u.%u; 1.0, 2.0 and 3.0 are read",
                        major, (unsigned)(unsigned char)bytes[7]);
    for (size_t i = prefix; i > 8; i--)
        length = length << 8 | (unsigned char)bytes[i - 1];
    if (length > n_bytes - prefix)
        return adv_fail(error, ADV_E_FORMAT,
                        "an NPY header of %zu bytes is announced, but the file has only %zu",
                        length, n_bytes);
    *data_start = prefix + length;
    return parse_dictionary(bytes + prefix, length, header, error);
}

/* ---------------------------------------------------------------- elements */

/* Rewrites the elements from Fortran order (first index fastest) to C order (last index
 * fastest). */
static enum adv_status transpose(struct adv_array *array, struct adv_error *error)
{
    float *data = adv_calloc(array->n_elements, sizeof *data);
    if (!data)
        return adv_no_memory(error);
    size_t index[ADV_ARRAY_MAX_DIMS] = {0};
    for (size_t source = 0; source < array->n_elements; source++) {
        size_t target = 0;
        for (int d = 0; d < array->n_dims; d++)
            target = target * array->shape[d] + index[d];
        data[target] = array->data[source];
        for (int d = 0; d < array->n_dims && ++index[d] == array->shape[d]; d++)
            index[d] = 0;
    }
    free(array->data);
    array->data = data;
    return ADV_OK;
}

static enum adv_status parse_npy(const char *bytes, size_t n_bytes, struct adv_array *array,
                                 struct adv_error *error)
{
    struct npy_header header = {0};
    struct adv_array result = {0};
    size_t data_start = 0;
    enum adv_status status = parse_header(bytes, n_bytes, &header, &data_start, error);
    if (status != ADV_OK)
        return status;
    result.n_dims = header.n_dims;
    memcpy(result.shape, header.shape, sizeof header.shape);
    status = adv_array_fill(&result, header.type, bytes + data_start, n_bytes - data_start, error);
    if (status == ADV_OK && header.fortran_order)
        status = transpose(&result, error);
    if (status == ADV_OK)
        status = adv_array_check_finite(&result, header.type, bytes + data_start,
                                        header.fortran_order, error);
    if (status == ADV_OK)
        *array = result;
    else
        adv_array_release(&result);
    return status;
}

enum adv_status adv_npy_parse(const void *bytes, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error)
{
    enum adv_status status = parse_npy(bytes, n_bytes, array, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", name);
    return status;
}

enum adv_status adv_npy_read(const char *path, struct adv_array *array, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_npy_parse(bytes, n_bytes, path, array, error);
    free(bytes);
    return status;
}

/* ---------------------------------------------------------------- writing */

size_t adv_npy_header(const char *dtype, int n_dims, const size_t *shape, char *header)
{
    char dictionary[ADV_NPY_HEADER_MAX];
    size_t n = 0;
    if (n_dims < 0 || n_dims > ADV_ARRAY_MAX_DIMS || strlen(dtype) > 3)
        adv_bug("an NPY header for %d dimensions of '%s'", n_dims, dtype);
    n += (size_t)sprintf(dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (", dtype);
    for (int d = 0; d < n_dims; d++)
        n += (size_t)sprintf(dictionary + n, "%s%zu", d > 0 ? ", " : "", shape[d]);
    n += (size_t)sprintf(dictionary + n, n_dims == 1 ? ",), }" : "), }");

    /* Spaces and a newline bring the elements to a multiple of 64 bytes. */
    size_t total = (10 + n + 1 + 63) / 64 * 64, length = total - 10;
    memcpy(header, magic, sizeof magic);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)(length & 0xff);
    header[9] = (char)(length >> 8);
    memcpy(header + 10, dictionary, n);
    memset(header + 10 + n, ' ', length - n);
    header[total - 1] = '\n';
    return total;
}

enum adv_status adv_npy_write_float(const char *path, int n_dims, const size_t *shape,
                                    const float *data, struct adv_error *error)
{
    struct adv_replacement file;
    char header[ADV_NPY_HEADER_MAX];
    size_t count, n_bytes, n_header = adv_npy_header("<f4", n_dims, shape, header);
    if (!adv_shape_count(n_dims, shape, &count) || !adv_mul_size(count, sizeof *data, &n_bytes))
        return adv_fail(error, ADV_E_INVALID, "%s: the array has too many elements", path);
    enum adv_status status = adv_replacement_open(&file, path, error);
    if (status != ADV_OK)
        return status;
    status = adv_replacement_write(&file, header, n_header, error);
    if (status == ADV_OK)
        status = adv_replacement_write(&file, data, n_bytes, error);
    if (status == ADV_OK)
        return adv_replacement_commit(&file, error);
    adv_replacement_discard(&file);
    return status;
}
