#include "core/base/circles.h"

#include <math.h>

#define TURN (2.0 * M_PI)

void adv_circles_draw(const struct adv_circles *circles, size_t n, size_t dim, float *x0)
{
    for (size_t row = 0; row < n; row++) {
        for (size_t i = 0; i < circles->n; i++) {
            float *x = &x0[row * dim + circles->columns[i]];
            *x = (float)(TURN * 0.5 * erfc(-(double)*x / sqrt(2.0)) - M_PI);
        }
    }
}

double adv_circles_log_base(const struct adv_circles *circles, size_t dim, const float *x0)
{
    double square = 0;
    for (size_t i = 0, c = 0; i < dim; i++) {
        if (c < circles->n && circles->columns[c] == i)
            c++;
        else
            square += (double)x0[i] * (double)x0[i];
    }
    double log_base = -0.5 * square - 0.5 * (double)(dim - circles->n) * log(TURN);
    return circles->n ? log_base - (double)circles->n * log(TURN) : log_base;
}

void adv_circles_unwrap(const struct adv_circles *circles, size_t n, size_t dim, const float *x0,
                        float *x1)
{
    for (size_t row = 0; row < n; row++) {
        for (size_t i = 0; i < circles->n; i++) {
            size_t at = row * dim + circles->columns[i];
            x1[at] = (float)((double)x0[at] + remainder((double)x1[at] - (double)x0[at], TURN));
        }
    }
}

void adv_circles_wrap(const struct adv_circles *circles, size_t n, size_t dim, float *x)
{
    for (size_t row = 0; row < n; row++) {
        for (size_t i = 0; i < circles->n; i++) {
            size_t at = row * dim + circles->columns[i];
            x[at] = (float)remainder((double)x[at], TURN);
        }
    }
}
