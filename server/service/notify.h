/* What the service manager is told (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names.
 * Without one nothing is said. The socket is connected at the start: later the daemon may open
 * none. */
#ifndef ADV_SERVER_NOTIFY_H
#define ADV_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct adv_notify {
    int fd;      /* -1: nobody to tell */
    int beat_ms; /* how often the watchdog is to hear from us; -1: there is none */
    int64_t next_beat_ms;
};
#define ADV_NOTIFY_INIT                                                                            \
    {                                                                                              \
        -1, -1, 0                                                                                  \
    }

/* Connects. False, with the reason in errno, where the socket that is named cannot be had. */
bool adv_notify_open(struct adv_notify *notify);
void adv_notify_close(struct adv_notify *notify);

/* On any thread. */
void adv_notify_ready(const struct adv_notify *notify);
void adv_notify_reloading(const struct adv_notify *notify); /* until ready again */
void adv_notify_stopping(const struct adv_notify *notify);

/* Tells the watchdog that all is well, no oftener than it wants to hear. One thread's. */
void adv_notify_beat(struct adv_notify *notify);

/* One line for people: systemctl status shows it. */
void adv_notify_status(const struct adv_notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
