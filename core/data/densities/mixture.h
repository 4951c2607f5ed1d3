/* Mixtures of axis-aligned Gaussians: the engine of every Gaussian kind. A
 * state struct begins with one, so that the functions over `const void *` below
 * can be entries of its descriptor. */
#ifndef ADV_DATA_MIXTURE_H
#define ADV_DATA_MIXTURE_H

#include "core/data/densities/density.h"

struct adv_mixture {
    size_t n_components, dim;
    double *means;      /* [n_components, dim] */
    double *deviations; /* [n_components, dim], > 0 */
    double *weights;    /* [n_components], >= 0; sum 1 once adv_mixture_finish has run */
    double *cumulative; /* [n_components]: sums of weights up to and including each */
    double *log_peaks;  /* [n_components]: log (weight x density at the mean) */
};

/* Allocates the arrays of a zeroed mixture; means 0, standard deviations and weights 1. */
enum adv_status adv_mixture_init(struct adv_mixture *mixture, size_t n_components, size_t dim,
                                 struct adv_error *error);
/* Normalises the weights, of which one at least is positive, and derives the rest. */
void adv_mixture_finish(struct adv_mixture *mixture);

void adv_mixture_release(void *state);
size_t adv_mixture_dim(const void *state);
void adv_mixture_sample(const void *state, uint64_t seed, uint64_t first, size_t n, float *out);
void adv_mixture_log_density(const void *state, size_t n, const float *points, double *out);
void adv_mixture_box(const void *state, double *lo, double *hi);
size_t adv_mixture_modes(const void *state);
long adv_mixture_mode(const void *state, const float *point);
double adv_mixture_mode_weight(const void *state, size_t mode);

#endif
