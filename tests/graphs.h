/* Graphs to try planning and execution on, with inputs and weights to run them; and a naive
 * executor, in which every value has memory of its own, to hold plans against. */
#ifndef ADV_TESTS_GRAPHS_H
#define ADV_TESTS_GRAPHS_H

#include "core/graph/exec.h"
#include "tests/numbers.h"

/* A graph, a batch for it, and weights. */
struct scene {
    struct adv_graph graph;
    size_t dim;
    adv_real *flat;
    adv_real *x, *t, *label;
    int32_t *row_map;
    struct adv_inputs inputs; /* of the above */
    struct random random;
};

#define SCENE_ROWS 7
#define SCENE_CONDITIONS 3

/* A random graph with residuals, diamonds and joins, in which every value leads to the output;
 * the same for the same seed. smooth: without relu, for central differences. */
void scene_init_random(struct scene *scene, uint64_t seed, bool smooth);

/* depth times linear and relu, of one width; residual: h += relu(linear(h)). */
void scene_init_chain(struct scene *scene, size_t depth, bool residual);

/* Weights and a batch for a finished graph, which the scene takes over. */
void scene_init_batch(struct scene *scene, uint64_t seed);

void scene_release(struct scene *scene);

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
