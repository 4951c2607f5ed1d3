/* Ranks of one training as threads of the test's process, which talk through its memory. */
#ifndef ADV_TESTS_THREAD_RANKS_H
#define ADV_TESTS_THREAD_RANKS_H

#include <advect/extra/ranks.h>

#define THREAD_RANKS_MAX 6

/* Calls body(ranks, context) on a thread for each rank, and returns when all have returned. */
void thread_ranks_run(int n_ranks, void (*body)(const struct adv_ranks *ranks, void *context),
                      void *context);

#endif
