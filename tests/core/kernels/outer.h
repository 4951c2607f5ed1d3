/* One sum of outer products by a kernel, against plain arithmetic in double. */
#ifndef ADV_TESTS_OUTER_H
#define ADV_TESTS_OUTER_H

#include "core/kernels/table.h"

/* Runs of rows: run rows side by side, n_runs times, each of m numbers of a and n of b. Factors are
 * random, in buffers no longer than what may be read; factor(outer, x): x as the kernel sees it, NULL
 * for as it is. Fails the test where a sum is off, or anything else is written to. */
void outer_is_right(const struct adv_kernels *kernels, size_t m, size_t n, size_t run,
                    size_t n_runs, double (*factor)(const struct adv_outer *outer, double x));

#endif
