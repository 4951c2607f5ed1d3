/* Points from files and uploads. What 8-bit values mean depends on the model and on the space,
 * which a later field may name: they are kept as they came until the query is made. */
#include "core/io/gzip.h"
#include "core/request/table.h"

#include <advect/array_file.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/png.h>
#include <stdlib.h>
#include <string.h>

/* [n, ...] is n points, and [dim] is one. */
static enum adv_status take_array(struct adv_request *request, const struct adv_model *model,
                                  const char *name, struct adv_array *array,
                                  struct adv_error *error)
{
    size_t dim = adv_model_dim(model);
    size_t n = array->n_dims >= 2 ? array->shape[0] : array->n_elements == dim;
    if (n == 0 || array->n_elements / n != dim || array->n_elements % n != 0) {
        adv_array_release(array);
        return adv_fail(error, ADV_E_INVALID,
                        "%s's array is not of shape [n, %zu], which this model's points have", name,
                        dim);
    }
    float *points = array->data;
    bool is_8_bit = array->levels == ADV_LEVELS;
    array->data = NULL;
    adv_array_release(array);
    enum adv_status status = adv_request_set_points(request, n, dim, points, error);
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
    return status == ADV_OK ? take_array(request, model, name, &array, error) : status;
}

enum adv_status adv_request_load_points(struct adv_request *request, const struct adv_model *model,
                                        const char *path, struct adv_error *error)
{
    struct adv_array array = {0};
    void *bytes;
    size_t n_bytes;
    enum adv_status status = adv_file_read_plain(path, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    if (adv_file_format(bytes, n_bytes) == ADV_FILE_PNG) {
        status = adv_request_parse_png(request, model, bytes, n_bytes, path, error);
    } else {
        status = adv_array_parse(bytes, n_bytes, path, &array, error);
        if (status == ADV_OK)
            status = take_array(request, model, path, &array, error);
    }
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
