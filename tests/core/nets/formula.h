/* Formulas of networks in double, which their graphs are held against. */
#ifndef ADV_TESTS_FORMULA_H
#define ADV_TESTS_FORMULA_H

#include "core/nets/kind.h"

#define FORMULA_WIDTH_MAX 256 /* of a layer */

struct formula {
    const struct adv_net *net;
    json_t *config;
    const adv_real *weights;
};

/* The net of a configuration, which must be right. */
struct adv_net *formula_net(const char *config);

/* A number or flag of the configuration. */
size_t formula_option(const struct formula *f, const char *name);

/* The elements of a parameter, which the net must have. */
const adv_real *formula_parameter(const struct formula *f, const char *name);

/* y [n] of x [k] by the layer of that name; y may be x. */
void formula_linear(const struct formula *f, const char *name, size_t n, size_t k, const double *x,
                    double *y);

/* The net's activation function. */
void formula_activate(const struct formula *f, size_t n, double *x);

/* x, then the sines of all frequencies, then the cosines; returns how many. */
size_t formula_features(const double *x, size_t d, const double *w, size_t n_frequencies,
                        double *y);

/* That the net's backward sweep is the transpose of its tangents, and that its gradients match
 * central differences of that step, for weights and rows of a seed. */
void formula_check_transpose(const char *config, uint64_t seed);
void formula_check_differences(const char *config, uint64_t seed, double step);

#endif
