/* What the kinds of pictures have in common: planes of 2-D points, lines of 1-D ones, pair plots of
 * points of other dimensions, clouds, and grids of images. */
#ifndef ADV_RENDER_PICTURE_H
#define ADV_RENDER_PICTURE_H

#include <advect/extra/render.h>
#include <stdbool.h>

#define ADV_ZOOM_DEFAULT 3
#define ADV_IMAGES_SIDE_MAX 32768      /* of a grid or strip of images, as adv_image_init has it */
#define ADV_IMAGES_PIXELS_MAX 67108864 /* of one, or of all frames of an animation */
#define ADV_PLANE_POINTS_MAX 1048576   /* of a plot, or of all frames of an animation */

/* A part of the plane, half as wide and half as high; half 0: fitted to what is drawn. */
struct adv_box {
    double centre[2], half[2];
};

/* What all frames of a line's picture share, so that it is found once: the range of x, and the
 * height of the density axis or the densities behind paths. */
struct adv_line_scale {
    double lo, hi;
    double height;    /* of the density axis; view=density */
    float *map;       /* owned: densities over (x, t) behind paths; other views */
    double brightest; /* the map's density that is drawn brightest */
};

/* All that a picture is drawn from. */
struct adv_scene {
    const struct adv_model *model;
    const struct adv_query *query;
    const struct adv_answer *answer;
    struct adv_picture picture; /* defaults filled in */
    struct adv_box box;         /* of planes: the same for all frames */
    struct adv_line_scale line; /* of lines, likewise */
};

/* Draws the whole answer, or one frame of trajectories, into image, which the call initialises.
 * prepare, if any, is called once before. */
struct adv_painter {
    enum adv_status (*prepare)(struct adv_scene *scene, struct adv_error *error);
    enum adv_status (*draw)(const struct adv_scene *scene, struct adv_image *image,
                            struct adv_error *error);
    enum adv_status (*draw_frame)(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error);
};

extern const struct adv_painter adv_plane_painter, adv_pairs_painter, adv_line_painter,
    adv_cloud_painter, adv_images_painter;

/* adv_render_check of image models. */
enum adv_status adv_images_check(const struct adv_model *model, const struct adv_query *query,
                                 const struct adv_picture *picture, bool animated,
                                 struct adv_error *error);

/* For qsort, rising; not of NaN. */
int adv_compare_floats(const void *a, const void *b);

/* What part of the plane the pictures of the scene's answer show. */
struct adv_box adv_plane_box(const struct adv_scene *scene);

/* A film strip shows at most so many frames, evenly chosen, the first and the last among them. */
#define ADV_STRIP_FRAMES_MAX 24
size_t adv_strip_frames(const struct adv_scene *scene);
/* The frame at place i of the strip. */
size_t adv_strip_frame(const struct adv_scene *scene, size_t i);

/* Draws the points of frame f into a plot of this size (0: chosen). */
typedef enum adv_status adv_panel_fn(const struct adv_scene *scene, size_t f, int width, int height,
                                     const char *title, struct adv_image *image,
                                     struct adv_error *error);

/* A film strip of plots. */
enum adv_status adv_strip_draw(const struct adv_scene *scene, adv_panel_fn *draw_panel,
                               struct adv_image *image, struct adv_error *error);

/* Plots are not smaller than ADV_PICTURE_SIDE_MIN. */
int adv_picture_side_at_least(int side);

#define ADV_SCENE_TITLE_BYTES 200
/* "moons: 200 samples", or latents. */
void adv_scene_title(const struct adv_scene *scene, char title[ADV_SCENE_TITLE_BYTES]);
/* "moons   t = 0.50" */
void adv_scene_frame_title(const struct adv_scene *scene, size_t f,
                           char title[ADV_SCENE_TITLE_BYTES]);

/* The least and the largest finite value of each column of the first and the last frame, in between
 * which those of the others lie, or nearly: lo, hi [dim]. */
void adv_scene_ranges(const struct adv_scene *scene, double *lo, double *hi);

/* The names of all columns, [dim]; false where they have none. */
bool adv_scene_names(const struct adv_scene *scene, const char **names);

/* The name of a column where points are in the table's units, or NULL. */
const char *adv_scene_column(const struct adv_scene *scene, size_t column);

/* Frame f of the answer's states, [n, dim]. */
const float *adv_scene_frame(const struct adv_scene *scene, size_t f);

#endif
