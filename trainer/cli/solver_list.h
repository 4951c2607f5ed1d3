/* Solvers and their settings, as flags and lists name them. */
#ifndef ADV_TRAINER_SOLVER_LIST_H
#define ADV_TRAINER_SOLVER_LIST_H

#include <advect/solver.h>
#include <advect/status.h>
#include <stddef.h>

/* One METHOD:STEPS or METHOD:TOLERANCE; flag: whose value it is, for errors. */
enum adv_status adv_solver_read(const char *flag, const char *text, struct adv_solver_spec *solver,
                                struct adv_error *error);

/* A solver of a list, to be compared with others. */
struct adv_listed_solver {
    char name[40]; /* as the list has it: "midpoint:15", "dopri5:1e-3", "midpoint:10^1.5" */
    struct adv_solver_spec solver;
    double power; /* of the grid of times 1 - (1 - i / steps)^power; 1: equal steps */
};

/* Reads METHOD:STEPS, METHOD:STEPS^POWER or METHOD:TOLERANCE, separated by commas; the caller frees
 * *solvers. Errors name the part at fault. */
enum adv_status adv_solver_list_read(const char *list, struct adv_listed_solver **solvers,
                                     size_t *n, struct adv_error *error);

/* The selection that is compared by default. */
extern const char adv_solver_list_default[];

#endif
