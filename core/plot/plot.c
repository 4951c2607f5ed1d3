/* A plot is its axes and a list of layers. Rendering reads it only: layout and surfaces are made
 * anew each time, so that threads can render one plot together. */
#include "core/base/mem.h"
#include "core/plot/decoration.h"
#include "core/plot/layers/layer.h"
#include "core/plot/paint.h"
#include "core/plot/style.h"

#include <stdlib.h>

#define SIDE_DEFAULT 640
#define SIDE_LEAST 64
#define SIDE_MOST 4096

/* ---- axes ---- */

static enum adv_status check_side(const char *field, int side, struct adv_error *error)
{
    if (side == 0 || (side >= SIDE_LEAST && side <= SIDE_MOST))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, field,
                          "%s is %d; it must be in %d..%d, or 0 for %d", field, side, SIDE_LEAST,
                          SIDE_MOST, SIDE_DEFAULT);
}

static enum adv_status check_axes(const struct adv_axes *axes, struct adv_error *error)
{
    enum adv_status status = check_side("width", axes->width, error);
    if (status == ADV_OK)
        status = check_side("height", axes->height, error);
    if (status == ADV_OK)
        status = adv_axis_check(axes->x_lo, axes->x_hi, axes->log_x, "x_lo", "x_hi", error);
    if (status == ADV_OK)
        status = adv_axis_check(axes->y_lo, axes->y_hi, axes->log_y, "y_lo", "y_hi", error);
    if (status == ADV_OK && axes->equal_aspect && (axes->log_x || axes->log_y))
        status = adv_fail_field(error, ADV_E_INVALID, "equal_aspect",
                                "equal_aspect is set and so is %s; a logarithmic axis has no unit "
                                "to compare",
                                axes->log_x ? "log_x" : "log_y");
    if (status == ADV_OK)
        status = adv_text_check("title", axes->title, error);
    if (status == ADV_OK)
        status = adv_text_check("x_label", axes->x_label, error);
    if (status == ADV_OK)
        status = adv_text_check("y_label", axes->y_label, error);
    return status;
}

enum adv_status adv_plot_need_linear(const struct adv_plot *plot, const char *what,
                                     struct adv_error *error)
{
    if (!plot->axes.log_x && !plot->axes.log_y)
        return ADV_OK;
    const char *field = plot->axes.log_x ? "log_x" : "log_y";
    return adv_fail_field(error, ADV_E_INVALID, field, "%s is set; %s need linear axes", field,
                          what);
}

/* ---- plot ---- */

enum adv_status adv_plot_new(const struct adv_axes *axes, struct adv_plot **plot,
                             struct adv_error *error)
{
    enum adv_status status = check_axes(axes, error);
    if (status != ADV_OK)
        return status;
    struct adv_plot *made = adv_calloc(1, sizeof *made);
    if (!made)
        return adv_no_memory(error);
    struct adv_axes *own = &made->axes;
    *own = *axes;
    own->width = axes->width ? axes->width : SIDE_DEFAULT;
    own->height = axes->height ? axes->height : SIDE_DEFAULT;
    own->title = adv_strdup(axes->title);
    own->x_label = adv_strdup(axes->x_label);
    own->y_label = adv_strdup(axes->y_label);
    if ((axes->title && !own->title) || (axes->x_label && !own->x_label) ||
        (axes->y_label && !own->y_label)) {
        adv_plot_free(made);
        return adv_no_memory(error);
    }
    *plot = made;
    return ADV_OK;
}

void adv_plot_free(struct adv_plot *plot)
{
    if (!plot)
        return;
    for (size_t i = 0; i < plot->n_layers; i++)
        adv_layer_free(plot->layers[i]);
    free(plot->layers);
    free((char *)plot->axes.title);
    free((char *)plot->axes.x_label);
    free((char *)plot->axes.y_label);
    free(plot);
}

enum adv_status adv_plot_append(struct adv_plot *plot, struct adv_layer *layer,
                                struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (layer->label && plot->n_labels == ADV_LEGEND_MOST)
        status = adv_fail_field(error, ADV_E_INVALID, "label",
                                "label \"%s\" would be one more than the %d of a legend",
                                layer->label, ADV_LEGEND_MOST);
    if (status == ADV_OK)
        status = adv_grow(&plot->layers, &plot->capacity, plot->n_layers + 1,
                          sizeof(struct adv_layer *), error);
    if (status != ADV_OK) {
        adv_layer_free(layer);
        return status;
    }
    plot->n_labels += layer->label != NULL;
    plot->layers[plot->n_layers++] = layer;
    return ADV_OK;
}

/* ---- rendering ---- */

enum adv_status adv_plot_outcome(cairo_status_t status, struct adv_error *error)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return ADV_OK;
    if (status == CAIRO_STATUS_NO_MEMORY)
        return adv_no_memory(error);
    return adv_fail(error, ADV_E_UNSUPPORTED, "cairo cannot draw the plot: %s",
                    cairo_status_to_string(status));
}

void adv_plot_draw_layers(const struct adv_plot *plot, const struct adv_canvas *canvas)
{
    const struct adv_frame *frame = &canvas->layout->frame;
    double overhang = adv_layout_length(canvas->layout, adv_style.overhang);
    cairo_save(canvas->cr);
    cairo_rectangle(canvas->cr, frame->left - overhang, frame->top - overhang,
                    frame->width + 2 * overhang, frame->height + 2 * overhang);
    cairo_clip(canvas->cr);
    for (size_t i = 0; i < plot->n_layers; i++)
        plot->layers[i]->kind->draw(plot->layers[i], canvas);
    cairo_restore(canvas->cr);
}

static cairo_status_t write_layers(const struct adv_plot *plot, const struct adv_layout *layout,
                                   cairo_surface_t *surface)
{
    struct adv_pen pen;
    adv_pen_open(&pen, surface);
    for (size_t i = 0; i < plot->n_layers; i++) {
        if (plot->layers[i]->kind->write)
            plot->layers[i]->kind->write(plot->layers[i], layout, &pen);
    }
    return adv_pen_close(&pen);
}

static cairo_status_t draw(const struct adv_plot *plot, cairo_surface_t *surface)
{
    cairo_t *cr = cairo_create(surface);
    adv_paint_with(cr, adv_style.ground, 1);
    cairo_paint(cr);

    struct adv_layout layout;
    struct adv_pen pen;
    adv_pen_open(&pen, surface);
    adv_layout_make(plot, &pen, &layout);
    adv_decoration_label(&layout, &pen);
    cairo_status_t written = adv_pen_close(&pen);

    struct adv_canvas canvas = {cr, &layout};
    if (written == CAIRO_STATUS_SUCCESS) {
        adv_decoration_grid(&canvas);
        adv_plot_draw_layers(plot, &canvas);
        written = write_layers(plot, &layout, surface);
        adv_decoration_draw(&canvas);
    }
    cairo_status_t drawn = cairo_status(cr);
    cairo_destroy(cr);
    return written == CAIRO_STATUS_SUCCESS ? drawn : written;
}

void adv_plot_copy_pixels(cairo_surface_t *surface, struct adv_image *image)
{
    cairo_surface_flush(surface);
    const uint8_t *source = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    uint8_t *rgb = image->pixels;
    for (int y = 0; y < image->height; y++) {
        const uint32_t *line = (const uint32_t *)(const void *)(source + (size_t)y * stride);
        for (int x = 0; x < image->width; x++) {
            *rgb++ = line[x] >> 16 & 0xff;
            *rgb++ = line[x] >> 8 & 0xff;
            *rgb++ = line[x] & 0xff;
        }
    }
}

enum adv_status adv_plot_render(const struct adv_plot *plot, struct adv_image *image,
                                struct adv_error *error)
{
    const struct adv_axes *axes = &plot->axes;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, axes->width, axes->height);
    enum adv_status status = adv_plot_outcome(cairo_surface_status(surface), error);
    if (status == ADV_OK)
        status = adv_plot_outcome(draw(plot, surface), error);
    if (status == ADV_OK)
        status = adv_image_init(image, axes->width, axes->height, 3, error);
    if (status == ADV_OK)
        adv_plot_copy_pixels(surface, image);
    cairo_surface_destroy(surface);
    return status;
}
