#include "core/query/query.h"

#include "core/base/sized.h"
#include "core/query/errors.h"
#include "core/query/flow_map.h"

#include <advect/extra/model_parts.h>

#include <advect/extra/run_shards.h>
#include <math.h>
#include <string.h>

/* From eight rows on the small networks gain little (advect bench --batch), and more rows make each
 * wait for the others. */
#define ROWS_TOGETHER ((size_t)16)
#define INTEGRATION_NFE 100
#define FEW_STEPS 4 /* of a flow map, or as many as it has */

/* What an integration errs by is divided by the step of a difference. */
#define DIFFERENCE_TOLERANCE 1e-7

bool adv_query_from_base(enum adv_query_kind kind)
{
    return kind == ADV_QUERY_SAMPLES || kind == ADV_QUERY_TRAJECTORIES;
}

void adv_query_init(struct adv_query *query, size_t size, enum adv_query_kind kind)
{
    const struct adv_query defaults = {.size = size,
                                       .kind = kind,
                                       .n = 1,
                                       .guidance = 1,
                                       .t = 1,
                                       .probes = ADV_PROBES_DEFAULT,
                                       .noise = ADV_NOISE_DEFAULT};
    memset(query, 0, size);
    memcpy(query, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

enum adv_status adv_query_take(struct adv_query *taken, const struct adv_query *query,
                               struct adv_error *error)
{
    adv_query_init(taken, sizeof *taken, query->kind);
    enum adv_status status = adv_copy_sized(taken, sizeof *taken, query, "adv_query", error);
    taken->size = sizeof *taken;
    return status;
}

ADV_ENDS_WITH(struct adv_query, reserved_too);

bool adv_query_is_difference(const struct adv_query *query)
{
    return query->kind == ADV_QUERY_SCORE && query->score_method == ADV_SCORE_DIFFERENCE;
}

bool adv_query_is_pointwise(const struct adv_query *query)
{
    return query->kind == ADV_QUERY_VELOCITY ||
           (query->kind == ADV_QUERY_SCORE && !adv_query_is_difference(query));
}

bool adv_query_has_errors(const struct adv_query *query)
{
    return query->errors || adv_query_is_difference(query);
}

/* Whether only the samples are wanted, not a density of theirs, which would be that of the guided
 * flow. */
static bool is_of_samples(const struct adv_query *query)
{
    return adv_query_from_base(query->kind) && !query->log_density;
}

bool adv_query_default_errors(const struct adv_query *query, const struct adv_model *model)
{
    bool at_points = query->kind == ADV_QUERY_LOG_DENSITY || query->kind == ADV_QUERY_LATENTS;
    bool exact = !adv_query_needs_divergence(query) ||
                 adv_query_divergence(query, model) == ADV_DIVERGENCE_EXACT;
    return at_points && exact && adv_model_dim(model) <= ADV_EXACT_DIM_MAX &&
           !adv_solver_is_map(adv_query_solver(query, model).solver);
}

double adv_query_default_guidance(const struct adv_query *query, const struct adv_model *model)
{
    bool part_of_it = adv_model_flow_map_steps(model) > 0;
    return part_of_it || is_of_samples(query) ? adv_model_guidance(model) : 1;
}

/* Of a kind of query at a kind of model, where no solver or no number of steps is named. */
struct budget {
    const char *method;
    int64_t nfe;
};

/* Images are much work, and what more velocities change in them cannot be seen or judged
 * (docs/internals/digits.md); the sharp edges of plane densities need them. */
static struct budget budget_of(const struct adv_query *query, const struct adv_model *model)
{
    bool samples = is_of_samples(query);
    int64_t most = adv_model_flow_map_steps(model);
    bool has_density =
        !adv_query_needs_divergence(query) || adv_model_dim(model) <= ADV_EXACT_DIM_MAX;
    bool leads_there = adv_query_from_base(query->kind) || !adv_model_flow_map_is_one_way(model);
    if (most > 0 && has_density && leads_there && !adv_query_has_errors(query))
        return (struct budget){"flow_map", most < FEW_STEPS ? most : FEW_STEPS};
    if (samples && adv_model_is_image(model))
        return (struct budget){"midpoint", 30};
    return (struct budget){samples ? "rk4" : "dopri5", INTEGRATION_NFE};
}

int64_t adv_query_default_steps(const struct adv_query *query, const struct adv_model *model,
                                const struct adv_solver *solver)
{
    struct budget budget = budget_of(query, model);
    bool of_map = !strcmp(budget.method, "flow_map");
    int64_t nfe = of_map && !adv_solver_is_map(solver) ? INTEGRATION_NFE : budget.nfe;
    int64_t steps = adv_solver_is_map(solver) ? FEW_STEPS : nfe / adv_solver_stages(solver);
    if (of_map && adv_solver_is_map(solver))
        steps = nfe;
    return steps > 1 ? steps : 1;
}

struct adv_solver_spec adv_query_default_solver(const struct adv_query *query,
                                                const struct adv_model *model)
{
    struct adv_solver_spec spec = adv_solver_spec_accurate();
    adv_solver_find(budget_of(query, model).method, &spec.solver, NULL);
    if (adv_query_is_difference(query))
        spec.rtol = spec.atol = DIFFERENCE_TOLERANCE;
    if (!adv_solver_is_adaptive(spec.solver))
        spec.steps = adv_query_default_steps(query, model, spec.solver);
    return spec;
}

struct adv_solver_spec adv_query_solver(const struct adv_query *query,
                                        const struct adv_model *model)
{
    return query->solver.solver ? query->solver : adv_query_default_solver(query, model);
}

static enum adv_status check_labels(const struct adv_query *query, const struct adv_model *model,
                                    struct adv_error *error)
{
    size_t classes = adv_model_classes(model);
    bool null_class = adv_model_has_null_class(model);
    if (!query->labels) {
        if (classes == 0 || null_class || adv_query_from_base(query->kind))
            return ADV_OK;
        return adv_fail_field(
            error, ADV_E_INVALID, "label",
            "label is missing; this model is class-conditional and takes 0 to %zu", classes - 1);
    }
    for (size_t i = 0; i < query->n; i++) {
        int32_t label = query->labels[i];
        if (classes == 0 && label != ADV_NO_LABEL)
            return adv_fail_field(error, ADV_E_INVALID, "label",
                                  "label is %d; this model has no classes and takes none", label);
        bool known = label >= 0 && (size_t)label < classes;
        if (classes > 0 && !known && !(label == ADV_NO_LABEL && null_class))
            return adv_fail_field(error, ADV_E_INVALID, "label",
                                  "label is %d; it must be between 0 and %zu%s", label, classes - 1,
                                  null_class ? ", or -1 for none" : "");
    }
    return ADV_OK;
}

static enum adv_status check_context(const struct adv_query *query, const struct adv_model *model,
                                     struct adv_error *error)
{
    size_t wanted = adv_model_context(model);
    if (wanted == 0 && query->context)
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "context is given; this model takes none");
    if (wanted > 0 && !query->context && !adv_model_has_null_context(model))
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "context is missing; this model is conditioned on %zu number%s",
                              wanted, wanted == 1 ? "" : "s");
    if (query->context && (query->n_contexts == 0 || query->n % query->n_contexts != 0))
        return adv_fail_field(error, ADV_E_INVALID, "context",
                              "context has %zu rows; their number must divide that of the query's "
                              "rows, %zu",
                              query->n_contexts, query->n);
    return ADV_OK;
}

static enum adv_status check_guidance(const struct adv_query *query, const struct adv_model *model,
                                      struct adv_error *error)
{
    if (!(fabs(query->guidance) <= 100))
        return adv_fail_field(error, ADV_E_INVALID, "guidance",
                              "guidance is %g; it must be between -100 and 100", query->guidance);
    if (adv_model_flow_map_steps(model) > 0 && query->guidance != adv_model_guidance(model))
        return adv_fail_field(
            error, ADV_E_INVALID, "guidance",
            "guidance is %g; this model learned from its teacher at %g, and takes "
            "no other",
            query->guidance, adv_model_guidance(model));
    if (query->guidance != 1 && !adv_model_has_null_class(model) &&
        !adv_model_has_null_context(model))
        return adv_fail_field(
            error, ADV_E_INVALID, "guidance",
            "guidance is %g; this model was trained without a null class or null context "
            "and only takes 1",
            query->guidance);
    return ADV_OK;
}

static enum adv_status check_times(const struct adv_query *query, struct adv_error *error)
{
    if (!(query->t >= 0 && query->t <= 1))
        return adv_fail_field(error, ADV_E_INVALID, "t", "t is %g; it must be between 0 and 1",
                              query->t);
    if (query->kind != ADV_QUERY_TRAJECTORIES)
        return ADV_OK;
    if (!query->times)
        return adv_fail_field(error, ADV_E_INVALID, "times", "times is missing");
    if (query->n_times < 2)
        return adv_fail_field(error, ADV_E_INVALID, "times",
                              "times has %zu entries; it must have at least 2", query->n_times);
    for (size_t i = 0; i < query->n_times; i++) {
        double t = query->times[i];
        if (!(t >= 0 && t <= 1) || (i > 0 && t <= query->times[i - 1]))
            return adv_fail_field(error, ADV_E_INVALID, "times",
                                  "times[%zu] is %g; times must ascend within [0, 1]", i, t);
    }
    return ADV_OK;
}

static enum adv_status check_solver(const struct adv_solver_spec *spec, struct adv_error *error)
{
    if (!spec->solver)
        return ADV_OK;
    if (!adv_solver_is_adaptive(spec->solver) && spec->steps < 1)
        return adv_fail_field(error, ADV_E_INVALID, "solver.steps",
                              "solver.steps is %lld; it must be at least 1",
                              (long long)spec->steps);
    if (adv_solver_is_adaptive(spec->solver) && spec->max_nfe < 1)
        return adv_fail_field(error, ADV_E_INVALID, "solver.max_nfe",
                              "solver.max_nfe is %lld; it must be at least 1",
                              (long long)spec->max_nfe);
    if (adv_solver_is_adaptive(spec->solver) && !(spec->rtol > 0 && spec->atol > 0))
        return adv_fail_field(error, ADV_E_INVALID, "solver.rtol",
                              "solver.rtol and solver.atol must be positive");
    return ADV_OK;
}

static enum adv_status check_divergence(const struct adv_query *query,
                                        const struct adv_model *model, struct adv_error *error)
{
    if (query->divergence_method == ADV_DIVERGENCE_EXACT || query->kind == ADV_QUERY_SCORE)
        return ADV_OK;
    if (query->probes < 1)
        return adv_fail_field(error, ADV_E_INVALID, "divergence.probes",
                              "divergence.probes is 0; it must be at least 1");
    if (adv_query_divergence(query, model) == ADV_DIVERGENCE_EXACT)
        return ADV_OK;
    if (!query->renew_probes || query->kind == ADV_QUERY_VELOCITY)
        return ADV_OK;
    if (query->keep_probes)
        return adv_fail_field(error, ADV_E_INVALID, "divergence.renew",
                              "renew_probes and keep_probes are both true; only one can be");
    if (query->errors)
        return adv_fail_field(
            error, ADV_E_INVALID, "divergence.renew",
            "divergence.renew is true, but errors are asked for: they compare two "
            "integrations, which new probes would make differ; leave one out");
    const struct adv_solver *solver = adv_query_solver(query, model).solver;
    if (adv_solver_is_adaptive(solver))
        return adv_fail_field(error, ADV_E_INVALID, "divergence.renew",
                              "divergence.renew is true; %s chooses its steps by errors that new "
                              "probes would hide: name a solver of fixed steps",
                              adv_solver_name(solver));
    return ADV_OK;
}

static enum adv_status check_errors(const struct adv_query *query, struct adv_error *error)
{
    if (!query->errors || query->kind == ADV_QUERY_LATENTS ||
        query->kind == ADV_QUERY_LOG_DENSITY ||
        (query->kind == ADV_QUERY_SAMPLES && query->log_density))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "errors",
                          "errors is true; only log-densities and latents have them%s",
                          query->kind == ADV_QUERY_SAMPLES ? ": ask for log_density too" : "");
}

/* Data units before t = 1, and velocities, need a transform that maps them. */
static enum adv_status check_space(const struct adv_query *query, const struct adv_model *model,
                                   struct adv_error *error)
{
    if (query->space == ADV_SPACE_FLOW || adv_transform_is_affine(adv_model_transform(model)))
        return ADV_OK;
    bool between = !adv_query_from_base(query->kind) && query->t < 1;
    if (query->kind == ADV_QUERY_SCORE && !between &&
        adv_transform_draws(adv_model_transform(model)) > 1)
        return adv_fail_field(error, ADV_E_INVALID, "space",
                              "space is \"data\"; the model has columns of whole numbers, whose "
                              "probabilities have no gradient: ask for space \"flow\"");
    if (query->kind != ADV_QUERY_VELOCITY && !between)
        return ADV_OK;
    return adv_fail_field(
        error, ADV_E_INVALID, "space",
        "space is \"data\"; this model's transform is not affine, so %s only have a "
        "meaning in flow units: ask for space \"flow\"",
        query->kind == ADV_QUERY_VELOCITY ? "velocities" : "points at t < 1");
}

static enum adv_status check_presence(const struct adv_query *query, struct adv_error *error)
{
    if (query->points || adv_query_from_base(query->kind))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "points", "points is missing");
}

/* Values of enumerations, which a program may fill with any number. */
static enum adv_status check_choices(const struct adv_query *query, struct adv_error *error)
{
    const struct {
        const char *field;
        unsigned value, last;
    } choices[] = {{"kind", query->kind, ADV_QUERY_SCORE},
                   {"method", query->score_method, ADV_SCORE_DIFFERENCE},
                   {"divergence_method", query->divergence_method, ADV_DIVERGENCE_HUTCHINSON},
                   {"space", query->space, ADV_SPACE_FLOW}};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (choices[i].value > choices[i].last)
            return adv_fail_field(error, ADV_E_INVALID, choices[i].field,
                                  "%s is %u; the last one is %u", choices[i].field,
                                  choices[i].value, choices[i].last);
    }
    return ADV_OK;
}

enum adv_status adv_query_check(const struct adv_query *asked, const struct adv_model *model,
                                struct adv_error *error)
{
    struct adv_query taken;
    const struct adv_query *query = &taken;
    enum adv_status status = adv_query_take(&taken, asked, error);
    if (status != ADV_OK)
        return status;
    status = check_choices(query, error);
    if (status != ADV_OK)
        return status;
    if (query->n < 1)
        return adv_fail_field(error, ADV_E_INVALID, "n", "n is 0; it must be at least 1");
    status = check_labels(query, model, error);
    if (status == ADV_OK)
        status = check_context(query, model, error);
    if (status == ADV_OK)
        status = check_guidance(query, model, error);
    if (status == ADV_OK)
        status = check_times(query, error);
    if (status == ADV_OK)
        status = check_solver(&query->solver, error);
    if (status == ADV_OK)
        status = adv_flow_map_check(query, model, error);
    if (status == ADV_OK)
        status = check_divergence(query, model, error);
    if (status == ADV_OK)
        status = check_errors(query, error);
    if (status == ADV_OK)
        status = adv_query_check_noise(query, model, error);
    if (status == ADV_OK)
        status = adv_query_check_score(query, model, error);
    if (status == ADV_OK)
        status = check_space(query, model, error);
    if (status == ADV_OK)
        status = check_presence(query, error);
    return status;
}

enum adv_divergence adv_query_divergence(const struct adv_query *query,
                                         const struct adv_model *model)
{
    if (query->kind == ADV_QUERY_SCORE) /* estimates differ from point to point */
        return ADV_DIVERGENCE_EXACT;
    bool exact = query->divergence_method == ADV_DIVERGENCE_AUTO
                     ? adv_model_dim(model) <= ADV_EXACT_DIM_MAX
                     : query->divergence_method == ADV_DIVERGENCE_EXACT;
    return exact || query->probes >= adv_model_dim(model) ? ADV_DIVERGENCE_EXACT
                                                          : ADV_DIVERGENCE_HUTCHINSON;
}

bool adv_query_renews_probes(const struct adv_query *query, const struct adv_model *model)
{
    if (query->kind == ADV_QUERY_VELOCITY || query->keep_probes || query->errors ||
        !adv_query_needs_divergence(query) ||
        adv_query_divergence(query, model) == ADV_DIVERGENCE_EXACT)
        return false;
    return !adv_solver_is_adaptive(adv_query_solver(query, model).solver);
}

bool adv_query_needs_divergence(const struct adv_query *query)
{
    return query->kind == ADV_QUERY_LOG_DENSITY || adv_query_is_difference(query) ||
           (query->kind == ADV_QUERY_SAMPLES && query->log_density) ||
           (query->kind == ADV_QUERY_VELOCITY && query->divergence);
}

size_t adv_query_tangents(const struct adv_query *query, const struct adv_model *model)
{
    if (!adv_query_needs_divergence(query))
        return 0;
    return adv_query_divergence(query, model) == ADV_DIVERGENCE_EXACT ? adv_model_dim(model)
                                                                      : query->probes;
}

size_t adv_query_draws(const struct adv_query *query, const struct adv_model *model)
{
    if (adv_query_is_difference(query))
        return 2 * adv_model_dim(model);
    bool of_data =
        query->kind == ADV_QUERY_LOG_DENSITY && query->space == ADV_SPACE_DATA && query->t >= 1;
    return of_data ? adv_transform_draws(adv_model_transform(model)) : 1;
}

int adv_query_branches(const struct adv_query *query, const struct adv_model *model)
{
    bool part_of_it = adv_model_flow_map_steps(model) > 0; /* learned from a guided teacher */
    return query->guidance == 1 || part_of_it ? 1 : 2;
}

double adv_query_pass_cost(const struct adv_query *query, const struct adv_model *model)
{
    size_t per_row, per_condition;
    adv_net_multiply_adds(adv_model_net(model), &per_row, &per_condition);
    return adv_query_branches(query, model) * (double)(per_row + per_condition);
}

/* The steps of a method of order five grow with the fifth root of the accuracy (Hairer, Norsett and
 * Wanner 1993, II.4). */
static double adaptive_nfe(const struct adv_solver_spec *spec)
{
    const double typical_nfe = 100, at_tolerance = 1e-5;
    double tolerance = fmax(spec->rtol, spec->atol);
    return typical_nfe * fmax(1, pow(at_tolerance / tolerance, 0.2));
}

static double nfe_of(const struct adv_solver_spec *spec)
{
    return adv_solver_is_adaptive(spec->solver)
               ? adaptive_nfe(spec)
               : (double)spec->steps * adv_solver_stages(spec->solver);
}

double adv_query_cost(const struct adv_query *query, const struct adv_model *model)
{
    struct adv_solver_spec spec = adv_query_solver(query, model);
    double nfe = nfe_of(&spec);
    if (adv_query_has_errors(query)) {
        struct adv_solver_spec coarse = adv_coarse_solver(&spec, 1);
        nfe += nfe_of(&coarse);
    }
    if (query->kind == ADV_QUERY_TRAJECTORIES && !adv_solver_is_adaptive(spec.solver))
        nfe += (double)query->n_times *
               adv_solver_stages(spec.solver); /* at most a step more per frame */
    if (adv_query_is_pointwise(query))
        nfe = 1;
    double rows = (double)query->n * (double)adv_query_draws(query, model);
    return rows * nfe * (1 + (double)adv_query_tangents(query, model)) *
           adv_query_pass_cost(query, model);
}

/* A network that uses each weight about once per row spends most of its time on loading them, which
 * several rows share; one that uses them at every pixel has nothing to gain. */
static bool gains_by_rows(const struct adv_net *net)
{
    size_t per_row, per_condition;
    adv_net_multiply_adds(net, &per_row, &per_condition);
    return per_row + per_condition <= 2 * adv_net_weights(net);
}

size_t adv_query_rows_together(const struct adv_query *query, const struct adv_model *model)
{
    double fit = ADV_PORTION_MULTIPLY_ADDS / adv_query_pass_cost(query, model);
    if (adv_query_needs_divergence(query) || !gains_by_rows(adv_model_net(model)) || fit < 2)
        return 1;
    return fit < ROWS_TOGETHER ? (size_t)fit : ROWS_TOGETHER;
}
