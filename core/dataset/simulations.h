/* Simulators as sources of examples. Inside core/dataset only. */
#ifndef ADV_DATASET_SIMULATIONS_H
#define ADV_DATASET_SIMULATIONS_H

#include <advect/extra/source.h>

#define ADV_SIMULATIONS_MAX 1e9

/* Names the columns of source->simulator in source->rows and, where n is not 0, fills these with
 * the first n simulations of the seed. */
enum adv_status adv_simulations_open(size_t n, uint64_t seed, struct adv_source *source,
                                     struct adv_error *error);

#endif
