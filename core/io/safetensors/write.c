/* Tensors are laid out by falling element size, in the caller's order within a size, behind a
 * header padded to 8 bytes: so every one is aligned to its elements, which some readers need. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/arrays/array.h"
#include "core/io/dtype.h"
#include "core/io/file.h"
#include "core/io/safetensors/header.h"

#include <advect/extra/json.h>
#include <advect/extra/safetensors.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum adv_status source_error(struct adv_error *error, enum adv_status status,
                                    const struct adv_tensor_source *source, const char *problem)
{
    char shown[ADV_PRINTABLE_MAX];
    adv_printable(source->name, strlen(source->name), shown);
    return adv_fail_field(error, status, shown, "tensor '%s' %s", shown, problem);
}

static enum adv_status count_elements(const struct adv_tensor_source *source, size_t *n_elements,
                                      size_t *n_bytes, struct adv_error *error)
{
    if (source->n_dims < 0 || source->n_dims > ADV_TENSOR_MAX_DIMS)
        return source_error(error, ADV_E_UNSUPPORTED, source, "has more than 8 dimensions");
    if (source->dtype != ADV_F32 && source->dtype != ADV_F16 && source->dtype != ADV_BF16 &&
        source->dtype != ADV_I64)
        return source_error(error, ADV_E_UNSUPPORTED, source,
                            "is to be written as something else than F32, F16, BF16 or I64");
    if (!adv_shape_count(source->n_dims, source->shape, n_elements) ||
        !adv_mul_size(*n_elements, adv_dtype_bytes(source->dtype), n_bytes))
        return source_error(error, ADV_E_INVALID, source, "has too many elements");
    return ADV_OK;
}

/* ---------------------------------------------------------------- header */

/* The tensor's entry in the header, or NULL without memory. */
static json_t *describe(const struct adv_tensor_source *source, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (int i = 0; i < source->n_dims; i++) {
        if (json_array_append_new(shape, json_integer((json_int_t)source->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    json_t *offsets = json_pack("[I, I]", (json_int_t)begin, (json_int_t)end);
    return json_pack("{s:s, s:o, s:o}", "dtype", adv_dtype_name(source->dtype), "shape", shape,
                     "data_offsets", offsets);
}

/* metadata is shared with the header, not copied: only its reference count changes. */
static enum adv_status add_metadata(json_t *header, const json_t *metadata, struct adv_error *error)
{
    json_t *shared = (json_t *)metadata, *value;
    const char *key;
    if (!json_is_object(metadata))
        return adv_fail(error, ADV_E_INVALID, "metadata is not an object of strings");
    json_object_foreach(shared, key, value)
    {
        char shown[ADV_PRINTABLE_MAX];
        if (!json_is_string(value))
            return adv_fail(error, ADV_E_INVALID, "metadata '%s' is not a string",
                            adv_printable(key, strlen(key), shown));
    }
    if (json_object_set(header, ADV_SAFETENSORS_METADATA, shared) != 0)
        return adv_no_memory(error);
    return ADV_OK;
}

/* Adds a tensor that begins at *offset to the header and moves *offset to its end. */
static enum adv_status add_tensor(json_t *header, const struct adv_tensor_source *source,
                                  size_t *offset, struct adv_error *error)
{
    size_t n_elements = 0, n_bytes = 0, end;
    enum adv_status status = count_elements(source, &n_elements, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    if (strcmp(source->name, ADV_SAFETENSORS_METADATA) == 0 ||
        !adv_is_utf8(source->name, strlen(source->name)))
        return source_error(error, ADV_E_INVALID, source, "has a name that no tensor may have");
    if (json_object_get(header, source->name))
        return source_error(error, ADV_E_INVALID, source, "is there twice");
    if (__builtin_add_overflow(*offset, n_bytes, &end) || end > PTRDIFF_MAX)
        return source_error(error, ADV_E_INVALID, source, "makes the file too large");
    if (json_object_set_new(header, source->name, describe(source, *offset, end)) != 0)
        return adv_no_memory(error);
    *offset = end;
    return ADV_OK;
}

/* ---------------------------------------------------------------- data */

static enum adv_status value_error(struct adv_error *error, const struct adv_tensor_source *source,
                                   size_t i, float value)
{
    char problem[96];
    snprintf(problem, sizeof problem, "holds %g at element %zu, which a finite %s cannot",
             (double)value, i, adv_dtype_name(source->dtype));
    return source_error(error, ADV_E_NUMERIC, source, problem);
}

/* Rounds values [n] to the 16-bit dtype; false at *bad for one that has no finite neighbour. */
static bool narrow(enum adv_dtype dtype, const float *values, size_t n, uint16_t *out, size_t *bad)
{
    for (size_t i = 0; i < n; i++) {
        bool half = dtype == ADV_F16;
        out[i] = half ? adv_float_to_half(values[i]) : adv_float_to_bfloat(values[i]);
        if (!isfinite(half ? adv_half_to_float(out[i]) : adv_bfloat_to_float(out[i]))) {
            *bad = i;
            return false;
        }
    }
    return true;
}

static enum adv_status write_narrow(struct adv_replacement *file,
                                    const struct adv_tensor_source *source, size_t n_elements,
                                    struct adv_error *error)
{
    uint16_t out[2048];
    const float *values = source->data;
    for (size_t start = 0; start < n_elements; start += ADV_COUNT(out)) {
        size_t left = n_elements - start, bad;
        size_t n = left < ADV_COUNT(out) ? left : ADV_COUNT(out);
        if (!narrow(source->dtype, values + start, n, out, &bad))
            return value_error(error, source, start + bad, values[start + bad]);
        enum adv_status status = adv_replacement_write(file, out, n * sizeof out[0], error);
        if (status != ADV_OK)
            return status;
    }
    return ADV_OK;
}

static enum adv_status write_tensor(struct adv_replacement *file,
                                    const struct adv_tensor_source *source, struct adv_error *error)
{
    size_t n_elements = 0, n_bytes = 0;
    enum adv_status status = count_elements(source, &n_elements, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    if (source->dtype == ADV_F16 || source->dtype == ADV_BF16)
        return write_narrow(file, source, n_elements, error);
    if (source->dtype == ADV_F32) {
        size_t i = adv_find_not_finite(source->data, n_elements);
        if (i < n_elements)
            return value_error(error, source, i, ((const float *)source->data)[i]);
    }
    return adv_replacement_write(file, source->data, n_bytes, error);
}

/* ---------------------------------------------------------------- the file */

/* The header's text, a malloc'ed string, for tensors in this order. */
static enum adv_status build_header(const json_t *metadata, size_t n_tensors,
                                    const struct adv_tensor_source *const *order, char **text,
                                    struct adv_error *error)
{
    size_t offset = 0;
    json_t *header = json_object();
    enum adv_status status = header ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK && metadata)
        status = add_metadata(header, metadata, error);
    for (size_t i = 0; i < n_tensors && status == ADV_OK; i++)
        status = add_tensor(header, order[i], &offset, error);
    if (status == ADV_OK) {
        *text = adv_json_dump(header, JSON_COMPACT);
        status = *text ? ADV_OK : adv_no_memory(error);
    }
    json_decref(header);
    return status;
}

static enum adv_status write_header(struct adv_replacement *file, const char *text,
                                    struct adv_error *error)
{
    static const char spaces[8] = "        ";
    size_t n = strlen(text), n_spaces = (8 - n % 8) % 8;
    uint64_t announced = n + n_spaces;
    if (announced > ADV_SAFETENSORS_MAX_HEADER)
        return adv_fail(error, ADV_E_UNSUPPORTED, "a header of %zu bytes; at most %zu are allowed",
                        n, ADV_SAFETENSORS_MAX_HEADER);
    enum adv_status status = adv_replacement_write(file, &announced, sizeof announced, error);
    if (status == ADV_OK)
        status = adv_replacement_write(file, text, n, error);
    if (status == ADV_OK)
        status = adv_replacement_write(file, spaces, n_spaces, error);
    return status;
}

/* Sources by falling element size, else in the given order. */
static void sort_sources(size_t n_tensors, const struct adv_tensor_source *tensors,
                         const struct adv_tensor_source **order)
{
    static const size_t sizes[] = {8, 4, 2, 1};
    for (size_t s = 0; s < ADV_COUNT(sizes); s++)
        for (size_t i = 0; i < n_tensors; i++)
            if (adv_dtype_bytes(tensors[i].dtype) == sizes[s])
                *order++ = &tensors[i];
}

static enum adv_status write_file(const char *path, const char *header, size_t n_tensors,
                                  const struct adv_tensor_source *const *order,
                                  struct adv_error *error)
{
    struct adv_replacement file;
    enum adv_status status = adv_replacement_open(&file, path, error);
    if (status != ADV_OK)
        return status;
    status = write_header(&file, header, error);
    for (size_t i = 0; i < n_tensors && status == ADV_OK; i++)
        status = write_tensor(&file, order[i], error);
    if (status == ADV_OK)
        return adv_replacement_commit(&file, error);
    adv_replacement_discard(&file);
    return status;
}

enum adv_status adv_safetensors_write(const char *path, const json_t *metadata, size_t n_tensors,
                                      const struct adv_tensor_source *tensors,
                                      struct adv_error *error)
{
    char *header = NULL;
    const struct adv_tensor_source **order = adv_calloc(n_tensors, sizeof *order);
    enum adv_status status = order ? ADV_OK : adv_no_memory(error);
    if (status != ADV_OK)
        goto out;
    sort_sources(n_tensors, tensors, order);
    status = build_header(metadata, n_tensors, order, &header, error);
    if (status == ADV_OK)
        status = write_file(path, header, n_tensors, order, error);
out:
    free(header);
    free(order);
    return status;
}
