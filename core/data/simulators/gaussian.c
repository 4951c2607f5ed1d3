/* Points around theta: with a Gaussian of one width, or of one of two (Sisson, Fan and Tanaka
 * 2007). */
#include "core/data/simulators/simulator.h"

/* ---------------------------------------------------------------- linear */

#define LINEAR_DIM 10
#define VARIANCE 0.1

static void simulate_linear(const double *theta, const struct adv_simulator_noise *noise, double *x)
{
    for (size_t i = 0; i < LINEAR_DIM; i++)
        x[i] = theta[i] + sqrt(VARIANCE) * noise->z[i];
}

static double linear_log_likelihood(const double *theta, const double *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < LINEAR_DIM; i++)
        sum += adv_log_normal_density(x[i], theta[i], sqrt(VARIANCE));
    return sum;
}

const struct adv_simulator adv_simulator_gaussian_linear = {
    .name = "gaussian_linear",
    .help = "a Gaussian around theta in 10 dimensions; its prior is Gaussian, too",
    .prior = {.family = &adv_prior_normal,
              .help = "normal, mean 0, variance 0.1",
              .variance = VARIANCE},
    .n_parameters = LINEAR_DIM,
    .n_data = LINEAR_DIM,
    .n_normals = LINEAR_DIM,
    .simulate = simulate_linear,
    .log_likelihood = linear_log_likelihood,
};

const struct adv_simulator adv_simulator_gaussian_linear_uniform = {
    .name = "gaussian_linear_uniform",
    .help = "a Gaussian around theta in 10 dimensions; its prior is uniform",
    .prior = {.family = &adv_prior_uniform, .help = "uniform on [-1, 1]^10", .lo = -1, .hi = 1},
    .n_parameters = LINEAR_DIM,
    .n_data = LINEAR_DIM,
    .n_normals = LINEAR_DIM,
    .simulate = simulate_linear,
    .log_likelihood = linear_log_likelihood,
};

/* ---------------------------------------------------------------- mixture */

static const double deviations[2] = {1.0, 0.1};

static void simulate_mixture(const double *theta, const struct adv_simulator_noise *noise,
                             double *x)
{
    double deviation = deviations[noise->u[0] >= 0.5];
    x[0] = theta[0] + deviation * noise->z[0];
    x[1] = theta[1] + deviation * noise->z[1];
}

static double mixture_log_likelihood(const double *theta, const double *x)
{
    double parts[2];
    for (size_t k = 0; k < 2; k++)
        parts[k] = adv_log_normal_density(x[0], theta[0], deviations[k]) +
                   adv_log_normal_density(x[1], theta[1], deviations[k]);
    return fmax(parts[0], parts[1]) + log1p(exp(-fabs(parts[0] - parts[1]))) - M_LN2;
}

const struct adv_simulator adv_simulator_gaussian_mixture = {
    .name = "gaussian_mixture",
    .help = "an even mixture of a wide and a narrow Gaussian around theta",
    .prior = {.family = &adv_prior_uniform, .help = "uniform on [-10, 10]^2", .lo = -10, .hi = 10},
    .n_parameters = 2,
    .n_data = 2,
    .n_uniforms = 1,
    .n_normals = 2,
    .simulate = simulate_mixture,
    .log_likelihood = mixture_log_likelihood,
};
