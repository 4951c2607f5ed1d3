/* Formats of files. */
#include "tests/fuzz/consume.h"

#include <advect/array_file.h>
#include <advect/extra/png.h>
#include <advect/extra/safetensors.h>
#include <advect/extra/table.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Where sums go, so that reading cannot be optimised away. */
static volatile double sink;

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

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

enum adv_status fuzz_consume_safetensors(const uint8_t *bytes, size_t n, struct adv_error *error)
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

enum adv_status fuzz_consume_npy(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_array array;
    enum adv_status status = adv_npy_parse(bytes, n, "input", &array, error);
    if (status == ADV_OK)
        read_array(&array);
    return status;
}

enum adv_status fuzz_consume_csv(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_array array;
    enum adv_status status = adv_csv_parse((const char *)bytes, n, "input", &array, error);
    if (status == ADV_OK)
        read_array(&array);
    return status;
}

static void read_table(struct adv_table *table)
{
    for (size_t i = 0; i < table->rows.shape[0]; i++) {
        if (table->label[i] < 0 || (size_t)table->label[i] >= table->n_classes)
            abort();
    }
    for (size_t i = 0; i < table->n_classes; i++)
        sink += (double)strlen(table->classes[i]);
    if (table->notes.n > 0 && strlen((const char *)table->notes.data) != table->notes.n)
        abort();
    read_array(&table->rows);
    adv_table_release(table);
}

enum adv_status fuzz_consume_table(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_table table;
    json_t *columns = json_pack("[s, s]", "*", "!note*"), *label = json_integer(0);
    const struct adv_table_options options = {
        .columns = columns, .label_column = label, .missing = ADV_MISSING_DROP};
    enum adv_status status = ADV_E_MEMORY;
    if (columns && label)
        status = adv_table_parse((const char *)bytes, n, "input", &options, &table, error);
    else
        adv_fail(error, status, "no memory for the options");
    if (status == ADV_OK)
        read_table(&table);
    json_decref(columns);
    json_decref(label);
    return status;
}

enum adv_status fuzz_consume_idx(const uint8_t *bytes, size_t n, struct adv_error *error)
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
enum adv_status fuzz_consume_png(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    struct adv_error grey_error = ADV_ERROR_INIT;
    enum adv_status status = decode_png(bytes, n, 3, error);
    if (status != ADV_OK)
        return status;
    status = decode_png(bytes, n, 1, &grey_error);
    fuzz_check_report(status, &grey_error);
    return status == ADV_OK || status == ADV_E_INVALID
               ? ADV_OK
               : adv_fail(error, status, "as grey: %s", grey_error.message);
}

void fuzz_repair_png(uint8_t *bytes, size_t n)
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
