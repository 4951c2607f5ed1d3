/* Runs a training to its end or until it is stopped, with checkpoints on the way. */
#include "core/base/clock.h"
#include "core/base/sized.h"
#include "core/train/training.h"

struct run {
    struct adv_training_watch watch;
    struct adv_training *training;
    double started_s, saved_s; /* on the monotonic clock */
    double seconds_before;     /* of training, by earlier runs */
};

static void save_on_the_way(struct run *run)
{
    struct adv_error error = ADV_ERROR_INIT;
    run->saved_s = adv_monotonic_s();
    if (adv_training_save(run->training, run->watch.checkpoint, &error) == ADV_OK)
        return;
    adv_error_prefix(&error, "no checkpoint at step %lld, training goes on: ",
                     (long long)run->training->progress.step);
    if (run->watch.on_warning)
        run->watch.on_warning(run->watch.context, error.message);
}

/* *goes_on: whether there are more steps and none said stop. */
static enum adv_status one_step(struct run *run, bool *goes_on, struct adv_error *error)
{
    struct adv_training *t = run->training;
    const struct adv_train_recipe *train = &t->recipe.train;
    struct adv_training_progress *progress = &t->progress;
    enum adv_status status = adv_training_step(t, NULL, error);
    if (status != ADV_OK)
        return status;
    progress->seconds = run->seconds_before + adv_monotonic_s() - run->started_s;
    if (progress->step % train->held_out_every == 0 || progress->step == train->steps)
        status = adv_training_add_point(t, error);
    *goes_on = progress->step < train->steps;
    if (run->watch.on_step && !run->watch.on_step(run->watch.context, progress))
        *goes_on = false;
    bool due = adv_monotonic_s() - run->saved_s >= train->checkpoint_every_s;
    if (status == ADV_OK && *goes_on && due && run->watch.checkpoint)
        save_on_the_way(run);
    return status;
}

enum adv_status adv_training_run(struct adv_training *t, const struct adv_training_watch *watch,
                                 struct adv_error *error)
{
    double now = adv_monotonic_s();
    struct run run = {
        .training = t, .started_s = now, .saved_s = now, .seconds_before = t->progress.seconds};
    enum adv_status status =
        adv_take_sized(&run.watch, sizeof run.watch, watch, "adv_training_watch", error);
    bool goes_on = t->progress.step < t->recipe.train.steps;
    while (status == ADV_OK && goes_on)
        status = one_step(&run, &goes_on, error);
    if (status == ADV_OK && run.watch.checkpoint)
        status = adv_training_save(t, run.watch.checkpoint, error);
    if (status == ADV_OK && t->progress.step < t->recipe.train.steps)
        status = adv_fail(error, ADV_E_CANCELLED, "stopped after %lld of %lld steps",
                          (long long)t->progress.step, (long long)t->recipe.train.steps);
    return status;
}
