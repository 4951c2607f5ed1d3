/* Two moons, pinwheel and swiss roll: curves of the plane with Gaussian noise,
 * in the shapes and scales of the FFJORD toy sets (Grathwohl et al., 2019). Of the
 * moons the density is known, by quadrature; those of the others have no closed form. */
#include "core/data/densities/density.h"

#include "core/base/mem.h"
#include "core/data/densities/half_circle.h"

#include <advect/extra/rng.h>

#define CHUNK 256
#define PINWHEEL_ARMS 5
#define PINWHEEL_ALONG 0.3 /* standard deviation along an arm, before scaling */
#define PINWHEEL_TWIST 0.25
#define PINWHEEL_SCALE 2.0

struct classic {
    double noise;
};

static const struct adv_field jitter_fields[] = {
    {.name = "noise",
     .kind = ADV_FIELD_REAL,
     .offset = offsetof(struct classic, noise),
     .min = 0.0,
     .max = 2.0,
     .fallback = "0.2",
     .help = "standard deviation of the jitter"},
};

/* What one sample is made of. */
struct draw {
    double u[2]; /* uniform on [0, 1) */
    double z[2]; /* standard normal */
};

typedef void place_fn(const struct draw *draw, double noise, double *point);

static void sample_points(place_fn *place, const struct classic *classic, uint64_t seed,
                          uint64_t first, size_t n, float *out)
{
    float u[2 * CHUNK], z[2 * CHUNK];
    for (size_t start = 0; start < n; start += CHUNK) {
        size_t count = n - start < CHUNK ? n - start : CHUNK;
        adv_rng_uniform(seed, ADV_STREAM_DATA, first + start, count, 2, u);
        adv_rng_normal(seed, ADV_STREAM_DATA_NOISE, first + start, count, 2, z);
        for (size_t i = 0; i < count; i++) {
            const struct draw draw = {
                .u = {(double)u[2 * i], (double)u[2 * i + 1]},
                .z = {(double)z[2 * i], (double)z[2 * i + 1]},
            };
            double point[2];
            place(&draw, classic->noise, point);
            out[2 * (start + i)] = (float)point[0];
            out[2 * (start + i) + 1] = (float)point[1];
        }
    }
}

/* ---------------------------------------------------------------- two moons */

/* Half circles of radius 2: the upper around (-1, -0.2), the lower around (1, 0.8). */
static void place_on_moons(const struct draw *draw, double noise, double *point)
{
    double angle = M_PI * draw->u[0];
    double side = draw->u[1] < 0.5 ? 1.0 : -1.0;
    point[0] = side * (2.0 * cos(angle) - 1.0) + noise * draw->z[0];
    point[1] = side * (2.0 * sin(angle) - 0.5) + 0.3 + noise * draw->z[1];
}

static void sample_moons(const void *state, uint64_t seed, uint64_t first, size_t n, float *out)
{
    sample_points(place_on_moons, state, seed, first, n, out);
}

/* Both moons, weighing a half each, are the half circle above the x-axis once they are moved to the
 * origin and, for the lower one, turned. */
static void log_density_of_moons(const void *state, size_t n, const float *points, double *out)
{
    double noise = ((const struct classic *)state)->noise;
    struct adv_legendre rule;
    adv_legendre_init(&rule);
    for (size_t i = 0; i < n; i++) {
        double x = (double)points[2 * i], y = (double)points[2 * i + 1] - 0.3;
        double upper = adv_half_circle_log_density(&rule, 2.0, noise, x + 1.0, y + 0.5);
        double lower = adv_half_circle_log_density(&rule, 2.0, noise, 1.0 - x, 0.5 - y);
        out[i] = adv_log_add(upper, lower) - M_LN2;
    }
}

static bool moons_are_thick(const void *state)
{
    return ((const struct classic *)state)->noise > 0;
}

static void moons_box(const void *state, double *lo, double *hi)
{
    double reach = ADV_BOX_DEVIATIONS * ((const struct classic *)state)->noise;
    lo[0] = -3.0 - reach;
    hi[0] = 3.0 + reach;
    lo[1] = -1.2 - reach;
    hi[1] = 1.8 + reach;
}

const struct adv_density_kind adv_density_two_moons = {
    .help = "two interleaved half circles; option noise",
    .fields = jitter_fields,
    .n_fields = ADV_COUNT(jitter_fields),
    .state_bytes = sizeof(struct classic),
    .sample = sample_moons,
    .log_density = log_density_of_moons,
    .has_log_density = moons_are_thick,
    .box = moons_box,
};

/* ---------------------------------------------------------------- pinwheel */

static const struct adv_field pinwheel_fields[] = {
    {.name = "noise",
     .kind = ADV_FIELD_REAL,
     .offset = offsetof(struct classic, noise),
     .min = 0.0,
     .max = 2.0,
     .fallback = "0.2",
     .help = "standard deviation across an arm"},
};

/* A Gaussian beside the origin, long in x, turned by its arm's angle and, farther out, more. */
static void place_on_pinwheel(const struct draw *draw, double noise, double *point)
{
    double along = 1.0 + PINWHEEL_ALONG * draw->z[0];
    double across = noise / PINWHEEL_SCALE * draw->z[1];
    double arm = floor(draw->u[0] * PINWHEEL_ARMS);
    double angle = 2.0 * M_PI * arm / PINWHEEL_ARMS + PINWHEEL_TWIST * exp(along);
    point[0] = PINWHEEL_SCALE * (cos(angle) * along + sin(angle) * across);
    point[1] = PINWHEEL_SCALE * (cos(angle) * across - sin(angle) * along);
}

static void sample_pinwheel(const void *state, uint64_t seed, uint64_t first, size_t n, float *out)
{
    sample_points(place_on_pinwheel, state, seed, first, n, out);
}

static void pinwheel_box(const void *state, double *lo, double *hi)
{
    double along = PINWHEEL_SCALE * (1.0 + ADV_BOX_DEVIATIONS * PINWHEEL_ALONG);
    double across = ADV_BOX_DEVIATIONS * ((const struct classic *)state)->noise;
    hi[0] = hi[1] = hypot(along, across);
    lo[0] = lo[1] = -hi[0];
}

const struct adv_density_kind adv_density_pinwheel = {
    .help = "five curved arms; option noise",
    .fields = pinwheel_fields,
    .n_fields = ADV_COUNT(pinwheel_fields),
    .state_bytes = sizeof(struct classic),
    .sample = sample_pinwheel,
    .box = pinwheel_box,
};

/* ---------------------------------------------------------------- swiss roll */

/* The spiral (t cos t, t sin t) / 5 for t uniform on [3 pi / 2, 9 pi / 2]. */
static void place_on_roll(const struct draw *draw, double noise, double *point)
{
    double t = 1.5 * M_PI * (1.0 + 2.0 * draw->u[0]);
    point[0] = t * cos(t) / 5.0 + noise * draw->z[0];
    point[1] = t * sin(t) / 5.0 + noise * draw->z[1];
}

static void sample_roll(const void *state, uint64_t seed, uint64_t first, size_t n, float *out)
{
    sample_points(place_on_roll, state, seed, first, n, out);
}

static void roll_box(const void *state, double *lo, double *hi)
{
    hi[0] = hi[1] = 4.5 * M_PI / 5.0 + ADV_BOX_DEVIATIONS * ((const struct classic *)state)->noise;
    lo[0] = lo[1] = -hi[0];
}

const struct adv_density_kind adv_density_swiss_roll = {
    .help = "a spiral of one and a half turns; option noise",
    .fields = jitter_fields,
    .n_fields = ADV_COUNT(jitter_fields),
    .state_bytes = sizeof(struct classic),
    .sample = sample_roll,
    .box = roll_box,
};
