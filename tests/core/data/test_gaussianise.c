/* The transform that gaussianises: the normal distribution it is made of against published values,
 * the map against its definition and closed forms, fitting, and what it refuses. */
#include "core/data/transforms/normal.h"

#include "tests/core/data/transforms.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <advect/extra/rng.h>
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- the normal distribution */

/* The first three are those that AS 241 gives for its own check; the others are tables' (Abramowitz
 * and Stegun, 26.2). */
START_TEST(quantiles_are_those_of_the_tables)
{
    static const struct {
        double below, above, z;
    } table[] = {
        {0.25, 0.75, -0.6744897501960817}, {0.001, 0.999, -3.090232306167814},
        {1e-20, 1.0, -9.262340089798408},  {0.5, 0.5, 0.0},
        {0.975, 0.025, 1.959963984540054}, {0.9, 0.1, 1.281551565544600},
        {0.95, 0.05, 1.644853626951472},   {0.995, 0.005, 2.575829303548901},
    };
    for (size_t i = 0; i < ADV_COUNT(table); i++)
        ck_assert_double_eq_tol(adv_normal_quantile(table[i].below, table[i].above), table[i].z,
                                1e-14 * fmax(1.0, fabs(table[i].z)));
    ck_assert(adv_normal_quantile(0.0, 1.0) == -INFINITY);
    ck_assert(adv_normal_quantile(1.0, 0.0) == INFINITY);
}
END_TEST

/* dPhi/Phi = phi/Phi dz, about |z| dz in the tail: what rounding z costs. */
START_TEST(quantiles_invert_the_distribution)
{
    for (double z = -20.0; z <= 20.0; z += 0.0625) {
        double below = adv_normal_below(z), above = adv_normal_below(-z);
        double again = adv_normal_quantile(below, above);
        ck_assert_double_eq_tol(again, z, 2e-15 * fmax(1.0, fabs(z)));
        ck_assert_double_eq_tol(adv_normal_quantile(above, below), -again,
                                1e-15 * fmax(1.0, fabs(z)));
    }
    ck_assert(adv_normal_below(-INFINITY) == 0.0 && adv_normal_below(INFINITY) == 1.0);
}
END_TEST

/* ---------------------------------------------------------------- the map */

/* Ten levels, the first taken most, then uneven greys, and two whites. With the one that each count
 * is raised by: 800 below; 10, 20, 5, 1, 12, 2, 50 of greys, 100 in all; and 40, 60 of whites. */
#define COUNTS "[799, 9, 19, 4, 0, 11, 1, 49, 39, 59]"
#define N_LEVELS 10
static const double raised[N_LEVELS] = {800, 10, 20, 5, 1, 12, 2, 50, 40, 60};
static const int first_of_group[] = {0, 1, 8, 10};

static const struct gaussian {
    double mean, deviation;
} gaussians[] = {{-0.5, 0.25}, {1.25, 0.5}, {3.0, 0.25}};

static const char fitted[] =
    "{\"kind\": \"gaussianise\", \"range\": [0.0, 1.0], \"levels\": 10, \"counts\": " COUNTS ","
    " \"groups\": [{\"levels\": 1, \"mean\": -0.5, \"deviation\": 0.25},"
    " {\"levels\": 7, \"mean\": 1.25, \"deviation\": 0.5},"
    " {\"levels\": 2, \"mean\": 3.0, \"deviation\": 0.25}]}";

/* Edges: equally many standard deviations from both means. (-0.5, 0.25) and (1.25, 0.5): 1.75 /
 * 0.75 = 7/3 standard deviations, so 1/12; and so from (1.25, 0.5) to (3, 0.25): 29/12. */
static const double edges[] = {1.0 / 12.0, 29.0 / 12.0};
#define CUT (7.0 / 3.0)

static double phi(double z)
{
    return exp(-0.5 * z * z) / sqrt(2.0 * M_PI);
}

static int group_of(int level)
{
    return level < first_of_group[1] ? 0 : level < first_of_group[2] ? 1 : 2;
}

/* Mass of group g's Gaussian inside its interval. */
static double inside(int g)
{
    return erf(CUT / sqrt(2.0)) + (g == 1 ? 0.0 : 0.5 * erfc(CUT / sqrt(2.0)));
}

/* log of the density of the groups' cut Gaussians, weighted as the data are, at y. */
static double log_mixture(double y)
{
    int g = y < edges[0] ? 0 : y < edges[1] ? 1 : 2;
    double share = 0.0;
    for (int k = first_of_group[g]; k < first_of_group[g + 1]; k++)
        share += raised[k] / 1000.0;
    double z = (y - gaussians[g].mean) / gaussians[g].deviation;
    return log(share * phi(z) / (gaussians[g].deviation * inside(g)));
}

/* Over the levels, five places in each. */
static float place(int i)
{
    static const float parts[] = {0x1p-20f, 0.125f, 0.5f, 0.75f, 1 - 0x1p-20f};
    return ((float)(i / 5) + parts[i % 5]) / N_LEVELS;
}
#define N_PLACES (5 * N_LEVELS)

/* The definition: data whose marginal is the counted one become the mixture, so the mixture's
 * density, taken back, is what was counted in the cell. Rounding y to float costs z dz. */
START_TEST(the_counted_marginal_becomes_the_gaussians)
{
    struct adv_transform *transform = transforms_make(fitted, 1);
    for (int i = 0; i < N_PLACES; i++) {
        double log_det, y = transforms_encode(transform, place(i), &log_det);
        double truth = log(raised[i / 5] / 1000.0 * N_LEVELS);
        ck_assert_double_eq_tol(log_mixture(y) + log_det, truth, 1e-5);
        ck_assert_int_eq(y < edges[0] ? 0 : y < edges[1] ? 1 : 2, group_of(i / 5));
    }
    adv_transform_free(transform);
}
END_TEST

/* Phi within a group is the share of the group's data below. */
START_TEST(ranks_become_quantiles)
{
    struct adv_transform *transform = transforms_make(fitted, 1);
    double cut = 0.5 * erfc(CUT / sqrt(2.0));
    /* 3/4 into level 2: 10 and 15 of 100 greys are below. */
    double share = cut + 0.25 * inside(1), y = transforms_encode(transform, 0.275f, NULL);
    double z = adv_normal_quantile(share, 1.0 - share);
    ck_assert_double_eq_tol(y, 1.25 + 0.5 * z, 1e-6);
    /* 1/2 into level 9: 70 of 100 whites. */
    share = cut + 0.7 * inside(2);
    y = transforms_encode(transform, 0.95f, NULL);
    ck_assert_double_eq_tol(y, 3.0 + 0.25 * adv_normal_quantile(share, 1.0 - share), 1e-6);
    /* The first cell's middle: half of what lies left of the cut. */
    share = 0.5 * inside(0);
    y = transforms_encode(transform, 0.05f, NULL);
    ck_assert_double_eq_tol(y, -0.5 + 0.25 * adv_normal_quantile(share, 1.0 - share), 1e-6);
    adv_transform_free(transform);
}
END_TEST

/* Differences within a level, where T is smooth. With h a 64th of a level and y floats of order 1,
 * the slope's relative error is 2^-24 / (h dy/dx) + O((h f')^2), below 1e-3 of dy/dx >= 1. */
START_TEST(log_determinants_are_those_of_differences)
{
    const float h = 1.0f / (64 * N_LEVELS);
    struct adv_transform *transform = transforms_make(fitted, 1);
    for (int level = 0; level < N_LEVELS; level++) {
        for (int part = 2; part <= 6; part++) {
            float x = ((float)level + (float)part / 8) / N_LEVELS, lo = x - h, hi = x + h;
            double log_det, slope;
            transforms_encode(transform, x, &log_det);
            slope =
                (transforms_encode(transform, hi, NULL) - transforms_encode(transform, lo, NULL)) /
                ((double)hi - (double)lo);
            ck_assert_double_eq_tol(log_det, log(slope), 3e-3);
        }
    }
    adv_transform_free(transform);
}
END_TEST

/* Rounding y to float moves x by 2^-24 |y| / (dy/dx); the last 2^-25 are x's own. */
START_TEST(decoding_inverts_encoding)
{
    struct adv_transform *transform = transforms_make(fitted, 1);
    for (int i = 0; i < N_PLACES; i++) {
        double there, back, x = (double)place(i);
        double y = transforms_encode(transform, place(i), &there);
        double again = transforms_decode(transform, (float)y, &back);
        double tolerance = 0x1p-24 * fabs(y) * exp(-there) + 0x1p-25;
        ck_assert_double_le(fabs(again - x), 2 * tolerance);
        /* At the float y, encoding's log-determinant differs by d(z^2 / 2) = z dz. */
        if (i % 5 > 0 && i % 5 < 4)
            ck_assert_double_eq_tol(there, back, 1e-5);
    }
    adv_transform_free(transform);
}
END_TEST

/* Across the ends of levels and groups too: no step, and never down. */
START_TEST(the_map_rises_without_steps)
{
    enum { N = 1 << 16 };
    struct adv_transform *transform = transforms_make(fitted, 1);
    double before = -INFINITY;
    for (int i = 0; i <= N; i++) {
        double y = transforms_encode(transform, (float)i / N, NULL);
        ck_assert_double_gt(y, before);
        before = y;
    }
    for (int level = 1; level < N_LEVELS; level++) {
        float x = (float)level / N_LEVELS;
        double y = transforms_encode(transform, x, NULL);
        ck_assert_double_eq_tol(transforms_encode(transform, x - 1e-6f, NULL), y, 1e-3);
        ck_assert_double_eq_tol(transforms_encode(transform, x + 1e-6f, NULL), y, 1e-3);
    }
    ck_assert_double_eq_tol(transforms_encode(transform, 0.1f, NULL), edges[0], 1e-6);
    ck_assert_double_eq_tol(transforms_encode(transform, 0.8f, NULL), edges[1], 1e-6);
    adv_transform_free(transform);
}
END_TEST

/* A standard Gaussian in flow units is a density of [0, 1] and has all its mass there. Deviations
 * of 1 keep it bounded at the ends. */
START_TEST(densities_keep_their_mass)
{
    enum { N = 400000 };
    struct adv_transform *transform =
        transforms_make("{\"kind\": \"gaussianise\", \"counts\": " COUNTS ","
                        " \"groups\": [{\"levels\": 1, \"mean\": -2, \"deviation\": 1},"
                        " {\"levels\": 7, \"mean\": 0, \"deviation\": 1},"
                        " {\"levels\": 2, \"mean\": 2, \"deviation\": 1}]}",
                        1);
    double mass = 0.0;
    for (int i = 0; i < N; i++) {
        double log_det, y = transforms_encode(transform, (float)((i + 0.5) / N), &log_det);
        mass += phi(y) * exp(log_det) / N;
    }
    ck_assert_double_eq_tol(mass, 1.0, 1e-4);
    adv_transform_free(transform);
}
END_TEST

/* One group of equal counts is the quantile function itself. */
START_TEST(one_group_is_the_quantile_function)
{
    struct adv_transform *transform =
        transforms_make("{\"kind\": \"gaussianise\", \"counts\": [6, 6, 6, 6], \"groups\":"
                        " [{\"levels\": 4, \"mean\": 0, \"deviation\": 1}]}",
                        1);
    double log_det, y = transforms_encode(transform, 0.75f, &log_det);
    ck_assert_double_eq_tol(y, 0.6744897501960817, 1e-7);
    ck_assert_double_eq_tol(log_det, -log(phi(0.6744897501960817)), 1e-6);
    adv_transform_free(transform);
}
END_TEST

START_TEST(the_ends_and_any_flow_value_are_finite)
{
    static const float far[] = {-1e30f, -100, -9, 9, 100, 1e30f};
    struct adv_transform *transform = transforms_make(fitted, 1);
    double log_det;
    ck_assert_double_eq_tol(transforms_encode(transform, 0, &log_det), -0.5 - 6 * 0.25, 1e-6);
    ck_assert(isfinite(log_det));
    ck_assert_double_eq_tol(transforms_encode(transform, 1, &log_det), 3.0 + 6 * 0.25, 1e-6);
    ck_assert(isfinite(log_det));
    for (size_t i = 0; i < ADV_COUNT(far); i++) {
        double x = transforms_decode(transform, far[i], &log_det);
        ck_assert(x == (far[i] < 0 ? 0.0 : 1.0) || fabs(x - (far[i] > 0)) < 1e-20);
        ck_assert(isfinite(log_det));
    }
    ck_assert(!adv_transform_is_affine(transform));
    adv_transform_free(transform);
}
END_TEST

/* ---------------------------------------------------------------- fitting */

static const char unfitted[] =
    "[{\"kind\": \"affine\", \"scale\": 2.0},"
    " {\"kind\": \"gaussianise\", \"groups\": [{\"levels\": 1, \"mean\": -1, \"deviation\": 0.5},"
    " {\"levels\": 3, \"mean\": 1, \"deviation\": 0.5}]}]";

/* Data of [0, 2) in four levels over both columns, as they arrive behind the affine step. */
START_TEST(fitting_counts_the_levels_of_all_columns)
{
    static const float data[] = {0.1f, 0.6f, 1.1f, 0, 2, 0.49f};
    struct adv_transform *transform = transforms_make(unfitted, 2);
    ck_assert(!adv_transform_is_fitted(transform));
    ck_assert_int_eq(adv_transform_fit(transform, 3, data, NULL), ADV_OK);
    ck_assert(adv_transform_is_fitted(transform));
    json_t *json = adv_transform_to_json(transform), *counts = transforms_parse("[3, 1, 1, 1]");
    ck_assert(json_equal(json_object_get(json_array_get(json, 1), "counts"), counts));
    struct adv_transform *twin = NULL;
    ck_assert_int_eq(adv_transform_new(json, 2, &twin, NULL), ADV_OK);
    ck_assert(adv_transform_is_fitted(twin));
    float flow[6], again[6];
    adv_transform_encode(transform, 3, data, flow, NULL);
    adv_transform_encode(twin, 3, data, again, NULL);
    ck_assert_mem_eq(flow, again, sizeof flow);
    json_decref(counts);
    json_decref(json);
    adv_transform_free(twin);
    adv_transform_free(transform);
}
END_TEST

/* What is fitted becomes Gaussian: the upper one's moments are those of a Gaussian cut at two
 * standard deviations below its mean. Five standard deviations of the estimates. */
START_TEST(fitted_data_become_gaussian)
{
    enum { N = 20000 };
    static float data[N], flow[N];
    adv_rng_uniform(3, ADV_STREAM_DATA, 0, N, 1, data);
    for (int i = 0; i < N; i++)
        data[i] = 2 * data[i] * data[i];
    struct adv_transform *transform = transforms_make(unfitted, 1);
    ck_assert_int_eq(adv_transform_fit(transform, N, data, NULL), ADV_OK);
    adv_transform_encode(transform, N, data, flow, NULL);
    double sum = 0.0, squares = 0.0, n = 0.0;
    for (int i = 0; i < N; i++) {
        double z = ((double)flow[i] - 1.0) / 0.5;
        if (z < -2.0)
            continue;
        n += 1.0;
        sum += z;
        squares += z * z;
    }
    double hazard = phi(2.0) / (0.5 * erfc(-2.0 / sqrt(2.0)));
    ck_assert_double_eq_tol(n / N, 0.5, 5 * sqrt(0.25 / N)); /* x^2 < 1/4 */
    ck_assert_double_eq_tol(sum / n, hazard, 5 / sqrt(n));
    ck_assert_double_eq_tol(squares / n, 1.0 - 2.0 * hazard, 5 * sqrt(2 / n));
    adv_transform_free(transform);
}
END_TEST

static void refuse_fit(const float *data, const char *message)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform = transforms_make(unfitted, 2);
    ck_assert_int_eq(adv_transform_fit(transform, 2, data, &error), ADV_E_INVALID);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s", error.message);
    ck_assert(!adv_transform_is_fitted(transform));
    adv_transform_free(transform);
}

START_TEST(unfit_data_are_refused)
{
    refuse_fit((const float[]){0, 1, 0.5f, 2.5f},
               "column 1 of the data is 1.25 in row 1; to be gaussianised it must be between 0 "
               "and 1");
    refuse_fit((const float[]){NAN, 1, 0, 0}, "column 0 of the data is nan in row 0");
    refuse_fit((const float[]){0, 1, -1, 0}, "column 0 of the data is -0.5 in row 1");
}
END_TEST

START_TEST(points_through_an_unfitted_transform_are_a_bug)
{
    struct adv_transform *transform = transforms_make(unfitted, 1);
    float x = 0.5f;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    adv_transform_encode(transform, 1, &x, &x, NULL);
}
END_TEST

/* ---------------------------------------------------------------- JSON */

START_TEST(documents_round_trip)
{
    const char *const documents[] = {fitted, unfitted};
    struct adv_transform *transform = transforms_make(documents[_i], 3);
    json_t *json = adv_transform_to_json(transform), *given = transforms_parse(documents[_i]);
    if (_i == 1) /* an option left out, which comes back as its default */
        json_object_set_new(json_array_get(given, 0), "shift", json_real(0.0));
    ck_assert(json_equal(json, given));
    json_decref(json);
    json_decref(given);
    adv_transform_free(transform);
}
END_TEST

#define GROUP(levels, mean) "{\"levels\": " #levels ", \"mean\": " #mean ", \"deviation\": 0.5}"
#define KIND(rest) "{\"kind\": \"gaussianise\"" rest "}"
#define GROUPS(rest) KIND(", \"groups\": [" rest "]")
#define COUNTED(counts) KIND(", \"groups\": [" GROUP(3, 0) "], \"counts\": " counts)

static const struct {
    const char *json, *field, *message;
} refusals[] = {
    {KIND(""), "transform.groups", "transform.groups is missing"},
    {KIND(", \"groups\": 3"), "transform.groups",
     "transform.groups must be an array of 1 to 16 groups of levels"},
    {GROUPS(""), "transform.groups", "must be an array of 1 to 16 groups"},
    {GROUPS("4"), "transform.groups[0]", "object"},
    {GROUPS("{\"levels\": 1, \"mean\": 0}"), "transform.groups[0].deviation", "is missing"},
    {GROUPS("{\"levels\": 1, \"mean\": 0, \"deviation\": 0}"), "transform.groups[0].deviation",
     "transform.groups[0].deviation is 0; it must be between 1e-06 and 1000000"},
    {GROUPS(GROUP(0, 0)), "transform.groups[0].levels",
     "transform.groups[0].levels is 0; it must be between 1 and 65536"},
    {GROUPS(GROUP(1, "x")), "transform.groups[0].mean", "must be a number"},
    {GROUPS("{\"levels\": 1, \"men\": 0, \"deviation\": 1}"), "transform.groups[0].men",
     "did you mean \"mean\"?"},
    {GROUPS(GROUP(1, 0) ", " GROUP(1, 0.75)), "transform.groups[1].mean",
     "transform.groups[1].mean is 0.75; it must be at least 1, the mean before it and both "
     "deviations"},
    {GROUPS(GROUP(65536, 0) ", " GROUP(1, 2)), "transform.groups[1]",
     "brings the levels of all groups to 65537; at most 65536 are allowed"},
    {COUNTED("7"), "transform.counts", "transform.counts must be an array of 3 numbers"},
    {COUNTED("[1, 2]"), "transform.counts", "transform.counts has 2 entries; it must have 3"},
    {COUNTED("[1, 2, -3]"), "transform.counts",
     "transform.counts is -3 at entry 2; it must be between 0 and"},
    {COUNTED("[1, 2, true]"), "transform.counts", "entry 2 of transform.counts is not a number"},
};

START_TEST(refusals_say_what_and_why)
{
    transforms_assert_refused(refusals[_i].json, refusals[_i].field, refusals[_i].message);
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    json_t *spec = transforms_parse(unfitted);
    ck_assert_int_gt(alloc_fail_each(transforms_make_fit_and_write, spec), 20);
    json_decref(spec);
}
END_TEST

static void add_tests(Suite *suite)
{
    TCase *normal = tcase_create("normal");
    tcase_add_test(normal, quantiles_are_those_of_the_tables);
    tcase_add_test(normal, quantiles_invert_the_distribution);
    suite_add_tcase(suite, normal);

    TCase *map = tcase_create("map");
    tcase_add_test(map, the_counted_marginal_becomes_the_gaussians);
    tcase_add_test(map, ranks_become_quantiles);
    tcase_add_test(map, log_determinants_are_those_of_differences);
    tcase_add_test(map, decoding_inverts_encoding);
    tcase_add_test(map, the_map_rises_without_steps);
    tcase_add_test(map, densities_keep_their_mass);
    tcase_add_test(map, one_group_is_the_quantile_function);
    tcase_add_test(map, the_ends_and_any_flow_value_are_finite);
    suite_add_tcase(suite, map);

    TCase *fit = tcase_create("fit");
    tcase_add_test(fit, fitting_counts_the_levels_of_all_columns);
    tcase_add_test(fit, fitted_data_become_gaussian);
    tcase_add_test(fit, unfit_data_are_refused);
    tcase_add_test_raise_signal(fit, points_through_an_unfitted_transform_are_a_bug, SIGABRT);
    suite_add_tcase(suite, fit);

    TCase *json = tcase_create("json");
    tcase_add_loop_test(json, documents_round_trip, 0, 2);
    tcase_add_loop_test(json, refusals_say_what_and_why, 0, (int)(ADV_COUNT(refusals)));
    tcase_add_test(json, failing_allocations_are_reported);
    suite_add_tcase(suite, json);
}

int main(void)
{
    Suite *suite = suite_create("gaussianise");
    add_tests(suite);
    return suite_run(suite);
}
