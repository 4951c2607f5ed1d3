/* The playground's folder, served as static files. */
#include "tests/server/client/server_client.h"
#include "tests/support/suite.h"

#include <advect/extra/memory.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "0123456789abcdef"

static struct server_daemon server;
static char folder[100];

static void write_file(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void start(void)
{
    server_daemon_prepare(&server);
    snprintf(folder, sizeof folder, "%s/playground", server.directory);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    make_folder("core");
    make_folder("web");
    make_folder("web/lib");
    write_file("index.html", "<title>play</title>");
    write_file("core/advect.wasm", "wasm");
    write_file("web/lib/dom.js",
               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    write_file("web/names.json", "[]");
    write_file(".secret", "s");
    const char *const flags[] = {"--playground", folder, "--api-key", KEY, NULL};
    int output = server_daemon_begin(&server, flags);
    server_daemon_await(&server, output);
    close(output);
    write_file("later.js", "later");
    write_file("index.html", "changed");
}

static void stop(void)
{
    char command[120];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    server_daemon_stop(&server);
}

START_TEST(files_have_their_types_and_a_policy_and_need_no_key)
{
    static const struct {
        const char *path, *type, *body;
    } files[] = {
        {"/playground/", "text/html; charset=utf-8", "<title>play</title>"},
        {"/playground/index.html", "text/html; charset=utf-8", "<title>play</title>"},
        {"/playground/core/advect.wasm", "application/wasm", "wasm"},
        {"/playground/web/lib/dom.js", "text/javascript; charset=utf-8", NULL},
        {"/playground/web/names.json", "application/json", "[]"},
    };
    char text[192];
    for (size_t i = 0; i < ADV_COUNT(files); i++) {
        struct server_reply reply = server_get(&server, files[i].path);
        ck_assert_msg(reply.status == 200, "%s: %ld", files[i].path, reply.status);
        ck_assert(server_reply_header(&reply, "Content-Type", sizeof text, text));
        ck_assert_str_eq(text, files[i].type);
        ck_assert(server_reply_header(&reply, "Content-Security-Policy", sizeof text, text));
        ck_assert_ptr_nonnull(strstr(text, "script-src 'self' 'wasm-unsafe-eval';"));
        ck_assert_ptr_nonnull(strstr(text, "frame-ancestors 'self'")); /* whole, to its end */
        if (files[i].body)
            ck_assert_str_eq(reply.body, files[i].body);
        server_reply_release(&reply);
    }
}
END_TEST

START_TEST(nothing_is_sent_twice_and_what_is_smaller_is_packed)
{
    char etag[64], condition[96], text[64];
    struct server_request request = {.path = "/playground/web/lib/dom.js",
                                     .headers = {"Accept-Encoding: gzip"}};
    struct server_reply packed = server_send(&server, &request);
    ck_assert(server_reply_header(&packed, "Content-Encoding", sizeof text, text));
    ck_assert_mem_eq(packed.body, "\x1f\x8b", 2);
    ck_assert(server_reply_header(&packed, "ETag", sizeof etag, etag));
    snprintf(condition, sizeof condition, "If-None-Match: %s", etag);
    request.headers[1] = condition;
    struct server_reply known = server_send(&server, &request);
    ck_assert_int_eq(known.status, 304);
    request.headers[0] = condition;
    request.headers[1] = NULL;
    struct server_reply plain = server_send(&server, &request);
    ck_assert_int_eq(plain.status, 200); /* the plain form is another one */
    server_reply_release(&plain);
    server_reply_release(&known);
    server_reply_release(&packed);
}
END_TEST

START_TEST(only_what_was_there_at_the_start_is_served)
{
    static const char *const paths[] = {
        "/playground/later.js",    "/playground/.secret",           "/playground/core",
        "/playground/core/",       "/playground/../v1/models",      "/playground/%2e%2e/log",
        "/playground/..%2flog",    "/playground/web/../index.html", "/playground//index.html",
        "/playground/core/x.wasm", "/playground/%2fetc/passwd",     "/playground/web/lib/a/b",
    };
    for (size_t i = 0; i < ADV_COUNT(paths); i++) {
        const struct server_request request = {.path = paths[i], .headers = {"X-API-Key: " KEY}};
        server_expect_problem(server_send(&server, &request), 404, "no-such-route", NULL);
    }
}
END_TEST

START_TEST(the_page_and_the_path_without_a_slash_lead_to_it)
{
    char text[64];
    struct server_reply entrance = server_get(&server, "/playground");
    ck_assert_int_eq(entrance.status, 301);
    ck_assert(server_reply_header(&entrance, "Location", sizeof text, text));
    ck_assert_str_eq(text, "playground/");
    server_reply_release(&entrance);
    struct server_reply page = server_get(&server, "/");
    ck_assert_ptr_nonnull(strstr(page.body, "<a href=\"playground/\">"));
    ck_assert_ptr_nonnull(strstr(page.body, "</html>"));
    server_reply_release(&page);
    const struct server_request request = {.path = "/", .headers = {"Accept-Encoding: gzip"}};
    struct server_reply packed = server_send(&server, &request);
    ck_assert(server_reply_header(&packed, "Content-Encoding", sizeof text, text));
    ck_assert_mem_eq(packed.body, "\x1f\x8b", 2);
    server_reply_release(&packed);
}
END_TEST

START_TEST(without_the_setting_there_is_none_and_no_link)
{
    struct server_daemon other;
    server_daemon_start(&other, NULL);
    static const char *const paths[] = {"/playground", "/playground/", "/playground/index.html"};
    for (size_t i = 0; i < ADV_COUNT(paths); i++) {
        struct server_reply reply = server_get(&other, paths[i]);
        ck_assert_ptr_nonnull(strstr(reply.body, "--playground names its folder"));
        server_expect_problem(reply, 404, "no-such-route", NULL);
    }
    struct server_reply page = server_get(&other, "/");
    ck_assert_ptr_nonnull(strstr(page.body, "<a href=\"playground/\" hidden>"));
    server_reply_release(&page);
    server_daemon_stop(&other);
}
END_TEST

START_TEST(a_folder_that_is_none_keeps_the_daemon_from_starting)
{
    const struct {
        const char *path, *words;
    } cases[] = {
        {server.models, "which has no index.html"},
        {"/tmp/none/at/all", "playground: \"/tmp/none/at/all\" cannot be read: No such file"},
        {"/dev/null", "which is no folder"},
        {"", "playground"},
    };
    char text[2000];
    for (size_t i = 0; i < ADV_COUNT(cases); i++) {
        const char *const flags[] = {"--listen", "127.0.0.1:0", "--playground", cases[i].path,
                                     NULL};
        ck_assert_int_ne(server_daemon_run(flags, text, sizeof text), 0);
        ck_assert_msg(strstr(text, cases[i].words) != NULL, "%s", text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: playground");
    TCase *tests = tcase_create("playground");
    tcase_add_unchecked_fixture(tests, start, stop);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, files_have_their_types_and_a_policy_and_need_no_key);
    tcase_add_test(tests, nothing_is_sent_twice_and_what_is_smaller_is_packed);
    tcase_add_test(tests, only_what_was_there_at_the_start_is_served);
    tcase_add_test(tests, the_page_and_the_path_without_a_slash_lead_to_it);
    tcase_add_test(tests, without_the_setting_there_is_none_and_no_link);
    tcase_add_test(tests, a_folder_that_is_none_keeps_the_daemon_from_starting);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
