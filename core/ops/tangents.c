/* Tangents through an op that takes one at a time, or all of them. */
#include "core/ops/op.h"

void adv_op_push(const struct adv_op *op, const struct adv_call *call,
                 const struct adv_tangents *tangents)
{
    if (op->tangents) {
        op->tangents(call, tangents);
        return;
    }
    for (size_t k = 0; k < tangents->n; k++) {
        const adv_real *d_in[ADV_OP_MAX_INPUTS] = {NULL};
        for (int i = 0; i < op->n_inputs; i++)
            d_in[i] = adv_tangent_in(tangents, k, i);
        op->tangent(call, d_in, adv_tangent_out(tangents, k));
    }
}
