/* Film strips of plots: a panel per frame, in rows. */
#include "core/render/pictures/picture.h"

#include <stdio.h>
#include <string.h>

#define PANEL_PX 280
#define STRIP_COLUMNS 6

int adv_picture_side_at_least(int side)
{
    return side < ADV_PICTURE_SIDE_MIN ? ADV_PICTURE_SIDE_MIN : side;
}

/* Copies a panel into its place among n; the first one makes the strip. */
static enum adv_status place_panel(const struct adv_image *panel, size_t i, size_t n,
                                   struct adv_image *strip, struct adv_error *error)
{
    int columns = n < STRIP_COLUMNS ? (int)n : STRIP_COLUMNS;
    int rows = ((int)n + columns - 1) / columns;
    if (i == 0) {
        enum adv_status status = adv_image_init(strip, columns * panel->width, rows * panel->height,
                                                panel->n_channels, error);
        if (status != ADV_OK)
            return status;
        memset(strip->pixels, panel->pixels[0],
               (size_t)strip->width * (size_t)strip->height * (size_t)strip->n_channels);
    }
    size_t channels = (size_t)panel->n_channels, row_bytes = (size_t)panel->width * channels;
    size_t left = (i % (size_t)columns) * (size_t)panel->width;
    size_t top = (i / (size_t)columns) * (size_t)panel->height;
    for (size_t y = 0; y < (size_t)panel->height; y++)
        memcpy(strip->pixels + ((top + y) * (size_t)strip->width + left) * channels,
               panel->pixels + y * row_bytes, row_bytes);
    return ADV_OK;
}

enum adv_status adv_strip_draw(const struct adv_scene *scene, adv_panel_fn *draw_panel,
                               struct adv_image *image, struct adv_error *error)
{
    struct adv_image strip = {0};
    enum adv_status status = ADV_OK;
    size_t n = adv_strip_frames(scene);
    int columns = n < STRIP_COLUMNS ? (int)n : STRIP_COLUMNS;
    int side = scene->picture.width ? adv_picture_side_at_least((int)scene->picture.width / columns)
                                    : PANEL_PX;
    for (size_t i = 0; i < n && status == ADV_OK; i++) {
        size_t f = adv_strip_frame(scene, i);
        char title[32];
        snprintf(title, sizeof title, "t = %.3g", scene->answer->times[f]);
        struct adv_image panel = {0};
        status = draw_panel(scene, f, side, side, title, &panel, error);
        if (status == ADV_OK)
            status = place_panel(&panel, i, n, &strip, error);
        adv_image_release(&panel);
    }
    if (status == ADV_OK)
        *image = strip;
    else
        adv_image_release(&strip);
    return status;
}
