#include "core/nets/parts.h"

#include "core/ops/ops.h"

int adv_net_features(struct adv_graph *g, int in, int64_t n_frequencies, bool octaves)
{
    if (n_frequencies == 0)
        return in;
    struct adv_fourier_attr attr = {(size_t)n_frequencies, octaves};
    return adv_graph_apply(g, &adv_op_fourier, &attr, (int[]){in, ADV_NONE},
                           (int[]){ADV_NONE, ADV_NONE});
}

int adv_net_linear_starting_at(struct adv_graph *g, size_t n_out, int in, const char *name,
                               enum adv_init start)
{
    char full[48];
    size_t n_in = in == ADV_NONE ? 0 : g->values[in].shape.channels;
    snprintf(full, sizeof full, "%s.weight", name);
    int weight = adv_graph_param(g, full, 2, (size_t[]){n_out, n_in}, ADV_INIT_ZERO, n_in);
    snprintf(full, sizeof full, "%s.bias", name);
    int bias = adv_graph_param(g, full, 1, (size_t[]){n_out}, start, n_in);
    return adv_graph_apply(g, &adv_op_linear, NULL, (int[]){in, ADV_NONE}, (int[]){weight, bias});
}

int adv_net_label_embedding(struct adv_graph *g, size_t n_entries, size_t n_out)
{
    int table =
        adv_graph_param(g, "label_emb.weight", 2, (size_t[]){n_entries, n_out}, ADV_INIT_NORMAL, 1);
    return adv_graph_apply(g, &adv_op_embedding, NULL, (int[]){g->label, ADV_NONE},
                           (int[]){table, ADV_NONE});
}

int adv_net_context_mean(struct adv_graph *g, size_t dim, int features)
{
    int linear = adv_net_linear_starting_at(g, dim, g->context, "context_mean", ADV_INIT_ZERO);
    if (features == ADV_NONE)
        return linear;
    int more =
        adv_net_linear_starting_at(g, dim, features, "context_mean_correction", ADV_INIT_ZERO);
    return adv_graph_binary(g, &adv_op_add, linear, more);
}

int adv_net_relative_to(struct adv_graph *g, int mean)
{
    if (mean == ADV_NONE)
        return g->x;
    return adv_graph_binary(g, &adv_op_relative, g->x,
                            adv_graph_binary(g, &adv_op_concat, g->t, mean));
}

int adv_net_mixture(struct adv_graph *g, struct adv_net_mixture m, int x)
{
    size_t labels = m.n_labels ? m.n_labels : 1;
    int components =
        adv_graph_param(g, "mixture.components", 3, (size_t[]){m.n_components, m.dim + 1, m.dim},
                        ADV_INIT_FITTED, 1);
    int shares = adv_graph_param(g, "mixture.log_shares", 2, (size_t[]){labels, m.n_components},
                                 ADV_INIT_FITTED, 1);
    int condition = m.n_labels ? adv_graph_binary(g, &adv_op_concat, g->t, g->label) : g->t;
    return adv_graph_apply(g, &adv_op_mixture, NULL, (int[]){x, condition},
                           (int[]){components, shares});
}
