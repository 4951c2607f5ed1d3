/* y[h, w, o] = bias[o] + sum over dh, dw, c of weight[o, c, dh, dw] x[s h + dh - b, s w + dw - b,
 * c]
 *
 * with stride s, side 3 and a border of b = 1 zeros, or side 1 and none. (A cross-correlation, as
 * everywhere in this field; a 1-d convolution of side 1 is the same thing.)
 *
 * Backward in x is the correlation of the adjoint, spread out by the stride, with the weight
 * flipped and transposed. */
#include "core/base/mem.h"
#include "core/ops/conv/conv.h"
#include "core/ops/ops.h"

static struct adv_conv conv_of(const struct adv_signature *s)
{
    const struct adv_conv_attr *attr = s->attr;
    size_t side = s->param[0][2], stride = attr ? attr->stride : 1;
    return (struct adv_conv){
        .side = side,
        .taps = side * side,
        .stride = stride,
        .apart = 1,
        .in_channels = s->in[0].channels,
        .height = s->in[0].height,
        .width = s->in[0].width,
        .out_channels = s->param[0][0],
        .out_height = (s->in[0].height - 1) / stride + 1,
        .out_width = (s->in[0].width - 1) / stride + 1,
    };
}

/* The convolution that takes the adjoint of y to that of x. */
static struct adv_conv adjoint_of(const struct adv_conv *conv)
{
    struct adv_conv adjoint = *conv;
    adjoint.stride = 1;
    adjoint.apart = conv->stride;
    adjoint.in_channels = conv->out_channels;
    adjoint.out_channels = conv->in_channels;
    adjoint.out_height = conv->height;
    adjoint.out_width = conv->width;
    return adjoint;
}

static const struct adv_conv_method *method_of(const struct adv_conv *conv,
                                               const struct adv_kernels *kernels)
{
    static const struct adv_conv_method *const by_speed[] = {&adv_conv_winograd, &adv_conv_narrow,
                                                             &adv_conv_direct};
    size_t i = 0;
    while (i + 1 < ADV_COUNT(by_speed) && !by_speed[i]->suits(conv, kernels))
        i++;
    return by_speed[i];
}

static const struct adv_conv_method *gradient_method_of(const struct adv_conv *conv,
                                                        const struct adv_kernels *kernels)
{
    const struct adv_conv_method *method = method_of(conv, kernels);
    return method->add_gradient ? method : &adv_conv_direct;
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    const size_t *weight = s->param[0];
    struct adv_conv conv = conv_of(s);
    if (conv.side != weight[3] || (conv.side != 1 && conv.side != 3) || conv.stride < 1 ||
        conv.stride > 2 || (conv.side == 1 && conv.stride != 1))
        return adv_fail(error, ADV_E_INVALID,
                        "conv2d: a kernel of %zu x %zu with stride %zu; it must be 3 x 3 with "
                        "stride 1 or 2, or 1 x 1 with stride 1",
                        weight[2], weight[3], conv.stride);
    if (weight[1] != conv.in_channels || (s->n_params == 2 && s->param[1][0] != conv.out_channels))
        return adv_fail(error, ADV_E_INVALID,
                        "conv2d: a weight [%zu, %zu, ...] and a bias of %zu for %zu channels",
                        weight[0], weight[1], s->n_params == 2 ? s->param[1][0] : weight[0],
                        conv.in_channels);
    s->out_domain = s->domain[0];
    s->out = (struct adv_shape){conv.out_channels, conv.out_height, conv.out_width};
    return ADV_OK;
}

static size_t forward_prepared_size(const struct adv_conv *conv, const struct adv_kernels *kernels)
{
    return method_of(conv, kernels)->packed_size(conv, kernels);
}

/* The weight packed for forward, then (to train) that for backward. */
static size_t packed_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                          enum adv_purpose purpose)
{
    struct adv_conv conv = conv_of(s), adjoint = adjoint_of(&conv);
    size_t size = forward_prepared_size(&conv, kernels);
    return purpose == ADV_TO_TRAIN ? size + forward_prepared_size(&adjoint, kernels) : size;
}

static void pack(const struct adv_signature *s, const struct adv_kernels *kernels,
                 enum adv_purpose purpose, const adv_real *const *param, adv_real *packed)
{
    struct adv_conv conv = conv_of(s), adjoint = adjoint_of(&conv);
    ptrdiff_t taps = (ptrdiff_t)conv.taps, output = (ptrdiff_t)conv.in_channels * taps;
    struct adv_panels panels = {.w = param[0],
                                .bias = s->n_params == 2 ? param[1] : NULL,
                                .run = conv.in_channels,
                                .n_runs = conv.taps,
                                .output_stride = output,
                                .run_stride = 1,
                                .stride = taps};
    method_of(&conv, kernels)->pack(&conv, kernels, &panels, packed);
    if (purpose != ADV_TO_TRAIN)
        return;
    struct adv_panels flipped = {.w = param[0] + taps - 1,
                                 .run = conv.out_channels,
                                 .n_runs = conv.taps,
                                 .output_stride = taps,
                                 .run_stride = -1,
                                 .stride = output};
    method_of(&adjoint, kernels)
        ->pack(&adjoint, kernels, &flipped, packed + forward_prepared_size(&conv, kernels));
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    struct adv_conv conv = conv_of(s), adjoint = adjoint_of(&conv);
    if (sweep != ADV_BACKWARD)
        return method_of(&conv, kernels)->scratch_size(&conv, rows);
    size_t input = method_of(&adjoint, kernels)->scratch_size(&adjoint, rows);
    size_t weight = gradient_method_of(&conv, kernels)->gradient_scratch_size(&conv, rows);
    return input > weight ? input : weight;
}

static void forward(const struct adv_call *call)
{
    struct adv_conv conv = conv_of(call->signature);
    method_of(&conv, call->kernels)
        ->correlate(&conv, call, call->in[0], call->packed, ADV_FROM_BIAS, call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    struct adv_conv conv = conv_of(call->signature);
    method_of(&conv, call->kernels)
        ->correlate(&conv, call, d_in[0], call->packed, ADV_FROM_ZERO, d_out);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    struct adv_conv conv = conv_of(call->signature), adjoint = adjoint_of(&conv);
    if (g_in[0])
        method_of(&adjoint, call->kernels)
            ->correlate(&adjoint, call, g_out,
                        call->packed + forward_prepared_size(&conv, call->kernels), ADV_FROM_OUTPUT,
                        g_in[0]);
    if (g_param[0])
        gradient_method_of(&conv, call->kernels)
            ->add_gradient(&conv, call->kernels, call->rows, call->in[0], g_out, g_param[0],
                           call->scratch);
    if (call->signature->n_params < 2 || !g_param[1])
        return;
    for (size_t p = 0; p < call->rows * conv.out_height * conv.out_width; p++) {
        for (size_t o = 0; o < conv.out_channels; o++)
            g_param[1][o] += g_out[p * conv.out_channels + o];
    }
}

/* Those of the definition, however they are saved. */
static size_t multiply_adds(const struct adv_signature *s)
{
    struct adv_conv conv = conv_of(s);
    return conv.out_height * conv.out_width * conv.out_channels * conv.in_channels * conv.taps;
}

const struct adv_op adv_op_conv2d = {
    .name = "conv2d",
    .n_inputs = 1,
    .n_params = 2,
    .attr_bytes = sizeof(struct adv_conv_attr),
    .infer = infer,
    .forward = forward,
    .tangent = tangent,
    .backward = backward,
    .backward_reads = ADV_READS_INPUT(0),
    .packed_size = packed_size,
    .pack = pack,
    .scratch_size = scratch_size,
    .multiply_adds = multiply_adds,
};
