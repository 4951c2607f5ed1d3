#include "tests/core/plot/plot_support.h"

#include "core/plot/layers/layer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct adv_plot *plot_of(const struct adv_axes *axes)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_plot *plot = NULL;
    ck_assert_msg(adv_plot_new(axes, &plot, &error) == ADV_OK, "%s", error.message);
    return plot;
}

struct adv_image picture_of(const struct adv_plot *plot)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_image image;
    ck_assert_msg(adv_plot_render(plot, &image, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(image.width, plot->axes.width);
    ck_assert_int_eq(image.height, plot->axes.height);
    ck_assert_int_eq(image.n_channels, 3);
    return image;
}

struct adv_layout layout_of(const struct adv_plot *plot)
{
    struct adv_layout layout;
    struct adv_pen pen;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, plot->axes.width, plot->axes.height);
    adv_pen_open(&pen, surface);
    adv_layout_make(plot, &pen, &layout);
    ck_assert_int_eq(adv_pen_close(&pen), CAIRO_STATUS_SUCCESS);
    cairo_surface_destroy(surface);
    return layout;
}

const uint8_t *pixel_of(const struct adv_image *image, int x, int y)
{
    return image->pixels + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

bool same_picture(const struct adv_image *a, const struct adv_image *b)
{
    return a->width == b->width && a->height == b->height &&
           memcmp(a->pixels, b->pixels, 3 * (size_t)a->width * (size_t)a->height) == 0;
}

struct difference compare(const struct adv_image *a, const struct adv_image *b)
{
    struct difference d = {.left = a->width, .right = -1, .top = a->height, .bottom = -1};
    double total = 0;
    for (int y = 0; y < a->height; y++) {
        for (int x = 0; x < a->width; x++) {
            const uint8_t *p = pixel_of(a, x, y), *q = pixel_of(b, x, y);
            int weight = abs(p[0] - q[0]) + abs(p[1] - q[1]) + abs(p[2] - q[2]);
            if (weight == 0)
                continue;
            d.n++;
            d.left = x < d.left ? x : d.left;
            d.right = x > d.right ? x : d.right;
            d.top = y < d.top ? y : d.top;
            d.bottom = y > d.bottom ? y : d.bottom;
            d.x += weight * (x + 0.5);
            d.y += weight * (y + 0.5);
            total += weight;
        }
    }
    d.x /= total;
    d.y /= total;
    return d;
}

struct difference drawn(struct adv_plot *plot, struct adv_layout *layout)
{
    struct adv_plot *bare = plot_of(&plot->axes);
    struct adv_image with = picture_of(plot), without = picture_of(bare);
    struct difference difference = compare(&with, &without);
    *layout = layout_of(plot);
    adv_image_release(&with);
    adv_image_release(&without);
    adv_plot_free(bare);
    adv_plot_free(plot);
    return difference;
}
