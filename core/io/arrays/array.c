#include "core/io/arrays/array.h"

#include "core/base/mem.h"

#include <stdlib.h>

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

enum adv_status adv_array_check_finite(const struct adv_array *array, struct adv_error *error)
{
    size_t n = array->n_elements;
    size_t i = adv_find_not_finite(array->data, n);
    if (i == n)
        return ADV_OK;
    size_t row_length = array->n_dims > 0 ? n / array->shape[0] : 1;
    return adv_fail(error, ADV_E_INVALID,
                    "row %zu, column %zu (counted from 0) is %g, which is not a finite float32",
                    i / row_length, i % row_length, (double)array->data[i]);
}

void adv_array_release(struct adv_array *array)
{
    free(array->data);
    free(array->columns);
    *array = (struct adv_array){0};
}
