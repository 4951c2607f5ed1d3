/* Models of kind "empirical", made of points without training. */
#include "trainer/cli/environment.h"
#include "trainer/cli/json.h"
#include "trainer/model/import.h"

#include <advect/array_file.h>
#include <advect/extra/levels.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/table.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *names_of(const struct adv_array *rows)
{
    json_t *names = json_array();
    for (size_t i = 0; i < rows->shape[1]; i++) {
        if (json_array_append_new(names, json_string(rows->columns[i]))) {
            json_decref(names);
            return NULL;
        }
    }
    return names;
}

static void print_notes(const struct adv_table *table)
{
    const char *notes = table->notes.n ? (const char *)table->notes.data : "";
    while (*notes) {
        int n = (int)strcspn(notes, "\n");
        fprintf(stderr, "advect: data: %.*s\n", n, notes);
        notes += n + (notes[n] == '\n');
    }
}

static enum adv_status read_table(const char *path, const char *columns, int64_t missing,
                                  struct adv_array *array, struct adv_error *error)
{
    struct adv_table table = {0};
    json_t *chosen = columns ? adv_json_columns(columns) : NULL;
    if (columns && !chosen)
        return adv_fail_field(error, ADV_E_INVALID, "columns", "columns must be names in UTF-8");
    const struct adv_table_options options = {.columns = chosen, .missing = missing, .where = "--"};
    enum adv_status status = adv_table_read(path, &options, &table, error);
    json_decref(chosen);
    if (status != ADV_OK)
        return status;
    print_notes(&table);
    *array = table.rows;
    table.rows = (struct adv_array){0};
    adv_table_release(&table);
    return ADV_OK;
}

/* A table, or an array of any format. */
static enum adv_status read_array(const char *path, const char *columns, int64_t missing,
                                  struct adv_array *array, struct adv_error *error)
{
    enum adv_file_format format;
    bool moved;
    enum adv_status status = adv_file_format_read(path, &format, error);
    if (status != ADV_OK)
        return status;
    if (format == ADV_FILE_TEXT)
        return read_table(path, columns, missing, array, error);
    if (columns)
        return adv_fail_field(error, ADV_E_INVALID, "columns",
                              "--columns is for CSV files, which %s is not", path);
    status = adv_array_read(path, array, error);
    return status == ADV_OK ? adv_array_channels_first(array, &moved, error) : status;
}

enum adv_status adv_samples_read(const char *path, const char *columns, int64_t missing,
                                 struct adv_samples *samples, struct adv_error *error)
{
    struct adv_array array = {0};
    enum adv_status status = read_array(path, columns, missing, &array, error);
    if (status == ADV_OK && (array.n_dims < 1 || array.n_elements == 0))
        status = adv_fail(error, ADV_E_INVALID, "%s holds no samples", path);
    json_t *names = status == ADV_OK && array.columns ? names_of(&array) : NULL;
    if (status == ADV_OK && array.columns && !names)
        status = adv_no_memory(error);
    if (status == ADV_OK) {
        *samples = (struct adv_samples){.n = array.shape[0],
                                        .dim = array.n_elements / array.shape[0],
                                        .points = array.data,
                                        .are_uint8 = array.levels == ADV_LEVELS,
                                        .columns = names};
        array.data = NULL;
    }
    adv_array_release(&array);
    return status;
}

static bool is_image(const json_t *data)
{
    const json_t *shape = json_object_get(data, "shape");
    json_int_t channels = json_integer_value(json_array_get(shape, 0));
    return json_array_size(shape) == 3 && (channels == 1 || channels == 3);
}

/* The fitted transform, and the points in its units. */
static enum adv_status encode(const struct adv_samples *samples, const json_t *data,
                              const json_t *spec, json_t **fitted, float *encoded,
                              struct adv_error *error)
{
    struct adv_transform *transform = NULL;
    size_t n = samples->n, dim = samples->dim;
    enum adv_status status = adv_transform_new(spec, dim, &transform, error);
    memcpy(encoded, samples->points, n * dim * sizeof *encoded);
    if (status == ADV_OK && samples->are_uint8 && is_image(data))
        status = adv_transform_state_8_bit(transform, false, error);
    if (status == ADV_OK && samples->are_uint8) {
        struct adv_levels levels = adv_levels_of(transform, is_image(data));
        adv_levels_to_data(&levels, n, dim, encoded);
    }
    if (status == ADV_OK)
        status = adv_transform_fit(transform, n, encoded, error);
    for (size_t i = 0; i < n && status == ADV_OK; i++) {
        status = adv_transform_check(transform, encoded + i * dim, error);
        if (status != ADV_OK)
            adv_error_prefix(error, "row %zu: ", i);
    }
    if (status == ADV_OK) {
        adv_transform_encode(transform, n, encoded, encoded, NULL);
        *fitted = adv_transform_to_json(transform);
        status = *fitted ? ADV_OK : adv_no_memory(error);
    }
    adv_transform_free(transform);
    return status;
}

static json_t *config_of(const char *name, size_t n, size_t dim, double bandwidth,
                         const json_t *data, json_t *transform)
{
    json_t *config = json_pack("{s:s, s:{s:s, s:I, s:I, s:f}, s:s}", "name", name, "net", "kind",
                               "empirical", "dim", (json_int_t)dim, "samples", (json_int_t)n,
                               "bandwidth", bandwidth, "path", "condot");
    json_t *own = json_object();
    bool failed = !config || !own || (data && json_object_update(own, (json_t *)data) != 0) ||
                  json_object_set(own, "transform", transform) != 0;
    if (!failed)
        failed = json_object_set(config, "data", own) != 0;
    json_decref(own);
    if (!failed)
        return config;
    json_decref(config);
    return NULL;
}

enum adv_status adv_empirical_model(const struct adv_samples *samples, const json_t *data,
                                    const json_t *spec, double bandwidth, const char *name,
                                    struct adv_model **model, struct adv_error *error)
{
    json_t *transform = NULL, *config = NULL;
    float *encoded = calloc(samples->n * samples->dim, sizeof *encoded);
    enum adv_status status =
        encoded ? encode(samples, data, spec, &transform, encoded, error) : adv_no_memory(error);
    if (status == ADV_OK) {
        config = config_of(name, samples->n, samples->dim, bandwidth, data, transform);
        status = config ? adv_model_new_json(config, encoded, adv_environment(), model, error)
                        : adv_no_memory(error);
    }
    json_decref(config);
    json_decref(transform);
    free(encoded);
    return status;
}

/* Where pictures of points of the plane look: a box around them, or NULL without memory. */
static json_t *box_of(size_t n, const float *points)
{
    double lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < 2 * n; i++) {
        lo[i % 2] = fmin(lo[i % 2], (double)points[i]);
        hi[i % 2] = fmax(hi[i % 2], (double)points[i]);
    }
    for (size_t k = 0; k < 2; k++) {
        double margin = hi[k] > lo[k] ? (hi[k] - lo[k]) / 8 : 1;
        lo[k] -= margin;
        hi[k] += margin;
    }
    return json_pack("[[f, f], [f, f]]", lo[0], hi[0], lo[1], hi[1]);
}

static json_t *data_of(const struct adv_samples *samples, const json_t *shape)
{
    json_t *data = json_object();
    bool failed = !data || (shape && json_object_set(data, "shape", (json_t *)shape) != 0);
    if (!failed && samples->columns)
        failed = json_object_set(data, "columns", samples->columns) != 0;
    if (!failed && samples->dim == 2)
        failed = json_object_set_new(data, "box", box_of(samples->n, samples->points)) != 0;
    if (!failed)
        return data;
    json_decref(data);
    return NULL;
}

enum adv_status adv_import_samples(const char *path, const struct adv_import_options *options,
                                   const char *name, struct adv_model **model,
                                   struct adv_error *error)
{
    const char *foreign = options->config    ? "config"
                          : options->labels  ? "labels"
                          : options->classes ? "classes"
                                             : NULL;
    if (foreign)
        return adv_fail_field(error, ADV_E_INVALID, foreign,
                              "--%s is for weights; %s holds samples", foreign, path);
    struct adv_samples samples = {0};
    enum adv_status status =
        adv_samples_read(path, options->columns, options->missing, &samples, error);
    if (status != ADV_OK)
        return status;
    json_t *data = data_of(&samples, options->shape);
    status = data ? adv_empirical_model(&samples, data, options->transform, options->bandwidth,
                                        name, model, error)
                  : adv_no_memory(error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", path);
    json_decref(data);
    json_decref(samples.columns);
    free(samples.points);
    return status;
}
