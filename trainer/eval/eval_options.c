#include "trainer/eval/eval_options.h"

#include "trainer/calibration/calibration.h"
#include "trainer/cli/files.h"
#include "trainer/cli/solver_list.h"
#include "trainer/cli/stop.h"
#include "trainer/eval/eval_data.h"
#include "trainer/eval/quality.h"
#include "trainer/measure/draws.h"

#include <advect/extra/memory.h>

#include <stdlib.h>
#include <string.h>

#define N_SAMPLES_OF_POINTS 20000
#define N_SAMPLES_OF_IMAGES 1000
#define PROBES_DEFAULT "4"
#define POSTERIOR_SAMPLES 99
#define MOST ADV_MEASURE_ROWS_MAX

/* ---------------------------------------------------------------- the command line */

#define AT(member) offsetof(struct adv_eval_options, member)

/* Around the flags of measures, which stand in their rows. */
static const struct adv_field fields_before[] = {
    {"data", ADV_FIELD_STRING, AT(data), .min = 1,
     .help = "folder of the data files named in the model file, or one CSV or NPY file of data"},
    {"split", ADV_FIELD_CHOICE, AT(split), .choices = adv_eval_split_names, .fallback = "auto",
     .help = "rows to measure: held out from training, from the test files, or trained on; auto: "
             "held out, or all rows of a file that --data names and training did not see"},
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
     .help = "number of points to compute log-densities for, or \"all\" for the whole split of "
             "images or a table; if absent, 10000 for a synthetic density, 4096 where that would "
             "take long, 2000 for "
             "tables, 0 for images"},
    {"probes", ADV_FIELD_INT, AT(probes), .min = 1, .max = 1000, .fallback = PROBES_DEFAULT,
     .help = "number of Hutchinson probes for log-densities beyond 16 dimensions; one tells no "
             "error"},
    {"draws", ADV_FIELD_INT, AT(draws), .min = 1, .max = ADV_DRAWS_MAX, .fallback = "1",
     .help = "number of draws of the noise that dequantises 8-bit data over which --points and "
             "--classify average densities: the more, the tighter a bound of the probability"},
    {"renew_probes", ADV_FIELD_BOOL, AT(renew_probes),
     .help = "insist on fresh probes at each evaluation, which every --density-solver of equal "
             "steps draws and others refuse"},
    {"density_solver", ADV_FIELD_STRING, AT(density_solver), .min = 1, .fallback = "dopri5:1e-5",
     .help = "solver for log-densities, as METHOD:STEPS or dopri5:TOLERANCE"},
    {"unlabelled", ADV_FIELD_BOOL, AT(unlabelled),
     .help = "compute log-densities without class labels; needs a model with a null class"},
    {"state", ADV_FIELD_STRING, AT(state), .min = 1,
     .help = "folder to keep finished log-densities in, for a run that resumes or takes more "
             "points; if absent, those of --points are kept beside the model until all are "
             "finished"},
};
static const struct adv_field fields_after[] = {
    {"solvers", ADV_FIELD_STRING, AT(solvers), .min = 1,
     .help = "solvers to compare in --curve, separated by commas: METHOD:STEPS, dopri5:TOLERANCE, "
             "or METHOD:STEPS^POWER for times 1 - (1 - i/STEPS)^POWER; a selection if absent"},
    {"plot", ADV_FIELD_STRING, AT(plot), .min = 1,
     .help =
         "PNG file to plot log-densities into: of a synthetic density against the truth's, with "
         "its modes' shares of the samples; of a table beside those of a Gaussian and a "
         "mixture"},
    {"grid", ADV_FIELD_INT, AT(grid), .min = 0, .max = 4096, .fallback = "128",
     .help = "the integral of a density takes the square of so many points, or in more than 3 "
             "dimensions a quarter as many; 0 skips it"},
    {"posterior_samples", ADV_FIELD_INT, AT(posterior_samples), .min = ADV_CALIBRATION_SAMPLES_MIN,
     .max = ADV_CALIBRATION_SAMPLES_MAX,
     .help = "samples of each posterior that --calibration draws, 99 if absent; one less than a "
             "multiple of 20 gives regions of 50, 90 and 95 % exactly"},
    {"calibration_plot", ADV_FIELD_STRING, AT(calibration_plot), .min = 1,
     .help =
         "PNG file to plot the ranks of --calibration into, with their 99 % bands, and coverage "
         "against level"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "0",
     .help = "seed of samples, points and probes"},
    {"json", ADV_FIELD_BOOL, AT(json), .help = "print the results as JSON"},
    {"write_card", ADV_FIELD_BOOL, AT(write_card),
     .help = "merge the measured values into the card of the model file"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
};

#define N_BEFORE ADV_COUNT(fields_before)
#define N_AFTER ADV_COUNT(fields_after)
_Static_assert(N_BEFORE + N_AFTER + ADV_MEASURES_MAX <= ADV_EVAL_FIELDS_MAX, "no room for fields");

static const struct adv_option_letter letters[] = {{'n', "n"}, {'q', "quiet"}, {0}};

static const struct adv_options command_line = {
    .command = "eval",
    .operands = "MODEL.safetensors",
    .n_operands = 1,
    .summary =
        "Measures a model. Against a synthetic density: the share of samples inside the support\n"
        "and in each mode, the Kullback-Leibler divergence, the integral of the learned density.\n"
        "Against a table: the negative log-density of held-out rows beside those of a Gaussian "
        "and\n"
        "a mixture, columns of samples beside the data's, and how far samples are from the data.\n"
        "Against images: the held-out loss and, on request, log-densities, bits per dimension and\n"
        "the scores that a judge program gives to samples. Where --convergence, --classify, "
        "--ood,\n"
        "--nearest, --calibration or --curve is given, only what these name is measured.\n"
        "Log-densities of --points are resumable: after Ctrl-C or a crash, the same command\n"
        "continues where it stopped.",
    .example = "advect eval models/mnist.safetensors --data DIR --split test --points all",
    .letters = letters,
};

size_t adv_eval_fields(struct adv_field fields[ADV_EVAL_FIELDS_MAX])
{
    size_t n = N_BEFORE;
    memcpy(fields, fields_before, sizeof fields_before);
    for (size_t i = 0; adv_measures[i]; i++) {
        if (adv_measure_is_usual(adv_measures[i]))
            continue;
        fields[n] = adv_measures[i]->flag;
        fields[n].name = adv_measures[i]->name;
        fields[n++].offset = AT(wishes) + i * sizeof(union adv_measure_wish);
    }
    memcpy(fields + n, fields_after, sizeof fields_after);
    return n + N_AFTER;
}

int adv_eval_options_read(int argc, char **argv, const struct adv_field *fields, size_t n_fields,
                          struct adv_eval_options *options, const char **model_path)
{
    struct adv_options all = command_line;
    all.fields = fields;
    all.n_fields = n_fields;
    return adv_options_read(&all, argc, argv, options, model_path);
}

/* ---------------------------------------------------------------- what they ask for */

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

static enum adv_status read_solvers(const struct adv_eval_options *options,
                                    struct adv_evaluation *e, struct adv_error *error)
{
    enum adv_status status =
        adv_solver_read("--density-solver", options->density_solver, &e->density.solver, error);
    if (status == ADV_OK && options->renew_probes &&
        adv_solver_is_adaptive(e->density.solver.solver))
        status = adv_fail_field(error, ADV_E_INVALID, "renew_probes",
                                "--renew-probes needs a --density-solver of equal steps, such as "
                                "rk4:12; it is %s",
                                options->density_solver);
    if (status == ADV_OK && options->solver)
        status = adv_solver_read("--solver", options->solver, &e->samples.solver, error);
    return status;
}

/* Beside the model, or in the folder of --state under the model's name: without ".safetensors". */
static void name_state(const char *path, const char *folder, char stem[ADV_EVAL_PATH_MAX])
{
    static const char suffix[] = ".safetensors";
    const char *slash = strrchr(path, '/'), *base = folder && slash ? slash + 1 : path;
    size_t length = strlen(base), end = sizeof suffix - 1;
    if (length > end && !strcmp(base + length - end, suffix))
        length -= end;
    snprintf(stem, ADV_EVAL_PATH_MAX, "%s%s%.*s", folder ? folder : "", folder ? "/" : "",
             (int)length, base);
}

/* The files that flags name, which cannot be standard output: results go there. */
static enum adv_status check_files(const struct adv_eval_options *options, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (options->samples)
        status = adv_check_writable(options->samples, error);
    if (options->plot && status == ADV_OK)
        status = adv_check_writable(options->plot, error);
    for (size_t i = 0; adv_measures[i] && status == ADV_OK; i++) {
        const struct adv_measure *measure = adv_measures[i];
        if (measure->flag.kind == ADV_FIELD_STRING &&
            adv_measure_is_asked(measure, &options->wishes[i]))
            status = adv_check_writable(options->wishes[i].path, error);
    }
    return status;
}

static bool is_asked(const struct adv_eval_options *options, const struct adv_measure *measure)
{
    size_t i = 0;
    while (adv_measures[i] != measure)
        i++;
    return adv_measure_is_asked(measure, &options->wishes[i]);
}

/* Flags that say something of a measure which another flag asks for. */
static enum adv_status check_measures(const struct adv_eval_options *options,
                                      struct adv_error *error)
{
    const struct {
        bool is_given;
        const char *flag;
        const struct adv_measure *measure;
    } of_measures[] = {
        {options->posterior_samples > 0, "posterior-samples", &adv_measure_calibration},
        {options->calibration_plot != NULL, "calibration-plot", &adv_measure_calibration},
        {options->solvers != NULL, "solvers", &adv_measure_quality},
    };
    for (size_t i = 0; i < ADV_COUNT(of_measures); i++) {
        if (of_measures[i].is_given && !is_asked(options, of_measures[i].measure))
            return adv_fail_field(error, ADV_E_INVALID, of_measures[i].flag, "--%s needs --%s",
                                  of_measures[i].flag, of_measures[i].measure->name);
    }
    return ADV_OK;
}

/* The usual measures use both flags, and are left out where others are asked for. */
static enum adv_status check_drawing(const struct adv_eval_options *options,
                                     struct adv_error *error)
{
    bool any = false, solver = false, guidance = false;
    for (size_t i = 0; adv_measures[i]; i++) {
        if (!adv_measure_is_asked(adv_measures[i], &options->wishes[i]))
            continue;
        any = true;
        solver = solver || adv_measures[i]->uses_solver;
        guidance = guidance || adv_measures[i]->uses_guidance;
    }
    const char *flag = options->solver && !solver       ? "solver"
                       : options->guidance && !guidance ? "guidance"
                                                        : NULL;
    if (!any || !flag)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, flag,
                          "--%s has no effect on what is measured; leave it out", flag);
}

/* The usual measures write the files of some flags, and are left out where others are asked for. */
static enum adv_status check_written(const struct adv_eval_options *options,
                                     struct adv_error *error)
{
    if (options->samples && options->n == 0)
        return adv_fail_field(
            error, ADV_E_INVALID, "samples",
            "--samples names a file, but -n is 0; draw at least 1, or leave one out");
    const char *flag = options->samples ? "samples" : options->plot ? "plot" : NULL;
    for (size_t i = 0; flag && adv_measures[i]; i++) {
        if (adv_measure_is_asked(adv_measures[i], &options->wishes[i]))
            return adv_fail_field(error, ADV_E_INVALID, flag,
                                  "--%s writes nothing with --%s, which is then all that is "
                                  "measured; leave out one of the two",
                                  flag, adv_measures[i]->name);
    }
    return ADV_OK;
}

enum adv_status adv_eval_settings(const struct adv_eval_options *options, const char *model_path,
                                  char state_stem[ADV_EVAL_PATH_MAX],
                                  struct adv_evaluation *evaluation, struct adv_error *error)
{
    name_state(model_path, options->state, state_stem);
    *evaluation = (struct adv_evaluation){
        .cancelled = adv_stop_requested,
        .quiet = options->quiet,
        .seed = (uint64_t)options->seed,
        .samples = {.path = options->samples},
        .solvers = options->solvers,
        .density = {.probes = (size_t)options->probes,
                    .probe_seed = (uint64_t)options->seed,
                    .renew_probes = options->renew_probes},
        .unlabelled = options->unlabelled,
        .n_draws = (size_t)options->draws,
        .grid = (size_t)options->grid,
        .calibration = {.n_samples = options->posterior_samples ? (size_t)options->posterior_samples
                                                                : POSTERIOR_SAMPLES,
                        .plot = options->calibration_plot},
        .state_stem = state_stem,
        .keep_state = options->state != NULL,
    };
    enum adv_status status = check_measures(options, error);
    if (status == ADV_OK)
        status = check_written(options, error);
    if (status == ADV_OK)
        status = check_drawing(options, error);
    if (status == ADV_OK)
        status = check_files(options, error);
    if (status == ADV_OK)
        status = read_solvers(options, evaluation, error);
    return status == ADV_OK ? read_points(options->points, &evaluation->n_points, error) : status;
}

/* A plot of sample quality scores samples, too. */
static bool scores_samples(const struct adv_eval_options *options)
{
    for (size_t i = 0; adv_measures[i]; i++) {
        if (adv_measures[i]->scores_samples &&
            adv_measure_is_asked(adv_measures[i], &options->wishes[i]))
            return true;
    }
    return options->samples != NULL;
}

static const char *scorer_of(const struct adv_eval_options *options, const struct adv_model *model)
{
    const char *named = getenv("ADVECT_JUDGE");
    if (options->judge)
        return options->judge;
    bool wanted = named && *named && adv_model_is_image(model) && scores_samples(options);
    return wanted ? named : NULL;
}

enum adv_status adv_eval_settings_of_model(const struct adv_eval_options *options,
                                           struct adv_evaluation *evaluation,
                                           struct adv_error *error)
{
    const struct adv_model *model = evaluation->model;
    struct adv_sample_settings *samples = &evaluation->samples;
    samples->scorer = scorer_of(options, model);
    samples->n = options->n >= 0             ? (size_t)options->n
                 : adv_model_is_image(model) ? N_SAMPLES_OF_IMAGES
                                             : N_SAMPLES_OF_POINTS;
    samples->guidance =
        options->guidance ? json_number_value(options->guidance) : adv_model_guidance(model);
    if (options->guidance && !json_is_number(options->guidance))
        return adv_fail_field(error, ADV_E_INVALID, "guidance", "guidance must be a number");
    if (evaluation->unlabelled && !adv_model_has_null_class(model))
        return adv_fail_field(error, ADV_E_INVALID, "unlabelled",
                              "unlabelled needs a class-conditional model with a null class");
    return ADV_OK;
}
