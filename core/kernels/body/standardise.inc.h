/* Rows made to have mean 0 and variance 1, each by itself. Sums run over lanes, so their rounding
 * differs from variant to variant. */

INLINE adv_real mean_of_row(size_t n, const adv_real *x)
{
    vector sum = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum += load(x + i);
    if (i < n)
        sum += load_first(x + i, n - i);
    return sum_of(sum) / (adv_real)n;
}

INLINE adv_real mean_product_of_row(size_t n, const adv_real *a, const adv_real *b)
{
    vector sum = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum = multiply_add(load(a + i), load(b + i), sum);
    if (i < n)
        sum = multiply_add(load_first(a + i, n - i), load_first(b + i, n - i), sum);
    return sum_of(sum) / (adv_real)n;
}

/* h = factor (x - mean) */
INLINE void scale_row(size_t n, adv_real factor, adv_real mean, const adv_real *x, adv_real *h)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store_first(h + i, (load(x + i) - mean) * factor, LANES);
    if (i < n)
        store_first(h + i, (load_first(x + i, n - i) - mean) * factor, n - i);
}

static void standardise_rows(size_t rows, size_t n, adv_real epsilon, const adv_real *x,
                             adv_real *h, adv_real *inverse)
{
    for (size_t r = 0; r < rows; r++, x += n, h += n) {
        scale_row(n, 1, mean_of_row(n, x), x, h);
        inverse[r] = 1 / (adv_real)sqrt((double)(mean_product_of_row(n, h, h) + epsilon));
        scale_row(n, inverse[r], 0, h, h);
    }
}

/* inverse (v - mean - along h) */
INLINE vector slope_of(vector h, vector v, adv_real inverse, adv_real mean, adv_real along)
{
    return multiply_add(all_lanes(-along), h, v - mean) * inverse;
}

static void standardise_rows_slope(size_t rows, size_t n, const adv_real *h,
                                   const adv_real *inverse, const adv_real *v, adv_real *y)
{
    for (size_t r = 0; r < rows; r++, h += n, v += n, y += n) {
        adv_real mean = mean_of_row(n, v), along = mean_product_of_row(n, h, v);
        size_t i = 0;
        for (; i + LANES <= n; i += LANES)
            store_first(y + i, slope_of(load(h + i), load(v + i), inverse[r], mean, along), LANES);
        if (i < n)
            store_first(y + i,
                        slope_of(load_first(h + i, n - i), load_first(v + i, n - i), inverse[r],
                                 mean, along),
                        n - i);
    }
}
