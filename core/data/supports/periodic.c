/* A circle: x and x + period are one point, and y = 2 pi (x - lo) / period - pi its
 * angle. The flow stays on the circle (docs/adr/0017-flows-on-circles.md); decoded
 * values are in [lo, lo + period). */
#include "core/data/supports/support.h"

#include <math.h>

static const struct adv_field fields[] = {
    ADV_SUPPORT_LO,
    {"period", ADV_FIELD_REAL, offsetof(struct adv_support, period), .min = 1e-30, .max = 1e30,
     .required = true, .help = "difference between values that are the same point"},
};

static double encode(const struct adv_support *s, double x)
{
    double turns = (x - s->from) / s->period;
    return 2.0 * M_PI * (turns - floor(turns)) - M_PI;
}

static double decode(const struct adv_support *s, double z)
{
    double turns = (z + M_PI) / (2.0 * M_PI);
    return s->from + s->period * (turns - floor(turns));
}

static double log_slope(const struct adv_support *s, double z)
{
    (void)z;
    return log(2.0 * M_PI / s->period);
}

const struct adv_support_kind adv_support_periodic = {
    .name = "periodic",
    .help = "points of a circle, such as angles",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .periodic = true,
    .encode = encode,
    .decode = decode,
    .log_slope = log_slope,
};
