/* IDX: http://yann.lecun.com/exdb/mnist/
 *
 *   0, 0, dtype, number of dimensions, each dimension (u32), elements; all big-endian
 *
 * A compressed file says nothing about its size before it is decompressed, but its header comes
 * first: the elements are only decompressed, into a buffer that grows with them, if the file could
 * hold as many as the header promises. */
#include "core/base/mem.h"
#include "core/io/arrays/array.h"
#include "core/io/gzip.h"

#include <stdlib.h>

/* One byte of a deflate stream gives at most so many: 258 for each two bits. */
enum { DEFLATE_MAX_RATIO = 1032 };

enum { HEADER_MAX = 4 + 4 * ADV_ARRAY_MAX_DIMS };

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool type_of_code(uint8_t code, struct adv_number_type *type)
{
    static const struct {
        uint8_t code;
        struct adv_number_type type;
    } rows[] = {
        {0x08, {ADV_NUMBER_UNSIGNED, 1, true}}, {0x09, {ADV_NUMBER_SIGNED, 1, true}},
        {0x0b, {ADV_NUMBER_SIGNED, 2, true}},   {0x0c, {ADV_NUMBER_SIGNED, 4, true}},
        {0x0d, {ADV_NUMBER_FLOAT, 4, true}},    {0x0e, {ADV_NUMBER_FLOAT, 8, true}},
    };
    for (size_t i = 0; i < ADV_COUNT(rows); i++) {
        if (rows[i].code == code) {
            *type = rows[i].type;
            return true;
        }
    }
    return false;
}

/* Reads the header at the front of bytes [n] into array's shape. *n_header, *n_total: the bytes of
 * the header, and of a whole file that begins so. */
static enum adv_status parse_header(const uint8_t *bytes, size_t n, struct adv_array *array,
                                    struct adv_number_type *type, size_t *n_header, size_t *n_total,
                                    struct adv_error *error)
{
    size_t count = 0;
    if (n < 4 || bytes[0] != 0 || bytes[1] != 0)
        return adv_fail(error, ADV_E_FORMAT, "not an IDX file: it does not begin with two zeros");
    if (!type_of_code(bytes[2], type))
        return adv_fail(error, ADV_E_FORMAT, "0x%02x is no IDX dtype", bytes[2]);
    if (bytes[3] > ADV_ARRAY_MAX_DIMS)
        return adv_fail(error, ADV_E_UNSUPPORTED, "an IDX array of %d dimensions; %d are read",
                        bytes[3], ADV_ARRAY_MAX_DIMS);
    *n_header = 4 + 4 * (size_t)bytes[3];
    if (n < *n_header)
        return adv_fail(error, ADV_E_FORMAT, "the IDX header is cut short");
    array->n_dims = bytes[3];
    for (int d = 0; d < array->n_dims; d++)
        array->shape[d] = load_u32(bytes + 4 + 4 * d);
    if (!adv_shape_count(array->n_dims, array->shape, &count) ||
        !adv_mul_size(count, type->bytes, n_total) ||
        __builtin_add_overflow(*n_total, *n_header, n_total))
        return adv_fail(error, ADV_E_FORMAT, "the shape in the IDX header overflows");
    return ADV_OK;
}

static enum adv_status parse_plain(const uint8_t *bytes, size_t n_bytes, struct adv_array *array,
                                   struct adv_error *error)
{
    struct adv_array result = {0};
    struct adv_number_type type;
    size_t n_header = 0, n_total = 0;
    enum adv_status status =
        parse_header(bytes, n_bytes, &result, &type, &n_header, &n_total, error);
    if (status == ADV_OK)
        status = adv_array_fill(&result, type, bytes + n_header, n_bytes - n_header, error);
    if (status == ADV_OK)
        status = adv_array_check_finite(&result, type, bytes + n_header, false, error);
    if (status == ADV_OK)
        *array = result;
    else
        adv_array_release(&result);
    return status;
}

/* ---------------------------------------------------------------- compressed */

static enum adv_status inflate_array(struct adv_inflater *inflater, size_t n_compressed,
                                     struct adv_array *array)
{
    struct adv_array announced = {0};
    struct adv_number_type type;
    struct adv_bytes *plain = &inflater->plain;
    size_t n_header = 0, n_total = 0;
    enum adv_status status = adv_inflate_to(inflater, HEADER_MAX);
    if (status == ADV_OK)
        status = parse_header(plain->data, plain->n, &announced, &type, &n_header, &n_total,
                              inflater->error);
    if (status != ADV_OK)
        return status;
    if (n_total / DEFLATE_MAX_RATIO > n_compressed)
        return adv_fail(inflater->error, ADV_E_FORMAT,
                        "the header promises %zu bytes; %zu compressed bytes cannot hold them",
                        n_total, n_compressed);
    /* One byte more than promised shows that too many are there, and that the checksum is right. */
    status = adv_inflate_to(inflater, n_total + 1);
    if (status == ADV_OK && plain->n > n_total)
        status = adv_fail(inflater->error, ADV_E_FORMAT,
                          "there are more than the %zu bytes that the header promises", n_total);
    return status == ADV_OK ? parse_plain(plain->data, plain->n, array, inflater->error) : status;
}

static enum adv_status parse_compressed(const uint8_t *bytes, size_t n_bytes,
                                        struct adv_array *array, struct adv_error *error)
{
    struct adv_inflater inflater;
    enum adv_status status = adv_inflater_init(&inflater, bytes, n_bytes, error);
    if (status == ADV_OK)
        status = inflate_array(&inflater, n_bytes, array);
    adv_inflater_release(&inflater);
    return status;
}

/* ---------------------------------------------------------------- both */

enum adv_status adv_idx_parse(const void *bytes, size_t n_bytes, const char *name,
                              struct adv_array *array, struct adv_error *error)
{
    enum adv_status status = adv_is_gzip(bytes, n_bytes)
                                 ? parse_compressed(bytes, n_bytes, array, error)
                                 : parse_plain(bytes, n_bytes, array, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", name);
    return status;
}

enum adv_status adv_idx_read(const char *path, struct adv_array *array, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read(path, SIZE_MAX, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_idx_parse(bytes, n_bytes, path, array, error);
    free(bytes);
    return status;
}
