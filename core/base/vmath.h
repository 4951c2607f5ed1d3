/* Elementary functions of float as straight-line arithmetic, so that a loop
 * over them becomes vector code on any compiler, and gives the same bits on
 * all of them (where the file forbids fused multiply-adds).
 *
 * Polynomials: minimax fits of the reduced functions named at each, found by
 * Lawson's reweighted least squares in double and rounded to float. Relative
 * errors over the whole domain, against libm in double, are held by tests. */
#ifndef ADV_BASE_VMATH_H
#define ADV_BASE_VMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Added and subtracted, 1.5 * 2^23 rounds |x| < 2^22 to the nearest integer, which is then also in
 * the low bits of the sum. */
#define ADV_ROUNDER 12582912.0f

static inline uint32_t adv_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float adv_bits_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^x, relative error < 2e-7. x is clamped to [-87.33, 87.33], so that the result is always
 * normal and finite; NaN stays NaN. */
static inline float adv_expf(float x)
{
    /* On bits: written as a choice of floats, compilers branch to a constant and lose the loop. */
    const int32_t most = 0x42aea8f6, infinite = 0x7f800000;
    uint32_t bits = adv_float_bits(x);
    int32_t magnitude = (int32_t)(bits & 0x7fffffffu);
    uint32_t beyond = 0u - (uint32_t)((magnitude > most) & (magnitude <= infinite));
    magnitude = (int32_t)(((uint32_t)magnitude & ~beyond) | ((uint32_t)most & beyond));
    x = adv_bits_float((uint32_t)magnitude | (bits & 0x80000000u));
    float rounded = x * 1.44269504f + ADV_ROUNDER;
    float n = rounded - ADV_ROUNDER;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f; /* x - n ln 2, |r| <= ln(2)/2 */
    float p = 1.38146128e-3f;                            /* e^r = 1 + r + r^2 p(r) */
    p = p * r + 8.36871006e-3f;
    p = p * r + 4.16683890e-2f;
    p = p * r + 0.166665211f;
    p = p * r + 0.49999994f;
    p = p * (r * r) + r + 1.0f;
    return p * adv_bits_float((adv_float_bits(rounded) + 127u) << 23);
}

/* log(x), relative error < 3e-7, for normal positive x (anything else gives rubbish). */
static inline float adv_logf(float x)
{
    uint32_t bits = adv_float_bits(x);
    /* x = 2^exponent (1 + f), 1 + f in [sqrt(1/2), sqrt(2)): 0x3f3504f3 are the bits of
     * sqrt(1/2). */
    int32_t exponent = (int32_t)(bits - 0x3f3504f3u) >> 23;
    float e = (float)exponent;
    float f = adv_bits_float(bits - ((uint32_t)exponent << 23)) - 1.0f;
    float p = -7.63449669e-2f; /* log(1 + f) = f - f^2/2 + f^3 p(f) */
    p = p * f + 0.127615765f;
    p = p * f - 0.131601825f;
    p = p * f + 0.142017573f;
    p = p * f - 0.166233569f;
    p = p * f + 0.200012267f;
    p = p * f - 0.250008196f;
    p = p * f + 0.333333313f;
    float tail = p * f - 0.5f;
    tail = tail * (f * f) - e * 2.12194440e-4f;
    return e * 0.693359375f + (f + tail);
}

/* sin and cos of 2 pi turns, relative errors < 3e-7 for |turns| < 2^20: reduction in turns is
 * exact, however far out. Beyond that a finite value counts as whole turns; what is not finite
 * gives NaN. */
static inline void adv_sin_cos_turnsf(float turns, float *sine, float *cosine)
{
    uint32_t bits = adv_float_bits(turns);
    uint32_t near = 0u - (uint32_t)((bits & 0x7fffffffu) < 0x49800000u); /* |turns| < 2^20 */
    turns = adv_bits_float(bits & near) + (turns - turns);
    float rounded = turns * 4.0f + ADV_ROUNDER;
    uint32_t quadrant = adv_float_bits(rounded);
    float r = turns - (rounded - ADV_ROUNDER) * 0.25f; /* |r| <= 1/8 */
    float z = r * r;
    float s = -75.3935623f; /* sin(2 pi r) = r s(z) */
    s = s * z + 81.5923538f;
    s = s * z - 41.3416634f;
    s = s * z + 6.28318548f;
    s = s * r;
    float c = 59.2292442f; /* cos(2 pi r) = 1 + z c(z) */
    c = c * z - 85.4432373f;
    c = c * z + 64.9393233f;
    c = c * z - 19.7392082f;
    c = c * z + 1.0f;
    /* A quarter turn: (sin, cos) -> (cos, -sin). Signs are flipped by their bit. */
    uint32_t swap = 0u - (quadrant & 1u);
    uint32_t s_bits = adv_float_bits(s), c_bits = adv_float_bits(c);
    uint32_t differs = (s_bits ^ c_bits) & swap;
    *sine = adv_bits_float(s_bits ^ differs ^ ((quadrant & 2u) << 30));
    *cosine = adv_bits_float(c_bits ^ differs ^ (((quadrant + 1u) & 2u) << 30));
}

/* Two independent standard normals of two random words: sqrt(-2 log u) (cos, sin)(2 pi v). u = (k +
 * 1/2) 2^-31 for the upper 31 bits k of the radius word, so u >= 2^-32: the logarithm never meets
 * zero, and |z| <= sqrt(64 log 2) = 6.66. Rounding to float may give u = 1, never more. */
static inline void adv_box_mullerf(uint32_t radius, uint32_t angle, float *z0, float *z1)
{
    float u = ((float)(int32_t)(radius >> 1) + 0.5f) * 0x1p-31f;
    float v = (float)(int32_t)angle * 0x1p-32f;
    float r = sqrtf(-2.0f * adv_logf(u));
    float sine, cosine;
    adv_sin_cos_turnsf(v, &sine, &cosine);
    *z0 = r * cosine;
    *z1 = r * sine;
}

#endif
