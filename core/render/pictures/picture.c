/* Pictures of answers: chooses the painter, and encodes what it draws. */
#include "core/render/pictures/picture.h"

#include "core/base/mem.h"

#include <advect/extra/bytes.h>
#include <advect/extra/pace.h>
#include <advect/extra/plot.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COMPRESSION 3                           /* docs/internals/performance.md has them all */
#define ANIMATION_BYTES_MAX ((size_t)256 << 20) /* of pixels, before compression */
#define FRAME_MS_DEFAULT 80
#define HOLD_MS 1500 /* of an animation's last frame */

static const char *const views[] = {"auto", "density", "cloud", NULL}; /* by enum adv_view */

const struct adv_field *adv_picture_fields(void)
{
    static const struct adv_field fields[ADV_PICTURE_FIELDS] = {
        {"width", ADV_FIELD_INT, offsetof(struct adv_picture, width), .min = ADV_PICTURE_SIDE_MIN,
         .max = ADV_PICTURE_SIDE_MAX, .unit = "pixels", .help = "width of a plot; 640 if absent"},
        {"height", ADV_FIELD_INT, offsetof(struct adv_picture, height), .min = ADV_PICTURE_SIDE_MIN,
         .max = ADV_PICTURE_SIDE_MAX, .unit = "pixels", .help = "height of a plot; 640 if absent"},
        {"zoom", ADV_FIELD_INT, offsetof(struct adv_picture, zoom), .min = 1, .max = 64,
         .help = "screen pixels per image pixel; 3 if absent"},
        {"columns", ADV_FIELD_INT, offsetof(struct adv_picture, columns), .min = 0, .max = 1000,
         .help = "columns in a grid of images; chosen automatically if absent or 0"},
        {"frame_ms", ADV_FIELD_INT, offsetof(struct adv_picture, frame_ms), .min = 1, .max = 10000,
         .unit = "ms", .help = "duration of each frame of an animation; 80 if absent"},
        {"view", ADV_FIELD_CHOICE, offsetof(struct adv_picture, view), .choices = views,
         .fallback = "auto",
         .help = "what to show of points: density is their density by histogram, cloud a box of 3 "
                 "dimensions seen from an angle"},
        {"azimuth", ADV_FIELD_REAL, offsetof(struct adv_picture, azimuth), .min = -360, .max = 360,
         .unit = "degrees", .fallback = "-35",
         .help = "where a cloud is seen from: angle from the first axis towards the second"},
        {"elevation", ADV_FIELD_REAL, offsetof(struct adv_picture, elevation), .min = -90,
         .max = 90, .unit = "degrees", .fallback = "24",
         .help = "where a cloud is seen from: angle above the plane of the first two axes"},
        {"turn", ADV_FIELD_REAL, offsetof(struct adv_picture, turn), .min = -3600, .max = 3600,
         .unit = "degrees", .fallback = "90",
         .help = "angle that a cloud turns by in an animation, to end at the azimuth"},
    };
    return fields;
}

bool adv_render_has_picture(const struct adv_model *model, enum adv_query_kind kind)
{
    if (kind == ADV_QUERY_SCORE)
        return false;
    if (adv_model_is_plane(model))
        return true;
    if (kind == ADV_QUERY_LOG_DENSITY)
        return false;
    return adv_model_is_image(model) ||
           (kind != ADV_QUERY_VELOCITY && adv_model_dim(model) <= ADV_PAIRS_DIM_MAX);
}

enum adv_status adv_render_check_view(const struct adv_model *model, enum adv_query_kind kind,
                                      const struct adv_picture *picture, struct adv_error *error)
{
    int64_t view = picture ? picture->view : ADV_VIEW_AUTO;
    size_t dim = adv_model_dim(model);
    bool of_points =
        kind != ADV_QUERY_LOG_DENSITY && kind != ADV_QUERY_VELOCITY && kind != ADV_QUERY_SCORE;
    if (view == ADV_VIEW_AUTO)
        return ADV_OK;
    if (view < 0 || view > ADV_VIEW_CLOUD)
        return adv_fail_field(error, ADV_E_INVALID, "view", "view is %lld; it must be 0 to %d",
                              (long long)view, ADV_VIEW_CLOUD);
    if (!of_points || adv_model_is_image(model))
        return adv_fail_field(error, ADV_E_INVALID, "view",
                              "view is %s; only samples, latents and trajectories of points have "
                              "one, and not images, velocities and log-densities",
                              views[view]);
    if (view == ADV_VIEW_CLOUD && dim != 3)
        return adv_fail_field(error, ADV_E_INVALID, "view",
                              "view is cloud; a cloud has 3 dimensions, and the points of %s have "
                              "%zu",
                              adv_model_name(model), dim);
    return ADV_OK;
}

static enum adv_status check_side(const char *name, int64_t side, struct adv_error *error)
{
    if (side == 0 || (side >= ADV_PICTURE_SIDE_MIN && side <= ADV_PICTURE_SIDE_MAX))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, name, "%s is %lld; it must be between %d and %d",
                          name, (long long)side, ADV_PICTURE_SIDE_MIN, ADV_PICTURE_SIDE_MAX);
}

static enum adv_status check_scene(const struct adv_scene *scene, struct adv_error *error)
{
    if (!adv_render_has_picture(scene->model, scene->query->kind))
        return adv_fail(error, ADV_E_UNSUPPORTED,
                        "there is no such picture of %s, whose points have %zu dimension%s: "
                        "velocities and densities are drawn of 2 dimensions, and points of at "
                        "most %d, beside images",
                        adv_model_name(scene->model), adv_model_dim(scene->model),
                        adv_model_dim(scene->model) == 1 ? "" : "s", ADV_PAIRS_DIM_MAX);
    enum adv_status status =
        adv_render_check_view(scene->model, scene->query->kind, &scene->picture, error);
    if (status == ADV_OK)
        status = check_side("width", scene->picture.width, error);
    return status == ADV_OK ? check_side("height", scene->picture.height, error) : status;
}

enum adv_status adv_render_check(const struct adv_model *model, const struct adv_query *query,
                                 const struct adv_picture *picture, bool animated,
                                 struct adv_error *error)
{
    static const struct adv_picture defaults;
    double frames = query->kind == ADV_QUERY_TRAJECTORIES ? (double)query->n_times : 1;
    enum adv_status status = adv_render_check_view(model, query->kind, picture, error);
    if (status != ADV_OK)
        return status;
    if (adv_model_is_image(model))
        return adv_images_check(model, query, picture ? picture : &defaults, animated, error);
    if ((double)query->n * frames <= ADV_PLANE_POINTS_MAX)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "n",
                          "n is %zu; a picture shows at most %d points in all its frames", query->n,
                          ADV_PLANE_POINTS_MAX);
}

static const struct adv_painter *painter_of(const struct adv_scene *scene)
{
    const struct adv_model *model = scene->model;
    bool density = scene->picture.view == ADV_VIEW_DENSITY;
    if (adv_model_is_image(model))
        return &adv_images_painter;
    if (scene->picture.view == ADV_VIEW_CLOUD)
        return &adv_cloud_painter;
    if (adv_model_dim(model) == 1 && (density || scene->query->kind == ADV_QUERY_TRAJECTORIES))
        return &adv_line_painter;
    return adv_model_is_plane(model) && !density ? &adv_plane_painter : &adv_pairs_painter;
}

/* picture may be NULL. */
static struct adv_scene scene_of(const struct adv_model *model, const struct adv_query *query,
                                 const struct adv_answer *answer, const struct adv_picture *picture)
{
    struct adv_scene scene = {.model = model, .query = query, .answer = answer};
    if (picture)
        scene.picture = *picture;
    if (scene.picture.zoom == 0)
        scene.picture.zoom = ADV_ZOOM_DEFAULT;
    if (scene.picture.frame_ms == 0)
        scene.picture.frame_ms = FRAME_MS_DEFAULT;
    if (adv_model_is_plane(model))
        scene.box = adv_plane_box(&scene);
    return scene;
}

/* Checks the scene, and finds what its painter draws all frames with. */
static enum adv_status prepare(struct adv_scene *scene, struct adv_error *error)
{
    enum adv_status status = check_scene(scene, error);
    const struct adv_painter *painter = painter_of(scene);
    return status == ADV_OK && painter->prepare ? painter->prepare(scene, error) : status;
}

static void release(struct adv_scene *scene)
{
    free(scene->line.map);
}

size_t adv_strip_frames(const struct adv_scene *scene)
{
    size_t n = scene->answer->n_frames;
    return n < ADV_STRIP_FRAMES_MAX ? n : ADV_STRIP_FRAMES_MAX;
}

size_t adv_strip_frame(const struct adv_scene *scene, size_t i)
{
    size_t n = adv_strip_frames(scene);
    return n < 2 ? 0 : (i * (scene->answer->n_frames - 1) + (n - 1) / 2) / (n - 1);
}

const char *adv_scene_column(const struct adv_scene *scene, size_t column)
{
    bool in_data_units =
        scene->query->space == ADV_SPACE_DATA && scene->query->kind != ADV_QUERY_LATENTS;
    return in_data_units ? adv_model_column_name(scene->model, column) : NULL;
}

bool adv_scene_names(const struct adv_scene *scene, const char **names)
{
    for (size_t i = 0; i < scene->answer->dim; i++) {
        names[i] = adv_scene_column(scene, i);
        if (!names[i])
            return false;
    }
    return true;
}

void adv_scene_title(const struct adv_scene *scene, char title[ADV_SCENE_TITLE_BYTES])
{
    bool latents = scene->query->kind == ADV_QUERY_LATENTS;
    size_t n = scene->answer->n;
    snprintf(title, ADV_SCENE_TITLE_BYTES, "%s: %zu %s%s", adv_model_name(scene->model), n,
             latents ? "latent" : "sample", n == 1 ? "" : "s");
}

void adv_scene_frame_title(const struct adv_scene *scene, size_t f,
                           char title[ADV_SCENE_TITLE_BYTES])
{
    snprintf(title, ADV_SCENE_TITLE_BYTES, "%s   t = %.2f", adv_model_name(scene->model),
             scene->answer->times[f]);
}

int adv_compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void widen(size_t n, size_t dim, const float *points, double *lo, double *hi)
{
    for (size_t i = 0; i < n * dim; i++) {
        double value = (double)points[i];
        if (!isfinite(value))
            continue;
        lo[i % dim] = fmin(lo[i % dim], value);
        hi[i % dim] = fmax(hi[i % dim], value);
    }
}

void adv_scene_ranges(const struct adv_scene *scene, double *lo, double *hi)
{
    const struct adv_answer *answer = scene->answer;
    for (size_t i = 0; i < answer->dim; i++) {
        lo[i] = INFINITY;
        hi[i] = -INFINITY;
    }
    widen(answer->n, answer->dim, adv_scene_frame(scene, 0), lo, hi);
    widen(answer->n, answer->dim, adv_scene_frame(scene, answer->n_frames - 1), lo, hi);
}

const float *adv_scene_frame(const struct adv_scene *scene, size_t f)
{
    return scene->answer->states + f * scene->answer->n * scene->answer->dim;
}

enum adv_status adv_render_png(const struct adv_model *model, const struct adv_query *query,
                               const struct adv_answer *answer, const struct adv_picture *picture,
                               struct adv_bytes *out, struct adv_error *error)
{
    struct adv_scene scene = scene_of(model, query, answer, picture);
    struct adv_image image = {0};
    struct adv_bytes png = {0};
    enum adv_status status = prepare(&scene, error);
    if (status == ADV_OK)
        status = painter_of(&scene)->draw(&scene, &image, error);
    /* A picture that was stopped is not whole; encoding it stops at once. */
    if (status == ADV_OK)
        status = adv_png_encode(&image, COMPRESSION, &png, error);
    if (status == ADV_OK)
        status = adv_bytes_append(out, png.data, png.n, error);
    adv_image_release(&image);
    adv_bytes_release(&png);
    release(&scene);
    return status;
}

/* The first frame tells how large all of them are. */
static enum adv_status draw_frames(const struct adv_scene *scene, struct adv_image *images,
                                   struct adv_error *error)
{
    const struct adv_painter *painter = painter_of(scene);
    size_t n = scene->answer->n_frames;
    for (size_t f = 0; f < n; f++) {
        if (!adv_pace_go_on())
            return adv_fail(error, ADV_E_CANCELLED, "stopped before the end");
        enum adv_status status = painter->draw_frame(scene, f, &images[f], error);
        if (status != ADV_OK)
            return status;
        size_t bytes =
            (size_t)images[0].width * (size_t)images[0].height * (size_t)images[0].n_channels;
        if (bytes > ANIMATION_BYTES_MAX / n)
            return adv_fail_field(error, ADV_E_INVALID, "frames",
                                  "frames is %zu; an animation of %d x %d pixels has at most %zu",
                                  n, images[0].width, images[0].height,
                                  ANIMATION_BYTES_MAX / bytes);
    }
    return ADV_OK;
}

enum adv_status adv_render_animation(const struct adv_model *model, const struct adv_query *query,
                                     const struct adv_answer *answer,
                                     const struct adv_picture *picture, struct adv_bytes *out,
                                     struct adv_error *error)
{
    if (query->kind != ADV_QUERY_TRAJECTORIES)
        return adv_fail(error, ADV_E_UNSUPPORTED, "only trajectories have an animation");
    struct adv_scene scene = scene_of(model, query, answer, picture);
    struct adv_bytes png = {0};
    struct adv_image *images = NULL;
    enum adv_status status = prepare(&scene, error);
    if (status == ADV_OK && !(images = adv_calloc(answer->n_frames, sizeof *images)))
        status = adv_no_memory(error);
    if (status == ADV_OK)
        status = draw_frames(&scene, images, error);
    if (status == ADV_OK)
        status = adv_png_encode_animation(answer->n_frames, images, (int)scene.picture.frame_ms,
                                          HOLD_MS, 0, COMPRESSION, &png, error);
    if (status == ADV_OK)
        status = adv_bytes_append(out, png.data, png.n, error);
    for (size_t f = 0; images && f < answer->n_frames; f++)
        adv_image_release(&images[f]);
    free(images);
    adv_bytes_release(&png);
    release(&scene);
    return status;
}
