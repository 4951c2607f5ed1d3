/* Importance weights: what samples of an approximate posterior say about the exact one. */
#ifndef ADV_TRAINER_IMPORTANCE_H
#define ADV_TRAINER_IMPORTANCE_H

#include <advect/status.h>
#include <stddef.h>

struct adv_importance {
    double effective; /* effective sample size: (sum w)^2 / sum w^2 */
    double largest;   /* share of all weight that the heaviest sample has */
    /* log of the mean weight: of the evidence p(x), where the weights are those of a prior times a
     * likelihood; and its standard error, by the delta method, NaN of one sample. */
    double log_mean, log_mean_error;
};

/* Of n samples, log_weight [n] = log of the target's density, normalised or not, less that of the
 * density they were drawn from; -INFINITY where the target has none. weights [n]: their shares of
 * the sum; may be log_weight. ADV_E_NUMERIC where a log-weight is NaN or +INFINITY (the message has
 * its number from 0), or where all are -INFINITY. */
enum adv_status adv_importance_weigh(size_t n, const double *log_weight, double *weights,
                                     struct adv_importance *importance, struct adv_error *error);

#endif
