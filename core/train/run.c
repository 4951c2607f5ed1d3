/* Runs a training to its end or until it is stopped, with checkpoints on the way. */
#include "core/base/clock.h"
#include "core/base/sized.h"
#include "core/train/distill/distill.h"
#include "core/train/training.h"

ADV_ENDS_WITH(struct adv_training_run_options, paths_file);

struct run {
    struct adv_training_run_options options;
    struct adv_training *training;
    double saved_s; /* on the monotonic clock */
};

/* A training that can do without a checkpoint only warns where it cannot be written. */
static void try_to_save(struct run *run)
{
    const struct adv_training_progress *at = &run->training->progress;
    struct adv_error error = ADV_ERROR_INIT;
    run->saved_s = adv_monotonic_s();
    if (adv_training_save(run->training, run->options.checkpoint, &error) == ADV_OK)
        return;
    adv_error_prefix(&error, "no checkpoint at step %lld, %s: ", (long long)at->step,
                     at->over ? "the last" : "training goes on");
    if (run->options.on_warning)
        run->options.on_warning(run->options.context, error.message);
}

/* Of a training that is over the model is left to be written, of one that was stopped nothing. */
static enum adv_status save_at_end(struct run *run, bool is_over, struct adv_error *error)
{
    if (!run->options.checkpoint)
        return ADV_OK;
    if (!is_over)
        return adv_training_save(run->training, run->options.checkpoint, error);
    try_to_save(run);
    return ADV_OK;
}

/* *goes_on: whether there are more steps and none said stop. */
static enum adv_status one_step(struct run *run, bool *goes_on, struct adv_error *error)
{
    struct adv_training *t = run->training;
    const struct adv_train_recipe *train = &t->recipe.train;
    enum adv_status status = adv_training_step(t, NULL, error);
    if (status != ADV_OK)
        return status;
    if (run->options.on_step && !run->options.on_step(run->options.context, &t->progress))
        t->asks_to_stop = true;
    bool stops = t->ranks ? t->told_to_stop : t->asks_to_stop; /* all ranks after the same step */
    *goes_on = !t->progress.over && !stops;
    bool due = adv_monotonic_s() - run->saved_s >= train->checkpoint_every_s;
    if (*goes_on && due && run->options.checkpoint)
        try_to_save(run);
    return ADV_OK;
}

/* What has to be there before the first step. */
static enum adv_status begin(const struct run *run, struct adv_error *error)
{
    struct adv_training *t = run->training;
    if (!t->distillation && run->options.paths_file)
        return adv_fail_field(error, ADV_E_INVALID, "paths_file",
                              "a file of a teacher's paths is named, but the recipe has no distill "
                              "part");
    return t->distillation && !t->progress.over ? adv_distillation_prepare(t, error) : ADV_OK;
}

enum adv_status adv_training_run(struct adv_training *t,
                                 const struct adv_training_run_options *options,
                                 struct adv_error *error)
{
    struct run run = {.training = t, .saved_s = adv_monotonic_s()};
    enum adv_status status = adv_copy_sized(&run.options, sizeof run.options, options,
                                            "adv_training_run_options", error);
    bool goes_on = true;
    t->asks_to_stop = t->told_to_stop = false;
    if (t->ranks)
        run.options.cancelled = NULL; /* the others would wait for this one */
    if (t->ranks && t->ranks->rank > 0)
        run.options.checkpoint = NULL; /* rank 0 writes it */
    t->running = &run.options;
    if (status == ADV_OK)
        status = begin(&run, error);
    if (status != ADV_OK) {
        t->running = NULL;
        return status;
    }
    if (t->progress.step == 0 && run.options.on_warning)
        adv_dataset_suggest(&t->dataset, run.options.on_warning, run.options.context);
    if (adv_training_point_is_due(t)) /* stopped while it was measured */
        status = adv_training_add_point(t, error);
    while (status == ADV_OK && goes_on && !t->progress.over)
        status = one_step(&run, &goes_on, error);
    bool is_cancelled = status == ADV_E_CANCELLED;
    if (is_cancelled)
        status = ADV_OK;
    t->running = NULL;
    if (status == ADV_OK)
        status = save_at_end(&run, t->progress.over && !is_cancelled, error);
    if (status == ADV_OK && (is_cancelled || !t->progress.over))
        status = adv_fail(error, ADV_E_CANCELLED, "stopped after %lld of %lld steps",
                          (long long)t->progress.step, (long long)t->recipe.train.steps);
    return status;
}
