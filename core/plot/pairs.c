/* Pair plots: a lower triangle of panels, each a plot of its own whose frame is given, with ticks
 * along the left and the lower border only. */
#include "core/base/mem.h"
#include "core/plot/decoration.h"
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCATTER_POINTS_MAX ((size_t)2000)
#define BINS 32
#define CELLS_LEAST 12 /* along each side of a heat map */
#define CELLS_MOST 40
#define CELL_POINTS 16.0 /* on average, or so, which keeps the noise of an even density low */
#define PANEL_PX 130     /* of a side, where the picture's is chosen */
#define NAME_BYTES 24
#define TICKS_MOST 4      /* with texts, along a panel's side */
#define TICK_SPACING 40.0 /* at least, on average, at scale 1 */
#define TICK_INSET 0.1    /* of the side: ticks nearer to its ends have no text */

_Static_assert(CELLS_MOST *CELLS_MOST <= 2 * SCATTER_POINTS_MAX, "cells fit where points do");

struct panel {
    struct adv_plot *plot;
    struct adv_layout layout;
};

struct matrix {
    const struct adv_pairs *pairs;
    int side;
    double scale;
    int left, top, cell, gap;  /* of the first panel; pixels */
    double *lo, *hi;           /* [dim] */
    char (*names)[NAME_BYTES]; /* [dim], where the caller has none */
    float *column;             /* [the most points of a set] */
    float *points; /* [SCATTER_POINTS_MAX, 2], a histogram's line, or the cells of a heat map */
    struct panel *panels; /* [dim (dim + 1) / 2] */
    size_t n_panels;
};

/* ---- checks ---- */

static enum adv_status check(const struct adv_pairs *pairs, struct adv_error *error)
{
    if (pairs->dim < 1 || pairs->dim > ADV_PAIRS_DIM_MAX)
        return adv_fail_field(error, ADV_E_INVALID, "dim",
                              "dim is %zu; a pair plot shows 1 to %d dimensions", pairs->dim,
                              ADV_PAIRS_DIM_MAX);
    if (pairs->n_sets < 1 || pairs->n_sets > ADV_STYLE_CYCLE)
        return adv_fail_field(error, ADV_E_INVALID, "n_sets", "n_sets is %zu; it must be 1 to %d",
                              pairs->n_sets, ADV_STYLE_CYCLE);
    if (pairs->densities && pairs->n_sets > 1)
        return adv_fail_field(error, ADV_E_INVALID, "densities",
                              "densities is set and n_sets is %zu; a heat map shows one set",
                              pairs->n_sets);
    if (pairs->side != 0 && (pairs->side < 64 || pairs->side > 4096))
        return adv_fail_field(error, ADV_E_INVALID, "side",
                              "side is %d; it must be in 64..4096, or 0 for chosen", pairs->side);
    enum adv_status status = adv_text_check("title", pairs->title, error);
    for (size_t i = 0; status == ADV_OK && pairs->names && i < pairs->dim; i++)
        status = adv_text_check("names", pairs->names[i], error);
    for (size_t i = 0; status == ADV_OK && i < pairs->n_sets; i++)
        status = adv_text_check("label", pairs->sets[i].label, error);
    return status;
}

/* ---- memory ---- */

static void matrix_release(struct matrix *m)
{
    for (size_t i = 0; m->panels && i < m->n_panels; i++)
        adv_plot_free(m->panels[i].plot);
    free(m->panels);
    free(m->lo);
    free(m->hi);
    free(m->names);
    free(m->column);
    free(m->points);
}

static enum adv_status matrix_init(struct matrix *m, const struct adv_pairs *pairs,
                                   struct adv_error *error)
{
    size_t dim = pairs->dim, most = 1;
    for (size_t i = 0; i < pairs->n_sets; i++)
        most = pairs->sets[i].n > most ? pairs->sets[i].n : most;
    *m = (struct matrix){.pairs = pairs, .n_panels = dim * (dim + 1) / 2};
    m->lo = adv_calloc(dim, sizeof *m->lo);
    m->hi = adv_calloc(dim, sizeof *m->hi);
    m->names = adv_calloc(dim, sizeof *m->names);
    m->column = adv_calloc(most, sizeof *m->column);
    m->points = adv_calloc(SCATTER_POINTS_MAX, 2 * sizeof *m->points);
    m->panels = adv_calloc(m->n_panels, sizeof *m->panels);
    if (m->lo && m->hi && m->names && m->column && m->points && m->panels)
        return ADV_OK;
    matrix_release(m);
    return adv_no_memory(error);
}

static const char *name_of(struct matrix *m, size_t i)
{
    if (m->pairs->names)
        return m->pairs->names[i];
    snprintf(m->names[i], NAME_BYTES, "x%zu", i + 1);
    return m->names[i];
}

/* ---- ranges ---- */

static void find_range(struct matrix *m, size_t i)
{
    double lo = INFINITY, hi = -INFINITY;
    if (m->pairs->lo) {
        m->lo[i] = m->pairs->lo[i];
        m->hi[i] = m->pairs->hi[i];
        adv_axis_widen(false, &m->lo[i], &m->hi[i]);
        return;
    }
    for (size_t s = 0; s < m->pairs->n_sets; s++) {
        const struct adv_point_set *set = &m->pairs->sets[s];
        adv_axis_take(set->n, m->pairs->dim, set->points, i, m->column, &lo, &hi);
    }
    m->lo[i] = lo;
    m->hi[i] = hi;
    adv_axis_pad(&m->lo[i], &m->hi[i]);
}

/* ---- panels ---- */

/* The histogram as a line along its bars; the height of the largest. */
static enum adv_status add_histogram(struct matrix *m, struct adv_plot *plot, size_t i, size_t s,
                                     double *largest, struct adv_error *error)
{
    const struct adv_point_set *set = &m->pairs->sets[s];
    struct adv_mark mark = {.colour = (int)s, .size_px = 1.4 * m->scale};
    double counts[BINS] = {0}, width = (m->hi[i] - m->lo[i]) / BINS;
    for (size_t k = 0; k < set->n; k++) {
        double place = ((double)set->points[k * m->pairs->dim + i] - m->lo[i]) / width;
        if (place >= 0 && place < BINS)
            counts[(size_t)place]++;
    }
    for (size_t b = 0; b < BINS; b++) {
        double height = set->n ? counts[b] / ((double)set->n * width) : 0;
        float *point = m->points + 4 * b;
        point[0] = (float)(m->lo[i] + (double)b * width);
        point[2] = (float)(m->lo[i] + (double)(b + 1) * width);
        point[1] = point[3] = (float)height;
        *largest = fmax(*largest, height);
    }
    return adv_plot_line(plot, 2 * BINS, m->points, &mark, error);
}

static enum adv_status add_scatter(struct matrix *m, struct adv_plot *plot, size_t row,
                                   size_t column, size_t s, struct adv_error *error)
{
    const struct adv_point_set *set = &m->pairs->sets[s];
    size_t dim = m->pairs->dim, n = set->n < SCATTER_POINTS_MAX ? set->n : SCATTER_POINTS_MAX;
    double radius = 0.01 * m->cell * pow(500 / fmax((double)n, 1), 0.25);
    struct adv_mark mark = {.colour = (int)s, .size_px = fmin(fmax(radius, 0.7), 2.5)};
    for (size_t k = 0; k < n; k++) {
        m->points[2 * k] = set->points[k * dim + column];
        m->points[2 * k + 1] = set->points[k * dim + row];
    }
    return adv_plot_scatter(plot, n, m->points, NULL, &mark, error);
}

static size_t cells_of(size_t n)
{
    return (size_t)fmin(fmax(sqrt((double)n / CELL_POINTS), CELLS_LEAST), CELLS_MOST);
}

/* How many points each cell of the panel has. */
static enum adv_status add_heat_map(struct matrix *m, struct adv_plot *plot, size_t row,
                                    size_t column, struct adv_error *error)
{
    const struct adv_point_set *set = &m->pairs->sets[0];
    size_t dim = m->pairs->dim, side = cells_of(set->n);
    double width = (m->hi[column] - m->lo[column]) / (double)side, most = 0;
    double height = (m->hi[row] - m->lo[row]) / (double)side;
    memset(m->points, 0, side * side * sizeof *m->points);
    for (size_t k = 0; k < set->n; k++) {
        double x = ((double)set->points[k * dim + column] - m->lo[column]) / width;
        double y = ((double)set->points[k * dim + row] - m->lo[row]) / height;
        if (!(x >= 0 && x < (double)side && y >= 0 && y < (double)side))
            continue;
        float *cell = m->points + (size_t)y * side + (size_t)x;
        most = fmax(most, (double)++*cell);
    }
    return adv_plot_heat_map(plot, side, side, m->points, 0, most > 0 ? most : 1, NULL, error);
}

/* Where the panel is, and what surrounds it. */
static void place(struct matrix *m, struct panel *panel, size_t row, size_t column)
{
    struct adv_layout *layout = &panel->layout;
    const struct adv_axes *axes = &panel->plot->axes;
    int step = m->cell + m->gap;
    *layout = (struct adv_layout){.scale = m->scale, .bare = true};
    layout->frame = (struct adv_frame){m->left + (int)column * step, m->top + (int)row * step,
                                       m->cell, m->cell};
    layout->x = (struct adv_axis){.lo = axes->x_lo, .hi = axes->x_hi};
    layout->y = (struct adv_axis){.lo = axes->y_lo, .hi = axes->y_hi};
    layout->x.px_lo = layout->frame.left;
    layout->x.px_hi = layout->frame.left + m->cell;
    layout->y.px_lo = layout->frame.top + m->cell;
    layout->y.px_hi = layout->frame.top;
    int room = (int)(m->cell / (m->scale * TICK_SPACING));
    int most = room < 2 ? 2 : room < TICKS_MOST ? room : TICKS_MOST;
    adv_ticks_choose(&layout->x, most, &layout->x_ticks);
    if (row != column)
        adv_ticks_choose(&layout->y, most, &layout->y_ticks);
}

static enum adv_status make_panel(struct matrix *m, struct panel *panel, size_t row, size_t column,
                                  struct adv_error *error)
{
    double largest = 0;
    bool heat = m->pairs->densities && row != column;
    struct adv_axes axes = {.x_lo = m->lo[column],
                            .x_hi = m->hi[column],
                            .y_lo = heat ? m->lo[row] : 0,
                            .y_hi = heat ? m->hi[row] : 0};
    enum adv_status status = adv_plot_new(&axes, &panel->plot, error);
    for (size_t s = m->pairs->n_sets; status == ADV_OK && s-- > 0;) /* the first on top */
        status = row == column ? add_histogram(m, panel->plot, row, s, &largest, error)
                 : heat        ? add_heat_map(m, panel->plot, row, column, error)
                               : add_scatter(m, panel->plot, row, column, s, error);
    if (status != ADV_OK)
        return status;
    panel->plot->axes.y_lo = row == column ? 0 : m->lo[row];
    panel->plot->axes.y_hi = row == column ? (largest > 0 ? 1.08 * largest : 1) : m->hi[row];
    place(m, panel, row, column);
    return ADV_OK;
}

static enum adv_status make_panels(struct matrix *m, struct adv_error *error)
{
    struct panel *panel = m->panels;
    for (size_t row = 0; row < m->pairs->dim; row++) {
        for (size_t column = 0; column <= row; column++, panel++) {
            enum adv_status status = make_panel(m, panel, row, column, error);
            if (status != ADV_OK)
                return status;
        }
    }
    return ADV_OK;
}

/* The cells that margins for ticks, names and title leave. */
static void divide(struct matrix *m)
{
    const struct adv_plot_style *s = &adv_style;
    int dim = (int)m->pairs->dim;
    int wanted = PANEL_PX * dim + 110;
    m->side = m->pairs->side ? m->pairs->side : wanted < 400 ? 400 : wanted > 2200 ? 2200 : wanted;
    m->scale = fmax(s->least_scale, pow(m->side / s->reference_side, s->scale_power) * 0.85);
    double before = s->margin + s->label_size * s->line_height + s->tick_size * 3.6 + s->gap;
    double below =
        s->margin + s->label_size * s->line_height + s->tick_size * s->line_height + s->gap;
    double above = s->margin + (m->pairs->title ? s->title_size * s->line_height : 0);
    m->gap = (int)(m->scale * s->gap);
    m->left = (int)(m->scale * before);
    m->top = (int)(m->scale * above);
    int across = m->side - m->left - (int)(m->scale * s->margin) - (dim - 1) * m->gap;
    int down = m->side - m->top - (int)(m->scale * below) - (dim - 1) * m->gap;
    m->cell = (across < down ? across : down) / dim;
    m->cell = m->cell < 1 ? 1 : m->cell;
}

/* ---- texts ---- */

static void write_text(const struct matrix *m, const struct adv_pen *pen, const char *text,
                       double size, uint32_t colour, double align, double turn, double most_width,
                       double x, double y)
{
    struct adv_text what = {.text = text,
                            .size = m->scale * size,
                            .colour = colour,
                            .align = align,
                            .turn = turn,
                            .most_width = most_width};
    adv_text_draw(pen, &what, x, y);
}

/* Whether a tick lies well inside the panel, so that its text keeps apart from the neighbours'. */
static bool has_text(const struct matrix *m, const struct adv_axis *axis, double pixel)
{
    double inset = TICK_INSET * m->cell;
    double lo = fmin(axis->px_lo, axis->px_hi), hi = fmax(axis->px_lo, axis->px_hi);
    return pixel >= lo + inset && pixel <= hi - inset;
}

static void write_x_ticks(const struct matrix *m, const struct adv_pen *pen,
                          const struct adv_layout *layout)
{
    double y = layout->frame.top + m->cell + m->scale * (adv_style.gap / 2 + adv_style.tick_size);
    for (int i = 0; i < layout->x_ticks.n; i++) {
        double x = adv_axis_pixel(&layout->x, layout->x_ticks.at[i].value);
        if (has_text(m, &layout->x, x))
            write_text(m, pen, layout->x_ticks.at[i].text, adv_style.tick_size, adv_style.quiet,
                       0.5, 0, m->cell / 2.0, x, y);
    }
}

static void write_y_ticks(const struct matrix *m, const struct adv_pen *pen,
                          const struct adv_layout *layout)
{
    double half_cap = m->scale * adv_style.tick_size * adv_style.cap_height / 2;
    for (int i = 0; i < layout->y_ticks.n; i++) {
        double y = adv_axis_pixel(&layout->y, layout->y_ticks.at[i].value);
        if (has_text(m, &layout->y, y))
            write_text(m, pen, layout->y_ticks.at[i].text, adv_style.tick_size, adv_style.quiet, 1,
                       0, m->scale * 4 * adv_style.tick_size, layout->frame.left - m->scale * 4,
                       y + half_cap);
    }
}

/* A name with the power of ten that its ticks are in. */
static void write_name(struct matrix *m, const struct adv_pen *pen, size_t i,
                       const struct adv_ticks *ticks, double turn, double x, double y)
{
    char exponent[ADV_EXPONENT_BYTES] = "";
    if (ticks->factor)
        adv_ticks_write_exponent(ticks->factor, exponent);
    struct adv_text text = {.text = name_of(m, i),
                            .tail = ticks->factor ? " / 10" : NULL,
                            .exponent = exponent,
                            .size = m->scale * adv_style.label_size,
                            .colour = adv_style.quiet,
                            .align = 0.5,
                            .turn = turn,
                            .most_width = m->cell};
    adv_text_draw(pen, &text, x, y);
}

static void write_borders(struct matrix *m, const struct adv_pen *pen)
{
    size_t dim = m->pairs->dim;
    double edge = m->scale * (adv_style.margin + adv_style.label_size * adv_style.cap_height);
    double below = m->scale * (adv_style.gap + adv_style.line_height *
                                                   (adv_style.tick_size + adv_style.label_size));
    for (size_t i = 0; i < dim; i++) {
        const struct adv_layout *lowest = &m->panels[dim * (dim - 1) / 2 + i].layout;
        const struct adv_layout *leftmost = &m->panels[i * (i + 1) / 2].layout;
        double middle = leftmost->frame.top + m->cell / 2.0;
        write_x_ticks(m, pen, lowest);
        write_name(m, pen, i, &lowest->x_ticks, 0, lowest->frame.left + m->cell / 2.0,
                   lowest->frame.top + m->cell + below);
        if (i == 0)
            continue; /* the first row is a histogram alone */
        write_y_ticks(m, pen, leftmost);
        write_name(m, pen, i, &leftmost->y_ticks, -M_PI / 2, edge, middle);
    }
}

/* The sets' labels in the empty corner, or above a single panel. */
static void write_legend(const struct matrix *m, const struct adv_pen *pen)
{
    double line = m->scale * adv_style.label_size * adv_style.line_height;
    double x = m->side - m->scale * adv_style.margin;
    double y = m->scale * (adv_style.margin + adv_style.label_size);
    for (size_t s = 0; s < m->pairs->n_sets; s++, y += line) {
        if (m->pairs->sets[s].label)
            write_text(m, pen, m->pairs->sets[s].label, adv_style.label_size, adv_style.cycle[s], 1,
                       0, m->side / 2.0, x, y);
    }
}

static cairo_status_t write_texts(struct matrix *m, cairo_surface_t *surface)
{
    struct adv_pen pen;
    adv_pen_open(&pen, surface);
    write_borders(m, &pen);
    write_legend(m, &pen);
    double share = m->pairs->densities ? 0.9 : 0.6; /* legends, which heat maps lack, are beside */
    write_text(m, &pen, m->pairs->title, adv_style.title_size, adv_style.ink, 0, 0, share * m->side,
               m->left, m->scale * (adv_style.margin + adv_style.title_size * 0.8));
    return adv_pen_close(&pen);
}

/* ---- the whole ---- */

static cairo_status_t draw(struct matrix *m, cairo_surface_t *surface)
{
    cairo_t *cr = cairo_create(surface);
    adv_paint_with(cr, adv_style.ground, 1);
    cairo_paint(cr);
    for (size_t i = 0; i < m->n_panels; i++) {
        struct adv_canvas canvas = {cr, &m->panels[i].layout};
        adv_decoration_grid(&canvas);
        adv_plot_draw_layers(m->panels[i].plot, &canvas);
        adv_decoration_draw(&canvas);
    }
    cairo_status_t drawn = cairo_status(cr);
    cairo_destroy(cr);
    cairo_status_t written = write_texts(m, surface);
    return drawn == CAIRO_STATUS_SUCCESS ? written : drawn;
}

static enum adv_status render(struct matrix *m, struct adv_image *image, struct adv_error *error)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, m->side, m->side);
    enum adv_status status = adv_plot_outcome(cairo_surface_status(surface), error);
    if (status == ADV_OK)
        status = adv_plot_outcome(draw(m, surface), error);
    if (status == ADV_OK)
        status = adv_image_init(image, m->side, m->side, 3, error);
    if (status == ADV_OK)
        adv_plot_copy_pixels(surface, image);
    cairo_surface_destroy(surface);
    return status;
}

enum adv_status adv_pairs_render(const struct adv_pairs *pairs, struct adv_image *image,
                                 struct adv_error *error)
{
    struct matrix m;
    enum adv_status status = check(pairs, error);
    if (status == ADV_OK)
        status = matrix_init(&m, pairs, error);
    if (status != ADV_OK)
        return status;
    divide(&m);
    for (size_t i = 0; i < pairs->dim; i++)
        find_range(&m, i);
    status = make_panels(&m, error);
    if (status == ADV_OK)
        status = render(&m, image, error);
    matrix_release(&m);
    return status;
}
