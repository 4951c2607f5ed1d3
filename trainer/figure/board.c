/* Samples of a model of the plane on their way from the base to the target. */
#include "trainer/figure/figure.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_POINTS = 2000, START_FRAMES = 4 };

#define HALF_SIDE 4.4 /* the boards reach to 4 */

struct scene {
    const struct adv_easel *easel;
    double *times;
    float *base, *colours, *states; /* [N_POINTS, 2], [N_POINTS], [n_frames, N_POINTS, 2] */
};

static enum adv_status prepare(struct scene *scene, struct adv_error *error)
{
    const struct adv_easel *easel = scene->easel;
    if (adv_model_dim(easel->model) != 2)
        return adv_fail_field(error, ADV_E_INVALID, "model",
                              "model %s has %zu dimensions; this figure needs 2",
                              adv_model_name(easel->model), adv_model_dim(easel->model));
    scene->times = adv_even_times(easel->n_frames);
    scene->base = adv_base_points(easel, N_POINTS, 2);
    if (!scene->times || !scene->base ||
        !(scene->colours = adv_origin_colours(N_POINTS, 2, scene->base)))
        return adv_no_memory(error);
    return adv_flow_states(easel, easel->model, N_POINTS, scene->base, NULL, easel->n_frames,
                           scene->times, &scene->states, error);
}

static enum adv_status plot_frame(const void *context, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    const struct scene *scene = context;
    const struct adv_mark mark = {.size_px = 1.7, .opacity = 1};
    struct adv_plot *plot = NULL;
    char title[32];
    snprintf(title, sizeof title, "t = %.2f", scene->times[f]);
    enum adv_status status = adv_panel_new(scene->easel->side, HALF_SIDE, title, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, N_POINTS, scene->states + 2 * f * N_POINTS, scene->colours,
                                  &mark, error);
    return adv_panel_finish(status, plot, frame, error);
}

static enum adv_status plot_film(const struct adv_easel *easel, const void *style,
                                 struct adv_film *film, struct adv_error *error)
{
    (void)style;
    struct scene scene = {.easel = easel};
    enum adv_status status = prepare(&scene, error);
    const struct adv_scene_film states = {&scene, easel->n_frames, START_FRAMES, plot_frame};
    if (status == ADV_OK)
        status = adv_film_plot(film, &states, error);
    free(scene.states);
    free(scene.colours);
    free(scene.base);
    free(scene.times);
    return status;
}

#define COMMON .side = 400, .n_frames = 21, .frame_ms = 90, .n_colours = 63, .plot = plot_film

const struct adv_figure adv_board_figures[] = {
    {.name = "checkerboard-8x8",
     .help = "samples carried to the 8x8 checkerboard, coloured by starting point",
     .models = {"checkerboard-8x8"},
     .dark_too = true,
     COMMON},
    {.name = "checkerboard-5x5",
     .help = "samples carried to the 5x5 checkerboard, coloured by starting point",
     .models = {"checkerboard-5x5"},
     COMMON},
    {0},
};
