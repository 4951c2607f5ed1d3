/* With r and phi the polar coordinates of a point, R the radius, s the noise and k = r R / s^2,
 *
 *     p = exp(-(r - R)^2 / (2 s^2)) / (2 pi^2 s^2) * integral of exp(-k (1 - cos(a - phi)))
 *                                                    over the angle a from 0 to pi
 *
 * which over the whole circle would be Rice's distribution. The integrand is greatest at a = phi
 * and least opposite. One of the two lies on the half circle and divides it into two sides, along
 * each of which the integrand falls steadily. What is e^-40 below a side's start is left out; the
 * rest is smooth on the scale of its length, so that a Gauss-Legendre rule is exact there. */
#include "core/data/densities/half_circle.h"

#include "core/data/densities/density.h"

#include <math.h>

#define DEPTH 40.0 /* e^-40 = 4e-18 */
#define NEWTON_STEPS 8

/* By Newton's method, from Tricomi's approximation of the roots of the Legendre polynomial. */
void adv_legendre_init(struct adv_legendre *rule)
{
    const int n = ADV_LEGENDRE_NODES;
    for (int i = 0; i < n / 2; i++) {
        double x = cos(M_PI * (i + 0.75) / (n + 0.5)), slope = 1.0;
        for (int step = 0; step < NEWTON_STEPS; step++) {
            double before = 1.0, value = x;
            for (int k = 2; k <= n; k++) {
                double next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
                before = value;
                value = next;
            }
            slope = n * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        rule->node[i] = x;
        rule->weight[i] = 2.0 / ((1.0 - x * x) * slope * slope);
    }
}

/* By what the integrand has fallen at distance t from a start at distance `start` of its peak:
 * exp(-k (cos(start) - cos(start + t))), without the cancellation. */
static double fallen(double k, double start, double t)
{
    return exp(-2.0 * k * sin(start + t / 2.0) * sin(t / 2.0));
}

/* Over what length from `start` on the integrand falls to e^-DEPTH, at most to the angle pi:
 * cos(start) - cos(end) = DEPTH / k as sin^2(end/2) - sin^2(start/2), which is a product of sines of
 * half the sum and half the difference. Cosines would cancel for narrow peaks. */
static double length_of(double k, double start)
{
    double rise = DEPTH / (2.0 * k), root = sin(start / 2.0), end_square = root * root + rise;
    if (!(end_square < 1.0))
        return M_PI - start;
    double half_sum = asin(sqrt(end_square)) + start / 2.0;
    return 2.0 * asin(fmin(rise / sin(half_sum), 1.0));
}

/* The log of the integral along a side, start + length <= pi. */
static double log_side(const struct adv_legendre *rule, double k, double start, double length)
{
    double half = fmin(length, fmax(length_of(k, start), 0.0)) / 2.0;
    double sum = 0.0, root = sin(start / 2.0);
    for (int i = 0; i < ADV_LEGENDRE_NODES / 2; i++) {
        double off = rule->node[i] * half;
        sum += rule->weight[i] * (fallen(k, start, half - off) + fallen(k, start, half + off));
    }
    return log(sum * half) - 2.0 * k * root * root;
}

/* The log of the integral; the sides begin at the peak, or else at the half circle's ends. */
static double log_integral(const struct adv_legendre *rule, double k, double phi)
{
    if (phi >= 0.0)
        return adv_log_add(log_side(rule, k, 0.0, phi), log_side(rule, k, 0.0, M_PI - phi));
    return adv_log_add(log_side(rule, k, -phi, M_PI + phi), log_side(rule, k, M_PI + phi, -phi));
}

double adv_half_circle_log_density(const struct adv_legendre *rule, double radius, double noise,
                                   double x, double y)
{
    double r = hypot(x, y), variance = noise * noise, gap = r - radius;
    if (!isfinite(r))
        return -INFINITY;
    return log_integral(rule, r * radius / variance, atan2(y, x)) - gap * gap / (2.0 * variance) -
           log(2.0 * M_PI * M_PI * variance);
}
