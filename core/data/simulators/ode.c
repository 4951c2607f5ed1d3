#include "core/data/simulators/ode.h"

#include <float.h>
#include <math.h>

#define STAGES 7
#define TOLERANCE 1e-9
#define STEPS_MAX 1000000
#define FIRST_STEP 1e-3
#define SAFETY 0.9
#define SHRINK_MAX 0.2
#define GROWTH_MAX 5.0

/* The last stage's weights are the solution of order 5; the errors are its difference from the one
 * of order 4. The equations do not depend on time. */
static const double weights[STAGES][STAGES - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};
static const double errors[STAGES] = {
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40,
};

/* The state after a step, and its error, in units of what is allowed. */
static double try_step(const struct adv_ode *ode, double step, double to[ADV_ODE_DIM])
{
    double slopes[STAGES][ADV_ODE_DIM], worst = 0.0;
    for (int stage = 0; stage < STAGES; stage++) {
        for (int d = 0; d < ADV_ODE_DIM; d++) {
            double sum = 0.0;
            for (int k = 0; k < stage; k++)
                sum += weights[stage][k] * slopes[k][d];
            to[d] = ode->u[d] + step * sum;
        }
        ode->slope(ode->rates, to, slopes[stage]);
    }
    for (int d = 0; d < ADV_ODE_DIM; d++) {
        double error = 0.0, size = fmax(fmin(fabs(ode->u[d]), fabs(to[d])), DBL_MIN);
        for (int k = 0; k < STAGES; k++)
            error += errors[k] * slopes[k][d];
        worst = fmax(worst, fabs(step * error) / (TOLERANCE * size));
        if (!isfinite(to[d]) || !isfinite(error))
            return INFINITY;
    }
    return worst;
}

bool adv_ode_advance(struct adv_ode *ode, double span)
{
    double gone = 0.0;
    if (ode->step == 0.0)
        ode->step = FIRST_STEP;
    for (long i = 0; i < STEPS_MAX; i++) {
        double left = span - gone, to[ADV_ODE_DIM];
        bool last = ode->step >= left;
        double step = last ? left : ode->step, error = try_step(ode, step, to);
        double factor = fmin(fmax(SAFETY * pow(error, -0.2), SHRINK_MAX), GROWTH_MAX);
        if (error <= 1.0) {
            gone += step;
            for (int d = 0; d < ADV_ODE_DIM; d++)
                ode->u[d] = to[d];
            if (last) /* cut short, which says little of the next */
                return true;
        }
        ode->step = step * factor;
        if (!(ode->step > DBL_EPSILON * span))
            return false;
    }
    return false;
}
