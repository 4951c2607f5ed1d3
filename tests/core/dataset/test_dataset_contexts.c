/* Columns of a table that are the context of the others. */
#include "tests/core/dataset/dataset_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/dataset.h>

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define N 40

/* theta is i, x1 is 10 i, x2 is -i. */
static void write_table(void)
{
    char text[4096] = "x1,theta,note,x2\n";
    for (int i = 0; i < N; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,a,%d\n", 10 * i, i, -i);
    dataset_write_text("sims.csv", text);
}

#define SIMS(context, more)                                                                        \
    "{\"source\": {\"kind\": \"csv\", \"file\": \"sims.csv\", \"columns\": [\"!note\"], "          \
    "\"context\": " context "}, \"held_out\": 10" more "}"

START_TEST(contexts_stay_with_their_rows)
{
    static const char *const ways[] = {"[\"x1\", \"x2\"]", "[\"x*\"]", "[0, 3]",
                                       "[\"x*\", \"!note\"]", "[\"!theta\", \"!note\"]"};
    write_table();
    char text[400];
    snprintf(text, sizeof text, SIMS("%s", ""), ways[_i]);
    struct adv_dataset d = dataset_opened(text);
    ck_assert_uint_eq(d.dim, 1);
    ck_assert_uint_eq(d.n_context, 2);
    ck_assert_str_eq(adv_dataset_column(&d, 0), "theta");
    ck_assert_str_eq(adv_dataset_context_column(&d, 0), "x1");
    ck_assert_str_eq(adv_dataset_context_column(&d, 1), "x2");
    for (enum adv_split split = ADV_SPLIT_HELD_OUT; split <= ADV_SPLIT_TRAIN; split++) {
        for (size_t i = 0; i < adv_dataset_rows(&d, split); i++) {
            float x, context[2];
            int32_t label;
            adv_dataset_points(&d, split, i, 1, &x, &label, context);
            ck_assert_float_eq(context[0], 10 * x);
            ck_assert_float_eq(context[1], -x);
        }
    }
    adv_dataset_close(&d);
}
END_TEST

/* Standardised by the training rows; what training draws goes with its row, too. */
START_TEST(contexts_are_standardised_by_themselves)
{
    write_table();
    struct adv_dataset d = dataset_opened(SIMS("[\"x1\", \"x2\"]", ""));
    float x[N - 10], context[2 * (N - 10)];
    int32_t label[N - 10];
    double mean = 0, square = 0, reach = 0;
    adv_dataset_draw(&d, 0, N - 10, x, label, context);
    for (size_t i = 0; i < N - 10; i++) {
        ck_assert_float_eq_tol(context[2 * i], x[i], 1e-5f); /* both are linear in i */
        ck_assert_float_eq_tol(context[2 * i + 1], -x[i], 1e-5f);
        mean += (double)context[2 * i] / (N - 10);
        square += (double)context[2 * i] * (double)context[2 * i] / (N - 10);
        reach = fmax(reach, fabs((double)context[2 * i]));
    }
    ck_assert_double_eq_tol(mean, 0, 1e-5);
    ck_assert_double_eq_tol(square, 1, 1e-5);
    ck_assert_double_eq_tol(d.context_reach, reach, 1e-6);
    adv_dataset_close(&d);
    d = dataset_opened(SIMS("[\"x1\"]", ", \"context\": {\"transform\": {\"kind\": \"affine\", "
                                        "\"shift\": 0, \"scale\": 10}}"));
    adv_dataset_draw_held_out(&d, 0, 1, x, label, context);
    float raw[1], raw_x[2];
    adv_dataset_points(&d, ADV_SPLIT_HELD_OUT, 0, 1, raw_x, label, raw);
    ck_assert_float_eq_tol(context[0], raw[0] / 10, 1e-6f);
    adv_dataset_close(&d);
}
END_TEST

/* far is i but in every eighth row, where it is a thousand times all others; near is -i. */
static void write_heavy_table(void)
{
    char text[4096] = "far,theta,note,near\n";
    for (int i = 0; i < N; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,a,%d\n",
                 i % 8 ? i : 40000 + i, i, -i);
    dataset_write_text("sims.csv", text);
}

#define AUTO ", \"context\": {\"transform\": \"auto\"}"

/* Standardised, the far would be all that the others differ from. */
START_TEST(heavy_tails_of_contexts_are_brought_near)
{
    write_heavy_table();
    struct adv_dataset d = dataset_opened(SIMS("[\"far\", \"near\"]", AUTO));
    float x[N - 10], context[2 * (N - 10)], lowest = INFINITY, highest = -INFINITY;
    int32_t label[N - 10];
    adv_dataset_draw(&d, 0, N - 10, x, label, context);
    for (size_t i = 0; i < N - 10; i++) {
        ck_assert_float_eq_tol(context[2 * i + 1], -x[i], 1e-5f);
        ck_assert_float_le(fabsf(context[2 * i]), 4);
        if (context[2 * i] < 1) {
            lowest = fminf(lowest, context[2 * i]);
            highest = fmaxf(highest, context[2 * i]);
        }
    }
    ck_assert_float_ge(highest - lowest, 0.5f);
    adv_dataset_close(&d);
    d = dataset_opened(SIMS("[\"far\", \"near\"]", ""));
    adv_dataset_draw(&d, 0, N - 10, x, label, context);
    lowest = INFINITY;
    highest = -INFINITY;
    for (size_t i = 0; i < N - 10; i++) {
        if (context[2 * i] < 1) {
            lowest = fminf(lowest, context[2 * i]);
            highest = fmaxf(highest, context[2 * i]);
        }
    }
    ck_assert_float_le(highest - lowest, 0.01f); /* standardised, as no recipe says otherwise */
    adv_dataset_close(&d);
}
END_TEST

#define ARRAYS(file, more)                                                                         \
    "{\"source\": {\"kind\": \"npy\", \"file\": \"theta.npy\", \"context\": \"" file               \
    "\"}, \"held_out\": 0" more "}"

/* Six rows of two numbers, with contexts of three; those of short.npy are five. */
static void write_arrays(void)
{
    float rows[6 * 2], contexts[6 * 3];
    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < 2; k++)
            rows[2 * i + k] = (float)(10 * i + k);
        for (int k = 0; k < 3; k++)
            contexts[3 * i + k] = (float)(100 * i + k * k);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/theta.npy", dataset_folder);
    ck_assert_int_eq(adv_npy_write_float(path, 2, (size_t[]){6, 2}, rows, NULL), ADV_OK);
    snprintf(path, sizeof path, "%s/x.npy", dataset_folder);
    ck_assert_int_eq(adv_npy_write_float(path, 2, (size_t[]){6, 3}, contexts, NULL), ADV_OK);
    snprintf(path, sizeof path, "%s/short.npy", dataset_folder);
    ck_assert_int_eq(adv_npy_write_float(path, 2, (size_t[]){5, 3}, contexts, NULL), ADV_OK);
}

START_TEST(contexts_may_be_a_second_array)
{
    write_arrays();
    struct adv_dataset d = dataset_opened(ARRAYS("x.npy", ""));
    ck_assert_uint_eq(d.dim, 2);
    ck_assert_uint_eq(d.n_context, 3);
    ck_assert_ptr_null(adv_dataset_context_column(&d, 0));
    float x[2], context[3];
    int32_t label;
    adv_dataset_points(&d, ADV_SPLIT_TEST, 4, 1, x, &label, context);
    ck_assert_float_eq(x[1], 41);
    ck_assert_float_eq(context[2], 404);
    adv_dataset_close(&d);
    dataset_refuses(ARRAYS("short.npy", ""), "data.source.context has 5 rows");
}
END_TEST

#define NAMED(names) ARRAYS("x.npy", ", \"context\": {\"columns\": " names "}")

START_TEST(the_recipe_names_contexts_that_have_no_names)
{
    write_arrays();
    struct adv_dataset d = dataset_opened(NAMED("[\"u\", \"v\", \"w\"]"));
    ck_assert_str_eq(adv_dataset_context_column(&d, 0), "u");
    ck_assert_str_eq(adv_dataset_context_column(&d, 2), "w");
    ck_assert_ptr_null(adv_dataset_column(&d, 0));
    adv_dataset_close(&d);
    dataset_refuses(NAMED("[\"u\", \"v\"]"), "data.context.columns must be an array of 3 names");
    dataset_refuses(NAMED("[\"u\", \"v\", 3]"), "data.context.columns[2] is not a string");
    dataset_refuses(NAMED("\"u\""), "one for each number of a context");
    write_table(); /* which has names of its own */
    d = dataset_opened(SIMS("[\"x1\"]", ", \"context\": {\"columns\": [\"x1\"]}"));
    ck_assert_str_eq(adv_dataset_context_column(&d, 0), "x1");
    adv_dataset_close(&d);
    dataset_refuses(SIMS("[\"x1\"]", ", \"context\": {\"columns\": [\"other\"]}"),
                    "data.context.columns[0] is \"other\"; the source calls it \"x1\", so leave");
}
END_TEST

START_TEST(what_is_no_context_is_refused)
{
    write_table();
    dataset_refuses(SIMS("[\"y1\"]", ""), "data.source.context[0] is \"y1\"; the file has no");
    dataset_refuses(SIMS("[]", ""), "data.source.context must name columns");
    dataset_refuses(SIMS("[\"x1\", \"x2\", \"theta\"]", ""),
                    "no column of the file is left beside the context");
    dataset_refuses(SIMS("[\"note\"]", ""), "note");
    dataset_refuses(
        "{\"source\": {\"kind\": \"csv\", \"file\": \"sims.csv\", \"columns\": [\"theta\", "
        "\"x1\"], \"context\": [\"x1\"]}, \"held_out\": 10}",
        "data.source.columns[1] is \"x1\", which is also a column of the context");
    dataset_refuses(
        "{\"source\": {\"kind\": \"csv\", \"file\": \"sims.csv\", \"columns\": [\"theta\"]}, "
        "\"context\": {\"transform\": \"standardise\"}, \"held_out\": 10}",
        "data.source.context names no columns");
    dataset_refuses(SIMS("[\"x1\"]", ", \"context\": {\"transfrom\": \"standardise\"}"),
                    "\"transfrom\" is not a known field of data.context");
    dataset_write_text("sims.csv", "theta,note,x1\n1,a,5\n2,a,5\n3,a,5\n4,a,5\n");
    dataset_refuses(
        "{\"source\": {\"kind\": \"csv\", \"file\": \"sims.csv\", \"columns\": [\"theta\"], "
        "\"context\": [\"x1\"]}, \"held_out\": 1}",
        "leave column \"x1\" out (data.source.context): ");
}
END_TEST

START_TEST(columns_of_the_context_are_told_as_such)
{
    write_table();
    dataset_refuses(SIMS("[\"!*\"]", ""), "data.source.context leaves out every column");
    dataset_refuses(SIMS("[\"x1\", \"note\"]", ""),
                    "leave it out of data.source.context, or give a column of classes as "
                    "data.source.label_column");
    dataset_write_text("sims.csv", "x1,theta,x1,note\n1,1,2,a\n2,3,1,a\n5,4,3,a\n");
    dataset_refuses(SIMS("[\"x1\"]", ""), "by its position from 0 (0 or 2) in data.source.context");
}
END_TEST

#define OF_CONTEXT(transform) SIMS("[\"x1\"]", ", \"context\": {\"transform\": " transform "}")

/* By the recipe's names, with all kinds that a recipe can have. */
static const struct {
    const char *text, *field, *message;
} transforms[] = {
    {OF_CONTEXT("\"foo\""), "data.context.transform",
     "data.context.transform is \"foo\"; it must be one of auto, identity, "},
    {OF_CONTEXT("{\"kind\": \"foo\"}"), "data.context.transform.kind",
     "data.context.transform.kind is \"foo\"; it must be one of auto, identity, "},
    {OF_CONTEXT("{\"kind\": \"affine\", \"shft\": 1}"), "data.context.transform.shft",
     "data.context.transform: \"shft\" is not a known field"},
    {OF_CONTEXT("{\"kind\": \"affine\", \"scale\": [1, 2]}"), "data.context.transform.scale",
     "data.context.transform.scale has 2 entries"},
    {SIMS("[\"x1\"]", ", \"transform\": \"foo\""), "data.transform",
     "data.transform is \"foo\"; it must be one of auto, identity, "},
    {SIMS("[\"x1\"]", ", \"transform\": {\"kind\": \"affine\", \"scale\": 0}"),
     "data.transform.scale", "data.transform.scale"},
    {OF_CONTEXT("\"logit\""), "data.context",
     "sims.csv: line 3: the context: column 0 is 10; it must be between 0 and 1"},
};

START_TEST(transforms_are_refused_by_the_recipes_names)
{
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_dataset dataset;
    write_table();
    ck_assert_int_ne(dataset_open_text(transforms[_i].text, &dataset, &error), ADV_OK);
    ck_assert_msg(strstr(error.message, transforms[_i].message), "%s", error.message);
    ck_assert_str_eq(error.field, transforms[_i].field);
}
END_TEST

START_TEST(names_are_of_one_number_each)
{
    write_arrays();
    dataset_refuses(ARRAYS("x.npy", ", \"columns\": [\"a\", \"b\"], \"context\": {\"columns\": "
                                    "[\"c\", \"b\", \"d\"]}"),
                    "data.context.columns[1] is \"b\", which data.columns[1] is too");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contexts of data sets");
    TCase *tests = tcase_create("contexts");
    tcase_add_checked_fixture(tests, dataset_make_folder, dataset_remove_folder);
    tcase_add_loop_test(tests, contexts_stay_with_their_rows, 0, 5);
    tcase_add_test(tests, contexts_are_standardised_by_themselves);
    tcase_add_test(tests, heavy_tails_of_contexts_are_brought_near);
    tcase_add_test(tests, contexts_may_be_a_second_array);
    tcase_add_test(tests, the_recipe_names_contexts_that_have_no_names);
    tcase_add_test(tests, what_is_no_context_is_refused);
    tcase_add_test(tests, columns_of_the_context_are_told_as_such);
    tcase_add_loop_test(tests, transforms_are_refused_by_the_recipes_names, 0,
                        (int)(sizeof transforms / sizeof *transforms));
    tcase_add_test(tests, names_are_of_one_number_each);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
