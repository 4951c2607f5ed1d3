#define ISA_TABLE adv_kernels_avx512
#define ISA_NAME "avx512"
#define ISA_AVAILABLE                                                                              \
    (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&                    \
     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&                   \
     __builtin_cpu_supports("fma"))
#define ISA_VECTOR_BYTES 64
#define ISA_TILE_ROWS 14
#define ISA_FUSES
#include "core/kernels/body/isa.inc.h"
