/* The learned flow beside the exact one: the same base points, carried by the exact velocity of
 * samples of the target, and by the network that learned the target. */
#include "trainer/figure/figure.h"

#include <stdio.h>
#include <stdlib.h>

enum { N_SAMPLES = 2000, N_POINTS = 700, N_TRAILS = 36, START_FRAMES = 4, EXACT = 0, LEARNED = 1 };

struct scene {
    const struct adv_easel *easel;
    struct adv_target target;
    double *times;
    float *base, *colours;
    float *states[2]; /* [n_frames, N_POINTS, 2] */
};

static enum adv_status prepare(struct scene *scene, struct adv_error *error)
{
    const struct adv_easel *easel = scene->easel;
    enum adv_status status = adv_target_init(&scene->target, easel, N_SAMPLES, error);
    if (status != ADV_OK)
        return status;
    if (adv_model_dim(easel->model) != 2)
        return adv_fail_field(error, ADV_E_INVALID, "model",
                              "model %s has %zu dimensions; this figure needs 2",
                              adv_model_name(easel->model), adv_model_dim(easel->model));
    scene->times = adv_even_times(easel->n_frames);
    scene->base = adv_base_points(easel, N_POINTS, 2);
    if (!scene->times || !scene->base ||
        !(scene->colours = adv_origin_colours(N_POINTS, 2, scene->base)))
        return adv_no_memory(error);
    struct adv_model *models[] = {[EXACT] = scene->target.exact, [LEARNED] = easel->model};
    for (int k = 0; k < 2 && status == ADV_OK; k++)
        status = adv_flow_states(easel, models[k], N_POINTS, scene->base, NULL, easel->n_frames,
                                 scene->times, &scene->states[k], error);
    return status;
}

/* How the first points came here. */
static enum adv_status add_trails(const float *states, size_t f, struct adv_plot *plot,
                                  struct adv_error *error)
{
    const struct adv_mark mark = {.colour = ADV_INK_QUIET, .size_px = 1, .opacity = 0.5};
    return adv_panel_trails(plot, N_TRAILS, f + 1, N_POINTS, states, &mark, error);
}

static enum adv_status plot_panel(const struct scene *scene, int k, size_t f,
                                  struct adv_image *panel, struct adv_error *error)
{
    const struct adv_target *target = &scene->target;
    const float *states = scene->states[k];
    const struct adv_mark points = {.size_px = 2.4, .opacity = 1};
    char title[64];
    snprintf(title, sizeof title, "%s, t = %.2f", k == EXACT ? "exact" : "learned",
             scene->times[f]);
    struct adv_plot *plot = NULL;
    enum adv_status status =
        adv_panel_new(scene->easel->side, target->half_side, title, &plot, error);
    if (status == ADV_OK)
        status = add_trails(states, f, plot, error);
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, N_POINTS, states + 2 * f * N_POINTS, scene->colours,
                                  &points, error);
    return adv_panel_finish(status, plot, panel, error);
}

static enum adv_status plot_frame(const void *context, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    const struct scene *scene = context;
    struct adv_image panels[2] = {0};
    enum adv_status status = ADV_OK;
    for (int k = 0; k < 2 && status == ADV_OK; k++)
        status = plot_panel(scene, k, f, &panels[k], error);
    if (status == ADV_OK)
        status = adv_panels_join(2, panels, 2, frame, error);
    adv_image_release(&panels[0]);
    adv_image_release(&panels[1]);
    return status;
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
    free(scene.states[EXACT]);
    free(scene.states[LEARNED]);
    free(scene.colours);
    free(scene.base);
    free(scene.times);
    adv_target_release(&scene.target);
    return status;
}

const struct adv_figure adv_learned_figures[] = {
    {.name = "learned",
     .help = "learned flow beside the exact one, from the same starting points",
     .models = {"four-modes"},
     .has_target = true,
     .shows_model = true,
     .side = 320,
     .n_frames = 22,
     .frame_ms = 90,
     .n_colours = 63,
     .plot = plot_film},
    {0},
};
