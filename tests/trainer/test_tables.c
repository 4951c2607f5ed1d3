/* People's tables through the program: trained on, imported, asked about, and told what is
 * wrong. */
#include "tests/support/suite.h"
#include "tests/trainer/cli.h"

#include <advect/array_file.h>
#include <advect/model.h>
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NET(dim, more)                                                                             \
    "\"net\": {\"kind\": \"mlp\", \"dim\": " #dim ", \"channels\": 8, \"layers\": 1" more "}"
#define TRAIN "\"train\": {\"steps\": 4, \"batch\": 4}"

/* Two classes, of which one bird's bill was not measured. */
static void write_penguins(void)
{
    cli_write("penguins.csv", "species,bill,year,mass\n"
                              "Gentoo,4.61,2008,4.5\nAdelie,3.91,2007,3.75\nAdelie,NA,2009,3.4\n"
                              "Gentoo,5.1,2008,5.1\nAdelie,3.67,2007,3.45\n");
    cli_write("penguins.json",
              "{\"name\": \"penguins\", " NET(
                  2, ", \"num_classes\": 2") ", \"data\": {\"source\": "
                                             "{\"kind\": \"csv\", \"file\": \"penguins.csv\", "
                                             "\"columns\": [\"!year\"], "
                                             "\"label_column\": \"species\", \"missing\": "
                                             "\"drop\"}, \"held_out\": 1}, " TRAIN "}");
}

static struct adv_model *load(const char *name)
{
    struct adv_model *model = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_model_load(cli_at(name), NULL, &model, &error) == ADV_OK, "%s",
                  error.message);
    return model;
}

START_TEST(a_model_knows_the_names_of_its_columns_and_classes)
{
    write_penguins();
    CLI_SUCCEEDS("train penguins.json --quiet");
    ck_assert_ptr_nonnull(strstr(cli_output, "1 of 5 rows have missing cells and are left out"));
    struct adv_model *model = load("penguins.safetensors");
    ck_assert_str_eq(adv_model_column_name(model, 0), "bill");
    ck_assert_str_eq(adv_model_column_name(model, 1), "mass");
    ck_assert_ptr_null(adv_model_column_name(model, 2));
    ck_assert_str_eq(adv_model_label_name(model, 0), "Adelie");
    ck_assert_str_eq(adv_model_label_name(model, 1), "Gentoo");
    json_t *config = json_loads(adv_model_config(model), 0, NULL);
    const json_t *range =
        json_array_get(json_object_get(json_object_get(config, "data"), "box"), 1);
    ck_assert_double_lt(json_number_value(json_array_get(range, 0)), 3.45);
    ck_assert_double_gt(json_number_value(json_array_get(range, 1)), 5.1);
    json_decref(config);
    adv_model_unref(model);
    CLI_SUCCEEDS("inspect penguins.safetensors");
    ck_assert_ptr_nonnull(strstr(cli_output, "columns      [\"bill\", \"mass\"]"));
    CLI_SUCCEEDS("eval penguins.safetensors --quiet --points 1");
    CLI_SUCCEEDS("sample penguins.safetensors --label 1 --quiet --format csv");
    ck_assert_mem_eq(cli_output, "bill,mass,label\n", 16);
    CLI_SUCCEEDS("sample penguins.safetensors --label 1 --quiet -o s.png");
    CLI_SUCCEEDS("sample penguins.safetensors --label 1 --quiet");
    json_t *json = json_loads(cli_output, 0, NULL);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "columns"), 1)),
                     "mass");
    json_decref(json);
}
END_TEST

/* What logp says of points.csv, with these flags. */
static char *densities(const char *flags)
{
    CLI_SUCCEEDS("logp penguins.safetensors --points points.csv --quiet --format csv %s", flags);
    return strdup(cli_output);
}

START_TEST(points_are_read_by_the_names_of_columns)
{
    write_penguins();
    CLI_SUCCEEDS("train penguins.json --quiet");
    cli_write("points.csv", "4.61,4.5\n3.91,3.75\n");
    char *wanted = densities("--label 1,0");
    cli_write("points.csv", "bill,mass\n4.61,4.5\n3.91,3.75\n");
    char *in_order = densities("--label 1,0");
    cli_write("points.csv", "mass,species,colour,bill\n4.5,Gentoo,red,4.61\n3.75,Adelie,,3.91\n");
    char *by_name = densities(""), *by_flag = densities("--label 1,0");
    cli_write("points.csv", "mass,label,bill,kind\n4.5,1,4.61,Gentoo\n3.75,0,3.91,Adelie\n");
    char *by_number = densities(""), *by_column = densities("--label-column kind");
    ck_assert_str_eq(in_order, wanted);
    ck_assert_str_eq(by_name, wanted);
    ck_assert_str_eq(by_flag, wanted);
    ck_assert_str_eq(by_number, wanted);
    ck_assert_str_eq(by_column, wanted);
    free(wanted);
    free(in_order);
    free(by_name);
    free(by_flag);
    free(by_number);
    free(by_column);
}
END_TEST

START_TEST(points_without_the_columns_are_refused_by_name)
{
#define LOGP "logp penguins.safetensors --points points.csv "
    write_penguins();
    CLI_SUCCEEDS("train penguins.json --quiet");
    cli_write("points.csv", "bil,mass\n4.61,4.5\n");
    cli_fails(1, LOGP "--label 1",
              "there is no column \"bill\" (did you mean \"bil\"?); the file has \"bil\"");
    cli_write("points.csv", "bill,mass,species\n4.61,4.5,Emperor\n");
    cli_fails(1, LOGP, "has the label \"Emperor\", which is none of the model's 2 classes");
    cli_fails(1, LOGP "--label-column kind", "the file has no column of that name");
    cli_fails(1, LOGP "--label-column species --label 1", "give one of them");
    cli_write("points.csv", "bill,mass,species\n4.61,,Gentoo\n");
    cli_fails(1, LOGP, "column \"mass\" has 1, the first in line 2");
    cli_fails(2, "sample penguins.safetensors --label-column kind", "label");
}
END_TEST

START_TEST(samples_come_back_with_their_labels)
{
    write_penguins();
    CLI_SUCCEEDS("train penguins.json --quiet");
    CLI_SUCCEEDS("sample penguins.safetensors --label 0,1,1 -o points.csv --quiet");
    char *own = densities(""), *stated = densities("--label 0,1,1");
    ck_assert_str_eq(own, stated);
    free(own);
    free(stated);
}
END_TEST

START_TEST(some_columns_of_a_table_are_imported)
{
    write_penguins();
    cli_fails(1, "import penguins.csv -o m.safetensors",
              "column \"species\" holds text, not numbers (line 2: 'Gentoo'): leave it out with "
              "--columns '!species'");
    cli_fails(1, "import penguins.csv -o m.safetensors --columns '!species'",
              "--missing drop leaves such rows out");
    cli_fails(
        1, "import penguins.csv -o m.safetensors --columns 'bull'",
        "--columns[0] is \"bull\"; the file has no column of that name (did you mean \"bill\"?)");
    ck_assert(!cli_exists("m.safetensors"));
    CLI_SUCCEEDS("import penguins.csv -o m.safetensors --columns 'm*,bill' --missing drop "
                 "--bandwidth 0.001");
    CLI_SUCCEEDS("sample m.safetensors -n 2 --format csv --quiet");
    ck_assert_mem_eq(cli_output, "mass,bill\n", 10);
}
END_TEST

START_TEST(names_of_any_kind_are_written_so_that_they_are_read)
{
    cli_write("odd.csv", "\"a, \"\"b\"\"\",\"2001\",\"\",\"c\nd\"\n1,2,3,4\n5,6,7,9\n");
    CLI_SUCCEEDS("import odd.csv -o odd.safetensors");
    CLI_SUCCEEDS("sample odd.safetensors -n 3 -o s.csv --quiet");
    CLI_SUCCEEDS("logp odd.safetensors --points s.csv --quiet");
    struct adv_array array;
    ck_assert_int_eq(adv_csv_read(cli_at("s.csv"), &array, NULL), ADV_OK);
    ck_assert_uint_eq(array.shape[0], 3);
    ck_assert_str_eq(array.columns[0], "a, \"b\"");
    ck_assert_str_eq(array.columns[1], "2001");
    ck_assert_str_eq(array.columns[3], "c\nd");
    adv_array_release(&array);
}
END_TEST

START_TEST(a_wild_cell_is_named_before_training_and_when_it_diverges)
{
    char text[4096] = "alcohol,density\n";
    for (int i = 0; i < 100; i++)
        sprintf(text + strlen(text), i == 50 ? "956666666666667,0.5\n" : "%d.25,0.%d\n", i % 7, i);
    cli_write("wine.csv", text);
    cli_write("wine.json",
              "{\"name\": \"wine\", " NET(2, "") ", \"data\": {\"source\": {\"kind\": "
                                                 "\"csv\", \"file\": \"wine.csv\"}, \"transform\": "
                                                 "\"identity\"}, \"train\": {\"steps\": 500}}");
    ck_assert_int_eq(cli_run("train wine.json --quiet"), 1);
    const char *first = strstr(cli_output, "line 52, column \"alcohol\" is 9.566667e+14");
    const char *diverged = strstr(cli_output, "training diverged");
    ck_assert(first && diverged && first < diverged);
    ck_assert_ptr_nonnull(strstr(diverged, "line 52, column \"alcohol\""));
}
END_TEST

/* A file that is written to while it is read ends where it ended when it was opened: a row that was
 * cut there is told. */
START_TEST(a_row_that_is_not_whole_is_told)
{
    cli_write("log.csv", "a,b\n1,2\n3,4\n5");
    cli_fails(1, "import log.csv -o m.safetensors", "line 4 has 1 column; the first line has 2");
}
END_TEST

/* The same two images of 5 x 2 pixels, their three channels first and last. */
START_TEST(images_may_have_their_channels_last)
{
    enum { N = 2, H = 5, W = 2, C = 3, DIM = C * H * W };
    float first[N][C][H][W], last[N][H][W][C];
    for (int i = 0; i < N * DIM; i++) {
        int image = i / DIM, c = i / (H * W) % C, y = i / W % H, x = i % W;
        first[image][c][y][x] = last[image][y][x][c] = (float)(i * 7 % 31) / 31;
    }
    const size_t shapes[2][4] = {{N, C, H, W}, {N, H, W, C}};
    ck_assert_int_eq(adv_npy_write_float(cli_at("first.npy"), 4, shapes[0], first[0][0][0], NULL),
                     0);
    ck_assert_int_eq(adv_npy_write_float(cli_at("last.npy"), 4, shapes[1], last[0][0][0], NULL), 0);
    char *answers[4];
    for (int i = 0; i < 4; i++) {
        CLI_SUCCEEDS("import %s.npy -o m.safetensors --shape '[3, 5, 2]'",
                     i % 2 ? "first" : "last");
        CLI_SUCCEEDS("logp m.safetensors --points %s.npy --solver rk4 --steps 4 --divergence "
                     "hutchinson --quiet",
                     i / 2 ? "first" : "last");
        answers[i] = strdup(cli_output);
    }
    for (int i = 1; i < 4; i++)
        ck_assert_str_eq(answers[i], answers[0]);
    for (int i = 0; i < 4; i++)
        free(answers[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advect: tables");
    TCase *tests = tcase_create("tables");
    tcase_add_checked_fixture(tests, cli_make_folder, cli_remove_folder);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_model_knows_the_names_of_its_columns_and_classes);
    tcase_add_test(tests, points_are_read_by_the_names_of_columns);
    tcase_add_test(tests, points_without_the_columns_are_refused_by_name);
    tcase_add_test(tests, samples_come_back_with_their_labels);
    tcase_add_test(tests, some_columns_of_a_table_are_imported);
    tcase_add_test(tests, names_of_any_kind_are_written_so_that_they_are_read);
    tcase_add_test(tests, a_wild_cell_is_named_before_training_and_when_it_diverges);
    tcase_add_test(tests, a_row_that_is_not_whole_is_told);
    tcase_add_test(tests, images_may_have_their_channels_last);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
