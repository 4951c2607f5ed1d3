/* The quantiles of held-out log-densities, against which answers tell how usual a row is. Training
 * leaves them too, where it has the time. */
#include "trainer/cli/table.h"
#include "trainer/measure/rows.h"

#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>

#include <math.h>

#define ROWS_MIN 100 /* of fewer, percentiles would say little */

static const size_t shown[] = {0, 1, 5, 25, 50, 75, 95, 99, 100}; /* percentiles */

static enum adv_status add_table(const struct adv_evaluation *e, struct adv_results *results,
                                 struct adv_error *error)
{
    const json_t *quantiles = json_object_get(results->typicality, "log_density");
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < ADV_COUNT(shown); i++) {
        double value = json_real_value(json_array_get(quantiles, shown[i]));
        json_t *row = json_pack("{s:I, s:o, s:o}", "percentile", (json_int_t)shown[i],
                                "log_density", adv_table_number(value), "in_unit",
                                adv_table_number(adv_rows_in_unit(e->model, value)));
        if (!row || json_array_append_new(rows, row)) {
            json_decref(rows);
            rows = NULL;
        }
    }
    return rows ? adv_results_add_table(results, adv_measure_typicality.name, rows, error)
                : adv_no_memory(error);
}

/* Leaves those that are finite, and returns how many. */
static size_t finite_of(size_t n, double *values)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(values[i]))
            values[kept++] = values[i];
    }
    return kept;
}

static enum adv_status check(const struct adv_evaluation *e, size_t n, struct adv_error *error)
{
    if (e->unlabelled)
        return adv_fail_field(error, ADV_E_INVALID, "unlabelled",
                              "typicality is that of rows with their labels");
    if (e->split == ADV_SPLIT_TRAIN)
        return adv_fail_field(error, ADV_E_INVALID, "split",
                              "typicality is measured on rows that training did not see, not on "
                              "the split train");
    if (n < ROWS_MIN)
        return adv_fail_field(error, ADV_E_INVALID, "typicality",
                              "typicality needs %d rows or more; here are %zu", ROWS_MIN, n);
    return ADV_OK;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    size_t n = 0;
    enum adv_status status = adv_rows_of_flag(e, "typicality", (size_t)wish->n, &n, error);
    if (status == ADV_OK)
        status = check(e, n, error);
    if (status != ADV_OK)
        return status;
    struct adv_row_densities work = adv_rows_work_as_they_are(e, "typicality", n);
    struct adv_row_estimates rows = {0};
    status = adv_rows_run_kept(e, &work, &rows, error);
    if (status != ADV_OK)
        return status;
    n = finite_of(n, rows.log_density);
    status = check(e, n, error);
    if (status == ADV_OK) {
        results->typicality = adv_typicality_new(n, rows.log_density);
        status = results->typicality ? add_table(e, results, error) : adv_no_memory(error);
    }
    adv_row_estimates_release(&rows);
    return status;
}

static void print(const struct adv_evaluation *e, const json_t *rows)
{
    const struct adv_column columns[] = {
        {"percentile", "percentile", 0},
        {"log_density", "log-density, nats", 3},
        {"in_unit", adv_rows_unit(e->model), 4},
    };
    adv_table_print(columns, ADV_COUNT(columns), rows);
}

const struct adv_measure adv_measure_typicality = {
    .name = "typicality",
    .flag = {.kind = ADV_FIELD_INT,
             .max = ADV_MEASURE_ROWS_MAX,
             .help = "measure how the log-densities of N rows spread; with --write-card, answers "
                     "tell where among them a row lies"},
    .needs = ADV_NEEDS_DATA,
    .run = run,
    .print = print,
};
