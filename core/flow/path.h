/* The coefficients of a path. */
#ifndef ADV_FLOW_PATH_H
#define ADV_FLOW_PATH_H

#include <advect/path.h>

struct adv_path {
    const char *name;
    double t_end; /* the largest time at which the path is used */
    void (*coefficients)(double t, double *alpha, double *sigma, double *d_alpha, double *d_sigma);
};

#endif
