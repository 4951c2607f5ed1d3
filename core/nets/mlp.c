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
 * that mixture and learns what it lacks. */
#include "core/nets/activation.h"
#include "core/nets/kind.h"

#include <advect/extra/memory.h>

struct mlp_options {
    int64_t dim, channels, layers, num_classes, label_channels;
    int64_t input_frequencies, time_frequencies, activation, mixture;
    bool null_class, residual, input_gain;
    json_t *periodic;
};

#define TIME_CHANNELS 128

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
    {"periodic", ADV_FIELD_JSON, AT(periodic),
     .help =
         "columns of x that are angles in radians, an ascending array; the velocity is periodic "
         "in them"},
};

/* in, or its Fourier features. */
static int features(struct adv_graph *g, int in, int64_t n_frequencies, bool octaves)
{
    if (n_frequencies == 0)
        return in;
    struct adv_fourier_attr attr = {(size_t)n_frequencies, octaves};
    return adv_graph_apply(g, &adv_op_fourier, &attr, (int[]){in, ADV_NONE},
                           (int[]){ADV_NONE, ADV_NONE});
}

static int time_embedding(struct adv_graph *g, const struct mlp_options *o)
{
    int t = features(g, g->t, o->time_frequencies, false);
    t = adv_graph_linear(g, t, "t_mlp.0", TIME_CHANNELS);
    t = adv_graph_unary(g, adv_activation_op(o->activation), t);
    return adv_graph_linear(g, t, "t_mlp.2", (size_t)o->channels);
}

static int label_embedding(struct adv_graph *g, const struct mlp_options *o)
{
    size_t entries = (size_t)o->num_classes + o->null_class;
    int table = adv_graph_param(g, "label_emb.weight", 2,
                                (size_t[]){entries, (size_t)o->label_channels}, ADV_INIT_NORMAL, 1);
    return adv_graph_apply(g, &adv_op_embedding, NULL, (int[]){g->label, ADV_NONE},
                           (int[]){table, ADV_NONE});
}

/* concat_projection over [x, t, label]. */
static int joined(struct adv_graph *g, const struct mlp_options *o, int x, int t)
{
    size_t c = (size_t)o->channels;
    size_t columns = 2 * c + (o->num_classes ? (size_t)o->label_channels : 0);
    int label = o->num_classes ? label_embedding(g, o) : ADV_NONE;
    int weight = adv_graph_param(g, "concat_projection.weight", 2, (size_t[]){c, columns},
                                 ADV_INIT_FAN_IN, columns);
    int bias =
        adv_graph_param(g, "concat_projection.bias", 1, (size_t[]){c}, ADV_INIT_FAN_IN, columns);
    int condition = adv_graph_columns(g, t, c, weight, bias);
    if (o->num_classes)
        condition = adv_graph_binary(g, &adv_op_add, condition,
                                     adv_graph_columns(g, label, 2 * c, weight, ADV_NONE));
    return adv_graph_binary(g, &adv_op_broadcast_add, adv_graph_columns(g, x, 0, weight, ADV_NONE),
                            condition);
}

static int block(struct adv_graph *g, const struct mlp_options *o, int64_t layer, int h)
{
    char name[32];
    snprintf(name, sizeof name, "blocks.%d.ff", (int)layer);
    int y = adv_graph_linear(g, h, name, (size_t)o->channels);
    y = adv_graph_unary(g, adv_activation_op(o->activation), y);
    return o->residual ? adv_graph_binary(g, &adv_op_add, y, h) : y;
}

/* gain(t) * x, one gain per dimension, zero at first. */
static int gained_input(struct adv_graph *g, const struct mlp_options *o, int t)
{
    size_t c = (size_t)o->channels, dim = (size_t)o->dim;
    int weight = adv_graph_param(g, "input_gain.weight", 2, (size_t[]){dim, c}, ADV_INIT_ZERO, c);
    int bias = adv_graph_param(g, "input_gain.bias", 1, (size_t[]){dim}, ADV_INIT_ZERO, c);
    int gain =
        adv_graph_apply(g, &adv_op_linear, NULL, (int[]){t, ADV_NONE}, (int[]){weight, bias});
    return adv_graph_binary(g, &adv_op_broadcast_mul, g->x, gain);
}

/* The exact velocity of the fitted mixture. */
static int mixture_velocity(struct adv_graph *g, const struct mlp_options *o)
{
    size_t dim = (size_t)o->dim, n = (size_t)o->mixture;
    size_t labels = o->num_classes ? (size_t)o->num_classes + o->null_class : 1;
    int components = adv_graph_param(g, "mixture.components", 3, (size_t[]){n, dim + 1, dim},
                                     ADV_INIT_FITTED, 1);
    int shares =
        adv_graph_param(g, "mixture.log_shares", 2, (size_t[]){labels, n}, ADV_INIT_FITTED, 1);
    int condition = o->num_classes ? adv_graph_binary(g, &adv_op_concat, g->t, g->label) : g->t;
    return adv_graph_apply(g, &adv_op_mixture, NULL, (int[]){g->x, condition},
                           (int[]){components, shares});
}

/* out_projection; zeros where the mixture alone is the start. */
static int out_projection(struct adv_graph *g, const struct mlp_options *o, int h)
{
    size_t c = (size_t)o->channels, dim = (size_t)o->dim;
    if (o->mixture == 0)
        return adv_graph_linear(g, h, "out_projection", dim);
    int weight =
        adv_graph_param(g, "out_projection.weight", 2, (size_t[]){dim, c}, ADV_INIT_ZERO, c);
    int bias = adv_graph_param(g, "out_projection.bias", 1, (size_t[]){dim}, ADV_INIT_ZERO, c);
    return adv_graph_apply(g, &adv_op_linear, NULL, (int[]){h, ADV_NONE}, (int[]){weight, bias});
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
static int plane_of(struct adv_graph *g, const struct adv_circles *circles)
{
    if (circles->n == 0)
        return g->x;
    return adv_graph_apply(g, &adv_op_circular, circles, (int[]){g->x, ADV_NONE},
                           (int[]){ADV_NONE, ADV_NONE});
}

static enum adv_status build(const void *options, struct adv_graph *g,
                             struct adv_net_traits *traits, struct adv_error *error)
{
    const struct mlp_options *o = options;
    if (o->null_class && o->num_classes == 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.null_class",
                              "net.null_class is true but net.num_classes is 0; it needs classes");
    struct adv_circles circles = {0};
    enum adv_status status = read_circles(o, &circles, error);
    if (status != ADV_OK)
        return status;
    adv_graph_init(g, adv_shape_flat((size_t)o->dim), o->num_classes > 0);
    int x = features(g, plane_of(g, &circles), o->input_frequencies, true);
    x = adv_graph_linear(g, x, "in_projection", (size_t)o->channels);
    int t = time_embedding(g, o);
    int h = joined(g, o, x, t);
    for (int64_t layer = 0; layer < o->layers; layer++)
        h = block(g, o, layer, h);
    int v = out_projection(g, o, h);
    if (o->input_gain)
        v = adv_graph_binary(g, &adv_op_add, v, gained_input(g, o, t));
    if (o->mixture)
        v = adv_graph_binary(g, &adv_op_add, v, mixture_velocity(g, o));
    *traits = (struct adv_net_traits){.dim = (size_t)o->dim,
                                      .classes = (size_t)o->num_classes,
                                      .null_class = o->null_class,
                                      .circles = circles};
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
