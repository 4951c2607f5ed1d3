#include "server/service/notify.h"

#include "server/os/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Twice as often as asked: one beat may be late. */
static int beat_of_environment(void)
{
    const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!period || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return -1;
    long long ms = strtoll(period, NULL, 10) / 2000;
    return ms < 1 ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;
}

/* A path, or "@" and a name in the abstract space. 0: neither, or too long. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
    size_t n = strlen(name);
    if ((*name != '/' && *name != '@') || n < 2 || n >= sizeof address->sun_path)
        return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, n);
    bool is_path = *name == '/';
    if (!is_path)
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + is_path);
}

bool adv_notify_open(struct adv_notify *notify)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    if (!name)
        return true;
    socklen_t length = address_of(name, &address);
    if (!length) {
        errno = EINVAL;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) != 0) {
        int reason = errno;
        if (fd >= 0)
            close(fd);
        errno = reason;
        return false;
    }
    notify->fd = fd;
    notify->beat_ms = beat_of_environment();
    return true;
}

void adv_notify_close(struct adv_notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = notify->beat_ms = -1;
}

/* Where the manager's queue is full, what only informs it is lost; nobody waits for it. */
static void tell(const struct adv_notify *notify, const char *what)
{
    if (notify->fd >= 0)
        (void)!send(notify->fd, what, strlen(what), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Without this one the manager takes the start, or the reload, for failed: it may wait. */
void adv_notify_ready(const struct adv_notify *notify)
{
    if (notify->fd >= 0)
        (void)!send(notify->fd, "READY=1", strlen("READY=1"), MSG_NOSIGNAL);
}

/* The time lets the manager tell this reload from one before it (Type=notify-reload). */
void adv_notify_reloading(const struct adv_notify *notify)
{
    char text[80];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, adv_now_us());
    tell(notify, text);
}

void adv_notify_stopping(const struct adv_notify *notify)
{
    tell(notify, "STOPPING=1");
}

void adv_notify_beat(struct adv_notify *notify)
{
    int64_t now_ms = adv_now_ms();
    if (notify->beat_ms < 0 || now_ms < notify->next_beat_ms)
        return;
    tell(notify, "WATCHDOG=1");
    notify->next_beat_ms = now_ms + notify->beat_ms;
}

void adv_notify_status(const struct adv_notify *notify, const char *format, ...)
{
    char text[400];
    int n = snprintf(text, sizeof text, "STATUS=");
    va_list args;
    va_start(args, format);
    vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    tell(notify, text);
}
