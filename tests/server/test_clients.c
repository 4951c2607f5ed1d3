/* What the daemon knows of its clients: addresses and proxies, shares, buckets, keys. */
#include "server/clients/bucket.h"
#include "server/clients/client.h"
#include "server/clients/keys.h"
#include "server/clients/origin.h"
#include "server/clients/share.h"

#include <advect/array_file.h>
#include <advect/extra/memory.h>
#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- origins */

START_TEST(an_ipv6_client_is_its_network)
{
    static const char *const cases[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:db8::1", "2001:db8::/64"},
        {"unknown", "unknown"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        char network[ADV_ORIGIN_SIZE];
        adv_origin_network(cases[i][0], network);
        ck_assert_str_eq(network, cases[i][1]);
    }
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    char origin[ADV_ORIGIN_SIZE];
    ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr), 1);
    adv_origin_of((struct sockaddr *)&mapped, origin);
    ck_assert_str_eq(origin, "192.0.2.7");
}
END_TEST

START_TEST(proxies_are_addresses_and_networks)
{
    static const struct {
        const char *proxies, *origin;
        bool includes;
    } cases[] = {
        {NULL, "127.0.0.1", false},
        {"", "127.0.0.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"10.0.0.0/8, 192.0.2.0/25", "192.0.2.127", true},
        {"10.0.0.0/8, 192.0.2.0/25", "192.0.2.128", false},
        {"10.0.0.0/8", "10.255.0.1", true},
        {"0.0.0.0/0", "192.0.2.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"127.0.0.1", "unknown", false},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++)
        ck_assert_msg(adv_proxies_include(cases[i].proxies, cases[i].origin) == cases[i].includes,
                      "%s in %s", cases[i].origin, cases[i].proxies);
    static const char *const wrong[] = {"localhost",   "10.0.0.0/33", "10.0.0.0/",      "10.0.0/8",
                                        "10.0.0.1/-1", "::/129",      "127.0.0.1,proxy"};
    for (size_t i = 0; i < ADV_COUNT(wrong); i++) {
        struct adv_error error = ADV_ERROR_INIT;
        ck_assert_msg(adv_proxies_check(wrong[i], &error) == ADV_E_INVALID, "%s", wrong[i]);
        ck_assert_str_eq(error.field, "trusted_proxies");
    }
    ck_assert_int_eq(adv_proxies_check("10.0.0.0/8, ::1", NULL), ADV_OK);
    ck_assert_int_eq(adv_proxies_check(NULL, NULL), ADV_OK);
}
END_TEST

/* From the right, over trusted ones, to the first that is not; and never further. */
START_TEST(only_trusted_proxies_tell_whom_they_speak_for)
{
    static const char proxies[] = "10.0.0.0/8";
    static const char *const cases[][3] = {
        {"192.0.2.1", "198.51.100.1", "192.0.2.1"},
        {"10.0.0.1", NULL, "10.0.0.1"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"},
        {"10.0.0.1", "203.0.113.9,198.51.100.1 ,10.0.0.2", "198.51.100.1"},
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
        {"10.0.0.1", "198.51.100.1, rubbish", "10.0.0.1"},
        {"10.0.0.1", "198.51.100.1:4711", "198.51.100.1"},
        {"10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"},
        {"10.0.0.1", "2001:db8::5", "2001:db8::5"},
        {"10.0.0.1", ",,", "10.0.0.1"},
    };
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        char client[ADV_ORIGIN_SIZE];
        adv_origin_forwarded(proxies, cases[i][0], cases[i][1], client);
        ck_assert_msg(!strcmp(client, cases[i][2]), "%s by %s: %s", cases[i][1], cases[i][0],
                      client);
    }
}
END_TEST

/* ---------------------------------------------------------------- shares and buckets */

static size_t take_all(double share, size_t others, size_t capacity)
{
    size_t n = 0;
    while (adv_share_allows(share, n, others, capacity, 1))
        n++;
    return n;
}

START_TEST(one_client_leaves_room_for_the_next)
{
    ck_assert_uint_eq(take_all(0.75, 0, 256), 192);
    ck_assert_uint_eq(take_all(0.75, 192, 256), 48);
    ck_assert_uint_eq(take_all(1, 0, 256), 256);
    ck_assert_uint_eq(take_all(0.5, 255, 256), 1); /* the last one, for whoever has none */
    ck_assert_uint_eq(take_all(0.5, 256, 256), 0);
    ck_assert_uint_eq(take_all(0.5, 0, 1), 1);
    ck_assert(adv_share_allows(0.5, 0, 100, 256, 156)); /* all that is left, for whoever has none */
    ck_assert(!adv_share_allows(0.5, 0, 100, 256, 157));
    ck_assert(adv_share_allows(0.5, 28, 100, 256, 50));
    ck_assert(!adv_share_allows(0.5, 28, 100, 256, 51));
}
END_TEST

START_TEST(debts_are_paid_at_the_bucket_s_rate)
{
    struct adv_bucket bucket = adv_bucket_full(60, 1, 100);
    ck_assert_double_eq(adv_bucket_wait(&bucket, 100), 0);
    adv_bucket_take(&bucket, 90, 100); /* more than it holds */
    ck_assert_double_eq_tol(adv_bucket_wait(&bucket, 100), 30, 1e-9);
    ck_assert_double_eq_tol(adv_bucket_wait(&bucket, 110), 20, 1e-9);
    ck_assert_double_gt(adv_bucket_wait(&bucket, 130), 0);
    ck_assert_double_eq(adv_bucket_wait(&bucket, 130.1), 0);
    adv_bucket_take(&bucket, -1000, 131); /* no more comes back than it holds */
    ck_assert_double_eq(adv_bucket_level(&bucket, 131), 60);
    ck_assert_double_eq(adv_bucket_level(&bucket, 1000), 60);
}
END_TEST

/* ---------------------------------------------------------------- clients */

static struct adv_clients *new_clients(double share)
{
    struct adv_clients_options options = {
        .share = share, .connections = 8, .reserved = 2, .managing = 1};
    struct adv_clients *clients;
    ck_assert_int_eq(adv_clients_new(&options, &clients, NULL), ADV_OK);
    return clients;
}

START_TEST(seats_run_out_by_client_and_for_all)
{
    struct adv_clients *clients = new_clients(0.5);
    struct adv_client *first = adv_client_of_address(clients, "192.0.2.1");
    struct adv_client *second = adv_client_of_address(clients, "192.0.2.2");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(adv_client_take_seat(first, false, false), ADV_SEAT_ORDINARY);
    ck_assert_int_eq(adv_client_take_seat(first, false, false), ADV_SEAT_RESERVED);
    ck_assert_int_eq(adv_client_find_seat(first, false, false), ADV_SEAT_NONE);
    ck_assert_int_eq(adv_client_find_seat(first, true, false), ADV_SEAT_MANAGING);
    ck_assert_int_eq(adv_client_take_seat(second, false, false), ADV_SEAT_ORDINARY);
    ck_assert_int_eq(adv_client_find_seat(first, false, true), ADV_SEAT_ORDINARY); /* a proxy */
    struct adv_seating seating = adv_client_seating(first);
    ck_assert_uint_eq(seating.own, 4);
    ck_assert_uint_eq(seating.taken, 5);
    adv_client_leave_seat(first, ADV_SEAT_ORDINARY);
    adv_client_leave_seat(first, ADV_SEAT_RESERVED);
    ck_assert_int_eq(adv_client_find_seat(first, false, false), ADV_SEAT_RESERVED); /* 3 of 7 */
    adv_client_unref(first);
    adv_client_unref(second);
    adv_clients_free(clients);
}
END_TEST

START_TEST(a_client_is_known_again_until_a_thousand_others_came)
{
    struct adv_clients *clients = new_clients(1);
    struct adv_client *client = adv_client_of_address(clients, "192.0.2.1");
    uint64_t id = adv_client_id(client);
    ck_assert_uint_gt(id, 0);
    adv_client_unref(client);
    for (int i = 0; i < 5000; i++) {
        char address[32];
        snprintf(address, sizeof address, "10.0.%d.%d", i / 250, i % 250);
        client = adv_client_of_address(clients, i == 500 ? "192.0.2.1" : address);
        ck_assert(i != 500 || adv_client_id(client) == id);
        adv_client_unref(client);
    }
    client = adv_client_of_address(clients, "192.0.2.1");
    ck_assert_uint_ne(adv_client_id(client), id);
    struct adv_client *key = adv_client_of_key(clients, "192.0.2.1");
    ck_assert_ptr_ne(key, client);
    ck_assert_str_eq(adv_client_key(key), "192.0.2.1");
    ck_assert_ptr_null(adv_client_key(client));
    adv_client_unref(key);
    adv_client_unref(client);
    adv_clients_free(clients);
}
END_TEST

START_TEST(what_is_not_used_comes_back)
{
    struct adv_clients *clients = new_clients(1);
    struct adv_client *client = adv_client_of_key(clients, "alice");
    struct adv_spending spending;
    adv_client_set_rights(client, &(struct adv_rights){.cost_per_minute = 6e9});
    ck_assert(adv_client_spend(client, 9e9, &spending));
    ck_assert(!adv_client_spend(client, 1, &spending));
    ck_assert_double_eq(spending.limit, 6e9);
    ck_assert_double_eq_tol(spending.used, 9e9, 1e8);
    ck_assert_double_eq_tol(spending.wait, 30, 1);
    /* A new limit does not wipe out what was spent. */
    adv_client_set_rights(client, &(struct adv_rights){.cost_per_minute = 3e9});
    ck_assert(!adv_client_spend(client, 1, &spending));
    ck_assert_double_eq_tol(spending.wait, 120, 1);
    adv_client_refund(client, 7e9);
    ck_assert(adv_client_spend(client, 1, &spending));
    adv_client_unref(client);
    adv_clients_free(clients);
}
END_TEST

/* ---------------------------------------------------------------- keys */

static const char secret[] = "hidden-0123456789";

static enum adv_status open_keys(const char *text, struct adv_clients *clients,
                                 struct adv_keys **keys, struct adv_error *error)
{
    char path[] = "/tmp/advect-keys-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    enum adv_status status = adv_keys_open(path, NULL, clients, keys, error);
    unlink(path);
    return status;
}

START_TEST(a_bad_file_is_refused_by_field_and_without_its_keys)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "line 1"},
        {"{\"keys\": [\n{\"name\": \"a\", \"key\": \"hidden-0123456789\" \"x\"}]}", "line 2"},
        {"[]", "\"keys\""},
        {"{\"keys\": []}", "1 to"},
        {"{\"keys\": 5}", "1 to"},
        {"{\"keys\": [{}], \"other\": 1}", "nothing else"},
        {"{\"keys\": [{\"key\": \"hidden-0123456789\"}]}", "keys[0].name"},
        {"{\"keys\": [{\"name\": \"a\"}]}", "keys[0].key"},
        {"{\"keys\": [{\"name\": \"\", \"key\": \"hidden-0123456789\"}]}", "keys[0].name"},
        {"{\"keys\": [{\"name\": \"a b\", \"key\": \"hidden-0123456789\"}]}", "keys[0].name"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-01234567\"}]}", "keys[0].key"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-0123456789 \"}]}", "keys[0].key"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": 12345678901234567}]}", "keys[0].key"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-0123456789\"},"
         "{\"name\": \"b\", \"key\": \"hidden-0123456789\"}]}",
         "keys[1].key"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-0123456789\"},"
         "{\"name\": \"a\", \"key\": \"hidden-01234567890\"}]}",
         "keys[1].name"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-0123456789\","
         "\"billion_multiply_adds_per_minute\": -1}]}",
         "keys[0].billion_multiply_adds_per_minute"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-0123456789\","
         "\"raise_priority\": \"yes\"}]}",
         "keys[0].raise_priority"},
        {"{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-0123456789\", \"limit\": 3}]}", "limit"},
    };
    struct adv_clients *clients = new_clients(1);
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        struct adv_error error = ADV_ERROR_INIT;
        struct adv_keys *keys = NULL;
        ck_assert_msg(open_keys(cases[i].text, clients, &keys, &error) != ADV_OK, "%s",
                      cases[i].text);
        ck_assert_ptr_null(keys);
        ck_assert_msg(strstr(error.message, cases[i].says) != NULL, "%s: %s", cases[i].text,
                      error.message);
        ck_assert_msg(strstr(error.message, "hidden") == NULL, "%s", error.message);
    }
    adv_clients_free(clients);
}
END_TEST

START_TEST(only_whole_keys_are_right)
{
    struct adv_clients *clients = new_clients(1);
    struct adv_keys *keys;
    struct adv_client *client;
    ck_assert_int_eq(open_keys("{\"keys\": [{\"name\": \"a\", \"key\": \"hidden-0123456789\"},"
                               "{\"name\": \"b\", \"key\": \"hidden-0123456789-\"}]}",
                               clients, &keys, NULL),
                     ADV_OK);
    ck_assert_uint_eq(adv_keys_count(keys), 2);
    ck_assert(adv_keys_find(keys, secret, &client));
    ck_assert_str_eq(adv_client_key(client), "a");
    adv_client_unref(client);
    static const char *const wrong[] = {"",
                                        "h",
                                        "hidden-012345678",
                                        "hidden-0123456788",
                                        "hidden-0123456789--",
                                        "hidden-0123456789hidden-0123456789"};
    for (size_t i = 0; i < ADV_COUNT(wrong); i++) {
        ck_assert_msg(!adv_keys_find(keys, wrong[i], &client), "%s", wrong[i]);
        ck_assert_ptr_null(client);
    }
    adv_keys_close(keys);
    adv_clients_free(clients);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clients");
    TCase *parts = tcase_create("parts");
    tcase_add_test(parts, an_ipv6_client_is_its_network);
    tcase_add_test(parts, proxies_are_addresses_and_networks);
    tcase_add_test(parts, only_trusted_proxies_tell_whom_they_speak_for);
    tcase_add_test(parts, one_client_leaves_room_for_the_next);
    tcase_add_test(parts, debts_are_paid_at_the_bucket_s_rate);
    tcase_add_test(parts, seats_run_out_by_client_and_for_all);
    tcase_add_test(parts, a_client_is_known_again_until_a_thousand_others_came);
    tcase_add_test(parts, what_is_not_used_comes_back);
    tcase_add_test(parts, a_bad_file_is_refused_by_field_and_without_its_keys);
    tcase_add_test(parts, only_whole_keys_are_right);
    suite_add_tcase(suite, parts);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
