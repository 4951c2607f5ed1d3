/* Products with packed weights: panels of LANES outputs, each [k][LANES], then the bias, all
 * padded with zeros to whole panels. */
#define LINE_BYTES 64

static size_t panel_count(size_t n)
{
    return (n + LANES - 1) / LANES;
}

static size_t packed_size(size_t n, size_t k)
{
    return panel_count(n) * LANES * (k + 1);
}

/* Asks for the line that lies `further` elements on, which need not exist. */
INLINE void ask_for(const adv_real *x, ptrdiff_t further)
{
    __builtin_prefetch((const void *)((uintptr_t)x + (uintptr_t)further * sizeof *x), 0, 2);
}

/* Whole panels of outputs that lie side by side: a copy. Returns how many outputs they hold. */
static size_t pack_adjacent(size_t n, const struct adv_panels *from, adv_real *packed)
{
    size_t column = 0;
    for (; column + LANES <= n; column += LANES) {
        for (size_t q = 0; q < from->n_runs; q++) {
            const adv_real *w = from->w + column + (ptrdiff_t)q * from->run_stride;
            for (size_t i = 0; i < from->run; i++, packed += LANES) {
                const adv_real *from_here = w + (ptrdiff_t)i * from->stride;
                ask_for(from_here, (ptrdiff_t)LANES);
                memcpy(packed, from_here, sizeof(vector));
            }
        }
    }
    return column;
}

/* Whole panels of outputs whose inputs lie side by side: the writes are in order. */
static size_t pack_along(size_t n, const struct adv_panels *from, adv_real *packed)
{
    size_t column = 0;
    for (; column + LANES <= n; column += LANES) {
        const adv_real *panel = from->w + (ptrdiff_t)column * from->output_stride;
        for (size_t q = 0; q < from->n_runs; q++, panel += from->run_stride) {
            for (size_t i = 0; i < from->run; i++, packed += LANES) {
                ask_for(panel, (ptrdiff_t)LANES * (from->output_stride + (ptrdiff_t)i));
                UNROLL
                for (size_t lane = 0; lane < LANES; lane++)
                    packed[lane] = panel[(ptrdiff_t)lane * from->output_stride + (ptrdiff_t)i];
            }
        }
    }
    return column;
}

static void pack_panels(size_t n, const struct adv_panels *from, adv_real *packed)
{
    size_t k = from->run * from->n_runs, done = 0;
    if (from->output_stride == 1)
        done = pack_adjacent(n, from, packed);
    else if (from->stride == 1)
        done = pack_along(n, from, packed);
    memset(packed + done * k, 0, (packed_size(n, k) - done * k) * sizeof *packed);
    for (size_t column = done; column < n; column++) {
        adv_real *panel = packed + column / LANES * LANES * k + column % LANES;
        for (size_t q = 0; q < from->n_runs; q++) {
            const adv_real *w =
                from->w + (ptrdiff_t)column * from->output_stride + (ptrdiff_t)q * from->run_stride;
            for (size_t i = 0; i < from->run; i++, panel += LANES)
                *panel = w[(ptrdiff_t)i * from->stride];
        }
    }
    if (from->bias)
        memcpy(packed + panel_count(n) * LANES * k, from->bias, n * sizeof *from->bias);
}

/* One or two panels of weights, and where their products come from and go. */
struct strip {
    struct adv_rows in;
    size_t columns; /* outputs that exist */
    const adv_real *w, *bias;
    uintptr_t ahead; /* what is read after w: asked for, this far per step along k */
    size_t ahead_step;
    enum adv_start start;
    adv_real *y;
    size_t y_stride;
};

INLINE void start_tile(const size_t rows, const size_t panels, const struct strip *s,
                       const adv_real *y, vector sum[ISA_TILE_ROWS][2])
{
    const bool whole = s->columns == panels * LANES;
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        vector edge[2] = {{0}, {0}};
        if (s->start == ADV_FROM_OUTPUT && !whole)
            memcpy(edge, y + r * s->y_stride, s->columns * sizeof *y);
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            if (s->start == ADV_FROM_OUTPUT)
                sum[r][p] = whole ? load(y + r * s->y_stride + p * LANES) : edge[p];
            else
                sum[r][p] = s->start == ADV_FROM_BIAS ? load(s->bias + p * LANES) : (vector){0};
        }
    }
}

/* Rows first ... first + rows - 1 of a strip; rows (<= ISA_TILE_ROWS) and panels (1 or 2) are
 * constants at every call, so that the accumulators live in registers. */
INLINE void tile(const size_t rows, const size_t panels, const struct strip *s, size_t first)
{
    const size_t k = s->in.run * s->in.n_runs, stride = s->in.stride;
    adv_real *y = s->y + first * s->y_stride;
    const adv_real *w = s->w;
    uintptr_t ahead = s->ahead;
    vector sum[ISA_TILE_ROWS][2];
    start_tile(rows, panels, s, y, sum);
    for (size_t q = 0; q < s->in.n_runs; q++) {
        const adv_real *x = s->in.x + first * stride + q * s->in.run_stride;
        for (size_t i = 0; i < s->in.run; i++, w += LANES) {
            vector weight[2];
            __builtin_prefetch((const void *)ahead, 0, 2);
            ahead += s->ahead_step;
            UNROLL
            for (size_t p = 0; p < panels; p++)
                weight[p] = load(w + p * k * LANES);
            UNROLL
            for (size_t r = 0; r < rows; r++) {
                UNROLL
                for (size_t p = 0; p < panels; p++)
                    sum[r][p] += x[r * stride + i] * weight[p];
            }
        }
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        if (s->columns == panels * LANES) {
            UNROLL
            for (size_t p = 0; p < panels; p++)
                memcpy(y + r * s->y_stride + p * LANES, &sum[r][p], sizeof(vector));
        } else {
            vector edge[2]; /* a copy: sum itself must not need an address */
            UNROLL
            for (size_t p = 0; p < panels; p++)
                edge[p] = sum[r][p];
            memcpy(y + r * s->y_stride, edge, s->columns * sizeof *y);
        }
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

/* All rows through one strip, in tiles of nearly the same size. The first tiles ask for the weights
 * that this thread will read next, which s->ahead has. */
INLINE void strip(const size_t panels, size_t rows, struct strip *s)
{
    const uintptr_t next = s->ahead;
    size_t k = s->in.run * s->in.n_runs, bytes = panels * k * sizeof(vector);
    size_t tiles = (rows + ISA_TILE_ROWS - 1) / ISA_TILE_ROWS;
    for (size_t i = 0, first = 0; i < tiles; i++) {
        size_t length = rows / tiles + (i < rows % tiles), asked = i * k * LINE_BYTES;
        s->ahead = asked < bytes ? next + asked : (uintptr_t)s->w;
        s->ahead_step = asked < bytes ? LINE_BYTES : 0;
        tile_of(length, panels, s, first);
        first += length;
    }
}

/* What follows the last strip is the same part of whatever was packed behind these weights. */
static void product_of_outputs(size_t rows, size_t n, struct adv_range outputs, struct adv_rows x,
                               const adv_real *packed, enum adv_start start, adv_real *y,
                               size_t y_stride)
{
    size_t k = x.run * x.n_runs, column = outputs.begin;
    struct strip s = {.in = x, .start = start, .y_stride = y_stride};
    for (; column < outputs.end; column += s.columns) {
        size_t left = outputs.end - column;
        s.columns = left < 2 * LANES ? left : 2 * LANES;
        s.w = packed + column * k;
        s.bias = packed + panel_count(n) * LANES * k + column;
        s.y = y + column;
        s.ahead = (uintptr_t)(left > 2 * LANES ? s.w + 2 * LANES * k
                                               : packed + outputs.begin * k + packed_size(n, k));
        if (s.columns > LANES)
            strip(2, rows, &s);
        else
            strip(1, rows, &s);
    }
}
