/* Draws posteriors of held-out observations, each of its pair's class where the model has classes,
 * and ranks the true parameters among them. */
#include "trainer/calibration/calibration.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/rng.h>
#include <advect/extra/transform.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_AT_ONCE 8000000 /* of the samples of one query */

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

/* As many points of each context. */
struct points {
    size_t n, n_contexts;
    const float *theta;
    const int32_t *labels; /* or NULL */
    const float *contexts;
};

/* -INFINITY of those that are too far out. */
static enum adv_status measure(const struct adv_evaluation *e, const struct points *points,
                               const char *what, double *log_density, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    query.n = points->n;
    query.n_contexts = points->n_contexts;
    query.points = points->theta;
    query.context = points->contexts;
    query.labels = points->labels;
    query.rows_may_fail = true;
    set_density(&query, e);
    enum adv_status status = adv_evaluation_query(e, &query, what, &run, &answer, error);
    for (size_t i = 0; status == ADV_OK && i < points->n; i++)
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

/* Samples of the posteriors of some pairs, and their log-densities. */
struct drawn {
    int32_t *labels;     /* [n], or NULL */
    float *samples;      /* [n, dim] */
    double *log_density; /* [n] */
};

static void drawn_release(struct drawn *drawn)
{
    free(drawn->labels);
    free(drawn->samples);
    free(drawn->log_density);
}

/* Room for n_samples of each of n pairs from the first, with their pair's label. */
static enum adv_status drawn_init(const struct pairs *pairs, size_t first, size_t n,
                                  size_t n_samples, struct drawn *drawn, struct adv_error *error)
{
    size_t rows = n * n_samples;
    *drawn = (struct drawn){
        .labels = pairs->labels ? calloc(rows, sizeof *drawn->labels) : NULL,
        .samples = calloc(rows, pairs->dim * sizeof *drawn->samples),
        .log_density = calloc(rows, sizeof *drawn->log_density),
    };
    if (!drawn->samples || !drawn->log_density || (pairs->labels && !drawn->labels))
        return adv_no_memory(error);
    for (size_t row = 0; drawn->labels && row < rows; row++)
        drawn->labels[row] = pairs->labels[first + row / n_samples];
    return ADV_OK;
}

/* The density of a sample, as it is drawn, is that of its own place within a cell of whole numbers.
 * The truth has the probability of its cell, with which that cannot be compared. */
static bool has_cells(const struct adv_evaluation *e)
{
    return adv_transform_draws(adv_model_transform(e->model)) > 1;
}

/* The samples of n pairs from the first: those that a pair has do not depend on how many are drawn
 * together. */
static enum adv_status draw(const struct adv_evaluation *e, const struct pairs *pairs, size_t first,
                            size_t n, size_t n_samples, struct drawn *drawn,
                            struct adv_error *error)
{
    char what[64];
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    snprintf(what, sizeof what, "posteriors of pairs %zu to %zu", first + 1, first + n);
    query.seed = e->seed;
    query.first = (uint64_t)first * n_samples;
    query.n = n * n_samples;
    query.n_contexts = n;
    query.context = pairs->context + first * pairs->n_context;
    query.labels = drawn->labels;
    query.log_density = !has_cells(e);
    set_density(&query, e);
    enum adv_status status = adv_evaluation_query(e, &query, what, &run, &answer, error);
    if (status == ADV_OK) {
        memcpy(drawn->samples, answer->states, query.n * pairs->dim * sizeof *drawn->samples);
        if (query.log_density)
            memcpy(drawn->log_density, answer->log_density, query.n * sizeof *drawn->log_density);
    }
    adv_run_free(run);
    return status;
}

static enum adv_status rank_some(const struct adv_evaluation *e, const struct pairs *pairs,
                                 size_t first, size_t n, struct adv_ranked_pairs *ranked,
                                 struct adv_error *error)
{
    struct drawn drawn;
    size_t n_samples = ranked->n_samples;
    uint32_t *of_pair = calloc(pairs->dim + ADV_REGION_RANKS, sizeof *of_pair);
    enum adv_status status = drawn_init(pairs, first, n, n_samples, &drawn, error);
    if (status == ADV_OK && !of_pair)
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = draw(e, pairs, first, n, n_samples, &drawn, error);
    if (status == ADV_OK && has_cells(e)) {
        const struct points points = {n * n_samples, n, drawn.samples, drawn.labels,
                                      pairs->context + first * pairs->n_context};
        status = measure(e, &points, "log-densities of the samples", drawn.log_density, error);
    }
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        rank_pair(e, pairs, first + i, drawn.samples + i * n_samples * pairs->dim,
                  drawn.log_density + i * n_samples, of_pair, ranked);
    free(of_pair);
    drawn_release(&drawn);
    return status;
}

/* So many pairs at once that their rows fit, but one. */
static size_t pairs_at_once(const struct pairs *pairs, size_t n_samples)
{
    size_t n = NUMBERS_AT_ONCE / (n_samples * pairs->dim);
    return n < 1 ? 1 : n;
}

static enum adv_status rank_all(const struct adv_evaluation *e, const struct pairs *pairs,
                                struct adv_ranked_pairs *ranked, struct adv_error *error)
{
    size_t step = pairs_at_once(pairs, ranked->n_samples);
    const struct points truths = {pairs->n, pairs->n, pairs->theta, pairs->labels, pairs->context};
    enum adv_status status =
        measure(e, &truths, "log-densities of the pairs", ranked->log_density, error);
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
