#include "tests/support/graphs.h"

#include "core/base/mem.h"
#include "core/ops/ops.h"
#include "tests/support/trials.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- building ---- */

#define POOL_MAX 64
#define LABELS 4
#define SIZE_MAX_IN_GRAPH 9

/* Values that may still be used, and which of them have been. */
struct pool {
    int id[POOL_MAX];
    bool used[POOL_MAX];
    size_t n;
};

struct builder {
    struct adv_graph *graph;
    struct random *random;
    struct pool rows, conditions;
    bool smooth;
};

static void put(struct pool *pool, int id)
{
    pool->id[pool->n] = id;
    pool->used[pool->n++] = false;
}

static int take(struct builder *b, struct pool *pool)
{
    size_t i = random_below(b->random, pool->n);
    pool->used[i] = true;
    return pool->id[i];
}

static size_t size_of(const struct builder *b, int value)
{
    return adv_shape_size(b->graph->values[value].shape);
}

/* A linear map of the whole value, or of columns from the middle of a wider weight. */
static int linear(struct builder *b, int in, size_t n_out)
{
    char name[32];
    snprintf(name, sizeof name, "linear%zu", b->graph->n_nodes);
    if (random_below(b->random, 3) > 0)
        return adv_graph_linear(b->graph, in, name, n_out);
    size_t n_in = size_of(b, in);
    struct adv_linear_attr attr = {random_below(b->random, 4)};
    int weight = adv_graph_param(b->graph, name, 2, (size_t[]){n_out, attr.first_column + n_in + 2},
                                 ADV_INIT_FAN_IN, n_in);
    return adv_graph_apply(b->graph, &adv_op_linear, &attr, (int[]){in, ADV_NONE},
                           (int[]){weight, ADV_NONE});
}

static int fitted(struct builder *b, int in, size_t size)
{
    return size_of(b, in) == size ? in : linear(b, in, size);
}

static int fourier(struct builder *b, int in)
{
    struct adv_fourier_attr attr = {1 + random_below(b->random, 2), random_below(b->random, 2)};
    return adv_graph_apply(b->graph, &adv_op_fourier, &attr, (int[]){in, ADV_NONE},
                           (int[]){ADV_NONE, ADV_NONE});
}

static int label_embedding(struct builder *b)
{
    int table = adv_graph_param(b->graph, "table", 2, (size_t[]){LABELS, 3}, ADV_INIT_NORMAL, 1);
    return adv_graph_apply(b->graph, &adv_op_embedding, NULL, (int[]){b->graph->label, ADV_NONE},
                           (int[]){table, ADV_NONE});
}

/* One more value from random ones of the pools; sums may be of a value with itself. */
static void grow(struct builder *b)
{
    struct pool *pool = random_below(b->random, 3) > 0 ? &b->rows : &b->conditions;
    int a = take(b, pool);
    size_t kind = random_below(b->random, 6);
    bool bounded = pool == &b->rows;
    if (kind <= 1) {
        put(pool, linear(b, a, 1 + random_below(b->random, SIZE_MAX_IN_GRAPH)));
    } else if (kind == 2) {
        put(pool, adv_graph_unary(b->graph, b->smooth ? &adv_op_silu : &adv_op_relu, a));
    } else if (kind == 3) {
        put(pool, adv_graph_unary(b->graph, &adv_op_silu, a));
    } else if (kind == 4 || !bounded) {
        int other = fitted(b, take(b, pool), size_of(b, a));
        put(pool, adv_graph_binary(b->graph, &adv_op_add, a, other));
    } else {
        const struct adv_op *op =
            random_below(b->random, 2) ? &adv_op_broadcast_add : &adv_op_broadcast_mul;
        int condition = fitted(b, take(b, &b->conditions), size_of(b, a));
        put(pool, adv_graph_binary(b->graph, op, a, condition));
    }
}

/* The sum of what is left unused, as values of one size. */
static int gathered(struct builder *b, struct pool *pool, size_t size)
{
    int sum = ADV_NONE;
    for (size_t i = 0; i < pool->n; i++) {
        if (pool->used[i])
            continue;
        int part = fitted(b, pool->id[i], size);
        sum = sum == ADV_NONE ? part : adv_graph_binary(b->graph, &adv_op_add, sum, part);
    }
    return sum;
}

static adv_real *random_reals(struct random *random, double low, double high, size_t n)
{
    adv_real *x = adv_alloc_aligned(n, sizeof *x);
    ck_assert_ptr_nonnull(x);
    random_fill(random, low, high, n, x);
    return x;
}

/* Weights and a batch for the finished graph. */
static void fill_batch(struct scene *scene, const struct adv_graph *graph, uint64_t seed)
{
    scene->graph = graph;
    struct random *random = &scene->random;
    random->state = ~seed;
    scene->dim = adv_shape_size(graph->values[graph->x].shape);
    scene->flat = random_reals(random, -1, 1, graph->n_weights);
    for (size_t i = 0; i < graph->n_params; i++) {
        const struct adv_param *param = &graph->params[i];
        double scale = param->init == ADV_INIT_NORMAL ? 1 : 1 / sqrt((double)param->fan_in);
        for (size_t k = 0; k < param->n_elements; k++)
            scene->flat[param->offset + k] *= (adv_real)scale;
    }
    scene->x = random_reals(random, -1, 1, SCENE_ROWS * scene->dim);
    scene->t = random_reals(random, 0, 1, SCENE_CONDITIONS);
    scene->label = random_reals(random, 0, LABELS, SCENE_CONDITIONS);
    scene->row_map = adv_calloc(SCENE_ROWS, sizeof *scene->row_map);
    ck_assert_ptr_nonnull(scene->row_map);
    for (size_t c = 0; c < SCENE_CONDITIONS; c++)
        scene->label[c] = (adv_real)floor((double)scene->label[c]);
    for (size_t r = 0; r < SCENE_ROWS; r++)
        scene->row_map[r] = (int32_t)random_below(random, SCENE_CONDITIONS);
    if (graph->context != ADV_NONE)
        scene->context = random_reals(
            random, -1, 1, SCENE_CONDITIONS * adv_shape_size(graph->values[graph->context].shape));
    scene->inputs = (struct adv_inputs){.rows = SCENE_ROWS,
                                        .conditions = SCENE_CONDITIONS,
                                        .x = scene->x,
                                        .row_map = scene->row_map,
                                        .t = scene->t,
                                        .label = graph->label == ADV_NONE ? NULL : scene->label,
                                        .context = scene->context};
}

void scene_init_random(struct scene *scene, uint64_t seed, bool smooth)
{
    *scene = (struct scene){.random = {seed}};
    struct builder b = {.graph = &scene->own, .random = &scene->random, .smooth = smooth};
    bool with_label = random_below(b.random, 2);
    scene->dim = 1 + random_below(b.random, SCENE_DIM_MAX);
    adv_graph_init(b.graph, adv_shape_flat(scene->dim), with_label, 0);
    put(&b.rows, random_below(b.random, 2) ? fourier(&b, b.graph->x) : b.graph->x);
    put(&b.rows, linear(&b, b.graph->x, 4));
    put(&b.conditions, random_below(b.random, 2) ? fourier(&b, b.graph->t) : b.graph->t);
    if (with_label)
        put(&b.conditions, label_embedding(&b));
    for (size_t i = 0, n = 2 + random_below(b.random, 30); i < n; i++)
        grow(&b);
    put(&b.rows, linear(&b, b.graph->x, 2)); /* so that something is left */
    int rows = gathered(&b, &b.rows, SIZE_MAX_IN_GRAPH);
    int conditions = gathered(&b, &b.conditions, SIZE_MAX_IN_GRAPH);
    if (conditions != ADV_NONE)
        rows = adv_graph_binary(b.graph, &adv_op_broadcast_add, rows, conditions);
    int output = linear(&b, rows, scene->dim);
    ck_assert_int_eq(adv_graph_finish(b.graph, output, NULL), ADV_OK);
    fill_batch(scene, &scene->own, seed);
}

void scene_init_chain(struct scene *scene, size_t depth, bool residual)
{
    *scene = (struct scene){.dim = 3};
    struct adv_graph *graph = &scene->own;
    adv_graph_init(graph, adv_shape_flat(scene->dim), false, 0);
    int h = adv_graph_linear(graph, graph->x, "in", 32);
    for (size_t i = 0; i < depth; i++) {
        char name[32];
        snprintf(name, sizeof name, "block%zu", i);
        int y = adv_graph_unary(graph, &adv_op_relu, adv_graph_linear(graph, h, name, 32));
        h = residual ? adv_graph_binary(graph, &adv_op_add, y, h) : y;
    }
    int output = adv_graph_linear(graph, h, "out", scene->dim);
    ck_assert_int_eq(adv_graph_finish(graph, output, NULL), ADV_OK);
    fill_batch(scene, &scene->own, depth);
}

void scene_init_borrowed(struct scene *scene, const struct adv_graph *graph, uint64_t seed)
{
    *scene = (struct scene){0};
    fill_batch(scene, graph, seed);
}

void scene_release(struct scene *scene)
{
    adv_graph_release(&scene->own);
    free(scene->flat);
    free(scene->x);
    free(scene->t);
    free(scene->label);
    free(scene->context);
    free(scene->row_map);
    *scene = (struct scene){0};
}

/* ---- planned ---- */

size_t scene_tangents(enum adv_mode mode)
{
    return mode == ADV_JVP ? SCENE_TANGENTS : 0;
}

struct adv_plan *new_plan(const struct adv_graph *graph, enum adv_mode mode, size_t rows,
                          size_t conditions, size_t tangents)
{
    struct adv_plan *plan = NULL;
    struct adv_error error = ADV_ERROR_INIT;
    enum adv_status status =
        adv_plan_new(graph, adv_kernels_best(), mode, rows, conditions, tangents, &plan, &error);
    ck_assert_msg(status == ADV_OK, "%s", error.message);
    return plan;
}

void run_init(struct run *run, const struct scene *scene, enum adv_mode mode,
              enum adv_purpose purpose, size_t spare)
{
    run->plan = new_plan(scene->graph, mode, SCENE_ROWS + spare, SCENE_CONDITIONS + spare,
                         scene_tangents(mode));
    ck_assert_int_eq(
        adv_weights_init(&run->weights, scene->graph, purpose, adv_kernels_best(), NULL), ADV_OK);
    adv_weights_set(&run->weights, scene->flat);
    ck_assert_int_eq(adv_exec_init(&run->exec, run->plan, &run->weights, NULL), ADV_OK);
    poison(run->plan->arena_bytes / sizeof(adv_real), (adv_real *)(void *)run->exec.arena);
}

void run_release(struct run *run)
{
    adv_exec_release(&run->exec);
    adv_weights_release(&run->weights);
    adv_plan_free(run->plan);
}

adv_real *new_zeros(size_t n)
{
    adv_real *zeros = adv_calloc(n, sizeof *zeros);
    ck_assert_ptr_nonnull(zeros);
    return zeros;
}

/* ---- the naive executor ---- */

static size_t value_size(const struct naive *naive, size_t v)
{
    const struct adv_value *value = &naive->graph->values[v];
    size_t rows = value->domain == ADV_PER_ROW ? naive->inputs->rows : naive->inputs->conditions;
    return rows * adv_shape_size(value->shape);
}

/* One NaN-filled buffer per value. */
static adv_real **new_buffers(const struct naive *naive)
{
    adv_real **buffers = adv_calloc(naive->graph->n_values, sizeof *buffers);
    ck_assert_ptr_nonnull(buffers);
    for (size_t v = 0; v < naive->graph->n_values; v++) {
        buffers[v] = adv_alloc_aligned(value_size(naive, v), sizeof **buffers);
        ck_assert_ptr_nonnull(buffers[v]);
        poison(value_size(naive, v), buffers[v]);
    }
    return buffers;
}

static void free_buffers(const struct naive *naive, adv_real **buffers)
{
    for (size_t v = 0; buffers && v < naive->graph->n_values; v++)
        free(buffers[v]);
    free(buffers);
}

static struct adv_call naive_call(const struct naive *naive, size_t i)
{
    const struct adv_node *node = &naive->graph->nodes[i];
    const struct adv_weights *weights = naive->weights;
    struct adv_call call = {
        .signature = &node->signature,
        .kernels = weights->kernels,
        .rows = node->signature.out_domain == ADV_PER_ROW ? naive->inputs->rows
                                                          : naive->inputs->conditions,
        .row_map = naive->inputs->row_map,
        .out = naive->value[node->out],
    };
    for (int k = 0; k < node->op->n_inputs; k++)
        call.in[k] = naive->value[node->in[k]];
    for (int k = 0; k < node->signature.n_params; k++)
        call.param[k] = weights->flat + naive->graph->params[node->param[k]].offset;
    if (weights->packed_offset[i] != ADV_NO_SLOT)
        call.packed = weights->packed + weights->packed_offset[i];
    return call;
}

static adv_real *new_scratch(const struct naive *naive, size_t i, enum adv_sweep sweep)
{
    const struct adv_node *node = &naive->graph->nodes[i];
    struct adv_call call = naive_call(naive, i);
    if (!node->op->scratch_size)
        return NULL;
    size_t n = node->op->scratch_size(&node->signature, call.kernels, call.rows, sweep);
    adv_real *scratch = adv_alloc_aligned(n, sizeof *scratch);
    ck_assert_ptr_nonnull(scratch);
    poison(n, scratch);
    return scratch;
}

void naive_init(struct naive *naive, const struct adv_graph *graph,
                const struct adv_weights *weights, const struct adv_inputs *inputs)
{
    *naive = (struct naive){.graph = graph, .weights = weights, .inputs = inputs};
    naive->value = new_buffers(naive);
    memcpy(naive->value[graph->x], inputs->x,
           value_size(naive, (size_t)graph->x) * sizeof(adv_real));
    memcpy(naive->value[graph->t], inputs->t, inputs->conditions * sizeof(adv_real));
    if (graph->label != ADV_NONE)
        memcpy(naive->value[graph->label], inputs->label, inputs->conditions * sizeof(adv_real));
    if (graph->context != ADV_NONE)
        memcpy(naive->value[graph->context], inputs->context,
               inputs->conditions * adv_shape_size(graph->values[graph->context].shape) *
                   sizeof(adv_real));
    for (size_t i = 0; i < graph->n_nodes; i++) {
        struct adv_call call = naive_call(naive, i);
        call.scratch = new_scratch(naive, i, ADV_FORWARD);
        graph->nodes[i].op->forward(&call);
        free(call.scratch);
    }
}

void naive_release(struct naive *naive)
{
    free_buffers(naive, naive->value);
    free_buffers(naive, naive->tangent);
    free_buffers(naive, naive->adjoint);
    free(naive->g_weights);
    *naive = (struct naive){0};
}

void naive_tangents(struct naive *naive, const adv_real *dx)
{
    const struct adv_graph *graph = naive->graph;
    if (!naive->tangent)
        naive->tangent = new_buffers(naive);
    memcpy(naive->tangent[graph->x], dx, value_size(naive, (size_t)graph->x) * sizeof *dx);
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct adv_node *node = &graph->nodes[i];
        const adv_real *d_in[ADV_OP_MAX_INPUTS] = {NULL};
        if (!graph->values[node->out].has_tangent)
            continue;
        for (int k = 0; k < node->op->n_inputs; k++) {
            if (graph->values[node->in[k]].has_tangent)
                d_in[k] = naive->tangent[node->in[k]];
        }
        struct adv_call call = naive_call(naive, i);
        call.scratch = new_scratch(naive, i, ADV_TANGENT);
        push_tangent(node->op, &call, d_in, naive->tangent[node->out]);
        free(call.scratch);
    }
}

void naive_backward(struct naive *naive, const adv_real *g_out)
{
    const struct adv_graph *graph = naive->graph;
    naive->adjoint = new_buffers(naive);
    naive->g_weights = new_zeros(graph->n_weights);
    for (size_t v = 0; v < graph->n_values; v++)
        memset(naive->adjoint[v], 0, value_size(naive, v) * sizeof(adv_real));
    memcpy(naive->adjoint[graph->output], g_out,
           value_size(naive, (size_t)graph->output) * sizeof *g_out);
    for (size_t i = graph->n_nodes; i-- > 0;) {
        const struct adv_node *node = &graph->nodes[i];
        adv_real *g_in[ADV_OP_MAX_INPUTS] = {NULL}, *g_param[ADV_OP_MAX_PARAMS] = {NULL};
        for (int k = 0; k < node->op->n_inputs; k++)
            g_in[k] = naive->adjoint[node->in[k]];
        for (int k = 0; k < node->signature.n_params; k++)
            g_param[k] = naive->g_weights + graph->params[node->param[k]].offset;
        struct adv_call call = naive_call(naive, i);
        call.scratch = new_scratch(naive, i, ADV_BACKWARD);
        node->op->backward(&call, naive->adjoint[node->out], g_in, g_param);
        free(call.scratch);
    }
}
