/* The optimiser against its paper, the average of weights and the schedule of learning rates. */
#include <advect/extra/optimiser.h>

#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Loshchilov & Hutter 2019, algorithm 2, written down in double with its own variables. */
static void adamw_reference(int64_t step, double rate, double decay, double g, double *w, double *m,
                            double *v)
{
    *m = 0.9 * *m + 0.1 * g;
    *v = 0.99 * *v + 0.01 * g * g;
    double m_hat = *m / (1 - pow(0.9, (double)step)), v_hat = *v / (1 - pow(0.99, (double)step));
    *w -= rate * (m_hat / (sqrt(v_hat) + 1e-8) + decay * *w);
}

START_TEST(adamw_follows_the_paper)
{
    enum { N = 37 };
    float g[N], w[N], m[N] = {0}, v[N] = {0};
    double w_ref[N], m_ref[N] = {0}, v_ref[N] = {0};
    for (int i = 0; i < N; i++)
        w_ref[i] = w[i] = (float)sin(i);
    for (int64_t step = 1; step <= 6; step++) {
        double rate = 0.01 * (double)step;
        for (int i = 0; i < N; i++) {
            g[i] = (float)(cos(0.7 * (double)i + (double)step) * pow(10, i % 7 - 3));
            adamw_reference(step, rate, 0.1, 0.5 * (double)g[i], &w_ref[i], &m_ref[i], &v_ref[i]);
        }
        struct adv_adamw adamw = {.learning_rate = rate,
                                  .beta1 = 0.9,
                                  .beta2 = 0.99,
                                  .epsilon = 1e-8,
                                  .weight_decay = 0.1,
                                  .gradient_scale = 0.5,
                                  .step = step};
        adv_adamw_update(&adamw, N, g, w, m, v);
    }
    /* Updates are of the order of the rate, 0.06 at most, each with a few roundings of 6e-8. */
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol((double)w[i], w_ref[i], 1e-6);
}
END_TEST

/* ---- Muon ---- */

enum { SHORT = 5, LONG = 12 };

/* Column k of a matrix of n orthonormal columns, a Householder reflection. */
static double orthonormal(int n, double phase, int i, int k)
{
    double square = 0;
    for (int j = 0; j < n; j++)
        square += pow(sin(1 + phase + j), 2);
    return (i == k) - 2 * sin(1 + phase + i) * sin(1 + phase + k) / square;
}

/* The sum of U_k values_k V_k', whose singular values are `values` [SHORT]: [rows, columns], the
 * shorter side of either. */
static void matrix_of(const double *values, bool tall, double *out)
{
    for (int i = 0; i < SHORT; i++) {
        for (int j = 0; j < LONG; j++) {
            double sum = 0;
            for (int k = 0; k < SHORT; k++)
                sum += orthonormal(SHORT, 0.3, i, k) * values[k] * orthonormal(LONG, 1.1, j, k);
            out[tall ? j * SHORT + i : i * LONG + j] = sum;
        }
    }
}

/* Jordan et al. 2024: the polynomial acts on the singular values alone. */
static double moved(double value)
{
    for (int k = 0; k < 5; k++)
        value = 3.4445 * value - 4.7750 * pow(value, 3) + 2.0315 * pow(value, 5);
    return value;
}

/* Loop index: whether there are more rows than columns. */
START_TEST(muon_moves_singular_values_and_keeps_their_vectors)
{
    static const double singular[SHORT] = {3, 1.5, 0.4, 0.1, 0.02};
    double square = 0, expected[SHORT], gradient[SHORT * LONG], orthogonal[SHORT * LONG];
    float g[SHORT * LONG], w[SHORT * LONG], m[SHORT * LONG] = {0};
    struct adv_muon muon = {
        .learning_rate = 0.1, .momentum = 0.75, .weight_decay = 0.5, .gradient_scale = 7};
    for (int k = 0; k < SHORT; k++)
        square += singular[k] * singular[k];
    for (int k = 0; k < SHORT; k++)
        expected[k] = moved(singular[k] / sqrt(square));
    matrix_of(singular, _i, gradient);
    matrix_of(expected, _i, orthogonal);
    for (int i = 0; i < SHORT * LONG; i++) {
        g[i] = (float)gradient[i];
        w[i] = (float)cos(i);
    }
    size_t rows = _i ? LONG : SHORT, columns = _i ? SHORT : LONG;
    float *scratch = calloc(adv_muon_scratch(rows, columns), sizeof *scratch);
    adv_muon_update(&muon, rows, columns, g, w, m, scratch);
    free(scratch);
    /* 15 products of float32, whose roundings the slope at 0, 3.4^5, makes larger: 5e-5 at most,
     * times 0.1 * 0.2 sqrt(12) in a step. */
    for (int i = 0; i < SHORT * LONG; i++) {
        double step = 0.1 * (0.2 * sqrt(LONG) * orthogonal[i] + 0.5 * cos(i));
        ck_assert_double_eq_tol((double)w[i], cos(i) - step, 1e-5);
        ck_assert_double_eq_tol((double)m[i], 0.25 * 7 * gradient[i], 1e-5);
    }
}
END_TEST

START_TEST(muon_without_gradients_stays)
{
    enum { SIDE = 16 };
    float g[SIDE * SIDE] = {0}, w[SIDE * SIDE], m[SIDE * SIDE] = {0};
    float scratch[4 * SIDE * SIDE];
    struct adv_muon muon = {.learning_rate = 0.1, .momentum = 0.95, .gradient_scale = 1};
    for (int i = 0; i < SIDE * SIDE; i++)
        w[i] = (float)i;
    adv_muon_update(&muon, SIDE, SIDE, g, w, m, scratch);
    for (int i = 0; i < SIDE * SIDE; i++)
        ck_assert_float_eq(w[i], (float)i);
}
END_TEST

/* ---- averages and rates ---- */

START_TEST(the_average_warms_up_and_then_decays_as_told)
{
    ck_assert_double_eq_tol(adv_ema_decay(0.999, 0), 0.1, 1e-12);
    ck_assert_double_eq_tol(adv_ema_decay(0.999, 90), 0.91, 1e-12);
    ck_assert_double_eq(adv_ema_decay(0.999, 1000000), 0.999);
    float average = 1, w = 3;
    adv_ema_update(0.75, 1, &w, &average);
    ck_assert_float_eq_tol(average, 1.5f, 1e-6f);
}
END_TEST

START_TEST(the_rate_rises_linearly_and_falls_along_a_cosine)
{
    struct adv_train_recipe train = {
        .steps = 1100, .warmup_steps = 100, .learning_rate = 0.1, .min_learning_rate = 0.02};
    ck_assert_double_eq_tol(adv_schedule_rate(&train, 0), 0.001, 1e-12);
    ck_assert_double_eq_tol(adv_schedule_rate(&train, 49), 0.05, 1e-12);
    ck_assert_double_eq_tol(adv_schedule_rate(&train, 100), 0.1, 1e-12);
    ck_assert_double_eq_tol(adv_schedule_rate(&train, 600), 0.06, 1e-12); /* half-way: the middle */
    ck_assert_double_eq_tol(adv_schedule_rate(&train, 1099), 0.02, 1e-6);
    for (int64_t step = 100; step < 1099; step++)
        ck_assert_double_gt(adv_schedule_rate(&train, step), adv_schedule_rate(&train, step + 1));
    train.steps = 3000; /* all of it again, and a part of it a third time */
    train.cycle_steps = 1100;
    for (int64_t step = 0; step < 1100; step += 50) {
        double rate = adv_schedule_rate(&train, step);
        ck_assert_double_eq(adv_schedule_rate(&train, 1100 + step), rate);
        if (step < 800)
            ck_assert_double_eq(adv_schedule_rate(&train, 2200 + step), rate);
    }
    ck_assert_double_eq_tol(adv_schedule_rate(&train, 1700), 0.06, 1e-12);
    train.warmup_steps = 5000; /* longer than the training: never past the rise */
    ck_assert_double_eq_tol(adv_schedule_rate(&train, 1099), 0.022, 1e-12);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("optimiser");
    TCase *tests = tcase_create("optimiser");
    tcase_add_test(tests, adamw_follows_the_paper);
    tcase_add_loop_test(tests, muon_moves_singular_values_and_keeps_their_vectors, 0, 2);
    tcase_add_test(tests, muon_without_gradients_stays);
    tcase_add_test(tests, the_average_warms_up_and_then_decays_as_told);
    tcase_add_test(tests, the_rate_rises_linearly_and_falls_along_a_cosine);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
