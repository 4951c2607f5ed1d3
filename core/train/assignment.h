/* The linear assignment problem: which column each row takes, each column once, so that the sum of
 * the costs is the least there is. */
#ifndef ADV_TRAIN_ASSIGNMENT_H
#define ADV_TRAIN_ASSIGNMENT_H

#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

#define ADV_NOT_ASSIGNED UINT32_MAX

/* Room for problems of up to n rows. */
struct adv_assignment {
    size_t n_max;
    double *u, *v;    /* duals of rows and columns: u + v <= cost, and = of pairs */
    double *distance; /* of columns from the row that a search began at */
    uint32_t *column_of, *row_of, *before;
    unsigned char *done; /* columns whose distance is final */
};

enum adv_status adv_assignment_init(struct adv_assignment *assignment, size_t n_max,
                                    struct adv_error *error);
void adv_assignment_release(struct adv_assignment *assignment);

/* Of cost [n, n], finite, n <= n_max: assignment->column_of [n], a function of the costs alone.
 * Shortest augmenting paths from the rows that are free after a first, greedy assignment (Jonker and
 * Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems",
 * Computing 1987; in the form of Crouse, IEEE TAES 2016): at most of the order of n^3. */
void adv_assignment_solve(struct adv_assignment *assignment, size_t n, const float *cost);

#endif
