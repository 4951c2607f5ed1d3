/* A field of arrows, each from its point along its vector; those too short to have a head are dots.
 * A halo of the ground's colour sets them off from whatever is below, a heat map say.
 *
 * The chosen scale gives the longest arrow the length of arrow_reach spacings. The spacing d is
 * that of a square grid of as many points in the points' box, w x h pixels: (w/d + 1)(h/d + 1) = n,
 * so (n - 1) d^2 - (w + h) d - w h = 0. */
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <math.h>
#include <string.h>

#define SCALE_MOST 1e50 /* times any float: within what axes can show */
#define LONE_REACH 0.15 /* of the frame's shorter side: the spacing of a single point */

struct arrows {
    struct adv_layer layer;
    double scale;
    float data[]; /* points [n, 2], then vectors [n, 2] */
};

struct arrow {
    struct adv_spot tail;
    double dx, dy; /* pixels of the vector at scale 1 */
};

static const struct arrows *arrows_of(const struct adv_layer *layer)
{
    return (const struct arrows *)layer;
}

static void bounds(const struct adv_layer *layer, struct adv_bounds *bounds)
{
    const struct arrows *arrows = arrows_of(layer);
    const float *points = arrows->data, *vectors = points + 2 * layer->n;
    for (size_t i = 0; i < layer->n; i++) {
        double x = points[2 * i], y = points[2 * i + 1];
        adv_bounds_add(bounds, x, y);
        adv_bounds_add(bounds, x + arrows->scale * vectors[2 * i],
                       y + arrows->scale * vectors[2 * i + 1]);
    }
}

/* The i-th arrow in pixels; false if it is not to be drawn. */
static bool arrow_at(const struct adv_layer *layer, const struct adv_canvas *canvas, size_t i,
                     struct arrow *arrow)
{
    const float *point = arrows_of(layer)->data + 2 * i, *vector = point + 2 * layer->n;
    const struct adv_axis *x = &canvas->layout->x, *y = &canvas->layout->y;
    if (!isfinite(vector[0]) || !isfinite(vector[1]) ||
        !adv_canvas_spot(canvas, point, &arrow->tail))
        return false;
    arrow->dx = vector[0] / (x->hi - x->lo) * (x->px_hi - x->px_lo);
    arrow->dy = vector[1] / (y->hi - y->lo) * (y->px_hi - y->px_lo);
    return true;
}

static double spacing_of(double n, double width, double height, double lone)
{
    double sum = width + height;
    if (n < 2 || sum <= 0)
        return lone;
    return (sum + sqrt(sum * sum + 4 * (n - 1) * width * height)) / (2 * (n - 1));
}

static double choose_scale(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const struct adv_frame *frame = &canvas->layout->frame;
    double n = 0, longest = 0, left = INFINITY, right = -INFINITY, top = INFINITY,
           bottom = -INFINITY;
    for (size_t i = 0; i < layer->n; i++) {
        struct arrow arrow;
        if (!arrow_at(layer, canvas, i, &arrow))
            continue;
        n++;
        longest = fmax(longest, hypot(arrow.dx, arrow.dy));
        left = fmin(left, arrow.tail.x);
        right = fmax(right, arrow.tail.x);
        top = fmin(top, arrow.tail.y);
        bottom = fmax(bottom, arrow.tail.y);
    }
    double lone = LONE_REACH * fmin(frame->width, frame->height);
    if (n == 0 || longest == 0)
        return 0;
    return adv_style.arrow_reach * spacing_of(n, right - left, bottom - top, lone) / longest;
}

/* An arrow of length along the positive x axis from the origin: shaft and head as one outline. */
static void trace_arrow(cairo_t *cr, double length, double width, double head_most)
{
    double wanted =
        fmin(fmax(adv_style.arrow_head * length, 2 * width), fmax(head_most, 3 * width));
    double head = fmin(wanted, length), half = width / 2;
    double half_head = fmax(adv_style.arrow_head_slope * head, width);
    cairo_move_to(cr, 0, -half);
    cairo_line_to(cr, length - head, -half);
    cairo_line_to(cr, length - head, -half_head);
    cairo_line_to(cr, length, 0);
    cairo_line_to(cr, length - head, half_head);
    cairo_line_to(cr, length - head, half);
    cairo_line_to(cr, 0, half);
    cairo_close_path(cr);
}

static void draw_arrow(const struct adv_layer *layer, const struct adv_canvas *canvas,
                       const struct arrow *arrow, double length)
{
    const struct adv_layout *layout = canvas->layout;
    double width = adv_layer_size(layer, canvas, adv_style.arrow_width);
    cairo_save(canvas->cr);
    cairo_translate(canvas->cr, arrow->tail.x, arrow->tail.y);
    cairo_rotate(canvas->cr, atan2(arrow->dy, arrow->dx));
    if (length < adv_layout_length(layout, adv_style.arrow_least))
        adv_canvas_dot(canvas, 0, 0, width / 2);
    else
        trace_arrow(canvas->cr, length, width,
                    adv_layout_length(layout, adv_style.arrow_head_most));
    cairo_set_line_join(canvas->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_width(canvas->cr, 2 * adv_layout_length(layout, adv_style.arrow_halo));
    adv_paint_with(canvas->cr, adv_style.ground, adv_style.arrow_halo_opacity);
    cairo_stroke_preserve(canvas->cr);
    adv_paint_with(canvas->cr, adv_layer_colour(layer), adv_layer_opacity(layer, 1));
    cairo_fill(canvas->cr);
    cairo_restore(canvas->cr);
}

static void draw(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const struct adv_frame *frame = &canvas->layout->frame;
    double scale = arrows_of(layer)->scale;
    if (scale == 0)
        scale = choose_scale(layer, canvas);
    double length_most = hypot(frame->width, frame->height) * 2;
    for (size_t i = 0; i < layer->n; i++) {
        struct arrow arrow;
        if (!arrow_at(layer, canvas, i, &arrow))
            continue;
        if (scale < 0) {
            arrow.dx = -arrow.dx;
            arrow.dy = -arrow.dy;
        }
        draw_arrow(layer, canvas, &arrow,
                   fmin(fabs(scale) * hypot(arrow.dx, arrow.dy), length_most));
    }
}

static void swatch(const struct adv_layer *layer, const struct adv_canvas *canvas, double x,
                   double y, double width)
{
    struct arrow arrow = {.tail = {x - width / 2, y}, .dx = 1};
    draw_arrow(layer, canvas, &arrow, width);
}

static const struct adv_layer_kind arrows_kind = {
    .bounds = bounds,
    .draw = draw,
    .swatch = swatch,
};

enum adv_status adv_plot_arrows(struct adv_plot *plot, size_t n, const float *points,
                                const float *vectors, double scale, const struct adv_mark *mark,
                                struct adv_error *error)
{
    if (!(fabs(scale) <= SCALE_MOST))
        return adv_fail_field(error, ADV_E_INVALID, "scale", "scale is %g; it must be within +-%g",
                              scale, SCALE_MOST);
    enum adv_status status = adv_plot_need_linear(plot, "arrows", error);
    if (status != ADV_OK)
        return status;
    struct adv_layer *layer;
    status = adv_layer_new(&arrows_kind, sizeof(struct arrows), n, 4, mark, &layer, error);
    if (status != ADV_OK)
        return status;
    struct arrows *arrows = (struct arrows *)layer;
    arrows->scale = scale;
    if (n > 0) {
        memcpy(arrows->data, points, n * 2 * sizeof *points);
        memcpy(arrows->data + 2 * n, vectors, n * 2 * sizeof *vectors);
    }
    return adv_plot_append(plot, layer, error);
}
