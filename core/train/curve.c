/* The loss curve of a training. */
#include "core/train/training.h"

#include <advect/extra/held_out.h>
#include <advect/extra/memory.h>

#include <math.h>

enum adv_status adv_training_add_point(struct adv_training *t, struct adv_error *error)
{
    struct adv_curve_point point = {
        .step = t->progress.step,
        .loss = t->progress.loss,
        .held_out = NAN,
        .learning_rate = t->progress.learning_rate,
        .seconds = t->progress.seconds,
    };
    if (t->dataset.n_held_out > 0) {
        struct adv_packed_weights *packed = NULL;
        enum adv_status status =
            adv_packed_weights_new(t->net, t->average, &t->load, &packed, error);
        if (status == ADV_OK)
            status = adv_held_out_loss(&t->dataset, t->recipe.path, packed, t->pool,
                                       &point.held_out, error);
        adv_packed_weights_free(packed);
        if (status != ADV_OK)
            return status;
    }
    enum adv_status status =
        adv_grow(&t->curve, &t->curve_capacity, t->n_curve + 1, sizeof *t->curve, error);
    if (status != ADV_OK)
        return status;
    t->curve[t->n_curve++] = point;
    t->progress.held_out = point.held_out;
    t->window_sum = 0;
    t->window_steps = 0;
    return ADV_OK;
}

size_t adv_training_curve_points(const struct adv_training *t)
{
    return t->n_curve;
}

const struct adv_curve_point *adv_training_curve_point(const struct adv_training *t, size_t i)
{
    return &t->curve[i];
}
