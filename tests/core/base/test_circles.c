/* Circles among the columns of a point: the base, the shorter way round, and angles in range. */
#include "core/base/circles.h"

#include "core/base/mem.h"
#include "tests/support/suite.h"

#include <advect/extra/rng.h>
#include <check.h>
#include <math.h>
#include <string.h>

enum { N = 20000, DIM = 3 };
static const struct adv_circles middle = {1, {1}}, none = {0, {0}};

static void draw(float *x)
{
    adv_rng_normal(1, ADV_STREAM_BASE, 0, N, DIM, x);
    adv_circles_draw(&middle, N, DIM, x);
}

/* Kolmogorov's statistic of 20,000 uniform draws exceeds 1.95 / sqrt(N) once in a thousand. */
START_TEST(base_angles_are_uniform)
{
    static float x[N * DIM], normals[N * DIM];
    enum { CELLS = 50 };
    size_t counts[CELLS] = {0};
    draw(x);
    adv_rng_normal(1, ADV_STREAM_BASE, 0, N, DIM, normals);
    for (size_t i = 0; i < N; i++) {
        double share = ((double)x[i * DIM + 1] + M_PI) / (2 * M_PI);
        ck_assert(share >= -1e-7 && share <= 1 + 1e-7);
        counts[(size_t)fmin(fmax(share, 0) * CELLS, CELLS - 1)]++;
        ck_assert(x[i * DIM] == normals[i * DIM] && x[i * DIM + 2] == normals[i * DIM + 2]);
    }
    double sum = 0;
    for (size_t c = 0; c < CELLS; c++) {
        sum += (double)counts[c] / N;
        ck_assert_double_eq_tol(sum, (double)(c + 1) / CELLS, 1.95 / sqrt(N));
    }
}
END_TEST

START_TEST(the_base_has_its_closed_form)
{
    const float x[DIM] = {0.5f, 2, -1.5f};
    double normal = -0.5 * (0.25 + 2.25) - log(2 * M_PI);
    ck_assert_double_eq_tol(adv_circles_log_base(&middle, DIM, x), normal - log(2 * M_PI), 1e-14);
    ck_assert_double_eq_tol(adv_circles_log_base(&none, DIM, x), normal - 0.5 * log(2 * M_PI) - 2,
                            1e-14);
}
END_TEST

static double turns(double difference)
{
    return difference / (2 * M_PI);
}

START_TEST(ends_of_a_path_are_the_shorter_way_apart)
{
    static float x0[N * DIM], x1[N * DIM], moved[N * DIM];
    draw(x0);
    for (size_t i = 0; i < N * DIM; i++)
        x1[i] = 20 * sinf((float)i);
    memcpy(moved, x1, sizeof x1);
    adv_circles_unwrap(&middle, N, DIM, x0, moved);
    for (size_t i = 0; i < N; i++) {
        size_t at = i * DIM + 1;
        double whole = turns((double)moved[at] - (double)x1[at]);
        ck_assert(fabs((double)moved[at] - (double)x0[at]) <= M_PI + 1e-6);
        ck_assert_double_eq_tol(whole, nearbyint(whole), 1e-6);
        ck_assert(moved[at - 1] == x1[at - 1] && moved[at + 1] == x1[at + 1]);
    }
    adv_circles_wrap(&middle, N, DIM, moved);
    for (size_t i = 0; i < N; i++) {
        double whole = turns((double)moved[i * DIM + 1] - (double)x1[i * DIM + 1]);
        ck_assert(fabs((double)moved[i * DIM + 1]) <= M_PI + 1e-6);
        ck_assert_double_eq_tol(whole, nearbyint(whole), 1e-6);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("circles");
    TCase *tests = tcase_create("circles");
    tcase_add_test(tests, base_angles_are_uniform);
    tcase_add_test(tests, the_base_has_its_closed_form);
    tcase_add_test(tests, ends_of_a_path_are_the_shorter_way_apart);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
