/* Columns of a point that are angles, in radians, on circles: x and x + 2 pi are one point. A flow
 * with circles is one on a product of lines and circles (Chen and Lipman, "Flow matching on general
 * geometries", ICLR 2024): its base is uniform on a circle, its paths take the shorter way round,
 * and its velocity is periodic, so that states may be kept as numbers of any size: whatever moves
 * by a periodic velocity moves on the circle. */
#ifndef ADV_BASE_CIRCLES_H
#define ADV_BASE_CIRCLES_H

#include <stddef.h>
#include <stdint.h>

#define ADV_CIRCLES_MAX 16

struct adv_circles {
    size_t n;
    uint16_t columns[ADV_CIRCLES_MAX]; /* ascending */
};

/* Standard normals x0 [n, dim] become base points: uniform angles in the circles' columns, each the
 * normal's quantile. */
void adv_circles_draw(const struct adv_circles *circles, size_t n, size_t dim, float *x0);

/* The log-density of the base at x0 [dim]. */
double adv_circles_log_base(const struct adv_circles *circles, size_t dim, const float *x0);

/* Moves the circles' columns of x1 [n, dim] by whole turns to where they are nearest to x0: the
 * straight line between them is then the shorter way round. */
void adv_circles_unwrap(const struct adv_circles *circles, size_t n, size_t dim, const float *x0,
                        float *x1);

/* Into [-pi, pi]. */
void adv_circles_wrap(const struct adv_circles *circles, size_t n, size_t dim, float *x);

#endif
