/* An epidemic (Kermack and McKendrick 1927): of N = 10^6 people S can fall ill, I are ill and
 * infect others, the rest has recovered or died. With theta = (beta, gamma),
 *
 *     dS/dt = -beta S I / N,    dI/dt = beta S I / N - gamma I,
 *
 * one being ill at first. x is the number of the ill among 1000 people tested, every 17 days. */
#include "core/data/simulators/binomial.h"
#include "core/data/simulators/ode.h"
#include "core/data/simulators/simulator.h"

#define PEOPLE 1e6
#define N_TESTS 10
#define TESTED 1000
#define DAYS_BETWEEN 17.0

static const double log_means[2] = {-0.91629073187415506518, -3.0 * M_LN2}; /* log 0.4, log 1/8 */
static const double log_deviations[2] = {0.5, 0.2};

static const char *const parameter_names[] = {"beta", "gamma"};
static const char *const data_names[N_TESTS] = {
    "ill_day_0",  "ill_day_17",  "ill_day_34",  "ill_day_51",  "ill_day_68",
    "ill_day_85", "ill_day_102", "ill_day_119", "ill_day_136", "ill_day_153",
};

static void slope(const double *rates, const double u[ADV_ODE_DIM], double d[ADV_ODE_DIM])
{
    double infected = rates[0] * u[0] * u[1] / PEOPLE;
    d[0] = -infected;
    d[1] = infected - rates[1] * u[1];
}

/* The share of the ill on the days of the tests, NaN from where it cannot be computed. */
static void find_shares(const double *theta, double share[N_TESTS])
{
    struct adv_ode ode = {.slope = slope, .rates = theta, .u = {PEOPLE - 1.0, 1.0}};
    bool known = true;
    for (size_t i = 0; i < N_TESTS; i++) {
        known = known && (i == 0 || adv_ode_advance(&ode, DAYS_BETWEEN));
        share[i] = known ? fmin(fmax(ode.u[1] / PEOPLE, 0.0), 1.0) : NAN;
    }
}

/* Two uniforms make one of 48 bits. */
static void simulate(const double *theta, const struct adv_simulator_noise *noise, double *x)
{
    double share[N_TESTS];
    find_shares(theta, share);
    for (size_t i = 0; i < N_TESTS; i++) {
        double u = noise->u[2 * i] + 0x1p-24 * noise->u[2 * i + 1];
        x[i] = isnan(share[i]) ? NAN : (double)adv_binomial_quantile(TESTED, share[i], u);
    }
}

static double log_likelihood(const double *theta, const double *x)
{
    double share[N_TESTS], sum = 0.0;
    find_shares(theta, share);
    for (size_t i = 0; i < N_TESTS; i++)
        sum += adv_binomial_log_probability(TESTED, share[i], x[i]);
    return sum;
}

const struct adv_simulator adv_simulator_sir = {
    .name = "sir",
    .help = "an epidemic, of which 1000 people are tested every 17 days",
    .prior = {.family = &adv_prior_log_normal,
              .help = "log-normal: log 0.4 with deviation 0.5, log 1/8 with 0.2",
              .mean = log_means,
              .deviation = log_deviations},
    .n_parameters = 2,
    .n_data = N_TESTS,
    .parameters = parameter_names,
    .data = data_names,
    .n_uniforms = 2 * N_TESTS,
    .simulate = simulate,
    .log_likelihood = log_likelihood,
};
