/* `advect` with models that take a context: from a table of simulations to samples given one. */
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows a, b, x, y with x about a, and y about b. */
static void write_table(void)
{
    char text[16384] = "a,b,x,y\n";
    size_t n = strlen(text);
    for (int i = 0; i < 400; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%g,%g,%g,%g\n", i % 20 / 10.0,
                              i / 20 / 10.0, i % 20 / 10.0 + i % 7 / 50.0, i / 20 / 10.0);
    ck_assert_uint_lt(n, sizeof text - 1);
    cli_write("t.csv", text);
}

static void train(void)
{
    cli_make_folder();
    write_table();
    cli_write("r.json",
              "{\"name\": \"posterior\", \"net\": {\"kind\": \"mlp\", \"dim\": 2, \"channels\": 8,"
              " \"layers\": 1, \"context\": 2}, \"data\": {\"source\": {\"kind\": \"csv\","
              " \"file\": \"t.csv\", \"context\": [\"x\", \"y\"]}},"
              " \"train\": {\"steps\": 20, \"batch\": 32}}");
    CLI_SUCCEEDS("train r.json -o m.safetensors --quiet");
}

/* Runs and keeps what was written. */
static char *output_of(const char *arguments)
{
    ck_assert_msg(cli_run("%s", arguments) == 0, "%s: %s", arguments, cli_output);
    return strdup(cli_output);
}

START_TEST(inspect_names_the_context)
{
    CLI_SUCCEEDS("inspect m.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output, "context      2 numbers\n"));
    ck_assert_ptr_nonnull(strstr(cli_output, "[\"x\", \"y\"]"));
}
END_TEST

START_TEST(a_file_and_numbers_mean_the_same)
{
    cli_write("c.csv", "y,name,x\n0.5,first,0.25\n");
    char *numbers = output_of("sample m.safetensors -n 5 --seed 2 --context 0.25,0.5");
    char *file = output_of("sample m.safetensors -n 5 --seed 2 --context c.csv");
    char *rows = output_of("sample m.safetensors --context '0.25,0.5;1,1'");
    ck_assert_ptr_nonnull(strstr(rows, "\"context\":[[0.25,0.5],[1,1]]"));
    free(rows);
    ck_assert_str_eq(numbers, file);
    ck_assert_ptr_nonnull(strstr(numbers, "\"context\":[[0.25,0.5]]"));
    free(numbers);
    free(file);
}
END_TEST

/* The first context's samples are those of it alone. */
START_TEST(each_row_of_a_file_gets_its_samples)
{
    cli_write("c.csv", "x,y\n0.25,0.5\n1,0.75\n");
    char *one = output_of("sample m.safetensors -n 3 --seed 2 --format csv --context 0.25,0.5");
    char *all = output_of("sample m.safetensors -n 3 --seed 2 --format csv --context c.csv");
    char *rest_one = NULL, *rest_all = NULL;
    ck_assert_str_eq(strtok_r(one, "\n", &rest_one), "a,b");
    ck_assert_str_eq(strtok_r(all, "\n", &rest_all), "a,b,x,y");
    for (int i = 0; i < 3; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "%s,0.25,0.5", strtok_r(NULL, "\n", &rest_one));
        ck_assert_str_eq(strtok_r(NULL, "\n", &rest_all), expected);
    }
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(strstr(strtok_r(NULL, "\n", &rest_all), ",1,0.75"));
    ck_assert_ptr_null(strtok_r(NULL, "\n", &rest_all));
    free(one);
    free(all);
}
END_TEST

START_TEST(points_bring_their_contexts)
{
    cli_write("p.csv", "a,b,x,y\n0.5,0.75,0.5,0.75\n");
    cli_write("q.csv", "b,a\n0.75,0.5\n");
    char *beside = output_of("logp m.safetensors --points p.csv --format csv");
    char *given = output_of("logp m.safetensors --points q.csv --context 0.5,0.75 --format csv");
    ck_assert_str_eq(beside, given);
    free(beside);
    free(given);
    cli_fails(
        1, "logp m.safetensors --points q.csv",
        "context is missing; it must be 2 numbers (x, y), on which this model is conditioned");
}
END_TEST

START_TEST(extrapolation_is_told)
{
    CLI_SUCCEEDS("sample m.safetensors --seed 1 --context 1000,0");
    ck_assert_ptr_nonnull(strstr(cli_output, "the model extrapolates"));
    ck_assert_ptr_nonnull(strstr(cli_output, "\"context_extrapolates\":true"));
    CLI_SUCCEEDS("sample m.safetensors --seed 1 --context 1,1");
    ck_assert_ptr_null(strstr(cli_output, "the model extrapolates"));
    CLI_SUCCEEDS("sample m.safetensors --seed 1 --context '1,1;0,2000;1000,0;1,1'");
    ck_assert_ptr_nonnull(strstr(cli_output,
                                 "2 of 4 contexts are beyond those of the training; row "
                                 "1, the farthest, is "));
}
END_TEST

START_TEST(refusals_say_what_is_wrong)
{
    static const char *const no_files[] = {"none.csv", "0.1,abc"};
    cli_write("short.csv", "x\n1\n");
    cli_write("missing.csv", "x,y\n1,\n");
    cli_fails(1, "sample m.safetensors", "context is missing");
    cli_fails(1, "sample m.safetensors --context 1", "context has 1 number; it must have 2 (x, y)");
    cli_fails(1, "sample m.safetensors --context nan,1", "context is \"nan,1\"");
    for (size_t i = 0; i < sizeof no_files / sizeof *no_files; i++) {
        char arguments[128], message[160];
        snprintf(arguments, sizeof arguments, "sample m.safetensors --context %s", no_files[i]);
        snprintf(message, sizeof message,
                 "context is \"%s\"; it must be numbers separated by commas, as in 0.1,-0.2, or a "
                 "file, and there is none of that name",
                 no_files[i]);
        cli_fails(1, arguments, message);
    }
    cli_fails(1, "sample m.safetensors --context short.csv", "there is no column \"y\"");
    cli_fails(1, "sample m.safetensors --context missing.csv", "y");
    cli_write("wide.csv", "1,2,3\n");
    cli_fails(1, "sample m.safetensors --context wide.csv",
              "wide.csv has rows of 3 numbers; a context of this model has 2 (x, y)");
    cli_fails(1, "logp m.safetensors --context 0.5,0.75 --points wide.csv",
              "wide.csv has rows of 3 numbers; a point of this model has 2 (a, b)");
    cli_write("both.csv", "a,b,x,y\n0.5,0.75,0.5,0.75\n");
    cli_fails(
        1, "logp m.safetensors --points both.csv --context 0.5,0.75",
        "context is given, and both.csv has the columns of the context (x, y); leave out one");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contexts of advect");
    TCase *tests = tcase_create("contexts");
    tcase_add_unchecked_fixture(tests, train, cli_remove_folder);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, inspect_names_the_context);
    tcase_add_test(tests, a_file_and_numbers_mean_the_same);
    tcase_add_test(tests, each_row_of_a_file_gets_its_samples);
    tcase_add_test(tests, points_bring_their_contexts);
    tcase_add_test(tests, extrapolation_is_told);
    tcase_add_test(tests, refusals_say_what_is_wrong);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
