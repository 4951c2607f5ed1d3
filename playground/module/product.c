/* core/kernels/blas.h without OpenBLAS: of the products that it has, gradients of weights, sums of
 * outer products, are the only ones that are asked for, and the kernels have these. */
#include "core/kernels/blas.h"

#include "core/base/mem.h"
#include "core/kernels/table.h"

void adv_blas_single_threaded(void)
{
}

void adv_blas_product(size_t m, size_t n, size_t k, const adv_real *a, size_t a_stride,
                      bool a_transposed, const adv_real *b, size_t b_stride, bool b_transposed,
                      bool accumulate, adv_real *c, size_t c_stride)
{
    if (!a_transposed || b_transposed || !accumulate)
        adv_bug("a product that is no sum of outer products");
    const struct adv_outer outer = {.m = m,
                                    .n = n,
                                    .run = k,
                                    .n_runs = 1,
                                    .a = a,
                                    .b = b,
                                    .a_stride = a_stride,
                                    .b_stride = b_stride,
                                    .c = c,
                                    .c_stride = c_stride};
    adv_kernels_best()->outer(&outer);
}
