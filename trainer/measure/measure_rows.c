/* Log-densities of rows of data: their mean, and what it depends on. */
#include "trainer/measure/measure_rows.h"

#include "trainer/cli/progress.h"
#include "trainer/cli/table.h"

#include <advect/evaluator.h>
#include <advect/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_PROBED 16 /* rows that share their probes */
#define BLOCK_EXACT 256

const char *adv_rows_unit(const struct adv_model *model)
{
    return adv_model_has_bits(model) ? "bits/dim" : "nats";
}

double adv_rows_in_unit(const struct adv_model *model, double log_density)
{
    return adv_model_has_bits(model) ? adv_model_bits_per_dim(model, log_density) : -log_density;
}

/* A difference of log-densities, without sign. */
static double width_in_unit(const struct adv_model *model, double difference)
{
    return fabs(adv_rows_in_unit(model, difference) - adv_rows_in_unit(model, 0));
}

struct adv_mean adv_rows_mean_in_unit(const struct adv_model *model, size_t n,
                                      const double *log_density)
{
    struct adv_mean mean = adv_mean_of(n, log_density);
    mean.standard_error = width_in_unit(model, mean.standard_error);
    mean.value = adv_rows_in_unit(model, mean.value);
    return mean;
}

/* ---------------------------------------------------------------- shared */

enum adv_status adv_rows_of_split(const struct adv_measure *m, size_t wanted, size_t *n,
                                  struct adv_error *error)
{
    if (m->dataset->source.density)
        return adv_fail_field(error, ADV_E_INVALID, "split",
                              "the model learned a density, not rows of files, of which this is a "
                              "measure");
    size_t rows = adv_dataset_rows(m->dataset, m->split);
    if (rows == 0)
        return adv_fail_field(error, ADV_E_INVALID, "split", "the split %s has no rows",
                              adv_split_names[m->split]);
    *n = wanted < rows ? wanted : rows;
    return ADV_OK;
}

static json_t *bound_of(const struct adv_row_densities *work)
{
    const struct adv_measure *m = work->measure;
    const struct adv_solver_spec *solver = &work->settings.solver;
    double setting = solver->solver->adaptive ? solver->rtol : (double)solver->steps;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:I, s:I, s:b, s:I}", "measure", work->what,
        "model digest", adv_model_digest(m->model), "data digest", m->dataset->digest, "split",
        adv_split_names[m->split], "labels", m->unlabelled ? "none" : "own", "solver",
        solver->solver->name, "solver setting", solver->solver->adaptive ? "tolerance" : "steps",
        solver->solver->adaptive ? "tolerance" : "steps", setting, "probes",
        (json_int_t)work->settings.probes, "probe seed", (json_int_t)work->settings.probe_seed,
        "probes renewed", work->settings.renew_probes, "block", (json_int_t)work->block);
}

enum adv_status adv_rows_run_kept(struct adv_row_densities *work, struct adv_row_figures *figures,
                                  struct adv_error *error)
{
    char path[ADV_STATE_PATH_MAX];
    int length = snprintf(path, sizeof path, "%s.%s.%s.eval", work->measure->state_stem, work->what,
                          adv_split_names[work->measure->split]);
    if (length >= (int)sizeof path)
        return adv_fail_field(error, ADV_E_INVALID, "state", "the state file's path is too long");
    json_t *bound = bound_of(work);
    if (!bound)
        return adv_no_memory(error);
    work->state = path;
    work->bound = bound;
    enum adv_status status = adv_row_densities_run(work, figures, error);
    json_decref(bound);
    return status;
}

/* ---------------------------------------------------------------- rows as they are */

static bool fill_rows(const void *context, size_t first, size_t n, float *points, int32_t *labels)
{
    const struct adv_measure *m = context;
    adv_dataset_points(m->dataset, m->split, first, n, points, labels);
    for (size_t i = 0; m->unlabelled && i < n; i++)
        labels[i] = ADV_NO_LABEL;
    return true;
}

static struct adv_row_densities work_of(const struct adv_measure *m, const char *what, size_t n)
{
    bool exact = adv_model_dim(m->model) <= ADV_EXACT_DIM_MAX;
    return (struct adv_row_densities){
        .measure = m,
        .what = what,
        .n = n,
        .block = exact ? BLOCK_EXACT : BLOCK_PROBED,
        .fill = fill_rows,
        .context = m,
        .settings = m->density,
    };
}

/* Of the mean over rows, from its probes: the rows of a block share theirs, so their errors may all
 * point the same way; those of different blocks are independent. An upper bound, or NaN. */
static double error_of_probes(const struct adv_row_figures *figures, size_t n, size_t block)
{
    double squares = 0;
    for (size_t first = 0; first < n; first += block) {
        double sum = 0;
        for (size_t i = first; i < n && i < first + block; i++)
            sum += figures->standard_error[i];
        squares += sum * sum;
    }
    return sqrt(squares) / (double)n;
}

static void add_bits(const struct adv_row_densities *work, const struct adv_row_figures *rows,
                     struct adv_figures *figures)
{
    const struct adv_model *model = work->measure->model;
    struct adv_mean bits = adv_rows_mean_in_unit(model, work->n, rows->log_density);
    size_t classes = adv_model_classes(model);
    adv_figures_add(figures, "bits_per_dim", "bits per dimension", bits.value);
    adv_figures_add(figures, "bits_per_dim_standard_error",
                    "standard error of bits per dimension over rows", bits.standard_error);
    double probes = width_in_unit(model, error_of_probes(rows, work->n, work->block));
    if (isfinite(probes))
        adv_figures_add(figures, "bits_per_dim_probe_error",
                        "standard error of bits per dimension from the probes", probes);
    if (classes > 0 && !work->measure->unlabelled)
        adv_figures_add(figures, "bits_per_dim_with_label", "bits per dimension, label included",
                        bits.value + log2((double)classes) / (double)adv_model_dim(model));
}

enum adv_status adv_measure_rows(const struct adv_measure *m, struct adv_figures *figures,
                                 struct adv_error *error)
{
    size_t n = 0;
    if (m->n_points == 0)
        return ADV_OK;
    enum adv_status status = adv_rows_of_split(m, m->n_points, &n, error);
    if (status != ADV_OK)
        return status;
    struct adv_row_densities work = work_of(m, "bits", n);
    struct adv_row_figures rows = {0};
    status = adv_rows_run_kept(&work, &rows, error);
    if (status != ADV_OK)
        return status;
    struct adv_mean nll = adv_mean_of(n, rows.log_density);
    adv_figures_add_count(figures, "points", "points of the log-density", n);
    adv_figures_add(figures, "nll", "mean negative log-density, nats", -nll.value);
    adv_figures_add(figures, "nll_standard_error",
                    "standard error of the mean negative log-density over rows",
                    nll.standard_error);
    if (adv_model_has_bits(m->model))
        add_bits(&work, &rows, figures);
    adv_row_figures_release(&rows);
    return ADV_OK;
}

enum adv_status adv_rows_mean(const struct adv_measure *m, const struct adv_solver_spec *solver,
                              size_t wanted, struct adv_mean *mean, struct adv_error *error)
{
    size_t n = 0;
    enum adv_status status = adv_rows_of_split(m, wanted, &n, error);
    if (status != ADV_OK)
        return status;
    struct adv_row_densities work = work_of(m, "bits", n);
    struct adv_row_figures rows = {0};
    work.settings.solver = *solver;
    work.settings.renew_probes = m->density.renew_probes && !solver->solver->adaptive;
    status = adv_row_densities_run(&work, &rows, error);
    if (status == ADV_OK)
        *mean = adv_rows_mean_in_unit(m->model, n, rows.log_density);
    adv_row_figures_release(&rows);
    return status;
}

/* ---------------------------------------------------------------- convergence */

struct setting {
    double tolerance;
    size_t probes;
};

/* The first is what the others are compared with. */
static const struct setting settings[] = {
    {1e-5, 16}, {1e-5, 4}, {1e-5, 1}, {1e-6, 4}, {1e-4, 4}, {1e-3, 4}, {1e-2, 4},
};

static enum adv_status add_setting(const struct adv_measure *m, const struct setting *setting,
                                   const struct adv_row_figures *first,
                                   const struct adv_row_figures *rows, size_t n, double seconds,
                                   json_t *table, struct adv_error *error)
{
    double *changes = calloc(n, sizeof *changes);
    if (!changes)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        changes[i] = adv_rows_in_unit(m->model, rows->log_density[i]) -
                     adv_rows_in_unit(m->model, first->log_density[i]);
    struct adv_mean mean = adv_rows_mean_in_unit(m->model, n, rows->log_density),
                    change = adv_mean_of(n, changes);
    free(changes);
    char tolerance[32];
    snprintf(tolerance, sizeof tolerance, "%.0e", setting->tolerance);
    json_t *row =
        json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "tolerance", tolerance, "probes",
                  (json_int_t)setting->probes, "mean", adv_table_number(mean.value),
                  "standard_error", adv_table_number(mean.standard_error), "change",
                  adv_table_number(change.value), "change_standard_error",
                  adv_table_number(change.standard_error), "seconds", adv_table_number(seconds));
    if (!row || json_array_append_new(table, row))
        return adv_no_memory(error);
    return ADV_OK;
}

static enum adv_status measure_setting(const struct adv_measure *m, const struct setting *setting,
                                       size_t n, struct adv_row_figures *first, json_t *table,
                                       struct adv_error *error)
{
    struct adv_row_densities work = work_of(m, "convergence", n);
    struct adv_row_figures rows = {0};
    double started = adv_seconds_now();
    work.settings.solver = adv_solver_spec_accurate();
    work.settings.solver.rtol = work.settings.solver.atol = setting->tolerance;
    work.settings.probes = setting->probes;
    work.settings.renew_probes = false;
    enum adv_status status = adv_row_densities_run(&work, &rows, error);
    if (status == ADV_OK)
        status = add_setting(m, setting, first->n ? first : &rows, &rows, n,
                             adv_seconds_now() - started, table, error);
    if (first->n == 0)
        *first = rows;
    else
        adv_row_figures_release(&rows);
    return status;
}

enum adv_status adv_measure_convergence(const struct adv_measure *m, size_t wanted, json_t **table,
                                        struct adv_error *error)
{
    size_t n = 0;
    struct adv_row_figures first = {0};
    enum adv_status status = adv_rows_of_split(m, wanted, &n, error);
    if (status != ADV_OK)
        return status;
    json_t *rows = json_array();
    if (!rows)
        status = adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < ADV_COUNT(settings); i++)
        status = measure_setting(m, &settings[i], n, &first, rows, error);
    adv_row_figures_release(&first);
    if (status == ADV_OK)
        *table = rows;
    else
        json_decref(rows);
    return status;
}

void adv_convergence_print(const struct adv_measure *m, const json_t *rows)
{
    const struct adv_column columns[] = {
        {"tolerance", "tolerance", 0},
        {"probes", "probes", 0},
        {"mean", adv_rows_unit(m->model), 5},
        {"standard_error", "+-", 5},
        {"change", "change", 5},
        {"change_standard_error", "+-", 5},
        {"seconds", "seconds", 1},
    };
    adv_table_print(columns, ADV_COUNT(columns), rows);
}
