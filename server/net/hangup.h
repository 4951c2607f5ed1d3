/* What poll says of a client whose answer is being computed: it was asked for POLLRDHUP alone. */
#ifndef ADV_SERVER_HANGUP_H
#define ADV_SERVER_HANGUP_H

#include <poll.h>

enum adv_hangup {
    ADV_CLIENT_WAITS,
    ADV_CLIENT_GONE,      /* it has closed its sending side, or all, or the connection broke */
    ADV_CLIENT_NOT_POLLED /* nothing that poll may say of an open socket: a fault of the caller's */
};

static inline enum adv_hangup adv_hangup_of(short revents)
{
    if (revents & ~(POLLRDHUP | POLLHUP | POLLERR))
        return ADV_CLIENT_NOT_POLLED;
    return revents ? ADV_CLIENT_GONE : ADV_CLIENT_WAITS;
}

#endif
