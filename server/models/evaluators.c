#include "server/models/evaluators.h"

#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <stdlib.h>

struct adv_evaluators_item {
    struct adv_model *model; /* a reference: the evaluator borrows its weights */
    struct adv_evaluator *evaluator;
};

void adv_evaluators_init(struct adv_evaluators *evaluators, struct adv_registry *registry,
                         struct adv_pool *pool)
{
    *evaluators = (struct adv_evaluators){
        .registry = registry, .pool = pool, .generation = adv_registry_generation(registry)};
}

static void release_item(struct adv_evaluators_item *item)
{
    adv_evaluator_free(item->evaluator);
    adv_model_unref(item->model);
}

void adv_evaluators_release(struct adv_evaluators *evaluators)
{
    for (size_t i = 0; i < evaluators->n; i++)
        release_item(&evaluators->items[i]);
    free(evaluators->items);
    evaluators->items = NULL;
    evaluators->n = evaluators->capacity = 0;
}

size_t adv_evaluators_bytes(const struct adv_evaluators *evaluators)
{
    size_t n_bytes = 0;
    for (size_t i = 0; i < evaluators->n; i++)
        n_bytes += adv_evaluator_bytes(evaluators->items[i].evaluator);
    return n_bytes;
}

static bool is_served(const struct adv_catalogue *catalogue, const struct adv_model *model)
{
    return adv_catalogue_find(catalogue, adv_model_name(model)) == model;
}

enum adv_status adv_evaluators_get(struct adv_evaluators *evaluators, struct adv_model *model,
                                   struct adv_evaluator **evaluator, struct adv_error *error)
{
    for (size_t i = 0; i < evaluators->n; i++) {
        if (evaluators->items[i].model == model) {
            *evaluator = evaluators->items[i].evaluator;
            return ADV_OK;
        }
    }
    enum adv_status status = adv_grow(&evaluators->items, &evaluators->capacity, evaluators->n + 1,
                                      sizeof *evaluators->items, error);
    if (status != ADV_OK)
        return status;
    struct adv_evaluators_item item = {.model = model};
    status = adv_evaluator_new(adv_model_packed_weights(model), &item.evaluator, error);
    if (status != ADV_OK)
        return status;
    if (evaluators->pool)
        adv_evaluator_share(item.evaluator, evaluators->pool);
    adv_model_ref(model);
    evaluators->items[evaluators->n++] = item;
    struct adv_catalogue *catalogue = adv_registry_catalogue(evaluators->registry);
    evaluators->stale = evaluators->stale || !is_served(catalogue, model);
    adv_catalogue_unref(catalogue);
    *evaluator = item.evaluator;
    return ADV_OK;
}

void adv_evaluators_trim(struct adv_evaluators *evaluators, bool idle)
{
    unsigned generation = adv_registry_generation(evaluators->registry);
    if (generation == evaluators->generation && !(idle && evaluators->stale))
        return;
    struct adv_catalogue *catalogue = adv_registry_catalogue(evaluators->registry);
    size_t kept = 0;
    for (size_t i = 0; i < evaluators->n; i++) {
        if (is_served(catalogue, evaluators->items[i].model))
            evaluators->items[kept++] = evaluators->items[i];
        else
            release_item(&evaluators->items[i]);
    }
    adv_catalogue_unref(catalogue);
    evaluators->n = kept;
    evaluators->generation = generation;
    evaluators->stale = false;
}
