/* Workers who have nothing to do help one who has.
 *
 * Rows are what workers divide among them. Where there are too few, those who are idle lend
 * themselves to a pool, whose jobs are the layers of one worker's evaluations. They go as soon as
 * there is something for themselves. Only one worker shares at a time,
 * so there is one set of evaluators with scratch for all helpers, and none of them is created
 * before somebody shares. */
#include "server/schedule/scheduler_parts.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/open_pool.h>

#define THREADS_MAX 8 /* more have little to do at each layer of few rows */

/* Of an evaluation: less is not divided by the network's layers. */
#define MULTIPLY_ADDS_MIN 3e5

enum adv_status adv_sharing_init(struct adv_sharing *sharing,
                                 const struct adv_scheduler_options *options,
                                 struct adv_error *error)
{
    int n = options->n_workers;
    *sharing = (struct adv_sharing){0};
    atomic_init(&sharing->news, 0);
    enum adv_status status = ADV_OK;
    if (n > 1 && n <= adv_cpu_count()) /* else who waits takes a processor from who computes */
        status = adv_pool_new_open(n < THREADS_MAX ? n : THREADS_MAX, &sharing->pool, error);
    adv_evaluators_init(&sharing->evaluators, options->registry, sharing->pool);
    return status;
}

void adv_sharing_release(struct adv_sharing *sharing)
{
    adv_evaluators_release(&sharing->evaluators);
    adv_pool_free(sharing->pool);
}

static bool is_worth_it(struct adv_job *job, size_t rows)
{
    size_t per_row, per_condition;
    adv_net_multiply_adds(adv_model_net(job->work.model), &per_row, &per_condition);
    return (double)rows * (double)(per_row + per_condition) >= MULTIPLY_ADDS_MIN &&
           adv_estimate_is_better_shared(&job->ticket.estimate);
}

bool adv_sharing_begin(struct adv_scheduler *scheduler, struct adv_job *job, size_t rows)
{
    struct adv_sharing *sharing = &scheduler->sharing;
    if (!sharing->pool || sharing->taken || scheduler->n_idle == 0 ||
        adv_scheduler_is_anything_runnable(scheduler) || !is_worth_it(job, rows))
        return false;
    sharing->taken = true;
    sharing->n_begun++;
    int wanted = adv_pool_threads(sharing->pool) - 1 - sharing->n_helping;
    int asleep = scheduler->n_idle - sharing->n_helping;
    for (int i = 0; i < wanted && i < asleep; i++)
        pthread_cond_signal(&scheduler->runnable);
    adv_metrics_count(scheduler->options.metrics, ADV_COUNT_TURNS_SHARED, 1);
    return true;
}

void adv_sharing_end(struct adv_scheduler *scheduler)
{
    scheduler->sharing.taken = false;
}

/* What a helper looks at between pieces. */
struct lookout {
    struct adv_sharing *sharing;
    unsigned news; /* when it came */
};

static bool stays(void *context)
{
    const struct lookout *lookout = context;
    return atomic_load_explicit(&lookout->sharing->news, memory_order_relaxed) == lookout->news;
}

/* The lowest number that no helper has; 0: all are taken. */
static int free_number(const struct adv_sharing *sharing)
{
    int n = adv_pool_threads(sharing->pool);
    for (int i = 1; i < n; i++) {
        if (!(sharing->numbers & 1u << i))
            return i;
    }
    return 0;
}

bool adv_sharing_help(struct adv_worker *worker)
{
    struct adv_scheduler *scheduler = worker->scheduler;
    struct adv_sharing *sharing = &scheduler->sharing;
    if (!sharing->taken || worker->n_helped == sharing->n_begun)
        return false;
    int number = free_number(sharing);
    if (number == 0)
        return false;
    struct lookout lookout = {sharing, atomic_load(&sharing->news)};
    worker->n_helped = sharing->n_begun;
    sharing->numbers |= 1u << number;
    sharing->n_helping++;
    pthread_mutex_unlock(&scheduler->mutex);
    adv_pool_help(sharing->pool, number, stays, &lookout);
    pthread_mutex_lock(&scheduler->mutex);
    sharing->n_helping--;
    sharing->numbers &= ~(1u << number);
    return true;
}

void adv_sharing_call_back(struct adv_sharing *sharing)
{
    if (sharing->n_helping == 0)
        return;
    atomic_fetch_add(&sharing->news, 1);
    adv_pool_wake_helpers(sharing->pool);
}
