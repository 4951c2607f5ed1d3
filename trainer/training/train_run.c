#include "trainer/training/train_run.h"

#include "trainer/cli/environment.h"
#include "trainer/cli/files.h"
#include "trainer/cli/stop.h"
#include "trainer/training/loss_curve.h"
#include "trainer/training/ranks.h"
#include "trainer/training/session.h"

#include <advect/extra/memory.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char adv_paths_file_help[] =
    "file that keeps the paths of the teacher, written on the way too: those that it has are not "
    "computed again, by a training that goes on or by another one of the same teacher";

static const enum adv_dtype stored_as[] = {ADV_F32, ADV_F16};

/* ---------------------------------------------------------------- files */

/* Names of the files that a training writes. */
struct file_names {
    char model[ADV_PATH_BYTES], checkpoint[ADV_PATH_BYTES + 16], curve[ADV_PATH_BYTES + 16];
};

static void name_files(struct file_names *names, const struct adv_train_options *options,
                       const char *model_name)
{
    static const char suffix[] = ".safetensors";
    size_t tail = sizeof suffix - 1;
    if (options->out)
        snprintf(names->model, sizeof names->model, "%s", options->out);
    else
        snprintf(names->model, sizeof names->model, "%s%s", model_name, suffix);
    size_t stem = strlen(names->model);
    if (stem > tail && !strcmp(names->model + stem - tail, suffix))
        stem -= tail;
    snprintf(names->checkpoint, sizeof names->checkpoint, "%.*s.checkpoint", (int)stem,
             names->model);
    snprintf(names->curve, sizeof names->curve, "%.*s.curve.csv", (int)stem, names->model);
}

#define MUCH_MEMORY 1e9 /* bytes: less is no news on any machine that trains */

static void print_memory(const struct adv_training_memory *m)
{
    const double mb = 1e6;
    fprintf(stderr,
            "memory: about %.0f MB: data %.0f, %zu thread%s with %.0f each for shards of %zu "
            "examples, %zu gradient%s %.0f, weights and moments %.0f\n",
            (double)m->total / mb, (double)m->data / mb, m->threads, m->threads > 1 ? "s" : "",
            (double)m->activations / mb, m->shard_rows, m->shards, m->shards > 1 ? "s" : "",
            (double)m->gradients / mb, (double)m->weights / mb);
}

/* ---------------------------------------------------------------- the training */

/* An unfinished training is not thrown away by oversight. */
static enum adv_status check_checkpoint(const struct adv_train_options *options,
                                        const char *checkpoint, struct adv_error *error)
{
    int64_t step;
    if (options->resume && access(checkpoint, R_OK) != 0)
        return adv_fail(error, ADV_E_IO, "%s: cannot open: %s", checkpoint, strerror(errno));
    if (!options->resume && !options->restart && adv_checkpoint_is_unfinished(checkpoint, &step))
        return adv_fail(
            error, ADV_E_INVALID,
            "%s holds an unfinished training at step %lld: continue it with --resume, or "
            "begin anew with --restart",
            checkpoint, (long long)step);
    return ADV_OK;
}

static enum adv_status write_results(const struct adv_training *training,
                                     const struct adv_train_options *options,
                                     const struct file_names *names, struct adv_error *error)
{
    struct adv_model *model = NULL;
    enum adv_status status = adv_training_model(training, &model, error);
    if (status == ADV_OK)
        status = adv_model_save(model, names->model, stored_as[options->dtype], error);
    adv_model_unref(model);
    if (status == ADV_OK)
        status = adv_loss_curve_write_csv(training, names->curve, error);
    if (status == ADV_OK && options->curve)
        status = adv_loss_curve_write_png(training, options->curve, error);
    if (status == ADV_OK && !options->quiet)
        fprintf(stderr, "%s written after %lld steps\n", names->model,
                (long long)adv_training_progress(training)->step);
    return status;
}

#define RISE 1.1 /* of the held-out loss beyond its least: more than its noise */

/* Says where the held-out loss has risen for long, which only a curve shows. */
static void warn_of_overfitting(const char *command, const struct adv_training *training)
{
    size_t n = adv_training_curve_points(training), least = 0;
    for (size_t i = 0; i < n; i++) {
        if (adv_training_curve_point(training, i)->held_out <
            adv_training_curve_point(training, least)->held_out)
            least = i;
    }
    const struct adv_training_progress *at = adv_training_progress(training);
    if (n < 2 || isfinite(at->best_nll)) /* then the best weights are kept */
        return;
    const struct adv_curve_point *best = adv_training_curve_point(training, least),
                                 *last = adv_training_curve_point(training, n - 1);
    if (last->held_out > RISE * best->held_out)
        fprintf(stderr,
                "advect %s: warning: the held-out loss was least at step %lld, %.4g, and has "
                "risen to %.4g: the model has learned the rows by heart; \"keep\": \"best\" in "
                "train keeps the best weights, as advect fit does\n",
                command, (long long)best->step, best->held_out, last->held_out);
}

/* One that is there may have all paths, and need not be written. */
static enum adv_status check_paths_file(const char *file, const struct file_names *names,
                                        struct adv_error *error)
{
    const char *const others[] = {names->model, names->checkpoint, names->curve};
    for (size_t i = 0; i < ADV_COUNT(others); i++) {
        if (!strcmp(file, others[i]))
            return adv_fail_field(error, ADV_E_INVALID, "paths_file",
                                  "--paths-file is %s, which the training writes, too; name "
                                  "another file",
                                  file);
    }
    return access(file, F_OK) == 0 ? ADV_OK : adv_check_writable(file, error);
}

/* Before the first step: what could not be written at the end, by the rank that writes. */
static enum adv_status check_files(const struct adv_train_options *options,
                                   const struct file_names *names, struct adv_error *error)
{
    enum adv_status status = adv_check_model_writable(names->model, error);
    if (status == ADV_OK)
        status = adv_check_writable(names->checkpoint, error);
    if (status == ADV_OK && options->paths_file)
        status = check_paths_file(options->paths_file, names, error);
    return status == ADV_OK && options->curve ? adv_check_output(options->curve, false, error)
                                              : status;
}

/* What needs neither the data nor a teacher's paths, which may take long. A recipe that names its
 * model badly is left to its reader. */
static enum adv_status check_first(const json_t *recipe, const struct adv_train_options *options,
                                   struct file_names *names, struct adv_error *error)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *name = json_string_value(json_object_get(recipe, "name"));
    if (options->resume && options->restart)
        return adv_fail_field(error, ADV_E_INVALID, "restart",
                              "--resume goes on with a training and --restart begins anew; leave "
                              "out one of the two");
    if (options->paths_file && options->ranks)
        return adv_fail_field(error, ADV_E_UNSUPPORTED, "paths_file",
                              "--paths-file is given, but ranks share the training, each of which "
                              "computes all paths");
    if (options->paths_file && !json_object_get(recipe, "distill"))
        return adv_fail_field(error, ADV_E_INVALID, "paths_file",
                              "--paths-file is given, but the recipe has no distill part, by which "
                              "a teacher computes paths");
    if (!options->out && (!name || name[strspn(name, plain)]))
        return ADV_OK;
    name_files(names, options, name);
    enum adv_status status = ADV_OK;
    if (adv_ranks_lead(options->ranks))
        status = check_files(options, names, error);
    return status == ADV_OK ? check_checkpoint(options, names->checkpoint, error) : status;
}

/* All between the making of a training, which failed where there is a status, and its first step.
 * Ranks go on together, or all fail with the report of one. */
static enum adv_status prepare(const char *command, struct adv_training *training,
                               const struct adv_train_options *options,
                               const struct file_names *names, enum adv_status status,
                               struct adv_error *error)
{
    const struct adv_ranks *ranks = options->ranks;
    if (status == ADV_OK && adv_ranks_lead(ranks))
        adv_session_print_notes(command, adv_training_notes(training));
    if (status == ADV_OK && options->resume)
        status = adv_training_resume(training, names->checkpoint, error);
    if (!ranks)
        return status;
    status = adv_ranks_agree(ranks, status, error);
    return status == ADV_OK ? adv_training_share(training, ranks, error) : status;
}

/* What ends all ranks alike; else the others would wait for this one. */
static bool is_common(enum adv_status status)
{
    return status == ADV_OK || status == ADV_E_CANCELLED || status == ADV_E_NUMERIC;
}

/* Whether the same examples come again and again: neither drawn nor of a teacher. */
static bool learns_rows(const json_t *recipe)
{
    const json_t *source = json_object_get(json_object_get(recipe, "data"), "source");
    const char *kind = json_string_value(json_object_get(source, "kind"));
    bool is_drawn = kind && (!strcmp(kind, "density") ||
                             (!strcmp(kind, "simulator") && !json_object_get(source, "n")));
    return !is_drawn && !json_object_get(recipe, "distill");
}

/* A training that is prepared, to its end and its files. */
static enum adv_status train(const char *command, const json_t *recipe,
                             struct adv_training *training, const struct adv_train_options *options,
                             const struct file_names *names, struct adv_error *error)
{
    bool leads = adv_ranks_lead(options->ranks);
    const struct adv_session session = {.command = command,
                                        .checkpoint = names->checkpoint,
                                        .paths_file = options->paths_file,
                                        .quiet = options->quiet || !leads,
                                        .advised = !leads,
                                        .shared = options->ranks != NULL};
    const struct adv_training_memory *memory = adv_training_memory(training);
    bool tells = options->memory || (!options->quiet && (double)memory->total >= MUCH_MEMORY);
    if (leads && tells)
        print_memory(memory);
    enum adv_status status = adv_session_run(&session, training, error);
    if (status == ADV_E_CANCELLED && leads && adv_training_progress(training)->step > 0)
        fprintf(stderr, "%s holds the training so far; --resume continues it\n", names->checkpoint);
    if (status == ADV_OK && leads && learns_rows(recipe))
        warn_of_overfitting(command, training);
    if (status == ADV_OK && leads)
        status = write_results(training, options, names, error);
    if (options->ranks && !is_common(status)) {
        fprintf(stderr, "advect %s: rank %d: %s\n", command, options->ranks->rank, error->message);
        adv_ranks_abort(options->ranks);
    }
    return status;
}

enum adv_status adv_train_run(const char *command, const json_t *recipe, const char *folder,
                              const struct adv_train_options *options, bool *taken,
                              struct adv_error *error)
{
    struct adv_training *training = NULL;
    struct file_names names;
    struct adv_training_options how = {.size = sizeof how,
                                       .data = options->data ? options->data : folder,
                                       .steps = options->steps,
                                       .threads = (int)options->threads,
                                       .load = adv_environment(),
                                       .resumes = options->resume};
    enum adv_status status = check_first(recipe, options, &names, error);
    *taken = status != ADV_OK; /* it is not the recipe's error */
    if (status == ADV_OK) {
        status = adv_session_new(recipe, &how, &training, error);
        *taken = status == ADV_OK;
    }
    status = prepare(command, training, options, &names, status, error);
    if (status == ADV_OK)
        status = train(command, recipe, training, options, &names, error);
    adv_training_free(training);
    return status;
}
