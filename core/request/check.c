/* A request held against a model and the limits: what was left out is filled
 * in, what contradicts itself or asks for too much is refused, and a query that
 * can be run comes out.
 *
 * The daemon does this on the threads that accept requests, so nothing here takes longer because
 * points have many numbers: shapes are compared, and the numbers left to adv_run_new. Only 8-bit
 * values become data units here, since what they mean depends on fields read after them. */
#include "core/base/mem.h"
#include "core/request/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES_DEFAULT 11
#define SEED_BITS 53

struct adv_limits adv_limits_default(void)
{
    return (struct adv_limits){
        .rows = 100000,
        .steps = 10000,
        .nfe = 20000,
        .frames = 1000,
        .probes = 1000,
        .tolerance_min = 1e-9,
        .cost = 1e15,
        .numbers = 20000000,
    };
}

static enum adv_status refuse_above(const char *field, const char *name, long long value,
                                    long long limit, struct adv_error *error)
{
    return adv_fail_field(error, ADV_E_INVALID, field, "%s is %lld; the limit is %lld", name, value,
                          limit);
}

/* ---------------------------------------------------------------- rows */

/* The field that says how many rows there are. */
static const char *rows_field(const struct adv_request *request)
{
    if (request->points)
        return adv_query_from_base(request->kind) ? "x0" : "points";
    bool listed = request->labels && !request->one_label && request->options.n == ADV_NOT_GIVEN;
    if (adv_request_contexts(request) > 1 && request->options.n == ADV_NOT_GIVEN)
        return "context";
    return listed ? "label" : "n";
}

/* Without points: n samples of each context, or one of each label. */
static size_t count_rows(const struct adv_request *request)
{
    size_t n_contexts = adv_request_contexts(request);
    if (request->options.n != ADV_NOT_GIVEN)
        return (size_t)request->options.n * n_contexts;
    return request->labels && !request->one_label && n_contexts == 1 ? request->n_labels
                                                                     : n_contexts;
}

static enum adv_status set_rows(const struct adv_request *request, const struct adv_limits *limits,
                                struct adv_query *query, struct adv_error *error)
{
    int64_t n = request->options.n;
    size_t n_contexts = adv_request_contexts(request);
    query->points = request->points;
    query->n = request->points ? request->n_points : count_rows(request);
    if (n != ADV_NOT_GIVEN && request->points && (size_t)n != query->n)
        return adv_fail_field(error, ADV_E_INVALID, "n",
                              "n is %lld, but x0 has %zu row%s; they must agree, or n be left out",
                              (long long)n, query->n, query->n == 1 ? "" : "s");
    if (query->n <= limits->rows)
        return ADV_OK;
    const char *field = rows_field(request);
    if (!strcmp(field, "n") && n_contexts > 1)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "n is %lld for each of %zu contexts; the limit is %zu rows in all",
                              (long long)n, n_contexts, limits->rows);
    if (!strcmp(field, "n"))
        return refuse_above(field, field, n, (long long)limits->rows, error);
    return adv_fail_field(error, ADV_E_INVALID, field, "%s has %zu entries; the limit is %zu",
                          field, query->n, limits->rows);
}

static enum adv_status check_dimension(const struct adv_request *request,
                                       const struct adv_model *model, struct adv_error *error)
{
    size_t dim = adv_model_dim(model);
    const char *name = adv_query_from_base(request->kind) ? "x0" : "points";
    if (!request->points && !adv_query_from_base(request->kind))
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "points is missing; it must be an array of rows of %zu numbers (the "
                              "model's dimension)",
                              dim);
    if (request->points && request->dim != dim)
        return adv_fail_field(error, ADV_E_INVALID, name,
                              "%s[0] has %zu number%s; it must have %zu (the model's dimension)",
                              name, request->dim, request->dim == 1 ? "" : "s", dim);
    return ADV_OK;
}

static enum adv_status set_labels(struct adv_request *request, const struct adv_model *model,
                                  struct adv_query *query, struct adv_error *error)
{
    if (!request->labels)
        return ADV_OK;
    enum adv_status status = adv_request_number_labels(request, model, query->n, error);
    if (status == ADV_OK)
        query->labels = request->row_labels;
    return status;
}

/* ---------------------------------------------------------------- times */

static enum adv_status set_times(struct adv_request *request, const struct adv_limits *limits,
                                 struct adv_query *query, struct adv_error *error)
{
    int64_t frames = request->options.frames;
    if (request->kind != ADV_QUERY_TRAJECTORIES)
        return ADV_OK;
    if (frames != ADV_NOT_GIVEN && request->times)
        return adv_fail_field(error, ADV_E_INVALID, "frames",
                              "frames is %lld and times are given too; only one of them can be",
                              (long long)frames);
    query->n_times = request->times            ? request->n_times
                     : frames != ADV_NOT_GIVEN ? (size_t)frames
                                               : FRAMES_DEFAULT;
    if (query->n_times > limits->frames && request->times)
        return adv_fail_field(error, ADV_E_INVALID, "times",
                              "times has %zu entries; the limit is %zu", query->n_times,
                              limits->frames);
    if (query->n_times > limits->frames)
        return refuse_above("frames", "frames", (long long)query->n_times,
                            (long long)limits->frames, error);
    query->times = request->times;
    if (request->times)
        return ADV_OK;
    free(request->row_times);
    request->row_times = adv_calloc(query->n_times, sizeof *request->row_times);
    if (!request->row_times)
        return adv_no_memory(error);
    for (size_t i = 0; i < query->n_times; i++)
        request->row_times[i] = (double)i / (double)(query->n_times - 1);
    query->times = request->row_times;
    return ADV_OK;
}

/* ---------------------------------------------------------------- divergence */

/* The first field that was given and says something of probes; NULL: none. */
static const char *about_probes(const struct adv_request_options *options)
{
    return options->probes != ADV_NOT_GIVEN       ? "probes"
           : options->probe_seed != ADV_NOT_GIVEN ? "probe_seed"
           : options->renew_probes == 1           ? "renew_probes"
                                                  : NULL;
}

/* Whether probes or a method were given though no divergence is taken. */
static enum adv_status check_wanted(const struct adv_request *request, const char *condition,
                                    struct adv_error *error)
{
    const struct adv_request_options *options = &request->options;
    const char *name = about_probes(options);
    if (!name && options->divergence_method != ADV_NOT_GIVEN)
        name = "divergence";
    if (!name)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "divergence", "%s does not apply without %s", name,
                          condition);
}

static enum adv_divergence divergence_method(const struct adv_request_options *options)
{
    switch ((enum adv_velocity_divergence)options->velocity_divergence) {
    case ADV_VELOCITY_EXACT:
        return ADV_DIVERGENCE_EXACT;
    case ADV_VELOCITY_HUTCHINSON:
        return ADV_DIVERGENCE_HUTCHINSON;
    case ADV_VELOCITY_ALONE:
    case ADV_VELOCITY_DIVERGENCE:
        break;
    }
    if (options->divergence_method != ADV_NOT_GIVEN)
        return (enum adv_divergence)options->divergence_method;
    return about_probes(options) ? ADV_DIVERGENCE_HUTCHINSON : ADV_DIVERGENCE_AUTO;
}

static enum adv_status set_divergence(const struct adv_request *request,
                                      const struct adv_limits *limits, struct adv_query *query,
                                      struct adv_error *error)
{
    const struct adv_request_options *options = &request->options;
    query->log_density = options->log_density;
    query->errors = options->errors == 1;
    query->rows_may_fail = true;
    query->divergence = options->velocity_divergence != ADV_VELOCITY_ALONE;
    if (request->kind == ADV_QUERY_SAMPLES && !query->log_density)
        return check_wanted(request, "log_density", error);
    if (request->kind == ADV_QUERY_SCORE)
        return ADV_OK;
    if (request->kind == ADV_QUERY_VELOCITY && !query->divergence)
        return check_wanted(request, "divergence", error);
    query->divergence_method = divergence_method(options);
    const char *probed = about_probes(options);
    if (probed && query->divergence_method == ADV_DIVERGENCE_EXACT)
        return adv_fail_field(error, ADV_E_INVALID, "divergence",
                              "%s does not apply to the exact divergence", probed);
    query->renew_probes = options->renew_probes == 1;
    query->keep_probes = options->renew_probes == 0;
    if (options->probes != ADV_NOT_GIVEN)
        query->probes = (size_t)options->probes;
    else if (query->probes > limits->probes)
        query->probes = limits->probes;
    if (query->probes > limits->probes)
        return refuse_above("divergence.probes", "probes", (long long)query->probes,
                            (long long)limits->probes, error);
    if (options->probe_seed != ADV_NOT_GIVEN)
        query->probe_seed = (uint64_t)options->probe_seed;
    return ADV_OK;
}

/* ---------------------------------------------------------------- solver */

static enum adv_status set_tolerance(const char *name, const char *field, double given,
                                     const struct adv_limits *limits, double *tolerance,
                                     struct adv_error *error)
{
    if (given == ADV_NOT_GIVEN)
        return ADV_OK;
    if (given < limits->tolerance_min)
        return adv_fail_field(error, ADV_E_INVALID, field, "%s is %g; it must be at least %g", name,
                              given, limits->tolerance_min);
    *tolerance = given;
    return ADV_OK;
}

/* Whether anything of a solver was given. */
static bool is_solved(const struct adv_request_options *options)
{
    return options->method != ADV_NOT_GIVEN || options->steps != ADV_NOT_GIVEN ||
           options->rtol != ADV_NOT_GIVEN || options->atol != ADV_NOT_GIVEN;
}

static enum adv_status choose_solver(const struct adv_request *request,
                                     const struct adv_model *model, const struct adv_limits *limits,
                                     const struct adv_query *asked, struct adv_solver_spec *out,
                                     struct adv_error *error)
{
    const struct adv_request_options *options = &request->options;
    struct adv_solver_spec spec = adv_query_default_solver(asked, model);
    if (request->kind == ADV_QUERY_SCORE && asked->score_method == ADV_SCORE_PATH &&
        is_solved(options))
        return adv_fail_field(error, ADV_E_INVALID, "solver",
                              "solver does not apply to the method path, which integrates nothing");
    if (options->method != ADV_NOT_GIVEN) {
        enum adv_status status =
            adv_solver_find(adv_solver_names()[options->method], &spec.solver, error);
        if (status != ADV_OK)
            return status;
    }
    const char *method = adv_solver_name(spec.solver);
    if (adv_solver_is_adaptive(spec.solver) && options->steps != ADV_NOT_GIVEN)
        return adv_fail_field(error, ADV_E_INVALID, "solver.steps",
                              "steps does not apply to %s, which takes rtol and atol", method);
    if (!adv_solver_is_adaptive(spec.solver) &&
        (options->rtol != ADV_NOT_GIVEN || options->atol != ADV_NOT_GIVEN))
        return adv_fail_field(error, ADV_E_INVALID,
                              options->rtol != ADV_NOT_GIVEN ? "solver.rtol" : "solver.atol",
                              "%s does not apply to %s, which takes steps",
                              options->rtol != ADV_NOT_GIVEN ? "rtol" : "atol", method);
    if (!isnan(options->noise) && !adv_solver_is_stochastic(spec.solver))
        return adv_fail_field(error, ADV_E_INVALID, "solver.noise",
                              "noise does not apply to %s; the solver sde has it", method);
    spec.max_nfe = limits->nfe;
    spec.steps = 0;
    if (!adv_solver_is_adaptive(spec.solver))
        spec.steps = options->steps != ADV_NOT_GIVEN
                         ? options->steps
                         : adv_query_default_steps(asked, model, spec.solver);
    if (spec.steps > limits->steps)
        return refuse_above("solver.steps", "steps", spec.steps, limits->steps, error);
    enum adv_status status =
        set_tolerance("rtol", "solver.rtol", options->rtol, limits, &spec.rtol, error);
    if (status == ADV_OK)
        status = set_tolerance("atol", "solver.atol", options->atol, limits, &spec.atol, error);
    if (status == ADV_OK)
        *out = spec;
    return status;
}

/* ---------------------------------------------------------------- the whole */

/* What only many rows, frames or probes together make too much. */
static enum adv_status check_size(const struct adv_query *query, const struct adv_model *model,
                                  const struct adv_limits *limits, const char *field,
                                  struct adv_error *error)
{
    bool trajectories = query->kind == ADV_QUERY_TRAJECTORIES;
    double frames = trajectories ? (double)query->n_times : 1;
    double numbers = frames * (double)query->n * (double)adv_model_dim(model) +
                     (double)query->n_contexts * (double)adv_model_context(model);
    if (numbers > (double)limits->numbers)
        return adv_fail_field(error, ADV_E_INVALID, field,
                              "the answer would hold %.0f numbers; the limit is %zu: ask for fewer "
                              "rows%s",
                              numbers, limits->numbers, trajectories ? " or frames" : "");
    double cost = adv_query_cost(query, model);
    if (cost > limits->cost)
        return adv_fail_field(
            error, ADV_E_INVALID, field,
            "the answer would take about %.2g multiply-adds; the limit is %.2g: ask "
            "for fewer rows, steps or probes",
            cost, limits->cost);
    return ADV_OK;
}

/* What is asked: everything that has no default of its own or one that depends on nothing. */
static enum adv_status read_question(struct adv_request *request, const struct adv_model *model,
                                     const struct adv_limits *limits, uint64_t random_seed,
                                     struct adv_query *query, struct adv_error *error)
{
    const struct adv_request_options *options = &request->options;
    *query = adv_query_default(request->kind);
    query->seed = options->seed != ADV_NOT_GIVEN ? (uint64_t)options->seed
                                                 : random_seed & ((UINT64_C(1) << SEED_BITS) - 1);
    query->first = (uint64_t)options->first;
    query->t = options->t;
    query->space = (enum adv_space)options->space;
    query->score_method = (enum adv_score_method)options->score_method;
    enum adv_status status = check_dimension(request, model, error);
    if (status == ADV_OK)
        status = adv_request_settle_points(request, model, error);
    if (status == ADV_OK)
        status = adv_request_check_context(request, model, error);
    if (status == ADV_OK)
        status = set_rows(request, limits, query, error);
    if (status == ADV_OK)
        status = adv_request_set_contexts(request, query, error);
    if (status == ADV_OK)
        status = set_labels(request, model, query, error);
    if (status == ADV_OK)
        status = set_times(request, limits, query, error);
    if (status == ADV_OK)
        status = set_divergence(request, limits, query, error);
    return status;
}

/* How it is answered, once it is known what is asked: samples without a density are guided, and
 * take a solver, as nothing else does. */
static enum adv_status choose_means(const struct adv_request *request,
                                    const struct adv_model *model, const struct adv_limits *limits,
                                    struct adv_query *query, struct adv_error *error)
{
    const struct adv_query asked = *query;
    double guidance = request->options.guidance;
    query->guidance = isnan(guidance) ? adv_query_default_guidance(&asked, model) : guidance;
    if (!isnan(request->options.noise))
        query->noise = request->options.noise;
    return choose_solver(request, model, limits, &asked, &query->solver, error);
}

/* Whether the query is to tell errors that it was not asked for. */
static bool tells_errors(const struct adv_request *request, const struct adv_model *model,
                         const struct adv_limits *limits, struct adv_query query)
{
    if (!request->errors_by_default || request->options.errors != ADV_NOT_GIVEN)
        return query.errors;
    query.errors = adv_query_default_errors(&query, model);
    return query.errors && adv_query_cost(&query, model) <= limits->cost;
}

enum adv_status adv_request_query(struct adv_request *request, const struct adv_model *model,
                                  const struct adv_limits *limits, uint64_t random_seed,
                                  struct adv_query *out, struct adv_error *error)
{
    struct adv_query query;
    enum adv_status status = read_question(request, model, limits, random_seed, &query, error);
    if (status == ADV_OK)
        status = choose_means(request, model, limits, &query, error);
    if (status == ADV_OK)
        query.errors = tells_errors(request, model, limits, query);
    if (status == ADV_OK)
        status = check_size(&query, model, limits, rows_field(request), error);
    if (status == ADV_OK)
        status = adv_query_check(&query, model, error);
    if (status == ADV_OK)
        *out = query;
    return status;
}
