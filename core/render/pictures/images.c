/* Pictures of image models: grids of their images. */
#include "core/base/mem.h"
#include "core/render/pictures/picture.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/plot.h>
#include <math.h>
#include <stdlib.h>

#define GAP_PX 2
#define LATENT_REACH 3.0 /* standard deviations of a standard Gaussian from black to white */

/* What is shown as black and as white, into tone: lo, hi, and how levels lie in between. */
static void find_tone(const struct adv_scene *scene, struct adv_levels *tone)
{
    const struct adv_answer *answer = scene->answer;
    double reach = 1;
    switch (scene->query->kind) {
    case ADV_QUERY_SAMPLES:
    case ADV_QUERY_TRAJECTORIES:
        if (scene->query->space == ADV_SPACE_DATA) {
            *tone = adv_model_levels(scene->model);
            return;
        }
        break;
    case ADV_QUERY_LATENTS:
        reach = LATENT_REACH;
        break;
    case ADV_QUERY_VELOCITY:
        reach = 0;
        for (size_t i = 0; i < answer->n * answer->dim; i++)
            reach = fmax(reach, fabs((double)answer->states[i]));
        reach = reach > 0 ? reach : 1;
        break;
    case ADV_QUERY_LOG_DENSITY:
    case ADV_QUERY_SCORE:
        break;
    }
    *tone = (struct adv_levels){.lo = -reach, .hi = reach};
}

static enum adv_status draw_grid(const struct adv_scene *scene, size_t n, const float *pixels,
                                 struct adv_grid *grid, struct adv_image *image,
                                 struct adv_error *error)
{
    size_t shape[3]; /* channels, height, width */
    struct adv_levels tone;
    adv_model_shape(scene->model, shape);
    find_tone(scene, &tone);
    grid->dequantised = tone.kind == ADV_LEVELS_DEQUANTISED;
    return adv_image_grid(n, (int)shape[0], (int)shape[1], (int)shape[2], pixels, tone.lo, tone.hi,
                          grid, image, error);
}

/* Default labels cycle through the classes: from two cycles on, a row per class is worth
 * reading. */
static bool has_rows_of_classes(const struct adv_model *model, const struct adv_query *query,
                                size_t n, int columns)
{
    size_t classes = adv_model_classes(model);
    return classes > 0 && !query->labels && n >= 2 * classes && columns == 0 &&
           query->kind <= ADV_QUERY_TRAJECTORIES;
}

static size_t lines_for(size_t n, size_t n_other)
{
    return n / n_other + (n % n_other != 0);
}

/* The rows and columns of a grid of n samples. */
static void count_cells(const struct adv_model *model, const struct adv_query *query, size_t n,
                        int columns, size_t *n_rows, size_t *n_columns)
{
    if (has_rows_of_classes(model, query, n, columns)) {
        *n_rows = adv_model_classes(model);
        *n_columns = lines_for(n, *n_rows);
    } else {
        *n_columns = columns ? (size_t)columns : (size_t)ceil(sqrt((double)n));
        *n_rows = lines_for(n, *n_columns);
    }
}

enum adv_status adv_images_check(const struct adv_model *model, const struct adv_query *query,
                                 const struct adv_picture *picture, bool animated,
                                 struct adv_error *error)
{
    size_t shape[3], n_rows, n_columns;
    bool moves = query->kind == ADV_QUERY_TRAJECTORIES;
    double frames = moves && animated ? (double)query->n_times : 1;
    adv_model_shape(model, shape);
    if (moves && !animated) {
        n_rows = query->n;
        n_columns = query->n_times < ADV_STRIP_FRAMES_MAX ? query->n_times : ADV_STRIP_FRAMES_MAX;
    } else {
        count_cells(model, query, query->n, (int)picture->columns, &n_rows, &n_columns);
    }
    double zoom = picture->zoom ? (double)picture->zoom : ADV_ZOOM_DEFAULT;
    double width = (double)n_columns * ((double)shape[2] * zoom + GAP_PX) - GAP_PX;
    double height = (double)n_rows * ((double)shape[1] * zoom + GAP_PX) - GAP_PX;
    if (fmax(width, height) <= ADV_IMAGES_SIDE_MAX &&
        frames * width * height <= ADV_IMAGES_PIXELS_MAX)
        return ADV_OK;
    return adv_fail_field(
        error, ADV_E_INVALID, "n",
        "n is %zu; a picture of so many images would have %.0f x %.0f pixels%s; at most %d a side "
        "and %d in all its frames are drawn: ask for fewer%s or a smaller zoom",
        query->n, width, height, animated ? " a frame" : "", ADV_IMAGES_SIDE_MAX,
        ADV_IMAGES_PIXELS_MAX, animated ? ", fewer frames" : "");
}

/* A row per class: order[row, column] is the column-th image of the class, -1 where there is
 * none. */
static enum adv_status order_by_class(const struct adv_answer *answer, struct adv_grid *grid,
                                      long **out, struct adv_error *error)
{
    size_t n_rows = (size_t)grid->n_rows, n_columns = (size_t)grid->n_columns;
    size_t *counts = adv_calloc(n_rows, sizeof *counts);
    long *order = adv_calloc(n_rows * n_columns, sizeof *order);
    if (!counts || !order) {
        free(counts);
        free(order);
        return adv_no_memory(error);
    }
    for (size_t i = 0; i < n_rows * n_columns; i++)
        order[i] = -1;
    for (size_t i = 0; i < answer->n; i++) {
        size_t class = (size_t)answer->labels[i];
        if (counts[class] == n_columns)
            adv_bug("more than %zu of %zu samples are of class %zu", n_columns, answer->n, class);
        order[class * n_columns + counts[class]++] = (long)i;
    }
    free(counts);
    grid->order = *out = order;
    return ADV_OK;
}

static enum adv_status draw_frame(const struct adv_scene *scene, size_t f, struct adv_image *image,
                                  struct adv_error *error)
{
    const struct adv_answer *answer = scene->answer;
    int columns = (int)scene->picture.columns;
    size_t n_rows, n_columns;
    count_cells(scene->model, scene->query, answer->n, columns, &n_rows, &n_columns);
    struct adv_grid grid = {.n_rows = (int)n_rows,
                            .n_columns = (int)n_columns,
                            .gap_px = GAP_PX,
                            .zoom = (int)scene->picture.zoom};
    long *order = NULL;
    enum adv_status status = ADV_OK;
    if (answer->labels && has_rows_of_classes(scene->model, scene->query, answer->n, columns))
        status = order_by_class(answer, &grid, &order, error);
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
                            .zoom = (int)scene->picture.zoom,
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
