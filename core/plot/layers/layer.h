/* What a layer is: each kind is one file of the same shape: its struct, bounds, draw, swatch, last
 * its descriptor, and the public function that adds one. Nothing else knows the kinds.
 *
 * A layer is one allocation: the kind's struct, which begins with struct adv_layer and ends in a
 * flexible array of floats, its copy of the data. */
#ifndef ADV_PLOT_LAYER_H
#define ADV_PLOT_LAYER_H

#include "core/plot/axis.h"
#include "core/plot/layout.h"

#include <cairo.h>

struct adv_layer;

/* Where a layer is drawn. */
struct adv_canvas {
    cairo_t *cr;
    const struct adv_layout *layout;
};

struct adv_colour_bar {
    double lo, hi;
    const char *label; /* NULL: no bar */
    bool log;
};

struct adv_layer_kind {
    /* Takes the layer's data into bounds. */
    void (*bounds)(const struct adv_layer *layer, struct adv_bounds *bounds);

    /* Draws what is inside the axes' ranges; only finite coordinates near the frame reach cairo. */
    void (*draw)(const struct adv_layer *layer, const struct adv_canvas *canvas);

    /* Writes the texts that go with what was drawn. NULL: there are none. */
    void (*write)(const struct adv_layer *layer, const struct adv_layout *layout,
                  const struct adv_pen *pen);

    /* Draws a sample for the legend, centred at x, y and width wide. NULL: has no entry. */
    void (*swatch)(const struct adv_layer *layer, const struct adv_canvas *canvas, double x,
                   double y, double width);

    /* Sets the colour bar that explains the layer, if it wants one. NULL: never. */
    void (*colour_bar)(const struct adv_layer *layer, struct adv_colour_bar *bar);
};

struct adv_layer {
    const struct adv_layer_kind *kind;
    int colour;
    double size_px, opacity; /* 0: chosen by the kind */
    char *label;             /* owned, or NULL */
    size_t n;
};

struct adv_plot {
    struct adv_axes axes; /* texts owned */
    struct adv_layer **layers;
    size_t n_layers, capacity;
    int n_labels;
};

/* Allocates a layer of struct_bytes and n * floats_per_row floats, checks mark (NULL: defaults) and
 * fills in the common part. */
enum adv_status adv_layer_new(const struct adv_layer_kind *kind, size_t struct_bytes, size_t n,
                              size_t floats_per_row, const struct adv_mark *mark,
                              struct adv_layer **layer, struct adv_error *error);
void adv_layer_free(struct adv_layer *layer);

/* Hands layer over to plot; on failure it is freed. */
enum adv_status adv_plot_append(struct adv_plot *plot, struct adv_layer *layer,
                                struct adv_error *error);

/* Refuses a plot with a logarithmic axis; what: the layer's kind, plural. */
enum adv_status adv_plot_need_linear(const struct adv_plot *plot, const char *what,
                                     struct adv_error *error);

/* ---- for drawing ---- */

/* All layers, clipped to the frame: marks may reach a little out of it, so that those at its edge
 * are whole. */
void adv_plot_draw_layers(const struct adv_plot *plot, const struct adv_canvas *canvas);

/* How cairo went, as a status. */
enum adv_status adv_plot_outcome(cairo_status_t status, struct adv_error *error);

/* What was drawn on an RGB24 surface of image's size. */
void adv_plot_copy_pixels(cairo_surface_t *surface, struct adv_image *image);

/* The layer's colour of the cycle. */
uint32_t adv_layer_colour(const struct adv_layer *layer);

/* The layer's own size or opacity; fallback, at scale 1, where it has none. */
double adv_layer_size(const struct adv_layer *layer, const struct adv_canvas *canvas,
                      double fallback);
double adv_layer_opacity(const struct adv_layer *layer, double fallback);

struct adv_spot {
    double x, y; /* pixels */
};

/* Where the data point [2] is; true if it is inside the axes' ranges. */
bool adv_canvas_spot(const struct adv_canvas *canvas, const float *point, struct adv_spot *spot);

void adv_canvas_dot(const struct adv_canvas *canvas, double x, double y, double radius);

#endif
