/* The curves of quality against speed: a panel per column, a line per method and grid. */
#include "trainer/eval/quality.h"
#include "trainer/figure/figure.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 720, HEIGHT = 380, LINES_MAX = 12 };

struct panel {
    const char *key, *label;
    bool log_y, misses; /* misses: one minus the value is shown */
};

static const struct panel panels[] = {
    {"frechet", "judge: Frechet distance", true, false},
    {"accuracy", "judge: share misread (1 - accuracy)", false, true},
    {"deviation", "deviation from the exact flow", true, false},
    {"bits_per_dim", "bits per dimension", false, false},
};

#define N_PANELS ADV_COUNT(panels)

static double value_of(const struct panel *panel, const json_t *row)
{
    const json_t *value = json_object_get(row, panel->key);
    if (!json_is_number(value))
        return NAN;
    return panel->misses ? 1 - json_number_value(value) : json_number_value(value);
}

static bool same_line(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "method"), json_object_get(b, "method")) &&
           json_equal(json_object_get(a, "power"), json_object_get(b, "power"));
}

/* Whether row i begins a line of its own: no row before it is of its method and grid. */
static bool begins_line(const json_t *rows, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (same_line(json_array_get(rows, k), json_array_get(rows, i)))
            return false;
    }
    return true;
}

/* A solver's colour, the same in all figures. */
static int colour_of(const char *method)
{
    static const char *const methods[] = {"euler", "midpoint", "heun", "rk4", "dopri5"};
    size_t i = 0;
    while (i < ADV_COUNT(methods) && strcmp(methods[i], method) != 0)
        i++;
    return (int)i;
}

static enum adv_status add_line(struct adv_plot *plot, const struct panel *panel,
                                const json_t *rows, const json_t *first, struct adv_error *error)
{
    char label[64];
    double power = json_real_value(json_object_get(first, "power"));
    const char *method = json_string_value(json_object_get(first, "method"));
    size_t n = 0, i;
    const json_t *row;
    float *points = calloc(json_array_size(rows), 2 * sizeof *points);
    if (!points)
        return adv_no_memory(error);
    json_array_foreach(rows, i, row)
    {
        if (!same_line(row, first))
            continue;
        points[2 * n] = (float)json_integer_value(json_object_get(row, "nfe"));
        points[2 * n + 1] = (float)value_of(panel, row);
        n++;
    }
    snprintf(label, sizeof label, power == 1 ? "%s" : "%s, times ^%g", method, power);
    struct adv_mark line = {.colour = colour_of(method), .label = label},
                    dots = {.colour = colour_of(method), .size_px = 3};
    line.opacity = dots.opacity = power == 1 ? 1 : 0.45;
    enum adv_status status = n > 1 ? adv_plot_line(plot, n, points, &line, error) : ADV_OK;
    if (n == 1)
        dots.label = label;
    if (status == ADV_OK)
        status = adv_plot_scatter(plot, n, points, NULL, &dots, error);
    free(points);
    return status;
}

static enum adv_status plot_panel(const json_t *rows, const struct panel *panel, const char *title,
                                  struct adv_image *image, struct adv_error *error)
{
    struct adv_axes axes = {
        .width = WIDTH,
        .height = HEIGHT,
        .title = title,
        .x_label = "velocities per sample",
        .y_label = panel->label,
        .log_x = true,
        .log_y = panel->log_y,
    };
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    int n_lines = 0;
    for (size_t i = 0; status == ADV_OK && i < json_array_size(rows); i++) {
        if (begins_line(rows, i) && n_lines++ < LINES_MAX)
            status = add_line(plot, panel, rows, json_array_get(rows, i), error);
    }
    return adv_panel_finish(status, plot, image, error);
}

static bool is_measured(const struct panel *panel, const json_t *rows)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (isfinite(value_of(panel, row)))
            return true;
    }
    return false;
}

enum adv_status adv_quality_plot(const json_t *rows, const char *title, const char *path,
                                 struct adv_error *error)
{
    struct adv_image images[N_PANELS] = {0};
    size_t n = 0;
    enum adv_status status = ADV_OK;
    for (size_t p = 0; status == ADV_OK && p < N_PANELS; p++) {
        if (!is_measured(&panels[p], rows))
            continue;
        status = plot_panel(rows, &panels[p], n == 0 ? title : NULL, &images[n], error);
        n++;
    }
    if (status == ADV_OK)
        status = adv_panels_write(n, images, 1, path, error);
    for (size_t p = 0; p < N_PANELS; p++)
        adv_image_release(&images[p]);
    return status;
}
