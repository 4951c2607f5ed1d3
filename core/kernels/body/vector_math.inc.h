/* Functions of whole vectors, for kernels that compute between loads and stores. In float, exp is
 * core/base/vmath.h's adv_expf with the clamp, and on AVX-512 the scaling, in one instruction each;
 * in double it is the C library's, lane by lane. */
#if defined __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

/* a b + c, rounded once where the instruction set fuses. Sums are made of these rather than left to
 * the compiler, which fuses or not by the code around: GCC 14 does not in chains of 256 bits, so
 * that a row alone would have other bits than among others. */
#if !defined ISA_FUSES
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#elif defined __aarch64__ && defined ADV_REAL_DOUBLE
#define MULTIPLY_ADD(a, b, c) vfmaq_f64(c, a, b)
#elif defined __aarch64__
#define MULTIPLY_ADD(a, b, c) vfmaq_f32(c, a, b)
#elif ISA_VECTOR_BYTES == 64 && defined ADV_REAL_DOUBLE
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_pd(a, b, c)
#elif ISA_VECTOR_BYTES == 64
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#elif defined ADV_REAL_DOUBLE
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_pd(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#endif

INLINE vector multiply_add(vector a, vector b, vector c)
{
    return (vector)MULTIPLY_ADD(a, b, c);
}

INLINE vector all_lanes(adv_real x)
{
    return x - (vector){0};
}

#if defined ADV_REAL_DOUBLE

INLINE vector vector_exp(vector x)
{
    vector y = {0};
    for (size_t i = 0; i < LANES; i++)
        y[i] = exp(x[i]);
    return y;
}

#else

typedef int32_t vector_bits __attribute__((vector_size(ISA_VECTOR_BYTES)));

/* low <= x <= high, or NaN */
#if ISA_VECTOR_BYTES == 64 && defined __AVX512F__
INLINE vector clamp(vector x, float low, float high)
{
    return _mm512_min_ps(_mm512_set1_ps(high), _mm512_max_ps(_mm512_set1_ps(low), x));
}

/* p 2^n for whole n; shifted: ADV_ROUNDER + n */
INLINE vector scale_by_power(vector p, vector n, vector shifted)
{
    (void)shifted;
    return _mm512_scalef_ps(p, n);
}
#else
#if ISA_VECTOR_BYTES == 32 && defined __AVX2__
INLINE vector clamp(vector x, float low, float high)
{
    return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), x));
}
#else
INLINE vector choose(vector_bits condition, vector yes, vector no)
{
    return (vector)(((vector_bits)yes & condition) | ((vector_bits)no & ~condition));
}

INLINE vector clamp(vector x, float low, float high)
{
    vector lows = all_lanes(low), highs = all_lanes(high);
    x = choose(x < lows, lows, x);
    return choose(x > highs, highs, x);
}
#endif

INLINE vector scale_by_power(vector p, vector n, vector shifted)
{
    (void)n;
    return p * (vector)(((vector_bits)shifted + 127) << 23);
}
#endif

/* e^x with x clamped to [-87.33, 87.33], relative error < 2e-7; NaN stays NaN. */
INLINE vector vector_exp(vector x)
{
    x = clamp(x, -87.3300323f, 87.3300323f);
    vector shifted = x * 1.44269504f + ADV_ROUNDER;
    vector n = shifted - ADV_ROUNDER;
    vector r = x - n * 0.693359375f + n * 2.12194440e-4f;
    vector p = 1.38146128e-3f * r + 8.36871006e-3f;
    p = p * r + 4.16683890e-2f;
    p = p * r + 0.166665211f;
    p = p * r + 0.49999994f;
    p = p * (r * r) + r + 1.0f;
    return scale_by_power(p, n, shifted);
}

#endif

INLINE vector vector_silu(vector x)
{
    return x / (1 + vector_exp(-x));
}

INLINE vector vector_silu_slope(vector x)
{
    vector e = vector_exp(-x), sigmoid = 1 / (1 + e);
    return sigmoid * (1 + x * (e * sigmoid)); /* e sigmoid = 1 - sigmoid, uncancelled */
}
