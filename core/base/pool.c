/* A job is a ticket, one word: its number, and how many of its pieces nobody has taken yet. Taking
 * a piece is a compare-and-swap of the ticket, so a thread that is late finds the ticket empty or
 * changed, and nobody waits for it: a job ends when its pieces have ended.
 *
 * Evaluations of one row hand out pieces every few microseconds. So threads that run out of work
 * watch the ticket for a moment before they sleep on a condition, which takes many times as long to
 * wake from; none watches where another thread may need the processor. */
#include <advect/extra/open_pool.h>
#include <advect/pool.h>

#include "core/base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WATCH_NS 50000
#define WATCH_STEPS 32 /* between looks at the clock */

typedef void task_function(void *context, size_t piece, int worker);

struct adv_pool {
    int n_threads;
    pthread_t *threads; /* n_threads - 1 */
    int n_started;
    bool watches;

    /* The job: written by the caller while the ticket is empty; what a thread has read of it holds
     * if the ticket was then still the same. */
    _Atomic(task_function *) task;
    _Atomic(void *) context;
    atomic_size_t n_pieces;

    _Alignas(ADV_CACHE_LINE) _Atomic uint64_t ticket; /* number << 32 | pieces left */
    atomic_int n_asleep;                              /* or about to be */
    atomic_bool stopping;

    _Alignas(ADV_CACHE_LINE) atomic_size_t n_unended;
    atomic_bool caller_asleep; /* or about to be */

    pthread_mutex_t mutex; /* only to sleep and to wake */
    pthread_cond_t work_came, work_ended;
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

/* ---------------------------------------------------------------- pieces */

static uint32_t pieces_left(uint64_t ticket)
{
    return (uint32_t)ticket;
}

static bool always(void *context)
{
    (void)context;
    return true;
}

/* Runs pieces until none is left, or the thread is wanted elsewhere. */
static void work(struct adv_pool *pool, int worker, bool (*stays)(void *context), void *whose)
{
    uint64_t ticket = atomic_load(&pool->ticket);
    while (pieces_left(ticket) > 0 && stays(whose)) {
        task_function *task = atomic_load_explicit(&pool->task, memory_order_relaxed);
        void *context = atomic_load_explicit(&pool->context, memory_order_relaxed);
        size_t n = atomic_load_explicit(&pool->n_pieces, memory_order_relaxed);
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket - 1))
            continue;
        task(context, n - pieces_left(ticket), worker);
        if (atomic_fetch_sub(&pool->n_unended, 1) == 1 && atomic_load(&pool->caller_asleep)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->work_ended);
            pthread_mutex_unlock(&pool->mutex);
        }
        ticket = atomic_load(&pool->ticket);
    }
}

/* ---------------------------------------------------------------- waiting */

static bool has_work(struct adv_pool *pool)
{
    return pieces_left(atomic_load(&pool->ticket)) > 0 || atomic_load(&pool->stopping);
}

static bool has_ended(struct adv_pool *pool)
{
    return atomic_load(&pool->n_unended) == 0;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* Watches for `happened` for a moment; returns whether it did. */
static bool watch(struct adv_pool *pool, bool (*happened)(struct adv_pool *pool))
{
    if (happened(pool))
        return true;
    if (!pool->watches)
        return false;
    for (int64_t end = now_ns() + WATCH_NS; now_ns() < end;) {
        for (int i = 0; i < WATCH_STEPS; i++) {
            if (happened(pool))
                return true;
            relax();
        }
    }
    return false;
}

/* Whoever sleeps says so before it looks a last time, and whoever has news tells them before it
 * looks for sleepers: one of the two sees the other. What is said is exchanged, not stored: a store
 * would do, but the emulation of Arm by qemu 7.2 lets loads pass it, and then nobody is woken. */
static void wait_for_work(struct adv_pool *pool, bool (*stays)(void *context), void *context)
{
    if (watch(pool, has_work))
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->n_asleep, 1);
    while (!has_work(pool) && stays(context))
        pthread_cond_wait(&pool->work_came, &pool->mutex);
    atomic_fetch_sub(&pool->n_asleep, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void wait_for_end(struct adv_pool *pool)
{
    if (watch(pool, has_ended))
        return;
    pthread_mutex_lock(&pool->mutex);
    (void)atomic_exchange(&pool->caller_asleep, true);
    while (!has_ended(pool))
        pthread_cond_wait(&pool->work_ended, &pool->mutex);
    atomic_store(&pool->caller_asleep, false);
    pthread_mutex_unlock(&pool->mutex);
}

static void wake_threads(struct adv_pool *pool)
{
    if (atomic_load(&pool->n_asleep) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work_came);
    pthread_mutex_unlock(&pool->mutex);
}

/* ---------------------------------------------------------------- threads */

static void *thread_main(void *argument)
{
    struct thread_start start = *(struct thread_start *)argument;
    free(argument);
    for (;;) {
        wait_for_work(start.pool, always, NULL);
        if (atomic_load(&start.pool->stopping))
            return NULL;
        work(start.pool, start.worker, always, NULL);
    }
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

static enum adv_status make_pool(int n_threads, int n_own, struct adv_pool **out,
                                 struct adv_error *error)
{
    if (n_threads < 1)
        return adv_fail_field(error, ADV_E_INVALID, "threads",
                              "threads is %d; it must be at least 1", n_threads);
    struct adv_pool *pool = adv_alloc_aligned(1, sizeof *pool);
    if (!pool)
        return adv_no_memory(error);
    *pool = (struct adv_pool){.n_threads = n_threads, .watches = n_threads <= adv_cpu_count()};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work_came, NULL);
    pthread_cond_init(&pool->work_ended, NULL);
    pool->threads = adv_calloc((size_t)n_own, sizeof *pool->threads);
    bool started = pool->threads != NULL;
    for (int worker = 1; started && worker < n_own; worker++)
        started = start_thread(pool, worker);
    if (!started) {
        adv_pool_free(pool);
        return adv_fail(error, ADV_E_MEMORY, "cannot start %d threads", n_own);
    }
    *out = pool;
    return ADV_OK;
}

enum adv_status adv_pool_new(int n_threads, struct adv_pool **pool, struct adv_error *error)
{
    return make_pool(n_threads, n_threads, pool, error);
}

enum adv_status adv_pool_new_open(int n_threads, struct adv_pool **pool, struct adv_error *error)
{
    return make_pool(n_threads, 1, pool, error);
}

void adv_pool_help(struct adv_pool *pool, int worker, bool (*stays)(void *context), void *context)
{
    while (stays(context)) {
        work(pool, worker, stays, context);
        wait_for_work(pool, stays, context);
    }
}

void adv_pool_wake_helpers(struct adv_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work_came);
    pthread_mutex_unlock(&pool->mutex);
}

void adv_pool_free(struct adv_pool *pool)
{
    if (!pool)
        return;
    (void)atomic_exchange(&pool->stopping, true);
    wake_threads(pool);
    for (int i = 0; i < pool->n_started; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->work_ended);
    pthread_cond_destroy(&pool->work_came);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool);
}

int adv_pool_threads(const struct adv_pool *pool)
{
    return pool ? pool->n_threads : 1;
}

static void hand_out(struct adv_pool *pool, size_t n_pieces, task_function *task, void *context)
{
    if (n_pieces > UINT32_MAX)
        adv_bug("%zu pieces at once", n_pieces);
    atomic_store_explicit(&pool->task, task, memory_order_relaxed);
    atomic_store_explicit(&pool->context, context, memory_order_relaxed);
    atomic_store_explicit(&pool->n_pieces, n_pieces, memory_order_relaxed);
    atomic_store_explicit(&pool->n_unended, n_pieces, memory_order_relaxed);
    uint64_t last = atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 32;
    (void)atomic_exchange(&pool->ticket, (last + 1) << 32 | n_pieces);
    wake_threads(pool);
}

void adv_pool_run(struct adv_pool *pool, size_t n_pieces,
                  void (*task)(void *context, size_t piece, int worker), void *context)
{
    if (!pool || pool->n_threads == 1 || n_pieces <= 1) {
        for (size_t piece = 0; piece < n_pieces; piece++)
            task(context, piece, 0);
        return;
    }
    hand_out(pool, n_pieces, task, context);
    work(pool, 0, always, NULL);
    wait_for_end(pool);
}
