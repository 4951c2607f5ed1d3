/* Axes of plots: pixels, ranges, ticks. Expected values are worked out by hand from the
 * definitions. */
#include "core/plot/axis.h"
#include "core/plot/ticks.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUS "\u2212"

static struct adv_ticks ticks_of(double lo, double hi, bool log, int n_most)
{
    struct adv_axis axis = {.lo = lo, .hi = hi, .log = log, .px_hi = 1};
    struct adv_ticks ticks;
    adv_ticks_choose(&axis, n_most, &ticks);
    return ticks;
}

/* ---- pixels ---- */

START_TEST(linear_pixels)
{
    struct adv_axis axis = {.lo = -1, .hi = 3, .px_lo = 500, .px_hi = 100};
    ck_assert_double_eq(adv_axis_pixel(&axis, -1), 500);
    ck_assert_double_eq(adv_axis_pixel(&axis, 3), 100);
    ck_assert_double_eq(adv_axis_pixel(&axis, 0), 400);
    ck_assert_double_eq(adv_axis_pixel(&axis, 5), -100);
    ck_assert_double_eq(adv_axis_value(&axis, 400), 0);
}
END_TEST

START_TEST(logarithmic_pixels)
{
    struct adv_axis axis = {.lo = 1e-2, .hi = 1e4, .log = true, .px_lo = 0, .px_hi = 600};
    ck_assert_double_eq_tol(adv_axis_pixel(&axis, 1), 200, 1e-9);
    ck_assert_double_eq_tol(adv_axis_pixel(&axis, 10), 300, 1e-9);
    ck_assert_double_eq_tol(adv_axis_value(&axis, 100), 0.1, 1e-12);
}
END_TEST

START_TEST(only_numbers_inside_the_range_show)
{
    struct adv_axis axis = {.lo = -1, .hi = 1};
    ck_assert(adv_axis_shows(&axis, -1) && adv_axis_shows(&axis, 1) && adv_axis_shows(&axis, 0));
    ck_assert(!adv_axis_shows(&axis, 1.0001) && !adv_axis_shows(&axis, -1.0001));
    ck_assert(!adv_axis_shows(&axis, (double)NAN) && !adv_axis_shows(&axis, (double)INFINITY));
}
END_TEST

/* ---- ranges ---- */

static const struct {
    double lo, hi;
    bool log;
    const char *field; /* at fault, or NULL */
} given_ranges[] = {
    {-4, 4, false, NULL},
    {0, 0, false, NULL},
    {5, 2, false, NULL}, /* lo >= hi asks for a fitted range */
    {-1e100, 1e100, false, NULL},
    {1e-30, 1e30, true, NULL},
    {NAN, 1, false, "lo"},
    {0, NAN, false, "hi"},
    {-INFINITY, 1, false, "lo"},
    {0, 2e100, false, "hi"},
    {1e15, 1e15 + 1, false, "hi"},
    {0, 1e-101, false, "hi"},
    {0, 1, true, "lo"},
    {-2, 1, true, "lo"},
};

START_TEST(given_ranges_are_checked)
{
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_axis_check(given_ranges[_i].lo, given_ranges[_i].hi,
                                            given_ranges[_i].log, "lo", "hi", &error);
    if (given_ranges[_i].field) {
        ck_assert_int_eq(status, ADV_E_INVALID);
        ck_assert_str_eq(error.field, given_ranges[_i].field);
        ck_assert_ptr_nonnull(strstr(error.message, " is "));
    } else {
        ck_assert_int_eq(status, ADV_OK);
    }
}
END_TEST

START_TEST(any_data_make_a_range)
{
    static const double values[] = {0,     1,        -7,   1e30, 1e-30, FLT_MAX, FLT_TRUE_MIN,
                                    -1e30, 16777216, 0.1f, 5e-45};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double lo = values[i], hi = values[i];
        adv_axis_widen(false, &lo, &hi);
        ck_assert_msg(lo < values[i] && values[i] < hi, "%g..%g", lo, hi);
        ck_assert_int_eq(adv_axis_check(lo, hi, false, "lo", "hi", NULL), ADV_OK);
        if (values[i] <= 0)
            continue;
        lo = hi = values[i];
        adv_axis_widen(true, &lo, &hi);
        ck_assert(0 < lo && lo < values[i] && values[i] < hi);
    }
}
END_TEST

START_TEST(no_data_make_a_range_too)
{
    struct adv_axes axes = {.log_y = true};
    struct adv_bounds bounds;
    struct adv_axis x, y;
    adv_bounds_init(&bounds, &axes);
    adv_bounds_fit(&bounds, &x, &y);
    ck_assert(x.lo < x.hi && 0 < y.lo && y.lo < y.hi);
}
END_TEST

START_TEST(fitted_ranges_hold_the_data_that_show)
{
    struct adv_axes axes = {.x_lo = 0, .x_hi = 10, .log_y = true};
    struct adv_bounds bounds;
    struct adv_axis x, y;
    adv_bounds_init(&bounds, &axes);
    adv_bounds_add(&bounds, 1, 2);
    adv_bounds_add(&bounds, 9, 300);
    adv_bounds_add(&bounds, 11, 1e9); /* beyond the given range of x */
    adv_bounds_add(&bounds, 5, -1);   /* has no logarithm */
    adv_bounds_add(&bounds, 5, 0);
    adv_bounds_add(&bounds, (double)NAN, 1e9);
    adv_bounds_add(&bounds, 5, (double)INFINITY);
    adv_bounds_fit(&bounds, &x, &y);
    ck_assert_double_eq(x.lo, 0);
    ck_assert_double_eq(x.hi, 10);
    ck_assert(y.log && y.lo < 2 && y.lo > 1 && y.hi > 300 && y.hi < 600);
}
END_TEST

START_TEST(equal_aspect_grows_fitted_ranges)
{
    struct adv_axes axes = {.equal_aspect = true};
    struct adv_axis x = {.lo = 0, .hi = 10}, y = {.lo = 1, .hi = 2};
    int width = 500, height = 200;
    adv_axis_equalise(&axes, &x, &y, &width, &height);
    ck_assert(width == 500 && height == 200);
    ck_assert_double_eq(x.lo, 0);
    ck_assert_double_eq_tol(y.lo, -0.5, 1e-12);
    ck_assert_double_eq_tol(y.hi, 3.5, 1e-12);
}
END_TEST

START_TEST(equal_aspect_shrinks_the_frame_of_given_ranges)
{
    struct adv_axes axes = {.x_lo = 0, .x_hi = 10, .y_lo = 1, .y_hi = 2, .equal_aspect = true};
    struct adv_axis x = {.lo = 0, .hi = 10}, y = {.lo = 1, .hi = 2};
    int width = 500, height = 200;
    adv_axis_equalise(&axes, &x, &y, &width, &height);
    ck_assert(width == 500 && height == 50);
    ck_assert_double_eq(y.lo, 1);
    ck_assert_double_eq(y.hi, 2);

    width = 1000, height = 20;
    adv_axis_equalise(&axes, &x, &y, &width, &height);
    ck_assert(width == 200 && height == 20);
}
END_TEST

/* ---- linear ticks ---- */

static const struct {
    double lo, hi;
    int n_most, factor;
    const char *texts;
} linear_cases[] = {
    {0, 10, 6, 0, "0 2 4 6 8 10"},
    {0, 10, 5, 0, "0 5 10"},
    {0, 1, 5, 0, "0.0 0.5 1.0"},
    {0, 1, 11, 0, "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0"},
    {-4.16, 4.16, 5, 0, MINUS "4 " MINUS "2 0 2 4"},
    {0.1, 0.35, 6, 0, "0.10 0.15 0.20 0.25 0.30 0.35"},
    {-0.5, 0.1, 4, 0, MINUS "0.4 " MINUS "0.2 0.0"},
    {0, 24000, 5, 0, "0 5000 10000 15000 20000"},
    {0, 999999, 3, 0, "0 500000"},
    {0, 2e6, 5, 6, "0.0 0.5 1.0 1.5 2.0"},
    {-3e-5, 2e-5, 6, -6, MINUS "30 " MINUS "20 " MINUS "10 0 10 20"},
    {0, 3e30, 4, 30, "0 1 2 3"},
    {0, 3e31, 4, 30, "0 10 20 30"},
    {1, 1.0000004, 3, 0, "1.0000000 1.0000002 1.0000004"},
};

START_TEST(linear_ticks)
{
    struct adv_ticks ticks =
        ticks_of(linear_cases[_i].lo, linear_cases[_i].hi, false, linear_cases[_i].n_most);
    char texts[400] = "";
    for (int i = 0; i < ticks.n; i++) {
        strcat(texts, i ? " " : "");
        strcat(texts, ticks.at[i].text);
    }
    ck_assert_str_eq(texts, linear_cases[_i].texts);
    ck_assert_int_eq(ticks.factor, linear_cases[_i].factor);
}
END_TEST

/* The number a tick's text stands for. */
static double number_of(const struct adv_tick *tick)
{
    size_t minus = strlen(MINUS);
    bool negative = strncmp(tick->text, MINUS, minus) == 0;
    double magnitude = atof(tick->text + (negative ? minus : 0));
    return negative ? -magnitude : magnitude;
}

START_TEST(linear_ticks_of_random_ranges)
{
    struct random random = {3};
    for (int trial = 0; trial < 20000; trial++) {
        double size = pow(10, random_between(&random, -90, 90));
        double lo = size * random_between(&random, -1, 1);
        double hi = lo + size * pow(10, random_between(&random, -6, 0));
        int n_most = 2 + (int)random_below(&random, 10);
        struct adv_ticks ticks = ticks_of(lo, hi, false, n_most);
        ck_assert(ticks.n <= n_most);
        /* Below 6, going from 2 to 5 can halve more than once; from 6 on two always remain. */
        if (n_most >= 6)
            ck_assert_int_ge(ticks.n, 2);
        double slack = 1e-5 * (hi - lo);
        for (int i = 0; i < ticks.n; i++) {
            double value = ticks.at[i].value;
            ck_assert(value >= lo - slack && value <= hi + slack);
            ck_assert_double_eq_tol(number_of(&ticks.at[i]) * pow(10, ticks.factor), value,
                                    1e-12 * fabs(value) + DBL_MIN);
        }
        if (ticks.n < 3)
            continue;
        double step = ticks.at[1].value - ticks.at[0].value;
        double mantissa = step / pow(10, floor(log10(step) + 1e-6));
        ck_assert_msg(fabs(mantissa - 1) < 1e-3 || fabs(mantissa - 2) < 1e-3 ||
                          fabs(mantissa - 5) < 1e-3,
                      "step %.9g of %.17g..%.17g", step, lo, hi);
        ck_assert_double_eq_tol(ticks.at[2].value - ticks.at[1].value, step, 1e-3 * step);
        ck_assert(ticks.at[0].value - step < lo && ticks.at[ticks.n - 1].value + step > hi);
    }
}
END_TEST

/* ---- logarithmic ticks ---- */

static const struct {
    double lo, hi;
    int n_most;
    const char *texts; /* of the major ticks, with ^ before exponents */
    int n_minor;
} log_cases[] = {
    {1, 1000, 5, "1 10 100 1000", 24},
    {0.5, 20, 5, "1 10", 5 + 8 + 1}, /* 0.5 .. 0.9, 2 .. 9, 20 */
    {1e-5, 1, 8, "10^" MINUS "5 10^" MINUS "4 10^" MINUS "3 10^" MINUS "2 10^" MINUS "1 10^0", 40},
    {1e-9, 1, 5, "10^" MINUS "8 10^" MINUS "6 10^" MINUS "4 10^" MINUS "2 10^0",
     5}, /* the odd powers */
    {1e-100, 1e100, 5, "10^" MINUS "100 10^" MINUS "50 10^0 10^50 10^100", 0},
    {2, 8, 6, "2 5", 0},
    {0.03, 0.6, 6, "0.05 0.1 0.2 0.5", 0},
    {3, 4, 3, "3.0 3.5 4.0", 0},
};

START_TEST(logarithmic_ticks)
{
    struct adv_ticks ticks =
        ticks_of(log_cases[_i].lo, log_cases[_i].hi, true, log_cases[_i].n_most);
    char texts[400] = "";
    int n_minor = 0;
    for (int i = 0; i < ticks.n; i++) {
        const struct adv_tick *tick = &ticks.at[i];
        ck_assert(i == 0 || tick->value > ticks.at[i - 1].value);
        if (!tick->text[0]) {
            n_minor++;
            continue;
        }
        strcat(texts, texts[0] ? " " : "");
        strcat(texts, tick->text);
        strcat(texts, tick->exponent[0] ? "^" : "");
        strcat(texts, tick->exponent);
    }
    ck_assert_str_eq(texts, log_cases[_i].texts);
    ck_assert_int_eq(n_minor, log_cases[_i].n_minor);
}
END_TEST

START_TEST(ticks_never_run_out_of_room)
{
    struct random random = {5};
    for (int trial = 0; trial < 20000; trial++) {
        double lo = pow(10, random_between(&random, -100, 99));
        double hi = lo * pow(10, random_between(&random, 1e-3, 200));
        hi = fmin(hi, 1e100);
        int n_most = 2 + (int)random_below(&random, 100);
        struct adv_ticks ticks = ticks_of(lo, hi, true, n_most);
        int n_major = 0;
        for (int i = 0; i < ticks.n; i++)
            n_major += ticks.at[i].text[0] != '\0';
        ck_assert(n_major <= n_most && n_major <= ADV_TICKS_LABELLED_MOST);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plot axes");
    TCase *ranges = tcase_create("pixels and ranges");
    tcase_add_test(ranges, linear_pixels);
    tcase_add_test(ranges, logarithmic_pixels);
    tcase_add_test(ranges, only_numbers_inside_the_range_show);
    tcase_add_loop_test(ranges, given_ranges_are_checked, 0,
                        (int)(sizeof given_ranges / sizeof *given_ranges));
    tcase_add_test(ranges, any_data_make_a_range);
    tcase_add_test(ranges, no_data_make_a_range_too);
    tcase_add_test(ranges, fitted_ranges_hold_the_data_that_show);
    tcase_add_test(ranges, equal_aspect_grows_fitted_ranges);
    tcase_add_test(ranges, equal_aspect_shrinks_the_frame_of_given_ranges);
    suite_add_tcase(suite, ranges);

    TCase *ticks = tcase_create("ticks");
    tcase_add_loop_test(ticks, linear_ticks, 0, (int)(sizeof linear_cases / sizeof *linear_cases));
    tcase_add_test(ticks, linear_ticks_of_random_ranges);
    tcase_add_loop_test(ticks, logarithmic_ticks, 0, (int)(sizeof log_cases / sizeof *log_cases));
    tcase_add_test(ticks, ticks_never_run_out_of_room);
    suite_add_tcase(suite, ticks);

    return suite_run(suite);
}
