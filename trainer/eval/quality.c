#include "trainer/eval/quality.h"

#include "trainer/cli/table.h"
#include "trainer/measure/judge.h"
#include "trainer/measure/measure_rows.h"

#include <advect/memory.h>
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

void adv_quality_print(const json_t *rows)
{
    adv_table_print(columns, ADV_COUNT(columns), rows);
}

/* The first and the last time alone, or all of a grid. */
static double *grid_times(const struct adv_contender *contender, size_t *n)
{
    *n = contender->power == 1 ? 2 : (size_t)contender->solver.steps + 1;
    double *times = calloc(*n, sizeof *times);
    for (size_t i = 0; times && i < *n; i++)
        times[i] = 1 - pow(1 - (double)i / (double)(*n - 1), contender->power);
    return times;
}

/* Samples of a contender: the last frame of trajectories, whose times are the grid. */
static enum adv_status draw_samples(const struct adv_measure *m,
                                    const struct adv_contender *contender, size_t n,
                                    struct adv_run **run, struct adv_answer *samples,
                                    struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_TRAJECTORIES);
    double *times = grid_times(contender, &query.n_times);
    if (!times)
        return adv_no_memory(error);
    query.n = n;
    query.seed = m->seed;
    query.guidance = m->guidance;
    query.solver = contender->solver;
    query.times = times;
    if (contender->power != 1)
        query.solver.steps = 1; /* one from each time to the next */
    const struct adv_answer *answer;
    enum adv_status status = adv_measure_query(m, &query, contender->name, run, &answer, error);
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

/* What is measured of one contender; NaN where it is not. */
struct quality {
    double deviation, bits;
    struct adv_verdict verdict;
};

static enum adv_status add_row(json_t *rows, const struct adv_contender *contender, int64_t nfe,
                               const struct quality *quality, struct adv_error *error)
{
    json_t *row =
        json_pack("{s:s, s:s, s:f, s:I, s:o, s:o, s:o, s:o}", "solver", contender->name, "method",
                  contender->solver.solver->name, "power", contender->power, "nfe", (json_int_t)nfe,
                  "deviation", adv_table_number(quality->deviation), "accuracy",
                  adv_table_number(quality->verdict.accuracy), "frechet",
                  adv_table_number(quality->verdict.frechet), "bits_per_dim",
                  adv_table_number(quality->bits));
    if (!row || json_array_append_new(rows, row))
        return adv_no_memory(error);
    return ADV_OK;
}

/* Of the measure's points, where it has data; densities know equal steps only. */
static enum adv_status measure_bits(const struct adv_measure *m,
                                    const struct adv_contender *contender, double *bits,
                                    struct adv_error *error)
{
    struct adv_mean mean = {NAN, NAN};
    enum adv_status status = ADV_OK;
    if (m->dataset && m->n_points > 0 && contender->power == 1)
        status = adv_rows_mean(m, &contender->solver, m->n_points, &mean, error);
    *bits = mean.value;
    return status;
}

static enum adv_status measure_one(const struct adv_quality *q,
                                   const struct adv_contender *contender,
                                   const struct adv_answer *reference, json_t *rows,
                                   struct adv_error *error)
{
    const struct adv_measure *m = q->measure;
    struct adv_run *run = NULL;
    struct adv_answer samples;
    struct quality quality = {NAN, NAN, {NAN, NAN}};
    enum adv_status status = draw_samples(m, contender, m->n_samples, &run, &samples, error);
    if (status == ADV_OK && q->judge)
        status = adv_judge(q->judge, &samples, &quality.verdict, error);
    if (status == ADV_OK)
        status = measure_bits(m, contender, &quality.bits, error);
    if (status == ADV_OK) {
        quality.deviation = deviation_from(reference, &samples);
        status = add_row(rows, contender, samples.nfe, &quality, error);
    }
    adv_run_free(run);
    return status;
}

enum adv_status adv_measure_quality(const struct adv_quality *q, json_t **out,
                                    struct adv_error *error)
{
    const struct adv_measure *m = q->measure;
    struct adv_contender *contenders = NULL;
    struct adv_contender best = {
        .name = "reference", .solver = adv_solver_spec_accurate(), .power = 1};
    best.solver.rtol = best.solver.atol = REFERENCE_TOLERANCE;
    struct adv_answer reference;
    struct adv_run *run = NULL;
    size_t n = 0, n_reference = m->n_samples < REFERENCE_ROWS ? m->n_samples : REFERENCE_ROWS;
    enum adv_status status = adv_contenders_read(q->contenders, &contenders, &n, error);
    if (status != ADV_OK)
        return status;
    json_t *rows = json_array();
    status =
        rows ? draw_samples(m, &best, n_reference, &run, &reference, error) : adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        status = measure_one(q, &contenders[i], &reference, rows, error);
    adv_run_free(run);
    free(contenders);
    if (status == ADV_OK)
        *out = rows;
    else
        json_decref(rows);
    return status;
}
