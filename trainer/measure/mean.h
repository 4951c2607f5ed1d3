/* Means and their errors. */
#ifndef ADV_TRAINER_MEAN_H
#define ADV_TRAINER_MEAN_H

#include <stddef.h>

struct adv_mean {
    double value, standard_error; /* the error: NaN for fewer than two values */
};

struct adv_mean adv_mean_of(size_t n, const double *values);

#endif
