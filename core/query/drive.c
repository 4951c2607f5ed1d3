/* All shards of a run to their end at once, over a pool's threads: for programs
 * that wait for the answer. The daemon gives shards turns of its own. */
#include "core/base/mem.h"
#include "core/base/sized.h"
#include "core/query/run.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/run_shards.h>
#include <stdlib.h>

ADV_ENDS_WITH(struct adv_run_options, context);

struct driver {
    struct adv_run *run;
    struct adv_pool *helpers;          /* share the layers of a run's only shard; else NULL */
    struct adv_evaluator **evaluators; /* per worker, made at its first shard */
    struct adv_run_options options;
    atomic_bool out_of_memory, cancelled;
};

static void report_progress(const struct driver *driver)
{
    const struct adv_run *run = driver->run;
    double sum = 0;
    for (size_t s = 0; s < run->n_shards; s++)
        sum += atomic_load_explicit(&run->shards[s].permille, memory_order_relaxed);
    driver->options.progress(driver->options.context, sum / 1000 / (double)run->n_shards);
}

static bool is_cancelled(struct driver *driver)
{
    const struct adv_run_options *options = &driver->options;
    if (options->cancelled && options->cancelled(options->context))
        atomic_store(&driver->cancelled, true);
    return atomic_load(&driver->cancelled);
}

static void drive_shard(void *context, size_t piece, int worker)
{
    struct driver *driver = context;
    struct adv_evaluator **evaluator = &driver->evaluators[worker];
    if (!*evaluator && adv_evaluator_new(adv_model_packed_weights(driver->run->model), evaluator,
                                         NULL) != ADV_OK) {
        atomic_store(&driver->out_of_memory, true);
        return;
    }
    adv_evaluator_share(*evaluator, driver->helpers);
    while (!is_cancelled(driver)) {
        bool ended = adv_run_advance(driver->run, piece, *evaluator);
        if (driver->options.progress && worker == 0)
            report_progress(driver);
        if (ended)
            return;
    }
}

bool adv_run_cancelled_by(void *flag)
{
    return atomic_load_explicit((_Atomic unsigned char *)flag, memory_order_relaxed) != 0;
}

enum adv_status adv_run_all(struct adv_run *run, const struct adv_run_options *options,
                            const struct adv_answer **answer, struct adv_error *error)
{
    struct driver driver = {.run = run};
    enum adv_status status =
        adv_copy_sized(&driver.options, sizeof driver.options, options, "adv_run_options", error);
    if (status != ADV_OK)
        return status;
    struct adv_pool *pool = driver.options.pool;
    size_t workers = (size_t)adv_pool_threads(pool);
    atomic_init(&driver.out_of_memory, false);
    atomic_init(&driver.cancelled, false);
    if (run->n_shards == 1)
        driver.helpers = pool; /* which has nothing else to do */
    driver.evaluators = adv_calloc(workers, sizeof(struct adv_evaluator *));
    if (!driver.evaluators)
        return adv_no_memory(error);
    adv_pool_run(pool, run->n_shards, drive_shard, &driver);
    for (size_t w = 0; w < workers; w++)
        adv_evaluator_free(driver.evaluators[w]);
    free(driver.evaluators);
    if (atomic_load(&driver.cancelled))
        return adv_fail(error, ADV_E_CANCELLED, "stopped before the end");
    if (atomic_load(&driver.out_of_memory))
        return adv_no_memory(error);
    if (driver.options.progress) /* other threads may have ended after this one */
        driver.options.progress(driver.options.context, 1);
    return adv_run_finish(run, answer, error);
}
