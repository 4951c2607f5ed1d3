/* Any number, with tails that fall as a power: F is Student's t with two degrees
 * of freedom, whose median and quartiles are the data's. With q the mass of the
 * smaller tail and r = (x - centre) / width,
 *
 *     q = 1 / (s (s + |r|)),  s = sqrt(2 + r^2),   |r| = (1 - 2 q) / sqrt(2 q (1 - q)),
 *     density = (2 q (1 - q))^(3/2).
 *
 * A tail that falls as |x|^-a, whatever a is, becomes that of a Gaussian, of
 * variance 2 / a in z: log-densities far outside the data stay near the truth's. */
#include "core/data/supports/support.h"

#include "core/data/transforms/normal.h"

#include <math.h>

#define QUARTILE 0.81649658092772603 /* of the reference: (1/2) / sqrt(2 (3/4) (1/4)) */
#define TAIL_MIN 1e-290              /* its square is still a number */

static double at_share(size_t n, const double *ascending, double share)
{
    double at = share * (double)(n - 1);
    size_t i = (size_t)at;
    double next = i + 1 < n ? ascending[i + 1] : ascending[i];
    return ascending[i] + (at - (double)i) * (next - ascending[i]);
}

/* Half of the data may be one value; the mean deviation then says how wide the rest is. */
static void fit(struct adv_support *s, size_t n, const double *ascending)
{
    s->centre = at_share(n, ascending, 0.5);
    s->width = (at_share(n, ascending, 0.75) - at_share(n, ascending, 0.25)) / (2.0 * QUARTILE);
    if (s->width > 0.0)
        return;
    for (size_t i = 0; i < n; i++)
        s->width += fabs(ascending[i] - s->centre) / (double)n;
    if (!(s->width > 0.0))
        s->width = 1.0;
}

static double encode(const struct adv_support *support, double x)
{
    double r = fabs(x - support->centre) / support->width, s = sqrt(2.0 + r * r);
    double tail = 1.0 / (s * (s + r));
    return copysign(adv_normal_quantile(tail, 1.0 - tail), x - support->centre);
}

static double tail_of(double z)
{
    return fmax(adv_normal_below(-fabs(z)), TAIL_MIN);
}

static double decode(const struct adv_support *support, double z)
{
    double q = tail_of(z), r = (1.0 - 2.0 * q) / sqrt(2.0 * q * (1.0 - q));
    return support->centre + copysign(r, z) * support->width;
}

static double log_slope(const struct adv_support *support, double z)
{
    double q = tail_of(z);
    return 1.5 * log(2.0 * q * (1.0 - q)) - adv_normal_log_density(z) - log(support->width);
}

const struct adv_support_kind adv_support_heavy = {
    .name = "heavy",
    .help = "numbers without bounds, with heavy tails",
    .fit = fit,
    .encode = encode,
    .decode = decode,
    .log_slope = log_slope,
};
