/* Rows of a softmax and of its derivative. The sums run over lanes, so their rounding differs from
 * variant to variant. */
/* The larger of each pair; b where either is NaN. */
INLINE vector larger(vector a, vector b)
{
#if defined __AVX512F__ && !defined ADV_REAL_DOUBLE
    return (vector)_mm512_max_ps((__m512)a, (__m512)b);
#else
    vector_mask mask = a > b;
    return (vector)((mask & (vector_mask)a) | (~mask & (vector_mask)b));
#endif
}

/* 2^x, relative error < 2e-7, NaN for NaN, infinite from 2^128 on; below -100 it stays at 2^-100,
 * so that no product of results is subnormal. The polynomial is fitted as those of
 * core/base/vmath.h are, with 2^0 = 1 exact. */
#ifdef ADV_REAL_DOUBLE
INLINE vector power_of_two(vector x)
{
    for (size_t l = 0; l < LANES; l++)
        x[l] = exp2(x[l]);
    return x;
}
#else
/* 2^r for |r| <= 1/2 */
INLINE vector power_of_fraction(vector r)
{
    vector p = r * 1.32647273e-3f + 9.67151299e-3f;
    p = p * r + 5.55073358e-2f;
    p = p * r + 0.240222424f;
    p = p * r + 0.693147004f;
    return p * r + 1.0f;
}

#ifdef __AVX512DQ__
INLINE vector power_of_two(vector x)
{
    x = larger((vector){0} - 100, x);
    vector r = (vector)_mm512_reduce_ps((__m512)x, _MM_FROUND_TO_NEAREST_INT);
    return (vector)_mm512_scalef_ps((__m512)power_of_fraction(r), (__m512)(x - r));
}
#else
INLINE vector power_of_two(vector x)
{
    const float rounder = ADV_ROUNDER + 127; /* leaves the biased exponent in the low bits */
    x = clamp(x, -100, 128);
    vector rounded = x + rounder;
    vector p = power_of_fraction(x - (rounded - rounder));
    return p * (vector)((vector_mask)rounded << 23);
}
#endif
#endif

INLINE adv_real largest_lane(vector v)
{
#if defined __AVX512F__ && !defined ADV_REAL_DOUBLE
    return _mm512_reduce_max_ps((__m512)v);
#else
    adv_real most = v[0];
    for (size_t l = 1; l < LANES; l++)
        most = v[l] > most ? v[l] : most;
    return most;
#endif
}

INLINE adv_real largest_of(size_t n, const adv_real *s)
{
    vector most[4];
    size_t i = 0;
    UNROLL
    for (size_t c = 0; c < 4; c++)
        most[c] = (vector){0} + s[0];
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        UNROLL
        for (size_t c = 0; c < 4; c++)
            most[c] = larger(most[c], load(s + i + c * LANES));
    }
    for (; i + LANES <= n; i += LANES)
        most[0] = larger(most[0], load(s + i));
    most[0] = larger(larger(most[0], most[1]), larger(most[2], most[3]));
    adv_real result = largest_lane(most[0]);
    for (; i < n; i++)
        result = s[i] > result ? s[i] : result;
    return result;
}

/* s [n] becomes 2^(s - shift); returns its sum. */
INLINE adv_real powers_of(size_t n, adv_real shift, adv_real *s)
{
    vector sum = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vector e = power_of_two(load(s + i) - shift);
        memcpy(s + i, &e, sizeof e);
        sum += e;
    }
    if (i < n) {
        vector e = power_of_two(load_first(s + i, n - i) - shift);
        store_first(s + i, e, n - i);
        sum += keep_first(e, n - i);
    }
    return sum_of(sum);
}

static void exp_rows(size_t rows, size_t n, bool from_largest, adv_real *s, size_t stride,
                     adv_real *inverse)
{
    for (size_t r = 0; r < rows; r++, s += stride)
        inverse[r] = 1 / (from_largest ? powers_of(n, largest_of(n, s), s) : powers_of(n, 0, s));
}

static void weigh_rows(size_t rows, size_t n, const adv_real *p, size_t stride,
                       const adv_real *factor, const adv_real *shift, adv_real *t, adv_real *sum)
{
    for (size_t r = 0; r < rows; r++, p += stride, t += stride) {
        vector total = {0};
        size_t i = 0;
        for (; i + LANES <= n; i += LANES) {
            vector e = load(p + i) * (load(t + i) * factor[r] - shift[r]);
            memcpy(t + i, &e, sizeof e);
            total += e;
        }
        if (i < n) {
            vector e = load_first(p + i, n - i) * /* zeros beyond the row */
                       (load_first(t + i, n - i) * factor[r] - shift[r]);
            store_first(t + i, e, n - i);
            total += e;
        }
        sum[r] = sum_of(total);
    }
}
