#define ISA_TABLE adv_kernels_avx2
#define ISA_NAME "avx2"
#define ISA_AVAILABLE (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define ISA_VECTOR_BYTES 32
#define ISA_TILE_ROWS 6
#define ISA_FUSES
#include "core/kernels/body/isa.inc.h"
