/* CSV: separators, headers, what is refused and where, locales, and what is written read back. */
#include "tests/core/io/io_support.h"
#include "tests/support/suite.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct io_scratch scratch;

static void make_scratch(void)
{
    io_scratch_make(&scratch);
}

static void remove_scratch(void)
{
    io_scratch_remove(&scratch);
}

static struct adv_array parse(const char *text)
{
    struct adv_array array = {0};
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_msg(adv_csv_parse(text, strlen(text), "x", &array, &error) == ADV_OK, "%s",
                  error.message);
    ck_assert_int_eq(array.n_dims, 2);
    ck_assert_uint_eq(array.n_elements, array.shape[0] * array.shape[1]);
    return array;
}

/* ---------------------------------------------------------------- reading */

/* tests/fuzz/make_seeds.py: -3, -2, ... 2 in two rows, or -3, -2, -1 in one column. */
static const char *const seeds[] = {"comma", "semicolon", "tab", "spaces", "header", "column"};
enum { N_SEEDS = ADV_COUNT(seeds) };

START_TEST(separators_comments_and_headers)
{
    char path[IO_PATH_MAX];
    struct adv_array array;
    struct adv_error error = ADV_ERROR_INIT;
    bool column = strcmp(seeds[_i], "column") == 0;
    ck_assert_msg(adv_csv_read(io_seed_path("csv", seeds[_i], path), &array, &error) == ADV_OK,
                  "%s", error.message);
    ck_assert_uint_eq(array.shape[0], column ? 3 : 2);
    ck_assert_uint_eq(array.shape[1], column ? 1 : 3);
    for (size_t i = 0; i < array.n_elements; i++)
        ck_assert_float_eq(array.data[i], (float)((int)i - 3));
    if (strcmp(seeds[_i], "header") == 0) {
        ck_assert_str_eq(array.columns[0], "x, first");
        ck_assert_str_eq(array.columns[1], "y \"2\"");
        ck_assert_str_eq(array.columns[2], "z");
    } else {
        ck_assert_ptr_null(array.columns);
    }
    ck_assert_int_eq(array.levels, 0);
    adv_array_release(&array);
}
END_TEST

START_TEST(numbers_are_rounded_once)
{
    /* Just above the middle of 1 and the next float. The nearest double is that middle, and a
     * second rounding would go to the even 1. */
    struct adv_array array = parse("1.0000000596046447753906251\n");
    ck_assert_float_eq(array.data[0], nextafterf(1.0f, 2.0f));
    adv_array_release(&array);
}
END_TEST

START_TEST(a_header_alone_has_no_rows)
{
    struct adv_array array = parse("x y\n");
    ck_assert_uint_eq(array.shape[0], 0);
    ck_assert_uint_eq(array.shape[1], 2);
    ck_assert_str_eq(array.columns[1], "y");
    ck_assert_ptr_nonnull(array.data);
    adv_array_release(&array);
}
END_TEST

START_TEST(other_separators_do_not_hide_in_quotes)
{
    struct adv_array array = parse("\"a;b\",\"c\td\"\n1,2\n");
    ck_assert_str_eq(array.columns[0], "a;b");
    ck_assert_str_eq(array.columns[1], "c\td");
    ck_assert_float_eq(array.data[1], 2.0f);
    adv_array_release(&array);
}
END_TEST

START_TEST(a_comma_may_be_the_decimal_mark)
{
    struct adv_array array = parse("x;y\n1,5;-2,25e1\n3;4\n");
    ck_assert_float_eq(array.data[0], 1.5f);
    ck_assert_float_eq(array.data[1], -22.5f);
    ck_assert_float_eq(array.data[3], 4.0f);
    adv_array_release(&array);
    array = parse("x\ty\r\n0,1\t\"2,5\"\r\n");
    ck_assert_float_eq(array.data[0], 0.1f);
    ck_assert_float_eq(array.data[1], 2.5f);
    adv_array_release(&array);
}
END_TEST

START_TEST(a_name_may_have_a_line_break)
{
    struct adv_array array = parse("\"height,\r\nin m\",b\r\n1,2\r\n");
    ck_assert_str_eq(array.columns[0], "height,\r\nin m");
    ck_assert_str_eq(array.columns[1], "b");
    ck_assert_uint_eq(array.shape[0], 1);
    adv_array_release(&array);
}
END_TEST

START_TEST(a_header_may_hold_numbers_over_columns_of_numbers)
{
    struct adv_array array = parse("id,2001,2002\n1,2,3\n");
    ck_assert_uint_eq(array.shape[0], 1);
    ck_assert_str_eq(array.columns[2], "2002");
    adv_array_release(&array);
}
END_TEST

/* Decimal texts of every length and size, among them middles of two floats. */
START_TEST(numbers_are_what_strtof_says)
{
    uint64_t state = 7;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned kind = (unsigned)(state >> 60), bits = (unsigned)(state >> 27);
        float near;
        bits &= 0x7fffffffu;
        memcpy(&near, &bits, sizeof near);
        if (!isfinite(near))
            continue;
        if (kind < 4)
            snprintf(text, sizeof text, "%.*g", (int)kind * 3 + 3, (double)near);
        else if (kind < 8) /* near the middle of two floats */
            snprintf(text, sizeof text, "%.17g",
                     ((double)near + (double)nextafterf(near, 0.0f)) / 2);
        else if (kind < 12)
            snprintf(text, sizeof text, "%.*f", (int)kind, (double)(bits % 1000003) / 997.0);
        else
            snprintf(text, sizeof text, "%u.%06ue-%u", bits % 16777216, bits % 999983, kind);
        struct adv_array array = parse(text);
        ck_assert_msg(array.data[0] == strtof(text, NULL), "%s is read as %.9g", text,
                      (double)array.data[0]);
        adv_array_release(&array);
    }
}
END_TEST

START_TEST(blanks_around_fields_mean_nothing)
{
    struct adv_array array = parse("  1 ,\t2\t\n3\t , 4");
    for (size_t i = 0; i < 4; i++)
        ck_assert_float_eq(array.data[i], (float)(i + 1));
    adv_array_release(&array);
    array = parse("1 \t 2\n 3\t4 \n");
    for (size_t i = 0; i < 4; i++)
        ck_assert_float_eq(array.data[i], (float)(i + 1));
    adv_array_release(&array);
    array = parse(" 1  2 \n3\t 4\n");
    for (size_t i = 0; i < 4; i++)
        ck_assert_float_eq(array.data[i], (float)(i + 1));
    adv_array_release(&array);
}
END_TEST

START_TEST(the_end_of_the_text_is_respected)
{
    struct adv_array array;
    ck_assert_int_eq(adv_csv_parse("1,2\n3,45", 7, "x", &array, NULL), ADV_OK);
    ck_assert_float_eq(array.data[3], 4.0f);
    adv_array_release(&array);
}
END_TEST

/* ---------------------------------------------------------------- refusals */

struct refusal {
    const char *text;
    enum adv_status status;
    const char *part;
};

static const struct refusal refusals[] = {
    {"", ADV_E_FORMAT, "no line with numbers"},
    {"# only a comment\n\n  \r\n", ADV_E_FORMAT, "no line with numbers"},
    {"1,2\n3\n", ADV_E_FORMAT, "line 2 has 1 column; the first line has 2"},
    {"1,2\n3,4,5\n", ADV_E_FORMAT, "line 2, column 3: '5' is one field more"},
    {"# c\n1,2\n\n3,four\n", ADV_E_FORMAT, "line 4, column 2: 'four' is not a number"},
    {"x,2\n", ADV_E_FORMAT, "line 1, column 1: 'x' is not a number"},
    {"1,,2\n", ADV_E_FORMAT, "line 1, column 2: '' is not a number"},
    {"1,2,\n", ADV_E_FORMAT, "line 1, column 3: '' is not a number"},
    {"x;y\n1,5;2.5\n", ADV_E_FORMAT,
     "line 2, column 2: '2.5' has a decimal point; line 2 has a decimal comma"},
    {"1.5;2\n\n1,5;2\n", ADV_E_FORMAT,
     "line 3, column 1: '1,5' has a decimal comma; line 1 has a decimal point"},
    {"1.234,5;2\n", ADV_E_FORMAT, "line 1, column 1: '1.234,5' is not a number"},
    {"1;2\n1,2\n", ADV_E_FORMAT, "line 2 has 1 column; the first line has 2"},
    {"\"a\nb\",c\n1,2\n\"3\n,4\n", ADV_E_FORMAT, "line 4, column 1: '3' has no closing quote"},
    {"id,2001\n1,2\n3,x\n", ADV_E_FORMAT, "line 3, column 2: 'x' is not a number"},
    {"1,0x10\n", ADV_E_FORMAT, "'0x10' is not a number"},
    {"1,1e\n", ADV_E_FORMAT, "'1e' is not a number"},
    {"1,--1\n", ADV_E_FORMAT, "'--1' is not a number"},
    {"1,1_000\n", ADV_E_FORMAT, "is not a number"},
    {"1,\v2\n", ADV_E_FORMAT, "'?2' is not a number"},
    {"1,2 # note\n", ADV_E_FORMAT, "'2 # note' is not a number"},
    {"x,y\n1,nan\n", ADV_E_INVALID, "line 2, column 2: 'nan' is not a finite float32"},
    {"1,-Infinity\n", ADV_E_INVALID, "'-Infinity' is not a finite float32"},
    {"nan,nan\n", ADV_E_INVALID, "line 1, column 1: 'nan'"},
    {"1,1e39\n", ADV_E_INVALID, "'1e39' is not a finite float32"},
    {"\"a,b\n1,2\n", ADV_E_FORMAT, "line 1, column 1: 'a,b' has no closing quote"},
    {"\"a\"b,c\n", ADV_E_FORMAT, "'a' has text after its closing quote"},
    {"x,\xff\n1,2\n", ADV_E_FORMAT, "column 2: '?' is not UTF-8"},
    {"\xff\xfe"
     "1",
     ADV_E_FORMAT, "is not UTF-8"},
};
enum { N_REFUSALS = ADV_COUNT(refusals) };

START_TEST(what_is_not_right_is_refused)
{
    const struct refusal *row = &refusals[_i];
    struct adv_array array = {.n_dims = -7};
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_csv_parse(row->text, strlen(row->text), "d.csv", &array, &error);
    io_assert_refused(status, &error, row->status, row->part);
    ck_assert_msg(strncmp(error.message, "d.csv: ", 7) == 0, "%s", error.message);
    ck_assert_int_eq(array.n_dims, -7);
}
END_TEST

START_TEST(a_very_long_number_is_refused)
{
    char text[400] = "1\n";
    memset(text + 2, '1', sizeof text - 2);
    struct adv_array array;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = adv_csv_parse(text, sizeof text, "x", &array, &error);
    io_assert_refused(status, &error, ADV_E_FORMAT, "line 2, column 1: '111");
    io_assert_refused(status, &error, ADV_E_FORMAT, "...' is not a number");
}
END_TEST

/* ---------------------------------------------------------------- writing */

START_TEST(what_is_written_comes_back)
{
    const float values[] = {0.1f, -3.5e-30f, 3.4028235e38f, 1e-45f, 16777217.0f, -0.0f};
    const char *const names[] = {"x", "a \"b\", c", ""};
    char path[IO_PATH_MAX];
    io_scratch_path(&scratch, "a.csv", path);
    for (int with_names = 0; with_names < 2; with_names++) {
        struct adv_array array;
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_int_eq(adv_csv_write(path, 2, 3, values, with_names ? names : NULL, NULL),
                         ADV_OK);
        ck_assert_msg(adv_csv_read(path, &array, &error) == ADV_OK, "%s", error.message);
        ck_assert_uint_eq(array.shape[0], 2);
        ck_assert_uint_eq(array.shape[1], 3);
        ck_assert_mem_eq(array.data, values, sizeof values);
        for (size_t i = 0; with_names && i < 3; i++)
            ck_assert_str_eq(array.columns[i], names[i]);
        adv_array_release(&array);
    }
}
END_TEST

START_TEST(many_rows_are_written_in_pieces)
{
    enum { N_ROWS = 20000 };
    float *values = malloc(N_ROWS * 2 * sizeof *values);
    for (int i = 0; i < 2 * N_ROWS; i++)
        values[i] = sinf((float)i);
    char path[IO_PATH_MAX];
    struct adv_array array;
    io_scratch_path(&scratch, "a.csv", path);
    ck_assert_int_eq(adv_csv_write(path, N_ROWS, 2, values, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_csv_read(path, &array, NULL), ADV_OK);
    ck_assert_uint_eq(array.shape[0], N_ROWS);
    ck_assert_mem_eq(array.data, values, N_ROWS * 2 * sizeof *values);
    adv_array_release(&array);
    free(values);
}
END_TEST

START_TEST(a_line_break_in_a_name_is_refused)
{
    const char *const names[] = {"a\nb"};
    const float value = 1.0f;
    char path[IO_PATH_MAX];
    struct adv_error error = ADV_ERROR_INIT;
    io_scratch_path(&scratch, "a.csv", path);
    enum adv_status status = adv_csv_write(path, 1, 1, &value, names, &error);
    io_assert_refused(status, &error, ADV_E_INVALID, "column 1 has a line break");
    ck_assert_uint_eq(io_scratch_count(&scratch), 0);
}
END_TEST

START_TEST(the_process_locale_does_not_matter)
{
    /* Any locale whose decimal point is not a point. */
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8", "de_DE"};
    const char *found = NULL;
    for (size_t i = 0; i < 4 && !found; i++)
        found = setlocale(LC_ALL, locales[i]);
    if (!found || localeconv()->decimal_point[0] == '.') {
        printf("skipped: no locale with a decimal comma is installed\n");
        return;
    }
    const float value = 1.5f;
    char path[IO_PATH_MAX];
    struct adv_array array = parse("1.5,2.5\n");
    ck_assert_float_eq(array.data[1], 2.5f);
    adv_array_release(&array);
    io_scratch_path(&scratch, "a.csv", path);
    ck_assert_int_eq(adv_csv_write(path, 1, 1, &value, NULL, NULL), ADV_OK);
    ck_assert_int_eq(adv_csv_read(path, &array, NULL), ADV_OK);
    ck_assert_float_eq(array.data[0], 1.5f);
    adv_array_release(&array);
    setlocale(LC_ALL, "C");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("io: CSV");

    TCase *reading = tcase_create("reading");
    tcase_add_loop_test(reading, separators_comments_and_headers, 0, N_SEEDS);
    tcase_add_test(reading, numbers_are_rounded_once);
    tcase_add_test(reading, a_header_alone_has_no_rows);
    tcase_add_test(reading, other_separators_do_not_hide_in_quotes);
    tcase_add_test(reading, a_comma_may_be_the_decimal_mark);
    tcase_add_test(reading, a_name_may_have_a_line_break);
    tcase_add_test(reading, a_header_may_hold_numbers_over_columns_of_numbers);
    tcase_add_test(reading, numbers_are_what_strtof_says);
    tcase_add_test(reading, blanks_around_fields_mean_nothing);
    tcase_add_test(reading, the_end_of_the_text_is_respected);
    tcase_add_loop_test(reading, what_is_not_right_is_refused, 0, N_REFUSALS);
    tcase_add_test(reading, a_very_long_number_is_refused);
    suite_add_tcase(suite, reading);

    TCase *writing = tcase_create("writing");
    tcase_add_checked_fixture(writing, make_scratch, remove_scratch);
    tcase_add_test(writing, what_is_written_comes_back);
    tcase_add_test(writing, many_rows_are_written_in_pieces);
    tcase_add_test(writing, a_line_break_in_a_name_is_refused);
    tcase_add_test(writing, the_process_locale_does_not_matter);
    suite_add_tcase(suite, writing);

    return suite_run(suite);
}
