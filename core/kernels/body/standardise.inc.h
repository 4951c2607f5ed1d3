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

static void standardise_rows(size_t rows, size_t n, adv_real epsilon, const adv_real *x,
                             adv_real *h, adv_real *inverse)
{
    for (size_t r = 0; r < rows; r++, x += n, h += n) {
        adv_real mean = mean_of_row(n, x);
        for (size_t i = 0; i < n; i++)
            h[i] = x[i] - mean;
        inverse[r] = 1 / (adv_real)sqrt((double)(mean_product_of_row(n, h, h) + epsilon));
        for (size_t i = 0; i < n; i++)
            h[i] *= inverse[r];
    }
}

static void standardise_rows_slope(size_t rows, size_t n, const adv_real *h,
                                   const adv_real *inverse, const adv_real *v, adv_real *y)
{
    for (size_t r = 0; r < rows; r++, h += n, v += n, y += n) {
        adv_real mean = mean_of_row(n, v), along = mean_product_of_row(n, h, v);
        for (size_t i = 0; i < n; i++)
            y[i] = inverse[r] * (v[i] - mean - h[i] * along);
    }
}
