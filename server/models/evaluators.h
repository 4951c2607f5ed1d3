/* A set of evaluators, a model each, made at first use. Not thread-safe: one worker's at a time. */
#ifndef ADV_SERVER_EVALUATORS_H
#define ADV_SERVER_EVALUATORS_H

#include "server/models/registry.h"

#include <advect/extra/evaluator.h>
#include <stdbool.h>

struct adv_evaluators {
    struct adv_registry *registry; /* borrowed */
    struct adv_pool *pool;         /* whose threads share each evaluation; borrowed, or NULL */
    unsigned generation;           /* of the catalogue at the last trim */
    bool stale;                    /* one was made since then for a model that is served no more */
    size_t n, capacity;
    struct adv_evaluators_item *items;
};

void adv_evaluators_init(struct adv_evaluators *evaluators, struct adv_registry *registry,
                         struct adv_pool *pool);
void adv_evaluators_release(struct adv_evaluators *evaluators);

/* The model's evaluator, borrowed until the next trim. ADV_E_MEMORY. */
enum adv_status adv_evaluators_get(struct adv_evaluators *evaluators, struct adv_model *model,
                                   struct adv_evaluator **evaluator, struct adv_error *error);

size_t adv_evaluators_bytes(const struct adv_evaluators *evaluators);

/* Lets go of models that are served no more. Cheap when the catalogue is as it was at the last
 * trim; idle: also of those that old queries have asked for since. */
void adv_evaluators_trim(struct adv_evaluators *evaluators, bool idle);

#endif
