#include "trainer/figure/figure.h"

#include <advect/extra/model_parts.h>

#include <math.h>
#include <stdlib.h>

#define IMAGES_GAP_PX 3
#define ARROW_REACH 1.15 /* of a cell: the length of the fastest arrows */
#define ARROW_OPACITY 0.55
#define ARROW_SPEED 2.0 /* that gives an arrow half its reach */
#define N_COLOURS 8     /* of points by their origin: few, so that small files keep them apart */

enum adv_status adv_panel_new(int side, double half_side, const char *title, struct adv_plot **plot,
                              struct adv_error *error)
{
    struct adv_axes axes = {
        .width = side,
        .height = title ? side + side / 16 : side,
        .x_lo = -half_side,
        .x_hi = half_side,
        .y_lo = -half_side,
        .y_hi = half_side,
        .title = title,
        .equal_aspect = true,
        .bare = true,
    };
    return adv_plot_new(&axes, plot, error);
}

enum adv_status adv_panel_finish(enum adv_status status, struct adv_plot *plot,
                                 struct adv_image *image, struct adv_error *error)
{
    if (status == ADV_OK)
        status = adv_plot_render(plot, image, error);
    adv_plot_free(plot);
    return status;
}

enum adv_status adv_easel_check_images(const struct adv_easel *easel, struct adv_error *error)
{
    if (adv_model_is_image(easel->model))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "model",
                          "model %s is not one of images; this figure needs such a one",
                          adv_model_name(easel->model));
}

enum adv_status adv_panel_images(const struct adv_easel *easel, size_t n, const float *pixels,
                                 int n_columns, struct adv_image *image, struct adv_error *error)
{
    size_t shape[3];
    adv_model_shape(easel->model, shape);
    struct adv_levels levels = adv_model_levels(easel->model);
    int zoom = easel->side / (int)shape[2];
    const struct adv_grid grid = {.n_columns = n_columns,
                                  .gap_px = IMAGES_GAP_PX,
                                  .zoom = zoom > 1 ? zoom : 1,
                                  .dequantised = levels.kind == ADV_LEVELS_DEQUANTISED};
    return adv_image_grid(n, (int)shape[0], (int)shape[1], (int)shape[2], pixels, levels.lo,
                          levels.hi, &grid, image, error);
}

float *adv_panel_grid(size_t n_side, double half_side)
{
    float *grid = calloc(n_side * n_side, 2 * sizeof *grid);
    double cell = 2 * half_side / (double)n_side;
    for (size_t i = 0; grid && i < n_side * n_side; i++) {
        size_t row = i / n_side, column = i % n_side;
        grid[2 * i] = (float)(-half_side + ((double)column + 0.5) * cell);
        grid[2 * i + 1] = (float)(-half_side + ((double)row + 0.5) * cell);
    }
    return grid;
}

enum adv_status adv_panel_arrows(struct adv_plot *plot, size_t n_side, double half_side,
                                 const float *grid, float *v, struct adv_error *error)
{
    size_t n = n_side * n_side;
    double reach = ARROW_REACH * 2 * half_side / (double)n_side;
    struct adv_mark mark = {.colour = ADV_INK_QUIET, .opacity = ARROW_OPACITY};
    for (size_t i = 0; i < n; i++) {
        double speed = hypot((double)v[2 * i], (double)v[2 * i + 1]);
        float factor = (float)(reach / (speed + ARROW_SPEED));
        v[2 * i] *= factor;
        v[2 * i + 1] *= factor;
    }
    return adv_plot_arrows(plot, n, grid, v, 1, &mark, error);
}

enum adv_status adv_panel_segments(struct adv_plot *plot, size_t n, const float *from,
                                   const float *to, const struct adv_mark *mark,
                                   struct adv_error *error)
{
    float *points = calloc(n, 6 * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    for (size_t i = 0; i < n; i++) {
        float *at = points + 6 * i;
        for (int k = 0; k < 2; k++) {
            at[k] = from[2 * i + (size_t)k];
            at[2 + k] = to[2 * i + (size_t)k];
            at[4 + k] = NAN; /* the line ends here */
        }
    }
    enum adv_status status = adv_plot_line(plot, 3 * n, points, mark, error);
    free(points);
    return status;
}

enum adv_status adv_panel_trails(struct adv_plot *plot, size_t n_trails, size_t n_frames, size_t n,
                                 const float *states, const struct adv_mark *mark,
                                 struct adv_error *error)
{
    float *points = calloc(n_trails * (n_frames + 1), 2 * sizeof *points), *at = points;
    if (!points)
        return adv_no_memory(error);
    for (size_t i = 0; i < n_trails; i++) {
        for (size_t f = 0; f < n_frames; f++, at += 2) {
            at[0] = states[2 * (f * n + i)];
            at[1] = states[2 * (f * n + i) + 1];
        }
        at[0] = at[1] = NAN; /* the line ends here */
        at += 2;
    }
    enum adv_status status = adv_plot_line(plot, n_trails * (n_frames + 1), points, mark, error);
    free(points);
    return status;
}

float *adv_origin_colours(size_t n, size_t dim, const float *base)
{
    float *colours = calloc(n, sizeof *colours);
    for (size_t i = 0; colours && i < n; i++) {
        double left = 0.5 * erfc(-(double)base[i * dim] / sqrt(2)); /* share of the Gaussian */
        colours[i] = (float)((fmin(floor(left * N_COLOURS), N_COLOURS - 1) + 0.5) / N_COLOURS);
    }
    return colours;
}
