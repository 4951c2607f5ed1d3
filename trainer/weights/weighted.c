#include "trainer/weights/weighted.h"

#include "trainer/cli/files.h"
#include "trainer/measure/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_COLUMN "weight"
#define EFFECTIVE_MIN 100 /* below, weights say little about themselves */

enum adv_status adv_weighted_check(const char *path, struct adv_error *error)
{
    bool is_npy;
    enum adv_status status =
        path ? adv_choose_table_format(path, "weighted samples", &is_npy, error) : ADV_OK;
    return path && status == ADV_OK ? adv_check_writable(path, error) : status;
}

/* Column c of rows, into a column of rows that are `width` wide. */
static void take_column(const struct adv_array *rows, size_t c, float *to, size_t width)
{
    for (size_t i = 0; i < rows->shape[0]; i++)
        to[i * width] = rows->data[i * rows->shape[1] + c];
}

static enum adv_status write_rows(const char *path, size_t n, size_t width, const float *rows,
                                  const char *const *names, struct adv_error *error)
{
    const size_t shape[2] = {n, width};
    bool is_npy;
    enum adv_status status = adv_choose_table_format(path, "weighted samples", &is_npy, error);
    if (status != ADV_OK)
        return status;
    return is_npy ? adv_npy_write_float(path, 2, shape, rows, error)
                  : adv_csv_write(path, n, width, rows, names, error);
}

enum adv_status adv_weighted_write(const struct adv_array *rows, const double *weights,
                                   const char *path, struct adv_error *error)
{
    size_t n = rows->shape[0], width = rows->shape[1], n_kept = 0;
    const char **names = calloc(width + 1, sizeof *names);
    float *wide = calloc(n, (width + 1) * sizeof *wide);
    enum adv_status status = wide && names ? ADV_OK : adv_no_memory(error);
    for (size_t c = 0; status == ADV_OK && c < width; c++)
        n_kept += strcmp(rows->columns[c], WEIGHT_COLUMN) != 0;
    for (size_t c = 0, to = 0; status == ADV_OK && c < width; c++) {
        if (!strcmp(rows->columns[c], WEIGHT_COLUMN))
            continue;
        take_column(rows, c, wide + to, n_kept + 1);
        names[to++] = rows->columns[c];
    }
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        wide[i * (n_kept + 1) + n_kept] = (float)weights[i];
    if (status == ADV_OK) {
        names[n_kept] = WEIGHT_COLUMN;
        status = write_rows(path, n, n_kept + 1, wide, names, error);
    }
    free(names);
    free(wide);
    return status;
}

enum adv_status adv_weighted_print(const struct adv_importance *importance, size_t n,
                                   const struct adv_evidence *evidence, bool as_json,
                                   struct adv_error *error)
{
    char error_key[64];
    struct adv_results results = {0};
    adv_results_add_count(&results, "samples", "samples", n);
    adv_results_add(&results, "effective_sample_size", "effective sample size",
                    importance->effective);
    adv_results_add(&results, "largest_weight", "share of the heaviest sample",
                    importance->largest);
    if (evidence) {
        snprintf(error_key, sizeof error_key, "%s_standard_error", evidence->key);
        adv_results_add(&results, evidence->key, evidence->words, importance->log_mean);
        adv_results_add(&results, error_key, "its standard error", importance->log_mean_error);
    }
    json_t *values = as_json ? adv_results_to_json(&results) : NULL;
    if (as_json && !values)
        return adv_no_memory(error);
    if (as_json) {
        json_dumpf(values, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        adv_results_print(&results);
    }
    json_decref(values);
    return ADV_OK;
}

void adv_weighted_warn(const char *command, const struct adv_importance *importance,
                       const char *remedy)
{
    double n = round(importance->effective);
    if (importance->effective < EFFECTIVE_MIN)
        fprintf(stderr, "advect %s: these samples are worth %.0f of equal weight; %s\n", command, n,
                remedy);
}
