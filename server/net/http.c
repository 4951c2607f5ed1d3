#include "server/net/http.h"

#include "server/net/crowding.h"
#include "server/net/exchange.h"
#include "server/os/log.h"
#include "server/os/signals.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Half of it holds a request's head, which ADV_HEAD_MAX_BYTES bounds earlier and with better words;
 * the rest is for the reply's head and for chunks of streams. */
#define CONNECTION_MEMORY_BYTES ((size_t)131072)

struct adv_http {
    struct adv_server *server;
    struct adv_listeners listeners; /* its own */
    int wake;                       /* eventfd: the accepting thread shall end */
    pthread_t acceptor;
    in_port_t management_port; /* 0: none */
    bool accepting;
    unsigned n_daemons;
    struct MHD_Daemon *daemons[64];
};

/* ---------------------------------------------------------------- connections */

/* The port of the near end. */
static in_port_t port_of(int fd)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.any.ss_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* libmicrohttpd does not say which listener a connection came to. */
static bool is_management(const struct adv_http *http, int fd)
{
    return http->management_port && port_of(fd) == http->management_port;
}

static void note_connection(void *context, struct MHD_Connection *connection, void **socket,
                            enum MHD_ConnectionNotificationCode what)
{
    struct adv_http *http = context;
    struct adv_sockets *sockets = http->server->sockets;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        /* What one call returns, the next may overwrite (libmicrohttpd 1.0). */
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        const struct sockaddr *client =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
        *socket = adv_sockets_add(sockets, fd, client, is_management(http, fd));
    } else if (*socket) {
        adv_sockets_remove(sockets, *socket);
        *socket = NULL;
    }
}

/* Of all kinds; adv_sockets_have_room judges before. */
static unsigned max_connections(const struct adv_config *config)
{
    return (unsigned)config->max_connections + 2 * (ADV_HTTP_RESERVED + ADV_HTTP_MANAGING);
}

static struct MHD_Daemon *start_daemon(struct adv_http *http)
{
    struct adv_server *server = http->server;
    const struct adv_config *config = &server->config;
    /* Only stalls are left to libmicrohttpd; our own clocks run out before, or say more. */
    int64_t stall_ms = config->idle_timeout_ms > config->body_timeout_ms ? config->idle_timeout_ms
                                                                         : config->body_timeout_ms;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
        NULL, NULL, adv_exchange_continue, server, MHD_OPTION_URI_LOG_CALLBACK, adv_exchange_begin,
        server, MHD_OPTION_NOTIFY_COMPLETED, adv_exchange_end, server, MHD_OPTION_NOTIFY_CONNECTION,
        note_connection, http, MHD_OPTION_CONNECTION_LIMIT, max_connections(config),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(stall_ms / 1000 + 1), MHD_OPTION_END);
}

/* ---------------------------------------------------------------- accepting */

static void refuse_connection(struct adv_server *server, int fd, struct adv_client *client)
{
    struct adv_reply reply = {0};
    char request_id[ADV_REQUEST_ID_SIZE];
    adv_request_id_make(request_id);
    adv_metrics_count(server->metrics, ADV_COUNT_CONNECTIONS_REFUSED, 1);
    if (client)
        adv_crowding_refuse(&reply, client);
    else
        adv_problem_reply(&reply, ADV_PROBLEM_NO_MEMORY, NULL, "out of memory");
    adv_problem_set_request(&reply, request_id);
    adv_reply_header(&reply, ADV_REQUEST_ID_HEADER, "%s", request_id);
    adv_reply_send(&reply, fd);
    adv_reply_release(&reply);
    adv_lingering_take(server->lingering, fd);
}

static void accept_one(struct adv_http *http, int listener, unsigned *turn)
{
    struct adv_server *server = http->server;
    struct adv_client *vain;
    struct sockaddr_storage client;
    socklen_t length = sizeof client;
    int fd = accept4(listener, (struct sockaddr *)&client, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            poll(NULL, 0, 50); /* until somebody closes something */
        return;
    }
    if (!adv_sockets_have_room(server->sockets, (struct sockaddr *)&client,
                               listener == http->listeners.management, &vain)) {
        refuse_connection(server, fd, vain);
        adv_client_unref(vain);
        return;
    }
    adv_metrics_count(server->metrics, ADV_COUNT_CONNECTIONS, 1);
    struct MHD_Daemon *daemon = http->daemons[(*turn)++ % http->n_daemons];
    MHD_add_connection(daemon, fd, (struct sockaddr *)&client, length); /* closes it if it fails */
}

/* Nothing but a fault of ours takes away one of these descriptors, or what is done to the process
 * from outside. */
static bool is_broken(const struct pollfd *polled)
{
    if (!(polled->revents & ~POLLIN))
        return false;
    adv_log_fault("poll says %#x of descriptor %d, on which connections are accepted: no more are, "
                  "and the daemon drains and ends",
                  (unsigned)polled->revents, polled->fd);
    return true;
}

static void *accept_all(void *argument)
{
    struct adv_http *http = argument;
    struct pollfd polls[] = {{.fd = http->listeners.main, .events = POLLIN},
                             {.fd = http->wake, .events = POLLIN},
                             {.fd = http->listeners.management, .events = POLLIN}};
    for (unsigned turn = 0;;) {
        if (poll(polls, 3, -1) <= 0)
            continue; /* a signal */
        if (is_broken(&polls[0]) || is_broken(&polls[1]) || is_broken(&polls[2])) {
            atomic_store(&http->server->failed, true);
            adv_signals_stop();
            return NULL;
        }
        if (polls[1].revents)
            return NULL;
        if (polls[0].revents)
            accept_one(http, http->listeners.main, &turn);
        if (polls[2].revents)
            accept_one(http, http->listeners.management, &turn);
    }
}

/* ---------------------------------------------------------------- start and stop */

enum adv_status adv_http_start(struct adv_server *server, struct adv_http **out,
                               struct adv_error *error)
{
    struct adv_http *http = calloc(1, sizeof *http);
    if (!http)
        return adv_no_memory(error);
    http->server = server;
    http->listeners = server->listeners;
    server->listeners = (struct adv_listeners)ADV_LISTENERS_INIT;
    http->wake = -1;
    if (http->listeners.management >= 0)
        http->management_port = port_of(http->listeners.management);
    enum adv_status status = adv_listeners_listen(&http->listeners, error);
    if (status != ADV_OK)
        goto out;
    http->wake = eventfd(0, EFD_CLOEXEC);
    for (int64_t i = 0; i < server->config.http_threads; i++) {
        struct MHD_Daemon *daemon = start_daemon(http);
        if (!daemon)
            break;
        http->daemons[http->n_daemons++] = daemon;
    }
    http->accepting = http->wake >= 0 && http->n_daemons == server->config.http_threads &&
                      pthread_create(&http->acceptor, NULL, accept_all, http) == 0;
    if (!http->accepting)
        status =
            adv_fail_field(error, ADV_E_MEMORY, "http_threads", "cannot start %lld HTTP threads",
                           (long long)server->config.http_threads);
out:
    if (status == ADV_OK)
        *out = http;
    else
        adv_http_stop(http);
    return status;
}

const struct adv_listeners *adv_http_listeners(const struct adv_http *http)
{
    return &http->listeners;
}

void adv_http_stop_accepting(struct adv_http *http)
{
    if (!http->accepting)
        return;
    uint64_t one = 1;
    (void)!write(http->wake, &one, sizeof one);
    pthread_join(http->acceptor, NULL);
    http->accepting = false;
    adv_listeners_close(&http->listeners);
}

void adv_http_stop(struct adv_http *http)
{
    if (!http)
        return;
    adv_http_stop_accepting(http);
    for (unsigned i = 0; i < http->n_daemons; i++)
        MHD_stop_daemon(http->daemons[i]);
    adv_listeners_close(&http->listeners);
    if (http->wake >= 0)
        close(http->wake);
    free(http);
}
