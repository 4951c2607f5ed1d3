/* The loss curve of a training. */
#include "core/train/distill/distill.h"
#include "core/train/training.h"

#include <advect/extra/held_out.h>
#include <advect/extra/memory.h>

#include <math.h>
#include <string.h>

/* Keeps the averaged weights if none before were as good, and decides whether to go on. */
static void judge(struct adv_training *t, double nll)
{
    struct adv_training_progress *progress = &t->progress;
    int64_t patience = t->recipe.train.patience;
    progress->held_out_nll = nll;
    t->worse_points++;
    if (!(nll >= progress->best_nll)) { /* also the first one, beside NaN */
        memcpy(t->best, t->average, t->n_weights * sizeof *t->best);
        progress->best_nll = nll;
        progress->best_step = progress->step;
        t->worse_points = 0;
    }
    if (patience > 0 && t->worse_points >= patience)
        progress->over = true;
}

bool adv_training_point_is_due(const struct adv_training *t)
{
    int64_t step = t->progress.step;
    if (t->n_curve > 0 && t->curve[t->n_curve - 1].step == step)
        return false;
    return step > 0 ? step % t->recipe.train.held_out_every == 0 || step >= t->recipe.train.steps
                    : t->best != NULL;
}

enum adv_status adv_training_add_point(struct adv_training *t, struct adv_error *error)
{
    struct adv_curve_point point = {
        .step = t->progress.step,
        .loss = t->progress.loss,
        .held_out = NAN,
        .learning_rate = t->progress.learning_rate,
        .seconds = t->progress.seconds,
        .held_out_nll = NAN,
    };
    if (t->dataset.n_held_out > 0) {
        struct adv_packed_weights *packed = NULL;
        enum adv_status status =
            adv_packed_weights_new(t->net, t->average, &t->load, &packed, error);
        if (status == ADV_OK && t->distillation)
            status = adv_distillation_held_out(t, packed, &point.held_out, error);
        else if (status == ADV_OK)
            status = adv_held_out_loss(&t->dataset, t->recipe.path, packed, t->pool,
                                       &point.held_out, error);
        adv_packed_weights_free(packed);
        if (status != ADV_OK)
            return status;
    }
    if (t->best) {
        enum adv_status status = adv_training_measure(t, &point.held_out_nll, error);
        if (status != ADV_OK)
            return status;
    }
    enum adv_status status =
        adv_grow(&t->curve, &t->curve_capacity, t->n_curve + 1, sizeof *t->curve, error);
    if (status != ADV_OK)
        return status;
    t->curve[t->n_curve++] = point;
    t->progress.held_out = point.held_out;
    if (t->best)
        judge(t, point.held_out_nll);
    if (t->progress.step >= t->recipe.train.steps)
        t->progress.over = true;
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
