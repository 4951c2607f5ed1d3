/* How much of something that there is little of one client may have: at most a share of what the
 * others leave, of connections as of places in the queue and of workers' time. Alone it gets the
 * share; n that want all they can get have s / (1 + (n - 1) s) each; and something is always left
 * for whoever comes next (the dynamic thresholds of shared buffers: Choudhury and Hahne, IEEE/ACM
 * Transactions on Networking 6, 1998). Whoever has nothing yet may have one. */
#ifndef ADV_SERVER_SHARE_H
#define ADV_SERVER_SHARE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a client that has `own` of `capacity` may have so many more. share: in (0, 1]; 1: it may
 * have all that there is. */
static inline bool adv_share_allows(double share, size_t own, size_t others, size_t capacity,
                                    size_t more)
{
    if (own + others > capacity || more > capacity - own - others)
        return false;
    return own == 0 || (double)own + (double)more <= share * (double)(capacity - others);
}

#endif
