/* Bodies as text: what comes of them is what jansson's tree of them says, told in the same words,
 * but without the tree. */
#include "core/base/decimal.h"
#include "tests/core/query/request_support.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"

#include <advect/extra/bytes.h>
#include <advect/extra/memory.h>
#include <advect/extra/rng.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_DECIMALS (INSTRUMENTED ? 50000 : 300000)
#define N_ROUNDS (INSTRUMENTED ? 6000 : 30000)

static uint64_t state;

static uint64_t draw(uint64_t bound)
{
    return adv_rng_word(7, 0, state++) % bound;
}

static struct asked read_text(enum adv_query_kind kind, const char *text, size_t n)
{
    struct adv_limits limits = adv_limits_default();
    struct asked asked = start(kind);
    asked.status =
        adv_request_parse_json(asked.request, model, text, n, "the body", &limits, &asked.error);
    finish(&asked, &limits);
    return asked;
}

/* ---------------------------------------------------------------- numbers */

static void write_number(char text[64])
{
    uint64_t bits = adv_rng_word(7, 1, state++);
    double any;
    memcpy(&any, &bits, sizeof any);
    switch (draw(6)) {
    case 0:
        snprintf(text, 64, "%.17e", isfinite(any) ? any : 1.0);
        break;
    case 1:
        snprintf(text, 64, "%.17g", (double)bits * 0x1p-64 - 0.5);
        break;
    case 2:
        snprintf(text, 64, "%.9g", (double)(float)((double)bits * 0x1p-60));
        break;
    case 3: /* halfway between two doubles */
        snprintf(text, 64, "%llu.0", (1ULL << 53) + 2 * (bits >> 40) + 1);
        break;
    case 4:
        snprintf(text, 64, "%llu.%llue%d", (unsigned long long)(bits >> draw(64)),
                 (unsigned long long)draw(1000000), (int)draw(70) - 35);
        break;
    default:
        snprintf(text, 64, "-%llue%d", (unsigned long long)(bits >> draw(64)), (int)draw(60) - 30);
        break;
    }
}

START_TEST(decimals_are_those_of_strtod)
{
    for (int i = 0; i < N_DECIMALS; i++) {
        char text[66], *end;
        struct adv_decimal decimal;
        write_number(text);
        double wanted = strtod(text, &end);
        strcat(text, ",");
        const char *after = adv_decimal_read(text, text + strlen(text), &decimal);
        if (isinf(wanted) || strspn(text, "-0123456789,") == strlen(text)) {
            ck_assert(!after || !isinf(wanted));
            continue;
        }
        ck_assert_msg(after == end, "%s", text);
        ck_assert_msg(!memcmp(&decimal.real, &wanted, sizeof wanted), "%s: %a, not %a", text,
                      decimal.real, wanted);
    }
}
END_TEST

START_TEST(integers_have_64_bits)
{
    static const struct {
        const char *text;
        bool taken;
        int64_t value;
    } integers[] = {{"0,", true, 0},
                    {"-0,", true, 0},
                    {"9223372036854775807,", true, INT64_MAX},
                    {"9223372036854775808,", false, 0},
                    {"-9223372036854775808,", true, INT64_MIN},
                    {"-9223372036854775809,", false, 0},
                    {"18446744073709551616,", false, 0},
                    {"01,", false, 0},
                    {"+1,", false, 0},
                    {"-,", false, 0},
                    {"7", false, 0}};
    for (size_t i = 0; i < ADV_COUNT(integers); i++) {
        struct adv_decimal decimal;
        const char *text = integers[i].text;
        const char *after = adv_decimal_read(text, text + strlen(text), &decimal);
        ck_assert_msg((after != NULL) == integers[i].taken, "%s", text);
        ck_assert(!after || (decimal.is_integer && decimal.integer == integers[i].value));
        ck_assert(!after || !signbit(decimal.real) || decimal.integer < 0);
    }
}
END_TEST

/* ---------------------------------------------------------------- flaws */

static void append(struct adv_bytes *bytes, const char *text)
{
    ck_assert_int_eq(adv_bytes_append(bytes, text, strlen(text), NULL), ADV_OK);
}

/* A body whose arrays have so many rows, its lines broken here and there, with characters of two
 * bytes before and after them. */
static struct adv_bytes write_body(size_t n_rows)
{
    struct adv_bytes body = {0};
    append(&body, "{\"\xc3\xa4\": null, \"points\":\n [");
    for (size_t i = 0; i < n_rows; i++)
        append(&body, i + 1 < n_rows ? (i % 7 ? "[1, -2.5e-3]," : "[0.25,3]\t,\n  ") : "[1,2]");
    append(&body, "], \"t\" : 0.5, \"label\": [");
    for (size_t i = 0; i < n_rows; i++)
        append(&body, i + 1 < n_rows ? "1, " : "-1");
    append(&body, "], \"space\": \"flow\",\n\"solver\": {\"method\": \"rk4\", \"steps\": 3}\n}");
    return body;
}

/* Wherever the first flaw is, it is told as jansson tells it that reads the whole; what comes after
 * something else that is wrong is not looked at. */
START_TEST(flaws_are_told_as_jansson_tells_them)
{
    static const char letters[] = "0123456789-+.eE[]{},:\"ntl \\u\n\xff";
    size_t n_flawed = 0, n_taken = 0;
    for (int round = 0; round < N_ROUNDS; round++) {
        struct adv_bytes body = write_body(round % 10 ? 5 : 400);
        for (uint64_t edits = 1 + draw(2); edits > 0; edits--)
            body.data[draw(body.n)] = (uint8_t)letters[draw(sizeof letters - 1)];
        if (draw(8) == 0)
            body.n = draw(body.n);
        char *exact = malloc(body.n + 1); /* so that a look past the end is seen */
        memcpy(exact, body.data, body.n);
        json_error_t flaw;
        json_t *json = json_loadb(exact, body.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &flaw);
        struct asked a = read_text(ADV_QUERY_LATENTS, exact, body.n);
        ck_assert_msg(json || a.status != ADV_OK, "%.*s", (int)body.n, exact);
        if (a.status == ADV_E_FORMAT) {
            char message[512];
            snprintf(message, sizeof message, "the body is not JSON: line %d, column %d: %s",
                     flaw.line, flaw.column, flaw.text);
            ck_assert_msg(!json, "%.*s", (int)body.n, exact);
            ck_assert_str_eq(a.error.message, message);
            n_flawed++;
        }
        n_taken += a.status == ADV_OK;
        done(&a);
        json_decref(json);
        free(exact);
        adv_bytes_release(&body);
    }
    ck_assert_uint_gt(n_flawed, N_ROUNDS / 6);
    ck_assert_uint_gt(n_taken, N_ROUNDS / 60);
}
END_TEST

START_TEST(what_is_read_is_what_the_tree_holds)
{
    struct adv_bytes body = {0};
    append(&body, "{\"po\\u0069nts\" : [");
    for (int i = 0; i < 2000; i++) {
        char number[64];
        struct adv_decimal fits = {0};
        do {
            write_number(number);
            strcat(number, " ");
            fits.real = strtod(number, NULL);
        } while (!(fabs(fits.real) < 3e38) ||
                 !adv_decimal_read(number, number + strlen(number), &fits));
        append(&body, i % 2 ? "," : i ? ",[" : "[");
        append(&body, number);
        append(&body, i % 2 ? "]" : "");
    }
    append(&body, "]}");
    struct asked a = read_text(ADV_QUERY_VELOCITY, (char *)body.data, body.n);
    check_ok(&a, "points");
    json_t *json = json_loadb((char *)body.data, body.n, 0, NULL);
    json_t *rows = json_object_get(json, "points");
    ck_assert_uint_eq(a.query.n, json_array_size(rows));
    for (size_t i = 0; i < a.query.n; i++) {
        for (size_t k = 0; k < 2; k++) {
            float wanted = (float)json_number_value(json_array_get(json_array_get(rows, i), k));
            ck_assert(!memcmp(&a.query.points[2 * i + k], &wanted, sizeof wanted));
        }
    }
    json_decref(json);
    adv_bytes_release(&body);
    done(&a);
}
END_TEST

/* ---------------------------------------------------------------- the first that is wrong */

/* text, then what is repeated until the body has n_bytes. */
static struct adv_bytes repeat(const char *text, const char *unit, size_t n_bytes)
{
    char units[4096] = "";
    size_t n_unit = strlen(unit), n_units = 0;
    while (n_units + n_unit < sizeof units) {
        memcpy(units + n_units, unit, n_unit + 1);
        n_units += n_unit;
    }
    struct adv_bytes body = {0};
    append(&body, text);
    while (body.n < n_bytes)
        append(&body, units);
    return body;
}

static const struct {
    enum adv_query_kind kind;
    const char *text, *unit, *field, *message;
} wrong[] = {
    {ADV_QUERY_SAMPLES, "{\"x0\": [", "{},", "x0",
     "x0[0] is an object; it must be an array of numbers"},
    {ADV_QUERY_SAMPLES, "{\"x0\": [[1,2],[3", ",4", "x0", NULL},
    {ADV_QUERY_LATENTS, "{\"points\": [[1,2],[3,true", ",4", "points",
     "points[1][1] is a boolean; it must be a number"},
    {ADV_QUERY_LATENTS, "{\"points\": [[[", "[", "points",
     "points[0][0] is an array; it must be a number"},
    {ADV_QUERY_LATENTS, "{\"points\": [[1,2],[1e39,2]", ",[1,2]", "points",
     "points[1][0] is 1e+39; it must fit float32, at most 3.4e38 either way"},
    {ADV_QUERY_LATENTS, "{\"points\": [[1,2,3]", ",[1,2]", "points",
     "points[0] has 3 numbers; it must have 2 (the model's dimension)"},
    {ADV_QUERY_LATENTS, "{\"points\": [[1,2],[1]", ",[1,2]", "points",
     "points[1] has 1 number; it must have 2, as points[0] has"},
    {ADV_QUERY_SAMPLES, "{\"label\": [1,2,true", ",3", "label",
     "label[2] is a boolean; it must be a class, its number or its name"},
    {ADV_QUERY_TRAJECTORIES, "{\"times\": [0,0.5,0.5", ",1", "times",
     "times[2] is 0.5; times must ascend, and the one before is 0.5"},
    {ADV_QUERY_LATENTS, "{\"pionts\": [[1,2]", ",[1,2]", NULL, NULL},
    {ADV_QUERY_LATENTS, "{\"solver\": {", "\"a\":[],", "",
     "the body has more than 65536 bytes beside its arrays of numbers; no request needs them"},
};

/* A tree of such a body would be 70 times its size; here nothing is kept of what is wrong. */
START_TEST(reading_stops_at_the_first_that_is_wrong)
{
    const size_t n_bytes = 2000000;
    struct adv_bytes body = repeat(wrong[_i].text, wrong[_i].unit, n_bytes);
    size_t before = alloc_fail_n_bytes();
    struct asked a = read_text(wrong[_i].kind, (char *)body.data, body.n);
    ck_assert_uint_lt(alloc_fail_n_bytes() - before, n_bytes / 4);
    ck_assert_int_ne(a.status, ADV_OK);
    if (wrong[_i].message) {
        ck_assert_str_eq(a.error.message, wrong[_i].message);
        ck_assert_str_eq(a.error.field, wrong[_i].field);
    }
    done(&a);
    adv_bytes_release(&body);
}
END_TEST

/* Named with its length, as a short one is. */
START_TEST(rows_beyond_the_limit_are_counted_not_kept)
{
    struct adv_limits limits = adv_limits_default();
    limits.rows = 100;
    struct adv_bytes body = repeat("{\"points\": [[1,2]", ",[1,2]", 1000000);
    append(&body, "]}");
    struct asked a = start(ADV_QUERY_LATENTS);
    size_t before = alloc_fail_n_bytes();
    a.status =
        adv_request_parse_json(a.request, NULL, body.data, body.n, "the body", &limits, &a.error);
    ck_assert_uint_lt(alloc_fail_n_bytes() - before, 100000);
    char message[64];
    snprintf(message, sizeof message, "points has %zu entries; the limit is 100",
             (body.n - strlen("{\"points\": []}") + 1) / strlen("[1,2],"));
    ck_assert_str_eq(a.error.message, message);
    done(&a);
    adv_bytes_release(&body);
}
END_TEST

START_TEST(a_misspelt_name_is_told_whatever_its_length)
{
    struct adv_bytes body = repeat("{\"pionts\": [[1,2]", ",[1,2]", 1000000);
    append(&body, "]}");
    struct asked a = read_text(ADV_QUERY_LATENTS, (char *)body.data, body.n);
    ck_assert_int_eq(a.status, ADV_E_INVALID);
    ck_assert_str_eq(a.error.field, "pionts");
    ck_assert_ptr_nonnull(strstr(a.error.message, "points"));
    done(&a);
    adv_bytes_release(&body);
}
END_TEST

START_TEST(blanks_are_free)
{
    struct adv_bytes body = repeat("{\"points\": ", " \n", 1000000);
    append(&body, "[[1, 2]]");
    struct adv_bytes tabs = repeat("", "\t", 1000000), lines = repeat("}", "\n", 1000000);
    ck_assert_int_eq(adv_bytes_append(&body, tabs.data, tabs.n, NULL), ADV_OK);
    ck_assert_int_eq(adv_bytes_append(&body, lines.data, lines.n, NULL), ADV_OK);
    struct asked a = read_text(ADV_QUERY_LATENTS, (char *)body.data, body.n);
    check_ok(&a, "blanks");
    done(&a);
    adv_bytes_release(&tabs);
    adv_bytes_release(&lines);
    adv_bytes_release(&body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request body");
    TCase *tests = tcase_create("request body");
    tcase_add_checked_fixture(tests, set_up_models, tear_down_models);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, decimals_are_those_of_strtod);
    tcase_add_test(tests, integers_have_64_bits);
    tcase_add_test(tests, flaws_are_told_as_jansson_tells_them);
    tcase_add_test(tests, what_is_read_is_what_the_tree_holds);
    tcase_add_loop_test(tests, reading_stops_at_the_first_that_is_wrong, 0, (int)ADV_COUNT(wrong));
    tcase_add_test(tests, rows_beyond_the_limit_are_counted_not_kept);
    tcase_add_test(tests, a_misspelt_name_is_told_whatever_its_length);
    tcase_add_test(tests, blanks_are_free);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
