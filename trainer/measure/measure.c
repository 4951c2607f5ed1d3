#include "trainer/measure/measure.h"

#include <stdlib.h>

#include "trainer/cli/progress.h"

struct shown {
    struct adv_progress progress;
    const char *what;
};

static void show_share(void *context, double share)
{
    struct shown *shown = context;
    if (adv_progress_is_due(&shown->progress))
        adv_progress_show(&shown->progress, share, shown->what);
}

bool adv_evaluation_is_of_table(const struct adv_evaluation *e)
{
    return e->dataset && !e->dataset->source.density && e->dataset->n_dims == 1;
}

float *adv_evaluation_fresh_points(const struct adv_evaluation *e, size_t n,
                                   struct adv_query *query)
{
    float *points = calloc(n, e->dataset->dim * sizeof *points);
    if (!points)
        return NULL;
    adv_density_sample(e->dataset->source.density, adv_seed_for(e->seed, ADV_SEED_HELD_OUT), 0, n,
                       points);
    *query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query->guidance = adv_query_default_guidance(query, e->model);
    query->n = n;
    query->points = points;
    query->solver = e->density.solver;
    query->rows_may_fail = true;
    return points;
}

enum adv_status adv_evaluation_query(const struct adv_evaluation *e, const struct adv_query *query,
                                     const char *what, struct adv_run **run,
                                     const struct adv_answer **answer, struct adv_error *error)
{
    struct shown shown = {.what = what};
    adv_progress_init(&shown.progress, e->quiet, 0);
    struct adv_run_options options = {.size = sizeof options,
                                      .pool = e->pool,
                                      .cancelled = e->cancelled,
                                      .progress = show_share,
                                      .context = &shown};
    enum adv_status status = adv_run_new(e->model, query, run, error);
    if (status == ADV_OK)
        status = adv_run_all(*run, &options, answer, error);
    adv_progress_end(&shown.progress);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", what);
    return status;
}
