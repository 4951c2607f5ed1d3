/* Recipes of training, and the networks that they name. */
#include "tests/fuzz/consume.h"

#include "core/dataset/supports.h"

#include <advect/extra/json.h>

#include <advect/extra/net.h>
#include <advect/extra/recipe.h>
#include <advect/extra/transform.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum adv_status no_memory(struct adv_error *error)
{
    return adv_fail(error, ADV_E_MEMORY, "no memory for the recipe");
}

/* What a recipe says when it is written out is what it says when that is read. */
static enum adv_status check_written(const struct adv_recipe *recipe, struct adv_error *error)
{
    json_t *written = adv_recipe_to_json(recipe), *again = NULL;
    struct adv_recipe read = {0};
    enum adv_status status = written ? adv_recipe_init(&read, written, error) : no_memory(error);
    if (status == ADV_OK) {
        again = adv_recipe_to_json(&read);
        status = again ? adv_recipe_check_same(written, again, error) : no_memory(error);
    }
    if (status != ADV_OK && status != ADV_E_MEMORY)
        abort();
    adv_recipe_release(&read);
    json_decref(again);
    json_decref(written);
    return status;
}

/* What a transform of columns decodes, it must also take, unless the map leaves the range of
 * numbers. */
static enum adv_status try_transform(const json_t *spec, struct adv_error *error)
{
    const size_t dim = json_array_size(json_object_get(spec, "columns"));
    const float states[] = {-30, -6, -1, 0, 0.5f, 3, 30};
    struct adv_transform *transform = NULL;
    float flow[8], point[8];
    if (dim < 1 || dim > 8)
        return ADV_OK;
    enum adv_status status = adv_transform_new(spec, dim, &transform, error);
    for (size_t i = 0; status == ADV_OK && adv_transform_is_fitted(transform) && i < 7; i++) {
        double log_det;
        for (size_t k = 0; k < dim; k++)
            flow[k] = states[(i + k) % 7];
        adv_transform_decode(transform, 1, flow, point, &log_det);
        adv_transform_encode(transform, 1, point, flow, NULL);
        struct adv_error inner = ADV_ERROR_INIT;
        if (isnan(log_det) ||
            (adv_transform_check(transform, point, &inner) != ADV_OK &&
             !strstr(inner.message, "out of the range") && !strstr(inner.message, "at most 2^24")))
            abort();
    }
    adv_transform_free(transform);
    return status;
}

/* Supports of a table of four columns, named a, b, c and d. */
static enum adv_status try_support(const json_t *support, struct adv_error *error)
{
    char *names[] = {"a", "b", "c", "d"};
    struct adv_dataset table = {.n_dims = 1, .dim = 4, .source.rows.columns = names};
    bool *stated = NULL;
    json_t *spec = NULL;
    if (!support)
        return ADV_OK;
    enum adv_status status = adv_table_transform(&table, support, &stated, &spec, error);
    if (status == ADV_OK)
        status = try_transform(spec, error);
    json_decref(spec);
    free(stated);
    return status;
}

enum adv_status fuzz_consume_recipe(const uint8_t *bytes, size_t n, struct adv_error *error)
{
    json_error_t flaw;
    json_t *json = json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, &flaw);
    if (!json)
        return adv_fail(error, ADV_E_FORMAT, "not JSON: %s", flaw.text);
    struct adv_recipe recipe = {0};
    struct adv_net *net = NULL;
    enum adv_status status = adv_recipe_init(&recipe, json, error);
    if (status == ADV_OK)
        status = check_written(&recipe, error);
    if (status == ADV_OK)
        status = try_transform(recipe.data.transform, error);
    if (status == ADV_OK)
        status = try_support(recipe.data.support, error);
    if (status == ADV_OK)
        status = adv_net_new(recipe.net, &net, error);
    adv_net_free(net);
    adv_recipe_release(&recipe);
    json_decref(json);
    return status;
}
