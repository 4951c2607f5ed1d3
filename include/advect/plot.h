/* Pictures of flows, drawn with cairo into RGB images: for files, and for the
 * daemon's picture routes. All of them share one style: a light ground, thin axes with
 * readable ticks, a title, and the one colour map. Thread-safe. */
#ifndef ADVECT_PLOT_H
#define ADVECT_PLOT_H

#include <advect/png.h>
#include <advect/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/* A pair of axes: what part of the plane is shown, and how. Zero-initialise for the defaults. */
struct adv_axes {
    int width, height;              /* pixels, 64..4096; 0: 640 x 640 */
    double x_lo, x_hi, y_lo, y_hi;  /* data ranges; lo >= hi: fitted to the data */
    const char *title, *x_label, *y_label; /* or NULL */
    bool equal_aspect;              /* one unit is as long on x as on y */
    bool log_y;
};

struct adv_plot;

enum adv_status adv_plot_new(const struct adv_axes *axes, struct adv_plot **plot,
                             struct adv_error *error);
void adv_plot_free(struct adv_plot *plot);

/* Layers are drawn in the order they are added; data are copied or drawn before returning.
 * points [n, 2], radius in pixels; colour_values [n] in [0,1] pick from the colour map, or NULL for
 * the accent colour; label appears in the legend, or NULL. */
enum adv_status adv_plot_scatter(struct adv_plot *plot, size_t n, const float *points,
                                 const float *colour_values, double radius_px, double opacity,
                                 const char *label, struct adv_error *error);
/* values [n_rows, n_columns]: cell centres span the axes' ranges, row 0 at y_lo. NaN is left blank.
 * lo >= hi: fitted. A colour bar labelled bar_label (or none if NULL) is added. */
enum adv_status adv_plot_heat_map(struct adv_plot *plot, size_t n_rows, size_t n_columns,
                                  const float *values, double lo, double hi, const char *bar_label,
                                  struct adv_error *error);
/* An arrow from each of points [n,2] along vectors [n,2] (data units x scale; scale 0: chosen). */
enum adv_status adv_plot_arrows(struct adv_plot *plot, size_t n, const float *points,
                                const float *vectors, double scale, struct adv_error *error);
/* A poly-line through points [n,2] in the i-th colour of the cycle. */
enum adv_status adv_plot_line(struct adv_plot *plot, size_t n, const float *points, int colour,
                              double width_px, const char *label, struct adv_error *error);

/* Renders into image (initialised by the call, 3 channels); the plot stays usable. */
enum adv_status adv_plot_render(struct adv_plot *plot, struct adv_image *image,
                                struct adv_error *error);

/* The colour map: value in [0,1] (clamped) to RGB; perceptually ordered, dark to bright. */
void adv_plot_colour(double value, uint8_t rgb[3]);

/* A grid of images: pixels [n, channels, height, width] with intensities lo..hi, clamped; n_columns
 * per row, gap_px between, each pixel drawn zoom x zoom. order [n_rows * n_columns] names the image
 * in each cell (-1: blank), or NULL for 0, 1, 2 ... */
enum adv_status adv_image_grid(size_t n, int channels, int height, int width, const float *pixels,
                               double lo, double hi, int n_columns, int gap_px, int zoom,
                               const long *order, struct adv_image *image, struct adv_error *error);

#pragma GCC visibility pop
#endif
