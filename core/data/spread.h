/* Where nearly all of a column's values lie: what pictures of them show. */
#ifndef ADV_DATA_SPREAD_H
#define ADV_DATA_SPREAD_H

#include <stddef.h>

/* Of n >= 1 finite values, which are sorted: from the 1 % to the 99 % quantile, or all of them where
 * these are the same, with a fifth of that more on either side; of one value throughout, 1 more, or
 * what can be told from it. */
void adv_spread_find(size_t n, float *values, double *lo, double *hi);

#endif
