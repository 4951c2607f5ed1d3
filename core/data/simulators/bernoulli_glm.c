/* A generalised linear model of a neuron's spikes (Gonçalves et al. 2020). In each of 100 bins of
 * time a spike occurs with probability 1 / (1 + exp(-psi)), where
 *
 *     psi_t = theta1 + sum over lags k = 0 ... 8 of theta(2 + k) stimulus(t - k),
 *
 * the stimulus being 0 before the first bin. x is sufficient: the number of spikes, and for every
 * lag the sum of the stimulus that much before the spikes. The prior makes the nine weights of the
 * lags smooth. */
#include "core/data/simulators/simulator.h"

#include <stddef.h>

#define N_BINS 100
#define N_LAGS 9
#define OFFSET_VARIANCE 2.0 /* of theta1 */

/* White noise that is part of the task: the benchmark's (https://github.com/sbi-benchmark/sbibm,
 * MIT licence), which numpy gives as RandomState(42).randn(100), rounded to float32. */
static const float stimulus[N_BINS] = {
    0.49671414f,   -0.1382643f,  0.64768857f,   1.5230298f,   -0.23415338f, -0.23413695f,
    1.5792128f,    0.7674347f,   -0.46947438f,  0.54256004f,  -0.46341768f, -0.46572974f,
    0.24196227f,   -1.9132802f,  -1.7249179f,   -0.5622875f,  -1.0128311f,  0.31424734f,
    -0.9080241f,   -1.4123037f,  1.4656488f,    -0.2257763f,  0.0675282f,   -1.4247482f,
    -0.54438275f,  0.11092259f,  -1.1509936f,   0.37569803f,  -0.6006387f,  -0.29169375f,
    -0.6017066f,   1.8522782f,   -0.013497225f, -1.0577109f,  0.82254493f,  -1.2208437f,
    0.2088636f,    -1.9596701f,  -1.328186f,    0.19686124f,  0.73846656f,  0.17136829f,
    -0.115648285f, -0.30110368f, -1.478522f,    -0.7198442f,  -0.46063876f, 1.0571222f,
    0.3436183f,    -1.7630402f,  0.32408398f,   -0.38508227f, -0.676922f,   0.6116763f,
    1.0309995f,    0.93128014f,  -0.83921754f,  -0.3092124f,  0.33126342f,  0.9755451f,
    -0.47917423f,  -0.18565898f, -1.1063349f,   -1.1962066f,  0.8125258f,   1.35624f,
    -0.07201012f,  1.0035329f,   0.361636f,     -0.6451197f,  0.3613956f,   1.5380366f,
    -0.03582604f,  1.5646436f,   -2.619745f,    0.8219025f,   0.08704707f,  -0.29900736f,
    0.09176078f,   -1.9875689f,  -0.21967189f,  0.35711256f,  1.4778941f,   -0.5182702f,
    -0.8084936f,   -0.501757f,   0.9154021f,    0.32875112f,  -0.5297602f,  0.51326746f,
    0.09707755f,   0.968645f,    -0.70205307f,  -0.32766214f, -0.39210814f, -1.4635149f,
    0.2961203f,    0.26105526f,  0.005113457f,  -0.23458713f,
};

/* The t-th row of the model's matrix: what multiplies theta2 ... theta10. */
static double lagged(size_t t, size_t lag)
{
    return t >= lag ? (double)stimulus[t - lag] : 0.0;
}

static double psi_of(const double *theta, size_t t)
{
    double psi = theta[0];
    for (size_t lag = 0; lag < N_LAGS; lag++)
        psi += theta[1 + lag] * lagged(t, lag);
    return psi;
}

static void simulate(const double *theta, const struct adv_simulator_noise *noise, double *x)
{
    for (size_t i = 0; i < 1 + N_LAGS; i++)
        x[i] = 0.0;
    for (size_t t = 0; t < N_BINS; t++) {
        if (noise->u[t] >= 1.0 / (1.0 + exp(-psi_of(theta, t))))
            continue;
        x[0] += 1.0;
        for (size_t lag = 0; lag < N_LAGS; lag++)
            x[1 + lag] += lagged(t, lag);
    }
}

/* log (1 + e^psi). */
static double softplus(double psi)
{
    return fmax(psi, 0.0) + log1p(exp(-fabs(psi)));
}

/* Sum over bins of spike psi - log(1 + e^psi); the first part is theta times x. */
static double log_likelihood(const double *theta, const double *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < 1 + N_LAGS; i++)
        sum += theta[i] * x[i];
    for (size_t t = 0; t < N_BINS; t++)
        sum -= softplus(psi_of(theta, t));
    return sum;
}

/* ---------------------------------------------------------------- prior */

/* The precision of the weights w is F' F with F = D D + diag(sqrt(i / 9)), D the matrix of first
 * differences, so that F w is white noise:
 *
 *     (F w)_i = (1 + sqrt(i / 9)) w_i - 2 w_(i-1) + w_(i-2). */
static double roughness(size_t i, const double *w)
{
    return (i >= 1 ? -2.0 * w[i - 1] : 0.0) + (i >= 2 ? w[i - 2] : 0.0);
}

static double stiffness(size_t i)
{
    return 1.0 + sqrt((double)i / N_LAGS);
}

static void place(const struct adv_prior *prior, size_t n, const double *noise, double *theta)
{
    (void)prior;
    theta[0] = sqrt(OFFSET_VARIANCE) * noise[0];
    for (size_t i = 0; i < n - 1; i++)
        theta[1 + i] = (noise[1 + i] - roughness(i, theta + 1)) / stiffness(i);
}

static double log_density(const struct adv_prior *prior, size_t n, const double *theta)
{
    (void)prior;
    double sum = adv_log_normal_density(theta[0], 0.0, sqrt(OFFSET_VARIANCE));
    for (size_t i = 0; i < n - 1; i++) {
        double z = stiffness(i) * theta[1 + i] + roughness(i, theta + 1);
        sum += adv_log_normal_density(z, 0.0, 1.0) + log(stiffness(i));
    }
    return sum;
}

static const struct adv_prior_family smooth = {
    .lo = -INFINITY,
    .hi = INFINITY,
    .place = place,
    .log_density = log_density,
};

const struct adv_simulator adv_simulator_bernoulli_glm = {
    .name = "bernoulli_glm",
    .help = "spikes of a neuron under a stimulus, a generalised linear model",
    .prior = {.family = &smooth, .help = "normal, smooth along theta2 to theta10"},
    .n_parameters = 1 + N_LAGS,
    .n_data = 1 + N_LAGS,
    .n_uniforms = N_BINS,
    .simulate = simulate,
    .log_likelihood = log_likelihood,
};
