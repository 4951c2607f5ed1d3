/* The sockets that connections are accepted on: bound when the daemon starts, so that an address
 * which cannot be had is told before any model is loaded, and listened on when it can answer. Those
 * that the service manager passed listen already; connections wait there meanwhile. */
#ifndef ADV_SERVER_LISTENERS_H
#define ADV_SERVER_LISTENERS_H

#include "server/os/config.h"
#include "server/service/passed.h"

struct adv_listeners {
    int main, management; /* -1: none */
};
#define ADV_LISTENERS_INIT                                                                         \
    {                                                                                              \
        -1, -1                                                                                     \
    }

/* Of the settings, or the passed ones in their place, which it owns then: the settings become their
 * addresses. Nothing listens yet but those. */
enum adv_status adv_listeners_bind(struct adv_config *config, const struct adv_passed *passed,
                                   struct adv_listeners *listeners, struct adv_error *error);
enum adv_status adv_listeners_listen(const struct adv_listeners *listeners,
                                     struct adv_error *error);
void adv_listeners_close(struct adv_listeners *listeners);

#endif
