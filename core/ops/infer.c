#include "core/ops/op.h"

enum adv_status adv_infer_like_input(struct adv_signature *s, struct adv_error *error)
{
    (void)error;
    s->out_domain = s->domain[0];
    s->out = s->in[0];
    return ADV_OK;
}

enum adv_status adv_infer_broadcast(const char *op, struct adv_signature *s,
                                    struct adv_error *error)
{
    if (s->domain[0] != ADV_PER_ROW || s->domain[1] != ADV_PER_CONDITION ||
        adv_shape_size(s->in[0]) != adv_shape_size(s->in[1]))
        return adv_fail(error, ADV_E_INVALID, "%s: rows of %zu elements and conditions of %zu", op,
                        adv_shape_size(s->in[0]), adv_shape_size(s->in[1]));
    return adv_infer_like_input(s, error);
}
