#include "server/jobs/strand.h"

#include "server/os/clock.h"

#include <advect/extra/pace.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

struct adv_strand {
    void (*work)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool running; /* its turn, else that of whoever waits for it */
    bool stopping, ended;
    int64_t end_us; /* of its turn; written before it begins */
};

/* With the mutex held. */
static void wait_for_turn(struct adv_strand *strand)
{
    while (!strand->running)
        pthread_cond_wait(&strand->changed, &strand->mutex);
}

static bool go_on(void *context)
{
    struct adv_strand *strand = context;
    pthread_mutex_lock(&strand->mutex);
    if (!strand->stopping && adv_now_us() >= strand->end_us) {
        strand->running = false;
        pthread_cond_broadcast(&strand->changed);
        wait_for_turn(strand);
    }
    bool stopping = strand->stopping;
    pthread_mutex_unlock(&strand->mutex);
    return !stopping;
}

static void *run(void *argument)
{
    struct adv_strand *strand = argument;
    struct adv_pace pace = {go_on, strand};
    pthread_mutex_lock(&strand->mutex);
    wait_for_turn(strand);
    bool stopping = strand->stopping;
    pthread_mutex_unlock(&strand->mutex);
    adv_pace_set(&pace);
    if (!stopping)
        strand->work(strand->context);
    adv_pace_set(NULL);
    pthread_mutex_lock(&strand->mutex);
    strand->ended = true;
    strand->running = false;
    pthread_cond_broadcast(&strand->changed);
    pthread_mutex_unlock(&strand->mutex);
    return NULL;
}

/* On any processor of the process: the worker that waits for it may be pinned to another. */
static int create_thread(struct adv_strand *strand)
{
    pthread_attr_t attributes;
    cpu_set_t allowed;
    pthread_attr_init(&attributes);
    if (sched_getaffinity(getpid(), sizeof allowed, &allowed) == 0)
        pthread_attr_setaffinity_np(&attributes, sizeof allowed, &allowed);
    int failed = pthread_create(&strand->thread, &attributes, run, strand);
    pthread_attr_destroy(&attributes);
    return failed;
}

enum adv_status adv_strand_new(void (*work)(void *context), void *context, struct adv_strand **out,
                               struct adv_error *error)
{
    struct adv_strand *strand = calloc(1, sizeof *strand);
    if (!strand)
        return adv_no_memory(error);
    strand->work = work;
    strand->context = context;
    pthread_mutex_init(&strand->mutex, NULL);
    pthread_cond_init(&strand->changed, NULL);
    if (create_thread(strand) == 0) {
        *out = strand;
        return ADV_OK;
    }
    pthread_cond_destroy(&strand->changed);
    pthread_mutex_destroy(&strand->mutex);
    free(strand);
    return adv_fail(error, ADV_E_MEMORY, "cannot start a thread");
}

/* With the mutex held. */
static void give_turn(struct adv_strand *strand, int64_t us)
{
    strand->end_us = adv_now_us() + us;
    strand->running = true;
    pthread_cond_broadcast(&strand->changed);
    while (strand->running)
        pthread_cond_wait(&strand->changed, &strand->mutex);
}

bool adv_strand_turn(struct adv_strand *strand, int64_t us)
{
    pthread_mutex_lock(&strand->mutex);
    if (!strand->ended)
        give_turn(strand, us);
    bool ended = strand->ended;
    pthread_mutex_unlock(&strand->mutex);
    return ended;
}

void adv_strand_free(struct adv_strand *strand)
{
    if (!strand)
        return;
    pthread_mutex_lock(&strand->mutex);
    strand->stopping = true;
    if (!strand->ended)
        give_turn(strand, 0);
    pthread_mutex_unlock(&strand->mutex);
    pthread_join(strand->thread, NULL);
    pthread_cond_destroy(&strand->changed);
    pthread_mutex_destroy(&strand->mutex);
    free(strand);
}
