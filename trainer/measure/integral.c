/* The integral of the model's density over the truth's box (2-D): one random point in each cell of
 * a grid, which unlike a grid of centres has no bias where a density's edges lie along the grid. */
#include "trainer/measure/measure.h"

#include <advect/extra/rng.h>

#include <math.h>
#include <stdlib.h>

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    const struct adv_density *density = e->dataset->source.density;
    size_t side = e->grid, n = side * side;
    if (!density || e->dataset->dim != 2 || side == 0)
        return ADV_OK;
    float *points = calloc(n, 2 * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    double lo[2], hi[2];
    adv_density_box(density, lo, hi);
    double x_step = (hi[0] - lo[0]) / (double)side, y_step = (hi[1] - lo[1]) / (double)side;
    adv_rng_uniform(e->seed, ADV_STREAM_DATA, 0, n, 2, points);
    for (size_t i = 0; i < n; i++) {
        size_t row = i / side, column = i % side;
        points[2 * i] = (float)(lo[0] + x_step * ((double)column + (double)points[2 * i]));
        points[2 * i + 1] = (float)(lo[1] + y_step * ((double)row + (double)points[2 * i + 1]));
    }
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = n;
    query.points = points;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = adv_evaluation_query(e, &query, "integral", &run, &answer, error);
    if (status == ADV_OK) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += exp(answer->log_density[i]);
        adv_results_add(results, "integral", "integral of the density over the truth's box",
                        sum * x_step * y_step);
    }
    adv_run_free(run);
    free(points);
    return status;
}

const struct adv_measure adv_measure_integral = {
    .name = "integral",
    .needs = ADV_NEEDS_DENSITY,
    .run = run,
};
