#include "core/kernels/blas.h"

#include <cblas.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void single_threaded(void)
{
    openblas_set_num_threads(1);
}

void adv_blas_single_threaded(void)
{
    pthread_once(&once, single_threaded);
}

void adv_blas_product(size_t m, size_t n, size_t k, const adv_real *a, size_t a_stride,
                      bool a_transposed, const adv_real *b, size_t b_stride, bool b_transposed,
                      bool accumulate, adv_real *c, size_t c_stride)
{
    enum CBLAS_TRANSPOSE ta = a_transposed ? CblasTrans : CblasNoTrans;
    enum CBLAS_TRANSPOSE tb = b_transposed ? CblasTrans : CblasNoTrans;
#ifdef ADV_REAL_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)a_stride,
                b, (blasint)b_stride, accumulate ? 1 : 0, c, (blasint)c_stride);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)a_stride,
                b, (blasint)b_stride, accumulate ? 1 : 0, c, (blasint)c_stride);
#endif
}
