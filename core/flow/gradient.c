#include <advect/extra/evaluator.h>
#include <advect/extra/gradient.h>

#include "core/base/mem.h"
#include "core/flow/load_options.h"
#include "core/flow/profile.h"
#include "core/graph/exec.h"
#include "core/nets/kind.h"

#include <stdlib.h>
#include <string.h>

struct adv_gradient {
    const struct adv_net *net;
    struct adv_plan *plan;
    struct adv_weights weights;
    struct adv_exec exec;
    int32_t *row_map; /* identity: each training row has its own time */
    float *label;     /* [rows_max] */
    float *span;      /* [rows_max] */
    float *context;   /* [rows_max, adv_net_context_inputs] */
    float *g_out;     /* [rows_max, dim] */
};

enum adv_status adv_gradient_new(const struct adv_net *net, size_t rows_max,
                                 const struct adv_load_options *options, struct adv_gradient **out,
                                 struct adv_error *error)
{
    const struct adv_kernels *kernels = NULL;
    enum adv_status status = adv_kernels_for(options, &kernels, error);
    if (status != ADV_OK)
        return status;
    struct adv_gradient *g = adv_calloc(1, sizeof *g);
    if (!g)
        return adv_no_memory(error);
    g->net = net;
    g->row_map = adv_calloc(rows_max, sizeof *g->row_map);
    g->label = adv_calloc(rows_max, sizeof *g->label);
    g->span = adv_calloc(rows_max, sizeof *g->span);
    g->g_out = adv_calloc(rows_max, adv_net_dim(net) * sizeof *g->g_out);
    g->context = adv_calloc(rows_max, adv_net_context_inputs(net) * sizeof *g->context);
    status =
        g->row_map && g->label && g->span && g->g_out && g->context ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK)
        status =
            adv_plan_new(&net->graph, kernels, ADV_TRAIN, rows_max, rows_max, 0, &g->plan, error);
    if (status == ADV_OK)
        status = adv_weights_init(&g->weights, &net->graph, ADV_TO_TRAIN, kernels, error);
    if (status == ADV_OK)
        status = adv_exec_init(&g->exec, g->plan, &g->weights, error);
    if (status != ADV_OK) {
        adv_gradient_free(g);
        return status;
    }
    for (size_t i = 0; i < rows_max; i++)
        g->row_map[i] = (int32_t)i;
    *out = g;
    return ADV_OK;
}

void adv_gradient_free(struct adv_gradient *g)
{
    if (!g)
        return;
    adv_exec_release(&g->exec);
    adv_weights_release(&g->weights);
    adv_plan_free(g->plan);
    free(g->row_map);
    free(g->label);
    free(g->span);
    free(g->context);
    free(g->g_out);
    free(g);
}

size_t adv_gradient_bytes(const struct adv_gradient *g)
{
    return g->plan->arena_bytes;
}

void adv_gradient_measure(struct adv_gradient *g, struct adv_profile *profile)
{
    g->exec.seconds = adv_profile_seconds(profile);
}

void adv_gradient_set_weights(struct adv_gradient *g, const float *weights)
{
    adv_weights_set(&g->weights, weights);
}

/* Each row is a condition of its own. */
static struct adv_inputs inputs_of(struct adv_gradient *g, const struct adv_points *points)
{
    size_t n_context = adv_net_context_inputs(g->net);
    for (size_t i = 0; i < points->n; i++) {
        g->label[i] = adv_net_label_input(g->net, points->label ? points->label[i] : ADV_NO_LABEL);
        adv_net_context_input(g->net, points->context ? points->context[i] : NULL,
                              g->context + i * n_context);
        g->span[i] = points->s ? points->s[i] - points->t[i] : 0;
    }
    return (struct adv_inputs){
        .rows = points->n,
        .conditions = points->n,
        .x = points->x,
        .row_map = g->row_map,
        .t = points->t,
        .label = adv_net_classes(g->net) ? g->label : NULL,
        .context = n_context ? g->context : NULL,
        .span = adv_net_is_flow_map(g->net) ? g->span : NULL,
    };
}

double adv_gradient_add(struct adv_gradient *g, const struct adv_points *points,
                        const float *target, float scale, float *g_weights, float *g_x)
{
    size_t n = points->n * adv_net_dim(g->net);
    if (points->n > g->plan->rows_max)
        adv_bug("%zu rows for a plan of %zu", points->n, g->plan->rows_max);
    struct adv_inputs inputs = inputs_of(g, points);
    const float *v = adv_exec_forward(&g->exec, &inputs);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        float difference = v[i] - target[i];
        sum += (double)difference * (double)difference;
        g->g_out[i] = 2 * scale * difference;
    }
    if (g_x)
        memset(g_x, 0, n * sizeof *g_x);
    adv_exec_backward(&g->exec, &inputs, g->g_out, g_weights, g_x);
    return sum;
}
