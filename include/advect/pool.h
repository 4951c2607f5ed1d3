/* A fixed set of threads that run the pieces of one job at a time. */
#ifndef ADVECT_POOL_H
#define ADVECT_POOL_H

#include <advect/api.h>
#include <advect/status.h>
#include <stddef.h>

ADV_API_BEGIN

struct adv_pool;

/* How many processors this process may use (its affinity mask), at least 1. */
int adv_cpu_count(void);

/* n_threads >= 1, the caller's own thread included: 1 starts none. */
enum adv_status adv_pool_new(int n_threads, struct adv_pool **pool, struct adv_error *error);
void adv_pool_free(struct adv_pool *pool);
int adv_pool_threads(const struct adv_pool *pool);

/* Calls task(context, piece, worker) for every piece in [0, n_pieces), each
 * once, in no fixed order, and returns when all have ended. worker is in
 * [0, threads) and names the calling thread, for per-thread scratch. One job at
 * a time: not to be called from a task or by two threads at once. pool NULL
 * runs the pieces in order on the caller's thread as worker 0. */
void adv_pool_run(struct adv_pool *pool, size_t n_pieces,
                  void (*task)(void *context, size_t piece, int worker), void *context);

ADV_API_END
#endif
