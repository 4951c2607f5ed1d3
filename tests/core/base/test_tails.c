/* Quantiles against tables: those of Student's t and of chi-square in Abramowitz and Stegun (26.10
 * and 26.8). */
#include "tests/support/suite.h"

#include <advect/extra/tails.h>
#include <check.h>
#include <math.h>

START_TEST(student_quantiles_are_those_of_the_tables)
{
    const struct {
        size_t degrees;
        double quantile;
    } table[] = {{1, 12.706205}, {2, 4.302653},   {3, 3.182446},   {4, 2.776445},
                 {5, 2.570582},  {10, 2.228139},  {15, 2.131450},  {30, 2.042272},
                 {60, 2.000298}, {120, 1.979930}, {1000, 1.962339}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ck_assert_double_eq_tol(adv_student_quantile(0.975, table[i].degrees), table[i].quantile,
                                2e-6);
    ck_assert_double_eq_tol(adv_student_quantile(0.5, 3), 0, 1e-12);
}
END_TEST

START_TEST(chi_square_quantiles_are_those_of_the_tables)
{
    const struct {
        size_t degrees;
        double tail, quantile;
    } table[] = {{1, 0.05, 3.84146},   {1, 0.995, 3.92704e-5}, {2, 0.01, 9.21034},
                 {10, 0.05, 18.3070},  {30, 0.001, 59.7031},   {100, 0.5, 99.3341},
                 {100, 0.005, 140.169}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        ck_assert_double_eq_tol(adv_chi_square_quantile(table[i].tail, table[i].degrees),
                                table[i].quantile, 1e-5 * fmax(1, table[i].quantile));
    /* In closed form with two degrees of freedom: exp(-x / 2). */
    ck_assert_double_eq_tol(adv_chi_square_quantile(1e-6, 2), 6 * 2 * log(10), 1e-8);
    ck_assert_double_eq_tol(adv_chi_square_tail(300, 2), exp(-150), 1e-75);
    ck_assert_double_eq(adv_chi_square_tail(0, 5), 1);
}
END_TEST

START_TEST(tails_of_very_many_degrees_are_nearly_normal)
{
    /* Wilson and Hilferty 1931: (X / k)^(1/3) is nearly normal; 4.753424 is exceeded by 1e-6. */
    const double k = 10000, v = 2 / (9 * k);
    double about = k * pow(1 - v + 4.753424 * sqrt(v), 3);
    ck_assert_double_eq_tol(adv_chi_square_quantile(1e-6, 10000) / about, 1, 1e-4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tails");
    TCase *tests = tcase_create("tails");
    tcase_add_test(tests, student_quantiles_are_those_of_the_tables);
    tcase_add_test(tests, chi_square_quantiles_are_those_of_the_tables);
    tcase_add_test(tests, tails_of_very_many_degrees_are_nearly_normal);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
