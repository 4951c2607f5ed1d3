/* Four concentric rings of equal weight: a uniform angle on a circle of radius
 * R, plus round Gaussian noise of standard deviation s. The noise turns the circle into
 * Rice's distribution of the radius, so the density has a closed form:
 *
 *     p(x) = 1 / (2 pi s^2) exp(-(r^2 + R^2) / (2 s^2)) I0(r R / s^2),  r = |x|
 *
 * (S. O. Rice, "Mathematical analysis of random noise", 1945, 3.10). With
 * e^-y I0(y) in place of I0 the exponent is -(r - R)^2 / (2 s^2) and nothing
 * overflows. */
#include "core/data/densities/density.h"

#include "core/base/mem.h"

#include <advect/extra/rng.h>

#define N_RINGS 4
#define RING_GAP 0.75 /* between radii, and from the origin to the first ring */
#define CHUNK 256

struct rings {
    double noise;
};

static const struct adv_field fields[] = {
    {.name = "noise",
     .kind = ADV_FIELD_REAL,
     .offset = offsetof(struct rings, noise),
     .min = 0.001,
     .max = 2.0,
     .fallback = "0.08",
     .help = "standard deviation of the jitter"},
};

static double radius(size_t ring)
{
    return RING_GAP * (double)(ring + 1);
}

static void sample(const void *state, uint64_t seed, uint64_t first, size_t n, float *out)
{
    const struct rings *rings = state;
    float turns[CHUNK];
    adv_rng_normal(seed, ADV_STREAM_DATA_NOISE, first, n, 2, out);
    for (size_t i = 0; i < n; i++) {
        uint64_t row = first + i;
        if (i % CHUNK == 0)
            adv_rng_uniform(seed, ADV_STREAM_DATA, row, n - i < CHUNK ? n - i : CHUNK, 1, turns);
        double r = radius((size_t)adv_rng_below(seed, ADV_STREAM_DATA, row, N_RINGS));
        double angle = 2.0 * M_PI * (double)turns[i % CHUNK];
        out[2 * i] = (float)(r * cos(angle) + rings->noise * (double)out[2 * i]);
        out[2 * i + 1] = (float)(r * sin(angle) + rings->noise * (double)out[2 * i + 1]);
    }
}

/* log (e^-y I0(y)), y >= 0: the power series (all terms positive), and far out the asymptotic one,
 * whose terms shrink below 1e-17 before they grow (Abramowitz and Stegun 9.6.12 and 9.7.1). */
static double log_scaled_bessel_i0(double y)
{
    double term = 1.0, sum = 1.0;
    if (y < 30.0) {
        for (double k = 1.0; term > 1e-17 * sum; k++) {
            term *= y * y / (4.0 * k * k);
            sum += term;
        }
        return log(sum) - y;
    }
    for (double k = 1.0; term > 1e-17; k++) {
        term *= (2.0 * k - 1.0) * (2.0 * k - 1.0) / (8.0 * k * y);
        sum += term;
    }
    return log(sum) - 0.5 * log(2.0 * M_PI * y);
}

/* log (weight x density) of one ring at distance r from the origin. */
static double log_share(const struct rings *rings, size_t ring, double r)
{
    double variance = rings->noise * rings->noise, gap = r - radius(ring);
    return -log((double)N_RINGS) - log(2.0 * M_PI * variance) - gap * gap / (2.0 * variance) +
           log_scaled_bessel_i0(r * radius(ring) / variance);
}

static void log_density(const void *state, size_t n, const float *points, double *out)
{
    for (size_t i = 0; i < n; i++) {
        double r = hypot((double)points[2 * i], (double)points[2 * i + 1]), sum = -INFINITY;
        for (size_t ring = 0; ring < N_RINGS && isfinite(r); ring++)
            sum = adv_log_add(sum, log_share(state, ring, r));
        out[i] = sum;
    }
}

static void box(const void *state, double *lo, double *hi)
{
    const struct rings *rings = state;
    lo[0] = lo[1] = -radius(N_RINGS - 1) - ADV_BOX_DEVIATIONS * rings->noise;
    hi[0] = hi[1] = -lo[0];
}

static size_t modes(const void *state)
{
    (void)state;
    return N_RINGS;
}

static long mode(const void *state, const float *point)
{
    double r = hypot((double)point[0], (double)point[1]), best_share = -INFINITY;
    long best = -1;
    for (size_t ring = 0; ring < N_RINGS && isfinite(r); ring++) {
        double share = log_share(state, ring, r);
        if (share > best_share) {
            best_share = share;
            best = (long)ring;
        }
    }
    return best;
}

static double mode_weight(const void *state, size_t mode)
{
    (void)state;
    (void)mode;
    return 1.0 / N_RINGS;
}

const struct adv_density_kind adv_density_rings = {
    .help = "four concentric rings with Gaussian noise; option noise",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .state_bytes = sizeof(struct rings),
    .sample = sample,
    .log_density = log_density,
    .box = box,
    .modes = modes,
    .mode = mode,
    .mode_weight = mode_weight,
};
