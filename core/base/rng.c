/* One counter makes four words, so columns go in blocks of four:
 *
 *     words(row, block) = Philox4x32-10(counter = (row low, row high, block, stream), key = seed)
 *
 * and column 4 block + i uses word i (uniform, sign) or half of words i and i^1
 * (Box-Muller). A column's value hence never depends on how many columns or
 * rows are asked for. Counters are processed a chunk at a time, one array per
 * word, in loops without branches: the compiler turns them into vector code.
 * Bits must not depend on the compiler or the processor, so nothing is fused
 * (the Makefile compiles this file with -ffp-contract=off) and log, sin and cos
 * are our own. */
#include <advect/extra/rng.h>

#include "core/base/mem.h"
#include "core/base/vmath.h"

#include <Random123/philox.h>

#define CHUNK 64
#define WORDS 4

/* The block that adv_rng_word draws from: columns never reach it. */
#define WORD_BLOCK UINT32_MAX

struct counters {
    uint32_t row_low[CHUNK], row_high[CHUNK], block[CHUNK];
};

typedef void convert_fn(uint32_t words[WORDS][CHUNK], float values[WORDS][CHUNK]);

static void make_words(uint64_t seed, uint32_t stream, const struct counters *counters,
                       uint32_t words[restrict WORDS][CHUNK])
{
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    for (size_t i = 0; i < CHUNK; i++) {
        philox4x32_ctr_t counter = {
            {counters->row_low[i], counters->row_high[i], counters->block[i], stream}};
        philox4x32_ctr_t word = philox4x32(counter, key);
        words[0][i] = word.v[0];
        words[1][i] = word.v[1];
        words[2][i] = word.v[2];
        words[3][i] = word.v[3];
    }
}

static void pair_to_normal(const uint32_t *radius, const uint32_t *angle, float *restrict z0,
                           float *restrict z1)
{
    for (size_t i = 0; i < CHUNK; i++)
        adv_box_mullerf(radius[i], angle[i], &z0[i], &z1[i]);
}

static void to_normal(uint32_t words[WORDS][CHUNK], float values[WORDS][CHUNK])
{
    pair_to_normal(words[0], words[1], values[0], values[1]);
    pair_to_normal(words[2], words[3], values[2], values[3]);
}

/* For rows of at most two columns: the second pair is never read. */
static void to_first_normal_pair(uint32_t words[WORDS][CHUNK], float values[WORDS][CHUNK])
{
    pair_to_normal(words[0], words[1], values[0], values[1]);
}

static void to_uniform(uint32_t words[WORDS][CHUNK], float values[WORDS][CHUNK])
{
    for (size_t w = 0; w < WORDS; w++) {
        for (size_t i = 0; i < CHUNK; i++)
            values[w][i] = (float)(int32_t)(words[w][i] >> 8) * 0x1p-24f;
    }
}

static void to_sign(uint32_t words[WORDS][CHUNK], float values[WORDS][CHUNK])
{
    for (size_t w = 0; w < WORDS; w++) {
        for (size_t i = 0; i < CHUNK; i++)
            values[w][i] = adv_bits_float(adv_float_bits(1.0f) | (words[w][i] & 0x80000000u));
    }
}

/* A rectangle of a stream: rows x columns, from a first column that is a multiple of WORDS. */
struct span {
    uint64_t seed;
    enum adv_stream stream;
    uint64_t first_row;
    size_t n_rows, first_column, n_columns;
};

/* Walks the (row, block) pairs of out [n_rows, n_columns] in chunks. */
static void fill(convert_fn *convert, const struct span *span, float *out)
{
    struct counters counters = {0};
    float *targets[CHUNK];
    uint8_t widths[CHUNK];
    uint32_t words[WORDS][CHUNK];
    float values[WORDS][CHUNK];
    const size_t n_columns = span->n_columns;
    size_t row = 0, column = 0;
    while (row < span->n_rows && n_columns > 0) {
        size_t count = 0;
        for (; count < CHUNK && row < span->n_rows; count++) {
            uint64_t index = span->first_row + row;
            counters.row_low[count] = (uint32_t)index;
            counters.row_high[count] = (uint32_t)(index >> 32);
            counters.block[count] = (uint32_t)((span->first_column + column) / WORDS);
            targets[count] = out + row * n_columns + column;
            widths[count] = (uint8_t)(n_columns - column < WORDS ? n_columns - column : WORDS);
            column += WORDS;
            if (column >= n_columns) {
                column = 0;
                row++;
            }
        }
        make_words(span->seed, (uint32_t)span->stream, &counters, words);
        convert(words, values);
        for (size_t i = 0; i < count; i++) {
            for (size_t w = 0; w < widths[i]; w++)
                targets[i][w] = values[w][i];
        }
    }
}

void adv_rng_normal(uint64_t seed, enum adv_stream stream, uint64_t first_row, size_t n_rows,
                    size_t n_columns, float *out)
{
    const struct span span = {seed, stream, first_row, n_rows, 0, n_columns};
    fill(n_columns > 2 ? to_normal : to_first_normal_pair, &span, out);
}

void adv_rng_uniform(uint64_t seed, enum adv_stream stream, uint64_t first_row, size_t n_rows,
                     size_t n_columns, float *out)
{
    const struct span span = {seed, stream, first_row, n_rows, 0, n_columns};
    fill(to_uniform, &span, out);
}

void adv_rng_uniform_columns(uint64_t seed, enum adv_stream stream, uint64_t row,
                             size_t first_column, size_t n_columns, float *out)
{
    if (first_column % WORDS)
        adv_bug("column %zu is no multiple of %d", first_column, WORDS);
    const struct span span = {seed, stream, row, 1, first_column, n_columns};
    fill(to_uniform, &span, out);
}

void adv_rng_normal_columns(uint64_t seed, enum adv_stream stream, uint64_t first_row,
                            size_t n_rows, size_t first_column, size_t n_columns, float *out)
{
    if (first_column % WORDS)
        adv_bug("column %zu is no multiple of %d", first_column, WORDS);
    const struct span span = {seed, stream, first_row, n_rows, first_column, n_columns};
    fill(n_columns > 2 ? to_normal : to_first_normal_pair, &span, out);
}

void adv_rng_rademacher(uint64_t seed, enum adv_stream stream, uint64_t first_row, size_t n_rows,
                        size_t n_columns, float *out)
{
    const struct span span = {seed, stream, first_row, n_rows, 0, n_columns};
    fill(to_sign, &span, out);
}

uint64_t adv_rng_word(uint64_t seed, enum adv_stream stream, uint64_t row)
{
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t counter = {
        {(uint32_t)row, (uint32_t)(row >> 32), WORD_BLOCK, (uint32_t)stream}};
    philox4x32_ctr_t word = philox4x32(counter, key);
    return (uint64_t)word.v[1] << 32 | word.v[0];
}

uint64_t adv_rng_below(uint64_t seed, enum adv_stream stream, uint64_t row, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)adv_rng_word(seed, stream, row) * bound >> 64);
}

uint64_t adv_permute(uint64_t key, uint64_t index, uint64_t n)
{
    int half_bits = 1;
    while (half_bits < 32 && (UINT64_C(1) << (2 * half_bits)) < n)
        half_bits++;
    uint64_t mask = (UINT64_C(1) << half_bits) - 1;
    do {
        uint64_t left = index >> half_bits, right = index & mask;
        for (uint64_t round = 0; round < 6; round++) {
            uint64_t mixed =
                left ^ (adv_rng_word(key, ADV_STREAM_SHUFFLE, round << 32 | right) & mask);
            left = right;
            right = mixed;
        }
        index = left << half_bits | right;
    } while (index >= n);
    return index;
}
