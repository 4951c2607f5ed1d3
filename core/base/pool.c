/* Pieces are handed out by an atomic counter; a job is published under the
 * mutex with a new generation number, and the caller works beside its threads. */
#include <advect/pool.h>

#include "core/base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct adv_pool {
    int n_threads;
    pthread_t *threads; /* n_threads - 1 */
    int n_started;
    pthread_mutex_t mutex;
    pthread_cond_t job_ready, job_done;
    unsigned generation;
    int n_busy;
    bool stopping;

    void (*task)(void *context, size_t piece, int worker);
    void *context;
    size_t n_pieces;
    atomic_size_t next_piece;
};

struct thread_start {
    struct adv_pool *pool;
    int worker;
};

int adv_cpu_count(void)
{
    /* The mask of the process's first thread: the caller may be pinned to a part of it. */
    cpu_set_t set;
    if (sched_getaffinity(getpid(), sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

static void work(struct adv_pool *pool, int worker)
{
    size_t piece;
    while ((piece = atomic_fetch_add(&pool->next_piece, 1)) < pool->n_pieces)
        pool->task(pool->context, piece, worker);
}

static void *thread_main(void *argument)
{
    struct thread_start start = *(struct thread_start *)argument;
    free(argument);
    struct adv_pool *pool = start.pool;
    unsigned seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->stopping && pool->generation == seen)
            pthread_cond_wait(&pool->job_ready, &pool->mutex);
        if (pool->stopping)
            break;
        seen = pool->generation;
        pthread_mutex_unlock(&pool->mutex);
        work(pool, start.worker);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->n_busy == 0)
            pthread_cond_signal(&pool->job_done);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static bool start_thread(struct adv_pool *pool, int worker)
{
    struct thread_start *start = malloc(sizeof *start);
    if (!start)
        return false;
    *start = (struct thread_start){pool, worker};
    if (pthread_create(&pool->threads[worker - 1], NULL, thread_main, start) != 0) {
        free(start);
        return false;
    }
    pool->n_started++;
    return true;
}

enum adv_status adv_pool_new(int n_threads, struct adv_pool **out, struct adv_error *error)
{
    if (n_threads < 1)
        return adv_fail_field(error, ADV_E_INVALID, "threads",
                              "threads is %d; it must be at least 1", n_threads);
    struct adv_pool *pool = adv_calloc(1, sizeof *pool);
    if (!pool)
        return adv_no_memory(error);
    pool->n_threads = n_threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->job_ready, NULL);
    pthread_cond_init(&pool->job_done, NULL);
    pool->threads = adv_calloc((size_t)n_threads, sizeof *pool->threads);
    bool started = pool->threads != NULL;
    for (int worker = 1; started && worker < n_threads; worker++)
        started = start_thread(pool, worker);
    if (!started) {
        adv_pool_free(pool);
        return adv_fail(error, ADV_E_MEMORY, "cannot start %d threads", n_threads);
    }
    *out = pool;
    return ADV_OK;
}

void adv_pool_free(struct adv_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->job_ready);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->n_started; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->job_done);
    pthread_cond_destroy(&pool->job_ready);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool);
}

int adv_pool_threads(const struct adv_pool *pool)
{
    return pool ? pool->n_threads : 1;
}

void adv_pool_run(struct adv_pool *pool, size_t n_pieces,
                  void (*task)(void *context, size_t piece, int worker), void *context)
{
    if (!pool || pool->n_threads == 1 || n_pieces <= 1) {
        for (size_t piece = 0; piece < n_pieces; piece++)
            task(context, piece, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->task = task;
    pool->context = context;
    pool->n_pieces = n_pieces;
    atomic_store(&pool->next_piece, 0);
    pool->n_busy = pool->n_started;
    pool->generation++;
    pthread_cond_broadcast(&pool->job_ready);
    pthread_mutex_unlock(&pool->mutex);

    work(pool, 0);

    pthread_mutex_lock(&pool->mutex);
    while (pool->n_busy > 0)
        pthread_cond_wait(&pool->job_done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
