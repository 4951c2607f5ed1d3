/* What a model of few steps gives beside its teacher: the same images, and how far its
 * log-densities are off. */
#include "trainer/figure/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4, COLUMNS = 10, N_POINTS = 2000 };
#define REACH 1.0 /* of the differences that are shown, nats */

static const int64_t steps_of[MOST] = {1, 2, 4, 8};

/* The numbers of steps that the easel's student was made for. */
static int count_steps(const struct adv_easel *easel)
{
    int n = 0;
    while (n < MOST && steps_of[n] <= adv_model_flow_map_steps(easel->model))
        n++;
    return n;
}

static void take_steps(struct adv_query *query, int64_t steps)
{
    query->solver.steps = steps;
    adv_solver_find("flow_map", &query->solver.solver, NULL);
}

/* n samples x [n, dim] of the student or the teacher, with the guidance of the teacher's paths, in so
 * many steps of the flow map; steps 0: by the model's default solver. */
static enum adv_status draw(const struct adv_easel *easel, struct adv_model *model, size_t n,
                            int64_t steps, float *x, struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_SAMPLES);
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    query.n = n;
    query.seed = easel->seed;
    query.guidance = adv_model_guidance(easel->model);
    if (steps)
        take_steps(&query, steps);
    enum adv_status status = adv_easel_ask(easel, model, &query, &run, &answer, error);
    if (status == ADV_OK)
        memcpy(x, answer->states, n * answer->dim * sizeof *x);
    adv_run_free(run);
    return status;
}

/* ---------------------------------------------------------------- images */

/* A row of each number of steps, the teacher's last. */
static enum adv_status plot_image_rows(const void *context, size_t f, struct adv_image *frame,
                                       struct adv_error *error)
{
    (void)f;
    const struct adv_easel *easel = context;
    enum adv_status status = adv_easel_check_images(easel, error);
    int n_steps = count_steps(easel);
    size_t row = COLUMNS * adv_model_dim(easel->model);
    float *pixels = calloc((MOST + 1) * row, sizeof *pixels);
    if (status == ADV_OK && !pixels)
        status = adv_no_memory(error);
    for (int k = 0; status == ADV_OK && k < n_steps; k++)
        status = draw(easel, easel->model, COLUMNS, steps_of[k], pixels + (size_t)k * row, error);
    if (status == ADV_OK)
        status = draw(easel, easel->teacher, COLUMNS, 0, pixels + (size_t)n_steps * row, error);
    if (status == ADV_OK)
        status =
            adv_panel_images(easel, (size_t)(n_steps + 1) * COLUMNS, pixels, COLUMNS, frame, error);
    free(pixels);
    return status;
}

/* ---------------------------------------------------------------- densities */

/* Samples of the teacher, with its log-densities. */
struct judged {
    float *x;
    double *log_density;
    double least, most; /* the range that is shown: nearly all of them */
};

static void judged_release(struct judged *judged)
{
    free(judged->x);
    free(judged->log_density);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum adv_status find_range(struct judged *judged, struct adv_error *error)
{
    double *sorted = calloc(N_POINTS, sizeof *sorted);
    if (!sorted)
        return adv_no_memory(error);
    memcpy(sorted, judged->log_density, N_POINTS * sizeof *sorted);
    qsort(sorted, N_POINTS, sizeof *sorted, by_value);
    judged->least = sorted[N_POINTS / 100];
    judged->most = sorted[N_POINTS - 1];
    double margin = 0.05 * (judged->most - judged->least) + 1e-3;
    judged->least -= margin;
    judged->most += margin;
    free(sorted);
    return ADV_OK;
}

/* Log-densities of points x, by steps as above. */
static enum adv_status take_densities(const struct adv_easel *easel, struct adv_model *model,
                                      const float *x, int64_t steps, double *log_density,
                                      struct adv_error *error)
{
    struct adv_query query = adv_query_default(ADV_QUERY_LOG_DENSITY);
    struct adv_run *run = NULL;
    const struct adv_answer *answer = NULL;
    query.n = N_POINTS;
    query.points = x;
    if (steps)
        take_steps(&query, steps);
    enum adv_status status = adv_easel_ask(easel, model, &query, &run, &answer, error);
    if (status == ADV_OK)
        memcpy(log_density, answer->log_density, N_POINTS * sizeof *log_density);
    adv_run_free(run);
    return status;
}

static enum adv_status judged_take(const struct adv_easel *easel, struct judged *judged,
                                   struct adv_error *error)
{
    size_t dim = adv_model_dim(easel->model);
    if (dim > ADV_EXACT_DIM_MAX || adv_model_classes(easel->model) ||
        adv_model_context(easel->model) || adv_model_flow_map_is_one_way(easel->model))
        return adv_fail_field(error, ADV_E_INVALID, "model",
                              "model %s is not one of points of up to %d dimensions without "
                              "classes and context, whose flow map gives log-densities; this "
                              "figure needs such a one",
                              adv_model_name(easel->model), ADV_EXACT_DIM_MAX);
    judged->x = calloc(N_POINTS * dim, sizeof *judged->x);
    judged->log_density = calloc(N_POINTS, sizeof *judged->log_density);
    if (!judged->x || !judged->log_density)
        return adv_no_memory(error);
    enum adv_status status = draw(easel, easel->teacher, N_POINTS, 0, judged->x, error);
    if (status == ADV_OK)
        status = take_densities(easel, easel->teacher, judged->x, 0, judged->log_density, error);
    return status == ADV_OK ? find_range(judged, error) : status;
}

static enum adv_status plot_differences(const struct adv_easel *easel, const struct judged *judged,
                                        int64_t steps, const float *points, double mean,
                                        struct adv_image *panel, struct adv_error *error)
{
    char title[96];
    snprintf(title, sizeof title, "%d step%s: %.3f nats on average", (int)steps,
             steps == 1 ? "" : "s", mean);
    struct adv_axes axes = {.width = easel->side,
                            .height = easel->side,
                            .x_lo = judged->least,
                            .x_hi = judged->most,
                            .y_lo = -REACH,
                            .y_hi = REACH,
                            .title = title,
                            .x_label = "log-density of the teacher, nats",
                            .y_label = "difference to it"};
    const float zero[] = {(float)judged->least, 0, (float)judged->most, 0};
    const struct adv_mark line = {.colour = ADV_INK_QUIET, .size_px = 1};
    const struct adv_mark dots = {.size_px = 1.5, .opacity = 0.5};
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_line(plot, 2, zero, &line, error);
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, N_POINTS, points, NULL, &dots, error);
    return adv_panel_finish(status, plot, panel, error);
}

static enum adv_status plot_panel(const struct adv_easel *easel, const struct judged *judged,
                                  int64_t steps, struct adv_image *panel, struct adv_error *error)
{
    double *log_density = calloc(N_POINTS, sizeof *log_density), sum = 0;
    float *points = calloc(N_POINTS, 2 * sizeof *points);
    enum adv_status status = log_density && points ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status = take_densities(easel, easel->model, judged->x, steps, log_density, error);
    for (size_t i = 0; status == ADV_OK && i < N_POINTS; i++) {
        double difference = log_density[i] - judged->log_density[i];
        points[2 * i] = (float)judged->log_density[i];
        points[2 * i + 1] = (float)difference;
        sum += fabs(difference);
    }
    if (status == ADV_OK)
        status = plot_differences(easel, judged, steps, points, sum / N_POINTS, panel, error);
    free(points);
    free(log_density);
    return status;
}

static enum adv_status plot_density_panels(const void *context, size_t f, struct adv_image *frame,
                                           struct adv_error *error)
{
    (void)f;
    const struct adv_easel *easel = context;
    struct judged judged = {0};
    struct adv_image panels[MOST] = {0};
    int n = count_steps(easel);
    enum adv_status status = judged_take(easel, &judged, error);
    for (int k = 0; status == ADV_OK && k < n; k++)
        status = plot_panel(easel, &judged, steps_of[k], &panels[k], error);
    if (status == ADV_OK)
        status = adv_panels_join((size_t)n, panels, 2, frame, error);
    for (int k = 0; k < MOST; k++)
        adv_image_release(&panels[k]);
    judged_release(&judged);
    return status;
}

/* ---------------------------------------------------------------- figures */

struct picture {
    enum adv_status (*plot)(const void *easel, size_t f, struct adv_image *frame,
                            struct adv_error *error);
};
static const struct picture images = {plot_image_rows}, densities = {plot_density_panels};

static enum adv_status plot_film(const struct adv_easel *easel, const void *style,
                                 struct adv_film *film, struct adv_error *error)
{
    const struct picture *picture = style;
    const struct adv_scene_film states = {easel, 1, 0, picture->plot};
    return adv_film_plot(film, &states, error);
}

const struct adv_figure adv_few_steps_figures[] = {
    {.name = "few-steps-images",
     .help = "images of a model of few steps above its teacher's, a row for each number",
     .models = {"mnist-fast"},
     .has_teacher = true,
     .side = 84,
     .n_frames = 1,
     .n_colours = 31,
     .style = &images,
     .plot = plot_film},
    {.name = "few-steps-density",
     .help = "difference of the log-densities of a model of few steps to its teacher's",
     .models = {"checkerboard-8x8-fast"},
     .has_teacher = true,
     .side = 380,
     .n_frames = 1,
     .n_colours = 63,
     .style = &densities,
     .plot = plot_film},
    {0},
};
