/* What pictures of one dimension have in common. */
#ifndef ADV_RENDER_LINE_H
#define ADV_RENDER_LINE_H

#include "core/render/pictures/picture.h"

/* The name of the axis. */
const char *adv_line_name(const struct adv_scene *scene);

/* The density of n values in bins that tile [lo, hi]: densities [n_bins]. */
void adv_line_count(size_t n, const float *values, double lo, double hi, size_t n_bins,
                    float *densities);

/* "moons: 40 of 1000 paths" */
void adv_paths_title(const struct adv_scene *scene, char title[ADV_SCENE_TITLE_BYTES]);

/* The densities of all times behind the paths of a scene whose range is known, into scale->map, the
 * scene's to free, and which of them is drawn brightest. */
enum adv_status adv_paths_prepare(const struct adv_scene *scene, struct adv_line_scale *scale,
                                  struct adv_error *error);

/* Paths and densities up to frame `last`, on axes of all frames, of a scene that is prepared. */
enum adv_status adv_paths_draw(const struct adv_scene *scene, size_t last, const char *title,
                               struct adv_image *image, struct adv_error *error);

#endif
