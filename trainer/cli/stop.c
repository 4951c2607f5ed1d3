#include "trainer/cli/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

/* A signal handler has nowhere else to write to. */
static atomic_bool stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    atomic_store(&stop_requested, true);
}

void adv_stop_catch(int signal_number)
{
    struct sigaction once = {.sa_handler = request_stop, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&once.sa_mask);
    sigaction(signal_number, &once, NULL);
}

void adv_stop_catch_signals(void)
{
    adv_stop_catch(SIGINT);
    adv_stop_catch(SIGTERM);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGXFSZ, &ignore, NULL);
}

bool adv_stop_requested(void *unused)
{
    (void)unused;
    return atomic_load(&stop_requested);
}
