/* Where everything is: frame, axes, ticks, texts, legend, colour bar. Made once per rendering. */
#ifndef ADV_PLOT_LAYOUT_H
#define ADV_PLOT_LAYOUT_H

#include "core/plot/axis.h"
#include "core/plot/text.h"
#include "core/plot/ticks.h"

#define ADV_LEGEND_MOST 12

struct adv_plot;
struct adv_layer;

/* Whole pixels, so that heat maps and axes are sharp. */
struct adv_frame {
    int left, top, width, height;
};

/* An axis' label, completed with the factor of its ticks. text NULL: none. */
struct adv_axis_label {
    const char *text, *tail;
    char exponent[ADV_EXPONENT_BYTES];
};

struct adv_legend_entry {
    const struct adv_layer *layer;
    double x, y; /* left end and centre line, from the left and the top of the legend */
    double text_width;
};

struct adv_legend {
    int n, n_rows;
    struct adv_legend_entry entries[ADV_LEGEND_MOST];
};

/* Distances from the frame, outwards; base lines of texts. */
struct adv_offsets {
    double x_ticks, x_label;
    double y_ticks, y_label;
    double legend, title; /* legend: its top */
    double bar, bar_ticks, bar_label;
};

struct adv_layout {
    double scale; /* of the style's lengths */
    struct adv_frame frame;
    struct adv_offsets offsets;
    struct adv_axis x, y, bar;
    struct adv_ticks x_ticks, y_ticks, bar_ticks; /* n 0: none */
    struct adv_axis_label x_label, y_label, bar_label;
    const char *title;  /* NULL: none */
    double title_width; /* from the frame's left to the picture's margin */
    bool has_bar;
    bool bare; /* a frame in place of axes */
    struct adv_legend legend;
};

/* Never fails: pictures too small for everything go without labels, then title and legend, then
 * ticks and bar. */
void adv_layout_make(const struct adv_plot *plot, const struct adv_pen *pen,
                     struct adv_layout *layout);

/* A style's length in pixels of this picture. */
double adv_layout_length(const struct adv_layout *layout, double length);

#endif
