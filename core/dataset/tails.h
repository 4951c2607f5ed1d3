/* How far the numbers of a column go from where most of them are. Inside core/dataset only. */
#ifndef ADV_DATASET_TAILS_H
#define ADV_DATASET_TAILS_H

#include <stddef.h>

#define ADV_ROWS_SORTED ((size_t)100000) /* enough to tell quartiles and the shares of values */

/* From this reach on, in interquartile ranges, tails are called heavy; 1e6 values of a Gaussian stay
 * within 4. */
#define ADV_HEAVY_REACH 30.0

/* Every k-th of x [n], `stride` apart, in ascending order, so that a file in some order is not seen by
 * its beginning alone. values: room for min(n, ADV_ROWS_SORTED). Returns how many. n > 0. */
size_t adv_sorted_values(size_t n, const float *x, size_t stride, double *values);

/* How far the farther of lo and hi is from the median of sorted values [n], n > 0, in interquartile
 * ranges; 0 where half of the values are one. */
double adv_tail_reach(size_t n, const double *sorted, double lo, double hi);

#endif
