#include "core/kernels/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Both lists end with the fastest variant. The Makefile compiles those of an architecture. */
static const struct adv_kernels *const variants[] = {
    &adv_kernels_portable,
#if defined __x86_64__
    &adv_kernels_avx2,
    &adv_kernels_avx512,
#elif defined __aarch64__
    &adv_kernels_neon,
#endif
    NULL,
};

static const struct adv_kernels *const bfloat16_variants[] = {
#if defined __x86_64__ && !defined ADV_REAL_DOUBLE
    &adv_kernels_bf16,
    &adv_kernels_amx,
#endif
    NULL,
};

static const struct adv_kernels *best, *bfloat16;
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static void choose_bfloat16(void)
{
    for (const struct adv_kernels *const *v = bfloat16_variants; *v; v++) {
        if ((*v)->available())
            bfloat16 = *v;
    }
}

static void choose_best(void)
{
    const char *wanted = getenv("ADVECT_ISA");
    for (const struct adv_kernels *const *v = variants; *v; v++) {
        if (!(*v)->available())
            continue;
        best = *v;
        if (wanted && strcmp(wanted, best->name) == 0)
            return;
    }
}

static void choose(void)
{
    choose_best();
    choose_bfloat16();
}

const struct adv_kernels *adv_kernels_best(void)
{
    pthread_once(&chosen, choose);
    return best;
}

const struct adv_kernels *adv_kernels_bfloat16(void)
{
    pthread_once(&chosen, choose);
    return bfloat16;
}

const struct adv_kernels *const *adv_kernels_all(void)
{
    return variants;
}

const struct adv_kernels *const *adv_kernels_all_bfloat16(void)
{
    return bfloat16_variants;
}
