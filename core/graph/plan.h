/* Planning: where every value of a graph lives in one arena, decided before
 * anything runs. Planning may fail; executing a plan cannot. */
#ifndef ADV_GRAPH_PLAN_H
#define ADV_GRAPH_PLAN_H

#include "core/graph/graph.h"

enum adv_mode {
    ADV_EVAL,  /* forward */
    ADV_JVP,   /* forward with tangents, node by node */
    ADV_TRAIN, /* forward, then backward */
};

#define ADV_NO_SLOT SIZE_MAX

/* A range of the arena and the time it is in use. Times: forward of node i is 2i, its
 * tangents 2i + 1, its backward 2(2N - 1 - i); inputs are there from time -1. */
struct adv_slot {
    size_t offset, bytes;
    long begin, end; /* inclusive */
};

static inline long adv_plan_time_backward(const struct adv_graph *graph, size_t node)
{
    return 2 * (2 * (long)graph->n_nodes - 1 - (long)node);
}

struct adv_plan {
    const struct adv_graph *graph; /* borrowed */
    enum adv_mode mode;
    size_t rows_max, conditions_max, tangents_max;
    struct adv_slot *slots;
    size_t n_slots;
    /* Slot of a value's elements, of its tangents (all of them, tangent-major), of its
     * adjoint. ADV_NO_SLOT where there is none: inputs live with the caller. */
    size_t *value_slot, *tangent_slot, *adjoint_slot;
    size_t
        scratch_slot; /* one for all nodes, as large as the neediest asks, so that it stays hot */
    long *adjoint_begin; /* per value: when its adjoint is first written, to be zeroed before */
    size_t arena_bytes;
};

/* rows_max, conditions_max >= 1; tangents_max >= 1 for ADV_JVP, else 0. kernels: those it will run
 * with, which know their scratch. */
enum adv_status adv_plan_new(const struct adv_graph *graph, const struct adv_kernels *kernels,
                             enum adv_mode mode, size_t rows_max, size_t conditions_max,
                             size_t tangents_max, struct adv_plan **plan, struct adv_error *error);
void adv_plan_free(struct adv_plan *plan);

/* *rows: about the most rows (a multiple of 12, or fewer where 12 are too many, but at least 2; at
 * most rows_limit) whose plan stays within arena_bytes, when every row has its own condition. */
enum adv_status adv_plan_rows_within(const struct adv_graph *graph,
                                     const struct adv_kernels *kernels, enum adv_mode mode,
                                     size_t tangents_max, size_t arena_bytes, size_t rows_limit,
                                     size_t *rows, struct adv_error *error);

#endif
