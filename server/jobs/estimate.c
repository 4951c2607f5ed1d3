#include "server/jobs/estimate.h"

#include <advect/extra/run_shards.h>
#include <math.h>

/* Roughly, since only answers of very many numbers take long: bench/service.c measures them. */
#define SECONDS_PER_NUMBER 5e-8 /* as text */
#define SECONDS_PER_IMAGE_NUMBER 2e-7
#define SECONDS_PER_PLOT 0.02
#define SECONDS_PER_PLOTTED_POINT 1e-6

/* Adaptive solvers may take more than was estimated: then an eighth of what it took is thought to
 * be left, so that such a query gives way to others more and more. */
#define LEFT_BEYOND 0.125

static double rendering_seconds(const struct adv_work *work)
{
    const struct adv_query *query = &work->query;
    double numbers = (double)work->numbers;
    if (!work->format->is_picture)
        return numbers * SECONDS_PER_NUMBER;
    if (adv_model_dim(work->model) > 2)
        return numbers * SECONDS_PER_IMAGE_NUMBER;
    double frames = query->kind == ADV_QUERY_TRAJECTORIES ? (double)query->n_times : 1;
    return frames * SECONDS_PER_PLOT + numbers * SECONDS_PER_PLOTTED_POINT;
}

static bool has_tangents(const struct adv_query *query)
{
    return query->kind == ADV_QUERY_LOG_DENSITY || query->log_density || query->divergence;
}

void adv_estimate_init(struct adv_estimate *estimate, const struct adv_work *work,
                       struct adv_speeds *speeds)
{
    const struct adv_query *query = &work->query;
    size_t rows = query->n / adv_query_shards(query, work->model);
    *estimate = (struct adv_estimate){
        .cost = adv_query_cost(query, work->model),
        .rendering = rendering_seconds(work),
        .class = adv_speed_class(rows, has_tangents(query)),
        .speeds = speeds,
    };
}

void adv_estimate_note(struct adv_estimate *estimate, double multiply_adds, double seconds)
{
    estimate->done += multiply_adds;
    adv_speeds_note(estimate->speeds, estimate->class, multiply_adds, seconds);
}

void adv_estimate_note_shared(struct adv_estimate *estimate, double multiply_adds, double seconds)
{
    estimate->done += multiply_adds;
    adv_speeds_note_shared(estimate->speeds, estimate->class, multiply_adds, seconds);
}

bool adv_estimate_is_better_shared(struct adv_estimate *estimate)
{
    return adv_speeds_are_better_shared(estimate->speeds, estimate->class);
}

void adv_estimate_note_rendering(struct adv_estimate *estimate, double seconds)
{
    estimate->done = estimate->cost = 0;
    estimate->rendering = fmax(estimate->rendering - seconds, LEFT_BEYOND * seconds);
}

static double work_left(const struct adv_estimate *estimate)
{
    return fmax(estimate->cost - estimate->done, LEFT_BEYOND * estimate->done);
}

double adv_estimate_share(const struct adv_estimate *estimate)
{
    double whole = estimate->done + work_left(estimate);
    return whole > 0 ? estimate->done / whole : 1; /* or it is being written down */
}

double adv_estimate_left(const struct adv_estimate *estimate)
{
    return work_left(estimate) / adv_speeds_of(estimate->speeds, estimate->class) +
           estimate->rendering;
}

double adv_estimate_least(const struct adv_estimate *estimate)
{
    return estimate->cost / adv_speeds_best(estimate->speeds, estimate->class);
}
