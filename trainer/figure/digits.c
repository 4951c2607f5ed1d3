/* Images of a class-conditional model as they form from noise: some of one class, or one of
 * each. */
#include "trainer/figure/figure.h"

#include <stdlib.h>

enum { START_FRAMES = 3, EVERY_CLASS = -1, COLUMNS = 5 };

struct digit_style {
    int32_t class;
    size_t n; /* images of it */
};

struct scene {
    const struct digit_style *style;
    const struct adv_easel *easel;
    size_t n;
    double *times;
    int32_t *labels; /* [n] */
    float *states;   /* [n_frames, n, dim] */
};

static enum adv_status check(const struct scene *scene, struct adv_error *error)
{
    const struct adv_model *model = scene->easel->model;
    enum adv_status status = adv_easel_check_images(scene->easel, error);
    if (status != ADV_OK)
        return status;
    if (adv_model_classes(model) > (size_t)(scene->style->class > 0 ? scene->style->class : 0))
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "model",
                          "model %s has %zu classes; this figure needs %d at least",
                          adv_model_name(model), adv_model_classes(model),
                          (scene->style->class > 0 ? scene->style->class : 0) + 1);
}

static enum adv_status prepare(struct scene *scene, struct adv_error *error)
{
    const struct adv_easel *easel = scene->easel;
    const struct digit_style *style = scene->style;
    enum adv_status status = check(scene, error);
    if (status != ADV_OK)
        return status;
    scene->n = style->class == EVERY_CLASS ? adv_model_classes(easel->model) : style->n;
    scene->times = adv_even_times(easel->n_frames);
    scene->labels = calloc(scene->n, sizeof *scene->labels);
    if (!scene->times || !scene->labels)
        return adv_no_memory(error);
    for (size_t i = 0; i < scene->n; i++)
        scene->labels[i] = style->class == EVERY_CLASS ? (int32_t)i : style->class;
    /* The scene's owner frees them. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    return adv_flow_states(easel, easel->model, scene->n, NULL, scene->labels, easel->n_frames,
                           scene->times, &scene->states, error);
}

static enum adv_status plot_frame(const void *context, size_t f, struct adv_image *frame,
                                  struct adv_error *error)
{
    const struct scene *scene = context;
    size_t dim = adv_model_dim(scene->easel->model);
    return adv_panel_images(scene->easel, scene->n, scene->states + f * scene->n * dim, COLUMNS,
                            frame, error);
}

static enum adv_status plot_film(const struct adv_easel *easel, const void *style,
                                 struct adv_film *film, struct adv_error *error)
{
    struct scene scene = {.style = style, .easel = easel};
    enum adv_status status = prepare(&scene, error);
    const struct adv_scene_film states = {&scene, easel->n_frames, START_FRAMES, plot_frame};
    if (status == ADV_OK)
        status = adv_film_plot(film, &states, error);
    free(scene.states);
    free(scene.labels);
    free(scene.times);
    return status;
}

static const struct digit_style three = {3, 5}, four = {4, 5}, five = {5, 5},
                                every = {EVERY_CLASS, 0};

#define COMMON                                                                                     \
    .models = {"mnist", "mnist-mlp"}, .side = 112, .n_frames = 30, .frame_ms = 80,                 \
    .n_colours = 31, .plot = plot_film

const struct adv_figure adv_digit_figures[] = {
    {.name = "digit-three", .help = "threes forming from noise", .style = &three, COMMON},
    {.name = "digit-four", .help = "fours forming from noise", .style = &four, COMMON},
    {.name = "digit-five", .help = "fives forming from noise", .style = &five, COMMON},
    {.name = "digits", .help = "the ten digits forming from noise", .style = &every, COMMON},
    {0},
};
