/* The integral of the model's density over the truth's box, with its standard error (Owen, "Monte
 * Carlo theory, methods and examples", 2013).
 *
 * In one to three dimensions by stratified sampling (chapter 8): two random points in each cell of
 * a grid, which unlike a grid of centres have no bias where a density's edges lie along the grid,
 * and tell by their differences how exact the sum is.
 *
 * In more dimensions, as far as log-densities are exact, by importance sampling (chapter 9): half
 * of the points are draws of the truth and half are uniform over the box, each weighed by the mean
 * of both densities. So a weight is at most twice the ratio of model and truth, and what the model
 * puts where the truth has nothing is found by the uniform half. */
#include "trainer/measure/measure.h"

#include <advect/extra/evaluator.h>
#include <advect/extra/rng.h>

#include <math.h>
#include <stdlib.h>

enum { DIM_MAX = 3, PER_CELL = 2 };

#define SHARE_ABOVE 4 /* one in so many points where each takes many tangents */

static void add_integral(double integral, double standard_error, struct adv_results *results)
{
    adv_results_add(results, "integral", "integral of the density over the truth's box", integral);
    adv_results_add(results, "integral_standard_error", "standard error of the integral",
                    standard_error);
}

/* ---------------------------------------------------------------- a grid */

struct cells {
    size_t dim, side, n;
    double lo[DIM_MAX], step[DIM_MAX], volume; /* of a cell */
};

/* As many points as a square grid of e->grid cells a side has, whatever the dimension. */
static struct cells cells_of(const struct adv_evaluation *e)
{
    double hi[DIM_MAX], points = (double)e->grid * (double)e->grid;
    struct cells cells = {.dim = e->dataset->dim, .n = 1, .volume = 1};
    double side = round(pow(points / PER_CELL, 1 / (double)cells.dim));
    cells.side = side < 1 ? 1 : (size_t)side;
    adv_density_box(e->dataset->source.density, cells.lo, hi);
    for (size_t k = 0; k < cells.dim; k++) {
        cells.step[k] = (hi[k] - cells.lo[k]) / (double)cells.side;
        cells.volume *= cells.step[k];
        cells.n *= cells.side;
    }
    return cells;
}

/* points [n, PER_CELL, dim] */
static void place(const struct cells *cells, uint64_t seed, float *points)
{
    adv_rng_uniform(seed, ADV_STREAM_DATA, 0, cells->n * PER_CELL, cells->dim, points);
    for (size_t i = 0; i < cells->n * PER_CELL; i++) {
        size_t cell = i / PER_CELL;
        for (size_t k = 0; k < cells->dim; k++, cell /= cells->side) {
            float *x = &points[i * cells->dim + k];
            *x = (float)(cells->lo[k] +
                         cells->step[k] * ((double)(cell % cells->side) + (double)*x));
        }
    }
}

static void sum_cells(const struct cells *cells, const double *log_density,
                      struct adv_results *results)
{
    double sum = 0, square = 0;
    for (size_t c = 0; c < cells->n; c++) {
        double a = exp(log_density[PER_CELL * c]), b = exp(log_density[PER_CELL * c + 1]);
        sum += (a + b) / 2;
        square += (a - b) * (a - b) / 4;
    }
    add_integral(sum * cells->volume, sqrt(square) * cells->volume, results);
}

static enum adv_status by_grid(const struct adv_evaluation *e, struct adv_results *results,
                               struct adv_error *error)
{
    struct cells cells = cells_of(e);
    float *points = calloc(cells.n * PER_CELL, cells.dim * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    place(&cells, e->seed, points);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.guidance = adv_query_default_guidance(&query, e->model);
    query.n = cells.n * PER_CELL;
    query.points = points;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = adv_evaluation_query(e, &query, "integral", &run, &answer, error);
    if (status == ADV_OK)
        sum_cells(&cells, answer->log_density, results);
    adv_run_free(run);
    free(points);
    return status;
}

/* ---------------------------------------------------------------- importance sampling */

/* 2 n points: n of the truth, then n uniform over the box. */
struct proposal {
    const struct adv_density *truth;
    size_t dim, n;
    double lo[ADV_EXACT_DIM_MAX], hi[ADV_EXACT_DIM_MAX], log_uniform;
};

static struct proposal proposal_of(const struct adv_evaluation *e)
{
    struct proposal proposal = {.truth = e->dataset->source.density, .dim = e->dataset->dim};
    proposal.n = (e->grid * e->grid / SHARE_ABOVE + 1) / 2 + 1;
    adv_density_box(proposal.truth, proposal.lo, proposal.hi);
    for (size_t k = 0; k < proposal.dim; k++)
        proposal.log_uniform -= log(proposal.hi[k] - proposal.lo[k]);
    return proposal;
}

static void draw(const struct proposal *proposal, uint64_t seed, float *points)
{
    size_t dim = proposal->dim;
    float *uniform = points + proposal->n * dim;
    adv_density_sample(proposal->truth, seed, 0, proposal->n, points);
    adv_rng_uniform(seed, ADV_STREAM_SHUFFLE, 0, proposal->n, dim, uniform);
    for (size_t i = 0; i < proposal->n * dim; i++) {
        double lo = proposal->lo[i % dim], hi = proposal->hi[i % dim];
        uniform[i] = (float)(lo + (hi - lo) * (double)uniform[i]);
    }
}

static bool is_in_box(const struct proposal *proposal, const float *point)
{
    for (size_t k = 0; k < proposal->dim; k++) {
        if ((double)point[k] < proposal->lo[k] || (double)point[k] > proposal->hi[k])
            return false;
    }
    return true;
}

/* weights [2 n]: the truth's log-densities give way to them. */
static void weigh(const struct proposal *proposal, const float *points, const double *log_density,
                  double *weights)
{
    for (size_t i = 0; i < 2 * proposal->n; i++) {
        double mean = (exp(weights[i] - proposal->log_uniform) + 1) / 2;
        weights[i] = is_in_box(proposal, points + i * proposal->dim)
                         ? exp(log_density[i] - proposal->log_uniform) / mean
                         : 0;
    }
}

static enum adv_status by_importance(const struct adv_evaluation *e, struct adv_results *results,
                                     struct adv_error *error)
{
    struct proposal proposal = proposal_of(e);
    size_t n = proposal.n;
    float *points = calloc(2 * n, proposal.dim * sizeof *points);
    double *weights = calloc(2 * n, sizeof *weights);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = points && weights ? ADV_OK : adv_no_memory(error);
    if (status != ADV_OK)
        goto out;
    draw(&proposal, e->seed, points);
    if (!adv_density_log_density(proposal.truth, 2 * n, points, weights))
        goto out;
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.guidance = adv_query_default_guidance(&query, e->model);
    query.n = 2 * n;
    query.points = points;
    status = adv_evaluation_query(e, &query, "integral", &run, &answer, error);
    if (status != ADV_OK)
        goto out;
    weigh(&proposal, points, answer->log_density, weights);
    struct adv_mean near = adv_mean_of(n, weights), wide = adv_mean_of(n, weights + n);
    add_integral((near.value + wide.value) / 2, hypot(near.standard_error, wide.standard_error) / 2,
                 results);
out:
    adv_run_free(run);
    free(weights);
    free(points);
    return status;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    if (!e->dataset->source.density || e->dataset->dim > ADV_EXACT_DIM_MAX || e->grid == 0)
        return ADV_OK;
    return e->dataset->dim <= DIM_MAX ? by_grid(e, results, error)
                                      : by_importance(e, results, error);
}

const struct adv_measure adv_measure_integral = {
    .name = "integral",
    .needs = ADV_NEEDS_DENSITY,
    .run = run,
};
