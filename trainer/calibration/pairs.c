/* Draws posteriors of held-out observations, each of its pair's class where the model has classes,
 * and ranks the true parameters among them. */
#include "trainer/calibration/calibration.h"

#include <advect/extra/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_AT_ONCE 8000000 /* of rows and their contexts, in one query: some 32 MB */

/* Pairs of the split, and what the distances of TARP are taken from. */
struct pairs {
    size_t n, dim, n_context;
    float *theta;     /* [n, dim] */
    float *context;   /* [n, n_context] */
    int32_t *labels;  /* [n]; of models with classes, else NULL */
    float *reference; /* [n, dim] */
    double *scale;    /* [dim] */
};

static void release(struct pairs *pairs)
{
    free(pairs->theta);
    free(pairs->context);
    free(pairs->labels);
    free(pairs->reference);
    free(pairs->scale);
}

/* Uniform over the box that holds all parameters: independent of each pair's own, nearly. */
static void place_references(struct pairs *pairs, uint64_t seed)
{
    adv_rng_uniform(seed, ADV_STREAM_DATA_NOISE, 0, pairs->n, pairs->dim, pairs->reference);
    for (size_t c = 0; c < pairs->dim; c++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < pairs->n; i++) {
            low = fmin(low, (double)pairs->theta[i * pairs->dim + c]);
            high = fmax(high, (double)pairs->theta[i * pairs->dim + c]);
        }
        pairs->scale[c] = high > low ? high - low : 1;
        for (size_t i = 0; i < pairs->n; i++) {
            float *reference = &pairs->reference[i * pairs->dim + c];
            *reference = (float)(low + (high - low) * (double)*reference);
        }
    }
}

static enum adv_status load(const struct adv_evaluation *e, size_t n, struct pairs *pairs,
                            struct adv_error *error)
{
    size_t dim = adv_model_dim(e->model), n_context = adv_model_context(e->model);
    int32_t *labels = calloc(n, sizeof *labels);
    *pairs = (struct pairs){
        .n = n,
        .dim = dim,
        .n_context = n_context,
        .theta = calloc(n, dim * sizeof *pairs->theta),
        .context = calloc(n, n_context * sizeof *pairs->context),
        .reference = calloc(n, dim * sizeof *pairs->reference),
        .scale = calloc(dim, sizeof *pairs->scale),
    };
    bool whole = labels && pairs->theta && pairs->context && pairs->reference && pairs->scale;
    if (whole) {
        adv_dataset_points(e->dataset, e->split, 0, n, pairs->theta, labels, pairs->context);
        place_references(pairs, e->seed);
    }
    for (size_t i = 0; whole && e->unlabelled && i < n; i++)
        labels[i] = ADV_NO_LABEL;
    if (whole && adv_model_classes(e->model) > 0) {
        pairs->labels = labels;
        labels = NULL;
    }
    free(labels);
    return whole ? ADV_OK : adv_no_memory(error);
}

static void set_density(struct adv_query *query, const struct adv_evaluation *e)
{
    query->guidance = adv_query_default_guidance(query, e->model);
    query->solver = e->density.solver;
    query->probes = e->density.probes;
    query->renew_probes = e->density.renew_probes;
    query->probe_seed = e->density.probe_seed;
}

static enum adv_status measure_truths(const struct adv_evaluation *e, const struct pairs *pairs,
                                      double *log_density, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    query.n = query.n_contexts = pairs->n;
    query.points = pairs->theta;
    query.context = pairs->context;
    query.labels = pairs->labels;
    query.rows_may_fail = true;
    set_density(&query, e);
    enum adv_status status =
        adv_evaluation_query(e, &query, "log-densities of the pairs", &run, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < pairs->n; i++)
        log_density[i] = isnan(answer->log_density[i]) ? -INFINITY : answer->log_density[i];
    adv_run_free(run);
    return status;
}

static void rank_pair(const struct adv_evaluation *e, const struct pairs *pairs, size_t pair,
                      const float *samples, const double *log_density, uint32_t *of_pair,
                      struct adv_ranked_pairs *ranked)
{
    const struct adv_posterior posterior = {
        .n = ranked->n_samples,
        .dim = pairs->dim,
        .samples = samples,
        .log_density = log_density,
        .truth = pairs->theta + pair * pairs->dim,
        .truth_log_density = ranked->log_density[pair],
        .reference = pairs->reference + pair * pairs->dim,
        .scale = pairs->scale,
    };
    adv_posterior_ranks(&posterior, e->seed, pair, of_pair);
    for (size_t k = 0; k < pairs->dim + ADV_REGION_RANKS; k++)
        ranked->ranks[k * pairs->n + pair] = of_pair[k];
}

/* What each of the samples of some pairs is conditioned on. */
struct conditions {
    float *contexts;
    int32_t *labels; /* or NULL, as of the pairs */
};

static void conditions_release(struct conditions *conditions)
{
    free(conditions->contexts);
    free(conditions->labels);
}

/* Each pair's n_samples times, of n pairs from the first. */
static enum adv_status repeat_conditions(const struct pairs *pairs, size_t first, size_t n,
                                         size_t n_samples, struct conditions *conditions,
                                         struct adv_error *error)
{
    size_t size = pairs->n_context, rows = n * n_samples;
    float *contexts = calloc(rows, size * sizeof *contexts);
    int32_t *labels = pairs->labels ? calloc(rows, sizeof *labels) : NULL;
    *conditions = (struct conditions){contexts, labels};
    if (!contexts || (pairs->labels && !labels))
        return adv_no_memory(error);
    for (size_t row = 0; row < rows; row++) {
        size_t pair = first + row / n_samples;
        memcpy(contexts + row * size, pairs->context + pair * size, size * sizeof *contexts);
        if (labels)
            labels[row] = pairs->labels[pair];
    }
    return ADV_OK;
}

/* The samples of n pairs from the first: those that a pair has do not depend on how many are drawn
 * together. */
static enum adv_status rank_some(const struct adv_evaluation *e, const struct pairs *pairs,
                                 size_t first, size_t n, struct adv_ranked_pairs *ranked,
                                 struct adv_error *error)
{
    char what[64];
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    size_t n_samples = ranked->n_samples;
    struct conditions conditions;
    uint32_t *of_pair = calloc(pairs->dim + ADV_REGION_RANKS, sizeof *of_pair);
    enum adv_status status = repeat_conditions(pairs, first, n, n_samples, &conditions, error);
    if (status == ADV_OK && !of_pair)
        status = adv_no_memory(error);
    snprintf(what, sizeof what, "posteriors of pairs %zu to %zu", first + 1, first + n);
    query.seed = e->seed;
    query.first = (uint64_t)first * n_samples;
    query.n = query.n_contexts = n * n_samples;
    query.context = conditions.contexts;
    query.labels = conditions.labels;
    query.log_density = true;
    set_density(&query, e);
    if (status == ADV_OK)
        status = adv_evaluation_query(e, &query, what, &run, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        rank_pair(e, pairs, first + i, answer->states + i * n_samples * pairs->dim,
                  answer->log_density + i * n_samples, of_pair, ranked);
    adv_run_free(run);
    free(of_pair);
    conditions_release(&conditions);
    return status;
}

/* So many pairs at once that their rows fit, but one. */
static size_t pairs_at_once(const struct pairs *pairs, size_t n_samples)
{
    size_t n = NUMBERS_AT_ONCE / (n_samples * (pairs->dim + pairs->n_context));
    return n < 1 ? 1 : n;
}

static enum adv_status rank_all(const struct adv_evaluation *e, const struct pairs *pairs,
                                struct adv_ranked_pairs *ranked, struct adv_error *error)
{
    size_t step = pairs_at_once(pairs, ranked->n_samples);
    enum adv_status status = measure_truths(e, pairs, ranked->log_density, error);
    for (size_t first = 0; status == ADV_OK && first < pairs->n; first += step) {
        size_t left = pairs->n - first;
        status = rank_some(e, pairs, first, left < step ? left : step, ranked, error);
    }
    return status;
}

enum adv_status adv_pairs_rank(const struct adv_evaluation *e, size_t n, size_t n_samples,
                               struct adv_ranked_pairs *ranked, struct adv_error *error)
{
    struct pairs pairs;
    size_t dim = adv_model_dim(e->model);
    struct adv_ranked_pairs fresh = {
        .n = n,
        .n_samples = n_samples,
        .dim = dim,
        .ranks = calloc(n, (dim + ADV_REGION_RANKS) * sizeof *fresh.ranks),
        .log_density = calloc(n, sizeof *fresh.log_density),
    };
    enum adv_status status = load(e, n, &pairs, error);
    if (status == ADV_OK && !(fresh.ranks && fresh.log_density))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = rank_all(e, &pairs, &fresh, error);
    release(&pairs);
    if (status == ADV_OK)
        *ranked = fresh;
    else
        adv_ranked_pairs_release(&fresh);
    return status;
}

void adv_ranked_pairs_release(struct adv_ranked_pairs *ranked)
{
    free(ranked->ranks);
    free(ranked->log_density);
    *ranked = (struct adv_ranked_pairs){0};
}

enum adv_rank_kind adv_ranked_kind(const struct adv_ranked_pairs *ranked, size_t k)
{
    return k < ranked->dim    ? ADV_RANK_OF_PARAMETER
           : k == ranked->dim ? ADV_RANK_OF_DENSITY
                              : ADV_RANK_OF_DISTANCE;
}

const char *adv_ranked_name(const struct adv_ranked_pairs *ranked, const struct adv_model *model,
                            size_t k, char *buffer)
{
    static const char *const regions[] = {"highest density", "distance (TARP)"};
    if (k >= ranked->dim)
        return regions[k - ranked->dim];
    const char *name = adv_model_column_name(model, k);
    snprintf(buffer, 32, "parameter %zu", k + 1);
    return name ? name : buffer;
}
