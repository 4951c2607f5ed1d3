/* A pool that starts no threads of its own: other threads help whoever runs a job, and come and go
 * at any time. For schedulers whose threads have nothing to do now and then. */
#ifndef ADVECT_EXTRA_OPEN_POOL_H
#define ADVECT_EXTRA_OPEN_POOL_H

#include <advect/api.h>
#include <advect/pool.h>
#include <stdbool.h>

ADV_API_BEGIN

/* For up to n_threads - 1 helpers, which is at least 0. To be freed by adv_pool_free, once nobody
 * helps any more. */
enum adv_status adv_pool_new_open(int n_threads, struct adv_pool **pool, struct adv_error *error);

/* On a thread that is to help an open pool as `worker`, in [1, threads) and no other thread's in
 * the meantime: runs pieces as they come, and waits for them as a pool's own threads do. Returns
 * once stays(context) is false, which is asked between pieces, and where there are none after a
 * call of adv_pool_wake_helpers. */
void adv_pool_help(struct adv_pool *pool, int worker, bool (*stays)(void *context), void *context);
void adv_pool_wake_helpers(struct adv_pool *pool);

ADV_API_END
#endif
