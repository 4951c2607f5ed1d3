/* What boards took until they were good: steps, seconds or multiply-adds against modes, on
 * logarithmic axes, or against the dimension, where growth by a factor is a line on a logarithmic
 * axis of the cost alone. */
#include "trainer/figure/figure.h"
#include "trainer/figure/study_panels.h"

#include <math.h>
#include <stdio.h>

#define OPACITY_OF_BOUNDS 0.35
#define LEAST_OVER_RANGE 0.8 /* keeps dots off the frame */

static const char *const cost_names[ADV_STUDY_COSTS] = {
    [ADV_STUDY_STEPS] = "training steps",
    [ADV_STUDY_SECONDS] = "seconds of one core",
    [ADV_STUDY_MULTIPLY_ADDS] = "multiply-adds",
};

/* A network's boards of one set: those that are good, and those that are not yet. */
struct series {
    char name[64];
    size_t n_good, n_bounds;
    float good[2 * ADV_STUDY_SIZES_MOST], deviations[ADV_STUDY_SIZES_MOST];
    float bounds[2 * ADV_STUDY_SIZES_MOST];
};

static void add_point(float *points, size_t *n, double x, double y)
{
    points[2 * *n] = (float)x;
    points[2 * *n + 1] = (float)y;
    ++*n;
}

static void collect(const struct adv_study *study, const struct adv_study_curves *curves,
                    const char *network, enum adv_study_cost cost, struct series *series)
{
    *series = (struct series){.n_good = 0};
    for (const struct adv_study_size *size = curves->sizes; size->dim; size++) {
        const struct adv_study_board board = {network, size->cells, size->dim};
        double x = curves->by_modes ? ceil(pow(size->cells, size->dim) / 2) : size->dim;
        struct adv_study_outcome outcome;
        if (!adv_study_outcome(study, &board, &outcome))
            continue;
        if (!outcome.good) {
            add_point(series->bounds, &series->n_bounds, x, outcome.mean[cost]);
            continue;
        }
        series->deviations[series->n_good] = (float)outcome.deviation[cost];
        add_point(series->good, &series->n_good, x, outcome.mean[cost]);
    }
}

double adv_study_slope(size_t n, const double *x, const double *y)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, count = (double)n;
    for (size_t i = 0; i < n; i++) {
        sx += x[i];
        sy += y[i];
        sxx += x[i] * x[i];
        sxy += x[i] * y[i];
    }
    return n < 2 ? NAN : (count * sxy - sx * sy) / (count * sxx - sx * sx);
}

/* With the growth that is fitted to what is good: as a power of the modes, or by a factor with
 * each dimension. */
static void name_series(const struct adv_study_curves *curves, const char *network,
                        struct series *series)
{
    double x[ADV_STUDY_SIZES_MOST], y[ADV_STUDY_SIZES_MOST];
    for (size_t i = 0; i < series->n_good; i++) {
        double at = series->good[2 * i];
        x[i] = curves->by_modes ? log(at) : at;
        y[i] = log((double)series->good[2 * i + 1]);
    }
    double slope = adv_study_slope(series->n_good, x, y);
    char growth[32] = "";
    if (isfinite(slope) && curves->by_modes)
        snprintf(growth, sizeof growth, ": modes^%.2f", slope);
    else if (isfinite(slope))
        snprintf(growth, sizeof growth, ": %.1f^d", exp(slope));
    snprintf(series->name, sizeof series->name, "%s%s%s%s", network, curves->by_modes ? "" : ", ",
             curves->by_modes ? "" : curves->of, growth);
}

static enum adv_status add_series(struct adv_plot *plot, const struct series *series, int colour,
                                  struct adv_error *error)
{
    if (series->n_good + series->n_bounds == 0)
        return ADV_OK;
    const struct adv_mark line = {.colour = colour, .label = series->name};
    const struct adv_mark dots = {.colour = colour},
                          pale = {.colour = colour, .opacity = OPACITY_OF_BOUNDS};
    enum adv_status status = adv_plot_line(plot, series->n_good, series->good, &line, error);
    if (status == ADV_OK)
        status = adv_plot_error_bars(plot, series->n_good, series->good, series->deviations, &dots,
                                     error);
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, series->n_bounds, series->bounds, NULL, &pale, error);
    return status;
}

static void widen(size_t n, const float *points, double *lo, double *hi)
{
    for (size_t i = 0; i < n; i++) {
        *lo = fmin(*lo, (double)points[2 * i + 1]);
        *hi = fmax(*hi, (double)points[2 * i + 1]);
    }
}

/* Around all points, with two powers of ten at least, for ticks that are easily read. */
static void fit_range(size_t n, const struct series *series, struct adv_axes *axes)
{
    double lo = INFINITY, hi = 0;
    for (size_t i = 0; i < n; i++) {
        widen(series[i].n_good, series[i].good, &lo, &hi);
        widen(series[i].n_bounds, series[i].bounds, &lo, &hi);
    }
    if (hi == 0)
        lo = hi = 1;
    axes->y_lo = LEAST_OVER_RANGE * lo;
    axes->y_hi = hi / LEAST_OVER_RANGE;
    if (floor(log10(axes->y_hi)) <= ceil(log10(axes->y_lo))) {
        axes->y_lo = pow(10, floor(log10(axes->y_lo)));
        axes->y_hi = pow(10, ceil(log10(axes->y_hi)));
    }
}

enum adv_status adv_study_plot_cost(const struct adv_study *study,
                                    const struct adv_study_cost_panel *panel,
                                    struct adv_image *image, struct adv_error *error)
{
    struct series series[ADV_STUDY_ROWS_MOST * ADV_STUDY_NETWORKS];
    size_t n = 0;
    for (size_t row = 0; row < panel->n_rows; row++) {
        for (size_t k = 0; k < ADV_STUDY_NETWORKS; k++, n++) {
            collect(study, &panel->rows[row], adv_study_networks[k], panel->cost, &series[n]);
            name_series(&panel->rows[row], adv_study_networks[k], &series[n]);
        }
    }
    bool by_modes = panel->rows[0].by_modes;
    struct adv_axes axes = {.width = panel->side,
                            .height = panel->side,
                            .x_lo = by_modes ? 5 : 1.5,
                            .x_hi = by_modes ? 120 : 8.5,
                            .title = "to the stated quality (pale: not yet)",
                            .x_label = by_modes ? "modes" : "dimension, d",
                            .y_label = cost_names[panel->cost],
                            .log_x = by_modes,
                            .log_y = true};
    fit_range(n, series, &axes);
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    for (size_t i = 0; status == ADV_OK && i < n; i++)
        status = add_series(plot, &series[i], (int)i, error);
    return adv_panel_finish(status, plot, image, error);
}
