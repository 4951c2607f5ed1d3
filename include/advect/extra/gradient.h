/* The conditional flow-matching loss and its gradient (Lipman et al. 2023, eq. 9):
 *     loss = mean over rows and dimensions of (v(x_t, t, label) - target)^2. */
#ifndef ADVECT_EXTRA_GRADIENT_H
#define ADVECT_EXTRA_GRADIENT_H

#include <advect/api.h>
#include <advect/extra/evaluator.h>
#include <advect/extra/net.h>
#include <advect/status.h>

ADV_API_BEGIN

/* One thread's training plan and memory, for up to rows_max rows at once. */
struct adv_gradient;

/* isa: as in struct adv_load_options; training is in float32. */
enum adv_status adv_gradient_new(const struct adv_net *net, size_t rows_max, const char *isa,
                                 struct adv_gradient **gradient, struct adv_error *error);
void adv_gradient_free(struct adv_gradient *gradient);
size_t adv_gradient_bytes(const struct adv_gradient *gradient); /* of its arena */

/* The weights [adv_net_weights] of what follows, borrowed: set again after they changed. */
void adv_gradient_set_weights(struct adv_gradient *gradient, const float *weights);

/* Adds scale * d(sum of squares)/d(weights) to g_weights [adv_net_weights] and returns the sum over
 * rows and dimensions of (v - target)^2, not scaled. points.n <= rows_max; guidance is not used;
 * target [n, dim]. g_x [n, dim]: receives (not adds) scale * d(sum)/dx, or NULL. With scale =
 * 1 / (n dim) over all rows of a batch these are the loss's gradients. Deterministic. */
double adv_gradient_add(struct adv_gradient *gradient, const struct adv_points *points,
                        const float *target, float scale, float *g_weights, float *g_x);

ADV_API_END
#endif
