/* SLCP: a simple likelihood with a complex posterior (Papamakarios, Sterratt and Murray 2019). x is
 * four points of the plane, of a normal with mean (theta1, theta2), deviations theta3^2 and
 * theta4^2, and correlation tanh theta5. */
#include "core/data/simulators/simulator.h"

#define N_POINTS 4

/* The normal's Cholesky factor, by rows: (across, 0), (along, rest). */
struct factor {
    double across, along, rest;
};

/* sqrt(1 - tanh^2) is 1 / cosh, without the loss of digits where tanh nears 1. */
static struct factor factor_of(const double *theta)
{
    double second = theta[3] * theta[3];
    return (struct factor){theta[2] * theta[2], second * tanh(theta[4]), second / cosh(theta[4])};
}

static void simulate(const double *theta, const struct adv_simulator_noise *noise, double *x)
{
    const struct factor factor = factor_of(theta);
    for (size_t i = 0; i < N_POINTS; i++) {
        const double *z = noise->z + 2 * i;
        x[2 * i] = theta[0] + factor.across * z[0];
        x[2 * i + 1] = theta[1] + factor.along * z[0] + factor.rest * z[1];
    }
}

static double log_likelihood(const double *theta, const double *x)
{
    const struct factor factor = factor_of(theta);
    double sum = 0.0;
    if (factor.across == 0.0 || factor.rest == 0.0)
        return -INFINITY; /* the points lie on a line, which has no density */
    for (size_t i = 0; i < N_POINTS; i++) {
        double z = (x[2 * i] - theta[0]) / factor.across;
        sum += adv_log_normal_density(x[2 * i], theta[0], factor.across) +
               adv_log_normal_density(x[2 * i + 1], theta[1] + factor.along * z, factor.rest);
    }
    return sum;
}

const struct adv_simulator adv_simulator_slcp = {
    .name = "slcp",
    .help = "four points of a Gaussian in the plane, given by its moments",
    .prior = {.family = &adv_prior_uniform, .help = "uniform on [-3, 3]^5", .lo = -3, .hi = 3},
    .n_parameters = 5,
    .n_data = 2 * N_POINTS,
    .n_normals = 2 * N_POINTS,
    .simulate = simulate,
    .log_likelihood = log_likelihood,
};
