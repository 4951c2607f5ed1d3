/* Synthetic densities: samplers against their log-densities, log-densities
 * against integrals and closed forms computed another way, and their options.
 *
 * Statistical bounds are five standard errors; the seeds are fixed. */
#include <advect/extra/density.h>
#include <advect/extra/memory.h>

#include "core/data/densities/density.h"
#include "tests/core/data/densities.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/phrases.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- every kind */

#define MIXTURE                                                                                    \
    "{\"kind\": \"gaussian_mixture\", \"means\": [[-3, 0], [3, 0], [0, 9], [0, 3]],"               \
    " \"deviations\": [0.25, 0.5, 1, 0.3], \"weights\": [1, 2, 0, 5]}"

/* Specifications of each kind by its name alone, where it has no obligatory option. */
static struct adv_density *make_default(const char *kind)
{
    char text[80];
    if (!strcmp(kind, "gaussian_mixture"))
        return density_of(MIXTURE);
    snprintf(text, sizeof text, "{\"kind\": \"%s\"}", kind);
    return density_of(text);
}

START_TEST(samples_are_pure_functions_of_seed_and_index)
{
    const size_t n = 600, splits[] = {1, 255, 256, 300};
    for (const char *const *kind = adv_density_kinds(); *kind; kind++) {
        struct adv_density *density = make_default(*kind);
        const size_t dim = adv_density_dim(density);
        float *whole = samples_of(density, 9, n), *other = samples_of(density, 10, n);
        float *split = malloc(n * dim * sizeof *split);
        ck_assert(memcmp(whole, other, n * dim * sizeof *whole) != 0);
        for (size_t s = 0; s < ADV_COUNT(splits); s++) {
            adv_density_sample(density, 9, 0, splits[s], split);
            adv_density_sample(density, 9, splits[s], n - splits[s], split + splits[s] * dim);
            ck_assert_msg(!memcmp(whole, split, n * dim * sizeof *whole), "%s", *kind);
        }
        free(whole);
        free(other);
        free(split);
        adv_density_free(density);
    }
}
END_TEST

START_TEST(boxes_hold_the_mass_and_little_else)
{
    for (const char *const *kind = adv_density_kinds(); *kind; kind++) {
        struct adv_density *density = make_default(*kind);
        double lo[2], hi[2], least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY};
        ck_assert_uint_eq(adv_density_dim(density), 2);
        adv_density_box(density, lo, hi);
        float *points = samples_of(density, 1, N_SAMPLES);
        size_t n_outside = 0;
        for (size_t i = 0; i < 2 * N_SAMPLES; i++) {
            double x = (double)points[i];
            n_outside += !(x >= lo[i % 2] && x <= hi[i % 2]);
            least[i % 2] = fmin(least[i % 2], x);
            most[i % 2] = fmax(most[i % 2], x);
        }
        ck_assert_msg(n_outside <= 5, "%s: %zu points outside", *kind, n_outside);
        for (int d = 0; d < 2; d++)
            ck_assert_msg(most[d] - least[d] > 0.5 * (hi[d] - lo[d]), "%s: wide box", *kind);
        free(points);
        adv_density_free(density);
    }
}
END_TEST

START_TEST(every_option_is_explained)
{
    static const struct adv_density_kind *const kinds[] = {
        &adv_density_checkerboard, &adv_density_gaussian,        &adv_density_gaussian_mixture,
        &adv_density_two_moons,    &adv_density_eight_gaussians, &adv_density_pinwheel,
        &adv_density_rings,        &adv_density_swiss_roll,
    };
    size_t n = 0;
    while (adv_density_kinds()[n])
        n++;
    ck_assert_uint_eq(n, ADV_COUNT(kinds));
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < kinds[k]->n_fields; i++)
            phrase_check(kinds[k]->help, kinds[k]->fields[i].name, kinds[k]->fields[i].help);
    }
}
END_TEST

START_TEST(kinds_have_help_and_refuse_unknown_options)
{
    ck_assert_ptr_null(adv_density_help("spirals"));
    for (const char *const *kind = adv_density_kinds(); *kind; kind++) {
        phrase_check("density", *kind, adv_density_help(*kind));
        json_t *spec = json_pack("{s: s, s: i}", "kind", *kind, "colour", 1);
        struct adv_error error = ADV_ERROR_INIT;
        struct adv_density *density = NULL;
        ck_assert_int_eq(adv_density_new(spec, &density, &error), ADV_E_INVALID);
        ck_assert_ptr_null(density);
        ck_assert_ptr_nonnull(strstr(error.message, "\"colour\" is not a known field of"));
        json_decref(spec);
    }
}
END_TEST

/* ---------------------------------------------------------------- log-densities */

static const char *const known[] = {
    "{\"kind\": \"gaussian\", \"mean\": [0.5, -1], \"deviation\": [0.3, 1.2]}",
    MIXTURE,
    "{\"kind\": \"eight_gaussians\"}",
    "{\"kind\": \"eight_gaussians\", \"noise\": 1}",
    "{\"kind\": \"rings\"}",
    "{\"kind\": \"rings\", \"noise\": 1.5}",
    "{\"kind\": \"two_moons\"}",
    "{\"kind\": \"two_moons\", \"noise\": 0.6}",
    "{\"kind\": \"checkerboard\", \"cells\": 4}",
    "{\"kind\": \"checkerboard\", \"cells\": 5}",
};
#define N_KNOWN ((int)(ADV_COUNT(known)))

/* Integrals over the box of p and of -p log p by the midpoint rule. For Gaussians it converges
 * exponentially once the grid resolves the standard deviation; for boards whose cells are whole
 * numbers of grid cells it is exact. */
static void integrate(const struct adv_density *density, double *mass, double *entropy)
{
    enum { SIDE = 640 };
    static float points[2 * SIDE];
    static double log_p[SIDE];
    double lo[2], hi[2];
    adv_density_box(density, lo, hi);
    double step[2] = {(hi[0] - lo[0]) / SIDE, (hi[1] - lo[1]) / SIDE};
    *mass = *entropy = 0.0;
    for (int row = 0; row < SIDE; row++) {
        for (int column = 0; column < SIDE; column++) {
            points[2 * column] = (float)(lo[0] + (column + 0.5) * step[0]);
            points[2 * column + 1] = (float)(lo[1] + (row + 0.5) * step[1]);
        }
        ck_assert(adv_density_log_density(density, SIDE, points, log_p));
        for (int column = 0; column < SIDE; column++) {
            double p = exp(log_p[column]) * step[0] * step[1];
            *mass += p;
            *entropy -= p > 0.0 ? p * log_p[column] : 0.0;
        }
    }
}

START_TEST(densities_integrate_to_one)
{
    struct adv_density *density = density_of(known[_i]);
    double mass, entropy;
    integrate(density, &mass, &entropy);
    ck_assert_double_le(fabs(mass - 1.0), 1e-5); /* the box leaves out up to some 1e-6 */
    adv_density_free(density);
}
END_TEST

/* The mean of -log p over samples is the entropy only if sampler and density agree. */
START_TEST(samples_have_the_entropy_of_the_density)
{
    struct adv_density *density = density_of(known[_i]);
    double mass, entropy, sum = 0.0, squares = 0.0;
    integrate(density, &mass, &entropy);
    float *points = samples_of(density, 77, N_SAMPLES);
    double *log_p = malloc(N_SAMPLES * sizeof *log_p);
    ck_assert(adv_density_log_density(density, N_SAMPLES, points, log_p));
    for (size_t i = 0; i < N_SAMPLES; i++) {
        sum -= log_p[i];
        squares += log_p[i] * log_p[i];
    }
    double mean = sum / (double)N_SAMPLES;
    double variance = squares / (double)N_SAMPLES - mean * mean;
    /* 3e-5: mass and log-density outside the box */
    ck_assert_double_le(fabs(mean - entropy),
                        5.0 * sqrt(fabs(variance) / (double)N_SAMPLES) + 3e-5);
    free(log_p);
    free(points);
    adv_density_free(density);
}
END_TEST

START_TEST(samples_share_themselves_out_over_the_modes)
{
    struct adv_density *density = density_of(known[_i]);
    size_t n_modes = adv_density_modes(density), counts[64] = {0}, n_lost = 0;
    double shares[64], total = 0.0;
    ck_assert_uint_le(n_modes, 64);
    if (n_modes == 0) { /* two moons */
        adv_density_free(density);
        return;
    }
    for (size_t m = 0; m < n_modes; m++)
        total += shares[m] = adv_density_mode_weight(density, m);
    ck_assert_double_le(fabs(total - 1.0), 1e-12);
    float *points = samples_of(density, 5, N_SAMPLES);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        long mode = adv_density_mode(density, points + 2 * i);
        if (mode >= 0 && (size_t)mode < n_modes)
            counts[mode]++;
        else
            n_lost++;
    }
    ck_assert_uint_eq(n_lost, 0);
    /* Where neighbours overlap, the most probable component is not always the one drawn from. */
    if (!strstr(known[_i], "noise"))
        assert_shares(counts, shares, n_modes, N_SAMPLES);
    free(points);
    adv_density_free(density);
}
END_TEST

START_TEST(gaussians_in_closed_form)
{
    struct adv_density *density =
        density_of("{\"kind\": \"gaussian\", \"dim\": 3, \"mean\": 1, \"deviation\": [1, 2, 0.5]}");
    const float points[] = {1, 1, 1, 2, -3, 0.25f};
    double log_p[2];
    ck_assert_uint_eq(adv_density_dim(density), 3);
    ck_assert(adv_density_log_density(density, 2, points, log_p));
    /* The standard deviations' product is 1; (1/1)^2 + (-4/2)^2 + (-0.75/0.5)^2 = 7.25. */
    ck_assert_double_eq_tol(log_p[0], -1.5 * log(2.0 * M_PI), 1e-14);
    ck_assert_double_eq_tol(log_p[1], -1.5 * log(2.0 * M_PI) - 7.25 / 2.0, 1e-14);
    adv_density_free(density);
}
END_TEST

START_TEST(gaussian_samples_have_mean_and_deviation)
{
    static const double means[] = {1, -2, 0}, deviations[] = {0.5, 2, 1};
    struct adv_density *density =
        density_of("{\"kind\": \"gaussian\", \"mean\": [1, -2, 0], \"deviation\": [0.5, 2, 1]}");
    float *points = samples_of(density, 3, N_SAMPLES);
    const double n = (double)N_SAMPLES;
    for (size_t d = 0; d < 3; d++) {
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < N_SAMPLES; i++) {
            double z = ((double)points[3 * i + d] - means[d]) / deviations[d];
            sum += z;
            squares += z * z;
        }
        ck_assert_double_le(fabs(sum / n), 5.0 / sqrt(n));
        ck_assert_double_le(fabs(squares / n - 1.0), 5.0 * sqrt(2.0 / n));
    }
    free(points);
    adv_density_free(density);
}
END_TEST

/* The rings' density as the mean over the angle of a Gaussian around the circle: the rectangle rule
 * on a period, exact once it resolves the standard deviation. */
static double ring_log_density(double x, double y, double noise)
{
    enum { N_ANGLES = 40000 };
    double largest = -INFINITY, sum = 0.0;
    for (int pass = 0; pass < 2; pass++) {
        for (int ring = 1; ring <= 4; ring++) {
            for (int a = 0; a < N_ANGLES; a++) {
                double angle = 2.0 * M_PI * a / N_ANGLES;
                double dx = x - 0.75 * ring * cos(angle), dy = y - 0.75 * ring * sin(angle);
                double exponent = -(dx * dx + dy * dy) / (2.0 * noise * noise);
                if (pass == 0)
                    largest = fmax(largest, exponent);
                else
                    sum += exp(exponent - largest);
            }
        }
    }
    return largest + log(sum / (4.0 * N_ANGLES)) - log(2.0 * M_PI * noise * noise);
}

START_TEST(rings_match_an_average_over_the_angle)
{
    static const double noises[] = {0.001, 0.08, 0.3, 2.0};
    static const float points[][2] = {{0, 0}, {0.4f, 0.6f}, {-1.5f, 0.01f},
                                      {3, 0}, {2, -2.3f},   {9, -9}};
    for (size_t s = 0; s < ADV_COUNT(noises); s++) {
        char text[80];
        snprintf(text, sizeof text, "{\"kind\": \"rings\", \"noise\": %g}", noises[s]);
        struct adv_density *density = density_of(text);
        for (size_t i = 0; i < ADV_COUNT(points); i++) {
            double log_p,
                truth = ring_log_density((double)points[i][0], (double)points[i][1], noises[s]);
            ck_assert(adv_density_log_density(density, 1, points[i], &log_p));
            ck_assert_msg(fabs(log_p - truth) <= 1e-9 * fmax(1.0, fabs(truth)),
                          "noise %g, point %zu: %.12g, not %.12g", noises[s], i, log_p, truth);
        }
        adv_density_free(density);
    }
}
END_TEST

static struct adv_density *make_curve(const char *kind, double noise)
{
    char text[80];
    snprintf(text, sizeof text, "{\"kind\": \"%s\", \"noise\": %g}", kind, noise);
    return density_of(text);
}

/* The moons' density as the mean over the angle of a Gaussian around each half circle, by the
 * midpoint rule, of which twice as many angles tell what they still change. */
static double moons_log_density(double x, double y, double noise, int n_angles)
{
    double largest = -INFINITY, sum = 0.0;
    for (int pass = 0; pass < 2; pass++) {
        for (int a = 0; a < 2 * n_angles; a++) {
            double angle = M_PI * (a / 2 + 0.5) / n_angles, side = a % 2 ? 1.0 : -1.0;
            double dx = x - side * (2.0 * cos(angle) - 1.0);
            double dy = y - side * (2.0 * sin(angle) - 0.5) - 0.3;
            double exponent = -(dx * dx + dy * dy) / (2.0 * noise * noise);
            if (pass == 0)
                largest = fmax(largest, exponent);
            else
                sum += exp(exponent - largest);
        }
    }
    return largest + log(sum / (2.0 * n_angles)) - log(2.0 * M_PI * noise * noise);
}

START_TEST(moons_match_an_average_over_the_angle)
{
    enum { N_ANGLES = 100000 };
    static const double noises[] = {0.02, 0.2, 2.0};
    static const float points[][2] = {{0, 0},  {-1, -0.2f}, {-1, 1.8f}, {1.3f, 0.1f}, {-3, -0.2f},
                                      {-3, 0}, {0.5f, -2},  {4, 2.8f},  {1, 30},      {-1, -30}};
    for (size_t s = 0; s < ADV_COUNT(noises); s++) {
        struct adv_density *density = make_curve("two_moons", noises[s]);
        for (size_t i = 0; i < ADV_COUNT(points); i++) {
            double x = (double)points[i][0], y = (double)points[i][1], log_p;
            double rough = moons_log_density(x, y, noises[s], N_ANGLES / 2);
            double truth = moons_log_density(x, y, noises[s], N_ANGLES);
            /* The rule's error falls to a quarter with each doubling. */
            double tolerance = fabs(truth - rough) + 1e-10 * fmax(1.0, fabs(truth));
            ck_assert(adv_density_log_density(density, 1, points[i], &log_p));
            ck_assert_msg(fabs(log_p - truth) <= tolerance,
                          "noise %g, point %zu: %.12g, not %.12g within %g", noises[s], i, log_p,
                          truth, tolerance);
        }
        adv_density_free(density);
    }
}
END_TEST

/* Of little noise s the density near the middle of a moon is that near a line of its length 2 pi,
 * a normal density of the distance by 1 / (2 * 2 pi); beyond an end it falls as at a point. */
START_TEST(moons_of_next_to_no_noise)
{
    static const double noises[] = {1e-4, 1e-8, 1e-9};
    static const float near_middle[] = {-1, 1.8f}, beyond_end[] = {-3.5f, -0.7f};
    for (size_t s = 0; s < ADV_COUNT(noises); s++) {
        struct adv_density *density = make_curve("two_moons", noises[s]);
        double log_p, away = ((double)near_middle[1] - 1.8) / noises[s];
        double truth = -away * away / 2.0 - log(noises[s] * sqrt(2.0 * M_PI)) - log(4.0 * M_PI);
        ck_assert(adv_density_log_density(density, 1, near_middle, &log_p));
        ck_assert_double_eq_tol(log_p, truth, 1e-6 * fabs(truth));
        double x = (double)beyond_end[0] + 3.0, y = (double)beyond_end[1] + 0.2;
        double square = x * x + y * y;
        ck_assert(adv_density_log_density(density, 1, beyond_end, &log_p));
        ck_assert_double_eq_tol(log_p, -square / (2.0 * noises[s] * noises[s]), 1e-5 * fabs(log_p));
        adv_density_free(density);
    }
}
END_TEST

START_TEST(far_and_meaningless_points)
{
    const float points[] = {1e30f, 0, INFINITY, 0, NAN, 0};
    for (int k = 0; k < N_KNOWN; k++) {
        struct adv_density *density = density_of(known[k]);
        double log_p[3];
        ck_assert(adv_density_log_density(density, 3, points, log_p));
        ck_assert(log_p[0] < -1e20);
        ck_assert(log_p[1] == -INFINITY && log_p[2] == -INFINITY);
        ck_assert_int_eq(adv_density_mode(density, points + 4), -1);
        adv_density_free(density);
    }
}
END_TEST

/* ---------------------------------------------------------------- curves */

/* Distance from the skeleton that the definition of each curve gives, and a bin of its course. */
static double off_moons(double x, double y, size_t *bin)
{
    double upper = fabs(hypot(x + 1.0, y + 0.2) - 2.0) + fmax(0.0, -0.2 - y);
    double lower = fabs(hypot(x - 1.0, y - 0.8) - 2.0) + fmax(0.0, y - 0.8);
    double angle = upper < lower ? atan2(y + 0.2, x + 1.0) : M_PI + atan2(0.8 - y, 1.0 - x);
    *bin = (size_t)fmin(9.0, fmax(0.0, angle / (2.0 * M_PI) * 10.0));
    return fmin(upper, lower);
}

static double off_roll(double x, double y, size_t *bin)
{
    double t = 5.0 * hypot(x, y);
    *bin = (size_t)fmin(9.0, fmax(0.0, (t - 1.5 * M_PI) / (3.0 * M_PI) * 10.0));
    return hypot(x - t * cos(t) / 5.0, y - t * sin(t) / 5.0);
}

/* A point of arm a is at 2 along (cos, -sin)(2 pi a / 5 + exp(along) / 4); along may be
 * negative. */
static double off_pinwheel(double x, double y, size_t *bin)
{
    double radius = hypot(x, y) / 2.0, best = INFINITY;
    for (size_t candidate = 0; candidate < 10; candidate++) {
        size_t arm = candidate / 2;
        double along = candidate % 2 ? -radius : radius;
        double angle = 2.0 * M_PI * (double)arm / 5.0 + 0.25 * exp(along);
        double off = hypot(x - 2.0 * along * cos(angle), y + 2.0 * along * sin(angle));
        if (off < best) {
            best = off;
            *bin = 2 * arm + (along > 1.0);
        }
    }
    return best;
}

static const struct {
    const char *kind;
    double (*off)(double x, double y, size_t *bin);
    bool jitters_both_ways; /* noise is added to both coordinates alike */
} curves[] = {{"two_moons", off_moons, true},
              {"swiss_roll", off_roll, true},
              {"pinwheel", off_pinwheel, false}};

START_TEST(curves_without_noise_are_their_skeletons)
{
    struct adv_density *density = make_curve(curves[_i].kind, 0.0);
    float *points = samples_of(density, 8, N_SAMPLES);
    size_t counts[10] = {0};
    double shares[10], farthest = 0.0;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        size_t bin = 0;
        farthest =
            fmax(farthest, curves[_i].off((double)points[2 * i], (double)points[2 * i + 1], &bin));
        counts[bin]++;
    }
    ck_assert_double_le(farthest, 2e-6 * 4.0); /* float coordinates, through the twist's slope */
    for (size_t bin = 0; bin < 10; bin++)
        shares[bin] = 0.1;
    assert_shares(counts, shares, 10, N_SAMPLES);
    double log_p;
    ck_assert(!adv_density_log_density(density, 1, points, &log_p));
    ck_assert_uint_eq(adv_density_modes(density), 0);
    ck_assert_int_eq(adv_density_mode(density, points), -1);
    free(points);
    adv_density_free(density);
}
END_TEST

/* The same seed with and without noise differs by the jitter alone. */
START_TEST(noise_is_a_standard_deviation)
{
    struct adv_density *clean = make_curve(curves[_i].kind, 0.0);
    struct adv_density *noisy = make_curve(curves[_i].kind, 0.125);
    float *from = samples_of(clean, 8, N_SAMPLES), *to = samples_of(noisy, 8, N_SAMPLES);
    double squares[2] = {0};
    for (size_t i = 0; i < 2 * N_SAMPLES; i++) {
        double jitter = ((double)to[i] - (double)from[i]) / 0.125;
        squares[i % 2] += jitter * jitter;
    }
    const double n = (double)N_SAMPLES;
    double total = (squares[0] + squares[1]) / n;
    if (curves[_i].jitters_both_ways) {
        ck_assert_double_le(fabs(squares[0] / n - 1.0), 5.0 * sqrt(2.0 / n));
        ck_assert_double_le(fabs(squares[1] / n - 1.0), 5.0 * sqrt(2.0 / n));
    } else {
        ck_assert_double_le(fabs(total - 1.0), 5.0 * sqrt(2.0 / n));
    }
    free(from);
    free(to);
    adv_density_free(clean);
    adv_density_free(noisy);
}
END_TEST

/* ---------------------------------------------------------------- options */

static const struct {
    const char *json, *message;
} refusals[] = {
    {"[]", "not a JSON object with a member \"kind\""},
    {"{}", "kind is missing"},
    {"{\"kind\": 3}", "kind is an integer; it must be one of checkerboard, gaussian,"},
    {"{\"kind\": \"chekerboard\"}", "did you mean \"checkerboard\"?"},
    {"{\"kind\": \"checkerboard\", \"cells\": 13}",
     "checkerboard.cells is 13; it must be between 2 and 12"},
    {"{\"kind\": \"checkerboard\", \"dim\": 1}",
     "checkerboard.dim is 1; it must be between 2 and 8"},
    {"{\"kind\": \"checkerboard\", \"dim\": 9}",
     "checkerboard.dim is 9; it must be between 2 and 8"},
    {"{\"kind\": \"checkerboard\", \"cell\": 8}", "did you mean \"cells\"?"},
    {"{\"kind\": \"gaussian\", \"dim\": 0}", "gaussian.dim is 0; it must be between 1 and 65536"},
    {"{\"kind\": \"gaussian\", \"dim\": 3, \"mean\": [1, 2]}",
     "gaussian.mean has 2 entries; it must have 3"},
    {"{\"kind\": \"gaussian\", \"mean\": \"0\"}",
     "gaussian.mean must be a number or an array of 2 numbers"},
    {"{\"kind\": \"gaussian\", \"mean\": [0, null]}", "entry 1 of gaussian.mean is not a number"},
    {"{\"kind\": \"gaussian\", \"deviation\": [1, 0]}",
     "gaussian.deviation is 0 at entry 1; it must be between 1e-06 and 1000000"},
    {"{\"kind\": \"gaussian\", \"mean\": 1e7}", "gaussian.mean is 10000000 at entry 0"},
    {"{\"kind\": \"gaussian_mixture\"}", "gaussian_mixture.means is missing"},
    {"{\"kind\": \"gaussian_mixture\", \"means\": []}",
     "gaussian_mixture.means must be an array of"},
    {"{\"kind\": \"gaussian_mixture\", \"means\": [1, 2]}", "gaussian_mixture.means must be"},
    {"{\"kind\": \"gaussian_mixture\", \"means\": [[1, 2], 2]}",
     "point 1 of gaussian_mixture.means is not an array of numbers"},
    {"{\"kind\": \"gaussian_mixture\", \"means\": [[1, 2], [1]]}",
     "gaussian_mixture.means has 1 entries; it must have 2"},
    {"{\"kind\": \"gaussian_mixture\", \"means\": [[1], [2]], \"weights\": [0, 0]}",
     "gaussian_mixture.weights are all zero; one at least must be positive"},
    {"{\"kind\": \"gaussian_mixture\", \"means\": [[1], [2]], \"weights\": [1, -1]}",
     "gaussian_mixture.weights is -1 at entry 1; it must be between 0 and"},
    {"{\"kind\": \"rings\", \"noise\": 0}", "rings.noise is 0; it must be between 0.001 and 2"},
    {"{\"kind\": \"two_moons\", \"noise\": 2.5}",
     "two_moons.noise is 2.5; it must be between 0 and 2"},
};

START_TEST(refusals_say_what_and_why)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_density *density = NULL;
    json_t *spec = json_loads(refusals[_i].json, 0, NULL);
    ck_assert_ptr_nonnull(spec);
    ck_assert_int_eq(adv_density_new(spec, &density, &error), ADV_E_INVALID);
    ck_assert_ptr_null(density);
    ck_assert_msg(strstr(error.message, refusals[_i].message) != NULL, "\"%s\"", error.message);
    ck_assert(error.field[0] != '\0');
    json_decref(spec);
}
END_TEST

START_TEST(dimensions_follow_the_arrays)
{
    struct adv_density *density =
        density_of("{\"kind\": \"gaussian\", \"deviation\": [1, 2, 3, 4, 5]}");
    ck_assert_uint_eq(adv_density_dim(density), 5);
    adv_density_free(density);
    density = density_of("{\"kind\": \"gaussian_mixture\", \"means\": [[1], [2]]}");
    ck_assert_uint_eq(adv_density_dim(density), 1);
    adv_density_free(density);
    adv_density_free(NULL);
}
END_TEST

static enum adv_status make_and_free(void *context, struct adv_error *error)
{
    struct adv_density *density = NULL;
    enum adv_status status = adv_density_new(context, &density, error);
    adv_density_free(density);
    return status;
}

START_TEST(failing_allocations_are_reported)
{
    static const char *const specs[] = {MIXTURE, "{\"kind\": \"checkerboard\", \"cells\": 8}",
                                        "{\"kind\": \"eight_gaussians\"}",
                                        "{\"kind\": \"gaussian\", \"mean\": [1, 2]}"};
    for (size_t i = 0; i < ADV_COUNT(specs); i++) {
        json_t *spec = json_loads(specs[i], 0, NULL);
        ck_assert_int_gt(alloc_fail_each(make_and_free, spec), 5);
        json_decref(spec);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("density");
    TCase *every = tcase_create("every kind");
    tcase_set_timeout(every, 120);
    tcase_add_test(every, samples_are_pure_functions_of_seed_and_index);
    tcase_add_test(every, boxes_hold_the_mass_and_little_else);
    tcase_add_test(every, every_option_is_explained);
    tcase_add_test(every, kinds_have_help_and_refuse_unknown_options);
    suite_add_tcase(suite, every);

    TCase *truth = tcase_create("log-density");
    tcase_set_timeout(truth, 120);
    tcase_add_loop_test(truth, densities_integrate_to_one, 0, N_KNOWN);
    tcase_add_loop_test(truth, samples_have_the_entropy_of_the_density, 0, N_KNOWN);
    tcase_add_loop_test(truth, samples_share_themselves_out_over_the_modes, 0, N_KNOWN);
    tcase_add_test(truth, gaussians_in_closed_form);
    tcase_add_test(truth, gaussian_samples_have_mean_and_deviation);
    tcase_add_test(truth, rings_match_an_average_over_the_angle);
    tcase_add_test(truth, moons_match_an_average_over_the_angle);
    tcase_add_test(truth, moons_of_next_to_no_noise);
    tcase_add_test(truth, far_and_meaningless_points);
    suite_add_tcase(suite, truth);

    TCase *curve = tcase_create("curves");
    tcase_set_timeout(curve, 120);
    const int n_curves = (int)(ADV_COUNT(curves));
    tcase_add_loop_test(curve, curves_without_noise_are_their_skeletons, 0, n_curves);
    tcase_add_loop_test(curve, noise_is_a_standard_deviation, 0, n_curves);
    suite_add_tcase(suite, curve);

    TCase *options = tcase_create("options");
    tcase_add_loop_test(options, refusals_say_what_and_why, 0, (int)(ADV_COUNT(refusals)));
    tcase_add_test(options, dimensions_follow_the_arrays);
    tcase_add_test(options, failing_allocations_are_reported);
    suite_add_tcase(suite, options);

    return suite_run(suite);
}
