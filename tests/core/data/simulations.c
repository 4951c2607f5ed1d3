#include "tests/core/data/simulations.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct adv_simulator *simulator_of(const char *name)
{
    const struct adv_simulator *simulator = adv_simulator_find(name);
    ck_assert_msg(simulator != NULL, "%s", name);
    return simulator;
}

struct draws draws_of(const char *name, uint64_t seed, size_t n)
{
    struct draws draws = {.simulator = simulator_of(name), .n = n};
    draws.k = adv_simulator_parameters(draws.simulator);
    draws.d = adv_simulator_data(draws.simulator);
    draws.theta = calloc(n * draws.k, sizeof *draws.theta);
    draws.x = calloc(n * draws.d, sizeof *draws.x);
    adv_simulator_draw(draws.simulator, seed, 0, n, draws.theta, draws.x);
    return draws;
}

/* n data of one theta. */
struct draws draws_at(const char *name, const float *theta, uint64_t seed, size_t n)
{
    struct draws draws = draws_of(name, seed, n);
    for (size_t i = 0; i < n; i++)
        memcpy(draws.theta + i * draws.k, theta, draws.k * sizeof *theta);
    adv_simulator_simulate(draws.simulator, seed, 0, n, draws.theta, draws.x);
    return draws;
}

void draws_release(struct draws *draws)
{
    free(draws->theta);
    free(draws->x);
}

double log_likelihood(const char *name, const float *theta, const float *x)
{
    double value;
    adv_simulator_log_likelihood(simulator_of(name), 1, theta, x, &value);
    return value;
}

double log_prior(const char *name, const float *theta)
{
    double value;
    adv_simulator_log_prior(simulator_of(name), 1, theta, &value);
    return value;
}

struct mean mean_of(size_t n, const double *values)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - sum) * (values[i] - sum);
    return (struct mean){sum, sqrt(squares / (double)n / (double)n)};
}

void assert_mean(const char *what, size_t n, const double *values, double expected)
{
    struct mean mean = mean_of(n, values);
    ck_assert_msg(fabs(mean.value - expected) <= 5 * mean.error, "%s: %g +- %g, not %g", what,
                  mean.value, mean.error, expected);
}
