/* Samples with noise: reproducible, of the same distribution as without, and refused where they mean
 * nothing. */
#include "tests/support/models.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <string.h>

enum { DIM = 2 };
static const float modes[3 * DIM] = {1, 0.5f, -0.8f, 0.9f, 0.1f, -1.2f};

/* Three Gaussians of deviation 0.2, whose velocity is exact. */
static struct adv_model *gaussians(const char *more)
{
    return model_of_gaussians(3, modes, 0.2, more);
}

static struct adv_query noisy(enum adv_query_kind kind, size_t n, double noise)
{
    struct adv_query query = adv_query_default(kind);
    query.n = n;
    query.seed = 3;
    query.noise = noise;
    query.solver.steps = 50;
    ck_assert_int_eq(adv_solver_find("sde", &query.solver.solver, NULL), ADV_OK);
    return query;
}

START_TEST(a_sample_is_the_same_alone_and_in_a_batch)
{
    struct adv_model *model = gaussians("");
    struct adv_query query = noisy(ADV_QUERY_SAMPLES, 600, 2);
    const struct adv_answer *all, *one, *other;
    struct adv_run *together = run_of(model, &query, 3, &all);
    query.n = 1;
    for (query.first = 0; query.first < 600; query.first += 199) {
        struct adv_run *alone = run_of(model, &query, 1, &one);
        ck_assert_mem_eq(one->states, all->states + query.first * DIM, DIM * sizeof(float));
        ck_assert_double_eq(one->noise, 2);
        adv_run_free(alone);
    }
    query.first = 0;
    query.seed = 4;
    query.points = (const float[]){0.3f, -0.4f};
    struct adv_run *a = run_of(model, &query, 1, &one);
    query.seed = 5; /* the same start with other noise */
    struct adv_run *b = run_of(model, &query, 1, &other);
    ck_assert(memcmp(one->states, other->states, DIM * sizeof(float)) != 0);
    adv_run_free(a);
    adv_run_free(b);
    adv_run_free(together);
    adv_model_unref(model);
}
END_TEST

START_TEST(noise_0_is_heun)
{
    struct adv_model *model = gaussians("");
    struct adv_query query = noisy(ADV_QUERY_TRAJECTORIES, 50, 0);
    const double times[] = {0.2, 0.5, 1};
    query.times = times;
    query.n_times = 3;
    const struct adv_answer *quiet, *heun;
    struct adv_run *a = run_of(model, &query, 1, &quiet);
    ck_assert_int_eq(adv_solver_find("heun", &query.solver.solver, NULL), ADV_OK);
    struct adv_run *b = run_of(model, &query, 1, &heun);
    for (size_t i = 0; i < 3 * 50 * DIM; i++)
        ck_assert_float_eq_tol(quiet->states[i], heun->states[i], 1e-5f);
    adv_run_free(a);
    adv_run_free(b);
    adv_model_unref(model);
}
END_TEST

/* Of each mode's share, mean and deviation: 12,000 samples tell a share of 1/3 to 0.0043, a mean to
 * 0.2 / 63 and a deviation to 0.8 %; four times that, and as much for 50 steps. */
START_TEST(the_modes_keep_their_shares_and_widths)
{
    enum { N = 12000 };
    struct adv_model *model = gaussians("");
    const double levels[] = {0.5, 1, 4};
    for (int i = 0; i < 3; i++) {
        struct adv_query query = noisy(ADV_QUERY_SAMPLES, N, levels[i]);
        const struct adv_answer *answer;
        struct adv_run *run = run_of(model, &query, 2, &answer);
        double n[3] = {0}, sum[3] = {0}, square[3] = {0};
        for (size_t r = 0; r < N; r++) {
            size_t nearest = 0;
            double least = INFINITY, x = 0;
            for (size_t k = 0; k < 3; k++) {
                double dx = (double)answer->states[DIM * r] - (double)modes[DIM * k];
                double dy = (double)answer->states[DIM * r + 1] - (double)modes[DIM * k + 1];
                if (dx * dx + dy * dy < least) {
                    least = dx * dx + dy * dy;
                    nearest = k;
                    x = dx;
                }
            }
            n[nearest]++;
            sum[nearest] += x;
            square[nearest] += x * x;
        }
        for (size_t k = 0; k < 3; k++) {
            double mean = sum[k] / n[k], deviation = sqrt(square[k] / n[k] - mean * mean);
            ck_assert_msg(fabs(n[k] / N - 1 / 3.0) < 0.025 && fabs(mean) < 0.02 &&
                              fabs(deviation / 0.2 - 1) < 0.06,
                          "noise %g, mode %zu: share %g, mean %g, deviation %g", levels[i], k,
                          n[k] / N, mean, deviation);
        }
        adv_run_free(run);
    }
    adv_model_unref(model);
}
END_TEST

START_TEST(noise_is_refused_where_it_means_nothing)
{
    struct adv_model *model = gaussians("");
    const float point[DIM] = {0};
    struct adv_query query = noisy(ADV_QUERY_SAMPLES, 1, -0.1);
    query_is_refused(model, &query, "solver.noise", "between 0 and 10");
    query.noise = NAN;
    query_is_refused(model, &query, "solver.noise", "between 0 and 10");
    query.noise = 10.5;
    query_is_refused(model, &query, "solver.noise", "between 0 and 10");
    query.noise = 8;
    query.solver.steps = 31; /* sqrt(62) is 7.87 */
    query_is_refused(model, &query, "solver.noise", "7.874");
    query.solver.steps = 32;
    ck_assert_int_eq(adv_query_check(&query, model, NULL), ADV_OK);
    query.log_density = true;
    query_is_refused(model, &query, "solver.method", "log_density");
    for (enum adv_query_kind kind = ADV_QUERY_LOG_DENSITY; kind <= ADV_QUERY_LATENTS; kind++) {
        query = noisy(kind, 1, 1);
        query.points = point;
        query_is_refused(model, &query, "solver.method", "only samples and trajectories");
    }
    query = noisy(ADV_QUERY_SCORE, 1, 1);
    query.points = point;
    query.score_method = ADV_SCORE_DIFFERENCE;
    query_is_refused(model, &query, "solver.method", "only samples and trajectories");
    adv_model_unref(model);
    model = gaussians(", \"path\": {\"kind\": \"condot\", \"coupling\": \"optimal_transport\"}");
    query = noisy(ADV_QUERY_SAMPLES, 1, 1);
    query_is_refused(model, &query, "solver.method", "optimal_transport");
    adv_model_unref(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("noise");
    TCase *tests = tcase_create("noise");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_sample_is_the_same_alone_and_in_a_batch);
    tcase_add_test(tests, noise_0_is_heun);
    tcase_add_test(tests, the_modes_keep_their_shares_and_widths);
    tcase_add_test(tests, noise_is_refused_where_it_means_nothing);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
