/* `advect fit` and `advect new`: from tables, good and bad, to models and recipes. */
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <advect/extra/rng.h>
#include <advect/model.h>

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A row number, a date, a constant, two numbers that hang together, a text of two classes, a
 * missing cell in every 20th row. */
static void write_mixed(const char *name, size_t n)
{
    FILE *out = fopen(cli_at(name), "w");
    ck_assert_ptr_nonnull(out);
    fputs("row,day,unit,height,mass,kind\n", out);
    for (size_t i = 0; i < n; i++) {
        float z[2];
        adv_rng_normal(5, ADV_STREAM_DATA, i, 1, 2, z);
        double centre = i % 2 ? 8 : 0, height = centre + (double)z[0];
        fprintf(out, "%zu,2024-01-%02zu,1,%.4f,", i + 1, i % 28 + 1, height);
        if (i % 20 == 7)
            fputs("NA", out);
        else
            fprintf(out, "%.4f", height + 0.3 * (double)z[1]);
        fprintf(out, ",%s\n", i % 2 ? "tall" : "short");
    }
    fclose(out);
}

static json_t *read_json(const char *name)
{
    json_error_t error;
    json_t *json = json_load_file(cli_at(name), 0, &error);
    ck_assert_msg(json != NULL, "%s: %s", name, error.text);
    return json;
}

static double held_out(const json_t *report, const char *whose)
{
    const json_t *nll = json_object_get(report, "held_out_nll");
    return json_number_value(json_object_get(json_object_get(nll, whose), "mean"));
}

START_TEST(a_table_becomes_a_model_and_a_report)
{
    write_mixed("mixed.csv", 400);
    CLI_SUCCEEDS("fit mixed.csv --label-column kind --steps 200");
    ck_assert_ptr_nonnull(strstr(cli_output, "20 of 400 rows have missing cells and are left out"));
    ck_assert_ptr_nonnull(strstr(cli_output, "held-out NLL"));
    ck_assert_ptr_nonnull(strstr(cli_output, "the model is"));
    json_t *report = read_json("mixed.report.json");
    const json_t *data = json_object_get(json_object_get(report, "recipe"), "data");
    json_t *columns = json_object_get(json_object_get(data, "source"), "columns");
    ck_assert_uint_eq(json_array_size(columns), 2);
    ck_assert_str_eq(json_string_value(json_array_get(columns, 0)), "height");
    ck_assert_int_eq(json_integer_value(json_object_get(data, "classes")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(data, "held_out")), 38);
    ck_assert_double_le(held_out(report, "model"), held_out(report, "mixture") + 0.01);
    json_decref(report);
    ck_assert(cli_exists("mixed.report.html"));
    CLI_SUCCEEDS("sample mixed.safetensors --label 1 --n 3 --quiet --format csv");
    ck_assert_mem_eq(cli_output, "height,mass,label\n", 18);
}
END_TEST

/* y is normal around 3 c - 1 with a standard deviation of 0.5, whose mean negative log-density is
 * log(0.5 sqrt(2 pi e)) nats: what a linear regression finds, and the model beside it. */
START_TEST(what_is_given_is_not_modelled)
{
    const double truth = 0.7258;
    FILE *out = fopen(cli_at("line.csv"), "w");
    ck_assert_ptr_nonnull(out);
    fputs("c,y\n", out);
    for (size_t i = 0; i < 1500; i++) {
        float z[2];
        adv_rng_normal(5, ADV_STREAM_DATA, i, 1, 2, z);
        fprintf(out, "%.5f,%.5f\n", (double)z[0], 3 * (double)z[0] - 1 + 0.5 * (double)z[1]);
    }
    fclose(out);
    CLI_SUCCEEDS("fit line.csv --context c --steps 300 --set net.channels=32");
    ck_assert_ptr_nonnull(strstr(cli_output, "a linear regression"));
    ck_assert_ptr_nonnull(strstr(cli_output, "--context FILE"));
    json_t *report = read_json("line.report.json");
    ck_assert_double_eq_tol(held_out(report, "gaussian"), truth, 0.15);
    ck_assert_double_le(held_out(report, "model"), held_out(report, "gaussian") + 0.02);
    json_decref(report);
    CLI_SUCCEEDS("sample line.safetensors --context 2 --n 3 --quiet --format csv");
    ck_assert_mem_eq(cli_output, "y\n", 2);
    CLI_SUCCEEDS("eval line.safetensors --quiet");
    ck_assert_ptr_nonnull(strstr(cli_output, "a linear regression"));
}
END_TEST

START_TEST(what_is_left_out_is_told)
{
    write_mixed("mixed.csv", 100);
    CLI_SUCCEEDS("new mixed.csv");
    static const char *const told[] = {"row numbers", "dates",    "constant",
                                       "2 different", "left out", "consider label_column \"kind\""};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        ck_assert_msg(strstr(cli_output, told[i]) != NULL, "%s is not in %s", told[i], cli_output);
    ck_assert_msg(!strstr(cli_output, " \n"), "a line ends in a blank: %s", cli_output);
}
END_TEST

START_TEST(the_network_is_told_by_its_kind_and_start)
{
    static const struct {
        const char *flags, *says;
    } told[] = {
        {"", "network: mlp of 3 layers of 64 channels, starting from a "},
        {"--net transformer --context height",
         "network: transformer of 3 layers of 32 channels, starting from a Gaussian; at most 6000 "
         "steps of 128 rows\n"},
        {"--context height", " around a linear regression; at most 3000 steps"},
        {"--context height --set net.mixture=0",
         "channels, starting from a linear regression; at most"},
        {"--set net.mixture=0 --set net.layers=1", "1 layer of 64 channels; at most"},
    };
    write_mixed("mixed.csv", 40);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        CLI_SUCCEEDS("new mixed.csv -o mixed.json %s", told[i].flags);
        ck_assert_msg(strstr(cli_output, told[i].says) != NULL, "%s is not in %s", told[i].says,
                      cli_output);
    }
}
END_TEST

/* What is behind the head of a safetensors file, *n bytes. */
static float *weights_of(const char *name, size_t *n)
{
    FILE *in = fopen(cli_at(name), "rb");
    ck_assert_msg(in != NULL, "%s", name);
    uint64_t head;
    struct stat about;
    ck_assert_uint_eq(fread(&head, sizeof head, 1, in), 1);
    ck_assert_int_eq(fstat(fileno(in), &about), 0);
    *n = (size_t)about.st_size - sizeof head - head;
    float *all = malloc(*n);
    fseek(in, (long)(sizeof head + head), SEEK_SET);
    ck_assert_uint_eq(fread(all, 1, *n, in), *n);
    fclose(in);
    return all;
}

START_TEST(new_and_train_make_the_model_that_fit_makes)
{
    size_t n, m;
    write_mixed("mixed.csv", 200);
    CLI_SUCCEEDS("fit mixed.csv --quiet --steps 80 --no-report");
    ck_assert(!cli_exists("mixed.report.html"));
    CLI_SUCCEEDS("new mixed.csv --quiet -o recipe.json");
    CLI_SUCCEEDS("train recipe.json --quiet --out trained.safetensors --set train.steps=80 "
                 "--set train.held_out_every=2 --set train.warmup_steps=8");
    float *fitted = weights_of("mixed.safetensors", &n);
    float *trained = weights_of("trained.safetensors", &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(fitted, trained, n);
    free(fitted);
    free(trained);
}
END_TEST

START_TEST(tables_come_from_standard_input_too)
{
    write_mixed("mixed.csv", 100);
    CLI_SUCCEEDS("fit - --quiet --no-report --steps 20 --name piped < mixed.csv");
    ck_assert(cli_exists("piped.safetensors"));
    CLI_SUCCEEDS("new - --quiet -o - < mixed.csv");
    json_t *recipe = json_loads(cli_output, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(recipe, "name")), "stdin");
    json_decref(recipe);
    CLI_SUCCEEDS("new mixed.csv --quiet -o - --steps 10 | %s train - --quiet", cli_program);
    ck_assert(cli_exists("mixed.safetensors"));
}
END_TEST

START_TEST(numeric_labels_are_counted)
{
    FILE *out = fopen(cli_at("n.csv"), "w");
    for (int i = 0; i < 60; i++)
        fprintf(out, "%d,%d\n", (i * 37) % 101, i % 3 + 1);
    fclose(out);
    CLI_SUCCEEDS("fit n.csv --label-column 1 --quiet --no-report --steps 10");
    struct adv_model *model = NULL;
    ck_assert_int_eq(adv_model_load(cli_at("n.safetensors"), NULL, &model, NULL), ADV_OK);
    ck_assert_uint_eq(adv_model_classes(model), 3);
    ck_assert_str_eq(adv_model_label_name(model, 2), "3");
    adv_model_unref(model);
}
END_TEST

START_TEST(a_gaussian_is_called_one)
{
    FILE *out = fopen(cli_at("g.csv"), "w");
    for (size_t i = 0; i < 200; i++) {
        float z[2];
        adv_rng_normal(11, ADV_STREAM_DATA, i, 1, 2, z);
        fprintf(out, "%.5f,%.5f\n", (double)z[0], (double)(z[0] + z[1]));
    }
    fclose(out);
    CLI_SUCCEEDS("fit g.csv --quiet --steps 40");
    ck_assert_ptr_nonnull(strstr(cli_output, "a Gaussian does about as well"));
    json_t *report = read_json("g.report.json");
    ck_assert_double_eq_tol(held_out(report, "model"), held_out(report, "gaussian"), 0.1);
    json_decref(report);
}
END_TEST

/* What is printed to be copied is taken back. */
START_TEST(suggested_supports_can_be_copied)
{
    FILE *out = fopen(cli_at("counts.csv"), "w");
    ck_assert_ptr_nonnull(out);
    fputs("visits,\"mean stay, days\"\n", out);
    for (size_t i = 0; i < 100; i++)
        fprintf(out, "%zu,%g\n", i * i % 11, 0.1 + (double)(i * 37 % 100) / 25);
    fclose(out);
    CLI_SUCCEEDS("fit counts.csv --no-report --steps 20");
    const char *from = strstr(cli_output, "--support '"), *to = from ? strchr(from, '\n') : NULL;
    ck_assert_msg(to != NULL, "%s", cli_output);
    char *flag = strndup(from, (size_t)(to - from));
    CLI_SUCCEEDS("fit counts.csv --no-report --steps 20 %s", flag);
    free(flag);
    ck_assert_ptr_null(strstr(cli_output, "consider support"));
    CLI_SUCCEEDS("inspect counts.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output, "at least 0, whole numbers"));
}
END_TEST

/* Rows are appended while it is read, which is done thrice. */
START_TEST(a_table_that_grows_is_refused)
{
    write_mixed("grows.csv", 400);
    int code = cli_run("fit grows.csv --columns height,mass --steps 200 --quiet 2>&1 & p=$!; "
                       "for i in $(seq 60); do echo '1,2024-01-01,1,2.5,2.5,tall' >>%s; "
                       "sleep 0.05; done; wait $p",
                       cli_at("grows.csv"));
    ck_assert_int_eq(code, 1);
    ck_assert_msg(strstr(cli_output, "grows.csv changed while it was read") != NULL, "%s",
                  cli_output);
    ck_assert(!cli_exists("grows.report.json"));
}
END_TEST

START_TEST(wild_cells_are_told_though_quiet)
{
    write_mixed("wild.csv", 200);
    CLI_SUCCEEDS("fit wild.csv --columns height,mass --steps 20 --quiet --no-report");
    ck_assert_msg(!strstr(cli_output, "is that cell right?"), "%s", cli_output);
    FILE *out = fopen(cli_at("wild.csv"), "a");
    ck_assert_ptr_nonnull(out);
    fputs("201,2024-01-01,1,2.5,1000000000,tall\n", out);
    fclose(out);
    CLI_SUCCEEDS("fit wild.csv --columns height,mass --steps 20 --quiet --no-report");
    ck_assert_ptr_nonnull(strstr(cli_output, "line 202, column \"mass\" is 1e+09"));
}
END_TEST

/* 20 rows to learn from, and others that say how little that is. */
START_TEST(overfitting_is_told)
{
    FILE *out = fopen(cli_at("few.csv"), "w");
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < 40; i++) {
        float z[4];
        adv_rng_normal(9, ADV_STREAM_DATA, i, 1, 4, z);
        fprintf(out, "%.4f,%.4f,%.4f,%.4f\n", (double)z[0], (double)z[1], (double)z[2],
                (double)z[3]);
    }
    fclose(out);
    cli_write("few.json",
              "{\"name\": \"few\", \"net\": {\"kind\": \"mlp\", \"dim\": 4, \"channels\": "
              "64, \"layers\": 3}, \"data\": {\"source\": {\"kind\": \"csv\", \"file\": "
              "\"few.csv\"}, \"held_out\": 20}, \"train\": {\"steps\": 1500, \"batch\": "
              "128, \"learning_rate\": 0.003, \"held_out_every\": 100}}");
    CLI_SUCCEEDS("train few.json --quiet");
    ck_assert_msg(strstr(cli_output, "warning: the held-out loss was least at step ") != NULL, "%s",
                  cli_output);
    CLI_SUCCEEDS("train few.json --quiet --restart --set train.keep=best --set train.patience=2");
    ck_assert_msg(!strstr(cli_output, "held-out loss was least"), "%s", cli_output);
}
END_TEST

START_TEST(bad_tables_are_refused_in_words)
{
    cli_write("empty.csv", "");
    cli_fails(1, "fit empty.csv", "there is no line with numbers");
    cli_write("header.csv", "a,b\n");
    cli_fails(1, "fit header.csv", "header.csv: there is a header and no row below it");
    cli_write("words.csv", "a,b\nx,y\nu,v\n");
    cli_fails(1, "fit words.csv", "column \"a\" holds text");
    cli_write("constant.csv", "a,b\n1,2\n1,2\n1,2\n");
    cli_fails(1, "fit constant.csv", "column \"a\" holds one value throughout");
    cli_write("few.csv", "a,b\n1,2\n3,5\n4,1\n");
    cli_fails(1, "fit few.csv", "there are 3 rows to learn from; at least 10 are needed");
    cli_fails(1, "fit few.csv --columns c", "--columns[0] is \"c\"; the file has no column");
    cli_fails(1, "fit absent.csv", "absent.csv");
    cli_fails(1, "fit few.csv --out nowhere", "the folder nowhere");
    ck_assert(!cli_exists("few.safetensors"));
    write_mixed("mixed.csv", 40);
    cli_fails(1, "fit mixed.csv --missing refuse", "--missing drop leaves such rows out");
    cli_fails(1, "fit mixed.csv --columns day,height", "column \"day\" holds dates");
    cli_fails(1, "fit mixed.csv --label-column height", "which are no classes");
    cli_fails(1, "fit mixed.csv --support '{\"weight\": [0, null]}'", "data.support.weight");
    cli_fails(1, "fit mixed.csv --set train.stpes=3",
              "\"stpes\" is not a known field of train; did you mean \"steps\"?");
    cli_fails(1, "new mixed.csv --set train", "has no =");
}
END_TEST

/* And leaves nothing behind. */
START_TEST(a_recipe_that_cannot_train_is_not_written)
{
    static const struct {
        const char *flags, *says;
    } refused[] = {
        {"--set name=5", "name is an integer"},
        {"--set name=sub/x", "name is \"sub/x\"; it must be"},
        {"--name a/b", "name is \"a/b\"; it must be"},
        {"--set train.stpes=3", "\"stpes\" is not a known field of train"},
        {"--set net.layres=3", "\"layres\" is not a known field of net"},
        {"--set net.dim=7", "the data have 2"},
        {"--set data.held_out=500", "data.held_out keeps 500 of 38 examples"},
    };
    write_mixed("mixed.csv", 40);
    ck_assert_int_eq(mkdir(cli_at("sub"), 0777), 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char command[128];
        snprintf(command, sizeof command, "new mixed.csv %s", refused[i].flags);
        cli_fails(1, command, refused[i].says);
        snprintf(command, sizeof command, "fit mixed.csv %s", refused[i].flags);
        cli_fails(1, command, refused[i].says);
    }
    ck_assert(!cli_exists("mixed.json") && !cli_exists("(null).json") && !cli_exists("sub/x.json"));
    CLI_SUCCEEDS("new mixed.csv --set net.layers=2 --set train.steps=4");
    CLI_SUCCEEDS("train mixed.json --quiet");
}
END_TEST

START_TEST(what_else_is_in_the_folder_does_not_matter)
{
    write_mixed("mixed.csv", 40);
    ck_assert_int_eq(mkdir(cli_at("model"), 0777), 0);
    CLI_SUCCEEDS("fit mixed.csv --quiet --steps 2 --no-report");
    CLI_SUCCEEDS("fit mixed.csv --quiet --steps 2 --no-report --out model");
    ck_assert(cli_exists("model/mixed.safetensors"));
    cli_fails(2, "fit mixed.csv --out mixed.csv",
              "--out is mixed.csv, which is the file that is read");
    cli_write("file", "");
    cli_fails(1, "fit mixed.csv --out file", "--out: file is no folder");
    cli_fails(1, "fit mixed.csv --out nowhere", "--out: the folder nowhere: No such file");
}
END_TEST

/* The model goes into a pipe, from which little is read before the table grows: then the report's
 * reading of it fails. */
START_TEST(a_model_without_its_report_is_told)
{
    write_mixed("mixed.csv", 40);
    cli_write("mixed.report.html", "of an earlier fit");
    cli_write("mixed.report.json", "{}");
    ck_assert_int_eq(mkfifo(cli_at("mixed.safetensors"), 0600), 0);
    int code = cli_run("fit mixed.csv --quiet --steps 2 --set net.channels=256 2>&1 & "
                       "{ head -c 1 >/dev/null; echo >>%s; cat >/dev/null; } <%s; wait $!",
                       cli_at("mixed.csv"), cli_at("mixed.safetensors"));
    ck_assert_int_eq(code, 1);
    ck_assert_msg(strstr(cli_output, "mixed.safetensors is written; its report is not: mixed.csv "
                                     "changed while it was read"),
                  "%s", cli_output);
    ck_assert(!cli_exists("mixed.report.html") && !cli_exists("mixed.report.json"));
}
END_TEST

START_TEST(too_many_columns_are_refused)
{
    FILE *out = fopen(cli_at("wide.csv"), "w");
    for (int row = 0; row < 12; row++) {
        for (int column = 0; column < 20000; column++)
            fprintf(out, "%s%d", column ? "," : "", (row * 7 + column * 3) % 11);
        fputc('\n', out);
    }
    fclose(out);
    cli_fails(1, "fit wide.csv", "there are 20000 columns of numbers; at most 256 are modelled");
    CLI_SUCCEEDS("fit wide.csv --columns 3,17 --quiet --no-report --steps 4");
}
END_TEST

START_TEST(one_column_is_enough)
{
    FILE *out = fopen(cli_at("one.csv"), "w");
    fputs("<b>x</b>\n", out);
    for (int i = 0; i < 50; i++)
        fprintf(out, "%d.5\n", (i * 29) % 53);
    fclose(out);
    CLI_SUCCEEDS("fit one.csv --quiet --steps 20 --support '{\"0\": [0, null]}'");
    ck_assert(cli_exists("one.report.html"));
}
END_TEST

START_TEST(new_overwrites_no_recipe_unasked)
{
    write_mixed("mixed.csv", 40);
    CLI_SUCCEEDS("new mixed.csv --quiet");
    cli_fails(1, "new mixed.csv", "mixed.json is there already");
    CLI_SUCCEEDS("new mixed.csv --quiet -o mixed.json");
}
END_TEST

START_TEST(shared_tables_are_fitted)
{
    char path[4096];
    if (!cli_shared("cases/small-table/train.csv", path))
        return;
    CLI_SUCCEEDS("fit %s --quiet --name small --steps 400", path);
    json_t *report = read_json("small.report.json");
    ck_assert_double_le(held_out(report, "model"), held_out(report, "gaussian") + 0.1);
    json_decref(report);
    if (!cli_shared("cases/unscaled-table/train.csv", path))
        return;
    CLI_SUCCEEDS("fit %s --quiet --name unscaled --steps 100", path);
    report = read_json("unscaled.report.json");
    ck_assert_double_le(held_out(report, "model"), held_out(report, "gaussian") + 0.1);
    json_decref(report);
    if (!cli_shared("cases/wild-cell/points.csv", path))
        return;
    CLI_SUCCEEDS("new %s -o wild.json", path);
    ck_assert_ptr_nonnull(strstr(cli_output, "is that cell right"));
}
END_TEST

/* The daemon is what the command becomes, so that a signal to it ends it. */
START_TEST(a_model_is_served_by_its_file)
{
    write_mixed("mixed.csv", 40);
    CLI_SUCCEEDS("fit mixed.csv --quiet --steps 4 --no-report");
    CLI_SUCCEEDS("serve mixed.safetensors --listen 127.0.0.1:0 2>&1 & sleep 1; kill $!; wait $!");
    ck_assert_ptr_nonnull(strstr(cli_output, "listening on http://127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(cli_output, "model mixed from mixed.safetensors"));
    cli_fails(1, "serve absent.safetensors", "absent.safetensors: No such file");
    cli_fails(1, "serve mixed.csv", "mixed.csv is no model file");
    cli_fails(2, "serve", "an argument is missing");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fit");
    TCase *fit = tcase_create("fit");
    tcase_add_checked_fixture(fit, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(fit, 120);
    tcase_add_test(fit, a_table_becomes_a_model_and_a_report);
    tcase_add_test(fit, what_is_left_out_is_told);
    tcase_add_test(fit, the_network_is_told_by_its_kind_and_start);
    tcase_add_test(fit, what_is_given_is_not_modelled);
    tcase_add_test(fit, new_and_train_make_the_model_that_fit_makes);
    tcase_add_test(fit, tables_come_from_standard_input_too);
    tcase_add_test(fit, numeric_labels_are_counted);
    tcase_add_test(fit, a_gaussian_is_called_one);
    tcase_add_test(fit, suggested_supports_can_be_copied);
    tcase_add_test(fit, a_table_that_grows_is_refused);
    tcase_add_test(fit, wild_cells_are_told_though_quiet);
    tcase_add_test(fit, bad_tables_are_refused_in_words);
    tcase_add_test(fit, a_recipe_that_cannot_train_is_not_written);
    tcase_add_test(fit, what_else_is_in_the_folder_does_not_matter);
    tcase_add_test(fit, a_model_without_its_report_is_told);
    tcase_add_test(fit, too_many_columns_are_refused);
    tcase_add_test(fit, one_column_is_enough);
    tcase_add_test(fit, new_overwrites_no_recipe_unasked);
    tcase_add_test(fit, a_model_is_served_by_its_file);
    if (!INSTRUMENTED) {
        tcase_add_test(fit, overfitting_is_told);
        tcase_add_test(fit, shared_tables_are_fitted);
    }
    suite_add_tcase(suite, fit);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
