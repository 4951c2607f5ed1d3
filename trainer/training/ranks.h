/* The ranks that mpirun started this process among. Built with MPI=1, ranks_mpi.c; else
 * ranks_alone.c, which has none. */
#ifndef ADV_TRAINER_RANKS_H
#define ADV_TRAINER_RANKS_H

#include <advect/extra/ranks.h>
#include <stdbool.h>

/* *ranks: NULL where no launcher started this process, or one rank alone; else open until
 * adv_ranks_close. ADV_E_UNSUPPORTED where this build cannot be one of several ranks. */
enum adv_status adv_ranks_open(const struct adv_ranks **ranks, struct adv_error *error);
void adv_ranks_close(const struct adv_ranks *ranks); /* NULL is allowed */

/* Whether this process is the one that writes and prints. */
bool adv_ranks_lead(const struct adv_ranks *ranks);

/* Ends all ranks: this one failed where the others did not, and they would wait for it. Does not
 * return, unless ranks is NULL. */
void adv_ranks_abort(const struct adv_ranks *ranks);

/* How many processes the launcher started, by what it left in the environment; 1 without one. */
int adv_ranks_launched(void);

#endif
