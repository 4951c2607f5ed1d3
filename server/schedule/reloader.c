#include "server/schedule/reloader.h"

#include "server/os/log.h"
#include "server/os/signals.h"

#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct adv_reloader {
    struct adv_reloader_options options;
    pthread_t thread;
    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t changed;
    bool due, ending, ended;
    bool loaded; /* the first load is over, with the error (if any) */
    struct adv_error error;
};

/* Tells the metrics and the log what the catalogue holds now. */
static void report(struct adv_registry *registry, struct adv_metrics *metrics)
{
    struct adv_catalogue *catalogue = adv_registry_catalogue(registry);
    size_t n = adv_catalogue_size(catalogue), n_models = adv_catalogue_models(catalogue);
    size_t weights_bytes = 0, packed_bytes = 0;
    adv_metrics_set(metrics, ADV_GAUGE_MODELS, (int64_t)n_models);
    adv_metrics_set(metrics, ADV_GAUGE_MODELS_REFUSED, (int64_t)(n - n_models));
    for (size_t i = 0; i < n; i++) {
        const struct adv_catalogue_entry *entry = adv_catalogue_at(catalogue, i);
        if (entry->model) {
            weights_bytes += adv_model_n_weights(entry->model) * sizeof(float);
            packed_bytes += adv_packed_weights_bytes(adv_model_packed_weights(entry->model));
            adv_log_event("model %s from %s, digest %s", adv_model_name(entry->model), entry->file,
                          adv_model_digest(entry->model));
        } else {
            adv_log_event("refused %s: %s", entry->file, entry->reason);
        }
    }
    if (n_models == 0)
        adv_log_event("no model is served: %s; SIGHUP has the daemon look again",
                      n ? "every file is refused" : "the directory has no *.safetensors");
    adv_metrics_set(metrics, ADV_GAUGE_WEIGHTS_BYTES, (int64_t)weights_bytes);
    adv_metrics_set(metrics, ADV_GAUGE_PACKED_BYTES, (int64_t)packed_bytes);
    adv_catalogue_unref(catalogue);
}

static void load(struct adv_reloader *reloader)
{
    struct adv_error error = ADV_ERROR_INIT;
    if (adv_registry_load(reloader->options.registry, &error) == ADV_OK)
        report(reloader->options.registry, reloader->options.metrics);
    pthread_mutex_lock(&reloader->mutex);
    reloader->loaded = true;
    reloader->error = error;
    pthread_mutex_unlock(&reloader->mutex);
    adv_signals_wake();
}

static void reload_keys(struct adv_reloader *reloader)
{
    struct adv_error error = ADV_ERROR_INIT;
    if (!adv_keys_have_file(reloader->options.keys))
        return;
    bool reloaded = adv_keys_reload(reloader->options.keys, &error) == ADV_OK;
    if (reloaded)
        adv_log_event("%zu keys with names", adv_keys_count(reloader->options.keys));
    else
        adv_log_event("the keys stay as they are: %s", error.message);
    adv_metrics_count(reloader->options.metrics,
                      reloaded ? ADV_COUNT_KEY_RELOADS_COMPLETED : ADV_COUNT_KEY_RELOADS_FAILED, 1);
}

/* It is counted last: who waits for the count sees the new models. */
static void reload(struct adv_reloader *reloader)
{
    struct adv_error error = ADV_ERROR_INIT;
    adv_notify_reloading(reloader->options.notify);
    reload_keys(reloader);
    if (adv_registry_load(reloader->options.registry, &error) == ADV_OK) {
        adv_scheduler_forget_models(reloader->options.scheduler);
        report(reloader->options.registry, reloader->options.metrics);
        adv_metrics_count(reloader->options.metrics, ADV_COUNT_RELOADS_COMPLETED, 1);
    } else {
        adv_log_event("the models stay as they are: %s", error.message);
        adv_metrics_count(reloader->options.metrics, ADV_COUNT_RELOADS_FAILED, 1);
    }
    adv_notify_ready(reloader->options.notify);
}

static void *work(void *argument)
{
    struct adv_reloader *reloader = argument;
    load(reloader);
    pthread_mutex_lock(&reloader->mutex);
    for (;;) {
        while (!reloader->due && !reloader->ending)
            pthread_cond_wait(&reloader->changed, &reloader->mutex);
        if (reloader->ending)
            break;
        reloader->due = false;
        pthread_mutex_unlock(&reloader->mutex);
        reload(reloader);
        pthread_mutex_lock(&reloader->mutex);
    }
    reloader->ended = true;
    pthread_cond_broadcast(&reloader->changed);
    pthread_mutex_unlock(&reloader->mutex);
    return NULL;
}

static void release(struct adv_reloader *reloader)
{
    pthread_cond_destroy(&reloader->changed);
    pthread_mutex_destroy(&reloader->mutex);
    free(reloader);
}

enum adv_status adv_reloader_start(const struct adv_reloader_options *options,
                                   struct adv_reloader **out, struct adv_error *error)
{
    struct adv_reloader *reloader = calloc(1, sizeof *reloader);
    if (!reloader)
        return adv_no_memory(error);
    reloader->options = *options;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&reloader->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&reloader->mutex, NULL);
    if (pthread_create(&reloader->thread, NULL, work, reloader) != 0) {
        release(reloader);
        return adv_fail(error, ADV_E_MEMORY, "cannot start the thread that reloads models");
    }
    *out = reloader;
    return ADV_OK;
}

bool adv_reloader_has_loaded(struct adv_reloader *reloader, enum adv_status *status,
                             struct adv_error *error)
{
    pthread_mutex_lock(&reloader->mutex);
    bool loaded = reloader->loaded;
    if (loaded)
        *status = reloader->error.status;
    if (loaded && reloader->error.status != ADV_OK && error)
        *error = reloader->error;
    pthread_mutex_unlock(&reloader->mutex);
    return loaded;
}

void adv_reloader_ask(struct adv_reloader *reloader)
{
    pthread_mutex_lock(&reloader->mutex);
    reloader->due = true;
    pthread_cond_broadcast(&reloader->changed);
    pthread_mutex_unlock(&reloader->mutex);
}

void adv_reloader_cancel(struct adv_reloader *reloader)
{
    adv_registry_cancel(reloader->options.registry);
    pthread_mutex_lock(&reloader->mutex);
    reloader->ending = true;
    pthread_cond_broadcast(&reloader->changed);
    pthread_mutex_unlock(&reloader->mutex);
}

bool adv_reloader_stop(struct adv_reloader *reloader, int wait_ms)
{
    struct timespec end;
    if (!reloader)
        return true;
    adv_reloader_cancel(reloader);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += wait_ms / 1000;
    end.tv_nsec += wait_ms % 1000 * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&reloader->mutex);
    while (!reloader->ended &&
           pthread_cond_timedwait(&reloader->changed, &reloader->mutex, &end) == 0)
        ;
    bool ended = reloader->ended;
    pthread_mutex_unlock(&reloader->mutex);
    if (!ended)
        return false;
    pthread_join(reloader->thread, NULL);
    release(reloader);
    return true;
}
