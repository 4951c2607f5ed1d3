/* Tests of whether two samples come from one distribution, against what is known of them. */
#include "trainer/report/report.h"
#include "trainer/report/two_sample.h"

#include "tests/support/suite.h"

#include <advect/extra/rng.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct adv_column_test column_test(size_t n, const float *x, size_t m, const float *y)
{
    struct adv_rows a = {n, 1, x}, b = {m, 1, y};
    struct adv_column_test test;
    ck_assert_int_eq(adv_column_test(&a, &b, 0, &test, NULL), ADV_OK);
    return test;
}

/* After 1 the distribution functions are 1/3 and 0, after 2 and 2 (of both) 2/3 and 1/4. */
START_TEST(the_distance_is_that_of_a_hand)
{
    const float x[] = {3, 1, 2}, y[] = {4, 2, 5, 6};
    struct adv_column_test test = column_test(3, x, 4, y);
    ck_assert_double_eq_tol(test.distance, 1 - 0.25, 1e-15);
    ck_assert_double_eq_tol(test.a.mean, 2, 1e-15);
    ck_assert_double_eq_tol(test.a.standard_deviation, 1, 1e-15);
    ck_assert_double_eq_tol(test.b.mean, 4.25, 1e-15);
}
END_TEST

START_TEST(equal_samples_have_no_distance)
{
    const float x[] = {1, 1, 2, 2, 2, 7};
    struct adv_column_test test = column_test(6, x, 6, x);
    ck_assert_double_eq(test.distance, 0);
    ck_assert_double_eq(test.p_value, 1);
}
END_TEST

/* The quantiles of Kolmogorov's distribution (Smirnov 1948): P(K > 1.3581) = 0.05 and so on, of
 * large samples, which here have any distance that is wished. */
START_TEST(p_values_are_those_of_the_published_quantiles)
{
    static const struct {
        double lambda, p;
    } quantiles[] = {{1.2238, 0.10}, {1.3581, 0.05}, {1.6276, 0.01}, {1.9495, 0.001}};
    enum { N = 100000 };
    float *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    for (size_t q = 0; q < sizeof quantiles / sizeof *quantiles; q++) {
        size_t shift = (size_t)lround(quantiles[q].lambda * sqrt(2.0 / N) * N);
        for (size_t i = 0; i < N; i++) {
            x[i] = (float)i;
            y[i] = (float)(i + shift);
        }
        struct adv_column_test test = column_test(N, x, N, y);
        ck_assert_double_eq_tol(test.distance, (double)shift / N, 1e-12);
        ck_assert_double_eq_tol(test.p_value, quantiles[q].p, 0.02 * quantiles[q].p);
    }
    free(x);
    free(y);
}
END_TEST

static struct adv_classifier_test classify(size_t n, size_t dim, float shift)
{
    float *x = malloc(2 * n * dim * sizeof *x);
    struct adv_classifier_test test;
    adv_rng_normal(7, ADV_STREAM_DATA, 0, 2 * n, dim, x);
    for (size_t i = n; i < 2 * n; i++)
        x[i * dim] += shift;
    struct adv_rows a = {n, dim, x}, b = {n, dim, x + n * dim};
    ck_assert_int_eq(adv_classifier_test(&a, &b, 1, &test, NULL), ADV_OK);
    free(x);
    return test;
}

START_TEST(one_distribution_is_not_told_apart)
{
    struct adv_classifier_test test = classify(1000, 3, 0);
    ck_assert_uint_eq(test.n_rows, 1000);
    ck_assert_double_eq_tol(test.standard_error, 0.5 / sqrt(2000), 1e-12);
    ck_assert_double_lt(fabs(test.accuracy - 0.5), 4 * test.standard_error);
}
END_TEST

/* The best there is assigns by the middle between the means: Phi(1/2) = 0.6915. */
START_TEST(a_shift_of_one_deviation_is_told_as_well_as_can_be)
{
    struct adv_classifier_test test = classify(2000, 3, 1);
    ck_assert_double_lt(test.accuracy, 0.6915 + 4 * test.standard_error);
    ck_assert_double_gt(test.accuracy, 0.6915 - 4 * test.standard_error - 0.01);
}
END_TEST

START_TEST(a_scale_is_told_apart_where_means_are_equal)
{
    enum { N = 1000 };
    float x[2 * N];
    struct adv_classifier_test test;
    adv_rng_normal(9, ADV_STREAM_DATA, 0, 2 * N, 1, x);
    for (size_t i = N; i < 2 * N; i++)
        x[i] *= 4;
    struct adv_rows a = {N, 1, x}, b = {N, 1, x + N};
    ck_assert_int_eq(adv_classifier_test(&a, &b, 1, &test, NULL), ADV_OK);
    ck_assert_double_gt(test.accuracy, 0.7);
}
END_TEST

START_TEST(few_rows_are_refused)
{
    float x[9] = {0};
    struct adv_rows rows = {9, 1, x};
    struct adv_classifier_test test;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_classifier_test(&rows, &rows, 1, &test, &error), ADV_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "at least 10 rows"));
}
END_TEST

START_TEST(names_do_not_become_markup)
{
    char path[] = "/tmp/advect-test-XXXXXX", text[65536] = "";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    json_t *report = json_loads(
        "{\"name\": \"<script>alert(1)</script>\", \"compared_with\": \"all rows\", \"columns\": "
        "[{\"name\": \"<img src=x onerror=\\\"alert(2)\\\">&\", \"ks_distance\": 0.1}],"
        "\"recipe\": {\"a\": \"</pre><b>\"}, \"found\": {\"columns\": [{\"name\": \"</table>\"}],"
        "\"notes\": [\"<i>\"], \"suggestions\": []}}",
        0, NULL);
    ck_assert_ptr_nonnull(report);
    struct adv_report_picture picture = {"<u>", "abcd", 4};
    ck_assert_int_eq(adv_report_write_html(path, report, 1, &picture, NULL), ADV_OK);
    json_decref(report);
    FILE *in = fopen(path, "r");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, in), 0);
    fclose(in);
    unlink(path);
    static const char *const raw[] = {"<script",      "<img src", "</pre><b>",
                                      "<td></table>", "<i>",      "<u>"};
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
        ck_assert_msg(!strstr(text, raw[i]), "%s is in the page", raw[i]);
    ck_assert_ptr_nonnull(strstr(text, "&lt;img src=x onerror=&quot;alert(2)&quot;&gt;&amp;"));
    ck_assert_ptr_nonnull(strstr(text, "base64,YWJjZA==\"")); /* RFC 4648 */
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("two samples");
    TCase *columns = tcase_create("columns"), *classifier = tcase_create("classifier"),
          *page = tcase_create("page");
    tcase_add_test(columns, the_distance_is_that_of_a_hand);
    tcase_add_test(columns, equal_samples_have_no_distance);
    tcase_add_test(columns, p_values_are_those_of_the_published_quantiles);
    tcase_add_test(classifier, one_distribution_is_not_told_apart);
    tcase_add_test(classifier, a_shift_of_one_deviation_is_told_as_well_as_can_be);
    tcase_add_test(classifier, a_scale_is_told_apart_where_means_are_equal);
    tcase_add_test(classifier, few_rows_are_refused);
    tcase_add_test(page, names_do_not_become_markup);
    tcase_set_timeout(classifier, 60);
    suite_add_tcase(suite, columns);
    suite_add_tcase(suite, classifier);
    suite_add_tcase(suite, page);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
