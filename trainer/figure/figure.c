/* advect figure: draws the figures that explain flow matching. */
#include "trainer/figure/figure.h"
#include "trainer/cli/environment.h"
#include "trainer/cli/files.h"
#include "trainer/cli/options.h"

#include <advect/array_file.h>
#include <advect/extra/fields.h>
#include <advect/extra/memory.h>
#include <advect/extra/model_parts.h>
#include <advect/extra/words.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMPRESSION = 9, HOLD_MS = 2000 };

static const struct adv_figure *const families[] = {
    adv_converge_figures, adv_path_figures,  adv_learned_figures,   adv_board_figures,
    adv_cube_figures,     adv_digit_figures, adv_few_steps_figures, adv_scaling_figures,
};

struct figure_options {
    char *model, *models, *data, *out;
    int64_t frames, side, seed, threads;
    bool dark, list, quiet;
};

#define AT(member) offsetof(struct figure_options, member)
static const struct adv_field fields[] = {
    {"out", ADV_FIELD_STRING, AT(out), .min = 1,
     .help = "output file, NAME.png if absent, - for standard output; with `all`, the output "
             "folder, . if absent"},
    {"model", ADV_FIELD_STRING, AT(model), .min = 1,
     .help = "model file to draw from, in place of the figure's own model"},
    {"models", ADV_FIELD_STRING, AT(models), .min = 1, .fallback = "models",
     .help = "folder of the models that figures are drawn from"},
    {"data", ADV_FIELD_STRING, AT(data), .min = 1,
     .help = "NPY or CSV file of 2-D points to use as the target, for figures marked * in --list; "
             "for the figures of the scaling study, its file of results, "
             "docs/internals/study/results.json if absent"},
    {"frames", ADV_FIELD_INT, AT(frames), .min = 2, .max = 400,
     .help = "number of frames of an animation; the figure's own number if absent"},
    {"side", ADV_FIELD_INT, AT(side), .min = 64, .max = 1024, .unit = "pixels",
     .help = "side of a panel or an image; the figure's own size if absent"},
    {"seed", ADV_FIELD_INT, AT(seed), .min = 0, .max = 9e15, .fallback = "1",
     .help = "seed of the random numbers"},
    {"threads", ADV_FIELD_INT, AT(threads), .min = 1, .max = 1024,
     .help = "number of threads; one per processor if absent; figures do not depend on it"},
    {"dark", ADV_FIELD_BOOL, AT(dark),
     .help = "draw on a dark ground; `all` draws some both ways, the dark ones as NAME-dark.png"},
    {"list", ADV_FIELD_BOOL, AT(list), .help = "list the figures and exit"},
    {"quiet", ADV_FIELD_BOOL, AT(quiet), .help = "do not print anything"},
};
#define N_FIELDS ADV_COUNT(fields)

static const struct adv_option_letter letters[] = {{'o', "out"}, {'q', "quiet"}, {0}};

static const struct adv_options command_line = {
    .command = "figure",
    .operands = "NAME",
    .n_operands = 1,
    .summary =
        "Draws a figure that shows how a flow carries points from the base to the target, as a\n"
        "PNG, animated where it moves. NAME is one of `advect figure --list`, or all.",
    .example = "advect figure checkerboard-8x8 -o flow.png",
    .fields = fields,
    .n_fields = N_FIELDS,
    .letters = letters,
};

/* ---------------------------------------------------------------- the table */

/* The i-th figure of all families, or NULL. */
static const struct adv_figure *figure_at(size_t i)
{
    for (size_t k = 0; k < ADV_COUNT(families); k++) {
        for (const struct adv_figure *d = families[k]; d->name; d++) {
            if (i-- == 0)
                return d;
        }
    }
    return NULL;
}

static int print_list(void)
{
    const struct adv_figure *figure;
    for (size_t i = 0; (figure = figure_at(i)) != NULL; i++)
        printf("%-20s %c %s\n", figure->name, figure->has_target ? '*' : ' ', figure->help);
    return ADV_EXIT_OK;
}

static enum adv_status find_figure(const char *name, const struct adv_figure **out,
                                   struct adv_error *error)
{
    const char *names[64] = {NULL};
    const struct adv_figure *figure;
    size_t index;
    for (size_t i = 0; (figure = figure_at(i)) != NULL && i + 1 < ADV_COUNT(names); i++)
        names[i] = figure->name;
    enum adv_status status = adv_find_name("figure", name, names, &index, error);
    if (status == ADV_OK)
        *out = figure_at(index);
    return status;
}

/* ---------------------------------------------------------------- one figure */

static enum adv_status load_model(const struct adv_figure *figure,
                                  const struct figure_options *options, struct adv_model **model,
                                  struct adv_error *error)
{
    if (options->model)
        return adv_model_load(options->model, adv_environment(), model, error);
    char path[PATH_MAX] = "";
    for (size_t i = 0; i < ADV_COUNT(figure->models) && figure->models[i]; i++) {
        snprintf(path, sizeof path, "%s/%s.safetensors", options->models, figure->models[i]);
        if (access(path, F_OK) == 0)
            break;
    }
    enum adv_status status = adv_model_load(path, adv_environment(), model, error);
    if (status != ADV_OK)
        adv_error_prefix(error,
                         "%s is drawn from a model; name one with --model, or a folder "
                         "with --models: ",
                         figure->name);
    return status;
}

/* Errors: ADV_E_INVALID where the teacher is another model than the student's. */
static enum adv_status check_teacher(const struct adv_model *student,
                                     const struct adv_model *teacher, const char *path,
                                     struct adv_error *error)
{
    const json_t *map = json_object_get(adv_model_config_json(student), "flow_map");
    const char *digest = json_string_value(json_object_get(map, "teacher_digest"));
    char its[ADV_DIGEST_TEXT];
    adv_model_flow_digest(teacher, its);
    if (digest && !strcmp(digest, its))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "models",
                          "%s is not the model that %s learned from: its digest is %s, the "
                          "teacher's %s",
                          path, adv_model_name(student), its, digest ? digest : "not known");
}

/* By its name, from the folder of models. */
static enum adv_status load_teacher(const struct adv_figure *figure,
                                    const struct figure_options *options,
                                    const struct adv_model *student, struct adv_model **teacher,
                                    struct adv_error *error)
{
    const char *name = adv_model_teacher(student);
    char path[PATH_MAX];
    if (!name)
        return adv_fail_field(error, ADV_E_INVALID, "model",
                              "model %s is not one of few steps, as advect distill makes; %s needs "
                              "such a one",
                              adv_model_name(student), figure->name);
    snprintf(path, sizeof path, "%s/%s.safetensors", options->models, name);
    enum adv_status status = adv_model_load(path, adv_environment(), teacher, error);
    if (status != ADV_OK)
        adv_error_prefix(error,
                         "%s also shows the teacher, which is looked for in the folder that "
                         "--models names: ",
                         figure->name);
    return status == ADV_OK ? check_teacher(student, *teacher, path, error) : status;
}

static enum adv_status check_options(const struct adv_figure *figure,
                                     const struct figure_options *options, struct adv_error *error)
{
    if (options->model && figure->results)
        return adv_fail_field(
            error, ADV_E_INVALID, "model",
            "--model is for figures of a flow; %s shows the results of the scaling "
            "study, whose file --data names",
            figure->name);
    if (options->data && !figure->has_target && !figure->results)
        return adv_fail_field(error, ADV_E_INVALID, "data",
                              "--data is for figures of a target; %s shows what its model learned",
                              figure->name);
    if (options->data && figure->shows_model && !options->model)
        return adv_fail_field(error, ADV_E_INVALID, "model",
                              "--data is given without --model; %s shows the model that learned "
                              "these data",
                              figure->name);
    if (options->frames && figure->n_frames == 1)
        return adv_fail_field(error, ADV_E_INVALID, "frames",
                              "--frames is for animations; %s is a still picture", figure->name);
    return ADV_OK;
}

static enum adv_status write_film(const struct adv_figure *figure, const struct adv_film *film,
                                  const char *path, struct adv_error *error)
{
    struct adv_bytes png = {0};
    enum adv_status status =
        adv_png_encode_palette(film->n, film->frames, figure->n_colours, figure->frame_ms, HOLD_MS,
                               0, COMPRESSION, &png, error);
    if (status == ADV_OK)
        status = adv_write_output(path, png.data, png.n, false, error);
    adv_bytes_release(&png);
    return status;
}

/* dark_path: of a dark one besides, or NULL. */
static enum adv_status plot_one(const struct adv_figure *figure,
                                const struct figure_options *options, const char *path,
                                const char *dark_path, struct adv_error *error)
{
    struct adv_film film = {0};
    struct adv_easel easel = {
        .data = options->data ? options->data : figure->results,
        .side = options->side ? (int)options->side : figure->side,
        .n_frames = options->frames ? (size_t)options->frames : figure->n_frames,
        .seed = (uint64_t)options->seed,
    };
    int n_threads = options->threads ? (int)options->threads : adv_cpu_count();
    enum adv_status status = check_options(figure, options, error);
    if (status == ADV_OK)
        status = adv_check_output(path, false, error);
    if (status == ADV_OK && !figure->results && (!options->data || figure->shows_model))
        status = load_model(figure, options, &easel.model, error);
    if (status == ADV_OK && figure->has_teacher)
        status = load_teacher(figure, options, easel.model, &easel.teacher, error);
    if (status == ADV_OK)
        status = adv_pool_new(n_threads, &easel.pool, error);
    if (status == ADV_OK)
        status = figure->plot(&easel, figure->style, &film, error);
    if (status == ADV_OK && options->dark)
        adv_film_darken(&film);
    if (status == ADV_OK)
        status = write_film(figure, &film, path, error);
    if (status == ADV_OK && dark_path) {
        adv_film_darken(&film);
        status = write_film(figure, &film, dark_path, error);
    }
    if (status == ADV_OK && !options->quiet)
        fprintf(adv_is_dash(path) ? stderr : stdout, "%s: %d x %d pixels, %zu frame%s\n", path,
                film.frames[0].width, film.frames[0].height, film.n, film.n == 1 ? "" : "s");
    adv_film_release(&film);
    adv_pool_free(easel.pool);
    adv_model_unref(easel.teacher);
    adv_model_unref(easel.model);
    return status;
}

/* ---------------------------------------------------------------- the command */

static enum adv_status plot_all(const struct figure_options *options, struct adv_error *error)
{
    const char *folder = options->out ? options->out : ".";
    if (options->model || options->data || options->frames || options->side || options->dark)
        return adv_fail_field(
            error, ADV_E_INVALID, "name",
            "--model, --data, --frames, --side and --dark are for one figure, not for all");
    if (adv_is_dash(folder))
        return adv_fail_field(error, ADV_E_INVALID, "out",
                              "--out is a folder where all figures are drawn; it cannot be -, "
                              "standard output");
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return adv_fail(error, ADV_E_IO, "cannot make the folder %s: %s", folder, strerror(errno));
    enum adv_status status = ADV_OK;
    const struct adv_figure *figure;
    for (size_t i = 0; status == ADV_OK && (figure = figure_at(i)) != NULL; i++) {
        char path[PATH_MAX], dark_path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s.png", folder, figure->name);
        snprintf(dark_path, sizeof dark_path, "%s/%s-dark.png", folder, figure->name);
        status = plot_one(figure, options, path, figure->dark_too ? dark_path : NULL, error);
    }
    return status;
}

static enum adv_status run_figure(const char *name, const struct figure_options *options,
                                  struct adv_error *error)
{
    if (!strcmp(name, "all"))
        return plot_all(options, error);
    const struct adv_figure *figure = NULL;
    enum adv_status status = find_figure(name, &figure, error);
    if (status != ADV_OK)
        return status;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s.png", figure->name);
    return plot_one(figure, options, options->out ? options->out : path, NULL, error);
}

/* The list needs no name, which the options would miss. */
static bool asks_for_list(int argc, char **argv)
{
    return argc == 2 && !strcmp(argv[1], "--list");
}

static int run(int argc, char **argv)
{
    if (asks_for_list(argc, argv))
        return print_list();
    struct figure_options options = {0};
    const char *name;
    int outcome = adv_options_read(&command_line, argc, argv, &options, &name);
    if (outcome != ADV_OPTIONS_GO)
        return outcome;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status = options.list ? ADV_OK : run_figure(name, &options, &error);
    if (options.list)
        print_list();
    adv_fields_release(fields, N_FIELDS, &options);
    return status == ADV_OK ? ADV_EXIT_OK : adv_command_fail("figure", &error);
}

const struct adv_command adv_command_figure = {
    .name = "figure",
    .help = "draw the figures that show how flows work",
    .run = run,
};
