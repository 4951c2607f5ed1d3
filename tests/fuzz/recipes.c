/* Recipes of training, and the networks that they name. */
#include "tests/fuzz/consume.h"

#include <advect/extra/json.h>

#include <advect/extra/net.h>
#include <advect/extra/recipe.h>
#include <stdlib.h>

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
        status = adv_net_new(recipe.net, &net, error);
    adv_net_free(net);
    adv_recipe_release(&recipe);
    json_decref(json);
    return status;
}
