/* The recipe for a table by its file's name and options as text: that of the table's proposal, with
 * classes from an array of labels, and trained as it is. */
#include <advect/extra/all.h>
#include <advect/train.h>

#include "tests/support/folder.h"
#include "tests/support/suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROWS 60
#define WIDE 4097 /* numbers of a context that no network takes */

static char folder[64], rows_csv[96], rows_npy[96];

static void write_rows(void)
{
    float rows[ROWS * 2], labels[ROWS];
    FILE *file = fopen(rows_csv, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "x,y,kind,five\n");
    adv_rng_normal(1, ADV_STREAM_DATA, 0, ROWS, 2, rows);
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (float)(i % 3);
        fprintf(file, "%.6f,%.6f,%zu,5\n", (double)rows[2 * i], (double)rows[2 * i + 1], i % 3);
    }
    ck_assert_int_eq(fclose(file), 0);
    char path[128];
    snprintf(path, sizeof path, "%s/kinds.npy", folder);
    ck_assert_int_eq(adv_npy_write_float(rows_npy, 2, (size_t[]){ROWS, 2}, rows, NULL), ADV_OK);
    ck_assert_int_eq(adv_npy_write_float(path, 1, (size_t[]){ROWS}, labels, NULL), ADV_OK);
    float contexts[ROWS * 3];
    adv_rng_normal(2, ADV_STREAM_DATA, 0, ROWS, 3, contexts);
    snprintf(path, sizeof path, "%s/three.npy", folder);
    ck_assert_int_eq(adv_npy_write_float(path, 2, (size_t[]){ROWS, 3}, contexts, NULL), ADV_OK);
    snprintf(path, sizeof path, "%s/short.npy", folder);
    ck_assert_int_eq(adv_npy_write_float(path, 2, (size_t[]){ROWS / 2, 3}, contexts, NULL), ADV_OK);
    static float wide[ROWS * WIDE];
    adv_rng_normal(3, ADV_STREAM_DATA, 0, ROWS, WIDE, wide);
    snprintf(path, sizeof path, "%s/wide.npy", folder);
    ck_assert_int_eq(adv_npy_write_float(path, 2, (size_t[]){ROWS, WIDE}, wide, NULL), ADV_OK);
    labels[7] = 0.5F;
    snprintf(path, sizeof path, "%s/halves.npy", folder);
    ck_assert_int_eq(adv_npy_write_float(path, 1, (size_t[]){ROWS}, labels, NULL), ADV_OK);
}

static void make_folder(void)
{
    folder_make(folder);
    snprintf(rows_csv, sizeof rows_csv, "%s/rows.csv", folder);
    snprintf(rows_npy, sizeof rows_npy, "%s/rows.npy", folder);
    write_rows();
}

static void remove_folder(void)
{
    folder_remove(folder);
}

static json_t *recipe_of(const char *file, const char *options)
{
    struct adv_error error = ADV_ERROR_INIT;
    char *text = NULL;
    ck_assert_msg(adv_recipe_for_file(file, options, &text, &error) == ADV_OK, "%s", error.message);
    json_t *recipe = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(recipe);
    free(text);
    return recipe;
}

START_TEST(the_text_is_the_proposal)
{
    json_t *columns = json_pack("[s, s]", "y", "x"), *label = json_string("kind");
    const struct adv_propose_options options = {.file = rows_csv,
                                                .recorded = "mine.csv",
                                                .name = "mine",
                                                .columns = columns,
                                                .label_column = label,
                                                .missing = ADV_MISSING_DROP,
                                                .steps = 50,
                                                .seed = 4};
    struct adv_proposal proposal = {0};
    ck_assert_int_eq(adv_recipe_propose(&options, &proposal, NULL), ADV_OK);
    json_t *recipe = recipe_of(rows_csv, "{\"name\": \"mine\", \"recorded\": \"mine.csv\", "
                                         "\"columns\": [\"y\", \"x\"], \"label_column\": \"kind\", "
                                         "\"steps\": 50, \"seed\": 4}");
    ck_assert(json_equal(recipe, proposal.recipe));
    json_decref(recipe);
    adv_proposal_release(&proposal);
    json_decref(columns);
    json_decref(label);
}
END_TEST

START_TEST(without_options_it_is_named_by_its_file)
{
    json_t *recipe = recipe_of(rows_csv, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(recipe, "name")), "rows");
    json_decref(recipe);
}
END_TEST

/* With whatever a table has beside its columns, it is a recipe that trains. */
static const char *const transformers[] = {
    "{\"net\": \"transformer\", \"steps\": 2, \"columns\": [\"x\", \"y\"]}",
    "{\"net\": \"transformer\", \"steps\": 2, \"columns\": [\"x\"], \"context\": [\"y\"], "
    "\"label_column\": \"kind\"}",
};

START_TEST(the_network_may_be_a_transformer)
{
    struct adv_training_options how = {.size = sizeof how, .threads = 1};
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    json_t *recipe = recipe_of(rows_csv, transformers[_i]);
    const json_t *net = json_object_get(recipe, "net");
    ck_assert_str_eq(json_string_value(json_object_get(net, "kind")), "transformer");
    ck_assert_ptr_null(json_object_get(net, "context_mean"));
    char *text = json_dumps(recipe, 0);
    ck_assert_msg(adv_training_new(text, &how, &training, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_training_run(training, NULL, NULL), ADV_OK);
    adv_training_free(training);
    free(text);
    json_decref(recipe);
}
END_TEST

START_TEST(arrays_have_their_classes_in_a_file_beside_them)
{
    struct adv_training_options how = {.size = sizeof how, .data = rows_npy, .threads = 1};
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    char *text = NULL;
    ck_assert_msg(adv_recipe_for_file(rows_npy,
                                      "{\"recorded\": \"rows.npy\", \"labels\": \"kinds.npy\", "
                                      "\"steps\": 5}",
                                      &text, &error) == ADV_OK,
                  "%s", error.message);
    ck_assert_msg(adv_training_new(text, &how, &training, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_training_run(training, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_model(training, &model, NULL), ADV_OK);
    ck_assert_uint_eq(adv_model_classes(model), 3);
    adv_model_unref(model);
    adv_training_free(training);
    free(text);
}
END_TEST

/* How many numbers the recipe's model is conditioned on, after a short training. */
static size_t trained_context(const char *file, const char *options, const char *name)
{
    struct adv_training_options how = {.size = sizeof how, .data = file, .threads = 1};
    struct adv_training *training = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    struct adv_model *model = NULL;
    char *text = NULL;
    ck_assert_msg(adv_recipe_for_file(file, options, &text, &error) == ADV_OK, "%s", error.message);
    ck_assert_msg(adv_training_new(text, &how, &training, &error) == ADV_OK, "%s", error.message);
    ck_assert_int_eq(adv_training_run(training, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_training_model(training, &model, NULL), ADV_OK);
    size_t n_context = adv_model_context(model);
    ck_assert_uint_eq(adv_model_dim(model), file == rows_npy ? 2 : 1);
    ck_assert_pstr_eq(adv_model_context_name(model, 0), name);
    adv_model_unref(model);
    adv_training_free(training);
    free(text);
    return n_context;
}

START_TEST(contexts_are_columns_or_a_file_beside_the_array)
{
    ck_assert_uint_eq(trained_context(rows_npy,
                                      "{\"recorded\": \"rows.npy\", \"steps\": 5, "
                                      "\"context_file\": \"three.npy\"}",
                                      NULL),
                      3);
    ck_assert_uint_eq(trained_context(rows_csv,
                                      "{\"recorded\": \"rows.csv\", \"steps\": 5, "
                                      "\"columns\": [\"x\"], \"context\": [\"y\"]}",
                                      "y"),
                      1);
}
END_TEST

static const struct {
    bool is_npy;
    const char *options, *field, *message;
} refused[] = {
    {true, "{", "", "the options: line 1"},
    {true, "{\"stpes\": 4}", "stpes", "did you mean \"steps\"?"},
    {true, "{\"steps\": -1}", "steps", "steps is -1"},
    {true, "{\"columns\": [\"x\"]}", "columns", "is of CSV files"},
    {true, "{\"labels\": \"none.npy\"}", "", "none.npy"},
    {true, "{\"labels\": \"halves.npy\"}", "data.source", "the label of example 7 is 0.5"},
    {true, "{\"labels\": \"rows.npy\"}", "data.source", "60 examples but 120 labels"},
    {false, "{\"labels\": \"kinds.npy\"}", "labels", "labels is of NPY files"},
    {true, "{\"context\": [\"x\"]}", "context", "context is of CSV files"},
    {true, "{\"context_file\": \"none.npy\"}", "", "none.npy"},
    {true, "{\"context_file\": \"short.npy\"}", "", "60"},
    {false, "{\"context_file\": \"three.npy\"}", "context_file", "context_file is of NPY files"},
    {true, "{\"context_file\": \"wide.npy\"}", "context",
     "the context has 4097 numbers; at most 4096 are allowed"},
    {true, "{\"name\": \"a/b\"}", "name", "name is \"a/b\""},
    {true, "{\"net\": \"unet\"}", "net", "transformer"},
    {true, "{\"net\": \"transformer\", \"support\": [{\"periodic\": 7}, null]}", "net",
     "net is transformer, and support of column 0 is periodic, 0 to 7, which only an mlp"},
    {false, "{\"net\": \"transformer\", \"support\": {\"y\": {\"periodic\": 8}}}", "net",
     "support of column \"y\" is periodic"},
    {false, "{\"context\": [\"five\"]}", "context",
     "column \"five\" is 5 throughout, so nothing can depend on it: leave it out of context"},
    {false, "{\"support\": {\"x\": [-1e-3, null]}}", "data", "rows.csv: line "},
    {true, "{\"support\": [[-1e-3, null], null]}", "data", "example "},
    {false, "{\"columns\": [\"z\"]}", "", "columns[0] is \"z\""},
};

START_TEST(what_cannot_be_is_refused_and_leaves_the_output)
{
    struct adv_error error = ADV_ERROR_INIT;
    char *text = NULL;
    const char *file = refused[_i].is_npy ? rows_npy : rows_csv;
    ck_assert_int_ne(adv_recipe_for_file(file, refused[_i].options, &text, &error), ADV_OK);
    ck_assert_msg(strstr(error.message, refused[_i].message), "%s", error.message);
    if (*refused[_i].field)
        ck_assert_str_eq(error.field, refused[_i].field);
    ck_assert_ptr_null(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe for a file");
    TCase *all = tcase_create("recipe");
    tcase_add_checked_fixture(all, make_folder, remove_folder);
    tcase_add_test(all, the_text_is_the_proposal);
    tcase_add_test(all, without_options_it_is_named_by_its_file);
    tcase_add_loop_test(all, the_network_may_be_a_transformer, 0,
                        (int)(sizeof transformers / sizeof *transformers));
    tcase_add_test(all, arrays_have_their_classes_in_a_file_beside_them);
    tcase_add_test(all, contexts_are_columns_or_a_file_beside_the_array);
    tcase_add_loop_test(all, what_cannot_be_is_refused_and_leaves_the_output, 0,
                        (int)(sizeof refused / sizeof *refused));
    tcase_set_timeout(all, 60);
    suite_add_tcase(suite, all);
    return suite_run(suite);
}
