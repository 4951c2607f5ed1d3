/* Signals, in pairs, at every stage of the daemon's life: none kills it, what it accepted is
 * answered, and it ends with 0, after a signal to stop only. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAMPLES "/v1/models/plane/samples"
#define SLOW_S 0.3 /* what a request takes during which signals come */
#define STOPS_S 5  /* generous: a stop takes some hundredths of a second, on a free machine */

static const struct {
    int number;
    bool stops;
} signals[] = {{SIGHUP, false}, {SIGTERM, true}, {SIGINT, true}, {SIGPIPE, false}};
#define N_SIGNALS (int)(sizeof signals / sizeof signals[0])
#define N_PAIRS (N_SIGNALS * N_SIGNALS)

static struct server_daemon server;

/* The i-th pair, its second signal right after the first or a little later; how many of them are to
 * stop. */
static int send_pair(int i)
{
    int first = i / N_SIGNALS, second = i % N_SIGNALS;
    kill(server.pid, signals[first].number);
    if (i % 2)
        server_sleep_ms(5);
    kill(server.pid, signals[second].number);
    return signals[first].stops + signals[second].stops;
}

/* The daemon is to end, by the pair or by one more signal where that has none to stop. */
static void expect_end(int n_stops)
{
    double begin = server_seconds();
    if (n_stops == 0)
        kill(server.pid, SIGTERM);
    free(server_daemon_wait(&server));
    ck_assert_double_lt(server_seconds() - begin, STOPS_S);
}

static void expect_answer(void)
{
    struct server_reply reply = server_post(&server, SAMPLES, "{\"n\": 1}");
    ck_assert_int_eq(reply.status, 200);
    server_reply_release(&reply);
}

/* ---------------------------------------------------------------- a request meanwhile */

struct meanwhile {
    pthread_t thread;
    char body[128];
    struct server_reply reply;
};

static void write_body(char *body, size_t size, int steps)
{
    snprintf(body, size, "{\"n\": 256, \"solver\": {\"method\": \"rk4\", \"steps\": %d}}", steps);
}

static void *ask(void *argument)
{
    struct meanwhile *meanwhile = argument;
    meanwhile->reply = server_post(&server, SAMPLES, meanwhile->body);
    return NULL;
}

/* Returns once it is being computed. */
static void begin_request(struct meanwhile *meanwhile)
{
    const int trial = 40;
    double least = 1;
    for (int i = 0; i < 3; i++) {
        write_body(meanwhile->body, sizeof meanwhile->body, trial);
        double begin = server_seconds();
        ask(meanwhile);
        ck_assert_int_eq(meanwhile->reply.status, 200);
        server_reply_release(&meanwhile->reply);
        least = server_seconds() - begin < least ? server_seconds() - begin : least;
    }
    int steps = (int)(trial * SLOW_S / least) + 1;
    write_body(meanwhile->body, sizeof meanwhile->body, steps < 10000 ? steps : 10000);
    pthread_create(&meanwhile->thread, NULL, ask, meanwhile);
    server_wait_for_metric(&server, "advect_queries", 1, 10000);
}

/* It is answered: in full, or, where a second signal to stop may have cut the wait, with 503. */
static void end_request(struct meanwhile *meanwhile, int n_stops)
{
    pthread_join(meanwhile->thread, NULL);
    if (n_stops > 1 && meanwhile->reply.status == 503) {
        server_expect_problem(meanwhile->reply, 503, "draining", NULL);
        return;
    }
    ck_assert_int_eq(meanwhile->reply.status, 200);
    server_reply_release(&meanwhile->reply);
}

/* ---------------------------------------------------------------- stages */

/* Until the handlers are there the default action is all that can be had. That of SIGINT comes
 * last; but before exec the test's own are there, among which SIGHUP has none. */
static void wait_for_handlers(void)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)server.pid);
    for (int waited = 0; waited < 20000; waited++) {
        unsigned long long caught = 0;
        FILE *file = fopen(path, "r");
        while (file && fgets(line, sizeof line, file))
            sscanf(line, "SigCgt: %llx", &caught);
        if (file)
            fclose(file);
        if (caught & 1ULL << (SIGHUP - 1) && caught & 1ULL << (SIGINT - 1))
            return;
        server_sleep_ms(1);
    }
    ck_abort_msg("the daemon catches no signals");
}

/* A stop does not wait for the models; other signals do not keep them from being served. */
START_TEST(while_the_models_are_loaded_first)
{
    char said[64];
    server_daemon_prepare(&server);
    server_model_write_slow(server.models);
    int output = server_daemon_begin(&server, NULL);
    wait_for_handlers();
    if (_i % 3) /* else as soon as can be */
        server_daemon_wait_for_file(&server, "slow.safetensors");
    int n_stops = send_pair(_i);
    if (n_stops > 0) {
        double begin = server_seconds();
        char *log = server_daemon_wait(&server);
        ck_assert_double_lt(server_seconds() - begin, STOPS_S);
        ck_assert_msg(strstr(log, "told to stop while the models were loaded") != NULL, "%s", log);
        ck_assert_msg(!strstr(log, "refused slow.safetensors"), "%s", log);
        ck_assert_int_eq(read(output, said, sizeof said), 0); /* that it listens: not said */
        free(log);
    } else {
        server_daemon_await(&server, output);
        expect_answer();
        expect_end(0);
    }
    close(output);
}
END_TEST

START_TEST(while_nothing_is_asked)
{
    server_daemon_start(&server, NULL);
    int n_stops = send_pair(_i);
    if (n_stops == 0)
        expect_answer();
    expect_end(n_stops);
}
END_TEST

START_TEST(with_a_request_being_computed)
{
    struct meanwhile meanwhile;
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    begin_request(&meanwhile);
    int n_stops = send_pair(_i);
    end_request(&meanwhile, n_stops);
    expect_end(n_stops);
}
END_TEST

/* A stop gives the reload up. */
START_TEST(during_a_reload)
{
    struct meanwhile meanwhile;
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    begin_request(&meanwhile);
    server_model_write_slow(server.models);
    kill(server.pid, SIGHUP);
    server_daemon_wait_for_file(&server, "slow.safetensors");
    int n_stops = send_pair(_i);
    end_request(&meanwhile, n_stops);
    expect_end(n_stops);
}
END_TEST

/* The pair comes after a first signal to stop. */
START_TEST(while_draining)
{
    struct meanwhile meanwhile;
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    begin_request(&meanwhile);
    kill(server.pid, SIGTERM);
    server_sleep_ms(20);
    int n_stops = 1 + send_pair(_i);
    end_request(&meanwhile, n_stops);
    expect_end(n_stops);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server signals");
    TCase *pairs = tcase_create("pairs of signals");
    tcase_set_timeout(pairs, 60);
    tcase_add_loop_test(pairs, while_the_models_are_loaded_first, 0, N_PAIRS);
    tcase_add_loop_test(pairs, while_nothing_is_asked, 0, N_PAIRS);
    tcase_add_loop_test(pairs, with_a_request_being_computed, 0, N_PAIRS);
    tcase_add_loop_test(pairs, during_a_reload, 0, N_PAIRS);
    tcase_add_loop_test(pairs, while_draining, 0, N_PAIRS);
    suite_add_tcase(suite, pairs);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
