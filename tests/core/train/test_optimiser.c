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
    tcase_add_test(tests, the_average_warms_up_and_then_decays_as_told);
    tcase_add_test(tests, the_rate_rises_linearly_and_falls_along_a_cosine);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
