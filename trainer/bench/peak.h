/* The processor's peak: what a loop of nothing but multiply-adds reaches. */
#ifndef ADV_TRAINER_PEAK_H
#define ADV_TRAINER_PEAK_H

#include <advect/pool.h>

/* GFLOP/s (a multiply-add is two) of all threads of the pool together, over about `seconds`. */
double adv_peak_gflops(struct adv_pool *pool, double seconds);

#endif
