/* The daemon under load: concurrency, bounds, fairness, clients that go, signals, streams. */
#include "server/net/hangup.h"
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAMPLES "/v1/models/plane/samples"

/* Minutes of one worker: never to be answered. */
#define ENDLESS "{\"n\": 1000, \"solver\": {\"method\": \"rk4\", \"steps\": 10000}}"

/* Requests that take about SLOW_S of one worker, here and now: long enough to act meanwhile,
 * however fast the machine, the build and the neighbours are. */
#define SLOW_S 0.7
#define SLOW_ROWS 256
static char slow_samples[256], slow_trajectories[256];

static struct server_daemon server;

static void wait_for_metric(const char *name, double value, int ms)
{
    server_wait_for_metric(&server, name, value, ms);
}

/* The quickest of a few tries, since a busy neighbour makes one slow and the bodies then too
 * short. */
static double seconds_per_step(int n_steps)
{
    double least = 1e9;
    for (int i = 0; i < 4; i++) {
        double begin = server_seconds();
        struct server_reply reply = server_post(&server, SAMPLES, slow_samples);
        double seconds = server_seconds() - begin;
        ck_assert_int_eq(reply.status, 200);
        server_reply_release(&reply);
        least = seconds < least ? seconds : least;
        wait_for_metric("advect_answer_numbers", 0, 5000); /* the next may need them all */
    }
    return least / n_steps;
}

static void write_slow_bodies(void)
{
    static const char *const solver = "\"solver\": {\"method\": \"rk4\", \"steps\":";
    const int trial = 40;
    snprintf(slow_samples, sizeof slow_samples, "{\"n\": %d, %s %d}}", SLOW_ROWS, solver, trial);
    double per_step = seconds_per_step(trial);
    int steps = SLOW_S / per_step > 10000 ? 10000 : (int)(SLOW_S / per_step) + 1;
    snprintf(slow_samples, sizeof slow_samples, "{\"n\": %d, %s %d}}", SLOW_ROWS, solver, steps);
    snprintf(slow_trajectories, sizeof slow_trajectories, "{\"n\": %d, \"frames\": 50, %s %d}}",
             SLOW_ROWS, solver, steps);
}

static void start_with(const char *const *flags)
{
    server_daemon_start(&server, flags);
    write_slow_bodies();
}

/* ---------------------------------------------------------------- requests in the background */

struct background {
    pthread_t thread;
    const char *path, *body;
    struct server_reply reply;
};

static void *send_in_background(void *argument)
{
    struct background *background = argument;
    background->reply = server_post(&server, background->path, background->body);
    return NULL;
}

static void background_start(struct background *background, const char *path, const char *body)
{
    background->path = path;
    background->body = body;
    pthread_create(&background->thread, NULL, send_in_background, background);
}

/* Waits for the reply; its status. */
static long background_end(struct background *background)
{
    pthread_join(background->thread, NULL);
    long status = background->reply.status;
    server_reply_release(&background->reply);
    return status;
}

/* ---------------------------------------------------------------- concurrency */

static const struct {
    const char *path, *body;
} mixture[] = {
    {SAMPLES, "{\"n\": 100, \"seed\": 1}"},
    {"/v1/models/classes/samples", "{\"n\": 7, \"seed\": 2, \"guidance\": 1.5}"},
    {"/v1/models/image/samples", "{\"n\": 20, \"seed\": 3}"},
    {"/v1/models/plane/trajectories", "{\"n\": 40, \"seed\": 4, \"frames\": 6}"},
    {"/v1/models/plane/log-density", "{\"points\": [[0.5, 0.5], [1, -1]]}"},
    {"/v1/models/classes/latents", "{\"points\": [[0.5, 0.5], [1, -1]], \"label\": 2}"},
    {"/v1/models/plane/velocity", "{\"points\": [[0.5, 0.5]], \"t\": 0.3, \"divergence\": true}"},
    {SAMPLES, "{\"n\": 0}"},
};
#define N_MIXTURE (sizeof mixture / sizeof mixture[0])
#define N_CLIENTS 16
#define N_ROUNDS 3

static struct server_reply alone[N_MIXTURE];
static atomic_int n_differences;

/* By one name: refusals tell it. */
static struct server_reply ask_one(size_t k)
{
    return server_send(&server, &(struct server_request){.path = mixture[k].path,
                                                         .body = mixture[k].body,
                                                         .headers = {"X-Request-Id: same"}});
}

static void *ask_mixture(void *argument)
{
    size_t client = *(const size_t *)argument;
    for (size_t i = 0; i < N_MIXTURE * N_ROUNDS; i++) {
        size_t k = (i + client) % N_MIXTURE;
        struct server_reply reply = ask_one(k);
        if (reply.status != alone[k].status || reply.n_body != alone[k].n_body ||
            memcmp(reply.body, alone[k].body, reply.n_body) != 0)
            atomic_fetch_add(&n_differences, 1);
        server_reply_release(&reply);
    }
    return NULL;
}

START_TEST(sixteen_clients_get_what_one_gets_alone)
{
    pthread_t threads[N_CLIENTS];
    size_t numbers[N_CLIENTS];
    start_with((const char *const[]){"--workers=2", NULL});
    for (size_t k = 0; k < N_MIXTURE; k++) {
        alone[k] = ask_one(k);
        ck_assert_int_eq(alone[k].status, k == N_MIXTURE - 1 ? 422 : 200);
    }
    for (size_t i = 0; i < N_CLIENTS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, ask_mixture, &numbers[i]);
    }
    for (size_t i = 0; i < N_CLIENTS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(atomic_load(&n_differences), 0);
    for (size_t k = 0; k < N_MIXTURE; k++)
        server_reply_release(&alone[k]);
    ck_assert_double_eq(server_metric(&server, "advect_queries"), 0);
    ck_assert_double_eq(server_metric(&server, "advect_query_rows"), 0);
    server_daemon_stop(&server);
}
END_TEST

/* A small request beside a large one takes a few turns, not the large one's time. */
/* Answers that take several looks of the watcher at their clients. */
START_TEST(six_long_requests_at_once_are_answered)
{
    struct background slow[6];
    start_with((const char *const[]){"--workers=2", NULL});
    for (int i = 0; i < 6; i++)
        background_start(&slow[i], SAMPLES, slow_samples);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(background_end(&slow[i]), 200);
    server_daemon_stop(&server);
}
END_TEST

static short polled(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLRDHUP};
    poll(&one, 1, 0);
    return one.revents;
}

START_TEST(poll_tells_who_has_gone)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(adv_hangup_of(polled(ends[0])), ADV_CLIENT_WAITS);
    ck_assert_int_eq(write(ends[1], "x", 1), 1); /* what it sends does not matter */
    ck_assert_int_eq(adv_hangup_of(polled(ends[0])), ADV_CLIENT_WAITS);
    shutdown(ends[1], SHUT_WR);
    ck_assert_int_eq(adv_hangup_of(polled(ends[0])), ADV_CLIENT_GONE);
    close(ends[1]);
    ck_assert_int_eq(adv_hangup_of(polled(ends[0])), ADV_CLIENT_GONE);
    close(ends[0]);
    ck_assert_int_eq(adv_hangup_of(polled(ends[0])), ADV_CLIENT_NOT_POLLED);
    ck_assert_int_eq(adv_hangup_of(POLLIN), ADV_CLIENT_NOT_POLLED);
    ck_assert_int_eq(adv_hangup_of(POLLERR), ADV_CLIENT_GONE);
}
END_TEST

START_TEST(a_small_request_does_not_wait_for_a_large_one)
{
    struct background large;
    start_with((const char *const[]){"--workers=1", NULL});
    double begin = server_seconds();
    background_start(&large, SAMPLES, slow_samples);
    wait_for_metric("advect_queries", 1, 5000);
    double small_begin = server_seconds();
    struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 4, \"seed\": 1}");
    double small = server_seconds() - small_begin;
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    double live_begin = server_seconds();
    reply = server_get(&server, "/health/live");
    double live = server_seconds() - live_begin;
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    ck_assert_double_eq(server_metric(&server, "advect_queries"), 1); /* the large one still runs */
    ck_assert_int_eq(background_end(&large), 200);
    double whole = server_seconds() - begin;
    ck_assert_msg(small < whole / 4, "%g s beside one of %g s", small, whole);
    ck_assert_msg(live < whole / 4, "%g s beside one of %g s", live, whole);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- bounds */

START_TEST(a_full_queue_refuses_and_says_when_to_come_back)
{
    struct background slow[2];
    char retry[16];
    start_with((const char *const[]){"--workers=1", "--queue-length=2", "--client-share=1", NULL});
    background_start(&slow[0], SAMPLES, slow_samples);
    background_start(&slow[1], SAMPLES, slow_samples);
    wait_for_metric("advect_queries", 2, 5000);
    struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 1}");
    ck_assert(server_reply_header(&reply, "Retry-After", sizeof retry, retry));
    ck_assert_int_ge(atoi(retry), 1);
    server_expect_problem(reply, 503, "queue-full", NULL);
    reply = server_get(&server, "/health/ready");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    ck_assert_double_eq(
        server_metric(&server, "advect_queries_rejected_total{reason=\"queue_length\"}"), 1);
    ck_assert_int_eq(background_end(&slow[0]), 200);
    ck_assert_int_eq(background_end(&slow[1]), 200);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(answers_that_are_large_together_are_refused)
{
    struct background slow;
    start_with((const char *const[]){"--max-numbers=600", "--queue-numbers=600", "--client-share=1",
                                     NULL});
    background_start(&slow, SAMPLES, slow_samples); /* SLOW_ROWS points of 2 numbers */
    wait_for_metric("advect_queries", 1, 5000);
    server_expect_problem(server_post(&server, SAMPLES, "{\"n\": 60}"), 503, "queue-full", NULL);
    struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 40}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    ck_assert_int_eq(background_end(&slow), 200);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(a_request_that_takes_too_long_is_given_up)
{
    char retry[16];
    server_daemon_start(&server, (const char *const[]){"--workers=1", "--request-timeout-ms=150",
                                                       "--max-cost=1e15", NULL});
    double begin = server_seconds();
    struct server_reply reply = server_post(&server, SAMPLES, ENDLESS);
    double took = server_seconds() - begin;
    ck_assert(server_reply_header(&reply, "Retry-After", sizeof retry, retry));
    server_expect_problem(reply, 503, "timeout", NULL);
    ck_assert_double_lt(took, 10);
    ck_assert_double_eq(server_metric(&server, "advect_queries_total{outcome=\"expired\"}"), 1);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(connections_over_the_limit_are_answered_503)
{
    int fds[3];
    start_with((const char *const[]){"--max-connections=3", "--client-share=1", NULL});
    for (int i = 0; i < 3; i++) {
        fds[i] = server_connect(&server);
        server_write(fds[i], "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
        free(server_read_until(fds[i], "\"live\"", 5000));
    }
    char *reply = server_exchange_raw(&server, "");
    ck_assert_msg(!strncmp(reply, "HTTP/1.1 503 ", 13), "%s", reply);
    ck_assert_ptr_nonnull(strstr(reply, "urn:advect:queue-full"));
    free(reply);
    close(fds[0]);
    server_sleep_ms(200);
    reply = server_exchange_raw(&server, "GET /health/live HTTP/1.0\r\nConnection: close\r\n\r\n");
    ck_assert_msg(strstr(reply, "\"live\"") != NULL, "%s", reply);
    free(reply);
    close(fds[1]);
    close(fds[2]);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- clients that go */

static void write_post(int fd, const char *path, const char *accept, const char *body)
{
    char head[512];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: %s\r\n"
             "Content-Length: %zu\r\n\r\n",
             path, accept, strlen(body));
    server_write(fd, head);
    server_write(fd, body);
}

static int post_raw(const char *path, const char *accept, const char *body)
{
    int fd = server_connect(&server);
    write_post(fd, path, accept, body);
    return fd;
}

static void expect_alive_and_idle(void)
{
    struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 2}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    wait_for_metric("advect_queries", 0, 25000);
    wait_for_metric("advect_requests_in_flight", 1, 5000); /* that of the metrics themselves */
}

static void expect_no_more_turns(void)
{
    wait_for_metric("advect_queries", 0, 2000);
    wait_for_metric("advect_requests_in_flight", 1, 2000); /* that of the metrics themselves */
    double turns = server_metric(&server, "advect_turns_total");
    server_sleep_ms(100);
    ck_assert_double_eq(server_metric(&server, "advect_turns_total"), turns);
    ck_assert_double_eq(server_metric(&server, "advect_queries_total{outcome=\"vanished\"}"), 1);
}

START_TEST(work_for_a_client_that_went_is_dropped)
{
    start_with((const char *const[]){"--workers=2", NULL});
    int fd = post_raw(SAMPLES, "*/*", slow_samples);
    wait_for_metric("advect_queries", 1, 5000);
    close(fd);
    expect_no_more_turns();
    char *log = server_daemon_read_log(&server);
    ck_assert_ptr_nonnull(strstr(log, "status=499"));
    free(log);
    server_daemon_stop(&server);
}
END_TEST

/* One worker and two shards of rows: they must take turns for a frame to be whole early. */
START_TEST(frames_arrive_while_later_ones_are_computed)
{
    start_with((const char *const[]){"--workers=1", NULL});
    double begin = server_seconds();
    int fd = post_raw("/v1/models/plane/trajectories", "application/x-ndjson", slow_trajectories);
    char *first = server_read_until(fd, "{\"frame\":1,", 60000);
    double first_s = server_seconds() - begin;
    ck_assert_ptr_nonnull(strstr(first, "HTTP/1.1 200 "));
    ck_assert_ptr_null(strstr(first, "{\"frame\":49,"));
    char *last = server_read_until(fd, "{\"frame\":49,", 60000);
    double last_s = server_seconds() - begin;
    ck_assert_ptr_nonnull(strstr(last, "{\"frame\":49,"));
    ck_assert_msg(first_s < last_s / 4, "first after %g s, last after %g s", first_s, last_s);
    close(fd);
    free(first);
    free(last);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(a_stream_that_nobody_reads_ends)
{
    start_with((const char *const[]){"--workers=2", NULL});
    int fd = post_raw("/v1/models/plane/trajectories", "application/x-ndjson", slow_trajectories);
    char *first = server_read_until(fd, "{\"frame\":1,", 60000);
    free(first);
    close(fd);
    expect_no_more_turns();
    server_daemon_stop(&server);
}
END_TEST

START_TEST(a_stream_that_fails_says_so_and_ends_unfinished)
{
    bool closed;
    server_daemon_start(&server,
                        (const char *const[]){"--workers=2", "--request-timeout-ms=1000", NULL});
    int fd =
        post_raw("/v1/models/plane/trajectories", "application/x-ndjson",
                 "{\"n\": 2000, \"seed\": 1, \"frames\": 1000, \"solver\": {\"method\": \"rk4\","
                 " \"steps\": 10000}}");
    char *reply = server_read_all(fd, 20000, &closed);
    close(fd);
    size_t n = strlen(reply);
    ck_assert(closed);
    ck_assert_ptr_nonnull(strstr(reply, "HTTP/1.1 200 "));
    ck_assert_ptr_nonnull(strstr(reply, "{\"frame\":0,"));
    ck_assert_ptr_nonnull(strstr(reply, "urn:advect:timeout"));
    ck_assert_msg(n < 5 || strcmp(reply + n - 5, "0\r\n\r\n") != 0, "it ends as if it were whole");
    free(reply);
    server_daemon_stop(&server);
}
END_TEST

/* A client that does not take its answer is cut off long before libmicrohttpd's own timeout for
 * connections without any activity, here 31 s. */
START_TEST(a_client_that_does_not_read_is_cut_off)
{
    server_daemon_start(&server, (const char *const[]){"--workers=2", "--idle-timeout-ms=300",
                                                       "--min-send-rate=100000000", NULL});
    int fd = server_connect(&server), small = 4096;
    char buffer[1000];
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    write_post(fd, "/v1/models/plane/trajectories", _i ? "application/x-ndjson" : "*/*",
               "{\"n\": 5000, \"frames\": 100,"
               " \"solver\": {\"method\": \"euler\", \"steps\": 1}}");
    ck_assert_int_gt(recv(fd, buffer, sizeof buffer, 0), 0);
    expect_alive_and_idle();
    close(fd);
    server_daemon_stop(&server);
}
END_TEST

/* ---------------------------------------------------------------- signals */

/* Clients that ask without pause; how often each was answered. */
struct asker {
    pthread_t thread;
    const char *path;
    int n_answered, n_other;
};

static atomic_bool enough;

static void *ask_on(void *argument)
{
    struct asker *asker = argument;
    while (!atomic_load(&enough)) {
        struct server_reply reply = server_post(&server, asker->path, "{\"n\": 30, \"seed\": 1}");
        asker->n_answered += reply.status == 200;
        asker->n_other += reply.status != 200;
        server_reply_release(&reply);
    }
    return NULL;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

/* What was being computed when SIGTERM came is answered in full, and every 200 that the daemon
 * logged has reached its client. */
START_TEST(sigterm_under_load_loses_no_reply)
{
    struct background slow[3];
    struct asker askers[6];
    start_with((const char *const[]){"--workers=2", NULL});
    atomic_store(&enough, false);
    for (int i = 0; i < 6; i++) {
        askers[i] = (struct asker){.path = "/v1/models/classes/samples"};
        pthread_create(&askers[i].thread, NULL, ask_on, &askers[i]);
    }
    for (int i = 0; i < 3; i++)
        background_start(&slow[i], SAMPLES, slow_samples);
    while (server_metric(&server, "advect_query_rows") < 3 * SLOW_ROWS)
        server_sleep_ms(10);
    kill(server.pid, SIGTERM);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(background_end(&slow[i]), 200);
    atomic_store(&enough, true);
    int n_answered = 0;
    for (int i = 0; i < 6; i++) {
        pthread_join(askers[i].thread, NULL);
        n_answered += askers[i].n_answered;
    }
    char *log = server_daemon_wait(&server);
    ck_assert_int_gt(n_answered, 0);
    ck_assert_int_eq(count(log, "path=\"/v1/models/classes/samples\" status=200"), n_answered);
    free(log);
}
END_TEST

START_TEST(a_draining_daemon_refuses_new_work)
{
    struct background slow;
    start_with((const char *const[]){"--workers=1", NULL});
    int fds[2];
    for (int i = 0; i < 2; i++) {
        fds[i] = server_connect(&server);
        server_write(fds[i], "GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n");
        char *ready = server_read_until(fds[i], "\"ready\"", 5000);
        ck_assert_ptr_nonnull(strstr(ready, "HTTP/1.1 200 "));
        free(ready);
    }
    background_start(&slow, SAMPLES, slow_samples);
    wait_for_metric("advect_queries", 1, 5000);
    kill(server.pid, SIGTERM);
    server_sleep_ms(100);
    server_write(fds[0], "GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n");
    server_write(fds[1], "POST " SAMPLES " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                         "Content-Type: application/json\r\n\r\n{}");
    for (int i = 0; i < 2; i++) {
        bool closed;
        char *reply = server_read_all(fds[i], 5000, &closed);
        ck_assert(closed);
        ck_assert_msg(!strncmp(reply, "HTTP/1.1 503 ", 13), "%s", reply);
        ck_assert_ptr_nonnull(strstr(reply, "urn:advect:draining"));
        ck_assert_ptr_nonnull(strstr(reply, "\r\nRetry-After: 5\r\n"));
        ck_assert_ptr_nonnull(strstr(reply, "\r\nConnection: close\r\n"));
        free(reply);
        close(fds[i]);
    }
    ck_assert_int_eq(background_end(&slow), 200);
    free(server_daemon_wait(&server));
}
END_TEST

START_TEST(a_drain_ends_in_time)
{
    struct background slow;
    start_with((const char *const[]){"--workers=1", "--drain-timeout-ms=100", NULL});
    background_start(&slow, SAMPLES, slow_samples);
    wait_for_metric("advect_queries", 1, 5000);
    double begin = server_seconds();
    server_daemon_stop(&server);
    ck_assert_double_lt(server_seconds() - begin, 3);
    pthread_join(slow.thread, NULL);
    server_expect_problem(slow.reply, 503, "draining", NULL);
}
END_TEST

START_TEST(sighup_under_load_drops_nothing)
{
    struct asker askers[4];
    struct background slow;
    start_with((const char *const[]){"--workers=2", NULL});
    atomic_store(&enough, false);
    server_model_write(server.models, "extra.safetensors", "extra", 1);
    for (int i = 0; i < 4; i++) {
        askers[i] = (struct asker){.path = i % 2 ? "/v1/models/classes/samples" : SAMPLES};
        pthread_create(&askers[i].thread, NULL, ask_on, &askers[i]);
    }
    background_start(&slow, SAMPLES, slow_samples);
    for (int i = 0; i < 10; i++) { /* the same name, other weights: a new model each time */
        server_model_write(server.models, "plane.safetensors", "plane", (uint64_t)i + 100);
        kill(server.pid, SIGHUP);
        wait_for_metric("advect_reloads_total{outcome=\"completed\"}", i + 1, 5000);
        server_sleep_ms(20);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 4; i++) {
        pthread_join(askers[i].thread, NULL);
        ck_assert_int_eq(askers[i].n_other, 0);
        ck_assert_int_gt(askers[i].n_answered, 0);
    }
    ck_assert_int_eq(background_end(&slow), 200);
    server_daemon_stop(&server);
}
END_TEST

static void reload(int n)
{
    kill(server.pid, SIGHUP);
    wait_for_metric("advect_reloads_total{outcome=\"completed\"}", n, 5000);
}

START_TEST(a_reload_sees_new_changed_broken_and_removed_files)
{
    char path[256], etag[64], other[64];
    start_with(NULL);
    struct server_reply reply = server_get(&server, "/v1/models/plane");
    ck_assert(server_reply_header(&reply, "ETag", sizeof etag, etag));
    server_reply_release(&reply);
    server_model_write(server.models, "extra.safetensors", "extra", 1);
    server_model_write(server.models, "plane.safetensors", "plane", 2);
    server_model_write(server.models, "zz.safetensors", "classes", 3);
    reload(1);
    reply = server_get(&server, "/v1/models/plane");
    ck_assert(server_reply_header(&reply, "ETag", sizeof other, other));
    ck_assert_str_ne(etag, other);
    server_reply_release(&reply);
    reply = server_post(&server, "/v1/models/extra/samples", "{\"n\": 1}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    reply = server_get(&server, "/v1/models");
    snprintf(path, sizeof path, "%s/zz.safetensors holds a model named \\\"classes\\\"",
             server.models);
    ck_assert_ptr_nonnull(strstr(reply.body, path));
    snprintf(path, sizeof path, "%s/classes.safetensors is served", server.models);
    ck_assert_ptr_nonnull(strstr(reply.body, path));
    server_reply_release(&reply);
    snprintf(path, sizeof path, "%s/extra.safetensors", server.models);
    unlink(path);
    reload(2);
    server_expect_problem(server_get(&server, "/v1/models/extra"), 404, "no-such-model", NULL);
    ck_assert_double_eq(server_metric(&server, "advect_models"), 3);
    server_daemon_stop(&server);
}
END_TEST

/* By the order of names the copies come first. Each is told of the file that is served. */
START_TEST(a_copy_does_not_displace_the_file_that_is_called_as_the_model)
{
    char etag[64], other[64];
    start_with(NULL);
    struct server_reply reply = server_get(&server, "/v1/models/plane");
    ck_assert(server_reply_header(&reply, "ETag", sizeof etag, etag));
    server_reply_release(&reply);
    server_model_write(server.models, "a-copy.safetensors", "plane", 7);
    server_model_write(server.models, "b-copy.safetensors", "plane", 8);
    reload(1);
    reply = server_get(&server, "/v1/models/plane");
    ck_assert(server_reply_header(&reply, "ETag", sizeof other, other));
    ck_assert_str_eq(etag, other);
    server_reply_release(&reply);
    reply = server_get(&server, "/v1/models");
    ck_assert_ptr_nonnull(strstr(reply.body, "/a-copy.safetensors holds a model named"));
    ck_assert_ptr_nonnull(strstr(reply.body, "/b-copy.safetensors holds a model named"));
    ck_assert_ptr_null(strstr(reply.body, "copy.safetensors is served"));
    server_reply_release(&reply);
    server_daemon_stop(&server);
}
END_TEST

/* OpenBLAS starts threads before main begins, unless it is told to use one: signals must do no harm
 * either way. Loop tests go through both. */
static const char *const openblas_threads[] = {NULL, "1"};

static void start_with_openblas(int i, const char *const *flags)
{
    if (openblas_threads[i])
        setenv("OPENBLAS_NUM_THREADS", openblas_threads[i], 1);
    else
        unsetenv("OPENBLAS_NUM_THREADS");
    start_with(flags);
}

START_TEST(bursts_of_sighup_kill_nothing)
{
    start_with_openblas(_i, NULL);
    for (int burst = 0; burst < 12; burst++) {
        for (int i = 0; i < 3; i++)
            kill(server.pid, SIGHUP);
        server_sleep_ms(50);
    }
    struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 1}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
    ck_assert_double_ge(server_metric(&server, "advect_reloads_total{outcome=\"completed\"}"), 1);
    server_daemon_stop(&server);
}
END_TEST

/* A reload that SIGTERM meets is given up, and what was being computed is finished. */
START_TEST(sigterm_during_a_reload_loses_no_reply)
{
    struct background slow[2];
    start_with_openblas(_i, (const char *const[]){"--workers=2", NULL});
    for (int i = 0; i < 2; i++)
        background_start(&slow[i], SAMPLES, slow_samples);
    while (server_metric(&server, "advect_query_rows") < 2 * SLOW_ROWS)
        server_sleep_ms(10);
    for (int i = 0; i < 3; i++)
        kill(server.pid, SIGHUP);
    kill(server.pid, SIGTERM);
    for (int i = 0; i < 5; i++)
        kill(server.pid, SIGHUP);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(background_end(&slow[i]), 200);
    free(server_daemon_wait(&server));
}
END_TEST

/* The second signal to stop ends the wait for what is being computed, in order: its clients are
 * told, however many more there are. */
START_TEST(more_signals_to_stop_cut_the_drain_short)
{
    struct background slow;
    start_with_openblas(_i, (const char *const[]){"--workers=1", NULL});
    background_start(&slow, SAMPLES, slow_samples);
    wait_for_metric("advect_queries", 1, 5000);
    kill(server.pid, SIGTERM);
    server_sleep_ms(50);
    for (int i = 0; i < 20; i++) {
        kill(server.pid, i % 2 ? SIGINT : SIGTERM);
        server_sleep_ms(1);
    }
    pthread_join(slow.thread, NULL);
    server_expect_problem(slow.reply, 503, "draining", NULL);
    free(server_daemon_wait(&server));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server load");
    TCase *each = tcase_create("a daemon each");
    tcase_set_timeout(each, 60);
    tcase_add_test(each, sixteen_clients_get_what_one_gets_alone);
    tcase_add_test(each, six_long_requests_at_once_are_answered);
    tcase_add_test(each, poll_tells_who_has_gone);
    tcase_add_test(each, a_small_request_does_not_wait_for_a_large_one);
    tcase_add_test(each, a_full_queue_refuses_and_says_when_to_come_back);
    tcase_add_test(each, answers_that_are_large_together_are_refused);
    tcase_add_test(each, a_request_that_takes_too_long_is_given_up);
    tcase_add_test(each, connections_over_the_limit_are_answered_503);
    tcase_add_test(each, work_for_a_client_that_went_is_dropped);
    tcase_add_test(each, frames_arrive_while_later_ones_are_computed);
    tcase_add_test(each, a_stream_that_nobody_reads_ends);
    tcase_add_test(each, a_stream_that_fails_says_so_and_ends_unfinished);
    tcase_add_loop_test(each, a_client_that_does_not_read_is_cut_off, 0, 2);
    tcase_add_test(each, sigterm_under_load_loses_no_reply);
    tcase_add_test(each, a_draining_daemon_refuses_new_work);
    tcase_add_test(each, a_drain_ends_in_time);
    tcase_add_test(each, sighup_under_load_drops_nothing);
    tcase_add_loop_test(each, bursts_of_sighup_kill_nothing, 0, 2);
    tcase_add_loop_test(each, sigterm_during_a_reload_loses_no_reply, 0, 2);
    tcase_add_loop_test(each, more_signals_to_stop_cut_the_drain_short, 0, 2);
    tcase_add_test(each, a_reload_sees_new_changed_broken_and_removed_files);
    tcase_add_test(each, a_copy_does_not_displace_the_file_that_is_called_as_the_model);
    suite_add_tcase(suite, each);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
