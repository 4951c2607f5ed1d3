/* Prey x and predators y (Lotka 1920): with theta = (alpha, beta, gamma, delta),
 *
 *     dx/dt = alpha x - beta x y,    dy/dt = -gamma y + delta x y,
 *
 * from 30 and 1. The data are both, counted ten times every 2.1, with log-normal errors of
 * deviation 0.1; what is counted is held within 10^-10 and 10^4, as the benchmark has it. */
#include "core/data/simulators/ode.h"
#include "core/data/simulators/simulator.h"

#define N_COUNTS 10
#define TIME_BETWEEN 2.1
#define DEVIATION 0.1
#define COUNT_MIN 1e-10
#define COUNT_MAX 1e4

static const double log_means[4] = {-0.125, -3.0, -0.125, -3.0};
static const double log_deviations[4] = {0.5, 0.5, 0.5, 0.5};

static const char *const parameter_names[] = {"alpha", "beta", "gamma", "delta"};
static const char *const data_names[2 * N_COUNTS] = {
    "prey_1",      "prey_2",      "prey_3",      "prey_4",      "prey_5",
    "prey_6",      "prey_7",      "prey_8",      "prey_9",      "prey_10",
    "predators_1", "predators_2", "predators_3", "predators_4", "predators_5",
    "predators_6", "predators_7", "predators_8", "predators_9", "predators_10",
};

static void slope(const double *rates, const double u[ADV_ODE_DIM], double d[ADV_ODE_DIM])
{
    d[0] = u[0] * (rates[0] - rates[1] * u[1]);
    d[1] = u[1] * (rates[3] * u[0] - rates[2]);
}

/* Logarithms of all prey, then of all predators; NaN from where they cannot be computed. */
static void find_log_counts(const double *theta, double log_count[2 * N_COUNTS])
{
    struct adv_ode ode = {.slope = slope, .rates = theta, .u = {30.0, 1.0}};
    bool known = true;
    for (size_t i = 0; i < N_COUNTS; i++) {
        known = known && (i == 0 || adv_ode_advance(&ode, TIME_BETWEEN));
        for (size_t d = 0; d < ADV_ODE_DIM; d++)
            log_count[d * N_COUNTS + i] =
                known ? log(fmin(fmax(ode.u[d], COUNT_MIN), COUNT_MAX)) : NAN;
    }
}

static void simulate(const double *theta, const struct adv_simulator_noise *noise, double *x)
{
    double log_count[2 * N_COUNTS];
    find_log_counts(theta, log_count);
    for (size_t i = 0; i < 2 * N_COUNTS; i++)
        x[i] = exp(log_count[i] + DEVIATION * noise->z[i]);
}

static double log_likelihood(const double *theta, const double *x)
{
    double log_count[2 * N_COUNTS], sum = 0.0;
    find_log_counts(theta, log_count);
    for (size_t i = 0; i < 2 * N_COUNTS; i++) {
        if (!(x[i] > 0.0))
            return -INFINITY;
        sum += adv_log_normal_density(log(x[i]), log_count[i], DEVIATION) - log(x[i]);
    }
    return sum;
}

const struct adv_simulator adv_simulator_lotka_volterra = {
    .name = "lotka_volterra",
    .help = "prey and predators, counted ten times with errors",
    .prior = {.family = &adv_prior_log_normal,
              .help = "log-normal: means -0.125, -3, -0.125, -3 of the logarithms, deviation 0.5",
              .mean = log_means,
              .deviation = log_deviations},
    .n_parameters = 4,
    .n_data = 2 * N_COUNTS,
    .parameters = parameter_names,
    .data = data_names,
    .n_normals = 2 * N_COUNTS,
    .simulate = simulate,
    .log_likelihood = log_likelihood,
};
