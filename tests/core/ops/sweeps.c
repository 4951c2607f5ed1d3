#include "tests/core/ops/sweeps.h"

#include "core/base/mem.h"

#include <check.h>
#include <stdlib.h>

#define SPARE 4

static adv_real *new_random(struct scene *scene, size_t n)
{
    adv_real *x = new_zeros(n);
    random_fill(&scene->random, -1, 1, n, x);
    return x;
}

static size_t output_size(const struct scene *scene)
{
    return scene->inputs.rows * scene->dim;
}

/* The arena begins as NaN, so a read before the write, or after another's, shows. */
static void check_forward(const struct scene *scene, enum adv_mode mode, size_t spare)
{
    struct run run;
    struct naive naive;
    size_t n = output_size(scene);
    run_init(&run, scene, mode, mode == ADV_TRAIN ? ADV_TO_TRAIN : ADV_TO_EVALUATE, spare);
    naive_init(&naive, scene->graph, &run.weights, &scene->inputs);
    const adv_real *expected = naive.value[scene->graph->output];
    ck_assert(all_finite(n, expected));
    for (int sweep = 0; sweep < 2; sweep++)
        ck_assert(same_bytes(n, adv_exec_forward(&run.exec, &scene->inputs), expected));
    naive_release(&naive);
    run_release(&run);
}

void check_forward_sweep(const struct scene *scene)
{
    for (enum adv_mode mode = ADV_EVAL; mode <= ADV_TRAIN; mode++) {
        for (size_t spare = 0; spare <= SPARE; spare += SPARE)
            check_forward(scene, mode, spare);
    }
}

static void check_tangents(const struct scene *scene, const adv_real *dx, size_t spare)
{
    struct run run;
    struct naive naive;
    size_t n = output_size(scene);
    run_init(&run, scene, ADV_JVP, ADV_TO_EVALUATE, spare);
    naive_init(&naive, scene->graph, &run.weights, &scene->inputs);
    for (size_t count = 1; count <= SCENE_TANGENTS; count++) {
        const adv_real *d_out = NULL;
        size_t stride = 0;
        const adv_real *v =
            adv_exec_tangents(&run.exec, &scene->inputs, count, dx, &d_out, &stride);
        ck_assert(same_bytes(n, v, naive.value[scene->graph->output]));
        for (size_t k = 0; k < count; k++) {
            naive_tangents(&naive, dx + k * n);
            ck_assert(same_bytes(n, d_out + k * stride, naive.tangent[scene->graph->output]));
        }
    }
    naive_release(&naive);
    run_release(&run);
}

void check_tangent_sweep(struct scene *scene)
{
    adv_real *dx = new_random(scene, SCENE_TANGENTS * output_size(scene));
    for (size_t spare = 0; spare <= SPARE; spare += SPARE)
        check_tangents(scene, dx, spare);
    free(dx);
}

static void check_backward(const struct scene *scene, const adv_real *g_out, size_t spare)
{
    struct run run;
    struct naive naive;
    size_t n = output_size(scene), n_weights = scene->graph->n_weights;
    run_init(&run, scene, ADV_TRAIN, ADV_TO_TRAIN, spare);
    naive_init(&naive, scene->graph, &run.weights, &scene->inputs);
    naive_backward(&naive, g_out);
    for (int with_x = 0; with_x < 2; with_x++) {
        adv_real *g_weights = new_zeros(n_weights), *g_x = new_zeros(n);
        adv_exec_forward(&run.exec, &scene->inputs);
        adv_exec_backward(&run.exec, &scene->inputs, g_out, g_weights, with_x ? g_x : NULL);
        ck_assert(same_bytes(n_weights, g_weights, naive.g_weights));
        ck_assert(!with_x || same_bytes(n, g_x, naive.adjoint[scene->graph->x]));
        free(g_weights);
        free(g_x);
    }
    naive_release(&naive);
    run_release(&run);
}

void check_backward_sweep(struct scene *scene)
{
    adv_real *g_out = new_random(scene, output_size(scene));
    for (size_t spare = 0; spare <= SPARE; spare += SPARE)
        check_backward(scene, g_out, spare);
    free(g_out);
}
