#include "trainer/measure/mean.h"

#include <math.h>

struct adv_mean adv_mean_of(size_t n, const double *values)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return (struct adv_mean){mean, n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : NAN};
}
