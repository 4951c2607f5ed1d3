#include <advect/extra/rng.h>

#include <sys/random.h>
#include <time.h>

uint64_t adv_random_seed(void)
{
    uint32_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed)
        return seed;
    struct timespec now = {0}; /* not random, but another one each time */
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec << 2;
}
