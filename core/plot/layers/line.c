/* Poly-lines, one after the other; each is stroked by itself, so that transparent ones show where
 * they crowd. Segments are clipped to the frame by our own arithmetic: cairo's coordinates are 24.8
 * fixed-point numbers, which data far outside the frame would overflow.
 *
 * Clipping: Y.-D. Liang and B. A. Barsky, "A new concept and method for line clipping", 1984. */
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <math.h>
#include <string.h>

/* Stroking a path costs more than its length, so long ones are stroked in pieces; round caps hide
 * the joins of opaque lines. */
#define PIECE_SEGMENTS 128

struct line {
    struct adv_layer layer;
    float points[]; /* [n, 2] */
};

static const float *points_of(const struct adv_layer *layer)
{
    return ((const struct line *)layer)->points;
}

static void bounds(const struct adv_layer *layer, struct adv_bounds *bounds)
{
    const float *points = points_of(layer);
    for (size_t i = 0; i < layer->n; i++)
        adv_bounds_add(bounds, points[2 * i], points[2 * i + 1]);
}

/* Cuts the part [*from, *to] of a segment down to where start + t step is in [lo, hi]; false if
 * nothing is left. */
static bool clip_slab(double start, double step, double lo, double hi, double *from, double *to)
{
    if (step == 0)
        return start >= lo && start <= hi;
    double enter = ((step > 0 ? lo : hi) - start) / step;
    double leave = ((step > 0 ? hi : lo) - start) / step;
    *from = fmax(*from, enter);
    *to = fmin(*to, leave);
    return *from <= *to;
}

static struct adv_spot along(const struct adv_frame *frame, struct adv_spot start, double dx,
                             double dy, double t)
{
    /* Of a point very far away rounding alone can leave the frame. */
    return (struct adv_spot){
        fmin(fmax(start.x + t * dx, frame->left), frame->left + frame->width),
        fmin(fmax(start.y + t * dy, frame->top), frame->top + frame->height),
    };
}

/* The part of the segment a b inside the frame, in place; false if there is none. */
static bool clip_segment(const struct adv_frame *frame, struct adv_spot *a, struct adv_spot *b)
{
    double from = 0, to = 1, dx = b->x - a->x, dy = b->y - a->y;
    if (!clip_slab(a->x, dx, frame->left, frame->left + frame->width, &from, &to) ||
        !clip_slab(a->y, dy, frame->top, frame->top + frame->height, &from, &to))
        return false;
    struct adv_spot start = *a;
    if (from > 0)
        *a = along(frame, start, dx, dy, from);
    if (to < 1)
        *b = along(frame, start, dx, dy, to);
    return true;
}

/* The pixels of a point wherever they are; false if it has none. */
static bool unbounded_spot(const struct adv_layout *layout, const float *point,
                           struct adv_spot *spot)
{
    if (!isfinite(point[0]) || !isfinite(point[1]) || (layout->x.log && point[0] <= 0) ||
        (layout->y.log && point[1] <= 0))
        return false;
    spot->x = adv_axis_pixel(&layout->x, point[0]);
    spot->y = adv_axis_pixel(&layout->y, point[1]);
    return true;
}

/* The path under construction. */
struct trail {
    const struct adv_canvas *canvas;
    struct adv_spot end;
    int n_segments;
    bool in_pieces;
};

static void flush(struct trail *trail)
{
    cairo_stroke(trail->canvas->cr);
    trail->n_segments = 0;
}

static void extend(struct trail *trail, struct adv_spot a, struct adv_spot b)
{
    cairo_t *cr = trail->canvas->cr;
    if (!clip_segment(&trail->canvas->layout->frame, &a, &b))
        return;
    if (trail->in_pieces && trail->n_segments == PIECE_SEGMENTS)
        flush(trail);
    if (trail->n_segments++ == 0 || a.x != trail->end.x || a.y != trail->end.y)
        cairo_move_to(cr, a.x, a.y);
    cairo_line_to(cr, b.x, b.y);
    trail->end = b;
}

static void draw(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const float *points = points_of(layer);
    double opacity = adv_layer_opacity(layer, 1);
    struct trail trail = {.canvas = canvas, .in_pieces = opacity >= 1};
    cairo_set_line_width(canvas->cr, adv_layer_size(layer, canvas, adv_style.line_width));
    cairo_set_line_join(canvas->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_ROUND);
    adv_paint_with(canvas->cr, adv_layer_colour(layer), opacity);

    struct adv_spot last = {0, 0};
    bool has_last = false;
    for (size_t i = 0; i < layer->n; i++) {
        struct adv_spot here;
        bool has_here = unbounded_spot(canvas->layout, points + 2 * i, &here);
        if (has_here && has_last)
            extend(&trail, last, here);
        else if (!has_here)
            flush(&trail);
        if (has_here)
            last = here;
        has_last = has_here;
    }
    flush(&trail);
}

static void swatch(const struct adv_layer *layer, const struct adv_canvas *canvas, double x,
                   double y, double width)
{
    double thinnest = adv_layout_length(canvas->layout, adv_style.line_width);
    double own = adv_layer_size(layer, canvas, adv_style.line_width);
    cairo_set_line_width(canvas->cr, fmin(fmax(own, thinnest), width / 2));
    adv_paint_with(canvas->cr, adv_layer_colour(layer), 1);
    cairo_move_to(canvas->cr, x - width / 2, y);
    cairo_line_to(canvas->cr, x + width / 2, y);
    cairo_stroke(canvas->cr);
}

static const struct adv_layer_kind line_kind = {
    .bounds = bounds,
    .draw = draw,
    .swatch = swatch,
};

enum adv_status adv_plot_line(struct adv_plot *plot, size_t n, const float *points,
                              const struct adv_mark *mark, struct adv_error *error)
{
    struct adv_layer *layer;
    enum adv_status status =
        adv_layer_new(&line_kind, sizeof(struct line), n, 2, mark, &layer, error);
    if (status != ADV_OK)
        return status;
    if (n > 0)
        memcpy(((struct line *)layer)->points, points, n * 2 * sizeof *points);
    return adv_plot_append(plot, layer, error);
}
