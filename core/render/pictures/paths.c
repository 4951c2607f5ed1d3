/* Paths of one dimension in (t, x), over the density of all samples at every time. The density is a
 * histogram of states between frames, since a trajectory holds no other. */
#include "core/base/mem.h"
#include "core/data/transforms/transform.h"
#include "core/render/pictures/line.h"

#include <advect/extra/model_parts.h>
#include <advect/extra/pace.h>
#include <advect/extra/plot.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATHS_MOST = 40,
    COLUMNS = 160, /* of the heat map, from the first time to the last */
    ROWS = 90,
};

#define BRIGHTEST 0.985 /* quantile of the heat map's cells with samples */
#define PATH_COLOUR 5
#define PATH_OPACITY 0.75

/* Whether the column is an angle: where it wraps, paths go on at the other end. */
static bool is_on_circle(const struct adv_scene *scene)
{
    struct adv_circles circles;
    return adv_transform_circles(adv_model_transform(scene->model), &circles) > 0;
}

/* Whether a path leaves at one end between two frames and comes in at the other: base and paths of
 * an angle are all over the circle, so that the range is about a turn. */
static bool wraps(const struct adv_line_scale *scale, float from, float to)
{
    return fabs((double)to - (double)from) > (scale->hi - scale->lo) / 2;
}

/* ---------------------------------------------------------------- the densities */

/* The values [n] of all samples at a time, straight between frames. */
static void values_at(const struct adv_scene *scene, bool on_circle, double t, float *values)
{
    const struct adv_answer *answer = scene->answer;
    size_t f = 0, n = answer->n;
    while (f + 2 < answer->n_frames && answer->times[f + 1] < t)
        f++;
    size_t next = f + 1 < answer->n_frames ? f + 1 : f;
    double span = answer->times[next] - answer->times[f];
    float w = span > 0 ? (float)((t - answer->times[f]) / span) : 0;
    const float *a = adv_scene_frame(scene, f), *b = adv_scene_frame(scene, next);
    for (size_t i = 0; i < n; i++) {
        bool jumps = on_circle && wraps(&scene->line, a[i], b[i]);
        values[i] = jumps ? w < 0.5F ? a[i] : b[i] : a[i] + w * (b[i] - a[i]);
    }
}

static double time_of(const struct adv_answer *answer, size_t column)
{
    double first = answer->times[0], span = answer->times[answer->n_frames - 1] - first;
    return first + span * ((double)column + 0.5) / COLUMNS;
}

/* Into map [ROWS, COLUMNS], a row per interval of x; values [n] is scratch. */
static void fill_map(const struct adv_scene *scene, float *values, float *map)
{
    const struct adv_answer *answer = scene->answer;
    bool on_circle = is_on_circle(scene);
    float densities[ROWS];
    for (size_t c = 0; c < COLUMNS && adv_pace_go_on(); c++) {
        values_at(scene, on_circle, time_of(answer, c), values);
        adv_line_count(answer->n, values, scene->line.lo, scene->line.hi, ROWS, densities);
        for (size_t r = 0; r < ROWS; r++)
            map[r * COLUMNS + c] = densities[r];
    }
}

/* The density that is drawn brightest: a narrow peak is not to leave the rest in the dark. sorted
 * [ROWS COLUMNS] is scratch. */
static double find_brightest(const float *map, float *sorted)
{
    size_t n = 0;
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        if (map[i] > 0)
            sorted[n++] = map[i];
    }
    qsort(sorted, n, sizeof *sorted, adv_compare_floats);
    return n > 0 ? (double)sorted[(size_t)(BRIGHTEST * (double)(n - 1))] : 1;
}

enum adv_status adv_paths_prepare(const struct adv_scene *scene, struct adv_line_scale *scale,
                                  struct adv_error *error)
{
    float *map = adv_calloc(ROWS * COLUMNS, sizeof *map);
    float *sorted = adv_calloc(ROWS * COLUMNS, sizeof *sorted);
    float *values = adv_calloc(scene->answer->n, sizeof *values);
    enum adv_status status = map && sorted && values ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK) {
        fill_map(scene, values, map);
        scale->brightest = find_brightest(map, sorted);
        scale->map = map;
        map = NULL;
    }
    free(map);
    free(sorted);
    free(values);
    return status;
}

/* ---------------------------------------------------------------- a picture */

struct paths {
    const struct adv_scene *scene;
    size_t last; /* the frame up to which they are drawn */
    bool on_circle;
    float *map;  /* [ROWS, COLUMNS] densities up to there */
    float *line; /* [2 PATHS_MOST n_frames, 2] */
};

static void paths_release(struct paths *paths)
{
    free(paths->map);
    free(paths->line);
}

static enum adv_status paths_init(struct paths *paths, const struct adv_scene *scene, size_t last,
                                  struct adv_error *error)
{
    *paths =
        (struct paths){.scene = scene,
                       .last = last,
                       .on_circle = is_on_circle(scene),
                       .map = adv_calloc(ROWS * COLUMNS, sizeof *paths->map),
                       .line = adv_calloc(2 * PATHS_MOST * (last + 1), 2 * sizeof *paths->line)};
    if (paths->map && paths->line)
        return ADV_OK;
    paths_release(paths);
    return adv_no_memory(error);
}

/* Leaves blank what comes after the last frame. */
static void copy_map(struct paths *paths)
{
    const struct adv_answer *answer = paths->scene->answer;
    memcpy(paths->map, paths->scene->line.map, ROWS * COLUMNS * sizeof *paths->map);
    for (size_t c = 1; c < COLUMNS; c++) {
        bool later = time_of(answer, c) > answer->times[paths->last];
        for (size_t r = 0; later && r < ROWS; r++)
            paths->map[r * COLUMNS + c] = NAN;
    }
}

static void add_point(struct paths *paths, size_t *n, double t, double x)
{
    paths->line[2 * *n] = (float)t;
    paths->line[2 * *n + 1] = (float)x;
    ++*n;
}

/* The first samples' ways, lines with breaks between them. */
static size_t trace_paths(struct paths *paths)
{
    const struct adv_answer *answer = paths->scene->answer;
    size_t shown = answer->n < PATHS_MOST ? answer->n : PATHS_MOST, n = 0;
    for (size_t i = 0; i < shown; i++) {
        for (size_t f = 0; f <= paths->last; f++) {
            float x = adv_scene_frame(paths->scene, f)[i];
            if (f > 0 && paths->on_circle &&
                wraps(&paths->scene->line, adv_scene_frame(paths->scene, f - 1)[i], x))
                add_point(paths, &n, NAN, NAN);
            add_point(paths, &n, answer->times[f], (double)x);
        }
        add_point(paths, &n, NAN, NAN);
    }
    return n;
}

static enum adv_status plot_paths(struct paths *paths, const char *title, struct adv_image *image,
                                  struct adv_error *error)
{
    const struct adv_scene *scene = paths->scene;
    const struct adv_answer *answer = scene->answer;
    const struct adv_mark mark = {.colour = PATH_COLOUR, .size_px = 1.2, .opacity = PATH_OPACITY};
    struct adv_axes axes = {.width = (int)scene->picture.width,
                            .height = (int)scene->picture.height,
                            .x_lo = answer->times[0],
                            .x_hi = answer->times[answer->n_frames - 1],
                            .y_lo = scene->line.lo,
                            .y_hi = scene->line.hi,
                            .title = title,
                            .x_label = "t",
                            .y_label = adv_line_name(scene)};
    struct adv_plot *plot = NULL;
    enum adv_status status = adv_plot_new(&axes, &plot, error);
    if (status == ADV_OK)
        status = adv_plot_heat_map(plot, ROWS, COLUMNS, paths->map, 0, scene->line.brightest,
                                   "density by histogram", error);
    if (status == ADV_OK)
        status = adv_plot_line(plot, trace_paths(paths), paths->line, &mark, error);
    if (status == ADV_OK)
        status = adv_plot_render(plot, image, error);
    adv_plot_free(plot);
    return status;
}

void adv_paths_title(const struct adv_scene *scene, char title[ADV_SCENE_TITLE_BYTES])
{
    size_t n = scene->answer->n, shown = n < PATHS_MOST ? n : PATHS_MOST;
    snprintf(title, ADV_SCENE_TITLE_BYTES, "%s: %zu of %zu path%s", adv_model_name(scene->model),
             shown, n, n == 1 ? "" : "s");
}

enum adv_status adv_paths_draw(const struct adv_scene *scene, size_t last, const char *title,
                               struct adv_image *image, struct adv_error *error)
{
    struct paths paths;
    enum adv_status status = paths_init(&paths, scene, last, error);
    if (status != ADV_OK)
        return status;
    copy_map(&paths);
    status = plot_paths(&paths, title, image, error);
    paths_release(&paths);
    return status;
}
