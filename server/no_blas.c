/* In place of OpenBLAS, which libadvect needs for one thing: the gradients of weights, when it
 * trains. The daemon does not. Linked with this it does without a library of 47 MB, which would
 * start a thread per processor before main begins, where the sandbox cannot reach them. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

void openblas_set_num_threads(int n)
{
    (void)n;
}

void cblas_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE a_as, enum CBLAS_TRANSPOSE b_as,
                 blasint m, blasint n, blasint k, float alpha, const float *a, blasint a_stride,
                 const float *b, blasint b_stride, float beta, float *c, blasint c_stride)
{
    (void)order, (void)a_as, (void)b_as, (void)m, (void)n, (void)k, (void)alpha, (void)a;
    (void)a_stride, (void)b, (void)b_stride, (void)beta, (void)c, (void)c_stride;
    fputs("a bug in advectd: it computes gradients of weights\n", stderr);
    abort();
}
