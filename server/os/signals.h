/* Signals as events for the main thread: SIGHUP asks for a reload, SIGTERM and SIGINT for the end.
 *
 * They are caught by handlers, not blocked and waited for: a library may have started threads
 * before main begins (OpenBLAS does), the kernel delivers a signal to any thread that does not
 * block it, and there the default action would end the process. */
#ifndef ADV_SERVER_SIGNALS_H
#define ADV_SERVER_SIGNALS_H

#include <advect/status.h>
#include <stdint.h>

enum adv_signal_event {
    ADV_SIGNAL_NONE,   /* the time is over, or the wait was ended by adv_signals_wake */
    ADV_SIGNAL_RELOAD, /* one for all SIGHUPs since the last one was returned */
    ADV_SIGNAL_STOP    /* comes before a reload that is also due */
};

/* Installs the handlers, for the rest of the process; once. Signals that come before the first wait
 * are kept for it. */
enum adv_status adv_signals_catch(struct adv_error *error);

/* Asks for the end as SIGTERM does. On any thread. */
void adv_signals_stop(void);

/* Ends the present wait, or else the next one. On any thread. */
void adv_signals_wake(void);

/* Waits for the next event, at most timeout_ms; -1: without end. One thread's. */
enum adv_signal_event adv_signals_wait(int timeout_ms);

#endif
