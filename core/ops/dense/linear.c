/* y [rows, n] = x [rows, k] w[:, f : f + k]' + bias,   w [n, columns], bias [n] optional
 *
 * Each pixel of an image is a row of its own, of as many elements as the image has channels.
 *
 * A slice of w's columns lets a Linear over a concatenation be a sum of products over its
 * parts, so that the part of (t, label) runs once per condition and nothing is copied together.
 *
 * The products, whose rows must not depend on each other, go through the packed kernel: with
 * weights packed once, or, where they change at every step, packed on the way; in bfloat16, which
 * takes longer to pack, once a step. The sum over rows that is the weight's gradient goes through
 * BLAS, or in bfloat16 through the kernels. */
#include "core/kernels/blas.h"
#include "core/ops/ops.h"

/* A block of weights that is packed at a time: its outputs and its inputs. */
#define BLOCK_OUTPUTS ((size_t)32)
#define BLOCK_INPUTS ((size_t)4096)

/* What it costs, in multiply-adds, that one thread reads an element which another has written. */
#define SHARED_ELEMENT_COST ((size_t)180)

static size_t first_column(const struct adv_signature *s)
{
    const struct adv_linear_attr *attr = s->attr;
    return attr ? attr->first_column : 0;
}

/* The k of a product, and its rows for each of the call's. */
static size_t n_inputs_of(const struct adv_signature *s)
{
    return s->in[0].channels;
}

static size_t pixels_of(const struct adv_signature *s)
{
    return s->in[0].height * s->in[0].width;
}

static size_t rows_of(const struct adv_call *call)
{
    return call->rows * pixels_of(call->signature);
}

static enum adv_status infer(struct adv_signature *s, struct adv_error *error)
{
    size_t n = s->param[0][0], columns = s->param[0][1], k = n_inputs_of(s);
    if (first_column(s) > columns || k > columns - first_column(s))
        return adv_fail(error, ADV_E_INVALID,
                        "linear: columns %zu to %zu of a weight with %zu columns", first_column(s),
                        first_column(s) + k, columns);
    if (s->n_params == 2 && s->param[1][0] != n)
        return adv_fail(error, ADV_E_INVALID, "linear: a bias of %zu for %zu outputs",
                        s->param[1][0], n);
    s->out_domain = s->domain[0];
    s->out = (struct adv_shape){n, s->in[0].height, s->in[0].width};
    return ADV_OK;
}

static struct adv_panels panels_of(const struct adv_signature *s, const adv_real *const *param)
{
    return (struct adv_panels){.w = param[0] + first_column(s),
                               .bias = s->n_params == 2 ? param[1] : NULL,
                               .run = n_inputs_of(s),
                               .n_runs = 1,
                               .output_stride = (ptrdiff_t)s->param[0][1],
                               .stride = 1};
}

/* Those that take the gradient of y to that of x. */
static struct adv_panels transposed_of(const struct adv_signature *s, const adv_real *const *param)
{
    return (struct adv_panels){.w = param[0] + first_column(s),
                               .run = s->param[0][0],
                               .n_runs = 1,
                               .output_stride = 1,
                               .stride = (ptrdiff_t)s->param[0][1]};
}

static size_t forward_packed_size(const struct adv_signature *s, const struct adv_kernels *kernels)
{
    return kernels->packed_size(s->param[0][0], n_inputs_of(s));
}

/* The weight packed for forward, then (to train) that for backward. */
static size_t packed_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                          enum adv_purpose purpose)
{
    size_t forward = forward_packed_size(s, kernels);
    if (purpose != ADV_TO_TRAIN)
        return forward;
    return kernels->bfloat16 ? forward + kernels->packed_size(n_inputs_of(s), s->param[0][0]) : 0;
}

static void pack(const struct adv_signature *s, const struct adv_kernels *kernels,
                 enum adv_purpose purpose, const adv_real *const *param, adv_real *packed)
{
    struct adv_panels panels = panels_of(s, param), transposed = transposed_of(s, param);
    kernels->pack_panels(s->param[0][0], &panels, packed);
    if (purpose == ADV_TO_TRAIN)
        kernels->pack_panels(panels.run, &transposed, packed + forward_packed_size(s, kernels));
}

static size_t scratch_size(const struct adv_signature *s, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep)
{
    (void)rows, (void)sweep;
    size_t n = s->param[0][0], k = n_inputs_of(s);
    size_t longer = n > k ? n : k;
    return kernels->packed_size(BLOCK_OUTPUTS, longer < BLOCK_INPUTS ? longer : BLOCK_INPUTS);
}

/* Where the block after this one will be packed from, if that lies side by side; else 0. */
static uintptr_t next_block(const struct adv_panels *block)
{
    bool dense = block->output_stride == (ptrdiff_t)block->run;
    return dense ? (uintptr_t)block->w + BLOCK_OUTPUTS * block->run * sizeof *block->w : 0;
}

/* y [rows, n] = start + x w', w as `panels` has it: a block of outputs at a time is packed and,
 * while it is in the cache, multiplied with all rows. A block of inputs goes on where the one
 * before it ended. */
static void product_by_blocks(const struct adv_call *call, size_t n,
                              const struct adv_panels *panels, const adv_real *x,
                              enum adv_start start, adv_real *y)
{
    const size_t k = panels->run;
    for (size_t first = 0; first < n; first += BLOCK_OUTPUTS) {
        size_t count = n - first < BLOCK_OUTPUTS ? n - first : BLOCK_OUTPUTS;
        struct adv_panels block = *panels;
        block.bias = panels->bias ? panels->bias + first : NULL;
        const adv_real *w = panels->w + (ptrdiff_t)first * panels->output_stride;
        for (size_t i = 0; i < k; i += BLOCK_INPUTS) {
            block.w = w + (ptrdiff_t)i * panels->stride;
            block.run = k - i < BLOCK_INPUTS ? k - i : BLOCK_INPUTS;
            struct adv_rows rows = adv_dense_rows(x + i, k, block.run);
            rows.ahead = next_block(&block);
            call->kernels->pack_panels(count, &block, call->scratch);
            call->kernels->product_of_rows(rows_of(call), count, rows, call->scratch,
                                           i ? ADV_FROM_OUTPUT : start, y + first, n);
        }
    }
}

/* A product with packed weights, of whose outputs each part takes some. */
struct shared_product {
    const struct adv_call *call;
    size_t n, n_parts;
    struct adv_rows x;
    enum adv_start start;
    adv_real *y;
};

static void do_part(void *context, size_t part, int worker)
{
    (void)worker;
    const struct shared_product *p = context;
    struct adv_range outputs = adv_part(p->n, ADV_OUTPUTS_STEP, part, p->n_parts);
    p->call->kernels->product_of_outputs(rows_of(p->call), p->n, outputs, p->x, p->call->packed,
                                         p->start, p->y, p->n);
}

/* Each thread reads all inputs, of which others have written some. A layer of conditions goes by
 * the rows of the others, even if it is worth it by itself: threads that sleep until then take
 * longer to wake. */
static size_t threads_for(const struct adv_call *call, size_t n, size_t k)
{
    size_t rows = pixels_of(call->signature) * (call->team ? call->team->rows : call->rows);
    size_t work = n * k * (rows + ADV_L3_LOAD_COST);
    size_t sharing = rows * (n + k) * SHARED_ELEMENT_COST;
    return adv_call_threads(call, work > sharing ? work - sharing : 0);
}

static void product(const struct adv_call *call, const adv_real *x, enum adv_start start,
                    adv_real *y)
{
    const struct adv_signature *s = call->signature;
    struct adv_panels panels = panels_of(s, call->param);
    size_t n = s->param[0][0], k = panels.run;
    if (!call->packed) {
        product_by_blocks(call, n, &panels, x, start, y);
        return;
    }
    struct shared_product p = {call, n, 1, adv_dense_rows(x, k, k), start, y};
    p.n_parts = threads_for(call, n, k);
    adv_call_share(call, p.n_parts, do_part, &p);
}

static void forward(const struct adv_call *call)
{
    product(call, call->in[0], ADV_FROM_BIAS, call->out);
}

static void tangent(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out)
{
    product(call, d_in[0], ADV_FROM_ZERO, d_out);
}

static void add_input_gradient(const struct adv_call *call, const adv_real *g_out, adv_real *g_in)
{
    const struct adv_signature *s = call->signature;
    size_t n = s->param[0][0], k = n_inputs_of(s);
    struct adv_panels transposed = transposed_of(s, call->param);
    if (!call->packed)
        product_by_blocks(call, k, &transposed, g_out, ADV_FROM_OUTPUT, g_in);
    else
        call->kernels->product_of_rows(rows_of(call), k, adv_dense_rows(g_out, n, n),
                                       call->packed + forward_packed_size(s, call->kernels),
                                       ADV_FROM_OUTPUT, g_in, k);
}

static void add_weight_gradient(const struct adv_call *call, const adv_real *g_out, adv_real *g_w)
{
    const struct adv_signature *s = call->signature;
    size_t n = s->param[0][0], columns = s->param[0][1], k = n_inputs_of(s);
    const struct adv_outer sum = {.m = n,
                                  .n = k,
                                  .run = rows_of(call),
                                  .n_runs = 1,
                                  .a = g_out,
                                  .a_stride = n,
                                  .b = call->in[0],
                                  .b_stride = k,
                                  .c = g_w,
                                  .c_stride = columns};
    if (call->kernels->bfloat16)
        call->kernels->outer(&sum);
    else
        adv_blas_product(n, k, rows_of(call), g_out, n, true, call->in[0], k, false, true, g_w,
                         columns);
}

static void backward(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param)
{
    const struct adv_signature *s = call->signature;
    size_t n = s->param[0][0];
    if (g_in[0])
        add_input_gradient(call, g_out, g_in[0]);
    if (g_param[0])
        add_weight_gradient(call, g_out, g_param[0] + first_column(s));
    if (s->n_params < 2 || !g_param[1])
        return;
    for (size_t r = 0; r < rows_of(call); r++) {
        for (size_t j = 0; j < n; j++)
            g_param[1][j] += g_out[r * n + j];
    }
}

static size_t multiply_adds(const struct adv_signature *s)
{
    return s->param[0][0] * adv_shape_size(s->in[0]);
}

const struct adv_op adv_op_linear = {
    .name = "linear",
    .n_inputs = 1,
    .n_params = 2,
    .attr_bytes = sizeof(struct adv_linear_attr),
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
