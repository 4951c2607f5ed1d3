/* The probability path of a Gaussian to the samples of a small target, by the exact marginal
 * velocity of kind "empirical": its samples, its field, points that the field carries, and the grid
 * of the plane that moves with them. */
#include "trainer/figure/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_SAMPLES = 600, N_ARROWS = 17, N_FOLLOWED = 500, N_TRAILS = 40, START_FRAMES = 4 };

#define FIELD_TIME_MOST 0.97

enum points { NO_POINTS, PAIRS, FOLLOWED };

struct path_style {
    enum points points;
    bool field;
    size_t n_lines;     /* of the grid in either direction; 0: no grid */
    size_t n_stretches; /* of every line */
};

#define GRID_REACH 3.0 /* half the side of the grid: the base's Gaussian beyond is negligible */

struct scene {
    const struct path_style *style;
    const struct adv_easel *easel;
    struct adv_target target;
    double *times;
    float *base;    /* [N_FOLLOWED or N_SAMPLES, 2] */
    float *colours; /* [as many] */
    float *points;  /* [n_frames, as many, 2], or NULL */
    size_t n_points;
    float *lines; /* [n_frames, n_line_points, 2], or NULL */
    size_t n_line_points;
    float *grid; /* [N_ARROWS^2, 2] */
};

/* ---------------------------------------------------------------- states */

/* x_t = (1 - t) x_0 + t x_1 of independent pairs: samples of p_t that follow no field. */
static enum adv_status pair_up(struct scene *scene, struct adv_error *error)
{
    size_t n = scene->n_points = scene->target.n, n_frames = scene->easel->n_frames;
    scene->base = adv_base_points(scene->easel, n, 2);
    scene->points = calloc(n_frames * n, 2 * sizeof *scene->points);
    if (!scene->base || !scene->points)
        return adv_no_memory(error);
    for (size_t f = 0; f < n_frames; f++) {
        float t = (float)scene->times[f];
        for (size_t i = 0; i < 2 * n; i++)
            scene->points[2 * f * n + i] = (1 - t) * scene->base[i] + t * scene->target.points[i];
    }
    return ADV_OK;
}

static enum adv_status follow(struct scene *scene, struct adv_error *error)
{
    size_t n = scene->n_points = N_FOLLOWED;
    scene->base = adv_base_points(scene->easel, n, 2);
    if (!scene->base)
        return adv_no_memory(error);
    return adv_flow_states(scene->easel, scene->target.exact, n, scene->base, NULL,
                           scene->easel->n_frames, scene->times, &scene->points, error);
}

/* The grid's lines in the base, [2 n_lines (n_stretches + 1), 2]. NULL without memory. */
static float *base_lines(size_t n_lines, size_t n_stretches)
{
    float *lines = calloc(2 * n_lines * (n_stretches + 1), 2 * sizeof *lines), *at = lines;
    for (size_t line = 0; lines && line < 2 * n_lines; line++) {
        size_t of_direction = line / 2;
        double across = GRID_REACH * (2 * (double)of_direction / (double)(n_lines - 1) - 1);
        for (size_t i = 0; i <= n_stretches; i++, at += 2) {
            double along = GRID_REACH * (2 * (double)i / (double)n_stretches - 1);
            at[line % 2] = (float)along;
            at[1 - line % 2] = (float)across;
        }
    }
    return lines;
}

static enum adv_status move_grid(struct scene *scene, struct adv_error *error)
{
    float *lines = base_lines(scene->style->n_lines, scene->style->n_stretches);
    scene->n_line_points = 2 * scene->style->n_lines * (scene->style->n_stretches + 1);
    enum adv_status status =
        lines ? adv_flow_states(scene->easel, scene->target.exact, scene->n_line_points, lines,
                                NULL, scene->easel->n_frames, scene->times, &scene->lines, error)
              : adv_no_memory(error);
    free(lines);
    return status;
}

static enum adv_status prepare(struct scene *scene, struct adv_error *error)
{
    enum adv_status status = adv_target_init(&scene->target, scene->easel, N_SAMPLES, error);
    if (status != ADV_OK)
        return status;
    scene->times = adv_even_times(scene->easel->n_frames);
    scene->grid = adv_panel_grid(N_ARROWS, scene->target.half_side);
    if (!scene->times || !scene->grid)
        return adv_no_memory(error);
    if (scene->style->points == PAIRS)
        status = pair_up(scene, error);
    else if (scene->style->points == FOLLOWED)
        status = follow(scene, error);
    if (status == ADV_OK && scene->base &&
        !(scene->colours = adv_origin_colours(scene->n_points, 2, scene->base)))
        status = adv_no_memory(error);
    if (status == ADV_OK && scene->style->n_lines)
        status = move_grid(scene, error);
    return status;
}

static void release(struct scene *scene)
{
    free(scene->grid);
    free(scene->lines);
    free(scene->points);
    free(scene->colours);
    free(scene->base);
    free(scene->times);
    adv_target_release(&scene->target);
}

/* ---------------------------------------------------------------- layers */

static enum adv_status add_field(const struct scene *scene, double t, struct adv_plot *plot,
                                 struct adv_error *error)
{
    float v[2 * N_ARROWS * N_ARROWS];
    enum adv_status status =
        adv_flow_velocity(scene->easel, scene->target.exact, N_ARROWS * N_ARROWS, scene->grid,
                          fmin(t, FIELD_TIME_MOST), v, error);
    if (status != ADV_OK)
        return status;
    return adv_panel_arrows(plot, N_ARROWS, scene->target.half_side, scene->grid, v, error);
}

/* The lines of one direction (0, 1) as one layer. */
static enum adv_status add_lines(const struct scene *scene, size_t f, size_t direction,
                                 struct adv_plot *plot, struct adv_error *error)
{
    static const float nowhere[2] = {NAN, NAN};
    size_t n_lines = scene->style->n_lines, n_stretches = scene->style->n_stretches;
    size_t n = n_lines * (n_stretches + 2);
    float *points = calloc(n, 2 * sizeof *points), *at = points;
    if (!points)
        return adv_no_memory(error);
    const float *states = scene->lines + 2 * f * scene->n_line_points;
    for (size_t line = direction; line < 2 * n_lines; line += 2) {
        for (size_t i = 0; i < n_stretches + 2; i++, at += 2) {
            const float *from =
                i > n_stretches ? nowhere : states + 2 * (line * (n_stretches + 1) + i);
            at[0] = from[0];
            at[1] = from[1];
        }
    }
    struct adv_mark mark = {.colour = ADV_INK_POINTS, .size_px = n_lines > 20 ? 0.8 : 1.3};
    enum adv_status status = adv_plot_line(plot, n, points, &mark, error);
    free(points);
    return status;
}

/* How the first points came here. */
static enum adv_status add_trails(const struct scene *scene, size_t f, struct adv_plot *plot,
                                  struct adv_error *error)
{
    const struct adv_mark mark = {.colour = ADV_INK_QUIET, .size_px = 1, .opacity = 0.5};
    return adv_panel_trails(plot, N_TRAILS, f + 1, scene->n_points, scene->points, &mark, error);
}

static enum adv_status add_points(const struct scene *scene, size_t f, struct adv_plot *plot,
                                  struct adv_error *error)
{
    bool followed = scene->style->points == FOLLOWED;
    struct adv_mark mark = {.colour = ADV_INK_POINTS, .size_px = followed ? 2.4 : 2, .opacity = 1};
    return adv_plot_scatter(plot, scene->n_points, scene->points + 2 * f * scene->n_points,
                            followed ? scene->colours : NULL, &mark, error);
}

static enum adv_status plot_frame(const void *context, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    const struct scene *scene = context;
    const struct path_style *style = scene->style;
    const struct adv_target *target = &scene->target;
    const struct adv_mark samples = {.colour = ADV_INK_TARGET, .size_px = 1.6, .opacity = 0.25};
    struct adv_plot *plot = NULL;
    char title[32];
    snprintf(title, sizeof title, "t = %.2f", scene->times[f]);
    enum adv_status status =
        adv_panel_new(scene->easel->side, target->half_side, title, &plot, error);
    if (status == ADV_OK && style->points != PAIRS)
        status = adv_plot_scatter(plot, target->n, target->points, NULL, &samples, error);
    if (status == ADV_OK && style->field)
        status = add_field(scene, scene->times[f], plot, error);
    for (size_t k = 0; k < 2 && style->n_lines && status == ADV_OK; k++)
        status = add_lines(scene, f, k, plot, error);
    if (status == ADV_OK && style->points == FOLLOWED && !style->n_lines)
        status = add_trails(scene, f, plot, error);
    if (status == ADV_OK && style->points)
        status = add_points(scene, f, plot, error);
    return adv_panel_finish(status, plot, frame, error);
}

static enum adv_status plot_film(const struct adv_easel *easel, const void *style,
                                 struct adv_film *film, struct adv_error *error)
{
    struct scene scene = {.style = style, .easel = easel};
    enum adv_status status = prepare(&scene, error);
    const struct adv_scene_film states = {&scene, easel->n_frames, START_FRAMES, plot_frame};
    if (status == ADV_OK)
        status = adv_film_plot(film, &states, error);
    release(&scene);
    return status;
}

/* ---------------------------------------------------------------- rows */

static const struct path_style samples = {.points = PAIRS}, field = {.field = true},
                               both = {.points = PAIRS, .field = true},
                               followed = {.points = FOLLOWED, .field = true},
                               coarse = {.n_lines = 13, .n_stretches = 240},
                               fine = {.n_lines = 33, .n_stretches = 140},
                               carried = {.n_lines = 13, .n_stretches = 240, .points = FOLLOWED};

#define COMMON                                                                                     \
    .models = {"four-modes"}, .has_target = true, .side = 400, .n_frames = 22, .frame_ms = 90,     \
    .n_colours = 63, .plot = plot_film

const struct adv_figure adv_path_figures[] = {
    {.name = "path-samples",
     .help = "samples of the probability path from a Gaussian to four modes",
     .style = &samples,
     COMMON},
    {.name = "path-field",
     .help = "exact marginal velocity field of the probability path",
     .style = &field,
     COMMON},
    {.name = "path-both",
     .help = "samples and marginal velocity field of the probability path",
     .style = &both,
     COMMON},
    {.name = "path-follow",
     .help = "points carried by the marginal velocity field",
     .style = &followed,
     COMMON},
    {.name = "grid-coarse",
     .help = "grid of the plane deformed by the marginal velocity field",
     .style = &coarse,
     COMMON},
    {.name = "grid-fine",
     .help = "finer grid of the plane deformed by the marginal velocity field",
     .style = &fine,
     COMMON},
    {.name = "grid-samples",
     .help = "grid of the plane deformed by the field, with points that move along",
     .dark_too = true,
     .style = &carried,
     COMMON},
    {0},
};
