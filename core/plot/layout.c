/* The size of the frame depends on the width of the tick texts, which ticks there are on the size
 * of the frame, and with equal aspect the ranges on both: a few rounds of all three settle it.
 * Offsets stack up outwards from the frame, side by side; margins are their sums. */
#include "core/plot/layout.h"

#include "core/plot/layers/layer.h"
#include "core/plot/style.h"

#include <math.h>

#define N_ROUNDS 3
#define LEAST_FRAME 0.4 /* of either side of the picture, or less detail */
#define X_TICKS_TRIED 5 /* at least; fewer only if their texts do not fit */
#define Y_TICKS_LEAST 3
#define DESCENT 0.25 /* of a text's size, below its base line */

/* What is shown; each includes those before it. */
enum detail { FRAME, TICKS, TITLES, LABELS };

struct margins {
    double left, right, top, bottom;
};

double adv_layout_length(const struct adv_layout *layout, double length)
{
    return layout->scale * length;
}

static int at_least(int least, double value)
{
    return value > least ? (int)value : least;
}

/* ---- ticks ---- */

static double tick_width(const struct adv_layout *layout, const struct adv_pen *pen,
                         const struct adv_tick *tick)
{
    if (!tick->text[0])
        return 0;
    return adv_text_width(pen, &(struct adv_text){
                                   .text = tick->text,
                                   .exponent = tick->exponent,
                                   .size = adv_layout_length(layout, adv_style.tick_size),
                               });
}

static double widest_tick(const struct adv_layout *layout, const struct adv_pen *pen,
                          const struct adv_ticks *ticks)
{
    double widest = 0;
    for (int i = 0; i < ticks->n; i++)
        widest = fmax(widest, tick_width(layout, pen, &ticks->at[i]));
    return widest;
}

/* Whether the texts of x ticks keep apart. */
static bool texts_fit(const struct adv_layout *layout, const struct adv_pen *pen)
{
    double taken = -INFINITY, gap = adv_layout_length(layout, adv_style.gap);
    for (int i = 0; i < layout->x_ticks.n; i++) {
        const struct adv_tick *tick = &layout->x_ticks.at[i];
        if (!tick->text[0])
            continue;
        double width = tick_width(layout, pen, tick);
        double centre = adv_axis_pixel(&layout->x, tick->value);
        if (centre - width / 2 < taken + gap)
            return false;
        taken = centre + width / 2;
    }
    return true;
}

static int most_y_ticks(const struct adv_layout *layout)
{
    return at_least(Y_TICKS_LEAST,
                    layout->frame.height / adv_layout_length(layout, adv_style.y_tick_spacing));
}

static void choose_ticks(struct adv_layout *layout, const struct adv_pen *pen)
{
    const struct adv_frame *frame = &layout->frame;
    layout->x.px_lo = frame->left;
    layout->x.px_hi = frame->left + frame->width;
    layout->y.px_lo = layout->bar.px_lo = frame->top + frame->height;
    layout->y.px_hi = layout->bar.px_hi = frame->top;

    layout->x_ticks.n = layout->y_ticks.n = layout->x_ticks.factor = layout->y_ticks.factor = 0;
    if (layout->has_bar)
        adv_ticks_choose(&layout->bar, most_y_ticks(layout), &layout->bar_ticks);
    if (layout->bare)
        return;
    int n_x =
        at_least(X_TICKS_TRIED, frame->width / adv_layout_length(layout, adv_style.x_tick_spacing));
    do {
        adv_ticks_choose(&layout->x, n_x, &layout->x_ticks);
    } while (n_x-- > 2 && !texts_fit(layout, pen));
    adv_ticks_choose(&layout->y, most_y_ticks(layout), &layout->y_ticks);
}

/* ---- labels ---- */

static void make_label(const char *text, const struct adv_ticks *ticks,
                       struct adv_axis_label *label)
{
    bool has_text = text && text[0];
    *label = (struct adv_axis_label){.text = has_text ? text : NULL, .tail = ""};
    if (ticks->factor) {
        label->text = has_text ? text : "";
        label->tail = has_text ? "  \u00d710" : "\u00d710";
        adv_ticks_write_exponent(ticks->factor, label->exponent);
    }
}

/* Entries in rows from left to right, no wider than the frame unless one alone is. */
static void place_legend(const struct adv_plot *plot, const struct adv_pen *pen,
                         struct adv_layout *layout)
{
    struct adv_legend *legend = &layout->legend;
    *legend = (struct adv_legend){.n = 0};
    double size = adv_layout_length(layout, adv_style.label_size);
    double before_text = adv_layout_length(layout, adv_style.swatch_width + adv_style.gap);
    double x = 0;
    for (size_t i = 0; i < plot->n_layers; i++) {
        const struct adv_layer *layer = plot->layers[i];
        if (!layer->label || !layer->kind->swatch)
            continue;
        double text_width =
            adv_text_width(pen, &(struct adv_text){.text = layer->label, .size = size});
        text_width = fmin(text_width, fmax(1, layout->frame.width - before_text));
        if (x > 0 && x + before_text + text_width > layout->frame.width)
            x = 0;
        if (x == 0)
            legend->n_rows++;
        legend->entries[legend->n++] = (struct adv_legend_entry){
            .layer = layer,
            .x = x,
            .y = (legend->n_rows - 0.5) * adv_style.line_height * size,
            .text_width = text_width,
        };
        x += before_text + text_width + adv_layout_length(layout, adv_style.legend_gap);
    }
}

static void drop_details(struct adv_layout *layout, enum detail detail)
{
    if (detail < LABELS)
        layout->x_label.text = layout->y_label.text = layout->bar_label.text = NULL;
    if (detail < TITLES) {
        layout->title = NULL;
        layout->legend.n = layout->legend.n_rows = 0;
    }
    if (detail < TICKS) {
        layout->x_ticks.n = layout->y_ticks.n = layout->bar_ticks.n = 0;
        layout->has_bar = false;
    }
}

/* ---- offsets: each function sets those of one side and returns how far that side reaches ---- */

static double reach_below(struct adv_layout *layout)
{
    const struct adv_plot_style *s = &adv_style;
    double reach = 0;
    if (layout->x_ticks.n) {
        reach += s->tick_length + s->gap + s->cap_height * s->tick_size;
        layout->offsets.x_ticks = adv_layout_length(layout, reach);
    }
    if (layout->x_label.text) {
        reach += 1.5 * s->gap + s->cap_height * s->label_size;
        layout->offsets.x_label = adv_layout_length(layout, reach);
        reach += DESCENT * s->label_size;
    }
    return adv_layout_length(layout, reach);
}

static double reach_left(struct adv_layout *layout, const struct adv_pen *pen)
{
    const struct adv_plot_style *s = &adv_style;
    double reach = 0;
    if (layout->y_ticks.n) {
        reach += adv_layout_length(layout, s->tick_length + s->gap / 2);
        layout->offsets.y_ticks = reach;
        reach += widest_tick(layout, pen, &layout->y_ticks);
    }
    if (layout->y_label.text) {
        reach += adv_layout_length(layout, s->gap + DESCENT * s->label_size);
        layout->offsets.y_label = reach;
        reach += adv_layout_length(layout, s->cap_height * s->label_size);
    }
    return reach;
}

static double reach_right(struct adv_layout *layout, const struct adv_pen *pen)
{
    const struct adv_plot_style *s = &adv_style;
    if (!layout->has_bar)
        return 0;
    layout->offsets.bar = adv_layout_length(layout, s->bar_gap);
    double reach =
        adv_layout_length(layout, s->bar_gap + s->bar_width + s->tick_length + s->gap / 2);
    layout->offsets.bar_ticks = reach;
    reach += widest_tick(layout, pen, &layout->bar_ticks);
    if (layout->bar_label.text) {
        reach += adv_layout_length(layout, s->gap + s->cap_height * s->label_size);
        layout->offsets.bar_label = reach;
        reach += adv_layout_length(layout, DESCENT * s->label_size);
    }
    return reach;
}

static double reach_above(struct adv_layout *layout)
{
    const struct adv_plot_style *s = &adv_style;
    double reach = layout->y_ticks.n ? s->tick_size / 2 : 0;
    if (layout->legend.n) {
        reach += layout->legend.n_rows * s->line_height * s->label_size;
        layout->offsets.legend = adv_layout_length(layout, reach);
    }
    if (layout->title) {
        reach += s->gap / 2 + DESCENT * s->title_size;
        layout->offsets.title = adv_layout_length(layout, reach);
        reach += s->cap_height * s->title_size;
    }
    return adv_layout_length(layout, reach);
}

/* How far texts of x ticks stick out to the left and to the right of the frame. */
static struct margins overflow(const struct adv_layout *layout, const struct adv_pen *pen)
{
    struct margins sides = {0};
    for (int i = 0; i < layout->x_ticks.n; i++) {
        const struct adv_tick *tick = &layout->x_ticks.at[i];
        double half = tick_width(layout, pen, tick) / 2;
        double centre = adv_axis_pixel(&layout->x, tick->value);
        sides.left = fmax(sides.left, layout->x.px_lo - (centre - half));
        sides.right = fmax(sides.right, centre + half - layout->x.px_hi);
    }
    return sides;
}

static struct margins measure(struct adv_layout *layout, const struct adv_pen *pen)
{
    struct margins sides = overflow(layout, pen);
    double margin = adv_layout_length(layout, adv_style.margin);
    return (struct margins){
        .left = margin + fmax(sides.left, reach_left(layout, pen)),
        .right = margin + fmax(sides.right, reach_right(layout, pen)),
        .top = margin + reach_above(layout),
        .bottom = margin + reach_below(layout),
    };
}

/* ---- the whole ---- */

/* The frame that the margins leave; where equal aspect makes it smaller, the picture stays
 * centred. */
static void place_frame(const struct adv_plot *plot, const struct margins *margins,
                        struct adv_layout *layout)
{
    struct adv_frame *frame = &layout->frame;
    int width = at_least(1, plot->axes.width - margins->left - margins->right);
    int height = at_least(1, plot->axes.height - margins->top - margins->bottom);
    frame->width = width;
    frame->height = height;
    if (plot->axes.equal_aspect)
        adv_axis_equalise(&plot->axes, &layout->x, &layout->y, &frame->width, &frame->height);
    frame->left = (int)margins->left + (width - frame->width) / 2;
    frame->top = (int)margins->top + (height - frame->height) / 2;
    layout->title_width =
        plot->axes.width - frame->left - adv_layout_length(layout, adv_style.margin);
}

/* Returns whether the margins leave enough room for the frame. */
static bool arrange(const struct adv_plot *plot, const struct adv_pen *pen,
                    const struct adv_bounds *bounds, const struct adv_colour_bar *bar,
                    enum detail detail, struct adv_layout *layout)
{
    const struct adv_axes *axes = &plot->axes;
    struct margins margins = {0};
    layout->has_bar = bar->label != NULL;
    layout->bar = (struct adv_axis){.lo = bar->lo, .hi = bar->hi, .log = bar->log};
    layout->bar_ticks.n = layout->bar_ticks.factor = 0;
    layout->title = axes->title;
    layout->frame = (struct adv_frame){.width = axes->width, .height = axes->height};
    for (int round = 0; round < N_ROUNDS; round++) {
        choose_ticks(layout, pen);
        make_label(axes->x_label, &layout->x_ticks, &layout->x_label);
        make_label(axes->y_label, &layout->y_ticks, &layout->y_label);
        make_label(bar->label, &layout->bar_ticks, &layout->bar_label);
        place_legend(plot, pen, layout);
        drop_details(layout, detail);
        margins = measure(layout, pen);
        adv_bounds_fit(bounds, &layout->x, &layout->y);
        place_frame(plot, &margins, layout);
    }
    choose_ticks(layout, pen);
    drop_details(layout, detail);
    return axes->width - margins.left - margins.right >= LEAST_FRAME * axes->width &&
           axes->height - margins.top - margins.bottom >= LEAST_FRAME * axes->height;
}

static double scale_of(const struct adv_axes *axes)
{
    return fmax(adv_style.least_scale,
                pow(sqrt((double)axes->width * axes->height) / adv_style.reference_side,
                    adv_style.scale_power));
}

void adv_layout_make(const struct adv_plot *plot, const struct adv_pen *pen,
                     struct adv_layout *layout)
{
    struct adv_bounds bounds;
    struct adv_colour_bar bar = {.label = NULL};
    adv_bounds_init(&bounds, &plot->axes);
    for (size_t i = 0; i < plot->n_layers; i++) {
        const struct adv_layer *layer = plot->layers[i];
        layer->kind->bounds(layer, &bounds);
        if (layer->kind->colour_bar)
            layer->kind->colour_bar(layer, &bar);
    }
    *layout = (struct adv_layout){.scale = scale_of(&plot->axes), .bare = plot->axes.bare};
    adv_bounds_fit(&bounds, &layout->x, &layout->y);
    enum detail detail = LABELS;
    while (!arrange(plot, pen, &bounds, &bar, detail, layout) && detail > FRAME)
        detail--;
}
