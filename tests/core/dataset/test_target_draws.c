/* Targets that are means over pairs: the same velocity, with less variance. */
#include "core/dataset/examples.h"
#include "core/flow/path.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 8192

/* Two sets of examples of the same rows: with the target of each pair, and with the mean over draws. */
struct both {
    struct adv_recipe recipe;
    struct adv_dataset dataset;
    struct adv_examples one, mean;
};

static void open_both(struct both *b, const char *density, const char *path)
{
    char text[1024];
    struct adv_error error = ADV_ERROR_INIT;
    snprintf(text, sizeof text,
             "{\"name\": \"x\", \"net\": {}, \"path\": \"%s\","
             " \"data\": {\"source\": {\"kind\": \"density\", \"density\": %s}},"
             " \"train\": {\"steps\": 1, \"batch\": %d, \"target_draws\": 64}}",
             path, density, ROWS);
    ck_assert_msg(adv_recipe_parse(&b->recipe, text, &error) == ADV_OK, "%s", error.message);
    const struct adv_train_recipe *train = &b->recipe.train;
    ck_assert_int_eq(adv_dataset_open(&b->recipe.data, 0, ".", &b->dataset, NULL), ADV_OK);
    ck_assert_int_eq(adv_examples_init(&b->one, ROWS, &b->dataset, NULL), ADV_OK);
    ck_assert_int_eq(adv_examples_init(&b->mean, ROWS, &b->dataset, NULL), ADV_OK);
    ck_assert_int_eq(adv_target_draws_init(&b->mean.target_draws, &b->dataset, train, NULL),
                     ADV_OK);
    adv_examples_draw(&b->one, &b->dataset, b->recipe.path, train, 3, 0, ROWS);
    adv_examples_draw(&b->mean, &b->dataset, b->recipe.path, train, 3, 0, ROWS);
    ck_assert_mem_eq(b->one.x_t, b->mean.x_t, ROWS * b->one.dim * sizeof(float));
}

static void close_both(struct both *b)
{
    adv_examples_release(&b->one);
    adv_examples_release(&b->mean);
    adv_dataset_close(&b->dataset);
    adv_recipe_release(&b->recipe);
}

/* Of N(mean, deviation^2) in one coordinate. */
static double velocity_of_gaussian(const struct adv_path *path, double mean, double deviation,
                                   double t, double x)
{
    double alpha, sigma, d_alpha, d_sigma;
    path->coefficients(adv_path_clamp(path, t), &alpha, &sigma, &d_alpha, &d_sigma);
    double spread = alpha * deviation * deviation, variance = alpha * spread + sigma * sigma;
    double off = (x - alpha * mean) / variance;
    return d_alpha * (mean + spread * off) + d_sigma * sigma * off;
}

#define GAUSSIAN                                                                                   \
    "{\"kind\": \"gaussian\", \"dim\": 3, \"mean\": [1, -0.5, 0], \"deviation\": [0.5, 1, 2]}"

/* Of Gaussian data all pairs weigh the same, so that the variance is that of a mean of 64. */
START_TEST(of_a_gaussian_they_are_nearer_to_its_velocity)
{
    const char *const paths[] = {"condot", "cosine"};
    const double means[] = {1, -0.5, 0}, deviations[] = {0.5, 1, 2};
    struct both b;
    open_both(&b, GAUSSIAN, paths[_i]);
    double sums[2] = {0}, mean = 0;
    size_t n = 0;
    for (size_t i = 0; i < ROWS * b.one.dim; i++) {
        float t = b.one.t[i / 3];
        double v = velocity_of_gaussian(b.recipe.path, means[i % 3], deviations[i % 3], (double)t,
                                        (double)b.one.x_t[i]);
        double off[] = {(double)b.one.target[i] - v, (double)b.mean.target[i] - v};
        n++;
        mean += off[1];
        for (size_t k = 0; k < 2; k++)
            sums[k] += off[k] * off[k];
    }
    ck_assert_double_eq_tol(sums[0] / sums[1], 64, 8);
    ck_assert_double_lt(fabs(mean / (double)n), 5 * sqrt(sums[1] / (double)n / (double)n) + 0.01);
    close_both(&b);
}
END_TEST

/* Against functions of (x_t, t), both targets have the same mean: the velocity's. */
static void check_means(const struct both *b, double frequency, float t_min, float t_max)
{
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < ROWS * b->one.dim; i++) {
        float t = b->one.t[i / b->one.dim];
        if (t < t_min || t >= t_max)
            continue;
        double off = (double)b->mean.target[i] - (double)b->one.target[i];
        off *= sin(frequency * (double)b->one.x_t[i] + 0.5);
        sum += off;
        squares += off * off;
        n++;
    }
    ck_assert_double_gt(n, 100);
    ck_assert_double_lt(fabs(sum / n), 5 * sqrt(squares / n / n));
}

#define MIXTURE                                                                                    \
    "{\"kind\": \"gaussian_mixture\", \"means\": [[-2, 1], [2, 0]], \"deviations\": [0.3, 0.8]}"

START_TEST(their_mean_is_that_of_single_targets)
{
    static const char *const densities[] = {
        "{\"kind\": \"checkerboard\", \"dim\": 2, \"cells\": 8}",
        "{\"kind\": \"checkerboard\", \"dim\": 4, \"cells\": 4}",
        MIXTURE,
    };
    struct both b;
    open_both(&b, densities[_i], "condot");
    for (double frequency = 0; frequency < 20; frequency = 2 * frequency + 1) {
        for (float t = 0; t < 0.95f; t += 0.1f)
            check_means(&b, frequency, t, t + 0.1f);
    }
    close_both(&b);
}
END_TEST

START_TEST(a_row_does_not_depend_on_how_the_batch_is_cut)
{
    struct both b;
    open_both(&b, GAUSSIAN, "condot");
    for (size_t first = 0; first < ROWS; first += ROWS / 4) {
        adv_examples_draw(&b.one, &b.dataset, b.recipe.path, &b.recipe.train, 3, first, ROWS / 4);
        ck_assert_float_ne(b.one.target[3 * ROWS / 4 - 1],
                           b.mean.target[3 * (first + ROWS / 4) - 1]);
    }
    float *whole = calloc(ROWS * 3, sizeof *whole);
    memcpy(whole, b.mean.target, ROWS * 3 * sizeof *whole);
    for (size_t first = 0; first < ROWS; first += ROWS / 4) {
        adv_examples_draw(&b.mean, &b.dataset, b.recipe.path, &b.recipe.train, 3, first, ROWS / 4);
        ck_assert_mem_eq(b.mean.target, whole + 3 * first, 3 * ROWS / 4 * sizeof *whole);
    }
    free(whole);
    close_both(&b);
}
END_TEST

#define NET "\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1}"
#define DENSITY(options) "{\"kind\": \"density\", \"density\": {" options "}}"
#define RECIPE(source, more)                                                                       \
    "{\"name\": \"x\", " NET ", \"data\": {\"source\": " source "},"                               \
    " \"train\": {\"steps\": 9, \"batch\": 8, \"target_draws\": 16" more "}}"

static const struct {
    const char *recipe, *message;
} refused[] = {
    {RECIPE("{\"kind\": \"simulator\", \"name\": \"two_moons\"}", ""),
     "train.target_draws is 16, but of data that are not those of a synthetic density, the density "
     "is not known; only 1 is possible"},
    {RECIPE(DENSITY("\"kind\": \"swiss_roll\""), ""),
     "train.target_draws is 16, but the density of this kind is not known in closed form; only 1 "
     "is "
     "possible"},
    {RECIPE(DENSITY("\"kind\": \"rings\""), ", \"coupling\": \"optimal_transport\""),
     "train.target_draws is 16, but train.coupling makes pairs that depend on each other; only 1 "
     "is "
     "possible"},
};

START_TEST(what_they_are_not_possible_for_is_refused)
{
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_training_new(refused[_i].recipe, NULL, &training, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "train.target_draws");
    ck_assert_str_eq(error.message, refused[_i].message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target draws");
    TCase *tests = tcase_create("target draws");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, of_a_gaussian_they_are_nearer_to_its_velocity, 0, 2);
    tcase_add_loop_test(tests, their_mean_is_that_of_single_targets, 0, 3);
    tcase_add_test(tests, a_row_does_not_depend_on_how_the_batch_is_cut);
    tcase_add_loop_test(tests, what_they_are_not_possible_for_is_refused, 0,
                        (int)(sizeof refused / sizeof *refused));
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
