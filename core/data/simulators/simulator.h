/* What a simulator provides: one row of the table in simulator.c.
 *
 * Simulation i of a seed draws its parameters from ADV_STREAM_PRIOR, its uniforms and normals
 * from ADV_STREAM_SIMULATION and ADV_STREAM_SIMULATION_NOISE, row i of each, and from nothing
 * else. All is computed in double. */
#ifndef ADV_DATA_SIMULATOR_H
#define ADV_DATA_SIMULATOR_H

#include <advect/extra/simulator.h>
#include <math.h>
#include <stdbool.h>

#define ADV_SIMULATOR_PARAMETERS_MAX 10
#define ADV_SIMULATOR_DATA_MAX 20
#define ADV_SIMULATOR_UNIFORMS_MAX 100
#define ADV_SIMULATOR_NORMALS_MAX 20

#define ADV_LOG_2_PI 1.8378770664093454836

/* ---------------------------------------------------------------- priors */

struct adv_prior;

struct adv_prior_family {
    bool from_uniforms; /* else from normals: one number for each parameter */
    double lo, hi;      /* bounds of every parameter, where the prior does not have its own */
    /* Of n parameters: from noise [n], and log p(theta) within the bounds. */
    void (*place)(const struct adv_prior *prior, size_t n, const double *noise, double *theta);
    double (*log_density)(const struct adv_prior *prior, size_t n, const double *theta);
};

/* Independent parameters of one family, unless the family says otherwise. */
struct adv_prior {
    const struct adv_prior_family *family;
    const char *help;
    double lo, hi;                  /* of uniform parameters */
    const double *mean, *deviation; /* [n] of the logarithms of log-normal parameters */
    double variance;                /* of normal parameters, whose mean is 0 */
};

extern const struct adv_prior_family adv_prior_uniform, adv_prior_normal, adv_prior_log_normal;

/* ---------------------------------------------------------------- simulators */

struct adv_simulator_noise {
    const double *u; /* [n_uniforms] on [0, 1), multiples of 2^-24 */
    const double *z; /* [n_normals] standard normal */
};

struct adv_simulator {
    const char *name, *help;
    struct adv_prior prior;
    size_t n_parameters, n_data;
    const char *const *parameters, *const *data; /* names; NULL: theta1 ..., x1 ... */
    size_t n_uniforms, n_normals;                /* that one simulation takes */
    void (*simulate)(const double *theta, const struct adv_simulator_noise *noise, double *x);
    double (*log_likelihood)(const double *theta, const double *x);
};

extern const struct adv_simulator adv_simulator_two_moons;
extern const struct adv_simulator adv_simulator_gaussian_mixture;
extern const struct adv_simulator adv_simulator_gaussian_linear;
extern const struct adv_simulator adv_simulator_gaussian_linear_uniform;
extern const struct adv_simulator adv_simulator_slcp;
extern const struct adv_simulator adv_simulator_bernoulli_glm;
extern const struct adv_simulator adv_simulator_sir;
extern const struct adv_simulator adv_simulator_lotka_volterra;

/* Log-density of a normal. */
static inline double adv_log_normal_density(double x, double mean, double deviation)
{
    double z = (x - mean) / deviation;
    return -0.5 * (z * z + ADV_LOG_2_PI) - log(deviation);
}

#endif
