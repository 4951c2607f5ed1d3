/* The looks of every picture: all colours, widths and sizes, in this one table.
 * Lengths are pixels of a 640 x 640 picture; they grow with it, a little less than it does. */
#ifndef ADV_PLOT_STYLE_H
#define ADV_PLOT_STYLE_H

#include <stdint.h>

#define ADV_STYLE_CYCLE 7
#define ADV_STYLE_GROUND 0xffffff

struct adv_plot_style {
    /* Colours, 0xRRGGBB */
    uint32_t ground;
    uint32_t ink;       /* titles */
    uint32_t quiet;     /* labels */
    uint32_t axis;      /* axes and ticks */
    uint32_t rule;      /* the lines across the frame at the ticks */
    uint32_t frame;     /* the frame of bare axes */
    uint32_t tile_grey; /* of tiles without a value */
    /* Okabe and Ito's hues, told apart with any colour vision; without the yellow, too pale on
     * white */
    uint32_t cycle[ADV_STYLE_CYCLE];

    /* Text */
    const char *font;
    double title_size, label_size, tick_size, exponent_size; /* the last: of the text's own size */
    double exponent_rise;                                    /* of the text's size */
    double cap_height;                                       /* of the text's size */
    double line_height;                                      /* of the text's size */

    /* Layout */
    double margin, gap;
    double tick_length, minor_tick_length, axis_width, rule_width;
    double x_tick_spacing, y_tick_spacing; /* at least so far apart, on average */
    double swatch_width, legend_gap;
    double bar_gap, bar_width;
    double overhang; /* how far marks may reach out of the frame */
    /* scale: (side of a square of the picture's area / reference_side)^scale_power, or
     * least_scale */
    double reference_side, scale_power, least_scale;
    double range_padding; /* of the range, on both sides of fitted data */

    /* Marks */
    double line_width;
    double dot_radius, dot_least, dot_most; /* of a scatter of 64 points; its bounds */
    double dot_opacity;
    double bar_line_width, bar_cap, bar_dot; /* of error bars */
    double histogram_opacity;
    double arrow_width, arrow_reach; /* the latter in spacings of the points */
    double arrow_head, arrow_head_most, arrow_head_slope, arrow_least;
    double arrow_halo, arrow_halo_opacity;
};

static const struct adv_plot_style adv_style = {
    .ground = ADV_STYLE_GROUND,
    .ink = 0x1c1c1e,
    .quiet = 0x48484c,
    .axis = 0x8a8a90,
    .rule = 0xebebee,
    .frame = 0xdcdce0,
    .tile_grey = 0xcfcfd4,
    .cycle = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x4a4a4f},

    .font = "DejaVu Sans",
    .title_size = 15,
    .label_size = 13,
    .tick_size = 11.5,
    .exponent_size = 0.72,
    .exponent_rise = 0.42,
    .cap_height = 0.73,
    .line_height = 1.4,

    .margin = 10,
    .gap = 6,
    .tick_length = 4,
    .minor_tick_length = 2.5,
    .axis_width = 1,
    .rule_width = 1,
    .x_tick_spacing = 50,
    .y_tick_spacing = 38,
    .swatch_width = 18,
    .legend_gap = 18,
    .bar_gap = 14,
    .bar_width = 14,
    .overhang = 5,
    .reference_side = 640,
    .scale_power = 0.6,
    .least_scale = 0.85,
    .range_padding = 0.04,

    .line_width = 1.8,
    .dot_radius = 4,
    .dot_least = 1,
    .dot_most = 4.5,
    .dot_opacity = 0.85,
    .bar_line_width = 1.4,
    .bar_cap = 3.5,
    .bar_dot = 3,
    .histogram_opacity = 0.3,
    .arrow_width = 1.3,
    .arrow_reach = 1.3,
    .arrow_head = 0.32,
    .arrow_head_most = 9,
    .arrow_head_slope = 0.42,
    .arrow_least = 3,
    .arrow_halo = 1,
    .arrow_halo_opacity = 0.7,
};

#endif
