#include "trainer/query/ask.h"
#include "trainer/cli/environment.h"

#include "trainer/cli/options.h"
#include "trainer/cli/progress.h"
#include "trainer/cli/stop.h"
#include "trainer/query/output.h"

#include <advect/memory.h>
#include <advect/pool.h>
#include <advect/request.h>
#include <advect/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ask_options {
    char *points, *out;
    int64_t format, threads;
    int64_t width, height, zoom, columns, frame_ms;
    bool quiet;
};

#define AT(member) offsetof(struct ask_options, member)
static const struct adv_field fields[] = {
    {"out", ADV_FIELD_STRING, AT(out), .min = 1, .help = "output file; standard output if absent"},
    {"format", ADV_FIELD_CHOICE, AT(format), .choices = adv_format_names, .fallback = "auto",
     .help = "format of the output, where auto follows the extension of the file"},
    {"points", ADV_FIELD_STRING, AT(points), .min = 1,
     .help = "NPY or CSV file of points, one per row, or PNG file of one image"},
    {"width", ADV_FIELD_INT, AT(width), .min = 64, .max = 4096, .unit = "pixels",
     .help = "width of a plot; 640 if absent"},
    {"height", ADV_FIELD_INT, AT(height), .min = 64, .max = 4096, .unit = "pixels",
     .help = "height of a plot; 640 if absent"},
    {"zoom", ADV_FIELD_INT, AT(zoom), .min = 1, .max = 64,
     .help = "screen pixels per image pixel; 3 if absent"},
    {"columns", ADV_FIELD_INT, AT(columns), .min = 1, .max = 1000,
     .help = "columns in a grid of images; chosen automatically if absent"},
    {"frame_ms", ADV_FIELD_INT, AT(frame_ms), .min = 1, .max = 10000, .unit = "ms",
     .help = "duration of each frame of an animation; 80 if absent"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; answers do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
};
#define N_FIELDS ADV_COUNT(fields)

/* What --points is of samples and trajectories. */
static const char starts_help[] =
    "NPY or CSV file of starting points in base units, one per row, in place of random ones";

static const struct adv_option_letter letters[] = {{'o', "out"}, {'n', "n"}, {'q', "quiet"}, {0}};

/* ---------------------------------------------------------------- the run */

static void show_share(void *context, double share)
{
    struct adv_progress *progress = context;
    if (adv_progress_is_due(progress))
        adv_progress_show(progress, share, "");
}

static enum adv_status run_query(struct adv_model *model, const struct adv_query *query,
                                 const struct ask_options *options, struct adv_run **run,
                                 const struct adv_answer **answer, struct adv_error *error)
{
    struct adv_pool *pool = NULL;
    struct adv_progress progress;
    int n_threads = options->threads ? (int)options->threads : adv_cpu_count();
    enum adv_status status = adv_pool_new(n_threads, &pool, error);
    if (status == ADV_OK)
        status = adv_run_new(model, query, run, error);
    adv_progress_init(&progress, options->quiet, 0);
    if (status == ADV_OK)
        status = adv_run_all(*run, pool, adv_stop_flag(), show_share, &progress, answer, error);
    adv_progress_end(&progress);
    adv_pool_free(pool);
    return status;
}

static enum adv_status answer(const char *model_path, struct adv_request *request,
                              enum adv_query_kind kind, const struct ask_options *options,
                              struct adv_error *error)
{
    struct adv_model *model = NULL;
    struct adv_run *run = NULL;
    struct adv_query query;
    struct adv_output output = {.picture = {.width = (int)options->width,
                                            .height = (int)options->height,
                                            .zoom = (int)options->zoom,
                                            .columns = (int)options->columns,
                                            .frame_ms = (int)options->frame_ms}};
    enum adv_format format = (enum adv_format)options->format;
    struct adv_limits limits = adv_limits_default();
    limits.rows = limits.frames = limits.probes = SIZE_MAX;
    limits.cost = HUGE_VAL;
    enum adv_status status = adv_model_load(model_path, adv_environment(), &model, error);
    if (status == ADV_OK)
        status = adv_output_format(kind, model, options->out, &format, error);
    if (status == ADV_OK && options->points)
        status = adv_request_load_points(request, model, options->points, error);
    if (status == ADV_OK)
        status = adv_request_query(request, model, &limits, adv_random_seed(), &query, error);
    if (status == ADV_OK)
        status = run_query(model, &query, options, &run, &output.answer, error);
    output.model = model;
    output.query = &query;
    if (status == ADV_OK)
        status = adv_output_write(&output, format, options->out, error);
    adv_run_free(run);
    adv_model_unref(model);
    return status;
}

static enum adv_status set_field(void *context, const char *name, const char *text,
                                 struct adv_error *error)
{
    return adv_request_set_text(context, name, text, error);
}

static bool needs_points(enum adv_query_kind kind)
{
    return kind != ADV_QUERY_SAMPLES && kind != ADV_QUERY_TRAJECTORIES;
}

int adv_ask_run(const struct adv_ask *ask, int argc, char **argv)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_request *request = NULL;
    if (adv_request_new(ask->kind, &request, &error) != ADV_OK)
        return adv_command_fail(ask->command, &error);
    struct adv_field query_fields[ADV_REQUEST_FIELDS_MAX];
    struct adv_more_options more = {
        .fields = query_fields,
        .n_fields = adv_request_text_fields(ask->kind, query_fields),
        .set = set_field,
        .context = request,
    };
    struct adv_field own_fields[N_FIELDS];
    memcpy(own_fields, fields, sizeof fields);
    for (size_t i = 0; i < N_FIELDS; i++) {
        bool is_points = !strcmp(fields[i].name, "points");
        own_fields[i].required = is_points && needs_points(ask->kind);
        if (is_points && !needs_points(ask->kind))
            own_fields[i].help = starts_help;
    }
    const struct adv_options command_line = {
        .command = ask->command,
        .operands = "MODEL.safetensors",
        .n_operands = 1,
        .summary = ask->summary,
        .example = ask->example,
        .fields = own_fields,
        .n_fields = N_FIELDS,
        .letters = letters,
        .more = &more,
    };
    struct ask_options options = {0};
    const char *model_path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &model_path);
    if (outcome == ADV_OPTIONS_GO) {
        outcome = ADV_EXIT_OK;
        if (answer(model_path, request, ask->kind, &options, &error) != ADV_OK)
            outcome = adv_command_fail(ask->command, &error);
        adv_fields_release(fields, N_FIELDS, &options);
    }
    adv_request_free(request);
    return outcome;
}
