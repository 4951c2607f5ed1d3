/* Names that are nearly right, and what is text at all. */
#include "core/base/words.h"

#include <advect/extra/memory.h>
#include <advect/extra/words.h>

#include "tests/support/suite.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* What stands in a message: readable in any script, harmless on a terminal, cut between
 * characters. */
START_TEST(input_in_messages_is_printable)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"\xe2\x88\x92"
         "1",
         "\xe2\x88\x92"
         "1"}, /* U+2212, a minus */
        {"na\xc3\xafve \xf0\x9f\x98\x80", "na\xc3\xafve \xf0\x9f\x98\x80"},
        {"a\x1b[31mb\x7f\n", "a?[31mb??"},
        {"\xc2\x85 \xe2\x80\xae"
         "x",
         "?? ???"
         "x"}, /* U+0085 and U+202E: next line, right to left */
        {"\xff\xc3", "??"},
        {"\xc0\xaf \xed\xa0\x80", "?? ???"}, /* overlong, and half of a pair */
    };
    char out[ADV_PRINTABLE_MAX];
    for (size_t i = 0; i < ADV_COUNT(cases); i++)
        ck_assert_str_eq(adv_printable(cases[i][0], strlen(cases[i][0]), out), cases[i][1]);

    char euros[300] = "";
    for (int i = 0; i < 90; i++)
        strcat(euros, "\xe2\x82\xac");
    for (size_t skip = 0; skip < 3; skip++) {
        memcpy(euros, "aaa", skip);
        memmove(euros + skip, euros + 3, strlen(euros + 3) + 1);
        const char *shown = adv_printable(euros, strlen(euros), out);
        size_t n = strlen(shown);
        ck_assert(adv_is_utf8(shown, n) && n < ADV_PRINTABLE_MAX);
        ck_assert_str_eq(shown + n - 3, "...");
        struct adv_quoted quoted = adv_quote(euros);
        n = strlen(quoted.text);
        ck_assert(adv_is_utf8(quoted.text, n));
        ck_assert_str_eq(quoted.text + n - 4, "...\"");
    }
}
END_TEST

START_TEST(nearest_names)
{
    static const char *const names[] = {"checkerboard", "gaussian", "rings", "steps", NULL};
    static const char *const pairs[][2] = {
        {"checkerbord", "checkerboard"},
        {"chekcerboard", "checkerboard"},
        {"gausian", "gaussian"},
        {"ring", "rings"},
        {"stesp", "steps"},
        {"rings", "rings"},
        {"spirals", NULL},
        {"", NULL},
        {"s", NULL},
        {"checkers", NULL},
    };
    for (size_t i = 0; i < ADV_COUNT(pairs); i++) {
        const char *nearest = adv_nearest_name(pairs[i][0], names);
        if (pairs[i][1])
            ck_assert_pstr_eq(nearest, pairs[i][1]);
        else
            ck_assert_msg(!nearest, "%s is not near %s", pairs[i][0], nearest);
    }
    char endless[2000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    ck_assert_ptr_null(adv_nearest_name(endless, names));
}
END_TEST

START_TEST(names_are_found_or_refused_with_the_choices)
{
    static const char *const names[] = {"euler", "midpoint", "rk4", NULL};
    static const struct {
        const char *name, *message; /* NULL: found */
    } cases[] = {
        {"euler", NULL},
        {"rk4", NULL},
        {"rk5", "method is \"rk5\"; it must be one of euler, midpoint, rk4; did you mean \"rk4\"?"},
        {"", "method is \"\"; it must be one of euler, midpoint, rk4"},
        {"\x1b[2J", "method is \"?[2J\"; it must be one of euler, midpoint, rk4"},
        {NULL, "method is missing; it must be one of euler, midpoint, rk4"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct adv_error error = ADV_ERROR_INIT;
        size_t index = 99;
        enum adv_status status = adv_find_name("method", cases[i].name, names, &index, &error);
        if (cases[i].message) {
            ck_assert_int_eq(status, ADV_E_INVALID);
            ck_assert_uint_eq(index, 99);
            ck_assert_str_eq(error.field, "method");
            ck_assert_str_eq(error.message, cases[i].message);
        } else {
            ck_assert_int_eq(status, ADV_OK);
            ck_assert_str_eq(names[index], cases[i].name);
        }
    }
}
END_TEST

/* jansson makes strings of nothing but UTF-8. The copy ends where the text does, for the sanitizers
 * to see who reads on. */
static void check_utf8(const unsigned char *bytes, size_t n)
{
    char *text = malloc(n);
    memcpy(text, bytes, n);
    json_t *string = json_stringn(text, n);
    ck_assert_msg(adv_is_utf8(text, n) == (string != NULL), "%02x %02x %02x %02x", bytes[0],
                  bytes[1], bytes[2], bytes[3]);
    json_decref(string);
    free(text);
}

/* All one- and two-byte texts, and longer ones of the bytes at which the rules change. */
START_TEST(utf8_is_what_jansson_takes_for_it)
{
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                          0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5};
    const size_t n = ADV_COUNT(edges);
    for (unsigned i = 0; i < 65536; i++) {
        const unsigned char bytes[4] = {(unsigned char)(i >> 8), (unsigned char)i};
        check_utf8(bytes, 1);
        check_utf8(bytes, 2);
    }
    for (size_t i = 0; i < n * n * n * n; i++) {
        const unsigned char bytes[4] = {edges[i / n / n / n], edges[i / n / n % n],
                                        edges[i / n % n], edges[i % n]};
        check_utf8(bytes, 4);
        if (i % n == 0)
            check_utf8(bytes, 3);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *tests = tcase_create("words");
    tcase_add_test(tests, input_in_messages_is_printable);
    tcase_add_test(tests, nearest_names);
    tcase_add_test(tests, names_are_found_or_refused_with_the_choices);
    tcase_add_test(tests, utf8_is_what_jansson_takes_for_it);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
