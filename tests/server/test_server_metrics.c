/* Memory by kind, as the metrics tell it. */
#include "tests/server/client/server_client.h"
#include "tests/server/client/server_models.h"
#include "tests/support/suite.h"

#include <advect/extra/model_parts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY(kind) "advect_memory_bytes{kind=\"" kind "\"}"

static struct server_daemon server;

static double weights_bytes(void)
{
    static const char *const names[] = {"plane", "classes", "image"};
    double sum = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct adv_model *model = server_model(names[i]);
        sum += (double)(adv_model_n_weights(model) * sizeof(float));
        adv_model_unref(model);
    }
    return sum;
}

static void expect_ok(struct server_reply reply)
{
    ck_assert_msg(reply.status == 200, "%ld: %s", reply.status, reply.body);
    server_reply_release(&reply);
}

/* A worker counts its evaluators when it looks for the next job. */
static double evaluators_beyond(double bytes)
{
    double end = server_seconds() + 5, now;
    while ((now = server_metric(&server, MEMORY("evaluators"))) <= bytes && server_seconds() < end)
        server_sleep_ms(5);
    ck_assert_double_gt(now, bytes);
    return now;
}

/* Packed weights have gaps between the ops', and are fewer where an op packs nothing. */
START_TEST(models_and_what_evaluates_them_are_counted)
{
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    ck_assert_double_eq(server_metric(&server, MEMORY("weights")), weights_bytes());
    double packed = server_metric(&server, MEMORY("packed_weights"));
    ck_assert_double_gt(packed, 0.5 * weights_bytes());
    ck_assert_double_lt(packed, 4 * weights_bytes());
    ck_assert_double_eq(server_metric(&server, MEMORY("evaluators")), 0);
    expect_ok(server_post(&server, "/v1/models/plane/samples", "{\"n\": 1}"));
    double one = evaluators_beyond(0);
    expect_ok(server_post(&server, "/v1/models/plane/log-density", "{\"points\": [[0, 0]]}"));
    evaluators_beyond(one); /* tangents */
    server_daemon_stop(&server);
}
END_TEST

/* A thousand points: their starts and their samples, in float32. */
START_TEST(queries_are_counted_while_they_are_computed)
{
    static const char head[] = "POST /v1/models/plane/samples HTTP/1.1\r\nHost: a\r\n"
                               "Content-Type: application/json\r\nContent-Length: 56\r\n\r\n";
    static const char body[] = "{\"n\": 1000, \"solver\": {\"method\": \"rk4\", \"steps\": 10000}}";
    _Static_assert(sizeof body - 1 == 56, "the length that the head tells");
    double least = 2 * 1000 * 2 * sizeof(float);
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    int fd = server_connect(&server);
    server_write(fd, head);
    server_write(fd, body);
    server_wait_for_metric(&server, "advect_queries", 1, 5000);
    server_sleep_ms(50); /* its first turn */
    double held = server_metric(&server, MEMORY("queries"));
    ck_assert_double_ge(held, least);
    ck_assert_double_lt(held, 10 * least);
    close(fd);
    server_wait_for_metric(&server, "advect_queries", 0, 5000);
    ck_assert_double_eq(server_metric(&server, MEMORY("queries")), 0);
    server_daemon_stop(&server);
}
END_TEST

/* 25.6 MB, of which the sockets take a part and the client nothing. */
START_TEST(replies_are_counted_until_they_are_sent)
{
    static const char body[] =
        "{\"n\": 1000, \"frames\": 100, \"solver\": {\"method\": \"euler\", \"steps\": 1}}";
    char head[256];
    server_daemon_start(&server, (const char *const[]){"--workers=1", NULL});
    int fd = server_connect(&server);
    snprintf(head, sizeof head,
             "POST /v1/models/image/trajectories HTTP/1.1\r\nHost: a\r\nAccept: "
             "application/x-npy\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
             sizeof body - 1);
    server_write(fd, head);
    server_write(fd, body);
    free(server_read_until(fd, "HTTP/1.1 200", 30000));
    double held = server_metric(&server, MEMORY("replies"));
    ck_assert_double_ge(held, 25.6e6);
    ck_assert_double_lt(held, 25.6e6 + 1000);
    close(fd);
    server_wait_for_metric(&server, MEMORY("replies"), 0, 5000);
    server_daemon_stop(&server);
}
END_TEST

START_TEST(kept_pictures_are_counted)
{
    server_daemon_start(&server, NULL);
    ck_assert_double_eq(server_metric(&server, MEMORY("picture_cache")), 0);
    struct server_reply reply = server_get(&server, "/v1/models/plane/samples.png?n=9&seed=1");
    ck_assert_int_eq(reply.status, 200);
    double held = server_metric(&server, MEMORY("picture_cache"));
    ck_assert_double_ge(held, (double)reply.n_body);
    ck_assert_double_lt(held, (double)reply.n_body + 4096); /* its key and headers */
    server_reply_release(&reply);
    ck_assert_double_ge(server_metric(&server, MEMORY("log_buffer")), 262144); /* two halves */
    server_daemon_stop(&server);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server metrics");
    TCase *memory = tcase_create("memory by kind");
    tcase_set_timeout(memory, 60);
    tcase_add_test(memory, models_and_what_evaluates_them_are_counted);
    tcase_add_test(memory, queries_are_counted_while_they_are_computed);
    tcase_add_test(memory, replies_are_counted_until_they_are_sent);
    tcase_add_test(memory, kept_pictures_are_counted);
    suite_add_tcase(suite, memory);
    return suite;
}

int main(void)
{
    return suite_run(make_suite());
}
