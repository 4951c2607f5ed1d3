/* What an op is: the steps of a network are coarse ops over dense rows.
 *
 * Each op is one file of the same shape: its formula, infer (shapes), forward,
 * tangent or tangents (forward-mode derivative), backward (reverse mode), and
 * last its descriptor. What the planner must know is data in the descriptor.
 *
 * Two row domains keep conditioning cheap: values that depend on (t, label)
 * alone have a row per distinct condition; the others a row per sample, and
 * row_map says which condition a sample's row has.
 *
 * There are no second-order derivatives: a tangent cannot be trained through. */
#ifndef ADV_OPS_OP_H
#define ADV_OPS_OP_H

#include <advect/pool.h>
#include <advect/status.h>

#include "core/base/real.h"
#include "core/kernels/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADV_OP_MAX_INPUTS 2
#define ADV_OP_MAX_PARAMS 2
#define ADV_PARAM_MAX_DIMS 4

enum adv_domain { ADV_PER_ROW, ADV_PER_CONDITION };

/* The elements of one row. Images lie channels last, [height][width][channels], so that a pixel is
 * a vector; the graph's x and output lie as data do, [channels][height][width], and the ops
 * to_channels_last and to_channels_first stand between. For one channel, and for flat values, the
 * two orders are one. */
struct adv_shape {
    size_t channels, height, width;
};

static inline size_t adv_shape_size(struct adv_shape shape)
{
    return shape.channels * shape.height * shape.width;
}

static inline struct adv_shape adv_shape_flat(size_t size)
{
    return (struct adv_shape){size, 1, 1};
}

/* What infer sees, and completes with the output's domain and shape. */
struct adv_signature {
    const void *attr; /* the op's own attributes, or NULL */
    int n_inputs, n_params;
    enum adv_domain domain[ADV_OP_MAX_INPUTS];
    struct adv_shape in[ADV_OP_MAX_INPUTS];
    size_t param[ADV_OP_MAX_PARAMS][ADV_PARAM_MAX_DIMS]; /* unused dimensions are 1 */

    enum adv_domain out_domain;
    struct adv_shape out;
};

enum adv_sweep { ADV_FORWARD, ADV_TANGENT, ADV_BACKWARD };
#define ADV_N_SWEEPS 3

/* What parameters are packed for: to stay as they are, or to change at every step. */
enum adv_purpose { ADV_TO_EVALUATE, ADV_TO_TRAIN };

/* The threads that may share one node's work, the caller's own being worker 0; each worker has
 * scratch of its own, as much as the call. */
struct adv_team {
    struct adv_pool *pool;
    adv_real *scratch;     /* of worker 1; those of the others follow */
    size_t scratch_stride; /* in elements */
    size_t rows;           /* of the sweep, by which ops that are per condition decide, too */
};

/* One node at execution: rows [in[i] size] -> rows [out size], dense, row-major. */
struct adv_call {
    const struct adv_signature *signature;
    const struct adv_kernels *kernels;
    size_t rows;            /* rows of the output's domain */
    const int32_t *row_map; /* [rows]: the condition of each sample row; only for broadcasts */
    const adv_real *in[ADV_OP_MAX_INPUTS];
    adv_real *out;
    const adv_real *param[ADV_OP_MAX_PARAMS];
    const adv_real *packed;      /* made by pack from the parameters; NULL where its size is 0 */
    adv_real *scratch;           /* at least scratch_size elements; NULL where that is 0 */
    const struct adv_team *team; /* NULL: this thread works alone */
};

/* Tangents that go through a node together. Those of an input, and of the output, lie a stride of
 * elements apart. */
struct adv_tangents {
    size_t n;
    const adv_real *in[ADV_OP_MAX_INPUTS]; /* NULL is zero; not all are NULL */
    size_t in_stride[ADV_OP_MAX_INPUTS];
    adv_real *out; /* overwritten; may be in[0] of an op that is in_place */
    size_t out_stride;
};

/* What a derivative reads of the forward values; a mask. */
#define ADV_READS_INPUT(i) (1u << (i))
#define ADV_READS_OUTPUT (1u << 8)

struct adv_op {
    const char *name;
    int n_inputs, n_params;
    size_t attr_bytes;

    /* Checks the inputs and sets the output's domain and shape. */
    enum adv_status (*infer)(struct adv_signature *signature, struct adv_error *error);

    void (*forward)(const struct adv_call *call);

    /* d_out = (d out / d in) d_in, as in struct adv_tangents. An op has one of the two: tangents
     * where several share work. */
    void (*tangent)(const struct adv_call *call, const adv_real *const *d_in, adv_real *d_out);
    void (*tangents)(const struct adv_call *call, const struct adv_tangents *d);

    /* g_in[i] += (d out / d in[i])' g_out, likewise g_param. A NULL adjoint is not wanted. */
    void (*backward)(const struct adv_call *call, const adv_real *g_out, adv_real *const *g_in,
                     adv_real *const *g_param);

    unsigned tangent_reads, backward_reads;
    bool in_place;     /* out may be in[0], and d_out may be d_in[0] */
    bool fixed_params; /* fitted to data, not learned: backward leaves g_param alone */
    bool has_kinks;    /* its derivative jumps */

    /* Elements packed from the parameters once per set of weights, 0 for none; NULL: never. */
    size_t (*packed_size)(const struct adv_signature *signature, const struct adv_kernels *kernels,
                          enum adv_purpose purpose);
    void (*pack)(const struct adv_signature *signature, const struct adv_kernels *kernels,
                 enum adv_purpose purpose, const adv_real *const *param, adv_real *packed);

    /* Scratch elements that one sweep over `rows` rows needs; NULL: none. */
    size_t (*scratch_size)(const struct adv_signature *signature, const struct adv_kernels *kernels,
                           size_t rows, enum adv_sweep sweep);

    /* Multiply-adds of one output row's forward, for rates; NULL: not worth counting. */
    size_t (*multiply_adds)(const struct adv_signature *signature);
};

/* Elements of all of a call's output rows. */
static inline size_t adv_call_elements(const struct adv_call *call)
{
    return call->rows * adv_shape_size(call->signature->out);
}

/* Tangents by whichever function the op has. */
void adv_op_push(const struct adv_op *op, const struct adv_call *call,
                 const struct adv_tangents *tangents);

/* Tangent k of input i, or NULL where that is zero; and of the output. */
static inline const adv_real *adv_tangent_in(const struct adv_tangents *d, size_t k, int i)
{
    return d->in[i] ? d->in[i] + k * d->in_stride[i] : NULL;
}

static inline adv_real *adv_tangent_out(const struct adv_tangents *d, size_t k)
{
    return d->out + k * d->out_stride;
}

/* What it costs, in multiply-adds, to load a weight from the third-level cache. */
#define ADV_L3_LOAD_COST 8

/* How many threads should share a forward or tangent of so many multiply-adds: 1 where it is too
 * little to gain from handing parts of it to others. */
size_t adv_call_threads(const struct adv_call *call, size_t multiply_adds);

/* Runs task(context, part, worker) for every part, by the team if there is one. */
void adv_call_share(const struct adv_call *call, size_t n_parts,
                    void (*task)(void *context, size_t part, int worker), void *context);

/* The scratch of one of the workers. */
adv_real *adv_call_scratch(const struct adv_call *call, int worker);

/* Part i of n nearly equal parts of [0, count), in whole units. */
struct adv_range adv_part(size_t count, size_t unit, size_t i, size_t n);

/* infer of ops whose output has the domain and shape of their first input. */
enum adv_status adv_infer_like_input(struct adv_signature *signature, struct adv_error *error);

/* infer of ops that bring a condition's vector (input 1) to the rows (input 0) that have it. op:
 * the name, for errors. */
enum adv_status adv_infer_broadcast(const char *op, struct adv_signature *signature,
                                    struct adv_error *error);

#endif
