/* Pictures of points that are neither images nor of the plane: pair plots. */
#include "core/render/pictures/picture.h"

#include <advect/extra/plot.h>
#include <math.h>
#include <stdio.h>

struct ranges {
    double lo[ADV_PAIRS_DIM_MAX], hi[ADV_PAIRS_DIM_MAX];
};

static bool read_names(const struct adv_scene *scene, const char *names[ADV_PAIRS_DIM_MAX])
{
    for (size_t i = 0; i < scene->answer->dim; i++) {
        names[i] = adv_scene_column(scene, i);
        if (!names[i])
            return false;
    }
    return true;
}

static void widen(struct ranges *ranges, size_t n, size_t dim, const float *points)
{
    for (size_t i = 0; i < n * dim; i++) {
        double value = (double)points[i], *lo = &ranges->lo[i % dim], *hi = &ranges->hi[i % dim];
        if (!isfinite(value))
            continue;
        *lo = fmin(*lo, value);
        *hi = fmax(*hi, value);
    }
}

/* Those of the first and the last frame, in between which the others lie, or nearly. */
static void frame_ranges(const struct adv_scene *scene, struct ranges *ranges)
{
    const struct adv_answer *answer = scene->answer;
    for (size_t i = 0; i < answer->dim; i++) {
        ranges->lo[i] = INFINITY;
        ranges->hi[i] = -INFINITY;
    }
    widen(ranges, answer->n, answer->dim, adv_scene_frame(scene, 0));
    widen(ranges, answer->n, answer->dim, adv_scene_frame(scene, answer->n_frames - 1));
}

static enum adv_status draw_points(const struct adv_scene *scene, size_t f, int width, int height,
                                   const char *title, struct adv_image *image,
                                   struct adv_error *error)
{
    (void)height;
    const char *names[ADV_PAIRS_DIM_MAX];
    struct ranges ranges;
    struct adv_point_set set = {.n = scene->answer->n, .points = adv_scene_frame(scene, f)};
    struct adv_pairs pairs = {
        .dim = scene->answer->dim, .n_sets = 1, .sets = &set, .side = width, .title = title};
    if (read_names(scene, names))
        pairs.names = names;
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES) {
        frame_ranges(scene, &ranges);
        pairs.lo = ranges.lo;
        pairs.hi = ranges.hi;
    }
    return adv_pairs_render(&pairs, image, error);
}

static enum adv_status draw(const struct adv_scene *scene, struct adv_image *image,
                            struct adv_error *error)
{
    bool latents = scene->query->kind == ADV_QUERY_LATENTS;
    size_t n = scene->answer->n;
    char title[200];
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES)
        return adv_strip_draw(scene, draw_points, image, error);
    snprintf(title, sizeof title, "%s: %zu %s%s", adv_model_name(scene->model), n,
             latents ? "latent" : "sample", n == 1 ? "" : "s");
    return draw_points(scene, 0, (int)scene->picture.width, 0, title, image, error);
}

static enum adv_status draw_frame(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error)
{
    char title[200];
    snprintf(title, sizeof title, "%s   t = %.2f", adv_model_name(scene->model),
             scene->answer->times[f]);
    return draw_points(scene, f, (int)scene->picture.width, 0, title, image, error);
}

const struct adv_painter adv_pairs_painter = {.draw = draw, .draw_frame = draw_frame};
