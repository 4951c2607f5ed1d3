/* Listening sockets that the service manager passes (systemd's socket activation: sd_listen_fds(3)):
 * LISTEN_PID names the process they are for, LISTEN_FDS counts them, from descriptor 3 on, and
 * LISTEN_FDNAMES names them. So connections that come while the daemon is restarted wait for it. */
#ifndef ADV_SERVER_PASSED_H
#define ADV_SERVER_PASSED_H

#include "server/os/config.h"

/* In place of an address in --listen: the socket that is passed. */
#define ADV_LISTEN_SYSTEMD "systemd"

struct adv_passed {
    int main, management; /* descriptors; -1: none */
};

/* At most one for all requests, and one by the name "management" for what --management-listen is
 * for. Each must be a TCP socket that listens; they become non-blocking. Where settings want a
 * socket to be passed, it must be there. */
enum adv_status adv_passed_read(const struct adv_config *config, struct adv_passed *passed,
                                struct adv_error *error);

#endif
