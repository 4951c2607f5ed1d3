/* HTTP: a listening socket with a thread that accepts, and one libmicrohttpd
 * daemon per HTTP thread to which connections are dealt in turn.
 *
 * Accepting ourselves keeps three things in our hands: connections over the
 * limit get an answer, the threads get equal shares, and a stop stops accepting
 * at once (MHD_quiesce_daemon races with its own threads in 0.9.75: both remove
 * the listening socket from an epoll set, and the loser panics). */
#ifndef ADV_SERVER_HTTP_H
#define ADV_SERVER_HTTP_H

#include "server/net/server.h"

/* Connections beyond max_connections that may ask for the daemon's health, and those to the port of
 * the management. */
#define ADV_HTTP_RESERVED 16
#define ADV_HTTP_MANAGING 64

struct adv_http;

/* Listens and starts answering, on the server's listeners, which it takes over. ADV_E_IO: there it
 * cannot be listened. */
enum adv_status adv_http_start(struct adv_server *server, struct adv_http **http,
                               struct adv_error *error);

/* Borrowed. */
const struct adv_listeners *adv_http_listeners(const struct adv_http *http);

/* No new connections from here on. */
void adv_http_stop_accepting(struct adv_http *http);

/* Closes what is open and ends the threads. No job may be unended: libmicrohttpd aborts on
 * suspended connections. */
void adv_http_stop(struct adv_http *http);

#endif
