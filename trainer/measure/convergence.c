/* How the mean log-density over rows changes with the solver's tolerance and the number of probes:
 * a row per setting. */
#include "trainer/cli/progress.h"
#include "trainer/cli/table.h"
#include "trainer/measure/rows.h"

#include <advect/extra/memory.h>

#include <stdio.h>
#include <stdlib.h>

struct setting {
    double tolerance;
    size_t probes;
};

/* The first is what the others are compared with. */
static const struct setting settings[] = {
    {1e-5, 16}, {1e-5, 4}, {1e-5, 1}, {1e-6, 4}, {1e-4, 4}, {1e-3, 4}, {1e-2, 4},
};

static enum adv_status add_setting(const struct adv_evaluation *e, const struct setting *setting,
                                   const struct adv_row_estimates *first,
                                   const struct adv_row_estimates *rows, size_t n, double seconds,
                                   json_t *table, struct adv_error *error)
{
    double *changes = calloc(n, sizeof *changes);
    if (!changes)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        changes[i] = adv_rows_in_unit(e->model, rows->log_density[i]) -
                     adv_rows_in_unit(e->model, first->log_density[i]);
    struct adv_mean mean = adv_rows_mean_in_unit(e->model, n, rows->log_density),
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

static enum adv_status measure_setting(const struct adv_evaluation *e,
                                       const struct setting *setting, size_t n,
                                       struct adv_row_estimates *first, json_t *table,
                                       struct adv_error *error)
{
    struct adv_row_densities work = adv_rows_work_as_they_are(e, "convergence", n);
    struct adv_row_estimates rows = {0};
    double started = adv_seconds_now();
    work.settings.solver = adv_solver_spec_accurate();
    work.settings.solver.rtol = work.settings.solver.atol = setting->tolerance;
    work.settings.probes = setting->probes;
    work.settings.renew_probes = false;
    enum adv_status status = adv_row_densities_run(&work, &rows, error);
    if (status == ADV_OK)
        status = add_setting(e, setting, first->n ? first : &rows, &rows, n,
                             adv_seconds_now() - started, table, error);
    if (first->n == 0)
        *first = rows;
    else
        adv_row_estimates_release(&rows);
    return status;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    size_t n = 0;
    struct adv_row_estimates first = {0};
    enum adv_status status = adv_rows_of_flag(e, "convergence", (size_t)wish->n, &n, error);
    if (status != ADV_OK)
        return status;
    json_t *rows = json_array();
    if (!rows)
        status = adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < ADV_COUNT(settings); i++)
        status = measure_setting(e, &settings[i], n, &first, rows, error);
    adv_row_estimates_release(&first);
    if (status == ADV_OK)
        return adv_results_add_table(results, adv_measure_convergence.name, rows, error);
    json_decref(rows);
    return status;
}

static void print(const struct adv_evaluation *e, const json_t *rows)
{
    const struct adv_column columns[] = {
        {"tolerance", "tolerance", 0},
        {"probes", "probes", 0},
        {"mean", adv_rows_unit(e->model), 5},
        {"standard_error", "+-", 5},
        {"change", "change", 5},
        {"change_standard_error", "+-", 5},
        {"seconds", "seconds", 1},
    };
    adv_table_print(columns, ADV_COUNT(columns), rows);
}

const struct adv_measure adv_measure_convergence = {
    .name = "convergence",
    .flag = {.kind = ADV_FIELD_INT,
             .max = ADV_MEASURE_ROWS_MAX,
             .help = "show how log-densities change with tolerance and number of probes, over N "
                     "rows"},
    .needs = ADV_NEEDS_DATA,
    .run = run,
    .print = print,
};
