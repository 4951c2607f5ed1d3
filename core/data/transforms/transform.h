/* A transform: a chain of steps, and what its first object states about the data. */
#ifndef ADV_DATA_TRANSFORM_H
#define ADV_DATA_TRANSFORM_H

#include "core/data/transforms/step.h"

#define ADV_TRANSFORM_STEPS_MAX 16

struct adv_transform {
    size_t dim, n_steps;
    struct adv_step steps[ADV_TRANSFORM_STEPS_MAX];
    bool has_range;
    double lo, hi;
    int levels; /* 0: not stated */
};

#endif
