/* The loss curve of a training. */
#include "core/train/training.h"

#include <advect/extra/held_out.h>
#include <advect/extra/memory.h>
#include <advect/extra/optimiser.h>

#include <math.h>
#include <stdlib.h>

enum adv_status adv_training_add_point(struct adv_training *t, struct adv_error *error)
{
    struct adv_curve_point point = {
        .step = t->progress.step,
        .loss = t->window_steps ? t->window_sum / (double)t->window_steps : NAN,
        .held_out = NAN,
        .learning_rate = adv_schedule_rate(&t->recipe.train, t->progress.step - 1),
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
    if (t->n_curve == t->curve_capacity) {
        size_t capacity = t->curve_capacity ? 2 * t->curve_capacity : 64;
        struct adv_curve_point *grown = realloc(t->curve, capacity * sizeof *grown);
        if (!grown)
            return adv_no_memory(error);
        t->curve = grown;
        t->curve_capacity = capacity;
    }
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
