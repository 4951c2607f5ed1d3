/* Samples: written down, scored by a program of the user's, and held against a known density. */
#include "trainer/measure/measure.h"
#include "trainer/samples/distances.h"
#include "trainer/samples/modes.h"
#include "trainer/samples/scorer.h"

#include <advect/array_file.h>

#include <math.h>
#include <stdlib.h>

static enum adv_status measure_inside(const struct adv_density *density,
                                      const struct adv_answer *answer, struct adv_results *results,
                                      struct adv_error *error)
{
    double *truth = calloc(answer->n, sizeof *truth);
    if (!truth)
        return adv_no_memory(error);
    size_t inside = 0;
    if (adv_density_log_density(density, answer->n, answer->states, truth)) {
        for (size_t i = 0; i < answer->n; i++)
            inside += truth[i] > -INFINITY;
        adv_results_add(results, "inside", "share of samples inside the true support",
                        (double)inside / (double)answer->n);
    }
    free(truth);
    return ADV_OK;
}

static enum adv_status write_samples(const struct adv_evaluation *e,
                                     const struct adv_answer *answer, struct adv_error *error)
{
    size_t shape[2] = {answer->n, answer->dim};
    if (!e->samples.path)
        return ADV_OK;
    return adv_npy_write_float(e->samples.path, 2, shape, answer->states, error);
}

static enum adv_status add_scores(const char *scorer, const struct adv_answer *answer,
                                  struct adv_results *results, struct adv_error *error)
{
    struct adv_scores scores;
    enum adv_status status = adv_score(scorer, answer, &scores, error);
    if (status != ADV_OK)
        return status;
    adv_results_add(results, "judge_accuracy",
                    "judge: share of samples read as the class asked for", scores.accuracy);
    adv_results_add(results, "judge_frechet", "judge: Frechet distance from real examples",
                    scores.frechet);
    return ADV_OK;
}

/* As many of each class, class by class; NULL for an unconditional model, or without memory. */
static int32_t *labels_by_class(const struct adv_model *model, size_t n)
{
    size_t classes = adv_model_classes(model);
    int32_t *labels = classes ? calloc(n, sizeof *labels) : NULL;
    for (size_t i = 0; labels && i < n; i++)
        labels[i] = (int32_t)(i * classes / n);
    return labels;
}

static enum adv_status run(const struct adv_evaluation *e, const union adv_measure_wish *wish,
                           struct adv_results *results, struct adv_error *error)
{
    (void)wish;
    const struct adv_density *density = e->dataset->source.density;
    bool wanted = density || e->samples.path || e->samples.scorer;
    if (e->samples.n == 0 || !wanted)
        return ADV_OK;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = e->samples.n;
    query.seed = e->seed;
    query.guidance = e->samples.guidance;
    query.solver = e->samples.solver;
    int32_t *labels = labels_by_class(e->model, query.n);
    query.labels = labels;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = ADV_OK;
    if (!labels && adv_model_classes(e->model) > 0)
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_evaluation_query(e, &query, "samples", &run, &answer, error);
    if (status == ADV_OK)
        status = write_samples(e, answer, error);
    if (status == ADV_OK && e->samples.scorer)
        status = add_scores(e->samples.scorer, answer, results, error);
    if (status == ADV_OK) {
        adv_results_add_count(results, "samples", "samples drawn", answer->n);
        adv_results_add_count(results, "sample_nfe", "velocity evaluations per sample",
                              (size_t)answer->nfe);
    }
    if (status == ADV_OK && density)
        status = measure_inside(density, answer, results, error);
    if (status == ADV_OK && density)
        status = adv_measure_modes(e, answer, results, error);
    if (status == ADV_OK && density)
        status = adv_measure_distances(e, answer, results, error);
    adv_run_free(run);
    free(labels);
    return status;
}

const struct adv_measure adv_measure_samples = {
    .name = "samples",
    .needs = ADV_NEEDS_DATA,
    .run = run,
};
