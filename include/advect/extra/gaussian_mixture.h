/* Mixtures of Gaussians with full covariances, fitted by expectation maximisation (Dempster, Laird
 * and Rubin 1977): what tables are compared with, and what a training may start from. */
#ifndef ADVECT_EXTRA_GAUSSIAN_MIXTURE_H
#define ADVECT_EXTRA_GAUSSIAN_MIXTURE_H

#include <advect/api.h>
#include <advect/status.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

struct adv_gaussian_mixture {
    size_t n, dim;       /* components; dimension of a point */
    size_t labels;       /* classes, and one more for no label; 1: without classes */
    double *means;       /* [n, dim] */
    double *covariances; /* [n, dim, dim] */
    double *log_shares;  /* [labels, n]: of the components, given the label */
};

/* Points to fit or to measure, borrowed. */
struct adv_mixture_rows {
    size_t n, dim;
    const float *x;        /* [n, dim] */
    const int32_t *labels; /* [n], each below classes; NULL: none */
    size_t classes;
};

/* Fits n_components Gaussians, which classes share in shares of their own. Each covariance is the
 * maximum a posteriori estimate under an inverse Wishart prior worth (dim + 2) / 2 rows, whose
 * centre are the variances of all rows by n_components^(2 / dim) (as in Fraley and Raftery 2007),
 * so that few rows do not make it singular. A function of rows and seed. On success the mixture is
 * the caller's to release. Errors: ADV_E_INVALID without rows or components; ADV_E_MEMORY. */
enum adv_status adv_gaussian_mixture_fit(const struct adv_mixture_rows *rows, size_t n_components,
                                         uint64_t seed, struct adv_gaussian_mixture *mixture,
                                         struct adv_error *error);
void adv_gaussian_mixture_release(struct adv_gaussian_mixture *mixture);

/* log_density [rows->n]: of each row given its label. ADV_E_MEMORY. */
enum adv_status adv_gaussian_mixture_log_density(const struct adv_gaussian_mixture *mixture,
                                                 const struct adv_mixture_rows *rows,
                                                 double *log_density, struct adv_error *error);

/* Fits 1, 2, ... at most most_components, until that is worse for the held-out rows twice in a
 * row, and keeps the one for which these have the highest mean log-density. */
enum adv_status adv_gaussian_mixture_choose(const struct adv_mixture_rows *rows,
                                            const struct adv_mixture_rows *held_out,
                                            size_t most_components, uint64_t seed,
                                            struct adv_gaussian_mixture *mixture,
                                            struct adv_error *error);

/* The principal axes of the components, scaled by the standard deviation along them, as rows, then
 * the mean: components [n, dim + 1, dim]. ADV_E_MEMORY. */
enum adv_status adv_gaussian_mixture_axes(const struct adv_gaussian_mixture *mixture,
                                          float *components, struct adv_error *error);

ADV_API_END
#endif
