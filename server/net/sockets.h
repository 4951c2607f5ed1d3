/* The open connections, watched from the side: a thread looks at them every
 * 40 ms for what libmicrohttpd does not see. A suspended connection does not
 * notice that its client has gone; a client that sends a byte now and then
 * never counts as inactive. */
#ifndef ADV_SERVER_SOCKETS_H
#define ADV_SERVER_SOCKETS_H

#include "server/clients/client.h"
#include "server/http/request_id.h"
#include "server/jobs/channel.h"
#include "server/net/lingering.h"
#include "server/os/metrics.h"
#include "server/reply/problem.h"

#include <sys/socket.h>

struct adv_sockets;
struct adv_socket;

enum adv_socket_phase {
    ADV_SOCKET_IDLE,      /* no request line yet: closed after idle_timeout_ms */
    ADV_SOCKET_READING,   /* a request is coming in: answered 408 after read_timeout_ms */
    ADV_SOCKET_COMPUTING, /* it waits for a job, which is told if the client goes */
    ADV_SOCKET_REPLYING   /* a reply goes out: closed if it is not taken at min_send_rate */
};

struct adv_sockets_options {
    int64_t idle_timeout_ms, read_timeout_ms;
    int64_t min_send_rate; /* bytes per second, on average, after a grace of idle_timeout_ms */
    bool access_log;       /* also of what is refused before it is a request */
    struct adv_metrics *metrics;
    struct adv_clients *clients;
    const char *trusted_proxies;
    struct adv_lingering *lingering; /* for connections that end with their client still sending */
};

enum adv_status adv_sockets_start(const struct adv_sockets_options *options,
                                  struct adv_sockets **sockets, struct adv_error *error);
void adv_sockets_stop(struct adv_sockets *sockets);

/* How often the watcher has gone round: it stands still where the lock that every connection takes
 * is held for good. */
unsigned adv_sockets_rounds(const struct adv_sockets *sockets);

/* Whether a connection from there may be accepted; else *client, where there is memory for it, is a
 * new reference to who asked in vain. managing: it came to the port of the management. */
bool adv_sockets_have_room(struct adv_sockets *sockets, const struct sockaddr *from, bool managing,
                           struct adv_client **client);

/* A connection opened; fd stays open until it is removed, and what comes over it is judged from
 * here on. One that has no place of its own has a second to ask for the daemon's health. NULL
 * without memory. */
struct adv_socket *adv_sockets_add(struct adv_sockets *sockets, int fd, const struct sockaddr *from,
                                   bool managing);
void adv_sockets_remove(struct adv_sockets *sockets, struct adv_socket *socket);

/* The connection enters a phase. False if the watcher has cut it: no reply must be sent over it any
 * more. reader: of COMPUTING, borrowed until the next phase; a stream stays in this phase, and its
 * clock for the rest of the reply starts when the job has ended. n_bytes: of the reply's body. */
bool adv_sockets_read(struct adv_sockets *sockets, struct adv_socket *socket,
                      const char *request_id);
bool adv_sockets_compute(struct adv_sockets *sockets, struct adv_socket *socket,
                         struct adv_reader *reader);
bool adv_sockets_reply(struct adv_sockets *sockets, struct adv_socket *socket, size_t n_bytes);

/* The request is over. closing: so is the connection; otherwise what was found wrong in the bytes
 * after the request is answered now. */
void adv_sockets_idle(struct adv_sockets *sockets, struct adv_socket *socket, bool closing);
bool adv_sockets_is_cut(const struct adv_socket *socket);

/* The request that is being read is answered with a problem in libmicrohttpd's place, and the
 * connection cut. On any thread; false where no request is being read, or it is cut already. */
bool adv_sockets_refuse(struct adv_sockets *sockets, struct adv_socket *socket,
                        enum adv_problem problem, const char *why);

/* The request that is being read is called this from here on. */
void adv_sockets_name(struct adv_sockets *sockets, struct adv_socket *socket,
                      const char *request_id);

/* ---- on the thread of the connection */

/* The last answer is sent with bytes of its request still to come: these are read, once the
 * connection is removed, so that its end does not take the answer away. */
void adv_sockets_linger(struct adv_socket *socket);

/* Bytes that came: how many of them libmicrohttpd may see (adv_framing_take). A request that is
 * refused is answered in its place, and the connection cut, once what came before it is
 * answered. */
size_t adv_sockets_receive(struct adv_socket *socket, char *data, size_t n);
bool adv_sockets_is_refused(const struct adv_socket *socket); /* nothing more may be seen */

/* Whether the head of the request that is being read has passed adv_sockets_receive; and whether
 * that asked for the connection's end after it. */
bool adv_sockets_has_head(const struct adv_socket *socket);
bool adv_sockets_is_last(const struct adv_socket *socket);

/* What the request was answered with in libmicrohttpd's place: a status, or 0; and bytes. */
unsigned adv_sockets_refusal(const struct adv_socket *socket, size_t *n_bytes);

const char *adv_socket_origin(const struct adv_socket *socket); /* numeric address */
struct adv_client *adv_socket_client(const struct adv_socket *socket);
enum adv_seat adv_socket_seat(const struct adv_socket *socket);

#endif
