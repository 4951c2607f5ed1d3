/* The families of priors that several simulators share. */
#include "core/data/simulators/simulator.h"

/* ---------------------------------------------------------------- uniform */

/* Uniforms are multiples of 2^-24 from 0 on: moved by half of one, they reach neither bound, nor do
 * they when they are rounded to float. */
static void place_uniform(const struct adv_prior *prior, size_t n, const double *noise,
                          double *theta)
{
    for (size_t i = 0; i < n; i++)
        theta[i] = prior->lo + (prior->hi - prior->lo) * (noise[i] + 0x1p-25);
}

static double uniform_log_density(const struct adv_prior *prior, size_t n, const double *theta)
{
    (void)theta;
    return -(double)n * log(prior->hi - prior->lo);
}

const struct adv_prior_family adv_prior_uniform = {
    .from_uniforms = true,
    .place = place_uniform,
    .log_density = uniform_log_density,
};

/* ---------------------------------------------------------------- normal */

static void place_normal(const struct adv_prior *prior, size_t n, const double *noise,
                         double *theta)
{
    for (size_t i = 0; i < n; i++)
        theta[i] = sqrt(prior->variance) * noise[i];
}

static double normal_log_density(const struct adv_prior *prior, size_t n, const double *theta)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += adv_log_normal_density(theta[i], 0.0, sqrt(prior->variance));
    return sum;
}

const struct adv_prior_family adv_prior_normal = {
    .lo = -INFINITY,
    .hi = INFINITY,
    .place = place_normal,
    .log_density = normal_log_density,
};

/* ---------------------------------------------------------------- log-normal */

static void place_log_normal(const struct adv_prior *prior, size_t n, const double *noise,
                             double *theta)
{
    for (size_t i = 0; i < n; i++)
        theta[i] = exp(prior->mean[i] + prior->deviation[i] * noise[i]);
}

static double log_normal_log_density(const struct adv_prior *prior, size_t n, const double *theta)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        double log_theta = log(theta[i]);
        sum += adv_log_normal_density(log_theta, prior->mean[i], prior->deviation[i]) - log_theta;
    }
    return sum;
}

const struct adv_prior_family adv_prior_log_normal = {
    .lo = 0.0,
    .hi = INFINITY,
    .place = place_log_normal,
    .log_density = log_normal_log_density,
};
