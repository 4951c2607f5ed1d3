#include "core/nets/kind.h"

int adv_net_gained_input(struct adv_graph *graph, int condition)
{
    if (condition == ADV_NONE)
        return ADV_NONE;
    size_t n_in = adv_shape_size(graph->values[condition].shape);
    size_t n_out = adv_shape_size(graph->values[graph->x].shape);
    int weight = adv_graph_param(graph, "input_gain.weight", 2, (size_t[]){n_out, n_in},
                                 ADV_INIT_ZERO, n_in);
    int bias = adv_graph_param(graph, "input_gain.bias", 1, (size_t[]){n_out}, ADV_INIT_ZERO, n_in);
    int gain = adv_graph_apply(graph, &adv_op_linear, NULL, (int[]){condition, ADV_NONE},
                               (int[]){weight, bias});
    return adv_graph_binary(graph, &adv_op_gain, graph->x, gain);
}
