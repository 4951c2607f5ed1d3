/* advect eval: measures a model. What there is to measure stands in the table of measures.h. */
#include "trainer/cli/environment.h"
#include "trainer/eval/card.h"
#include "trainer/eval/density_plot.h"
#include "trainer/eval/eval_data.h"
#include "trainer/eval/eval_options.h"
#include "trainer/measure/draws.h"

#include <advect/extra/json.h>
#include <string.h>

/* Of a known density: as many as take less than a minute at the first number. */
#define N_POINTS_MOST 10000
#define N_POINTS_LEAST 4096
#define MULTIPLY_ADDS_A_MINUTE 3e11 /* of one thread, cautiously */
#define N_POINTS_OF_TABLE 2000      /* whose mean is then known to some hundredths of a nat */

/* ---------------------------------------------------------------- measuring */

/* The measures of a run, by their index in the table: those asked for, or else the usual ones. */
static void select_measures(const struct adv_eval_options *options, bool selected[ADV_MEASURES_MAX])
{
    bool any = false;
    for (size_t i = 0; adv_measures[i]; i++) {
        selected[i] = adv_measure_is_asked(adv_measures[i], &options->wishes[i]);
        any = any || selected[i];
    }
    for (size_t i = 0; !any && adv_measures[i]; i++)
        selected[i] = adv_measure_is_usual(adv_measures[i]);
}

static bool needs_data(const struct adv_evaluation *e, const bool selected[ADV_MEASURES_MAX])
{
    for (size_t i = 0; adv_measures[i]; i++) {
        bool for_points = adv_measures[i]->needs == ADV_NEEDS_DATA_FOR_POINTS;
        if (selected[i] && (!for_points || e->n_points > 0))
            return true;
    }
    return false;
}

/* Whether the data are such as the measure is of. */
static bool has_needed(const struct adv_measure *measure, const struct adv_evaluation *e)
{
    bool is_density = e->dataset && e->dataset->source.density;
    return measure->needs == ADV_NEEDS_DENSITY ? is_density
           : measure->needs == ADV_NEEDS_FILES ? !is_density
                                               : true;
}

static size_t points_of_density(const struct adv_evaluation *e)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = N_POINTS_MOST;
    query.solver = e->density.solver;
    query.probes = e->density.probes;
    double minutes = adv_query_cost(&query, e->model) / MULTIPLY_ADDS_A_MINUTE;
    return minutes <= (double)adv_pool_threads(e->pool) ? N_POINTS_MOST : N_POINTS_LEAST;
}

static enum adv_status measure_selected(const struct adv_eval_options *options,
                                        const struct adv_evaluation *e,
                                        const bool selected[ADV_MEASURES_MAX],
                                        struct adv_results *results, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; status == ADV_OK && adv_measures[i]; i++) {
        if (selected[i] && has_needed(adv_measures[i], e))
            status = adv_measures[i]->run(e, &options->wishes[i], results, error);
    }
    return status;
}

/* How many points where the flags do not say: they are then few, and interrupted ones are kept only
 * where a folder is named. */
static void choose_points(const struct adv_eval_options *options, struct adv_evaluation *e)
{
    if (!options->points && e->dataset->source.density)
        e->n_points = points_of_density(e);
    else if (!options->points && adv_evaluation_is_of_table(e))
        e->n_points = N_POINTS_OF_TABLE;
    e->keeps_points = options->points || options->state;
}

static enum adv_status check_points(const struct adv_eval_options *options,
                                    const struct adv_evaluation *e, struct adv_error *error)
{
    if (!e->dataset->source.density || !options->points || strcmp(options->points, "all") != 0)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "points",
                          "--points is \"all\", but a synthetic density has as many points as are "
                          "drawn; give a number, such as %d",
                          N_POINTS_MOST);
}

/* What --plot shows are log-densities, of what is no image. */
static enum adv_status check_plot(const struct adv_eval_options *options,
                                  const struct adv_evaluation *e, struct adv_error *error)
{
    if (!options->plot)
        return ADV_OK;
    if (!e->dataset->source.density && !adv_evaluation_is_of_table(e))
        return adv_fail_field(
            error, ADV_E_INVALID, "plot",
            "--plot is of synthetic densities and tables, not of images, of which "
            "--curve plots the quality");
    if (e->n_points == 0)
        return adv_fail_field(error, ADV_E_INVALID, "plot",
                              "--plot shows log-densities, but --points is 0; take at least 1");
    return ADV_OK;
}

static enum adv_status measure(const struct adv_eval_options *options, const char *path,
                               struct adv_evaluation *e, struct adv_results *results,
                               struct adv_error *error)
{
    bool selected[ADV_MEASURES_MAX] = {false};
    struct adv_eval_datasets datasets = {0};
    const struct adv_eval_data data = {
        .place = options->data,
        .density = options->density,
        .test_images = options->test_images,
        .test_labels = options->test_labels,
        .split = (enum adv_eval_split)options->split,
        .model_path = path,
    };
    select_measures(options, selected);
    if (!needs_data(e, selected))
        return measure_selected(options, e, selected, results, error);
    enum adv_status status = adv_eval_data_open(e->model, &data, &datasets, error);
    if (status != ADV_OK)
        return status;
    e->dataset = &datasets.measured;
    e->training = datasets.training;
    e->split = datasets.split;
    choose_points(options, e);
    status = check_points(options, e, error);
    if (status == ADV_OK)
        status = check_plot(options, e, error);
    if (status == ADV_OK)
        status = adv_draws_check(e, error);
    if (status == ADV_OK)
        status = measure_selected(options, e, selected, results, error);
    e->dataset = e->training = NULL;
    adv_eval_data_close(&datasets);
    return status;
}

/* ---------------------------------------------------------------- results */

static void print_tables(const struct adv_evaluation *e, const struct adv_results *results,
                         bool leading)
{
    for (size_t i = 0; adv_measures[i]; i++) {
        const json_t *rows = json_object_get(results->tables, adv_measures[i]->name);
        if (rows && adv_measures[i]->leads == leading)
            adv_measures[i]->print(e, rows);
    }
}

static void print_text(const struct adv_evaluation *e, const struct adv_results *results)
{
    print_tables(e, results, true);
    adv_results_print(results);
    print_tables(e, results, false);
}

static enum adv_status print_json(const json_t *values, const struct adv_results *results,
                                  struct adv_error *error)
{
    json_t *all = adv_json_deep_copy(values);
    bool whole = all && (!results->tables || json_object_update(all, results->tables) == 0);
    if (whole) {
        json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(all);
    return whole ? ADV_OK : adv_no_memory(error);
}

static enum adv_status deliver(const struct adv_evaluation *e, const char *path,
                               const struct adv_eval_options *options,
                               const struct adv_results *results, struct adv_error *error)
{
    json_t *values = adv_results_to_json(results);
    enum adv_status status = ADV_OK;
    if (!values)
        return adv_no_memory(error);
    if (options->json)
        status = print_json(values, results, error);
    else
        print_text(e, results);
    if (status == ADV_OK && options->plot)
        status = adv_density_plot(results, adv_model_name(e->model), options->plot, error);
    if (status == ADV_OK && options->write_card)
        status = adv_card_write(e->model, path, values, results->typicality, error);
    json_decref(values);
    return status;
}

static enum adv_status eval(const char *path, const struct adv_eval_options *options,
                            struct adv_error *error)
{
    char state_stem[ADV_EVAL_PATH_MAX];
    struct adv_evaluation e;
    struct adv_results results = {0};
    int n_threads = options->threads ? (int)options->threads : adv_cpu_count();
    enum adv_status status = adv_eval_settings(options, path, state_stem, &e, error);
    if (status == ADV_OK)
        status = adv_model_load(path, adv_environment(), &e.model, error);
    if (status == ADV_OK)
        status = adv_eval_settings_of_model(options, &e, error);
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &e.pool, error);
    if (status == ADV_OK)
        status = measure(options, path, &e, &results, error);
    if (status == ADV_OK)
        status = deliver(&e, path, options, &results, error);
    adv_results_release(&results);
    adv_pool_free(e.pool);
    adv_model_unref(e.model);
    return status;
}

static int run(int argc, char **argv)
{
    struct adv_field fields[ADV_EVAL_FIELDS_MAX];
    size_t n_fields = adv_eval_fields(fields);
    struct adv_eval_options options = {0};
    const char *path;
    int outcome = adv_eval_options_read(argc, argv, fields, n_fields, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = eval(path, &options, &error);
    adv_fields_release(fields, n_fields, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("eval", &error);
}

const struct adv_command adv_command_eval = {
    .name = "eval",
    .help = "measure a model against its true density or held-out data",
    .run = run,
};
