/* Requests of few rows: at once, when the daemon evaluates them together, and alone, when idle
 * workers help with their layers. Each gets what one worker gives it by itself, whoever comes,
 * fails, goes or ends beside it. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/instrumented.h"
#include "tests/support/suite.h"

#include <advect/pool.h>
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLANE "/v1/models/plane/"
#define CLASSES "/v1/models/classes/"
#define LONG "\"solver\": {\"method\": \"rk4\", \"steps\": 600}"

/* Some milliseconds each. */
static const struct {
    const char *path, *body, *accept;
    long status;
} mixture[] = {
    {PLANE "samples", "{\"n\": 1, \"seed\": 1, " LONG "}", NULL, 200},
    {PLANE "samples",
     "{\"n\": 3, \"seed\": 2, \"solver\": {\"method\": \"euler\","
     " \"steps\": 2000}}",
     NULL, 200},
    {PLANE "samples",
     "{\"n\": 2, \"seed\": 3, \"solver\": {\"method\": \"dopri5\","
     " \"rtol\": 1e-9, \"atol\": 1e-9}}",
     NULL, 200},
    {PLANE "trajectories", "{\"n\": 1, \"seed\": 4, \"frames\": 9, " LONG "}",
     "application/x-ndjson", 200},
    {PLANE "latents", "{\"points\": [[0.5, 0.5]], " LONG "}", NULL, 200},
    {PLANE "velocity", "{\"points\": [[0.5, 0.5]], \"t\": 0.3}", NULL, 200},
    {PLANE "log-density", "{\"points\": [[0.5, 0.5]]}", NULL, 200},
    {PLANE "samples",
     "{\"n\": 2, \"seed\": 8, \"solver\": {\"method\": \"dopri5\", \"rtol\": 1e-9,"
     " \"atol\": 1e-9, \"max_nfe\": 100}}",
     NULL, 422},
    {CLASSES "samples", "{\"n\": 1, \"seed\": 5, \"label\": 1, " LONG "}", NULL, 200},
    {CLASSES "samples", "{\"n\": 2, \"seed\": 6, \"guidance\": 2.5, " LONG "}", NULL, 200},
    {CLASSES "samples", "{\"n\": 1, \"seed\": 7, \"guidance\": 0.5, " LONG "}", NULL, 200},
};
#define N_MIXTURE (sizeof mixture / sizeof mixture[0])
#define N_CLIENTS 24
#define N_ROUNDS (INSTRUMENTED ? 1 : 2)

static struct server_daemon server;
static struct server_reply alone[N_MIXTURE];
static atomic_int n_differences;
static atomic_bool going;

/* By one name: refusals tell it. */
static struct server_reply ask(size_t k)
{
    return server_send(&server, &(struct server_request){.path = mixture[k].path,
                                                         .body = mixture[k].body,
                                                         .accept = mixture[k].accept,
                                                         .headers = {"X-Request-Id: same"}});
}

static void *ask_all(void *argument)
{
    size_t client = *(const size_t *)argument;
    for (size_t i = 0; i < N_MIXTURE * N_ROUNDS; i++) {
        size_t k = (i + client) % N_MIXTURE;
        struct server_reply reply = ask(k);
        if (reply.status != alone[k].status || reply.n_body != alone[k].n_body ||
            memcmp(reply.body, alone[k].body, reply.n_body) != 0)
            atomic_fetch_add(&n_differences, 1);
        server_reply_release(&reply);
    }
    return NULL;
}

/* Asks, and goes before there is an answer. */
static void *ask_and_go(void *argument)
{
    (void)argument;
    const char *body = "{\"n\": 1, \"solver\": {\"method\": \"rk4\", \"steps\": 10000}}";
    char request[512];
    snprintf(request, sizeof request,
             "POST " PLANE "samples HTTP/1.1\r\nHost: 127.0.0.1\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    while (atomic_load(&going)) {
        int fd = server_connect(&server);
        server_write(fd, request);
        server_sleep_ms(20);
        close(fd);
    }
    return NULL;
}

static void ask_alone(void)
{
    for (size_t k = 0; k < N_MIXTURE; k++) {
        alone[k] = ask(k);
        ck_assert_msg(alone[k].status == mixture[k].status, "%s: %ld %s", mixture[k].body,
                      alone[k].status, alone[k].body);
    }
}

static void ask_at_once(void)
{
    pthread_t threads[N_CLIENTS], goer;
    size_t numbers[N_CLIENTS];
    atomic_store(&going, true);
    pthread_create(&goer, NULL, ask_and_go, NULL);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, ask_all, &numbers[i]);
    }
    for (size_t i = 0; i < N_CLIENTS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&going, false);
    pthread_join(goer, NULL);
}

static double evaluations(double *rows)
{
    *rows = server_metric(&server, "advect_evaluation_rows_sum");
    return server_metric(&server, "advect_evaluation_rows_count");
}

START_TEST(few_rows_get_in_company_what_they_get_alone)
{
    static const char *const workers[] = {"--workers=1", "--workers=2", "--workers=3"};
    server_daemon_start(&server, (const char *const[]){workers[_i], NULL});
    ask_alone();
    double rows_before, rows, before = evaluations(&rows_before);
    ask_at_once();
    ck_assert_int_eq(atomic_load(&n_differences), 0);
    double n = evaluations(&rows) - before;
    /* Alone they have 1.5 on average. */
    ck_assert_msg((rows - rows_before) / n > 2, "%g rows in %g evaluations", rows - rows_before, n);
    server_wait_for_metric(&server, "advect_queries", 0, 5000);
    ck_assert_double_eq(server_metric(&server, "advect_query_rows"), 0);
    for (size_t k = 0; k < N_MIXTURE; k++)
        server_reply_release(&alone[k]);
    server_daemon_stop(&server);
}
END_TEST

/* Rows of six million multiply-adds; a second or so, or more in an instrumented build. */
#define WIDE "/v1/models/wide/samples"
#if INSTRUMENTED
#define WIDE_STEPS "1000"
#else
#define WIDE_STEPS "2500"
#endif
static const char *const lone =
    "{\"n\": 1, \"seed\": 9, \"solver\": {\"method\": \"euler\", \"steps\": " WIDE_STEPS "}}";

static void start_wide(const char *workers)
{
    server_daemon_start(&server, (const char *const[]){workers, NULL});
    server_model_write_wide(server.models);
    kill(server.pid, SIGHUP);
    server_wait_for_metric(&server, "advect_reloads_total{outcome=\"completed\"}", 1, 20000);
}

static double n_shared(void)
{
    return server_metric(&server, "advect_turns_shared_total");
}

static void *ask_lone(void *reply)
{
    *(struct server_reply *)reply = server_post(&server, WIDE, lone);
    return NULL;
}

/* One worker does all by itself. Of two, the idle one helps, until it has something else to do. */
START_TEST(idle_workers_help_with_a_lone_row_and_change_nothing)
{
    struct server_reply helped;
    pthread_t thread;
    start_wide("--workers=1");
    struct server_reply by_one = server_post(&server, WIDE, lone);
    ck_assert_int_eq(by_one.status, 200);
    ck_assert_double_eq(n_shared(), 0);
    server_daemon_stop(&server);
    start_wide("--workers=2");
    pthread_create(&thread, NULL, ask_lone, &helped);
    for (int i = 0; i < 20; i++) {
        struct server_reply other = server_post(&server, PLANE "samples", "{\"n\": 50}");
        ck_assert_int_eq(other.status, 200);
        server_reply_release(&other);
        server_sleep_ms(20);
    }
    pthread_join(thread, NULL);
    ck_assert_int_eq(helped.status, 200);
    ck_assert_str_eq(helped.body, by_one.body);
    if (adv_cpu_count() >= 2) /* else two workers are more than processors */
        ck_assert_double_gt(n_shared(), 0);
    server_reply_release(&helped);
    server_reply_release(&by_one);
    server_daemon_stop(&server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("server together");
    TCase *tests = tcase_create("server together");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, few_rows_get_in_company_what_they_get_alone, 0, 3);
    tcase_add_test(tests, idle_workers_help_with_a_lone_row_and_change_nothing);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
