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

/* The score, the gradient of log p_t(x), of the velocity v(x, t) = E[dx_t/dt | x_t = x]. Given x_1,
 * x_t is Gaussian, and the score is -E[x_0 | x_t = x] / sigma (Tweedie); with
 * x = alpha E[x_1 | x] + sigma E[x_0 | x] and v = alpha' E[x_1 | x] + sigma' E[x_0 | x]
 *
 *     score = (alpha v - alpha' x) / (sigma w),  w = alpha' sigma - alpha sigma'
 *
 *   condot  (t v - x) / (1 - t)
 *   cosine  (2 / pi) tan(pi t / 2) v - x
 *   vp      v / ((1-t) (B - b) / 2 + b / 2) - x
 *
 * (Albergo, Boffi and Vanden-Eijnden 2023, Stochastic interpolants, 2.2). It presumes that x_0 is
 * standard normal and independent of x_1. Rows i: x, v and score [n, dim] (score may be v) in flow
 * units, at t [n] < 1, where (float)t_end of the path is below 1 also up to that. */
void adv_path_score(const struct adv_path *path, size_t n, size_t dim, const float *t,
                    const float *x, const float *v, float *score);

/* The stochastic differential equation whose states at each time are distributed as those of dx/dt =
 * v: for any g(t), dx = (v + g^2/2 score) dt + g dW (Song et al. 2021, app. D; Albergo et al. 2023).
 * Here g = level sigma(t): noise of a constant rate in proportion to what the path still has, as in
 * Karras et al. 2022 (eq. 6, with their beta = level^2 / 2), which vanishes at t = 1 and leaves the
 * drift finite everywhere:
 *
 *     drift = v - level^2/2 sigma E[x_0 | x] = v + level^2/2 sigma (alpha v - alpha' x) / w
 *
 * Turns v [n, dim] at x [n, dim], t [n] into it. */
void adv_path_add_drift(const struct adv_path *path, double level, size_t n, size_t dim,
                        const float *t, const float *x, float *v);
/* The integral of sigma^2 from t to t + h, by Simpson's rule: exact for condot. The noise of a step
 * has level^2 times that as its variance. */
double adv_path_noise(const struct adv_path *path, double t, double h);

ADV_API_END
#endif
