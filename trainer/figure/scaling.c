/* How training scales with modes and dimension: the scaling study's results (bench/study.py), as
 * far as they have come. KL against steps, a line per board with the exponent fitted to it, what
 * the stated quality took (study_costs.c), and a map of all boards (study_map.c). Titles say how
 * many trainings are still to come. */
#include "trainer/figure/figure.h"
#include "trainer/figure/study_panels.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNGS_MOST = 24, PLOT_SIDE_LEAST = 64 };

/* A board leaves the plateau at ln 2, a box filled evenly, before its KL falls as a power of the
 * steps: lines are fitted below it. */
#define PLATEAU 0.693147
#define FIT_BELOW 0.6
#define KL_SHOWN_LEAST 0.02
#define KL_SHOWN_MOST 4.0

const char *const adv_study_networks[ADV_STUDY_NETWORKS] = {"best", "reference"};

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

/* The slope of log KL over log steps, of points off the plateau. */
static double exponent(const struct curve *curve)
{
    double x[RUNGS_MOST], y[RUNGS_MOST];
    size_t n = 0;
    for (size_t i = 0; i < curve->n; i++) {
        double kl = (double)curve->points[2 * i + 1];
        if (!(kl > 0 && kl < FIT_BELOW))
            continue;
        x[n] = log((double)curve->points[2 * i]);
        y[n++] = log(kl);
    }
    return adv_study_slope(n, x, y);
}

static void name_curve(const struct adv_study_curves *curves, const struct adv_study_board *board,
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
                                 const struct adv_study_curves *curves,
                                 const struct adv_study_board *board, int colour,
                                 struct adv_error *error)
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

static enum adv_status plot_curves(const struct adv_study *study,
                                   const struct adv_study_curves *curves, const char *network,
                                   int width, int height, struct adv_image *panel,
                                   struct adv_error *error)
{
    int ended = 0, planned = 0;
    for (const struct adv_study_size *size = curves->sizes; size->dim;
         size++, planned += study->n_seeds)
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

/* ---------------------------------------------------------------- figures */

/* A panel per network and set of curves, and below them one per cost; or per network a map. */
struct scaling_style {
    size_t n_rows;
    struct adv_study_curves rows[ADV_STUDY_ROWS_MOST];
    bool map;
};

struct sheet {
    const struct adv_easel *easel;
    const struct scaling_style *style;
    struct adv_study study;
};

/* The first row leaves place for a heading's height. */
static int height_of(const struct sheet *sheet, size_t row)
{
    int side = sheet->easel->side;
    return row == 0 ? side + side / 16 : side;
}

static enum adv_status plot_networks(const struct sheet *sheet, struct adv_image *image,
                                     struct adv_error *error)
{
    struct adv_image panels[ADV_STUDY_ROWS_MOST * ADV_STUDY_NETWORKS] = {0};
    const struct scaling_style *style = sheet->style;
    enum adv_status status = ADV_OK;
    size_t n = 0;
    for (size_t row = 0; row < style->n_rows; row++) {
        for (size_t k = 0; status == ADV_OK && k < ADV_STUDY_NETWORKS; k++) {
            const char *network = adv_study_networks[k];
            int width = sheet->easel->side, height = height_of(sheet, row);
            status = style->map ? adv_study_plot_map(&sheet->study, network, width, height,
                                                     &panels[n++], error)
                                : plot_curves(&sheet->study, &style->rows[row], network, width,
                                              height, &panels[n++], error);
        }
    }
    if (status == ADV_OK)
        status = adv_panels_join(n, panels, ADV_STUDY_NETWORKS, image, error);
    for (size_t i = 0; i < n; i++)
        adv_image_release(&panels[i]);
    return status;
}

/* Together as wide as the panels of the networks, unless plots cannot be so small. */
static enum adv_status plot_costs(const struct sheet *sheet, struct adv_image *image,
                                  struct adv_error *error)
{
    struct adv_image panels[ADV_STUDY_COSTS] = {0};
    enum adv_status status = ADV_OK;
    int third = (ADV_STUDY_NETWORKS * sheet->easel->side - 2) / ADV_STUDY_COSTS;
    int side = third > PLOT_SIDE_LEAST ? third : PLOT_SIDE_LEAST;
    for (int i = 0; status == ADV_OK && i < ADV_STUDY_COSTS; i++) {
        const struct adv_study_cost_panel panel = {(enum adv_study_cost)i, sheet->style->n_rows,
                                                   sheet->style->rows, side};
        status = adv_study_plot_cost(&sheet->study, &panel, &panels[i], error);
    }
    if (status == ADV_OK)
        status = adv_panels_join(ADV_STUDY_COSTS, panels, ADV_STUDY_COSTS, image, error);
    for (int i = 0; i < ADV_STUDY_COSTS; i++)
        adv_image_release(&panels[i]);
    return status;
}

static enum adv_status plot_sheet(const void *scene, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    (void)f;
    const struct sheet *sheet = scene;
    if (sheet->style->map)
        return plot_networks(sheet, frame, error);
    struct adv_image parts[2] = {0};
    enum adv_status status = plot_networks(sheet, &parts[0], error);
    if (status == ADV_OK)
        status = plot_costs(sheet, &parts[1], error);
    if (status == ADV_OK)
        status = adv_panels_join(2, parts, 1, frame, error);
    adv_image_release(&parts[0]);
    adv_image_release(&parts[1]);
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
     .help = "KL and the cost of a stated quality for checkerboards of 8 to 72 modes",
     .style = &by_modes,
     COMMON},
    {.name = "scaling-dimension",
     .help = "KL and the cost of a stated quality for checkerboards of 2 to 8 dimensions",
     .style = &by_dimension,
     COMMON},
    {.name = "scaling-map",
     .help = "training steps to a stated quality, over cells a side and dimension",
     .style = &map,
     .dark_too = true,
     COMMON},
    {0},
};
