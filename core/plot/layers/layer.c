#include "core/plot/layers/layer.h"

#include "core/base/mem.h"
#include "core/plot/style.h"

#include <math.h>
#include <stdlib.h>

#define SIZE_MOST_PX 256

static enum adv_status check_mark(const struct adv_mark *mark, struct adv_error *error)
{
    if (mark->colour < 0)
        return adv_fail_field(error, ADV_E_INVALID, "colour", "colour is %d; it must be 0 or more",
                              mark->colour);
    if (!(mark->size_px >= 0 && mark->size_px <= SIZE_MOST_PX))
        return adv_fail_field(error, ADV_E_INVALID, "size_px", "size_px is %g; it must be in 0..%d",
                              mark->size_px, SIZE_MOST_PX);
    if (!(mark->opacity >= 0 && mark->opacity <= 1))
        return adv_fail_field(error, ADV_E_INVALID, "opacity", "opacity is %g; it must be in 0..1",
                              mark->opacity);
    return adv_text_check("label", mark->label, error);
}

enum adv_status adv_layer_new(const struct adv_layer_kind *kind, size_t struct_bytes, size_t n,
                              size_t floats_per_row, const struct adv_mark *mark,
                              struct adv_layer **layer, struct adv_error *error)
{
    static const struct adv_mark defaults = {0};
    if (!mark)
        mark = &defaults;
    enum adv_status status = check_mark(mark, error);
    if (status != ADV_OK)
        return status;

    size_t bytes;
    if (!adv_mul_size(n, floats_per_row, &bytes) || !adv_mul_size(bytes, sizeof(float), &bytes) ||
        __builtin_add_overflow(bytes, struct_bytes, &bytes))
        return adv_no_memory(error);
    struct adv_layer *made = adv_calloc(1, bytes);
    if (!made)
        return adv_no_memory(error);
    *made = (struct adv_layer){
        .kind = kind,
        .colour = mark->colour,
        .size_px = mark->size_px,
        .opacity = mark->opacity,
        .label = adv_strdup(mark->label),
        .n = n,
    };
    if (mark->label && !made->label) {
        adv_layer_free(made);
        return adv_no_memory(error);
    }
    *layer = made;
    return ADV_OK;
}

void adv_layer_free(struct adv_layer *layer)
{
    if (!layer)
        return;
    free(layer->label);
    free(layer);
}

uint32_t adv_layer_colour(const struct adv_layer *layer)
{
    return adv_style.cycle[layer->colour % ADV_STYLE_CYCLE];
}

double adv_layer_size(const struct adv_layer *layer, const struct adv_canvas *canvas,
                      double fallback)
{
    return layer->size_px > 0 ? layer->size_px : adv_layout_length(canvas->layout, fallback);
}

double adv_layer_opacity(const struct adv_layer *layer, double fallback)
{
    return layer->opacity > 0 ? layer->opacity : fallback;
}

bool adv_canvas_spot(const struct adv_canvas *canvas, const float *point, struct adv_spot *spot)
{
    const struct adv_layout *layout = canvas->layout;
    if (!adv_axis_shows(&layout->x, point[0]) || !adv_axis_shows(&layout->y, point[1]))
        return false;
    spot->x = adv_axis_pixel(&layout->x, point[0]);
    spot->y = adv_axis_pixel(&layout->y, point[1]);
    return true;
}

void adv_canvas_dot(const struct adv_canvas *canvas, double x, double y, double radius)
{
    cairo_new_sub_path(canvas->cr);
    cairo_arc(canvas->cr, x, y, radius, 0, 2 * M_PI);
}
