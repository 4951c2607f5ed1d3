/* Kind "transformer": the numbers of a point, and those of its context, as tokens that attend to
 * each other (Vaswani et al. 2017), as of Simformer (Gloeckler et al. 2024). Where each number
 * depends on few others, or many in the same way, it learns this from far fewer examples than an
 * mlp, at more arithmetic for a velocity.
 *
 *     e = act(t_mlp(t) + label_emb(label))
 *     h = [x_j in_w_j + in_b_j, context_k context_w_k + context_b_k]     tokens of `channels`
 *     h += proj(attention(qkv(norm(h, e))))                              for every layer
 *     h += ff.2(act(ff.0(norm(h, e))))
 *     v_j = norm(h, e)_j out_w_j + out_b_j                               of the tokens of x
 *
 * What norms give is scaled and shifted by a linear layer of e each (Peebles and Xie 2023,
 * adaLN). mixture and context_mean are as in the mlp (core/nets/mlp.c). */
#include "core/nets/activation.h"
#include "core/nets/kind.h"
#include "core/nets/parts.h"

#include <advect/extra/memory.h>
#include <advect/extra/net.h>

struct transformer_options {
    int64_t dim, channels, layers, heads, expansion, num_classes, context;
    int64_t time_frequencies, activation, mixture;
    bool null_class, null_context, context_mean;
};

#define AT(member) offsetof(struct transformer_options, member)
static const struct adv_field fields[] = {
    {"dim", ADV_FIELD_INT, AT(dim), .min = 1, .max = 4096, .required = true,
     .help = "dimension of a point, each of whose numbers is a token"},
    {"channels", ADV_FIELD_INT, AT(channels), .min = 2, .max = 8192, .required = true,
     .help = "width of a token, at least 2, since it is made to have mean 0 and variance 1"},
    {"layers", ADV_FIELD_INT, AT(layers), .min = 1, .max = 256, .required = true,
     .help = "number of layers, each of attention and a feed-forward part"},
    {"heads", ADV_FIELD_INT, AT(heads), .min = 1, .max = 1024, .fallback = "4",
     .help = "number of attention heads, which must divide channels"},
    {"expansion", ADV_FIELD_INT, AT(expansion), .min = 1, .max = 16, .fallback = "2",
     .help = "width of the feed-forward parts in units of channels"},
    {"num_classes", ADV_FIELD_INT, AT(num_classes), .min = 0, .max = 65536, .fallback = "0",
     .help = "number of classes; 0 means unconditional"},
    {"null_class", ADV_FIELD_BOOL, AT(null_class), .fallback = "false",
     .help = "also accept rows without a label, as guidance needs"},
    {"context", ADV_FIELD_INT, AT(context), .min = 0, .max = ADV_NET_CONTEXT_MAX, .fallback = "0",
     .help = "number of values in a context, the vector on which the velocity is conditioned, each "
             "a token; 0 means none"},
    {"null_context", ADV_FIELD_BOOL, AT(null_context), .fallback = "false",
     .help = "also accept rows without a context, as guidance needs"},
    {"context_mean", ADV_FIELD_BOOL, AT(context_mean), .fallback = "false",
     .help = "take points relative to a mean that depends linearly on the context, which starts as "
             "that of a linear regression; only on the path condot"},
    {"time_frequencies", ADV_FIELD_INT, AT(time_frequencies), .min = 0, .max = 256, .fallback = "8",
     .help =
         "number of frequencies i in the Fourier features of t: sin, cos of pi i t, i = 1, 2, ..."},
    {"activation", ADV_FIELD_CHOICE, AT(activation), .choices = adv_activation_names,
     .fallback = "silu", .help = "activation function of the feed-forward parts"},
    {"mixture", ADV_FIELD_INT, AT(mixture), .min = 0, .max = 64, .fallback = "0",
     .help =
         "number of Gaussians in a mixture that is fitted to the data before training, and from "
         "whose exact velocity the network learns the difference; 0 means none"},
};

static const char *const unseen[] = {"heads", "activation", NULL};

/* A layer of its own for each of n tokens. */
static int coordinates(struct adv_graph *g, int in, size_t n, size_t n_in, size_t n_out,
                       const char *name, enum adv_init init)
{
    char full[32];
    snprintf(full, sizeof full, "%s.weight", name);
    int weight = adv_graph_param(g, full, 3, (size_t[]){n, n_in, n_out}, init, n_in);
    snprintf(full, sizeof full, "%s.bias", name);
    int bias = adv_graph_param(g, full, 2, (size_t[]){n, n_out}, init, n_in);
    return adv_graph_apply(g, &adv_op_coordinate_linear, NULL, (int[]){in, ADV_NONE},
                           (int[]){weight, bias});
}

/* Those of x, and behind them those of the context. */
static int tokens(struct adv_graph *g, const struct transformer_options *o, int x)
{
    size_t c = (size_t)o->channels, n = (size_t)o->context + o->null_context;
    int of_x = coordinates(g, x, (size_t)o->dim, 1, c, "in", ADV_INIT_FAN_IN);
    if (o->context == 0)
        return of_x;
    int of_context = coordinates(g, g->context, n, 1, c, "context", ADV_INIT_FAN_IN);
    return adv_graph_binary(g, &adv_op_broadcast_append, of_x, of_context);
}

/* e */
static int condition(struct adv_graph *g, const struct transformer_options *o)
{
    const struct adv_op *act = adv_activation_op(o->activation);
    size_t c = (size_t)o->channels;
    int e = adv_net_features(g, g->t, o->time_frequencies, false);
    e = adv_graph_unary(g, act, adv_graph_linear(g, e, "t_mlp.0", c));
    e = adv_graph_linear(g, e, "t_mlp.2", c);
    if (o->num_classes) {
        size_t entries = (size_t)o->num_classes + o->null_class;
        e = adv_graph_binary(g, &adv_op_add, e, adv_net_label_embedding(g, entries, c));
    }
    return adv_graph_unary(g, act, e);
}

/* Every token by itself, scaled and shifted by e. */
static int norm(struct adv_graph *g, const struct transformer_options *o, int h, int e,
                const char *name)
{
    int scale_shift =
        adv_net_linear_starting_at(g, 2 * (size_t)o->channels, e, name, ADV_INIT_ZERO);
    return adv_graph_binary(g, &adv_op_token_norm, h, scale_shift);
}

static int attention_part(struct adv_graph *g, const struct transformer_options *o, int64_t layer,
                          int h, int e)
{
    struct adv_attention_attr attr = {(size_t)o->heads, false};
    char name[32];
    snprintf(name, sizeof name, "blocks.%d.norm", (int)layer);
    int y = norm(g, o, h, e, name);
    snprintf(name, sizeof name, "blocks.%d.qkv", (int)layer);
    y = adv_graph_linear(g, y, name, 3 * (size_t)o->channels);
    y = adv_graph_apply(g, &adv_op_attention, &attr, (int[]){y, ADV_NONE},
                        (int[]){ADV_NONE, ADV_NONE});
    snprintf(name, sizeof name, "blocks.%d.proj", (int)layer);
    y = adv_graph_linear(g, y, name, (size_t)o->channels);
    return adv_graph_binary(g, &adv_op_add, h, y);
}

static int feed_forward_part(struct adv_graph *g, const struct transformer_options *o,
                             int64_t layer, int h, int e)
{
    size_t c = (size_t)o->channels;
    char name[32];
    snprintf(name, sizeof name, "blocks.%d.ff_norm", (int)layer);
    int y = norm(g, o, h, e, name);
    snprintf(name, sizeof name, "blocks.%d.ff.0", (int)layer);
    y = adv_graph_linear(g, y, name, (size_t)o->expansion * c);
    y = adv_graph_unary(g, adv_activation_op(o->activation), y);
    snprintf(name, sizeof name, "blocks.%d.ff.2", (int)layer);
    y = adv_graph_linear(g, y, name, c);
    return adv_graph_binary(g, &adv_op_add, h, y);
}

static enum adv_status check(const struct transformer_options *o, struct adv_error *error)
{
    if (o->channels % o->heads != 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.heads",
                              "net.heads is %lld; it must divide net.channels, which is %lld",
                              (long long)o->heads, (long long)o->channels);
    if (o->null_class && o->num_classes == 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.null_class",
                              "net.null_class is true but net.num_classes is 0; it needs classes");
    if (o->context == 0 && (o->null_context || o->context_mean))
        return adv_fail_field(error, ADV_E_INVALID,
                              o->null_context ? "net.null_context" : "net.context_mean",
                              "net.%s is true but net.context is 0; it needs a context",
                              o->null_context ? "null_context" : "context_mean");
    return ADV_OK;
}

static enum adv_status build(const void *options, struct adv_graph *g,
                             struct adv_net_traits *traits, struct adv_error *error)
{
    const struct transformer_options *o = options;
    enum adv_status status = check(o, error);
    if (status != ADV_OK)
        return status;
    size_t dim = (size_t)o->dim, labels = (size_t)o->num_classes + o->null_class;
    adv_graph_init(g, adv_shape_flat(dim), o->num_classes > 0,
                   (size_t)o->context + o->null_context);
    int mean = o->context_mean ? adv_net_context_mean(g, dim, ADV_NONE) : ADV_NONE;
    int point = adv_net_relative_to(g, mean);
    int h = tokens(g, o, point), e = condition(g, o);
    for (int64_t layer = 0; layer < o->layers; layer++) {
        h = attention_part(g, o, layer, h, e);
        h = feed_forward_part(g, o, layer, h, e);
    }
    h = norm(g, o, h, e, "norm");
    int v = coordinates(g, h, dim, (size_t)o->channels, 1, "out", ADV_INIT_ZERO);
    if (o->mixture) {
        struct adv_net_mixture mixture = {dim, (size_t)o->mixture, labels};
        v = adv_graph_binary(g, &adv_op_add, v, adv_net_mixture(g, mixture, point));
    }
    if (mean != ADV_NONE)
        v = adv_graph_binary(g, &adv_op_broadcast_add, v, mean);
    *traits = (struct adv_net_traits){.dim = dim,
                                      .classes = (size_t)o->num_classes,
                                      .null_class = o->null_class,
                                      .context = (size_t)o->context,
                                      .null_context = o->null_context};
    return adv_graph_finish(g, v, error);
}

const struct adv_net_kind adv_net_transformer = {
    .name = "transformer",
    .help = "numbers as tokens that attend to each other, for points where examples are few",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .options_bytes = sizeof(struct transformer_options),
    .unseen = unseen,
    .build = build,
};
