#include "trainer/training/loop.h"

#include "core/train/checkpoint.h"
#include "trainer/cli/progress.h"

#include <math.h>
#include <stdio.h>

struct run {
    const struct adv_loop *loop;
    struct adv_training *training;
    struct adv_progress progress;
    double started, saved; /* clock */
    double seconds_before; /* of training, by earlier runs */
    int64_t first_step;
};

static void show(struct run *run)
{
    const struct adv_training *t = run->training;
    double elapsed = adv_seconds_now() - run->started;
    double rate = elapsed > 0 ? (double)(t->step - run->first_step) / elapsed : 0;
    const struct adv_curve_point *last = t->n_curve ? &t->curve[t->n_curve - 1] : NULL;
    double loss = t->window_steps ? t->window_sum / (double)t->window_steps
                  : last          ? last->loss
                                  : NAN;
    char text[160], held_out[32] = "";
    if (last && isfinite(last->held_out))
        snprintf(held_out, sizeof held_out, "  held-out %.5f", last->held_out);
    snprintf(text, sizeof text, "step %lld of %lld  loss %.5f%s  %.1f steps/s", (long long)t->step,
             (long long)t->recipe->train.steps, loss, held_out, rate);
    adv_progress_show(&run->progress, (double)t->step / (double)t->recipe->train.steps, text);
}

static void save_on_the_way(struct run *run)
{
    struct adv_error error = ADV_ERROR_INIT;
    run->saved = adv_seconds_now();
    if (adv_checkpoint_save(run->training, run->loop->checkpoint_path, &error) == ADV_OK)
        return;
    adv_progress_end(&run->progress);
    fprintf(stderr, "advect train: warning: no checkpoint at step %lld, training goes on: %s\n",
            (long long)run->training->step, error.message);
}

static enum adv_status one_step(struct run *run, struct adv_error *error)
{
    struct adv_training *t = run->training;
    const struct adv_train_recipe *train = &t->recipe->train;
    double loss;
    enum adv_status status = adv_training_step(t, &loss, error);
    if (status != ADV_OK)
        return status;
    t->seconds = run->seconds_before + adv_seconds_now() - run->started;
    if (t->step % train->held_out_every == 0 || t->step == train->steps)
        status = adv_training_add_point(t, error);
    if (adv_progress_is_due(&run->progress))
        show(run);
    if (status == ADV_OK && adv_seconds_now() - run->saved >= train->checkpoint_every_s)
        save_on_the_way(run);
    return status;
}

enum adv_status adv_loop_run(const struct adv_loop *loop, struct adv_training *t,
                             struct adv_error *error)
{
    double now = adv_seconds_now();
    struct run run = {.loop = loop,
                      .training = t,
                      .started = now,
                      .saved = now,
                      .seconds_before = t->seconds,
                      .first_step = t->step};
    adv_progress_init(&run.progress, loop->quiet, (double)t->step / (double)t->recipe->train.steps);
    enum adv_status status = ADV_OK;
    while (status == ADV_OK && t->step < t->recipe->train.steps && !*loop->stop)
        status = one_step(&run, error);
    if (!loop->quiet && t->step > run.first_step)
        show(&run);
    adv_progress_end(&run.progress);
    if (status == ADV_OK)
        status = adv_checkpoint_save(t, loop->checkpoint_path, error);
    if (status == ADV_OK && t->step < t->recipe->train.steps)
        status = adv_fail(error, ADV_E_CANCELLED, "stopped after %lld of %lld steps",
                          (long long)t->step, (long long)t->recipe->train.steps);
    return status;
}
