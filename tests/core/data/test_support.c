/* Supports of columns: their maps against central differences and closed forms, what decoding can
 * give, integers, fitting, and what is refused. */
#include "core/data/supports/support.h"

#include "core/data/transforms/normal.h"
#include "tests/core/data/transforms.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/phrases.h"
#include "tests/support/suite.h"

#include <advect/extra/rng.h>
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One of every kind, as fitting leaves them, and numbers that it can have. */
static const struct {
    const char *json;
    double values[6];
} examples[] = {
    {"{\"kind\": \"real\", \"width\": 1, \"shift\": 3, \"scale\": 2}", {-1e4, -1, 0, 3, 10, 1e4}},
    {"{\"kind\": \"interval\", \"lo\": -1, \"hi\": 4, \"width\": 1, \"shift\": 0.5, \"scale\": 2}",
     {-0.9999, -0.5, 0, 1.5, 3, 3.9999}},
    {"{\"kind\": \"above\", \"lo\": -2, \"width\": 0.5, \"shift\": 0.3, \"scale\": 0.8}",
     {-1.9999, -1.9, -1.5, 0, 10, 1000}},
    {"{\"kind\": \"below\", \"hi\": 2, \"width\": 0.5, \"shift\": -0.3, \"scale\": 0.8}",
     {1.9999, 1.9, 1.5, 0, -10, -1000}},
    {"{\"kind\": \"heavy\", \"centre\": 5, \"width\": 2, \"shift\": 0.1, \"scale\": 1.1}",
     {-1e6, -10, 4.5, 5.5, 100, 1e6}},
    {"{\"kind\": \"periodic\", \"lo\": -3, \"period\": 6.5, \"width\": 1}",
     {-2.99, -1, 0, 0.25, 2, 3.49}},
};
#define N_EXAMPLES ((int)ADV_COUNT(examples))

static struct adv_support made(const char *text)
{
    struct adv_support support = {0};
    struct adv_error error = ADV_ERROR_INIT;
    json_t *json = transforms_parse(text);
    ck_assert_msg(adv_support_read(&support, json, "column", &error) == ADV_OK, "%s: %s", text,
                  error.message);
    json_decref(json);
    return support;
}

/* ---------------------------------------------------------------- the normal distribution */

/* The derivative of log Q is -phi/Q, which is between z and z + 1/z: what rounding z costs. */
START_TEST(logarithms_of_tails_are_those_of_the_tails)
{
    for (double z = -8; z <= 37; z += 0.125)
        ck_assert_double_eq_tol(adv_normal_log_above(z), log(adv_normal_below(-z)),
                                1e-11 * fmax(1, z * z));
    for (double z = -5; z <= 2000; z += z < 50 ? 0.125 : 25) {
        double again = adv_normal_at_log_above(adv_normal_log_above(z));
        ck_assert_double_eq_tol(again, z, 1e-9 * fmax(1, fabs(z)));
    }
}
END_TEST

/* ---------------------------------------------------------------- maps */

START_TEST(decoding_inverts_encoding)
{
    struct adv_support support = made(examples[_i].json);
    for (int i = 0; i < 6; i++) {
        double x = examples[_i].values[i], y = adv_support_encode(&support, x, 0);
        ck_assert_double_eq_tol(adv_support_decode(&support, y), x, 1e-9 * fmax(1, fabs(x)));
    }
    adv_support_release(&support);
}
END_TEST

/* Fourth order: h^4 f''''' / 30 against h of a thousandth of the distance to a bound or centre. */
START_TEST(slopes_are_those_of_the_map)
{
    struct adv_support support = made(examples[_i].json);
    for (int i = 0; i < 6; i++) {
        double x = examples[_i].values[i], y = adv_support_encode(&support, x, 0), at[5];
        double to_bound = fmin(fabs(x - support.from), fabs(support.to - x));
        double h = 1e-3 * fmin(isfinite(to_bound) ? to_bound : INFINITY, fmax(0.1, fabs(x)));
        for (int k = -2; k <= 2; k++)
            at[k + 2] = adv_support_encode(&support, x + k * h, 0);
        double slope = (8 * (at[3] - at[1]) - (at[4] - at[0])) / (12 * h);
        ck_assert_double_eq_tol(adv_support_log_slope(&support, y), log(slope), 1e-6);
    }
    adv_support_release(&support);
}
END_TEST

/* With the flow's base, unshifted, each kind's density is that of its reference. */
START_TEST(references_are_exactly_the_base)
{
    struct adv_support interval =
        made("{\"kind\": \"interval\", \"lo\": 2, \"hi\": 6, \"width\": 1}");
    struct adv_support above = made("{\"kind\": \"above\", \"lo\": 1, \"width\": 3}");
    struct adv_support below = made("{\"kind\": \"below\", \"hi\": 1, \"width\": 3}");
    struct adv_support heavy = made("{\"kind\": \"heavy\", \"centre\": 1, \"width\": 3}");
    for (double d = 1e-6; d < 1e5; d *= 1.7) {
        double r = d / 3;
        struct {
            const struct adv_support *support;
            double x, truth;
        } table[] = {
            {&interval, 2 + 4 * exp(-d), -log(4)},
            {&above, 1 + d, -r - log(3)},
            {&below, 1 - d, -r - log(3)},
            {&heavy, 1 + d, -1.5 * log(2 + r * r) - log(3)},
            {&heavy, 1 - d, -1.5 * log(2 + r * r) - log(3)},
        };
        for (size_t i = d < 18 ? 0 : 1; i < ADV_COUNT(table); i++) {
            double y = adv_support_encode(table[i].support, table[i].x, 0);
            double log_density =
                adv_normal_log_density(y) + adv_support_log_slope(table[i].support, y);
            ck_assert_double_eq_tol(log_density, table[i].truth,
                                    1e-9 * fmax(1, fabs(table[i].truth)));
        }
    }
}
END_TEST

START_TEST(a_circle_has_no_seam)
{
    struct adv_support s = made("{\"kind\": \"periodic\", \"lo\": 0, \"period\": 24}");
    ck_assert_double_eq_tol(adv_support_log_slope(&s, 1) - log(2 * M_PI), -log(24), 1e-15);
    for (int turns = -3; turns <= 3; turns++)
        ck_assert_double_eq_tol(adv_support_encode(&s, 7 + 24 * turns, 0),
                                adv_support_encode(&s, 7, 0), 1e-12);
    for (int turns = -3; turns <= 3; turns++)
        ck_assert_double_eq_tol(adv_support_decode(&s, 1 + 2 * M_PI * turns),
                                adv_support_decode(&s, 1), 1e-12);
    ck_assert_double_eq_tol(adv_support_encode(&s, 0, 0), -M_PI, 1e-15);
}
END_TEST

/* ---------------------------------------------------------------- whole numbers */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

#define WHOLE "{\"kind\": \"real\", \"width\": 1, \"integer\": true}"

/* y is k + u here. In an order of their own, or two columns would be integrated along a diagonal. */
START_TEST(draws_divide_the_cells_of_whole_numbers_evenly)
{
    enum { DRAWS = 8 };
    struct adv_transform *transform =
        transforms_make("{\"kind\": \"columns\", \"columns\": [" WHOLE ", " WHOLE "]}", 2);
    ck_assert_uint_eq(adv_transform_draws(transform), DRAWS);
    int n_diagonal = 0;
    for (int k = -20; k < 20; k++) {
        float point[2] = {(float)k, (float)(2 * k)}, flow[2], u[2][DRAWS];
        bool diagonal = true;
        for (size_t d = 0; d < DRAWS; d++) {
            double log_det;
            ck_assert_int_eq(adv_transform_encode_draw(transform, d, point, flow, &log_det, NULL),
                             ADV_OK);
            ck_assert_double_eq(log_det, 0);
            u[0][d] = flow[0] - point[0];
            u[1][d] = flow[1] - point[1];
            diagonal = diagonal && u[0][d] == u[1][d];
        }
        n_diagonal += diagonal;
        for (int column = 0; column < 2; column++) {
            qsort(u[column], DRAWS, sizeof(float), by_value);
            for (size_t d = 0; d < DRAWS; d++)
                ck_assert_float_eq(u[column][d], ((float)d + 0.5f) / DRAWS);
        }
    }
    ck_assert_int_lt(n_diagonal, 2);
    adv_transform_free(transform);
}
END_TEST

START_TEST(draws_are_four_for_each_column_of_whole_numbers)
{
    static const struct {
        const char *json;
        size_t dim, draws;
    } of[] = {{"{\"kind\": \"identity\"}", 1, 1},
              {"{\"kind\": \"columns\", \"columns\": [{\"kind\": \"real\", \"width\": 1}]}", 1, 1},
              {"{\"kind\": \"columns\", \"columns\": [" WHOLE "]}", 1, 4},
              {"{\"kind\": \"columns\", \"columns\": [" WHOLE ", " WHOLE ", " WHOLE ", " WHOLE
               ", " WHOLE "]}",
               5, 16}};
    for (size_t i = 0; i < ADV_COUNT(of); i++) {
        struct adv_transform *transform = transforms_make(of[i].json, of[i].dim);
        ck_assert_uint_eq(adv_transform_draws(transform), of[i].draws);
        adv_transform_free(transform);
    }
}
END_TEST

/* ---------------------------------------------------------------- what decoding gives */

static const char *const bounded[] = {
    "{\"kind\": \"interval\", \"lo\": 0.1, \"hi\": 0.3, \"width\": 1}",
    "{\"kind\": \"above\", \"lo\": 0.1, \"width\": 1e-3}",
    "{\"kind\": \"below\", \"hi\": 0.1, \"width\": 1e3}",
    "{\"kind\": \"periodic\", \"lo\": 0, \"period\": 6.2831853}",
    "{\"kind\": \"interval\", \"lo\": 0, \"hi\": 5, \"width\": 1, \"integer\": true}",
    "{\"kind\": \"above\", \"lo\": 0, \"width\": 2, \"integer\": true}",
    "{\"kind\": \"periodic\", \"lo\": 0, \"period\": 24, \"integer\": true}",
    "{\"kind\": \"real\", \"width\": 1, \"scale\": 3, \"integer\": true}",
    "{\"kind\": \"heavy\", \"width\": 1, \"scale\": 3}",
};

static void assert_is_in(const struct adv_support *s, double x)
{
    double hi = s->kind->periodic ? s->lo + s->period : s->hi;
    ck_assert(isfinite((float)x));
    if (s->kind->has_lo || s->kind->periodic)
        ck_assert_msg((double)(float)x >= s->lo, "%.9g below %.9g", x, s->lo);
    if (s->kind->has_hi || s->kind->periodic)
        ck_assert_msg((double)(float)x <= hi, "%.9g above %.9g", x, hi);
    if (s->kind->periodic)
        ck_assert((double)(float)x < hi);
    if (s->integer)
        ck_assert(x == floor(x));
}

START_TEST(nothing_is_decoded_outside_the_support)
{
    enum { N = 100000 };
    static float y[N];
    struct adv_support s = made(bounded[_i]);
    adv_rng_normal(7, ADV_STREAM_BASE, 0, N, 1, y);
    for (int i = 0; i < N; i++)
        assert_is_in(&s, adv_support_decode(&s, (double)y[i] * (1 + i % 8)));
    for (double far = 1; far < 1e38; far *= 10) {
        assert_is_in(&s, adv_support_decode(&s, far));
        assert_is_in(&s, adv_support_decode(&s, -far));
    }
}
END_TEST

START_TEST(values_on_a_bound_have_a_density)
{
    for (size_t i = 0; i < 6; i++) {
        struct adv_support s = made(bounded[i]);
        const double ends[] = {s.kind->has_lo ? s.lo : s.from, s.kind->has_hi ? s.hi : s.to};
        for (int k = 0; k < 2; k++) {
            if (!isfinite(ends[k]))
                continue;
            double y = adv_support_encode(&s, ends[k], k ? 1 - 1e-9 : 0);
            ck_assert_msg(fabs(y) < 8 && isfinite(adv_support_log_slope(&s, y)), "%s: %g",
                          bounded[i], y);
        }
    }
}
END_TEST

/* ---------------------------------------------------------------- columns of a table */

#define TABLE                                                                                      \
    "{\"kind\": \"columns\", \"columns\": ["                                                       \
    "{\"kind\": \"above\", \"name\": \"so2\", \"lo\": 0}, {\"kind\": \"real\"},"                   \
    " {\"kind\": \"interval\", \"lo\": 0, \"hi\": 9, \"integer\": true, \"name\": \"n\"},"         \
    " {\"kind\": \"periodic\", \"lo\": 0, \"period\": 360}, {\"kind\": \"heavy\"}]}"
#define DIM 5

static void draw_table(size_t n, float *rows)
{
    float noise[2];
    for (size_t i = 0; i < n; i++) {
        float *row = rows + i * DIM;
        adv_rng_uniform(3, ADV_STREAM_DATA, i, 1, DIM, row);
        adv_rng_normal(3, ADV_STREAM_DATA_NOISE, i, 1, 2, noise);
        row[0] = -3 * logf(1 - row[0]);
        row[1] = 1000 + 20 * noise[0];
        row[2] = floorf(10 * row[2]);
        row[3] *= 359;
        row[4] = noise[0] / (0.01f + fabsf(noise[1]));
    }
}

static struct adv_transform *fitted_table(size_t n, const float *rows)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform = transforms_make(TABLE, DIM);
    ck_assert(!adv_transform_is_fitted(transform) && !adv_transform_is_affine(transform));
    ck_assert_msg(adv_transform_fit(transform, n, rows, &error) == ADV_OK, "%s", error.message);
    ck_assert(adv_transform_is_fitted(transform));
    return transform;
}

/* An integer column has unit deviation with the noise that training adds, up to what 4000 rows
 * leave: 2 / sqrt(2 N) of the deviation, twice that of its square. */
START_TEST(columns_of_every_kind_become_standard)
{
    enum { N = 4000 };
    static float rows[N * DIM], flow[N * DIM];
    draw_table(N, rows);
    struct adv_transform *transform = fitted_table(N, rows);
    adv_transform_encode_drawn(transform, 5, 0, N, rows, flow);
    for (size_t c = 0; c < DIM; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < N; i++) {
            sum += (double)flow[i * DIM + c] / N;
            squares += (double)flow[i * DIM + c] * (double)flow[i * DIM + c] / N;
        }
        ck_assert(adv_transform_is_periodic(transform, c) == (c == 3));
        ck_assert_double_eq_tol(sum, 0, c == 3 ? 0.1 : 0.01);
        ck_assert_double_eq_tol(squares, c == 3 ? M_PI * M_PI / 3 : 1, c == 3 ? 0.15 : 0.05);
    }
    adv_transform_free(transform);
}
END_TEST

START_TEST(documents_of_columns_round_trip)
{
    enum { N = 100 };
    static float rows[N * DIM], flow[N * DIM], again[N * DIM];
    draw_table(N, rows);
    struct adv_transform *transform = fitted_table(N, rows), *twin = NULL;
    json_t *json = adv_transform_to_json(transform);
    ck_assert_int_eq(adv_transform_new(json, DIM, &twin, NULL), ADV_OK);
    json_t *same = adv_transform_to_json(twin);
    ck_assert(json_equal(json, same));
    ck_assert(adv_transform_is_fitted(twin));
    adv_transform_encode(transform, N, rows, flow, NULL);
    adv_transform_encode(twin, N, rows, again, NULL);
    ck_assert_mem_eq(flow, again, sizeof flow);
    json_decref(json);
    json_decref(same);
    adv_transform_free(transform);
    adv_transform_free(twin);
}
END_TEST

/* Two densities of one row would be two answers; the training's noise is fresh. */
START_TEST(integers_have_one_density_and_fresh_noise)
{
    enum { N = 100 };
    static float rows[N * DIM], flow[N * DIM], drawn[N * DIM], back[N * DIM];
    draw_table(N, rows);
    struct adv_transform *transform = fitted_table(N, rows);
    double log_det[N], alone;
    float one[DIM];
    adv_transform_encode(transform, N, rows, flow, log_det);
    adv_transform_encode(transform, 1, rows + 7 * DIM, one, &alone);
    ck_assert_mem_eq(one, flow + 7 * DIM, sizeof one);
    ck_assert(alone == log_det[7]);
    for (size_t i = 0; i < N; i++) /* twice the same row */
        memcpy(rows + i * DIM, rows, DIM * sizeof *rows);
    adv_transform_encode_drawn(transform, 1, 0, N, rows, drawn);
    adv_transform_decode(transform, N, drawn, back, NULL);
    for (size_t i = 1; i < N; i++) {
        ck_assert(drawn[i * DIM + 2] != drawn[2]);
        ck_assert(drawn[i * DIM] == drawn[0]);
        ck_assert(back[i * DIM + 2] == rows[2]);
    }
    adv_transform_free(transform);
}
END_TEST

/* Quantiles of Student's t with 3 degrees of freedom, by inverting its distribution function
 * F = 1/2 + (s / (1 + s^2) + atan s) / pi, s = t / sqrt 3. */
static double student_3(double share)
{
    double lo = -1e5, hi = 1e5;
    while (hi - lo > 1e-9 * fmax(1, fabs(lo))) {
        double t = (lo + hi) / 2, s = t / sqrt(3);
        if (0.5 + (s / (1 + s * s) + atan(s)) / M_PI < share)
            lo = t;
        else
            hi = t;
    }
    return lo;
}

/* What a flow that learns nothing beyond the body extrapolates to: the base itself, 100 deviations
 * out, where the logarithm of a Gaussian is -5000. The reference's tail falls as |t|^-2 and the
 * truth's as |t|^-3, which costs half a nat where data are common. */
START_TEST(heavy_tails_are_extrapolated)
{
    enum { N = 20000 };
    static float data[N];
    for (int i = 0; i < N; i++)
        data[i] = (float)student_3((i + 0.5) / N);
    struct adv_transform *transform =
        transforms_make("{\"kind\": \"columns\", \"columns\": [{\"kind\": \"heavy\"}]}", 1);
    ck_assert_int_eq(adv_transform_fit(transform, N, data, NULL), ADV_OK);
    for (double t = 0; t <= 150; t = t * 2 + 1) {
        double log_det, y = transforms_encode(transform, (float)t, &log_det);
        double truth = log(2 / (M_PI * sqrt(3))) - 2 * log1p(t * t / 3);
        ck_assert_double_eq_tol(adv_normal_log_density(y) + log_det, truth, t < 10 ? 0.5 : 2.5);
    }
    adv_transform_free(transform);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

START_TEST(values_outside_the_support_are_refused)
{
    enum { N = 100 };
    static float rows[N * DIM];
    static const struct {
        size_t column;
        float value;
        const char *message;
    } table[] = {
        {0, -0.5f, "column 0 (so2) is -0.5; it must be at least 0"},
        {2, 2.5f, "column 2 (n) is 2.5; it must be a whole number of at most 2^24"},
        {2, 10, "column 2 (n) is 10; it must be between 0 and 9"},
        {2, 3e9f, "column 2 (n) is 3e+09; it must be a whole number"},
    };
    draw_table(N, rows);
    struct adv_transform *transform = fitted_table(N, rows);
    for (size_t i = 0; i < ADV_COUNT(table); i++) {
        struct adv_error error = ADV_ERROR_INIT;
        float row[DIM];
        memcpy(row, rows, sizeof row);
        ck_assert_int_eq(adv_transform_check(transform, row, NULL), ADV_OK);
        row[table[i].column] = table[i].value;
        ck_assert_int_eq(adv_transform_check(transform, row, &error), ADV_E_INVALID);
        ck_assert_msg(strstr(error.message, table[i].message) != NULL, "%s", error.message);
    }
    adv_transform_free(transform);
}
END_TEST

#define COLUMNS(one) "{\"kind\": \"columns\", \"columns\": [{\"kind\": \"real\"}, " one "]}"
static const struct {
    const char *json, *field, *message;
} refusals[] = {
    {"{\"kind\": \"columns\"}", "transform.columns", "is missing"},
    {"{\"kind\": \"columns\", \"columns\": 3}", "transform.columns", "an array of 2 objects"},
    {"{\"kind\": \"columns\", \"columns\": [{\"kind\": \"real\"}]}", "transform.columns",
     "an array of 2 objects"},
    {COLUMNS("3"), "transform.columns[1]", "must be an object"},
    {COLUMNS("{}"), "transform.columns[1].kind", "is missing"},
    {COLUMNS("{\"kind\": \"intreval\"}"), "transform.columns[1].kind", "\"interval\""},
    {COLUMNS("{\"kind\": \"interval\", \"lo\": 1}"), "transform.columns[1].hi", "is missing"},
    {COLUMNS("{\"kind\": \"interval\", \"lo\": 1, \"hi\": 1}"), "transform.columns[1].hi",
     "is 1; it must be above lo"},
    {COLUMNS("{\"kind\": \"real\", \"lo\": 1}"), "transform.columns[1].lo", "not a known field"},
    {COLUMNS("{\"kind\": \"above\", \"lo\": 0.5, \"integer\": true}"), "transform.columns[1].lo",
     "a whole number"},
    {COLUMNS("{\"kind\": \"periodic\", \"lo\": 0, \"period\": 0}"), "transform.columns[1].period",
     "it must be between"},
    {COLUMNS("{\"kind\": \"periodic\", \"lo\": 0, \"period\": 2.5, \"integer\": true}"),
     "transform.columns[1].period", "a whole number"},
    {COLUMNS("{\"kind\": \"real\", \"scale\": 0}"), "transform.columns[1].scale",
     "it must be between"},
};

START_TEST(documents_are_refused_by_field)
{
    transforms_assert_refused(refusals[_i].json, refusals[_i].field, refusals[_i].message);
}
END_TEST

START_TEST(columns_without_spread_are_refused)
{
    static const float rows[] = {1, 5, 2, 5, 3, 5};
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_transform *transform =
        transforms_make(COLUMNS("{\"kind\": \"heavy\", \"name\": \"flat\"}"), 2);
    ck_assert_int_eq(adv_transform_fit(transform, 3, rows, &error), ADV_E_INVALID);
    ck_assert_msg(strstr(error.message, "column 1 (flat) of the data is 5 throughout") != NULL,
                  "%s", error.message);
    ck_assert(!adv_transform_is_fitted(transform));
    adv_transform_free(transform);
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    json_t *spec = transforms_parse(COLUMNS("{\"kind\": \"above\", \"lo\": 0, \"name\": \"a\"}"));
    ck_assert_int_gt(alloc_fail_each(transforms_make_fit_and_write, spec), 10);
    json_decref(spec);
}
END_TEST

START_TEST(every_kind_is_explained)
{
    static const struct adv_support_kind *const kinds[] = {
        &adv_support_real,  &adv_support_interval, &adv_support_above,
        &adv_support_below, &adv_support_periodic, &adv_support_heavy};
    for (size_t k = 0; k < ADV_COUNT(kinds); k++) {
        phrase_check("support", kinds[k]->name, kinds[k]->help);
        for (size_t i = 0; i < kinds[k]->n_fields; i++)
            phrase_check(kinds[k]->name, kinds[k]->fields[i].name, kinds[k]->fields[i].help);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("support");
    TCase *maps = tcase_create("maps");
    tcase_add_test(maps, logarithms_of_tails_are_those_of_the_tails);
    tcase_add_loop_test(maps, decoding_inverts_encoding, 0, N_EXAMPLES);
    tcase_add_loop_test(maps, slopes_are_those_of_the_map, 0, N_EXAMPLES);
    tcase_add_test(maps, references_are_exactly_the_base);
    tcase_add_test(maps, a_circle_has_no_seam);
    tcase_add_test(maps, draws_divide_the_cells_of_whole_numbers_evenly);
    tcase_add_test(maps, draws_are_four_for_each_column_of_whole_numbers);
    tcase_add_loop_test(maps, nothing_is_decoded_outside_the_support, 0, (int)ADV_COUNT(bounded));
    tcase_add_test(maps, values_on_a_bound_have_a_density);
    suite_add_tcase(suite, maps);
    TCase *columns = tcase_create("columns");
    tcase_add_test(columns, columns_of_every_kind_become_standard);
    tcase_add_test(columns, documents_of_columns_round_trip);
    tcase_add_test(columns, integers_have_one_density_and_fresh_noise);
    tcase_add_test(columns, heavy_tails_are_extrapolated);
    suite_add_tcase(suite, columns);
    TCase *refused = tcase_create("refusals");
    tcase_add_test(refused, values_outside_the_support_are_refused);
    tcase_add_loop_test(refused, documents_are_refused_by_field, 0, (int)ADV_COUNT(refusals));
    tcase_add_test(refused, columns_without_spread_are_refused);
    tcase_add_test(refused, failing_allocations_are_reported);
    tcase_add_test(refused, every_kind_is_explained);
    suite_add_tcase(suite, refused);
    return suite_run(suite);
}
