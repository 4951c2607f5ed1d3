/* The op of the network kind "empirical". */
#ifndef ADV_OPS_MARGINAL_H
#define ADV_OPS_MARGINAL_H

#include "core/ops/op.h"

struct adv_marginal_attr {
    double bandwidth; /* > 0, of the Gaussian around every sample */
};

/* v(x, t), the velocity that carries a standard Gaussian to samples [n, dim] */
extern const struct adv_op adv_op_marginal;

#endif
