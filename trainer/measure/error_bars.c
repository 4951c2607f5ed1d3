/* Whether the errors that log-densities come with hold for this model: at fresh points of a known
 * density, against an integration a thousand times more accurate. Where divergences are exact, since
 * probes have errors of their own. */
#include "trainer/measure/measure.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/net.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX ((size_t)200)
#define TOLERANCE 1e-8
/* Where velocities have kinks, a point takes thousands of them. */
#define KINKED_POINTS_MAX ((size_t)50)
#define KINKED_TOLERANCE 1e-7

static const char points_words[] =
    "points of the errors, others being too hard to integrate accurately";

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(size_t n, double *values)
{
    qsort(values, n, sizeof *values, ascending);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* told [n] is sorted. Rows that one of the integrations could not answer are left out: where
 * velocities have kinks, so small a tolerance may be beyond float32. */
static enum adv_status compare(size_t n, const double *log_density, const double *truth,
                               double *told, struct adv_results *results, struct adv_error *error)
{
    double *real = calloc(n, sizeof *real);
    if (!real)
        return adv_no_memory(error);
    size_t covered = 0, answered = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs(log_density[i] - truth[i]);
        if (!isfinite(off) || !isfinite(told[i]))
            continue;
        covered += off <= told[i];
        real[answered] = off;
        told[answered++] = told[i];
    }
    if (answered > 0) {
        double half = median(answered, real);
        adv_results_add(results, "integration_error", "median error of the integration, nats",
                        half);
        adv_results_add(results, "error_bar_coverage",
                        "share of errors below the one told (errors)",
                        (double)covered / (double)answered);
        adv_results_add(results, "error_bar_ratio",
                        "median of the errors told, over that of the real",
                        median(answered, told) / half);
    }
    if (answered < n)
        adv_results_add_count(results, "error_bar_points", points_words, answered);
    free(real);
    return ADV_OK;
}

/* Holds an answer, whose query it was, against one that is a thousand times more accurate. */
static enum adv_status compare_with_truth(const struct adv_evaluation *e, struct adv_query *query,
                                          const struct adv_answer *answer,
                                          struct adv_results *results, struct adv_error *error)
{
    struct adv_error reason = ADV_ERROR_INIT;
    struct adv_run *run = NULL;
    const struct adv_answer *truth;
    double *told = calloc(query->n, sizeof *told);
    if (!told)
        return adv_no_memory(error);
    query->errors = false;
    query->solver = adv_solver_spec_accurate();
    query->solver.rtol = query->solver.atol =
        adv_net_has_kinks(adv_model_net(e->model)) ? KINKED_TOLERANCE : TOLERANCE;
    enum adv_status status = adv_evaluation_query(e, query, "errors", &run, &truth, &reason);
    if (status == ADV_OK) {
        memcpy(told, answer->log_density_error, query->n * sizeof *told);
        status = compare(query->n, answer->log_density, truth->log_density, told, results, error);
    } else if (status == ADV_E_NUMERIC) { /* no row could be integrated so exactly */
        adv_results_add_count(results, "error_bar_points", points_words, 0);
        status = ADV_OK;
    } else {
        status = adv_fail_field(error, status, reason.field, "%s", reason.message);
    }
    adv_run_free(run);
    free(told);
    return status;
}

static enum adv_status measure(const struct adv_evaluation *e, struct adv_query *query,
                               struct adv_results *results, struct adv_error *error)
{
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = adv_evaluation_query(e, query, "errors", &run, &answer, error);
    if (status == ADV_OK)
        status = compare_with_truth(e, query, answer, results, error);
    adv_run_free(run);
    return status;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    const struct adv_density *density = e->dataset->source.density;
    size_t dim = e->dataset->dim;
    size_t most = adv_net_has_kinks(adv_model_net(e->model)) ? KINKED_POINTS_MAX : POINTS_MAX;
    size_t n = e->n_points < most ? e->n_points : most;
    bool integrates =
        !adv_solver_is_map(e->density.solver.solver); /* a flow map has no such error */
    if (!density || n == 0 || dim > ADV_EXACT_DIM_MAX || !integrates)
        return ADV_OK;
    struct adv_query query;
    float *points = adv_evaluation_fresh_points(e, n, &query);
    if (!points)
        return adv_no_memory(error);
    query.errors = true;
    enum adv_status status = measure(e, &query, results, error);
    free(points);
    return status;
}

const struct adv_measure adv_measure_error_bars = {
    .name = "error_bars",
    .needs = ADV_NEEDS_DENSITY,
    .run = run,
};
