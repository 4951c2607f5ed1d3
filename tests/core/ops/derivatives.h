/* The derivatives of whole graphs, checked against each other and against differences. */
#ifndef ADV_TESTS_DERIVATIVES_H
#define ADV_TESTS_DERIVATIVES_H

#include "tests/support/graphs.h"

/* <w, J v> = <J' w, v> for x: backward against tangents. */
void check_transpose(struct scene *scene);

/* Backward, for x and for the weights, against central differences of forward. step:
 * DIFFERENCE_STEP, or shorter where the graph bends more sharply. */
void check_differences(struct scene *scene, double step);

#endif
