/* Safetensors files: named tensors and a string-to-string metadata table.
 *
 * Layout: u64 little-endian header length, JSON header, tensor bytes.
 * The reader trusts nothing: see adv_safetensors_open for what it refuses. */
#ifndef ADVECT_EXTRA_SAFETENSORS_H
#define ADVECT_EXTRA_SAFETENSORS_H

#include <advect/api.h>
#include <advect/dtype.h>
#include <advect/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

#define ADV_TENSOR_MAX_DIMS 8

size_t adv_dtype_bytes(enum adv_dtype dtype);
const char *adv_dtype_name(enum adv_dtype dtype); /* as in the format: "F32", "BF16", ... */

struct adv_tensor {
    const char *name; /* owned by the file */
    enum adv_dtype dtype;
    int n_dims; /* 0 for a scalar */
    size_t shape[ADV_TENSOR_MAX_DIMS];
    size_t n_elements;
    const void *bytes; /* little-endian, maybe unaligned; owned by the file */
};

struct adv_safetensors;

/* Reads and checks the whole file. Refused, with a message naming the tensor where one is at fault:
 * ADV_E_FORMAT: header longer than the file or 100 MB, not a JSON object, not UTF-8, duplicate
 * names or keys, unknown members, begin > end, offsets outside the file, span != shape x dtype,
 * overlapping tensors, holes, trailing bytes, metadata values that are not strings;
 * ADV_E_UNSUPPORTED: another dtype, more than ADV_TENSOR_MAX_DIMS dimensions;
 * ADV_E_INVALID: NaN, infinity or what float32 cannot hold; each such tensor is named, the first
 * 20 in full.
 * Messages begin with the path. */
enum adv_status adv_safetensors_open(const char *path, struct adv_safetensors **file,
                                     struct adv_error *error);

/* The same for bytes in memory, which are copied. name stands in for the path in messages. */
enum adv_status adv_safetensors_parse(const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_safetensors **file, struct adv_error *error);
void adv_safetensors_close(struct adv_safetensors *file);

size_t adv_safetensors_count(const struct adv_safetensors *file);
/* Tensors in the order of their bytes; i < count. Valid until close. */
const struct adv_tensor *adv_safetensors_at(const struct adv_safetensors *file, size_t i);
const struct adv_tensor *adv_safetensors_find(const struct adv_safetensors *file, const char *name);
/* A __metadata__ value, or NULL. */
const char *adv_safetensors_metadata(const struct adv_safetensors *file, const char *key);
/* 64-bit FNV-1a digest of the whole file as 16 lower-case hex digits: names a version, proves
 * nothing. */
const char *adv_safetensors_digest(const struct adv_safetensors *file);

/* Converts a tensor to float32 (from F32, F64, F16, BF16, I64, I32, U8). out [n_elements]. */
void adv_tensor_to_float(const struct adv_tensor *tensor, float *out);
void adv_tensor_to_int64(const struct adv_tensor *tensor, int64_t *out); /* integer dtypes only */

/* One tensor to be written: `data` is float32 for F32, F16, BF16 (rounded to nearest even), int64
 * for I64. What is not finite in the file's dtype is refused (ADV_E_NUMERIC), as it is by the
 * reader. */
struct adv_tensor_source {
    const char *name;
    enum adv_dtype dtype;
    int n_dims;
    size_t shape[ADV_TENSOR_MAX_DIMS];
    const void *data;
};

/* Writes the file atomically: a temporary file beside it, fsync, rename. A failure (a full
 * disk, say) leaves an existing file as it was. Tensors are laid out by falling element size, so
 * that each is aligned. metadata: object of strings, or NULL. */
enum adv_status adv_safetensors_write(const char *path, const json_t *metadata, size_t n_tensors,
                                      const struct adv_tensor_source *tensors,
                                      struct adv_error *error);

ADV_API_END
#endif
