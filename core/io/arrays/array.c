#include "core/io/arrays/array.h"

#include "core/base/mem.h"

#include <stdlib.h>
#include <string.h>

bool adv_shape_count(int n_dims, const size_t *shape, size_t *count)
{
    size_t product = 1;
    bool empty = false;
    for (int i = 0; i < n_dims; i++) {
        empty = empty || shape[i] == 0;
        if (!adv_mul_size(product, shape[i] ? shape[i] : 1, &product))
            return false;
    }
    *count = empty ? 0 : product;
    return product <= PTRDIFF_MAX;
}

enum adv_status adv_array_fill(struct adv_array *array, struct adv_number_type type,
                               const void *source, size_t n_bytes, struct adv_error *error)
{
    size_t count, wanted;
    if (!adv_shape_count(array->n_dims, array->shape, &count) ||
        !adv_mul_size(count, type.bytes, &wanted))
        return adv_fail(error, ADV_E_FORMAT, "the shape in the header overflows");
    if (wanted != n_bytes)
        return adv_fail(error, ADV_E_FORMAT,
                        "the header promises %zu elements of %u bytes, but %zu bytes follow it",
                        count, type.bytes, n_bytes);
    float *data = adv_calloc(count, sizeof *data);
    if (!data)
        return adv_no_memory(error);
    adv_numbers_to_float(type, source, count, data);
    array->n_elements = count;
    array->data = data;
    array->levels = type.kind == ADV_NUMBER_UNSIGNED && type.bytes == 1 ? 256 : 0;
    return ADV_OK;
}

/* Where element i of the array is in a source whose first index is the fastest. */
static size_t fortran_index(const struct adv_array *array, size_t i)
{
    size_t at = 0;
    size_t index[ADV_ARRAY_MAX_DIMS];
    for (int d = array->n_dims; d-- > 0; i /= array->shape[d])
        index[d] = i % array->shape[d];
    for (int d = array->n_dims; d-- > 0;)
        at = at * array->shape[d] + index[d];
    return at;
}

enum adv_status adv_array_check_finite(const struct adv_array *array, struct adv_number_type type,
                                       const void *source, bool fortran_order,
                                       struct adv_error *error)
{
    size_t n = array->n_elements;
    size_t i = adv_find_not_finite(array->data, n);
    if (i == n)
        return ADV_OK;
    size_t at = fortran_order ? fortran_index(array, i) : i;
    double value = adv_number_to_double(type, (const uint8_t *)source + at * type.bytes);
    size_t row_length = array->n_dims > 0 ? n / array->shape[0] : 1;
    return adv_fail(error, ADV_E_INVALID,
                    "row %zu, column %zu (counted from 0) is %.9g, which is not a finite float32",
                    i / row_length, i % row_length, value);
}

static bool are_channels(size_t n)
{
    return n == 1 || n == 3 || n == 4;
}

/* [n_pixels, n_channels] to [n_channels, n_pixels]. */
static void move_channels(const float *from, size_t n_pixels, size_t n_channels, float *to)
{
    for (size_t c = 0; c < n_channels; c++) {
        for (size_t i = 0; i < n_pixels; i++)
            *to++ = from[i * n_channels + c];
    }
}

enum adv_status adv_array_channels_first(struct adv_array *array, bool *moved,
                                         struct adv_error *error)
{
    size_t *shape = array->shape;
    *moved = array->n_dims == 4 && are_channels(shape[3]) && !are_channels(shape[1]);
    if (!*moved)
        return ADV_OK;
    size_t n_channels = shape[3], n_pixels = shape[1] * shape[2], dim = n_pixels * n_channels;
    float *image = adv_calloc(dim, sizeof *image);
    if (!image)
        return adv_no_memory(error);
    for (size_t i = 0; i < shape[0] && n_channels > 1; i++) {
        float *at = array->data + i * dim;
        memcpy(image, at, dim * sizeof *image);
        move_channels(image, n_pixels, n_channels, at);
    }
    free(image);
    shape[3] = shape[2];
    shape[2] = shape[1];
    shape[1] = n_channels;
    return ADV_OK;
}

void adv_array_release(struct adv_array *array)
{
    free(array->data);
    free(array->columns);
    *array = (struct adv_array){0};
}
