/* Connections that were answered for the last time while their clients may still be sending. A
 * connection that is closed with bytes unread is reset, and a client that sends all before it reads
 * sees the reset in place of the answer. What comes of these is therefore read for nothing, until
 * the client closes its side (RFC 9112, 9.6). */
#ifndef ADV_SERVER_LINGERING_H
#define ADV_SERVER_LINGERING_H

#include <advect/status.h>

#include <stdint.h>

struct adv_lingering;

/* longest_ms: for which one may linger while bytes come. */
enum adv_status adv_lingering_start(int64_t longest_ms, struct adv_lingering **lingering,
                                    struct adv_error *error);
void adv_lingering_stop(struct adv_lingering *lingering);

/* Takes over fd, over which nothing more is sent. Only so many linger: one more closes the one that
 * came first, or is closed itself where many come at once. On any thread. */
void adv_lingering_take(struct adv_lingering *lingering, int fd);

#endif
