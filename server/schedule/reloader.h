/* Loads the models, and reloads them and the keys, on a thread of its own: neither signals nor
 * requests wait for it. */
#ifndef ADV_SERVER_RELOADER_H
#define ADV_SERVER_RELOADER_H

#include "server/clients/keys.h"
#include "server/models/registry.h"
#include "server/os/metrics.h"
#include "server/schedule/scheduler.h"
#include "server/service/notify.h"

#include <stdbool.h>

struct adv_reloader;

/* Borrowed; all of them must outlive it. */
struct adv_reloader_options {
    struct adv_keys *keys;
    struct adv_registry *registry;
    struct adv_scheduler *scheduler;
    struct adv_metrics *metrics;
    const struct adv_notify *notify; /* is told of each reload, but not of the first load */
};

/* Begins the first load. */
enum adv_status adv_reloader_start(const struct adv_reloader_options *options,
                                   struct adv_reloader **reloader, struct adv_error *error);

/* Whether the first load is over; then, how it ended. The wait for signals (adv_signals_wait) is
 * woken when it is. */
bool adv_reloader_has_loaded(struct adv_reloader *reloader, enum adv_status *status,
                             struct adv_error *error);

/* A reload that begins after this call; several calls before it begins are one. */
void adv_reloader_ask(struct adv_reloader *reloader);

/* No further reload begins, and one under way is given up as soon as it can be. */
void adv_reloader_cancel(struct adv_reloader *reloader);

/* Cancels, and waits for what is under way: true, and the reloader is freed (NULL: true at once);
 * or false after wait_ms, and it still uses what it was given. */
bool adv_reloader_stop(struct adv_reloader *reloader, int wait_ms);

#endif
