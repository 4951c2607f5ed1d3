/* Dequantisation: values stay in their level whatever the rounding, the noise is
 * uniform, and a row's values depend on nothing but its index. */
#include <advect/rng.h>
#include <advect/transform.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>

START_TEST(dequantised_values_stay_in_their_level)
{
    static const int levels[] = {2, 10, 256, 1000, 65536};
    enum { N = 1 << 21, DIM = 512 };
    const int n_levels = levels[_i];
    float *values = malloc(N * sizeof *values), *out = malloc(N * sizeof *out);
    size_t n_wrong = 0;
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < N; i++)
        values[i] = (float)(i % n_levels);
    adv_dequantise(3, 0, N / DIM, DIM, n_levels, values, out);
    for (int i = 0; i < N; i++) {
        double at = (double)out[i] * n_levels, u = at - (double)values[i];
        n_wrong += floor(at) != (double)values[i];
        sum += u;
        squares += (u - 0.5) * (u - 0.5);
    }
    ck_assert_uint_eq(n_wrong, 0);
    /* u is uniform: mean 1/2, variance 1/12, whose own variance is 1/180 per value. */
    ck_assert_double_le(fabs(sum / N - 0.5), 5.0 * sqrt(1.0 / 12.0 / N));
    ck_assert_double_le(fabs(squares / N - 1.0 / 12.0), 5.0 * sqrt(1.0 / 180.0 / N) + 1e-4);
    free(values);
    free(out);
}
END_TEST

START_TEST(dequantisation_is_a_pure_function)
{
    enum { ROWS = 5, DIM = 700 };
    static float values[ROWS * DIM], whole[ROWS * DIM], split[ROWS * DIM], u[ROWS * DIM];
    for (int i = 0; i < ROWS * DIM; i++)
        values[i] = (float)(i % 256);
    adv_dequantise(9, 100, ROWS, DIM, 256, values, whole);
    adv_dequantise(9, 100, 2, DIM, 256, values, split);
    adv_dequantise(9, 102, 3, DIM, 256, values + 2 * DIM, split + 2 * DIM);
    ck_assert_mem_eq(whole, split, sizeof whole);
    adv_dequantise(9, 100, ROWS, DIM, 256, values, values); /* in place */
    ck_assert_mem_eq(whole, values, sizeof whole);
    adv_rng_uniform(9, ADV_STREAM_DEQUANTISE, 100, ROWS, DIM, u);
    for (int i = 0; i < ROWS * DIM; i++)
        ck_assert_double_eq_tol((double)whole[i], (i % 256 + (double)u[i]) / 256.0, 0x1p-24);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dequantise");
    TCase *dequantise = tcase_create("dequantise");
    tcase_set_timeout(dequantise, 60);
    tcase_add_loop_test(dequantise, dequantised_values_stay_in_their_level, 0, 5);
    tcase_add_test(dequantise, dequantisation_is_a_pure_function);
    suite_add_tcase(suite, dequantise);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int n_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
