/* Simulations that tests look at, and means of what they find in them. */
#ifndef TESTS_SIMULATIONS_H
#define TESTS_SIMULATIONS_H

#include "tests/support/instrumented.h"

#include <advect/extra/simulator.h>

#define N_DRAWS ((size_t)(INSTRUMENTED ? 4000 : 20000))

struct draws {
    const struct adv_simulator *simulator;
    size_t n, k, d;   /* parameters and data */
    float *theta, *x; /* [n, k], [n, d] */
};

const struct adv_simulator *simulator_of(const char *name);
/* The first n simulations of a seed. */
struct draws draws_of(const char *name, uint64_t seed, size_t n);
/* n data of one theta [k]. */
struct draws draws_at(const char *name, const float *theta, uint64_t seed, size_t n);
void draws_release(struct draws *draws);

double log_likelihood(const char *name, const float *theta, const float *x);
double log_prior(const char *name, const float *theta);

struct mean {
    double value, error;
};

struct mean mean_of(size_t n, const double *values);
/* Within five standard errors. */
void assert_mean(const char *what, size_t n, const double *values, double expected);

#endif
