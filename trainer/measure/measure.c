#include "trainer/measure/measure.h"

#include "trainer/cli/progress.h"
#include "trainer/data/held_out.h"
#include "trainer/measure/judge.h"
#include "trainer/measure/mean.h"

#include <advect/array_file.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- queries */

struct shown {
    struct adv_progress progress;
    const char *what;
};

static void show_share(void *context, double share)
{
    struct shown *shown = context;
    if (adv_progress_is_due(&shown->progress))
        adv_progress_show(&shown->progress, share, shown->what);
}

enum adv_status adv_measure_query(const struct adv_measure *m, const struct adv_query *query,
                                  const char *what, struct adv_run **run,
                                  const struct adv_answer **answer, struct adv_error *error)
{
    struct shown shown = {.what = what};
    adv_progress_init(&shown.progress, m->quiet, 0);
    enum adv_status status = adv_run_new(m->model, query, run, error);
    if (status == ADV_OK)
        status = adv_run_all(*run, m->pool, m->stop, show_share, &shown, answer, error);
    adv_progress_end(&shown.progress);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s: ", what);
    return status;
}

/* ---------------------------------------------------------------- samples */

/* Over the modes of the truth: each one's share of the samples relative to its weight, and the
 * Kullback-Leibler divergence of the shares among samples that are in a mode from the weights. */
static enum adv_status measure_modes(const struct adv_density *density,
                                     const struct adv_answer *answer, struct adv_figures *figures,
                                     struct adv_error *error)
{
    size_t n_modes = adv_density_modes(density), inside = 0;
    if (n_modes == 0)
        return ADV_OK;
    size_t *counts = calloc(n_modes, sizeof *counts);
    if (!counts)
        return adv_no_memory(error);
    for (size_t i = 0; i < answer->n; i++) {
        long mode = adv_density_mode(density, answer->states + i * answer->dim);
        if (mode >= 0) {
            counts[mode]++;
            inside++;
        }
    }
    double least = INFINITY, most = 0, divergence = 0;
    for (size_t k = 0; k < n_modes; k++) {
        double weight = adv_density_mode_weight(density, k);
        double relative = (double)counts[k] / (double)answer->n / weight;
        double share = inside ? (double)counts[k] / (double)inside : 0;
        least = fmin(least, relative);
        most = fmax(most, relative);
        divergence += share > 0 ? share * log(share / weight) : 0;
    }
    free(counts);
    adv_figures_add_count(figures, "modes", "modes of the true density", n_modes);
    adv_figures_add(figures, "mode_share_min", "least share of a mode, relative to its weight",
                    least);
    adv_figures_add(figures, "mode_share_max", "greatest share of a mode, relative to its weight",
                    most);
    adv_figures_add(figures, "mode_kl", "KL of the modes' shares from their weights, nats",
                    divergence);
    return ADV_OK;
}

static enum adv_status measure_inside(const struct adv_density *density,
                                      const struct adv_answer *answer, struct adv_figures *figures,
                                      struct adv_error *error)
{
    double *truth = calloc(answer->n, sizeof *truth);
    if (!truth)
        return adv_no_memory(error);
    size_t inside = 0;
    if (adv_density_log_density(density, answer->n, answer->states, truth)) {
        for (size_t i = 0; i < answer->n; i++)
            inside += truth[i] > -INFINITY;
        adv_figures_add(figures, "inside", "share of samples inside the true support",
                        (double)inside / (double)answer->n);
    }
    free(truth);
    return ADV_OK;
}

static enum adv_status write_samples(const struct adv_measure *m, const struct adv_answer *answer,
                                     struct adv_error *error)
{
    size_t shape[2] = {answer->n, answer->dim};
    if (!m->samples_path)
        return ADV_OK;
    return adv_npy_write_float(m->samples_path, 2, shape, answer->states, error);
}

static enum adv_status add_verdict(const char *judge, const struct adv_answer *answer,
                                   struct adv_figures *figures, struct adv_error *error)
{
    struct adv_verdict verdict;
    enum adv_status status = adv_judge(judge, answer, &verdict, error);
    if (status != ADV_OK)
        return status;
    adv_figures_add(figures, "judge_accuracy",
                    "judge: share of samples read as the class asked for", verdict.accuracy);
    adv_figures_add(figures, "judge_frechet", "judge: Frechet distance from real examples",
                    verdict.frechet);
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

enum adv_status adv_measure_samples(const struct adv_measure *m, struct adv_figures *figures,
                                    struct adv_error *error)
{
    if (m->n_samples == 0)
        return ADV_OK;
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    query.n = m->n_samples;
    query.seed = m->seed;
    query.guidance = m->guidance;
    query.solver = m->sample_solver;
    int32_t *labels = labels_by_class(m->model, query.n);
    query.labels = labels;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = ADV_OK;
    if (!labels && adv_model_classes(m->model) > 0)
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = adv_measure_query(m, &query, "samples", &run, &answer, error);
    if (status == ADV_OK)
        status = write_samples(m, answer, error);
    if (status == ADV_OK && m->judge)
        status = add_verdict(m->judge, answer, figures, error);
    if (status == ADV_OK) {
        adv_figures_add_count(figures, "samples", "samples drawn", answer->n);
        adv_figures_add_count(figures, "sample_nfe", "velocity evaluations per sample",
                              (size_t)answer->nfe);
    }
    const struct adv_density *density = m->dataset->source.density;
    if (status == ADV_OK && density)
        status = measure_inside(density, answer, figures, error);
    if (status == ADV_OK && density)
        status = measure_modes(density, answer, figures, error);
    adv_run_free(run);
    free(labels);
    return status;
}

/* ---------------------------------------------------------------- log-density */

static void add_log_density(const struct adv_answer *answer, struct adv_figures *figures)
{
    struct adv_mean mean = adv_mean_of(answer->n, answer->log_density);
    adv_figures_add_count(figures, "points", "points of the log-density", answer->n);
    adv_figures_add(figures, "nll", "mean negative log-density, nats", -mean.value);
    adv_figures_add(figures, "nll_standard_error",
                    "standard error of the mean negative log-density", mean.standard_error);
}

/* log p(x) - log q(x) averaged over x ~ p. On the same points most of the noise of both cancels. */
static enum adv_status add_divergence(const struct adv_density *density, const float *points,
                                      const struct adv_answer *answer, struct adv_figures *figures,
                                      struct adv_error *error)
{
    double *truth = calloc(answer->n, sizeof *truth);
    if (!truth)
        return adv_no_memory(error);
    if (adv_density_log_density(density, answer->n, points, truth)) {
        double entropy = -adv_mean_of(answer->n, truth).value;
        for (size_t i = 0; i < answer->n; i++)
            truth[i] -= answer->log_density[i];
        struct adv_mean kl = adv_mean_of(answer->n, truth);
        adv_figures_add(figures, "entropy",
                        "mean negative log-density of the truth on the same points, nats", entropy);
        adv_figures_add(figures, "kl", "KL divergence of the truth from the model, nats", kl.value);
        adv_figures_add(figures, "kl_standard_error", "standard error of the KL divergence",
                        kl.standard_error);
    }
    free(truth);
    return ADV_OK;
}

enum adv_status adv_measure_log_density(const struct adv_measure *m, struct adv_figures *figures,
                                        struct adv_error *error)
{
    const struct adv_density *density = m->dataset->source.density;
    size_t n = m->n_points;
    if (!density || n == 0)
        return ADV_OK;
    float *points = calloc(n, m->dataset->dim * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    adv_density_sample(density, adv_seed_for(m->seed, ADV_SEED_HELD_OUT), 0, n, points);
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    query.n = n;
    query.points = points;
    query.solver = m->density.solver;
    query.probes = m->density.probes;
    query.renew_probes = m->density.renew_probes;
    query.probe_seed = m->density.probe_seed;
    enum adv_status status = adv_measure_query(m, &query, "log-densities", &run, &answer, error);
    if (status == ADV_OK)
        add_log_density(answer, figures);
    if (status == ADV_OK)
        status = add_divergence(density, points, answer, figures, error);
    adv_run_free(run);
    free(points);
    return status;
}

/* ---------------------------------------------------------------- integral */

enum adv_status adv_measure_integral(const struct adv_measure *m, struct adv_figures *figures,
                                     struct adv_error *error)
{
    const struct adv_density *density = m->dataset->source.density;
    size_t side = m->grid, n = side * side;
    if (!density || m->dataset->dim != 2 || side == 0)
        return ADV_OK;
    float *points = calloc(n, 2 * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    double lo[2], hi[2];
    adv_density_box(density, lo, hi);
    double x_step = (hi[0] - lo[0]) / (double)side, y_step = (hi[1] - lo[1]) / (double)side;
    adv_rng_uniform(m->seed, ADV_STREAM_DATA, 0, n, 2, points);
    for (size_t i = 0; i < n; i++) {
        size_t row = i / side, column = i % side;
        points[2 * i] = (float)(lo[0] + x_step * ((double)column + (double)points[2 * i]));
        points[2 * i + 1] = (float)(lo[1] + y_step * ((double)row + (double)points[2 * i + 1]));
    }
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    query.n = n;
    query.points = points;
    struct adv_run *run = NULL;
    const struct adv_answer *answer;
    enum adv_status status = adv_measure_query(m, &query, "integral", &run, &answer, error);
    if (status == ADV_OK) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += exp(answer->log_density[i]);
        adv_figures_add(figures, "integral", "integral of the density over the truth's box",
                        sum * x_step * y_step);
    }
    adv_run_free(run);
    free(points);
    return status;
}

/* ---------------------------------------------------------------- held out */

enum adv_status adv_measure_held_out(const struct adv_measure *m, struct adv_figures *figures,
                                     struct adv_error *error)
{
    if (m->dataset->n_held_out == 0)
        return ADV_OK;
    double loss;
    enum adv_status status =
        adv_held_out_loss(m->dataset, adv_model_path(m->model), adv_model_ready_weights(m->model),
                          m->pool, &loss, error);
    if (status == ADV_OK)
        adv_figures_add(figures, "held_out_loss", "flow-matching loss on held-out examples", loss);
    return status;
}
