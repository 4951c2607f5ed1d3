/* The cache of pictures: what it gives back, and what it lets go. */
#include "server/reply/picture_cache.h"

#include "tests/support/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_BYTES ((size_t)64 << 10)
#define PICTURE_BYTES ((size_t)10 << 10) /* so that five fit, with their headers */

static struct adv_picture_cache *cache;

static void make_cache(void)
{
    ck_assert_int_eq(adv_picture_cache_new(CACHE_BYTES, &cache, NULL), ADV_OK);
}

static void free_cache(void)
{
    adv_picture_cache_free(cache);
}

static void add(const char *key, size_t n, int fill)
{
    struct adv_reply reply = {0};
    struct adv_bytes body = {0};
    ck_assert_int_eq(adv_bytes_reserve(&body, n, NULL), ADV_OK);
    memset(body.data, fill, n);
    body.n = n;
    adv_reply_bytes(&reply, 200, "image/png", &body);
    adv_reply_header(&reply, "ETag", "%s", key);
    adv_picture_cache_add(cache, key, &reply);
    adv_reply_release(&reply);
}

/* The first byte of the picture, or -1 where there is none. */
static int found(const char *key, size_t n)
{
    struct adv_reply reply = {0};
    if (!adv_picture_cache_find(cache, key, &reply))
        return -1;
    ck_assert_uint_eq(reply.status, 200);
    ck_assert_str_eq(reply.media_type, "image/png");
    ck_assert_str_eq(reply.headers.items[0].value, key);
    ck_assert_uint_eq(reply.body.n, n);
    int first = reply.body.data[0];
    adv_reply_release(&reply);
    return first;
}

START_TEST(a_picture_comes_back_by_its_key_alone)
{
    add("a", 100, 1);
    add("b", 200, 2);
    ck_assert_int_eq(found("a", 100), 1);
    ck_assert_int_eq(found("b", 200), 2);
    ck_assert_int_eq(found("c", 0), -1);
    add("a", 50, 3); /* in place of the one before */
    ck_assert_int_eq(found("a", 50), 3);
}
END_TEST

START_TEST(the_one_asked_for_longest_ago_goes_first)
{
    for (int i = 0; i < 5; i++)
        add((char[]){(char)('a' + i), 0}, PICTURE_BYTES, i);
    ck_assert_int_eq(found("a", PICTURE_BYTES), 0); /* from now on the newest */
    add("f", PICTURE_BYTES, 5);
    ck_assert_int_eq(found("a", PICTURE_BYTES), 0);
    ck_assert_int_eq(found("b", PICTURE_BYTES), -1);
    for (int i = 2; i < 6; i++)
        ck_assert_int_eq(found((char[]){(char)('a' + i), 0}, PICTURE_BYTES), i);
}
END_TEST

START_TEST(a_large_picture_is_not_kept)
{
    add("a", PICTURE_BYTES, 1);
    add("large", CACHE_BYTES / 2, 2);
    ck_assert_int_eq(found("large", 0), -1);
    ck_assert_int_eq(found("a", PICTURE_BYTES), 1);
    adv_picture_cache_free(cache);
    ck_assert_int_eq(adv_picture_cache_new(0, &cache, NULL), ADV_OK);
    add("a", 1, 1);
    ck_assert_int_eq(found("a", 1), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("picture cache");
    TCase *tests = tcase_create("cache");
    tcase_add_checked_fixture(tests, make_cache, free_cache);
    tcase_add_test(tests, a_picture_comes_back_by_its_key_alone);
    tcase_add_test(tests, the_one_asked_for_longest_ago_goes_first);
    tcase_add_test(tests, a_large_picture_is_not_kept);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
