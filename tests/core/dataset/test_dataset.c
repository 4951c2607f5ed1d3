/* Recipes, data sets, and what is drawn from them. */
#include "core/dataset/examples.h"

#include <advect/extra/all.h>
#include <advect/extra/dataset.h>
#include <advect/extra/recipe.h>

#include "tests/core/dataset/dataset_support.h"
#include "tests/support/suite.h"

#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- support */

/* An IDX file of 8-bit values (LeCun): magic 0, 0, type 8, dimensions; big-endian sizes. */
static void write_idx(const char *name, int n_dims, const uint32_t *sizes, const uint8_t *values)
{
    uint8_t bytes[4096] = {0, 0, 8, (uint8_t)n_dims};
    size_t at = 4, n = 1;
    for (int d = 0; d < n_dims; d++) {
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes[at++] = (uint8_t)(sizes[d] >> shift);
        n *= sizes[d];
    }
    ck_assert_uint_le(at + n, sizeof bytes);
    memcpy(bytes + at, values, n);
    dataset_write_file(name, bytes, at + n);
}

/* ---------------------------------------------------------------- recipes */

START_TEST(every_shipped_recipe_is_one)
{
    glob_t found;
    ck_assert_int_eq(glob("models/*.json", 0, NULL, &found), 0);
    ck_assert_int_eq(glob("docs/internals/ablations/*.json", GLOB_APPEND, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 5);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct adv_error error = ADV_ERROR_INIT;
        struct adv_recipe recipe;
        struct adv_net *net = NULL;
        void *text;
        size_t n_bytes;
        ck_assert_int_eq(adv_file_read(found.gl_pathv[i], 1 << 20, &text, &n_bytes, &error),
                         ADV_OK);
        ck_assert_msg(adv_recipe_parse(&recipe, text, &error) == ADV_OK, "%s: %s",
                      found.gl_pathv[i], error.message);
        free(text);
        ck_assert_msg(adv_net_new(recipe.net, &net, &error) == ADV_OK, "%s: %s", found.gl_pathv[i],
                      error.message);
        const char *slash = strrchr(found.gl_pathv[i], '/');
        ck_assert_msg(strncmp(slash + 1, recipe.name, strlen(recipe.name)) == 0, "%s is called %s",
                      found.gl_pathv[i], recipe.name);
        adv_net_free(net);
        adv_recipe_release(&recipe);
    }
    globfree(&found);
}
END_TEST

static void refuses_recipe(const char *text, const char *expected)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_recipe recipe;
    json_t *json = dataset_json(text);
    ck_assert_msg(adv_recipe_init(&recipe, json, &error) != ADV_OK, "accepted: %s", text);
    ck_assert_msg(strstr(error.message, expected) != NULL, "%s\n  gives: %s\n  not: %s", text,
                  error.message, expected);
    json_decref(json);
}

START_TEST(recipes_are_checked)
{
    refuses_recipe("[]", "must be a JSON object");
    refuses_recipe("{\"name\": \"a\"}", "net is missing");
    refuses_recipe("{\"name\": \"a\", \"net\": {}, \"date\": {}, \"train\": {\"steps\": 1}}",
                   "did you mean \"data\"");
    refuses_recipe("{\"name\": \"a\", \"net\": {}, \"data\": {}, \"train\": {\"steps\": 1}}",
                   "data.source is missing");
    refuses_recipe("{\"name\": \"a\", \"net\": {}, \"data\": {\"source\": {}}, \"train\": "
                   "{\"steps\": 1, \"learning_rat\": 1}}",
                   "did you mean \"learning_rate\"");
    refuses_recipe("{\"name\": \"a\", \"net\": {}, \"data\": {\"source\": {}}, \"train\": "
                   "{\"steps\": 0}}",
                   "train.steps is 0");
    refuses_recipe(
        "{\"name\": \"a\", \"net\": {}, \"data\": {\"source\": {}}, \"path\": \"condor\","
        " \"train\": {\"steps\": 1}}",
        "condot");
    refuses_recipe("{\"name\": \"a\", \"net\": {}, \"data\": {\"source\": {}}, \"train\": "
                   "{\"steps\": 1, \"learning_rate\": 1e-4, \"min_learning_rate\": 1e-3}}",
                   "must be at most train.learning_rate, 0.0001");
}
END_TEST

START_TEST(what_changed_in_a_recipe_is_named)
{
    json_t *before = dataset_json("{\"name\": \"a\", \"net\": {\"kind\": \"mlp\", \"layers\": 3},"
                                  " \"train\": {\"steps\": 10, \"seed\": 1}}");
    json_t *longer = dataset_json("{\"name\": \"b\", \"net\": {\"kind\": \"mlp\", \"layers\": 3},"
                                  " \"train\": {\"steps\": 20, \"seed\": 1}}");
    json_t *deeper = dataset_json("{\"name\": \"a\", \"net\": {\"kind\": \"mlp\", \"layers\": 4},"
                                  " \"train\": {\"steps\": 10, \"seed\": 1}}");
    json_t *less = dataset_json("{\"name\": \"a\", \"net\": {\"kind\": \"mlp\", \"layers\": 3},"
                                " \"train\": {\"steps\": 10}}");
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_recipe_check_same(before, longer, &error), ADV_OK);
    ck_assert_int_eq(adv_recipe_check_same(before, deeper, &error), ADV_E_INVALID);
    ck_assert_msg(strstr(error.message, "net.layers was 3 and is 4") != NULL, "%s", error.message);
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_recipe_check_same(before, less, &error), ADV_E_INVALID);
    ck_assert_msg(strstr(error.message, "train.seed was 1 and is absent") != NULL, "%s",
                  error.message);
    json_decref(before);
    json_decref(longer);
    json_decref(deeper);
    json_decref(less);
}
END_TEST

/* ---------------------------------------------------------------- data sets */

#define CSV_SOURCE(options) "{\"source\": {\"kind\": \"csv\", \"file\": \"rows.csv\"" options "}"

static void write_rows_csv(void)
{
    static const char text[] = "a,b,class\n0,10,0\n1,11,1\n2,12,0\n3,13,1\n4,14,0\n5,15,1\n6,16,0\n"
                               "7,17,1\n8,18,0\n9,19,1\n";
    dataset_write_file("rows.csv", text, sizeof text - 1);
}

START_TEST(an_epoch_takes_every_training_row_once_and_no_held_out_row)
{
    write_rows_csv();
    struct adv_dataset d = dataset_opened(
        CSV_SOURCE(", \"label_column\": \"class\"") ", \"classes\": 2, \"held_out\": 3,"
                                                    " \"transform\": \"identity\"}");
    ck_assert_uint_eq(d.dim, 2);
    ck_assert_uint_eq(d.n_train, 7);
    ck_assert_uint_eq(d.n_held_out, 3);
    bool held_out[10] = {false}, differs = false;
    float held[6], x[14], again[14];
    int32_t labels[7];
    adv_dataset_draw_held_out(&d, 0, 3, held, labels, NULL);
    for (int i = 0; i < 3; i++)
        held_out[(int)held[2 * i]] = true;
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        bool seen[10] = {false};
        adv_dataset_draw(&d, 7 * epoch, 7, x, labels, NULL);
        for (int i = 0; i < 7; i++) {
            int row = (int)x[2 * i];
            ck_assert(!seen[row] && !held_out[row]);
            ck_assert_float_eq(x[2 * i + 1], x[2 * i] + 10);
            ck_assert_int_eq(labels[i], row % 2);
            seen[row] = true;
        }
        differs = differs || (epoch > 0 && memcmp(x, again, sizeof x) != 0);
        memcpy(again, x, sizeof x);
    }
    ck_assert_msg(differs, "every epoch has the same order");
    adv_dataset_close(&d);
}
END_TEST

START_TEST(levels_become_intensities_and_may_be_dequantised)
{
    const uint8_t pixels[12] = {0, 255, 128, 1, 2, 3, 4, 5, 6, 7, 8, 9}, labels[3] = {2, 0, 1};
    write_idx("images", 3, (const uint32_t[]){3, 2, 2}, pixels);
    write_idx("labels", 1, (const uint32_t[]){3}, labels);
    struct adv_dataset plain =
        dataset_opened("{\"source\": {\"kind\": \"idx\", \"images\": \"images\","
                       " \"labels\": \"labels\"}, \"classes\": 3,"
                       " \"held_out\": 1}");
    struct adv_dataset spread = dataset_opened(
        "{\"source\": {\"kind\": \"idx\", \"images\": \"images\", \"labels\": \"labels\"},"
        " \"classes\": 3, \"held_out\": 1, \"dequantise\": true}");
    ck_assert_uint_eq(plain.n_dims, 3);
    ck_assert(plain.shape[0] == 1 && plain.shape[1] == 2 && plain.shape[2] == 2);
    float x[8], y[8];
    int32_t x_labels[2], y_labels[2];
    bool moved = false;
    for (uint64_t first = 0; first < 10; first += 2) {
        adv_dataset_draw(&plain, first, 2, x, x_labels, NULL);
        adv_dataset_draw(&spread, first, 2, y, y_labels, NULL);
        ck_assert_mem_eq(x_labels, y_labels, sizeof x_labels);
        for (int i = 0; i < 8; i++) {
            double level = 255 * (double)x[i];
            ck_assert_double_eq_tol(level, nearbyint(level), 1e-4);
            ck_assert_double_ge(256 * (double)y[i], nearbyint(level) - 1e-4);
            ck_assert_double_le(256 * (double)y[i], nearbyint(level) + 1 + 1e-4);
            moved = moved || fabs(256 * (double)y[i] - level) > 0.01;
        }
    }
    ck_assert(moved);
    adv_dataset_close(&plain);
    adv_dataset_close(&spread);
}
END_TEST

/* Bytes are levels only where the recipe makes them images, or says so: then so does the model. */
START_TEST(bytes_of_a_table_stay_numbers)
{
    char people[ADV_NPY_HEADER_MAX + 6];
    size_t n = adv_npy_header("|u1", 2, (const size_t[]){3, 2}, people);
    memcpy(people + n, "\x22\xb6\x33\xa8\x07\x79", 6); /* 34, 182, 51, 168, 7, 121 */
    dataset_write_file("people.npy", people, n + 6);
    static const struct {
        const char *more;
        double height_at_age_34, levels;
    } cases[] = {
        {"", 182, 0},
        {", \"transform\": {\"kind\": \"identity\", \"range\": [0, 200]}", 182, 0},
        {", \"transform\": {\"kind\": \"identity\", \"levels\": 256}", 182.5 / 256, 256},
        {", \"dequantise\": true", 182.5 / 256, 256},
        {", \"shape\": [1, 1, 2]", 182.0 / 255, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char recipe[256];
        snprintf(recipe, sizeof recipe,
                 "{\"source\": {\"kind\": \"npy\", \"file\": \"people.npy\"}, \"held_out\": 1%s}",
                 cases[i].more);
        struct adv_dataset d = dataset_opened(recipe);
        float x[6];
        int32_t labels[3];
        adv_dataset_points(&d, ADV_SPLIT_TEST, 0, 3, x, labels, NULL);
        ck_assert_double_eq_tol((double)x[1], cases[i].height_at_age_34,
                                cases[i].levels > 0 ? 0.5 / 256 : 1e-6);
        ck_assert_int_eq(adv_transform_levels(d.transform), (int)cases[i].levels);
        adv_dataset_close(&d);
    }
}
END_TEST

START_TEST(bad_data_are_refused_with_what_and_where)
{
    const uint8_t pixels[12] = {0}, labels[3] = {2, 0, 9};
    write_rows_csv();
    write_idx("images", 3, (const uint32_t[]){3, 2, 2}, pixels);
    write_idx("labels", 1, (const uint32_t[]){3}, labels);
    write_idx("two", 1, (const uint32_t[]){2}, labels);
    dataset_write_file("ragged.csv", "1,2\n3,4\n5\n", 10);
    dataset_write_file("nan.csv", "1,2\nnan,4\n5,6\n", 14);
    dataset_write_file("one.csv", "1,2\n", 4);
#define IDX(labels) "{\"source\": {\"kind\": \"idx\", \"images\": \"images\"" labels "}"
#define CSV(name) "{\"source\": {\"kind\": \"csv\", \"file\": \"" name "\"}"
    dataset_refuses("{\"source\": {\"kind\": \"cvs\"}}",
                    "must be one of density, simulator, idx, csv, npy");
    dataset_refuses("{\"source\": {\"kind\": \"csv\", \"fle\": \"a\"}}", "did you mean \"file\"");
    dataset_refuses("{\"source\": {\"kind\": \"csv\"}}", "data.source.file is missing");
    dataset_refuses("{\"source\": {\"kind\": \"idx\", \"images\": \"no-such-file\"}}", "MNIST");
    dataset_refuses(CSV("no-such-file.csv") "}", "--data");
    dataset_refuses(CSV("ragged.csv") "}", "line 3");
    dataset_refuses(CSV("nan.csv") "}", "line 2");
    dataset_refuses(CSV("one.csv") "}", "has 1 example;");
    dataset_refuses(CSV("rows.csv") ", \"shape\": [4]}", "data.shape has 4 numbers");
    dataset_refuses(CSV("rows.csv") ", \"shape\": [0]}", "data.shape must be");
    dataset_refuses(CSV("rows.csv") ", \"classes\": 2}", "the source has no labels");
    dataset_refuses(CSV("rows.csv") ", \"dequantise\": true}", "does not hold 8-bit values");
    dataset_refuses(CSV("rows.csv") ", \"held_out\": 10}", "at least one must be left");
    dataset_refuses(CSV_SOURCE(", \"label_column\": \"klass\"") "}", "no column of that name");
    dataset_refuses(CSV_SOURCE(", \"label_column\": 3") "}", "between 0 and 2");
    dataset_refuses(CSV_SOURCE(", \"label_column\": 2") "}", "data.classes is 0");
    dataset_refuses(CSV_SOURCE(", \"label_column\": 1") ", \"classes\": 2}",
                    "rows.csv: line 2: the label is 10; it must be an integer between 0 and 1");
    dataset_refuses(IDX(", \"labels\": \"two\"") ", \"classes\": 10}", "3 examples but 2 labels");
    dataset_refuses(IDX(", \"labels\": \"labels\"") ", \"classes\": 3}",
                    "the label of example 2 is 9");
    dataset_refuses(CSV("rows.csv") ", \"transform\": {\"kind\": \"logit\", \"margin\": 0.01}}",
                    "rows.csv: line 2: column 1 is 10; it must be between 0 and 1");
}
END_TEST

START_TEST(standardising_is_fitted_to_the_data)
{
    write_rows_csv();
    struct adv_dataset d =
        dataset_opened(CSV_SOURCE("") ", \"transform\": {\"kind\": \"standardise\"},"
                                      " \"held_out\": 0}");
    float x[30];
    int32_t labels[10];
    adv_dataset_draw(&d, 0, 10, x, labels, NULL);
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < 10; i++) {
            sum += (double)x[3 * i + c];
            squares += (double)x[3 * i + c] * (double)x[3 * i + c];
        }
        ck_assert_double_eq_tol(sum, 0, 1e-4);
        ck_assert_double_eq_tol(squares / 10, 1, 0.12); /* n or n - 1 */
    }
    adv_dataset_close(&d);
}
END_TEST

/* With four of ten rows held out, the other six have mean 0 and standard deviation 1, not all
 * ten. */
START_TEST(held_out_rows_have_no_part_in_fitting)
{
    write_rows_csv();
    struct adv_dataset d =
        dataset_opened(CSV_SOURCE("") ", \"transform\": {\"kind\": \"standardise\"},"
                                      " \"held_out\": 4}");
    float x[18];
    int32_t labels[6];
    adv_dataset_draw(&d, 0, 6, x, labels, NULL);
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < 6; i++) {
            sum += (double)x[3 * i + c];
            squares += (double)x[3 * i + c] * (double)x[3 * i + c];
        }
        ck_assert_double_eq_tol(sum, 0, 1e-5);
        ck_assert_double_eq_tol(squares / 6, 1, 1e-5);
    }
    adv_dataset_close(&d);
}
END_TEST

/* ---------------------------------------------------------------- examples */

static const char labelled_rows[] =
    CSV_SOURCE(", \"label_column\": \"class\"") ", \"classes\": 2, \"held_out\": 3}";

START_TEST(examples_do_not_depend_on_how_the_batch_is_cut)
{
    write_rows_csv();
    struct adv_dataset d = dataset_opened(labelled_rows);
    struct adv_train_recipe train = {.batch = 64, .label_dropout = 0.3, .time_shift = 1};
    const struct adv_path *path = NULL;
    struct adv_examples whole, part;
    ck_assert_int_eq(adv_path_find("condot", &path, NULL), ADV_OK);
    ck_assert_int_eq(adv_examples_init(&whole, 64, &d, NULL), ADV_OK);
    ck_assert_int_eq(adv_examples_init(&part, 64, &d, NULL), ADV_OK);
    adv_examples_draw(&whole, &d, path, &train, 5, 0, 64);
    for (size_t first = 0; first < 64; first += 16) {
        adv_examples_draw(&part, &d, path, &train, 5, first, 16);
        ck_assert_mem_eq(part.x_t, whole.x_t + 2 * first, 32 * sizeof(float));
        ck_assert_mem_eq(part.target, whole.target + 2 * first, 32 * sizeof(float));
        ck_assert_mem_eq(part.t, whole.t + first, 16 * sizeof(float));
        ck_assert_mem_eq(part.label, whole.label + first, 16 * sizeof(int32_t));
    }
    for (size_t i = 0; i < 64; i++) { /* x_t = (1 - t) x0 + t x1, and its slope */
        double t = (double)whole.t[i], x0 = (double)whole.x0[2 * i], x1 = (double)whole.x1[2 * i];
        ck_assert_double_eq_tol((double)whole.x_t[2 * i], (1 - t) * x0 + t * x1, 1e-5);
        ck_assert_double_eq_tol((double)whole.target[2 * i], x1 - x0, 1e-5);
        ck_assert_int_eq((int)(64 * t), (int)i); /* one time in every 64th */
    }
    adv_examples_release(&whole);
    adv_examples_release(&part);
    adv_dataset_close(&d);
}
END_TEST

START_TEST(labels_are_dropped_at_their_rate_and_times_have_their_density)
{
    enum { N = 20000 };
    write_rows_csv();
    struct adv_dataset d = dataset_opened(labelled_rows);
    struct adv_train_recipe train = {
        .batch = N, .label_dropout = 0.2, .time_sampling = ADV_TIME_LOGIT_NORMAL, .time_shift = 1};
    const struct adv_path *path = NULL;
    struct adv_examples e;
    ck_assert_int_eq(adv_path_find("condot", &path, NULL), ADV_OK);
    ck_assert_int_eq(adv_examples_init(&e, N, &d, NULL), ADV_OK);
    adv_examples_draw(&e, &d, path, &train, 0, 0, N);
    int dropped = 0, below = 0;
    for (int i = 0; i < N; i++) {
        dropped += e.label[i] == ADV_NO_LABEL;
        below += (double)e.t[i] < 0.2689414213699951; /* the logistic of -1 */
    }
    /* Binomial: 0.2, and P(z < -1) = 0.158655; five standard deviations. */
    ck_assert_double_eq_tol((double)dropped / N, 0.2, 5 * sqrt(0.16 / N));
    ck_assert_double_eq_tol((double)below / N, 0.158655, 5 * sqrt(0.1335 / N));
    adv_examples_release(&e);
    adv_dataset_close(&d);
}
END_TEST

/* Uniform times u become s u / (1 + (s - 1) u), in their order: the n-th of a stratified batch
 * comes from between (n - 1) / N and n / N. */
START_TEST(times_are_shifted_by_their_odds)
{
    enum { N = 64 };
    write_rows_csv();
    struct adv_dataset d = dataset_opened(labelled_rows);
    const struct adv_path *path = NULL;
    struct adv_examples e;
    ck_assert_int_eq(adv_path_find("condot", &path, NULL), ADV_OK);
    ck_assert_int_eq(adv_examples_init(&e, N, &d, NULL), ADV_OK);
    for (double shift = 0.25; shift <= 4; shift *= 4) {
        struct adv_train_recipe train = {.batch = N, .time_shift = shift};
        adv_examples_draw(&e, &d, path, &train, 0, 0, N);
        for (int i = 0; i < N; i++) {
            double odds = (double)e.t[i] / (1 - (double)e.t[i]) / shift;
            ck_assert_int_eq((int)(N * odds / (1 + odds)), i);
        }
    }
    adv_examples_release(&e);
    adv_dataset_close(&d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data sets");
    TCase *tests = tcase_create("data sets");
    tcase_add_checked_fixture(tests, dataset_make_folder, dataset_remove_folder);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_shipped_recipe_is_one);
    tcase_add_test(tests, recipes_are_checked);
    tcase_add_test(tests, what_changed_in_a_recipe_is_named);
    tcase_add_test(tests, an_epoch_takes_every_training_row_once_and_no_held_out_row);
    tcase_add_test(tests, levels_become_intensities_and_may_be_dequantised);
    tcase_add_test(tests, bytes_of_a_table_stay_numbers);
    tcase_add_test(tests, bad_data_are_refused_with_what_and_where);
    tcase_add_test(tests, standardising_is_fitted_to_the_data);
    tcase_add_test(tests, held_out_rows_have_no_part_in_fitting);
    tcase_add_test(tests, examples_do_not_depend_on_how_the_batch_is_cut);
    tcase_add_test(tests, labels_are_dropped_at_their_rate_and_times_have_their_density);
    tcase_add_test(tests, times_are_shifted_by_their_odds);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
