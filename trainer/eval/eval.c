/* advect eval: measures a model. */
#include "trainer/cli/environment.h"
#include "trainer/cli/options.h"
#include "trainer/cli/stop.h"
#include "trainer/eval/card.h"
#include "trainer/eval/eval_data.h"
#include "trainer/eval/quality.h"
#include "trainer/measure/measure.h"

#include <advect/json.h>
#include <advect/memory.h>

#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096
#define N_SAMPLES_OF_POINTS 20000
#define N_SAMPLES_OF_IMAGES 1000
#define N_POINTS_OF_DENSITY 4096
#define PROBES_DEFAULT "4"

struct eval_options {
    char *data, *test_images, *test_labels, *samples, *solver, *points, *density_solver, *state;
    char *nearest, *curve, *solvers, *judge;
    json_t *density, *guidance;
    int64_t n, split, probes, convergence, classify, ood, grid, seed, threads;
    bool renew_probes, unlabelled, json, write_card, quiet;
};

#define AT(member) offsetof(struct eval_options, member)
#define MOST 1e7
static const struct adv_field fields[] = {
    {"data", ADV_FIELD_STRING, AT(data), .min = 1,
     .help = "folder of the data files named in the model file, or one CSV or NPY file of data"},
    {"split", ADV_FIELD_CHOICE, AT(split), .choices = adv_split_names, .fallback = "held_out",
     .help = "rows to measure: held out from training, from the test files, or trained on"},
    {"test_images", ADV_FIELD_STRING, AT(test_images), .min = 1,
     .help =
         "IDX file of test images for --split test, in place of the one named in the model file"},
    {"test_labels", ADV_FIELD_STRING, AT(test_labels), .min = 1,
     .help =
         "IDX file of test labels for --split test, in place of the one named in the model file"},
    {"density", ADV_FIELD_JSON, AT(density),
     .help = "true density to compare with, in place of the one named in the model file"},
    {"n", ADV_FIELD_INT, AT(n), .min = -1, .max = MOST, .fallback = "-1",
     .help = "number of samples to draw; -1 means 20000, or 1000 for images"},
    {"samples", ADV_FIELD_STRING, AT(samples), .min = 1,
     .help = "NPY file to write the samples to, grouped by class"},
    {"solver", ADV_FIELD_STRING, AT(solver), .min = 1,
     .help = "solver for samples, as METHOD:STEPS or dopri5:TOLERANCE; if absent, the default of "
             "advect sample"},
    {"guidance", ADV_FIELD_JSON, AT(guidance),
     .help = "guidance weight for samples of a class-conditional model, a number; the model's own "
             "if absent"},
    {"judge", ADV_FIELD_STRING, AT(judge), .min = 1,
     .help =
         "program that scores image samples: it is run with SAMPLES.npy LABELS.npy and prints "
         "\"accuracy: X\" and \"frechet: X\"; if absent, $ADVECT_JUDGE with --samples or --curve"},
    {"points", ADV_FIELD_STRING, AT(points), .min = 1,
     .help = "number of points to compute log-densities for, or \"all\" for the whole split; if "
             "absent, 4096 for a synthetic density and 0 for files"},
    {"probes", ADV_FIELD_INT, AT(probes), .min = 1, .max = 1000, .fallback = PROBES_DEFAULT,
     .help = "number of Hutchinson probes for log-densities beyond 16 dimensions; each block of 16 "
             "rows draws its own"},
    {"renew_probes", ADV_FIELD_BOOL, AT(renew_probes),
     .help = "draw fresh probes at each evaluation: less variance; needs a fixed-step "
             "--density-solver"},
    {"density_solver", ADV_FIELD_STRING, AT(density_solver), .min = 1, .fallback = "dopri5:1e-5",
     .help = "solver for log-densities, as METHOD:STEPS or dopri5:TOLERANCE"},
    {"unlabelled", ADV_FIELD_BOOL, AT(unlabelled),
     .help = "compute log-densities without class labels; needs a model with a null class"},
    {"state", ADV_FIELD_STRING, AT(state), .min = 1,
     .help = "folder to keep finished log-densities in, for a run that resumes or takes more "
             "points; if absent, they are kept beside the model until all are finished"},
    {"convergence", ADV_FIELD_INT, AT(convergence), .min = 0, .max = MOST,
     .help = "show how log-densities change with tolerance and number of probes, over N rows"},
    {"classify", ADV_FIELD_INT, AT(classify), .min = 0, .max = MOST,
     .help = "classify N rows by the largest log p(x | label)"},
    {"ood", ADV_FIELD_INT, AT(ood), .min = 0, .max = MOST,
     .help = "compare bits per dimension of N images with those of altered, out-of-distribution "
             "images"},
    {"nearest", ADV_FIELD_STRING, AT(nearest), .min = 1,
     .help = "PNG file to draw 20 samples into, each above its nearest training images"},
    {"curve", ADV_FIELD_STRING, AT(curve), .min = 1,
     .help = "PNG file to plot sample quality against velocity evaluations into, for each of "
             "--solvers; with --points also bits per dimension"},
    {"solvers", ADV_FIELD_STRING, AT(solvers), .min = 1,
     .help = "solvers to compare in --curve, separated by commas: METHOD:STEPS, dopri5:TOLERANCE, "
             "or METHOD:STEPS^POWER for times 1 - (1 - i/STEPS)^POWER; a selection if absent"},
    {"grid", ADV_FIELD_INT, AT(grid), .min = 0, .max = 4096, .fallback = "128",
     .help =
         "cells along each side of the grid that integrates a 2-D density; 0 skips the integral"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "0",
     .help = "seed of samples, points and probes"},
    {"json", ADV_FIELD_BOOL, AT(json), .help = "print the results as JSON"},
    {"write_card", ADV_FIELD_BOOL, AT(write_card),
     .help = "merge the measured values into the card of the model file"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_option_letter letters[] = {{'n', "n"}, {'q', "quiet"}, {0}};

static const struct adv_options command_line = {
    .command = "eval",
    .operands = "MODEL.safetensors",
    .n_operands = 1,
    .summary =
        "Measures a model. Against a synthetic density: the share of samples inside the support\n"
        "and in each mode, the Kullback-Leibler divergence, the integral of the learned density.\n"
        "Against files: the held-out loss and, on request, log-densities, bits per dimension and\n"
        "the scores that a judge program gives to samples. Where --convergence, --classify, "
        "--ood,\n"
        "--nearest or --curve is given, only what these name is measured. Log-densities are\n"
        "resumable: after Ctrl-C or a crash, the same command continues where it stopped.",
    .example = "advect eval models/mnist.safetensors --data DIR --split test --points all",
    .fields = fields,
    .n_fields = N_FIELDS,
    .letters = letters,
};

/* ---------------------------------------------------------------- what is asked */

static enum adv_status read_points(const char *text, size_t *n, struct adv_error *error)
{
    char *end;
    unsigned long long value = text ? strtoull(text, &end, 10) : 0;
    if (!text)
        return ADV_OK;
    if (!strcmp(text, "all"))
        value = (unsigned long long)MOST;
    else if (*end || text[0] < '0' || text[0] > '9' || value > (unsigned long long)MOST)
        return adv_fail_field(error, ADV_E_INVALID, "points",
                              "points is \"%.40s\"; it must be \"all\" or a number up to %.0f",
                              text, MOST);
    *n = (size_t)value;
    return ADV_OK;
}

static enum adv_status read_settings(const struct eval_options *options,
                                     struct adv_measure *measure, struct adv_error *error)
{
    measure->density.probes = (size_t)options->probes;
    measure->density.probe_seed = (uint64_t)options->seed;
    measure->density.renew_probes = options->renew_probes;
    enum adv_status status =
        adv_solver_read("density_solver", options->density_solver, &measure->density.solver, error);
    if (status == ADV_OK && options->renew_probes && measure->density.solver.solver->adaptive)
        status = adv_fail_field(error, ADV_E_INVALID, "renew_probes",
                                "renew_probes needs a density_solver of equal steps, such as "
                                "rk4:12; it is %s",
                                options->density_solver);
    if (status == ADV_OK && options->solver)
        status = adv_solver_read("solver", options->solver, &measure->sample_solver, error);
    if (status == ADV_OK)
        status = read_points(options->points, &measure->n_points, error);
    return status;
}

/* Beside the model, or in the folder of --state under the model's name: without ".safetensors". */
static void name_state(const char *path, const char *folder, char stem[PATH_BYTES])
{
    static const char suffix[] = ".safetensors";
    const char *slash = strrchr(path, '/'), *base = folder && slash ? slash + 1 : path;
    size_t length = strlen(base), end = sizeof suffix - 1;
    if (length > end && !strcmp(base + length - end, suffix))
        length -= end;
    snprintf(stem, PATH_BYTES, "%s%s%.*s", folder ? folder : "", folder ? "/" : "", (int)length,
             base);
}

static const char *judge_of(const struct eval_options *options, const struct adv_model *model)
{
    const char *named = getenv("ADVECT_JUDGE");
    if (options->judge)
        return options->judge;
    bool asked = options->samples || options->curve;
    return asked && named && *named && adv_model_is_image(model) ? named : NULL;
}

/* What depends on the model or on its data. */
static enum adv_status complete(const struct eval_options *options, struct adv_measure *measure,
                                struct adv_error *error)
{
    bool image = adv_model_is_image(measure->model);
    measure->judge = judge_of(options, measure->model);
    measure->n_samples = options->n >= 0 ? (size_t)options->n
                         : image         ? N_SAMPLES_OF_IMAGES
                                         : N_SAMPLES_OF_POINTS;
    measure->guidance = options->guidance ? json_number_value(options->guidance)
                                          : adv_model_guidance(measure->model);
    if (options->guidance && !json_is_number(options->guidance))
        return adv_fail_field(error, ADV_E_INVALID, "guidance", "guidance must be a number");
    if (measure->unlabelled && !adv_model_has_null_class(measure->model))
        return adv_fail_field(error, ADV_E_INVALID, "unlabelled",
                              "unlabelled needs a class-conditional model with a null class");
    return ADV_OK;
}

/* ---------------------------------------------------------------- measuring */

struct results {
    struct adv_figures figures;
    json_t *convergence, *ood, *curve; /* tables, or NULL */
};

static bool is_named(const struct eval_options *options)
{
    return options->convergence || options->classify || options->ood || options->nearest;
}

static enum adv_status measure_named(const struct eval_options *options,
                                     const struct adv_measure *m, struct results *results,
                                     struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (options->convergence)
        status =
            adv_measure_convergence(m, (size_t)options->convergence, &results->convergence, error);
    if (status == ADV_OK && options->classify)
        status = adv_measure_classes(m, (size_t)options->classify, &results->figures, error);
    if (status == ADV_OK && options->ood)
        status = adv_measure_ood(m, (size_t)options->ood, &results->ood, error);
    if (status == ADV_OK && options->nearest)
        status = adv_measure_nearest(m, options->nearest, &results->figures, error);
    return status;
}

static enum adv_status measure_usual(const struct eval_options *options,
                                     const struct adv_measure *m, struct adv_figures *figures,
                                     struct adv_error *error)
{
    bool is_density = m->dataset->source.density != NULL;
    enum adv_status status = ADV_OK;
    if (m->split == ADV_SPLIT_HELD_OUT)
        status = adv_measure_held_out(m, figures, error);
    if (status == ADV_OK && (is_density || options->samples || m->judge))
        status = adv_measure_samples(m, figures, error);
    if (status == ADV_OK && is_density)
        status = adv_measure_log_density(m, figures, error);
    if (status == ADV_OK && is_density)
        status = adv_measure_integral(m, figures, error);
    if (status == ADV_OK && !is_density)
        status = adv_measure_rows(m, figures, error);
    return status;
}

static enum adv_status draw_curve(const struct eval_options *options, const struct adv_measure *m,
                                  json_t **rows, struct adv_error *error)
{
    struct adv_quality quality = {
        .measure = m,
        .contenders = options->solvers ? options->solvers : adv_contenders_default,
        .judge = m->judge,
    };
    enum adv_status status = adv_measure_quality(&quality, rows, error);
    if (status == ADV_OK)
        status = adv_quality_draw(*rows, adv_model_name(m->model), options->curve, error);
    return status;
}

/* Of the data: measures that are named, or the usual ones; a curve takes the place of these. */
static enum adv_status measure_with_data(const struct eval_options *options, struct adv_measure *m,
                                         struct results *results, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (is_named(options))
        status = measure_named(options, m, results, error);
    else if (!options->curve)
        status = measure_usual(options, m, &results->figures, error);
    if (status == ADV_OK && options->curve)
        status = draw_curve(options, m, &results->curve, error);
    return status;
}

static enum adv_status measure_all(const struct eval_options *options, struct adv_measure *m,
                                   struct results *results, struct adv_error *error)
{
    struct adv_dataset dataset = {0};
    const struct adv_eval_data data = {
        .place = options->data,
        .density = options->density,
        .test_images = options->test_images,
        .test_labels = options->test_labels,
        .split = m->split,
    };
    if (options->curve && !is_named(options) && m->n_points == 0) /* it needs no data then */
        return draw_curve(options, m, &results->curve, error);
    enum adv_status status = adv_eval_data_open(m->model, &data, &dataset, error);
    if (status != ADV_OK)
        return status;
    m->dataset = &dataset;
    if (dataset.source.density && !options->points)
        m->n_points = N_POINTS_OF_DENSITY;
    status = measure_with_data(options, m, results, error);
    m->dataset = NULL;
    adv_dataset_close(&dataset);
    return status;
}

/* ---------------------------------------------------------------- results */

static void print_text(const struct adv_measure *measure, const struct results *results)
{
    adv_figures_print(&results->figures);
    if (results->convergence)
        adv_convergence_print(measure, results->convergence);
    if (results->ood)
        adv_ood_print(results->ood);
    if (results->curve)
        adv_quality_print(results->curve);
}

static enum adv_status print_json(const json_t *figures, const struct results *results,
                                  struct adv_error *error)
{
    const struct {
        const char *key;
        json_t *table;
    } tables[] = {
        {"convergence", results->convergence}, {"ood", results->ood}, {"curve", results->curve}};
    json_t *all = adv_json_deep_copy(figures);
    bool whole = all != NULL;
    for (size_t i = 0; whole && i < ADV_COUNT(tables); i++)
        whole = !tables[i].table || json_object_set(all, tables[i].key, tables[i].table) == 0;
    if (whole) {
        json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(all);
    return whole ? ADV_OK : adv_no_memory(error);
}

static enum adv_status deliver(const struct adv_measure *measure, const char *path,
                               const struct eval_options *options, const struct results *results,
                               struct adv_error *error)
{
    json_t *figures = adv_figures_to_json(&results->figures);
    enum adv_status status = ADV_OK;
    if (!figures)
        return adv_no_memory(error);
    if (options->json)
        status = print_json(figures, results, error);
    else
        print_text(measure, results);
    if (status == ADV_OK && options->write_card)
        status = adv_card_write(measure->model, path, figures, error);
    json_decref(figures);
    return status;
}

static enum adv_status eval(const char *path, const struct eval_options *options,
                            struct adv_error *error)
{
    char stem[PATH_BYTES];
    struct results results = {0};
    struct adv_measure measure = {
        .stop = adv_stop_flag(),
        .quiet = options->quiet,
        .seed = (uint64_t)options->seed,
        .grid = (size_t)options->grid,
        .samples_path = options->samples,
        .split = (enum adv_split)options->split,
        .unlabelled = options->unlabelled,
        .state_stem = stem,
        .keep_state = options->state != NULL,
    };
    int n_threads = options->threads ? (int)options->threads : adv_cpu_count();
    name_state(path, options->state, stem);
    enum adv_status status = read_settings(options, &measure, error);
    if (status == ADV_OK)
        status = adv_model_load(path, adv_environment(), &measure.model, error);
    if (status == ADV_OK)
        status = complete(options, &measure, error);
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &measure.pool, error);
    if (status == ADV_OK)
        status = measure_all(options, &measure, &results, error);
    if (status == ADV_OK)
        status = deliver(&measure, path, options, &results, error);
    json_decref(results.convergence);
    json_decref(results.ood);
    json_decref(results.curve);
    adv_pool_free(measure.pool);
    adv_model_unref(measure.model);
    return status;
}

static int run(int argc, char **argv)
{
    struct eval_options options = {0};
    const char *path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = eval(path, &options, &error);
    adv_fields_release(fields, N_FIELDS, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("eval", &error);
}

const struct adv_command adv_command_eval = {
    .name = "eval",
    .help = "measure a model against its true density or held-out data",
    .run = run,
};
