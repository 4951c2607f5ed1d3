/* What the daemon still does in its sandbox. What it can no longer do: test_sandbox.c. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILTERED "Seccomp:\t2" /* a thread's status where a filter of system calls holds */

static struct server_daemon server;

/* How many of a process's threads have a line in their status. */
static int count_threads(pid_t process, const char *wanted)
{
    char folder[64], path[400], line[256];
    int n = 0;
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)process);
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s/status", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        while (file && fgets(line, sizeof line, file))
            n += !strncmp(line, wanted, strlen(wanted));
        if (file)
            fclose(file);
    }
    closedir(dir);
    return n;
}

static void expect_ok(const char *path, const char *json)
{
    const struct server_request request = {
        .path = path, .body = json, .headers = {"X-API-Key: 0123456789abcdef"}};
    struct server_reply reply = server_send(&server, &request);
    ck_assert_msg(reply.status >= 200 && reply.status < 300, "%s: %ld %s", path, reply.status,
                  reply.body);
    server_reply_release(&reply);
}

static void write_keys(const char *path, const char *name)
{
    char fresh[200];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "{\"keys\": [{\"name\": \"%s\", \"key\": \"0123456789abcdef\"}]}", name);
    fclose(file);
    ck_assert_int_eq(rename(fresh, path), 0);
}

static void ask_every_route(void)
{
    static const char *const gets[] = {"/",
                                       "/docs",
                                       "/web/app.js",
                                       "/clients/js/advect.js",
                                       "/health/live",
                                       "/health/ready",
                                       "/metrics",
                                       "/openapi.json",
                                       "/v1/models",
                                       "/v1/models/plane",
                                       "/v1/jobs",
                                       "/v1/models/plane/samples?n=2",
                                       "/v1/models/plane/trajectories?n=2&frames=3",
                                       "/v1/models/plane/log-density?points=0,1",
                                       "/v1/models/plane/latents?points=0,1",
                                       "/v1/models/plane/velocity?points=0,1&t=0.5",
                                       "/v1/models/plane/score?points=0,1&t=0.5",
                                       "/v1/models/plane/samples.png?n=9",
                                       "/v1/models/plane/trajectories.png?n=9&frames=3",
                                       "/v1/models/plane/density.png",
                                       "/v1/models/plane/velocity.png",
                                       "/v1/models/image/samples.png?n=4"};
    for (size_t i = 0; i < sizeof gets / sizeof gets[0]; i++)
        expect_ok(gets[i], NULL);
    expect_ok("/v1/models/plane/samples", "{\"n\": 2000}");
    expect_ok("/v1/models/plane/trajectories", "{\"n\": 2, \"frames\": 3}");
    expect_ok("/v1/models/plane/log-density", "{\"points\": [[0, 1]]}");
    expect_ok("/v1/models/plane/latents", "{\"points\": [[0, 1]]}");
    expect_ok("/v1/models/plane/velocity", "{\"points\": [[0, 1]], \"t\": 0.5}");
    expect_ok("/v1/jobs",
              "{\"model\": \"plane\", \"query\": \"samples\", \"request\": {\"n\": 2}}");
}

START_TEST(every_route_is_served_in_the_sandbox)
{
    char keys[160];
    server_daemon_prepare(&server);
    snprintf(keys, sizeof keys, "%s/keys.json", server.models);
    write_keys(keys, "first");
    int output = server_daemon_begin(&server, (const char *const[]){"--api-keys", keys, NULL});
    server_daemon_await(&server, output);
    close(output);
    ask_every_route();
    server_model_write(server.models, "later.safetensors", "later", 5);
    write_keys(keys, "second");
    kill(server.pid, SIGHUP);
    for (int waited = 0; waited < 600; waited++) {
        char *log = server_daemon_read_log(&server);
        bool reloaded = strstr(log, "model later from") != NULL;
        free(log);
        if (reloaded)
            break;
        server_sleep_ms(100);
    }
    expect_ok("/v1/models/later/samples.png?n=4", NULL);
    int n_restricted = count_threads(server.pid, FILTERED),
        n_threads = count_threads(server.pid, "Name:");
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    ck_assert_msg(strstr(log, "sandbox: ") != NULL, "%s", log);
    ck_assert_msg(!strstr(log, "the keys stay as they are"), "%s", log);
    if (strstr(log, "system calls restricted by seccomp"))
        ck_assert_int_eq(n_restricted, n_threads);
    free(log);
}
END_TEST

START_TEST(fonts_are_read_where_a_variable_says)
{
    char settings[] = "/tmp/advect-fonts-XXXXXX";
    static const char none[] = "<?xml version=\"1.0\"?><fontconfig></fontconfig>";
    int file = mkstemp(settings);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, none, sizeof none - 1), (int)sizeof none - 1);
    close(file);
    ck_assert_int_eq(setenv("FONTCONFIG_FILE", settings, 1), 0);
    server_daemon_start(&server, NULL);
    expect_ok("/v1/models/plane/samples.png?n=9", NULL);
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    ck_assert_msg(!strstr(log, "Fontconfig"), "%s", log);
    free(log);
    unlink(settings);
}
END_TEST

START_TEST(the_sandbox_can_be_turned_off)
{
    server_daemon_start(&server, (const char *const[]){"--sandbox=off", NULL});
    if (count_threads(getpid(), FILTERED) ==
        0) /* of a container's filter, every process has a share */
        ck_assert_int_eq(count_threads(server.pid, FILTERED), 0);
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    ck_assert_msg(strstr(log, "sandbox: off") != NULL, "%s", log);
    ck_assert_msg(!strstr(log, "restricted"), "%s", log);
    free(log);
}
END_TEST

/* A link to a model elsewhere, as caches of downloads have them. */
START_TEST(linked_models_are_served_and_reloaded)
{
    char store[160], link_path[200], target[200];
    server_daemon_prepare(&server);
    snprintf(store, sizeof store, "%s-store", server.directory);
    ck_assert_int_eq(mkdir(store, 0700), 0);
    server_model_write(store, "blob", "linked", 3);
    snprintf(target, sizeof target, "%s/blob", store);
    snprintf(link_path, sizeof link_path, "%s/linked.safetensors", server.models);
    ck_assert_int_eq(symlink(target, link_path), 0);
    int output = server_daemon_begin(&server, NULL);
    server_daemon_await(&server, output);
    close(output);
    expect_ok("/v1/models/linked/samples?n=1", NULL);
    server_model_write(store, "blob", "linked", 4);
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, "advect_reloads_total{outcome=\"completed\"}", 1, 60000);
    expect_ok("/v1/models/linked/samples?n=1", NULL);
    server_daemon_stop(&server);
    unlink(target);
    rmdir(store);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server sandbox");
    TCase *tests = tcase_create("in the sandbox");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_route_is_served_in_the_sandbox);
    tcase_add_test(tests, fonts_are_read_where_a_variable_says);
    tcase_add_test(tests, the_sandbox_can_be_turned_off);
    tcase_add_test(tests, linked_models_are_served_and_reloaded);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
