/* Ranks of a build without MPI: there are none, and whoever is started as one of several is told,
 * before they all write the same files. */
#include "trainer/training/ranks.h"

#include <stddef.h>

enum adv_status adv_ranks_open(const struct adv_ranks **ranks, struct adv_error *error)
{
    int n = adv_ranks_launched();
    *ranks = NULL;
    if (n == 1)
        return ADV_OK;
    return adv_fail(error, ADV_E_UNSUPPORTED,
                    "this was started as one of %d ranks, and this build trains alone: build it "
                    "with `make MPI=1`, which takes libopenmpi-dev",
                    n);
}

void adv_ranks_close(const struct adv_ranks *ranks)
{
    (void)ranks;
}

void adv_ranks_abort(const struct adv_ranks *ranks)
{
    (void)ranks;
}
