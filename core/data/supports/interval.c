/* lo <= x <= hi: F is uniform, so that uniform data become exactly Gaussian.
 *
 * Each half is measured from the bound that is nearer, so that nothing cancels there. */
#include "core/data/supports/support.h"

#include "core/data/transforms/normal.h"

#include <math.h>

static const struct adv_field fields[] = {ADV_SUPPORT_LO, ADV_SUPPORT_HI};

static double encode(const struct adv_support *s, double x)
{
    double width = s->to - s->from;
    double below = fmax((x - s->from) / width, ADV_SUPPORT_NUDGE);
    double above = fmax((s->to - x) / width, ADV_SUPPORT_NUDGE);
    return adv_normal_quantile(fmin(below, 1.0 - ADV_SUPPORT_NUDGE),
                               fmin(above, 1.0 - ADV_SUPPORT_NUDGE));
}

static double decode(const struct adv_support *s, double z)
{
    double part = (s->to - s->from) * adv_normal_below(-fabs(z));
    return z < 0.0 ? s->from + part : s->to - part;
}

static double log_slope(const struct adv_support *s, double z)
{
    return -log(s->to - s->from) - adv_normal_log_density(z);
}

const struct adv_support_kind adv_support_interval = {
    .name = "interval",
    .help = "numbers between two bounds",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .has_lo = true,
    .has_hi = true,
    .encode = encode,
    .decode = decode,
    .log_slope = log_slope,
};
