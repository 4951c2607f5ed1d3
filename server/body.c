#include "server/body.h"

#include "server/negotiate.h"

#include <advect/array_file.h>
#include <advect/rng.h>
#include <stdlib.h>

static enum adv_status read_json(const struct adv_exchange *exchange, const struct adv_model *model,
                                 struct adv_request *request, struct adv_error *error)
{
    (void)model;
    const struct adv_bytes *body = &exchange->body;
    if (exchange->target.n_pairs)
        return adv_fail_field(error, ADV_E_FORMAT, exchange->target.pairs[0].name,
                              "the fields of a JSON request stand in its body, not in the URL");
    if (!body->n)
        return adv_fail(error, ADV_E_FORMAT, "the body is empty; a JSON object is wanted: {}");
    json_error_t where;
    json_t *json = json_loadb((const char *)body->data, body->n,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (!json)
        return adv_fail(error, ADV_E_FORMAT, "the body is not JSON: line %d, column %d: %s",
                        where.line, where.column, where.text);
    enum adv_status status = adv_request_read_json(request, json, &exchange->server->limits, error);
    json_decref(json);
    return status;
}

/* The fields beside an upload. */
static enum adv_status read_url(const struct adv_exchange *exchange, struct adv_request *request,
                                struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < exchange->target.n_pairs && status == ADV_OK; i++)
        status = adv_request_set_text(request, exchange->target.pairs[i].name,
                                      exchange->target.pairs[i].value, error);
    return status;
}

/* [n, ...] is n points, and [dim] is one. */
static enum adv_status read_npy(const struct adv_exchange *exchange, const struct adv_model *model,
                                struct adv_request *request, struct adv_error *error)
{
    struct adv_array array = {0};
    enum adv_status status =
        adv_npy_parse(exchange->body.data, exchange->body.n, "the body", &array, error);
    if (status != ADV_OK)
        return status;
    size_t dim = adv_model_dim(model);
    size_t n = array.n_dims >= 2 ? array.shape[0] : array.n_elements == dim;
    if (n == 0 || array.n_elements / n != dim || array.n_elements % n != 0) {
        adv_array_release(&array);
        return adv_fail(error, ADV_E_INVALID,
                        "the body's array is not of shape [n, %zu], which this model's points have",
                        dim);
    }
    float *points = array.data;
    array.data = NULL;
    adv_array_release(&array);
    status = adv_request_set_points(request, n, dim, points, error);
    return status == ADV_OK ? read_url(exchange, request, error) : status;
}

/* Data units of 8-bit values: a place in level k drawn from its breadth where the model's data were
 * dequantised levels, else the stated range from one end to the other. */
struct units {
    double at_0, per_level;
    bool dequantised;
};

static enum adv_status find_units(const struct adv_model *model, struct units *units,
                                  struct adv_error *error)
{
    const struct adv_transform *transform = adv_model_transform(model);
    double lo, hi;
    if (!adv_model_is_image(model))
        return adv_fail(error, ADV_E_INVALID,
                        "the body is an image, but this model's points are not");
    if (!adv_transform_range(transform, &lo, &hi))
        return adv_fail(error, ADV_E_INVALID,
                        "this model's config states no range of intensities, so an image cannot be "
                        "put in its units; send the numbers as JSON or NPY");
    units->dequantised = adv_transform_levels(transform) == 256;
    units->per_level = (hi - lo) / (units->dequantised ? 256 : 255);
    units->at_0 = lo;
    return ADV_OK;
}

/* Pixels [height, width, channels] as a point [channels, height, width]. A model that knows the
 * levels well is denser in their middles than images are on average, so each pixel's place in its
 * level is drawn; always the same, so that an image has one density. point is zeros before. */
static void fill_point(const struct units *units, const uint8_t *pixels, const size_t shape[3],
                       float *point)
{
    size_t channels = shape[0], n_pixels = shape[1] * shape[2];
    if (units->dequantised)
        adv_rng_uniform(0, ADV_STREAM_DEQUANTISE, 0, 1, channels * n_pixels, point);
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < n_pixels; i++) {
            float *to = &point[c * n_pixels + i];
            double level = pixels[i * channels + c] + (double)*to;
            *to = (float)(units->at_0 + units->per_level * level);
        }
    }
}

/* One image. */
static enum adv_status read_png(const struct adv_exchange *exchange, const struct adv_model *model,
                                struct adv_request *request, struct adv_error *error)
{
    struct units units = {0};
    size_t shape[3] = {1, 1, 1};
    struct adv_image image = {0};
    enum adv_status status = find_units(model, &units, error);
    if (status != ADV_OK)
        return status;
    adv_model_shape(model, shape);
    status = adv_png_decode(exchange->body.data, exchange->body.n, (int)shape[2], (int)shape[1],
                            (int)shape[0], &image, error);
    if (status != ADV_OK)
        return status;
    size_t dim = shape[0] * shape[1] * shape[2];
    float *point = calloc(dim, sizeof *point);
    if (!point) {
        adv_image_release(&image);
        return adv_fail(error, ADV_E_MEMORY, "out of memory");
    }
    fill_point(&units, image.pixels, shape, point);
    adv_image_release(&image);
    status = adv_request_set_points(request, 1, dim, point, error);
    return status == ADV_OK ? read_url(exchange, request, error) : status;
}

static const struct body_type {
    const char *media_type;
    bool of_data_only; /* points in data units: not the starts of samples and trajectories */
    enum adv_status (*read)(const struct adv_exchange *exchange, const struct adv_model *model,
                            struct adv_request *request, struct adv_error *error);
} types[] = {
    {"application/json", false, read_json},
    {"application/x-npy", false, read_npy},
    {"image/png", true, read_png},
};

static const struct body_type *find_type(enum adv_query_kind kind, const char *content_type)
{
    bool from_base = kind == ADV_QUERY_SAMPLES || kind == ADV_QUERY_TRAJECTORIES;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (adv_content_type_is(content_type, types[i].media_type) &&
            !(from_base && types[i].of_data_only))
            return &types[i];
    }
    return NULL;
}

bool adv_body_is_taken(enum adv_query_kind kind, const char *content_type)
{
    return find_type(kind, content_type) != NULL;
}

const char *adv_body_types(enum adv_query_kind kind)
{
    return adv_body_is_taken(kind, "image/png") ? "application/json, application/x-npy, image/png"
                                                : "application/json, application/x-npy";
}

enum adv_status adv_body_read(const struct adv_exchange *exchange, const struct adv_model *model,
                              struct adv_request *request, struct adv_error *error)
{
    enum adv_query_kind kind = exchange->route->kind;
    return find_type(kind, exchange->head.content_type)->read(exchange, model, request, error);
}
