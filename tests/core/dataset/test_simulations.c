/* Simulators as sources of data sets. */
#include "tests/core/dataset/dataset_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <advect/extra/evaluator.h>
#include <advect/extra/transform.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N ((size_t)2000)

/* more: what the source's object ends with, its brace included, and what follows it. */
static struct adv_dataset opened(const char *name, const char *more)
{
    char text[400];
    snprintf(text, sizeof text, "{\"source\": {\"kind\": \"simulator\", \"name\": \"%s\"%s}", name,
             more);
    return dataset_opened(text);
}

START_TEST(a_fixed_number_of_simulations_is_drawn_once)
{
    struct adv_dataset d =
        opened("slcp", ", \"n\": 50, \"seed\": 3}, \"held_out\": 10, \"transform\": \"identity\"");
    const struct adv_simulator *slcp = adv_simulator_find("slcp");
    float rows[50 * 13], example[13];
    int32_t label;
    adv_simulator_rows(slcp, 3, 0, 50, rows);
    ck_assert_uint_eq(d.n_rows, 50);
    ck_assert_uint_eq(d.n_train, 40);
    ck_assert_uint_eq(d.dim, 5);
    ck_assert_uint_eq(d.n_context, 8);
    ck_assert_uint_eq(d.source.n_parameters, 5);
    ck_assert_ptr_eq(d.source.simulator, slcp);
    for (size_t i = 0; i < 13; i++)
        ck_assert_str_eq(i < 5 ? adv_dataset_column(&d, i) : adv_dataset_context_column(&d, i - 5),
                         adv_simulator_column(slcp, i));
    for (size_t i = 0; i < 50; i++) {
        adv_dataset_points(&d, ADV_SPLIT_TEST, i, 1, example, &label, example + 5);
        ck_assert_mem_eq(example, rows + 13 * i, sizeof example);
    }
    ck_assert_str_eq(adv_dataset_notes(&d), "");
    adv_dataset_close(&d);
}
END_TEST

START_TEST(the_budget_s_seed_makes_other_data)
{
    struct adv_dataset one = opened("slcp", ", \"n\": 50}"), same = opened("slcp", ", \"n\": 50}");
    struct adv_dataset other = opened("slcp", ", \"n\": 50, \"seed\": 2}");
    ck_assert_str_eq(one.digest, same.digest);
    ck_assert_str_ne(one.digest, other.digest);
    adv_dataset_close(&one);
    adv_dataset_close(&same);
    adv_dataset_close(&other);
}
END_TEST

static void check_equal(const struct adv_simulator *simulator, uint64_t seed, size_t n,
                        const float *theta, const float *x)
{
    size_t k = adv_simulator_parameters(simulator), d = adv_simulator_data(simulator);
    float *rows = calloc(n * (k + d), sizeof *rows);
    adv_simulator_rows(simulator, seed, 0, n, rows);
    for (size_t i = 0; i < n; i++) {
        ck_assert_mem_eq(theta + i * k, rows + i * (k + d), k * sizeof *rows);
        ck_assert_mem_eq(x + i * d, rows + i * (k + d) + k, d * sizeof *rows);
    }
    free(rows);
}

START_TEST(fresh_simulations_follow_from_the_training_s_seed)
{
    struct adv_dataset d = opened("lotka_volterra", "}, \"transform\": \"identity\", \"context\": "
                                                    "{\"transform\": \"identity\"}");
    float *theta = calloc(100 * 4, sizeof *theta), *x = calloc(100 * 20, sizeof *x);
    int32_t label[100];
    ck_assert_uint_eq(d.n_rows, 0);
    ck_assert_uint_eq(d.n_held_out, ADV_DENSITY_HELD_OUT);
    ck_assert_uint_eq(d.source.n_parameters, 4);
    ck_assert_uint_eq(d.n_context, 20);
    ck_assert_str_eq(adv_dataset_column(&d, 3), "delta");
    ck_assert_str_eq(adv_dataset_context_column(&d, 0), "prey_1");
    adv_dataset_draw(&d, 0, 100, theta, label, x);
    check_equal(d.source.simulator, adv_seed_for(7, ADV_SEED_TRAIN), 100, theta, x);
    adv_dataset_draw_held_out(&d, 0, 100, theta, label, x);
    check_equal(d.source.simulator, adv_seed_for(7, ADV_SEED_HELD_OUT), 100, theta, x);
    adv_dataset_draw(&d, 0, 100, theta, label, NULL); /* the parameters alone */
    for (size_t i = 0; i < 100; i++)
        ck_assert_int_eq(label[i], ADV_NO_LABEL);
    free(theta);
    free(x);
    adv_dataset_close(&d);
}
END_TEST

/* The data's standardised values, too, have mean 0 and variance 1: of fresh ones within five standard
 * errors of what they are fitted on and drawn from, for the fourth moment of 6 that they have at
 * most. */
START_TEST(contexts_are_standardised)
{
    static const char *const budgets[] = {"}", ", \"n\": 2000}, \"held_out\": 0"};
    for (size_t b = 0; b < 2; b++) {
        struct adv_dataset d = opened("two_moons", budgets[b]);
        float *theta = calloc(N * 2, sizeof *theta), *x = calloc(N * 2, sizeof *x);
        int32_t *label = calloc(N, sizeof *label);
        adv_dataset_draw(&d, 0, N, theta, label, x);
        for (size_t column = 0; column < 2; column++) {
            double mean = 0, square = 0;
            for (size_t i = 0; i < N; i++) {
                double z = (double)x[2 * i + column];
                mean += z / (double)N;
                square += z * z / (double)N;
            }
            ck_assert_double_eq_tol(mean, 0, 5 * sqrt(1.2 / (double)N));
            ck_assert_double_eq_tol(square, 1, 5 * sqrt(1.2 * 5 / (double)N));
        }
        ck_assert_double_gt(d.context_reach, 1);
        free(theta);
        free(x);
        free(label);
        adv_dataset_close(&d);
    }
}
END_TEST

START_TEST(pictures_show_the_prior_s_box)
{
    double lo[2], hi[2];
    struct adv_dataset moons = opened("two_moons", "}"), sir = opened("sir", "}");
    ck_assert(adv_dataset_box(&moons, lo, hi));
    ck_assert(lo[0] == -1 && lo[1] == -1 && hi[0] == 1 && hi[1] == 1);
    ck_assert(!adv_dataset_box(&sir, lo, hi));
    adv_dataset_close(&moons);
    adv_dataset_close(&sir);
}
END_TEST

/* A parameter that is uniform within the bounds of its support is standard normal in flow units:
 * its mean, variance and fourth moment are, within five standard errors. */
START_TEST(priors_become_standard_normal)
{
    static const char *const budgets[] = {"}", ", \"n\": 2000}, \"held_out\": 0"};
    for (size_t b = 0; b < 2; b++) {
        struct adv_dataset d = opened("slcp", budgets[b]);
        float *x = calloc(N * 5, sizeof *x);
        int32_t *label = calloc(N, sizeof *label);
        adv_dataset_draw(&d, 0, N, x, label, NULL);
        for (size_t column = 0; column < 5; column++) {
            double mean = 0, square = 0, fourth = 0;
            for (size_t i = 0; i < N; i++) {
                double z = (double)x[5 * i + column];
                mean += z / (double)N;
                square += z * z / (double)N;
                fourth += z * z * z * z / (double)N;
            }
            ck_assert_double_eq_tol(mean, 0, 5 * sqrt(1 / (double)N));
            ck_assert_double_eq_tol(square, 1, 5 * sqrt(2 / (double)N));
            ck_assert_double_eq_tol(fourth, 3, 5 * sqrt(96 / (double)N));
        }
        free(x);
        free(label);
        adv_dataset_close(&d);
    }
}
END_TEST

/* Whatever a network makes of it: any number of flow units is a parameter within the bounds. */
static void check_bounds(const char *name, double lo, double hi)
{
    static const float far[] = {-30, -3, 0, 3, 30};
    struct adv_dataset d = opened(name, "}");
    float x[5];
    for (size_t c = 0; c < sizeof far / sizeof *far; c++) {
        for (size_t i = 0; i < 5; i++)
            x[i] = far[c];
        adv_transform_decode(d.transform, 1, x, x, NULL);
        for (size_t i = 0; i < d.source.n_parameters; i++)
            ck_assert_msg((double)x[i] >= lo && (double)x[i] <= hi, "%s: %g", name, (double)x[i]);
    }
    adv_dataset_close(&d);
}

START_TEST(no_sample_leaves_the_prior)
{
    check_bounds("two_moons", -1, 1);
    check_bounds("gaussian_mixture", -10, 10);
    check_bounds("slcp", -3, 3);
    check_bounds("lotka_volterra", 0, INFINITY);
}
END_TEST

START_TEST(a_recipe_may_state_other_supports)
{
    struct adv_dataset d = opened("two_moons", "}, \"support\": {\"theta1\": [-2, 2]}");
    float x[2] = {30, 30};
    adv_transform_decode(d.transform, 1, x, x, NULL);
    ck_assert_float_gt(x[0], 1.9f);
    ck_assert_float_le(x[1], 1);
    ck_assert(d.stated[0] && d.stated[1]);
    adv_dataset_close(&d);
}
END_TEST

static void never(void *context, const char *sentence)
{
    (void)context;
    ck_abort_msg("%s", sentence);
}

START_TEST(nothing_is_suggested_of_what_is_known)
{
    struct adv_dataset d = opened("sir", ", \"n\": 20000}");
    adv_dataset_suggest(&d, never, NULL);
    adv_dataset_close(&d);
}
END_TEST

/* source: as of opened, without the kind. */
static void refuses(const char *source, const char *expected)
{
    char text[400];
    snprintf(text, sizeof text, "{\"source\": {\"kind\": \"simulator\"%s}", source);
    dataset_refuses(text, expected);
}

/* Fresh simulations are checked like those that are drawn once. */
START_TEST(supports_that_the_prior_leaves_are_refused)
{
    static const char *const sources[] = {"", ", \"n\": 500"};
    for (size_t i = 0; i < 2; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 ", \"name\": \"two_moons\"%s}, \"support\": {\"theta1\": [0, 1]}", sources[i]);
        refuses(text, "column 0 (theta1) is -");
        refuses(text, "; it must be between 0 and 1");
    }
    refuses(", \"name\": \"two_moons\"}, \"support\": {\"theta2\": [null, 0.5]}", "(theta2) is 0.");
}
END_TEST

START_TEST(what_is_no_simulator_is_refused)
{
    refuses("}", "data.source.name is missing");
    refuses(", \"name\": \"two_moon\"}", "did you mean \"two_moons\"");
    refuses(", \"name\": \"slcp\", \"n\": -1}", "data.source.n is -1");
    refuses(", \"name\": \"slcp\", \"n\": 1}", "the source has 1 example");
    refuses(", \"name\": \"slcp\", \"file\": \"a\"}",
            "\"file\" is not a known field of data.source");
    refuses(", \"name\": \"sir\", \"n\": 50}",
            "column ill_day_0 is the same in all 49 simulations that training sees");
    refuses(", \"name\": \"slcp\"}, \"support\": [[0, 1]]", "the data have 5 columns");
    refuses(", \"name\": \"slcp\"}, \"shape\": [12]", "the source has 5");
    refuses(", \"name\": \"two_moons\"}, \"classes\": 3", "the source has no labels");
}
END_TEST

static enum adv_status attempt(void *recipe, struct adv_error *error)
{
    struct adv_dataset d = {0};
    enum adv_status status = adv_dataset_open(recipe, 7, dataset_folder, &d, error);
    adv_dataset_close(&d);
    return status;
}

/* Of the memory of the source's object and of its rows. */
static void fail_every_allocation(const char *text)
{
    struct adv_data_recipe recipe = {0};
    json_t *json = dataset_json(text);
    ck_assert_int_eq(adv_data_recipe_init(&recipe, json, NULL), ADV_OK);
    ck_assert_int_gt(alloc_fail_each(attempt, &recipe), 10);
    adv_data_recipe_release(&recipe);
    json_decref(json);
}

START_TEST(memory_may_run_out_anywhere)
{
    fail_every_allocation("{\"source\": {\"kind\": \"simulator\", \"name\": \"two_moons\"}}");
    fail_every_allocation("{\"source\": {\"kind\": \"simulator\", \"name\": \"slcp\", \"n\": 9},"
                          " \"transform\": \"identity\"}");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulations");
    TCase *sources = tcase_create("sources");
    tcase_set_timeout(sources, 60);
    tcase_add_checked_fixture(sources, dataset_make_folder, dataset_remove_folder);
    tcase_add_test(sources, a_fixed_number_of_simulations_is_drawn_once);
    tcase_add_test(sources, the_budget_s_seed_makes_other_data);
    tcase_add_test(sources, fresh_simulations_follow_from_the_training_s_seed);
    tcase_add_test(sources, contexts_are_standardised);
    tcase_add_test(sources, pictures_show_the_prior_s_box);
    tcase_add_test(sources, priors_become_standard_normal);
    tcase_add_test(sources, no_sample_leaves_the_prior);
    tcase_add_test(sources, a_recipe_may_state_other_supports);
    tcase_add_test(sources, supports_that_the_prior_leaves_are_refused);
    tcase_add_test(sources, nothing_is_suggested_of_what_is_known);
    tcase_add_test(sources, what_is_no_simulator_is_refused);
    tcase_add_test(sources, memory_may_run_out_anywhere);
    suite_add_tcase(suite, sources);
    return suite_run(suite);
}
