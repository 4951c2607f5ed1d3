/* Every 64-bit Arm processor has NEON's 32 registers of 128 bits, and fuses multiply-adds. */
#define ISA_TABLE adv_kernels_neon
#define ISA_NAME "neon"
#define ISA_AVAILABLE true
#define ISA_VECTOR_BYTES 16
#define ISA_TILE_ROWS 14
#define ISA_FUSES
#include "core/kernels/body/isa.inc.h"
