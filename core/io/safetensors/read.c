/* One buffer holds the whole file: names, metadata and tensor bytes point into it. The header is
 * parsed in place, after the digest was taken. Two orders of the tensors are kept: by offset, in
 * which the bytes must follow each other without hole or overlap, and by name. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/arrays/array.h"
#include "core/io/dtype.h"
#include "core/io/file.h"
#include "core/io/safetensors/header.h"
#include "core/io/safetensors/values.h"
#include "core/settings/complaints.h"

#include <advect/array_file.h>
#include <advect/extra/digest.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct adv_safetensors {
    char *bytes;
    size_t n_read; /* of n_bytes: all, or those of the header */
    size_t n_bytes, data_start;
    struct adv_safetensors_header header; /* tensors by offset, metadata by key */
    const struct adv_tensor **by_name;    /* [n_tensors] */
    char digest[17];
};

static enum adv_status tensor_error(struct adv_error *error, enum adv_status status,
                                    const char *name, const char *problem)
{
    char shown[ADV_PRINTABLE_MAX];
    adv_printable(name, strlen(name), shown);
    return adv_fail_field(error, status, shown, "tensor '%s' %s", shown, problem);
}

static int compare_offsets(const void *left, const void *right)
{
    const struct adv_header_tensor *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

static int compare_names(const void *left, const void *right)
{
    const struct adv_tensor *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static int compare_keys(const void *left, const void *right)
{
    const struct adv_header_pair *a = left, *b = right;
    return strcmp(a->key, b->key);
}

/* ---------------------------------------------------------------- checks */

static enum adv_status span_error(struct adv_error *error, const struct adv_header_tensor *entry,
                                  const char *problem)
{
    char text[160];
    snprintf(text, sizeof text, "at bytes [%zu, %zu) %s", entry->begin, entry->end, problem);
    return tensor_error(error, ADV_E_FORMAT, entry->tensor.name, text);
}

/* Checks one tensor's span: reached is where the tensor before it ended, n_data where the file
 * does. */
static enum adv_status check_span(const struct adv_header_tensor *entry, size_t reached,
                                  size_t n_data, struct adv_error *error)
{
    const struct adv_tensor *tensor = &entry->tensor;
    char problem[96];
    if (entry->begin > entry->end)
        return span_error(error, entry, "ends before it begins");
    if (entry->end > n_data) {
        snprintf(problem, sizeof problem, "reaches beyond the %zu bytes of data", n_data);
        return span_error(error, entry, problem);
    }
    if (entry->end - entry->begin != tensor->n_elements * adv_dtype_bytes(tensor->dtype)) {
        snprintf(problem, sizeof problem, "does not fit its shape: %zu elements of %s",
                 tensor->n_elements, adv_dtype_name(tensor->dtype));
        return span_error(error, entry, problem);
    }
    if (entry->begin < reached)
        return span_error(error, entry, "overlaps another one");
    if (entry->begin > reached)
        return span_error(error, entry, "leaves a hole before it");
    return ADV_OK;
}

/* The tensors are in the order of their offsets. */
static enum adv_status place_tensors(struct adv_safetensors *file, struct adv_error *error)
{
    struct adv_safetensors_header *header = &file->header;
    const char *data = file->n_read == file->n_bytes ? file->bytes + file->data_start : NULL;
    size_t n_data = file->n_bytes - file->data_start, reached = 0;
    for (size_t i = 0; i < header->n_tensors; i++) {
        struct adv_header_tensor *entry = &header->tensors[i];
        enum adv_status status = check_span(entry, reached, n_data, error);
        if (status != ADV_OK)
            return status;
        reached = entry->end;
        entry->tensor.bytes = data ? data + entry->begin : NULL;
    }
    if (reached != n_data)
        return adv_fail(error, ADV_E_FORMAT, "%zu bytes after the last tensor", n_data - reached);
    return ADV_OK;
}

size_t adv_tensor_find_not_finite(const struct adv_tensor *tensor, float *value)
{
    struct adv_number_type type = adv_dtype_number(tensor->dtype);
    float values[256];
    if (!adv_number_may_overflow(type))
        return tensor->n_elements;
    for (size_t start = 0; start < tensor->n_elements; start += ADV_COUNT(values)) {
        size_t left = tensor->n_elements - start;
        size_t n = left < ADV_COUNT(values) ? left : ADV_COUNT(values);
        adv_numbers_to_float(type, (const char *)tensor->bytes + start * type.bytes, n, values);
        size_t i = adv_find_not_finite(values, n);
        if (i < n) {
            *value = values[i];
            return start + i;
        }
    }
    return tensor->n_elements;
}

static enum adv_status check_finite(const struct adv_safetensors *file, struct adv_error *error)
{
    struct adv_complaints list = {.n = 0};
    char first[ADV_PRINTABLE_MAX], shown[ADV_PRINTABLE_MAX];
    for (size_t i = 0; i < file->header.n_tensors; i++) {
        const struct adv_tensor *tensor = &file->header.tensors[i].tensor;
        float value = 0;
        size_t at = adv_tensor_find_not_finite(tensor, &value);
        if (at == tensor->n_elements)
            continue;
        adv_printable(tensor->name, strlen(tensor->name), shown);
        if (list.n == 0)
            memcpy(first, shown, sizeof first);
        adv_complain(&list, "tensor '%s' holds %g at element %zu", shown, (double)value, at);
    }
    if (list.n == 0)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, first, "%s; a finite float32 is needed",
                          adv_complaints_text(&list));
}

static enum adv_status index_names(struct adv_safetensors *file, struct adv_error *error)
{
    size_t n = file->header.n_tensors;
    file->by_name = adv_calloc(n, sizeof *file->by_name);
    if (!file->by_name)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        file->by_name[i] = &file->header.tensors[i].tensor;
    qsort(file->by_name, n, sizeof *file->by_name, compare_names);
    for (size_t i = 1; i < n; i++)
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0)
            return tensor_error(error, ADV_E_FORMAT, file->by_name[i]->name, "is there twice");
    return ADV_OK;
}

static enum adv_status index_metadata(struct adv_safetensors_header *header,
                                      struct adv_error *error)
{
    if (header->n_metadata == 0)
        return ADV_OK;
    qsort(header->metadata, header->n_metadata, sizeof *header->metadata, compare_keys);
    for (size_t i = 1; i < header->n_metadata; i++) {
        const char *key = header->metadata[i].key;
        char shown[ADV_PRINTABLE_MAX];
        if (strcmp(header->metadata[i - 1].key, key) == 0)
            return adv_fail(error, ADV_E_FORMAT, "metadata key '%s' is there twice",
                            adv_printable(key, strlen(key), shown));
    }
    return ADV_OK;
}

/* ---------------------------------------------------------------- reading */

static void take_digest(const char *bytes, size_t n, char digest[17])
{
    adv_digest_text(adv_digest(ADV_DIGEST_INIT, bytes, n), digest);
}

static enum adv_status parse_header(struct adv_safetensors *file, struct adv_error *error)
{
    uint64_t n_header;
    size_t n_bytes = file->n_bytes;
    if (n_bytes < sizeof n_header)
        return adv_fail(error, ADV_E_FORMAT, "%zu bytes are too few for a safetensors file",
                        n_bytes);
    memcpy(&n_header, file->bytes, sizeof n_header);
    if (file->bytes[0] == '{' && n_header > n_bytes)
        return adv_fail(
            error, ADV_E_FORMAT,
            "this is JSON, not a safetensors file; advect train makes a model of a recipe");
    if (n_header > ADV_SAFETENSORS_MAX_HEADER)
        return adv_fail(error, ADV_E_FORMAT,
                        "this is not a safetensors file: it would begin with a header of %" PRIu64
                        " bytes, and at most %zu are allowed",
                        n_header, ADV_SAFETENSORS_MAX_HEADER);
    if (n_header > n_bytes - sizeof n_header)
        return adv_fail(error, ADV_E_FORMAT,
                        "a header of %" PRIu64 " bytes is announced, but the file has only %zu",
                        n_header, n_bytes);
    file->data_start = sizeof n_header + (size_t)n_header;
    if (file->data_start > file->n_read)
        return adv_fail(error, ADV_E_IO, "another header came while it was read");
    return adv_safetensors_header_parse(file->bytes + sizeof n_header, (size_t)n_header,
                                        &file->header, error);
}

static enum adv_status check_tensors(struct adv_safetensors *file, struct adv_error *error)
{
    struct adv_safetensors_header *header = &file->header;
    if (header->n_tensors > 0)
        qsort(header->tensors, header->n_tensors, sizeof *header->tensors, compare_offsets);
    enum adv_status status = index_names(file, error);
    if (status == ADV_OK)
        status = index_metadata(header, error);
    if (status == ADV_OK)
        status = place_tensors(file, error);
    return status;
}

/* Takes over bytes, also on failure. finite: whether every number must be. */
static enum adv_status parse_owned(char *bytes, size_t n_bytes, const char *name, bool finite,
                                   struct adv_safetensors **out, struct adv_error *error)
{
    enum adv_status status;
    struct adv_safetensors *file = adv_calloc(1, sizeof *file);
    if (!file) {
        free(bytes);
        status = adv_no_memory(error);
        goto out;
    }
    file->bytes = bytes;
    file->n_read = file->n_bytes = n_bytes;
    take_digest(bytes, n_bytes, file->digest);
    status = parse_header(file, error);
    if (status == ADV_OK)
        status = check_tensors(file, error);
    if (status == ADV_OK && finite)
        status = check_finite(file, error);
out:
    if (status == ADV_OK) {
        *out = file;
        return ADV_OK;
    }
    adv_error_prefix(error, "%s: ", name);
    adv_safetensors_close(file);
    return status;
}

static enum adv_status open_file(const char *path, bool finite, struct adv_safetensors **file,
                                 struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read(path, SIZE_MAX, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    return parse_owned(bytes, n_bytes, path, finite, file, error);
}

enum adv_status adv_safetensors_open(const char *path, struct adv_safetensors **file,
                                     struct adv_error *error)
{
    return open_file(path, true, file, error);
}

enum adv_status adv_safetensors_open_any(const char *path, struct adv_safetensors **file,
                                         struct adv_error *error)
{
    return open_file(path, false, file, error);
}

/* How many bytes the file's first ones, [n], say that it takes to hold its header. */
static size_t header_end(const void *bytes, size_t n)
{
    uint64_t n_header = 0;
    if (n == sizeof n_header)
        memcpy(&n_header, bytes, n);
    return n_header > ADV_SAFETENSORS_MAX_HEADER ? n : n + (size_t)n_header;
}

enum adv_status adv_safetensors_open_header(const char *path, struct adv_safetensors **out,
                                            struct adv_error *error)
{
    void *bytes;
    size_t n;
    uintmax_t n_file;
    enum adv_status status =
        adv_file_read_start(path, sizeof(uint64_t), &bytes, &n, &n_file, error);
    if (status != ADV_OK)
        return status;
    size_t wanted = header_end(bytes, n);
    free(bytes);
    status = adv_file_read_start(path, wanted, &bytes, &n, &n_file, error);
    if (status != ADV_OK)
        return status;
    struct adv_safetensors *file = adv_calloc(1, sizeof *file);
    if (!file) {
        free(bytes);
        return adv_fail(error, ADV_E_MEMORY, "%s: out of memory", path);
    }
    file->bytes = bytes;
    file->n_read = n;
    file->n_bytes = n_file < SIZE_MAX ? (size_t)n_file : SIZE_MAX;
    status = parse_header(file, error);
    if (status == ADV_OK)
        status = check_tensors(file, error);
    if (status == ADV_OK) {
        *out = file;
        return ADV_OK;
    }
    adv_error_prefix(error, "%s: ", path);
    adv_safetensors_close(file);
    return status;
}

enum adv_status adv_safetensors_parse(const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_safetensors **file, struct adv_error *error)
{
    char *copy = adv_calloc(n_bytes, 1);
    if (!copy)
        return adv_fail(error, ADV_E_MEMORY, "%s: out of memory for its %zu bytes", name, n_bytes);
    if (n_bytes > 0)
        memcpy(copy, bytes, n_bytes);
    return parse_owned(copy, n_bytes, name, true, file, error);
}

void adv_safetensors_close(struct adv_safetensors *file)
{
    if (!file)
        return;
    adv_safetensors_header_release(&file->header);
    free(file->by_name);
    free(file->bytes);
    free(file);
}

/* ---------------------------------------------------------------- looking things up */

size_t adv_safetensors_count(const struct adv_safetensors *file)
{
    return file->header.n_tensors;
}

const struct adv_tensor *adv_safetensors_at(const struct adv_safetensors *file, size_t i)
{
    if (i >= file->header.n_tensors)
        adv_bug("tensor %zu of %zu", i, file->header.n_tensors);
    return &file->header.tensors[i].tensor;
}

const struct adv_tensor *adv_safetensors_find(const struct adv_safetensors *file, const char *name)
{
    const struct adv_tensor wanted = {.name = name}, *key = &wanted;
    const struct adv_tensor **found =
        bsearch(&key, file->by_name, file->header.n_tensors, sizeof *file->by_name, compare_names);
    return found ? *found : NULL;
}

const char *adv_safetensors_metadata(const struct adv_safetensors *file, const char *key)
{
    const struct adv_safetensors_header *header = &file->header;
    if (header->n_metadata == 0)
        return NULL;
    const struct adv_header_pair wanted = {.key = key};
    const struct adv_header_pair *found = bsearch(&wanted, header->metadata, header->n_metadata,
                                                  sizeof *header->metadata, compare_keys);
    return found ? found->value : NULL;
}

const char *adv_safetensors_digest(const struct adv_safetensors *file)
{
    return file->digest;
}
