#include "trainer/figure/figure.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GAP_PX 2
#define N_COLOURS 64 /* of panels in a file */
#define ZLIB_LEVEL 9
#define DARKEST 17.0 /* of 255: the ground of dark pictures, about that of dark pages */
#define LIGHTEST 235.0

static size_t bytes_of(const struct adv_image *image)
{
    return (size_t)image->width * (size_t)image->height * (size_t)image->n_channels;
}

void adv_film_release(struct adv_film *film)
{
    for (size_t i = 0; i < film->n; i++)
        adv_image_release(&film->frames[i]);
    free(film->frames);
    *film = (struct adv_film){0};
}

static uint8_t level(double value)
{
    return (uint8_t)lround(fmin(fmax(value, 0), 255));
}

/* The luma of ITU-R BT.601 is turned over, the differences from it stay. */
static void darken(uint8_t *rgb)
{
    double luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
    double turned = DARKEST + (1 - luma / 255) * (LIGHTEST - DARKEST);
    for (int c = 0; c < 3; c++)
        rgb[c] = level(turned + rgb[c] - luma);
}

void adv_film_darken(struct adv_film *film)
{
    for (size_t f = 0; f < film->n; f++) {
        const struct adv_image *frame = &film->frames[f];
        for (size_t i = 0; frame->n_channels == 3 && i < bytes_of(frame); i += 3)
            darken(frame->pixels + i);
    }
}

/* Takes the frame over, also on failure. */
static enum adv_status add(struct adv_film *film, struct adv_image *frame, struct adv_error *error)
{
    enum adv_status status =
        adv_grow(&film->frames, &film->capacity, film->n + 1, sizeof *film->frames, error);
    if (status != ADV_OK) {
        adv_image_release(frame);
        return status;
    }
    film->frames[film->n++] = *frame;
    *frame = (struct adv_image){0};
    return ADV_OK;
}

/* Shows the last frame n times more. */
static enum adv_status linger(struct adv_film *film, size_t n, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < n && status == ADV_OK; i++) {
        const struct adv_image *last = &film->frames[film->n - 1];
        struct adv_image copy;
        status = adv_image_init(&copy, last->width, last->height, last->n_channels, error);
        if (status != ADV_OK)
            return status;
        memcpy(copy.pixels, last->pixels, bytes_of(last));
        status = add(film, &copy, error);
    }
    return status;
}

enum adv_status adv_film_plot(struct adv_film *film, const struct adv_scene_film *states,
                              struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    for (size_t f = 0; f < states->n_frames && status == ADV_OK; f++) {
        struct adv_image frame = {0};
        status = states->plot_frame(states->scene, f, &frame, error);
        if (status == ADV_OK)
            status = add(film, &frame, error);
        if (status == ADV_OK && f == 0)
            status = linger(film, states->n_start, error);
    }
    return status;
}

static void paste(const struct adv_image *panel, size_t left, size_t top, struct adv_image *frame)
{
    size_t channels = (size_t)panel->n_channels, row = (size_t)panel->width * channels;
    for (size_t y = 0; y < (size_t)panel->height; y++)
        memcpy(frame->pixels + ((top + y) * (size_t)frame->width + left) * channels,
               panel->pixels + y * row, row);
}

enum adv_status adv_panels_join(size_t n, const struct adv_image *panels, size_t n_columns,
                                struct adv_image *frame, struct adv_error *error)
{
    int width = 0, height = -GAP_PX;
    for (size_t i = 0; i < n; i += n_columns) {
        int row = (int)n_columns * (panels[i].width + GAP_PX) - GAP_PX;
        width = row > width ? row : width;
        height += panels[i].height + GAP_PX;
    }
    enum adv_status status = adv_image_init(frame, width, height, panels[0].n_channels, error);
    if (status != ADV_OK)
        return status;
    memset(frame->pixels, 255, bytes_of(frame)); /* the ground of plots */
    size_t top = 0;
    for (size_t i = 0; i < n; i++) {
        paste(&panels[i], i % n_columns * (size_t)(panels[0].width + GAP_PX), top, frame);
        if (i % n_columns == n_columns - 1)
            top += (size_t)panels[i].height + GAP_PX;
    }
    return ADV_OK;
}

enum adv_status adv_panels_write(size_t n, const struct adv_image *panels, size_t n_columns,
                                 const char *path, struct adv_error *error)
{
    struct adv_image picture = {0};
    struct adv_bytes png = {0};
    enum adv_status status = adv_panels_join(n, panels, n_columns, &picture, error);
    if (status == ADV_OK)
        status = adv_png_encode_palette(1, &picture, N_COLOURS, 0, 0, 0, ZLIB_LEVEL, &png, error);
    if (status == ADV_OK)
        status = adv_file_replace(path, png.data, png.n, error);
    adv_image_release(&picture);
    adv_bytes_release(&png);
    return status;
}
