#include "trainer/eval/quality.h"

#include "trainer/cli/solver_list.h"
#include "trainer/cli/table.h"
#include "trainer/measure/rows.h"
#include "trainer/samples/scorer.h"

#include <advect/extra/memory.h>
#include <advect/query.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REFERENCE_ROWS 100
#define REFERENCE_TOLERANCE 1e-6

static const struct adv_column columns[] = {
    {"solver", "solver", 0},     {"nfe", "velocities", 0},  {"deviation", "deviation", 5},
    {"accuracy", "accuracy", 4}, {"frechet", "frechet", 3}, {"bits_per_dim", "bits/dim", 4},
};

static void print(const struct adv_evaluation *e, const json_t *rows)
{
    (void)e;
    adv_table_print(columns, ADV_COUNT(columns), rows);
}

/* The first and the last time alone, or all of a grid. */
static double *grid_times(const struct adv_listed_solver *listed, size_t *n)
{
    *n = listed->power == 1 ? 2 : (size_t)listed->solver.steps + 1;
    double *times = calloc(*n, sizeof *times);
    for (size_t i = 0; times && i < *n; i++)
        times[i] = 1 - pow(1 - (double)i / (double)(*n - 1), listed->power);
    return times;
}

/* Samples of a listed: the last frame of trajectories, whose times are the grid. */
static enum adv_status draw_samples(const struct adv_evaluation *e,
                                    const struct adv_listed_solver *listed, size_t n,
                                    struct adv_run **run, struct adv_answer *samples,
                                    struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    double *times = grid_times(listed, &query.n_times);
    if (!times)
        return adv_no_memory(error);
    query.n = n;
    query.seed = e->seed;
    query.guidance = e->samples.guidance;
    query.solver = listed->solver;
    query.times = times;
    if (listed->power != 1)
        query.solver.steps = 1; /* one from each time to the next */
    const struct adv_answer *answer;
    enum adv_status status = adv_evaluation_query(e, &query, listed->name, run, &answer, error);
    free(times);
    if (status != ADV_OK)
        return status;
    *samples = *answer;
    samples->states += (answer->n_frames - 1) * answer->n * answer->dim;
    samples->n_frames = 1;
    return ADV_OK;
}

static double deviation_from(const struct adv_answer *reference, const struct adv_answer *samples)
{
    double sum = 0;
    size_t rows = reference->n < samples->n ? reference->n : samples->n;
    for (size_t i = 0; i < rows * samples->dim; i++) {
        double difference = (double)samples->states[i] - (double)reference->states[i];
        sum += difference * difference;
    }
    return sqrt(sum / (double)(rows * samples->dim));
}

/* What is measured of one listed; NaN where it is not. */
struct quality {
    double deviation, bits;
    struct adv_scores scores;
};

static enum adv_status add_row(json_t *rows, const struct adv_listed_solver *listed, int64_t nfe,
                               const struct quality *quality, struct adv_error *error)
{
    json_t *row = json_pack(
        "{s:s, s:s, s:f, s:I, s:o, s:o, s:o, s:o}", "solver", listed->name, "method",
        adv_solver_name(listed->solver.solver), "power", listed->power, "nfe", (json_int_t)nfe,
        "deviation", adv_table_number(quality->deviation), "accuracy",
        adv_table_number(quality->scores.accuracy), "frechet",
        adv_table_number(quality->scores.frechet), "bits_per_dim", adv_table_number(quality->bits));
    if (!row || json_array_append_new(rows, row))
        return adv_no_memory(error);
    return ADV_OK;
}

/* Of the measure's points, where it has data; densities know equal steps only. */
static enum adv_status measure_bits(const struct adv_evaluation *e,
                                    const struct adv_listed_solver *listed, double *bits,
                                    struct adv_error *error)
{
    struct adv_mean mean = {NAN, NAN};
    enum adv_status status = ADV_OK;
    if (e->dataset && e->n_points > 0 && listed->power == 1)
        status = adv_rows_mean(e, &listed->solver, e->n_points, &mean, error);
    *bits = mean.value;
    return status;
}

static enum adv_status measure_one(const struct adv_evaluation *e,
                                   const struct adv_listed_solver *listed,
                                   const struct adv_answer *reference, json_t *rows,
                                   struct adv_error *error)
{
    struct adv_run *run = NULL;
    struct adv_answer samples;
    struct quality quality = {NAN, NAN, {NAN, NAN}};
    enum adv_status status = draw_samples(e, listed, e->samples.n, &run, &samples, error);
    if (status == ADV_OK && e->samples.scorer)
        status = adv_score(e->samples.scorer, &samples, &quality.scores, error);
    if (status == ADV_OK)
        status = measure_bits(e, listed, &quality.bits, error);
    if (status == ADV_OK) {
        quality.deviation = deviation_from(reference, &samples);
        status = add_row(rows, listed, samples.nfe, &quality, error);
    }
    adv_run_free(run);
    return status;
}

/* A row for each of n solvers into rows. */
static enum adv_status measure_each(const struct adv_evaluation *e, size_t n,
                                    const struct adv_listed_solver *solvers, json_t *rows,
                                    struct adv_error *error)
{
    struct adv_listed_solver best = {
        .name = "reference", .solver = adv_solver_spec_accurate(), .power = 1};
    best.solver.rtol = best.solver.atol = REFERENCE_TOLERANCE;
    struct adv_answer reference;
    struct adv_run *run = NULL;
    size_t n_reference = e->samples.n < REFERENCE_ROWS ? e->samples.n : REFERENCE_ROWS;
    enum adv_status status = draw_samples(e, &best, n_reference, &run, &reference, error);
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        status = measure_one(e, &solvers[i], &reference, rows, error);
    adv_run_free(run);
    return status;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    struct adv_listed_solver *solvers = NULL;
    size_t n = 0;
    const char *list = e->solvers ? e->solvers : adv_solver_list_default;
    enum adv_status status = adv_solver_list_read(list, &solvers, &n, error);
    if (status != ADV_OK)
        return status;
    json_t *rows = json_array();
    status = rows ? measure_each(e, n, solvers, rows, error) : adv_no_memory(error);
    free(solvers);
    if (status == ADV_OK)
        status = adv_quality_plot(rows, adv_model_name(e->model), wish->path, error);
    if (status == ADV_OK)
        return adv_results_add_table(results, adv_measure_quality.name, rows, error);
    json_decref(rows);
    return status;
}

const struct adv_measure adv_measure_quality = {
    .name = "curve",
    .flag = {.kind = ADV_FIELD_STRING,
             .min = 1,
             .help = "PNG file to plot sample quality against velocity evaluations into, for each "
                     "of --solvers; with --points also bits per dimension"},
    .needs = ADV_NEEDS_DATA_FOR_POINTS,
    .uses_guidance = true, /* the solvers are those of --solvers */
    .scores_samples = true,
    .run = run,
    .print = print,
};
