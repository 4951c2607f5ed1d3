/* Estimates of the log-densities of rows. */
#ifndef ADV_TRAINER_ROW_ESTIMATES_H
#define ADV_TRAINER_ROW_ESTIMATES_H

#include <stddef.h>

struct adv_row_estimates {
    size_t n;               /* those asked for, or more that the state holds */
    double *log_density;    /* [n], nats in data units; NaN: not done */
    double *standard_error; /* [n], over probes; NaN where there are fewer than two */
};

void adv_row_estimates_release(struct adv_row_estimates *estimates);

#endif
