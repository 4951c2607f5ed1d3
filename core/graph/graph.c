#include "core/graph/graph.h"

#include "core/base/mem.h"
#include "core/ops/ops.h"

#include <stdlib.h>
#include <string.h>

static bool failed(const struct adv_graph *graph)
{
    return graph->error.status != ADV_OK;
}

static int add_value(struct adv_graph *graph, struct adv_value value)
{
    if (adv_grow(&graph->values, &graph->values_capacity, graph->n_values + 1,
                 sizeof *graph->values, &graph->error) != ADV_OK)
        return ADV_NONE;
    graph->values[graph->n_values] = value;
    return (int)graph->n_values++;
}

static struct adv_value one_per_condition(void)
{
    return (struct adv_value){
        .domain = ADV_PER_CONDITION, .shape = adv_shape_flat(1), .producer = ADV_NONE};
}

int adv_graph_add_span(struct adv_graph *graph)
{
    return graph->span = add_value(graph, one_per_condition());
}

void adv_graph_init(struct adv_graph *graph, struct adv_shape x_shape, bool with_label,
                    size_t context)
{
    *graph = (struct adv_graph){.output = ADV_NONE, .span = ADV_NONE};
    struct adv_value x = {.domain = ADV_PER_ROW,
                          .shape = x_shape,
                          .producer = ADV_NONE,
                          .has_tangent = true,
                          .requires_grad = true};
    struct adv_value scalar = one_per_condition();
    graph->x = add_value(graph, x);
    graph->t = add_value(graph, scalar);
    struct adv_value vector = scalar;
    vector.shape = adv_shape_flat(context);
    graph->label = with_label ? add_value(graph, scalar) : ADV_NONE;
    graph->context = context > 0 ? add_value(graph, vector) : ADV_NONE;
}

void adv_graph_release(struct adv_graph *graph)
{
    for (size_t i = 0; i < graph->n_params; i++)
        free(graph->params[i].name);
    for (size_t i = 0; i < graph->n_nodes; i++)
        free((void *)graph->nodes[i].signature.attr);
    free(graph->params);
    free(graph->nodes);
    free(graph->values);
    *graph = (struct adv_graph){.output = ADV_NONE};
}

int adv_graph_param(struct adv_graph *graph, const char *name, int n_dims, const size_t *shape,
                    enum adv_init init, size_t fan_in)
{
    if (failed(graph) || adv_grow(&graph->params, &graph->params_capacity, graph->n_params + 1,
                                  sizeof *graph->params, &graph->error) != ADV_OK)
        return ADV_NONE;
    struct adv_param param = {.n_dims = n_dims,
                              .n_elements = 1,
                              .offset = graph->n_weights,
                              .init = init,
                              .fan_in = fan_in};
    for (int d = 0; d < ADV_PARAM_MAX_DIMS; d++) {
        param.shape[d] = d < n_dims ? shape[d] : 1;
        if (!adv_mul_size(param.n_elements, param.shape[d], &param.n_elements)) {
            adv_no_memory(&graph->error);
            return ADV_NONE;
        }
    }
    size_t n_weights;
    param.name = adv_strdup(name);
    if (!param.name || __builtin_add_overflow(graph->n_weights, param.n_elements, &n_weights)) {
        free(param.name);
        adv_no_memory(&graph->error);
        return ADV_NONE;
    }
    if (init != ADV_INIT_FITTED && graph->n_learned < graph->n_weights)
        adv_bug("the learned parameter %s comes after one that is fitted", name);
    graph->n_weights = n_weights;
    if (init != ADV_INIT_FITTED)
        graph->n_learned = n_weights;
    graph->params[graph->n_params] = param;
    return (int)graph->n_params++;
}

/* Fills the node's signature from its operands and lets the op infer its output. */
static enum adv_status infer(const struct adv_graph *graph, struct adv_node *node,
                             struct adv_error *error)
{
    struct adv_signature *s = &node->signature;
    s->n_inputs = node->op->n_inputs;
    for (int i = 0; i < s->n_inputs; i++) {
        s->domain[i] = graph->values[node->in[i]].domain;
        s->in[i] = graph->values[node->in[i]].shape;
    }
    for (int i = 0; i < node->op->n_params && node->param[i] != ADV_NONE; i++) {
        memcpy(s->param[i], graph->params[node->param[i]].shape, sizeof s->param[i]);
        s->n_params++;
    }
    return node->op->infer(s, error);
}

static enum adv_status copy_attr(struct adv_node *node, const void *attr, struct adv_error *error)
{
    if (!attr)
        return ADV_OK;
    void *copy = malloc(node->op->attr_bytes);
    if (!copy)
        return adv_no_memory(error);
    memcpy(copy, attr, node->op->attr_bytes);
    node->signature.attr = copy;
    return ADV_OK;
}

int adv_graph_apply(struct adv_graph *graph, const struct adv_op *op, const void *attr,
                    const int in[ADV_OP_MAX_INPUTS], const int param[ADV_OP_MAX_PARAMS])
{
    if (failed(graph) || adv_grow(&graph->nodes, &graph->nodes_capacity, graph->n_nodes + 1,
                                  sizeof *graph->nodes, &graph->error) != ADV_OK)
        return ADV_NONE;
    struct adv_node *node = &graph->nodes[graph->n_nodes];
    *node = (struct adv_node){.op = op};
    struct adv_value out = {.producer = (int)graph->n_nodes};
    for (int i = 0; i < ADV_OP_MAX_INPUTS; i++) {
        node->in[i] = i < op->n_inputs ? in[i] : ADV_NONE;
        if (i >= op->n_inputs)
            continue;
        out.has_tangent |= graph->values[in[i]].has_tangent;
        out.requires_grad |= graph->values[in[i]].requires_grad;
    }
    for (int i = 0; i < ADV_OP_MAX_PARAMS; i++) {
        node->param[i] = i < op->n_params ? param[i] : ADV_NONE;
        out.requires_grad |= node->param[i] != ADV_NONE;
    }
    if (copy_attr(node, attr, &graph->error) != ADV_OK)
        return ADV_NONE;
    if (infer(graph, node, &graph->error) != ADV_OK) {
        free((void *)node->signature.attr);
        return ADV_NONE;
    }
    out.domain = node->signature.out_domain;
    out.shape = node->signature.out;
    graph->n_nodes++;
    node->out = add_value(graph, out);
    return node->out;
}

size_t adv_graph_size(const struct adv_graph *graph, int value)
{
    return failed(graph) ? 0 : adv_shape_size(graph->values[value].shape);
}

int adv_graph_unary(struct adv_graph *graph, const struct adv_op *op, int in)
{
    return adv_graph_apply(graph, op, NULL, (int[]){in, ADV_NONE}, (int[]){ADV_NONE, ADV_NONE});
}

int adv_graph_binary(struct adv_graph *graph, const struct adv_op *op, int a, int b)
{
    return adv_graph_apply(graph, op, NULL, (int[]){a, b}, (int[]){ADV_NONE, ADV_NONE});
}

int adv_graph_linear(struct adv_graph *graph, int in, const char *name, size_t n_out)
{
    if (failed(graph))
        return ADV_NONE;
    char full[128];
    size_t n_in = graph->values[in].shape.channels;
    snprintf(full, sizeof full, "%s.weight", name);
    int weight = adv_graph_param(graph, full, 2, (size_t[]){n_out, n_in}, ADV_INIT_FAN_IN, n_in);
    snprintf(full, sizeof full, "%s.bias", name);
    int bias = adv_graph_param(graph, full, 1, (size_t[]){n_out}, ADV_INIT_FAN_IN, n_in);
    return adv_graph_apply(graph, &adv_op_linear, NULL, (int[]){in, ADV_NONE},
                           (int[]){weight, bias});
}

int adv_graph_columns(struct adv_graph *graph, int in, size_t first_column, int weight, int bias)
{
    struct adv_linear_attr attr = {first_column};
    return adv_graph_apply(graph, &adv_op_linear, &attr, (int[]){in, ADV_NONE},
                           (int[]){weight, bias});
}

static bool is_read(const struct adv_graph *graph, int value)
{
    for (size_t i = 0; i < graph->n_nodes; i++) {
        for (int k = 0; k < graph->nodes[i].op->n_inputs; k++) {
            if (graph->nodes[i].in[k] == value)
                return true;
        }
    }
    return false;
}

/* What backward relies on: adjoints reach every value, and the output's is the caller's alone. */
static void check_flow(const struct adv_graph *graph)
{
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        if (is_read(graph, node->out) == (node->out == graph->output))
            adv_bug("the result of node %zu, %s, %s", i, node->op->name,
                    node->out == graph->output ? "is the output and read again" : "leads nowhere");
    }
    const struct adv_value *output = &graph->values[graph->output];
    if (output->producer == ADV_NONE || !output->has_tangent || output->domain != ADV_PER_ROW)
        adv_bug("the output is not a function of x");
}

enum adv_status adv_graph_finish(struct adv_graph *graph, int output, struct adv_error *error)
{
    if (failed(graph))
        return adv_fail_field(error, graph->error.status, graph->error.field, "%s",
                              graph->error.message);
    graph->output = output;
    check_flow(graph);
    return ADV_OK;
}

void adv_graph_multiply_adds(const struct adv_graph *graph, size_t *per_row, size_t *per_condition)
{
    *per_row = *per_condition = 0;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        if (!node->op->multiply_adds)
            continue;
        size_t *total = node->signature.out_domain == ADV_PER_ROW ? per_row : per_condition;
        *total += node->op->multiply_adds(&node->signature);
    }
}

static void print_value(const struct adv_graph *graph, int id, FILE *out)
{
    const struct adv_value *value = &graph->values[id];
    const char *name = id == graph->x       ? "x"
                       : id == graph->t     ? "t"
                       : id == graph->label ? "label"
                       : id == graph->span  ? "span"
                                            : "";
    fprintf(out, "%%%d%s%s", id, *name ? ":" : "", name);
    if (value->shape.height * value->shape.width == 1)
        fprintf(out, "[%zu]", value->shape.channels);
    else
        fprintf(out, "[%zu %zu %zu]", value->shape.channels, value->shape.height,
                value->shape.width);
}

void adv_graph_print(const struct adv_graph *graph, FILE *out)
{
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        fprintf(out, "%s ", node->signature.out_domain == ADV_PER_ROW ? "row      " : "condition");
        print_value(graph, node->out, out);
        fprintf(out, " = %s(", node->op->name);
        for (int k = 0; k < node->signature.n_inputs; k++) {
            fputs(k ? ", " : "", out);
            print_value(graph, node->in[k], out);
        }
        for (int k = 0; k < node->signature.n_params; k++)
            fprintf(out, ", %s", graph->params[node->param[k]].name);
        fprintf(out, ")%s\n", node->out == graph->output ? "  -> velocity" : "");
    }
}
