/* The daemon's parts, as main.c wires them; handlers reach everything from here. */
#ifndef ADV_SERVER_SERVER_H
#define ADV_SERVER_SERVER_H

#include "server/clients/keys.h"
#include "server/files/folder.h"
#include "server/jobs/store.h"
#include "server/models/registry.h"
#include "server/net/bodies.h"
#include "server/net/listeners.h"
#include "server/net/route.h"
#include "server/net/sockets.h"
#include "server/os/config.h"
#include "server/os/metrics.h"
#include "server/reply/picture_cache.h"
#include "server/schedule/reloader.h"
#include "server/schedule/scheduler.h"
#include "server/service/notify.h"

#include <stdatomic.h>

#define ADV_MAPPED_BYTES (256 << 10) /* blocks from here on are mapped each by itself */

struct adv_server {
    struct adv_config config;
    struct adv_limits limits;
    const char *kernels; /* that models are evaluated by: "avx512" */
    const struct adv_routes *routes;
    struct adv_notify notify;       /* the service manager, to be told */
    struct adv_listeners listeners; /* until http has them */
    struct adv_metrics *metrics;
    struct adv_clients *clients;
    struct adv_keys *keys;
    struct adv_registry *registry;
    struct adv_picture_cache *pictures;
    struct adv_folder *playground; /* NULL: none is served */
    struct adv_static_file page;   /* with its link to the playground; no name: none is served */
    struct adv_job_store *jobs;    /* those that outlive their connections */
    struct adv_scheduler *scheduler;
    struct adv_reloader *reloader;
    struct adv_lingering *lingering;
    struct adv_sockets *sockets;
    struct adv_bodies *bodies;
    struct adv_http *http;
    atomic_bool draining;        /* no new queries */
    atomic_bool failed;          /* the daemon ends by a fault: its exit status says so */
    atomic_size_t n_numbers;     /* in all answers that are computed or not yet sent */
    atomic_size_t n_job_numbers; /* in those of jobs that are computed */
    atomic_int n_answering;      /* requests received whole and not yet answered in full */
};

#endif
