/* Points converging on one target sample x_1: the conditional flow x_t = (1 - t) x_0 + t x_1 and
 * its field (x_1 - x) / (1 - t), for four target samples side by side. */
#include "trainer/figure/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N_TARGETS = 4,
    N_COLUMNS = 2,
    N_POINTS = 160,
    N_ARROWS = 12,
    N_SAMPLES = 400,
    START_FRAMES = 4
};

#define STILL_TIME 0.55
#define FIELD_TIME_MOST 0.95 /* the field is not drawn at its singular end */

struct converge_style {
    bool field;
};

struct scene {
    const struct converge_style *style;
    const struct adv_easel *easel;
    struct adv_target target;
    float *base; /* [N_POINTS, 2] */
    float *grid; /* [N_ARROWS^2, 2] */
};

static enum adv_status add_field(const struct scene *scene, const float *x1, double t,
                                 struct adv_plot *plot, struct adv_error *error)
{
    float v[2 * N_ARROWS * N_ARROWS];
    double rest = 1 - fmin(t, FIELD_TIME_MOST);
    for (size_t i = 0; i < 2 * N_ARROWS * N_ARROWS; i++)
        v[i] = (float)((double)(x1[i % 2] - scene->grid[i]) / rest);
    return adv_panel_arrows(plot, N_ARROWS, scene->target.half_side, scene->grid, v, error);
}

static enum adv_status plot_panel(const struct scene *scene, size_t k, double t,
                                  struct adv_image *panel, struct adv_error *error)
{
    const struct adv_target *target = &scene->target;
    const float *x1 = target->points + 2 * target->chosen[k];
    const struct adv_mark samples = {.colour = ADV_INK_TARGET, .size_px = 1.6, .opacity = 0.22};
    const struct adv_mark one = {.colour = ADV_INK_TARGET, .size_px = 6, .opacity = 1};
    const struct adv_mark trails = {.colour = ADV_INK_POINTS, .size_px = 1, .opacity = 0.16};
    const struct adv_mark points = {.colour = ADV_INK_POINTS, .size_px = 2.4, .opacity = 1};
    float now[2 * N_POINTS];
    char title[32];
    for (size_t i = 0; i < 2 * N_POINTS; i++)
        now[i] = (float)((1 - t) * (double)scene->base[i] + t * (double)x1[i % 2]);
    snprintf(title, sizeof title, "t = %.2f", t);
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_panel_new(scene->easel->side, target->half_side,
                                           k == 0          ? title
                                           : k < N_COLUMNS ? " "
                                                           : NULL,
                                           &plot, error);
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, target->n, target->points, NULL, &samples, error);
    if (status == ADV_OK && scene->style->field)
        status = add_field(scene, x1, t, plot, error);
    if (status == ADV_OK)
        status = adv_panel_segments(plot, N_POINTS, scene->base, now, &trails, error);
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, N_POINTS, now, NULL, &points, error);
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, 1, x1, NULL, &one, error);
    return adv_panel_finish(status, plot, panel, error);
}

static enum adv_status plot_frame(const void *context, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    const struct scene *scene = context;
    size_t n = scene->easel->n_frames;
    double t = n == 1 ? STILL_TIME : (double)f / (double)(n - 1);
    struct adv_image panels[N_TARGETS] = {0};
    enum adv_status status = ADV_OK;
    for (size_t k = 0; k < N_TARGETS && status == ADV_OK; k++)
        status = plot_panel(scene, k, t, &panels[k], error);
    if (status == ADV_OK)
        status = adv_panels_join(N_TARGETS, panels, N_COLUMNS, frame, error);
    for (size_t k = 0; k < N_TARGETS; k++)
        adv_image_release(&panels[k]);
    return status;
}

static enum adv_status plot_film(const struct adv_easel *easel, const void *style,
                                 struct adv_film *film, struct adv_error *error)
{
    struct scene scene = {.style = style, .easel = easel};
    enum adv_status status = adv_target_init(&scene.target, easel, N_SAMPLES, error);
    if (status == ADV_OK) {
        scene.base = adv_base_points(easel, N_POINTS, 2);
        scene.grid = adv_panel_grid(N_ARROWS, scene.target.half_side);
        const struct adv_scene_film states = {&scene, easel->n_frames,
                                              easel->n_frames > 1 ? START_FRAMES : 0, plot_frame};
        status =
            scene.base && scene.grid ? adv_film_plot(film, &states, error) : adv_no_memory(error);
    }
    free(scene.grid);
    free(scene.base);
    adv_target_release(&scene.target);
    return status;
}

static const struct converge_style plain = {false}, with_field = {true};

#define COMMON                                                                                     \
    .models = {"four-modes"}, .has_target = true, .side = 250, .frame_ms = 90, .n_colours = 47,    \
    .plot = plot_film

const struct adv_figure adv_converge_figures[] = {
    {.name = "converge-still",
     .help = "points on their way to each of four target samples",
     .n_frames = 1,
     .style = &plain,
     COMMON},
    {.name = "converge-field-still",
     .help = "points on their way to four target samples, with the conditional velocity",
     .n_frames = 1,
     .style = &with_field,
     COMMON},
    {.name = "converge",
     .help = "points converging on each of four target samples",
     .n_frames = 21,
     .style = &plain,
     COMMON},
    {.name = "converge-field",
     .help = "points converging on four target samples, with the conditional velocity",
     .n_frames = 21,
     .style = &with_field,
     COMMON},
    {0},
};
