/* Graphs to try planning and execution on, with inputs and weights to run them; and a naive
 * executor, in which every value has memory of its own, to hold plans against. */
#ifndef ADV_TESTS_GRAPHS_H
#define ADV_TESTS_GRAPHS_H

#include "core/graph/exec.h"
#include "tests/support/numbers.h"

/* A graph, a batch for it, and weights. */
struct scene {
    const struct adv_graph *graph;
    struct adv_graph own; /* graph, unless that is borrowed */
    size_t dim;
    adv_real *flat;
    adv_real *x, *t, *label;
    adv_real *context; /* [SCENE_CONDITIONS, size of the graph's], or NULL */
    int32_t *row_map;
    struct adv_inputs inputs; /* of the above */
    struct random random;
};

#define SCENE_ROWS 7
#define SCENE_CONDITIONS 3
#define SCENE_TANGENTS 3
#define SCENE_DIM_MAX 5

/* A random graph with residuals, diamonds and joins, in which every value leads to the output;
 * the same for the same seed. smooth: without relu, for central differences. */
void scene_init_random(struct scene *scene, uint64_t seed, bool smooth);

/* depth times linear and relu, of one width; residual: h += relu(linear(h)). */
void scene_init_chain(struct scene *scene, size_t depth, bool residual);

/* Weights and a batch for a finished graph, which is borrowed; with labels below 4. */
void scene_init_borrowed(struct scene *scene, const struct adv_graph *graph, uint64_t seed);

void scene_release(struct scene *scene);

/* ---- planned ---- */

/* A plan of one mode with its memory, NaN at first, and its weights. */
struct run {
    struct adv_plan *plan;
    struct adv_weights weights;
    struct adv_exec exec;
};

/* SCENE_TANGENTS where the mode has tangents. */
size_t scene_tangents(enum adv_mode mode);

struct adv_plan *new_plan(const struct adv_graph *graph, enum adv_mode mode, size_t rows,
                          size_t conditions, size_t tangents);

/* spare: room for so many rows and conditions more than the scene has. */
void run_init(struct run *run, const struct scene *scene, enum adv_mode mode,
              enum adv_purpose purpose, size_t spare);
void run_release(struct run *run);

adv_real *new_zeros(size_t n);

/* ---- the naive executor ---- */

struct naive {
    const struct adv_graph *graph;
    const struct adv_weights *weights;
    const struct adv_inputs *inputs;
    adv_real **value, **tangent, **adjoint; /* per value; [rows or conditions, size] */
    adv_real *g_weights;
};

/* Runs forward. weights as for adv_exec_init. */
void naive_init(struct naive *naive, const struct adv_graph *graph,
                const struct adv_weights *weights, const struct adv_inputs *inputs);
void naive_release(struct naive *naive);

/* Fills tangent of what moves with x along dx [rows, dim]. */
void naive_tangents(struct naive *naive, const adv_real *dx);

/* Fills adjoint, and g_weights [n_weights], from g_out [rows, dim]. */
void naive_backward(struct naive *naive, const adv_real *g_out);

#endif
