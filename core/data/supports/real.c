/* Any number: y = (x - mean) / deviation. */
#include "core/data/supports/support.h"

static double keep(const struct adv_support *support, double value)
{
    (void)support;
    return value;
}

static double log_slope(const struct adv_support *support, double z)
{
    (void)support, (void)z;
    return 0.0;
}

const struct adv_support_kind adv_support_real = {
    .name = "real",
    .help = "numbers without bounds",
    .encode = keep,
    .decode = keep,
    .log_slope = log_slope,
};
