/* How networks are evaluated: an option of whatever loads or makes a model. */
#ifndef ADVECT_LOAD_OPTIONS_H
#define ADVECT_LOAD_OPTIONS_H

#include <advect/api.h>
#include <advect/status.h>
#include <stddef.h>

ADV_API_BEGIN

/* Precision of matrix products. In bfloat16 their factors have 8 significant bits, with sums in
 * float32: faster where the processor multiplies them (AVX512_BF16, AMX), and less accurate. */
enum adv_precision { ADV_PRECISION_FLOAT32, ADV_PRECISION_BFLOAT16 };
const char *adv_precision_name(enum adv_precision precision); /* "float32", "bfloat16" */

/* NULL in its place, or zeros: float32, by the fastest kernels that this processor runs. */
struct adv_load_options {
    size_t size; /* sizeof (struct adv_load_options) */
    enum adv_precision precision;
    /* Instruction set of the kernels: "portable", "avx2", "avx512", "neon"; NULL: the fastest. */
    const char *isa;
};

/* ADV_E_INVALID, field "precision" or "isa", if this processor does not support them. */
enum adv_status adv_load_options_check(const struct adv_load_options *options,
                                       struct adv_error *error);
/* The kernels that these options, which must have passed the check, lead to: "avx512". */
const char *adv_load_options_kernels(const struct adv_load_options *options);

ADV_API_END
#endif
