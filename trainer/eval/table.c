#include "trainer/eval/table.h"

#include "trainer/measure/rows.h"
#include "trainer/report/report.h"
#include "trainer/samples/distances.h"

#include <advect/extra/model_parts.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX ((size_t)2000) /* to compare columns by, and rows */
#define COMPARED_MAX ((size_t)10000)
#define COMPARED_MIN ((size_t)200) /* held-out rows that are enough; else all rows are taken */

/* ---------------------------------------------------------------- log-densities */

static enum adv_status model_nll(const struct adv_evaluation *e, size_t n, double *nll,
                                 struct adv_error *error)
{
    struct adv_row_densities work = adv_rows_work_as_they_are(e, "log-density", n);
    struct adv_row_estimates estimates = {0};
    enum adv_status status = adv_rows_run_points(e, &work, &estimates, error);
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        nll[i] = -estimates.log_density[i];
    adv_row_estimates_release(&estimates);
    return status;
}

/* The values by which scripts know them, which the table tells people. */
static void add_values(const double *nll, size_t n, struct adv_results *results)
{
    struct adv_mean mean = adv_mean_of(n, nll);
    adv_results_add_count(results, "points", NULL, n);
    adv_results_add(results, "nll", NULL, mean.value);
    adv_results_add(results, "nll_standard_error", NULL, mean.standard_error);
}

/* nll [3, n], of the model and of the baselines, if there are any, as log-densities. */
static enum adv_status keep_plotted(size_t n, const double *nll, bool has_baselines,
                                    struct adv_plotted *plotted, struct adv_error *error)
{
    plotted->n = n;
    plotted->log_density = calloc(n, sizeof *plotted->log_density);
    plotted->baselines = has_baselines ? calloc(n, 2 * sizeof *plotted->baselines) : NULL;
    if (!plotted->log_density || (has_baselines && !plotted->baselines))
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        plotted->log_density[i] = -nll[i];
    for (size_t i = 0; has_baselines && i < 2 * n; i++)
        plotted->baselines[i] = -nll[n + i];
    return ADV_OK;
}

static enum adv_status add_densities(const struct adv_evaluation *e, size_t n, json_t *table,
                                     struct adv_results *results, struct adv_error *error)
{
    struct adv_report_points points = {0};
    json_t *json = NULL;
    double *nll = calloc(n, 3 * sizeof *nll); /* of the model, of a Gaussian and of a mixture */
    enum adv_status status = nll ? adv_report_points_take(e->dataset, e->split, n, &points, error)
                                 : adv_no_memory(error);
    if (status == ADV_OK)
        status = model_nll(e, n, nll, error);
    if (status == ADV_OK)
        status = adv_report_densities(e->training, &points, nll, nll + n, &json, error);
    if (status == ADV_OK && json_object_set_new(table, "nll", json))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        add_values(nll, n, results);
    if (status == ADV_OK)
        status = keep_plotted(n, nll, e->training != NULL, &results->plotted, error);
    adv_report_points_release(&points);
    free(nll);
    return status;
}

/* ---------------------------------------------------------------- columns */

/* Classes and contexts as the data have them. */
static enum adv_status draw_samples(const struct adv_evaluation *e, struct adv_run **run,
                                    const struct adv_answer **answer, struct adv_error *error)
{
    const struct adv_dataset *d = e->dataset;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = e->samples.n < SAMPLES_MAX ? e->samples.n : SAMPLES_MAX;
    query.seed = e->seed;
    query.guidance = e->samples.guidance;
    query.solver = e->samples.solver;
    int32_t *labels = calloc(query.n, sizeof *labels);
    float *contexts = calloc(query.n, (d->n_context + 1) * sizeof *contexts);
    enum adv_status status = labels && contexts ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_dataset_conditions(d, query.n, labels, contexts, error);
    query.labels = d->classes ? labels : NULL;
    query.context = d->n_context ? contexts : NULL;
    query.n_contexts = query.n;
    if (status == ADV_OK)
        status = adv_evaluation_query(e, &query, "samples", run, answer, error);
    free(labels);
    free(contexts);
    return status;
}

static enum adv_status add_columns(const struct adv_evaluation *e, json_t *table,
                                   struct adv_results *results, struct adv_error *error)
{
    bool few = e->split == ADV_SPLIT_HELD_OUT &&
               adv_dataset_rows(e->dataset, ADV_SPLIT_HELD_OUT) < COMPARED_MIN;
    const struct adv_answer *answer = NULL;
    struct adv_run *run = NULL;
    struct adv_report_points rows = {0};
    json_t *columns = NULL;
    if (e->samples.n == 0)
        return ADV_OK;
    enum adv_status status = adv_report_points_take(e->dataset, few ? ADV_SPLIT_TEST : e->split,
                                                    COMPARED_MAX, &rows, error);
    if (status == ADV_OK)
        status = draw_samples(e, &run, &answer, error);
    if (status == ADV_OK) {
        const struct adv_rows data = {rows.n, e->dataset->dim, rows.x};
        const struct adv_rows samples = {answer->n, e->dataset->dim, answer->states};
        status = adv_report_columns(e->dataset, &data, &samples, &columns, error);
    }
    if (status == ADV_OK &&
        (json_object_set_new(table, "columns", columns) ||
         json_object_set_new(table, "compared_with", json_string(few ? "all rows" : "these rows"))))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_measure_distances_of_rows(e, rows.n, rows.x, answer, results, error);
    adv_run_free(run);
    adv_report_points_release(&rows);
    return status;
}

/* ---------------------------------------------------------------- the measure */

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    size_t n = 0;
    if (!adv_evaluation_is_of_table(e) || e->n_points == 0)
        return ADV_OK;
    enum adv_status status = adv_rows_of_split(e, e->n_points, &n, error);
    if (status != ADV_OK)
        return status;
    json_t *table = json_object();
    status = table ? add_densities(e, n, table, results, error) : adv_no_memory(error);
    if (status == ADV_OK)
        status = add_columns(e, table, results, error);
    if (status == ADV_OK)
        return adv_results_add_table(results, adv_measure_table.name, table, error);
    json_decref(table);
    return status;
}

/* ---------------------------------------------------------------- for people */

/* Whether held-out rows decided which weights were kept. */
static bool kept_the_best(const struct adv_evaluation *e)
{
    const json_t *train = json_object_get(adv_model_config_json(e->model), "train");
    const json_t *keep =
        json_object_get(json_object_get(json_object_get(train, "recipe"), "train"), "keep");
    return json_is_string(keep) && !strcmp(json_string_value(keep), "best");
}

static const char *whose(enum adv_split split)
{
    return split == ADV_SPLIT_HELD_OUT ? "held out from training"
           : split == ADV_SPLIT_TRAIN  ? "that the model was trained on"
                                       : "of another file than the training's";
}

static void print(const struct adv_evaluation *e, const json_t *table)
{
    const json_t *nll = json_object_get(table, "nll"), *columns = json_object_get(table, "columns");
    bool held_out = e->split == ADV_SPLIT_HELD_OUT;
    printf("negative log-density of %lld rows %s, nats a row; less is better%s\n",
           (long long)json_integer_value(json_object_get(nll, "rows")), whose(e->split),
           held_out && kept_the_best(e) ? " (they also chose the weights and the mixture)"
           : held_out                   ? " (they also chose the mixture)"
                                        : "");
    adv_report_print_densities(nll);
    if (!json_object_get(nll, "gaussian"))
        printf("  no Gaussian and no mixture beside it: the rows that the model was trained on are "
               "not at\n  hand; --data FOLDER says where they are\n");
    if (columns) {
        printf("\nsamples beside %s\n", json_string_value(json_object_get(table, "compared_with")));
        adv_report_print_columns(columns);
    }
    putchar('\n');
}

const struct adv_measure adv_measure_table = {
    .name = "table",
    .needs = ADV_NEEDS_FILES,
    .leads = true,
    .run = run,
    .print = print,
};
