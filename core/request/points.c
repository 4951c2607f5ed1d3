/* Points from files and uploads. What 8-bit values mean depends on the model and on the space,
 * which a later field may name: they are kept as they came until the query is made. */
#include "core/base/mem.h"
#include "core/base/words.h"
#include "core/io/gzip.h"
#include "core/request/table.h"

#include <advect/array_file.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/png.h>
#include <advect/extra/table.h>
#include <stdlib.h>
#include <string.h>

/* Images [n, height, width, channels] of the model's sides become [n, channels, height, width]. */
static enum adv_status put_channels_first(const struct adv_model *model, struct adv_array *array,
                                          struct adv_error *error)
{
    size_t shape[3];
    bool moved, is_theirs = adv_model_shape(model, shape) == 3 && array->n_dims == 4 &&
                            array->shape[1] == shape[1] && array->shape[2] == shape[2] &&
                            array->shape[3] == shape[0];
    return is_theirs ? adv_array_channels_first(array, &moved, error) : ADV_OK;
}

static const char *points_field(const struct adv_request *request)
{
    return adv_query_from_base(request->kind) ? "x0" : "points";
}

static struct adv_name_words column_words(const struct adv_model *model)
{
    return adv_request_name_words(model, adv_model_dim(model), adv_model_column_name);
}

/* [n, ...] is n points, and [dim] is one. */
static enum adv_status take_array(struct adv_request *request, const struct adv_model *model,
                                  const char *name, struct adv_array *array,
                                  struct adv_error *error)
{
    size_t dim = adv_model_dim(model);
    enum adv_status status = put_channels_first(model, array, error);
    if (status != ADV_OK) {
        adv_array_release(array);
        return status;
    }
    size_t n = array->n_dims >= 2 ? array->shape[0] : array->n_elements == dim;
    if (n == 0 || array->n_elements / n != dim || array->n_elements % n != 0) {
        struct adv_shape_words shape = adv_request_shape_words(array);
        adv_array_release(array);
        return adv_fail_field(error, ADV_E_INVALID, points_field(request),
                              "%s has %s; a point of this model has %zu%s", name, shape.text, dim,
                              column_words(model).text);
    }
    float *points = array->data;
    bool is_8_bit = array->levels == ADV_LEVELS;
    array->data = NULL;
    adv_array_release(array);
    status = adv_request_set_points(request, n, dim, points, error);
    request->points_are = is_8_bit ? ADV_POINTS_UINT8 : ADV_POINTS_NUMBERS;
    return status;
}

/* Pixels [height, width, channels] as a point [channels, height, width]. */
static void fill_point(const struct adv_image *image, float *point)
{
    size_t channels = (size_t)image->n_channels;
    size_t n_pixels = (size_t)image->width * (size_t)image->height;
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < n_pixels; i++)
            point[c * n_pixels + i] = image->pixels[i * channels + c];
    }
}

enum adv_status adv_request_parse_png(struct adv_request *request, const struct adv_model *model,
                                      const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_error *error)
{
    size_t shape[3] = {1, 1, 1}, dim = adv_model_dim(model);
    struct adv_image image = {0};
    if (!adv_model_is_image(model))
        return adv_fail(error, ADV_E_INVALID, "%s is an image, but this model's points are not",
                        name);
    if (adv_model_levels(model).kind == ADV_LEVELS_NONE)
        return adv_fail(error, ADV_E_INVALID,
                        "this model's config states no range of intensities, so an image cannot be "
                        "put in its units; send the numbers as JSON or NPY");
    if (adv_query_from_base(request->kind))
        return adv_fail(error, ADV_E_INVALID,
                        "%s is an image, but starts are in base units; send them as JSON or NPY",
                        name);
    adv_model_shape(model, shape);
    enum adv_status status =
        adv_png_decode(bytes, n_bytes, (int)shape[2], (int)shape[1], (int)shape[0], &image, error);
    if (status != ADV_OK)
        return status;
    float *point = calloc(dim, sizeof *point);
    if (point)
        fill_point(&image, point);
    adv_image_release(&image);
    if (!point)
        return adv_no_memory(error);
    status = adv_request_set_points(request, 1, dim, point, error);
    request->points_are = ADV_POINTS_PIXELS;
    return status;
}

enum adv_status adv_request_parse_npy(struct adv_request *request, const struct adv_model *model,
                                      const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_error *error)
{
    struct adv_array array = {0};
    enum adv_status status = adv_npy_parse(bytes, n_bytes, name, &array, error);
    if (status == ADV_OK)
        return take_array(request, model, name, &array, error);
    adv_request_name_fault(error, points_field(request));
    return status;
}

/* ---------------------------------------------------------------- text */

char *adv_request_rows_of_text(const char *text)
{
    char *array = adv_calloc(3 * strlen(text) + sizeof "[[]]", 1);
    if (!array)
        return NULL;
    char *out = stpcpy(array, "[[");
    for (const char *at = text; *at; at++) {
        if (*at == ';')
            out = stpcpy(out, "],[");
        else
            *out++ = *at;
    }
    stpcpy(out, "]]");
    return array;
}

static enum adv_status refuse_text(const char *name, const char *text, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, name,
                          "%s is %s; it must be numbers separated by commas, and points by "
                          "semicolons, as in 0.5,0.5;1,2",
                          name, adv_quote(text).text);
}

enum adv_status adv_request_parse_text(struct adv_request *request, const struct adv_model *model,
                                       const char *text, struct adv_error *error)
{
    const char *name = points_field(request);
    if (strpbrk(text, "[]"))
        return refuse_text(name, text, error);
    char *array = adv_request_rows_of_text(text);
    if (!array)
        return adv_no_memory(error);
    const char *end = array + strlen(array);
    struct adv_scan scan = adv_scan_array(array, end);
    request->model = model;
    enum adv_status status = adv_request_scan_points(request, name, &scan, error);
    request->model = NULL; /* the caller's */
    bool whole = !scan.flaw && adv_scan_blanks(scan.at, end) == end;
    free(array);
    if (whole || (status != ADV_OK && status != ADV_E_FORMAT))
        return status;
    return refuse_text(name, text, error);
}

/* ---------------------------------------------------------------- tables */

/* The labels of a table as the model's classes. */
static enum adv_status take_labels(struct adv_request *request, const struct adv_model *model,
                                   const char *name, const struct adv_table *table,
                                   struct adv_error *error)
{
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    size_t n = table->rows.shape[0], odd;
    int32_t *class_of = adv_calloc(table->n_classes, sizeof *class_of);
    int32_t *labels = adv_calloc(n, sizeof *labels);
    enum adv_status status = class_of && labels ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK &&
        !adv_table_match(table->classes, table->n_classes, json_object_get(data, "labels"),
                         adv_model_classes(model), class_of, &odd))
        status =
            adv_fail_field(error, ADV_E_INVALID, "label",
                           "%s has the label %s, which is none of the model's %zu classes", name,
                           adv_quote(table->classes[odd]).text, adv_model_classes(model));
    for (size_t i = 0; i < n && status == ADV_OK; i++)
        labels[i] = class_of[table->label[i]];
    free(class_of);
    if (status != ADV_OK) {
        free(labels);
        return status;
    }
    free(request->labels);
    request->labels = labels;
    request->n_labels = n;
    request->one_label = false;
    return ADV_OK;
}

static enum adv_status check_label_column(const struct adv_request *request,
                                          const struct adv_model *model, const char *label_column,
                                          struct adv_error *error)
{
    static const char field[] = "label_column";
    if (label_column && adv_model_classes(model) == 0)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "label_column is %s, but the model has no classes",
                              adv_quote(label_column).text);
    if (label_column && request->labels)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "label and label_column both say the labels; give one of them");
    return ADV_OK;
}

/* Reads with the labels of the named column or, where it is NULL, of one that goes without
 * saying. */
static enum adv_status parse_table(const struct adv_request *request, const struct adv_model *model,
                                   const void *bytes, size_t n_bytes, const char *path,
                                   const char *label_column, struct adv_table *table,
                                   struct adv_error *error)
{
    const json_t *data = json_object_get(adv_model_config_json(model), "data");
    const json_t *own = json_object_get(json_object_get(data, "source"), "label_column");
    json_t *named = json_string(label_column ? label_column : "label");
    bool in_base = adv_query_from_base(request->kind);
    bool labelled = adv_model_classes(model) > 0 && !request->labels && !in_base;
    struct adv_table_options options = {
        .names =
            in_base || !adv_model_column_name(model, 0) ? NULL : json_object_get(data, "columns"),
        .label_may_lack = !label_column,
        .label_column = !labelled              ? NULL
                        : label_column || !own ? named
                                               : own,
    };
    enum adv_status status = named ? adv_table_parse(bytes, n_bytes, path, &options, table, error)
                                   : adv_no_memory(error);
    if (status == ADV_OK && labelled && !table->label && options.label_column == own) {
        adv_table_release(table);
        options.label_column = named;
        status = adv_table_parse(bytes, n_bytes, path, &options, table, error);
    }
    json_decref(named);
    return status;
}

static enum adv_status load_table(struct adv_request *request, const struct adv_model *model,
                                  const void *bytes, size_t n_bytes, const char *path,
                                  const char *label_column, struct adv_error *error)
{
    struct adv_table table = {0};
    enum adv_status status = check_label_column(request, model, label_column, error);
    if (status == ADV_OK)
        status = parse_table(request, model, bytes, n_bytes, path, label_column, &table, error);
    if (status != ADV_OK)
        adv_request_name_fault(error, points_field(request));
    if (status == ADV_OK && table.label)
        status = take_labels(request, model, path, &table, error);
    if (status == ADV_OK && !adv_query_from_base(request->kind))
        status = adv_request_take_contexts(request, model, bytes, n_bytes, path, error);
    if (status == ADV_OK)
        status = take_array(request, model, path, &table.rows, error);
    adv_table_release(&table);
    return status;
}

enum adv_status adv_request_parse_csv(struct adv_request *request, const struct adv_model *model,
                                      const void *bytes, size_t n_bytes, const char *name,
                                      struct adv_error *error)
{
    return load_table(request, model, bytes, n_bytes, name, NULL, error);
}

static enum adv_status parse_plain(struct adv_request *request, const struct adv_model *model,
                                   const void *bytes, size_t n_bytes, const char *name,
                                   const char *label_column, struct adv_error *error)
{
    struct adv_array array = {0};
    if (adv_file_format(bytes, n_bytes) == ADV_FILE_PNG)
        return adv_request_parse_png(request, model, bytes, n_bytes, name, error);
    if (adv_file_format(bytes, n_bytes) == ADV_FILE_TEXT)
        return load_table(request, model, bytes, n_bytes, name, label_column, error);
    enum adv_status status = adv_array_parse(bytes, n_bytes, name, &array, error);
    if (status == ADV_OK)
        return take_array(request, model, name, &array, error);
    adv_request_name_fault(error, points_field(request));
    return status;
}

enum adv_status adv_request_parse_points(struct adv_request *request, const struct adv_model *model,
                                         const void *bytes, size_t n_bytes, const char *name,
                                         const char *label_column, struct adv_error *error)
{
    if (!adv_is_gzip(bytes, n_bytes))
        return parse_plain(request, model, bytes, n_bytes, name, label_column, error);
    void *plain;
    size_t n_plain;
    enum adv_status status = adv_inflate(bytes, n_bytes, name, &plain, &n_plain, error);
    if (status != ADV_OK)
        return status;
    status = parse_plain(request, model, plain, n_plain, name, label_column, error);
    free(plain);
    return status;
}

enum adv_status adv_request_load_points(struct adv_request *request, const struct adv_model *model,
                                        const char *path, const char *label_column,
                                        struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_request_parse_points(request, model, bytes, n_bytes, path, label_column, error);
    free(bytes);
    return status;
}

enum adv_status adv_request_settle_points(struct adv_request *request,
                                          const struct adv_model *model, struct adv_error *error)
{
    bool in_data_units =
        !adv_query_from_base(request->kind) && request->options.space == ADV_SPACE_DATA;
    enum adv_points_kind kind = request->points_are;
    if (!request->points || kind == ADV_POINTS_NUMBERS)
        return ADV_OK;
    if (kind == ADV_POINTS_PIXELS && !in_data_units)
        return adv_fail_field(
            error, ADV_E_INVALID, "space",
            "space is \"flow\", but an image is in data units: leave space out, or "
            "send the numbers as JSON or NPY");
    struct adv_levels levels = adv_model_levels(model);
    if (in_data_units)
        adv_levels_to_data(&levels, request->n_points, request->dim, request->points);
    request->points_are = ADV_POINTS_NUMBERS;
    return ADV_OK;
}
