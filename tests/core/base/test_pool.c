/* Jobs of pieces on a pool's threads: each piece once, however the threads sleep, wake or come
 * late. */
#include <advect/extra/memory.h>
#include <advect/extra/open_pool.h>
#include <advect/pool.h>

#include "tests/support/alloc_fail.h"
#include "tests/support/suite.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define THREADS_MAX 4
#define PIECES_MAX 1000

static struct adv_pool *new_pool(int threads)
{
    struct adv_pool *pool = NULL;
    ck_assert_int_eq(adv_pool_new(threads, &pool, NULL), ADV_OK);
    ck_assert_int_eq(adv_pool_threads(pool), threads);
    return pool;
}

/* What pieces leave behind: plain memory, so that ThreadSanitizer sees to its order. */
struct job {
    int threads;
    atomic_bool working[THREADS_MAX];
    atomic_bool clash; /* a worker that is two threads, or none of the pool's */
    unsigned times[PIECES_MAX];
};

static void do_piece(void *context, size_t piece, int worker)
{
    struct job *job = context;
    if (worker < 0 || worker >= job->threads || atomic_exchange(&job->working[worker], true)) {
        atomic_store(&job->clash, true);
        return;
    }
    job->times[piece]++;
    atomic_store(&job->working[worker], false);
}

/* Every piece has been run `times` times in all. */
static void assert_run(const struct job *job, size_t n, unsigned times)
{
    ck_assert(!atomic_load(&job->clash));
    for (size_t i = 0; i < PIECES_MAX; i++)
        ck_assert_uint_eq(job->times[i], i < n ? times : 0);
}

START_TEST(every_piece_runs_once)
{
    static const size_t counts[] = {0, 1, 2, 3, 4, 5, 31, PIECES_MAX};
    struct adv_pool *pool = new_pool(_i);
    for (size_t c = 0; c < ADV_COUNT(counts); c++) {
        struct job job = {.threads = _i};
        adv_pool_run(pool, counts[c], do_piece, &job);
        assert_run(&job, counts[c], 1);
    }
    adv_pool_free(pool);
}
END_TEST

START_TEST(no_pool_is_the_callers_thread)
{
    struct job job = {.threads = 1};
    ck_assert_int_eq(adv_pool_threads(NULL), 1);
    adv_pool_run(NULL, 7, do_piece, &job);
    assert_run(&job, 7, 1);
}
END_TEST

START_TEST(many_jobs_in_a_row)
{
    struct adv_pool *pool = new_pool(_i);
    for (size_t n = 2; n <= 5; n++) {
        struct job job = {.threads = _i};
        for (unsigned times = 1; times <= 5000; times++)
            adv_pool_run(pool, n, do_piece, &job);
        assert_run(&job, n, 5000);
    }
    adv_pool_free(pool);
}
END_TEST

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Pauses from none to some in which the threads go to sleep, and at every moment on the way. */
START_TEST(jobs_after_pauses)
{
    struct adv_pool *pool = new_pool(_i);
    struct job job = {.threads = _i};
    for (unsigned times = 1; times <= 300; times++) {
        adv_pool_run(pool, 3, do_piece, &job);
        nanosleep(&(struct timespec){.tv_nsec = (long)times % 30 * 10000}, NULL);
    }
    assert_run(&job, 3, 300);
    adv_pool_free(pool);
}
END_TEST

static void sleep_in_piece(void *context, size_t piece, int worker)
{
    if (piece > 0)
        pause_ms(5);
    do_piece(context, piece, worker);
}

/* The caller has ended its piece long before, and sleeps. */
START_TEST(the_caller_waits_for_long_pieces)
{
    struct adv_pool *pool = new_pool(_i);
    struct job job = {.threads = _i};
    for (unsigned times = 1; times <= 20; times++)
        adv_pool_run(pool, (size_t)_i, sleep_in_piece, &job);
    assert_run(&job, (size_t)_i, 20);
    adv_pool_free(pool);
}
END_TEST

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

START_TEST(an_idle_pool_takes_no_time)
{
    struct adv_pool *pool = new_pool(THREADS_MAX);
    struct job job = {.threads = THREADS_MAX};
    adv_pool_run(pool, 8, do_piece, &job);
    pause_ms(20);
    double before = cpu_seconds();
    pause_ms(300);
    ck_assert_double_le(cpu_seconds() - before, 0.03);
    adv_pool_free(pool);
}
END_TEST

/* A thread that lends itself to a pool again and again, for as long as it likes. */
struct helper {
    struct adv_pool *pool;
    int worker;
    atomic_bool leaves, gone;
    unsigned left; /* pieces until it leaves by itself */
};

static bool stays(void *context)
{
    struct helper *helper = context;
    return !atomic_load(&helper->leaves) && helper->left-- > 0;
}

static void *come_and_go(void *argument)
{
    struct helper *helper = argument;
    for (unsigned visit = 0; !atomic_load(&helper->gone); visit++) {
        helper->left = visit % 40;
        adv_pool_help(helper->pool, helper->worker, stays, helper);
        if (visit % 3 == 0)
            nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
    return NULL;
}

static struct adv_pool *new_open_pool(int threads)
{
    struct adv_pool *pool = NULL;
    ck_assert_int_eq(adv_pool_new_open(threads, &pool, NULL), ADV_OK);
    ck_assert_int_eq(adv_pool_threads(pool), threads);
    return pool;
}

START_TEST(helpers_come_and_go)
{
    struct adv_pool *pool = new_open_pool(_i);
    struct job job = {.threads = _i};
    static struct helper helpers[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    for (int w = 1; w < _i; w++) {
        helpers[w] = (struct helper){.pool = pool, .worker = w};
        ck_assert_int_eq(pthread_create(&threads[w], NULL, come_and_go, &helpers[w]), 0);
    }
    for (unsigned times = 1; times <= 5000; times++)
        adv_pool_run(pool, 5, do_piece, &job);
    for (int w = 1; w < _i; w++) {
        atomic_store(&helpers[w].gone, true);
        atomic_store(&helpers[w].leaves, true);
        adv_pool_wake_helpers(pool);
        pthread_join(threads[w], NULL);
    }
    assert_run(&job, 5, 5000);
    adv_pool_free(pool);
}
END_TEST

static atomic_int n_helped;

static void note_helper(void *context, size_t piece, int worker)
{
    (void)context;
    (void)piece;
    pause_ms(2);
    atomic_fetch_add(&n_helped, worker > 0);
}

static void *help_once(void *argument)
{
    struct helper *helper = argument;
    helper->left = 1000000;
    adv_pool_help(helper->pool, helper->worker, stays, helper);
    return NULL;
}

/* It sleeps when the job comes, and again when it is called away. */
START_TEST(a_helper_wakes_for_work_and_when_it_is_called)
{
    struct adv_pool *pool = new_open_pool(2);
    struct helper helper = {.pool = pool, .worker = 1};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, help_once, &helper), 0);
    for (int i = 0; i < 3; i++) {
        pause_ms(20);
        adv_pool_run(pool, 20, note_helper, NULL);
    }
    ck_assert_int_gt(atomic_load(&n_helped), 0);
    pause_ms(20);
    double before = cpu_seconds();
    pause_ms(100);
    ck_assert_double_le(cpu_seconds() - before, 0.03);
    atomic_store(&helper.leaves, true);
    adv_pool_wake_helpers(pool);
    pthread_join(thread, NULL); /* or the test's time is over */
    adv_pool_free(pool);
}
END_TEST

/* Threads that have not begun yet, watch, or sleep. */
START_TEST(a_pool_ends_at_any_moment)
{
    for (int k = 0; k < 60; k++) {
        struct adv_pool *pool = new_pool(_i);
        struct job job = {.threads = _i};
        for (int times = 0; times < k % 3; times++)
            adv_pool_run(pool, 4, do_piece, &job);
        nanosleep(&(struct timespec){.tv_nsec = k % 20 * 10000L}, NULL);
        adv_pool_free(pool);
    }
    adv_pool_free(NULL);
}
END_TEST

static enum adv_status make_pool(void *context, struct adv_error *error)
{
    struct adv_pool *pool = NULL;
    (void)context;
    enum adv_status status = adv_pool_new(3, &pool, error);
    adv_pool_free(pool);
    return status;
}

START_TEST(lack_of_memory_is_told)
{
    ck_assert_int_gt(alloc_fail_each(make_pool, NULL), 2);
}
END_TEST

/* A stack that no address space has room for. */
START_TEST(lack_of_threads_is_told)
{
    struct adv_pool *pool = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, (size_t)1 << 50), 0);
    ck_assert_int_eq(pthread_setattr_default_np(&attributes), 0);
    ck_assert_int_eq(adv_pool_new(2, &pool, &error), ADV_E_MEMORY);
    ck_assert_str_eq(error.message, "cannot start 2 threads");
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(adv_pool_new(1, &pool, NULL), ADV_OK); /* needs none */
    adv_pool_free(pool);
}
END_TEST

START_TEST(no_threads_are_no_pool)
{
    struct adv_pool *pool = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    ck_assert_int_eq(adv_pool_new(0, &pool, &error), ADV_E_INVALID);
    ck_assert_ptr_null(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *jobs = tcase_create("jobs");
    tcase_set_timeout(jobs, 60);
    tcase_add_loop_test(jobs, every_piece_runs_once, 1, THREADS_MAX + 1);
    tcase_add_test(jobs, no_pool_is_the_callers_thread);
    tcase_add_loop_test(jobs, many_jobs_in_a_row, 1, THREADS_MAX + 1);
    tcase_add_loop_test(jobs, helpers_come_and_go, 2, THREADS_MAX + 1);
    tcase_add_test(jobs, a_helper_wakes_for_work_and_when_it_is_called);
    tcase_add_loop_test(jobs, jobs_after_pauses, 2, THREADS_MAX + 1);
    tcase_add_loop_test(jobs, the_caller_waits_for_long_pieces, 2, THREADS_MAX + 1);
    tcase_add_test(jobs, an_idle_pool_takes_no_time);
    suite_add_tcase(suite, jobs);

    TCase *lives = tcase_create("lives");
    tcase_set_timeout(lives, 60);
    tcase_add_loop_test(lives, a_pool_ends_at_any_moment, 1, THREADS_MAX + 1);
    tcase_add_test(lives, lack_of_memory_is_told);
    tcase_add_test(lives, lack_of_threads_is_told);
    tcase_add_test(lives, no_threads_are_no_pool);
    suite_add_tcase(suite, lives);

    return suite_run(suite);
}
