/* advect posterior: the posterior of several independent observations, from a model that knows
 * those of single ones. */
#include "trainer/cli/environment.h"
#include "trainer/cli/files.h"
#include "trainer/cli/options.h"
#include "trainer/cli/reach.h"
#include "trainer/cli/stop.h"
#include "trainer/measure/measure.h"
#include "trainer/weights/composition.h"
#include "trainer/weights/importance.h"
#include "trainer/weights/observations.h"
#include "trainer/weights/weighted.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/simulator.h>
#include <advect/extra/words.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXTS_MAX 1000
#define PRIORS_MAX 64 /* more than there are simulators */

/* Nats: latents so far out are more than a thousand deviations away, where the network was never
 * asked, and by its answers no two samples can be told apart. */
#define TOO_FAR_OUT (-1e6)

struct options {
    char *context, *prior, *out;
    int64_t n, seed, threads;
    bool json, quiet;
};

#define AT(member) offsetof(struct options, member)

static const struct adv_field fields[] = {
    {"context", ADV_FIELD_STRING, AT(context), .min = 1, .required = true,
     .help =
         "observations: numbers, as 0.1,-0.2;0.3,0, or a CSV or NPY file with one per row; of a "
         "CSV file with a header, the columns that the model's context names"},
    {"prior", ADV_FIELD_STRING, AT(prior), .min = 1, .required = true,
     .help = "prior that the model was trained with: \"flat\", or the built-in simulator whose "
             "prior it is"},
    {"n", ADV_FIELD_INT, AT(n), .min = 1, .max = 1e7, .fallback = "5000",
     .help = "number of samples, at least one for each observation"},
    {"out", ADV_FIELD_STRING, AT(out), .min = 1,
     .help = "CSV or NPY file to write the samples to, with a last column \"weight\" that sums to "
             "1"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "0",
     .help = "seed of the samples"},
    {"json", ADV_FIELD_BOOL, AT(json), .help = "print the results as JSON"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not show progress"},
};

static const struct adv_option_letter letters[] = {{'o', "out"}, {'n', "n"}, {'q', "quiet"}, {0}};

static const struct adv_options command_line = {
    .command = "posterior",
    .operands = "MODEL.safetensors",
    .n_operands = 1,
    .summary =
        "Samples the posterior of several observations that are independent given the parameters:\n"
        "samples of the posterior of each one, with the weights of the product of all over\n"
        "prior^(number - 1). The errors of the single posteriors add up, and so few samples may\n"
        "have weight that the result says nothing: read the effective sample size.",
    .example =
        "advect posterior model.safetensors --context observations.csv --prior flat -o p.csv",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .letters = letters,
};

/* The samples, and what they weigh. */
struct composed {
    struct adv_evaluation e;
    struct adv_array contexts; /* [k, n_context] */
    const struct adv_simulator *prior;
    size_t n, dim;
    float *theta;                   /* [n, dim] */
    double *log_density;            /* [k, n] */
    double *log_prior, *log_weight; /* [n] */
};

/* ---------------------------------------------------------------- what is asked */

static enum adv_status check_contexts(const struct adv_model *model, const char *path,
                                      const struct adv_array *contexts, size_t n,
                                      struct adv_error *error)
{
    size_t wanted = adv_model_context(model);
    size_t width = contexts->n_dims == 2 ? contexts->shape[1] : 0;
    if (wanted == 0)
        return adv_fail_field(error, ADV_E_INVALID, "context", "this model takes no context");
    if (adv_model_classes(model) > 0)
        return adv_fail_field(error, ADV_E_UNSUPPORTED, "context",
                              "this model has %zu classes, each with a posterior of its own; "
                              "posteriors are composed of models without classes",
                              adv_model_classes(model));
    if (contexts->n_dims != 2 || contexts->shape[1] != wanted)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "%s has rows of %zu number%s; an observation of this model has %zu",
                              path, width, width == 1 ? "" : "s", wanted);
    if (contexts->shape[0] < 1 || contexts->shape[0] > CONTEXTS_MAX)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "%s has %zu observations; there must be 1 to %d", path,
                              contexts->shape[0], CONTEXTS_MAX);
    if (contexts->shape[0] > n)
        return adv_fail_field(
            error, ADV_E_INVALID, "n",
            "n is %zu; it must be at least %zu, a sample of the posterior of each "
            "observation in %s",
            n, contexts->shape[0], path);
    return ADV_OK;
}

static enum adv_status read_contexts(struct composed *c, const char *path, struct adv_error *error)
{
    const struct adv_model *model = c->e.model;
    size_t n = adv_model_context(model);
    bool named = n > 0 && adv_model_context_name(model, 0);
    const char **names = calloc(n + 1, sizeof *names);
    if (!names)
        return adv_no_memory(error);
    for (size_t i = 0; named && i < n; i++)
        names[i] = adv_model_context_name(model, i);
    enum adv_status status =
        adv_observations_read(path, named ? names : NULL, n, &c->contexts, error);
    free(names);
    return status;
}

/* Which of the model's columns is parameter k of its prior, by name where the model has names. */
static bool find_parameter(const struct composed *c, size_t k, size_t *column)
{
    const char *wanted = adv_simulator_column(c->prior, k);
    *column = k;
    if (!adv_model_column_name(c->e.model, 0))
        return true;
    for (*column = 0; *column < c->dim; ++*column) {
        if (!strcmp(adv_model_column_name(c->e.model, *column), wanted))
            return true;
    }
    return false;
}

static enum adv_status check_prior(const struct composed *c, struct adv_error *error)
{
    const char *name = adv_simulator_name(c->prior);
    size_t n = adv_simulator_parameters(c->prior), column;
    if (n != c->dim)
        return adv_fail_field(error, ADV_E_INVALID, "prior",
                              "the prior of %s is of %zu parameters; the model has %zu", name, n,
                              c->dim);
    for (size_t k = 0; k < n; k++) {
        if (!find_parameter(c, k, &column))
            return adv_fail_field(error, ADV_E_INVALID, "prior",
                                  "prior is %s, of a parameter \"%s\"; the model has no column of "
                                  "that name (its first is \"%s\")",
                                  name, adv_simulator_column(c->prior, k),
                                  adv_model_column_name(c->e.model, 0));
    }
    return ADV_OK;
}

/* The simulator whose simulations the model learned, or NULL. */
static const struct adv_simulator *simulator_of(const struct adv_model *model)
{
    const json_t *source =
        json_object_get(json_object_get(adv_model_config_json(model), "data"), "source");
    const char *kind = json_string_value(json_object_get(source, "kind"));
    const char *name = json_string_value(json_object_get(source, "name"));
    return kind && name && !strcmp(kind, "simulator") ? adv_simulator_find(name) : NULL;
}

/* Of a model that says what it learned, the prior is known. */
static enum adv_status check_training(const struct composed *c, struct adv_error *error)
{
    const struct adv_simulator *learned = simulator_of(c->e.model);
    if (!learned || c->prior == learned)
        return ADV_OK;
    const char *name = adv_simulator_name(learned), *prior = adv_simulator_prior(learned);
    if (!c->prior && !strncmp(prior, "uniform", strlen("uniform")))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "prior",
                          "prior is %s; the model learned simulations of %s, whose prior is %s: "
                          "say --prior %s",
                          c->prior ? adv_simulator_name(c->prior) : "flat", name, prior, name);
}

static enum adv_status find_prior(struct composed *c, const char *name, struct adv_error *error)
{
    const char *names[PRIORS_MAX + 1] = {"flat"};
    size_t index;
    for (size_t i = 0; i + 1 < PRIORS_MAX && adv_simulator_names[i]; i++)
        names[i + 1] = adv_simulator_names[i];
    enum adv_status status = adv_find_name("prior", name, names, &index, error);
    if (status == ADV_OK && index > 0) {
        c->prior = adv_simulator_find(names[index]);
        status = check_prior(c, error);
    }
    return status == ADV_OK ? check_training(c, error) : status;
}

static enum adv_status allocate(struct composed *c, struct adv_error *error)
{
    size_t k = c->contexts.shape[0];
    c->theta = calloc(c->n, c->dim * sizeof *c->theta);
    c->log_density = calloc(c->n, k * sizeof *c->log_density);
    c->log_prior = calloc(c->n, sizeof *c->log_prior);
    c->log_weight = calloc(c->n, sizeof *c->log_weight);
    return c->theta && c->log_density && c->log_prior && c->log_weight ? ADV_OK
                                                                       : adv_no_memory(error);
}

static void release(struct composed *c)
{
    free(c->theta);
    free(c->log_density);
    free(c->log_prior);
    free(c->log_weight);
    adv_array_release(&c->contexts);
    adv_pool_free(c->e.pool);
    adv_model_unref(c->e.model);
}

static enum adv_status prepare(struct composed *c, const char *path, const struct options *options,
                               struct adv_error *error)
{
    int n_threads = options->threads ? (int)options->threads : adv_cpu_count();
    enum adv_status status = adv_weighted_check(options->out, error);
    c->e = (struct adv_evaluation){
        .cancelled = adv_stop_requested, .quiet = options->quiet, .seed = (uint64_t)options->seed};
    c->n = (size_t)options->n;
    if (status == ADV_OK)
        status = adv_model_load(path, adv_environment(), &c->e.model, error);
    if (status == ADV_OK)
        status = read_contexts(c, options->context, error);
    if (status == ADV_OK)
        status = check_contexts(c->e.model, options->context, &c->contexts, c->n, error);
    if (status == ADV_OK) {
        c->dim = adv_model_dim(c->e.model);
        status = find_prior(c, options->prior, error);
    }
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &c->e.pool, error);
    return status == ADV_OK ? allocate(c, error) : status;
}

/* ---------------------------------------------------------------- the work */

/* Samples are drawn as their densities are computed: by one guidance and one solver. */
static struct adv_query query_of(enum adv_query_kind kind, const struct composed *c)
{
    const struct adv_query density = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_query query = adv_query_default(kind);
    query.n = c->n;
    query.guidance = adv_query_default_guidance(&density, c->e.model);
    query.solver = adv_query_default_solver(&density, c->e.model);
    return query;
}

/* As many of each observation's posterior, in turn. */
static enum adv_status draw(struct composed *c, struct adv_error *error)
{
    struct adv_query query = query_of(ADV_QUERY_SAMPLES, c);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    size_t k = c->contexts.shape[0], size = c->contexts.shape[1];
    float *contexts = calloc(c->n, size * sizeof *contexts);
    if (!contexts)
        return adv_no_memory(error);
    for (size_t i = 0; i < c->n; i++)
        memcpy(contexts + i * size, c->contexts.data + i % k * size, size * sizeof *contexts);
    query.n_contexts = c->n;
    query.seed = c->e.seed;
    query.context = contexts;
    enum adv_status status = adv_evaluation_query(&c->e, &query, "samples", &run, &answer, error);
    if (status == ADV_OK) {
        memcpy(c->theta, answer->states, c->n * c->dim * sizeof *c->theta);
        adv_reach_tell(c->e.model, k, answer->context_distance);
    }
    adv_run_free(run);
    free(contexts);
    return status;
}

/* Under the posterior of one observation; none where a sample is too far out for it. Estimates of
 * divergences would give weights a noise of which their errors know nothing. */
static enum adv_status measure_under(struct composed *c, size_t j, struct adv_error *error)
{
    struct adv_query query = query_of(ADV_QUERY_LOG_DENSITY, c);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    char what[64];
    snprintf(what, sizeof what, "log-densities, %zu of %zu", j + 1, c->contexts.shape[0]);
    query.divergence_method = ADV_DIVERGENCE_EXACT;
    query.points = c->theta;
    query.context = c->contexts.data + j * c->contexts.shape[1];
    query.n_contexts = 1;
    query.rows_may_fail = true;
    enum adv_status status = adv_evaluation_query(&c->e, &query, what, &run, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < c->n; i++)
        c->log_density[j * c->n + i] =
            answer->log_density[i] > TOO_FAR_OUT ? answer->log_density[i] : -INFINITY;
    adv_run_free(run);
    return status;
}

/* Of a flat prior 0. */
static enum adv_status measure_prior(struct composed *c, struct adv_error *error)
{
    size_t column;
    if (!c->prior)
        return ADV_OK;
    float *parameters = calloc(c->n, c->dim * sizeof *parameters);
    if (!parameters)
        return adv_no_memory(error);
    for (size_t k = 0; k < c->dim; k++) {
        find_parameter(c, k, &column);
        for (size_t i = 0; i < c->n; i++)
            parameters[i * c->dim + k] = c->theta[i * c->dim + column];
    }
    adv_simulator_log_prior(c->prior, c->n, parameters, c->log_prior);
    free(parameters);
    return ADV_OK;
}

static enum adv_status compose(struct composed *c, struct adv_importance *importance,
                               struct adv_error *error)
{
    enum adv_status status = draw(c, error);
    for (size_t j = 0; status == ADV_OK && j < c->contexts.shape[0]; j++)
        status = measure_under(c, j, error);
    if (status == ADV_OK)
        status = measure_prior(c, error);
    if (status != ADV_OK)
        return status;
    adv_compose_posteriors(c->contexts.shape[0], c->n, c->log_density, c->log_prior, c->log_weight);
    return adv_importance_weigh(c->n, c->log_weight, c->log_weight, importance, error);
}

static enum adv_status write_samples(const struct composed *c, const char *path,
                                     struct adv_error *error)
{
    struct adv_array rows = {.n_dims = 2, .shape = {c->n, c->dim}, .data = c->theta};
    char **names = calloc(c->dim, sizeof *names), (*made)[24] = calloc(c->dim, sizeof *made);
    enum adv_status status = names && made ? ADV_OK : adv_no_memory(error);
    for (size_t k = 0; status == ADV_OK && k < c->dim; k++) {
        const char *name = adv_model_column_name(c->e.model, k);
        snprintf(made[k], sizeof made[k], "x%zu", k + 1);
        names[k] = name ? (char *)name : made[k];
    }
    rows.columns = names;
    if (status == ADV_OK)
        status = adv_weighted_write(&rows, c->log_weight, path, error);
    free(names);
    free(made);
    return status;
}

static enum adv_status posterior(const char *path, const struct options *options,
                                 struct adv_error *error)
{
    static const struct adv_evidence ratio = {"log_evidence_ratio",
                                              "log evidence of all less those of each, nats"};
    struct composed c = {0};
    struct adv_importance importance;
    enum adv_status status = prepare(&c, path, options, error);
    if (status == ADV_OK)
        status = compose(&c, &importance, error);
    if (status == ADV_OK && options->out)
        status = write_samples(&c, options->out, error);
    if (status == ADV_OK)
        status =
            adv_weighted_print(&importance, c.n, c.prior ? &ratio : NULL, options->json, error);
    if (status == ADV_OK)
        adv_weighted_warn("posterior", &importance,
                          "more of them (-n), or fewer observations, would say more");
    release(&c);
    return status;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    const char *path;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &path);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = posterior(path, &options, &error);
    adv_fields_release(fields, ADV_COUNT(fields), &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("posterior", &error);
}

const struct adv_command adv_command_posterior = {
    .name = "posterior",
    .help = "sample the posterior of several observations",
    .run = run,
};
