#include "trainer/training/session.h"

#include "trainer/cli/progress.h"
#include "trainer/cli/stop.h"

#include <advect/extra/json.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct display {
    struct adv_progress progress;
    bool shows_paths; /* of the teacher, before the first step */
    const char *command;
    double started_s;
    int64_t first_step;
};

/* The held-out log-density where it is measured, as it decides which weights are kept; else the
 * held-out loss. */
static void describe_held_out(const struct adv_training_progress *at, char *text, size_t size)
{
    if (isfinite(at->held_out_nll))
        snprintf(text, size, "  held-out NLL %.4f (best %.4f)", at->held_out_nll, at->best_nll);
    else if (isfinite(at->held_out))
        snprintf(text, size, "  held-out %.5f", at->held_out);
}

static void show(struct display *display, const struct adv_training_progress *at)
{
    double elapsed = adv_seconds_now() - display->started_s;
    double rate = elapsed > 0 ? (double)(at->step - display->first_step) / elapsed : 0;
    char text[200], held_out[64] = "";
    describe_held_out(at, held_out, sizeof held_out);
    snprintf(text, sizeof text, "step %lld of %lld  loss %.5f%s  %.1f steps/s", (long long)at->step,
             (long long)at->steps, at->loss, held_out, rate);
    adv_progress_show(&display->progress, (double)at->step / (double)at->steps, text);
}

static void begin(struct display *display, const struct adv_training_progress *at)
{
    adv_progress_init(&display->progress, display->progress.quiet,
                      (double)at->step / (double)at->steps);
    display->started_s = adv_seconds_now();
}

static void on_paths(void *context, double share)
{
    struct display *display = context;
    if (!display->shows_paths)
        adv_progress_init(&display->progress, display->progress.quiet, 0);
    display->shows_paths = true;
    if (adv_progress_is_due(&display->progress))
        adv_progress_show(&display->progress, share, "paths of the teacher");
}

static bool on_step(void *context, const struct adv_training_progress *at)
{
    struct display *display = context;
    if (display->shows_paths) {
        adv_progress_end(&display->progress);
        begin(display, at);
        display->shows_paths = false;
    }
    if (adv_progress_is_due(&display->progress))
        show(display, at);
    return !adv_stop_requested(NULL);
}

static void on_warning(void *context, const char *message)
{
    struct display *display = context;
    adv_progress_end(&display->progress);
    fprintf(stderr, "advect %s: warning: %s\n", display->command, message);
}

void adv_session_print_notes(const char *command, const char *notes)
{
    while (*notes) {
        int n = (int)strcspn(notes, "\n");
        fprintf(stderr, "advect %s: data: %.*s\n", command, n, notes);
        notes += n + (notes[n] == '\n');
    }
}

enum adv_status adv_session_new(const json_t *recipe, const struct adv_training_options *options,
                                struct adv_training **training, struct adv_error *error)
{
    char *text = adv_json_dump(recipe, JSON_COMPACT);
    if (!text)
        return adv_fail(error, ADV_E_INVALID, "the recipe must be a JSON object");
    enum adv_status status = adv_training_new(text, options, training, error);
    free(text);
    return status;
}

enum adv_status adv_session_run(const struct adv_session *session, struct adv_training *training,
                                struct adv_error *error)
{
    const struct adv_training_progress *at = adv_training_progress(training);
    struct display display = {
        .command = session->command, .started_s = adv_seconds_now(), .first_step = at->step};
    struct adv_training_run_options options = {.size = sizeof options,
                                               .checkpoint = session->checkpoint,
                                               .on_step = on_step,
                                               .on_warning = session->advised ? NULL : on_warning,
                                               .context = &display,
                                               .cancelled = adv_stop_requested,
                                               .on_paths = on_paths,
                                               .paths_file = session->paths_file};
    if (!session->shared && adv_stop_requested(NULL)) /* while the data were read */
        return adv_fail(error, ADV_E_CANCELLED, "stopped before the first step");
    adv_progress_init(&display.progress, session->quiet, (double)at->step / (double)at->steps);
    enum adv_status status = adv_training_run(training, &options, error);
    if (at->step > display.first_step)
        show(&display, at);
    adv_progress_end(&display.progress);
    return status;
}
