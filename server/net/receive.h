/* What clients send, seen before libmicrohttpd sees it.
 *
 * libmicrohttpd shows a head once it has read it, with what it forgave left out, and answers some
 * heads by itself. The soundest place to judge bytes is therefore below it: it reads sockets by
 * recv, which this program defines for itself and its libraries, and passes on to the system. Of a
 * watched descriptor the bytes are judged first (adv_sockets_receive); all others are read as ever.
 * A libmicrohttpd that read in another way would be found out by its first request: an exchange
 * whose head has not passed here is refused (adv_sockets_has_head). */
#ifndef ADV_SERVER_RECEIVE_H
#define ADV_SERVER_RECEIVE_H

#include <stdbool.h>

struct adv_socket;

/* Bytes of the descriptor go to the socket from here on, until it is forgotten. False without
 * memory for it. */
bool adv_receive_watch(int fd, struct adv_socket *socket);
void adv_receive_forget(int fd);

#endif
