/* x >= lo, or x <= hi: F is exponential in the distance d from the bound, with
 * the mean w that gives the data's median,
 *
 *     F = 1 - exp(-d / w),
 *
 * so that exponential data become exactly Gaussian. z grows with sqrt(2 d / w)
 * far out, which also tames heavier tails, and falls with the Gaussian's lower tail
 * towards the bound. The mass above, exp(-d / w), is kept as its logarithm. */
#include "core/data/supports/support.h"

#include "core/data/transforms/normal.h"

#include <math.h>

static const struct adv_field lo_fields[] = {ADV_SUPPORT_LO}, hi_fields[] = {ADV_SUPPORT_HI};

static double z_of(double distance, double width)
{
    return adv_normal_at_log_above(-fmax(distance / width, ADV_SUPPORT_NUDGE));
}

static double distance_of(double z, double width)
{
    return -adv_normal_log_above(z) * width;
}

static double log_slope(const struct adv_support *s, double z)
{
    return adv_normal_log_above(z) - adv_normal_log_density(z) - log(s->width);
}

/* Where more than half of the data lie on the bound, the mean distance is what is left. */
static double width_of(double median, double mean)
{
    return median > 0.0 ? median / log(2.0) : mean > 0.0 ? mean : 1.0;
}

static double mean_of(size_t n, const double *values)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += values[i] / (double)n;
    return sum;
}

/* ---------------------------------------------------------------- above */

static void fit_above(struct adv_support *s, size_t n, const double *ascending)
{
    s->width = width_of(ascending[n / 2] - s->from, mean_of(n, ascending) - s->from);
}

static double encode_above(const struct adv_support *s, double x)
{
    return z_of(x - s->from, s->width);
}

static double decode_above(const struct adv_support *s, double z)
{
    return s->from + distance_of(z, s->width);
}

const struct adv_support_kind adv_support_above = {
    .name = "above",
    .help = "numbers from a bound upwards",
    .fields = lo_fields,
    .n_fields = ADV_COUNT(lo_fields),
    .has_lo = true,
    .fit = fit_above,
    .encode = encode_above,
    .decode = decode_above,
    .log_slope = log_slope,
};

/* ---------------------------------------------------------------- below, its mirror image */

static void fit_below(struct adv_support *s, size_t n, const double *ascending)
{
    s->width = width_of(s->to - ascending[n / 2], s->to - mean_of(n, ascending));
}

static double encode_below(const struct adv_support *s, double x)
{
    return -z_of(s->to - x, s->width);
}

static double decode_below(const struct adv_support *s, double z)
{
    return s->to - distance_of(-z, s->width);
}

static double log_slope_below(const struct adv_support *s, double z)
{
    return log_slope(s, -z);
}

const struct adv_support_kind adv_support_below = {
    .name = "below",
    .help = "numbers from a bound downwards",
    .fields = hi_fields,
    .n_fields = ADV_COUNT(hi_fields),
    .has_hi = true,
    .fit = fit_below,
    .encode = encode_below,
    .decode = decode_below,
    .log_slope = log_slope_below,
};
