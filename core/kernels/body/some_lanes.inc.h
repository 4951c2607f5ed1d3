/* The ends of rows that are no whole number of vectors: their first `count` lanes, 1 to LANES, with
 * zeros in the others. AVX-512 masks them; elsewhere they go through memory. And sums over lanes. */
#if defined __AVX512F__ && !defined ADV_REAL_DOUBLE
INLINE __mmask16 first_lanes(size_t count)
{
    return (__mmask16)(0xffffu >> (16 - count));
}

INLINE vector load_first(const adv_real *from, size_t count)
{
    return (vector)_mm512_maskz_loadu_ps(first_lanes(count), from);
}

INLINE void store_first(adv_real *to, vector v, size_t count)
{
    _mm512_mask_storeu_ps(to, first_lanes(count), (__m512)v);
}

INLINE vector keep_first(vector v, size_t count)
{
    return (vector)_mm512_maskz_mov_ps(first_lanes(count), (__m512)v);
}
#else
INLINE vector load_first(const adv_real *from, size_t count)
{
    vector v = {0};
    memcpy(&v, from, count * sizeof *from);
    return v;
}

INLINE void store_first(adv_real *to, vector v, size_t count)
{
    memcpy(to, &v, count * sizeof *to);
}

INLINE vector keep_first(vector v, size_t count)
{
    vector kept = {0};
    memcpy(&kept, &v, count * sizeof(adv_real));
    return kept;
}
#endif

INLINE adv_real sum_of(vector v)
{
#if defined __AVX512F__ && !defined ADV_REAL_DOUBLE
    return _mm512_reduce_add_ps((__m512)v);
#else
    adv_real sum = 0;
    for (size_t l = 0; l < LANES; l++)
        sum += v[l];
    return sum;
#endif
}
