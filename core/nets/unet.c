/* Kind "unet": the U-Net of guided diffusion (Dhariwal, Nichol 2021), as TorchCFM and Meta's
 * flow_matching use it for velocities, under the names of its PyTorch state_dict.
 *
 *     emb = time_embed(timestep_embedding(t)) + label_emb(label)
 *     h = input_blocks.0(x), and every level's blocks; each result is kept
 *     h = middle_block(h)
 *     h = output_blocks.i(cat(h, the latest result kept)), and so back up the levels
 *     v = out(h)
 *
 * A level is a sequence of blocks at one resolution, each level at half that of the one before.
 * What depends on emb alone (one SiLU shared by all blocks, a Linear each) runs once per distinct
 * condition. */
#include "core/nets/kind.h"
#include "core/ops/ops.h"

#include <advect/extra/memory.h>

struct unet_options {
    struct adv_ints image, channel_mult, attention_resolutions;
    int64_t model_channels, num_res_blocks, num_classes;
    int64_t num_heads, num_heads_upsample, num_head_channels;
    bool null_class, use_scale_shift_norm, resblock_updown, use_new_attention_order;
    bool conv_resample, fourier_features, flow_map;
};

#define NORM_GROUPS 32
#define LEVELS_MAX 8
#define RES_BLOCKS_MAX 16
#define SKIPS_MAX (LEVELS_MAX * (RES_BLOCKS_MAX + 1))
#define FIRST_OCTAVE 6 /* of the Fourier features of x, 2 pi 2^6 and 2 pi 2^7 */
#define N_OCTAVES 2

#define AT(member) offsetof(struct unet_options, member)
static const struct adv_field fields[] = {
    {"image", ADV_FIELD_INTS, AT(image), .least = 3, .most = 3, .min = 1, .max = 1024,
     .required = true, .help = "channels, height and width of an image"},
    {"model_channels", ADV_FIELD_INT, AT(model_channels), .min = 1, .max = 2048, .required = true,
     .help = "channels at full resolution, before channel_mult"},
    {"num_res_blocks", ADV_FIELD_INT, AT(num_res_blocks), .min = 1, .max = RES_BLOCKS_MAX,
     .required = true, .help = "number of residual blocks per level"},
    {"channel_mult", ADV_FIELD_INTS, AT(channel_mult), .least = 1, .most = LEVELS_MAX, .min = 1,
     .max = 32, .required = true,
     .help = "multipliers of model_channels, one for each resolution level"},
    {"attention_resolutions", ADV_FIELD_INTS, AT(attention_resolutions), .least = 0,
     .most = ADV_INTS_MAX, .min = 1, .max = 1024, .fallback = "",
     .help = "downsampling factors (1, 2, 4, ...) of the levels that have attention"},
    {"num_classes", ADV_FIELD_INT, AT(num_classes), .min = 0, .max = 65536, .fallback = "0",
     .help = "number of classes; 0 means unconditional"},
    {"null_class", ADV_FIELD_BOOL, AT(null_class), .fallback = "false",
     .help = "also accept rows without a label, as guidance needs"},
    {"num_heads", ADV_FIELD_INT, AT(num_heads), .min = 1, .max = 1024, .fallback = "1",
     .help = "number of attention heads"},
    {"num_heads_upsample", ADV_FIELD_INT, AT(num_heads_upsample), .min = -1, .max = 1024,
     .fallback = "-1", .omit_default = true,
     .help = "number of attention heads on the way up; -1 means as many as num_heads"},
    {"num_head_channels", ADV_FIELD_INT, AT(num_head_channels), .min = -1, .max = 65536,
     .fallback = "-1",
     .help = "number of channels per attention head, in place of num_heads; -1 means not used"},
    {"use_scale_shift_norm", ADV_FIELD_BOOL, AT(use_scale_shift_norm), .fallback = "false",
     .help = "let the conditioning scale and shift a group norm, in place of being added"},
    {"resblock_updown", ADV_FIELD_BOOL, AT(resblock_updown), .fallback = "false",
     .help = "change the resolution in residual blocks"},
    {"use_new_attention_order", ADV_FIELD_BOOL, AT(use_new_attention_order), .fallback = "false",
     .help = "order the channels of qkv as all q, all k, all v, in place of head by head"},
    {"conv_resample", ADV_FIELD_BOOL, AT(conv_resample), .fallback = "true",
     .help = "use convolutions where the resolution changes"},
    {"fourier_features", ADV_FIELD_BOOL, AT(fourier_features), .fallback = "false",
     .help = "add Fourier features of x to the input: sin, cos of 2 pi 2^6 x and 2 pi 2^7 x"},
    {"flow_map", ADV_FIELD_BOOL, AT(flow_map), .fallback = "false", .omit_default = true,
     .help =
         "also take the time s to which to go from t: the network then gives average velocities "
         "from t to s, as advect distill trains them"},
};

static const char *const unseen[] = {"num_heads", "num_heads_upsample", "num_head_channels",
                                     "use_new_attention_order", NULL};

/* ---- what the options imply ---- */

static size_t n_levels(const struct unet_options *o)
{
    return o->channel_mult.n;
}

static size_t channels_of_level(const struct unet_options *o, size_t level)
{
    return (size_t)(o->model_channels * o->channel_mult.items[level]);
}

static bool has_attention(const struct unet_options *o, size_t level)
{
    for (size_t i = 0; i < o->attention_resolutions.n; i++) {
        if (o->attention_resolutions.items[i] == (int64_t)1 << level)
            return true;
    }
    return false;
}

/* The way down, with the middle block, and the way up may differ in their number of heads. */
enum way { WAY_DOWN, WAY_UP };

static size_t heads_of(const struct unet_options *o, enum way way, size_t channels)
{
    if (o->num_head_channels != -1)
        return channels / (size_t)o->num_head_channels;
    bool as_down = way == WAY_DOWN || o->num_heads_upsample == -1;
    return (size_t)(as_down ? o->num_heads : o->num_heads_upsample);
}

/* ---- checks ---- */

static enum adv_status check_image(const struct unet_options *o, struct adv_error *error)
{
    /* There is a level at least. NOLINTNEXTLINE(clang-analyzer-core.*) */
    const int64_t *sides = o->image.items + 1, multiple = (int64_t)1 << (n_levels(o) - 1);
    if (sides[0] % multiple == 0 && sides[1] % multiple == 0)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, "net.image",
                          "net.image is %d x %d; the %zu levels of net.channel_mult halve it %zu "
                          "times, so its height and width must be multiples of %d",
                          (int)sides[0], (int)sides[1], n_levels(o), n_levels(o) - 1,
                          (int)multiple);
}

/* The attention that a level has, or the middle block after the last level. */
static enum adv_status check_divisor(const struct unet_options *o, size_t level, const char *name,
                                     int64_t divisor, struct adv_error *error)
{
    size_t channels = channels_of_level(o, level);
    if (channels % (size_t)divisor == 0)
        return ADV_OK;
    return adv_fail_field(error, ADV_E_INVALID, name,
                          "%s is %d; it must divide the %zu channels of level %zu, which has "
                          "attention%s",
                          name, (int)divisor, channels, level,
                          has_attention(o, level) ? "" : " in the middle block");
}

static enum adv_status check_heads(const struct unet_options *o, size_t level,
                                   struct adv_error *error)
{
    if (o->num_head_channels != -1)
        return check_divisor(o, level, "net.num_head_channels", o->num_head_channels, error);
    enum adv_status status = check_divisor(o, level, "net.num_heads", o->num_heads, error);
    if (status == ADV_OK && o->num_heads_upsample != -1 && has_attention(o, level))
        status = check_divisor(o, level, "net.num_heads_upsample", o->num_heads_upsample, error);
    return status;
}

static enum adv_status check_level(const struct unet_options *o, size_t level,
                                   struct adv_error *error)
{
    size_t channels = channels_of_level(o, level);
    if (channels % NORM_GROUPS != 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.model_channels",
                              "net.model_channels times net.channel_mult[%zu] is %zu channels; "
                              "that must be a multiple of %d, the groups of the norms",
                              level, channels, NORM_GROUPS);
    if (has_attention(o, level) || level + 1 == n_levels(o))
        return check_heads(o, level, error);
    return ADV_OK;
}

static enum adv_status check(const struct unet_options *o, struct adv_error *error)
{
    if (o->num_head_channels == 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.num_head_channels",
                              "net.num_head_channels is 0; it must be at least 1, or -1 to use "
                              "net.num_heads");
    if (o->num_heads_upsample == 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.num_heads_upsample",
                              "net.num_heads_upsample is 0; it must be at least 1, or -1 for as "
                              "many as net.num_heads");
    if (o->null_class && o->num_classes == 0)
        return adv_fail_field(error, ADV_E_INVALID, "net.null_class",
                              "net.null_class is true but net.num_classes is 0; it needs classes");
    for (size_t level = 0; level < n_levels(o); level++) {
        enum adv_status status = check_level(o, level, error);
        if (status != ADV_OK)
            return status;
    }
    return check_image(o, error);
}

/* ---- layers ---- */

struct unet {
    struct adv_graph *g;
    const struct unet_options *o;
    int emb;              /* silu(emb), [4 model_channels] per condition */
    int skips[SKIPS_MAX]; /* results kept for output_blocks */
    size_t n_skips;
};

/* A module's name, "input_blocks.3.0.in_layers.2", or a parameter's. */
struct name {
    char text[96];
};

static struct name child(struct name parent, const char *module)
{
    struct name name;
    snprintf(name.text, sizeof name.text, "%.60s%s%.30s", parent.text, *parent.text ? "." : "",
             module);
    return name;
}

static struct name numbered(const char *list, size_t block, size_t part)
{
    struct name name;
    snprintf(name.text, sizeof name.text, "%s.%zu.%zu", list, block, part);
    return name;
}

/* Of a value, while building has not failed. */
static size_t channels_of(const struct adv_graph *g, int value)
{
    return value == ADV_NONE ? 1 : g->values[value].shape.channels;
}

static int apply(struct adv_graph *g, const struct adv_op *op, const void *attr, int in, int weight,
                 int bias)
{
    return adv_graph_apply(g, op, attr, (int[]){in, ADV_NONE}, (int[]){weight, bias});
}

/* A convolution as PyTorch has it: 2 dimensions, or 1 with a kernel of 1. It starts at zero where
 * the block around it should start as the identity. */
struct conv {
    size_t side, stride;
    int n_dims;
    enum adv_init init;
};

static const struct conv plain = {.side = 3, .stride = 1, .n_dims = 4, .init = ADV_INIT_FAN_IN};
static const struct conv one = {.side = 1, .stride = 1, .n_dims = 4, .init = ADV_INIT_FAN_IN};
static const struct conv one_1d = {.side = 1, .stride = 1, .n_dims = 3, .init = ADV_INIT_FAN_IN};

static int conv(struct adv_graph *g, int in, struct name name, struct conv like, size_t n_out)
{
    size_t n_in = channels_of(g, in), fan_in = n_in * like.side * like.side;
    size_t shape[] = {n_out, n_in, like.side, like.side};
    int weight =
        adv_graph_param(g, child(name, "weight").text, like.n_dims, shape, like.init, fan_in);
    int bias = adv_graph_param(g, child(name, "bias").text, 1, shape, like.init, fan_in);
    struct adv_conv_attr attr = {like.stride};
    return apply(g, &adv_op_conv2d, &attr, in, weight, bias);
}

static int zero_conv(struct adv_graph *g, int in, struct name name, struct conv like, size_t n_out)
{
    like.init = ADV_INIT_ZERO;
    return conv(g, in, name, like, n_out);
}

/* Group norm with its SiLU, or without. scale_shift: [2 C] per condition, or ADV_NONE. */
static int norm(struct adv_graph *g, int in, struct name name, bool silu, int scale_shift)
{
    size_t shape[] = {channels_of(g, in)};
    int weight = adv_graph_param(g, child(name, "weight").text, 1, shape, ADV_INIT_ONE, 1);
    int bias = adv_graph_param(g, child(name, "bias").text, 1, shape, ADV_INIT_ZERO, 1);
    struct adv_group_norm_attr attr = {NORM_GROUPS, silu};
    const struct adv_op *op =
        scale_shift == ADV_NONE ? &adv_op_group_norm : &adv_op_scale_shift_norm;
    return adv_graph_apply(g, op, &attr, (int[]){in, scale_shift}, (int[]){weight, bias});
}

enum resample { STAY, DOWN, UP };

static int resampled(struct adv_graph *g, int in, enum resample resample)
{
    if (resample == STAY)
        return in;
    return adv_graph_unary(g, resample == DOWN ? &adv_op_avg_pool2d : &adv_op_upsample_nearest, in);
}

static int res_block(struct unet *u, int x, struct name name, size_t n_out, enum resample resample)
{
    struct adv_graph *g = u->g;
    bool scaled = u->o->use_scale_shift_norm;
    int emb =
        adv_graph_linear(g, u->emb, child(name, "emb_layers.1").text, (scaled ? 2 : 1) * n_out);
    int h = norm(g, x, child(name, "in_layers.0"), true, ADV_NONE);
    h = conv(g, resampled(g, h, resample), child(name, "in_layers.2"), plain, n_out);
    if (!scaled)
        h = adv_graph_binary(g, &adv_op_broadcast_add, h, emb);
    h = norm(g, h, child(name, "out_layers.0"), true, scaled ? emb : ADV_NONE);
    h = zero_conv(g, h, child(name, "out_layers.3"), plain, n_out);
    x = resampled(g, x, resample);
    if (channels_of(g, x) != n_out)
        x = conv(g, x, child(name, "skip_connection"), one, n_out);
    return adv_graph_binary(g, &adv_op_add, h, x);
}

static int attention_block(struct unet *u, int x, struct name name, enum way way)
{
    struct adv_graph *g = u->g;
    size_t channels = channels_of(g, x);
    struct adv_attention_attr attr = {heads_of(u->o, way, channels),
                                      !u->o->use_new_attention_order};
    int h = norm(g, x, child(name, "norm"), false, ADV_NONE);
    h = conv(g, h, child(name, "qkv"), one_1d, 3 * channels);
    h = apply(g, &adv_op_attention, &attr, h, ADV_NONE, ADV_NONE);
    h = zero_conv(g, h, child(name, "proj_out"), one_1d, channels);
    return adv_graph_binary(g, &adv_op_add, h, x);
}

static int downsample(struct unet *u, int h, struct name name)
{
    size_t channels = channels_of(u->g, h);
    if (u->o->resblock_updown)
        return res_block(u, h, name, channels, DOWN);
    if (!u->o->conv_resample)
        return resampled(u->g, h, DOWN);
    struct conv strided = plain;
    strided.stride = 2;
    return conv(u->g, h, child(name, "op"), strided, channels);
}

static int upsample(struct unet *u, int h, struct name name)
{
    size_t channels = channels_of(u->g, h);
    if (u->o->resblock_updown)
        return res_block(u, h, name, channels, UP);
    h = resampled(u->g, h, UP);
    return u->o->conv_resample ? conv(u->g, h, child(name, "conv"), plain, channels) : h;
}

/* ---- the network ---- */

/* span_embed(timestep_embedding(s - t)), zero at first: the network starts as the velocity. */
static int span_embedding(struct adv_graph *g, size_t channels, size_t wide)
{
    struct adv_timestep_embedding_attr attr = {channels};
    int span = apply(g, &adv_op_timestep_embedding, &attr, g->span, ADV_NONE, ADV_NONE);
    span = adv_graph_unary(g, &adv_op_silu, adv_graph_linear(g, span, "span_embed.0", wide));
    int weight =
        adv_graph_param(g, "span_embed.2.weight", 2, (size_t[]){wide, wide}, ADV_INIT_ZERO, wide);
    int bias = adv_graph_param(g, "span_embed.2.bias", 1, (size_t[]){wide}, ADV_INIT_ZERO, wide);
    return apply(g, &adv_op_linear, NULL, span, weight, bias);
}

/* silu(time_embed(t) + label_emb(label)), which is what every block takes of them; a flow map adds
 * its span to t. */
static int embedding(struct adv_graph *g, const struct unet_options *o)
{
    size_t channels = (size_t)o->model_channels, wide = 4 * channels;
    struct adv_timestep_embedding_attr attr = {channels};
    int emb = apply(g, &adv_op_timestep_embedding, &attr, g->t, ADV_NONE, ADV_NONE);
    emb = adv_graph_linear(g, emb, "time_embed.0", wide);
    emb = adv_graph_linear(g, adv_graph_unary(g, &adv_op_silu, emb), "time_embed.2", wide);
    if (o->flow_map)
        emb = adv_graph_binary(g, &adv_op_add, emb, span_embedding(g, channels, wide));
    if (o->num_classes) {
        size_t entries = (size_t)o->num_classes + o->null_class;
        int table = adv_graph_param(g, "label_emb.weight", 2, (size_t[]){entries, wide},
                                    ADV_INIT_NORMAL, 1);
        int label = apply(g, &adv_op_embedding, NULL, g->label, table, ADV_NONE);
        emb = adv_graph_binary(g, &adv_op_add, emb, label);
    }
    return adv_graph_unary(g, &adv_op_silu, emb);
}

/* x, channels last, with its Fourier features if they are wanted. */
static int input(struct adv_graph *g, const struct unet_options *o)
{
    struct adv_pixel_fourier_attr attr = {FIRST_OCTAVE, N_OCTAVES};
    int x = adv_graph_unary(g, &adv_op_to_channels_last, g->x);
    return o->fourier_features ? apply(g, &adv_op_pixel_fourier, &attr, x, ADV_NONE, ADV_NONE) : x;
}

static int keep(struct unet *u, int h)
{
    u->skips[u->n_skips++] = h;
    return h;
}

static int input_blocks(struct unet *u, int x)
{
    const struct unet_options *o = u->o;
    size_t block = 0;
    int h = keep(
        u, conv(u->g, x, numbered("input_blocks", block++, 0), plain, channels_of_level(o, 0)));
    for (size_t level = 0; level < n_levels(o); level++) {
        for (int64_t i = 0; i < o->num_res_blocks; i++, block++) {
            h = res_block(u, h, numbered("input_blocks", block, 0), channels_of_level(o, level),
                          STAY);
            if (has_attention(o, level))
                h = attention_block(u, h, numbered("input_blocks", block, 1), WAY_DOWN);
            keep(u, h);
        }
        if (level + 1 < n_levels(o))
            h = keep(u, downsample(u, h, numbered("input_blocks", block++, 0)));
    }
    return h;
}

static int middle_block(struct unet *u, int h)
{
    size_t channels = channels_of(u->g, h);
    struct name name = {"middle_block"};
    h = res_block(u, h, child(name, "0"), channels, STAY);
    h = attention_block(u, h, child(name, "1"), WAY_DOWN);
    return res_block(u, h, child(name, "2"), channels, STAY);
}

static int output_blocks(struct unet *u, int h)
{
    const struct unet_options *o = u->o;
    size_t block = 0;
    for (size_t level = n_levels(o); level-- > 0;) {
        for (int64_t i = 0; i <= o->num_res_blocks; i++, block++) {
            size_t part = 0;
            h = adv_graph_binary(u->g, &adv_op_concat, h, u->skips[--u->n_skips]);
            h = res_block(u, h, numbered("output_blocks", block, part++),
                          channels_of_level(o, level), STAY);
            if (has_attention(o, level))
                h = attention_block(u, h, numbered("output_blocks", block, part++), WAY_UP);
            if (level > 0 && i == o->num_res_blocks)
                h = upsample(u, h, numbered("output_blocks", block, part));
        }
    }
    return h;
}

static enum adv_status build(const void *options, struct adv_graph *g,
                             struct adv_net_traits *traits, struct adv_error *error)
{
    const struct unet_options *o = options;
    enum adv_status status = check(o, error);
    if (status != ADV_OK)
        return status;
    struct adv_shape image = {(size_t)o->image.items[0], (size_t)o->image.items[1],
                              (size_t)o->image.items[2]};
    adv_graph_init(g, image, o->num_classes > 0, 0);
    if (o->flow_map)
        adv_graph_add_span(g);
    struct unet u = {.g = g, .o = o};
    struct name out = {"out"};
    u.emb = embedding(g, o);
    int h = input_blocks(&u, input(g, o));
    h = output_blocks(&u, middle_block(&u, h));
    h = norm(g, h, child(out, "0"), true, ADV_NONE);
    h = zero_conv(g, h, child(out, "2"), plain, image.channels);
    h = adv_graph_unary(g, &adv_op_to_channels_first, h);
    *traits = (struct adv_net_traits){.dim = adv_shape_size(image),
                                      .classes = (size_t)o->num_classes,
                                      .null_class = o->null_class,
                                      .flow_map = o->flow_map};
    return adv_graph_finish(g, h, error);
}

const struct adv_net_kind adv_net_unet = {
    .name = "unet",
    .help = "U-Net of guided diffusion, for images",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .options_bytes = sizeof(struct unet_options),
    .unseen = unseen,
    .build = build,
};
