#include "core/kernels/blas.h"

#include <advect/extra/optimiser.h>
#include <math.h>
#include <stdbool.h>

#define ITERATIONS 5
#define STEP_OF_ADAMW 0.2 /* root mean square of its steps, in learning rates */
#define NORM_LEAST 1e-30

/* Jordan et al.: of steep slope at 0, so that small singular values grow fast. */
static const float a = 3.4445f, b = -4.7750f, c = 2.0315f;

static size_t smaller(size_t rows, size_t columns)
{
    return rows < columns ? rows : columns;
}

size_t adv_muon_scratch(size_t rows, size_t columns)
{
    size_t side = smaller(rows, columns);
    return 2 * rows * columns + 2 * side * side;
}

static void scale_to_unit_norm(size_t n, float *x)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)x[i] * (double)x[i];
    float factor = (float)(1 / fmax(sqrt(squares), NORM_LEAST));
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* x [m, n], m <= n, in place; product [m, n], gram and polynomial [m, m]: scratch. */
static void orthogonalise(size_t m, size_t n, float *x, float *product, float *gram,
                          float *polynomial)
{
    scale_to_unit_norm(m * n, x);
    for (int k = 0; k < ITERATIONS; k++) {
        adv_blas_product(m, m, n, x, n, false, x, n, true, false, gram, m);
        adv_blas_product(m, m, m, gram, m, false, gram, m, false, false, polynomial, m);
        for (size_t i = 0; i < m * m; i++)
            polynomial[i] = b * gram[i] + c * polynomial[i];
        adv_blas_product(m, n, m, polynomial, m, false, x, n, false, false, product, n);
        for (size_t i = 0; i < m * n; i++)
            x[i] = a * x[i] + product[i];
    }
}

void adv_muon_update(const struct adv_muon *muon, size_t rows, size_t columns, const float *g,
                     float *w, float *m, float *scratch)
{
    adv_blas_single_threaded();
    size_t n = rows * columns, side = smaller(rows, columns), longer = n / side;
    bool tall = rows > columns; /* x is transposed then: it has no more rows than columns */
    size_t row_stride = tall ? 1 : columns, column_stride = tall ? rows : 1;
    float *x = scratch, *product = x + n, *gram = product + n, *polynomial = gram + side * side;
    float momentum = (float)muon->momentum, rest = (float)(1 - muon->momentum);
    float scale = (float)muon->gradient_scale;
    float keep = (float)(1 - muon->learning_rate * muon->weight_decay);
    float step = (float)(muon->learning_rate * STEP_OF_ADAMW * sqrt((double)longer));
    for (size_t r = 0, i = 0; r < rows; r++) {
        for (size_t k = 0; k < columns; k++, i++) {
            float gradient = scale * g[i];
            m[i] = momentum * m[i] + rest * gradient;
            x[r * row_stride + k * column_stride] = momentum * m[i] + rest * gradient;
        }
    }
    orthogonalise(side, longer, x, product, gram, polynomial);
    for (size_t r = 0, i = 0; r < rows; r++) {
        for (size_t k = 0; k < columns; k++, i++)
            w[i] = keep * w[i] - step * x[r * row_stride + k * column_stride];
    }
}
