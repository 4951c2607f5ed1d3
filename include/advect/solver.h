/* Solvers of dx/dt = v(x, t): explicit Runge-Kutta methods as tableaux. */
#ifndef ADVECT_SOLVER_H
#define ADVECT_SOLVER_H

#include <advect/api.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stdint.h>

ADV_API_BEGIN

#define ADV_MAX_STAGES 7

/* A Butcher tableau: k_i = v(x + h sum_j a[i][j] k_j, t + c[i] h), x += h sum_i b[i] k_i. */
struct adv_solver {
    const char *name;
    int stages;
    int order;
    bool adaptive; /* has error weights e = b - b*, and its last stage is the next step's first */
    double c[ADV_MAX_STAGES];
    double a[ADV_MAX_STAGES][ADV_MAX_STAGES];
    double b[ADV_MAX_STAGES];
    double e[ADV_MAX_STAGES];
};

/* euler, midpoint, heun, rk4 (fixed steps), dopri5 (Dormand & Prince 1980; error per row). */
enum adv_status adv_solver_find(const char *name, const struct adv_solver **solver,
                                struct adv_error *error);
const char *const *adv_solver_names(void); /* NULL-terminated */

/* A solver and its setting. */
struct adv_solver_spec {
    const struct adv_solver *solver;
    int64_t steps;     /* fixed-step: over the whole of [0, 1], in equal parts */
    double rtol, atol; /* adaptive: per-row error tolerances, in flow units */
    int64_t max_nfe;   /* adaptive: velocities one row may take before it is refused */
};

/* dopri5 at 1e-5: the accurate default of densities and latents. */
struct adv_solver_spec adv_solver_spec_accurate(void);

ADV_API_END
#endif
