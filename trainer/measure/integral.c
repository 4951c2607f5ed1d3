/* The integral of the model's density over the truth's box, in one to three dimensions: two random
 * points in each cell of a grid, which unlike a grid of centres have no bias where a density's
 * edges lie along the grid, and tell by their differences how exact the sum is (stratified
 * sampling: Owen, "Monte Carlo theory, methods and examples", 2013, chapter 8). */
#include "trainer/measure/measure.h"

#include <advect/extra/rng.h>

#include <math.h>
#include <stdlib.h>

enum { DIM_MAX = 3, PER_CELL = 2 };

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

static void add_integral(const struct cells *cells, const double *log_density,
                         struct adv_results *results)
{
    double sum = 0, square = 0;
    for (size_t c = 0; c < cells->n; c++) {
        double a = exp(log_density[PER_CELL * c]), b = exp(log_density[PER_CELL * c + 1]);
        sum += (a + b) / 2;
        square += (a - b) * (a - b) / 4;
    }
    adv_results_add(results, "integral", "integral of the density over the truth's box",
                    sum * cells->volume);
    adv_results_add(results, "integral_standard_error", "standard error of the integral",
                    sqrt(square) * cells->volume);
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    if (!e->dataset->source.density || e->dataset->dim > DIM_MAX || e->grid == 0)
        return ADV_OK;
    struct cells cells = cells_of(e);
    float *points = calloc(cells.n * PER_CELL, cells.dim * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    place(&cells, e->seed, points);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = cells.n * PER_CELL;
    query.points = points;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = adv_evaluation_query(e, &query, "integral", &run, &answer, error);
    if (status == ADV_OK)
        add_integral(&cells, answer->log_density, results);
    adv_run_free(run);
    free(points);
    return status;
}

const struct adv_measure adv_measure_integral = {
    .name = "integral",
    .needs = ADV_NEEDS_DENSITY,
    .run = run,
};
