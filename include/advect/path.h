/* Probability paths x_t = alpha(t) x_1 + sigma(t) x_0, from base (t = 0) to target (t = 1), and
 * the regression target dx_t/dt = alpha'(t) x_1 + sigma'(t) x_0 of the velocity.
 *
 *   condot  alpha = t,              sigma = 1 - t           (Lipman et al. 2023, optimal transport)
 *   cosine  alpha = sin(pi t / 2),  sigma = cos(pi t / 2)   (Albergo & Vanden-Eijnden 2023)
 *   vp      alpha = exp(-(1-t)^2 (B - b) / 4 - (1-t) b / 2), sigma = sqrt(1 - alpha^2), b = 0.1,
 *           B = 20: variance preserving (Song et al. 2021), with time running to the data. Its
 *           sigma' is infinite at t = 1, so its times stop at t_end = 1 - 1e-4. */
#ifndef ADVECT_PATH_H
#define ADVECT_PATH_H

#include <advect/api.h>
#include <advect/status.h>
#include <stddef.h>

ADV_API_BEGIN

struct adv_path;

/* The path called name, which lives as long as the program; or an error that lists them. */
enum adv_status adv_path_find(const char *name, const struct adv_path **path,
                              struct adv_error *error);
const char *const *adv_path_names(void); /* NULL-terminated */

const char *adv_path_name(const struct adv_path *path);

/* The time at which the path is used in place of t: t itself, or t_end beyond it. */
double adv_path_clamp(const struct adv_path *path, double t);
/* A share u in [0, 1] of the path's time: from u = 0 at the base to u = 1 at t_end. */
float adv_path_scale(const struct adv_path *path, float u);

/* For rows i: x_t [n, dim] and target [n, dim] from x0, x1 [n, dim] at t [n]. */
void adv_path_interpolate(const struct adv_path *path, size_t n, size_t dim, const float *t,
                          const float *x0, const float *x1, float *x_t, float *target);

ADV_API_END
#endif
