/* Tables: examples of CSV and NPY files that are no images, and simulations, whose columns differ in
 * scale and in what their values can be. */
#ifndef ADV_DATASET_SUPPORTS_H
#define ADV_DATASET_SUPPORTS_H

#include <advect/extra/dataset.h>

/* Whether a transform in a recipe is "auto", which adv_table_transform spells out. */
bool adv_transform_is_auto(const json_t *transform);

/* The transform that a recipe states in part ("data.") as "transform", of a kind that is not "auto".
 * Errors as of adv_transform_new, by the recipe's names. */
enum adv_status adv_dataset_stated_transform(const char *part, const json_t *stated, size_t dim,
                                             struct adv_transform **transform,
                                             struct adv_error *error);

/* What "auto" stands for: of a table, columns of the supports that data.support states, or
 * standardise where it states none; of simulations, columns of the prior's bounds, where
 * data.support states no others; of other data, the identity. A new reference. *stated receives
 * an array of the caller's to free, whether each column's support was stated; NULL where the data
 * are no table. */
enum adv_status adv_table_transform(const struct adv_dataset *dataset, const json_t *support,
                                    bool **stated, json_t **transform, struct adv_error *error);

#endif
