/* How training scales with modes and dimension: the scaling study's results (bench/study.py), as
 * far as they have come. KL against steps, a line per board with the exponent fitted to it, and a
 * map of all boards. Titles say how many trainings are still to come. */
#include "trainer/figure/figure.h"
#include "trainer/figure/study_runs.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_NETWORKS = 2, LINES_MOST = 7, RUNGS_MOST = 24 };

/* A board leaves the plateau at ln 2, a box filled evenly, before its KL falls as a power of the
 * steps: lines are fitted below it. */
#define PLATEAU 0.693147
#define FIT_BELOW 0.6
#define KL_SHOWN_LEAST 0.02
#define KL_SHOWN_MOST 4.0

static const char *const networks[N_NETWORKS] = {"best", "reference"};

struct size {
    int cells, dim;
};

struct curves {
    const char *of;                    /* which boards, for the title */
    bool by_modes;                     /* lines are named by their modes, else by their dimension */
    struct size sizes[LINES_MOST + 1]; /* zeros at the end */
};

/* ---------------------------------------------------------------- curves */

struct curve {
    size_t n;
    float points[2 * RUNGS_MOST], deviations[RUNGS_MOST]; /* (steps, KL) */
};

static void follow(const struct adv_study *study, const struct adv_study_board *board,
                   struct curve *curve)
{
    curve->n = 0;
    for (long steps = 1000; steps <= study->most_steps && curve->n < RUNGS_MOST; steps *= 2) {
        double mean, deviation;
        if (!adv_study_point(study, board, steps, &mean, &deviation))
            continue;
        curve->points[2 * curve->n] = (float)steps;
        curve->points[2 * curve->n + 1] = (float)mean;
        curve->deviations[curve->n++] = (float)deviation;
    }
}

/* The slope of log KL over log steps by least squares, of points off the plateau; NaN of fewer than
 * two. */
static double exponent(const struct curve *curve)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < curve->n; i++) {
        double kl = (double)curve->points[2 * i + 1];
        if (!(kl > 0 && kl < FIT_BELOW))
            continue;
        double u = log((double)curve->points[2 * i]), v = log(kl);
        n++;
        x += u;
        y += v;
        xx += u * u;
        xy += u * v;
    }
    return n < 2 ? NAN : (n * xy - x * y) / (n * xx - x * x);
}

static void name_curve(const struct curves *curves, const struct adv_study_board *board,
                       double slope, char *name, size_t n_bytes)
{
    int k = board->cells, d = board->dim, n = 0;
    if (curves->by_modes)
        n = snprintf(name, n_bytes, "%d modes", (int)((pow(k, d) + 1) / 2));
    else
        n = snprintf(name, n_bytes, "d = %d", d);
    if (isfinite(slope))
        snprintf(name + n, n_bytes - (size_t)n, ": steps^%.2f", slope);
}

static enum adv_status add_curve(struct adv_plot *plot, const struct adv_study *study,
                                 const struct curves *curves, const struct adv_study_board *board,
                                 int colour, struct adv_error *error)
{
    struct curve curve;
    char name[64];
    follow(study, board, &curve);
    if (curve.n == 0)
        return ADV_OK;
    name_curve(curves, board, exponent(&curve), name, sizeof name);
    const struct adv_mark line = {.colour = colour, .label = name}, dots = {.colour = colour};
    enum adv_status status = adv_plot_line(plot, curve.n, curve.points, &line, error);
    if (status == ADV_OK)
        status = adv_plot_error_bars(plot, curve.n, curve.points, curve.deviations, &dots, error);
    return status;
}

/* A level across the panel. */
static enum adv_status add_level(struct adv_plot *plot, const struct adv_study *study, double kl,
                                 struct adv_error *error)
{
    const struct adv_mark mark = {.colour = ADV_INK_QUIET, .size_px = 1, .opacity = 0.7};
    const float ends[4] = {1, (float)kl, (float)(10 * study->most_steps), (float)kl};
    return adv_plot_line(plot, 2, ends, &mark, error);
}

static enum adv_status plot_curves(const struct adv_study *study, const struct curves *curves,
                                   const char *network, int width, int height,
                                   struct adv_image *panel, struct adv_error *error)
{
    int ended = 0, planned = 0;
    for (const struct size *size = curves->sizes; size->dim; size++, planned += study->n_seeds)
        ended += adv_study_ended(study, &(struct adv_study_board){network, size->cells, size->dim});
    char title[160];
    snprintf(title, sizeof title, "%s network, %s: %d of %d trainings ended", network, curves->of,
             ended, planned);
    struct adv_axes axes = {.width = width,
                            .height = height,
                            .x_lo = 800,
                            .x_hi = 1.25 * (double)study->most_steps,
                            .y_lo = KL_SHOWN_LEAST,
                            .y_hi = KL_SHOWN_MOST,
                            .title = title,
                            .x_label = "training steps",
                            .y_label = "KL divergence, nats",
                            .log_x = true,
                            .log_y = true};
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = add_level(plot, study, study->kl_wanted, error);
    if (status == ADV_OK)
        status = add_level(plot, study, PLATEAU, error);
    for (int i = 0; status == ADV_OK && curves->sizes[i].dim; i++) {
        const struct adv_study_board board = {network, curves->sizes[i].cells,
                                              curves->sizes[i].dim};
        status = add_curve(plot, study, curves, &board, i, error);
    }
    return adv_panel_finish(status, plot, panel, error);
}

/* ---------------------------------------------------------------- the map */

enum { MAP_CELLS = 6, MAP_DIM_LEAST = 2, MAP_DIMS = 7 }; /* k = 2, 4, ... 12; d = 2 ... 8 */

/* The KL of the longest trainings of each board; NaN where there is none. */
static void fill_map(const struct adv_study *study, const char *network, float *values)
{
    for (int row = 0; row < MAP_DIMS; row++) {
        for (int column = 0; column < MAP_CELLS; column++) {
            const struct adv_study_board board = {network, 2 * (column + 1), MAP_DIM_LEAST + row};
            struct curve curve;
            follow(study, &board, &curve);
            values[row * MAP_CELLS + column] =
                curve.n ? log10f(fmaxf(curve.points[2 * curve.n - 1], 1e-3f)) : NAN;
        }
    }
}

static enum adv_status plot_map(const struct adv_study *study, const char *network, int width,
                                int height, struct adv_image *panel, struct adv_error *error)
{
    float values[MAP_DIMS * MAP_CELLS];
    char title[160];
    long longest = 0;
    for (size_t i = 0; i < study->n; i++) {
        if (!strcmp(study->runs[i].network, network) && study->runs[i].steps > longest)
            longest = study->runs[i].steps;
    }
    snprintf(title, sizeof title, "%s network, at most %ld of %ld steps", network, longest,
             study->most_steps);
    struct adv_axes axes = {.width = width,
                            .height = height,
                            .x_lo = 1,
                            .x_hi = 2 * MAP_CELLS + 1,
                            .y_lo = MAP_DIM_LEAST - 0.5,
                            .y_hi = MAP_DIM_LEAST + MAP_DIMS - 0.5,
                            .title = title,
                            .x_label = "cells along a side, k",
                            .y_label = "dimension, d"};
    struct adv_plot *plot = NULL;
    fill_map(study, network, values);
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_heat_map(plot, MAP_DIMS, MAP_CELLS, values, -1.5, 0.5,
                                   "log10 of the KL divergence, nats", error);
    return adv_panel_finish(status, plot, panel, error);
}

/* ---------------------------------------------------------------- figures */

/* A panel per network and set of curves, or per network a map. */
struct scaling_style {
    size_t n_rows;
    struct curves rows[2];
    bool map;
};

struct sheet {
    const struct adv_easel *easel;
    const struct scaling_style *style;
    struct adv_study study;
};

/* A plot is wider than it is high; the first row leaves place for a heading's height. */
static enum adv_status plot_panel(const struct sheet *sheet, size_t row, const char *network,
                                  struct adv_image *panel, struct adv_error *error)
{
    int side = sheet->easel->side, height = row == 0 ? side + side / 16 : side;
    if (sheet->style->map)
        return plot_map(&sheet->study, network, side, height, panel, error);
    return plot_curves(&sheet->study, &sheet->style->rows[row], network, side, height, panel,
                       error);
}

static enum adv_status plot_sheet(const void *scene, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    (void)f;
    const struct sheet *sheet = scene;
    struct adv_image panels[2 * N_NETWORKS] = {0};
    enum adv_status status = ADV_OK;
    size_t n = 0;
    for (size_t row = 0; row < sheet->style->n_rows; row++) {
        for (size_t k = 0; status == ADV_OK && k < N_NETWORKS; k++)
            status = plot_panel(sheet, row, networks[k], &panels[n++], error);
    }
    if (status == ADV_OK)
        status = adv_panels_join(n, panels, N_NETWORKS, frame, error);
    for (size_t i = 0; i < n; i++)
        adv_image_release(&panels[i]);
    return status;
}

static enum adv_status plot(const struct adv_easel *easel, const void *style, struct adv_film *film,
                            struct adv_error *error)
{
    struct sheet sheet = {.easel = easel, .style = style};
    enum adv_status status = adv_study_read(easel->data, &sheet.study, error);
    const struct adv_scene_film states = {&sheet, 1, 0, plot_sheet};
    if (status == ADV_OK)
        status = adv_film_plot(film, &states, error);
    adv_study_release(&sheet.study);
    return status;
}

static const struct scaling_style
    by_modes = {.n_rows = 1,
                .rows = {{"two dimensions", true, {{4, 2}, {6, 2}, {8, 2}, {10, 2}, {12, 2}}}}},
    by_dimension = {.n_rows = 2,
                    .rows = {{"k = 2",
                              false,
                              {{2, 2}, {2, 3}, {2, 4}, {2, 5}, {2, 6}, {2, 7}, {2, 8}}},
                             {"k = 4", false, {{4, 2}, {4, 3}, {4, 4}, {4, 5}}}}},
    map = {.n_rows = 1, .map = true};

#define COMMON                                                                                     \
    .results = "docs/internals/study/results.json", .side = 560, .n_frames = 1, .n_colours = 255,  \
    .plot = plot

const struct adv_figure adv_scaling_figures[] = {
    {.name = "scaling-modes",
     .help = "KL against training steps for checkerboards of 8 to 72 modes",
     .style = &by_modes,
     COMMON},
    {.name = "scaling-dimension",
     .help = "KL against training steps for checkerboards of 2 to 8 dimensions",
     .style = &by_dimension,
     COMMON},
    {.name = "scaling-map",
     .help = "KL that checkerboards of k cells a side in d dimensions have reached",
     .style = &map,
     COMMON},
    {0},
};
