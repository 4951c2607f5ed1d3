/* Log-densities of rows of data: their mean, and what it depends on. */
#include "trainer/measure/rows.h"

#include "trainer/measure/draws.h"

#include <advect/extra/evaluator.h>
#include <advect/extra/model_parts.h>

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

double adv_rows_width_in_unit(const struct adv_model *model, double difference)
{
    return fabs(adv_rows_in_unit(model, difference) - adv_rows_in_unit(model, 0));
}

struct adv_mean adv_rows_mean_in_unit(const struct adv_model *model, size_t n,
                                      const double *log_density)
{
    struct adv_mean mean = adv_mean_of(n, log_density);
    mean.standard_error = adv_rows_width_in_unit(model, mean.standard_error);
    mean.value = adv_rows_in_unit(model, mean.value);
    return mean;
}

/* ---------------------------------------------------------------- shared */

enum adv_status adv_rows_of_split(const struct adv_evaluation *e, size_t wanted, size_t *n,
                                  struct adv_error *error)
{
    if (e->dataset->source.density)
        return adv_fail_field(error, ADV_E_INVALID, "split",
                              "the model learned a density, not rows of files, of which this is a "
                              "measure");
    size_t rows = adv_dataset_rows(e->dataset, e->split);
    if (rows == 0)
        return adv_fail_field(error, ADV_E_INVALID, "split", "the split %s has no rows",
                              adv_split_names[e->split]);
    *n = wanted < rows ? wanted : rows;
    return ADV_OK;
}

enum adv_status adv_rows_of_flag(const struct adv_evaluation *e, const char *flag, size_t wanted,
                                 size_t *n, struct adv_error *error)
{
    enum adv_status status = adv_rows_of_split(e, wanted, n, error);
    if (status == ADV_OK && *n < wanted)
        fprintf(stderr, "advect eval: %s is %zu; the split %s has %zu rows, and all are taken\n",
                flag, wanted, adv_split_names[e->split], *n);
    return status;
}

/* What draws the probes; of exact divergences nothing does. The seed also draws the points of a
 * synthetic density. */
static bool bind_seeds(const struct adv_evaluation *e, const struct adv_row_densities *work,
                       json_t *bound)
{
    bool exact = adv_model_dim(e->model) <= ADV_EXACT_DIM_MAX;
    if (exact && !e->dataset->source.density)
        return true;
    if (exact)
        return !json_object_set_new(bound, "seed", json_integer((json_int_t)e->seed));
    return !json_object_set_new(bound, "probes", json_integer((json_int_t)work->settings.probes)) &&
           !json_object_set_new(bound, "probe seed",
                                json_integer((json_int_t)work->settings.probe_seed));
}

static json_t *bound_of(const struct adv_evaluation *e, const struct adv_row_densities *work)
{
    const struct adv_solver_spec *solver = &work->settings.solver;
    const char *setting_name = adv_solver_is_adaptive(solver->solver) ? "tolerance" : "steps";
    char digest[ADV_DIGEST_TEXT];
    adv_model_flow_digest(e->model, digest);
    double setting = adv_solver_is_adaptive(solver->solver) ? solver->rtol : (double)solver->steps;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:b, s:s}", "measure", work->what,
                     "model digest", digest, "data digest", e->dataset->digest, "split",
                     adv_split_names[e->split], "labels", e->unlabelled ? "none" : "own", "solver",
                     adv_solver_name(solver->solver), "solver setting", setting_name, setting_name,
                     setting, "probes renewed",
                     work->settings.renew_probes || !adv_solver_is_adaptive(solver->solver),
                     "probes of a row follow", "its numbers");
}

enum adv_status adv_rows_run_kept(const struct adv_evaluation *e, struct adv_row_densities *work,
                                  struct adv_row_estimates *estimates, struct adv_error *error)
{
    char path[ADV_STATE_PATH_MAX];
    int length = snprintf(path, sizeof path, "%s.%s.%s.eval", e->state_stem, work->what,
                          adv_split_names[e->split]);
    if (length >= (int)sizeof path)
        return adv_fail_field(error, ADV_E_INVALID, "state", "the state file's path is too long");
    json_t *bound = bound_of(e, work);
    bool complete =
        bound && bind_seeds(e, work, bound) &&
        (e->n_draws <= 1 ||
         json_object_set_new(bound, "draws", json_integer((json_int_t)e->n_draws)) == 0);
    if (!complete) {
        json_decref(bound);
        return adv_no_memory(error);
    }
    work->state = path;
    work->bound = bound;
    enum adv_status status = adv_row_densities_run(work, estimates, error);
    json_decref(bound);
    return status;
}

enum adv_status adv_rows_run_points(const struct adv_evaluation *e, struct adv_row_densities *work,
                                    struct adv_row_estimates *estimates, struct adv_error *error)
{
    return e->keeps_points ? adv_rows_run_kept(e, work, estimates, error)
                           : adv_row_densities_run(work, estimates, error);
}

struct adv_row_densities adv_rows_work(const struct adv_evaluation *e, const char *what)
{
    return (struct adv_row_densities){
        .model = e->model,
        .pool = e->pool,
        .cancelled = e->cancelled,
        .quiet = e->quiet,
        .what = what,
        .settings = e->density,
        .keep_state = e->keep_state,
    };
}

#define OF_THE_PROBES "part of that error that comes of the probes"

void adv_rows_note_one_probe(const struct adv_evaluation *e, struct adv_results *results)
{
    if (e->density.probes == 1 && adv_model_dim(e->model) > ADV_EXACT_DIM_MAX)
        adv_results_add_note(results, OF_THE_PROBES,
                             "not known: one probe tells no error; take --probes 2 or more");
}

void adv_rows_add_probe_error(const struct adv_evaluation *e, size_t n,
                              const double *standard_error, struct adv_results *results)
{
    double error = adv_probe_error(n, standard_error);
    if (isfinite(error))
        adv_results_add(results, "nll_probe_error", OF_THE_PROBES, error);
    else
        adv_rows_note_one_probe(e, results);
}

/* ---------------------------------------------------------------- rows as they are */

static bool fill_rows(const void *context, size_t first, size_t n, float *points, int32_t *labels,
                      float *contexts)
{
    const struct adv_evaluation *e = context;
    adv_dataset_points(e->dataset, e->split, first, n, points, labels, contexts);
    for (size_t i = 0; e->unlabelled && i < n; i++)
        labels[i] = ADV_NO_LABEL;
    return true;
}

struct adv_row_densities adv_rows_work_as_they_are(const struct adv_evaluation *e, const char *what,
                                                   size_t n)
{
    bool exact = adv_model_dim(e->model) <= ADV_EXACT_DIM_MAX;
    struct adv_row_densities work = adv_rows_work(e, what);
    work.n = n;
    work.block = exact ? BLOCK_EXACT : BLOCK_PROBED;
    work.fill = fill_rows;
    work.context = e;
    return work;
}

static void add_bits(const struct adv_evaluation *e, const struct adv_row_densities *work,
                     const struct adv_row_estimates *rows, struct adv_results *results)
{
    const struct adv_model *model = e->model;
    struct adv_mean bits = adv_rows_mean_in_unit(model, work->n, rows->log_density);
    size_t classes = adv_model_classes(model);
    adv_results_add(results, "bits_per_dim", "bits per dimension", bits.value);
    adv_results_add(results, "bits_per_dim_standard_error",
                    "standard error of bits per dimension over rows", bits.standard_error);
    double probes = adv_rows_width_in_unit(model, adv_probe_error(work->n, rows->standard_error));
    if (isfinite(probes))
        adv_results_add(results, "bits_per_dim_probe_error",
                        "standard error of bits per dimension from the probes", probes);
    if (classes > 0 && !e->unlabelled)
        adv_results_add(results, "bits_per_dim_with_label", "bits per dimension, label included",
                        bits.value + log2((double)classes) / (double)adv_model_dim(model));
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    size_t n = 0;
    if (e->n_points == 0 || adv_evaluation_is_of_table(e)) /* which has a measure of its own */
        return ADV_OK;
    enum adv_status status = adv_rows_of_split(e, e->n_points, &n, error);
    if (status != ADV_OK)
        return status;
    if (e->n_draws > 1)
        return adv_draws_measure(e, n, results, error);
    struct adv_row_densities work = adv_rows_work_as_they_are(e, "bits", n);
    struct adv_row_estimates rows = {0};
    status = adv_rows_run_points(e, &work, &rows, error);
    if (status != ADV_OK)
        return status;
    struct adv_mean nll = adv_mean_of(n, rows.log_density);
    adv_results_add_count(results, "points", "points of the log-density", n);
    adv_results_add(results, "nll", "mean negative log-density, nats", -nll.value);
    adv_results_add(results, "nll_standard_error",
                    "standard error of the mean negative log-density over rows",
                    nll.standard_error);
    adv_rows_add_probe_error(e, n, rows.standard_error, results);
    if (adv_model_has_bits(e->model))
        add_bits(e, &work, &rows, results);
    adv_row_estimates_release(&rows);
    return ADV_OK;
}

enum adv_status adv_rows_mean(const struct adv_evaluation *e, const struct adv_solver_spec *solver,
                              size_t wanted, struct adv_mean *mean, struct adv_error *error)
{
    size_t n = 0;
    enum adv_status status = adv_rows_of_split(e, wanted, &n, error);
    if (status != ADV_OK)
        return status;
    struct adv_row_densities work = adv_rows_work_as_they_are(e, "bits", n);
    struct adv_row_estimates rows = {0};
    work.settings.solver = *solver;
    work.settings.renew_probes = e->density.renew_probes && !adv_solver_is_adaptive(solver->solver);
    status = adv_row_densities_run(&work, &rows, error);
    if (status == ADV_OK)
        *mean = adv_rows_mean_in_unit(e->model, n, rows.log_density);
    adv_row_estimates_release(&rows);
    return status;
}

const struct adv_measure adv_measure_rows = {
    .name = "rows",
    .needs = ADV_NEEDS_FILES,
    .run = run,
};
