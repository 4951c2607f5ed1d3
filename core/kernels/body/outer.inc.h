/* Sums of outer products: a tile of c in registers while all of a and b pass by. */

struct outer_tile {
    const adv_real *a, *b;
    adv_real *c;
    size_t skip, columns; /* of the tile's columns, those in [skip, columns) are wanted */
};

/* Adds a tile's row where only some of its columns are wanted. Inlined, every size of tile would
 * hold a copy of this loop for each of its rows: most of the kernels' code. */
static __attribute__((noinline)) void add_wanted(const struct outer_tile *t, const adv_real *total,
                                                 adv_real *c)
{
    for (size_t j = t->skip; j < t->columns; j++)
        c[j] += total[j];
}

INLINE void outer_tile(const size_t rows, const size_t panels, const struct adv_outer *o,
                       const struct outer_tile *t)
{
    vector sum[ISA_TILE_ROWS][2];
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            sum[i][p] = (vector){0};
            __builtin_prefetch(t->c + i * o->c_stride + p * LANES, 1, 2);
        }
    }
    for (size_t q = 0; q < o->n_runs; q++) {
        const adv_real *a = t->a + q * o->a_run_stride, *b = t->b + q * o->b_run_stride;
        for (size_t r = 0; r < o->run; r++, a += o->a_stride, b += o->b_stride) {
            vector column[2];
            UNROLL
            for (size_t p = 0; p < panels; p++)
                column[p] = panels == 1 && t->columns < LANES ? load_first(b, t->columns)
                                                              : load(b + p * LANES);
            UNROLL
            for (size_t i = 0; i < rows; i++) {
                UNROLL
                for (size_t p = 0; p < panels; p++)
                    sum[i][p] = multiply_add(all_lanes(a[i]), column[p], sum[i][p]);
            }
        }
    }
    UNROLL
    for (size_t i = 0; i < rows; i++) {
        adv_real *c = t->c + i * o->c_stride;
        if (t->skip == 0 && t->columns == panels * LANES) {
            UNROLL
            for (size_t p = 0; p < panels; p++) {
                vector total = load(c + p * LANES) + sum[i][p];
                memcpy(c + p * LANES, &total, sizeof total);
            }
            continue;
        }
        vector edge[2]; /* a copy: sum itself must not need an address */
        UNROLL
        for (size_t p = 0; p < panels; p++)
            edge[p] = sum[i][p];
        adv_real total[2 * LANES];
        memcpy(total, edge, panels * sizeof(vector));
        add_wanted(t, total, c);
    }
}

INLINE void outer_tile_of(size_t rows, const size_t panels, const struct adv_outer *o,
                          const struct outer_tile *t)
{
    switch (rows) {
    case 1:
        outer_tile(1, panels, o, t);
        break;
    case 2:
        outer_tile(2, panels, o, t);
        break;
    case 3:
        outer_tile(3, panels, o, t);
        break;
    case 4:
        outer_tile(4, panels, o, t);
        break;
    case 5:
        outer_tile(5, panels, o, t);
        break;
    case 6:
        outer_tile(6, panels, o, t);
        break;
#if ISA_TILE_ROWS > 6
    case 7:
        outer_tile(7, panels, o, t);
        break;
    case 8:
        outer_tile(8, panels, o, t);
        break;
    case 9:
        outer_tile(9, panels, o, t);
        break;
    case 10:
        outer_tile(10, panels, o, t);
        break;
    case 11:
        outer_tile(11, panels, o, t);
        break;
    case 12:
        outer_tile(12, panels, o, t);
        break;
    case 13:
        outer_tile(13, panels, o, t);
        break;
    case 14:
        outer_tile(14, panels, o, t);
        break;
#endif
    }
}

/* Columns from `column` on: two vectors, or one that ends with the last column, whose first
 * columns another tile has done. */
static void outer_strip(const struct adv_outer *o, size_t column)
{
    size_t left = o->n - column, tiles = (o->m + ISA_TILE_ROWS - 1) / ISA_TILE_ROWS;
    struct outer_tile t = {.columns = left};
    if (left >= 2 * LANES)
        t.columns = 2 * LANES;
    else if (left >= LANES)
        t.columns = LANES;
    else if (o->n >= LANES) {
        t.skip = LANES - left;
        t.columns = LANES;
    }
    for (size_t k = 0, first = 0; k < tiles; k++) {
        size_t rows = o->m / tiles + (k < o->m % tiles);
        t.a = o->a + first;
        t.b = o->b + column - t.skip;
        t.c = o->c + first * o->c_stride + column - t.skip;
        if (t.columns == 2 * LANES)
            outer_tile_of(rows, 2, o, &t);
        else
            outer_tile_of(rows, 1, o, &t);
        first += rows;
    }
}

static void outer(const struct adv_outer *o)
{
    for (size_t column = 0; column < o->n;) {
        outer_strip(o, column);
        size_t left = o->n - column;
        column += left >= 2 * LANES ? 2 * LANES : left >= LANES ? LANES : left;
    }
}
