#include "trainer/calibration/calibration.h"

#include "trainer/cli/files.h"
#include "trainer/cli/table.h"
#include "trainer/measure/rows.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double levels[] = {0.5, 0.9, 0.95};

/* ---------------------------------------------------------------- rows */

/* A new reference, or NULL without memory. */
static json_t *histogram_of(const struct adv_band *band, const uint32_t *ranks, size_t n_bins)
{
    size_t counts[ADV_RANK_BINS_MAX];
    json_t *histogram = json_array();
    adv_rank_histogram(band, ranks, n_bins, counts);
    for (size_t b = 0; histogram && b < n_bins; b++) {
        if (json_array_append_new(histogram, json_integer((json_int_t)counts[b]))) {
            json_decref(histogram);
            return NULL;
        }
    }
    return histogram;
}

static json_t *rank_row(const char *name, enum adv_rank_kind kind, const struct adv_band *band,
                        const uint32_t *ranks)
{
    struct adv_rank_test test;
    adv_rank_test(band, ranks, &test);
    return json_pack("{s:s, s:f, s:I, s:f, s:f, s:s, s:s, s:o}", "of", name, "chi_square",
                     test.chi_square, "degrees_of_freedom", (json_int_t)(test.n_bins - 1),
                     "p_value", test.p_value, "difference", test.difference, "band",
                     test.inside ? "inside" : "outside", "verdict", adv_rank_verdict(&test, kind),
                     "histogram", histogram_of(band, ranks, test.n_bins));
}

/* The tests of all ranks; *n_failed: how many are not calibrated. */
static json_t *rank_rows(const struct adv_evaluation *e, const struct adv_ranked_pairs *ranked,
                         const struct adv_band *band, size_t *n_failed)
{
    json_t *rows = json_array();
    *n_failed = 0;
    for (size_t k = 0; rows && k < ranked->dim + ADV_REGION_RANKS; k++) {
        char buffer[32];
        json_t *row = rank_row(adv_ranked_name(ranked, e->model, k, buffer),
                               adv_ranked_kind(ranked, k), band, ranked->ranks + k * ranked->n);
        const char *verdict = json_string_value(json_object_get(row, "verdict"));
        *n_failed += verdict && strcmp(verdict, ADV_CALIBRATED) != 0;
        if (!row || json_array_append_new(rows, row)) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

static enum adv_status add_coverage(const struct adv_ranked_pairs *ranked, double level,
                                    json_t *rows, struct adv_error *error)
{
    struct adv_coverage density, distance;
    const uint32_t *ranks = ranked->ranks + ranked->dim * ranked->n;
    enum adv_status status = adv_coverage_of(ranked->n, ranks, ranked->n_samples + 1, level,
                                             ADV_CALIBRATION_BAND, &density, error);
    if (status == ADV_OK)
        status = adv_coverage_of(ranked->n, ranks + ranked->n, ranked->n_samples + 1, level,
                                 ADV_CALIBRATION_BAND, &distance, error);
    if (status != ADV_OK)
        return status;
    json_t *row = json_pack("{s:f, s:f, s:f, s:f, s:f}", "level", density.level, "highest_density",
                            density.share, "distance", distance.share, "low", density.low, "high",
                            density.high);
    return row && json_array_append_new(rows, row) == 0 ? ADV_OK : adv_no_memory(error);
}

static enum adv_status add_coverages(const struct adv_ranked_pairs *ranked, json_t *table,
                                     struct adv_error *error)
{
    json_t *rows = json_array();
    enum adv_status status = ADV_OK;
    if (!rows || json_object_set_new(table, "coverage", rows))
        return adv_no_memory(error);
    for (size_t i = 0; status == ADV_OK && i < ADV_COUNT(levels); i++)
        status = add_coverage(ranked, levels[i], rows, error);
    return status;
}

/* ---------------------------------------------------------------- the measure */

static enum adv_status check(const struct adv_evaluation *e, size_t *n, struct adv_error *error)
{
    size_t wanted = *n;
    if (adv_model_context(e->model) == 0)
        return adv_fail_field(error, ADV_E_INVALID, "calibration",
                              "calibration is of a model that is conditioned on a context; this "
                              "one takes none");
    enum adv_status status = adv_rows_of_flag(e, "calibration", wanted, n, error);
    if (status == ADV_OK && *n < ADV_CALIBRATION_PAIRS_MIN)
        status = adv_fail_field(error, ADV_E_INVALID, "calibration",
                                "calibration needs at least %d pairs; the split %s has %zu",
                                ADV_CALIBRATION_PAIRS_MIN, adv_split_names[e->split], *n);
    if (status == ADV_OK && e->calibration.plot)
        status = adv_check_writable(e->calibration.plot, error);
    return status;
}

static void add_values(const struct adv_ranked_pairs *ranked, size_t n_failed,
                       struct adv_results *results)
{
    size_t n_finite;
    struct adv_mean mean = adv_mean_of_finite(ranked->n, ranked->log_density, &n_finite);
    adv_results_add_count(results, "calibration_pairs", "pairs of parameters and observation",
                          ranked->n);
    adv_results_add_count(results, "calibration_samples", "posterior samples for each pair",
                          ranked->n_samples);
    adv_results_add(results, "posterior_nll",
                    "mean negative log-density of the true parameters, nats", -mean.value);
    adv_results_add(results, "posterior_nll_standard_error",
                    "standard error of the mean negative log-density", mean.standard_error);
    if (n_finite < ranked->n)
        adv_results_add_count(
            results, "calibration_lost",
            "pairs too far out for a log-density: the lowest in ranks, not in the "
            "mean",
            ranked->n - n_finite);
    adv_results_add_count(results, "miscalibrated", "ranks that are not uniform", n_failed);
}

static enum adv_status report(const struct adv_evaluation *e, const struct adv_ranked_pairs *ranked,
                              struct adv_results *results, struct adv_error *error)
{
    struct adv_band band;
    size_t n_failed;
    enum adv_status status =
        adv_band_init(&band, ranked->n, ranked->n_samples + 1, ADV_CALIBRATION_BAND, error);
    if (status == ADV_OK && e->calibration.plot)
        status = adv_calibration_plot(ranked, e->model, &band, e->calibration.plot, error);
    if (status != ADV_OK)
        return status;
    json_t *table = json_object(), *rows = rank_rows(e, ranked, &band, &n_failed);
    if (!table || !rows || json_object_set(table, "ranks", rows))
        status = adv_no_memory(error);
    json_decref(rows);
    if (status == ADV_OK)
        status = add_coverages(ranked, table, error);
    if (status != ADV_OK) {
        json_decref(table);
        return status;
    }
    add_values(ranked, n_failed, results);
    return adv_results_add_table(results, adv_measure_calibration.name, table, error);
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    size_t n = (size_t)wish->n;
    struct adv_ranked_pairs ranked = {0};
    enum adv_status status = check(e, &n, error);
    if (status == ADV_OK)
        status = adv_pairs_rank(e, n, e->calibration.n_samples, &ranked, error);
    if (status == ADV_OK)
        status = report(e, &ranked, results, error);
    adv_ranked_pairs_release(&ranked);
    return status;
}

static void print(const struct adv_evaluation *e, const json_t *table)
{
    (void)e;
    static const struct adv_column of_ranks[] = {
        {"of", "ranks of", 0},
        {"chi_square", "chi-square", 2},
        {"degrees_of_freedom", "freedom", 0},
        {"p_value", "p", 4},
        {"difference", "difference", 3},
        {"band", "99 % band", 0},
        {"verdict", "verdict", 0},
    };
    static const struct adv_column of_coverage[] = {
        {"level", "level", 3},
        {"highest_density", "covered by highest density", 3},
        {"distance", "by distance (TARP)", 3},
        {"low", "99 % from", 3},
        {"high", "to", 3},
    };
    adv_table_print(of_ranks, ADV_COUNT(of_ranks), json_object_get(table, "ranks"));
    adv_table_print(of_coverage, ADV_COUNT(of_coverage), json_object_get(table, "coverage"));
}

const struct adv_measure adv_measure_calibration = {
    .name = "calibration",
    .flag = {.kind = ADV_FIELD_INT,
             .min = ADV_CALIBRATION_PAIRS_MIN,
             .max = ADV_CALIBRATION_PAIRS_MAX,
             .help = "test whether posteriors of a model with a context are calibrated, over N "
                     "pairs of parameters and observation: ranks, coverage, TARP"},
    .needs = ADV_NEEDS_DATA,
    .run = run,
    .print = print,
};
