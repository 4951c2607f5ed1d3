#include "core/kernels/table.h"

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

/* The last of those that this processor runs, or the one of that name. */
static const struct adv_kernels *pick(const struct adv_kernels *const *variant, const char *name)
{
    const struct adv_kernels *picked = NULL;
    for (; *variant; variant++) {
        if ((*variant)->available() && (!name || !strcmp(name, (*variant)->name)))
            picked = *variant;
    }
    return picked;
}

const struct adv_kernels *adv_kernels_pick(bool bfloat16, const char *name)
{
    return pick(bfloat16 ? bfloat16_variants : variants, name);
}

const struct adv_kernels *adv_kernels_best(void)
{
    return adv_kernels_pick(false, NULL);
}

const struct adv_kernels *adv_kernels_bfloat16(void)
{
    return adv_kernels_pick(true, NULL);
}

const struct adv_kernels *const *adv_kernels_all(void)
{
    return variants;
}

const struct adv_kernels *const *adv_kernels_all_bfloat16(void)
{
    return bfloat16_variants;
}
