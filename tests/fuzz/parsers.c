#include "tests/fuzz/parsers.h"

#include <advect/array_file.h>
#include <advect/png.h>
#include <advect/safetensors.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Where sums go, so that reading cannot be optimised away. */
static volatile double sink;

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void *allocate(size_t n)
{
    void *block = malloc(n ? n : 1);
    if (!block)
        abort();
    return block;
}

/* ---------------------------------------------------------------- parsers */

static enum adv_status read_tensor(const struct adv_tensor *tensor, struct adv_error *error)
{
    float *values = malloc(tensor->n_elements * sizeof *values + 1);
    if (!values)
        return adv_fail(error, ADV_E_MEMORY, "no memory for the values");
    adv_tensor_to_float(tensor, values);
    for (size_t i = 0; i < tensor->n_elements; i++)
        sink += (double)values[i];
    sink += (double)strlen(tensor->name);
    free(values);
    return ADV_OK;
}

static enum adv_status consume_safetensors(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_safetensors *file;
    enum adv_status status = adv_safetensors_parse(bytes, n, "input", &file, error);
    if (status != ADV_OK)
        return status;
    for (size_t i = 0; i < adv_safetensors_count(file) && status == ADV_OK; i++) {
        const struct adv_tensor *tensor = adv_safetensors_at(file, i);
        status = read_tensor(tensor, error);
        if (adv_safetensors_find(file, tensor->name) != tensor)
            abort();
    }
    const char *format = adv_safetensors_metadata(file, "format");
    sink += format ? (double)strlen(format) : 0.0;
    adv_safetensors_close(file);
    return status;
}

static void read_array(struct adv_array *array)
{
    size_t count = 1;
    for (int i = 0; i < array->n_dims; i++)
        count *= array->shape[i];
    if (count != array->n_elements)
        abort();
    for (size_t i = 0; i < count; i++)
        sink += (double)array->data[i];
    for (size_t i = 0; array->columns && i < array->shape[1]; i++)
        sink += (double)strlen(array->columns[i]);
    adv_array_release(array);
}

static enum adv_status consume_npy(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_array array;
    enum adv_status status = adv_npy_parse(bytes, n, "input", &array, error);
    if (status == ADV_OK)
        read_array(&array);
    return status;
}

static enum adv_status consume_csv(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_array array;
    enum adv_status status = adv_csv_parse((const char *)bytes, n, "input", &array, error);
    if (status == ADV_OK)
        read_array(&array);
    return status;
}

static enum adv_status consume_idx(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_array array;
    enum adv_status status = adv_idx_parse(bytes, n, "input", &array, error);
    if (status == ADV_OK)
        read_array(&array);
    return status;
}

static enum adv_status decode_png(const uint8_t *bytes, size_t n, int n_channels,
                                  struct adv_error *error)
{
    /* The size is what the picture says, as long as it is small, so that all sizes are tried. */
    uint32_t width = n >= 24 ? load_u32(bytes + 16) : 1,
             height = n >= 24 ? load_u32(bytes + 20) : 1;
    struct adv_image image;
    enum adv_status status =
        adv_png_decode(bytes, n, width <= 256 ? (int)width : 9, height <= 256 ? (int)height : 6,
                       n_channels, &image, error);
    if (status != ADV_OK)
        return status;
    size_t n_samples = (size_t)image.width * (size_t)image.height * (size_t)image.n_channels;
    for (size_t i = 0; i < n_samples; i++)
        sink += image.pixels[i];
    adv_image_release(&image);
    return ADV_OK;
}

/* As colours, then as grey, which pictures with colours may well refuse. */
static enum adv_status consume_png(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_error grey_error = ADV_ERROR_INIT;
    enum adv_status status = decode_png(bytes, n, 3, error);
    if (status != ADV_OK)
        return status;
    status = decode_png(bytes, n, 1, &grey_error);
    io_check_report(status, &grey_error);
    return status == ADV_OK || status == ADV_E_INVALID
               ? ADV_OK
               : adv_fail(error, status, "as grey: %s", grey_error.message);
}

static void repair_png(uint8_t *bytes, size_t n)
{
    for (size_t at = 8; n > at && n - at >= 12;) {
        size_t length = load_u32(bytes + at);
        if (length > n - at - 12)
            return;
        uLong crc = crc32_z(0, bytes + at + 4, length + 4);
        for (int i = 0; i < 4; i++)
            bytes[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + length;
    }
}

const struct io_parser io_parsers[] = {
    {"safetensors", consume_safetensors, NULL, true},
    {"npy", consume_npy, NULL, true},
    {"csv", consume_csv, NULL, false},
    {"idx", consume_idx, NULL, true},
    {"png", consume_png, repair_png, true},
};
const size_t n_io_parsers = sizeof io_parsers / sizeof io_parsers[0];

const struct io_parser *io_parser_find(const char *name)
{
    for (size_t i = 0; i < n_io_parsers; i++)
        if (strcmp(io_parsers[i].name, name) == 0)
            return &io_parsers[i];
    return NULL;
}

void io_check_report(enum adv_status status, const struct adv_error *error)
{
    bool empty = error->message[0] == '\0';
    if (status != error->status || (status == ADV_OK) != empty) {
        fprintf(stderr, "status %s, but report %s: '%s'\n", adv_status_name(status),
                adv_status_name(error->status), error->message);
        abort();
    }
}

/* ---------------------------------------------------------------- inputs */

static int no_dot_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void load(struct io_input *input)
{
    void *bytes;
    struct adv_error error = ADV_ERROR_INIT;
    if (adv_file_read(input->path, 1 << 20, &bytes, &input->n, &error) != ADV_OK) {
        fprintf(stderr, "%s\n", error.message);
        abort();
    }
    /* Exactly as large as the input, so that a reader past its end is caught. */
    input->bytes = allocate(input->n);
    memcpy(input->bytes, bytes, input->n);
    free(bytes);
}

struct io_input *io_inputs_load(const char *folder, const char *parser, size_t *count)
{
    char path[128];
    struct dirent **entries = NULL;
    snprintf(path, sizeof path, "tests/fuzz/%s/%s", folder, parser);
    int n = scandir(path, &entries, no_dot_file, alphasort);
    *count = n > 0 ? (size_t)n : 0;
    struct io_input *inputs = allocate(*count * sizeof *inputs);
    for (size_t i = 0; i < *count; i++) {
        snprintf(inputs[i].path, sizeof inputs[i].path, "%s/%.100s", path, entries[i]->d_name);
        load(&inputs[i]);
        free(entries[i]);
    }
    free(entries);
    return inputs;
}

void io_inputs_free(struct io_input *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(inputs[i].bytes);
    free(inputs);
}
