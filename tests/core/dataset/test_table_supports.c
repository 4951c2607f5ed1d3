/* Tables: the transform that a recipe gets without naming one, supports of columns by name and
 * position, what is refused of them and of the data, and what is suggested. */
#include <advect/extra/all.h>

#include "tests/support/folder.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_ROWS 60
#define SOURCE "\"source\": {\"kind\": \"csv\", \"file\": \"table.csv\"}"

static char folder[64];

/* so2: never negative, a third of it 0; n: whole; angle; t: two rows far out. */
static void write_table(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/table.csv", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("so2,n,angle,t\n", file);
    for (int i = 0; i < N_ROWS; i++)
        fprintf(file, "%g,%d,%g,%g\n", i % 3 ? exp(sin(i) * 2) : 0.0, 5 + i % 7,
                fmod(i * 0.7, 6.28) - 1, i == 40 ? -1e6 : 3e3 + i);
    ck_assert_int_eq(fclose(file), 0);
}

static void begin(void)
{
    folder_make(folder);
    write_table();
}

static void end(void)
{
    folder_remove(folder);
}

static enum adv_status open_table(const char *more, struct adv_dataset *dataset,
                                  struct adv_error *error)
{
    char text[512];
    snprintf(text, sizeof text, "{" SOURCE "%s}", more);
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_msg(json != NULL, "%s", text);
    struct adv_data_recipe recipe = {0};
    enum adv_status status = adv_data_recipe_init(&recipe, json, error);
    if (status == ADV_OK)
        status = adv_dataset_open(&recipe, 7, folder, dataset, error);
    adv_data_recipe_release(&recipe);
    json_decref(json);
    return status;
}

static struct adv_dataset opened(const char *more)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_dataset d = {0};
    ck_assert_msg(open_table(more, &d, &error) == ADV_OK, "%s: %s", more, error.message);
    return d;
}

/* ---------------------------------------------------------------- the default */

static void assert_is_standard(const struct adv_dataset *d)
{
    static float x[N_ROWS * 4];
    static int32_t labels[N_ROWS];
    adv_dataset_draw(d, 0, d->n_train, x, labels, NULL);
    for (size_t c = 0; c < d->dim; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < d->n_train; i++) {
            sum += (double)x[i * d->dim + c];
            squares += (double)x[i * d->dim + c] * (double)x[i * d->dim + c];
        }
        ck_assert_double_eq_tol(sum / (double)d->n_train, 0, 1e-5);
        ck_assert_double_eq_tol(squares / (double)d->n_train, 1, 1e-4);
    }
}

/* Velocities of such a table still have a meaning in data units, since the map is affine. */
START_TEST(tables_are_standardised_without_a_word)
{
    static const char *const words[] = {"", ", \"transform\": \"auto\"",
                                        ", \"transform\": {\"kind\": \"auto\"}",
                                        ", \"transform\": \"standardise\""};
    for (size_t i = 0; i < ADV_COUNT(words); i++) {
        struct adv_dataset d = opened(words[i]);
        assert_is_standard(&d);
        ck_assert(adv_transform_is_affine(d.transform));
        json_t *json = adv_transform_to_json(d.transform);
        ck_assert_str_eq(json_string_value(json_object_get(json, "kind")), "affine");
        json_decref(json);
        adv_dataset_close(&d);
    }
}
END_TEST

START_TEST(what_is_no_table_stays_as_it_is)
{
    static const char *const words[] = {", \"transform\": \"identity\"", ", \"shape\": [1, 2, 2]",
                                        ", \"shape\": [1, 2, 2], \"transform\": \"auto\""};
    for (size_t i = 0; i < ADV_COUNT(words); i++) {
        struct adv_dataset d = opened(words[i]);
        float x[4], y[4];
        int32_t label;
        adv_dataset_points(&d, ADV_SPLIT_TEST, 17, 1, x, &label, NULL);
        adv_transform_encode(d.transform, 1, x, y, NULL);
        ck_assert_mem_eq(x, y, sizeof x);
        adv_dataset_close(&d);
    }
}
END_TEST

START_TEST(recipes_spell_the_default_out)
{
    struct adv_data_recipe recipe = {0};
    json_t *table = json_loads("{" SOURCE "}", 0, NULL);
    ck_assert_int_eq(adv_data_recipe_init(&recipe, table, NULL), ADV_OK);
    ck_assert_str_eq(json_string_value(recipe.transform), "auto");
    adv_data_recipe_release(&recipe);
    json_decref(table);
    json_t *density = json_loads("{\"source\": {\"kind\": \"density\", \"density\": {\"kind\": "
                                 "\"two_moons\"}}}",
                                 0, NULL);
    ck_assert_int_eq(adv_data_recipe_init(&recipe, density, NULL), ADV_OK);
    ck_assert_ptr_null(recipe.transform);
    adv_data_recipe_release(&recipe);
    json_decref(density);
}
END_TEST

/* ---------------------------------------------------------------- supports */

static void assert_describes(const struct adv_dataset *d, size_t column, const char *words)
{
    char text[120];
    ck_assert(adv_transform_describe(d->transform, column, text, sizeof text));
    ck_assert_str_eq(text, words);
}

START_TEST(supports_are_by_name_position_or_order)
{
    static const char *const forms[] = {
        ", \"support\": {\"so2\": [0, null], \"n\": {\"integer\": [5, 11]}, \"angle\": "
        "{\"periodic\": 6.28}, \"t\": \"heavy\"}",
        ", \"support\": {\"0\": [0, null], \"1\": {\"integer\": [5, 11]}, \"2\": {\"periodic\": "
        "[0, 6.28]}, \"3\": \"heavy\"}",
        ", \"support\": [[0, null], {\"integer\": [5, 11]}, {\"periodic\": 6.28}, \"heavy\"]",
    };
    for (size_t i = 0; i < ADV_COUNT(forms); i++) {
        struct adv_dataset d = opened(forms[i]);
        assert_describes(&d, 0, "at least 0");
        assert_describes(&d, 1, "between 5 and 11, whole numbers");
        assert_describes(&d, 2, "periodic, 0 to 6.28");
        assert_describes(&d, 3, "numbers without bounds, with heavy tails");
        ck_assert(adv_transform_is_periodic(d.transform, 2));
        ck_assert_str_eq(adv_transform_column_name(d.transform, 2), "angle");
        adv_dataset_close(&d);
    }
    struct adv_dataset d = opened(", \"support\": {\"n\": \"integer\", \"so2\": [null, 9]}");
    assert_describes(&d, 0, "at most 9");
    assert_describes(&d, 1, "numbers without bounds, whole numbers");
    assert_describes(&d, 2, "numbers without bounds");
    adv_dataset_close(&d);
}
END_TEST

static const struct {
    const char *more, *message;
} refusals[] = {
    {", \"support\": 3", "data.support must be an object of columns"},
    {", \"support\": [null]", "data.support has 1 entries; the data have 4 columns"},
    {", \"support\": {\"so3\": [0, null]}", "data.support.so3 names no column"},
    {", \"support\": {\"4\": [0, null]}", "positions go from 0 to 3"},
    {", \"support\": {\"-1\": [0, null]}", "data.support.-1 names no column"},
    {", \"support\": {\"n\": \"heavy\", \"1\": \"heavy\"}", "names column 1 a second time"},
    {", \"support\": {\"n\": \"hevy\"}", "data.support.n must be [lo, hi]"},
    {", \"support\": {\"n\": [null, null]}", "data.support.n must be [lo, hi]"},
    {", \"support\": {\"n\": [0]}", "data.support.n must be [lo, hi]"},
    {", \"support\": {\"n\": {\"periodic\": \"day\"}}", "data.support.n must be [lo, hi]"},
    {", \"support\": {\"n\": {\"periodic\": 3, \"of\": 1}}", "data.support.n must be [lo, hi]"},
    {", \"support\": {\"n\": {\"integer\": {\"integer\": [0, 1]}}}", "data.support.n must be"},
    {", \"support\": {\"n\": [3, 2]}", "data.support.n.hi is 2; it must be above lo"},
    {", \"support\": {\"n\": {\"periodic\": 0}}", "data.support.n.period is 0"},
    {", \"support\": {\"n\": {\"integer\": [0.5, null]}}", "data.support.n.lo is 0.5"},
    {", \"support\": {\"n\": \"heavy\"}, \"transform\": \"standardise\"",
     "data.support makes the transform"},
    {", \"support\": {\"n\": \"heavy\"}, \"shape\": [1, 2, 2]", "these data are images"},
    {", \"support\": {\"so2\": [0.5, null]}",
     "table.csv: line 2: column 0 (so2) is 0; it must be at least 0.5"},
    {", \"support\": {\"t\": [0, null]}",
     "table.csv: line 42: column 3 (t) is -1000000; it must be at least 0"},
    {", \"support\": {\"angle\": \"integer\"}", /* the first of its values is whole */
     "table.csv: line 3: column 2 (angle) is -0.3"},
    {", \"transform\": 3", "transform must be an object"},
};

START_TEST(bad_supports_are_refused_by_field)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_dataset d;
    ck_assert_msg(open_table(refusals[_i].more, &d, &error) != ADV_OK, "%s", refusals[_i].more);
    ck_assert_msg(strstr(error.message, refusals[_i].message) != NULL, "%s", error.message);
}
END_TEST

/* ---------------------------------------------------------------- suggestions */

struct heard {
    char text[2048];
};

static void hear(void *context, const char *sentence)
{
    struct heard *heard = context;
    size_t n = strlen(heard->text);
    snprintf(heard->text + n, sizeof heard->text - n, "%s\n", sentence);
}

/* Of t the median is 3029 and the quartiles 3014 and 3045: 1003029 / 31 = 32356. */
START_TEST(columns_are_described_where_nothing_is_stated)
{
    struct heard heard = {""};
    struct adv_dataset d = opened("");
    adv_dataset_suggest(&d, hear, &heard);
    adv_dataset_close(&d);
    ck_assert_str_eq(
        heard.text,
        "column so2: all values are at least 0; consider support [0, null]\n"
        "column so2: exact repeats of 0 in 33 % of the rows (an atom), which no density has: the "
        "model will put a narrow peak there\n"
        "column n: all values are whole numbers; consider support \"integer\"\n"
        "column t: all values are whole numbers; consider support \"integer\"\n"
        "column t: -1000000 is 32356 interquartile ranges from the median; consider support "
        "\"heavy\", unless the value is an error\n");
}
END_TEST

START_TEST(what_is_stated_needs_no_advice)
{
    static const char *const quiet[] = {
        ", \"transform\": \"standardise\"",
        ", \"support\": {\"so2\": [0, null], \"n\": \"real\", \"t\": \"heavy\"}"};
    for (size_t i = 0; i < ADV_COUNT(quiet); i++) {
        struct heard heard = {""};
        struct adv_dataset d = opened(quiet[i]);
        adv_dataset_suggest(&d, hear, &heard);
        adv_dataset_close(&d);
        ck_assert_str_eq(heard.text, "");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tables");
    TCase *tests = tcase_create("tables");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, tables_are_standardised_without_a_word);
    tcase_add_test(tests, what_is_no_table_stays_as_it_is);
    tcase_add_test(tests, recipes_spell_the_default_out);
    tcase_add_test(tests, supports_are_by_name_position_or_order);
    tcase_add_loop_test(tests, bad_supports_are_refused_by_field, 0, (int)ADV_COUNT(refusals));
    tcase_add_test(tests, columns_are_described_where_nothing_is_stated);
    tcase_add_test(tests, what_is_stated_needs_no_advice);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
