#include "trainer/eval/density_plot.h"

#include "trainer/figure/figure.h"
#include "trainer/report/report.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 480, HEIGHT = 360, COLUMNS = 3, BARS = 60, PANELS_MAX = 3, BASELINES = 2 };
enum { COLOUR_MODEL = 0, COLOUR_BASELINE = 1 };

#define SHOWN_LO 0.005 /* of the values, on an axis */
#define SHOWN_HI 0.995
#define MARGIN 0.06 /* of an axis, around them */
#define VARIES 1e-3 /* nats: a truth that varies by less is the same everywhere */

/* ---------------------------------------------------------------- axes */

struct range {
    double lo, hi;
};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The finite ones of n values, in order, into sorted [n]; their number. */
static size_t sort_finite(size_t n, const double *values, double *sorted)
{
    size_t n_finite = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(values[i]))
            sorted[n_finite++] = values[i];
    }
    qsort(sorted, n_finite, sizeof *sorted, ascending);
    return n_finite;
}

/* What an axis shows of sorted values. */
static struct range middle_of(size_t n, const double *sorted)
{
    if (n == 0)
        return (struct range){0, 1};
    double last = (double)(n - 1);
    return (struct range){sorted[(size_t)floor(SHOWN_LO * last)],
                          sorted[(size_t)ceil(SHOWN_HI * last)]};
}

static struct range widen(struct range range)
{
    double width = range.hi - range.lo, least = 1e-6 * fmax(1, fabs(range.lo));
    double margin = fmax(MARGIN * width, least);
    return (struct range){range.lo - margin, range.hi + margin};
}

static struct range with_zero(struct range range)
{
    return (struct range){fmin(range.lo, 0), fmax(range.hi, 0)};
}

static enum adv_status range_of(size_t n, const double *values, struct range *range,
                                struct adv_error *error)
{
    double *sorted = calloc(n, sizeof *sorted);
    if (!sorted)
        return adv_no_memory(error);
    *range = middle_of(sort_finite(n, values, sorted), sorted);
    free(sorted);
    return ADV_OK;
}

/* ---------------------------------------------------------------- layers */

static enum adv_status draw_line(struct adv_plot *plot, double x0, double y0, double x1, double y1,
                                 const char *label, struct adv_error *error)
{
    const float ends[2][2] = {{(float)x0, (float)y0}, {(float)x1, (float)y1}};
    const struct adv_mark mark = {.colour = ADV_INK_QUIET, .size_px = 1.5, .label = label};
    return adv_plot_line(plot, 2, &ends[0][0], &mark, error);
}

static enum adv_status draw_points(struct adv_plot *plot, size_t n, const double *x,
                                   const double *y, struct adv_error *error)
{
    const struct adv_mark mark = {.colour = COLOUR_MODEL};
    float *points = calloc(n, 2 * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++) {
        points[2 * i] = (float)x[i];
        points[2 * i + 1] = (float)y[i];
    }
    enum adv_status status = adv_plot_scatter(plot, n, points, NULL, &mark, error);
    free(points);
    return status;
}

/* Shares of all n values for each of BARS bars; their largest. */
static double count_bars(size_t n, const double *values, struct range range, float heights[BARS])
{
    double most = 0;
    memset(heights, 0, BARS * sizeof *heights);
    for (size_t i = 0; i < n; i++) {
        double place = BARS * (values[i] - range.lo) / (range.hi - range.lo);
        if (place >= 0 && place < BARS)
            heights[(size_t)place] += 1 / (float)n;
    }
    for (size_t b = 0; b < BARS; b++)
        most = fmax(most, (double)heights[b]);
    return most;
}

/* ---------------------------------------------------------------- panels */

/* `zero`, or NULL: what a line at 0 is. */
static enum adv_status plot_histogram(size_t n, const double *values, const char *title,
                                      const char *x_label, const char *zero,
                                      struct adv_image *image, struct adv_error *error)
{
    struct range range;
    float heights[BARS];
    const struct adv_mark mark = {.colour = COLOUR_MODEL};
    enum adv_status status = range_of(n, values, &range, error);
    if (status != ADV_OK)
        return status;
    range = widen(zero ? with_zero(range) : range);
    double most = count_bars(n, values, range, heights);
    const struct adv_axes axes = {.width = WIDTH,
                                  .height = HEIGHT,
                                  .title = title,
                                  .x_lo = range.lo,
                                  .x_hi = range.hi,
                                  .y_hi = (1 + MARGIN) * most,
                                  .x_label = x_label,
                                  .y_label = "share of points"};
    struct adv_plot *plot = NULL;
    status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_bars(plot, BARS, range.lo, range.hi, heights, &mark, error);
    if (status == ADV_OK && zero)
        status = draw_line(plot, 0, 0, 0, (1 + MARGIN) * most, zero, error);
    return adv_panel_finish(status, plot, image, error);
}

/* n points on axes of ranges x and y, with a line across the panel. */
struct cloud {
    size_t n;
    const double *xs, *ys;
    struct range x, y;
    double from, to; /* where the line is at the left and at the right */
    const char *title, *x_label, *y_label, *line;
};

static enum adv_status plot_cloud(const struct cloud *cloud, struct adv_image *image,
                                  struct adv_error *error)
{
    const struct adv_axes axes = {.width = WIDTH,
                                  .height = HEIGHT,
                                  .title = cloud->title,
                                  .x_lo = cloud->x.lo,
                                  .x_hi = cloud->x.hi,
                                  .y_lo = cloud->y.lo,
                                  .y_hi = cloud->y.hi,
                                  .x_label = cloud->x_label,
                                  .y_label = cloud->y_label};
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = draw_points(plot, cloud->n, cloud->xs, cloud->ys, error);
    if (status == ADV_OK)
        status =
            draw_line(plot, cloud->x.lo, cloud->from, cloud->x.hi, cloud->to, cloud->line, error);
    return adv_panel_finish(status, plot, image, error);
}

static enum adv_status plot_difference(const struct adv_plotted *plotted, const double *difference,
                                       struct adv_image *image, struct adv_error *error)
{
    struct cloud cloud = {.n = plotted->n,
                          .xs = plotted->truth,
                          .ys = difference,
                          .title = "where the truth is high or low",
                          .x_label = "log-density of the truth, nats",
                          .y_label = "the model's less the truth's, nats",
                          .line = "equal"};
    enum adv_status status = range_of(cloud.n, cloud.xs, &cloud.x, error);
    if (status == ADV_OK)
        status = range_of(cloud.n, cloud.ys, &cloud.y, error);
    cloud.x = widen(cloud.x);
    cloud.y = widen(with_zero(cloud.y));
    return status == ADV_OK ? plot_cloud(&cloud, image, error) : status;
}

static enum adv_status plot_modes(const struct adv_plotted *plotted, struct adv_image *image,
                                  struct adv_error *error)
{
    size_t n = plotted->n_modes;
    const struct adv_axes axes = {.width = WIDTH,
                                  .height = HEIGHT,
                                  .title = "modes",
                                  .x_hi = (double)n + 1,
                                  .x_label = "mode of the truth",
                                  .y_label = "share of the samples, over the mode's weight"};
    const struct adv_mark mark = {
        .colour = COLOUR_MODEL, .size_px = 3, .label = "with 2 standard errors"};
    struct adv_plot *plot = NULL;
    float *points = calloc(n, 2 * sizeof *points), *bars = calloc(n, sizeof *bars);
    enum adv_status status =
        points && bars ? adv_plot_new(&axes, &plot, error) : adv_no_memory(error);
    for (size_t k = 0; status == ADV_OK && k < n; k++) {
        points[2 * k] = (float)(k + 1);
        points[2 * k + 1] = (float)plotted->mode_shares[k];
        bars[k] = (float)(2 * plotted->mode_errors[k]);
    }
    if (status == ADV_OK)
        status = draw_line(plot, 0, 1, (double)n + 1, 1, "as they should be", error);
    if (status == ADV_OK)
        status = adv_plot_error_bars(plot, n, points, bars, &mark, error);
    free(points);
    free(bars);
    return adv_panel_finish(status, plot, image, error);
}

/* ---------------------------------------------------------------- a known truth */

static enum adv_status plot_against_truth(const struct adv_plotted *plotted, const char *title,
                                          struct adv_image *images, size_t *n_images,
                                          struct adv_error *error)
{
    struct range truth;
    double *difference = calloc(plotted->n, sizeof *difference);
    if (!difference)
        return adv_no_memory(error);
    for (size_t i = 0; i < plotted->n; i++)
        difference[i] = plotted->log_density[i] - plotted->truth[i];
    enum adv_status status = range_of(plotted->n, plotted->truth, &truth, error);
    if (status == ADV_OK)
        status = plot_histogram(plotted->n, difference, title,
                                "log-density of the model less the truth's, nats", "equal",
                                &images[(*n_images)++], error);
    if (status == ADV_OK && truth.hi - truth.lo > VARIES)
        status = plot_difference(plotted, difference, &images[(*n_images)++], error);
    free(difference);
    return status;
}

/* ---------------------------------------------------------------- baselines */

static enum adv_status draw_distribution(struct adv_plot *plot, size_t n, const double *nll,
                                         const struct adv_mark *mark, struct adv_error *error)
{
    double *sorted = calloc(n, sizeof *sorted);
    float *points = calloc(n, 2 * sizeof *points);
    size_t n_finite = sorted && points ? sort_finite(n, nll, sorted) : 0;
    for (size_t i = 0; i < n_finite; i++) {
        points[2 * i] = (float)sorted[i];
        points[2 * i + 1] = (float)(i + 1) / (float)n;
    }
    enum adv_status status = sorted && points ? adv_plot_line(plot, n_finite, points, mark, error)
                                              : adv_no_memory(error);
    free(sorted);
    free(points);
    return status;
}

/* nll [3, n]: of the model, the Gaussian and the mixture. */
static enum adv_status plot_distributions(size_t n, const double *nll,
                                          const char *const names[BASELINES], const char *title,
                                          struct adv_image *image, struct adv_error *error)
{
    struct range range;
    enum adv_status status = range_of((1 + BASELINES) * n, nll, &range, error);
    if (status != ADV_OK)
        return status;
    range = widen(range);
    const struct adv_axes axes = {.width = WIDTH,
                                  .height = HEIGHT,
                                  .title = title,
                                  .x_lo = range.lo,
                                  .x_hi = range.hi,
                                  .y_hi = 1,
                                  .x_label = "negative log-density, nats",
                                  .y_label = "share of rows below"};
    struct adv_plot *plot = NULL;
    status = adv_plot_new(&axes, &plot, error);
    /* A mixture of one Gaussian is the Gaussian. */
    size_t n_drawn = strcmp(names[0], names[1]) ? 1 + BASELINES : BASELINES;
    for (size_t b = 0; status == ADV_OK && b < n_drawn; b++) {
        const struct adv_mark mark = {.colour =
                                          b == 0 ? COLOUR_MODEL : COLOUR_BASELINE + (int)b - 1,
                                      .size_px = 2,
                                      .label = b == 0 ? "this model" : names[b - 1]};
        status = draw_distribution(plot, n, nll + b * n, &mark, error);
    }
    return adv_panel_finish(status, plot, image, error);
}

static enum adv_status plot_rows(size_t n, const double *model, const double *baseline,
                                 const char *name, struct adv_image *image, struct adv_error *error)
{
    struct cloud cloud = {.n = n,
                          .xs = baseline,
                          .ys = model,
                          .title = "row by row, negative log-density in nats",
                          .x_label = name,
                          .y_label = "this model",
                          .line = "equal: below it the model is better"};
    struct range x, y;
    enum adv_status status = range_of(n, baseline, &x, error);
    if (status == ADV_OK)
        status = range_of(n, model, &y, error);
    if (status != ADV_OK)
        return status;
    cloud.x = cloud.y = widen((struct range){fmin(x.lo, y.lo), fmax(x.hi, y.hi)});
    cloud.from = cloud.x.lo;
    cloud.to = cloud.x.hi;
    return plot_cloud(&cloud, image, error);
}

static enum adv_status plot_against_baselines(const struct adv_results *results, const char *title,
                                              struct adv_image *images, size_t *n_images,
                                              struct adv_error *error)
{
    const struct adv_plotted *plotted = &results->plotted;
    const json_t *table = json_object_get(results->tables, "table");
    const json_t *told = json_object_get(table, "nll");
    const struct adv_report_name gaussian = adv_report_baseline(told, "gaussian"),
                                 mixture = adv_report_baseline(told, "mixture");
    const char *const names[BASELINES] = {gaussian.text, mixture.text};
    size_t n = plotted->n;
    double *nll = calloc(n, (1 + BASELINES) * sizeof *nll);
    if (!nll)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        nll[i] = -plotted->log_density[i];
    for (size_t i = 0; i < BASELINES * n; i++)
        nll[n + i] = -plotted->baselines[i];
    enum adv_status status =
        plot_distributions(n, nll, names, title, &images[(*n_images)++], error);
    if (status == ADV_OK)
        status = plot_rows(n, nll, nll + 2 * n, names[1], &images[(*n_images)++], error);
    free(nll);
    return status;
}

/* ---------------------------------------------------------------- all of it */

static enum adv_status plot_panels(const struct adv_results *results, const char *title,
                                   struct adv_image *images, size_t *n, struct adv_error *error)
{
    const struct adv_plotted *plotted = &results->plotted;
    enum adv_status status =
        plotted->truth ? plot_against_truth(plotted, title, images, n, error)
        : plotted->baselines
            ? plot_against_baselines(results, title, images, n, error)
            : plot_histogram(plotted->n, plotted->log_density, title,
                             "log-density of the model, nats", NULL, &images[(*n)++], error);
    if (status == ADV_OK && plotted->n_modes > 0)
        status = plot_modes(plotted, &images[(*n)++], error);
    return status;
}

enum adv_status adv_density_plot(const struct adv_results *results, const char *title,
                                 const char *path, struct adv_error *error)
{
    struct adv_image images[PANELS_MAX] = {0};
    size_t n = 0;
    enum adv_status status = plot_panels(results, title, images, &n, error);
    if (status == ADV_OK)
        status = adv_panels_write(n, images, n < COLUMNS ? n : COLUMNS, path, error);
    for (size_t k = 0; k < PANELS_MAX; k++)
        adv_image_release(&images[k]);
    return status;
}
