/* Pictures of points of any dimension up to 16: pair plots, of dots or of histograms. */
#include "core/render/pictures/picture.h"

#include <advect/extra/plot.h>
#include <stdio.h>
#include <string.h>

static enum adv_status draw_points(const struct adv_scene *scene, size_t f, int width, int height,
                                   const char *title, struct adv_image *image,
                                   struct adv_error *error)
{
    (void)height;
    const char *names[ADV_PAIRS_DIM_MAX];
    double lo[ADV_PAIRS_DIM_MAX], hi[ADV_PAIRS_DIM_MAX];
    struct adv_point_set set = {.n = scene->answer->n, .points = adv_scene_frame(scene, f)};
    struct adv_pairs pairs = {.dim = scene->answer->dim,
                              .n_sets = 1,
                              .sets = &set,
                              .densities = scene->picture.view == ADV_VIEW_DENSITY,
                              .side = width,
                              .title = title};
    if (adv_scene_names(scene, names))
        pairs.names = names;
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES) {
        adv_scene_ranges(scene, lo, hi);
        pairs.lo = lo;
        pairs.hi = hi;
    }
    return adv_pairs_render(&pairs, image, error);
}

static enum adv_status draw(const struct adv_scene *scene, struct adv_image *image,
                            struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES)
        return adv_strip_draw(scene, draw_points, image, error);
    adv_scene_title(scene, title);
    if (scene->picture.view == ADV_VIEW_DENSITY)
        snprintf(title + strlen(title), sizeof title - strlen(title), ", marginals by histogram");
    return draw_points(scene, 0, (int)scene->picture.width, 0, title, image, error);
}

static enum adv_status draw_frame(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    adv_scene_frame_title(scene, f, title);
    return draw_points(scene, f, (int)scene->picture.width, 0, title, image, error);
}

const struct adv_painter adv_pairs_painter = {.draw = draw, .draw_frame = draw_frame};
