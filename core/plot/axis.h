/* One axis: the range it shows, where a value falls in the picture, and its ticks. */
#ifndef ADV_PLOT_AXIS_H
#define ADV_PLOT_AXIS_H

#include <advect/extra/plot.h>

struct adv_axis {
    double lo, hi; /* lo < hi; 0 < lo if log */
    bool log;
    double px_lo, px_hi; /* where lo and hi are, in pixels from the left or the top */
};

/* The pixel coordinate of a finite value (positive if log); outside [lo, hi] it goes on
 * linearly. */
double adv_axis_pixel(const struct adv_axis *axis, double value);

/* Its inverse. */
double adv_axis_value(const struct adv_axis *axis, double pixel);

/* Whether value is a number that falls inside the range. */
bool adv_axis_shows(const struct adv_axis *axis, double value);

/* Checks a range that a caller gave; field_lo and field_hi name it in errors. */
enum adv_status adv_axis_check(double lo, double hi, bool log, const char *field_lo,
                               const char *field_hi, struct adv_error *error);

/* Makes [*lo, *hi] of finite data a range that can be shown: not empty, not too narrow for its
 * magnitude. lo > hi: there are no data. */
void adv_axis_widen(bool log, double *lo, double *hi);

/* Widens [*lo, *hi] (lo > hi: empty) to hold column `column` of points [n, dim] but for the 0.1 %
 * at either end, and what is not finite. scratch [n]. */
void adv_axis_take(size_t n, size_t dim, const float *points, size_t column, float *scratch,
                   double *lo, double *hi);

/* Makes what was taken a range that a linear axis can show, with padding on both sides. */
void adv_axis_pad(double *lo, double *hi);

/* The extent of the data, as far as the axes show them. */
struct adv_bounds {
    const struct adv_axes *axes;
    double x_lo, x_hi, y_lo, y_hi; /* lo > hi: no data */
    bool tight;                    /* the data fill their extent: no padding */
};

void adv_bounds_init(struct adv_bounds *bounds, const struct adv_axes *axes);

/* Takes a point in; not one that is not finite, out of a log axis' domain, or out of the other
 * axis' given range. */
void adv_bounds_add(struct adv_bounds *bounds, double x, double y);

/* Sets range and scale (not the pixels) of both axes: as given, or fitted to the data. */
void adv_bounds_fit(const struct adv_bounds *bounds, struct adv_axis *x, struct adv_axis *y);

/* For equal_aspect: with pixels spread over width x height, grows the ranges that were fitted;
 * shrinks *width or *height where they were given. */
void adv_axis_equalise(const struct adv_axes *axes, struct adv_axis *x, struct adv_axis *y,
                       int *width, int *height);

#endif
