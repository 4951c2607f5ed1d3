/* advect eval on tables: the rows that are measured, and that it says what the report of advect fit
 * says of them. */
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"
#include "tests/trainer/eval_state.h"

#include <advect/extra/rng.h>

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Two columns of Gaussians that hang together, of two classes. */
static void write_table(const char *name, uint64_t seed, size_t n)
{
    FILE *out = fopen(cli_at(name), "w");
    ck_assert_ptr_nonnull(out);
    fputs("height,mass,kind\n", out);
    for (size_t i = 0; i < n; i++) {
        float z[2];
        adv_rng_normal(seed, ADV_STREAM_DATA, i, 1, 2, z);
        double height = (i % 2 ? 8 : 0) + (double)z[0];
        fprintf(out, "%.4f,%.4f,%s\n", height, height + 0.3 * (double)z[1], i % 2 ? "tall" : "low");
    }
    fclose(out);
}

static void fit_table(const char *flags)
{
    write_table("people.csv", 5, 300);
    CLI_SUCCEEDS("fit people.csv --label-column kind --steps 100 --quiet --set net.channels=32 %s",
                 flags);
}

static json_t *eval(const char *arguments)
{
    CLI_SUCCEEDS("eval people.safetensors --json --quiet %s", arguments);
    json_t *figures = json_loads(cli_output, 0, NULL);
    ck_assert_msg(figures != NULL, "%s", cli_output);
    return figures;
}

static double number_at(const json_t *json, const char *one, const char *two, const char *three)
{
    const json_t *value = json_object_get(json_object_get(json_object_get(json, one), two), three);
    ck_assert_msg(json_is_number(value), "%s.%s.%s", one, two, three);
    return json_number_value(value);
}

/* The two classes are 8 deviations of their own apart, so samples of one alone would be a standard
 * deviation or so away. */
static void check_distances(const json_t *figures)
{
    double far = json_number_value(json_object_get(figures, "sliced_wasserstein"));
    double own = json_number_value(json_object_get(figures, "sliced_wasserstein_of_data"));
    ck_assert_double_gt(own, 0);
    ck_assert_double_gt(far, 0);
    ck_assert_double_lt(far, 0.4);
    ck_assert(json_is_number(json_object_get(figures, "energy_distance")));
    ck_assert(json_is_number(json_object_get(figures, "energy_distance_of_data")));
}

START_TEST(held_out_rows_have_what_the_report_says)
{
    static const char *const whose[] = {"model", "gaussian", "mixture"};
    fit_table("");
    json_t *report = json_load_file(cli_at("people.report.json"), 0, NULL), *figures = eval("");
    const json_t *table = json_object_get(figures, "table");
    for (size_t i = 0; i < sizeof whose / sizeof *whose; i++) {
        ck_assert_double_eq_tol(number_at(table, "nll", whose[i], "mean"),
                                number_at(report, "held_out_nll", whose[i], "mean"), 1e-3);
        ck_assert_double_eq_tol(number_at(table, "nll", whose[i], "standard_error"),
                                number_at(report, "held_out_nll", whose[i], "standard_error"),
                                1e-3);
    }
    ck_assert(json_number_value(json_object_get(figures, "nll")) ==
              number_at(table, "nll", "model", "mean"));
    const json_t *column = json_array_get(json_object_get(table, "columns"), 1);
    ck_assert_str_eq(json_string_value(json_object_get(column, "name")), "mass");
    ck_assert_uint_eq(json_array_size(json_object_get(table, "columns")), 2);
    check_distances(figures);
    json_decref(figures);
    json_decref(report);
}
END_TEST

START_TEST(people_read_the_log_densities_first)
{
    fit_table("--no-report");
    CLI_SUCCEEDS("eval people.safetensors --quiet");
    ck_assert_msg(
        !strncmp(cli_output, "negative log-density of 30 rows held out from training, ", 56), "%s",
        cli_output);
    const char *model = strstr(cli_output, "this model"), *column = strstr(cli_output, "mass"),
               *loss = strstr(cli_output, "loss on held-out");
    ck_assert(model && column && loss && model < column && column < loss);
    ck_assert_ptr_nonnull(strstr(cli_output, "a Gaussian "));
    ck_assert_ptr_nonnull(strstr(cli_output, "they also chose the weights and the mixture"));
}
END_TEST

/* 12 rows, fewer than the recipe holds out. */
START_TEST(all_rows_of_another_file_are_measured)
{
    fit_table("--no-report");
    write_table("new.csv", 6, 12);
    json_t *figures = eval("--data new.csv");
    ck_assert_int_eq(json_integer_value(json_object_get(figures, "points")), 12);
    ck_assert_double_gt(number_at(json_object_get(figures, "table"), "nll", "gaussian", "mean"), 0);
    json_decref(figures);
    CLI_SUCCEEDS("eval people.safetensors --data new.csv --quiet");
    ck_assert_ptr_nonnull(strstr(cli_output, "12 rows of another file than the training's"));
    write_table("moved.csv", 5, 300); /* the same rows */
    figures = eval("--data moved.csv");
    ck_assert_int_eq(json_integer_value(json_object_get(figures, "points")), 30);
    json_decref(figures);
}
END_TEST

START_TEST(baselines_need_the_rows_of_the_training)
{
    fit_table("--no-report");
    write_table("new.csv", 6, 40);
    ck_assert_int_eq(remove(cli_at("people.csv")), 0);
    CLI_SUCCEEDS("eval people.safetensors --data new.csv --quiet");
    ck_assert_ptr_nonnull(strstr(cli_output, "no Gaussian and no mixture beside it"));
    json_t *figures = eval("--data new.csv");
    const json_t *nll = json_object_get(json_object_get(figures, "table"), "nll");
    ck_assert_ptr_null(json_object_get(nll, "gaussian"));
    json_decref(figures);
}
END_TEST

/* Beside the baselines two panels of 480 pixels, without them one. */
START_TEST(a_plot_has_the_baselines_that_there_are)
{
    fit_table("--no-report");
    write_table("new.csv", 6, 40);
    json_decref(eval("--data new.csv -n 0 --plot p.png"));
    ck_assert_int_eq((cli_png_width("p.png") + 240) / 480, 2);
    ck_assert_int_eq(remove(cli_at("people.csv")), 0);
    json_decref(eval("--data new.csv -n 0 --plot p.png"));
    ck_assert_int_eq((cli_png_width("p.png") + 240) / 480, 1);
}
END_TEST

START_TEST(flags_say_how_much_is_measured)
{
    fit_table("--no-report");
    json_t *figures = eval("--points 7 -n 0");
    ck_assert_int_eq(json_integer_value(json_object_get(figures, "points")), 7);
    ck_assert_ptr_null(json_object_get(json_object_get(figures, "table"), "columns"));
    ck_assert_ptr_null(json_object_get(figures, "energy_distance"));
    json_decref(figures);
    figures = eval("--split train --points all");
    ck_assert_int_eq(json_integer_value(json_object_get(figures, "points")), 270);
    json_decref(figures);
    figures = eval("--points 0");
    ck_assert_ptr_null(json_object_get(figures, "table"));
    json_decref(figures);
}
END_TEST

/* About a second of processor time, instrumented or not. */
#if INSTRUMENTED
#define STEPS "10"
#else
#define STEPS "200"
#endif
#define SLOW "--split train --points all -n 0 --density-solver rk4:" STEPS

START_TEST(an_interrupted_eval_goes_on)
{
    static const char state_name[] = "people.log-density.train.eval";
    fit_table("--no-report");
    write_table("people.csv", 5, 2000);
    json_t *straight = eval("--data people.csv " SLOW " --threads 1");
    ck_assert(!cli_exists(state_name));
    eval_interrupt("people.safetensors --data people.csv --quiet --threads 1 " SLOW, state_name,
                   SIGINT);
    ck_assert_uint_gt(eval_state_rows(state_name), 0);
    json_t *resumed = eval("--data people.csv " SLOW);
    ck_assert(json_equal(straight, resumed));
    json_decref(straight);
    json_decref(resumed);
}
END_TEST

/* Without --points, too. */
START_TEST(a_state_that_is_named_is_used)
{
    fit_table("--no-report");
    json_decref(eval("-n 0 --state ."));
    ck_assert_uint_eq(eval_state_rows("people.log-density.held_out.eval"), 30);
    write_table("people.csv", 6, 300);
    cli_fails(1, "eval people.safetensors --split held_out -n 0 --state .", "data digest");
}
END_TEST

/* Of a recipe "missing" would drop it, but eval has no such flag. */
START_TEST(a_missing_cell_is_told_as_of_a_file)
{
    write_table("people.csv", 5, 100);
    cli_write("r.json",
              "{\"name\": \"people\", \"data\": {\"source\": {\"kind\": \"csv\", \"file\":"
              " \"people.csv\", \"columns\": [\"height\", \"mass\"]}}, \"net\": {\"kind\":"
              " \"mlp\", \"dim\": 2, \"channels\": 8, \"layers\": 1}, \"train\":"
              " {\"steps\": 2, \"batch\": 8}}");
    CLI_SUCCEEDS("train r.json -o people.safetensors --quiet");
    cli_write("gaps.csv", "height,mass\n1,2\n3,\n2,2\n");
    cli_fails(1, "eval people.safetensors --data gaps.csv", "'); leave such rows out of the file");
    ck_assert_ptr_null(strstr(cli_output, "drop"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advect eval: tables");
    TCase *tests = tcase_create("tables");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, held_out_rows_have_what_the_report_says);
    tcase_add_test(tests, people_read_the_log_densities_first);
    tcase_add_test(tests, all_rows_of_another_file_are_measured);
    tcase_add_test(tests, baselines_need_the_rows_of_the_training);
    tcase_add_test(tests, a_plot_has_the_baselines_that_there_are);
    tcase_add_test(tests, flags_say_how_much_is_measured);
    tcase_add_test(tests, an_interrupted_eval_goes_on);
    tcase_add_test(tests, a_state_that_is_named_is_used);
    tcase_add_test(tests, a_missing_cell_is_told_as_of_a_file);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
