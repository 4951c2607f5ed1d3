/* A dot per point. The chosen radius falls with the fourth root of the number of points, so that
 * the dots of a crowd cover more in total but less each; the chosen opacity falls with the cover,
 * so that where they overlap density still shows. */
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <advect/extra/pace.h>
#include <math.h>
#include <string.h>

#define REFERENCE_POINTS 64.0
#define PACE_POINTS 256 /* drawn between two looks at the pace */
#define COVER_FADE 2.0  /* opacity is divided by 1 + this x the covered part of the frame */

struct scatter {
    struct adv_layer layer;
    bool has_values;
    float data[]; /* points [n, 2], then values [n] if it has them */
};

static const struct scatter *scatter_of(const struct adv_layer *layer)
{
    return (const struct scatter *)layer;
}

static void bounds(const struct adv_layer *layer, struct adv_bounds *bounds)
{
    const float *points = scatter_of(layer)->data;
    for (size_t i = 0; i < layer->n; i++)
        adv_bounds_add(bounds, points[2 * i], points[2 * i + 1]);
}

static double radius_of(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    double radius = adv_style.dot_radius * pow(REFERENCE_POINTS / fmax(1, (double)layer->n), 0.25);
    return adv_layer_size(layer, canvas,
                          fmin(fmax(radius, adv_style.dot_least), adv_style.dot_most));
}

static double opacity_of(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const struct adv_frame *frame = &canvas->layout->frame;
    double radius = radius_of(layer, canvas);
    double cover = (double)layer->n * M_PI * radius * radius / frame->width / frame->height;
    return adv_layer_opacity(layer, adv_style.dot_opacity / (1 + COVER_FADE * cover));
}

static uint32_t mapped_colour(double value)
{
    uint8_t rgb[3];
    adv_plot_colour(value, rgb);
    return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

static void draw(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const struct scatter *scatter = scatter_of(layer);
    const float *points = scatter->data, *values = scatter->data + 2 * layer->n;
    double radius = radius_of(layer, canvas), opacity = opacity_of(layer, canvas);
    adv_paint_with(canvas->cr, adv_layer_colour(layer), opacity);
    for (size_t i = 0; i < layer->n; i++) {
        struct adv_spot spot;
        if (i % PACE_POINTS == 0 && !adv_pace_go_on())
            return; /* the picture is not wanted any more */
        if (!adv_canvas_spot(canvas, points + 2 * i, &spot))
            continue;
        if (scatter->has_values) {
            if (!isfinite(values[i]))
                continue;
            adv_paint_with(canvas->cr, mapped_colour(values[i]), opacity);
        }
        adv_canvas_dot(canvas, spot.x, spot.y, radius);
        cairo_fill(canvas->cr);
    }
}

static void swatch(const struct adv_layer *layer, const struct adv_canvas *canvas, double x,
                   double y, double width)
{
    uint32_t colour = scatter_of(layer)->has_values ? mapped_colour(0.5) : adv_layer_colour(layer);
    adv_paint_with(canvas->cr, colour, 1);
    adv_canvas_dot(canvas, x, y,
                   fmin(width / 2, adv_layout_length(canvas->layout, adv_style.dot_radius)));
    cairo_fill(canvas->cr);
}

static const struct adv_layer_kind scatter_kind = {
    .bounds = bounds,
    .draw = draw,
    .swatch = swatch,
};

enum adv_status adv_plot_scatter(struct adv_plot *plot, size_t n, const float *points,
                                 const float *colour_values, const struct adv_mark *mark,
                                 struct adv_error *error)
{
    struct adv_layer *layer;
    enum adv_status status = adv_layer_new(&scatter_kind, sizeof(struct scatter), n,
                                           colour_values ? 3 : 2, mark, &layer, error);
    if (status != ADV_OK)
        return status;
    struct scatter *scatter = (struct scatter *)layer;
    if (n > 0)
        memcpy(scatter->data, points, n * 2 * sizeof *points);
    if (n > 0 && colour_values)
        memcpy(scatter->data + 2 * n, colour_values, n * sizeof *colour_values);
    scatter->has_values = colour_values != NULL;
    return adv_plot_append(plot, layer, error);
}
