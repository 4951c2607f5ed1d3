/* Plots, their pictures, and how pictures differ, for the tests of plots. */
#ifndef ADV_TESTS_PLOT_SUPPORT_H
#define ADV_TESTS_PLOT_SUPPORT_H

#include "core/plot/layout.h"

#include <advect/extra/plot.h>
#include <stdbool.h>
#include <stdint.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* These fail the test where they cannot. */
struct adv_plot *plot_of(const struct adv_axes *axes);
struct adv_image picture_of(const struct adv_plot *plot);
struct adv_layout layout_of(const struct adv_plot *plot);

const uint8_t *pixel_of(const struct adv_image *image, int x, int y);
bool same_picture(const struct adv_image *a, const struct adv_image *b);

/* Where two pictures differ: the box, and the mean place weighted with the difference. */
struct difference {
    int n, left, right, top, bottom; /* pixels, the box's ends included */
    double x, y;                     /* pixel coordinates: the first pixel's centre is at 0.5 */
};

struct difference compare(const struct adv_image *a, const struct adv_image *b);

/* What the plot's layers draw: its picture against that of its axes alone. Frees the plot. */
struct difference drawn(struct adv_plot *plot, struct adv_layout *layout);

#endif
