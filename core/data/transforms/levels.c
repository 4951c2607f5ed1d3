#include "core/base/mem.h"

#include <advect/extra/levels.h>
#include <advect/extra/rng.h>
#include <math.h>

#define COLUMNS 256

/* (k + u) / n_levels as the float nearest to it of those that still belong to level k: rounding
 * must not lift 255 + u to 256, nor the end of one level into the next. */
static float place(float k, float u, int n_levels)
{
    float x = (float)(((double)k + (double)u) / n_levels);
    while ((double)x * n_levels >= (double)k + 1.0)
        x = nextafterf(x, -INFINITY);
    while ((double)x * n_levels < (double)k)
        x = nextafterf(x, INFINITY);
    return x;
}

void adv_dequantise(uint64_t seed, uint64_t first_row, size_t n, size_t dim, int n_levels,
                    const float *values, float *out)
{
    float noise[COLUMNS];
    for (size_t row = 0; row < n; row++) {
        for (size_t first = 0; first < dim; first += COLUMNS) {
            size_t count = dim - first < COLUMNS ? dim - first : COLUMNS, at = row * dim + first;
            adv_rng_uniform_columns(seed, ADV_STREAM_DEQUANTISE, first_row + row, first, count,
                                    noise);
            for (size_t i = 0; i < count; i++)
                out[at + i] = place(values[at + i], noise[i], n_levels);
        }
    }
}

struct adv_levels adv_levels_of(const struct adv_transform *transform, bool is_image)
{
    struct adv_levels levels = {.lo = -1, .hi = 1};
    bool has_range = adv_transform_range(transform, &levels.lo, &levels.hi);
    if (adv_transform_levels(transform) == ADV_LEVELS)
        levels.kind = ADV_LEVELS_DEQUANTISED;
    else if (is_image && has_range)
        levels.kind = ADV_LEVELS_INTENSITIES;
    return levels;
}

static void scale(const struct adv_levels *levels, double unit, size_t n, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (float)(levels->lo + (levels->hi - levels->lo) * ((double)values[i] / unit));
}

void adv_levels_draw(const struct adv_levels *levels, uint64_t seed, uint64_t first_row, size_t n,
                     size_t dim, float *values)
{
    if (levels->kind == ADV_LEVELS_INTENSITIES) {
        scale(levels, ADV_LEVELS - 1, n * dim, values);
    } else if (levels->kind == ADV_LEVELS_DEQUANTISED) {
        adv_dequantise(seed, first_row, n, dim, ADV_LEVELS, values, values);
        if (levels->lo != 0 || levels->hi != 1)
            scale(levels, 1, n * dim, values);
    }
}

void adv_levels_to_data(const struct adv_levels *levels, size_t n, size_t dim, float *values)
{
    for (size_t row = 0; row < n; row++)
        adv_levels_draw(levels, 0, 0, 1, dim, values + row * dim);
}
