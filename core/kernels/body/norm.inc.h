/* Normalised pixels, channels last: a coefficient of each channel stays in a register while its
 * lanes run down the pixels. `count` is LANES, a constant, but for the last lanes of a number of
 * channels that is no multiple. Sums run in short chains, so that their rounding does not grow
 * with the image. */
#define SUM_CHAINS ((size_t)4)
#define SUM_RUN ((size_t)64) /* pixels summed before the sum joins the total */

INLINE vector load_lanes(const adv_real *from, const size_t count)
{
    vector v = {0};
    memcpy(&v, from, count * sizeof *from);
    return v;
}

INLINE void store_lanes(adv_real *to, vector v, const size_t count)
{
    memcpy(to, &v, count * sizeof *to);
}

INLINE size_t lanes_from(size_t channel, size_t channels)
{
    return channels - channel < LANES ? channels - channel : LANES;
}

INLINE void sums_of_lanes(const size_t count, size_t pixels, size_t stride, const adv_real *x,
                          adv_real *sums)
{
    vector total = {0};
    for (size_t begin = 0; begin < pixels; begin += SUM_RUN) {
        size_t p = begin, end = pixels - begin < SUM_RUN ? pixels : begin + SUM_RUN;
        vector sum[SUM_CHAINS] = {{0}};
        for (; p + SUM_CHAINS <= end; p += SUM_CHAINS) {
            UNROLL
            for (size_t k = 0; k < SUM_CHAINS; k++)
                sum[k] += load_lanes(x + (p + k) * stride, count);
        }
        for (; p < end; p++)
            sum[0] += load_lanes(x + p * stride, count);
        total += (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
    store_lanes(sums, total, count);
}

static void channel_sums(size_t pixels, size_t channels, const adv_real *x, adv_real *sums)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        sums_of_lanes(LANES, pixels, channels, x + c, sums + c);
    if (c < channels)
        sums_of_lanes(channels - c, pixels, channels, x + c, sums + c);
}

/* d NULL: d = x - center */
INLINE void moments_of_lanes(const size_t count, const bool squares, size_t pixels, size_t stride,
                             const adv_real *x, vector center, const adv_real *d, adv_real *sums,
                             adv_real *products)
{
    vector total = {0}, total_product = {0};
    for (size_t begin = 0; begin < pixels; begin += SUM_RUN) {
        size_t p = begin, end = pixels - begin < SUM_RUN ? pixels : begin + SUM_RUN;
        vector sum[SUM_CHAINS] = {{0}}, product_sum[SUM_CHAINS] = {{0}};
        for (; p + SUM_CHAINS <= end; p += SUM_CHAINS) {
            UNROLL
            for (size_t k = 0; k < SUM_CHAINS; k++) {
                vector from_center = load_lanes(x + (p + k) * stride, count) - center;
                vector e = squares ? from_center : load_lanes(d + (p + k) * stride, count);
                sum[k] += e;
                product_sum[k] = multiply_add(from_center, e, product_sum[k]);
            }
        }
        for (; p < end; p++) {
            vector from_center = load_lanes(x + p * stride, count) - center;
            vector e = squares ? from_center : load_lanes(d + p * stride, count);
            sum[0] += e;
            product_sum[0] = multiply_add(from_center, e, product_sum[0]);
        }
        total += (sum[0] + sum[1]) + (sum[2] + sum[3]);
        total_product += (product_sum[0] + product_sum[1]) + (product_sum[2] + product_sum[3]);
    }
    store_lanes(sums, total, count);
    store_lanes(products, total_product, count);
}

INLINE void moments_of(const bool squares, size_t pixels, size_t channels, const adv_real *x,
                       const adv_real *center, const adv_real *d, adv_real *sums,
                       adv_real *products)
{
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES)
        moments_of_lanes(LANES, squares, pixels, channels, x + c, load(center + c),
                         squares ? NULL : d + c, sums + c, products + c);
    if (c < channels)
        moments_of_lanes(channels - c, squares, pixels, channels, x + c,
                         load_lanes(center + c, channels - c), squares ? NULL : d + c, sums + c,
                         products + c);
}

static void channel_moments(size_t pixels, size_t channels, const adv_real *x,
                            const adv_real *center, const adv_real *d, adv_real *sums,
                            adv_real *products)
{
    if (d)
        moments_of(false, pixels, channels, x, center, d, sums, products);
    else
        moments_of(true, pixels, channels, x, center, NULL, sums, products);
}

/* ---- element by element ---- */

/* A norm's coefficients of some lanes. */
struct norm_lanes {
    vector center, gain, bias;
};

INLINE struct norm_lanes norm_lanes(const struct adv_norm *norm, size_t c, const size_t count)
{
    return (struct norm_lanes){load_lanes(norm->center + c, count),
                               load_lanes(norm->gain + c, count),
                               load_lanes(norm->bias + c, count)};
}

INLINE void normalise_lanes(const size_t count, const bool silu_too, const struct adv_norm *norm,
                            size_t c, const adv_real *x, adv_real *y)
{
    struct norm_lanes of = norm_lanes(norm, c, count);
    for (size_t p = 0, at = c; p < norm->pixels; p++, at += norm->channels) {
        vector z = of.gain * (load_lanes(x + at, count) - of.center) + of.bias;
        store_lanes(y + at, silu_too ? vector_silu(z) : z, count);
    }
}

static void normalise(const struct adv_norm *norm, const adv_real *x, adv_real *y)
{
    for (size_t c = 0; c < norm->channels; c += LANES) {
        size_t count = lanes_from(c, norm->channels);
        if (count < LANES)
            normalise_lanes(count, norm->silu, norm, c, x, y);
        else if (norm->silu)
            normalise_lanes(LANES, true, norm, c, x, y);
        else
            normalise_lanes(LANES, false, norm, c, x, y);
    }
}

INLINE void mixed_lanes(const size_t count, const bool silu_too, const bool add,
                        const struct adv_norm *norm, size_t c, const adv_real *x, const adv_real *d,
                        const adv_real *mix, adv_real *y)
{
    struct norm_lanes of = norm_lanes(norm, c, count);
    vector alpha = load_lanes(mix + c, count);
    vector beta = load_lanes(mix + norm->channels + c, count);
    vector gamma = load_lanes(mix + 2 * norm->channels + c, count);
    for (size_t p = 0, at = c; p < norm->pixels; p++, at += norm->channels) {
        vector from_center = load_lanes(x + at, count) - of.center;
        vector sum = alpha * load_lanes(d + at, count) + (beta * from_center + gamma);
        if (silu_too)
            sum *= vector_silu_slope(of.gain * from_center + of.bias);
        if (add)
            sum += load_lanes(y + at, count);
        store_lanes(y + at, sum, count);
    }
}

static void normalise_tangent(const struct adv_norm *norm, const adv_real *x, const adv_real *d,
                              const adv_real *mix, adv_real *y)
{
    for (size_t c = 0; c < norm->channels; c += LANES) {
        size_t count = lanes_from(c, norm->channels);
        if (count < LANES)
            mixed_lanes(count, norm->silu, false, norm, c, x, d, mix, y);
        else if (norm->silu)
            mixed_lanes(LANES, true, false, norm, c, x, d, mix, y);
        else
            mixed_lanes(LANES, false, false, norm, c, x, d, mix, y);
    }
}

static void normalise_backward(const struct adv_norm *norm, const adv_real *x, const adv_real *gz,
                               const adv_real *mix, adv_real *gx)
{
    for (size_t c = 0; c < norm->channels; c += LANES) {
        size_t count = lanes_from(c, norm->channels);
        if (count < LANES)
            mixed_lanes(count, false, true, norm, c, x, gz, mix, gx);
        else
            mixed_lanes(LANES, false, true, norm, c, x, gz, mix, gx);
    }
}

INLINE void slope_lanes(const size_t count, const struct adv_norm *norm, size_t c,
                        const adv_real *x, const adv_real *g, adv_real *gz, adv_real *sums,
                        adv_real *products)
{
    struct norm_lanes of = norm_lanes(norm, c, count);
    vector total = {0}, total_product = {0};
    for (size_t begin = 0, at = c; begin < norm->pixels; begin += SUM_RUN / 2) {
        size_t run = norm->pixels - begin < SUM_RUN / 2 ? norm->pixels - begin : SUM_RUN / 2;
        vector sum = {0}, product_sum = {0};
        for (size_t p = 0; p < run; p++, at += norm->channels) {
            vector from_center = load_lanes(x + at, count) - of.center;
            vector slope = vector_silu_slope(of.gain * from_center + of.bias);
            vector gz_here = slope * load_lanes(g + at, count);
            store_lanes(gz + at, gz_here, count);
            sum += gz_here;
            product_sum = multiply_add(from_center, gz_here, product_sum);
        }
        total += sum;
        total_product += product_sum;
    }
    store_lanes(sums + c, total, count);
    store_lanes(products + c, total_product, count);
}

static void normalise_slope(const struct adv_norm *norm, const adv_real *x, const adv_real *g,
                            adv_real *gz, adv_real *sums, adv_real *products)
{
    for (size_t c = 0; c < norm->channels; c += LANES) {
        size_t count = lanes_from(c, norm->channels);
        if (count < LANES)
            slope_lanes(count, norm, c, x, g, gz, sums, products);
        else
            slope_lanes(LANES, norm, c, x, g, gz, sums, products);
    }
}
