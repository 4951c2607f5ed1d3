/* The kernels, written once over a vector type; included by one file per
 * instruction set, which defines
 *   ISA_TABLE       the name of its struct adv_kernels
 *   ISA_NAME        its name as text
 *   ISA_AVAILABLE   an expression: does this processor run it?
 *   ISA_VECTOR_BYTES, ISA_TILE_ROWS   the register tile: rows x 2 vectors, chosen so that
 *                   accumulators, two weights and one broadcast fill the register file
 *   ISA_FUSES       if it fuses multiply-adds
 *   ISA_BFLOAT16    if products multiply in bfloat16; ISA_TILES: in the tile registers of AMX
 *   ISA_WINOGRAD    with ISA_BFLOAT16: struct adv_kernels.for_winograd
 *
 * Each *.inc.h below holds one family of kernels, file-private functions over the names here. */
#include "core/kernels/real_math.h"
#include "core/kernels/table.h"

#include <stdint.h>
#include <string.h>

#define LANES (ISA_VECTOR_BYTES / sizeof(adv_real))
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef adv_real vector __attribute__((vector_size(ISA_VECTOR_BYTES)));
#ifdef ADV_REAL_DOUBLE
typedef uint64_t vector_mask __attribute__((vector_size(ISA_VECTOR_BYTES)));
#else
typedef uint32_t vector_mask __attribute__((vector_size(ISA_VECTOR_BYTES)));
#endif

static bool isa_available(void)
{
    return ISA_AVAILABLE;
}

INLINE vector load(const adv_real *from)
{
    vector v;
    memcpy(&v, from, sizeof v);
    return v;
}

#include "core/kernels/body/transpose.inc.h"
#include "core/kernels/body/vector_math.inc.h"

#include "core/kernels/body/some_lanes.inc.h"

#include "core/kernels/body/elementwise.inc.h"
#include "core/kernels/body/norm.inc.h"
#include "core/kernels/body/outer.inc.h"
#ifdef ISA_BFLOAT16
#include "core/kernels/body/outer_bf16.inc.h"
#include "core/kernels/body/product_bf16.inc.h"
#define PRODUCT(name) bf16_##name
#else
#include "core/kernels/body/product.inc.h"
#define PRODUCT(name) name
#endif
#include "core/kernels/body/softmax.inc.h"
#include "core/kernels/body/standardise.inc.h"
#ifndef ISA_BFLOAT16
#include "core/kernels/body/winograd.inc.h"
#endif

#include "core/kernels/body/heads.inc.h"

static void pack(size_t n, size_t k, const adv_real *w, size_t w_stride, const adv_real *bias,
                 adv_real *packed)
{
    struct adv_panels panels = {w, bias, k, 1, (ptrdiff_t)w_stride, 0, 1};
    PRODUCT(pack_panels)(n, &panels, packed);
}

static void product_of_rows(size_t rows, size_t n, struct adv_rows x, const adv_real *packed,
                            enum adv_start start, adv_real *y, size_t y_stride)
{
    PRODUCT(product_of_outputs)(rows, n, (struct adv_range){0, n}, x, packed, start, y, y_stride);
}

static void product(size_t rows, size_t n, size_t k, const adv_real *x, const adv_real *packed,
                    bool with_bias, adv_real *y)
{
    product_of_rows(rows, n, adv_dense_rows(x, k, k), packed,
                    with_bias ? ADV_FROM_BIAS : ADV_FROM_ZERO, y, n);
}

const struct adv_kernels ISA_TABLE = {
    .name = ISA_NAME,
#ifdef ISA_BFLOAT16
    .bfloat16 = true,
#endif
    .available = isa_available,
    .packed_size = PRODUCT(packed_size),
    .pack = pack,
    .pack_panels = PRODUCT(pack_panels),
    .product = product,
    .product_of_rows = product_of_rows,
    .product_of_outputs = PRODUCT(product_of_outputs),
    .outer = PRODUCT(outer),
#ifdef ISA_BFLOAT16
    .for_winograd = ISA_WINOGRAD,
#else
    .winograd_pack = winograd_pack,
    .winograd_weight_adjoint = winograd_weight_adjoint,
    .winograd_input = winograd_input,
    .winograd_output = winograd_output,
    .winograd_spread = winograd_spread,
#endif
    .channel_sums = channel_sums,
    .channel_moments = channel_moments,
    .normalise = normalise,
    .normalise_tangent = normalise_tangent,
    .normalise_slope = normalise_slope,
    .normalise_backward = normalise_backward,
    .standardise_rows = standardise_rows,
    .standardise_rows_slope = standardise_rows_slope,
    .exp_rows = exp_rows,
    .weigh_rows = weigh_rows,
    .heads_size = heads_size,
    .heads_forward = heads_forward,
    .heads_tangents = heads_tangents,
    .heads_backward = heads_backward,
    .relu = relu,
    .gate = gate,
    .gate_add = gate_add,
    .silu = silu,
    .silu_slope = silu_slope,
    .selu = selu,
    .sin_cos_turns = sin_cos_turns,
};
