#include "tests/support/thread_ranks.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A message borrows the sender's bytes, as the interface allows, so that bytes which change before
 * `settle` are seen as changed. */
struct message {
    const void *bytes;
    size_t n;
    struct message *next;
};

struct world {
    int n_ranks;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct message *queues[THREAD_RANKS_MAX][THREAD_RANKS_MAX]; /* from, to */
    int unread[THREAD_RANKS_MAX];                               /* of each sender */
    void (*body)(const struct adv_ranks *ranks, void *context);
    void *context;
};

struct seat {
    struct world *world;
    struct adv_ranks ranks;
};

static enum adv_status send_message(void *context, int to, const void *bytes, size_t n,
                                    struct adv_error *error)
{
    struct seat *seat = context;
    struct world *world = seat->world;
    struct message *message = malloc(sizeof *message);
    if (!message)
        return adv_no_memory(error);
    *message = (struct message){bytes, n, NULL};
    pthread_mutex_lock(&world->lock);
    struct message **end = &world->queues[seat->ranks.rank][to];
    while (*end)
        end = &(*end)->next;
    *end = message;
    world->unread[seat->ranks.rank]++;
    pthread_cond_broadcast(&world->changed);
    pthread_mutex_unlock(&world->lock);
    return ADV_OK;
}

static enum adv_status receive_message(void *context, int from, void *bytes, size_t n,
                                       struct adv_error *error)
{
    (void)error;
    struct seat *seat = context;
    struct world *world = seat->world;
    pthread_mutex_lock(&world->lock);
    struct message **queue = &world->queues[from][seat->ranks.rank];
    while (!*queue)
        pthread_cond_wait(&world->changed, &world->lock);
    struct message *message = *queue;
    if (message->n != n)
        abort();
    memcpy(bytes, message->bytes, n);
    *queue = message->next;
    world->unread[from]--;
    pthread_cond_broadcast(&world->changed);
    pthread_mutex_unlock(&world->lock);
    free(message);
    return ADV_OK;
}

static enum adv_status settle_messages(void *context, struct adv_error *error)
{
    (void)error;
    struct seat *seat = context;
    struct world *world = seat->world;
    pthread_mutex_lock(&world->lock);
    while (world->unread[seat->ranks.rank] > 0)
        pthread_cond_wait(&world->changed, &world->lock);
    pthread_mutex_unlock(&world->lock);
    return ADV_OK;
}

static void *take_seat(void *context)
{
    struct seat *seat = context;
    seat->world->body(&seat->ranks, seat->world->context);
    return NULL;
}

void thread_ranks_run(int n_ranks, void (*body)(const struct adv_ranks *ranks, void *context),
                      void *context)
{
    struct world world = {.n_ranks = n_ranks, .body = body, .context = context};
    struct seat seats[THREAD_RANKS_MAX];
    pthread_t threads[THREAD_RANKS_MAX];
    ck_assert_int_le(n_ranks, THREAD_RANKS_MAX);
    pthread_mutex_init(&world.lock, NULL);
    pthread_cond_init(&world.changed, NULL);
    for (int i = 0; i < n_ranks; i++) {
        seats[i] = (struct seat){
            &world, {i, n_ranks, &seats[i], send_message, receive_message, settle_messages}};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_seat, &seats[i]), 0);
    }
    for (int i = 0; i < n_ranks; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&world.changed);
    pthread_mutex_destroy(&world.lock);
}
