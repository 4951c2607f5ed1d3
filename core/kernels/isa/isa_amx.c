/* The AVX-512 kernels with bfloat16 products in the tile registers of AMX. */
#include <cpuid.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux gives a process the tile registers when it asks for them. */
static bool has_tiles(void)
{
    enum { REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 }; /* of <asm/prctl.h> */
    const unsigned bf16 = 1u << 22, tiles = 1u << 24;
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & bf16) && (d & tiles) &&
           syscall(SYS_arch_prctl, REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

#define ISA_TABLE adv_kernels_amx
#define ISA_NAME "amx-bf16"
#define ISA_AVAILABLE                                                                              \
    (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&                 \
     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && has_tiles())
#define ISA_VECTOR_BYTES 64
#define ISA_TILE_ROWS 14
#define ISA_FUSES
#define ISA_BFLOAT16
#define ISA_WINOGRAD NULL /* tiles multiply 16 times as fast */
#define ISA_TILES
#include "core/kernels/body/isa.inc.h"
