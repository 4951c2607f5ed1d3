#define ISA_TABLE adv_kernels_portable
#define ISA_NAME "portable"
#define ISA_AVAILABLE true
#define ISA_VECTOR_BYTES 16
#define ISA_TILE_ROWS 6
#include "core/kernels/body/isa.inc.h"
