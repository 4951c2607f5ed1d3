#include "trainer/cli/stop.h"

#include <signal.h>
#include <stddef.h>

/* A signal handler has nowhere else to write to. */
static volatile bool stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = true;
}

void adv_stop_catch_signals(void)
{
    struct sigaction once = {.sa_handler = request_stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&once.sa_mask);
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGXFSZ, &ignore, NULL);
}

const volatile bool *adv_stop_flag(void)
{
    return &stop_requested;
}
