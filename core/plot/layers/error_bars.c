/* Dots with upright bars. A bar that leaves the frame is cut there and has no cap at that end. */
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <math.h>
#include <string.h>

struct error_bars {
    struct adv_layer layer;
    float data[]; /* points [n, 2], then half heights [n] */
};

static const float *data_of(const struct adv_layer *layer)
{
    return ((const struct error_bars *)layer)->data;
}

static void bounds(const struct adv_layer *layer, struct adv_bounds *bounds)
{
    const float *points = data_of(layer), *half_heights = points + 2 * layer->n;
    for (size_t i = 0; i < layer->n; i++) {
        double x = points[2 * i], y = points[2 * i + 1], half = fabs((double)half_heights[i]);
        adv_bounds_add(bounds, x, y);
        adv_bounds_add(bounds, x, y - half);
        adv_bounds_add(bounds, x, y + half);
    }
}

/* One end of a bar: the pixel of y, or the frame's edge at that side. */
static double draw_end(const struct adv_canvas *canvas, double x, double y, double cap)
{
    const struct adv_axis *axis = &canvas->layout->y;
    if (y < axis->lo)
        return axis->px_lo;
    if (y > axis->hi)
        return axis->px_hi;
    double pixel = adv_axis_pixel(axis, y);
    cairo_move_to(canvas->cr, x - cap, pixel);
    cairo_line_to(canvas->cr, x + cap, pixel);
    return pixel;
}

static void draw_bar(const struct adv_canvas *canvas, const float *point, double half_height,
                     double cap)
{
    const struct adv_layout *layout = canvas->layout;
    double lo = point[1] - fabs(half_height), hi = point[1] + fabs(half_height);
    if (!isfinite(lo) || !isfinite(hi) || hi < layout->y.lo || lo > layout->y.hi ||
        !adv_axis_shows(&layout->x, point[0]))
        return;
    double x = adv_axis_pixel(&layout->x, point[0]);
    double from = draw_end(canvas, x, lo, cap), to = draw_end(canvas, x, hi, cap);
    cairo_move_to(canvas->cr, x, from);
    cairo_line_to(canvas->cr, x, to);
}

static void draw(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const float *points = data_of(layer), *half_heights = points + 2 * layer->n;
    const struct adv_layout *layout = canvas->layout;
    cairo_set_line_width(canvas->cr, adv_layer_size(layer, canvas, adv_style.bar_line_width));
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_BUTT);
    adv_paint_with(canvas->cr, adv_layer_colour(layer), adv_layer_opacity(layer, 1));
    for (size_t i = 0; i < layer->n; i++) {
        draw_bar(canvas, points + 2 * i, half_heights[i],
                 adv_layout_length(layout, adv_style.bar_cap));
        cairo_stroke(canvas->cr);
        struct adv_spot spot;
        if (adv_canvas_spot(canvas, points + 2 * i, &spot)) {
            adv_canvas_dot(canvas, spot.x, spot.y, adv_layout_length(layout, adv_style.bar_dot));
            cairo_fill(canvas->cr);
        }
    }
}

static void swatch(const struct adv_layer *layer, const struct adv_canvas *canvas, double x,
                   double y, double width)
{
    cairo_set_line_width(canvas->cr, adv_layer_size(layer, canvas, adv_style.bar_line_width));
    adv_paint_with(canvas->cr, adv_layer_colour(layer), 1);
    cairo_move_to(canvas->cr, x, y - width / 3);
    cairo_line_to(canvas->cr, x, y + width / 3);
    cairo_stroke(canvas->cr);
    adv_canvas_dot(canvas, x, y, adv_layout_length(canvas->layout, adv_style.bar_dot));
    cairo_fill(canvas->cr);
}

static const struct adv_layer_kind error_bars_kind = {
    .bounds = bounds,
    .draw = draw,
    .swatch = swatch,
};

enum adv_status adv_plot_error_bars(struct adv_plot *plot, size_t n, const float *points,
                                    const float *half_heights, const struct adv_mark *mark,
                                    struct adv_error *error)
{
    struct adv_layer *layer;
    enum adv_status status =
        adv_layer_new(&error_bars_kind, sizeof(struct error_bars), n, 3, mark, &layer, error);
    if (status != ADV_OK)
        return status;
    struct error_bars *bars = (struct error_bars *)layer;
    if (n > 0) {
        memcpy(bars->data, points, n * 2 * sizeof *points);
        memcpy(bars->data + 2 * n, half_heights, n * sizeof *half_heights);
    }
    return adv_plot_append(plot, layer, error);
}
