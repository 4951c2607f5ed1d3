/* Numbers as files store them (integers, and floats of 2, 4 or 8 bytes) turned into float32,
 * and float32 into the 16-bit formats. Rounding is to nearest, ties to even. */
#ifndef ADV_IO_NUMBER_H
#define ADV_IO_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum adv_number_kind {
    ADV_NUMBER_FLOAT,    /* IEEE 754 binary16, binary32, binary64 */
    ADV_NUMBER_BFLOAT,   /* the upper half of a binary32 */
    ADV_NUMBER_SIGNED,   /* two's complement */
    ADV_NUMBER_UNSIGNED, /* plain binary */
    ADV_NUMBER_BOOL      /* one byte: 0 is 0, anything else is 1 */
};

struct adv_number_type {
    enum adv_number_kind kind;
    unsigned bytes; /* 1, 2, 4 or 8 */
    bool big_endian;
};

/* Whether numbers of this type may be NaN, infinite or beyond float32. */
bool adv_number_may_overflow(struct adv_number_type type);

/* source: count numbers, at any alignment; out [count]. What float32 cannot hold becomes
 * infinite. */
void adv_numbers_to_float(struct adv_number_type type, const void *source, size_t count,
                          float *out);

/* One number, as it is. */
double adv_number_to_double(struct adv_number_type type, const void *source);

/* Integer kinds only. */
void adv_numbers_to_int64(struct adv_number_type type, const void *source, size_t count,
                          int64_t *out);

/* Index of the first value that is NaN or infinite, or count. */
size_t adv_find_not_finite(const float *values, size_t count);

float adv_half_to_float(uint16_t half);
float adv_bfloat_to_float(uint16_t bfloat);
uint16_t adv_float_to_half(float value);   /* infinite from 65520 on */
uint16_t adv_float_to_bfloat(float value); /* infinite within half a unit of 2^128 */

#endif
