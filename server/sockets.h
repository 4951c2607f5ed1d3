/* The open connections, watched from the side: a thread looks at them every
 * 100 ms for what libmicrohttpd does not see. A suspended connection does not
 * notice that its client has gone; a client that sends a byte now and then
 * never counts as inactive. */
#ifndef ADV_SERVER_SOCKETS_H
#define ADV_SERVER_SOCKETS_H

#include "server/job.h"
#include "server/metrics.h"

#include <sys/socket.h>

struct adv_sockets;
struct adv_socket;

enum adv_socket_phase {
    ADV_SOCKET_IDLE,      /* no request line yet: closed after idle_timeout_ms */
    ADV_SOCKET_READING,   /* a request is coming in: answered 408 after read_timeout_ms */
    ADV_SOCKET_COMPUTING, /* a job is at work for it, abandoned if the client goes */
    ADV_SOCKET_REPLYING   /* libmicrohttpd's business */
};

enum adv_status adv_sockets_start(int64_t idle_timeout_ms, int64_t read_timeout_ms,
                                  struct adv_metrics *metrics, struct adv_sockets **sockets,
                                  struct adv_error *error);
void adv_sockets_stop(struct adv_sockets *sockets);
size_t adv_sockets_count(struct adv_sockets *sockets);

/* A connection opened; fd stays open until it is removed. NULL without memory. */
struct adv_socket *adv_sockets_add(struct adv_sockets *sockets, int fd,
                                   const struct sockaddr *client);
void adv_sockets_remove(struct adv_sockets *sockets, struct adv_socket *socket);

/* The connection enters a phase; job: of COMPUTING, borrowed until the next phase. False if the
 * watcher has cut the connection: no reply must be sent over it any more. */
bool adv_sockets_enter(struct adv_sockets *sockets, struct adv_socket *socket,
                       enum adv_socket_phase phase, struct adv_job *job);

const char *adv_socket_client(const struct adv_socket *socket); /* numeric address */

#endif
