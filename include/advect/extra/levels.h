/* What 8-bit values mean: the pixels of a picture, or an array of uint8. One rule for everything
 * that reads or writes them (training, uploads, files of points, pictures of samples), which the
 * model's file decides:
 *
 *   dequantised   its transform states "levels": 256: value k is (k + u)/256 of the stated range, u
 *                 in [0, 1); back, x is level floor(256 x)
 *   intensities   its data are images and its transform states a range: k is k/255 of it; back, x
 *                 is round(255 x)
 *   none          otherwise: a uint8 is a number like any other
 *
 * Dequantised data without a stated range lie in [0, 1]. */
#ifndef ADVECT_EXTRA_LEVELS_H
#define ADVECT_EXTRA_LEVELS_H

#include <advect/api.h>
#include <advect/extra/transform.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

ADV_API_BEGIN

#define ADV_LEVELS 256 /* of 8-bit values */

enum adv_levels_kind { ADV_LEVELS_NONE, ADV_LEVELS_INTENSITIES, ADV_LEVELS_DEQUANTISED };

struct adv_levels {
    enum adv_levels_kind kind;
    double lo, hi; /* black and white, data units; of kind none -1 and 1, which networks without a
                      stated range are mostly trained on */
};

/* is_image: the data's shape is [channels, height, width] with 1 or 3 channels. */
struct adv_levels adv_levels_of(const struct adv_transform *transform, bool is_image);

/* values [n, dim]: 0..255 as floats become data units, in place; of kind none they stay. Every
 * row's u are the same, so that an image is the same point in whatever row and file it comes. */
void adv_levels_to_data(const struct adv_levels *levels, size_t n, size_t dim, float *values);

/* The same with u ~ U[0,1) of (seed, ADV_STREAM_DEQUANTISE, first_row + i), for training. */
void adv_levels_draw(const struct adv_levels *levels, uint64_t seed, uint64_t first_row, size_t n,
                     size_t dim, float *values);

/* Uniform dequantisation: values k in 0..n_levels-1 (as floats) -> (k + u) / n_levels with u ~
 * U[0,1) of (seed, ADV_STREAM_DEQUANTISE, first_row + i); floor(n_levels x) is k also after
 * rounding to float. In place is allowed. */
void adv_dequantise(uint64_t seed, uint64_t first_row, size_t n, size_t dim, int n_levels,
                    const float *values, float *out);

ADV_API_END
#endif
