/* advect fit: from a table to a model and a report of what it is worth. */
#include "trainer/cli/environment.h"
#include "trainer/cli/stop.h"
#include "trainer/fit/table_command.h"
#include "trainer/report/report.h"
#include "trainer/training/loss_curve.h"
#include "trainer/training/session.h"

#include <advect/array_file.h>
#include <advect/extra/json.h>
#include <advect/extra/memory.h>
#include <advect/extra/recipe.h>
#include <advect/train.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(member) offsetof(struct adv_table_flags, member)
static const struct adv_field own_fields[] = {
    {"out", ADV_FIELD_STRING, AT(out), .min = 1, .max = 3000, .fallback = ".",
     .help = "folder for the model and its report"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; results do not depend on it"},
    {"no_report", ADV_FIELD_BOOL, AT(no_report), .help = "write the model alone"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet),
     .help = "do not show what was found, the progress and the report"},
};
_Static_assert(ADV_COUNT(own_fields) <= ADV_TABLE_OWN_FLAGS_MAX, "no room for flags");

/* What a fit is made with and makes. */
struct fit {
    const struct adv_table_flags *flags;
    struct adv_table_input input;
    struct adv_proposal proposal;
    struct adv_training *training;
    struct adv_model *model;
    char model_path[ADV_PATH_BYTES], html_path[ADV_PATH_BYTES], json_path[ADV_PATH_BYTES];
};

static void release(struct fit *fit)
{
    adv_table_input_close(&fit->input);
    adv_proposal_release(&fit->proposal);
    adv_training_free(fit->training);
    adv_model_unref(fit->model);
}

/* ---------------------------------------------------------------- files */

static enum adv_status check_folder(const char *folder, struct adv_error *error)
{
    struct stat about;
    if (adv_is_dash(folder))
        return adv_fail_field(error, ADV_E_INVALID, "out",
                              "--out is the folder of a model and its report; it cannot be -, "
                              "standard output");
    if (stat(folder, &about) != 0)
        return adv_fail_field(error, ADV_E_IO, "out", "--out: the folder %s: %s", folder,
                              strerror(errno));
    if (!S_ISDIR(about.st_mode))
        return adv_fail_field(error, ADV_E_IO, "out", "--out: %s is no folder", folder);
    if (access(folder, W_OK | X_OK) != 0)
        return adv_fail_field(error, ADV_E_IO, "out", "--out: cannot write into the folder %s: %s",
                              folder, strerror(errno));
    return ADV_OK;
}

static enum adv_status name_files(struct fit *fit, struct adv_error *error)
{
    const char *folder = fit->flags->out;
    const char *name = json_string_value(json_object_get(fit->proposal.recipe, "name"));
    bool is_here = !strcmp(folder, ".");
    const char *before = is_here ? "" : folder, *slash = is_here ? "" : "/";
    snprintf(fit->model_path, sizeof fit->model_path, "%s%s%s.safetensors", before, slash, name);
    snprintf(fit->html_path, sizeof fit->html_path, "%s%s%s.report.html", before, slash, name);
    snprintf(fit->json_path, sizeof fit->json_path, "%s%s%s.report.json", before, slash, name);
    const char *const paths[] = {fit->model_path, fit->html_path, fit->json_path};
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < ADV_COUNT(paths) && status == ADV_OK; i++)
        status = adv_check_writable(paths[i], error);
    return status;
}

/* The reports of an earlier fit, which would not be those of the new model. */
static enum adv_status remove_reports(const struct fit *fit, struct adv_error *error)
{
    const char *const paths[] = {fit->html_path, fit->json_path};
    for (size_t i = 0; i < ADV_COUNT(paths); i++) {
        struct stat about;
        bool is_there = lstat(paths[i], &about) == 0 && S_ISREG(about.st_mode);
        if (is_there && unlink(paths[i]) != 0)
            return adv_fail(error, ADV_E_IO, "cannot remove %s, the report of an earlier fit: %s",
                            paths[i], strerror(errno));
    }
    return ADV_OK;
}

/* ---------------------------------------------------------------- the report */

#define PICTURES 3

static enum adv_status complete_report(const struct fit *fit, json_t *report,
                                       struct adv_error *error)
{
    const struct adv_training_progress *at = adv_training_progress(fit->training);
    const json_t *recipe = fit->proposal.recipe, *found = fit->proposal.found;
    json_t *training = json_pack("{s:I, s:I, s:f}", "steps", (json_int_t)at->step, "best_step",
                                 (json_int_t)at->best_step, "seconds", at->seconds);
    if (json_object_set(report, "name", json_object_get(recipe, "name")) ||
        json_object_set_new(report, "training", training) ||
        json_object_set(report, "found", (json_t *)found) ||
        json_object_set(report, "recipe", (json_t *)recipe))
        return adv_no_memory(error);
    return ADV_OK;
}

static enum adv_status draw_curves(const struct fit *fit, struct adv_bytes png[2],
                                   struct adv_error *error)
{
    enum adv_status status =
        adv_loss_curve_draw(fit->training, ADV_CURVE_OF_LOG_DENSITY, &png[0], error);
    return status == ADV_OK ? adv_loss_curve_draw(fit->training, ADV_CURVE_OF_LOSS, &png[1], error)
                            : status;
}

static enum adv_status write_json(const char *path, const json_t *json, struct adv_error *error)
{
    char *text = adv_json_dump(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (!text)
        return adv_no_memory(error);
    enum adv_status status = adv_file_replace(path, text, strlen(text), error);
    free(text);
    return status;
}

static enum adv_status write_report(const struct fit *fit, const json_t *report,
                                    const struct adv_image *pairs, struct adv_error *error)
{
    struct adv_bytes png[PICTURES] = {{0}};
    enum adv_status status = adv_png_encode(pairs, 6, &png[0], error);
    if (status == ADV_OK)
        status = draw_curves(fit, png + 1, error);
    const struct adv_report_picture pictures[PICTURES] = {
        {"Samples beside data", png[0].data, png[0].n},
        {"Negative log-density of held-out rows while training", png[1].data, png[1].n},
        {"Loss while training", png[2].data, png[2].n},
    };
    if (status == ADV_OK)
        status = adv_report_write_html(fit->html_path, report, PICTURES, pictures, error);
    if (status == ADV_OK)
        status = write_json(fit->json_path, report, error);
    for (size_t i = 0; i < PICTURES; i++)
        adv_bytes_release(&png[i]);
    return status;
}

/* The data once more, as the training had them. */
static enum adv_status open_data(const struct fit *fit, struct adv_dataset *dataset,
                                 struct adv_error *error)
{
    struct adv_recipe recipe = {0};
    enum adv_status status = adv_recipe_init(&recipe, fit->proposal.recipe, error);
    if (status == ADV_OK)
        status = adv_dataset_open(&recipe.data, (uint64_t)recipe.train.seed, fit->input.path,
                                  dataset, error);
    adv_recipe_release(&recipe);
    if (status != ADV_OK)
        return status;
    status = adv_table_input_check(&fit->input, error);
    if (status != ADV_OK)
        adv_dataset_close(dataset);
    return status;
}

static enum adv_status report(const struct fit *fit, struct adv_error *error)
{
    struct adv_dataset dataset = {0};
    struct adv_pool *pool = NULL;
    struct adv_image pairs = {0};
    json_t *report = NULL;
    int n_threads = fit->flags->threads ? (int)fit->flags->threads : adv_cpu_count();
    enum adv_status status = open_data(fit, &dataset, error);
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &pool, error);
    const struct adv_report_subject subject = {.model = fit->model,
                                               .dataset = &dataset,
                                               .pool = pool,
                                               .seed = dataset.seed,
                                               .cancelled = adv_stop_requested};
    if (status == ADV_OK)
        status = adv_report_make(&subject, &report, &pairs, error);
    if (status == ADV_OK)
        status = complete_report(fit, report, error);
    if (status == ADV_OK)
        status = write_report(fit, report, &pairs, error);
    if (status == ADV_OK)
        adv_report_warn(report, "fit");
    if (status == ADV_OK && !fit->flags->quiet)
        adv_report_print(report);
    json_decref(report);
    adv_image_release(&pairs);
    adv_pool_free(pool);
    adv_dataset_close(&dataset);
    return status;
}

/* ---------------------------------------------------------------- the command */

static enum adv_status train(struct fit *fit, struct adv_error *error)
{
    const struct adv_training_options how = {.size = sizeof how,
                                             .data = fit->input.path,
                                             .threads = (int)fit->flags->threads,
                                             .load = adv_environment()};
    const struct adv_session session = {
        .command = "fit", .quiet = fit->flags->quiet, .advised = true};
    enum adv_status status = adv_session_new(fit->proposal.recipe, &how, &fit->training, error);
    if (status == ADV_OK)
        status = adv_table_input_check(&fit->input, error);
    if (status == ADV_OK && fit->flags->quiet) /* what was found has them, too */
        adv_session_print_notes("fit", adv_training_notes(fit->training));
    if (status == ADV_OK)
        status = adv_session_run(&session, fit->training, error);
    if (status == ADV_E_CANCELLED)
        fputs(
            "advect fit: stopped, and nothing was written: fit begins anew (advect new and advect "
            "train can be continued)\n",
            stderr);
    if (status == ADV_OK)
        status = adv_training_model(fit->training, &fit->model, error);
    return status;
}

static enum adv_status save(const struct fit *fit, struct adv_error *error)
{
    enum adv_status status = remove_reports(fit, error);
    if (status == ADV_OK)
        status = adv_model_save(fit->model, fit->model_path, ADV_F32, error);
    if (status != ADV_OK || fit->flags->no_report)
        return status;
    status = report(fit, error);
    if (status != ADV_OK)
        adv_error_prefix(error, "%s is written; its report is not: ", fit->model_path);
    return status;
}

static void tell_files(const struct fit *fit)
{
    printf("\nwritten: %s", fit->model_path);
    if (!fit->flags->no_report)
        printf(", %s, %s", fit->html_path, fit->json_path);
    printf("\nask it for samples with advect sample %s%s, or serve it with advect serve %s\n",
           fit->model_path, adv_model_context(fit->model) ? " --context FILE" : "",
           fit->model_path);
}

static enum adv_status run_steps(struct fit *fit, const struct adv_overrides *overrides,
                                 const char *data, struct adv_error *error)
{
    const char *slash = strrchr(data, '/');
    const char *recorded = adv_is_dash(data) ? "stdin" : slash ? slash + 1 : data;
    enum adv_status status = check_folder(fit->flags->out, error);
    if (status == ADV_OK)
        status = adv_table_input_open(data, &fit->input, error);
    if (status == ADV_OK)
        status = adv_table_input_propose(&fit->input, recorded, fit->flags, overrides,
                                         &fit->proposal, error);
    if (status == ADV_OK)
        status = name_files(fit, error);
    if (status == ADV_OK && !fit->flags->quiet) {
        adv_table_input_print(&fit->proposal);
        puts("");
        fflush(stdout);
    }
    if (status == ADV_OK)
        status = train(fit, error);
    if (status == ADV_OK)
        status = save(fit, error);
    if (status == ADV_OK && !fit->flags->quiet)
        tell_files(fit);
    return status;
}

static enum adv_status work(const struct adv_table_flags *flags,
                            const struct adv_overrides *overrides, const char *data,
                            struct adv_error *error)
{
    struct fit fit = {.flags = flags};
    enum adv_status status = run_steps(&fit, overrides, data, error);
    release(&fit);
    return status;
}

static int run(int argc, char **argv)
{
    static const struct adv_table_command command = {
        .name = "fit",
        .summary =
            "Fits a model to a table, a CSV or NPY file or standard input (-), with settings that\n"
            "are chosen by what is in it, and writes NAME.safetensors, NAME.report.html and\n"
            "NAME.report.json (docs/guide/tables.md). Columns that are no numbers are left out, "
            "which\n"
            "is said.",
        .example = "advect fit iris.csv --label-column Species",
        .fields = own_fields,
        .n_fields = ADV_COUNT(own_fields),
        .work = work,
    };
    return adv_table_command_run(&command, argc, argv);
}

const struct adv_command adv_command_fit = {
    .name = "fit",
    .help = "fit a model to a table and report what it is worth",
    .run = run,
};
