/* The monotonic clock. */
#ifndef ADV_BASE_CLOCK_H
#define ADV_BASE_CLOCK_H

#include <time.h>

/* Seconds since some moment in the past. */
static inline double adv_monotonic_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
