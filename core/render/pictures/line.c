/* Pictures of models of one dimension: a histogram of samples under the curve of the density, or
 * paths. The curve goes through the densities of the samples themselves, so that it is as fine as
 * they are dense and needs no range to be known before. */
#include "core/render/pictures/line.h"
#include "core/base/mem.h"
#include "core/plot/axis.h"

#include <advect/extra/pace.h>
#include <advect/extra/plot.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BINS_LEAST = 12,
    BINS_MOST = 120,
    CURVES_MOST = 7, /* one per class, as many as there are colours */
    GAP_SAMPLES = 12,
};

#define BAR_COLOUR 6
#define PEAK_MOST 3.0 /* of the curve, in heights of the highest bar */
#define HEADROOM 1.05

const char *adv_line_name(const struct adv_scene *scene)
{
    const char *name = adv_scene_column(scene, 0);
    return name ? name : "x";
}

/* ---------------------------------------------------------------- the density's curve */

struct sample {
    int32_t label;
    double x, density;
};

struct curves {
    struct sample *samples; /* [n], by class and then by x */
    size_t n;
    float *points; /* [4 n, 2] of one curve */
};

static int compare_samples(const void *a, const void *b)
{
    const struct sample *p = a, *q = b;
    if (p->label != q->label)
        return p->label < q->label ? -1 : 1;
    return (p->x > q->x) - (p->x < q->x);
}

static void curves_release(struct curves *curves)
{
    free(curves->samples);
    free(curves->points);
}

static enum adv_status curves_init(struct curves *curves, const struct adv_answer *answer,
                                   struct adv_error *error)
{
    *curves = (struct curves){.samples = adv_calloc(answer->n + 1, sizeof *curves->samples),
                              .points = adv_calloc(answer->n + 1, 8 * sizeof *curves->points)};
    if (!curves->samples || !curves->points) {
        curves_release(curves);
        return adv_no_memory(error);
    }
    for (size_t i = 0; i < answer->n; i++) {
        struct sample sample = {answer->labels ? answer->labels[i] : 0, (double)answer->states[i],
                                exp(answer->log_density[i])};
        if (isfinite(sample.x) && isfinite(sample.density))
            curves->samples[curves->n++] = sample;
    }
    qsort(curves->samples, curves->n, sizeof *curves->samples, compare_samples);
    return ADV_OK;
}

/* How many of the samples from `first` on are of its class. */
static size_t count_class(const struct curves *curves, size_t first)
{
    size_t n = 1;
    while (first + n < curves->n &&
           curves->samples[first + n].label == curves->samples[first].label)
        n++;
    return n;
}

static size_t count_classes(const struct curves *curves)
{
    size_t n = 0;
    for (size_t i = 0; i < curves->n; i += count_class(curves, i))
        n++;
    return n;
}

static void add_point(struct curves *curves, size_t *n, double x, double density)
{
    curves->points[2 * *n] = (float)x;
    curves->points[2 * *n + 1] = (float)density;
    ++*n;
}

/* Through n samples of a class that is a share of all. Between two neighbours the density is less
 * than a straight line says where that would have put many a sample there: it goes down to 0. */
static size_t trace(struct curves *curves, size_t first, size_t n, double share)
{
    size_t n_points = 0;
    for (size_t i = first; i < first + n; i++) {
        const struct sample *at = &curves->samples[i], *next = at + 1;
        add_point(curves, &n_points, at->x, share * at->density);
        if (i + 1 == first + n)
            break;
        double mass = (next->x - at->x) * (at->density + next->density) / 2;
        if ((double)n * mass < GAP_SAMPLES)
            continue;
        add_point(curves, &n_points, at->x, 0);
        add_point(curves, &n_points, next->x, 0);
    }
    return n_points;
}

static enum adv_status add_curve(const struct adv_scene *scene, struct curves *curves, size_t first,
                                 size_t n, int colour, struct adv_plot *plot,
                                 struct adv_error *error)
{
    char label[96];
    int32_t class = curves->samples[first].label;
    const char *name = class >= 0 ? adv_model_label_name(scene->model, (size_t) class) : NULL;
    double share = (double)n / (double)curves->n;
    if (n == curves->n)
        snprintf(label, sizeof label, "density of the model");
    else if (name)
        snprintf(label, sizeof label, "%.60s", name);
    else
        snprintf(label, sizeof label, "class %d", class);
    size_t n_points = trace(curves, first, n, share);
    const struct adv_mark mark = {.colour = colour, .label = label};
    return adv_plot_line(plot, n_points, curves->points, &mark, error);
}

/* A curve per class, which together are the histogram. */
static enum adv_status add_curves(const struct adv_scene *scene, struct adv_plot *plot,
                                  struct adv_error *error)
{
    struct curves curves;
    if (!scene->answer->log_density)
        return ADV_OK;
    enum adv_status status = curves_init(&curves, scene->answer, error);
    if (status != ADV_OK)
        return status;
    int colour = 0;
    bool few = count_classes(&curves) <= CURVES_MOST;
    for (size_t i = 0, n = 0; few && status == ADV_OK && i < curves.n; i += n) {
        n = count_class(&curves, i);
        status = add_curve(scene, &curves, i, n, colour++, plot, error);
    }
    curves_release(&curves);
    return status;
}

/* ---------------------------------------------------------------- the histogram */

void adv_line_count(size_t n, const float *values, double lo, double hi, size_t n_bins,
                    float *counts)
{
    double width = (hi - lo) / (double)n_bins;
    memset(counts, 0, n_bins * sizeof *counts);
    for (size_t i = 0; i < n; i++) {
        double place = ((double)values[i] - lo) / width;
        if (place >= 0 && place < (double)n_bins)
            counts[(size_t)place]++;
    }
    for (size_t b = 0; b < n_bins; b++)
        counts[b] /= (float)((double)(n > 0 ? n : 1) * width);
}

/* As many as keep the noise of a bar's height to some percent. */
static size_t bins_of(size_t n)
{
    double bins = 3 * cbrt((double)n);
    return (size_t)fmin(fmax(bins, BINS_LEAST), BINS_MOST);
}

/* The range of n values that is worth showing. */
static enum adv_status find_range(size_t n, const float *values, double *lo, double *hi,
                                  struct adv_error *error)
{
    float *scratch = adv_calloc(n + 1, sizeof *scratch);
    if (!scratch)
        return adv_no_memory(error);
    *lo = INFINITY;
    *hi = -INFINITY;
    adv_axis_take(n, 1, values, 0, scratch, lo, hi);
    adv_axis_pad(lo, hi);
    free(scratch);
    return ADV_OK;
}

static enum adv_status plot_density(const struct adv_scene *scene, size_t n, const float *values,
                                    const struct adv_axes *axes, struct adv_image *image,
                                    struct adv_error *error)
{
    float counts[BINS_MOST];
    const struct adv_mark bars = {.colour = BAR_COLOUR, .label = "histogram of samples"};
    size_t n_bins = bins_of(n);
    adv_line_count(n, values, axes->x_lo, axes->x_hi, n_bins, counts);
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(axes, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_bars(plot, n_bins, axes->x_lo, axes->x_hi, counts, &bars, error);
    if (status == ADV_OK && scene->query->kind == ADV_QUERY_SAMPLES)
        status = add_curves(scene, plot, error);
    if (status == ADV_OK)
        status = adv_plot_render(plot, image, error);
    adv_plot_free(plot);
    return status;
}

/* Whether there is one curve, of all. */
static bool is_one_class(const struct adv_answer *answer)
{
    for (size_t i = 1; answer->labels && i < answer->n; i++) {
        if (answer->labels[i] != answer->labels[0])
            return false;
    }
    return true;
}

/* What the axis has to hold: the highest bar of all frames, and the curve, unless a peak of it
 * would leave the bars flat. */
static double highest(const struct adv_scene *scene, double lo, double hi)
{
    const struct adv_answer *answer = scene->answer;
    float counts[BINS_MOST];
    size_t n_bins = bins_of(answer->n);
    double bars = 0, curve = 0;
    for (size_t f = 0; f < answer->n_frames && adv_pace_go_on(); f++) {
        adv_line_count(answer->n, adv_scene_frame(scene, f), lo, hi, n_bins, counts);
        for (size_t b = 0; b < n_bins; b++)
            bars = fmax(bars, (double)counts[b]);
    }
    bool has_curve = answer->log_density && is_one_class(answer);
    for (size_t i = 0; has_curve && i < answer->n; i++)
        curve = fmax(curve, exp(answer->log_density[i]));
    double most = fmax(bars, fmin(curve, PEAK_MOST * bars));
    return most > 0 ? HEADROOM * most : 1;
}

static enum adv_status draw_density(const struct adv_scene *scene, size_t f, int width, int height,
                                    const char *title, struct adv_image *image,
                                    struct adv_error *error)
{
    const struct adv_axes axes = {.width = width,
                                  .height = height,
                                  .x_lo = scene->line.lo,
                                  .x_hi = scene->line.hi,
                                  .y_hi = scene->line.height,
                                  .title = title,
                                  .x_label = adv_line_name(scene),
                                  .y_label = "density"};
    return plot_density(scene, scene->answer->n, adv_scene_frame(scene, f), &axes, image, error);
}

/* ---------------------------------------------------------------- the painter */

static enum adv_status prepare(struct adv_scene *scene, struct adv_error *error)
{
    const struct adv_answer *answer = scene->answer;
    struct adv_line_scale *scale = &scene->line;
    enum adv_status status =
        find_range(answer->n * answer->n_frames, answer->states, &scale->lo, &scale->hi, error);
    if (status != ADV_OK || scene->picture.view != ADV_VIEW_DENSITY)
        return status == ADV_OK ? adv_paths_prepare(scene, scale, error) : status;
    scale->height = highest(scene, scale->lo, scale->hi);
    return ADV_OK;
}

static enum adv_status draw(const struct adv_scene *scene, struct adv_image *image,
                            struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    bool density = scene->picture.view == ADV_VIEW_DENSITY;
    if (density && scene->query->kind == ADV_QUERY_TRAJECTORIES)
        return adv_strip_draw(scene, draw_density, image, error);
    if (!density) {
        adv_paths_title(scene, title);
        return adv_paths_draw(scene, scene->answer->n_frames - 1, title, image, error);
    }
    adv_scene_title(scene, title);
    return draw_density(scene, 0, (int)scene->picture.width, (int)scene->picture.height, title,
                        image, error);
}

static enum adv_status draw_frame(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    adv_scene_frame_title(scene, f, title);
    if (scene->picture.view == ADV_VIEW_DENSITY)
        return draw_density(scene, f, (int)scene->picture.width, (int)scene->picture.height, title,
                            image, error);
    return adv_paths_draw(scene, f, title, image, error);
}

const struct adv_painter adv_line_painter = {
    .prepare = prepare, .draw = draw, .draw_frame = draw_frame};
