/* Products with packed weights: panels of LANES outputs, each [k][LANES], then the bias, all
 * padded with zeros to whole panels. */
static size_t panel_count(size_t n)
{
    return (n + LANES - 1) / LANES;
}

static size_t packed_size(size_t n, size_t k)
{
    return panel_count(n) * LANES * (k + 1);
}

static void pack(size_t n, size_t k, const adv_real *w, size_t w_stride, const adv_real *bias,
                 adv_real *packed)
{
    memset(packed, 0, packed_size(n, k) * sizeof *packed);
    for (size_t column = 0; column < n; column++) {
        adv_real *panel = packed + column / LANES * LANES * k + column % LANES;
        for (size_t i = 0; i < k; i++)
            panel[i * LANES] = w[column * w_stride + i];
    }
    if (bias)
        memcpy(packed + panel_count(n) * LANES * k, bias, n * sizeof *bias);
}

/* rows (<= ISA_TILE_ROWS) x panels (1 or 2) outputs; both are constants at every call, so that
 * the accumulators live in registers. columns: how many of them exist. */
INLINE void tile(const size_t rows, const size_t panels, size_t columns, size_t n, size_t k,
                 const adv_real *x, const adv_real *w, const adv_real *bias, adv_real *y)
{
    vector sum[ISA_TILE_ROWS][2];
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        UNROLL
        for (size_t p = 0; p < panels; p++)
            sum[r][p] = bias ? load(bias + p * LANES) : (vector){0};
    }
    for (size_t i = 0; i < k; i++) {
        vector weight[2];
        UNROLL
        for (size_t p = 0; p < panels; p++)
            weight[p] = load(w + (p * k + i) * LANES);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            UNROLL
            for (size_t p = 0; p < panels; p++)
                sum[r][p] += x[r * k + i] * weight[p];
        }
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        if (columns == panels * LANES) {
            UNROLL
            for (size_t p = 0; p < panels; p++)
                memcpy(y + r * n + p * LANES, &sum[r][p], sizeof(vector));
        } else {
            vector edge[2]; /* a copy: sum itself must not need an address */
            UNROLL
            for (size_t p = 0; p < panels; p++)
                edge[p] = sum[r][p];
            memcpy(y + r * n, edge, columns * sizeof *y);
        }
    }
}

/* All rows through one strip of one or two panels. */
INLINE void strip(const size_t panels, size_t columns, size_t rows, size_t n, size_t k,
                  const adv_real *x, const adv_real *w, const adv_real *bias, adv_real *y)
{
    size_t r = 0;
    for (; r + ISA_TILE_ROWS <= rows; r += ISA_TILE_ROWS)
        tile(ISA_TILE_ROWS, panels, columns, n, k, x + r * k, w, bias, y + r * n);
    for (; r + 4 <= rows; r += 4)
        tile(4, panels, columns, n, k, x + r * k, w, bias, y + r * n);
    for (; r < rows; r++)
        tile(1, panels, columns, n, k, x + r * k, w, bias, y + r * n);
}

static void product(size_t rows, size_t n, size_t k, const adv_real *x, const adv_real *packed,
                    bool with_bias, adv_real *y)
{
    const adv_real *all_bias = packed + panel_count(n) * LANES * k;
    size_t column = 0;
    for (; column + LANES < n; column += 2 * LANES) {
        const adv_real *bias = with_bias ? all_bias + column : NULL;
        size_t columns = n - column < 2 * LANES ? n - column : 2 * LANES;
        strip(2, columns, rows, n, k, x, packed + column * k, bias, y + column);
    }
    if (column < n)
        strip(1, n - column, rows, n, k, x, packed + column * k,
              with_bias ? all_bias + column : NULL, y + column);
}
