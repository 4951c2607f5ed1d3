/* advectd: serves flow-matching models over HTTP.
 *
 *     clients --- http (accepts; HTTP threads) --- exchange (one request)
 *                    |                                |  routes -> handlers
 *                 sockets (watches)                   |     queries, pictures: a job
 *                                                     |     jobs: one that the store lists
 *                                                     v
 *     registry (models) ------------------------- scheduler (workers compute)
 *
 * Signals become events of the main thread: SIGHUP asks the reloader, which has a thread of its own
 * and also loaded the models first, for the keys and the models anew; SIGTERM and SIGINT drain: no
 * new connections, accepted work is finished and answered, then the workers end, and last the HTTP
 * threads. Any other order loses replies. */
#include "server/api/assets.h"
#include "server/api/routes.h"
#include "server/clients/origin.h"
#include "server/net/http.h"
#include "server/os/address.h"
#include "server/os/clock.h"
#include "server/os/health_check.h"
#include "server/os/log.h"
#include "server/os/signals.h"
#include "server/service/passed.h"
#include "server/service/sandbox.h"

#include <advect/extra/all.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CANCEL_GRACE_MS 5000 /* for cancelled jobs to be answered */
#define RELOAD_GRACE_MS 200  /* for a load to be given up */
#define ANSWERS_POLL_MS 10   /* between looks at whether a drain is complete */

/* ---------------------------------------------------------------- start */

/* Waits for the first load; a signal to stop ends the wait with ADV_E_CANCELLED. */
static enum adv_status wait_for_models(struct adv_server *server, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    while (!adv_reloader_has_loaded(server->reloader, &status, error)) {
        enum adv_signal_event event = adv_signals_wait(-1);
        if (event == ADV_SIGNAL_STOP)
            return adv_fail(error, ADV_E_CANCELLED, "told to stop while the models were loaded");
        if (event == ADV_SIGNAL_RELOAD)
            adv_reloader_ask(server->reloader);
    }
    return status;
}

static enum adv_status start_clients(struct adv_server *server, struct adv_error *error)
{
    const struct adv_config *config = &server->config;
    struct adv_clients_options options = {
        .share = config->client_share,
        .connections = (size_t)config->max_connections,
        .reserved = ADV_HTTP_RESERVED,
        .managing = ADV_HTTP_MANAGING,
    };
    enum adv_status status = adv_proxies_check(config->trusted_proxies, error);
    if (status == ADV_OK)
        status = adv_clients_new(&options, &server->clients, error);
    if (status == ADV_OK)
        status =
            adv_keys_open(config->api_keys, config->api_key, server->clients, &server->keys, error);
    return status;
}

static enum adv_status start_reloader(struct adv_server *server, struct adv_error *error)
{
    struct adv_reloader_options options = {
        .keys = server->keys,
        .registry = server->registry,
        .scheduler = server->scheduler,
        .metrics = server->metrics,
        .notify = &server->notify,
    };
    return adv_reloader_start(&options, &server->reloader, error);
}

static enum adv_status start_work(struct adv_server *server, struct adv_error *error)
{
    const struct adv_config *config = &server->config;
    struct adv_scheduler_options options = {
        .n_workers = (int)config->workers,
        .queue_length = (size_t)config->queue_length,
        .queue_numbers = (size_t)config->queue_numbers,
        .client_share = config->client_share,
        .patient_length = (size_t)config->max_jobs,
        .refuse_hopeless = config->max_cost == 0,
        .numbers = &server->n_numbers,
        .patient_numbers = &server->n_job_numbers,
        .registry = server->registry,
        .metrics = server->metrics,
    };
    struct adv_job_store_options jobs = {
        .max_jobs = (size_t)config->max_jobs,
        .max_bytes = (size_t)config->job_result_bytes,
        .keep_ms = config->job_keep_ms,
        .log = config->access_log == ADV_SWITCH_ON,
        .metrics = server->metrics,
    };
    enum adv_status status = adv_job_store_new(&jobs, &server->jobs, error);
    if (status == ADV_OK)
        status = adv_scheduler_start(&options, &server->scheduler, error);
    if (status == ADV_OK)
        status = start_reloader(server, error);
    return status == ADV_OK ? wait_for_models(server, error) : status;
}

static enum adv_status start_connections(struct adv_server *server, struct adv_error *error)
{
    const struct adv_config *config = &server->config;
    enum adv_status status =
        adv_lingering_start(config->body_timeout_ms, &server->lingering, error);
    struct adv_sockets_options watch = {
        .idle_timeout_ms = config->idle_timeout_ms,
        .read_timeout_ms = config->body_timeout_ms,
        .min_send_rate = config->min_send_rate,
        .access_log = config->access_log == ADV_SWITCH_ON,
        .metrics = server->metrics,
        .clients = server->clients,
        .trusted_proxies = config->trusted_proxies,
        .lingering = server->lingering,
    };
    if (status == ADV_OK)
        status = adv_sockets_start(&watch, &server->sockets, error);
    struct adv_bodies_options bodies = {
        .most_bytes = (size_t)config->body_memory_bytes,
        .longest_bytes = config->max_body_bytes,
        .longest_ms = config->body_timeout_ms,
        .sockets = server->sockets,
        .metrics = server->metrics,
    };
    if (status == ADV_OK)
        status = adv_bodies_new(&bodies, &server->bodies, error);
    return status == ADV_OK ? adv_http_start(server, &server->http, error) : status;
}

/* What is wrong with the address or the passed sockets is told before models are loaded. */
static enum adv_status open_listeners(struct adv_server *server, struct adv_error *error)
{
    struct adv_passed passed;
    enum adv_status status = adv_passed_read(&server->config, &passed, error);
    if (status == ADV_OK)
        status = adv_listeners_bind(&server->config, &passed, &server->listeners, error);
    return status;
}

/* Read before the sandbox closes, after which the folder cannot be read. */
static enum adv_status read_playground(struct adv_server *server, struct adv_error *error)
{
    const char *path = server->config.playground;
    if (!path)
        return ADV_OK;
    enum adv_status status = adv_folder_read("playground", path, &server->playground, error);
    if (status == ADV_OK && !adv_folder_find(server->playground, "index.html"))
        status = adv_fail_field(error, ADV_E_INVALID, "playground",
                                "playground is \"%.300s\", which has no index.html; it must be a "
                                "folder that make playground built",
                                path);
    if (status == ADV_OK)
        status = adv_page_with_link(&server->page, error);
    return status;
}

static enum adv_status start(struct adv_server *server, struct adv_error *error)
{
    const struct adv_config *config = &server->config;
    server->routes = &adv_routes;
    server->limits = adv_config_limits(config);
    struct adv_load_options load = adv_config_load_options(config);
    enum adv_status status = adv_load_options_check(&load, error);
    if (status != ADV_OK)
        return status;
    server->kernels = adv_load_options_kernels(&load);
    status = start_clients(server, error);
    if (status == ADV_OK)
        status = adv_metrics_new(server->routes->n, server->kernels, &server->metrics, error);
    if (status == ADV_OK)
        status =
            adv_picture_cache_new((size_t)config->picture_cache_bytes, &server->pictures, error);
    const struct adv_model_place place = {config->models, config->files, config->n_files,
                                          config->sandbox == ADV_SWITCH_ON};
    if (status == ADV_OK)
        status =
            adv_registry_open(&place, &load, config->max_model_bytes, &server->registry, error);
    if (status == ADV_OK)
        status = start_work(server, error);
    return status == ADV_OK ? start_connections(server, error) : status;
}

/* ---------------------------------------------------------------- stop */

/* Waits until every request that came in whole is answered in full. False after ms, or at another
 * signal to stop where that may cut the wait short. */
static bool wait_for_answers(struct adv_server *server, int64_t ms, bool signals_cut)
{
    int64_t end_ms = adv_now_ms() + ms;
    while (atomic_load(&server->n_answering) > 0) {
        bool stop = adv_signals_wait(ANSWERS_POLL_MS) == ADV_SIGNAL_STOP;
        adv_notify_beat(&server->notify);
        if ((stop && signals_cut) || adv_now_ms() >= end_ms)
            return false;
    }
    return true;
}

static void drain(struct adv_server *server)
{
    adv_log_event("draining: no new work, %d requests to answer",
                  atomic_load(&server->n_answering));
    adv_notify_stopping(&server->notify);
    atomic_store(&server->draining, true);
    adv_reloader_cancel(server->reloader);
    adv_http_stop_accepting(server->http);
    adv_job_store_cancel(server->jobs, false);
    if (wait_for_answers(server, server->config.drain_timeout_ms, true))
        return;
    adv_log_event("%d requests are not finished and get 503", atomic_load(&server->n_answering));
    adv_scheduler_cancel_all(server->scheduler);
    wait_for_answers(server, CANCEL_GRACE_MS, false); /* no signal takes these answers away */
}

/* False where a reload that is stuck in a file holds on to what it uses: the process is then to be
 * ended without more ado. */
static bool stop(struct adv_server *server)
{
    if (!adv_reloader_stop(server->reloader, RELOAD_GRACE_MS))
        return false;
    /* The workers first: they end, and so resume, whatever is left. */
    if (server->jobs)
        adv_job_store_cancel(server->jobs, true);
    adv_scheduler_stop(server->scheduler);
    adv_http_stop(server->http);
    adv_scheduler_free(server->scheduler);
    adv_bodies_free(server->bodies);
    adv_sockets_stop(server->sockets);
    adv_lingering_stop(server->lingering);
    adv_job_store_free(server->jobs);
    adv_picture_cache_free(server->pictures);
    adv_folder_free(server->playground);
    adv_static_file_release(&server->page);
    adv_registry_close(server->registry);
    adv_keys_close(server->keys);
    adv_clients_free(server->clients);
    adv_metrics_free(server->metrics);
    adv_listeners_close(&server->listeners);
    adv_notify_close(&server->notify);
    adv_config_release(&server->config);
    return true;
}

/* ---------------------------------------------------------------- */

/* As many open files as the system lets us have: a connection is one. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Large blocks are mapped, each by itself, and go back to the system as soon as they are freed. By
 * itself glibc puts blocks of up to 32 MiB into its heaps once some were freed, and a heap keeps
 * what is free below a block in use: after a burst of bodies or answers most of it stayed resident
 * for good. Filling a mapped block of 256 KiB costs some 60 us more, in requests of
 * milliseconds. */
static void map_large_blocks(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, ADV_MAPPED_BYTES);
#endif
}

static void announce(struct adv_server *server)
{
    char address[ADV_ADDRESS_SIZE];
    const struct adv_listeners *listeners = adv_http_listeners(server->http);
    adv_address_of_socket(listeners->main, address);
    printf("listening on http://%s\n", address);
    adv_notify_status(&server->notify, "listening on http://%s", address);
    if (listeners->management >= 0) {
        adv_address_of_socket(listeners->management, address);
        printf("management on http://%s\n", address);
    }
    fflush(stdout);
    adv_notify_ready(&server->notify);
}

/* Serves until told to stop. The watchdog hears of it only while connections are watched, for which
 * the lock that each of them takes must be free. */
static void serve(struct adv_server *server)
{
    announce(server);
    unsigned watched = adv_sockets_rounds(server->sockets);
    for (enum adv_signal_event event;
         (event = adv_signals_wait(server->notify.beat_ms)) != ADV_SIGNAL_STOP;) {
        if (event == ADV_SIGNAL_RELOAD)
            adv_reloader_ask(server->reloader);
        unsigned rounds = adv_sockets_rounds(server->sockets);
        if (rounds != watched)
            adv_notify_beat(&server->notify);
        watched = rounds;
    }
}

static int check_health(struct adv_config *config)
{
    struct adv_error error = ADV_ERROR_INIT;
    const char *management = config->management_listen;
    const char *setting = management ? "management_listen" : "listen";
    const char *address = management ? management : config->listen;
    enum adv_status status =
        strcmp(address, ADV_LISTEN_SYSTEMD) != 0
            ? adv_health_check(setting, address, &error)
            : adv_fail_field(&error, ADV_E_INVALID, setting,
                             "%s is systemd; with systemd's socket, name the address: "
                             "--check-health --%s ADDRESS:PORT",
                             setting, management ? "management-listen" : "listen");
    if (status != ADV_OK)
        fprintf(stderr, "advectd: %s\n", error.message);
    adv_config_release(config);
    return status == ADV_OK ? 0 : 1;
}

static enum adv_status describe(const struct adv_config *config, struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    if (config->help)
        adv_config_help(stdout);
    else if (config->manual)
        adv_config_manual(stdout);
    else if (config->version)
        printf("advectd %s\n", adv_version());
    else
        status = adv_config_completion(config, stdout, error);
    bool is_lost = fflush(stdout) != 0 || ferror(stdout);
    if (status == ADV_OK && is_lost && errno != EPIPE) /* a reader may have had enough */
        status = adv_fail(error, ADV_E_IO, "cannot write to standard output: %s", strerror(errno));
    if (status != ADV_OK)
        fprintf(stderr, "advectd: %s\n", error->message);
    return status;
}

/* Starts, serves until told to stop, and answers what was accepted. */
static enum adv_status run(struct adv_server *server, struct adv_error *error)
{
    char files[ADV_SANDBOX_SAID_SIZE], calls[ADV_SANDBOX_SAID_SIZE];
    const struct adv_config *config = &server->config;
    enum adv_status status = open_listeners(server, error); /* before descriptors are opened */
    if (status == ADV_OK)
        status = read_playground(server, error);
    if (status == ADV_OK)
        status = adv_signals_catch(error);
    if (status != ADV_OK)
        return status;
    int unheard = adv_notify_open(&server->notify) ? 0 : errno;
    adv_sandbox_files(config, files); /* before the first thread, that of the log */
    status = adv_log_start((enum adv_log_format)config->log_format, error);
    if (status == ADV_OK) {
        if (unheard)
            adv_log_event("the service manager is told nothing: NOTIFY_SOCKET is \"%.200s\": %s",
                          getenv("NOTIFY_SOCKET"), strerror(unheard));
        adv_log_event("%s", files);
        if (server->playground)
            adv_log_event("playground: %zu files of %s, %zu bytes with their compressed forms",
                          adv_folder_files(server->playground), config->playground,
                          adv_folder_bytes(server->playground));
        status = start(server, error);
    }
    if (status != ADV_OK)
        return status;
    adv_sandbox_calls(config, calls);
    if (*calls)
        adv_log_event("%s", calls);
    serve(server);
    drain(server);
    return ADV_OK;
}

int main(int n_args, char **args)
{
    static struct adv_server server;
    struct adv_error error = ADV_ERROR_INIT;
    signal(SIGPIPE, SIG_IGN);
    server.notify = (struct adv_notify)ADV_NOTIFY_INIT;
    server.listeners = (struct adv_listeners)ADV_LISTENERS_INIT;

    if (adv_config_read(&server.config, n_args, args, &error) != ADV_OK) {
        fprintf(stderr, "advectd: %s\n", error.message);
        return 2;
    }
    if (adv_config_describes(&server.config)) {
        enum adv_status status = describe(&server.config, &error);
        adv_config_release(&server.config);
        return status == ADV_OK ? 0 : 2;
    }
    if (server.config.check_health)
        return check_health(&server.config);
    raise_file_limit();
    map_large_blocks();
    enum adv_status status = run(&server, &error);
    if (status == ADV_E_CANCELLED) {
        adv_log_event("%s", error.message);
        status = ADV_OK;
    }
    int exit_status = status == ADV_OK && !atomic_load(&server.failed) ? 0 : 1;
    bool stopped = stop(&server);
    adv_log_stop();
    if (status != ADV_OK)
        fprintf(stderr, "advectd: %s\n", error.message);
    if (!stopped)
        _exit(exit_status);
    return exit_status;
}
