/* How networks are evaluated: an option of whatever loads or makes a model. */
#ifndef ADVECT_LOAD_OPTIONS_H
#define ADVECT_LOAD_OPTIONS_H

#include <advect/api.h>
#include <advect/status.h>
#include <stddef.h>

ADV_API_BEGIN

/* Of the products of matrices. In bfloat16 their factors have 8 significant bits, with sums in
 * float32: faster where the processor multiplies them (AVX512_BF16, AMX); docs/internals/
 * performance.md has what it gains and what it costs in accuracy. */
enum adv_precision { ADV_PRECISION_FLOAT32, ADV_PRECISION_BFLOAT16 };
extern const char *const adv_precision_names[]; /* "float32", "bfloat16", NULL */

/* NULL in its place, or zeros: float32, by the fastest kernels that this processor runs. */
struct adv_load_options {
    size_t size; /* sizeof (struct adv_load_options) */
    enum adv_precision precision;
    /* Instruction set of the kernels: "portable", "avx2", "avx512", "neon"; NULL: the fastest. */
    const char *isa;
};

/* ADV_E_INVALID, field "precision" or "isa", where they are not to be had on this processor. */
enum adv_status adv_load_options_check(const struct adv_load_options *options,
                                       struct adv_error *error);
/* The kernels that these options, which must have passed the check, lead to: "avx512". */
const char *adv_load_options_kernels(const struct adv_load_options *options);

ADV_API_END
#endif
