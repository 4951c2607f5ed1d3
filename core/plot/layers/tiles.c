/* Tiles of colour with texts in them: a heat map of few cells, which need not fill the frame. */
#include "core/base/mem.h"
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define GAP_PX 1
#define N_LINES ADV_COUNT(((struct adv_tile *)NULL)->lines)

struct placed {
    float x, y, value;
    char lines[N_LINES][ADV_TEXT_BYTES_MOST + 1]; /* empty: none */
};

struct tiles {
    struct adv_layer layer;
    double width, height;
    struct adv_axis scale; /* of values; its pixels are unused */
    bool has_bar;
    char bar_label[ADV_TEXT_BYTES_MOST + 1];
    struct placed placed[];
};

static const struct tiles *tiles_of(const struct adv_layer *layer)
{
    return (const struct tiles *)layer;
}

static void bounds(const struct adv_layer *layer, struct adv_bounds *bounds)
{
    const struct tiles *tiles = tiles_of(layer);
    for (size_t i = 0; i < layer->n; i++) {
        double x = tiles->placed[i].x, y = tiles->placed[i].y;
        adv_bounds_add(bounds, x - tiles->width / 2, y - tiles->height / 2);
        adv_bounds_add(bounds, x + tiles->width / 2, y + tiles->height / 2);
    }
    bounds->tight = true;
}

static void colour_bar(const struct adv_layer *layer, struct adv_colour_bar *bar)
{
    const struct tiles *tiles = tiles_of(layer);
    if (tiles->has_bar)
        *bar = (struct adv_colour_bar){tiles->scale.lo, tiles->scale.hi, tiles->bar_label, true};
}

/* In whole pixels, so that the gaps between tiles side by side are as wide everywhere. */
struct box {
    double left, right, top, bottom;
};

static bool find_box(const struct tiles *tiles, const struct placed *tile,
                     const struct adv_layout *layout, struct box *box)
{
    double x = tile->x, y = tile->y;
    if (!adv_axis_shows(&layout->x, x) || !adv_axis_shows(&layout->y, y))
        return false;
    const struct adv_frame *frame = &layout->frame;
    double half_width = tiles->width / 2, half_height = tiles->height / 2;
    box->left = fmax(frame->left, round(adv_axis_pixel(&layout->x, x - half_width)));
    box->right =
        fmin(frame->left + frame->width, round(adv_axis_pixel(&layout->x, x + half_width)));
    box->top = fmax(frame->top, round(adv_axis_pixel(&layout->y, y + half_height)));
    box->bottom =
        fmin(frame->top + frame->height, round(adv_axis_pixel(&layout->y, y - half_height)));
    return true;
}

static bool has_colour(const struct placed *tile)
{
    return isfinite(tile->value) && tile->value > 0;
}

/* Where the value is on the colour map. */
static double place_of(const struct tiles *tiles, const struct placed *tile)
{
    struct adv_axis scale = tiles->scale;
    scale.px_lo = 0;
    scale.px_hi = 1;
    return adv_axis_pixel(&scale, tile->value);
}

static uint32_t fill_of(const struct tiles *tiles, const struct placed *tile)
{
    if (!has_colour(tile))
        return adv_style.tile_grey;
    uint8_t rgb[3];
    adv_plot_colour(place_of(tiles, tile), rgb);
    return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

static void draw(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const struct tiles *tiles = tiles_of(layer);
    for (size_t i = 0; i < layer->n; i++) {
        struct box box;
        if (!find_box(tiles, &tiles->placed[i], canvas->layout, &box))
            continue;
        cairo_rectangle(canvas->cr, box.left, box.top, box.right - box.left - GAP_PX,
                        box.bottom - box.top - GAP_PX);
        adv_paint_with(canvas->cr, fill_of(tiles, &tiles->placed[i]), 1);
        cairo_fill(canvas->cr);
    }
}

static double luminance(uint32_t colour)
{
    return (0.2126 * (colour >> 16 & 255) + 0.7152 * (colour >> 8 & 255) +
            0.0722 * (colour & 255)) /
           255;
}

/* Of ink and ground the one that is further from the tile's own colour. */
static uint32_t ink_of(const struct tiles *tiles, const struct placed *tile)
{
    double fill = luminance(fill_of(tiles, tile));
    double ink = luminance(adv_style.ink), ground = luminance(adv_style.ground);
    return fabs(fill - ink) < fabs(fill - ground) ? adv_style.ground : adv_style.ink;
}

static void write_in(const struct tiles *tiles, const struct placed *tile, const struct box *box,
                     const struct adv_layout *layout, const struct adv_pen *pen)
{
    double size = adv_layout_length(layout, adv_style.tick_size);
    double line_height = size * adv_style.line_height;
    int n = 0, at = 0;
    for (size_t k = 0; k < N_LINES; k++)
        n += tile->lines[k][0] != '\0';
    if (n * line_height > box->bottom - box->top)
        return;
    for (size_t k = 0; k < N_LINES; k++) {
        struct adv_text text = {
            .text = tile->lines[k], .size = size, .colour = ink_of(tiles, tile), .align = 0.5};
        if (!tile->lines[k][0])
            continue;
        double middle = (box->top + box->bottom) / 2 + (at++ - (n - 1) / 2.0) * line_height;
        if (adv_text_width(pen, &text) <= box->right - box->left)
            adv_text_draw(pen, &text, (box->left + box->right) / 2,
                          middle + size * adv_style.cap_height / 2);
    }
}

static void write_texts(const struct adv_layer *layer, const struct adv_layout *layout,
                        const struct adv_pen *pen)
{
    const struct tiles *tiles = tiles_of(layer);
    for (size_t i = 0; i < layer->n; i++) {
        struct box box;
        if (find_box(tiles, &tiles->placed[i], layout, &box))
            write_in(tiles, &tiles->placed[i], &box, layout, pen);
    }
}

static const struct adv_layer_kind tiles_kind = {
    .bounds = bounds,
    .draw = draw,
    .write = write_texts,
    .colour_bar = colour_bar,
};

static enum adv_status check(const struct adv_plot *plot, const struct adv_tile_set *set,
                             struct adv_error *error)
{
    enum adv_status status = adv_plot_need_linear(plot, "tiles", error);
    if (status == ADV_OK && !(set->width > 0 && set->height > 0))
        status = adv_fail_field(error, ADV_E_INVALID, set->width > 0 ? "height" : "width",
                                "tiles are %g x %g; their sides must be more than 0", set->width,
                                set->height);
    if (status == ADV_OK && !(set->lo < set->hi))
        status = adv_fail_field(error, ADV_E_INVALID, "lo",
                                "lo is %g and hi is %g; tiles need lo < hi", set->lo, set->hi);
    if (status == ADV_OK)
        status = adv_axis_check(set->lo, set->hi, true, "lo", "hi", error);
    if (status == ADV_OK)
        status = adv_text_check("bar_label", set->bar_label, error);
    for (size_t i = 0; i < set->n; i++) {
        for (size_t k = 0; status == ADV_OK && k < N_LINES; k++)
            status = adv_text_check("lines", set->tiles[i].lines[k], error);
    }
    return status;
}

static void place(const struct adv_tile *tile, struct placed *placed)
{
    placed->x = tile->x;
    placed->y = tile->y;
    placed->value = tile->value;
    for (size_t k = 0; k < N_LINES; k++)
        snprintf(placed->lines[k], sizeof placed->lines[k], "%s",
                 tile->lines[k] ? tile->lines[k] : "");
}

enum adv_status adv_plot_tiles(struct adv_plot *plot, const struct adv_tile_set *set,
                               struct adv_error *error)
{
    _Static_assert(sizeof(struct placed) % sizeof(float) == 0, "a layer is an array of floats");
    struct adv_layer *layer;
    enum adv_status status = check(plot, set, error);
    if (status == ADV_OK)
        status = adv_layer_new(&tiles_kind, sizeof(struct tiles), set->n,
                               sizeof(struct placed) / sizeof(float), NULL, &layer, error);
    if (status != ADV_OK)
        return status;
    struct tiles *tiles = (struct tiles *)layer;
    tiles->width = set->width;
    tiles->height = set->height;
    tiles->scale = (struct adv_axis){.lo = set->lo, .hi = set->hi, .log = true};
    tiles->has_bar = set->bar_label != NULL;
    if (set->bar_label)
        snprintf(tiles->bar_label, sizeof tiles->bar_label, "%s", set->bar_label);
    for (size_t i = 0; i < set->n; i++)
        place(&set->tiles[i], &tiles->placed[i]);
    return adv_plot_append(plot, layer, error);
}
