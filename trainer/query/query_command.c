#include "trainer/query/query_command.h"

#include "trainer/cli/environment.h"
#include "trainer/cli/files.h"
#include "trainer/cli/options.h"
#include "trainer/cli/progress.h"
#include "trainer/cli/reach.h"
#include "trainer/cli/solver_list.h"
#include "trainer/cli/stop.h"
#include "trainer/query/output.h"

#include <advect/extra/memory.h>
#include <advect/extra/request.h>
#include <advect/extra/rng.h>
#include <advect/pool.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct options {
    char *points, *context, *label_column, *out;
    int64_t format, threads;
    struct adv_picture picture;
    bool quiet;
};

#define AT(member) offsetof(struct options, member)

/* Around the fields of pictures, which come from the library. */
static const struct adv_field fields_before[] = {
    {"out", ADV_FIELD_STRING, AT(out), .min = 1,
     .help = "output file; standard output if absent or -"},
    {"format", ADV_FIELD_CHOICE, AT(format), .fallback = "auto",
     .help = "format of the output, where auto follows the extension of the file"},
    {"points", ADV_FIELD_STRING, AT(points), .min = 1,
     .help =
         "NPY or CSV file of points, one per row, or PNG file of one image; - for standard input"},
};
static const struct adv_field fields_after[] = {
    {"context", ADV_FIELD_STRING, AT(context), .min = 1,
     .help = "what a conditional model is conditioned on: numbers, as 0.1,-0.2 or 0.1,-0.2;0.3,0, "
             "or an NPY or CSV file of such rows; -n samples of each"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; answers do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
    /* The last, so that kinds without points can do without it. */
    {"label_column", ADV_FIELD_STRING, AT(label_column), .min = 1,
     .help = "column of a CSV file of points that holds their classes; if absent, that of the "
             "training, where the file has it"},
};
enum {
    FIELD_FORMAT = 1,
    FIELD_POINTS = 2,
    FIELD_CONTEXT = ADV_COUNT(fields_before) + ADV_PICTURE_FIELDS,
    N_BEFORE = ADV_COUNT(fields_before),
    N_AFTER = ADV_COUNT(fields_after),
    N_FIELDS = N_BEFORE + ADV_PICTURE_FIELDS + N_AFTER
};

/* What --points is of samples and trajectories. */
static const char starts_help[] =
    "NPY or CSV file of starting points in base units, one per row, in place of random ones; - for "
    "standard input";

static const char solver_help[] =
    "integration method, alone or as METHOD:STEPS or dopri5:TOLERANCE; flow_map is of models that "
    "have one, whose default it is for all that it gives; if absent, midpoint for samples and "
    "trajectories of images, "
    "rk4 for those of points, dopri5 for log-densities, latents and scores; sde is of samples and "
    "trajectories only";

/* And --context of points. */
static const char context_help[] =
    "what a conditional model is conditioned on: numbers, as 0.1,-0.2, or an NPY or CSV file with "
    "a "
    "row for each point; if absent, the file of points may have its columns";

static const struct adv_option_letter letters[] = {{'o', "out"}, {'n', "n"}, {'q', "quiet"}, {0}};

/* ---------------------------------------------------------------- the run */

static void show_share(void *context, double share)
{
    struct adv_progress *progress = context;
    if (adv_progress_is_due(progress))
        adv_progress_show(progress, share, "");
}

static enum adv_status run_query(struct adv_model *model, const struct adv_query *query,
                                 const struct options *options, struct adv_run **run,
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
        status = adv_run_all(*run,
                             &(struct adv_run_options){.size = sizeof(struct adv_run_options),
                                                       .pool = pool,
                                                       .cancelled = adv_stop_requested,
                                                       .progress = show_share,
                                                       .context = &progress},
                             answer, error);
    adv_progress_end(&progress);
    adv_pool_free(pool);
    return status;
}

#define STDIN_MAX_BYTES ((size_t)1 << 32)

static enum adv_status read_points(const struct options *options, const struct adv_model *model,
                                   struct adv_request *request, struct adv_error *error)
{
    void *bytes;
    size_t n_bytes;
    if (!adv_is_dash(options->points))
        return adv_request_load_points(request, model, options->points, options->label_column,
                                       error);
    enum adv_status status = adv_stdin_read(STDIN_MAX_BYTES, &bytes, &n_bytes, error);
    if (status != ADV_OK)
        return status;
    status = adv_request_parse_points(request, model, bytes, n_bytes, "standard input",
                                      options->label_column, error);
    free(bytes);
    return status;
}

/* The query that the request and --points make: its arrays are the request's. */
static enum adv_status make_query(const struct options *options, struct adv_model *model,
                                  struct adv_request *request, struct adv_query *query,
                                  struct adv_error *error)
{
    struct adv_limits limits = adv_limits_default();
    limits.rows = limits.frames = limits.probes = SIZE_MAX;
    limits.cost = HUGE_VAL;
    enum adv_status status = ADV_OK;
    if (options->context)
        status = adv_request_load_context(request, model, options->context, error);
    if (status == ADV_OK && options->points)
        status = read_points(options, model, request, error);
    return status == ADV_OK
               ? adv_request_query(request, model, &limits, adv_random_seed(), query, error)
               : status;
}

/* Of which JSON has the text; other formats have no place for it. */
static void tell_warnings(const struct adv_answer *answer, const struct adv_format *format)
{
    bool is_told = format->id == ADV_FORMAT_JSON;
    for (size_t i = 0; !is_told && answer->warnings && answer->warnings[i]; i++)
        fprintf(stderr, "warning: %s\n", answer->warnings[i]);
}

/* Rows without values are not to go unnoticed. */
static void tell_failures(const struct adv_answer *answer)
{
    size_t n = 0, first = 0;
    for (size_t i = answer->n; answer->failures && i-- > 0;) {
        n += answer->failures[i] != NULL;
        first = answer->failures[i] ? i : first;
    }
    if (n > 0)
        fprintf(stderr, "%zu of %zu rows have no answer; row %zu: %s\n", n, answer->n, first,
                answer->failures[first]);
}

static enum adv_status answer(const char *model_path, struct adv_request *request,
                              enum adv_query_kind kind, const struct options *options,
                              struct adv_error *error)
{
    struct adv_model *model = NULL;
    struct adv_run *run = NULL;
    struct adv_query query;
    const struct adv_answer *answer = NULL;
    struct adv_output output = {.path = options->out};
    enum adv_status status = adv_model_load(model_path, adv_environment(), &model, error);
    if (status == ADV_OK)
        status = adv_output_choose(&output, options->format, kind, model, error);
    if (status == ADV_OK && output.format->is_picture)
        status = adv_render_check_view(model, kind, &options->picture, error);
    if (status == ADV_OK && output.format->id == ADV_FORMAT_JSON)
        adv_request_tell_errors(request);
    if (status == ADV_OK)
        status = make_query(options, model, request, &query, error);
    if (status == ADV_OK)
        status = run_query(model, &query, options, &run, &answer, error);
    if (status == ADV_OK)
        status = adv_output_write(&output, model, &query, answer, &options->picture, error);
    if (status == ADV_OK) {
        tell_warnings(answer, output.format);
        tell_failures(answer);
        adv_reach_tell(model, answer->n_contexts, answer->context_distance);
    }
    adv_run_free(run);
    adv_model_unref(model);
    return status;
}

/* ---------------------------------------------------------------- the command line */

/* What the words say of the query. */
struct query_words {
    struct adv_request *request;
    const char *solver; /* the last --solver, which is taken apart once all words are read */
    bool has_steps, has_rtol, has_atol;
};

static enum adv_status set_field(void *context, const char *name, const char *text,
                                 struct adv_error *error)
{
    struct query_words *words = context;
    if (!strcmp(name, "solver")) {
        words->solver = text;
        return ADV_OK;
    }
    words->has_steps |= !strcmp(name, "steps");
    words->has_rtol |= !strcmp(name, "rtol");
    words->has_atol |= !strcmp(name, "atol");
    return adv_request_set_text(words->request, name, text, error);
}

/* METHOD:STEPS or METHOD:TOLERANCE, as advect eval writes solvers; flags of their own come first. */
static enum adv_status set_solver(struct query_words *words, struct adv_error *error)
{
    struct adv_solver_spec solver;
    enum adv_status status = adv_solver_read("--solver", words->solver, &solver, error);
    if (status == ADV_OK)
        status =
            adv_request_set_text(words->request, "solver", adv_solver_name(solver.solver), error);
    if (status != ADV_OK)
        return status;
    char steps[32], tolerance[32];
    bool adaptive = adv_solver_is_adaptive(solver.solver);
    snprintf(steps, sizeof steps, "%lld", (long long)solver.steps);
    snprintf(tolerance, sizeof tolerance, "%.17g", solver.rtol);
    const struct {
        const char *name, *text;
        bool applies;
    } settings[] = {{"steps", steps, !adaptive && !words->has_steps},
                    {"rtol", tolerance, adaptive && !words->has_rtol},
                    {"atol", tolerance, adaptive && !words->has_atol}};
    for (size_t i = 0; i < ADV_COUNT(settings) && status == ADV_OK; i++) {
        if (settings[i].applies)
            status =
                adv_request_set_text(words->request, settings[i].name, settings[i].text, error);
    }
    return status;
}

static enum adv_status end_words(void *context, struct adv_error *error)
{
    struct query_words *words = context;
    if (!words->solver)
        return ADV_OK;
    return strchr(words->solver, ':')
               ? set_solver(words, error)
               : adv_request_set_text(words->request, "solver", words->solver, error);
}

static bool needs_points(enum adv_query_kind kind)
{
    return kind != ADV_QUERY_SAMPLES && kind != ADV_QUERY_TRAJECTORIES;
}

static void make_fields(enum adv_query_kind kind, const char *const *formats,
                        struct adv_field fields[N_FIELDS])
{
    struct adv_field *picture = fields + N_BEFORE;
    memcpy(fields, fields_before, sizeof fields_before);
    memcpy(picture, adv_picture_fields(), ADV_PICTURE_FIELDS * sizeof *picture);
    memcpy(picture + ADV_PICTURE_FIELDS, fields_after, sizeof fields_after);
    for (size_t i = 0; i < ADV_PICTURE_FIELDS; i++)
        picture[i].offset += AT(picture);
    fields[FIELD_FORMAT].choices = formats;
    fields[FIELD_POINTS].required = needs_points(kind);
    if (!needs_points(kind))
        fields[FIELD_POINTS].help = starts_help;
    else
        fields[FIELD_CONTEXT].help = context_help;
}

static size_t make_query_fields(enum adv_query_kind kind,
                                struct adv_field fields[ADV_REQUEST_FIELDS_MAX])
{
    size_t n = adv_request_text_fields(kind, fields);
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(fields[i].name, "solver"))
            fields[i].help = solver_help;
    }
    return n;
}

/* Reads the command line, the query's fields into request. As adv_options_read. */
static int read_options(const struct adv_query_command *command, int argc, char **argv,
                        const struct adv_field fields[N_FIELDS], struct adv_request *request,
                        struct options *options, const char **model_path)
{
    struct adv_field query_fields[ADV_REQUEST_FIELDS_MAX];
    struct query_words words = {.request = request};
    const struct adv_more_options more = {
        .fields = query_fields,
        .n_fields = make_query_fields(command->kind, query_fields),
        .set = set_field,
        .end = end_words,
        .context = &words,
    };
    size_t n_fields = needs_points(command->kind) ? N_FIELDS : N_FIELDS - 1;
    const struct adv_options command_line = {
        .command = command->name,
        .operands = "MODEL.safetensors",
        .n_operands = 1,
        .summary = command->summary,
        .example = command->example,
        .fields = fields,
        .n_fields = n_fields,
        .letters = letters,
        .more = &more,
    };
    return adv_options_read(&command_line, argc, argv, options, model_path);
}

int adv_query_command_run(const struct adv_query_command *command, int argc, char **argv)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_request *request = NULL;
    struct adv_field fields[N_FIELDS];
    const char *formats[ADV_OUTPUT_CHOICES], *model_path;
    struct options options = {0};
    if (adv_request_new(command->kind, &request, &error) != ADV_OK)
        return adv_command_fail(command->name, &error);
    adv_output_choices(formats);
    make_fields(command->kind, formats, fields);
    int outcome = read_options(command, argc, argv, fields, request, &options, &model_path);
    if (outcome == ADV_OPTIONS_GO) {
        outcome = ADV_EXIT_OK;
        if (answer(model_path, request, command->kind, &options, &error) != ADV_OK)
            outcome = adv_command_fail(command->name, &error);
        adv_fields_release(fields, N_FIELDS, &options);
    }
    adv_request_free(request);
    return outcome;
}
