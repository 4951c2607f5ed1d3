/* Cells of colour, without blur: each pixel of the frame takes the colour of the cell that its
 * centre is in. */
#include "core/base/mem.h"
#include "core/plot/layers/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NO_CELL SIZE_MAX

struct heat_map {
    struct adv_layer layer;
    size_t n_rows, n_columns;
    double x_lo, x_hi, y_lo, y_hi; /* outer edges of the cells */
    double lo, hi;                 /* values at the ends of the colour map */
    bool has_bar;
    char bar_label[ADV_TEXT_BYTES_MOST + 1];
    float values[]; /* [n_rows, n_columns] */
};

static const struct heat_map *heat_map_of(const struct adv_layer *layer)
{
    return (const struct heat_map *)layer;
}

static void bounds(const struct adv_layer *layer, struct adv_bounds *bounds)
{
    const struct heat_map *map = heat_map_of(layer);
    adv_bounds_add(bounds, map->x_lo, map->y_lo);
    adv_bounds_add(bounds, map->x_hi, map->y_hi);
    bounds->tight = true;
}

static void colour_bar(const struct adv_layer *layer, struct adv_colour_bar *bar)
{
    const struct heat_map *map = heat_map_of(layer);
    if (map->has_bar)
        *bar = (struct adv_colour_bar){map->lo, map->hi, map->bar_label, false};
}

/* Premultiplied ARGB: transparent where there is no number. */
static uint32_t cell_colour(const struct heat_map *map, float value)
{
    if (!isfinite(value))
        return 0;
    uint8_t rgb[3];
    adv_plot_colour((value - map->lo) / (map->hi - map->lo), rgb);
    return 0xff000000 | (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

/* Which of n cells that tile [lo, hi] the pixel's centre is in. */
static size_t cell_at(const struct adv_axis *axis, int pixel, double lo, double hi, size_t n)
{
    double cell = floor((adv_axis_value(axis, pixel + 0.5) - lo) / (hi - lo) * (double)n);
    return cell >= 0 && cell < (double)n ? (size_t)cell : NO_CELL;
}

static void fill_line(const struct heat_map *map, const struct adv_layout *layout, size_t row,
                      uint32_t *line)
{
    size_t last = NO_CELL;
    uint32_t colour = 0;
    for (int i = 0; i < layout->frame.width; i++) {
        size_t column =
            cell_at(&layout->x, layout->frame.left + i, map->x_lo, map->x_hi, map->n_columns);
        if (column != last)
            colour = column == NO_CELL
                         ? 0
                         : cell_colour(map, map->values[row * map->n_columns + column]);
        line[i] = colour;
        last = column;
    }
}

static void fill(const struct heat_map *map, const struct adv_layout *layout, uint8_t *pixels,
                 size_t stride)
{
    size_t last = NO_CELL, line_bytes = (size_t)layout->frame.width * sizeof(uint32_t);
    for (int j = 0; j < layout->frame.height; j++) {
        size_t row = cell_at(&layout->y, layout->frame.top + j, map->y_lo, map->y_hi, map->n_rows);
        uint8_t *line = pixels + (size_t)j * stride;
        if (row == NO_CELL)
            memset(line, 0, line_bytes);
        else if (row == last)
            memcpy(line, line - stride, line_bytes);
        else
            fill_line(map, layout, row, (uint32_t *)(void *)line);
        last = row;
    }
}

static void draw(const struct adv_layer *layer, const struct adv_canvas *canvas)
{
    const struct adv_frame *frame = &canvas->layout->frame;
    cairo_surface_t *cells =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, frame->width, frame->height);
    uint8_t *pixels = cairo_image_surface_get_data(cells);
    if (pixels) {
        fill(heat_map_of(layer), canvas->layout, pixels,
             (size_t)cairo_image_surface_get_stride(cells));
        cairo_surface_mark_dirty(cells);
    }
    cairo_set_source_surface(canvas->cr, cells, frame->left, frame->top);
    cairo_paint(canvas->cr);
    cairo_surface_destroy(cells);
}

static const struct adv_layer_kind heat_map_kind = {
    .bounds = bounds,
    .draw = draw,
    .colour_bar = colour_bar,
};

/* [*lo, *hi] of the numbers among the values, unless it is given. */
static void fit_values(size_t n, const float *values, double *lo, double *hi)
{
    if (*lo < *hi)
        return;
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(values[i])) {
            *lo = fmin(*lo, values[i]);
            *hi = fmax(*hi, values[i]);
        }
    }
    adv_axis_widen(false, lo, hi);
}

static enum adv_status check(const struct adv_plot *plot, size_t n_rows, size_t n_columns,
                             double lo, double hi, const char *bar_label, struct adv_error *error)
{
    enum adv_status status = adv_plot_need_linear(plot, "heat maps", error);
    if (status == ADV_OK && (n_rows == 0 || n_columns == 0))
        status = adv_fail_field(error, ADV_E_INVALID, n_rows == 0 ? "n_rows" : "n_columns",
                                "a heat map has %zu x %zu cells; it needs one at least", n_rows,
                                n_columns);
    if (status == ADV_OK)
        status = adv_axis_check(lo, hi, false, "lo", "hi", error);
    if (status == ADV_OK)
        status = adv_text_check("bar_label", bar_label, error);
    return status;
}

enum adv_status adv_plot_heat_map(struct adv_plot *plot, size_t n_rows, size_t n_columns,
                                  const float *values, double lo, double hi, const char *bar_label,
                                  struct adv_error *error)
{
    const struct adv_axes *axes = &plot->axes;
    enum adv_status status = check(plot, n_rows, n_columns, lo, hi, bar_label, error);
    if (status != ADV_OK)
        return status;
    struct adv_layer *layer;
    status = adv_layer_new(&heat_map_kind, sizeof(struct heat_map), n_rows, n_columns, NULL, &layer,
                           error);
    if (status != ADV_OK)
        return status;

    struct heat_map *map = (struct heat_map *)layer;
    bool x_given = axes->x_lo < axes->x_hi, y_given = axes->y_lo < axes->y_hi;
    map->n_rows = n_rows;
    map->n_columns = n_columns;
    map->x_lo = x_given ? axes->x_lo : 0;
    map->x_hi = x_given ? axes->x_hi : (double)n_columns;
    map->y_lo = y_given ? axes->y_lo : 0;
    map->y_hi = y_given ? axes->y_hi : (double)n_rows;
    memcpy(map->values, values, n_rows * n_columns * sizeof *values);
    fit_values(n_rows * n_columns, values, &lo, &hi);
    map->lo = lo;
    map->hi = hi;
    map->has_bar = bar_label != NULL;
    if (bar_label)
        snprintf(map->bar_label, sizeof map->bar_label, "%s", bar_label);
    return adv_plot_append(plot, layer, error);
}
