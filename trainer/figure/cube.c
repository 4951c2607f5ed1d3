/* Samples of a model of space: carried from the base to the target while the cube turns, then turning
 * on, while its four layers come apart so that the cubes of each are seen. A point is drawn the larger
 * the nearer it is, the far ones first, so that it hides those behind it. */
#include "trainer/figure/figure.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_POINTS = 7000, N_SLICES = 12, N_CORNERS = 8, N_EDGES = 12, N_LAYERS = 4 };
enum { FORMING_SHARE = 3, PARTING_SHARE = 5 }; /* parts of all frames */

#define HALF_SIDE 9.4 /* of the picture: the layers seen at an angle */
#define CUBE 4.0
#define GAP 1.7        /* between layers, once they are apart */
#define ELEVATION 0.62 /* of the eye above the horizon, radians */
#define EYE 40.0       /* its distance */
#define START 0.35     /* angles of the turn, radians */
#define TURN M_PI

struct scene {
    const struct adv_easel *easel;
    size_t n_forming; /* frames until t = 1 */
    double *times;
    float *states;  /* [n_forming, N_POINTS, 3] */
    float *colours; /* [N_POINTS], by the final layer and row: neighbouring cubes differ */
    int *layers;    /* [N_POINTS], from the lowest, 0 */
};

struct view {
    double sine, cosine; /* of the turn about the upright axis */
    double gap;          /* between layers */
};

/* Where a point [3] of a layer is in the picture; returns its nearness to the eye. */
static double project(const struct view *view, const float *point, int layer, float *spot)
{
    double x = (double)point[0], y = (double)point[1];
    double z = (double)point[2] + view->gap * (layer - (N_LAYERS - 1) / 2.0);
    double right = view->cosine * x - view->sine * y, away = view->sine * x + view->cosine * y;
    double up = cos(ELEVATION) * z + sin(ELEVATION) * away;
    double near = sin(ELEVATION) * z - cos(ELEVATION) * away;
    double scale = EYE / (EYE - near);
    spot[0] = (float)(scale * right);
    spot[1] = (float)(scale * up);
    return near;
}

static enum adv_status prepare(struct scene *scene, struct adv_error *error)
{
    const struct adv_easel *easel = scene->easel;
    if (adv_model_dim(easel->model) != 3)
        return adv_fail_field(error, ADV_E_INVALID, "model",
                              "model %s has %zu dimensions; this figure needs 3",
                              adv_model_name(easel->model), adv_model_dim(easel->model));
    scene->n_forming = easel->n_frames / FORMING_SHARE + 1;
    scene->times = adv_even_times(scene->n_forming);
    scene->colours = calloc(N_POINTS, sizeof *scene->colours);
    scene->layers = calloc(N_POINTS, sizeof *scene->layers);
    if (!scene->times || !scene->colours || !scene->layers)
        return adv_no_memory(error);
    enum adv_status status = adv_flow_states(easel, easel->model, N_POINTS, NULL, NULL,
                                             scene->n_forming, scene->times, &scene->states, error);
    if (status != ADV_OK)
        return status;
    const float *last = scene->states + 3 * (scene->n_forming - 1) * N_POINTS;
    for (size_t i = 0; i < N_POINTS; i++) {
        double layer = floor((double)last[3 * i + 2] / (2 * CUBE / N_LAYERS)) + N_LAYERS / 2.0;
        scene->layers[i] = (int)fmin(fmax(layer, 0), N_LAYERS - 1);
        bool odd = fmod(floor((double)last[3 * i + 1] / (2 * CUBE / N_LAYERS)), 2) != 0;
        scene->colours[i] = (float)((scene->layers[i] + (odd ? 0.62 : 0.12)) / N_LAYERS);
    }
    return ADV_OK;
}

static enum adv_status add_edges(const struct view *view, int layer, struct adv_plot *plot,
                                 struct adv_error *error)
{
    const double bottom = -CUBE + layer * 2 * CUBE / N_LAYERS;
    const struct adv_mark mark = {.colour = ADV_INK_QUIET, .size_px = 1, .opacity = 0.35};
    float corners[N_CORNERS][2], from[N_EDGES][2], to[N_EDGES][2];
    size_t n = 0;
    for (int c = 0; c < N_CORNERS; c++) {
        float corner[3];
        for (int k = 0; k < 2; k++)
            corner[k] = (float)(c >> k & 1 ? CUBE : -CUBE);
        corner[2] = (float)(c >> 2 & 1 ? bottom + 2 * CUBE / N_LAYERS : bottom);
        project(view, corner, layer, corners[c]);
    }
    for (int c = 0; c < N_CORNERS; c++) {
        for (int k = 0; k < 3; k++) {
            if (c >> k & 1)
                continue;
            memcpy(from[n], corners[c], sizeof from[n]);
            memcpy(to[n++], corners[c | 1 << k], sizeof to[n]);
        }
    }
    return adv_panel_segments(plot, n, from[0], to[0], &mark, error);
}

/* The points of one slice of depth, from the far ones (0) to the near ones. */
static enum adv_status add_slice(const struct scene *scene, const float *spots,
                                 const double *nearness, int slice, struct adv_plot *plot,
                                 struct adv_error *error)
{
    float own[N_POINTS][2], colours[N_POINTS];
    size_t n = 0;
    for (size_t i = 0; i < N_POINTS; i++) {
        double depth = (nearness[i] / (sqrt(3) * CUBE) + 1) / 2 * N_SLICES;
        int at = (int)fmin(fmax(depth, 0), N_SLICES - 1);
        if (at != slice)
            continue;
        memcpy(own[n], spots + 2 * i, sizeof own[n]);
        colours[n++] = scene->colours[i];
    }
    struct adv_mark mark = {.size_px = 1.1 + 0.8 * slice / (N_SLICES - 1), .opacity = 1};
    return adv_plot_scatter(plot, n, own[0], colours, &mark, error);
}

static enum adv_status plot_frame(const void *context, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    const struct scene *scene = context;
    size_t state = f < scene->n_forming ? f : scene->n_forming - 1;
    double angle = START + TURN * (double)f / (double)scene->easel->n_frames;
    double parting = (double)(f - state) * PARTING_SHARE / (double)scene->easel->n_frames;
    double apart = fmin(parting, 1);
    const struct view view = {sin(angle), cos(angle), GAP * apart * apart * (3 - 2 * apart)};
    const float *points = scene->states + 3 * state * N_POINTS;
    float spots[2 * N_POINTS];
    double nearness[N_POINTS];
    for (size_t i = 0; i < N_POINTS; i++)
        nearness[i] = project(&view, points + 3 * i, scene->layers[i], spots + 2 * i);
    char title[32];
    snprintf(title, sizeof title, "t = %.2f", scene->times[state]);
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_panel_new(scene->easel->side, HALF_SIDE, title, &plot, error);
    for (int layer = 0; layer < N_LAYERS && status == ADV_OK; layer++)
        status = add_edges(&view, layer, plot, error);
    for (int slice = 0; slice < N_SLICES && status == ADV_OK; slice++)
        status = add_slice(scene, spots, nearness, slice, plot, error);
    return adv_panel_finish(status, plot, frame, error);
}

static enum adv_status plot_film(const struct adv_easel *easel, const void *style,
                                 struct adv_film *film, struct adv_error *error)
{
    (void)style;
    struct scene scene = {.easel = easel};
    enum adv_status status = prepare(&scene, error);
    const struct adv_scene_film states = {&scene, easel->n_frames, 0, plot_frame};
    if (status == ADV_OK)
        status = adv_film_plot(film, &states, error);
    free(scene.states);
    free(scene.colours);
    free(scene.layers);
    free(scene.times);
    return status;
}

const struct adv_figure adv_cube_figures[] = {
    {.name = "checkerboard-3d",
     .help = "samples carried to a rotating 3-D checkerboard, whose layers come apart",
     .models = {"checkerboard-3d"},
     .dark_too = true,
     .side = 400,
     .n_frames = 33,
     .frame_ms = 90,
     .n_colours = 63,
     .plot = plot_film},
    {0},
};
