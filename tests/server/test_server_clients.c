/* The daemon and its clients: named keys and what they allow, shares of what there is little of,
 * and health that is answered whatever the others do. Clients of several addresses are one trusted
 * proxy's, which names them. */
#include "tests/server/client/server_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAMPLES "/v1/models/plane/samples"
#define SMALL "{\"n\": 1, \"solver\": {\"method\": \"euler\", \"steps\": 1}}"
#define ENDLESS "{\"n\": 1000, \"solver\": {\"method\": \"rk4\", \"steps\": 10000}}"
#define PROXY "--trusted-proxies=127.0.0.0/8"
#define FROM_A "X-Forwarded-For: 192.0.2.1"
#define FROM_B "X-Forwarded-For: 192.0.2.2"
#define KEY_A "X-API-Key: key-of-alice-0123456789"
#define KEY_B "Authorization: Bearer key-of-bob-0123456789"

static struct server_daemon server;
static struct server_daemon management; /* the same daemon, asked at its other port */
static char keys_path[64], keys_flag[96], management_flag[64];

/* ---------------------------------------------------------------- daemons */

/* A port that was free just now. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void write_keys(const char *text)
{
    FILE *file = fopen(keys_path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void choose_management(void)
{
    management = (struct server_daemon){.port = free_port()};
    snprintf(management.url, sizeof management.url, "http://127.0.0.1:%d", management.port);
    snprintf(management_flag, sizeof management_flag, "--management-listen=127.0.0.1:%d",
             management.port);
}

/* With alice's limit in billions of multiply-adds a minute. */
static void write_two_keys(double limit)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"keys\": [{\"name\": \"alice\", \"key\": \"key-of-alice-0123456789\","
             " \"billion_multiply_adds_per_minute\": %.12g, \"raise_priority\": true},"
             " {\"name\": \"bob\", \"key\": \"key-of-bob-0123456789\"}]}",
             limit);
    write_keys(text);
}

static void start_with_keys(void)
{
    strcpy(keys_path, "/tmp/advect-keys-XXXXXX");
    int fd = mkstemp(keys_path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    snprintf(keys_flag, sizeof keys_flag, "--api-keys=%s", keys_path);
    write_two_keys(1000);
    choose_management();
    server_daemon_start(&server, (const char *const[]){keys_flag, management_flag, PROXY, NULL});
}

static void stop_with_keys(void)
{
    server_daemon_stop(&server);
    unlink(keys_path);
}

static void reload(const char *outcome, double n)
{
    char name[64];
    snprintf(name, sizeof name, "advect_key_reloads_total{outcome=\"%s\"}", outcome);
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&management, name, n, 20000);
}

static struct server_reply post(const char *json, const char *header, const char *other)
{
    struct server_request request = {
        .path = SAMPLES, .body = json, .headers = {header ? header : other, header ? other : NULL}};
    return server_send(&server, &request);
}

static long status_of(struct server_reply reply)
{
    long status = reply.status;
    server_reply_release(&reply);
    return status;
}

static struct server_reply get(const char *path, const char *header, const char *other)
{
    struct server_request request = {.path = path, .headers = {header, other}};
    return server_send(&server, &request);
}

static int retry_after(const struct server_reply *reply)
{
    char text[16] = "";
    ck_assert(server_reply_header(reply, "Retry-After", sizeof text, text));
    return atoi(text);
}

/* ---------------------------------------------------------------- keys */

START_TEST(named_keys_are_told_by_name_and_never_shown)
{
    start_with_keys();
    server_expect_problem(post(SMALL, NULL, NULL), 401, "no-key", NULL);
    ck_assert_int_eq(status_of(post(SMALL, KEY_A, NULL)), 200);
    ck_assert_int_eq(status_of(post(SMALL, KEY_B, NULL)), 200);
    ck_assert_int_eq(status_of(get("/health/ready", NULL, NULL)), 200);
    ck_assert_double_gt(server_metric(&management, "advect_key_multiply_adds{key=\"alice\"}"), 0);
    ck_assert_double_eq(
        server_metric(&management, "advect_key_queries_total{key=\"bob\",outcome=\"accepted\"}"),
        1);
    struct server_reply metrics = server_get(&management, "/metrics");
    ck_assert_ptr_null(strstr(metrics.body, "key-of-"));
    server_reply_release(&metrics);
    kill(server.pid, SIGTERM);
    char *log = server_daemon_wait(&server);
    ck_assert_msg(strstr(log, " key=alice\n") != NULL, "%s", log);
    ck_assert_ptr_nonnull(strstr(log, " key=bob\n"));
    ck_assert_ptr_null(strstr(log, "key-of-"));
    free(log);
    unlink(keys_path);
}
END_TEST

START_TEST(keys_are_reloaded_or_stay_as_they_are)
{
    start_with_keys();
    write_keys("{\"keys\": [{\"name\": \"carol\", \"key\": \"key-of-carol\"}]}"); /* too short */
    reload("failed", 1);
    ck_assert_int_eq(status_of(post(SMALL, KEY_A, NULL)), 200);
    char *log = server_daemon_read_log(&server);
    ck_assert_ptr_nonnull(strstr(log, "keys[0].key"));
    ck_assert_ptr_null(strstr(log, "key-of-"));
    free(log);
    write_keys("{\"keys\": [{\"name\": \"carol\", \"key\": \"key-of-carol-0123456789\"}]}");
    reload("completed", 1);
    ck_assert_int_eq(status_of(post(SMALL, KEY_A, NULL)), 401);
    ck_assert_int_eq(status_of(post(SMALL, "X-API-Key: key-of-carol-0123456789", NULL)), 200);
    stop_with_keys();
}
END_TEST

START_TEST(a_bad_file_of_keys_keeps_the_daemon_from_starting)
{
    char output[4096];
    strcpy(keys_path, "/tmp/advect-keys-XXXXXX");
    close(mkstemp(keys_path));
    write_keys("{\"keys\": [{\"name\": \"a\", \"key\": \"0123456789abcdef\"}, {\"name\": \"b\"}]}");
    const char *arguments[] = {"--listen=127.0.0.1:0", "--models=/tmp", "--api-keys", keys_path,
                               NULL};
    ck_assert_int_eq(server_daemon_run(arguments, output, sizeof output), 1);
    ck_assert_msg(strstr(output, "keys[1].key") != NULL, "%s", output);
    unlink(keys_path);
    ck_assert_int_eq(server_daemon_run(arguments, output, sizeof output), 1);
    ck_assert_msg(strstr(output, keys_path) != NULL, "%s", output);
}
END_TEST

START_TEST(the_key_without_a_name_is_taken_beside_the_others)
{
    setenv("ADVECT_API_KEY", "open sesame", 1);
    start_with_keys();
    unsetenv("ADVECT_API_KEY");
    ck_assert_int_eq(status_of(post(SMALL, "X-API-Key: open sesame", NULL)), 200);
    ck_assert_int_eq(status_of(post(SMALL, KEY_A, NULL)), 200);
    ck_assert_int_eq(status_of(post(SMALL, "X-API-Key: open", NULL)), 401);
    stop_with_keys();
}
END_TEST

START_TEST(only_some_keys_may_raise_the_priority)
{
    start_with_keys();
    ck_assert_int_eq(status_of(post("{\"priority\": \"high\"}", KEY_A, NULL)), 200);
    ck_assert_int_eq(status_of(post("{\"priority\": \"low\"}", KEY_B, NULL)), 200);
    ck_assert_int_eq(status_of(post("{\"priority\": \"normal\"}", KEY_B, NULL)), 200);
    server_expect_problem(post("{\"priority\": \"high\"}", KEY_B, NULL), 403, "forbidden",
                          "priority");
    server_expect_problem(get("/v1/models/plane/samples.png?priority=high", KEY_B, NULL), 403,
                          "forbidden", "priority");
    server_expect_problem(post("{\"priority\": \"urgent\"}", KEY_A, NULL), 422, "invalid-field",
                          "priority");
    stop_with_keys();
}
END_TEST

/* A query that costs 21 minutes' twentieths: a twentieth of debt, which is paid in 3 s. */
START_TEST(a_key_over_its_limit_is_told_when_to_come_back)
{
    static const char *const one = "{\"n\": 10, \"label\": null, \"seed\": 1}";
    static const char *const many = "{\"n\": 210, \"seed\": 1}";
    start_with_keys();
    ck_assert_int_eq(status_of(post(one, KEY_A, NULL)), 200);
    double cost = server_metric(&management, "advect_key_multiply_adds{key=\"alice\"}");
    write_two_keys(cost * 20 * 1e-9);
    reload("completed", 1);
    server_sleep_ms(3500); /* what the first one cost is back */
    ck_assert_int_eq(status_of(post(many, KEY_A, NULL)), 200);
    struct server_reply reply = post(one, KEY_A, NULL);
    int wait = retry_after(&reply);
    ck_assert_msg(strstr(reply.body, "the key alice has used") != NULL, "%s", reply.body);
    server_expect_problem(reply, 429, "too-many", NULL);
    ck_assert_int_ge(wait, 1);
    ck_assert_int_le(wait, 4);
    ck_assert_int_eq(status_of(post(one, KEY_B, NULL)), 200);
    server_sleep_ms(1000 * wait);
    ck_assert_int_eq(status_of(post(one, KEY_A, NULL)), 200);
    ck_assert_double_eq(
        server_metric(&management, "advect_queries_rejected_total{reason=\"key_limit\"}"), 1);
    ck_assert_double_eq(
        server_metric(&management,
                      "advect_key_queries_total{key=\"alice\",outcome=\"over_limit\"}"),
        1);
    stop_with_keys();
}
END_TEST

START_TEST(wrong_keys_are_slowed_down_by_address)
{
    int n_looked_at = 0;
    start_with_keys();
    struct server_reply reply = {0};
    for (int i = 0; i < 12; i++) {
        server_reply_release(&reply);
        reply = post(SMALL, "X-API-Key: key-of-mallory-0123456789", FROM_A);
        n_looked_at += reply.status == 401;
    }
    ck_assert_int_ge(n_looked_at, 5);
    ck_assert_int_le(n_looked_at, 8); /* one more each ten seconds, on a slow machine */
    int wait = retry_after(&reply);
    ck_assert_int_ge(wait, 1);
    ck_assert_int_le(wait, 20);
    server_expect_problem(reply, 429, "too-many", NULL);
    server_expect_problem(post(SMALL, KEY_A, FROM_A), 429, "too-many", NULL);
    ck_assert_int_eq(status_of(post(SMALL, NULL, FROM_A)), 401); /* no guess */
    ck_assert_int_eq(status_of(get("/health/live", FROM_A, NULL)), 200);
    ck_assert_int_eq(status_of(post(SMALL, KEY_A, FROM_B)), 200);
    ck_assert_double_eq(server_metric(&management, "advect_keys_refused_total{reason=\"wrong\"}"),
                        n_looked_at);
    stop_with_keys();
}
END_TEST

/* ---------------------------------------------------------------- management */

START_TEST(management_has_a_port_of_its_own)
{
    char output[512];
    start_with_keys();
    static const struct {
        const char *path;
        long here, there;
    } cases[] = {
        {"/health/live", 200, 200}, {"/health/ready", 200, 200},    {"/metrics", 404, 200},
        {"/v1/models", 200, 404},   {"/v1/models/plane", 200, 404}, {"/", 200, 404},
        {"/nowhere", 404, 404},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        long here = status_of(get(cases[i].path, KEY_A, NULL));
        long there = status_of(server_get(&management, cases[i].path));
        ck_assert_msg(here == cases[i].here && there == cases[i].there, "%s: %ld, %ld",
                      cases[i].path, here, there);
    }
    const char *check[] = {"--check-health", "--listen=127.0.0.1:1", management_flag, NULL};
    ck_assert_msg(server_daemon_run(check, output, sizeof output) == 0, "%s", output);
    stop_with_keys();
}
END_TEST

/* ---------------------------------------------------------------- connections */

/* A connection from another address of this host. */
static int connect_from(const char *address)
{
    struct sockaddr_in near = {.sin_family = AF_INET};
    struct sockaddr_in far = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server.port)};
    inet_pton(AF_INET, address, &near.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &far.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&near, sizeof near), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&far, sizeof far), 0);
    return fd;
}

static char *ask_from(const char *address, const char *path)
{
    char head[256];
    bool closed;
    int fd = connect_from(address);
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    server_write(fd, head);
    char *reply = server_read_all(fd, 20000, &closed);
    close(fd);
    return reply;
}

static void expect_from(const char *address, const char *path, const char *wanted)
{
    char *reply = ask_from(address, path);
    ck_assert_msg(strstr(reply, wanted) != NULL, "%s from %s: %s", path, address, reply);
    free(reply);
}

/* Idle ones, once the daemon has them. */
static void hold(int *fds, int n, const char *address)
{
    for (int i = 0; i < n; i++) {
        fds[i] = connect_from(address);
        server_write(fds[i], "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
        free(server_read_until(fds[i], "\"live\"", 5000));
    }
}

static void let_go(const int *fds, int n)
{
    for (int i = 0; i < n; i++)
        close(fds[i]);
}

START_TEST(health_is_answered_when_all_connections_are_taken)
{
    int fds[4];
    char output[512], listen[64];
    server_daemon_start(&server,
                        (const char *const[]){"--max-connections=4", "--client-share=1", NULL});
    hold(fds, 4, "127.0.0.1");
    for (int i = 0; i < 40; i++) { /* more than are kept for it, one after the other */
        expect_from("127.0.0.1", "/health/live", "\"live\"");
        expect_from("127.0.0.2", "/health/ready", "\"ready\"");
    }
    expect_from("127.0.0.1", "/v1/models", "urn:advect:queue-full");
    expect_from("127.0.0.2", "/metrics", "urn:advect:queue-full");
    snprintf(listen, sizeof listen, "--listen=127.0.0.1:%d", server.port);
    const char *check[] = {"--check-health", listen, NULL};
    ck_assert_msg(server_daemon_run(check, output, sizeof output) == 0, "%s", output);
    let_go(fds, 4);
    server_daemon_stop(&server);
}
END_TEST

/* Whoever holds what is kept for health is told so and disconnected within a second. */
START_TEST(nobody_keeps_the_connections_for_health)
{
    int fds[4], extra[30];
    bool closed;
    server_daemon_start(&server,
                        (const char *const[]){"--max-connections=4", "--client-share=1", NULL});
    hold(fds, 4, "127.0.0.1");
    for (int i = 0; i < 30; i++)
        extra[i] = connect_from("127.0.0.1");
    double begin = server_seconds();
    for (int i = 0; i < 30; i++) {
        char *reply = server_read_all(extra[i], 20000, &closed);
        ck_assert_msg(closed && !strncmp(reply, "HTTP/1.1 503 ", 13), "%s", reply);
        free(reply);
    }
    ck_assert_double_lt(server_seconds() - begin, 10);
    let_go(extra, 30);
    server_sleep_ms(200); /* for the daemon to see the ends */
    expect_from("127.0.0.1", "/health/live", "\"live\"");
    let_go(fds, 4);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(one_address_leaves_connections_for_the_others)
{
    int fds[4];
    server_daemon_start(&server,
                        (const char *const[]){"--max-connections=8", "--client-share=0.5", NULL});
    hold(fds, 4, "127.0.0.1");
    expect_from("127.0.0.1", "/v1/models", "urn:advect:too-many");
    expect_from("127.0.0.1", "/health/live", "\"live\"");
    expect_from("127.0.0.2", "/v1/models", "\"plane\"");
    let_go(fds, 1);
    server_sleep_ms(200);
    expect_from("127.0.0.1", "/v1/models", "\"plane\"");
    let_go(fds + 1, 3);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(a_trusted_proxy_may_have_all_connections)
{
    int fds[7];
    server_daemon_start(&server, (const char *const[]){"--max-connections=8", "--client-share=0.5",
                                                       "--trusted-proxies=127.0.0.1", NULL});
    hold(fds, 7, "127.0.0.1");
    expect_from("127.0.0.1", "/v1/models", "\"plane\"");
    let_go(fds, 7);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- queue and workers */

static int begin_post(const char *json, const char *header)
{
    char text[1024];
    int fd = server_connect(&server);
    snprintf(text, sizeof text,
             "POST " SAMPLES " HTTP/1.1\r\nHost: a\r\n%s\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             header, strlen(json), json);
    server_write(fd, text);
    return fd;
}

START_TEST(one_client_leaves_places_in_the_queue_for_the_others)
{
    int fds[4];
    server_daemon_start(
        &server, (const char *const[]){"--workers=1", "--queue-length=8", "--client-share=0.5",
                                       "--request-timeout-ms=86400000", PROXY, NULL});
    for (int i = 0; i < 4; i++) {
        fds[i] = begin_post(ENDLESS, FROM_A);
        server_wait_for_metric(&server, "advect_queries", i + 1, 5000);
    }
    struct server_reply reply = post(SMALL, FROM_A, NULL);
    ck_assert_int_ge(retry_after(&reply), 1);
    ck_assert_msg(strstr(reply.body, "192.0.2.1") != NULL, "%s", reply.body);
    server_expect_problem(reply, 429, "too-many", NULL);
    ck_assert_int_eq(status_of(post(SMALL, FROM_B, NULL)), 200);
    ck_assert_double_eq(
        server_metric(&server, "advect_queries_rejected_total{reason=\"client_share\"}"), 1);
    let_go(fds, 4);
    server_wait_for_metric(&server, "advect_queries", 0, 10000);
    ck_assert_int_eq(status_of(post(SMALL, FROM_A, NULL)), 200);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(one_client_leaves_room_for_the_answers_of_others)
{
    server_daemon_start(&server,
                        (const char *const[]){"--workers=1", "--max-numbers=2000",
                                              "--queue-numbers=4000", "--client-share=0.5",
                                              "--request-timeout-ms=86400000", PROXY, NULL});
    int fd = begin_post(ENDLESS, FROM_A); /* 2000 numbers */
    server_wait_for_metric(&server, "advect_queries", 1, 5000);
    struct server_reply reply = post(SMALL, FROM_A, NULL);
    ck_assert_msg(strstr(reply.body, "numbers") != NULL, "%s", reply.body);
    server_expect_problem(reply, 429, "too-many", NULL);
    ck_assert_int_eq(status_of(post("{\"n\": 1000}", FROM_B, NULL)), 200);
    close(fd);
    server_wait_for_metric(&server, "advect_answer_numbers", 0, 10000);
    ck_assert_int_eq(status_of(post("{\"n\": 1000}", FROM_A, NULL)), 200);
    server_daemon_stop(&server);
}
END_TEST

#define N_GREEDY 12
#define N_MODEST 6
static atomic_bool enough;
static atomic_int n_greedy_answers;
static char work[128];

static void *ask_greedily(void *unused)
{
    (void)unused;
    while (!atomic_load(&enough)) {
        if (status_of(post(work, FROM_A, NULL)) == 200)
            atomic_fetch_add(&n_greedy_answers, 1);
        else
            server_sleep_ms(50);
    }
    return NULL;
}

/* Queries of about so many seconds, as the quickest of some short ones goes. */
static void choose_work(double seconds)
{
    double quickest = INFINITY;
    for (int i = 0; i < 5; i++) {
        double begin = server_seconds();
        snprintf(work, sizeof work,
                 "{\"n\": 64, \"solver\": {\"method\": \"rk4\", \"steps\": 20}}");
        ck_assert_int_eq(status_of(post(work, FROM_B, NULL)), 200);
        quickest = fmin(quickest, server_seconds() - begin);
    }
    double steps = ceil(20 * seconds / quickest);
    snprintf(work, sizeof work, "{\"n\": 64, \"solver\": {\"method\": \"rk4\", \"steps\": %d}}",
             (int)fmin(steps, 10000));
}

/* Two clients, of which one has twelve connections: of queries that take longer than the 0.05 s by
 * which clients may differ, it gets about as many answers as the other, and not twelve times as many
 * as if turns went by query. */
START_TEST(many_connections_get_no_more_of_the_workers)
{
    pthread_t threads[N_GREEDY];
    server_daemon_start(&server, (const char *const[]){"--workers=1", PROXY, NULL});
    choose_work(0.2);
    for (int i = 0; i < N_GREEDY; i++)
        pthread_create(&threads[i], NULL, ask_greedily, NULL);
    server_wait_for_metric(&server, "advect_queries", N_GREEDY, 20000);
    int before = atomic_load(&n_greedy_answers);
    for (int i = 0; i < N_MODEST; i++)
        ck_assert_int_eq(status_of(post(work, FROM_B, NULL)), 200);
    int beside = atomic_load(&n_greedy_answers) - before;
    atomic_store(&enough, true);
    for (int i = 0; i < N_GREEDY; i++)
        pthread_join(threads[i], NULL);
    ck_assert_msg(beside < 5 * N_MODEST, "%d answers of one client beside %d of the other", beside,
                  N_MODEST);
    server_daemon_stop(&server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server clients");
    TCase *each = tcase_create("a daemon each");
    tcase_set_timeout(each, 120);
    tcase_add_test(each, named_keys_are_told_by_name_and_never_shown);
    tcase_add_test(each, keys_are_reloaded_or_stay_as_they_are);
    tcase_add_test(each, a_bad_file_of_keys_keeps_the_daemon_from_starting);
    tcase_add_test(each, the_key_without_a_name_is_taken_beside_the_others);
    tcase_add_test(each, only_some_keys_may_raise_the_priority);
    tcase_add_test(each, a_key_over_its_limit_is_told_when_to_come_back);
    tcase_add_test(each, wrong_keys_are_slowed_down_by_address);
    tcase_add_test(each, management_has_a_port_of_its_own);
    tcase_add_test(each, health_is_answered_when_all_connections_are_taken);
    tcase_add_test(each, nobody_keeps_the_connections_for_health);
    tcase_add_test(each, one_address_leaves_connections_for_the_others);
    tcase_add_test(each, a_trusted_proxy_may_have_all_connections);
    tcase_add_test(each, one_client_leaves_places_in_the_queue_for_the_others);
    tcase_add_test(each, one_client_leaves_room_for_the_answers_of_others);
    tcase_add_test(each, many_connections_get_no_more_of_the_workers);
    suite_add_tcase(suite, each);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
