#include "core/kernels/table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct adv_kernels *const variants[] = {
    &adv_kernels_portable,
#if defined __x86_64__
    &adv_kernels_avx2,
    &adv_kernels_avx512,
#endif
    NULL,
};

static const struct adv_kernels *best;
static pthread_once_t best_once = PTHREAD_ONCE_INIT;

static void choose(void)
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

const struct adv_kernels *adv_kernels_best(void)
{
    pthread_once(&best_once, choose);
    return best;
}

const struct adv_kernels *adv_kernels_bfloat16(void)
{
#if defined __x86_64__ && !defined ADV_REAL_DOUBLE
    static const struct adv_kernels *const by_speed[] = {&adv_kernels_amx, &adv_kernels_bf16};
    for (size_t i = 0; i < sizeof by_speed / sizeof *by_speed; i++) {
        if (by_speed[i]->available())
            return by_speed[i];
    }
#endif
    return NULL;
}

const struct adv_kernels *const *adv_kernels_all(void)
{
    return variants;
}
