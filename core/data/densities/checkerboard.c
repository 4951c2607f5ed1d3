/* The cells of a k^dim grid on [-4, 4]^dim whose index sum is even, uniformly.
 *
 * There are up to 12^8 / 2 of them, so cells are ranked and unranked instead of
 * listed. Of the k^m strings of m digits below k
 *
 *     even_m = (k^m + s^m) / 2,  odd_m = (k^m - s^m) / 2,  s = 1 if k is odd, else 0
 *
 * have an even and an odd sum (s^m is the sum of (-1)^(digit sum); 0^0 = 1). In
 * lexicographic order two neighbouring first digits 2q and 2q+1 always lead k^m
 * even strings together, whatever the parity of what follows: hence a rank is
 * split by one division per digit, and a uniform rank gives a uniform cell also
 * where k is odd and prefixes differ in their number of completions. */
#include "core/data/densities/density.h"

#include "core/base/mem.h"

#include <advect/extra/rng.h>
#include <math.h>

#define MAX_DIM 8
#define MAX_CELLS 12
#define HALF_WIDTH 4.0

struct checkerboard {
    int64_t dim, cells;
    uint64_t strings[MAX_DIM + 1]; /* k^m */
    uint64_t even[MAX_DIM + 1];    /* even_m */
    double log_density;            /* on the support */
};

static const struct adv_field fields[] = {
    {.name = "dim",
     .kind = ADV_FIELD_INT,
     .offset = offsetof(struct checkerboard, dim),
     .min = 2,
     .max = MAX_DIM,
     .fallback = "2",
     .help = "number of dimensions"},
    {.name = "cells",
     .kind = ADV_FIELD_INT,
     .offset = offsetof(struct checkerboard, cells),
     .min = 2,
     .max = MAX_CELLS,
     .fallback = "4",
     .help = "number of cells along each dimension"},
};

static enum adv_status prepare(void *state, struct adv_error *error)
{
    (void)error;
    struct checkerboard *board = state;
    uint64_t k = (uint64_t)board->cells, excess = 1; /* s^m */
    board->strings[0] = board->even[0] = 1;
    for (size_t m = 1; m <= (size_t)board->dim; m++) {
        excess *= k % 2;
        board->strings[m] = board->strings[m - 1] * k;
        board->even[m] = (board->strings[m] + excess) / 2;
    }
    double side = 2.0 * HALF_WIDTH / (double)k;
    board->log_density = -log((double)board->even[board->dim]) - (double)board->dim * log(side);
    return ADV_OK;
}

static size_t dim_of(const void *state)
{
    return (size_t)((const struct checkerboard *)state)->dim;
}

static size_t modes(const void *state)
{
    const struct checkerboard *board = state;
    return (size_t)board->even[board->dim];
}

/* Strings of m digits whose sum has this parity. */
static uint64_t completions(const struct checkerboard *board, size_t m, unsigned parity)
{
    return parity ? board->strings[m] - board->even[m] : board->even[m];
}

/* The even cell of this rank, as its index per dimension. */
static void unrank(const struct checkerboard *board, uint64_t rank, int *index)
{
    unsigned parity = 0;
    for (size_t d = 0, m = dim_of(board); m-- > 0; d++) {
        uint64_t pair = rank / board->strings[m], first = completions(board, m, parity);
        rank -= pair * board->strings[m];
        index[d] = (int)(2 * pair);
        if (rank >= first) {
            rank -= first;
            index[d]++;
            parity ^= 1u;
        }
    }
}

static uint64_t rank_of(const struct checkerboard *board, const int *index)
{
    unsigned parity = 0;
    uint64_t rank = 0;
    for (size_t d = 0, m = dim_of(board); m-- > 0; d++) {
        rank += (uint64_t)(index[d] / 2) * board->strings[m];
        if (index[d] % 2) {
            rank += completions(board, m, parity);
            parity ^= 1u;
        }
    }
    return rank;
}

/* The cell of a coordinate, or -1 outside [-4, 4] and for NaN; the last cell includes its end. */
static int cell_of(const struct checkerboard *board, float x)
{
    if (!(x >= (float)-HALF_WIDTH && x <= (float)HALF_WIDTH))
        return -1;
    int cell = (int)floor(((double)x + HALF_WIDTH) * (double)board->cells / (2.0 * HALF_WIDTH));
    return cell < board->cells ? cell : (int)board->cells - 1;
}

/* The indices of a point's cell; false outside the support. */
static bool find_cell(const struct checkerboard *board, const float *point, int *index)
{
    int sum = 0;
    for (size_t d = 0; d < dim_of(board); d++) {
        index[d] = cell_of(board, point[d]);
        if (index[d] < 0)
            return false;
        sum += index[d];
    }
    return sum % 2 == 0;
}

static long mode(const void *state, const float *point)
{
    const struct checkerboard *board = state;
    int index[MAX_DIM];
    return find_cell(board, point, index) ? (long)rank_of(board, index) : -1;
}

static double mode_weight(const void *state, size_t mode)
{
    (void)mode;
    return 1.0 / (double)modes(state);
}

/* u in [0, 1) of the way through a cell. Rounding to float may cross a border, perhaps out of the
 * support: such a point is moved back to the nearest float inside. */
static float place(const struct checkerboard *board, int cell, float u)
{
    double side = 2.0 * HALF_WIDTH / (double)board->cells;
    float x = (float)(((double)cell + (double)u) * side - HALF_WIDTH);
    while (cell_of(board, x) > cell)
        x = nextafterf(x, -INFINITY);
    while (cell_of(board, x) < cell)
        x = nextafterf(x, INFINITY);
    return x;
}

static void sample(const void *state, uint64_t seed, uint64_t first, size_t n, float *out)
{
    const struct checkerboard *board = state;
    const size_t dim = dim_of(board);
    adv_rng_uniform(seed, ADV_STREAM_DATA, first, n, dim, out);
    for (size_t i = 0; i < n; i++) {
        int index[MAX_DIM];
        unrank(board, adv_rng_below(seed, ADV_STREAM_DATA, first + i, modes(board)), index);
        for (size_t d = 0; d < dim; d++)
            out[i * dim + d] = place(board, index[d], out[i * dim + d]);
    }
}

static void log_density(const void *state, size_t n, const float *points, double *out)
{
    const struct checkerboard *board = state;
    int index[MAX_DIM];
    for (size_t i = 0; i < n; i++)
        out[i] =
            find_cell(board, points + i * dim_of(board), index) ? board->log_density : -INFINITY;
}

static void box(const void *state, double *lo, double *hi)
{
    for (size_t d = 0; d < dim_of(state); d++) {
        lo[d] = -HALF_WIDTH;
        hi[d] = HALF_WIDTH;
    }
}

const struct adv_density_kind adv_density_checkerboard = {
    .help = "every other cell of a grid on [-4, 4]^dim, uniformly; options dim, cells",
    .fields = fields,
    .n_fields = ADV_COUNT(fields),
    .state_bytes = sizeof(struct checkerboard),
    .prepare = prepare,
    .dim = dim_of,
    .sample = sample,
    .log_density = log_density,
    .box = box,
    .modes = modes,
    .mode = mode,
    .mode_weight = mode_weight,
};
