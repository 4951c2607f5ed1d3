#include "core/io/dtype.h"

#include "core/base/mem.h"

#include <string.h>

struct dtype_row {
    const char *name;
    struct adv_number_type number;
};

static const struct dtype_row dtypes[] = {
    [ADV_F32] = {"F32", {ADV_NUMBER_FLOAT, 4, false}},
    [ADV_F64] = {"F64", {ADV_NUMBER_FLOAT, 8, false}},
    [ADV_F16] = {"F16", {ADV_NUMBER_FLOAT, 2, false}},
    [ADV_BF16] = {"BF16", {ADV_NUMBER_BFLOAT, 2, false}},
    [ADV_I64] = {"I64", {ADV_NUMBER_SIGNED, 8, false}},
    [ADV_I32] = {"I32", {ADV_NUMBER_SIGNED, 4, false}},
    [ADV_U8] = {"U8", {ADV_NUMBER_UNSIGNED, 1, false}},
};

static const struct dtype_row *row_of(enum adv_dtype dtype)
{
    if ((size_t)dtype >= ADV_COUNT(dtypes))
        adv_bug("no dtype %d", (int)dtype);
    return &dtypes[dtype];
}

size_t adv_dtype_bytes(enum adv_dtype dtype)
{
    return row_of(dtype)->number.bytes;
}

const char *adv_dtype_name(enum adv_dtype dtype)
{
    return row_of(dtype)->name;
}

bool adv_dtype_parse(const char *name, enum adv_dtype *dtype)
{
    for (size_t i = 0; i < ADV_COUNT(dtypes); i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            *dtype = (enum adv_dtype)i;
            return true;
        }
    }
    return false;
}

struct adv_number_type adv_dtype_number(enum adv_dtype dtype)
{
    return row_of(dtype)->number;
}

void adv_tensor_to_float(const struct adv_tensor *tensor, float *out)
{
    adv_numbers_to_float(adv_dtype_number(tensor->dtype), tensor->bytes, tensor->n_elements, out);
}

void adv_tensor_to_int64(const struct adv_tensor *tensor, int64_t *out)
{
    adv_numbers_to_int64(adv_dtype_number(tensor->dtype), tensor->bytes, tensor->n_elements, out);
}
