#include "core/graph/exec.h"

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/kernels/blas.h"

#include <stdlib.h>
#include <string.h>

static const adv_real *const *node_params(const struct adv_graph *graph,
                                          const struct adv_node *node, const adv_real *flat,
                                          const adv_real *param[ADV_OP_MAX_PARAMS])
{
    for (int k = 0; k < node->signature.n_params; k++)
        param[k] = flat + graph->params[node->param[k]].offset;
    return param;
}

/* Lays the nodes' packed parameters out one after the other; returns their elements. */
static size_t lay_out(struct adv_weights *weights)
{
    const size_t line = ADV_CACHE_LINE / sizeof(adv_real);
    size_t total = 0;
    for (size_t i = 0; i < weights->graph->n_nodes; i++) {
        const struct adv_node *node = &weights->graph->nodes[i];
        size_t size =
            node->op->packed_size
                ? node->op->packed_size(&node->signature, weights->kernels, weights->purpose)
                : 0;
        weights->packed_offset[i] = size ? total : ADV_NO_SLOT;
        total += (size + line - 1) / line * line;
    }
    return total;
}

enum adv_status adv_weights_init(struct adv_weights *weights, const struct adv_graph *graph,
                                 enum adv_purpose purpose, const struct adv_kernels *kernels,
                                 struct adv_error *error)
{
    *weights = (struct adv_weights){.graph = graph, .kernels = kernels, .purpose = purpose};
    adv_blas_single_threaded();
    weights->packed_offset = adv_calloc(graph->n_nodes, sizeof *weights->packed_offset);
    weights->n_packed = weights->packed_offset ? lay_out(weights) : 0;
    if (weights->packed_offset)
        weights->packed = adv_alloc_aligned(weights->n_packed, sizeof *weights->packed);
    if (weights->packed)
        return ADV_OK;
    adv_weights_release(weights);
    return adv_no_memory(error);
}

void adv_weights_set(struct adv_weights *weights, const adv_real *flat)
{
    weights->flat = flat;
    for (size_t i = 0; i < weights->graph->n_nodes; i++) {
        const struct adv_node *node = &weights->graph->nodes[i];
        const adv_real *param[ADV_OP_MAX_PARAMS];
        if (weights->packed_offset[i] != ADV_NO_SLOT)
            node->op->pack(&node->signature, weights->kernels, weights->purpose,
                           node_params(weights->graph, node, flat, param),
                           weights->packed + weights->packed_offset[i]);
    }
}

void adv_weights_release(struct adv_weights *weights)
{
    free(weights->packed);
    free(weights->packed_offset);
    *weights = (struct adv_weights){0};
}

enum adv_status adv_exec_init(struct adv_exec *exec, const struct adv_plan *plan,
                              const struct adv_weights *weights, struct adv_error *error)
{
    *exec = (struct adv_exec){.plan = plan, .weights = weights};
    exec->arena = adv_alloc_aligned(plan->arena_bytes, 1);
    exec->value = adv_calloc(plan->graph->n_values, sizeof(const adv_real *));
    if (exec->arena && exec->value)
        return ADV_OK;
    adv_exec_release(exec);
    return adv_no_memory(error);
}

void adv_exec_release(struct adv_exec *exec)
{
    free(exec->team.scratch);
    free(exec->arena);
    free(exec->value);
    *exec = (struct adv_exec){0};
}

static size_t scratch_bytes(const struct adv_plan *plan)
{
    size_t slot = plan->scratch_slot;
    size_t bytes = slot == ADV_NO_SLOT ? 0 : plan->slots[slot].bytes;
    return (bytes + ADV_CACHE_LINE - 1) / ADV_CACHE_LINE * ADV_CACHE_LINE;
}

enum adv_status adv_exec_share(struct adv_exec *exec, struct adv_pool *pool,
                               struct adv_error *error)
{
    free(exec->team.scratch);
    exec->team = (struct adv_team){0};
    if (adv_pool_threads(pool) == 1)
        return ADV_OK;
    size_t bytes = scratch_bytes(exec->plan);
    adv_real *scratch = adv_alloc_aligned((size_t)adv_pool_threads(pool) - 1, bytes);
    if (!scratch)
        return adv_no_memory(error);
    exec->team = (struct adv_team){pool, scratch, bytes / sizeof *scratch, 0};
    return ADV_OK;
}

static adv_real *at_slot(const struct adv_exec *exec, size_t slot)
{
    if (slot == ADV_NO_SLOT)
        return NULL;
    return (adv_real *)(void *)(exec->arena + exec->plan->slots[slot].offset);
}

static size_t rows_in(const struct adv_inputs *inputs, enum adv_domain domain)
{
    return domain == ADV_PER_ROW ? inputs->rows : inputs->conditions;
}

static void bind_inputs(struct adv_exec *exec, const struct adv_inputs *inputs)
{
    const struct adv_graph *graph = exec->plan->graph;
    exec->team.rows = inputs->rows;
    exec->value[graph->x] = inputs->x;
    exec->value[graph->t] = inputs->t;
    if (graph->label != ADV_NONE)
        exec->value[graph->label] = inputs->label;
    if (graph->context != ADV_NONE)
        exec->value[graph->context] = inputs->context;
    if (graph->span != ADV_NONE)
        exec->value[graph->span] = inputs->span;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        int out = graph->nodes[i].out;
        exec->value[out] = at_slot(exec, exec->plan->value_slot[out]);
    }
}

static struct adv_call call_of(const struct adv_exec *exec, const struct adv_inputs *inputs,
                               size_t i)
{
    const struct adv_graph *graph = exec->plan->graph;
    const struct adv_node *node = &graph->nodes[i];
    const struct adv_weights *weights = exec->weights;
    struct adv_call call = {
        .signature = &node->signature,
        .kernels = weights->kernels,
        .rows = rows_in(inputs, node->signature.out_domain),
        .row_map = inputs->row_map,
        .out = at_slot(exec, exec->plan->value_slot[node->out]),
        .scratch = at_slot(exec, exec->plan->scratch_slot),
        .team = exec->team.pool ? &exec->team : NULL,
    };
    for (int k = 0; k < node->op->n_inputs; k++)
        call.in[k] = exec->value[node->in[k]];
    node_params(graph, node, weights->flat, call.param);
    if (weights->packed_offset[i] != ADV_NO_SLOT)
        call.packed = weights->packed + weights->packed_offset[i];
    return call;
}

static double begin_measuring(const struct adv_exec *exec)
{
    return exec->seconds ? adv_monotonic_s() : 0;
}

static void end_measuring(const struct adv_exec *exec, size_t node, enum adv_sweep sweep,
                          double began)
{
    if (exec->seconds)
        exec->seconds[node * ADV_N_SWEEPS + sweep] += adv_monotonic_s() - began;
}

static void run_forward(const struct adv_exec *exec, const struct adv_inputs *inputs, size_t i)
{
    struct adv_call call = call_of(exec, inputs, i);
    double began = begin_measuring(exec);
    exec->plan->graph->nodes[i].op->forward(&call);
    end_measuring(exec, i, ADV_FORWARD, began);
}

const adv_real *adv_exec_forward(struct adv_exec *exec, const struct adv_inputs *inputs)
{
    const struct adv_graph *graph = exec->plan->graph;
    bind_inputs(exec, inputs);
    for (size_t i = 0; i < graph->n_nodes; i++)
        run_forward(exec, inputs, i);
    return exec->value[graph->output];
}

/* Elements from one tangent of value v to the next. */
static size_t tangent_stride(const struct adv_exec *exec, const struct adv_inputs *inputs, int v)
{
    const struct adv_plan *plan = exec->plan;
    const struct adv_value *value = &plan->graph->values[v];
    size_t rows = v == plan->graph->x            ? inputs->rows
                  : value->domain == ADV_PER_ROW ? plan->rows_max
                                                 : plan->conditions_max;
    return rows * adv_shape_size(value->shape);
}

static void push_tangents(struct adv_exec *exec, const struct adv_inputs *inputs, size_t i,
                          size_t n_tangents, const adv_real *dx)
{
    const struct adv_graph *graph = exec->plan->graph;
    const struct adv_node *node = &graph->nodes[i];
    struct adv_call call = call_of(exec, inputs, i);
    struct adv_tangents tangents = {.n = n_tangents,
                                    .out = at_slot(exec, exec->plan->tangent_slot[node->out]),
                                    .out_stride = tangent_stride(exec, inputs, node->out)};
    for (int j = 0; j < node->op->n_inputs; j++) {
        int v = node->in[j];
        tangents.in[j] = v == graph->x ? dx : at_slot(exec, exec->plan->tangent_slot[v]);
        tangents.in_stride[j] = tangent_stride(exec, inputs, v);
    }
    double began = begin_measuring(exec);
    adv_op_push(node->op, &call, &tangents);
    end_measuring(exec, i, ADV_TANGENT, began);
}

const adv_real *adv_exec_tangents(struct adv_exec *exec, const struct adv_inputs *inputs,
                                  size_t n_tangents, const adv_real *dx, const adv_real **d_out,
                                  size_t *stride)
{
    const struct adv_graph *graph = exec->plan->graph;
    bind_inputs(exec, inputs);
    for (size_t i = 0; i < graph->n_nodes; i++) {
        run_forward(exec, inputs, i);
        if (graph->values[graph->nodes[i].out].has_tangent)
            push_tangents(exec, inputs, i, n_tangents, dx);
    }
    *d_out = at_slot(exec, exec->plan->tangent_slot[graph->output]);
    *stride = tangent_stride(exec, inputs, graph->output);
    return exec->value[graph->output];
}

/* Adjoints accumulate, so each is zeroed when its first contribution is about to come. */
static adv_real *adjoint_for_writing(const struct adv_exec *exec, const struct adv_inputs *inputs,
                                     size_t i, int v, adv_real *g_x)
{
    const struct adv_plan *plan = exec->plan;
    const struct adv_value *value = &plan->graph->values[v];
    if (v == plan->graph->x)
        return g_x;
    adv_real *adjoint = at_slot(exec, plan->adjoint_slot[v]);
    long now = adv_plan_time_backward(plan->graph, i);
    if (adjoint && now == plan->adjoint_begin[v])
        memset(adjoint, 0,
               rows_in(inputs, value->domain) * adv_shape_size(value->shape) * sizeof *adjoint);
    return adjoint;
}

void adv_exec_backward(struct adv_exec *exec, const struct adv_inputs *inputs,
                       const adv_real *g_out, adv_real *g_weights, adv_real *g_x)
{
    const struct adv_graph *graph = exec->plan->graph;
    for (size_t i = graph->n_nodes; i-- > 0;) {
        const struct adv_node *node = &graph->nodes[i];
        if (!graph->values[node->out].requires_grad)
            continue;
        const adv_real *g =
            node->out == graph->output ? g_out : at_slot(exec, exec->plan->adjoint_slot[node->out]);
        adv_real *g_in[ADV_OP_MAX_INPUTS] = {NULL}, *g_param[ADV_OP_MAX_PARAMS] = {NULL};
        for (int k = 0; k < node->op->n_inputs; k++)
            g_in[k] = adjoint_for_writing(exec, inputs, i, node->in[k], g_x);
        for (int k = 0; k < node->signature.n_params; k++)
            g_param[k] = g_weights + graph->params[node->param[k]].offset;
        struct adv_call call = call_of(exec, inputs, i);
        double began = begin_measuring(exec);
        node->op->backward(&call, g, g_in, g_param);
        end_measuring(exec, i, ADV_BACKWARD, began);
    }
}
