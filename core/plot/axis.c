#include "core/plot/axis.h"

#include "core/plot/style.h"

#include <math.h>
#include <stdlib.h>

/* Data are floats, so ranges fitted to them are far inside these bounds; they keep every span,
 * ratio and tick of a given range finite and exact enough. */
#define MAGNITUDE_MOST 1e100
#define SPAN_LEAST 1e-100
#define RELATIVE_SPAN_LEAST 1e-9

#define QUANTILE 0.001 /* of a column, left out at either end */

static double warp(const struct adv_axis *axis, double value)
{
    return axis->log ? log10(value) : value;
}

double adv_axis_pixel(const struct adv_axis *axis, double value)
{
    double lo = warp(axis, axis->lo), hi = warp(axis, axis->hi);
    return axis->px_lo + (warp(axis, value) - lo) / (hi - lo) * (axis->px_hi - axis->px_lo);
}

double adv_axis_value(const struct adv_axis *axis, double pixel)
{
    double lo = warp(axis, axis->lo), hi = warp(axis, axis->hi);
    double warped = lo + (pixel - axis->px_lo) / (axis->px_hi - axis->px_lo) * (hi - lo);
    return axis->log ? pow(10, warped) : warped;
}

bool adv_axis_shows(const struct adv_axis *axis, double value)
{
    return value >= axis->lo && value <= axis->hi;
}

static bool is_wide_enough(double lo, double hi)
{
    return hi - lo >= fmax(SPAN_LEAST, RELATIVE_SPAN_LEAST * fmax(fabs(lo), fabs(hi)));
}

enum adv_status adv_axis_check(double lo, double hi, bool log, const char *field_lo,
                               const char *field_hi, struct adv_error *error)
{
    const char *fields[2] = {field_lo, field_hi};
    double ends[2] = {lo, hi};
    for (int i = 0; i < 2; i++) {
        if (!(fabs(ends[i]) <= MAGNITUDE_MOST))
            return adv_fail_field(error, ADV_E_INVALID, fields[i],
                                  "%s is %g; it must be within +-%g", fields[i], ends[i],
                                  MAGNITUDE_MOST);
    }
    if (lo >= hi)
        return ADV_OK;
    if (log && lo < SPAN_LEAST)
        return adv_fail_field(error, ADV_E_INVALID, field_lo,
                              "%s is %g; a logarithmic axis starts at %g or above", field_lo, lo,
                              SPAN_LEAST);
    if (!is_wide_enough(lo, hi))
        return adv_fail_field(error, ADV_E_INVALID, field_hi,
                              "%s is %.17g and %s %.17g; they must differ by %g and by %g of the "
                              "larger one at least",
                              field_lo, lo, field_hi, hi, SPAN_LEAST, RELATIVE_SPAN_LEAST);
    return ADV_OK;
}

void adv_axis_widen(bool log, double *lo, double *hi)
{
    if (*lo > *hi) {
        *lo = log ? 1 : 0;
        *hi = log ? 10 : 1;
    } else if (log) {
        if (log10(*hi) - log10(*lo) < RELATIVE_SPAN_LEAST) {
            *lo /= 2;
            *hi *= 2;
        }
    } else if (!is_wide_enough(*lo, *hi)) {
        double magnitude = fmax(fabs(*lo), fabs(*hi));
        double margin = magnitude > SPAN_LEAST ? 0.1 * magnitude : 1;
        *lo -= margin;
        *hi += margin;
    }
}

/* ---- ranges of columns ---- */

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void adv_axis_take(size_t n, size_t dim, const float *points, size_t column, float *scratch,
                   double *lo, double *hi)
{
    size_t n_finite = 0;
    for (size_t k = 0; k < n; k++) {
        float value = points[k * dim + column];
        if (isfinite(value))
            scratch[n_finite++] = value;
    }
    if (n_finite == 0)
        return;
    qsort(scratch, n_finite, sizeof *scratch, compare_floats);
    size_t skipped = (size_t)(QUANTILE * (double)n_finite);
    *lo = fmin(*lo, (double)scratch[skipped]);
    *hi = fmax(*hi, (double)scratch[n_finite - 1 - skipped]);
}

void adv_axis_pad(double *lo, double *hi)
{
    double padding = adv_style.range_padding * (*hi - *lo);
    *lo -= padding > 0 ? padding : 0;
    *hi += padding > 0 ? padding : 0;
    adv_axis_widen(false, lo, hi);
}

/* ---- fitting ---- */

static bool is_given(double lo, double hi)
{
    return lo < hi;
}

void adv_bounds_init(struct adv_bounds *bounds, const struct adv_axes *axes)
{
    *bounds = (struct adv_bounds){
        .axes = axes,
        .x_lo = INFINITY,
        .x_hi = -INFINITY,
        .y_lo = INFINITY,
        .y_hi = -INFINITY,
    };
}

static bool is_shown(double value, double lo, double hi, bool log)
{
    return isfinite(value) && (!log || value > 0) &&
           (!is_given(lo, hi) || (value >= lo && value <= hi));
}

void adv_bounds_add(struct adv_bounds *bounds, double x, double y)
{
    const struct adv_axes *axes = bounds->axes;
    if (!is_shown(x, axes->x_lo, axes->x_hi, axes->log_x) ||
        !is_shown(y, axes->y_lo, axes->y_hi, axes->log_y))
        return;
    bounds->x_lo = fmin(bounds->x_lo, x);
    bounds->x_hi = fmax(bounds->x_hi, x);
    bounds->y_lo = fmin(bounds->y_lo, y);
    bounds->y_hi = fmax(bounds->y_hi, y);
}

static void fit(struct adv_axis *axis, double lo, double hi, bool log, bool tight)
{
    adv_axis_widen(log, &lo, &hi);
    if (!tight && log) {
        double factor = pow(10, adv_style.range_padding * (log10(hi) - log10(lo)));
        lo /= factor;
        hi *= factor;
    } else if (!tight) {
        double padding = adv_style.range_padding * (hi - lo);
        lo -= padding;
        hi += padding;
    }
    axis->lo = lo;
    axis->hi = hi;
}

void adv_bounds_fit(const struct adv_bounds *bounds, struct adv_axis *x, struct adv_axis *y)
{
    const struct adv_axes *axes = bounds->axes;
    *x = (struct adv_axis){.lo = axes->x_lo, .hi = axes->x_hi, .log = axes->log_x};
    *y = (struct adv_axis){.lo = axes->y_lo, .hi = axes->y_hi, .log = axes->log_y};
    if (!is_given(axes->x_lo, axes->x_hi))
        fit(x, bounds->x_lo, bounds->x_hi, axes->log_x, bounds->tight);
    if (!is_given(axes->y_lo, axes->y_hi))
        fit(y, bounds->y_lo, bounds->y_hi, axes->log_y, bounds->tight);
}

static void grow(struct adv_axis *axis, double span)
{
    double middle = axis->lo + (axis->hi - axis->lo) / 2;
    axis->lo = middle - span / 2;
    axis->hi = middle + span / 2;
}

static int at_least_one(double pixels)
{
    return pixels < 1 ? 1 : (int)lround(pixels);
}

void adv_axis_equalise(const struct adv_axes *axes, struct adv_axis *x, struct adv_axis *y,
                       int *width, int *height)
{
    double x_unit = (x->hi - x->lo) / *width, y_unit = (y->hi - y->lo) / *height;
    if (x_unit > y_unit) {
        if (!is_given(axes->y_lo, axes->y_hi))
            grow(y, x_unit * *height);
        else
            *height = at_least_one((y->hi - y->lo) / x_unit);
    } else {
        if (!is_given(axes->x_lo, axes->x_hi))
            grow(x, y_unit * *width);
        else
            *width = at_least_one((x->hi - x->lo) / y_unit);
    }
}
