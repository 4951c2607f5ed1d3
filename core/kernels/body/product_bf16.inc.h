/* Products whose large cases multiply in bfloat16 (8 bits of mantissa, to nearest even) and add in
 * float. Weights are packed as the processor's dot products take them, panels of 16 outputs, each
 * [k / 2][16][2]; rows are rounded on the way. Few inputs or outputs, as in the first and last
 * layers, whose rounding would cost most and save least, go through the float kernels.
 *
 * An output is one sum over k in a fixed order here too: its bytes do not depend on other rows. */
#include "core/kernels/body/product.inc.h"

#define OUTPUTS 16
#define STEP 32      /* inputs of a row of the tile registers; k is padded with zeros to it */
#define LONGEST 1024 /* inputs at a time */
#define BLOCK_ROWS 32

typedef uint16_t bfloat16;

static bool in_bfloat16(size_t n, size_t k)
{
    return n >= OUTPUTS && k >= STEP;
}

static size_t padded(size_t k)
{
    return (k + STEP - 1) / STEP * STEP;
}

static size_t bf16_packed_size(size_t n, size_t k)
{
    if (!in_bfloat16(n, k))
        return packed_size(n, k);
    return panel_count(n) * OUTPUTS * (padded(k) / 2 + 1);
}

static bfloat16 rounded(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (bfloat16)(bits >> 16 | 0x40); /* a quiet NaN */
    return (bfloat16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Inputs first ... first + count - 1 of one row, rounded, then zeros up to whole steps. */
static void round_row(const struct adv_rows *rows, const float *x, size_t first, size_t count,
                      bfloat16 *to)
{
    size_t done = 0;
    for (size_t q = first / rows->run, skip = first % rows->run; done < count; q++, skip = 0) {
        const float *from = x + q * rows->run_stride + skip;
        size_t left = count - done, n = rows->run - skip < left ? rows->run - skip : left;
        for (size_t i = 0; i < n; i += LANES) {
            __mmask16 mask = (__mmask16)(n - i < LANES ? (1u << (n - i)) - 1 : 0xffffu);
            __m256i halves = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, from + i));
            _mm256_mask_storeu_epi16(to + done + i, mask, halves);
        }
        done += n;
    }
    memset(to + done, 0, (padded(count) - done) * sizeof *to);
}

/* One run of outputs that lie side by side, whole panels of them: pairs of inputs, interleaved.
 * Returns how many outputs they hold. */
static size_t pack_pairs(size_t n, const struct adv_panels *from, size_t panel, bfloat16 *to)
{
    size_t column = 0;
    for (; column + OUTPUTS <= n; column += OUTPUTS, to += panel) {
        for (size_t i = 0; i < from->run; i += 2) {
            const float *w = from->w + column + (ptrdiff_t)i * from->stride;
            __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(w)));
            __m512i high = _mm512_setzero_si512();
            if (i + 1 < from->run)
                high = _mm512_cvtepu16_epi32(
                    (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(w + from->stride)));
            _mm512_storeu_si512(to + i * OUTPUTS,
                                _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
        }
    }
    return column;
}

/* One output's inputs, which lie side by side: `pair` is where its first two go. */
static void pack_row(size_t k, const float *w, bfloat16 *pair)
{
    _Alignas(64) bfloat16 row[LONGEST];
    const struct adv_rows rows = adv_dense_rows(w, k, k);
    for (size_t first = 0; first < k; first += LONGEST) {
        size_t count = k - first < LONGEST ? k - first : LONGEST;
        round_row(&rows, w, first, count, row);
        for (size_t i = 0; i < count; i += 2, pair += OUTPUTS * 2)
            memcpy(pair, row + i, 2 * sizeof *row);
    }
}

static void bf16_pack_panels(size_t n, const struct adv_panels *from, float *packed)
{
    const size_t k = from->run * from->n_runs, panel = OUTPUTS * padded(k);
    if (!in_bfloat16(n, k)) {
        pack_panels(n, from, packed);
        return;
    }
    bfloat16 *to = (bfloat16 *)(void *)packed;
    float *bias = packed + panel_count(n) * panel / 2;
    memset(packed, 0, bf16_packed_size(n, k) * sizeof *packed);
    size_t done = 0;
    if (from->output_stride == 1 && from->n_runs == 1)
        done = pack_pairs(n, from, panel, to);
    for (size_t column = done; column < n; column++) {
        bfloat16 *pair = to + column / OUTPUTS * panel + column % OUTPUTS * 2;
        if (from->stride == 1 && from->n_runs == 1) {
            pack_row(k, from->w + (ptrdiff_t)column * from->output_stride, pair);
            continue;
        }
        size_t i = 0;
        for (size_t q = 0; q < from->n_runs; q++) {
            const float *w =
                from->w + (ptrdiff_t)column * from->output_stride + (ptrdiff_t)q * from->run_stride;
            for (size_t r = 0; r < from->run; r++, i++)
                pair[i / 2 * OUTPUTS * 2 + i % 2] = rounded(w[(ptrdiff_t)r * from->stride]);
        }
    }
    if (from->bias)
        memcpy(bias, from->bias, n * sizeof *bias);
}

/* Up to BLOCK_ROWS rows [rows][length] through one panel of weights, or two panel_step apart: all
 * of their outputs exist in y. */
struct block {
    size_t rows, panels, length, panel_step;
    const bfloat16 *x, *w;
    enum adv_start start;
    const float *bias;
    float *y;
    size_t y_stride;
};

#ifdef ISA_TILES
/* Tile registers 0 to 3 are outputs: of up to 16 rows with each panel, then of the rows after
 * these; 4 and 5 are the rows, 6 and 7 the panels. */
static void begin_tiles(size_t rows)
{
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } shapes = {.palette = 1};
    const uint8_t upper = (uint8_t)(rows < 16 ? rows : 16), lower = (uint8_t)(rows - upper);
    const uint8_t of[8] = {upper, upper, lower, lower, upper, lower, 16, 16};
    for (size_t i = 0; i < 8; i++) {
        shapes.rows[i] = of[i];
        shapes.row_bytes[i] = of[i] ? 64 : 0;
    }
    _tile_loadconfig(&shapes);
}

static void end_tiles(void)
{
    _tile_release();
}

/* A tile register's number must be a constant. */
#define START_TILE(tile, column, row)                                                              \
    do {                                                                                           \
        if (b->start == ADV_FROM_ZERO)                                                             \
            _tile_zero(tile);                                                                      \
        else if (b->start == ADV_FROM_BIAS)                                                        \
            _tile_loadd(tile, b->bias + (column), 0);                                              \
        else                                                                                       \
            _tile_loadd(tile, b->y + (row)*b->y_stride + (column), b->y_stride * sizeof *b->y);    \
    } while (0)

static void multiply(const struct block *b)
{
    const size_t x_bytes = b->length * sizeof(bfloat16), w_bytes = OUTPUTS * 2 * sizeof(bfloat16);
    const size_t y_bytes = b->y_stride * sizeof *b->y;
    const bfloat16 *second = b->w + b->panel_step;
    const bool wide = b->panels > 1, tall = b->rows > 16;
    START_TILE(0, 0, 0);
    if (wide)
        START_TILE(1, OUTPUTS, 0);
    if (tall)
        START_TILE(2, 0, 16);
    if (wide && tall)
        START_TILE(3, OUTPUTS, 16);
    for (size_t k = 0; k < b->length; k += STEP) {
        _tile_loadd(4, b->x + k, x_bytes);
        _tile_loadd(6, b->w + k * OUTPUTS, w_bytes);
        _tile_dpbf16ps(0, 4, 6);
        if (tall) {
            _tile_loadd(5, b->x + 16 * b->length + k, x_bytes);
            _tile_dpbf16ps(2, 5, 6);
        }
        if (wide) {
            _tile_loadd(7, second + k * OUTPUTS, w_bytes);
            _tile_dpbf16ps(1, 4, 7);
        }
        if (wide && tall)
            _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, b->y, y_bytes);
    if (wide)
        _tile_stored(1, b->y + OUTPUTS, y_bytes);
    if (tall)
        _tile_stored(2, b->y + 16 * b->y_stride, y_bytes);
    if (wide && tall)
        _tile_stored(3, b->y + 16 * b->y_stride + OUTPUTS, y_bytes);
}
#else
static void begin_tiles(size_t rows)
{
    (void)rows;
}

static void end_tiles(void)
{
}

INLINE vector started(const struct block *b, const float *y, size_t column)
{
    if (b->start == ADV_FROM_ZERO)
        return (vector){0};
    return load(b->start == ADV_FROM_BIAS ? b->bias + column : y + column);
}

/* Rows and panels are constants at every call. */
INLINE void multiply_rows(const size_t rows, const size_t panels, const struct block *b,
                          size_t first)
{
    const bfloat16 *x = b->x + first * b->length;
    float *y = b->y + first * b->y_stride;
    __m512 sum[8][2];
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        UNROLL
        for (size_t p = 0; p < panels; p++)
            sum[r][p] = (__m512)started(b, y + r * b->y_stride, p * OUTPUTS);
    }
    for (size_t k = 0; k < b->length; k += 2) {
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            __m512bh w = (__m512bh)_mm512_loadu_si512(b->w + p * b->panel_step + k * OUTPUTS);
            UNROLL
            for (size_t r = 0; r < rows; r++) {
                int32_t pair;
                memcpy(&pair, x + r * b->length + k, sizeof pair);
                sum[r][p] = _mm512_dpbf16_ps(sum[r][p], (__m512bh)_mm512_set1_epi32(pair), w);
            }
        }
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        UNROLL
        for (size_t p = 0; p < panels; p++)
            _mm512_storeu_ps(y + r * b->y_stride + p * OUTPUTS, sum[r][p]);
    }
}

INLINE void multiply_panels(const size_t panels, const struct block *b)
{
    size_t first = 0;
    for (; first + 8 <= b->rows; first += 8)
        multiply_rows(8, panels, b, first);
    for (; first < b->rows; first++)
        multiply_rows(1, panels, b, first);
}

static void multiply(const struct block *b)
{
    if (b->panels > 1)
        multiply_panels(2, b);
    else
        multiply_panels(1, b);
}
#endif

/* The last columns, which do not fill their panels. */
static void multiply_edge(const struct block *whole, size_t columns)
{
    float sums[BLOCK_ROWS * 2 * OUTPUTS] = {0};
    struct block b = *whole;
    b.y = sums;
    b.y_stride = 2 * OUTPUTS;
    for (size_t r = 0; r < b.rows; r++)
        memcpy(sums + r * b.y_stride, whole->y + r * whole->y_stride, columns * sizeof *sums);
    multiply(&b);
    for (size_t r = 0; r < b.rows; r++)
        memcpy(whole->y + r * whole->y_stride, sums + r * b.y_stride, columns * sizeof *sums);
}

/* Rounded rows through the panels of some outputs, all of which exist. */
static void multiply_all(const struct block *first, struct adv_range outputs)
{
    struct block b = *first;
    for (size_t column = outputs.begin; column < outputs.end; column += 2 * OUTPUTS) {
        size_t left = outputs.end - column;
        b.panels = left > OUTPUTS ? 2 : 1;
        b.w = first->w + column / OUTPUTS * b.panel_step;
        b.bias = first->bias + column;
        b.y = first->y + column;
        if (left >= b.panels * OUTPUTS)
            multiply(&b);
        else
            multiply_edge(&b, left);
    }
}

static void bf16_product_of_outputs(size_t rows, size_t n, struct adv_range outputs,
                                    struct adv_rows x, const float *packed, enum adv_start start,
                                    float *y, size_t y_stride)
{
    const size_t k = x.run * x.n_runs, panel = OUTPUTS * padded(k);
    if (!in_bfloat16(n, k)) {
        product_of_outputs(rows, n, outputs, x, packed, start, y, y_stride);
        return;
    }
    _Alignas(64) bfloat16 rounded_rows[BLOCK_ROWS * LONGEST];
    const bfloat16 *w = (const bfloat16 *)(const void *)packed;
    struct block b = {.panel_step = panel,
                      .x = rounded_rows,
                      .bias = packed + panel_count(n) * panel / 2,
                      .y_stride = y_stride};
    for (size_t row = 0; row < rows; row += b.rows) {
        b.rows = rows - row < BLOCK_ROWS ? rows - row : BLOCK_ROWS;
        begin_tiles(b.rows);
        for (size_t first = 0; first < k; first += LONGEST) {
            size_t count = k - first < LONGEST ? k - first : LONGEST;
            b.length = padded(count);
            for (size_t r = 0; r < b.rows; r++)
                round_row(&x, x.x + (row + r) * x.stride, first, count,
                          rounded_rows + r * b.length);
            b.w = w + first * OUTPUTS;
            b.start = first ? ADV_FROM_OUTPUT : start;
            b.y = y + row * y_stride;
            multiply_all(&b, outputs);
        }
    }
    end_tiles();
}
