/* Sampling with noise: what the solver sde asks of a query, and the drift that its velocities become.
 * The equation and its sources stand with adv_path_add_drift, the noise with the integrator. */
#include "core/query/run.h"

#include <advect/extra/model_parts.h>

#include <math.h>

bool adv_query_is_stochastic(const struct adv_query *query)
{
    const struct adv_solver *solver = query->solver.solver;
    return solver && adv_solver_is_stochastic(solver);
}

/* At a rate of level^2 / 2 the state is pulled towards the density; Heun's steps take up to twice
 * that, which leaves as much for the flow itself. */
static enum adv_status check_level(const struct adv_query *query, struct adv_error *error)
{
    double most = sqrt(2 * (double)query->solver.steps);
    if (!(query->noise >= 0 && query->noise <= ADV_NOISE_MAX))
        return adv_fail_field(error, ADV_E_INVALID, "solver.noise",
                              "solver.noise is %g; it must be between 0 and %g", query->noise,
                              ADV_NOISE_MAX);
    if (query->noise > most)
        return adv_fail_field(error, ADV_E_INVALID, "solver.noise",
                              "solver.noise is %g; with %lld steps it must be at most %.4g: take "
                              "more steps",
                              query->noise, (long long)query->solver.steps, most);
    return ADV_OK;
}

enum adv_status adv_query_check_noise(const struct adv_query *query, const struct adv_model *model,
                                      struct adv_error *error)
{
    static const char field[] = "solver.method";
    if (!adv_query_is_stochastic(query))
        return ADV_OK;
    if (!adv_query_from_base(query->kind))
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "solver.method is sde; only samples and trajectories can have noise: "
                              "points have one base point and one density by the flow alone");
    if (query->log_density)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "solver.method is sde; a path with noise tells no log_density: ask "
                              "for that of the samples' points");
    if (adv_model_is_coupled(model) || adv_model_net(model)->traits.circles.n > 0)
        return adv_fail_field(
            error, ADV_E_INVALID, field,
            "solver.method is sde; it needs a score of the path, which this model "
            "does not have: %s",
            adv_model_is_coupled(model) ? "it was trained with the coupling optimal_transport"
                                        : "it has periodic columns");
    return check_level(query, error);
}

struct adv_integration_noise adv_run_noise(const struct adv_run *run, const struct adv_shard *shard)
{
    struct adv_integration_noise none = {0};
    if (!adv_query_is_stochastic(&run->query))
        return none;
    return (struct adv_integration_noise){
        .level = run->query.noise,
        .path = adv_model_path(run->model),
        .seed = run->query.seed,
        .first_row = run->query.first + shard->begin,
    };
}

void adv_shard_add_drift(const struct adv_run *run, struct adv_shard *shard)
{
    if (adv_query_is_stochastic(&run->query))
        adv_path_add_drift(adv_model_path(run->model), run->query.noise, shard->n_due, run->dim,
                           shard->t, shard->x, shard->v);
}
