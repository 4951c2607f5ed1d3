/* The model whose flow is exactly that of a finite set of points, each a Gaussian of a small
 * bandwidth: nothing is learned. */
#include "playground/module/exchange.h"

#include <advect/extra/json.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/transform.h>
#include <stdlib.h>

#define POINTS_MOST 20000
#define DIM 2

static enum adv_status read_points(const json_t *json, float **points, size_t *n,
                                   struct adv_error *error)
{
    *n = json_array_size(json);
    if (*n < 1 || *n > POINTS_MOST)
        return adv_fail_field(error, ADV_E_INVALID, "points",
                              "there are %zu points; there must be 1 to %d", *n, POINTS_MOST);
    float *read = calloc(*n * DIM, sizeof *read);
    if (!read)
        return adv_no_memory(error);
    for (size_t i = 0; i < *n * DIM; i++) {
        const json_t *value = json_array_get(json_array_get(json, i / DIM), i % DIM);
        if (!json_is_number(value)) {
            free(read);
            return adv_fail_field(error, ADV_E_INVALID, "points", "points[%zu] is not two numbers",
                                  i / DIM);
        }
        read[i] = (float)json_number_value(value);
    }
    *points = read;
    return ADV_OK;
}

/* The samples of the network are in flow units. */
static enum adv_status encode(const json_t *spec, size_t n, float *points, struct adv_error *error)
{
    struct adv_transform *transform = NULL;
    enum adv_status status = adv_transform_new(spec, DIM, &transform, error);
    for (size_t i = 0; i < n && status == ADV_OK; i++)
        status = adv_transform_check(transform, points + i * DIM, error);
    if (status == ADV_OK)
        adv_transform_encode(transform, n, points, points, NULL);
    adv_transform_free(transform);
    return status;
}

static json_t *config_of(const json_t *asked, size_t n)
{
    json_t *data = json_pack("{s:[i]}", "shape", DIM);
    static const char *const passed[] = {"transform", "box"};
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        json_t *member = json_object_get(asked, passed[i]);
        if (member)
            json_object_set(data, passed[i], member);
    }
    return json_pack("{s:O, s:{s:s, s:i, s:I, s:O}, s:o, s:s}", "name",
                     json_object_get(asked, "name"), "net", "kind", "empirical", "dim", DIM,
                     "samples", (json_int_t)n, "bandwidth", json_object_get(asked, "bandwidth"),
                     "data", data, "path", "condot");
}

static enum adv_status make(const json_t *asked, struct adv_model **model, struct adv_error *error)
{
    float *points = NULL;
    size_t n;
    if (!json_is_string(json_object_get(asked, "name")) ||
        !json_is_number(json_object_get(asked, "bandwidth")))
        return adv_fail(error, ADV_E_INVALID, "a name and a bandwidth are needed");
    enum adv_status status = read_points(json_object_get(asked, "points"), &points, &n, error);
    if (status != ADV_OK)
        return status;
    status = encode(json_object_get(asked, "transform"), n, points, error);
    json_t *config = status == ADV_OK ? config_of(asked, n) : NULL;
    if (status == ADV_OK)
        status =
            config ? adv_model_new_json(config, points, NULL, model, error) : adv_no_memory(error);
    json_decref(config);
    free(points);
    return status;
}

void adv_local_exact(struct adv_local_exchange *exchange)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    json_t *asked = NULL;
    enum adv_status status = adv_json_parse(exchange->sent, exchange->n_sent, &asked, &error);
    if (status == ADV_OK)
        status = make(asked, &model, &error);
    if (status == ADV_OK)
        status = adv_shelf_put(exchange->shelf, model, &error);
    if (status == ADV_OK)
        adv_local_reply_json(exchange, 200, json_pack("{s:s}", "name", adv_model_name(model)));
    else
        adv_local_refuse(exchange, &error);
    json_decref(asked);
}
