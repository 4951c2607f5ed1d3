/* Settings from JSON and text: bounds, types, defaults, suggestions, and that a
 * refused source leaves the options as they were. */
#include <advect/extra/fields.h>
#include <advect/extra/memory.h>
#include <advect/extra/words.h>

#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct options {
    int64_t steps;
    double learning_rate;
    int64_t method;
    char *name;
    json_t *net;
    bool quiet;
    int64_t seed;
};

static const char *const methods[] = {"euler", "midpoint", "rk4", NULL};

static const struct adv_field fields[] = {
    {.name = "steps",
     .kind = ADV_FIELD_INT,
     .offset = offsetof(struct options, steps),
     .min = 1,
     .max = 10000,
     .fallback = "1000",
     .help = "optimiser steps"},
    {.name = "learning_rate",
     .kind = ADV_FIELD_REAL,
     .offset = offsetof(struct options, learning_rate),
     .min = 0,
     .max = INFINITY,
     .fallback = "1e-3",
     .unit = "per step",
     .help = "step length"},
    {.name = "method",
     .kind = ADV_FIELD_CHOICE,
     .offset = offsetof(struct options, method),
     .choices = methods,
     .fallback = "rk4",
     .help = "solver"},
    {.name = "name",
     .kind = ADV_FIELD_STRING,
     .offset = offsetof(struct options, name),
     .min = 1,
     .max = 8,
     .fallback = "flow",
     .help = "name of the model"},
    {.name = "net",
     .kind = ADV_FIELD_JSON,
     .offset = offsetof(struct options, net),
     .help = "network"},
    {.name = "quiet", .kind = ADV_FIELD_BOOL, .offset = offsetof(struct options, quiet)},
    {.name = "seed",
     .kind = ADV_FIELD_INT,
     .offset = offsetof(struct options, seed),
     .min = -0x1p63,
     .max = 0x1p63},
};
#define N_FIELDS (ADV_COUNT(fields))

static struct options options;
static struct adv_error error;

static void set_up(void)
{
    memset(&options, 0, sizeof options);
    error = (struct adv_error)ADV_ERROR_INIT;
    ck_assert_int_eq(adv_fields_init(fields, N_FIELDS, &options, &error), ADV_OK);
}

static void tear_down(void)
{
    adv_fields_release(fields, N_FIELDS, &options);
}

static enum adv_status from_json(const char *text, const char *where)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_msg(json != NULL, "the test's own JSON is wrong: %s", text);
    error = (struct adv_error)ADV_ERROR_INIT;
    enum adv_status status = adv_fields_from_json(fields, N_FIELDS, json, where, &options, &error);
    json_decref(json);
    return status;
}

static enum adv_status from_text(const char *name, const char *text)
{
    error = (struct adv_error)ADV_ERROR_INIT;
    return adv_fields_from_text(fields, N_FIELDS, name, text, &options, &error);
}

/* ---------------------------------------------------------------- defaults and ownership */

static void assert_defaults(void)
{
    ck_assert_int_eq(options.steps, 1000);
    ck_assert(options.learning_rate == 1e-3);
    ck_assert_int_eq(options.method, 2);
    ck_assert_str_eq(options.name, "flow");
    ck_assert_ptr_null(options.net);
    ck_assert(!options.quiet);
    ck_assert_int_eq(options.seed, 0);
}

START_TEST(defaults)
{
    assert_defaults();
}
END_TEST

/* What older programs do not know is not written unless it is used. */
START_TEST(a_default_may_be_left_out)
{
    static const struct adv_field row = {.name = "late",
                                         .kind = ADV_FIELD_INT,
                                         .min = -1,
                                         .max = 9,
                                         .fallback = "-1",
                                         .omit_default = true};
    int64_t value = -1;
    json_t *without = adv_fields_to_json(&row, 1, &value);
    ck_assert_uint_eq(json_object_size(without), 0);
    value = 3;
    json_t *with = adv_fields_to_json(&row, 1, &value);
    ck_assert_int_eq(json_integer_value(json_object_get(with, "late")), 3);
    json_decref(without);
    json_decref(with);
}
END_TEST

START_TEST(release_twice_is_safe)
{
    adv_fields_release(fields, N_FIELDS, &options);
    ck_assert_ptr_null(options.name);
    adv_fields_release(fields, N_FIELDS, &options);
}
END_TEST

START_TEST(bad_default_is_a_bug)
{
    static const struct adv_field bad[] = {
        {.name = "x", .kind = ADV_FIELD_INT, .min = 1, .max = 2, .fallback = "3"}};
    int64_t x;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    adv_fields_init(bad, 1, &x, NULL);
}
END_TEST

/* ---------------------------------------------------------------- JSON */

START_TEST(json_sets_every_kind)
{
    ck_assert_int_eq(from_json("{\"steps\": 3.0, \"learning_rate\": 2, \"method\": \"euler\","
                               " \"name\": \"h\xc3\xa9\", \"net\": {\"kind\": [1]},"
                               " \"quiet\": true, \"seed\": -9223372036854775808}",
                               NULL),
                     ADV_OK);
    ck_assert_int_eq(options.steps, 3);
    ck_assert(options.learning_rate == 2.0);
    ck_assert_int_eq(options.method, 0);
    ck_assert_str_eq(options.name, "h\xc3\xa9");
    ck_assert_int_eq((int)json_array_size(json_object_get(options.net, "kind")), 1);
    ck_assert(options.quiet);
    ck_assert(options.seed == INT64_MIN);
}
END_TEST

START_TEST(json_null_means_the_default)
{
    ck_assert_int_eq(from_json("{\"steps\": 5, \"name\": \"x\", \"net\": 1}", NULL), ADV_OK);
    ck_assert_int_eq(from_json("{\"steps\": null, \"name\": null, \"net\": null}", NULL), ADV_OK);
    assert_defaults();
}
END_TEST

START_TEST(absent_members_keep_their_values)
{
    ck_assert_int_eq(from_json("{\"steps\": 5, \"name\": \"x\"}", NULL), ADV_OK);
    ck_assert_int_eq(from_json("{\"quiet\": true}", NULL), ADV_OK);
    ck_assert_int_eq(options.steps, 5);
    ck_assert_str_eq(options.name, "x");
}
END_TEST

/* The members of an options struct are independent of the JSON that set them. */
START_TEST(json_values_are_copies)
{
    json_t *json = json_pack("{s: {s: i}}", "net", "width", 3);
    ck_assert_int_eq(adv_fields_from_json(fields, N_FIELDS, json, NULL, &options, &error), ADV_OK);
    json_object_set_new(json_object_get(json, "net"), "width", json_integer(4));
    json_decref(json);
    ck_assert_int_eq(json_integer_value(json_object_get(options.net, "width")), 3);
}
END_TEST

static const struct {
    const char *json, *where, *field, *message;
} refusals[] = {
    {"{\"stepz\": 1}", NULL, "stepz", "\"stepz\" is not a known field; did you mean \"steps\"?"},
    {"{\"stpes\": 1}", "solver", "solver.stpes",
     "\"stpes\" is not a known field of solver; did you mean \"steps\"?"},
    {"{\"colour\": 1}", NULL, "colour",
     "\"colour\" is not a known field; the fields are steps, learning_rate, method, name, net, "
     "quiet, seed"},
    {"{\"steps\": 0}", "solver", "solver.steps",
     "solver.steps is 0; it must be between 1 and 10000"},
    {"{\"steps\": 10001}", NULL, "steps", "steps is 10001; it must be between 1 and 10000"},
    {"{\"steps\": 1e300}", NULL, "steps", "steps is 1e+300; it must be between 1 and 10000"},
    {"{\"steps\": 1.5}", NULL, "steps", "steps is 1.5; it must be an integer"},
    {"{\"steps\": \"7\"}", NULL, "steps", "steps is a string; it must be an integer"},
    {"{\"steps\": true}", NULL, "steps", "steps is a boolean; it must be an integer"},
    {"{\"seed\": 9223372036854775808.0}", NULL, "seed",
     "seed is 9.22337203685478e+18; it must be between -9.22337203685478e+18 and "
     "9.22337203685478e+18"},
    {"{\"learning_rate\": -1}", NULL, "learning_rate",
     "learning_rate is -1; it must be at least 0"},
    {"{\"learning_rate\": [1]}", NULL, "learning_rate",
     "learning_rate is an array; it must be a number"},
    {"{\"method\": \"eular\"}", NULL, "method",
     "method is \"eular\"; it must be one of euler, midpoint, rk4; did you mean \"euler\"?"},
    {"{\"method\": 1}", NULL, "method",
     "method is an integer; it must be one of euler, midpoint, rk4"},
    {"{\"name\": \"\"}", NULL, "name", "name is 0 bytes long; its length must be between 1 and 8"},
    {"{\"name\": {}}", NULL, "name", "name is an object; it must be a string"},
    {"{\"quiet\": 1}", NULL, "quiet", "quiet is an integer; it must be true or false"},
    {"[1]", "solver", "solver", "solver must be a JSON object"},
    {"null", NULL, "", "the value must be a JSON object"},
};

START_TEST(json_refusals_say_what_and_why)
{
    ck_assert_int_eq(from_json(refusals[_i].json, refusals[_i].where), ADV_E_INVALID);
    ck_assert_int_eq(error.status, ADV_E_INVALID);
    ck_assert_str_eq(error.message, refusals[_i].message);
    ck_assert_str_eq(error.field, refusals[_i].field);
    assert_defaults();
}
END_TEST

START_TEST(one_bad_member_leaves_all_as_they_were)
{
    ck_assert_int_eq(from_json("{\"steps\": 5, \"name\": \"other\", \"net\": {}, \"quiet\": true,"
                               " \"seed\": \"x\"}",
                               NULL),
                     ADV_E_INVALID);
    assert_defaults();
}
END_TEST

START_TEST(required_members)
{
    static const struct adv_field required[] = {
        {.name = "dim", .kind = ADV_FIELD_INT, .min = 1, .max = 8, .required = true}};
    static const char *const without[] = {"{}", "{\"dim\": null}"};
    int64_t dim = 77;
    for (int i = 0; i < 2; i++) {
        json_t *json = json_loads(without[i], 0, NULL);
        error = (struct adv_error)ADV_ERROR_INIT;
        ck_assert_int_eq(adv_fields_from_json(required, 1, json, "net", &dim, &error),
                         ADV_E_INVALID);
        json_decref(json);
        ck_assert_str_eq(error.message, "net.dim is missing");
        ck_assert_int_eq(dim, 77);
    }
}
END_TEST

/* What a request says may be long, and need not be text: messages are bounded and printable. */
START_TEST(hostile_names_are_tamed)
{
    static char json[4000];
    for (int quotes = 0; quotes < 2; quotes++) {
        char *at = json + sprintf(json, quotes ? "{\"method\": \"" : "{\"");
        for (int i = 0; i < 700; i++)
            at += sprintf(at, "\xe2\x82\xac\\n");
        strcpy(at, quotes ? "\"}" : "\": 1}");
        ck_assert_int_eq(from_json(json, NULL), ADV_E_INVALID);
        ck_assert_uint_lt(strlen(error.message), 200);
        ck_assert(adv_is_utf8(error.message, strlen(error.message)));
        for (const char *c = error.message; *c; c++)
            ck_assert((unsigned char)*c >= ' ' && *c != 0x7f);
        for (const char *c = error.field; *c; c++)
            ck_assert(*c >= ' ' && *c < 0x7f);
    }
}
END_TEST

/* Doubles near 2^53 and 2^63 cannot tell neighbouring integers apart; the comparison must. */
START_TEST(integer_bounds_are_exact)
{
    static const struct {
        double min, max;
        const char *text;
        bool allowed;
    } cases[] = {
        {0, 0x1p53, "9007199254740992", true},
        {0, 0x1p53, "9007199254740993", false},
        {-0x1p53, 0, "-9007199254740992", true},
        {-0x1p53, 0, "-9007199254740993", false},
        {0, 0x1p62, "4611686018427387904", true},
        {0, 0x1p62, "4611686018427387905", false},
        {0, 9223372036854774784.0, "9223372036854774784", true},
        {0, 9223372036854774784.0, "9223372036854774785", false},
        {0, 0x1p63, "9223372036854775807", true},
        {0, 0x1p63, "9223372036854775808", false},
        {-0x1p63, 0, "-9223372036854775808", true},
        {-INFINITY, 0, "-9223372036854775809", false},
        {-INFINITY, INFINITY, "9223372036854775807", true},
        {0x1p63, INFINITY, "9223372036854775807", false},
        {-INFINITY, -0x1p64, "-9223372036854775808", false},
        {0.5, 1.5, "0", false},
        {0.5, 1.5, "1", true},
        {0.5, 1.5, "2", false},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        const struct adv_field field = {
            .name = "k", .kind = ADV_FIELD_INT, .min = cases[i].min, .max = cases[i].max};
        int64_t k = 0;
        enum adv_status status = adv_fields_from_text(&field, 1, "k", cases[i].text, &k, NULL);
        ck_assert_msg(status == (cases[i].allowed ? ADV_OK : ADV_E_INVALID), "%s in [%g, %g]",
                      cases[i].text, cases[i].min, cases[i].max);
        if (cases[i].allowed)
            ck_assert(k == strtoll(cases[i].text, NULL, 10));
    }
}
END_TEST

/* ---------------------------------------------------------------- text */

START_TEST(text_sets_every_kind)
{
    ck_assert_int_eq(from_text("steps", "1e3"), ADV_OK);
    ck_assert_int_eq(options.steps, 1000);
    ck_assert_int_eq(from_text("steps", "12"), ADV_OK);
    ck_assert_int_eq(options.steps, 12);
    ck_assert_int_eq(from_text("learning-rate", "2.5e-4"), ADV_OK);
    ck_assert(options.learning_rate == 2.5e-4);
    ck_assert_int_eq(from_text("learning_rate", ".5"), ADV_OK);
    ck_assert(options.learning_rate == 0.5);
    ck_assert_int_eq(from_text("method", "midpoint"), ADV_OK);
    ck_assert_int_eq(options.method, 1);
    ck_assert_int_eq(from_text("name", "other"), ADV_OK);
    ck_assert_str_eq(options.name, "other");
    ck_assert_int_eq(from_text("net", "{\"kind\": \"mlp\"}"), ADV_OK);
    ck_assert_str_eq(json_string_value(json_object_get(options.net, "kind")), "mlp");
    ck_assert_int_eq(from_text("net", "null"), ADV_OK);
    ck_assert_ptr_null(options.net);
}
END_TEST

START_TEST(text_booleans)
{
    static const char *const yes[] = {"true", "yes", "1", ""}, *const no[] = {"false", "no", "0"};
    for (size_t i = 0; i < ADV_COUNT(yes); i++) {
        options.quiet = false;
        ck_assert_int_eq(from_text("quiet", yes[i]), ADV_OK);
        ck_assert(options.quiet);
    }
    for (size_t i = 0; i < ADV_COUNT(no); i++) {
        options.quiet = true;
        ck_assert_int_eq(from_text("quiet", no[i]), ADV_OK);
        ck_assert(!options.quiet);
    }
    ck_assert_int_eq(from_text("quiet", "maybe"), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "quiet is \"maybe\"; it must be true or false");
}
END_TEST

START_TEST(numbers_are_read_whole_or_not_at_all)
{
    static const char *const wrong[] = {"",    " 1",    "1 ",       "+1", "0x10", "1,5",   "1e",
                                        "1e+", "nan",   "inf",      "-",  ".",    "1.2.3", "1f",
                                        "--1", "1_000", "infinity", "e5", "-.e1"};
    for (size_t i = 0; i < ADV_COUNT(wrong); i++) {
        ck_assert_msg(from_text("learning_rate", wrong[i]) == ADV_E_INVALID, "\"%s\"", wrong[i]);
        ck_assert_msg(from_text("steps", wrong[i]) == ADV_E_INVALID, "\"%s\"", wrong[i]);
    }
    ck_assert_int_eq(from_text("steps", "abc"), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "steps is \"abc\"; it must be an integer");
    ck_assert_int_eq(from_text("learning_rate", "1e999"), ADV_E_INVALID);
    ck_assert_int_eq(from_text("steps", "99999999999999999999"), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "steps is 1e+20; it must be between 1 and 10000");
    assert_defaults();
}
END_TEST

START_TEST(text_refusals)
{
    ck_assert_int_eq(from_text("lerning-rate", "1"), ADV_E_INVALID);
    ck_assert_str_eq(error.message,
                     "\"lerning-rate\" is not a known field; did you mean \"learning_rate\"?");
    ck_assert_int_eq(from_text("net", "{"), ADV_E_INVALID);
    ck_assert_str_eq(error.field, "net");
    ck_assert_int_eq(from_text("name", "\xff"), ADV_E_INVALID);
    ck_assert_str_eq(error.message, "name is not valid UTF-8; it must be a string");
    ck_assert_int_eq(from_text("name", "a long name"), ADV_E_INVALID);
    assert_defaults();
}
END_TEST

START_TEST(text_must_be_utf8)
{
    static const char *const good[] = {
        "a\x7f",        "\xc2\x80",     "\xdf\xbf",         "\xe0\xa0\x80",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\xaf",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff"};
    for (size_t i = 0; i < ADV_COUNT(good); i++)
        ck_assert_msg(from_text("name", good[i]) == ADV_OK, "good[%zu]", i);
    for (size_t i = 0; i < ADV_COUNT(bad); i++)
        ck_assert_msg(from_text("name", bad[i]) == ADV_E_INVALID, "bad[%zu]", i);
}
END_TEST

/* ---------------------------------------------------------------- without memory */

/* Without JSON as text: jansson calls some failures of its parser's memory errors of syntax. */
static enum adv_status read_and_write(void *context, struct adv_error *flaw)
{
    struct options fresh = {0};
    json_t *json = NULL;
    enum adv_status status = adv_fields_init(fields, N_FIELDS, &fresh, flaw);
    if (status == ADV_OK)
        status = adv_fields_from_json(fields, N_FIELDS, context, NULL, &fresh, flaw);
    if (status == ADV_OK)
        status = adv_fields_from_text(fields, N_FIELDS, "name", "other", &fresh, flaw);
    if (status == ADV_OK && !(json = adv_fields_to_json(fields, N_FIELDS, &fresh)))
        status = adv_fail(flaw, ADV_E_MEMORY, "out of memory");
    json_decref(json);
    adv_fields_release(fields, N_FIELDS, &fresh);
    return status;
}

START_TEST(failing_allocations_are_reported)
{
    json_t *json =
        json_loads("{\"name\": \"x\", \"net\": {\"a\": [1, 2, {\"b\": null}]}}", 0, NULL);
    ck_assert_int_gt(alloc_fail_each(read_and_write, json), 20);
    json_decref(json);
}
END_TEST

/* ---------------------------------------------------------------- output */

START_TEST(to_json_round_trips)
{
    const char *text = "{\"steps\": 7, \"learning_rate\": 0.1, \"method\": \"midpoint\","
                       " \"name\": \"x\", \"net\": [1, 2], \"quiet\": true, \"seed\": 1}";
    ck_assert_int_eq(from_json(text, NULL), ADV_OK);
    json_t *given = json_loads(text, 0, NULL);
    json_t *written = adv_fields_to_json(fields, N_FIELDS, &options);
    ck_assert(json_equal(given, written));
    json_decref(given);
    json_decref(written);
}
END_TEST

START_TEST(to_json_leaves_out_null_members)
{
    adv_fields_release(fields, N_FIELDS, &options);
    json_t *written = adv_fields_to_json(fields, N_FIELDS, &options);
    ck_assert_uint_eq(json_object_size(written), N_FIELDS - 2);
    ck_assert_ptr_null(json_object_get(written, "name"));
    ck_assert_ptr_null(json_object_get(written, "net"));
    json_decref(written);
}
END_TEST

START_TEST(help_is_aligned)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    adv_fields_help(fields, 4, out);
    fclose(out);
    ck_assert_str_eq(text, "  --steps N           optimiser steps (default 1000)\n"
                           "  --learning-rate X   step length (default 1e-3 per step)\n"
                           "  --method NAME       solver: euler, midpoint, rk4 (default rk4)\n"
                           "  --name TEXT         name of the model (default flow)\n");
    free(text);
}
END_TEST

/* No line is wider than 100 columns; a default stays in one piece. */
START_TEST(long_help_goes_on_below)
{
    static const struct adv_field wordy[] = {
        {.name = "a",
         .kind = ADV_FIELD_BOOL,
         .help =
             "twelve twelve twelve twelve twelve twelve twelve twelve twelve twelve twelve twelve "
             "eleven e"},
        {.name = "b",
         .kind = ADV_FIELD_INT,
         .min = 1,
         .max = 9,
         .fallback = "3",
         .unit = "ms",
         .help = "twelve twelve twelve twelve twelve twelve twelve twelve twelve twelve twelve"},
    };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    adv_fields_help(wordy, 2, out);
    fclose(out);
    ck_assert_str_eq(
        text, "  --a     twelve twelve twelve twelve twelve twelve twelve twelve twelve twelve "
              "twelve twelve eleven\n"
              "          e\n"
              "  --b N   twelve twelve twelve twelve twelve twelve twelve twelve twelve twelve "
              "twelve\n"
              "          (default 3 ms)\n");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fields");
    TCase *json = tcase_create("json");
    tcase_add_checked_fixture(json, set_up, tear_down);
    tcase_add_test(json, defaults);
    tcase_add_test(json, release_twice_is_safe);
    tcase_add_test(json, a_default_may_be_left_out);
    tcase_add_test_raise_signal(json, bad_default_is_a_bug, SIGABRT);
    tcase_add_test(json, json_sets_every_kind);
    tcase_add_test(json, json_null_means_the_default);
    tcase_add_test(json, absent_members_keep_their_values);
    tcase_add_test(json, json_values_are_copies);
    tcase_add_loop_test(json, json_refusals_say_what_and_why, 0, (int)(ADV_COUNT(refusals)));
    tcase_add_test(json, one_bad_member_leaves_all_as_they_were);
    tcase_add_test(json, required_members);
    tcase_add_test(json, hostile_names_are_tamed);
    tcase_add_test(json, integer_bounds_are_exact);
    suite_add_tcase(suite, json);

    TCase *text = tcase_create("text");
    tcase_add_checked_fixture(text, set_up, tear_down);
    tcase_add_test(text, text_sets_every_kind);
    tcase_add_test(text, text_booleans);
    tcase_add_test(text, numbers_are_read_whole_or_not_at_all);
    tcase_add_test(text, text_refusals);
    tcase_add_test(text, text_must_be_utf8);
    tcase_add_test(text, failing_allocations_are_reported);
    suite_add_tcase(suite, text);

    TCase *output = tcase_create("output");
    tcase_add_checked_fixture(output, set_up, tear_down);
    tcase_add_test(output, to_json_round_trips);
    tcase_add_test(output, to_json_leaves_out_null_members);
    tcase_add_test(output, help_is_aligned);
    tcase_add_test(output, long_help_goes_on_below);
    suite_add_tcase(suite, output);

    return suite_run(suite);
}
