/* Pairs of base points and examples: the best there are, within a condition, whatever the threads. */
#include "core/train/coupling.h"
#include "tests/support/numbers.h"
#include "tests/support/suite.h"

#include <advect/extra/all.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double cost_of_permutation(size_t n, const float *cost, const uint32_t *column_of)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)cost[i * n + column_of[i]];
    return sum;
}

/* The least cost of all permutations, by exchanging the k-th with those after it. */
static double least_of_all(size_t n, const float *cost, uint32_t *columns, size_t k)
{
    double least = INFINITY;
    if (k == n)
        return cost_of_permutation(n, cost, columns);
    for (size_t i = k; i < n; i++) {
        uint32_t kept = columns[k];
        columns[k] = columns[i];
        columns[i] = kept;
        least = fmin(least, least_of_all(n, cost, columns, k + 1));
        columns[i] = columns[k];
        columns[k] = kept;
    }
    return least;
}

static void fill_costs(struct random *random, size_t n, bool ties, float *cost)
{
    for (size_t i = 0; i < n * n; i++)
        cost[i] = ties ? (float)random_below(random, 4) : (float)random_between(random, -5, 5);
}

static void check_permutation(size_t n, const uint32_t *column_of)
{
    bool taken[256] = {false};
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_lt(column_of[i], n);
        ck_assert(!taken[column_of[i]]);
        taken[column_of[i]] = true;
    }
}

START_TEST(no_permutation_costs_less)
{
    struct random random = {1};
    struct adv_assignment a;
    float cost[49];
    ck_assert_int_eq(adv_assignment_init(&a, 7, NULL), ADV_OK);
    for (int trial = 0; trial < 200; trial++) {
        size_t n = 1 + random_below(&random, 7);
        uint32_t columns[7] = {0, 1, 2, 3, 4, 5, 6};
        fill_costs(&random, n, trial % 2, cost);
        adv_assignment_solve(&a, n, cost);
        check_permutation(n, a.column_of);
        ck_assert_double_eq_tol(cost_of_permutation(n, cost, a.column_of),
                                least_of_all(n, cost, columns, 0), 1e-5);
    }
    adv_assignment_release(&a);
}
END_TEST

/* Duals that no cost is below and all pairs meet prove that there is none better. */
START_TEST(duals_prove_the_assignment_of_many)
{
    enum { N = 200 };
    struct random random = {2};
    struct adv_assignment a;
    float *cost = calloc(N * N, sizeof *cost);
    ck_assert_int_eq(adv_assignment_init(&a, N, NULL), ADV_OK);
    for (int ties = 0; ties < 2; ties++) {
        fill_costs(&random, N, ties, cost);
        adv_assignment_solve(&a, N, cost);
        check_permutation(N, a.column_of);
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < N; j++)
                ck_assert_double_ge((double)cost[i * N + j], a.u[i] + a.v[j] - 1e-9);
            size_t j = a.column_of[i];
            ck_assert_double_eq_tol((double)cost[i * N + j], a.u[i] + a.v[j], 1e-9);
        }
    }
    free(cost);
    adv_assignment_release(&a);
}
END_TEST

#define NET "\"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1}"
#define MOONS                                                                                      \
    "\"data\": {\"source\": {\"kind\": \"density\", \"density\": {\"kind\": \"two_moons\"}}}"

#define SIMULATED "\"data\": {\"source\": {\"kind\": \"simulator\", \"name\": \"two_moons\"}}"

static void open_data(const char *data, struct adv_recipe *recipe, struct adv_dataset *dataset)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"name\": \"moons\", " NET ", %s, \"train\": {\"steps\": 9, \"batch\": 128,"
             " \"coupling\": \"optimal_transport\"}}",
             data);
    ck_assert_int_eq(adv_recipe_parse(recipe, text, NULL), ADV_OK);
    ck_assert_int_eq(adv_dataset_open(&recipe->data, 0, ".", dataset, NULL), ADV_OK);
}

static int compare_floats(const void *a, const void *b)
{
    return memcmp(a, b, 2 * sizeof(float));
}

START_TEST(base_points_change_hands_and_paths_are_shorter)
{
    struct adv_recipe recipe = {0};
    struct adv_dataset dataset;
    struct adv_coupling c;
    open_data(MOONS, &recipe, &dataset);
    ck_assert_int_eq(adv_coupling_init(&c, &dataset, &recipe.train, NULL), ADV_OK);
    for (int64_t step = 0; step < 3; step++) {
        double before = 0, after = 0;
        adv_coupling_draw(&c, &dataset, step);
        for (size_t i = 0; i < 128 * 2; i++) {
            before += pow((double)(c.drawn.x1[i] - c.drawn.x0[i]), 2);
            after += pow((double)(c.drawn.x1[i] - c.x0[i]), 2);
        }
        ck_assert_double_lt(after, 0.8 * before);
        qsort(c.x0, 128, 2 * sizeof(float), compare_floats);
        qsort(c.drawn.x0, 128, 2 * sizeof(float), compare_floats);
        ck_assert_mem_eq(c.x0, c.drawn.x0, 128 * 2 * sizeof(float)); /* each once */
    }
    adv_coupling_release(&c);
    adv_dataset_close(&dataset);
    adv_recipe_release(&recipe);
}
END_TEST

/* Of simulations each has an observation of its own. */
START_TEST(rows_of_different_contexts_keep_their_base_points)
{
    struct adv_recipe recipe = {0};
    struct adv_dataset dataset;
    struct adv_coupling c;
    open_data(SIMULATED, &recipe, &dataset);
    ck_assert_int_eq(adv_coupling_init(&c, &dataset, &recipe.train, NULL), ADV_OK);
    adv_coupling_draw(&c, &dataset, 0);
    ck_assert_mem_eq(c.x0, c.drawn.x0, 128 * 2 * sizeof(float));
    adv_coupling_release(&c);
    adv_dataset_close(&dataset);
    adv_recipe_release(&recipe);
}
END_TEST

/* Data as in the recipe of a table whose products with base points beyond 1.2 are no float32. */
static const char *huge_data(char *path)
{
    static char data[200];
    FILE *file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < 200; i++)
        fprintf(file, "%de36,%de36\n", i % 2 ? 290 + i % 11 : -290 - i % 7, 300 - i % 5);
    ck_assert_int_eq(fclose(file), 0);
    snprintf(data, sizeof data,
             "\"data\": {\"source\": {\"kind\": \"csv\", \"file\": \"%s\"}, \"held_out\": 10,"
             " \"transform\": \"identity\"}",
             path);
    return data;
}

START_TEST(rows_whose_costs_overflow_keep_their_base_points)
{
    char path[] = "/tmp/advect-coupling-XXXXXX";
    struct adv_recipe recipe = {0};
    struct adv_dataset dataset;
    struct adv_coupling c;
    open_data(huge_data(path), &recipe, &dataset);
    ck_assert_int_eq(adv_coupling_init(&c, &dataset, &recipe.train, NULL), ADV_OK);
    adv_coupling_draw(&c, &dataset, 0);
    ck_assert_float_ge(fabsf(c.drawn.x1[0]), 2.9e38f);
    ck_assert_mem_eq(c.x0, c.drawn.x0, 128 * 2 * sizeof(float));
    adv_coupling_release(&c);
    adv_dataset_close(&dataset);
    adv_recipe_release(&recipe);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(a_training_whose_costs_overflow_says_that_it_diverged)
{
    char path[] = "/tmp/advect-coupling-XXXXXX", recipe[600];
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    snprintf(recipe, sizeof recipe,
             "{\"name\": \"huge\", " NET ", %s, \"train\": {\"steps\": 9, \"batch\": 128,"
             " \"coupling\": \"optimal_transport\"}}",
             huge_data(path));
    ck_assert_msg(adv_training_new(recipe, NULL, &training, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_training_step(training, NULL, &error), ADV_E_NUMERIC);
    ck_assert_msg(strstr(error.message, "diverged at step 1 ") != NULL, "%s", error.message);
    adv_training_free(training);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

static struct adv_training *train(const char *recipe, int threads)
{
    struct adv_training_options options = {.size = sizeof options, .threads = threads};
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_training_new(recipe, &options, &training, &error) == ADV_OK, "%s",
                  error.message);
    for (int step = 0; step < 9; step++)
        ck_assert_int_eq(adv_training_step(training, NULL, NULL), ADV_OK);
    return training;
}

static const char coupled_recipe[] =
    "{\"name\": \"moons\", " NET ", " MOONS ", \"train\": {\"steps\": 9, \"batch\": 128,"
    " \"shard_rows\": 32, \"coupling\": \"optimal_transport\"}}";

START_TEST(a_batch_does_not_depend_on_threads)
{
    struct adv_training *one = train(coupled_recipe, 1), *three = train(coupled_recipe, 3);
    struct adv_model *a = NULL, *b = NULL;
    ck_assert_int_eq(adv_training_model(one, &a, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_model(three, &b, NULL), ADV_OK);
    ck_assert_mem_eq(adv_model_weights(a), adv_model_weights(b),
                     adv_model_n_weights(a) * sizeof(float));
    ck_assert(adv_model_is_coupled(a)); /* and says so */
    adv_model_unref(a);
    adv_model_unref(b);
    adv_training_free(one);
    adv_training_free(three);
}
END_TEST

static void refused(const char *train, const char *field)
{
    char recipe[1024];
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    snprintf(recipe, sizeof recipe,
             "{\"name\": \"moons\", " NET ", " MOONS ", \"train\": {\"steps\": 9, %s}}", train);
    ck_assert_int_eq(adv_training_new(recipe, NULL, &training, &error), ADV_E_INVALID);
    ck_assert_str_eq(error.field, field);
}

START_TEST(what_cannot_be_coupled_is_refused)
{
    refused("\"batch\": 4097, \"coupling\": \"optimal_transport\"", "train.batch");
    refused("\"coupling\": \"sinkhorn\"", "train.coupling");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("coupling");
    TCase *tests = tcase_create("coupling");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, no_permutation_costs_less);
    tcase_add_test(tests, duals_prove_the_assignment_of_many);
    tcase_add_test(tests, base_points_change_hands_and_paths_are_shorter);
    tcase_add_test(tests, rows_of_different_contexts_keep_their_base_points);
    tcase_add_test(tests, rows_whose_costs_overflow_keep_their_base_points);
    tcase_add_test(tests, a_training_whose_costs_overflow_says_that_it_diverged);
    tcase_add_test(tests, a_batch_does_not_depend_on_threads);
    tcase_add_test(tests, what_cannot_be_coupled_is_refused);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
