/* Whether the intervals told with probed log-densities hold for this model: at fresh points of a known density of
 * many dimensions, against the exact divergence by the same solver. */
#include "trainer/measure/measure.h"

#include <math.h>
#include <stdlib.h>

#define POINTS_MAX ((size_t)200)
#define DIM_MAX ((size_t)128) /* tangents that the exact divergence takes */

static void compare(size_t n, const struct adv_answer *answer, const struct adv_answer *exact,
                    struct adv_results *results)
{
    size_t covered = 0, answered = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs(answer->log_density[i] - exact->log_density[i]);
        if (!isfinite(off))
            continue;
        covered += off <= answer->interval_factor * answer->standard_error[i];
        answered++;
    }
    if (answered > 0)
        adv_results_add(results, "probe_interval_coverage",
                        "share of exact log-densities in their 95 % intervals (probes)",
                        (double)covered / (double)answered);
}

static enum adv_status compare_with_exact(const struct adv_evaluation *e, struct adv_query *query,
                                          const struct adv_answer *answer,
                                          struct adv_results *results, struct adv_error *error)
{
    struct adv_run *run = NULL;
    const struct adv_answer *exact;
    query->divergence_method = ADV_DIVERGENCE_EXACT;
    enum adv_status status = adv_evaluation_query(e, query, "exact", &run, &exact, error);
    if (status == ADV_OK)
        compare(query->n, answer, exact, results);
    adv_run_free(run);
    return status;
}

static enum adv_status measure(const struct adv_evaluation *e, struct adv_query *query,
                               struct adv_results *results, struct adv_error *error)
{
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = adv_evaluation_query(e, query, "probes", &run, &answer, error);
    if (status == ADV_OK && answer->standard_error)
        status = compare_with_exact(e, query, answer, results, error);
    adv_run_free(run);
    return status;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    size_t dim = e->dataset->dim, n = e->n_points < POINTS_MAX ? e->n_points : POINTS_MAX;
    bool integrates = !adv_solver_is_map(e->density.solver.solver);
    if (n == 0 || dim <= ADV_EXACT_DIM_MAX || dim > DIM_MAX || e->density.probes < 2 || !integrates)
        return ADV_OK;
    struct adv_query query;
    float *points = adv_evaluation_fresh_points(e, n, &query);
    if (!points)
        return adv_no_memory(error);
    query.probes = e->density.probes;
    query.seed = e->seed;
    enum adv_status status = measure(e, &query, results, error);
    free(points);
    return status;
}

const struct adv_measure adv_measure_probe_intervals = {
    .name = "probe_intervals",
    .needs = ADV_NEEDS_DENSITY,
    .run = run,
};
