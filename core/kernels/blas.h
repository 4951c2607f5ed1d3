/* Matrix products by OpenBLAS, row-major, in the network's number type. Used
 * where both operands change from call to call (training); products with fixed
 * weights go through packed weights (table.h). */
#ifndef ADV_KERNELS_BLAS_H
#define ADV_KERNELS_BLAS_H

#include "core/base/real.h"

#include <stdbool.h>
#include <stddef.h>

/* c [m, n] = op(a) op(b) + (accumulate ? c : 0), where op transposes if asked; a is [m, k] (or
 * [k, m] if transposed), b is [k, n] (or [n, k]); strides are of rows as stored. */
void adv_blas_product(size_t m, size_t n, size_t k, const adv_real *a, size_t a_stride,
                      bool a_transposed, const adv_real *b, size_t b_stride, bool b_transposed,
                      bool accumulate, adv_real *c, size_t c_stride);

/* Makes every product run on its caller's thread alone: our threads are the
 * parallelism. Called once before products; cheap and thread-safe. */
void adv_blas_single_threaded(void);

#endif
