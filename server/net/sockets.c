#include "server/net/sockets.h"

#include "server/clients/origin.h"
#include "server/http/framing.h"
#include "server/net/crowding.h"
#include "server/net/hangup.h"
#include "server/net/receive.h"
#include "server/os/clock.h"
#include "server/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_MS 40
#define RESERVED_MS 1000 /* for the request, over a connection that has no place of its own */

struct adv_socket {
    struct adv_sockets *sockets;
    struct adv_socket *previous, *next;
    int fd;
    enum adv_socket_phase phase;
    int64_t end_ms;            /* of the time for this phase; of COMPUTING there is none */
    struct adv_reader *reader; /* of COMPUTING */
    bool cut;                  /* by the watcher */
    bool not_polled;           /* its fd is none that poll knows: said in the log, once */
    char origin[ADV_ORIGIN_SIZE];
    struct adv_client *client; /* a reference */
    enum adv_seat seat;
    char request_id[ADV_REQUEST_ID_SIZE]; /* of READING */
    unsigned refusal;                     /* status that was sent past libmicrohttpd, or 0 */
    size_t refusal_bytes;

    /* The connection's thread's alone. */
    struct adv_framing framing;
    uint64_t n_begun, n_ended; /* requests */
    bool closing;              /* the last answer closes: nothing may follow it */
    bool lingers;              /* that may be sent before its whole request has come */
};

/* The mutex guards the list and every socket in it; a socket's fd is open while it is listed. */
struct adv_sockets {
    struct adv_sockets_options options;
    pthread_mutex_t mutex;
    pthread_cond_t stop;
    bool stopping;
    struct adv_socket *first;
    size_t n;
    struct pollfd *polls; /* scratch of the watcher, with room for capacity */
    struct adv_socket **polled;
    size_t capacity;
    pthread_t thread;
    atomic_uint n_rounds;
};

/* ---------------------------------------------------------------- the watcher; with the mutex
 * held */

static void cut(struct adv_socket *socket)
{
    socket->cut = true;
    shutdown(socket->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes */
}

/* Answers in libmicrohttpd's place; the caller cuts. Nothing has been sent for a request that is
 * being read but, perhaps, a whole 100 Continue. */
static void refuse_with(struct adv_socket *socket, struct adv_reply *reply)
{
    adv_problem_set_request(reply, socket->request_id);
    adv_reply_header(reply, ADV_REQUEST_ID_HEADER, "%s", socket->request_id);
    adv_reply_send(reply, socket->fd);
    socket->refusal = reply->status;
    socket->refusal_bytes = adv_reply_size(reply);
    adv_reply_release(reply);
}

static void refuse(struct adv_socket *socket, enum adv_problem problem, const char *why)
{
    struct adv_reply reply = {0};
    adv_problem_reply(&reply, problem, NULL, "%s", why);
    refuse_with(socket, &reply);
}

/* Of a connection without a place of its own, which has not asked for the daemon's health. */
static void refuse_silent(struct adv_sockets *sockets, struct adv_socket *socket)
{
    struct adv_reply reply = {0};
    if (!*socket->request_id)
        adv_request_id_make(socket->request_id);
    adv_crowding_refuse(&reply, socket->client);
    adv_metrics_count(sockets->options.metrics, ADV_COUNT_CONNECTIONS_REFUSED, 1);
    refuse_with(socket, &reply);
    cut(socket);
}

static void refuse_slow(struct adv_sockets *sockets, struct adv_socket *socket)
{
    char why[100];
    snprintf(why, sizeof why, "the request did not arrive whole within %lld ms",
             (long long)sockets->options.read_timeout_ms);
    refuse(socket, ADV_PROBLEM_BODY_TIMEOUT, why);
    cut(socket);
}

static int64_t time_to_send(const struct adv_sockets *sockets, size_t n_bytes)
{
    return sockets->options.idle_timeout_ms +
           (int64_t)(1000.0 * (double)n_bytes / (double)sockets->options.min_send_rate);
}

static void check_time(struct adv_sockets *sockets, struct adv_socket *socket, int64_t now_ms)
{
    if (socket->phase == ADV_SOCKET_COMPUTING) {
        if (!adv_channel_has_ended(socket->reader->channel))
            return;
        socket->phase = ADV_SOCKET_REPLYING; /* what is left of a stream */
        socket->end_ms = now_ms + time_to_send(sockets, adv_reader_bytes_left(socket->reader));
    } else if (now_ms > socket->end_ms) {
        bool incomplete = socket->phase == ADV_SOCKET_READING || socket->phase == ADV_SOCKET_IDLE;
        if (socket->seat == ADV_SEAT_RESERVED && incomplete)
            refuse_silent(sockets, socket);
        else if (socket->phase == ADV_SOCKET_READING)
            refuse_slow(sockets, socket);
        else
            cut(socket);
    }
}

static bool make_room(struct adv_sockets *sockets)
{
    if (sockets->n <= sockets->capacity)
        return true;
    size_t capacity = sockets->n * 2;
    struct pollfd *polls = realloc(sockets->polls, capacity * sizeof *polls);
    if (polls)
        sockets->polls = polls;
    struct adv_socket **polled = realloc(sockets->polled, capacity * sizeof(struct adv_socket *));
    if (polled)
        sockets->polled = polled;
    if (!polls || !polled)
        return false;
    sockets->capacity = capacity;
    return true;
}

static void act_on(struct adv_socket *socket, short revents)
{
    switch (adv_hangup_of(revents)) {
    case ADV_CLIENT_WAITS:
        break;
    case ADV_CLIENT_GONE:
        adv_reader_abandon(socket->reader);
        break;
    case ADV_CLIENT_NOT_POLLED: /* it may well be waiting: its answer is still computed */
        if (!socket->not_polled)
            adv_log_event("a bug in advectd: poll says %#x of descriptor %d of the client %s, "
                          "request %s, which is not seen to go any more",
                          (unsigned)revents, socket->fd, socket->origin, socket->request_id);
        socket->not_polled = true;
        break;
    }
}

/* Clients that wait no more. */
static void find_vanished(struct adv_sockets *sockets)
{
    nfds_t n = 0;
    for (struct adv_socket *socket = sockets->first; socket; socket = socket->next) {
        if (socket->phase != ADV_SOCKET_COMPUTING)
            continue;
        sockets->polled[n] = socket;
        sockets->polls[n++] = (struct pollfd){.fd = socket->fd, .events = POLLRDHUP};
    }
    if (n == 0 || poll(sockets->polls, n, 0) <= 0)
        return;
    for (nfds_t i = 0; i < n; i++)
        act_on(sockets->polled[i], sockets->polls[i].revents);
}

static void *watch(void *argument)
{
    struct adv_sockets *sockets = argument;
    pthread_mutex_lock(&sockets->mutex);
    while (!sockets->stopping) {
        struct timespec next;
        clock_gettime(CLOCK_MONOTONIC, &next);
        next.tv_nsec += WATCH_MS * 1000000L;
        next.tv_sec += next.tv_nsec / 1000000000L;
        next.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&sockets->stop, &sockets->mutex, &next);
        int64_t now_ms = adv_now_ms();
        for (struct adv_socket *socket = sockets->first; socket; socket = socket->next) {
            if (!socket->cut)
                check_time(sockets, socket, now_ms);
        }
        if (make_room(sockets))
            find_vanished(sockets);
        atomic_fetch_add(&sockets->n_rounds, 1);
    }
    pthread_mutex_unlock(&sockets->mutex);
    return NULL;
}

/* ---------------------------------------------------------------- start and stop */

static void free_sockets(struct adv_sockets *sockets)
{
    pthread_cond_destroy(&sockets->stop);
    pthread_mutex_destroy(&sockets->mutex);
    free(sockets->polls);
    free(sockets->polled);
    free(sockets);
}

enum adv_status adv_sockets_start(const struct adv_sockets_options *options,
                                  struct adv_sockets **out, struct adv_error *error)
{
    struct adv_sockets *sockets = calloc(1, sizeof *sockets);
    if (!sockets)
        return adv_no_memory(error);
    sockets->options = *options;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sockets->stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&sockets->mutex, NULL);
    if (pthread_create(&sockets->thread, NULL, watch, sockets) != 0) {
        free_sockets(sockets);
        return adv_fail(error, ADV_E_MEMORY, "cannot start the thread that watches connections");
    }
    *out = sockets;
    return ADV_OK;
}

void adv_sockets_stop(struct adv_sockets *sockets)
{
    if (!sockets)
        return;
    pthread_mutex_lock(&sockets->mutex);
    sockets->stopping = true;
    pthread_cond_signal(&sockets->stop);
    pthread_mutex_unlock(&sockets->mutex);
    pthread_join(sockets->thread, NULL);
    free_sockets(sockets);
}

unsigned adv_sockets_rounds(const struct adv_sockets *sockets)
{
    return atomic_load(&sockets->n_rounds);
}

/* ---------------------------------------------------------------- sockets */

bool adv_sockets_have_room(struct adv_sockets *sockets, const struct sockaddr *from, bool managing,
                           struct adv_client **client)
{
    char origin[ADV_ORIGIN_SIZE];
    adv_origin_of(from, origin);
    bool shared = adv_proxies_include(sockets->options.trusted_proxies, origin);
    *client = adv_client_of_address(sockets->options.clients, origin);
    bool room = *client && adv_client_find_seat(*client, managing, shared) != ADV_SEAT_NONE;
    if (room) {
        adv_client_unref(*client);
        *client = NULL;
    }
    return room;
}

/* Who it is, and its place. */
static bool seat(struct adv_socket *socket, const struct sockaddr *from, bool managing)
{
    const struct adv_sockets_options *options = &socket->sockets->options;
    adv_origin_of(from, socket->origin);
    socket->client = adv_client_of_address(options->clients, socket->origin);
    if (!socket->client)
        return false;
    bool shared = adv_proxies_include(options->trusted_proxies, socket->origin);
    socket->seat = adv_client_take_seat(socket->client, managing, shared);
    return true;
}

static void free_socket(struct adv_socket *socket)
{
    if (socket->client)
        adv_client_leave_seat(socket->client, socket->seat);
    adv_client_unref(socket->client);
    free(socket);
}

/* The time for a request to begin, or to arrive. */
static int64_t time_to_ask(const struct adv_socket *socket, int64_t ms)
{
    return socket->seat == ADV_SEAT_RESERVED && ms > RESERVED_MS ? RESERVED_MS : ms;
}

struct adv_socket *adv_sockets_add(struct adv_sockets *sockets, int fd, const struct sockaddr *from,
                                   bool managing)
{
    struct adv_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return NULL;
    socket->sockets = sockets;
    socket->fd = fd;
    if (!seat(socket, from, managing) || !adv_receive_watch(fd, socket)) {
        free_socket(socket);
        return NULL;
    }
    socket->end_ms = adv_now_ms() + time_to_ask(socket, sockets->options.idle_timeout_ms);
    pthread_mutex_lock(&sockets->mutex);
    socket->next = sockets->first;
    if (socket->next)
        socket->next->previous = socket;
    sockets->first = socket;
    sockets->n++;
    pthread_mutex_unlock(&sockets->mutex);
    adv_metrics_move(sockets->options.metrics, ADV_GAUGE_CONNECTIONS, 1);
    return socket;
}

void adv_sockets_remove(struct adv_sockets *sockets, struct adv_socket *socket)
{
    adv_receive_forget(socket->fd);
    pthread_mutex_lock(&sockets->mutex);
    if (socket->next)
        socket->next->previous = socket->previous;
    if (socket->previous)
        socket->previous->next = socket->next;
    else
        sockets->first = socket->next;
    sockets->n--;
    pthread_mutex_unlock(&sockets->mutex);
    adv_metrics_move(sockets->options.metrics, ADV_GAUGE_CONNECTIONS, -1);
    int copy = socket->lingers ? fcntl(socket->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (copy >= 0)
        adv_lingering_take(sockets->options.lingering, copy);
    free_socket(socket);
}

/* ---------------------------------------------------------------- what is refused unread */

/* Whether the refused request is the next to be answered. */
static bool is_due(const struct adv_socket *socket)
{
    return socket->framing.refusal && !socket->closing &&
           socket->n_ended == socket->framing.n_whole;
}

/* Of a request that libmicrohttpd has not seen anything of. */
static void count_unseen(const struct adv_socket *socket)
{
    const struct adv_sockets_options *options = &socket->sockets->options;
    const struct adv_framing *framing = &socket->framing;
    adv_metrics_request(options->metrics, SIZE_MAX, socket->refusal, 0);
    if (options->access_log)
        adv_log_access(&(struct adv_access){
            .method = *framing->method ? framing->method : "-",
            .target = *framing->target ? framing->target : "-",
            .client = socket->origin,
            .request_id = socket->request_id,
            .status = socket->refusal,
            .bytes = socket->refusal_bytes,
            .n = -1,
            .nfe = -1,
        });
}

/* A connection that is closed with bytes unread is reset, which can take the answer away from its
 * client: a few are read for nothing. */
static void swallow(int fd)
{
    char rest[4096];
    for (int i = 0; i < 64 && recvfrom(fd, rest, sizeof rest, MSG_DONTWAIT, NULL, NULL) > 0; i++)
        ;
}

/* receiving: libmicrohttpd is about to hear of the connection's end; else it is woken for it. */
static void refuse_request(struct adv_socket *socket, bool receiving)
{
    struct adv_sockets *sockets = socket->sockets;
    bool unseen = socket->n_begun == socket->n_ended;
    pthread_mutex_lock(&sockets->mutex);
    bool reading = socket->phase == ADV_SOCKET_READING || socket->phase == ADV_SOCKET_IDLE;
    bool sent = !socket->cut && reading;
    if (sent && unseen)
        adv_request_id_make(socket->request_id);
    if (sent)
        refuse(socket, socket->framing.problem, socket->framing.refusal);
    if (sent && receiving)
        socket->cut = socket->lingers = true;
    else if (sent)
        cut(socket);
    pthread_mutex_unlock(&sockets->mutex);
    if (!receiving)
        swallow(socket->fd);
    if (sent && unseen)
        count_unseen(socket);
}

bool adv_sockets_refuse(struct adv_sockets *sockets, struct adv_socket *socket,
                        enum adv_problem problem, const char *why)
{
    pthread_mutex_lock(&sockets->mutex);
    bool reading = socket->phase == ADV_SOCKET_READING && !socket->cut;
    if (reading) {
        refuse(socket, problem, why);
        cut(socket);
        swallow(socket->fd);
    }
    pthread_mutex_unlock(&sockets->mutex);
    return reading;
}

size_t adv_sockets_receive(struct adv_socket *socket, char *data, size_t n)
{
    bool refused = socket->framing.refusal;
    size_t kept = adv_framing_take(&socket->framing, data, n);
    if (kept == 0 && socket->framing.refusal && !refused && is_due(socket))
        refuse_request(socket, true);
    return kept;
}

void adv_sockets_linger(struct adv_socket *socket)
{
    socket->lingers = true;
}

bool adv_sockets_is_refused(const struct adv_socket *socket)
{
    return socket->framing.refusal;
}

bool adv_sockets_is_last(const struct adv_socket *socket)
{
    return adv_framing_is_last(&socket->framing) && socket->n_ended + 1 >= socket->framing.n_heads;
}

bool adv_sockets_has_head(const struct adv_socket *socket)
{
    return socket->framing.n_heads > socket->n_ended;
}

unsigned adv_sockets_refusal(const struct adv_socket *socket, size_t *n_bytes)
{
    struct adv_sockets *sockets = socket->sockets;
    pthread_mutex_lock(&sockets->mutex);
    unsigned status = socket->refusal;
    *n_bytes = socket->refusal_bytes;
    pthread_mutex_unlock(&sockets->mutex);
    return status;
}

/* ---------------------------------------------------------------- phases */

static bool enter(struct adv_sockets *sockets, struct adv_socket *socket,
                  enum adv_socket_phase phase, int64_t ms, struct adv_reader *reader)
{
    pthread_mutex_lock(&sockets->mutex);
    socket->phase = phase;
    socket->end_ms = adv_now_ms() + ms;
    socket->reader = reader;
    bool whole = !socket->cut;
    pthread_mutex_unlock(&sockets->mutex);
    return whole;
}

bool adv_sockets_read(struct adv_sockets *sockets, struct adv_socket *socket,
                      const char *request_id)
{
    socket->n_begun++;
    adv_sockets_name(sockets, socket, request_id);
    int64_t ms = time_to_ask(socket, sockets->options.read_timeout_ms);
    return enter(sockets, socket, ADV_SOCKET_READING, ms, NULL);
}

void adv_sockets_name(struct adv_sockets *sockets, struct adv_socket *socket,
                      const char *request_id)
{
    pthread_mutex_lock(&sockets->mutex);
    snprintf(socket->request_id, sizeof socket->request_id, "%s", request_id);
    pthread_mutex_unlock(&sockets->mutex);
}

bool adv_sockets_compute(struct adv_sockets *sockets, struct adv_socket *socket,
                         struct adv_reader *reader)
{
    return enter(sockets, socket, ADV_SOCKET_COMPUTING, 0, reader);
}

bool adv_sockets_reply(struct adv_sockets *sockets, struct adv_socket *socket, size_t n_bytes)
{
    return enter(sockets, socket, ADV_SOCKET_REPLYING, time_to_send(sockets, n_bytes), NULL);
}

bool adv_sockets_is_cut(const struct adv_socket *socket)
{
    struct adv_sockets *sockets = socket->sockets;
    pthread_mutex_lock(&sockets->mutex);
    bool is_cut = socket->cut;
    pthread_mutex_unlock(&sockets->mutex);
    return is_cut;
}

void adv_sockets_idle(struct adv_sockets *sockets, struct adv_socket *socket, bool closing)
{
    enter(sockets, socket, ADV_SOCKET_IDLE, sockets->options.idle_timeout_ms, NULL);
    socket->n_ended++;
    socket->closing = socket->closing || closing;
    if (is_due(socket))
        refuse_request(socket, false);
}

const char *adv_socket_origin(const struct adv_socket *socket)
{
    return socket->origin;
}

struct adv_client *adv_socket_client(const struct adv_socket *socket)
{
    return socket->client;
}

enum adv_seat adv_socket_seat(const struct adv_socket *socket)
{
    return socket->seat;
}
