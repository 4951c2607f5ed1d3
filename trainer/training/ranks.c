#include "trainer/training/ranks.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

bool adv_ranks_lead(const struct adv_ranks *ranks)
{
    return !ranks || ranks->rank == 0;
}

/* Open MPI's mpirun; MPICH's and Intel's, and Slurm with PMI. */
int adv_ranks_launched(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *size = getenv(names[i]);
        long n = size ? strtol(size, NULL, 10) : 1;
        if (n > 1 && n <= INT_MAX)
            return (int)n;
    }
    return 1;
}
