/* A histogram's bars, filled without gaps, so that curves in front of them can be read. */
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <math.h>
#include <string.h>

struct bars {
    struct adv_layer layer;
    double lo, hi;   /* outer edges */
    float heights[]; /* [n] */
};

static const struct bars *bars_of(const struct adv_layer *layer)
{
    return (const struct bars *)layer;
}

static double edge(const struct bars *bars, size_t i)
{
    return bars->lo + (double)i * (bars->hi - bars->lo) / (double)bars->layer.n;
}

static void bounds(const struct adv_layer *layer, struct adv_bounds *bounds)
{
    const struct bars *bars = bars_of(layer);
    for (size_t i = 0; i < layer->n; i++) {
        if (!isfinite(bars->heights[i]))
            continue;
        adv_bounds_add(bounds, edge(bars, i), 0);
        adv_bounds_add(bounds, edge(bars, i + 1), bars->heights[i]);
    }
}

static double into(double value, double lo, double hi)
{
    return fmin(fmax(value, fmin(lo, hi)), fmax(lo, hi));
}

/* The part of a bar that is in the frame. */
static void add_bar(const struct adv_canvas *canvas, double from, double to, double height)
{
    const struct adv_axis *x = &canvas->layout->x, *y = &canvas->layout->y;
    double left = into(adv_axis_pixel(x, from), x->px_lo, x->px_hi);
    double right = into(adv_axis_pixel(x, to), x->px_lo, x->px_hi);
    double foot = into(adv_axis_pixel(y, 0), y->px_lo, y->px_hi);
    double top = into(adv_axis_pixel(y, height), y->px_lo, y->px_hi);
    cairo_rectangle(canvas->cr, left, top, right - left, foot - top);
}

static void draw(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const struct bars *bars = bars_of(layer);
    for (size_t i = 0; i < layer->n; i++) {
        if (isfinite(bars->heights[i]))
            add_bar(canvas, edge(bars, i), edge(bars, i + 1), (double)bars->heights[i]);
    }
    /* All in one fill: neighbours leave no seam where transparent bars touch. */
    adv_paint_with(canvas->cr, adv_layer_colour(layer),
                   adv_layer_opacity(layer, adv_style.histogram_opacity));
    cairo_fill(canvas->cr);
}

static void swatch(const struct adv_layer *layer, const struct adv_canvas *canvas, double x,
                   double y, double width)
{
    double height = width / 2;
    adv_paint_with(canvas->cr, adv_layer_colour(layer),
                   adv_layer_opacity(layer, adv_style.histogram_opacity));
    cairo_rectangle(canvas->cr, x - width / 2, y - height / 2, width, height);
    cairo_fill(canvas->cr);
}

static const struct adv_layer_kind bars_kind = {
    .bounds = bounds,
    .draw = draw,
    .swatch = swatch,
};

enum adv_status adv_plot_bars(struct adv_plot *plot, size_t n, double lo, double hi,
                              const float *heights, const struct adv_mark *mark,
                              struct adv_error *error)
{
    struct adv_layer *layer;
    enum adv_status status = adv_plot_need_linear(plot, "bars", error);
    if (status == ADV_OK && !(lo < hi))
        status = adv_fail_field(error, ADV_E_INVALID, "lo",
                                "lo is %g and hi is %g; bars need lo < hi", lo, hi);
    if (status == ADV_OK)
        status = adv_axis_check(lo, hi, false, "lo", "hi", error);
    if (status == ADV_OK)
        status = adv_layer_new(&bars_kind, sizeof(struct bars), n, 1, mark, &layer, error);
    if (status != ADV_OK)
        return status;
    struct bars *bars = (struct bars *)layer;
    bars->lo = lo;
    bars->hi = hi;
    if (n > 0)
        memcpy(bars->heights, heights, n * sizeof *heights);
    return adv_plot_append(plot, layer, error);
}
