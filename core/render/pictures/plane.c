/* Pictures of 2-D models: all on square axes over one part of the plane, so that pictures of a
 * model can be laid over each other. */
#include "core/base/mem.h"
#include "core/render/pictures/picture.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/plot.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOX_MARGIN (1.0 / 16) /* of the side, on every side */
#define LATENT_REACH 4.5      /* of a standard Gaussian; half the side of the box of latents */
#define WIDTH_DEFAULT 640

/* ---------------------------------------------------------------- boxes */

/* A square, for a plane has one unit; but of columns of different units, whose scales differ more
 * than this, each side has its own. */
#define SCALES_ALIKE 4.0

static struct adv_box box_around(const double lo[2], const double hi[2])
{
    struct adv_box box = {{(lo[0] + hi[0]) / 2, (lo[1] + hi[1]) / 2}, {0, 0}};
    double sides[2] = {hi[0] - lo[0], hi[1] - lo[1]}, longest = fmax(sides[0], sides[1]);
    bool alike = longest <= SCALES_ALIKE * fmin(sides[0], sides[1]);
    for (size_t k = 0; k < 2; k++)
        box.half[k] = (alike ? longest : sides[k]) * (0.5 + BOX_MARGIN);
    return box;
}

/* From the centre towards the edge along axis k, as far as the transform takes data. */
static double edge_of_data(const struct adv_transform *transform, const double centre[2], size_t k,
                           double edge)
{
    float point[2] = {(float)centre[0], (float)centre[1]};
    double inside = centre[k], outside = edge;
    if (adv_transform_check(transform, point, NULL) != ADV_OK)
        return edge;
    for (int i = 0; i < 60 && inside != outside; i++) {
        double tried = i == 0 ? edge : (inside + outside) / 2;
        point[k] = (float)tried;
        if (adv_transform_check(transform, point, NULL) == ADV_OK)
            inside = tried;
        else
            outside = tried;
    }
    return inside;
}

/* Where the model's data lie, in data units. */
static struct adv_box data_box(const struct adv_model *model)
{
    double lo[2], hi[2];
    adv_model_box(model, lo, hi);
    return box_around(lo, hi);
}

/* The same without what data cannot be, which has no density. */
static struct adv_box density_box(const struct adv_model *model)
{
    const struct adv_transform *transform = adv_model_transform(model);
    struct adv_box box = data_box(model);
    double lo[2], hi[2];
    for (size_t k = 0; k < 2; k++) {
        lo[k] = edge_of_data(transform, box.centre, k, box.centre[k] - box.half[k]);
        hi[k] = edge_of_data(transform, box.centre, k, box.centre[k] + box.half[k]);
    }
    for (size_t k = 0; k < 2; k++) {
        box.centre[k] = (lo[k] + hi[k]) / 2;
        box.half[k] = (hi[k] - lo[k]) / 2;
    }
    return box;
}

/* The model's box, widened where states on their way leave it. */
static struct adv_box trajectories_box(const struct adv_scene *scene)
{
    double lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY};
    if (scene->query->space == ADV_SPACE_DATA)
        adv_model_box(scene->model, lo, hi);
    size_t n_points = scene->answer->n_frames * scene->answer->n;
    for (size_t i = 0; i < 2 * n_points; i++) {
        lo[i % 2] = fmin(lo[i % 2], (double)scene->answer->states[i]);
        hi[i % 2] = fmax(hi[i % 2], (double)scene->answer->states[i]);
    }
    return box_around(lo, hi);
}

struct adv_box adv_plane_box(const struct adv_scene *scene)
{
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES)
        return trajectories_box(scene);
    if (scene->query->kind == ADV_QUERY_LATENTS)
        return (struct adv_box){.half = {LATENT_REACH, LATENT_REACH}};
    if (scene->query->space == ADV_SPACE_FLOW)
        return (struct adv_box){.half = {0, 0}};
    return scene->query->kind == ADV_QUERY_LOG_DENSITY ? density_box(scene->model)
                                                       : data_box(scene->model);
}

enum adv_status adv_picture_grid(const struct adv_model *model, size_t side, float **out,
                                 struct adv_error *error)
{
    if (!adv_model_is_plane(model))
        return adv_fail(error, ADV_E_UNSUPPORTED,
                        "only 2-D models have a plane to show; %s has %zu dimension%s",
                        adv_model_name(model), adv_model_dim(model),
                        adv_model_dim(model) == 1 ? "" : "s");
    size_t n;
    float *points = side > 0 && adv_mul_size(side, side, &n) && adv_mul_size(n, 2, &n)
                        ? adv_calloc(n, sizeof *points)
                        : NULL;
    if (!points)
        return adv_no_memory(error);
    struct adv_box box = density_box(model);
    double width = 2 * box.half[0] / (double)side, height = 2 * box.half[1] / (double)side;
    for (size_t row = 0; row < side; row++) {
        for (size_t column = 0; column < side; column++) {
            float *point = points + 2 * (row * side + column);
            point[0] = (float)(box.centre[0] - box.half[0] + ((double)column + 0.5) * width);
            point[1] = (float)(box.centre[1] - box.half[1] + ((double)row + 0.5) * height);
        }
    }
    *out = points;
    return ADV_OK;
}

/* ---------------------------------------------------------------- one pair of axes */

static enum adv_status new_plot(const struct adv_scene *scene, int width, int height,
                                const char *title, struct adv_plot **plot, struct adv_error *error)
{
    const struct adv_box *box = &scene->box;
    struct adv_axes axes = {
        .width = width,
        .height = height,
        .x_lo = box->centre[0] - box->half[0],
        .x_hi = box->centre[0] + box->half[0],
        .y_lo = box->centre[1] - box->half[1],
        .y_hi = box->centre[1] + box->half[1],
        .title = title,
        .x_label = adv_scene_column(scene, 0),
        .y_label = adv_scene_column(scene, 1),
        .equal_aspect = box->half[0] == box->half[1],
    };
    return adv_plot_new(&axes, plot, error);
}

/* Renders the plot if all went well so far, and frees it. */
static enum adv_status finish_plot(enum adv_status status, struct adv_plot *plot,
                                   struct adv_image *image, struct adv_error *error)
{
    if (status == ADV_OK)
        status = adv_plot_render(plot, image, error);
    adv_plot_free(plot);
    return status;
}

static enum adv_status draw_points(const struct adv_scene *scene, size_t f, int width, int height,
                                   const char *title, struct adv_image *image,
                                   struct adv_error *error)
{
    struct adv_plot *plot = NULL;
    enum adv_status status = new_plot(scene, width, height, title, &plot, error);
    if (status == ADV_OK)
        status =
            adv_plot_scatter(plot, scene->answer->n, adv_scene_frame(scene, f), NULL, NULL, error);
    return finish_plot(status, plot, image, error);
}

static enum adv_status draw_scatter(const struct adv_scene *scene, struct adv_image *image,
                                    struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    adv_scene_title(scene, title);
    return draw_points(scene, 0, (int)scene->picture.width, (int)scene->picture.height, title,
                       image, error);
}

static enum adv_status draw_velocity(const struct adv_scene *scene, struct adv_image *image,
                                     struct adv_error *error)
{
    char title[200];
    snprintf(title, sizeof title, "%s: velocity at t = %.3g", adv_model_name(scene->model),
             scene->query->t);
    struct adv_plot *plot = NULL;
    enum adv_status status =
        new_plot(scene, (int)scene->picture.width, (int)scene->picture.height, title, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_arrows(plot, scene->answer->n, scene->query->points,
                                 scene->answer->states, 0, NULL, error);
    return finish_plot(status, plot, image, error);
}

/* ---------------------------------------------------------------- densities */

/* The side of adv_picture_grid if that is what the query's points are. */
static enum adv_status find_side(const struct adv_scene *scene, size_t *out,
                                 struct adv_error *error)
{
    size_t n = scene->answer->n, side = (size_t)lround(sqrt((double)n));
    float *points = NULL;
    enum adv_status status = adv_picture_grid(scene->model, side, &points, error);
    if (status != ADV_OK)
        return status;
    bool same = side * side == n && scene->query->space == ADV_SPACE_DATA &&
                !memcmp(points, scene->query->points, 2 * n * sizeof *points);
    free(points);
    if (!same)
        return adv_fail_field(
            error, ADV_E_UNSUPPORTED, "points",
            "a picture of the density needs the points of a grid over the model's "
            "plane, as density.png takes them");
    *out = side;
    return ADV_OK;
}

#define STRAYS (1.0 / 1000) /* of the cells */
#define STRAY_RATIO 2.0

/* The density at the end of the colour map: the greatest, unless it is that of a few stray cells.
 * Outside the data networks extrapolate, and there a solver of few steps errs by any factor: one
 * cell of a million would leave all others dark. Where the other cells hold less than half of all
 * probability, it is a narrow mode. sorted [n]: scratch. */
static double find_brightest(const struct adv_box *box, const float *density, size_t n,
                             float *sorted)
{
    size_t last = n - 1 - (size_t)(STRAYS * (double)n);
    double sum = 0, area = 4 * box->half[0] * box->half[1] / (double)n;
    for (size_t i = 0; i < n; i++)
        sorted[i] = isfinite(density[i]) ? density[i] : 0;
    qsort(sorted, n, sizeof *sorted, adv_compare_floats);
    for (size_t i = 0; i <= last; i++)
        sum += (double)sorted[i];
    double most = (double)sorted[n - 1], usual = (double)sorted[last];
    return most > STRAY_RATIO * usual && sum * area >= 0.5 ? usual : most;
}

static enum adv_status draw_density(const struct adv_scene *scene, struct adv_image *image,
                                    struct adv_error *error)
{
    size_t n = scene->answer->n, side = 0;
    enum adv_status status = find_side(scene, &side, error);
    if (status != ADV_OK)
        return status;
    float *density = adv_calloc(2 * n, sizeof *density);
    if (!density)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++)
        density[i] = (float)exp(scene->answer->log_density[i]);
    double most = find_brightest(&scene->box, density, n, density + n);
    char title[200], time[32] = "";
    if (scene->query->t < 1)
        snprintf(time, sizeof time, " at t = %.3g", scene->query->t);
    snprintf(title, sizeof title, "%s: density%s", adv_model_name(scene->model), time);
    struct adv_plot *plot = NULL;
    int width = scene->picture.width ? (int)scene->picture.width : WIDTH_DEFAULT;
    int height =
        adv_picture_side_at_least(width - width / 8); /* less, as the bar takes from the width */
    if (scene->picture.height)
        height = (int)scene->picture.height;
    status = new_plot(scene, width, height, title, &plot, error);
    if (status == ADV_OK)
        status =
            adv_plot_heat_map(plot, side, side, density, 0, most > 0 ? most : 1, "density", error);
    free(density);
    return finish_plot(status, plot, image, error);
}

/* ---------------------------------------------------------------- frames */

static enum adv_status draw_frame(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    adv_scene_frame_title(scene, f, title);
    return draw_points(scene, f, (int)scene->picture.width, (int)scene->picture.height, title,
                       image, error);
}

static enum adv_status draw(const struct adv_scene *scene, struct adv_image *image,
                            struct adv_error *error)
{
    switch (scene->query->kind) {
    case ADV_QUERY_SAMPLES:
    case ADV_QUERY_LATENTS:
        return draw_scatter(scene, image, error);
    case ADV_QUERY_TRAJECTORIES:
        return adv_strip_draw(scene, draw_points, image, error);
    case ADV_QUERY_LOG_DENSITY:
        return draw_density(scene, image, error);
    case ADV_QUERY_VELOCITY:
        return draw_velocity(scene, image, error);
    case ADV_QUERY_SCORE: /* has no picture */
        break;
    }
    adv_bug("query kind %d", (int)scene->query->kind);
}

const struct adv_painter adv_plane_painter = {.draw = draw, .draw_frame = draw_frame};
