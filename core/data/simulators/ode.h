/* Two coupled ordinary differential equations, integrated to nine digits. */
#ifndef ADV_DATA_ODE_H
#define ADV_DATA_ODE_H

#include <stdbool.h>

#define ADV_ODE_DIM 2

typedef void adv_ode_slope(const double *rates, const double u[ADV_ODE_DIM],
                           double slope[ADV_ODE_DIM]);

struct adv_ode {
    adv_ode_slope *slope;
    const double *rates;
    double u[ADV_ODE_DIM]; /* the state */
    double step;           /* to try next; 0 at first */
};

/* Moves the state by a time span > 0, with steps of the pair of orders 5 and 4 of Dormand and
 * Prince (1980). Each has an error of at most 1e-9 of either component, so that those that rise or
 * fall by many powers of ten are as exact as others, and positive ones stay positive. False where
 * the state is not finite any more, or would take more than 10^6 steps. */
bool adv_ode_advance(struct adv_ode *ode, double span);

#endif
