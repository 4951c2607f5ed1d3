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

/* Prefetches the cache line `further` elements on, which need not exist. */
INLINE void prefetch_ahead(const adv_real *x, ptrdiff_t further)
{
    __builtin_prefetch((const void *)((uintptr_t)x + (uintptr_t)further * sizeof *x), 0, 2);
}

/* Outputs that lie side by side: a copy. */
static void pack_adjacent(size_t n, const struct adv_panels *from, adv_real *packed)
{
    for (size_t column = 0; column < n; column += LANES) {
        size_t count = n - column < LANES ? n - column : LANES;
        for (size_t q = 0; q < from->n_runs; q++) {
            const adv_real *w = from->w + column + (ptrdiff_t)q * from->run_stride;
            for (size_t i = 0; i < from->run; i++, packed += LANES) {
                const adv_real *from_here = w + (ptrdiff_t)i * from->stride;
                prefetch_ahead(from_here, (ptrdiff_t)LANES);
                vector v = count == LANES ? load(from_here) : load_first(from_here, count);
                memcpy(packed, &v, sizeof v);
            }
        }
    }
}

/* Packs `count` inputs of a panel's LANES outputs, which lie `stride` apart. */
INLINE void pack_transposed(const adv_real *w, ptrdiff_t stride, size_t count, adv_real *packed)
{
    vector square[LANES];
    size_t i = 0;
    for (; i + LANES <= count; i += LANES, packed += LANES * LANES) {
        UNROLL
        for (size_t lane = 0; lane < LANES; lane++)
            square[lane] = load(w + (ptrdiff_t)lane * stride + (ptrdiff_t)i);
        transpose(square);
        memcpy(packed, square, sizeof square);
    }
    for (; i < count; i++, packed += LANES) {
        for (size_t lane = 0; lane < LANES; lane++)
            packed[lane] = w[(ptrdiff_t)lane * stride + (ptrdiff_t)i];
    }
}

/* Whole panels of outputs whose inputs lie side by side. */
static size_t pack_along(size_t n, const struct adv_panels *from, adv_real *packed)
{
    size_t column = 0;
    for (; column + LANES <= n; column += LANES) {
        const adv_real *panel = from->w + (ptrdiff_t)column * from->output_stride;
        for (size_t q = 0; q < from->n_runs; q++, packed += from->run * LANES)
            pack_transposed(panel + (ptrdiff_t)q * from->run_stride, from->output_stride, from->run,
                            packed);
    }
    return column;
}

/* Outputs from `done` on, one by one. */
static void pack_rest(size_t n, size_t done, const struct adv_panels *from, adv_real *packed)
{
    size_t k = from->run * from->n_runs;
    memset(packed + done * k, 0, (panel_count(n) * LANES - done) * k * sizeof *packed);
    for (size_t column = done; column < n; column++) {
        adv_real *panel = packed + column / LANES * LANES * k + column % LANES;
        for (size_t q = 0; q < from->n_runs; q++) {
            const adv_real *w =
                from->w + (ptrdiff_t)column * from->output_stride + (ptrdiff_t)q * from->run_stride;
            for (size_t i = 0; i < from->run; i++, panel += LANES)
                *panel = w[(ptrdiff_t)i * from->stride];
        }
    }
}

static void pack_panels(size_t n, const struct adv_panels *from, adv_real *packed)
{
    size_t k = from->run * from->n_runs, columns = panel_count(n) * LANES;
    adv_real *bias = packed + columns * k;
    if (from->output_stride == 1)
        pack_adjacent(n, from, packed);
    else
        pack_rest(n, from->stride == 1 ? pack_along(n, from, packed) : 0, from, packed);
    memset(bias, 0, columns * sizeof *bias);
    if (from->bias)
        memcpy(bias, from->bias, n * sizeof *from->bias);
}

/* One or two panels of weights, and where their products come from and go. */
struct strip {
    struct adv_rows in;
    size_t columns; /* outputs that exist */
    const adv_real *w, *bias;
    uintptr_t next; /* where the weights lie that are read after w */
    size_t ahead;   /* each step along k prefetches so many bytes behind its weights */
    enum adv_start start;
    adv_real *y;
    size_t y_stride;
};

/* Panel p of a row's outputs; of the last one, those that exist. */
INLINE vector load_panel(const adv_real *y, const size_t panels, const size_t p, size_t columns)
{
    return p + 1 < panels || columns == panels * LANES
               ? load(y + p * LANES)
               : load_first(y + p * LANES, columns - p * LANES);
}

INLINE void store_panel(adv_real *y, vector v, const size_t panels, const size_t p, size_t columns)
{
    if (p + 1 < panels || columns == panels * LANES)
        memcpy(y + p * LANES, &v, sizeof v);
    else
        store_first(y + p * LANES, v, columns - p * LANES);
}

INLINE void start_tile(const size_t rows, const size_t panels, const struct strip *s,
                       const adv_real *y, vector sum[ISA_TILE_ROWS][2])
{
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            if (s->start == ADV_FROM_OUTPUT)
                sum[r][p] = load_panel(y + r * s->y_stride, panels, p, s->columns);
            else
                sum[r][p] = s->start == ADV_FROM_BIAS ? load(s->bias + p * LANES) : (vector){0};
        }
    }
}

/* The odd multiples of the distance from row to row of a tile, in bytes. An address may hold one of
 * them times 1, 2, 4 or 8: with these, half as many registers as rows reach every row. */
struct row_steps {
    size_t odd[ISA_TILE_ROWS / 2];
};

/* An optimisation barrier: the compiler must assume that the value changes, and so computes
 * addresses from it in the loop. Computed ahead of the loop they do not fit the registers, and
 * reloading them from the stack takes the time of multiply-adds. */
#define KEEP_IN_REGISTER(value) __asm__("" : "+r"(value))

INLINE struct row_steps row_steps(const size_t rows, size_t stride)
{
    struct row_steps steps = {{0}};
    UNROLL
    for (size_t i = 0; i < rows / 2; i++)
        steps.odd[i] = (2 * i + 1) * stride * sizeof(adv_real);
    return steps;
}

/* Row r, a constant, of the element at x. */
INLINE adv_real of_row(const adv_real *x, const struct row_steps *steps, const size_t r)
{
    const int power = r ? __builtin_ctzl(r) : 0;
    return *(const adv_real *)((uintptr_t)x + (r ? steps->odd[(r >> power) / 2] << power : 0));
}

/* Rows first ... first + rows - 1 of a strip; rows (<= ISA_TILE_ROWS) and panels (1 or 2) are
 * constants at every call, so that the accumulators live in registers. */
INLINE void tile(const size_t rows, const size_t panels, const struct strip *s, size_t first)
{
    const size_t k = s->in.run * s->in.n_runs, ahead = s->ahead;
    struct row_steps steps = row_steps(rows, s->in.stride);
    adv_real *y = s->y + first * s->y_stride;
    const adv_real *w = s->w;
    vector sum[ISA_TILE_ROWS][2];
    start_tile(rows, panels, s, y, sum);
    for (size_t q = 0; q < s->in.n_runs; q++) {
        const adv_real *x = s->in.x + first * s->in.stride + q * s->in.run_stride;
        for (const adv_real *end = w + s->in.run * LANES; w < end; w += LANES, x++) {
            vector weight[2];
            KEEP_IN_REGISTER(x);
            UNROLL
            for (size_t i = 0; i < rows / 2; i++)
                KEEP_IN_REGISTER(steps.odd[i]);
            __builtin_prefetch((const void *)((uintptr_t)w + ahead), 0, 2);
            UNROLL
            for (size_t p = 0; p < panels; p++)
                weight[p] = load(w + p * k * LANES);
            UNROLL
            for (size_t r = 0; r < rows; r++) {
                const vector factor = all_lanes(of_row(x, &steps, r));
                UNROLL
                for (size_t p = 0; p < panels; p++)
                    sum[r][p] = multiply_add(factor, weight[p], sum[r][p]);
            }
        }
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        UNROLL
        for (size_t p = 0; p < panels; p++)
            store_panel(y + r * s->y_stride, sum[r][p], panels, p, s->columns);
    }
}

INLINE void tile_of(size_t rows, const size_t panels, const struct strip *s, size_t first)
{
    switch (rows) {
    case 1:
        tile(1, panels, s, first);
        break;
    case 2:
        tile(2, panels, s, first);
        break;
    case 3:
        tile(3, panels, s, first);
        break;
    case 4:
        tile(4, panels, s, first);
        break;
    case 5:
        tile(5, panels, s, first);
        break;
    case 6:
        tile(6, panels, s, first);
        break;
#if ISA_TILE_ROWS > 6
    case 7:
        tile(7, panels, s, first);
        break;
    case 8:
        tile(8, panels, s, first);
        break;
    case 9:
        tile(9, panels, s, first);
        break;
    case 10:
        tile(10, panels, s, first);
        break;
    case 11:
        tile(11, panels, s, first);
        break;
    case 12:
        tile(12, panels, s, first);
        break;
    case 13:
        tile(13, panels, s, first);
        break;
    case 14:
        tile(14, panels, s, first);
        break;
#endif
    }
}

/* All rows through one strip, in tiles of nearly the same size. The first tiles prefetch the
 * weights that this thread reads next, from s->next on. */
INLINE void strip(const size_t panels, size_t rows, struct strip *s)
{
    size_t tiles = (rows + ISA_TILE_ROWS - 1) / ISA_TILE_ROWS;
    size_t panel_bytes = s->in.run * s->in.n_runs * sizeof(vector);
    for (size_t i = 0, first = 0; i < tiles; i++) {
        size_t length = rows / tiles + (i < rows % tiles);
        s->ahead = i < panels ? s->next + i * panel_bytes - (uintptr_t)s->w : 0;
        tile_of(length, panels, s, first);
        first += length;
    }
}

/* What follows the last strip is what the caller says, or the same part of whatever was packed
 * behind these weights. */
static void product_of_outputs(size_t rows, size_t n, struct adv_range outputs, struct adv_rows x,
                               const adv_real *packed, enum adv_start start, adv_real *y,
                               size_t y_stride)
{
    size_t k = x.run * x.n_runs, column = outputs.begin;
    uintptr_t behind = (uintptr_t)(packed + outputs.begin * k + packed_size(n, k));
    uintptr_t after = x.ahead ? x.ahead : behind;
    struct strip s = {.in = x, .start = start, .y_stride = y_stride};
    for (; column < outputs.end; column += s.columns) {
        size_t left = outputs.end - column;
        s.columns = left < 2 * LANES ? left : 2 * LANES;
        s.w = packed + column * k;
        s.bias = packed + panel_count(n) * LANES * k + column;
        s.y = y + column;
        s.next = left > 2 * LANES ? (uintptr_t)(s.w + 2 * LANES * k) : after;
        if (s.columns > LANES)
            strip(2, rows, &s);
        else
            strip(1, rows, &s);
    }
}
