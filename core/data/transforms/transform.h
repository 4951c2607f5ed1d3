/* A transform: a chain of steps, and what its first object states about the data. */
#ifndef ADV_DATA_TRANSFORM_H
#define ADV_DATA_TRANSFORM_H

#include "core/base/circles.h"
#include "core/data/transforms/step.h"

#define ADV_TRANSFORM_STEPS_MAX 16

struct adv_transform {
    size_t dim, n_steps;
    struct adv_step steps[ADV_TRANSFORM_STEPS_MAX];
    bool has_range;
    double lo, hi;
    int levels; /* 0: not stated */
};

/* The columns that are angles; those beyond ADV_CIRCLES_MAX are counted only. Returns how many
 * there are. */
size_t adv_transform_circles(const struct adv_transform *transform, struct adv_circles *circles);

#endif
