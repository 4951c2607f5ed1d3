#include "trainer/samples/modes.h"

#include <advect/extra/rng.h>
#include <advect/extra/tails.h>

#include <math.h>
#include <stdlib.h>

enum { AXES_MAX = 3, SIDE = 4, DRAWS_PER_SAMPLE = 4, POINTS_LEAST = 20 };

/* ---------------------------------------------------------------- within modes */

/* Of one of two samples, in the parts of a mode. */
struct counts {
    double samples, draws;
};

/* The modes of a density, each a box of n_parts parts. */
struct boxes {
    const struct adv_density *density;
    size_t dim, axes, n_modes, n_parts;
    float *lo, *hi;       /* [n_modes, axes] */
    struct counts *parts; /* [n_modes, n_parts] */
};

static bool boxes_init(struct boxes *boxes, const struct adv_density *density)
{
    *boxes = (struct boxes){.density = density, .n_parts = 1};
    boxes->dim = adv_density_dim(density);
    boxes->axes = boxes->dim < AXES_MAX ? boxes->dim : AXES_MAX;
    boxes->n_modes = adv_density_modes(density);
    for (size_t k = 0; k < boxes->axes; k++)
        boxes->n_parts *= SIDE;
    boxes->lo = calloc(boxes->n_modes * boxes->axes + 1, sizeof *boxes->lo);
    boxes->hi = calloc(boxes->n_modes * boxes->axes + 1, sizeof *boxes->hi);
    boxes->parts = calloc(boxes->n_modes * boxes->n_parts + 1, sizeof *boxes->parts);
    for (size_t i = 0; boxes->lo && boxes->hi && i < boxes->n_modes * boxes->axes; i++) {
        boxes->lo[i] = INFINITY;
        boxes->hi[i] = -INFINITY;
    }
    return boxes->lo && boxes->hi && boxes->parts;
}

static void boxes_release(struct boxes *boxes)
{
    free(boxes->lo);
    free(boxes->hi);
    free(boxes->parts);
}

static void widen(struct boxes *boxes, size_t n, const float *points)
{
    for (size_t i = 0; i < n; i++, points += boxes->dim) {
        long mode = adv_density_mode(boxes->density, points);
        for (size_t k = 0; mode >= 0 && k < boxes->axes; k++) {
            size_t at = (size_t)mode * boxes->axes + k;
            boxes->lo[at] = fminf(boxes->lo[at], points[k]);
            boxes->hi[at] = fmaxf(boxes->hi[at], points[k]);
        }
    }
}

/* The part of its mode that a point is in, or NULL outside all modes. */
static struct counts *part_of(const struct boxes *boxes, const float *point)
{
    long mode = adv_density_mode(boxes->density, point);
    size_t part = 0;
    for (size_t k = 0; mode >= 0 && k < boxes->axes; k++) {
        size_t at = (size_t)mode * boxes->axes + k;
        float place = SIDE * (point[k] - boxes->lo[at]) / (boxes->hi[at] - boxes->lo[at]);
        part = part * SIDE + (place >= SIDE ? SIDE - 1 : place > 0 ? (size_t)place : 0);
    }
    return mode < 0 ? NULL : &boxes->parts[(size_t)mode * boxes->n_parts + part];
}

struct statistic {
    double chi_square;
    size_t degrees;
};

/* Adds a mode's: sum of (sqrt(D / S) s - sqrt(S / D) d)^2 / (s + d) over parts, S and D the totals
 * (Press et al., "Numerical Recipes", 14.3). */
static void add_mode(const struct counts *parts, size_t n_parts, struct statistic *statistic)
{
    struct counts total = {0}, few = {0};
    for (size_t i = 0; i < n_parts; i++) {
        total.samples += parts[i].samples;
        total.draws += parts[i].draws;
    }
    if (total.samples == 0 || total.draws == 0)
        return;
    double ratio = sqrt(total.draws / total.samples), used = 0;
    for (size_t i = 0; i <= n_parts; i++) {
        struct counts part = i < n_parts ? parts[i] : few;
        if (i < n_parts && part.samples + part.draws < POINTS_LEAST) {
            few.samples += part.samples;
            few.draws += part.draws;
        } else if (part.samples + part.draws > 0) {
            double off = ratio * part.samples - part.draws / ratio;
            statistic->chi_square += off * off / (part.samples + part.draws);
            used++;
        }
    }
    statistic->degrees += used > 1 ? (size_t)used - 1 : 0;
}

double adv_within_modes_p(const struct adv_density *density, size_t n, const float *samples,
                          uint64_t seed)
{
    struct boxes boxes;
    struct statistic statistic = {0};
    size_t n_draws = DRAWS_PER_SAMPLE * n;
    float *draws = calloc(n_draws + 1, adv_density_dim(density) * sizeof *draws);
    bool complete = boxes_init(&boxes, density) && draws;
    if (complete) {
        adv_density_sample(density, adv_seed_for(seed, ADV_SEED_SPLIT), 0, n_draws, draws);
        widen(&boxes, n_draws, draws);
    }
    for (size_t i = 0; complete && i < n_draws; i++) {
        struct counts *part = part_of(&boxes, draws + i * boxes.dim);
        if (part)
            part->draws++;
    }
    for (size_t i = 0; complete && i < n; i++) {
        struct counts *part = part_of(&boxes, samples + i * boxes.dim);
        if (part)
            part->samples++;
    }
    for (size_t m = 0; complete && m < boxes.n_modes; m++)
        add_mode(boxes.parts + m * boxes.n_parts, boxes.n_parts, &statistic);
    boxes_release(&boxes);
    free(draws);
    return statistic.degrees > 0 ? adv_chi_square_tail(statistic.chi_square, statistic.degrees)
                                 : NAN;
}

/* ---------------------------------------------------------------- between and within */

/* Errors as of independent samples: sqrt(w (1 - w) / n) / w. */
static bool plot_shares(const struct adv_density *density, size_t n, const size_t *counts,
                        struct adv_plotted *plotted)
{
    size_t n_modes = adv_density_modes(density);
    plotted->mode_shares = calloc(n_modes, sizeof *plotted->mode_shares);
    plotted->mode_errors = calloc(n_modes, sizeof *plotted->mode_errors);
    if (!plotted->mode_shares || !plotted->mode_errors)
        return false;
    plotted->n_modes = n_modes;
    for (size_t k = 0; k < n_modes; k++) {
        double weight = adv_density_mode_weight(density, k);
        plotted->mode_shares[k] = (double)counts[k] / (double)n / weight;
        plotted->mode_errors[k] = sqrt((1 - weight) / weight / (double)n);
    }
    return true;
}

/* Over the modes of the truth: each one's share of the samples relative to its weight, and the
 * Kullback-Leibler divergence of the shares among samples that are in a mode from the weights. */
enum adv_status adv_measure_modes(const struct adv_evaluation *e, const struct adv_answer *answer,
                                  struct adv_results *results, struct adv_error *error)
{
    const struct adv_density *density = e->dataset->source.density;
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
    if (!plot_shares(density, answer->n, counts, &results->plotted)) {
        free(counts);
        return adv_no_memory(error);
    }
    double least = INFINITY, most = 0, divergence = 0, chi_square = 0;
    for (size_t k = 0; k < n_modes; k++) {
        double weight = adv_density_mode_weight(density, k);
        double relative = results->plotted.mode_shares[k];
        double share = inside ? (double)counts[k] / (double)inside : 0;
        least = fmin(least, relative);
        most = fmax(most, relative);
        double due = weight * (double)inside, off = (double)counts[k] - due;
        chi_square += due > 0 ? off * off / due : 0;
        divergence += share > 0 ? share * log(share / weight) : 0;
    }
    free(counts);
    adv_results_add_count(results, "modes", "modes of the true density", n_modes);
    adv_results_add(results, "mode_share_min", "least share of a mode, relative to its weight",
                    least);
    adv_results_add(results, "mode_share_max", "greatest share of a mode, relative to its weight",
                    most);
    adv_results_add(results, "mode_kl", "KL of the modes' shares from their weights, nats",
                    divergence);
    if (n_modes > 1 && inside > 0)
        adv_results_add(results, "mode_p", "p-value of the modes' shares, by Pearson's chi-square",
                        adv_chi_square_tail(chi_square, n_modes - 1));
    double within = adv_within_modes_p(density, answer->n, answer->states, e->seed);
    if (isfinite(within))
        adv_results_add(results, "within_modes_p",
                        "p-value of the samples within their modes, likewise", within);
    return ADV_OK;
}
