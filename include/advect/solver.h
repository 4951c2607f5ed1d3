/* Solvers of dx/dt = v(x, t): explicit Runge-Kutta methods, one with noise, and the steps of flow
 * maps. */
#ifndef ADVECT_SOLVER_H
#define ADVECT_SOLVER_H

#include <advect/api.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_solver;

/* euler, midpoint, heun, rk4 (fixed steps), dopri5 (Dormand & Prince 1980; error per row), sde (fixed
 * steps of heun with noise, see adv_path_add_drift: of samples and trajectories only), flow_map
 * (1, 2, 4 or 8 steps of a model that has a flow map, see adv_model_flow_map_steps). *solver lives
 * as long as the program. */
enum adv_status adv_solver_find(const char *name, const struct adv_solver **solver,
                                struct adv_error *error);
const char *const *adv_solver_names(void); /* NULL-terminated */

const char *adv_solver_name(const struct adv_solver *solver);
int adv_solver_order(const struct adv_solver *solver);
int adv_solver_stages(const struct adv_solver *solver); /* velocities per step */
bool adv_solver_is_adaptive(const struct adv_solver *solver);
bool adv_solver_is_map(const struct adv_solver *solver); /* flow_map */
bool adv_solver_is_stochastic(const struct adv_solver *solver);

/* A solver and its setting. Closed: the struct will not grow. */
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
