/* Sums of outer products in bfloat16, of factors rounded to nearest even: a block of rows of a and of
 * b at a time, each pair of rows interleaved as the processor's dot products take them, then tiles of
 * c whose sums stay in registers over the block. Few columns or few rows, which would save least, go
 * through the float kernel. */
#define OUTER_ROWS 64       /* of a block: of a and b, in pairs */
#define OUTER_A_COLUMNS 128 /* of a block of a */
#define OUTER_B_COLUMNS 256 /* of a block of b */
#define OUTER_TILE 8        /* columns of a in a tile of c */

struct outer_block {
    size_t n_pairs, m, n;
    const int32_t *a, *b; /* pairs [n_pairs][a_stride], [n_pairs][OUTER_B_COLUMNS] */
    size_t a_stride;
    float *c;
    size_t c_stride;
};

/* Whole vectors of columns. */
static size_t up_to_whole(size_t columns)
{
    return (columns + LANES - 1) / LANES * LANES;
}

/* a or b of struct adv_outer. */
struct outer_operand {
    const float *x;
    size_t run, run_stride, stride;
};

/* Row `index` of all runs. */
INLINE const float *row_at(const struct outer_operand *of, size_t index)
{
    return of->x + index / of->run * of->run_stride + index % of->run * of->stride;
}

/* Columns of two rows, upper NULL for one of zeros: `count` of them, then zeros up to `padded`. */
static void interleave(const float *lower, const float *upper, size_t count, size_t padded,
                       int32_t *to)
{
    for (size_t i = 0; i < padded; i += LANES) {
        size_t left = i < count ? count - i : 0;
        __mmask16 mask = (__mmask16)(left < LANES ? (1u << left) - 1 : 0xffffu);
        __m512i pairs = _mm512_cvtepu16_epi32(
            (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, lower + i)));
        if (upper) {
            __m512i high = _mm512_cvtepu16_epi32(
                (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, upper + i)));
            pairs = _mm512_or_si512(pairs, _mm512_slli_epi32(high, 16));
        }
        _mm512_storeu_si512(to + i, pairs);
    }
}

/* A tile of OUTER_TILE columns of a and one or two vectors of b, a constant: those that exist. */
INLINE void add_tile(const size_t panels, const struct outer_block *o, size_t row, size_t column)
{
    __m512 sum[OUTER_TILE][2];
    UNROLL
    for (size_t i = 0; i < OUTER_TILE; i++) {
        UNROLL
        for (size_t p = 0; p < panels; p++)
            sum[i][p] = _mm512_setzero_ps();
    }
    const int32_t *a = o->a + row, *b = o->b + column;
    for (size_t r = 0; r < o->n_pairs; r++, a += o->a_stride, b += OUTER_B_COLUMNS) {
        __m512bh of_b[2];
        UNROLL
        for (size_t p = 0; p < panels; p++)
            of_b[p] = (__m512bh)_mm512_loadu_si512(b + p * LANES);
        UNROLL
        for (size_t i = 0; i < OUTER_TILE; i++) {
            __m512bh of_a = (__m512bh)_mm512_set1_epi32(a[i]);
            UNROLL
            for (size_t p = 0; p < panels; p++)
                sum[i][p] = _mm512_dpbf16_ps(sum[i][p], of_a, of_b[p]);
        }
    }
    UNROLL
    for (size_t i = 0; i < OUTER_TILE; i++) {
        if (row + i >= o->m)
            break;
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            size_t first = column + p * LANES, left = first < o->n ? o->n - first : 0;
            __mmask16 mask = (__mmask16)(left < LANES ? (1u << left) - 1 : 0xffffu);
            float *c = o->c + (row + i) * o->c_stride + first;
            _mm512_mask_storeu_ps(c, mask,
                                  _mm512_add_ps(_mm512_maskz_loadu_ps(mask, c), sum[i][p]));
        }
    }
}

static void add_block(const struct outer_block *o)
{
    for (size_t column = 0; column < o->n; column += 2 * LANES) {
        for (size_t row = 0; row < o->m; row += OUTER_TILE) {
            if (column + LANES < o->n)
                add_tile(2, o, row, column);
            else
                add_tile(1, o, row, column);
        }
    }
}

/* `columns` columns of rows first ... first + count - 1, as pairs [(count + 1) / 2][pairs_stride]. */
static void interleave_rows(const struct outer_operand *of, size_t first, size_t count,
                            size_t columns, size_t pairs_stride, int32_t *pairs)
{
    for (size_t r = 0; r < count; r += 2, pairs += pairs_stride) {
        const float *upper = r + 1 < count ? row_at(of, first + r + 1) : NULL;
        interleave(row_at(of, first + r), upper, columns, up_to_whole(columns), pairs);
    }
}

/* Of rows first ... first + count - 1: some columns of b with all of a. */
static void outer_of_rows(const struct adv_outer *o, size_t first, size_t count, size_t column)
{
    _Alignas(64) int32_t a[OUTER_ROWS / 2 * OUTER_A_COLUMNS], b[OUTER_ROWS / 2 * OUTER_B_COLUMNS];
    struct outer_block block = {
        .n_pairs = (count + 1) / 2, .a = a, .b = b, .c_stride = o->c_stride};
    const struct outer_operand of_b = {o->b + column, o->run, o->b_run_stride, o->b_stride};
    block.n = o->n - column < OUTER_B_COLUMNS ? o->n - column : OUTER_B_COLUMNS;
    interleave_rows(&of_b, first, count, block.n, OUTER_B_COLUMNS, b);
    for (size_t row = 0; row < o->m; row += OUTER_A_COLUMNS) {
        const struct outer_operand of_a = {o->a + row, o->run, o->a_run_stride, o->a_stride};
        block.m = o->m - row < OUTER_A_COLUMNS ? o->m - row : OUTER_A_COLUMNS;
        block.a_stride = up_to_whole(block.m);
        block.c = o->c + row * o->c_stride + column;
        interleave_rows(&of_a, first, count, block.m, block.a_stride, a);
        add_block(&block);
    }
}

static void bf16_outer(const struct adv_outer *o)
{
    size_t rows = o->run * o->n_runs;
    if (o->m < OUTER_TILE || o->n < LANES || rows < OUTER_ROWS / 4) {
        outer(o);
        return;
    }
    for (size_t column = 0; column < o->n; column += OUTER_B_COLUMNS) {
        for (size_t first = 0; first < rows; first += OUTER_ROWS)
            outer_of_rows(o, first, rows - first < OUTER_ROWS ? rows - first : OUTER_ROWS, column);
    }
}
