/* Small dense matrices, in double, row-major. */
#ifndef ADV_DATA_LINEAR_ALGEBRA_H
#define ADV_DATA_LINEAR_ALGEBRA_H

#include <stdbool.h>
#include <stddef.h>

/* inverse [n, n], lower triangular: that of the Cholesky factor of a symmetric matrix a, whose
 * lower triangle is read, so that x' a^-1 x = |inverse x|^2. False where a is not positive
 * definite. */
bool adv_inverse_cholesky(size_t n, const double *a, double *inverse);

/* The eigenvectors of a symmetric matrix a [n, n], which is destroyed, as the rows of vectors
 * [n, n], and their values [n]; by Jacobi's method with cyclic sweeps (Golub and Van Loan, Matrix
 * Computations, 8.5). */
void adv_symmetric_eigen(size_t n, double *a, double *vectors, double *values);

#endif
