/* Pictures of points of space as clouds. An animation turns while its points move. */
#include "core/render/pictures/picture.h"

#include <advect/extra/plot.h>
#include <math.h>

static enum adv_status draw_cloud(const struct adv_scene *scene, size_t f, double azimuth,
                                  int width, int height, const char *title, struct adv_image *image,
                                  struct adv_error *error)
{
    const char *names[3];
    double lo[3], hi[3];
    struct adv_cloud cloud = {.n = scene->answer->n,
                              .points = adv_scene_frame(scene, f),
                              .azimuth = fmod(azimuth, 360),
                              .elevation = scene->picture.elevation,
                              .width = width,
                              .height = height,
                              .title = title};
    if (adv_scene_names(scene, names))
        cloud.names = names;
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES) {
        adv_scene_ranges(scene, lo, hi);
        cloud.lo = lo;
        cloud.hi = hi;
    }
    return adv_cloud_render(&cloud, image, error);
}

static enum adv_status draw_panel(const struct adv_scene *scene, size_t f, int width, int height,
                                  const char *title, struct adv_image *image,
                                  struct adv_error *error)
{
    return draw_cloud(scene, f, scene->picture.azimuth, width, height, title, image, error);
}

static enum adv_status draw(const struct adv_scene *scene, struct adv_image *image,
                            struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES)
        return adv_strip_draw(scene, draw_panel, image, error);
    adv_scene_title(scene, title);
    return draw_panel(scene, 0, (int)scene->picture.width, (int)scene->picture.height, title, image,
                      error);
}

static enum adv_status draw_frame(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error)
{
    char title[ADV_SCENE_TITLE_BYTES];
    size_t n = scene->answer->n_frames;
    double left = n > 1 ? (double)(n - 1 - f) / (double)(n - 1) : 0; /* of the turn */
    adv_scene_frame_title(scene, f, title);
    return draw_cloud(scene, f, scene->picture.azimuth - left * scene->picture.turn,
                      (int)scene->picture.width, (int)scene->picture.height, title, image, error);
}

const struct adv_painter adv_cloud_painter = {.draw = draw, .draw_frame = draw_frame};
