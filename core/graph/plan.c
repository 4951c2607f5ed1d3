/* Liveness first: each buffer's first and last time of use follows from what
 * the ops say their derivatives read. Then placement: buffers in order of
 * falling size, each at the lowest offset that no buffer alive at the same time
 * covers. A buffer that an in-place op overwrites is one slot with its successor. */
#include "core/graph/plan.h"

#include "core/base/mem.h"

#include <stdlib.h>
#include <string.h>

static long time_forward(size_t node)
{
    return 2 * (long)node;
}

static long time_tangent(size_t node)
{
    return 2 * (long)node + 1;
}

static long time_end(const struct adv_graph *graph)
{
    return 4 * (long)graph->n_nodes;
}

static void extend(long *end, long time)
{
    if (time > *end)
        *end = time;
}

/* The last time that a node's work reads what `mask` names of its operands. */
static long last_read(const struct adv_plan *plan, size_t i, unsigned mask)
{
    const struct adv_node *node = &plan->graph->nodes[i];
    const struct adv_value *out = &plan->graph->values[node->out];
    long time = mask & ADV_READS_OUTPUT ? -1 : time_forward(i);
    if (plan->mode == ADV_JVP && out->has_tangent && (node->op->tangent_reads & mask))
        extend(&time, time_tangent(i));
    if (plan->mode == ADV_TRAIN && out->requires_grad && (node->op->backward_reads & mask))
        extend(&time, adv_plan_time_backward(plan->graph, i));
    return time;
}

/* last[v]: the last time that value v is read. */
static void find_last_reads(const struct adv_plan *plan, long *last)
{
    const struct adv_graph *graph = plan->graph;
    for (size_t v = 0; v < graph->n_values; v++)
        last[v] = -1;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        for (int k = 0; k < node->op->n_inputs; k++)
            extend(&last[node->in[k]], last_read(plan, i, ADV_READS_INPUT(k)));
        extend(&last[node->out], time_forward(i));
        extend(&last[node->out], last_read(plan, i, ADV_READS_OUTPUT));
    }
    extend(&last[graph->output], time_end(graph));
}

static size_t rows_of(const struct adv_plan *plan, enum adv_domain domain)
{
    return domain == ADV_PER_ROW ? plan->rows_max : plan->conditions_max;
}

static enum adv_status add_slot(struct adv_plan *plan, size_t elements, size_t copies, long begin,
                                long end, size_t *slot, struct adv_error *error)
{
    size_t bytes;
    if (!adv_mul_size(elements, copies, &bytes) || !adv_mul_size(bytes, sizeof(adv_real), &bytes) ||
        bytes > SIZE_MAX / 4)
        return adv_no_memory(error);
    bytes = (bytes + ADV_CACHE_LINE - 1) / ADV_CACHE_LINE * ADV_CACHE_LINE;
    plan->slots[plan->n_slots] = (struct adv_slot){.bytes = bytes, .begin = begin, .end = end};
    *slot = plan->n_slots++;
    return ADV_OK;
}

/* May node i write its output over its first input, whose buffer is `input_slot`
 * and is last read at `input_last`? */
static bool takes_over(const struct adv_plan *plan, size_t i, size_t input_slot, long input_last,
                       long now)
{
    const struct adv_node *node = &plan->graph->nodes[i];
    return node->op->in_place && input_slot != ADV_NO_SLOT && input_last == now &&
           !(node->op->n_inputs > 1 && node->in[0] == node->in[1]);
}

static enum adv_status place_value(struct adv_plan *plan, size_t i, const long *last,
                                   struct adv_error *error)
{
    const struct adv_node *node = &plan->graph->nodes[i];
    const struct adv_value *out = &plan->graph->values[node->out];
    size_t input_slot = plan->value_slot[node->in[0]];
    if (takes_over(plan, i, input_slot, last[node->in[0]], time_forward(i))) {
        plan->value_slot[node->out] = input_slot;
        extend(&plan->slots[input_slot].end, last[node->out]);
        return ADV_OK;
    }
    return add_slot(plan, adv_shape_size(out->shape), rows_of(plan, out->domain), time_forward(i),
                    last[node->out], &plan->value_slot[node->out], error);
}

static enum adv_status place_tangent(struct adv_plan *plan, size_t i, const long *tangent_last,
                                     struct adv_error *error)
{
    const struct adv_node *node = &plan->graph->nodes[i];
    const struct adv_value *out = &plan->graph->values[node->out];
    if (!out->has_tangent)
        return ADV_OK;
    size_t input_slot = plan->tangent_slot[node->in[0]];
    if (takes_over(plan, i, input_slot, tangent_last[node->in[0]], time_tangent(i))) {
        plan->tangent_slot[node->out] = input_slot;
        extend(&plan->slots[input_slot].end, tangent_last[node->out]);
        return ADV_OK;
    }
    size_t rows;
    if (!adv_mul_size(rows_of(plan, out->domain), plan->tangents_max, &rows))
        return adv_no_memory(error);
    return add_slot(plan, adv_shape_size(out->shape), rows, time_tangent(i),
                    tangent_last[node->out], &plan->tangent_slot[node->out], error);
}

static enum adv_status place_tangents(struct adv_plan *plan, long *tangent_last,
                                      struct adv_error *error)
{
    const struct adv_graph *graph = plan->graph;
    for (size_t v = 0; v < graph->n_values; v++)
        tangent_last[v] = -1;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        extend(&tangent_last[node->out], time_tangent(i));
        for (int k = 0; k < node->op->n_inputs; k++)
            extend(&tangent_last[node->in[k]], time_tangent(i));
    }
    extend(&tangent_last[graph->output], time_end(graph));
    enum adv_status status = ADV_OK;
    for (size_t i = 0; i < graph->n_nodes && status == ADV_OK; i++)
        status = place_tangent(plan, i, tangent_last, error);
    return status;
}

/* An adjoint lives from the backward of its last consumer to that of its producer. The
 * output's comes from the caller, and so does (if wanted) that of x. */
static enum adv_status place_adjoints(struct adv_plan *plan, struct adv_error *error)
{
    const struct adv_graph *graph = plan->graph;
    for (size_t v = 0; v < graph->n_values; v++)
        plan->adjoint_begin[v] = time_end(graph);
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        for (int k = 0; k < node->op->n_inputs; k++) {
            long *begin = &plan->adjoint_begin[node->in[k]];
            if (adv_plan_time_backward(graph, i) < *begin)
                *begin = adv_plan_time_backward(graph, i);
        }
    }
    for (size_t i = 0; i < graph->n_nodes; i++) {
        int v = graph->nodes[i].out;
        const struct adv_value *value = &graph->values[v];
        if (v == graph->output || !value->requires_grad)
            continue;
        enum adv_status status =
            add_slot(plan, adv_shape_size(value->shape), rows_of(plan, value->domain),
                     plan->adjoint_begin[v], adv_plan_time_backward(graph, i),
                     &plan->adjoint_slot[v], error);
        if (status != ADV_OK)
            return status;
    }
    return ADV_OK;
}

/* The most scratch that a node asks for in this mode's sweeps. */
static size_t scratch_elements(const struct adv_plan *plan, const struct adv_kernels *kernels,
                               const struct adv_node *node)
{
    if (!node->op->scratch_size)
        return 0;
    const struct adv_signature *s = &node->signature;
    size_t rows = rows_of(plan, s->out_domain), most = 0;
    for (enum adv_sweep sweep = ADV_FORWARD; sweep <= ADV_BACKWARD; sweep++) {
        bool runs = sweep == ADV_FORWARD || (sweep == ADV_TANGENT && plan->mode == ADV_JVP) ||
                    (sweep == ADV_BACKWARD && plan->mode == ADV_TRAIN);
        size_t elements = runs ? node->op->scratch_size(s, kernels, rows, sweep) : 0;
        most = elements > most ? elements : most;
    }
    return most;
}

static enum adv_status place_scratch(struct adv_plan *plan, const struct adv_kernels *kernels,
                                     struct adv_error *error)
{
    size_t most = 0;
    for (size_t i = 0; i < plan->graph->n_nodes; i++) {
        size_t elements = scratch_elements(plan, kernels, &plan->graph->nodes[i]);
        most = elements > most ? elements : most;
    }
    if (most == 0)
        return ADV_OK;
    return add_slot(plan, most, 1, -1, time_end(plan->graph), &plan->scratch_slot, error);
}

static int by_falling_size(const void *a, const void *b)
{
    const struct adv_slot *const *p = a, *const *q = b;
    if ((*p)->bytes != (*q)->bytes)
        return (*p)->bytes < (*q)->bytes ? 1 : -1;
    return (*p)->begin < (*q)->begin ? -1 : (*p)->begin > (*q)->begin;
}

/* The lowest offset where slot fits among those already placed. */
static size_t lowest_offset(struct adv_slot *const *placed, size_t n_placed,
                            const struct adv_slot *slot)
{
    size_t offset = 0;
    for (size_t i = 0; i < n_placed; i++) {
        const struct adv_slot *other = placed[i];
        bool alive_together = slot->begin <= other->end && other->begin <= slot->end;
        bool overlaps =
            offset < other->offset + other->bytes && other->offset < offset + slot->bytes;
        if (alive_together && overlaps) {
            offset = other->offset + other->bytes;
            i = (size_t)-1; /* look again from the first */
        }
    }
    return offset;
}

static enum adv_status assign_offsets(struct adv_plan *plan, struct adv_error *error)
{
    struct adv_slot **order = adv_calloc(plan->n_slots, sizeof(struct adv_slot *));
    if (!order)
        return adv_no_memory(error);
    for (size_t i = 0; i < plan->n_slots; i++)
        order[i] = &plan->slots[i];
    qsort(order, plan->n_slots, sizeof(struct adv_slot *), by_falling_size);
    for (size_t i = 0; i < plan->n_slots; i++) {
        order[i]->offset = lowest_offset(order, i, order[i]);
        if (order[i]->offset + order[i]->bytes > plan->arena_bytes)
            plan->arena_bytes = order[i]->offset + order[i]->bytes;
    }
    free(order);
    return ADV_OK;
}

static size_t *no_slots(size_t count)
{
    size_t *slots = adv_calloc(count, sizeof *slots);
    for (size_t i = 0; slots && i < count; i++)
        slots[i] = ADV_NO_SLOT;
    return slots;
}

static enum adv_status allocate(struct adv_plan *plan, struct adv_error *error)
{
    const struct adv_graph *graph = plan->graph;
    plan->slots = adv_calloc(3 * graph->n_values + 1, sizeof *plan->slots);
    plan->value_slot = no_slots(graph->n_values);
    plan->tangent_slot = no_slots(graph->n_values);
    plan->adjoint_slot = no_slots(graph->n_values);
    plan->scratch_slot = ADV_NO_SLOT;
    plan->adjoint_begin = adv_calloc(graph->n_values, sizeof *plan->adjoint_begin);
    bool complete = plan->slots && plan->value_slot && plan->tangent_slot && plan->adjoint_slot &&
                    plan->adjoint_begin;
    return complete ? ADV_OK : adv_no_memory(error);
}

static enum adv_status place(struct adv_plan *plan, const struct adv_kernels *kernels, long *last,
                             struct adv_error *error)
{
    enum adv_status status = ADV_OK;
    find_last_reads(plan, last);
    for (size_t i = 0; status == ADV_OK && i < plan->graph->n_nodes; i++)
        status = place_value(plan, i, last, error);
    if (status == ADV_OK && plan->mode == ADV_JVP)
        status = place_tangents(plan, last, error);
    if (status == ADV_OK && plan->mode == ADV_TRAIN)
        status = place_adjoints(plan, error);
    if (status == ADV_OK)
        status = place_scratch(plan, kernels, error);
    return status == ADV_OK ? assign_offsets(plan, error) : status;
}

enum adv_status adv_plan_new(const struct adv_graph *graph, const struct adv_kernels *kernels,
                             enum adv_mode mode, size_t rows_max, size_t conditions_max,
                             size_t tangents_max, struct adv_plan **out, struct adv_error *error)
{
    struct adv_plan *plan = adv_calloc(1, sizeof *plan);
    long *last = adv_calloc(graph->n_values, sizeof *last);
    enum adv_status status = ADV_E_MEMORY;
    if (!plan || !last) {
        adv_no_memory(error);
        goto out;
    }
    plan->graph = graph;
    plan->mode = mode;
    plan->rows_max = rows_max;
    plan->conditions_max = conditions_max;
    plan->tangents_max = tangents_max;
    status = allocate(plan, error);
    if (status == ADV_OK)
        status = place(plan, kernels, last, error);
out:
    free(last);
    if (status == ADV_OK)
        *out = plan;
    else
        adv_plan_free(plan);
    return status;
}

void adv_plan_free(struct adv_plan *plan)
{
    if (!plan)
        return;
    free(plan->slots);
    free(plan->value_slot);
    free(plan->tangent_slot);
    free(plan->adjoint_slot);
    free(plan->adjoint_begin);
    free(plan);
}

static enum adv_status bytes_of(const struct adv_plan *like, size_t rows,
                                const struct adv_kernels *kernels, size_t *bytes,
                                struct adv_error *error)
{
    struct adv_plan *plan = NULL;
    enum adv_status status = adv_plan_new(like->graph, kernels, like->mode, rows, rows,
                                          like->tangents_max, &plan, error);
    if (status == ADV_OK)
        *bytes = plan->arena_bytes;
    adv_plan_free(plan);
    return status;
}

enum adv_status adv_plan_rows_within(const struct adv_graph *graph,
                                     const struct adv_kernels *kernels, enum adv_mode mode,
                                     size_t tangents_max, size_t arena_bytes, size_t rows_limit,
                                     size_t *rows, struct adv_error *error)
{
    const size_t step = 12, least = 2;
    const struct adv_plan like = {.graph = graph, .mode = mode, .tangents_max = tangents_max};
    size_t bytes = 0;
    enum adv_status status = bytes_of(&like, step, kernels, &bytes, error);
    if (status != ADV_OK)
        return status;
    size_t most = arena_bytes / bytes * step;
    if (most == 0) {
        /* Fewer than a step: the share of a step that fits, less what rounding to lines takes. */
        for (most = step * arena_bytes / bytes; status == ADV_OK && most > least; most--) {
            status = bytes_of(&like, most, kernels, &bytes, error);
            if (bytes <= arena_bytes)
                break;
        }
        most = most < least ? least : most;
    }
    *rows = most < rows_limit ? most : rows_limit;
    return status;
}
