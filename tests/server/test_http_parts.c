/* Parts of the daemon by themselves: what Accept likes, with the examples of RFC 9110; how a target
 * is cut and decoded, with those of RFC 3986 and RFC 9112; and the order of shards' turns. */
#include "server/http/negotiate.h"
#include "server/http/target.h"
#include "server/jobs/ticket.h"

#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- Accept */

static const char by_text[] = "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, "
                              "text/plain;format=fixed;q=0.4, */*;q=0.5"; /* RFC 9110, 12.5.1 */

static const struct {
    const char *accept, *type;
    double quality;
} likings[] = {
    {by_text, "text/plain", 0.7},
    {by_text, "text/html", 0.3},
    {by_text, "image/jpeg", 0.5},
    {"audio/*; q=0.2, audio/basic", "audio/basic", 1},
    {"audio/*; q=0.2, audio/basic", "audio/mpeg", 0.2},
    {"audio/*; q=0.2, audio/basic", "text/plain", 0},
    {"text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c", "text/x-dvi", 0.8},
    /* No header, or an empty one, likes everything. */
    {NULL, "image/png", 1},
    {"", "image/png", 1},
    {" \t", "image/png", 1},
    /* Types are compared without case, as is the name q (8.3.1, 5.6.6). */
    {"IMAGE/PNG;Q=0.25", "image/png", 0.25},
    {"image/*", "imagex/png", 0},
    /* The most specific range decides, wherever it stands (12.5.1). */
    {"*/*, image/png;q=0", "image/png", 0},
    {"image/png;q=0.1, */*", "image/png", 0.1},
    {"image/*;q=0.2, */*;q=0.9", "image/png", 0.2},
    /* As old clients write it: * for every type, a weight without its 0. */
    {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json", 0.2},
    {"*", "image/png", 1},
    {"*;q=0.5, image/*", "image/png", 1},
    {"image/png;q=.", "image/png", 0},
    {"*", "gzip", 1},
    {"gzip;q=0, *", "gzip", 0},
    /* Weights have at most three decimals and do not exceed 1 (12.4.2): others do not count. */
    {"image/png;q=0.123", "image/png", 0.123},
    {"image/png;q=1.000", "image/png", 1},
    {"image/png;q=0.1234", "image/png", 0},
    {"image/png;q=1.1", "image/png", 0},
    {"image/png;q=2", "image/png", 0},
    {"image/png;q=", "image/png", 0},
    {"image/png;q=x, image/png;q=0.5", "image/png", 0.5},
    /* Empty elements of a list are passed over (5.6.1.2). */
    {", ,image/png;q=0.5,,", "image/png", 0.5},
    /* A comma within a quoted string is none of the list's. */
    {"text/plain;a=\"b, image/png\", image/png;q=0.5", "image/png", 0.5},
    {"text/plain;a=\"b\\\", image/png\", image/png;q=0.5", "image/png", 0.5},
};
#define N_LIKINGS (sizeof likings / sizeof likings[0])

START_TEST(accept_likes)
{
    double quality = adv_accept_quality(likings[_i].accept, likings[_i].type);
    ck_assert_msg(quality > likings[_i].quality - 1e-9 && quality < likings[_i].quality + 1e-9,
                  "\"%s\" likes %s by %g, not %g", likings[_i].accept ? likings[_i].accept : "",
                  likings[_i].type, quality, likings[_i].quality);
}
END_TEST

START_TEST(the_best_liked_type_is_chosen)
{
    static const char *const types[] = {"application/json", "application/x-npy", "image/png", NULL};
    ck_assert_int_eq(adv_negotiate(NULL, types), 0);
    ck_assert_int_eq(adv_negotiate("*/*", types), 0); /* the first of equals */
    ck_assert_int_eq(adv_negotiate("image/png, application/x-npy", types), 1);
    ck_assert_int_eq(adv_negotiate("application/*;q=0.5, image/png", types), 2);
    ck_assert_int_eq(adv_negotiate("text/html", types), -1);
    ck_assert_int_eq(adv_negotiate("*/*;q=0", types), -1);
}
END_TEST

START_TEST(content_types_are_named_without_their_parameters)
{
    ck_assert(adv_content_type_is("application/json", "application/json"));
    ck_assert(adv_content_type_is("Application/JSON;charset=utf-8", "application/json"));
    ck_assert(adv_content_type_is("application/json ; charset=utf-8", "application/json"));
    ck_assert(!adv_content_type_is("application/jsonl", "application/json"));
    ck_assert(!adv_content_type_is("application", "application/json"));
    ck_assert(!adv_content_type_is(NULL, "application/json"));
}
END_TEST

/* ---------------------------------------------------------------- targets */

/* Segments and pairs as text: "[a][b]{c=d}". */
static const struct {
    const char *target, *wanted;
} targets[] = {
    {"/", ""},
    {"/a/b", "[a][b]"},
    {"/a//b/", "[a][][b][]"}, /* empty segments are segments (RFC 3986, 3.3) */
    {"*", "[*]"},             /* RFC 9112, 3.2.4 */
    {"http://www.example.org/pub/WWW/TheProject.html", "[pub][WWW][TheProject.html]"}, /* 3.2.2 */
    {"http://www.example.org", ""},
    {"http://example.org:8080?q=1", "{q=1}"}, /* an empty path is "/" (RFC 9110, 4.2.3) */
    {"https://user@example.org/", NULL},      /* userinfo (RFC 9110, 4.2.4) */
    {"http:///", NULL},                       /* no host (RFC 9110, 4.2.1) */
    {"http://[::1]:8080/a", "[a]"},
    /* Escapes: of either case (2.1), of what needs none (2.3), of UTF-8 (2.5). */
    {"/%7Esmith/%7esmith/~smith", "[~smith][~smith][~smith]"},
    {"/%41%C3%80%E3%82%A2", "[A\xC3\x80\xE3\x82\xA2]"},
    {"/a%2Fb", "[a/b]"},
    {"/a%252Fb", "[a%2Fb]"}, /* decoded once (2.4) */
    {"/a+b", "[a+b]"},
    /* Queries: '/' and '?' are data there (3.4), and so is an escaped '&' or '='. */
    {"/a?b=/?c", "[a]{b=/?c}"},
    {"/a?b=1&c=2", "[a]{b=1}{c=2}"},
    {"/a?b%26c=d%3De", "[a]{b&c=d=e}"},
    {"/a?b=c=d", "[a]{b=c=d}"},
    {"/a?b", "[a]{b=}"},
    {"/a?&b=1&&c=2&", "[a]{b=1}{c=2}"},
    {"/a?", "[a]"},
    /* Refused. */
    {"", NULL},
    {"a/b", NULL},
    {"/%", NULL},
    {"/%4", NULL},
    {"/%G1", NULL},
    {"/%1G", NULL},
    {"/%00", NULL},
    {"/%0A", NULL},
    {"/%7F", NULL},
    {"/%80", NULL},         /* not UTF-8 */
    {"/%C0%80", NULL},      /* an overlong NUL */
    {"/%ED%A0%80", NULL},   /* a surrogate */
    {"/a?b=1&b=2", NULL},   /* a name twice */
    {"/a?b=1&%62=2", NULL}, /* the same name, escaped */
    {"/1/2/3/4/5/6/7/8/9", NULL},
};
#define N_TARGETS (sizeof targets / sizeof targets[0])

static void write_out(const struct adv_target *target, size_t size, char *text)
{
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < target->n_segments; i++)
        n += (size_t)snprintf(text + n, size - n, "[%s]", target->segments[i]);
    for (size_t i = 0; i < target->n_pairs; i++)
        n += (size_t)snprintf(text + n, size - n, "{%s=%s}", target->pairs[i].name,
                              target->pairs[i].value);
    ck_assert_uint_lt(n, size);
}

START_TEST(a_target_is_cut_and_decoded)
{
    struct adv_target target;
    struct adv_error error = ADV_ERROR_INIT;
    char text[256];
    enum adv_status status = adv_target_parse(targets[_i].target, &target, &error);
    write_out(&target, sizeof text, text);
    if (targets[_i].wanted)
        ck_assert_msg(status == ADV_OK && !strcmp(text, targets[_i].wanted), "%s is %s, not %s: %s",
                      targets[_i].target, text, targets[_i].wanted, error.message);
    else
        ck_assert_msg(status == ADV_E_FORMAT, "%s is %s", targets[_i].target, text);
    ck_assert_str_eq(target.raw, targets[_i].target); /* for the log, whatever it is */
    adv_target_release(&target);
}
END_TEST

START_TEST(the_longest_target_is_read_and_no_longer_one)
{
    char text[ADV_TARGET_MAX_BYTES + 2];
    struct adv_target target;
    memset(text, 'a', sizeof text);
    text[0] = '/';
    text[ADV_TARGET_MAX_BYTES + 1] = '\0';
    ck_assert_int_eq(adv_target_parse(text, &target, NULL), ADV_E_INVALID);
    adv_target_release(&target);
    text[ADV_TARGET_MAX_BYTES] = '\0';
    ck_assert_int_eq(adv_target_parse(text, &target, NULL), ADV_OK);
    ck_assert_uint_eq(strlen(target.segments[0]), ADV_TARGET_MAX_BYTES - 1);
    adv_target_release(&target);
}
END_TEST

/* As many pairs without "=" as there may be: each takes a byte more than it had. */
START_TEST(as_many_pairs_as_there_may_be)
{
    char text[16 + 4 * (ADV_TARGET_MAX_PAIRS + 1)] = "/?";
    struct adv_target target;
    for (int i = 0; i < ADV_TARGET_MAX_PAIRS; i++)
        snprintf(text + strlen(text), 16, "&%d", i + 100);
    ck_assert_int_eq(adv_target_parse(text, &target, NULL), ADV_OK);
    ck_assert_uint_eq(target.n_pairs, ADV_TARGET_MAX_PAIRS);
    ck_assert_str_eq(target.pairs[ADV_TARGET_MAX_PAIRS - 1].value, "");
    adv_target_release(&target);
    strcat(text, "&x");
    ck_assert_int_eq(adv_target_parse(text, &target, NULL), ADV_E_FORMAT);
    adv_target_release(&target);
}
END_TEST

/* ---------------------------------------------------------------- turns of shards */

enum { SHARDS = 5 };

/* Shards that go to the end have their turns one after the other, again and again. */
START_TEST(shards_put_last_go_round)
{
    struct adv_ticket ticket = {0};
    ck_assert_int_eq(adv_ticket_fill(&ticket, SHARDS, NULL), ADV_OK);
    for (size_t turn = 0; turn < 4 * SHARDS; turn++) {
        size_t shard = adv_ticket_take(&ticket);
        ck_assert_uint_eq(shard, turn % SHARDS);
        ck_assert_uint_eq(ticket.n_waiting, SHARDS - 1);
        ck_assert_uint_eq(ticket.n_taken, 1);
        adv_ticket_put_last(&ticket, shard);
    }
    adv_ticket_release(&ticket);
}
END_TEST

/* Two workers, whose shards go to the front: no third shard is begun before one of the two ends. */
START_TEST(shards_put_first_end_before_others_begin)
{
    struct adv_ticket ticket = {0};
    ck_assert_int_eq(adv_ticket_fill(&ticket, SHARDS, NULL), ADV_OK);
    size_t a = adv_ticket_take(&ticket), b = adv_ticket_take(&ticket);
    for (int turn = 0; turn < 20; turn++) {
        ck_assert_uint_lt(a, 2);
        ck_assert_uint_lt(b, 2);
        ck_assert_uint_ne(a, b);
        adv_ticket_put_first(&ticket, turn % 3 ? a : b);
        adv_ticket_put_first(&ticket, turn % 3 ? b : a);
        a = adv_ticket_take(&ticket);
        b = adv_ticket_take(&ticket);
    }
    adv_ticket_end_shard(&ticket);
    ck_assert_uint_eq(adv_ticket_take(&ticket), 2);
    adv_ticket_release(&ticket);
}
END_TEST

START_TEST(a_ticket_counts_its_shards_to_the_end)
{
    struct adv_ticket ticket = {0};
    ck_assert_int_eq(adv_ticket_fill(&ticket, SHARDS, NULL), ADV_OK);
    for (size_t left = SHARDS; left > 0; left--) {
        ck_assert_uint_eq(ticket.n_unended, left);
        ck_assert_uint_eq(ticket.n_waiting, left);
        adv_ticket_take(&ticket);
        adv_ticket_end_shard(&ticket);
    }
    ck_assert_uint_eq(ticket.n_unended + ticket.n_waiting + ticket.n_taken, 0);
    adv_ticket_release(&ticket);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parts of the server");
    TCase *tests = tcase_create("parts");
    tcase_add_loop_test(tests, accept_likes, 0, N_LIKINGS);
    tcase_add_test(tests, the_best_liked_type_is_chosen);
    tcase_add_test(tests, content_types_are_named_without_their_parameters);
    tcase_add_loop_test(tests, a_target_is_cut_and_decoded, 0, N_TARGETS);
    tcase_add_test(tests, the_longest_target_is_read_and_no_longer_one);
    tcase_add_test(tests, as_many_pairs_as_there_may_be);
    tcase_add_test(tests, shards_put_last_go_round);
    tcase_add_test(tests, shards_put_first_end_before_others_begin);
    tcase_add_test(tests, a_ticket_counts_its_shards_to_the_end);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
