/* Kind "sequential": linear layers with an activation between them, over x with t appended, as a
 * PyTorch Sequential called `net`; TorchCFM's MLP(time_varying=True) is one of three hidden layers
 * and SELU.
 *
 *     h = act(net.0([x, t]))
 *     h = act(net.2 i(h))        for every further hidden layer i
 *     v = net.2 layers(h)
 *
 * net.0 runs as a sum over its columns, so that t's part is computed once per distinct time. */
#include "core/nets/activation.h"
#include "core/nets/kind.h"

#include <advect/extra/memory.h>

struct sequential_options {
    int64_t dim, channels, layers, activation;
};

#define AT(member) offsetof(struct sequential_options, member)
static const struct adv_field fields[] = {
    {"dim", ADV_FIELD_INT, AT(dim), .min = 1, .max = 65536, .required = true,
     .help = "dimension of a point"},
    {"channels", ADV_FIELD_INT, AT(channels), .min = 1, .max = 8192, .required = true,
     .help = "width of the hidden layers"},
    {"layers", ADV_FIELD_INT, AT(layers), .min = 1, .max = 256, .required = true,
     .help = "number of hidden layers"},
    {"activation", ADV_FIELD_CHOICE, AT(activation), .choices = adv_activation_names,
     .fallback = "selu", .help = "activation function of the hidden layers"},
};

static const char *const unseen[] = {"activation", NULL};

/* net.0 of [x, t]. */
static int first_layer(struct adv_graph *g, size_t dim, size_t channels)
{
    size_t shape[] = {channels, dim + 1};
    int weight = adv_graph_param(g, "net.0.weight", 2, shape, ADV_INIT_FAN_IN, dim + 1);
    int bias = adv_graph_param(g, "net.0.bias", 1, shape, ADV_INIT_FAN_IN, dim + 1);
    int of_t = adv_graph_columns(g, g->t, dim, weight, bias);
    return adv_graph_binary(g, &adv_op_broadcast_add,
                            adv_graph_columns(g, g->x, 0, weight, ADV_NONE), of_t);
}

static enum adv_status build(const void *options, struct adv_graph *g,
                             struct adv_net_traits *traits, struct adv_error *error)
{
    const struct sequential_options *o = options;
    const struct adv_op *activation = adv_activation_op(o->activation);
    size_t dim = (size_t)o->dim, channels = (size_t)o->channels;
    adv_graph_init(g, adv_shape_flat(dim), false, 0);
    int h = adv_graph_unary(g, activation, first_layer(g, dim, channels));
    for (int64_t layer = 1; layer <= o->layers; layer++) {
        char name[16];
        snprintf(name, sizeof name, "net.%d", (int)(2 * layer));
        bool last = layer == o->layers;
        h = adv_graph_linear(g, h, name, last ? dim : channels);
        if (!last)
            h = adv_graph_unary(g, activation, h);
    }
    *traits = (struct adv_net_traits){.dim = dim};
    return adv_graph_finish(g, h, error);
}

const struct adv_net_kind adv_net_sequential = {
    .name = "sequential",
    .help = "linear layers in sequence over x and t, for points of any kind",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .options_bytes = sizeof(struct sequential_options),
    .unseen = unseen,
    .build = build,
};
