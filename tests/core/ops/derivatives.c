#include "tests/core/ops/derivatives.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t output_size(const struct scene *scene)
{
    return scene->inputs.rows * scene->dim;
}

static adv_real *new_random(struct scene *scene, size_t n)
{
    adv_real *x = new_zeros(n);
    random_fill(&scene->random, -1, 1, n, x);
    return x;
}

/* g_weights [n_weights] and g_x [rows, dim] of <w, forward>. */
static void backward(const struct scene *scene, const adv_real *w, adv_real *g_weights,
                     adv_real *g_x)
{
    struct run run;
    run_init(&run, scene, ADV_TRAIN, ADV_TO_TRAIN, 0);
    adv_exec_forward(&run.exec, &scene->inputs);
    adv_exec_backward(&run.exec, &scene->inputs, w, g_weights, g_x);
    run_release(&run);
}

void check_transpose(struct scene *scene)
{
    size_t n = output_size(scene), stride;
    adv_real *dx = new_random(scene, n), *w = new_random(scene, n);
    adv_real *g_weights = new_zeros(scene->graph->n_weights), *g_x = new_zeros(n);
    const adv_real *dv;
    struct run run;
    backward(scene, w, g_weights, g_x);
    run_init(&run, scene, ADV_JVP, ADV_TO_TRAIN, 0);
    adv_exec_tangents(&run.exec, &scene->inputs, 1, dx, &dv, &stride);
    /* Tangents are exact, so that rounding alone separates the sides: tens of sums in a row,
     * whose terms may be a thousand times their sum. */
    double scale = (double)n * fmax(1, fmax(largest(n, dv), largest(n, g_x)));
    ck_assert_double_le(fabs(dot(n, w, dv) - dot(n, g_x, dx)), 3e4 * ROUNDOFF * scale);
    run_release(&run);
    free(dx);
    free(w);
    free(g_weights);
    free(g_x);
}

/* d <w, forward> by moving `moved` [n] a small step along direction, to either side. */
static double slope_of(const struct scene *scene, const adv_real *w, adv_real *moved, size_t n,
                       const adv_real *direction, double step)
{
    struct run run;
    adv_real *saved = new_zeros(n);
    double values[2];
    run_init(&run, scene, ADV_EVAL, ADV_TO_TRAIN, 0);
    memcpy(saved, moved, n * sizeof *saved);
    for (int side = 0; side < 2; side++) {
        double signed_step = side ? step : -step;
        for (size_t i = 0; i < n; i++)
            moved[i] = saved[i] + (adv_real)(signed_step * (double)direction[i]);
        adv_weights_set(&run.weights, scene->flat);
        values[side] = dot(output_size(scene), w, adv_exec_forward(&run.exec, &scene->inputs));
    }
    memcpy(moved, saved, n * sizeof *saved);
    free(saved);
    run_release(&run);
    return (values[1] - values[0]) / (2 * step);
}

/* |<g, direction> - slope|, beside the size that the sum's terms have. */
static void check_slope(struct scene *scene, const adv_real *w, adv_real *moved, size_t n,
                        const adv_real *g, double step)
{
    adv_real *direction = new_random(scene, n);
    double slope = slope_of(scene, w, moved, n, direction, step);
    double scale = fmax(1, largest(n, g)) * sqrt((double)n);
    ck_assert_double_le(fabs(dot(n, g, direction) - slope), DIFFERENCE_TOLERANCE * scale);
    free(direction);
}

void check_differences(struct scene *scene, double step)
{
    size_t n = output_size(scene), n_weights = scene->graph->n_weights;
    adv_real *w = new_random(scene, n), *g_weights = new_zeros(n_weights), *g_x = new_zeros(n);
    backward(scene, w, g_weights, g_x);
    check_slope(scene, w, scene->x, n, g_x, step);
    check_slope(scene, w, scene->flat, n_weights, g_weights, step);
    free(w);
    free(g_weights);
    free(g_x);
}
