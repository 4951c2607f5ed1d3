#include "server/os/signals.h"

#include "server/os/clock.h"

#include <advect/extra/memory.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What a handler may touch: lock-free atomics, and a descriptor to write to. */
static atomic_bool reload_due, stop_due, woken;
static int wake = -1; /* eventfd, non-blocking */

static void set(atomic_bool *flag)
{
    int saved = errno;
    uint64_t one = 1;
    atomic_store(flag, true);
    (void)!write(wake, &one, sizeof one); /* fails only where the reader is woken already */
    errno = saved;
}

static void note(int number)
{
    set(number == SIGHUP ? &reload_due : &stop_due);
}

enum adv_status adv_signals_catch(struct adv_error *error)
{
    static const int caught[] = {SIGHUP, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0)
        return adv_fail(error, ADV_E_IO, "cannot create an eventfd: %s", strerror(errno));
    for (size_t i = 0; i < ADV_COUNT(caught); i++)
        sigaction(caught[i], &action, NULL);
    return ADV_OK;
}

void adv_signals_stop(void)
{
    set(&stop_due);
}

void adv_signals_wake(void)
{
    set(&woken);
}

static enum adv_signal_event next_event(void)
{
    if (atomic_exchange(&stop_due, false))
        return ADV_SIGNAL_STOP;
    return atomic_exchange(&reload_due, false) ? ADV_SIGNAL_RELOAD : ADV_SIGNAL_NONE;
}

enum adv_signal_event adv_signals_wait(int timeout_ms)
{
    int64_t end_ms = adv_now_ms() + timeout_ms;
    for (;;) {
        /* The descriptor is emptied before the events are looked at, so that one which comes in
         * between wakes the next poll. */
        uint64_t count;
        (void)!read(wake, &count, sizeof count);
        enum adv_signal_event event = next_event();
        int64_t left_ms = timeout_ms < 0 ? -1 : end_ms - adv_now_ms();
        if (event != ADV_SIGNAL_NONE || (timeout_ms >= 0 && left_ms <= 0))
            return event;
        if (atomic_exchange(&woken, false))
            return ADV_SIGNAL_NONE;
        struct pollfd input = {.fd = wake, .events = POLLIN};
        poll(&input, 1, (int)left_ms);
    }
}
