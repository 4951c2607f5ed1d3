/* Kind "mlp": the velocity network of the reference post, as a PyTorch state_dict names it,
 *
 *     h = concat_projection(cat(in_projection(x), t_mlp(t), label_emb(label)))
 *     h = relu(blocks.i.ff(h))          for every layer i
 *     v = out_projection(h)
 *
 * where concat_projection runs as a sum over its columns, so that the part of (t, label) is
 * computed once per distinct condition. Beyond that network, off unless asked for: Fourier
 * features of x and t before their first layers (of columns that are angles, of their sines and
 * cosines), SiLU or SELU, residual blocks h += act(ff(h)), and an input gain v += gain(t) * x,
 * which spares the blocks from carrying all of x to the output, and the exact velocity of a mixture
 * of Gaussians fitted to the data (op mixture), to which the layers then add: a training starts as
 * that mixture and learns what it lacks. Products over coordinates (op coordinate_products) join the
 * features of x where what is to be learned depends on many coordinates at once.
 *
 * A context, a vector of numbers, joins (t, label) through layers of its own, context_mlp. With
 * conditioning "scale_shift" the condition also enters every hidden layer (Perez et al. 2018,
 * FiLM), through a narrow layer that keeps this cheap where every row has another condition:
 *
 *     e = act(modulation(act(condition)))
 *     h = act(scale_i(e) * blocks.i.ff(h) + shift_i(e))
 *
 * With context_mean the flow is one around a mean that the context gives, m, which starts as that
 * of a linear regression: x_t has the mean t m, whose velocity is m (path condot), so
 *
 *     m = context_mean(context) + context_mean_correction(context_mlp(context))
 *     v(x, t) = m + (what all of the above is of x - t m)
 *
 * With flow_map the network takes a second time s, and is the average velocity from t to s of a
 * flow map (Boffi et al. 2024, Geng et al. 2025). It enters as s - t and as t does, through layers
 * span_mlp that are added to those of t; at s = t that is the velocity. */
#include "core/nets/activation.h"
#include "core/nets/kind.h"
#include "core/nets/parts.h"

#include <advect/extra/memory.h>
#include <advect/extra/net.h>

struct mlp_options {
    int64_t dim, channels, layers, num_classes, label_channels;
    int64_t input_frequencies, time_frequencies, activation, mixture, products;
    int64_t context, context_frequencies, context_layers, context_channels;
    int64_t conditioning, modulation_channels;
    bool null_class, null_context, context_mean, residual, input_gain, flow_map;
    json_t *periodic;
};

#define TIME_CHANNELS 128

enum conditioning { CONDITIONING_ADD, CONDITIONING_SCALE_SHIFT };
static const char *const conditionings[] = {
    [CONDITIONING_ADD] = "add", [CONDITIONING_SCALE_SHIFT] = "scale_shift", NULL};

#define AT(member) offsetof(struct mlp_options, member)
static const struct adv_field fields[] = {
    {"dim", ADV_FIELD_INT, AT(dim), .min = 1, .max = 65536, .required = true,
     .help = "dimension of a point"},
    {"channels", ADV_FIELD_INT, AT(channels), .min = 1, .max = 8192, .required = true,
     .help = "width of the hidden layers"},
    {"layers", ADV_FIELD_INT, AT(layers), .min = 1, .max = 256, .required = true,
     .help = "number of hidden layers"},
    {"num_classes", ADV_FIELD_INT, AT(num_classes), .min = 0, .max = 65536, .fallback = "0",
     .help = "number of classes; 0 means unconditional"},
    {"label_channels", ADV_FIELD_INT, AT(label_channels), .min = 1, .max = 8192, .fallback = "32",
     .help = "width of the class embedding"},
    {"null_class", ADV_FIELD_BOOL, AT(null_class), .fallback = "false",
     .help = "also accept rows without a label, as guidance needs"},
    {"context", ADV_FIELD_INT, AT(context), .min = 0, .max = ADV_NET_CONTEXT_MAX, .fallback = "0",
     .help = "number of values in a context, the vector on which the velocity is conditioned; 0 "
             "means none"},
    {"null_context", ADV_FIELD_BOOL, AT(null_context), .fallback = "false",
     .help = "also accept rows without a context, as guidance needs"},
    {"context_frequencies", ADV_FIELD_INT, AT(context_frequencies), .min = 0, .max = 16,
     .fallback = "0",
     .help = "number of frequencies i in the Fourier features of a context: sin, cos of pi 2^(i-1) "
             "c, i = 0, 1, ..."},
    {"context_layers", ADV_FIELD_INT, AT(context_layers), .min = 0, .max = 64, .fallback = "2",
     .help = "number of layers that a context goes through before it joins time and class"},
    {"context_channels", ADV_FIELD_INT, AT(context_channels), .min = 1, .max = 8192,
     .fallback = "64", .help = "width of the layers of a context"},
    {"context_mean", ADV_FIELD_BOOL, AT(context_mean), .fallback = "false",
     .help =
         "take points relative to a mean that depends on the context, which starts as that of a "
         "linear regression; only on the path condot"},
    {"conditioning", ADV_FIELD_CHOICE, AT(conditioning), .choices = conditionings,
     .fallback = "add",
     .help = "how time, class and context enter: added before the first hidden layer, or also "
             "scaling and shifting every hidden layer"},
    {"modulation_channels", ADV_FIELD_INT, AT(modulation_channels), .min = 1, .max = 8192,
     .fallback = "64",
     .help = "width of the layer from which conditioning scale_shift takes scales and shifts"},
    {"input_frequencies", ADV_FIELD_INT, AT(input_frequencies), .min = 0, .max = 16,
     .fallback = "0",
     .help = "number of frequencies i in the Fourier features of x: sin, cos of pi 2^(i-1) x, i = "
             "0, 1, ..."},
    {"time_frequencies", ADV_FIELD_INT, AT(time_frequencies), .min = 0, .max = 256, .fallback = "0",
     .help =
         "number of frequencies i in the Fourier features of t: sin, cos of pi i t, i = 1, 2, ..."},
    {"activation", ADV_FIELD_CHOICE, AT(activation), .choices = adv_activation_names,
     .fallback = "relu", .help = "activation function of the hidden layers"},
    {"residual", ADV_FIELD_BOOL, AT(residual), .fallback = "false",
     .help = "add the output of each hidden layer to its input"},
    {"input_gain", ADV_FIELD_BOOL, AT(input_gain), .fallback = "false",
     .help = "add gain(t) * x to the velocity, with one gain per dimension"},
    {"mixture", ADV_FIELD_INT, AT(mixture), .min = 0, .max = 64, .fallback = "0",
     .help =
         "number of Gaussians in a mixture that is fitted to the data before training, and from "
         "whose exact velocity the network learns the difference; 0 means none"},
    {"flow_map", ADV_FIELD_BOOL, AT(flow_map), .fallback = "false", .omit_default = true,
     .help =
         "also take the time s to which to go from t: the network then gives average velocities "
         "from t to s, as advect distill trains them"},
    {"products", ADV_FIELD_INT, AT(products), .min = 0, .max = 4096, .fallback = "0",
     .help = "number of products, of a learned function per coordinate, over all coordinates and "
             "over all but one, that join the features of x"},
    {"periodic", ADV_FIELD_JSON, AT(periodic),
     .help =
         "columns of x that are angles in radians, an ascending array; the velocity is periodic "
         "in them"},
};

/* Of s - t, whose last layer starts at zero: at first the network is the velocity, whatever s. */
static int span_embedding(struct adv_graph *g, const struct mlp_options *o)
{
    int span = adv_net_features(g, g->span, o->time_frequencies, false);
    span = adv_graph_linear(g, span, "span_mlp.0", TIME_CHANNELS);
    span = adv_graph_unary(g, adv_activation_op(o->activation), span);
    return adv_net_linear_starting_at(g, (size_t)o->channels, span, "span_mlp.2", ADV_INIT_ZERO);
}

/* x's features [n, dim], and the products over coordinates made of them. */
static int with_products(struct adv_graph *g, const struct mlp_options *o, size_t dim, int x)
{
    if (o->products == 0)
        return x;
    size_t n_features = adv_graph_size(g, x) / dim, n = (size_t)o->products;
    int weight = adv_graph_param(g, "products.weight", 3, (size_t[]){dim, n_features, n},
                                 ADV_INIT_FAN_IN, n_features);
    int bias = adv_graph_param(g, "products.bias", 2, (size_t[]){dim, n}, ADV_INIT_FAN_IN, 1);
    int products = adv_graph_apply(g, &adv_op_coordinate_products, NULL, (int[]){x, ADV_NONE},
                                   (int[]){weight, bias});
    return adv_graph_binary(g, &adv_op_concat, x, products);
}

static int time_embedding(struct adv_graph *g, const struct mlp_options *o)
{
    int t = adv_net_features(g, g->t, o->time_frequencies, false);
    t = adv_graph_linear(g, t, "t_mlp.0", TIME_CHANNELS);
    t = adv_graph_unary(g, adv_activation_op(o->activation), t);
    t = adv_graph_linear(g, t, "t_mlp.2", (size_t)o->channels);
    return o->flow_map ? adv_graph_binary(g, &adv_op_add, t, span_embedding(g, o)) : t;
}

/* The context, or its features, through layers of its own. */
static int context_embedding(struct adv_graph *g, const struct mlp_options *o)
{
    if (o->context == 0)
        return ADV_NONE;
    int c = adv_net_features(g, g->context, o->context_frequencies, true);
    for (int64_t layer = 0; layer < o->context_layers; layer++) {
        char name[32];
        snprintf(name, sizeof name, "context_mlp.%d", (int)(2 * layer));
        c = adv_graph_linear(g, c, name, (size_t)o->context_channels);
        c = adv_graph_unary(g, adv_activation_op(o->activation), c);
    }
    return c;
}

/* The joined input of the hidden layers, and the part of it that is the condition's. */
struct joined {
    int h, condition;
};

/* concat_projection over [x, t, label, context]. */
static struct joined joined(struct adv_graph *g, const struct mlp_options *o, int x, int t,
                            int context)
{
    size_t c = (size_t)o->channels, label_at = 2 * c;
    size_t context_at = label_at + (o->num_classes ? (size_t)o->label_channels : 0);
    size_t entries = (size_t)o->num_classes + o->null_class;
    int label =
        o->num_classes ? adv_net_label_embedding(g, entries, (size_t)o->label_channels) : ADV_NONE;
    size_t columns = context_at + (o->context ? adv_graph_size(g, context) : 0);
    int weight = adv_graph_param(g, "concat_projection.weight", 2, (size_t[]){c, columns},
                                 ADV_INIT_FAN_IN, columns);
    int bias =
        adv_graph_param(g, "concat_projection.bias", 1, (size_t[]){c}, ADV_INIT_FAN_IN, columns);
    int condition = adv_graph_columns(g, t, c, weight, bias);
    if (o->num_classes)
        condition = adv_graph_binary(g, &adv_op_add, condition,
                                     adv_graph_columns(g, label, label_at, weight, ADV_NONE));
    if (o->context)
        condition = adv_graph_binary(g, &adv_op_add, condition,
                                     adv_graph_columns(g, context, context_at, weight, ADV_NONE));
    int h = adv_graph_binary(g, &adv_op_broadcast_add, adv_graph_columns(g, x, 0, weight, ADV_NONE),
                             condition);
    return (struct joined){h, condition};
}

/* What scales and shifts are made of, or ADV_NONE. */
static int modulation(struct adv_graph *g, const struct mlp_options *o, int condition)
{
    if (o->conditioning != CONDITIONING_SCALE_SHIFT)
        return ADV_NONE;
    const struct adv_op *act = adv_activation_op(o->activation);
    int e = adv_graph_linear(g, adv_graph_unary(g, act, condition), "modulation",
                             (size_t)o->modulation_channels);
    return adv_graph_unary(g, act, e);
}

/* scale(e) * y + shift(e). */
static int modulated(struct adv_graph *g, const struct mlp_options *o, int64_t layer, int y, int e)
{
    char name[32];
    snprintf(name, sizeof name, "blocks.%d.scale", (int)layer);
    int scale = adv_net_linear_starting_at(g, (size_t)o->channels, e, name, ADV_INIT_ONE);
    snprintf(name, sizeof name, "blocks.%d.shift", (int)layer);
    int shift = adv_net_linear_starting_at(g, (size_t)o->channels, e, name, ADV_INIT_ZERO);
    y = adv_graph_binary(g, &adv_op_broadcast_mul, y, scale);
    return adv_graph_binary(g, &adv_op_broadcast_add, y, shift);
}

static int block(struct adv_graph *g, const struct mlp_options *o, int64_t layer, int h, int e)
{
    char name[32];
    snprintf(name, sizeof name, "blocks.%d.ff", (int)layer);
    int y = adv_graph_linear(g, h, name, (size_t)o->channels);
    if (e != ADV_NONE)
        y = modulated(g, o, layer, y, e);
    y = adv_graph_unary(g, adv_activation_op(o->activation), y);
    return o->residual ? adv_graph_binary(g, &adv_op_add, y, h) : y;
}

/* gain(t) * x, one gain per dimension, zero at first. */
static int gained_input(struct adv_graph *g, const struct mlp_options *o, int x, int t)
{
    int gain = adv_net_linear_starting_at(g, (size_t)o->dim, t, "input_gain", ADV_INIT_ZERO);
    return adv_graph_binary(g, &adv_op_broadcast_mul, x, gain);
}

static struct adv_net_mixture mixture_of(const struct mlp_options *o)
{
    size_t labels = o->num_classes ? (size_t)o->num_classes + o->null_class : 0;
    return (struct adv_net_mixture){(size_t)o->dim, (size_t)o->mixture, labels};
}

/* out_projection; zeros where the mixture alone is the start. */
static int out_projection(struct adv_graph *g, const struct mlp_options *o, int h)
{
    size_t dim = (size_t)o->dim;
    return o->mixture ? adv_net_linear_starting_at(g, dim, h, "out_projection", ADV_INIT_ZERO)
                      : adv_graph_linear(g, h, "out_projection", dim);
}

static enum adv_status read_circles(const struct mlp_options *o, struct adv_circles *circles,
                                    struct adv_error *error)
{
    size_t n = json_array_size(o->periodic);
    if (o->periodic && (n < 1 || n > ADV_CIRCLES_MAX))
        return adv_fail_field(error, ADV_E_INVALID, "net.periodic",
                              "net.periodic must be an array of 1 to %d columns", ADV_CIRCLES_MAX);
    for (size_t i = 0; i < n; i++) {
        const json_t *column = json_array_get(o->periodic, i);
        json_int_t least = i > 0 ? circles->columns[i - 1] + 1 : 0;
        json_int_t value = json_is_integer(column) ? json_integer_value(column) : -1;
        if (value < least || value >= o->dim)
            return adv_fail_field(error, ADV_E_INVALID, "net.periodic",
                                  "net.periodic[%zu] must be a column, a whole number between %lld "
                                  "and %lld",
                                  i, (long long)least, (long long)o->dim - 1);
        circles->columns[circles->n++] = (uint16_t)value;
    }
    if (n > 0 && o->input_gain)
        return adv_fail_field(error, ADV_E_INVALID, "net.input_gain",
                              "net.input_gain is true; its term is not periodic, so it cannot go "
                              "with net.periodic");
    return ADV_OK;
}

/* x, angles as their sines and cosines. */
static int plane_of(struct adv_graph *g, const struct adv_circles *circles, int x)
{
    if (circles->n == 0)
        return x;
    return adv_graph_apply(g, &adv_op_circular, circles, (int[]){x, ADV_NONE},
                           (int[]){ADV_NONE, ADV_NONE});
}

static enum adv_status check_options(const struct mlp_options *o, struct adv_error *error)
{
    if (o->null_class && o->num_classes == 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.null_class",
                              "net.null_class is true but net.num_classes is 0; it needs classes");
    if (o->null_context && o->context == 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.null_context",
                              "net.null_context is true but net.context is 0; it needs a context");
    if (o->context_mean && (o->context == 0 || o->periodic))
        return adv_fail_field(error, ADV_E_INVALID, "net.context_mean",
                              "net.context_mean is true but %s",
                              o->context == 0 ? "net.context is 0; it needs a context"
                                              : "net.periodic names columns: circles have no mean");
    return ADV_OK;
}

static enum adv_status build(const void *options, struct adv_graph *g,
                             struct adv_net_traits *traits, struct adv_error *error)
{
    const struct mlp_options *o = options;
    struct adv_circles circles = {0};
    enum adv_status status = check_options(o, error);
    if (status == ADV_OK)
        status = read_circles(o, &circles, error);
    if (status != ADV_OK)
        return status;
    adv_graph_init(g, adv_shape_flat((size_t)o->dim), o->num_classes > 0,
                   (size_t)o->context + o->null_context);
    if (o->flow_map)
        adv_graph_add_span(g);
    int context = context_embedding(g, o);
    int mean = o->context_mean ? adv_net_context_mean(g, (size_t)o->dim, context) : ADV_NONE;
    int point = adv_net_relative_to(g, mean);
    int plane = plane_of(g, &circles, point);
    int x = adv_net_features(g, plane, o->input_frequencies, true);
    x = with_products(g, o, adv_graph_size(g, plane), x);
    x = adv_graph_linear(g, x, "in_projection", (size_t)o->channels);
    int t = time_embedding(g, o);
    struct joined start = joined(g, o, x, t, context);
    int h = start.h, e = modulation(g, o, start.condition);
    for (int64_t layer = 0; layer < o->layers; layer++)
        h = block(g, o, layer, h, e);
    int v = out_projection(g, o, h);
    if (o->input_gain)
        v = adv_graph_binary(g, &adv_op_add, v, gained_input(g, o, point, t));
    if (o->mixture)
        v = adv_graph_binary(g, &adv_op_add, v, adv_net_mixture(g, mixture_of(o), point));
    if (mean != ADV_NONE)
        v = adv_graph_binary(g, &adv_op_broadcast_add, v, mean);
    *traits = (struct adv_net_traits){.dim = (size_t)o->dim,
                                      .classes = (size_t)o->num_classes,
                                      .null_class = o->null_class,
                                      .circles = circles,
                                      .context = (size_t)o->context,
                                      .null_context = o->null_context,
                                      .flow_map = o->flow_map};
    return adv_graph_finish(g, v, error);
}

const struct adv_net_kind adv_net_mlp = {
    .name = "mlp",
    .help = "multilayer perceptron, for points of any kind",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .options_bytes = sizeof(struct mlp_options),
    .build = build,
};
