/* Two moons: a crescent in the plane, moved by the parameters in such a way that the posterior is
 * two crescents (Greenberg, Nonnenmacher and Macke 2019):
 *
 *     x = (r cos a + 1/4, r sin a) + (-|theta1 + theta2|, theta2 - theta1) / sqrt 2,
 *
 * a uniform on [-pi/2, pi/2], r normal with mean 0.1 and deviation 0.01. */
#include "core/data/simulators/simulator.h"

#define RADIUS 0.1
#define RADIUS_DEVIATION 0.01
#define SHIFT 0.25

static void place_centre(const double *theta, double centre[2])
{
    centre[0] = SHIFT - fabs(theta[0] + theta[1]) * M_SQRT1_2;
    centre[1] = (theta[1] - theta[0]) * M_SQRT1_2;
}

static void simulate(const double *theta, const struct adv_simulator_noise *noise, double *x)
{
    double angle = M_PI * (noise->u[0] - 0.5), radius = RADIUS + RADIUS_DEVIATION * noise->z[0];
    place_centre(theta, x);
    x[0] += radius * cos(angle);
    x[1] += radius * sin(angle);
}

/* In polar coordinates around the centre; points on its left have a negative radius, which is ten
 * deviations from the mean. */
static double log_likelihood(const double *theta, const double *x)
{
    double centre[2];
    place_centre(theta, centre);
    double right = x[0] - centre[0], distance = hypot(right, x[1] - centre[1]);
    return adv_log_normal_density(right < 0.0 ? -distance : distance, RADIUS, RADIUS_DEVIATION) -
           log(M_PI * distance);
}

const struct adv_simulator adv_simulator_two_moons = {
    .name = "two_moons",
    .help = "a crescent in the plane, whose posterior is two crescents",
    .prior = {.family = &adv_prior_uniform, .help = "uniform on [-1, 1]^2", .lo = -1, .hi = 1},
    .n_parameters = 2,
    .n_data = 2,
    .n_uniforms = 1,
    .n_normals = 1,
    .simulate = simulate,
    .log_likelihood = log_likelihood,
};
