/* A network as a static program: nodes in build order, values named by integer
 * ids, parameters laid out one after the other in a flat vector of weights.
 * Immutable once finished, and shared by threads.
 *
 * Building: the first failure sticks in the graph and later calls pass through,
 * so that a builder reads like the paper; adv_graph_finish reports it. */
#ifndef ADV_GRAPH_GRAPH_H
#define ADV_GRAPH_GRAPH_H

#include "core/ops/op.h"

#include <stdio.h>

#define ADV_NONE (-1)

/* How a parameter starts. */
enum adv_init {
    ADV_INIT_FAN_IN, /* U(-b, b), b = 1/sqrt(fan_in): PyTorch's Linear */
    ADV_INIT_NORMAL, /* N(0, 1): PyTorch's Embedding */
    ADV_INIT_ZERO,
    ADV_INIT_ONE,   /* the weights of norms */
    ADV_INIT_FITTED /* set from data before training, and not learned; zeros until then */
};

struct adv_param {
    char *name; /* as in a PyTorch state_dict */
    int n_dims;
    size_t shape[ADV_PARAM_MAX_DIMS]; /* unused dimensions are 1 */
    size_t n_elements;
    size_t offset; /* in the flat weights, in elements */
    enum adv_init init;
    size_t fan_in;
};

struct adv_value {
    enum adv_domain domain;
    struct adv_shape shape;
    int producer;       /* node, or ADV_NONE for an input */
    bool has_tangent;   /* depends on x: has a tangent */
    bool requires_grad; /* depends on x or on a parameter: has an adjoint */
};

struct adv_node {
    const struct adv_op *op;
    struct adv_signature signature; /* signature.attr is owned */
    int in[ADV_OP_MAX_INPUTS];
    int param[ADV_OP_MAX_PARAMS];
    int out;
};

struct adv_graph {
    struct adv_value *values;
    struct adv_node *nodes;
    struct adv_param *params;
    size_t n_values, n_nodes, n_params;
    size_t values_capacity, nodes_capacity, params_capacity;
    size_t n_weights;               /* elements of all parameters */
    size_t n_learned;               /* of these, the first so many are learned, the others fitted */
    int x, t, label, context, span; /* input values; the last three may be ADV_NONE */
    int output;
    struct adv_error error; /* the first failure of building */
};

/* dim: elements of x; with_label: a label per condition is an input; context: so many numbers per
 * condition are an input, or 0. */
void adv_graph_init(struct adv_graph *graph, struct adv_shape x_shape, bool with_label,
                    size_t context);
void adv_graph_release(struct adv_graph *graph);

/* Makes the span s - t of a flow map from t to s an input too, one per condition; its value id. To
 * be called before anything is applied. */
int adv_graph_add_span(struct adv_graph *graph);

/* A parameter's id. name is copied. fan_in only matters for ADV_INIT_FAN_IN. Those that are fitted
 * come after all that are learned. */
int adv_graph_param(struct adv_graph *graph, const char *name, int n_dims, const size_t *shape,
                    enum adv_init init, size_t fan_in);

/* Applies op to the inputs (and parameters; ADV_NONE where there is none); attr is copied. Returns
 * the output's value id. */
int adv_graph_apply(struct adv_graph *graph, const struct adv_op *op, const void *attr,
                    const int in[ADV_OP_MAX_INPUTS], const int param[ADV_OP_MAX_PARAMS]);

/* Elements of a value; 0 after a failure. */
size_t adv_graph_size(const struct adv_graph *graph, int value);

/* apply for the common arities */
int adv_graph_unary(struct adv_graph *graph, const struct adv_op *op, int in);
int adv_graph_binary(struct adv_graph *graph, const struct adv_op *op, int a, int b);

/* Linear(in -> n_out), of images pixel by pixel: declares `name`.weight [n_out, channels of in] and
 * `name`.bias [n_out]. */
int adv_graph_linear(struct adv_graph *graph, int in, const char *name, size_t n_out);

/* The product of `in` with a slice of a weight's columns, from the given one on; bias: ADV_NONE for
 * none. */
int adv_graph_columns(struct adv_graph *graph, int in, size_t first_column, int weight, int bias);

/* Ends building with its output, a value per row that depends on x. That every other value leads
 * to it, and it to none, is the builder's duty. */
enum adv_status adv_graph_finish(struct adv_graph *graph, int output, struct adv_error *error);

/* The program in words, a line per node. */
void adv_graph_print(const struct adv_graph *graph, FILE *out);

/* Multiply-adds of one forward: per sample row, and per condition. */
void adv_graph_multiply_adds(const struct adv_graph *graph, size_t *per_row, size_t *per_condition);

#endif
