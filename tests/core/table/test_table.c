/* Tables as people have them: which columns are taken, what is missing, what labels are, and what
 * is said of tables that are not right. */
#include "tests/support/suite.h"

#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/table.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- support */

/* Options as recipes have them; "columns" and "label" as JSON text or NULL. */
struct how {
    const char *columns, *label;
    int64_t missing, header, separator;
    const char *names;
};

static json_t *json_of(const char *text)
{
    return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

static enum adv_status parse(const char *text, struct how how, struct adv_table *table,
                             struct adv_error *error)
{
    json_t *columns = json_of(how.columns), *label = json_of(how.label),
           *names = json_of(how.names);
    ck_assert(!how.columns || columns);
    struct adv_table_options options = {.columns = columns,
                                        .label_column = label,
                                        .names = names,
                                        .missing = how.missing,
                                        .header = how.header,
                                        .separator = how.separator,
                                        .where = "data.source."};
    enum adv_status status = adv_table_parse(text, strlen(text), "t.csv", &options, table, error);
    json_decref(columns);
    json_decref(label);
    json_decref(names);
    return status;
}

static struct adv_table read_table(const char *text, struct how how)
{
    struct adv_table table = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(parse(text, how, &table, &error) == ADV_OK, "%s: %s", text, error.message);
    ck_assert_uint_eq(table.rows.n_elements, table.rows.shape[0] * table.rows.shape[1]);
    return table;
}

/* The names of the columns, comma-separated. */
static const char *columns_of(const struct adv_table *table)
{
    static char list[256];
    list[0] = '\0';
    for (size_t i = 0; i < table->rows.shape[1]; i++) {
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", i ? "," : "", table->rows.columns[i]);
    }
    return list;
}

static const char *notes_of(const struct adv_table *table)
{
    return table->notes.n ? (const char *)table->notes.data : "";
}

/* ---------------------------------------------------------------- columns */

static const char penguins[] = "species,bill_length,bill_depth,mass,year\n"
                               "Adelie,39.1,18.7,3750,2007\n"
                               "Gentoo,46.1,13.2,4500,2008\n"
                               "Adelie,36.7,19.3,3450,2007\n";

struct choice {
    const char *columns, *label, *chosen;
};

static const struct choice choices[] = {
    {"[\"bill*\"]", NULL, "bill_length,bill_depth"},
    {"[\"year\", \"bill*\"]", NULL, "year,bill_length,bill_depth"},
    {"[\"mass\", \"mass\", 3]", NULL, "mass"},
    {"[4, 1]", NULL, "year,bill_length"},
    {"[\"!species\"]", NULL, "bill_length,bill_depth,mass,year"},
    {"[\"!species\", \"!bill*\"]", NULL, "mass,year"},
    {"[\"*\", \"!species\", \"!year\"]", NULL, "bill_length,bill_depth,mass"},
    {"[\"!bill_depth\", \"bill_?e*\"]", NULL, "bill_length"},
    {NULL, "\"species\"", "bill_length,bill_depth,mass,year"},
    {NULL, "0", "bill_length,bill_depth,mass,year"},
    {"[\"*\", \"!year\"]", "\"species\"", "bill_length,bill_depth,mass"},
};
enum { N_CHOICES = ADV_COUNT(choices) };

START_TEST(columns_are_chosen_by_names_patterns_and_positions)
{
    const struct choice *c = &choices[_i];
    struct adv_table table = read_table(penguins, (struct how){c->columns, c->label, .missing = 0});
    ck_assert_str_eq(columns_of(&table), c->chosen);
    ck_assert_uint_eq(table.rows.shape[0], 3);
    for (size_t i = 0; i < table.rows.shape[1]; i++) {
        if (!strcmp(table.rows.columns[i], "mass"))
            ck_assert_float_eq(table.rows.data[table.rows.shape[1] + i], 4500);
        if (!strcmp(table.rows.columns[i], "bill_length"))
            ck_assert_float_eq(table.rows.data[2 * table.rows.shape[1] + i], 36.7f);
    }
    adv_table_release(&table);
}
END_TEST

START_TEST(wanted_names_are_found_in_any_order)
{
    struct adv_table table =
        read_table(penguins, (struct how){.names = "[\"mass\", \"bill_depth\"]"});
    ck_assert_str_eq(columns_of(&table), "mass,bill_depth");
    ck_assert_float_eq(table.rows.data[3], 13.2f);
    adv_table_release(&table);
    table = read_table("1,2\n3,4\n", (struct how){.names = "[\"mass\", \"bill_depth\"]"});
    ck_assert_ptr_null(table.rows.columns);
    ck_assert_uint_eq(table.rows.shape[1], 2);
    adv_table_release(&table);
}
END_TEST

START_TEST(positions_decide_between_columns_of_one_name)
{
    struct adv_table table =
        read_table("x,y,x\n1,2,3\n", (struct how){.columns = "[2, 1]", .names = "[\"x\", \"y\"]"});
    ck_assert_float_eq(table.rows.data[0], 3);
    adv_table_release(&table);
    table = read_table("y,x\n1,2\n", (struct how){.columns = "[0, 1]", .names = "[\"x\", \"y\"]"});
    ck_assert_float_eq(table.rows.data[0], 2);
    adv_table_release(&table);
}
END_TEST

/* A name that looks like a pattern is a name first. */
START_TEST(a_name_may_look_like_a_pattern)
{
    struct adv_table table = read_table("x*,x1,!x\n1,2,3\n", (struct how){.columns = "[\"x*\"]"});
    ck_assert_str_eq(columns_of(&table), "x*");
    adv_table_release(&table);
    table = read_table("x*,x1,!x\n1,2,3\n", (struct how){.columns = "[\"!!x\"]"});
    ck_assert_str_eq(columns_of(&table), "x*,x1");
    adv_table_release(&table);
}
END_TEST

/* ---------------------------------------------------------------- headers and separators */

START_TEST(a_header_may_be_stated)
{
    struct adv_table table = read_table("2001,2002\n1,2\n", (struct how){.header = ADV_HEADER_YES});
    ck_assert_str_eq(columns_of(&table), "2001,2002");
    ck_assert_uint_eq(table.rows.shape[0], 1);
    adv_table_release(&table);
    table = read_table("a,1\nb,2\n", (struct how){.columns = "[1]", .header = ADV_HEADER_NO});
    ck_assert_uint_eq(table.rows.shape[0], 2);
    ck_assert_float_eq(table.rows.data[1], 2);
    adv_table_release(&table);
}
END_TEST

START_TEST(a_header_of_numbers_is_noticed)
{
    struct adv_table table = read_table("0,1,2\n5,6.5,7\n", (struct how){0});
    ck_assert_uint_eq(table.rows.shape[0], 2);
    ck_assert_ptr_nonnull(strstr(notes_of(&table), "\"header\": \"yes\""));
    adv_table_release(&table);
    table = read_table("0.5,1,2\n5,6.5,7\n", (struct how){0});
    ck_assert_ptr_null(strstr(notes_of(&table), "header"));
    adv_table_release(&table);
}
END_TEST

START_TEST(a_separator_may_be_stated)
{
    struct adv_table table =
        read_table("1,5 2,5\n3 4\n", (struct how){.separator = ADV_SEPARATOR_BLANKS});
    ck_assert_float_eq(table.rows.data[0], 1.5f);
    ck_assert_float_eq(table.rows.data[1], 2.5f);
    adv_table_release(&table);
}
END_TEST

START_TEST(a_byte_order_mark_and_quotes_are_no_part_of_names)
{
    struct adv_table table =
        read_table("\xef\xbb\xbf\"a\nb\";\"c;d\"\r\n1,5;\"2,5\"\r\n", (struct how){0});
    ck_assert_str_eq(columns_of(&table), "a\nb,c;d");
    ck_assert_float_eq(table.rows.data[1], 2.5f);
    adv_table_release(&table);
}
END_TEST

/* ---------------------------------------------------------------- missing cells */

START_TEST(rows_with_missing_cells_may_be_dropped)
{
    static const char text[] = "a,b,note\n1,2,x\n,3,x\nNA,3,x\n3,n/a,x\n4,nan,x\nnull,5,x\n?,6,x\n"
                               "7,-,x\n8,9,\n";
    struct adv_table table =
        read_table(text, (struct how){.columns = "[\"!note\"]", .missing = ADV_MISSING_DROP});
    ck_assert_uint_eq(table.rows.shape[0], 2);
    ck_assert_uint_eq(table.n_dropped, 7);
    ck_assert_float_eq(table.rows.data[0], 1);
    ck_assert_float_eq(table.rows.data[3], 9);
    ck_assert_ptr_nonnull(
        strstr(notes_of(&table), "7 of 9 rows have missing cells and are left out"));
    adv_table_release(&table);
}
END_TEST

START_TEST(a_missing_label_is_missing_too)
{
    struct adv_table table = read_table(
        "a,kind\n1,x\n2,\n3,y\n", (struct how){.label = "\"kind\"", .missing = ADV_MISSING_DROP});
    ck_assert_uint_eq(table.rows.shape[0], 2);
    ck_assert_int_eq(table.label[1], 1);
    ck_assert_str_eq(table.classes[1], "y");
    adv_table_release(&table);
}
END_TEST

/* ---------------------------------------------------------------- labels */

START_TEST(texts_are_kept_in_order_of_appearance)
{
    struct adv_table table =
        read_table("a,kind\n1,\"long, \"\"very\"\"\"\n2,short\n3,\"long, \"\"very\"\"\"\n",
                   (struct how){.label = "1"});
    ck_assert_uint_eq(table.n_classes, 2);
    ck_assert_str_eq(table.classes[0], "long, \"very\"");
    ck_assert_str_eq(table.classes[1], "short");
    const int32_t expected[] = {0, 1, 0};
    ck_assert_mem_eq(table.label, expected, sizeof expected);
    adv_table_release(&table);
}
END_TEST

START_TEST(many_classes_are_told_apart)
{
    enum { N = 5000 };
    char *text = malloc(N * 32);
    size_t n = (size_t)sprintf(text, "a,kind\n");
    for (int i = 0; i < 2 * N; i++)
        n += (size_t)sprintf(text + n, "1,c%d\n", i % N);
    struct adv_table table = read_table(text, (struct how){.label = "1"});
    ck_assert_uint_eq(table.n_classes, N);
    for (int i = 0; i < 2 * N; i++)
        ck_assert_int_eq(table.label[i], i % N);
    adv_table_release(&table);
    free(text);
}
END_TEST

START_TEST(texts_are_matched_to_names_or_read_as_numbers)
{
    char *const texts[] = {"short", "long"}, *const numbers[] = {"1", "0.0"};
    json_t *names = json_of("[\"long\", \"middle\", \"short\"]"),
           *digits = json_of("[\"7\", \"8\"]");
    int32_t class_of[2];
    size_t odd;
    ck_assert(adv_table_match(texts, 2, names, 3, class_of, &odd));
    ck_assert_int_eq(class_of[0], 2);
    ck_assert_int_eq(class_of[1], 0);
    ck_assert(adv_table_match(numbers, 2, digits, 2, class_of, &odd));
    ck_assert_int_eq(class_of[0], 1);
    ck_assert_int_eq(class_of[1], 0);
    ck_assert(!adv_table_match(numbers, 2, NULL, 1, class_of, &odd));
    ck_assert_uint_eq(odd, 0);
    ck_assert(!adv_table_match(texts, 2, digits, 2, class_of, &odd));
    json_decref(names);
    json_decref(digits);
}
END_TEST

/* ---------------------------------------------------------------- notes */

START_TEST(a_wild_cell_is_named_by_its_line)
{
    char text[4096] = "# rows\nx,y\n";
    for (int i = 0; i < 100; i++)
        sprintf(text + strlen(text),
                i == 60   ? "NA,2\n"
                : i == 70 ? "%d,956666666\n"
                          : "%d,%d.5\n",
                i * 7 % 50, i % 9);
    struct adv_table table = read_table(text, (struct how){.missing = ADV_MISSING_DROP});
    ck_assert_ptr_nonnull(strstr(table.wild, "line 73, column \"y\" is 9.566667e+08"));
    ck_assert_ptr_nonnull(strstr(notes_of(&table), table.wild));
    adv_table_release(&table);
    table = read_table(penguins, (struct how){.columns = "[\"mass\"]"});
    ck_assert_str_eq(table.wild, "");
    adv_table_release(&table);
}
END_TEST

START_TEST(constant_columns_and_those_that_count_are_noticed)
{
    char text[1024] = "id,x,one\n";
    for (int i = 0; i < 20; i++)
        sprintf(text + strlen(text), "%d,%d,1\n", i + 5, i * i % 7);
    struct adv_table table = read_table(text, (struct how){0});
    ck_assert_ptr_nonnull(strstr(notes_of(&table), "column \"one\": the same number in every row"));
    ck_assert_ptr_nonnull(strstr(notes_of(&table), "column \"id\": it counts the rows"));
    ck_assert_ptr_null(strstr(notes_of(&table), "\"x\""));
    adv_table_release(&table);
}
END_TEST

START_TEST(twenty_thousand_columns_are_read)
{
    enum { N = 20000 };
    char *text = malloc(3 * N * 8);
    size_t n = 0;
    for (int row = 0; row < 3; row++) {
        for (int i = 0; i < N; i++)
            n += (size_t)sprintf(text + n, row ? "%d%s" : "c%d%s", row ? (i + row) % 10 : i,
                                 i + 1 < N ? "," : "\n");
    }
    struct adv_table table = read_table(text, (struct how){.columns = "[\"!c1\"]"});
    ck_assert_uint_eq(table.rows.shape[1], N - 1);
    ck_assert_str_eq(table.rows.columns[1], "c2");
    ck_assert_float_eq(table.rows.data[N - 1 + 1], 4);
    adv_table_release(&table);
    free(text);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

struct refusal {
    const char *text;
    struct how how;
    const char *part;
};

static const struct refusal refusals[] = {
    {penguins,
     {0},
     "column \"species\" holds text, not numbers (line 2: 'Adelie'): leave it out with "
     "\"columns\": [\"!species\"]"},
    {"a,sex,island\n1,m,x\n2,f,y\n",
     {0},
     "so does column \"island\": leave them out with "
     "\"columns\": [\"!sex\", \"!island\"]"},
    {"day,a\n2024-01-31,1\n2024-02-01,2\n", {0}, "column \"day\" holds dates"},
    {"day,a\n31.1.2024 10:00,1\n", {0}, "column \"day\" holds dates"},
    {"a|b\n1|2\n", {0}, "the only column holds text (line 2: '1|2'); cells are separated by comma"},
    {"a,b\n1,2\n3,4x\n5,6\n", {0}, "line 3, column \"b\": '4x' is not a number"},
    {"x,1\ny,2\n", {.header = ADV_HEADER_NO}, "name the positions of the others"},
    {"a,b\n1,\n,NA\n",
     {0},
     "3 cells of 2 of 2 rows are missing: column \"a\" has 1, the first in "
     "line 3 (''), column \"b\" has 2, the first in line 2 ('')"},
    {"a,b\n1,\n", {0}, "\"missing\": \"drop\" leaves such rows out"},
    {"a,b\n1,inf\n", {.missing = ADV_MISSING_DROP}, "'inf' is not a finite float32"},
    {"a,b\n1,1e50\n", {0}, "line 2, column 2: '1e50' is not a finite float32"},
    {"a,b\n1,2\n3\n", {0}, "line 3 has 1 column; the first line has 2"},
    {"a,b\n1,2,3\n", {0}, "line 2, column 3: '3' is one field more"},
    {"a,b\n1,2\n\"3,4\n5,6\n", {0}, "line 3, column 1: '3,4' has no closing quote"},
    {"", {0}, "there is no line with numbers"},
    {"a,b,a\n1,2,3\n", {0}, "columns 1 and 3 are both called \"a\""},
    {penguins,
     {.columns = "[\"bil*\", \"mas\"]"},
     "data.source.columns[1] is \"mas\"; the file has "
     "no column of that name (did you mean \"mass\"?)"},
    {penguins, {.columns = "[\"x*\"]"}, "it has \"species\", \"bill_length\""},
    {penguins, {.columns = "[\"!yaer\"]"}, "did you mean \"year\"?"},
    {penguins, {.columns = "[5]"}, "data.source.columns[0] is 5; it must be between 0 and 4"},
    {penguins, {.columns = "[-1]"}, "is -1; it must be between 0 and 4"},
    {penguins, {.columns = "[1.5]"}, "must be a column's name, a pattern or a position"},
    {penguins, {.columns = "\"mass\""}, "data.source.columns must name columns, as in ["},
    {penguins, {.columns = "[]"}, "data.source.columns must name columns"},
    {penguins, {.columns = "[\"!*\"]"}, "no column of the file is left"},
    {penguins,
     {.columns = "[\"species\", \"mass\"]", .label = "\"species\""},
     "data.source.columns[0] is \"species\", which is also the labels' column"},
    {penguins, {.columns = "[0]", .label = "0"}, "is 0, which is also the labels' column"},
    {penguins,
     {.label = "\"specie\""},
     "data.source.label_column is \"specie\"; the file has no "
     "column of that name (did you mean \"species\"?)"},
    {penguins, {.label = "5"}, "data.source.label_column is 5; it must be between 0 and 4"},
    {penguins, {.label = "true"}, "must be a column's name or its index"},
    {"kind\nx\n", {.label = "0"}, "the file has one column, so none is left beside the label"},
    {"1,2\n", {.label = "\"kind\""}, "the file has no header line, so give an index"},
    {"1,2\n", {.columns = "[\"kind\"]"}, "the file has no header line, so give an index"},
    {penguins,
     {.names = "[\"mass\", \"width\", \"height\"]"},
     "there are no columns \"width\", \"height\"; the file has \"species\""},
    {"a,kind\n1,\xff\n", {.label = "1"}, "line 2, column 2: '?' is not UTF-8 text"},
};
enum { N_REFUSALS = ADV_COUNT(refusals) };

START_TEST(what_is_not_right_is_told_with_what_to_write)
{
    const struct refusal *r = &refusals[_i];
    struct adv_table table = {.n_classes = 7};
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = parse(r->text, r->how, &table, &error);
    ck_assert_msg(status == ADV_E_FORMAT || status == ADV_E_INVALID, "%s", adv_status_name(status));
    ck_assert_msg(strstr(error.message, r->part) != NULL, "%s\n  is not in: %s", r->part,
                  error.message);
    ck_assert_msg(strncmp(error.message, "t.csv: ", 7) == 0, "%s", error.message);
    ck_assert_uint_eq(table.n_classes, 7);
}
END_TEST

START_TEST(a_column_of_numbers_is_no_column_of_labels)
{
    enum { N = ADV_TABLE_CLASSES_MAX + 1 };
    char *text = malloc((size_t)N * 16);
    size_t n = (size_t)sprintf(text, "a,b\n");
    for (int i = 0; i < N; i++)
        n += (size_t)sprintf(text + n, "1,0.%d\n", i);
    struct adv_table table;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(parse(text, (struct how){.label = "1"}, &table, &error), ADV_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "65537th different label"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tables");
    TCase *tests = tcase_create("tables");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, columns_are_chosen_by_names_patterns_and_positions, 0, N_CHOICES);
    tcase_add_test(tests, wanted_names_are_found_in_any_order);
    tcase_add_test(tests, positions_decide_between_columns_of_one_name);
    tcase_add_test(tests, a_name_may_look_like_a_pattern);
    tcase_add_test(tests, a_header_may_be_stated);
    tcase_add_test(tests, a_header_of_numbers_is_noticed);
    tcase_add_test(tests, a_separator_may_be_stated);
    tcase_add_test(tests, a_byte_order_mark_and_quotes_are_no_part_of_names);
    tcase_add_test(tests, rows_with_missing_cells_may_be_dropped);
    tcase_add_test(tests, a_missing_label_is_missing_too);
    tcase_add_test(tests, texts_are_kept_in_order_of_appearance);
    tcase_add_test(tests, many_classes_are_told_apart);
    tcase_add_test(tests, texts_are_matched_to_names_or_read_as_numbers);
    tcase_add_test(tests, a_wild_cell_is_named_by_its_line);
    tcase_add_test(tests, constant_columns_and_those_that_count_are_noticed);
    tcase_add_test(tests, twenty_thousand_columns_are_read);
    tcase_add_loop_test(tests, what_is_not_right_is_told_with_what_to_write, 0, N_REFUSALS);
    tcase_add_test(tests, a_column_of_numbers_is_no_column_of_labels);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
