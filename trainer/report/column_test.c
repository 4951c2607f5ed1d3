#include "trainer/report/two_sample.h"

#include <advect/extra/memory.h>

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void copy_column(const struct adv_rows *rows, size_t column, float *out)
{
    for (size_t i = 0; i < rows->n; i++)
        out[i] = rows->x[i * rows->dim + column];
    qsort(out, rows->n, sizeof *out, compare);
}

static struct adv_moments moments_of(size_t n, const float *x)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    for (size_t i = 0; i < n; i++)
        squares += ((double)x[i] - sum / (double)n) * ((double)x[i] - sum / (double)n);
    return (struct adv_moments){sum / (double)n, n > 1 ? sqrt(squares / (double)(n - 1)) : NAN};
}

/* Of two ascending arrays; equal values are passed on both sides before the distance is taken. */
static double largest_distance(size_t n, const float *a, size_t m, const float *b)
{
    double largest = 0;
    for (size_t i = 0, j = 0; i < n && j < m;) {
        float value = a[i] < b[j] ? a[i] : b[j];
        while (i < n && a[i] == value)
            i++;
        while (j < m && b[j] == value)
            j++;
        largest = fmax(largest, fabs((double)i / (double)n - (double)j / (double)m));
    }
    return largest;
}

/* Q(lambda) = 2 sum (-1)^(k - 1) exp(-2 k^2 lambda^2) */
static double kolmogorov_tail(double lambda)
{
    double sum = 0;
    if (lambda < 0.2)
        return 1; /* to 12 digits, where the sum converges slowly */
    for (int k = 1; k <= 100; k++) {
        double term = exp(-2 * (double)k * (double)k * lambda * lambda);
        sum += k % 2 ? term : -term;
        if (term < 1e-17)
            break;
    }
    return fmin(fmax(2 * sum, 0), 1);
}

enum adv_status adv_column_test(const struct adv_rows *a, const struct adv_rows *b, size_t column,
                                struct adv_column_test *result, struct adv_error *error)
{
    float *x = calloc(a->n, sizeof *x), *y = calloc(b->n, sizeof *y);
    enum adv_status status = x && y ? ADV_OK : adv_no_memory(error);
    if (status == ADV_OK) {
        double root = sqrt((double)a->n * (double)b->n / (double)(a->n + b->n));
        copy_column(a, column, x);
        copy_column(b, column, y);
        result->a = moments_of(a->n, x);
        result->b = moments_of(b->n, y);
        result->distance = largest_distance(a->n, x, b->n, y);
        result->p_value = kolmogorov_tail((root + 0.12 + 0.11 / root) * result->distance);
    }
    free(x);
    free(y);
    return status;
}
