#include "core/data/mixtures/linear_algebra.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* factor [n, n], lower triangular, of a = factor factor' */
static bool cholesky(size_t n, const double *a, double *factor)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= factor[i * n + k] * factor[j * n + k];
            if (i == j && !(sum > 0))
                return false;
            factor[i * n + j] = i == j ? sqrt(sum) : sum / factor[j * n + j];
        }
    }
    return true;
}

/* In place, column by column from the last: those to the right of j are inverted already. */
static void invert_lower(size_t n, double *l)
{
    for (size_t j = n; j-- > 0;) {
        l[j * n + j] = 1 / l[j * n + j];
        for (size_t i = n; i-- > j + 1;) {
            double sum = 0;
            for (size_t k = j + 1; k <= i; k++)
                sum += l[i * n + k] * l[k * n + j];
            l[i * n + j] = -sum * l[j * n + j];
        }
    }
}

bool adv_inverse_cholesky(size_t n, const double *a, double *inverse)
{
    memset(inverse, 0, n * n * sizeof *inverse);
    if (!cholesky(n, a, inverse))
        return false;
    invert_lower(n, inverse);
    return true;
}

struct rotation {
    double cosine, sine;
};

/* The one that makes a[p, q] zero. */
static struct rotation rotation_of(size_t n, const double *a, size_t p, size_t q)
{
    double off = a[p * n + q];
    if (off == 0)
        return (struct rotation){1, 0};
    double tau = (a[q * n + q] - a[p * n + p]) / (2 * off);
    double tangent = copysign(1 / (fabs(tau) + hypot(1, tau)), tau);
    double cosine = 1 / hypot(1, tangent);
    return (struct rotation){cosine, tangent * cosine};
}

static void rotate(struct rotation r, double *p, double *q)
{
    double x = *p, y = *q;
    *p = r.cosine * x - r.sine * y;
    *q = r.sine * x + r.cosine * y;
}

/* The sum of squares off the diagonal. */
static double off_diagonal(size_t n, const double *a)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            sum += 2 * a[i * n + j] * a[i * n + j];
    }
    return sum;
}

static void sweep(size_t n, double *a, double *vectors)
{
    for (size_t p = 0; p < n; p++) {
        for (size_t q = p + 1; q < n; q++) {
            struct rotation r = rotation_of(n, a, p, q);
            for (size_t k = 0; k < n; k++)
                rotate(r, &a[k * n + p], &a[k * n + q]);
            for (size_t k = 0; k < n; k++)
                rotate(r, &a[p * n + k], &a[q * n + k]);
            for (size_t k = 0; k < n; k++)
                rotate(r, &vectors[p * n + k], &vectors[q * n + k]);
        }
    }
}

void adv_symmetric_eigen(size_t n, double *a, double *vectors, double *values)
{
    enum { SWEEPS_MAX = 60 };
    double all = off_diagonal(n, a);
    memset(vectors, 0, n * n * sizeof *vectors);
    for (size_t i = 0; i < n; i++) {
        vectors[i * n + i] = 1;
        all += a[i * n + i] * a[i * n + i];
    }
    for (int i = 0; i < SWEEPS_MAX && off_diagonal(n, a) > DBL_EPSILON * DBL_EPSILON * all; i++)
        sweep(n, a, vectors);
    for (size_t i = 0; i < n; i++)
        values[i] = a[i * n + i];
}
