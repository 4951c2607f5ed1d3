/* Executing a plan: an arena and its three sweeps, run by one thread, which may share the larger
 * nodes of forward and tangent with others. */
#ifndef ADV_GRAPH_EXEC_H
#define ADV_GRAPH_EXEC_H

#include "core/graph/plan.h"

/* One set of weights, with what the ops packed from them; read-only and shared by threads. */
struct adv_weights {
    const struct adv_graph *graph; /* borrowed */
    const struct adv_kernels *kernels;
    enum adv_purpose purpose;
    const adv_real *flat; /* borrowed: [graph->n_weights], parameter by parameter */
    adv_real *packed;     /* owned: [n_packed] */
    size_t n_packed;
    size_t *packed_offset; /* per node, in elements; ADV_NO_SLOT: nothing is packed */
};

/* Room for what will be packed. */
enum adv_status adv_weights_init(struct adv_weights *weights, const struct adv_graph *graph,
                                 enum adv_purpose purpose, const struct adv_kernels *kernels,
                                 struct adv_error *error);
void adv_weights_release(struct adv_weights *weights);

/* From now on `flat`, borrowed, as it is at this moment: set again after it changed. */
void adv_weights_set(struct adv_weights *weights, const adv_real *flat);

/* One batch: rows <= rows_max with n_conditions <= conditions_max distinct conditions. */
struct adv_inputs {
    size_t rows, conditions;
    const adv_real *x;       /* [rows, dim] */
    const int32_t *row_map;  /* [rows], in [0, conditions) */
    const adv_real *t;       /* [conditions] */
    const adv_real *label;   /* [conditions], whole numbers; NULL if the graph has none */
    const adv_real *context; /* [conditions, size of the graph's context]; NULL if it has none */
    const adv_real *span;    /* [conditions]; NULL if the graph has none */
};

struct adv_exec {
    const struct adv_plan *plan;       /* borrowed */
    const struct adv_weights *weights; /* borrowed; may be set anew between sweeps */
    char *arena;
    const adv_real **value; /* per value: where it is in this sweep */
    struct adv_team team;   /* no pool: none */
    double *seconds;        /* [n_nodes][ADV_N_SWEEPS], added to; borrowed; NULL: not measured */
};

enum adv_status adv_exec_init(struct adv_exec *exec, const struct adv_plan *plan,
                              const struct adv_weights *weights, struct adv_error *error);
void adv_exec_release(struct adv_exec *exec);

/* From now on forward and tangents share large nodes among the threads of pool, which is borrowed
 * and must be idle whenever they run; NULL: among none. Results stay the same, bit for bit.
 * ADV_E_MEMORY: among none. */
enum adv_status adv_exec_share(struct adv_exec *exec, struct adv_pool *pool,
                               struct adv_error *error);

/* Runs the program; returns the output [rows, dim], valid until the next sweep. */
const adv_real *adv_exec_forward(struct adv_exec *exec, const struct adv_inputs *inputs);

/* Forward and n_tangents directional derivatives (plan mode ADV_JVP). dx [n_tangents, rows, dim].
 * Returns the output; *d_out receives [n_tangents, rows, dim], tangent k at k * *stride. */
const adv_real *adv_exec_tangents(struct adv_exec *exec, const struct adv_inputs *inputs,
                                  size_t n_tangents, const adv_real *dx, const adv_real **d_out,
                                  size_t *stride);

/* Backward after a forward on the same inputs (plan mode ADV_TRAIN): adds to g_weights
 * [n_weights] and, unless NULL, to g_x [rows, dim]. g_out [rows, dim]. */
void adv_exec_backward(struct adv_exec *exec, const struct adv_inputs *inputs,
                       const adv_real *g_out, adv_real *g_weights, adv_real *g_x);

#endif
