#include "server/net/bodies.h"

#include "server/os/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_MS 1000

/* The mutex guards the sum, the list and every body in it. It is taken before that of the sockets.
 * A listed body's socket is open: its exchange ends, and releases it, before its connection
 * does. */
struct adv_bodies {
    struct adv_bodies_options options;
    int64_t least_rate; /* bytes per second: at which a body is never ended for another */
    pthread_mutex_t mutex;
    struct adv_body *first;
    size_t n_bytes; /* that count, of all bodies */
};

enum adv_status adv_bodies_new(const struct adv_bodies_options *options, struct adv_bodies **out,
                               struct adv_error *error)
{
    struct adv_bodies *bodies = calloc(1, sizeof *bodies);
    if (!bodies)
        return adv_fail(error, ADV_E_MEMORY, "no memory to receive bodies");
    bodies->options = *options;
    bodies->least_rate = options->longest_bytes * SECOND_MS / options->longest_ms + 1;
    pthread_mutex_init(&bodies->mutex, NULL);
    *out = bodies;
    return ADV_OK;
}

void adv_bodies_free(struct adv_bodies *bodies)
{
    if (!bodies)
        return;
    pthread_mutex_destroy(&bodies->mutex);
    free(bodies);
}

static size_t counted(size_t n_bytes)
{
    return n_bytes > ADV_BODY_RESERVE_BYTES ? n_bytes - ADV_BODY_RESERVE_BYTES : 0;
}

void adv_bodies_explain(const struct adv_bodies *bodies, size_t size, char *text)
{
    snprintf(
        text, size,
        "bodies that are being received take all of the %zu bytes that there are for them, and "
        "this one came slowest or last; bodies of up to %zu bytes always have room",
        bodies->options.most_bytes, ADV_BODY_RESERVE_BYTES);
}

/* ---------------------------------------------------------------- who is slowest; with the mutex
 * held */

/* Whatever came of a second came within it: bytes that come later begin another. */
static void advance(struct adv_body *body, int64_t now_ms)
{
    int64_t n_seconds = (now_ms - body->second_ms) / SECOND_MS;
    if (n_seconds == 0)
        return;
    body->rate = n_seconds == 1 ? (int64_t)body->second_bytes : 0;
    body->has_rate = true;
    body->second_ms += n_seconds * SECOND_MS;
    body->second_bytes = 0;
}

/* Bytes per second; of a body that has come for less than a second nothing is known, which must not
 * be to its disadvantage. */
static int64_t rate_of(struct adv_body *body, int64_t now_ms)
{
    advance(body, now_ms);
    return body->has_rate ? body->rate : INT64_MAX;
}

/* Of those that hold something that counts and are slower than they have to be; NULL: none. */
static struct adv_body *find_slowest(struct adv_bodies *bodies, int64_t now_ms)
{
    struct adv_body *slowest = NULL;
    int64_t least = bodies->least_rate;
    for (struct adv_body *body = bodies->first; body; body = body->next) {
        int64_t rate = counted(body->n_bytes) > 0 ? rate_of(body, now_ms) : INT64_MAX;
        if (rate < least || (rate == least && slowest && body->n_bytes > slowest->n_bytes)) {
            slowest = body;
            least = rate;
        }
    }
    return slowest;
}

/* ---------------------------------------------------------------- the list; with the mutex held */

static void list(struct adv_bodies *bodies, struct adv_body *body)
{
    body->listed = true;
    body->previous = NULL;
    body->next = bodies->first;
    if (body->next)
        body->next->previous = body;
    bodies->first = body;
}

static void unlist(struct adv_bodies *bodies, struct adv_body *body)
{
    if (!body->listed)
        return;
    if (body->next)
        body->next->previous = body->previous;
    if (body->previous)
        body->previous->next = body->next;
    else
        bodies->first = body->next;
    body->listed = false;
}

/* The room of a body is another's from here on. */
static void give_up(struct adv_bodies *bodies, struct adv_body *body)
{
    unlist(bodies, body);
    body->ended = true;
    bodies->n_bytes -= counted(body->n_bytes);
}

/* Its memory is free as soon as the thread of its connection has seen that this was cut. */
static void end(struct adv_bodies *bodies, struct adv_body *body)
{
    char why[300];
    adv_bodies_explain(bodies, sizeof why, why);
    give_up(bodies, body);
    if (adv_sockets_refuse(bodies->options.sockets, body->socket, ADV_PROBLEM_QUEUE_FULL, why))
        adv_metrics_count(bodies->options.metrics, ADV_COUNT_REJECTED_BODIES, 1);
}

/* Room for n more bytes that count; false where the body that wants them has to go. If it is not
 * slow its client is busy sending, and would see a connection that is cut in place of the answer. */
static bool make_room(struct adv_bodies *bodies, struct adv_body *body, size_t n)
{
    while (!body->ended && n > bodies->options.most_bytes - bodies->n_bytes) {
        struct adv_body *slowest = find_slowest(bodies, adv_now_ms());
        if (slowest) {
            end(bodies, slowest);
        } else {
            give_up(bodies, body);
            adv_metrics_count(bodies->options.metrics, ADV_COUNT_REJECTED_BODIES, 1);
        }
    }
    return !body->ended;
}

/* ---------------------------------------------------------------- */

bool adv_bodies_has_room(struct adv_bodies *bodies, size_t length)
{
    pthread_mutex_lock(&bodies->mutex);
    bool has_room = counted(length) <= bodies->options.most_bytes - bodies->n_bytes ||
                    find_slowest(bodies, adv_now_ms());
    pthread_mutex_unlock(&bodies->mutex);
    if (!has_room)
        adv_metrics_count(bodies->options.metrics, ADV_COUNT_REJECTED_BODIES, 1);
    return has_room;
}

bool adv_bodies_take(struct adv_bodies *bodies, struct adv_body *body, struct adv_socket *socket,
                     size_t n)
{
    struct adv_metrics *metrics = bodies->options.metrics;
    adv_metrics_count(metrics, ADV_COUNT_BODY_BYTES, n);
    pthread_mutex_lock(&bodies->mutex);
    int64_t now_ms = adv_now_ms();
    if (body->n_bytes == 0 && !body->ended) {
        body->socket = socket;
        body->second_ms = now_ms;
        list(bodies, body);
    }
    advance(body, now_ms);
    body->second_bytes += n;
    size_t more = counted(body->n_bytes + n) - counted(body->n_bytes);
    bool taken = make_room(bodies, body, more);
    if (taken) {
        body->n_bytes += n;
        bodies->n_bytes += more;
        adv_metrics_move(metrics, ADV_GAUGE_BODY_BYTES, (int64_t)n);
    }
    pthread_mutex_unlock(&bodies->mutex);
    return taken;
}

void adv_bodies_complete(struct adv_bodies *bodies, struct adv_body *body)
{
    if (body->n_bytes == 0)
        return; /* most requests have none */
    pthread_mutex_lock(&bodies->mutex);
    unlist(bodies, body);
    pthread_mutex_unlock(&bodies->mutex);
}

void adv_bodies_release(struct adv_bodies *bodies, struct adv_body *body)
{
    if (body->n_bytes == 0)
        return;
    pthread_mutex_lock(&bodies->mutex);
    unlist(bodies, body);
    if (!body->ended)
        bodies->n_bytes -= counted(body->n_bytes);
    adv_metrics_move(bodies->options.metrics, ADV_GAUGE_BODY_BYTES, -(int64_t)body->n_bytes);
    body->n_bytes = 0;
    body->ended = true; /* nothing of it is taken any more */
    pthread_mutex_unlock(&bodies->mutex);
}
