/* Reloads: beside serving, one for many signals, counted by how they end; and files that are
 * refused before they are read, or that are links. Large files are sparse: they take no room, but
 * time to read. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COMPLETED "advect_reloads_total{outcome=\"completed\"}"
#define FAILED "advect_reloads_total{outcome=\"failed\"}"
static struct server_daemon server;

/* Why a file is refused, to be freed. */
static char *reason_of(const char *file)
{
    struct server_reply reply = server_get(&server, "/v1/models");
    json_t *json = server_reply_json(&reply), *entry;
    size_t i;
    char *found = NULL;
    json_array_foreach(json_object_get(json, "refused"), i, entry)
    {
        if (!strcmp(json_string_value(json_object_get(entry, "file")), file))
            found = strdup(json_string_value(json_object_get(entry, "reason")));
    }
    ck_assert_msg(found != NULL, "%s is not refused: %s", file, reply.body);
    json_decref(json);
    server_reply_release(&reply);
    return found;
}

static void expect_reason(const char *file, const char *reason)
{
    char *found = reason_of(file);
    ck_assert_msg(strstr(found, reason) != NULL, "%s: %s", file, found);
    free(found);
}

/* ---------------------------------------------------------------- beside serving */

START_TEST(signals_during_a_reload_make_one_more)
{
    server_daemon_start(&server, NULL);
    server_model_write_slow(server.models);
    kill(server.pid, SIGHUP);
    server_daemon_wait_for_file(&server, "slow.safetensors");
    for (int i = 0; i < 5; i++) {
        kill(server.pid, SIGHUP);
        server_sleep_ms(5);
    }
    ck_assert_double_eq(server_metric(&server, COMPLETED), 0); /* and is answered meanwhile */
    struct server_reply reply = server_post(&server, "/v1/models/plane/samples", "{\"n\": 1}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    server_wait_for_metric(&server, COMPLETED, 2, 30000);
    server_sleep_ms(1000);
    ck_assert_double_eq(server_metric(&server, COMPLETED), 2);
    server_daemon_stop(&server);
}
END_TEST

/* The drain begins while the file is read, and the daemon ends without another look at it. */
START_TEST(sigterm_does_not_wait_for_a_reload)
{
    server_daemon_start(&server, NULL);
    server_model_write_slow(server.models);
    kill(server.pid, SIGHUP);
    server_daemon_wait_for_file(&server, "slow.safetensors");
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    ck_assert_ptr_nonnull(strstr(log, "draining"));
    ck_assert_msg(!strstr(log, "refused slow.safetensors"), "%s", log);
    free(log);
}
END_TEST

START_TEST(reloads_are_counted_by_how_they_end)
{
    char away[160];
    server_daemon_start(&server, NULL);
    ck_assert_double_eq(server_metric(&server, COMPLETED), 0);
    ck_assert_double_eq(server_metric(&server, FAILED), 0);
    snprintf(away, sizeof away, "%s-away", server.models);
    ck_assert_int_eq(rename(server.models, away), 0);
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, FAILED, 1, 10000);
    ck_assert_double_eq(server_metric(&server, COMPLETED), 0);
    ck_assert_double_eq(server_metric(&server, "advect_models"), 3); /* they stay */
    ck_assert_int_eq(rename(away, server.models), 0);
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, COMPLETED, 1, 10000);
    ck_assert_double_eq(server_metric(&server, FAILED), 1);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- judged once */

static void set_time(const char *path, time_t seconds)
{
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static const char no_json[] = "\4\0\0\0\0\0\0\0nope", too_short[] = "\7\0\0\0\0\0\0\0nope";

/* Of the same length each time, and so the same file where the time is, too. */
static void write_refused(const char *path, const char *bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, 12), 12);
    close(fd);
}

static void reload(int n)
{
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, COMPLETED, n, 10000);
}

/* Other bytes under the same identity show whether the file is read. */
START_TEST(a_refused_file_is_read_again_when_it_changed)
{
    char path[256];
    time_t past = time(NULL) - 100;
    server_daemon_start(&server, NULL);
    snprintf(path, sizeof path, "%s/odd.safetensors", server.models);
    write_refused(path, no_json);
    set_time(path, past);
    reload(1);
    char *first = reason_of("odd.safetensors");
    write_refused(path, too_short);
    set_time(path, past);
    reload(2);
    char *second = reason_of("odd.safetensors");
    ck_assert_str_eq(second, first);
    set_time(path, past + 1);
    reload(3);
    char *third = reason_of("odd.safetensors");
    ck_assert_str_ne(third, first);
    free(first);
    free(second);
    free(third);
    server_daemon_stop(&server);
}
END_TEST

/* A time that is now says little: the file may change again without another. */
START_TEST(a_file_that_changed_just_now_is_not_trusted)
{
    char path[256];
    time_t soon = time(NULL) + 1000;
    server_daemon_start(&server, NULL);
    snprintf(path, sizeof path, "%s/odd.safetensors", server.models);
    write_refused(path, no_json);
    set_time(path, soon);
    reload(1);
    char *first = reason_of("odd.safetensors");
    write_refused(path, too_short);
    set_time(path, soon);
    reload(2);
    char *second = reason_of("odd.safetensors");
    ck_assert_str_ne(second, first);
    free(first);
    free(second);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- judged before they are read */

START_TEST(files_are_refused_before_they_are_read)
{
    const size_t three_gigabytes = (size_t)3 << 30;
    char path[256];
    server_daemon_start(&server, NULL);
    double before = server_metric(&server, "process_resident_memory_bytes");
    server_model_write_sparse(server.models, "plain", "", three_gigabytes); /* nobody's model */
    server_model_write_sparse(
        server.models, "future",
        "\"__metadata__\": {\"advect.version\": \"9\", \"advect.config\": \"{}\"}, ",
        three_gigabytes);
    server_model_write_sparse(server.models, "huge", "", 2 * three_gigabytes);
    server_model_write_sparse(server.models, "short", "", three_gigabytes);
    snprintf(path, sizeof path, "%s/short.safetensors", server.models);
    ck_assert_int_eq(truncate(path, (off_t)three_gigabytes), 0);
    double begin = server_seconds();
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, COMPLETED, 1, 30000);
    ck_assert_double_lt(server_seconds() - begin, 5); /* to read them takes longer */
    expect_reason("plain.safetensors", "no advect.config metadata");
    expect_reason("future.safetensors", "advect.version is \"9\"");
    expect_reason("huge.safetensors", "at most 4294967296 are loaded");
    expect_reason("short.safetensors", "reaches beyond");
    double after = server_metric(&server, "process_resident_memory_bytes");
    ck_assert_double_lt(after - before, 5e8);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(the_largest_size_is_a_setting)
{
    server_daemon_start(&server, (const char *const[]){"--max-model-bytes=3000", NULL});
    ck_assert_double_eq(server_metric(&server, "advect_models"), 0);
    expect_reason("plane.safetensors", "at most 3000 are loaded");
    expect_reason("broken.safetensors",
                  "this is not a safetensors file"); /* small enough to be looked at */
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- links, in the sandbox */

/* A file in a folder of its own beside the models, and a link to it among them. */
static void link_from_elsewhere(int number)
{
    char folder[128], file[192], link[192];
    snprintf(folder, sizeof folder, "%s/far-%d", server.directory, number);
    snprintf(file, sizeof file, "%s/odd.safetensors", folder);
    snprintf(link, sizeof link, "%s/far-%d.safetensors", server.models, number);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    write_refused(file, no_json);
    ck_assert_int_eq(symlink(file, link), 0);
}

static void remove_elsewhere(int number)
{
    char path[192];
    snprintf(path, sizeof path, "%s/far-%d/odd.safetensors", server.directory, number);
    ck_assert_int_eq(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    ck_assert_int_eq(rmdir(path), 0);
    snprintf(path, sizeof path, "%s/far-%d.safetensors", server.models, number);
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(any_number_of_links_is_followed)
{
    enum { N_LINKS = 300 };
    server_daemon_prepare(&server);
    for (int i = 0; i < N_LINKS; i++)
        link_from_elsewhere(i);
    int output = server_daemon_begin(&server, NULL);
    server_daemon_await(&server, output);
    close(output);
    struct server_reply reply = server_get(&server, "/v1/models");
    ck_assert_ptr_nonnull(strstr(reply.body, "far-299.safetensors"));
    ck_assert_ptr_null(strstr(reply.body, "Permission denied"));
    server_reply_release(&reply);
    for (int i = 0; i < N_LINKS; i++)
        remove_elsewhere(i);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(a_link_that_the_sandbox_shuts_out_is_explained)
{
    server_daemon_start(&server, NULL);
    link_from_elsewhere(0);
    reload(1);
    char *log = server_daemon_read_log(&server);
    if (strstr(log, "files restricted by landlock"))
        expect_reason("far-0.safetensors", "Permission denied; the sandbox knows the directories");
    else
        printf("without landlock: this is skipped\n");
    free(log);
    remove_elsewhere(0);
    server_daemon_stop(&server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server: reloads");
    TCase *tests = tcase_create("reloads");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, signals_during_a_reload_make_one_more);
    tcase_add_test(tests, sigterm_does_not_wait_for_a_reload);
    tcase_add_test(tests, reloads_are_counted_by_how_they_end);
    tcase_add_test(tests, a_refused_file_is_read_again_when_it_changed);
    tcase_add_test(tests, a_file_that_changed_just_now_is_not_trusted);
    tcase_add_test(tests, files_are_refused_before_they_are_read);
    tcase_add_test(tests, the_largest_size_is_a_setting);
    tcase_add_test(tests, any_number_of_links_is_followed);
    tcase_add_test(tests, a_link_that_the_sandbox_shuts_out_is_explained);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
