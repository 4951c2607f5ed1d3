/* Settings that are lists of integers: JSON arrays and text, bounds of the elements and of how
 * many there are. */
#include <advect/extra/fields.h>

#include "core/base/mem.h"

#include "tests/support/suite.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct adv_ints sides, factors;
};

static const struct adv_field fields[] = {
    {.name = "sides",
     .kind = ADV_FIELD_INTS,
     .offset = offsetof(struct options, sides),
     .least = 2,
     .most = 2,
     .min = 1,
     .max = 100,
     .fallback = "3,5",
     .help = "sides of a picture"},
    {.name = "factors",
     .kind = ADV_FIELD_INTS,
     .offset = offsetof(struct options, factors),
     .most = 4,
     .min = -8,
     .max = 8,
     .help = "factors of the levels"},
};

static struct options options;
static struct adv_error error;

static void set_up(void)
{
    memset(&options, 0xff, sizeof options);
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_fields_init(fields, ADV_COUNT(fields), &options, &error), ADV_OK);
}

static enum adv_status from_json(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_msg(json != NULL, "the test's own JSON is wrong: %s", text);
    error = (struct adv_error)ADV_ERROR_INIT;
    enum adv_status status =
        adv_fields_from_json(fields, ADV_COUNT(fields), json, "net", &options, &error);
    json_decref(json);
    return status;
}

static enum adv_status from_text(const char *name, const char *text)
{
    error = (struct adv_error)ADV_ERROR_INIT;
    return adv_fields_from_text(fields, ADV_COUNT(fields), name, text, &options, &error);
}

static void assert_ints(const struct adv_ints *ints, size_t n, const int64_t *expected)
{
    ck_assert_uint_eq(ints->n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(ints->items[i], expected[i]);
}

static void assert_defaults(void)
{
    assert_ints(&options.sides, 2, (int64_t[]){3, 5});
    assert_ints(&options.factors, 0, NULL);
}

START_TEST(defaults_are_text_or_empty)
{
    assert_defaults();
    ck_assert_int_eq(from_json("{\"sides\": null, \"factors\": null}"), ADV_OK);
    assert_defaults();
}
END_TEST

START_TEST(arrays_are_read_and_written)
{
    const char *text = "{\"sides\": [1, 100], \"factors\": [-8, 0, 8, 8]}";
    ck_assert_int_eq(from_json(text), ADV_OK);
    assert_ints(&options.sides, 2, (int64_t[]){1, 100});
    assert_ints(&options.factors, 4, (int64_t[]){-8, 0, 8, 8});
    json_t *given = json_loads(text, 0, NULL);
    json_t *written = adv_fields_to_json(fields, ADV_COUNT(fields), &options);
    ck_assert(json_equal(given, written));
    json_decref(given);
    json_decref(written);
    ck_assert_int_eq(from_json("{\"factors\": []}"), ADV_OK);
    ck_assert_uint_eq(options.factors.n, 0);
    adv_fields_release(fields, ADV_COUNT(fields), &options);
}
END_TEST

START_TEST(texts_are_numbers_with_commas)
{
    ck_assert_int_eq(from_text("factors", "1,-2,4"), ADV_OK);
    assert_ints(&options.factors, 3, (int64_t[]){1, -2, 4});
    ck_assert_int_eq(from_text("factors", "7"), ADV_OK);
    assert_ints(&options.factors, 1, (int64_t[]){7});
    ck_assert_int_eq(from_text("factors", ""), ADV_OK);
    ck_assert_uint_eq(options.factors.n, 0);
}
END_TEST

static const struct {
    const char *json, *message;
} json_refusals[] = {
    {"{\"sides\": 3}", "net.sides is an integer; it must be a list of integers"},
    {"{\"sides\": \"3,5\"}", "net.sides is a string; it must be a list of integers"},
    {"{\"sides\": []}", "net.sides has 0 elements; it must have 2"},
    {"{\"sides\": [1, 2, 3]}", "net.sides has 3 elements; it must have 2"},
    {"{\"sides\": [1, 101]}", "net.sides[1] is 101; it must be between 1 and 100"},
    {"{\"sides\": [0.5, 1]}", "net.sides[0] is 0.5; it must be an integer"},
    {"{\"sides\": [1, null]}", "net.sides[1] is null; it must be an integer"},
    {"{\"sides\": [[1], 1]}", "net.sides[0] is an array; it must be an integer"},
};

START_TEST(json_refusals_name_the_element)
{
    ck_assert_int_eq(from_json(json_refusals[_i].json), ADV_E_INVALID);
    ck_assert_str_eq(error.message, json_refusals[_i].message);
    ck_assert_str_eq(error.field, "net.sides");
    assert_defaults();
}
END_TEST

static const struct {
    const char *text, *message;
} text_refusals[] = {
    {"1,2,3,4,5", "factors has 5 elements; it must have 0 to 4"},
    {"1,,2", "factors[1] is \"\"; it must be an integer"},
    {"1,", "factors[1] is \"\"; it must be an integer"},
    {",", "factors[0] is \"\"; it must be an integer"},
    {"1, 2", "factors[1] is \" 2\"; it must be an integer"},
    {"9", "factors[0] is 9; it must be between -8 and 8"},
    {"00000000000000000000000000000000000001",
     "factors[0] is \"0000000000000000000000000000000\"; it must be an integer"},
};

START_TEST(text_refusals_name_the_element)
{
    ck_assert_int_eq(from_text("factors", text_refusals[_i].text), ADV_E_INVALID);
    ck_assert_str_eq(error.message, text_refusals[_i].message);
    ck_assert_str_eq(error.field, "factors");
    assert_defaults();
}
END_TEST

START_TEST(a_default_of_the_wrong_length_is_a_bug)
{
    static const struct adv_field bad[] = {
        {.name = "x", .kind = ADV_FIELD_INTS, .least = 2, .most = 2, .max = 9, .fallback = "3"}};
    struct adv_ints ints;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    adv_fields_init(bad, 1, &ints, NULL);
}
END_TEST

START_TEST(help_shows_the_form)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    adv_fields_help(fields, ADV_COUNT(fields), out);
    fclose(out);
    ck_assert_str_eq(text, "  --sides N,...     sides of a picture (default 3,5)\n"
                           "  --factors N,...   factors of the levels\n");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lists of integers");
    TCase *tcase = tcase_create("ints");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, defaults_are_text_or_empty);
    tcase_add_test(tcase, arrays_are_read_and_written);
    tcase_add_test(tcase, texts_are_numbers_with_commas);
    tcase_add_loop_test(tcase, json_refusals_name_the_element, 0, (int)ADV_COUNT(json_refusals));
    tcase_add_loop_test(tcase, text_refusals_name_the_element, 0, (int)ADV_COUNT(text_refusals));
    tcase_add_test_raise_signal(tcase, a_default_of_the_wrong_length_is_a_bug, SIGABRT);
    tcase_add_test(tcase, help_shows_the_form);
    suite_add_tcase(suite, tcase);

    return suite_run(suite);
}
