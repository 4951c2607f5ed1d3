/* Bits are moved with memcpy: sources have no alignment, and aliasing rules hold. */
#include "core/io/arrays/number.h"

#include "core/base/mem.h"

#include <math.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the file formats are read in place");

#define FINITE_BLOCK 256

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* binary16: sign 1, exponent 5 (bias 15), fraction 10; binary32: 1, 8 (bias 127), 23. Without
 * branches, so that a loop of it takes many at a time. */
float adv_half_to_float(uint16_t half)
{
    uint32_t magnitude = half & 0x7fffu, sign = (uint32_t)(half & 0x8000u) << 16;
    /* The product corrects the bias, and is exact for subnormals too. */
    uint32_t bits = bits_of_float(float_of_bits(magnitude << 13) * 0x1p112f);
    uint32_t special = magnitude >= 0x7c00u ? 0x7f800000u : 0;
    return float_of_bits(sign | bits | special);
}

uint16_t adv_float_to_half(float value)
{
    uint32_t bits = bits_of_float(value);
    uint32_t sign = bits >> 16 & 0x8000u;
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u); /* NaN, quiet */
    if (magnitude >= 0x477ff000u)
        return (uint16_t)(sign | 0x7c00u); /* 65520 ties to the even neighbour, 2^16 */
    if (magnitude < 0x38800000u) {
        /* Below 2^-14 the result counts multiples of 2^-24, which is the spacing of binary32 on
         * [0.5, 1): adding 0.5 lets the processor round. */
        float shifted = float_of_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (bits_of_float(shifted) - bits_of_float(0.5f)));
    }
    /* A carry out of the fraction moves into the exponent, as it should. */
    uint32_t odd = magnitude >> 13 & 1u;
    uint32_t rebiased = magnitude - (uint32_t)((127 - 15) << 23);
    return (uint16_t)(sign | (rebiased + 0xfffu + odd) >> 13);
}

float adv_bfloat_to_float(uint16_t bfloat)
{
    return float_of_bits((uint32_t)bfloat << 16);
}

uint16_t adv_float_to_bfloat(float value)
{
    uint32_t bits = bits_of_float(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u); /* a NaN must not round to infinity */
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

bool adv_number_may_overflow(struct adv_number_type type)
{
    return type.kind == ADV_NUMBER_FLOAT || type.kind == ADV_NUMBER_BFLOAT;
}

/* The bits of one number, zero-extended. */
static uint64_t load(struct adv_number_type type, const uint8_t *at)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (type.bytes) {
    case 1:
        return *at;
    case 2:
        memcpy(&two, at, sizeof two);
        return type.big_endian ? __builtin_bswap16(two) : two;
    case 4:
        memcpy(&four, at, sizeof four);
        return type.big_endian ? __builtin_bswap32(four) : four;
    case 8:
        memcpy(&eight, at, sizeof eight);
        return type.big_endian ? __builtin_bswap64(eight) : eight;
    default:
        adv_bug("numbers of %u bytes", type.bytes);
    }
}

static int64_t sign_extend(uint64_t bits, unsigned bytes)
{
    uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
    return (int64_t)((bits ^ sign) - sign);
}

static float float_of_ieee(uint64_t bits, unsigned bytes)
{
    double wide;
    switch (bytes) {
    case 2:
        return adv_half_to_float((uint16_t)bits);
    case 4:
        return float_of_bits((uint32_t)bits);
    case 8:
        memcpy(&wide, &bits, sizeof wide);
        return (float)wide;
    default:
        adv_bug("floats of %u bytes", bytes);
    }
}

static float to_float(struct adv_number_type type, uint64_t bits)
{
    switch (type.kind) {
    case ADV_NUMBER_FLOAT:
        return float_of_ieee(bits, type.bytes);
    case ADV_NUMBER_BFLOAT:
        return adv_bfloat_to_float((uint16_t)bits);
    case ADV_NUMBER_SIGNED:
        return (float)sign_extend(bits, type.bytes);
    case ADV_NUMBER_UNSIGNED:
        return (float)bits;
    case ADV_NUMBER_BOOL:
        return bits ? 1.0f : 0.0f;
    }
    adv_bug("number kind %d", (int)type.kind);
}

static void widen_halves(const uint8_t *bytes, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, bytes + i * sizeof half, sizeof half);
        out[i] = adv_half_to_float(half);
    }
}

void adv_numbers_to_float(struct adv_number_type type, const void *source, size_t count, float *out)
{
    const uint8_t *bytes = source;
    bool weights = type.kind == ADV_NUMBER_FLOAT && !type.big_endian; /* what models are made of */
    if (count == 0)
        return;
    if (weights && type.bytes == 4) {
        memcpy(out, source, count * sizeof *out);
    } else if (weights && type.bytes == 2) {
        widen_halves(bytes, count, out);
    } else {
        for (size_t i = 0; i < count; i++)
            out[i] = to_float(type, load(type, bytes + i * type.bytes));
    }
}

double adv_number_to_double(struct adv_number_type type, const void *source)
{
    double value;
    uint64_t bits = load(type, source);
    if (type.kind != ADV_NUMBER_FLOAT || type.bytes != sizeof value)
        return (double)to_float(type, bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

void adv_numbers_to_int64(struct adv_number_type type, const void *source, size_t count,
                          int64_t *out)
{
    if (type.kind != ADV_NUMBER_SIGNED && type.kind != ADV_NUMBER_UNSIGNED)
        adv_bug("number kind %d is not an integer", (int)type.kind);
    const uint8_t *bytes = source;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = load(type, bytes + i * type.bytes);
        bool is_signed = type.kind == ADV_NUMBER_SIGNED;
        out[i] = is_signed ? sign_extend(bits, type.bytes) : (int64_t)bits;
    }
}

/* Without a way out of the loop, so that it takes a vector of values at a time. */
static bool all_finite(const float *values, size_t count)
{
    uint32_t infinite = 0;
    for (size_t i = 0; i < count; i++)
        infinite |= (bits_of_float(values[i]) & 0x7f800000u) == 0x7f800000u;
    return !infinite;
}

size_t adv_find_not_finite(const float *values, size_t count)
{
    size_t i = 0;
    while (count - i >= FINITE_BLOCK && all_finite(values + i, FINITE_BLOCK))
        i += FINITE_BLOCK;
    while (i < count && isfinite(values[i]))
        i++;
    return i;
}
