/* The AVX-512 kernels with bfloat16 products of AVX512_BF16. */
#define ISA_TABLE adv_kernels_bf16
#define ISA_NAME "avx512-bf16"
#define ISA_AVAILABLE                                                                              \
    (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&                 \
     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
#define ISA_VECTOR_BYTES 64
#define ISA_TILE_ROWS 14
#define ISA_FUSES
#define ISA_BFLOAT16
#define ISA_WINOGRAD (&adv_kernels_avx512) /* 4 times fewer products, half as fast */
#include "core/kernels/body/isa.inc.h"
