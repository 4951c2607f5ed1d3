#include "core/flow/solver.h"

#include "core/base/mem.h"

#include <advect/extra/words.h>

static const struct adv_solver solvers[] = {
    {.name = "euler", .stages = 1, .order = 1, .b = {1}},
    {.name = "midpoint", .stages = 2, .order = 2, .c = {0, 0.5}, .a = {{0}, {0.5}}, .b = {0, 1}},
    {.name = "heun", .stages = 2, .order = 2, .c = {0, 1}, .a = {{0}, {1}}, .b = {0.5, 0.5}},
    {.name = "rk4",
     .stages = 4,
     .order = 4,
     .c = {0, 0.5, 0.5, 1},
     .a = {{0}, {0.5}, {0, 0.5}, {0, 0, 1}},
     .b = {1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0}},
    /* Heun's method with the noise of the step in its predictor: for noise that does not depend on
     * the state of weak order 2 (Kloeden and Platen 1992, 15.1, additive noise). */
    {.name = "sde",
     .stages = 2,
     .order = 2,
     .stochastic = true,
     .c = {0, 1},
     .a = {{0}, {1}},
     .b = {0.5, 0.5}},
    /* Dormand & Prince 1980, RK5(4)7M */
    {.name = "dopri5",
     .stages = 7,
     .order = 5,
     .adaptive = true,
     .c = {0, 1 / 5.0, 3 / 10.0, 4 / 5.0, 8 / 9.0, 1, 1},
     .a = {{0},
           {1 / 5.0},
           {3 / 40.0, 9 / 40.0},
           {44 / 45.0, -56 / 15.0, 32 / 9.0},
           {19372 / 6561.0, -25360 / 2187.0, 64448 / 6561.0, -212 / 729.0},
           {9017 / 3168.0, -355 / 33.0, 46732 / 5247.0, 49 / 176.0, -5103 / 18656.0},
           {35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0}},
     .b = {35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0, 0},
     .e = {35 / 384.0 - 5179 / 57600.0, 0, 500 / 1113.0 - 7571 / 16695.0, 125 / 192.0 - 393 / 640.0,
           -2187 / 6784.0 + 92097 / 339200.0, 11 / 84.0 - 187 / 2100.0, -1 / 40.0}},
    /* Boffi et al. 2024: x_s = x_t + (s - t) u(x_t, t, s); no integration, so its order says
       nothing */
    {.name = "flow_map", .stages = 1, .order = 1, .map = true, .b = {1}},
};

static const char *const names[] = {"euler", "midpoint", "heun",     "rk4",
                                    "sde",   "dopri5",   "flow_map", NULL};
_Static_assert(ADV_COUNT(names) == ADV_COUNT(solvers) + 1, "a name for every solver");

const char *const *adv_solver_names(void)
{
    return names;
}

enum adv_status adv_solver_find(const char *name, const struct adv_solver **solver,
                                struct adv_error *error)
{
    size_t index;
    enum adv_status status = adv_find_name("solver.method", name, names, &index, error);
    if (status == ADV_OK)
        *solver = &solvers[index];
    return status;
}

const char *adv_solver_name(const struct adv_solver *solver)
{
    return solver->name;
}

int adv_solver_order(const struct adv_solver *solver)
{
    return solver->order;
}

int adv_solver_stages(const struct adv_solver *solver)
{
    return solver->stages;
}

bool adv_solver_is_adaptive(const struct adv_solver *solver)
{
    return solver->adaptive;
}

bool adv_solver_is_map(const struct adv_solver *solver)
{
    return solver->map;
}

bool adv_solver_is_stochastic(const struct adv_solver *solver)
{
    return solver->stochastic;
}

struct adv_solver_spec adv_solver_spec_accurate(void)
{
    struct adv_solver_spec spec = {.steps = 0, .rtol = 1e-5, .atol = 1e-5, .max_nfe = 20000};
    adv_solver_find("dopri5", &spec.solver, NULL);
    return spec;
}
