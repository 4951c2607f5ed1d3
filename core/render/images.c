/* Pictures of image models: grids of their images. */
#include "core/base/mem.h"
#include "core/render/picture.h"

#include <advect/plot.h>
#include <math.h>
#include <stdlib.h>

#define GAP_PX 2
#define LATENT_REACH 3.0 /* deviations of a standard Gaussian from black to white */

/* The intensities shown as black and white. */
static void find_range(const struct adv_scene *scene, double *lo, double *hi)
{
    const struct adv_answer *answer = scene->answer;
    *lo = -1; /* what networks without a stated range are mostly trained on */
    *hi = 1;
    switch (scene->query->kind) {
    case ADV_QUERY_SAMPLES:
    case ADV_QUERY_TRAJECTORIES:
        if (scene->query->space == ADV_SPACE_DATA)
            adv_transform_range(adv_model_transform(scene->model), lo, hi);
        return;
    case ADV_QUERY_LATENTS:
        *hi = LATENT_REACH;
        break;
    case ADV_QUERY_VELOCITY:
        *hi = 0;
        for (size_t i = 0; i < answer->n * answer->dim; i++)
            *hi = fmax(*hi, fabs((double)answer->states[i]));
        *hi = *hi > 0 ? *hi : 1;
        break;
    case ADV_QUERY_LOG_DENSITY:
        break;
    }
    *lo = -*hi;
}

static enum adv_status draw_grid(const struct adv_scene *scene, size_t n, const float *pixels,
                                 const struct adv_grid *grid, struct adv_image *image,
                                 struct adv_error *error)
{
    size_t shape[3]; /* channels, height, width */
    double lo, hi;
    adv_model_shape(scene->model, shape);
    find_range(scene, &lo, &hi);
    return adv_image_grid(n, (int)shape[0], (int)shape[1], (int)shape[2], pixels, lo, hi, grid,
                          image, error);
}

/* A row per class: order[row, column] is the column-th image of the class, -1 where there is none.
 */
static enum adv_status order_by_class(const struct adv_answer *answer, size_t classes,
                                      struct adv_grid *grid, long **out, struct adv_error *error)
{
    size_t n_columns = 0, n_cells;
    size_t *counts = adv_calloc(classes, sizeof *counts);
    long *order = NULL;
    if (!counts)
        return adv_no_memory(error);
    for (size_t i = 0; i < answer->n; i++) {
        size_t count = ++counts[answer->labels[i]];
        n_columns = count > n_columns ? count : n_columns;
    }
    if (adv_mul_size(classes, n_columns, &n_cells))
        order = adv_calloc(n_cells, sizeof *order);
    for (size_t i = 0; order && i < n_cells; i++)
        order[i] = -1;
    for (size_t i = answer->n; order && i-- > 0;) {
        size_t class = (size_t)answer->labels[i];
        order[class * n_columns + --counts[class]] = (long)i;
    }
    free(counts);
    if (!order)
        return adv_no_memory(error);
    grid->n_rows = (int)classes;
    grid->n_columns = (int)n_columns;
    grid->order = *out = order;
    return ADV_OK;
}

static enum adv_status draw_frame(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error)
{
    const struct adv_answer *answer = scene->answer;
    size_t classes = adv_model_classes(scene->model);
    struct adv_grid grid = {
        .n_columns = scene->picture.columns, .gap_px = GAP_PX, .zoom = scene->picture.zoom};
    /* Labels that nobody asked for go round the classes: two rounds make a table worth reading. */
    bool by_class = !scene->query->labels && answer->labels && answer->n >= 2 * classes &&
                    scene->picture.columns == 0 && scene->query->kind <= ADV_QUERY_TRAJECTORIES;
    long *order = NULL;
    enum adv_status status = ADV_OK;
    if (by_class)
        status = order_by_class(answer, classes, &grid, &order, error);
    if (status == ADV_OK)
        status = draw_grid(scene, answer->n, adv_scene_frame(scene, f), &grid, image, error);
    free(order);
    return status;
}

/* A row per sample, a column per frame. */
static enum adv_status draw_strip(const struct adv_scene *scene, struct adv_image *image,
                                  struct adv_error *error)
{
    size_t n = scene->answer->n, columns = adv_strip_frames(scene), n_cells;
    long *order = adv_mul_size(n, columns, &n_cells) ? adv_calloc(n_cells, sizeof *order) : NULL;
    if (!order)
        return adv_no_memory(error);
    for (size_t i = 0; i < n_cells; i++)
        order[i] = (long)(adv_strip_frame(scene, i % columns) * n + i / columns);
    struct adv_grid grid = {.n_columns = (int)columns,
                            .n_rows = (int)n,
                            .gap_px = GAP_PX,
                            .zoom = scene->picture.zoom,
                            .order = order};
    enum adv_status status =
        draw_grid(scene, scene->answer->n_frames * n, scene->answer->states, &grid, image, error);
    free(order);
    return status;
}

static enum adv_status draw(const struct adv_scene *scene, struct adv_image *image,
                            struct adv_error *error)
{
    if (scene->query->kind == ADV_QUERY_LOG_DENSITY)
        return adv_fail(error, ADV_E_UNSUPPORTED, "log-densities of images have no picture");
    if (scene->query->kind == ADV_QUERY_TRAJECTORIES)
        return draw_strip(scene, image, error);
    return draw_frame(scene, 0, image, error);
}

const struct adv_painter adv_images_painter = {.draw = draw, .draw_frame = draw_frame};
