#include "tests/core/kernels/variants.h"

#include <stddef.h>

int n_variants(void)
{
    int n = 0;
    while (adv_kernels_all()[n])
        n++;
    return n;
}

const struct adv_kernels *variant(int i)
{
    const struct adv_kernels *kernels = adv_kernels_all()[i];
    return kernels->available() ? kernels : NULL;
}
