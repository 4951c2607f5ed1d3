/* Where nearly all values of a column lie. */
#include "core/data/spread.h"

#include "tests/support/suite.h"

#include <advect/extra/rng.h>

#include <check.h>

enum { N = 1000 };

static void assert_spread(float *values, double lo, double hi, double tolerance)
{
    double from, to;
    adv_spread_find(N, values, &from, &to);
    ck_assert_double_eq_tol(from, lo, tolerance);
    ck_assert_double_eq_tol(to, hi, tolerance);
}

/* From 0.01 to 0.99, and a fifth of that on either side. */
START_TEST(nearly_all_values_are_within)
{
    float values[N];
    for (int i = 0; i < N; i++)
        values[i] = 5 + (float)(i * 7 % N) / N;
    assert_spread(values, 5.01 - 0.196, 5.99 + 0.196, 0.003);
}
END_TEST

START_TEST(few_values_far_out_change_nothing)
{
    float values[N];
    for (int i = 0; i < N; i++)
        values[i] = i % 200 == 0 ? 1e9f : i % 200 == 1 ? -1e9f : (float)i / N;
    assert_spread(values, -0.19, 1.19, 0.02);
}
END_TEST

START_TEST(what_differs_from_a_value_that_nearly_all_have_is_seen)
{
    float values[N] = {0};
    values[5] = 10;
    assert_spread(values, -2, 12, 1e-6);
}
END_TEST

START_TEST(one_value_alone_has_room_around_it)
{
    double lo, hi;
    float small = 3, large = 1e9f;
    adv_spread_find(1, &small, &lo, &hi);
    ck_assert(lo == 2 && hi == 4);
    adv_spread_find(1, &large, &lo, &hi);
    ck_assert((float)lo < large && (float)hi > large);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spread");
    TCase *tests = tcase_create("spread");
    tcase_add_test(tests, nearly_all_values_are_within);
    tcase_add_test(tests, few_values_far_out_change_nothing);
    tcase_add_test(tests, what_differs_from_a_value_that_nearly_all_have_is_seen);
    tcase_add_test(tests, one_value_alone_has_room_around_it);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
