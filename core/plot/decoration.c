#include "core/plot/decoration.h"

#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <math.h>

static double right_of(const struct adv_frame *frame)
{
    return frame->left + frame->width;
}

static double bottom_of(const struct adv_frame *frame)
{
    return frame->top + frame->height;
}

/* ---- texts ---- */

static void write_tick(const struct adv_layout *layout, const struct adv_pen *pen,
                       const struct adv_tick *tick, double align, double x, double y)
{
    struct adv_text text = {
        .text = tick->text,
        .exponent = tick->exponent,
        .size = adv_layout_length(layout, adv_style.tick_size),
        .colour = adv_style.quiet,
        .align = align,
    };
    adv_text_draw(pen, &text, x, y);
}

static void write_ticks(const struct adv_layout *layout, const struct adv_pen *pen)
{
    const struct adv_frame *frame = &layout->frame;
    const struct adv_offsets *offsets = &layout->offsets;
    double half_cap = adv_layout_length(layout, adv_style.tick_size * adv_style.cap_height) / 2;
    for (int i = 0; i < layout->x_ticks.n; i++) {
        const struct adv_tick *tick = &layout->x_ticks.at[i];
        write_tick(layout, pen, tick, 0.5, adv_axis_pixel(&layout->x, tick->value),
                   bottom_of(frame) + offsets->x_ticks);
    }
    for (int i = 0; i < layout->y_ticks.n; i++) {
        const struct adv_tick *tick = &layout->y_ticks.at[i];
        write_tick(layout, pen, tick, 1, frame->left - offsets->y_ticks,
                   adv_axis_pixel(&layout->y, tick->value) + half_cap);
    }
    for (int i = 0; i < layout->bar_ticks.n; i++) {
        const struct adv_tick *tick = &layout->bar_ticks.at[i];
        write_tick(layout, pen, tick, 0, right_of(frame) + offsets->bar_ticks,
                   adv_axis_pixel(&layout->bar, tick->value) + half_cap);
    }
}

/* Centred on the middle of a side of the frame, whose length bounds it. */
static void write_label(const struct adv_layout *layout, const struct adv_pen *pen,
                        const struct adv_axis_label *label, double turn, double x, double y)
{
    const struct adv_frame *frame = &layout->frame;
    struct adv_text text = {
        .text = label->text,
        .tail = label->tail,
        .exponent = label->exponent,
        .size = adv_layout_length(layout, adv_style.label_size),
        .colour = adv_style.quiet,
        .align = 0.5,
        .turn = turn,
        .most_width = turn == 0 ? frame->width : frame->height,
    };
    adv_text_draw(pen, &text, x, y);
}

static void write_title(const struct adv_layout *layout, const struct adv_pen *pen)
{
    const struct adv_frame *frame = &layout->frame;
    struct adv_text text = {
        .text = layout->title,
        .size = adv_layout_length(layout, adv_style.title_size),
        .colour = adv_style.ink,
        .most_width = layout->title_width,
    };
    adv_text_draw(pen, &text, frame->left, frame->top - layout->offsets.title);
}

static void write_legend(const struct adv_layout *layout, const struct adv_pen *pen)
{
    const struct adv_frame *frame = &layout->frame;
    double size = adv_layout_length(layout, adv_style.label_size);
    double indent = adv_layout_length(layout, adv_style.swatch_width + adv_style.gap);
    for (int i = 0; i < layout->legend.n; i++) {
        const struct adv_legend_entry *entry = &layout->legend.entries[i];
        struct adv_text text = {
            .text = entry->layer->label,
            .size = size,
            .colour = adv_style.quiet,
            .most_width = entry->text_width,
        };
        adv_text_draw(pen, &text, frame->left + entry->x + indent,
                      frame->top - layout->offsets.legend + entry->y +
                          size * adv_style.cap_height / 2);
    }
}

void adv_decoration_label(const struct adv_layout *layout, const struct adv_pen *pen)
{
    const struct adv_frame *frame = &layout->frame;
    const struct adv_offsets *offsets = &layout->offsets;
    double x_middle = frame->left + frame->width / 2.0, y_middle = frame->top + frame->height / 2.0;
    write_ticks(layout, pen);
    write_label(layout, pen, &layout->x_label, 0, x_middle, bottom_of(frame) + offsets->x_label);
    write_label(layout, pen, &layout->y_label, -M_PI / 2, frame->left - offsets->y_label, y_middle);
    write_label(layout, pen, &layout->bar_label, -M_PI / 2, right_of(frame) + offsets->bar_label,
                y_middle);
    write_title(layout, pen);
    write_legend(layout, pen);
}

/* ---- shapes ---- */

/* A line between two points, moved onto the middle of pixels where upright or level so that it is
 * sharp. */
static void trace(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    if (x0 == x1)
        x0 = x1 = floor(x0) + 0.5;
    if (y0 == y1)
        y0 = y1 = floor(y0) + 0.5;
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
}

static void stroke(const struct adv_canvas *canvas, uint32_t colour, double width)
{
    cairo_set_line_width(canvas->cr, fmax(1, floor(adv_layout_length(canvas->layout, width))));
    adv_paint_with(canvas->cr, colour, 1);
    cairo_stroke(canvas->cr);
}

static bool is_major(const struct adv_tick *tick)
{
    return tick->text[0] != '\0';
}

void adv_decoration_grid(const struct adv_canvas *canvas)
{
    const struct adv_layout *layout = canvas->layout;
    const struct adv_frame *frame = &layout->frame;
    for (int i = 0; i < layout->x_ticks.n; i++) {
        double x = adv_axis_pixel(&layout->x, layout->x_ticks.at[i].value);
        if (is_major(&layout->x_ticks.at[i]))
            trace(canvas->cr, x, frame->top, x, bottom_of(frame));
    }
    for (int i = 0; i < layout->y_ticks.n; i++) {
        double y = adv_axis_pixel(&layout->y, layout->y_ticks.at[i].value);
        if (is_major(&layout->y_ticks.at[i]))
            trace(canvas->cr, frame->left, y, right_of(frame), y);
    }
    stroke(canvas, adv_style.rule, adv_style.rule_width);
}

static double tick_length(const struct adv_layout *layout, const struct adv_tick *tick)
{
    return adv_layout_length(layout,
                             is_major(tick) ? adv_style.tick_length : adv_style.minor_tick_length);
}

static void draw_frame(const struct adv_canvas *canvas)
{
    const struct adv_frame *frame = &canvas->layout->frame;
    double left = frame->left - 1, top = frame->top - 1, right = right_of(frame),
           bottom = bottom_of(frame);
    trace(canvas->cr, left, top, left, bottom + 1);
    trace(canvas->cr, right, top, right, bottom + 1);
    trace(canvas->cr, left, top, right + 1, top);
    trace(canvas->cr, left, bottom, right + 1, bottom);
    stroke(canvas, adv_style.frame, adv_style.axis_width);
}

static void draw_axes(const struct adv_canvas *canvas)
{
    const struct adv_layout *layout = canvas->layout;
    const struct adv_frame *frame = &layout->frame;
    double left = frame->left - 1, bottom = bottom_of(frame);
    trace(canvas->cr, left, frame->top, left, bottom + 1);
    trace(canvas->cr, left, bottom, right_of(frame), bottom);
    for (int i = 0; i < layout->x_ticks.n; i++) {
        double x = adv_axis_pixel(&layout->x, layout->x_ticks.at[i].value);
        trace(canvas->cr, x, bottom, x, bottom + tick_length(layout, &layout->x_ticks.at[i]));
    }
    for (int i = 0; i < layout->y_ticks.n; i++) {
        double y = adv_axis_pixel(&layout->y, layout->y_ticks.at[i].value);
        trace(canvas->cr, left, y, left - tick_length(layout, &layout->y_ticks.at[i]), y);
    }
    stroke(canvas, adv_style.axis, adv_style.axis_width);
}

static void draw_bar(const struct adv_canvas *canvas)
{
    const struct adv_layout *layout = canvas->layout;
    const struct adv_frame *frame = &layout->frame;
    double left = floor(right_of(frame) + layout->offsets.bar);
    double width = floor(adv_layout_length(layout, adv_style.bar_width));
    for (int row = 0; row < frame->height; row++) {
        uint8_t rgb[3];
        adv_plot_colour((frame->height - row - 0.5) / frame->height, rgb);
        cairo_set_source_rgb(canvas->cr, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
        cairo_rectangle(canvas->cr, left, frame->top + row, width, 1);
        cairo_fill(canvas->cr);
    }
    for (int i = 0; i < layout->bar_ticks.n; i++) {
        double y = adv_axis_pixel(&layout->bar, layout->bar_ticks.at[i].value);
        trace(canvas->cr, left + width, y,
              left + width + tick_length(layout, &layout->bar_ticks.at[i]), y);
    }
    stroke(canvas, adv_style.axis, adv_style.axis_width);
}

static void draw_swatches(const struct adv_canvas *canvas)
{
    const struct adv_layout *layout = canvas->layout;
    double width = adv_layout_length(layout, adv_style.swatch_width);
    for (int i = 0; i < layout->legend.n; i++) {
        const struct adv_legend_entry *entry = &layout->legend.entries[i];
        entry->layer->kind->swatch(entry->layer, canvas, layout->frame.left + entry->x + width / 2,
                                   layout->frame.top - layout->offsets.legend + entry->y, width);
    }
}

void adv_decoration_draw(const struct adv_canvas *canvas)
{
    if (canvas->layout->bare)
        draw_frame(canvas);
    else
        draw_axes(canvas);
    if (canvas->layout->has_bar)
        draw_bar(canvas);
    draw_swatches(canvas);
}
