/* The three sweeps of a plan, whose values share one arena, against the naive executor's. Each
 * tries rooms for as many rows and conditions as there are, and for more. */
#ifndef ADV_TESTS_SWEEPS_H
#define ADV_TESTS_SWEEPS_H

#include "tests/support/graphs.h"

/* In every mode, twice. */
void check_forward_sweep(const struct scene *scene);

/* Of 1 to SCENE_TANGENTS tangents at once. */
void check_tangent_sweep(struct scene *scene);

/* With and without the adjoint of x. */
void check_backward_sweep(struct scene *scene);

#endif
