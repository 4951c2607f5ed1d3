#include "core/base/mem.h"

#include <advect/rng.h>
#include <advect/transform.h>
#include <math.h>

#define COLUMNS 256

/* (k + u) / levels as the float nearest to it of those that still belong to level k: rounding must
 * not lift 255 + u to 256, nor the end of one level into the next. */
static float place(float k, float u, int levels)
{
    float x = (float)(((double)k + (double)u) / levels);
    while ((double)x * levels >= (double)k + 1.0)
        x = nextafterf(x, -INFINITY);
    while ((double)x * levels < (double)k)
        x = nextafterf(x, INFINITY);
    return x;
}

void adv_dequantise(uint64_t seed, uint64_t first_row, size_t n, size_t dim, int levels,
                    const float *values, float *out)
{
    float noise[COLUMNS];
    for (size_t row = 0; row < n; row++) {
        for (size_t first = 0; first < dim; first += COLUMNS) {
            size_t count = dim - first < COLUMNS ? dim - first : COLUMNS, at = row * dim + first;
            adv_rng_uniform_columns(seed, ADV_STREAM_DEQUANTISE, first_row + row, first, count,
                                    noise);
            for (size_t i = 0; i < count; i++)
                out[at + i] = place(values[at + i], noise[i], levels);
        }
    }
}
