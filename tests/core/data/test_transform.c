/* Transforms: the maps and their log-determinants against derivatives and closed
 * forms, both directions, fitting, checks of points, and JSON.
 *
 * Points are floats, so where a test inverts a map its tolerance is half a unit in the last place
 * of the value in between (2^-25 relative) times the slope there, with a factor of 4 to spare. */
#include <advect/extra/memory.h>
#include <advect/extra/rng.h>
#include <advect/extra/transform.h>

#include "core/data/transforms/step.h"
#include "tests/core/data/transforms.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/phrases.h"
#include "tests/support/suite.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_option_is_explained)
{
    static const struct adv_step_kind *const kinds[] = {&adv_step_identity,    &adv_step_affine,
                                                        &adv_step_standardise, &adv_step_logit,
                                                        &adv_step_gaussianise, &adv_step_columns};
    for (size_t k = 0; k < ADV_COUNT(kinds); k++) {
        for (size_t i = 0; i < kinds[k]->n_fields; i++)
            phrase_check("transform", kinds[k]->fields[i].name, kinds[k]->fields[i].help);
    }
}
END_TEST

/* ---------------------------------------------------------------- derivatives */

static const char *const smooth[] = {
    "{\"kind\": \"identity\"}",
    "{\"kind\": \"affine\", \"shift\": 0.5, \"scale\": 0.25}",
    "{\"kind\": \"affine\", \"shift\": [1, -2, 3], \"scale\": [0.5, 4, 3]}",
    "{\"kind\": \"logit\", \"margin\": 0.05}",
    ("[{\"kind\": \"affine\", \"scale\": [1, 2, 1.5]}, {\"kind\": \"logit\", \"margin\": 0.01},"
     " {\"kind\": \"affine\", \"shift\": 1, \"scale\": [2, 3, 0.5]}]"),
};

/* The map of a column does not depend on the others: the determinant is the product of slopes, each
 * by the fourth-order central difference. With f of order 1 its rounding, 2^-24 / h, and
 * truncation, f''''' h^4 / 30 with f''''' < 24 / 0.3^5, both stay below 5e-5 for h = 2^-7. */
START_TEST(log_determinants_are_those_of_the_derivatives)
{
    const float point[3] = {0.375f, 0.5f, 0.6875f}, h = 0x1p-7f;
    struct adv_transform *transform = transforms_make(smooth[_i], 3);
    float flow[3];
    double log_det, sum = 0.0;
    adv_transform_encode(transform, 1, point, flow, &log_det);
    for (int column = 0; column < 3; column++) {
        double at[5];
        for (int k = -2; k <= 2; k++) {
            float moved[3], y[3];
            memcpy(moved, point, sizeof moved);
            moved[column] += (float)k * h;
            adv_transform_encode(transform, 1, moved, y, NULL);
            at[k + 2] = (double)y[column];
            for (int other = 0; other < 3; other++)
                ck_assert(other == column || y[other] == flow[other]);
        }
        sum += log((8.0 * (at[3] - at[1]) - (at[4] - at[0])) / (12.0 * (double)h));
    }
    ck_assert_double_eq_tol(log_det, sum, 3e-4);
    adv_transform_free(transform);
}
END_TEST

START_TEST(decoding_inverts_encoding)
{
    struct adv_transform *transform = transforms_make(smooth[_i], 3);
    float point[3], flow[3], back[3];
    for (int i = 0; i <= 16; i++) {
        double encoded_det, decoded_det;
        for (int column = 0; column < 3; column++)
            point[column] = (float)(i + column) / 18.0f;
        adv_transform_encode(transform, 1, point, flow, &encoded_det);
        adv_transform_decode(transform, 1, flow, back, &decoded_det);
        for (int column = 0; column < 3; column++)
            ck_assert_double_le(fabs((double)back[column] - (double)point[column]), 1e-6);
        ck_assert_double_eq_tol(encoded_det, decoded_det, 1e-5);
    }
    adv_transform_free(transform);
}
END_TEST

/* ---------------------------------------------------------------- logit */

static const double margins[] = {1e-6, 1e-3, 0.05, 0.49};

static struct adv_transform *make_logit(double margin)
{
    char text[80];
    snprintf(text, sizeof text, "{\"kind\": \"logit\", \"margin\": %.17g}", margin);
    return transforms_make(text, 1);
}

START_TEST(logit_in_closed_form)
{
    static const float points[] = {0.0f,  1e-30f, 1e-8f,        1e-6f,        1e-3f,
                                   0.25f, 0.5f,   1 - 0x1p-10f, 1 - 0x1p-24f, 1.0f};
    const double m = margins[_i], width = 1.0 - 2.0 * m;
    struct adv_transform *transform = make_logit(m);
    for (size_t i = 0; i < ADV_COUNT(points); i++) {
        /* u (1 - u) multiplied out: a sum of two positive terms, in which nothing cancels. */
        double x = (double)points[i], u = m + width * x;
        double product = m * (1.0 - m) + width * width * x * (1.0 - x);
        double log_det, y = transforms_encode(transform, points[i], &log_det);
        double truth = log(width) - log(product);
        ck_assert_double_eq_tol(y, 2.0 * log(u) - log(product), 15.0 * 0x1p-24);
        ck_assert_double_eq_tol(log_det, truth, 1e-12 * fmax(1.0, fabs(truth)));
    }
    adv_transform_free(transform);
}
END_TEST

START_TEST(logit_decodes_any_value)
{
    const double m = margins[_i], beyond = m / (1 - 2 * m);
    struct adv_transform *transform = make_logit(m);
    for (double y = -300.0; y <= 300.0; y += 0.5) {
        double log_det, x = transforms_decode(transform, (float)y, &log_det);
        double u = y < 0 ? exp(y) / (1.0 + exp(y)) : 1.0 / (1.0 + exp(-y));
        ck_assert_double_eq_tol(x, (u - m) / (1.0 - 2.0 * m), 1e-6 * (1.0 + beyond));
        /* log u + log (1 - u) = -(|y| + 2 log(1 + e^-|y|)), and the last term is within log 4. */
        double rest = log_det - log(1.0 - 2.0 * m) - fabs(y);
        ck_assert(rest >= 0.0 && rest <= log(4.0) + 1e-12);
        if (fabs(y) > 40.0)
            ck_assert_double_le(rest, 1e-12 * fabs(y));
    }
    for (int sign = -1; sign <= 1; sign += 2) {
        double log_det, x = transforms_decode(transform, (float)sign * 1e30f, &log_det);
        ck_assert_double_eq_tol(x, sign < 0 ? -beyond : 1.0 + beyond, 1e-6 * (1.0 + beyond));
        ck_assert_double_eq_tol(log_det, (double)1e30f, 1e15);
    }
    adv_transform_free(transform);
}
END_TEST

/* Encoding a decoded value gives it back as well as the float in between can hold it. */
START_TEST(logit_encodes_what_it_decoded)
{
    const double m = margins[_i], edge = log((1.0 - m) / m);
    struct adv_transform *transform = make_logit(m);
    for (int i = -99; i <= 99; i++) {
        float y = (float)(edge * i / 100.0), x = (float)transforms_decode(transform, y, NULL);
        double log_det, again = transforms_encode(transform, x, &log_det);
        double tolerance = 4.0 * 0x1p-25 * (exp(log_det) * fabs((double)x) + fabs((double)y));
        ck_assert_double_le(fabs(again - (double)y), tolerance + 1e-12);
    }
    adv_transform_free(transform);
}
END_TEST

/* A standard Gaussian in flow units is a density of data units: its integral over [0, 1] is the
 * Gaussian's mass between the ends' images. */
START_TEST(densities_keep_their_mass)
{
    enum { N = 200000 };
    const double m = margins[_i];
    struct adv_transform *transform = make_logit(m);
    double mass = 0.0;
    for (int i = 0; i < N; i++) {
        double log_det, y = transforms_encode(transform, (float)((i + 0.5) / N), &log_det);
        mass += exp(-0.5 * y * y + log_det) / sqrt(2.0 * M_PI) / N;
    }
    ck_assert_double_eq_tol(mass, erf(log((1.0 - m) / m) / sqrt(2.0)), 1e-5);
    adv_transform_free(transform);
}
END_TEST

/* ---------------------------------------------------------------- points of any size */

/* 700 columns, each with its own shift and scale: rows are cut into runs somewhere. */
START_TEST(long_rows_column_by_column)
{
    enum { DIM = 700, ROWS = 3 };
    static float data[ROWS * DIM], flow[ROWS * DIM], back[ROWS * DIM];
    json_t *shift = json_array(), *scale = json_array();
    for (int i = 0; i < DIM; i++) {
        json_array_append_new(shift, json_real(i));
        json_array_append_new(scale, json_real(1 + i % 7));
    }
    json_t *spec =
        json_pack("{s: s, s: o, s: o}", "kind", "affine", "shift", shift, "scale", scale);
    struct adv_transform *transform = NULL;
    ck_assert_int_eq(adv_transform_new(spec, DIM, &transform, NULL), ADV_OK);
    json_decref(spec);
    double truth = 0.0, log_det[ROWS];
    for (int i = 0; i < DIM; i++) {
        truth -= log(1 + i % 7);
        for (int row = 0; row < ROWS; row++)
            data[row * DIM + i] = (float)(i + (row - 1) * 2 * (1 + i % 7));
    }
    adv_transform_encode(transform, ROWS, data, flow, log_det);
    for (int row = 0; row < ROWS; row++) {
        ck_assert_double_eq_tol(log_det[row], truth, 1e-9);
        for (int i = 0; i < DIM; i++)
            ck_assert(flow[row * DIM + i] == (float)(2 * (row - 1)));
    }
    adv_transform_decode(transform, ROWS, flow, back, log_det);
    ck_assert_mem_eq(back, data, sizeof data);
    ck_assert_double_eq_tol(log_det[1], truth, 1e-9);

    adv_transform_encode(transform, ROWS, back, back, NULL); /* in place */
    ck_assert_mem_eq(back, flow, sizeof flow);
    adv_transform_decode(transform, ROWS, back, back, NULL);
    ck_assert_mem_eq(back, data, sizeof data);
    adv_transform_free(transform);
}
END_TEST

/* dx/dt = dx/dy dy/dt; dx/dy of an affine map is any difference of decoded points. */
START_TEST(velocities_in_data_units)
{
    struct adv_transform *transform = transforms_make(
        "[{\"kind\": \"affine\", \"shift\": 3, \"scale\": [0.5, 4]}, {\"kind\": \"identity\"},"
        " {\"kind\": \"affine\", \"shift\": [1, 2], \"scale\": 8}]",
        2);
    ck_assert(adv_transform_is_affine(transform));
    const float velocity[] = {1, -2, 0.25f, 16};
    float out[4];
    adv_transform_decode_velocity(transform, 2, velocity, out);
    const float truth[] = {4, -64, 1, 512};
    ck_assert_mem_eq(out, truth, sizeof out);
    adv_transform_free(transform);
}
END_TEST

START_TEST(velocities_of_a_curved_map_are_a_bug)
{
    struct adv_transform *transform = transforms_make("{\"kind\": \"logit\"}", 1);
    ck_assert(!adv_transform_is_affine(transform));
    float velocity = 1;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    adv_transform_decode_velocity(transform, 1, &velocity, &velocity);
}
END_TEST

/* ---------------------------------------------------------------- fitting */

START_TEST(standardise_fits_each_column)
{
    static const float data[] = {1, 1000001, 5, 1000003, 9, 1000005, 13, 1000007};
    struct adv_transform *transform = transforms_make("{\"kind\": \"standardise\"}", 2);
    ck_assert(!adv_transform_is_fitted(transform));
    ck_assert(adv_transform_is_affine(transform));
    ck_assert_int_eq(adv_transform_fit(transform, 4, data, NULL), ADV_OK);
    ck_assert(adv_transform_is_fitted(transform));
    float flow[8];
    double log_det[4];
    adv_transform_encode(transform, 4, data, flow, log_det);
    /* Means 7 and 1000004; variances (36 + 4 + 4 + 36) / 4 = 20 and (9 + 1 + 1 + 9) / 4 = 5. */
    for (int i = 0; i < 4; i++) {
        double truth = (2 * i - 3) / sqrt(5.0);
        ck_assert_double_eq_tol((double)flow[2 * i], truth, 1e-7);
        ck_assert_double_eq_tol((double)flow[2 * i + 1], truth, 1e-7);
        ck_assert_double_eq_tol(log_det[i], -0.5 * log(100.0), 1e-12);
    }
    adv_transform_free(transform);
}
END_TEST

/* Moments are those of what arrives: here of logits, and twice over. */
START_TEST(standardise_fits_after_other_steps)
{
    enum { N = 500 };
    float data[3 * N], flow[3 * N];
    adv_rng_uniform(1, ADV_STREAM_DATA, 0, N, 3, data);
    struct adv_transform *transform = transforms_make(
        "[{\"kind\": \"logit\", \"margin\": 0.01, \"range\": [0, 1]},"
        " {\"kind\": \"standardise\"}, {\"kind\": \"affine\", \"shift\": 1, \"scale\": 3},"
        " {\"kind\": \"standardise\"}]",
        3);
    ck_assert_int_eq(adv_transform_fit(transform, N, data, NULL), ADV_OK);
    adv_transform_encode(transform, N, data, flow, NULL);
    for (int column = 0; column < 3; column++) {
        double sum = 0.0, squares = 0.0;
        for (int i = 0; i < N; i++) {
            double y = (double)flow[3 * i + column];
            sum += y;
            squares += y * y;
        }
        ck_assert_double_eq_tol(sum / N, 0.0, 1e-7);
        ck_assert_double_eq_tol(squares / N, 1.0, 1e-6);
    }
    /* Fitting again changes nothing; the JSON makes the same transform. */
    ck_assert_int_eq(adv_transform_fit(transform, 2, data, NULL), ADV_OK);
    json_t *json = adv_transform_to_json(transform);
    struct adv_transform *twin = NULL;
    ck_assert_int_eq(adv_transform_new(json, 3, &twin, NULL), ADV_OK);
    ck_assert(adv_transform_is_fitted(twin));
    float again[3 * N];
    adv_transform_encode(twin, N, data, again, NULL);
    ck_assert_mem_eq(flow, again, sizeof flow);
    json_decref(json);
    adv_transform_free(twin);
    adv_transform_free(transform);
}
END_TEST

static void refuse_fit(size_t n, const float *data, const char *message)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform =
        transforms_make("[{\"kind\": \"standardise\"}, {\"kind\": \"standardise\"}]", 2);
    ck_assert_int_eq(adv_transform_fit(transform, n, data, &error), ADV_E_INVALID);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s", error.message);
    ck_assert(!adv_transform_is_fitted(transform));
    json_t *json = adv_transform_to_json(transform);
    json_t *same = transforms_parse("[{\"kind\": \"standardise\"}, {\"kind\": \"standardise\"}]");
    ck_assert(json_equal(json, same));
    json_decref(same);
    json_decref(json);
    adv_transform_free(transform);
}

START_TEST(unfit_data_are_refused)
{
    static const float constant[] = {1, 0.1f, 2, 0.1f, 3, 0.1f};
    static const float infinite[] = {1, 2, INFINITY, 3, 4, 5}, alone[] = {1, 2};
    refuse_fit(3, constant, "column 1 of the data is 0.100000001 throughout");
    refuse_fit(3, infinite, "column 0 of the data has mean");
    refuse_fit(1, alone, "at least 2 rows of data; it has 1");
}
END_TEST

START_TEST(points_through_an_unfitted_transform_are_a_bug)
{
    struct adv_transform *transform = transforms_make("{\"kind\": \"standardise\"}", 1);
    float x = 1;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    adv_transform_encode(transform, 1, &x, &x, NULL);
}
END_TEST

/* ---------------------------------------------------------------- checks of points */

static const struct {
    const char *spec;
    float point[2];
    const char *message; /* NULL: allowed */
} checks[] = {
    {"{\"kind\": \"identity\"}", {FLT_MAX, -FLT_MAX}, NULL},
    {"{\"kind\": \"identity\"}", {1, NAN}, "column 1 is not a finite number"},
    {"{\"kind\": \"identity\"}", {-INFINITY, 0}, "column 0 is not a finite number"},
    {"{\"kind\": \"identity\", \"range\": [0, 1]}", {0, 1}, NULL},
    {"{\"kind\": \"identity\", \"range\": [0, 1]}",
     {0, 1.5f},
     "column 1 is 1.5; it must be between 0 and 1"},
    {"{\"kind\": \"identity\", \"range\": [0.1, 0.3]}", {0.1f, 0.3f}, NULL},
    {"{\"kind\": \"identity\", \"range\": [0.1, 0.3]}",
     {0.1f, 0.30000004f},
     "column 1 is 0.300000042; it must be between 0.1 and 0.3"},
    {"{\"kind\": \"logit\"}", {0, 1}, NULL},
    {"{\"kind\": \"logit\"}", {-0.25f, 1}, "column 0 is -0.25; it must be between 0 and 1"},
    {"{\"kind\": \"logit\", \"range\": [-1, 2]}",
     {0, 1.25f},
     "column 1 is 1.25; it must be between 0 and 1"},
    {"[{\"kind\": \"affine\", \"scale\": 255}, {\"kind\": \"logit\"}]", {0, 255}, NULL},
    {"[{\"kind\": \"affine\", \"scale\": 0.3}, {\"kind\": \"logit\"}]", {0, 0.3f}, NULL},
    {"[{\"kind\": \"affine\", \"scale\": 255}, {\"kind\": \"logit\"}]",
     {510, 255},
     "column 0 is 510, which the transform maps to 2; that must be between 0 and 1"},
    {"{\"kind\": \"affine\", \"scale\": 1e-30}",
     {1e9f, 0},
     "column 0 is 1e+09; the transform maps it out of the range of numbers"},
};

START_TEST(points_are_checked)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform = transforms_make(checks[_i].spec, 2);
    enum adv_status status = adv_transform_check(transform, checks[_i].point, &error);
    float both[2] = {checks[_i].point[0], checks[_i].point[1]};
    double both_det;
    bool finite = isfinite(both[0]) && isfinite(both[1]);
    if (finite) /* the check and the encoding, in one and in place */
        ck_assert_int_eq(adv_transform_encode_checked(transform, both, both, &both_det, NULL),
                         status);
    if (checks[_i].message) {
        ck_assert_int_eq(status, ADV_E_INVALID);
        ck_assert_str_eq(error.message, checks[_i].message);
    } else {
        float flow[2];
        double log_det;
        ck_assert_msg(status == ADV_OK, "%s", error.message);
        adv_transform_encode(transform, 1, checks[_i].point, flow, &log_det);
        ck_assert(isfinite(flow[0]) && isfinite(flow[1]) && isfinite(log_det));
        ck_assert_mem_eq(both, flow, sizeof flow);
        ck_assert_mem_eq(&both_det, &log_det, sizeof log_det);
    }
    adv_transform_free(transform);
}
END_TEST

START_TEST(every_column_of_a_long_point_is_checked)
{
    enum { DIM = 600 };
    static float point[DIM];
    struct adv_transform *transform = transforms_make("{\"kind\": \"logit\"}", DIM);
    for (size_t column = 0; column < DIM; column += 37) {
        struct adv_error error = ADV_ERROR_INIT;
        char message[80];
        ck_assert_int_eq(adv_transform_check(transform, point, NULL), ADV_OK);
        point[column] = 2;
        ck_assert_int_eq(adv_transform_check(transform, point, &error), ADV_E_INVALID);
        snprintf(message, sizeof message, "column %zu is 2; it must be between 0 and 1", column);
        ck_assert_str_eq(error.message, message);
        point[column] = 0;
    }
    float flow[DIM], checked[DIM];
    double log_det, checked_det;
    for (size_t column = 0; column < DIM; column++)
        point[column] = (float)column / DIM;
    adv_transform_encode(transform, 1, point, flow, &log_det);
    ck_assert_int_eq(adv_transform_encode_checked(transform, point, checked, &checked_det, NULL),
                     ADV_OK);
    ck_assert_mem_eq(checked, flow, sizeof flow);
    ck_assert_mem_eq(&checked_det, &log_det, sizeof log_det);
    adv_transform_free(transform);
}
END_TEST

/* ---------------------------------------------------------------- JSON */

START_TEST(no_specification_is_the_identity)
{
    static const char *const empty[] = {NULL, "[]", "{\"kind\": \"identity\"}"};
    for (size_t i = 0; i < ADV_COUNT(empty); i++) {
        struct adv_transform *transform = NULL;
        json_t *spec = empty[i] ? transforms_parse(empty[i]) : NULL;
        ck_assert_int_eq(adv_transform_new(spec, 2, &transform, NULL), ADV_OK);
        float point[2] = {1.5f, -7}, flow[2];
        double log_det, lo, hi;
        adv_transform_encode(transform, 1, point, flow, &log_det);
        ck_assert_mem_eq(point, flow, sizeof point);
        ck_assert(log_det == 0.0);
        ck_assert(adv_transform_is_affine(transform) && adv_transform_is_fitted(transform));
        ck_assert(!adv_transform_range(transform, &lo, &hi));
        ck_assert_int_eq(adv_transform_levels(transform), 0);
        json_t *json = adv_transform_to_json(transform);
        ck_assert_str_eq(json_string_value(json_object_get(json, "kind")), "identity");
        json_decref(json);
        json_decref(spec);
        adv_transform_free(transform);
    }
    adv_transform_free(NULL);
}
END_TEST

START_TEST(text_stands_for_a_kind)
{
    struct adv_transform *transform = transforms_make("[\"logit\", \"standardise\"]", 2);
    json_t *json = adv_transform_to_json(transform);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json, 1), "kind")),
                     "standardise");
    json_decref(json);
    adv_transform_free(transform);
}
END_TEST

START_TEST(statements_about_the_data)
{
    struct adv_transform *transform =
        transforms_make("[{\"kind\": \"logit\", \"range\": [0, 1], \"levels\": 256}]", 4);
    double lo = 7, hi = 7;
    ck_assert(adv_transform_range(transform, &lo, &hi));
    ck_assert(lo == 0.0 && hi == 1.0);
    ck_assert_int_eq(adv_transform_levels(transform), 256);
    adv_transform_free(transform);
}
END_TEST

static const char *const documents[] = {
    "{\"kind\": \"identity\", \"range\": [-1, 1.5]}",
    "{\"kind\": \"affine\", \"shift\": 0.1, \"scale\": 3.0, \"range\": [0.0, 1.0], \"levels\": "
    "256}",
    "{\"kind\": \"affine\", \"shift\": [0.1, 0.2], \"scale\": 3.0}",
    "{\"kind\": \"logit\", \"margin\": 0.05}",
    "[{\"kind\": \"affine\", \"shift\": 0.0, \"scale\": 255.0, \"range\": [0.0, 1.0], \"levels\": "
    "256},"
    " {\"kind\": \"logit\", \"margin\": 1e-6}, {\"kind\": \"standardise\"}]",
};

/* A document comes back as it was, its reals as reals, and without extra members. */
START_TEST(documents_round_trip)
{
    struct adv_transform *transform = transforms_make(documents[_i], 2);
    json_t *json = adv_transform_to_json(transform), *given = transforms_parse(documents[_i]);
    json_t *range = json_object_get(given, "range");
    if (range) { /* the one place where an integer may come back as a real */
        json_array_set_new(range, 0, json_real(json_number_value(json_array_get(range, 0))));
        json_array_set_new(range, 1, json_real(json_number_value(json_array_get(range, 1))));
    }
    ck_assert(json_equal(json, given));
    json_decref(json);
    json_decref(given);
    adv_transform_free(transform);
}
END_TEST

static const struct {
    const char *json, *field, *message;
} refusals[] = {
    {"3", "transform", "transform must be an object with a member \"kind\", or a kind's name"},
    {"\"logits\"", "kind", "did you mean \"logit\"?"},
    {"{}", "kind", "kind is missing"},
    {"{\"kind\": \"logits\"}", "kind", "did you mean \"logit\"?"},
    {"[{\"kind\": \"identity\"}, 4]", "transform[1]", "transform[1] must be an object"},
    {"{\"kind\": \"identity\", \"scale\": 2}", "transform.scale",
     "\"scale\" is not a known field of transform"},
    {"{\"kind\": \"affine\", \"scael\": 2}", "transform.scael", "did you mean \"scale\"?"},
    {"{\"kind\": \"affine\", \"scale\": 0}", "transform.scale",
     "transform.scale is 0 at entry 0; it must be between"},
    {"{\"kind\": \"affine\", \"scale\": [1, -1]}", "transform.scale",
     "transform.scale is -1 at entry 1"},
    {"{\"kind\": \"affine\", \"shift\": [1, 2, 3]}", "transform.shift",
     "transform.shift has 3 entries; it must have 2"},
    {"[{\"kind\": \"identity\"}, {\"kind\": \"affine\", \"shift\": \"x\"}]", "transform[1].shift",
     "transform[1].shift must be a number or an array of 2 numbers"},
    {"{\"kind\": \"logit\", \"margin\": 0}", "transform.margin",
     "transform.margin is 0; it must be between 1e-06 and 0.49"},
    {"{\"kind\": \"logit\", \"margin\": 0.5}", "transform.margin", "it must be between"},
    {"{\"kind\": \"logit\", \"margin\": [0.1]}", "transform.margin", "is an array"},
    {"{\"kind\": \"standardise\", \"shift\": 1}", "transform.shift", "is not a known field"},
    {"{\"kind\": \"identity\", \"range\": 1}", "transform.range",
     "transform.range must be [lo, hi] with lo < hi"},
    {"{\"kind\": \"identity\", \"range\": [1, 0]}", "transform.range",
     "transform.range is [1, 0]; it must be [lo, hi] with lo < hi"},
    {"{\"kind\": \"identity\", \"range\": [0, 1, 2]}", "transform.range",
     "transform.range has 3 entries; it must have 2"},
    {"{\"kind\": \"identity\", \"range\": [0, \"1\"]}", "transform.range",
     "entry 1 of transform.range is not a number"},
    {"{\"kind\": \"identity\", \"levels\": 1}", "transform.levels",
     "transform.levels is 1; it must be between 2 and 65536"},
    {"{\"kind\": \"identity\", \"levels\": 2.5}", "transform.levels",
     "transform.levels is 2.5; it must be an integer"},
    {"[{\"kind\": \"identity\"}, {\"kind\": \"logit\", \"range\": [0, 1]}]", "transform[1].range",
     "\"range\" is not a known field of transform[1]"},
    {"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "transform",
     "transform has 17 steps; at most 16 are allowed"},
};

START_TEST(refusals_say_what_and_why)
{
    transforms_assert_refused(refusals[_i].json, refusals[_i].field, refusals[_i].message);
}
END_TEST

/* ---------------------------------------------------------------- without memory */

START_TEST(failing_allocations_are_reported)
{
    json_t *spec = transforms_parse(
        "[{\"kind\": \"affine\", \"shift\": [1, 2], \"scale\": 2, \"range\": [0, 1],"
        " \"levels\": 16}, {\"kind\": \"standardise\"}]");
    ck_assert_int_gt(alloc_fail_each(transforms_make_fit_and_write, spec), 10);
    json_decref(spec);
}
END_TEST

static void add_tests_of_maps(Suite *suite)
{
    TCase *maps = tcase_create("maps");
    const int n_smooth = (int)(ADV_COUNT(smooth));
    tcase_add_test(maps, every_option_is_explained);
    tcase_add_loop_test(maps, log_determinants_are_those_of_the_derivatives, 0, n_smooth);
    tcase_add_loop_test(maps, decoding_inverts_encoding, 0, n_smooth);
    tcase_add_test(maps, long_rows_column_by_column);
    tcase_add_test(maps, velocities_in_data_units);
    tcase_add_test_raise_signal(maps, velocities_of_a_curved_map_are_a_bug, SIGABRT);
    suite_add_tcase(suite, maps);

    TCase *logit = tcase_create("logit");
    const int n_margins = (int)(ADV_COUNT(margins));
    tcase_add_loop_test(logit, logit_in_closed_form, 0, n_margins);
    tcase_add_loop_test(logit, logit_decodes_any_value, 0, n_margins);
    tcase_add_loop_test(logit, logit_encodes_what_it_decoded, 0, n_margins);
    tcase_add_loop_test(logit, densities_keep_their_mass, 0, n_margins);
    suite_add_tcase(suite, logit);

    TCase *fit = tcase_create("fit");
    tcase_add_test(fit, standardise_fits_each_column);
    tcase_add_test(fit, standardise_fits_after_other_steps);
    tcase_add_test(fit, unfit_data_are_refused);
    tcase_add_test_raise_signal(fit, points_through_an_unfitted_transform_are_a_bug, SIGABRT);
    suite_add_tcase(suite, fit);
}

static void add_tests_of_words(Suite *suite)
{
    TCase *points = tcase_create("points");
    tcase_add_loop_test(points, points_are_checked, 0, (int)(ADV_COUNT(checks)));
    tcase_add_test(points, every_column_of_a_long_point_is_checked);
    suite_add_tcase(suite, points);

    TCase *json = tcase_create("json");
    tcase_add_test(json, no_specification_is_the_identity);
    tcase_add_test(json, text_stands_for_a_kind);
    tcase_add_test(json, statements_about_the_data);
    tcase_add_loop_test(json, documents_round_trip, 0, (int)(ADV_COUNT(documents)));
    tcase_add_loop_test(json, refusals_say_what_and_why, 0, (int)(ADV_COUNT(refusals)));
    tcase_add_test(json, failing_allocations_are_reported);
    suite_add_tcase(suite, json);
}

int main(void)
{
    Suite *suite = suite_create("transform");
    add_tests_of_maps(suite);
    add_tests_of_words(suite);
    return suite_run(suite);
}
