#include "trainer/weights/weighted.h"

#include "trainer/measure/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_COLUMN "weight"

enum adv_status adv_weighted_write(const struct adv_array *rows, const double *weights,
                                   const char *path, struct adv_error *error)
{
    size_t n = rows->shape[0], width = rows->shape[1];
    float *wide = calloc(n, (width + 1) * sizeof *wide);
    const char **names = calloc(width + 1, sizeof *names);
    enum adv_status status = wide && names ? ADV_OK : adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < n; i++) {
        memcpy(wide + i * (width + 1), rows->data + i * width, width * sizeof *wide);
        wide[i * (width + 1) + width] = (float)weights[i];
    }
    for (size_t c = 0; status == ADV_OK && c <= width; c++)
        names[c] = c < width ? rows->columns[c] : WEIGHT_COLUMN;
    if (status == ADV_OK)
        status = adv_csv_write(path, n, width + 1, wide, names, error);
    free(names);
    free(wide);
    return status;
}

enum adv_status adv_weighted_print(const struct adv_importance *importance, size_t n,
                                   const char *evidence, bool as_json, struct adv_error *error)
{
    struct adv_results results = {0};
    adv_results_add_count(&results, "samples", "samples", n);
    adv_results_add(&results, "effective_sample_size", "effective sample size",
                    importance->effective);
    adv_results_add(&results, "largest_weight", "share of the heaviest sample",
                    importance->largest);
    adv_results_add(&results, "log_evidence", evidence, importance->log_mean);
    adv_results_add(&results, "log_evidence_standard_error", "standard error of the log evidence",
                    importance->log_mean_error);
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
