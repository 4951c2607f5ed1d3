/* Attention of few tokens: a lane for each of LANES heads, of whatever rows. Matrices [m][n] have a
 * vector for each element, so that no sum runs over lanes and no row has a rest. */

/* A matrix as a factor: element (i, j) is the vector at x + (i * row + j * column) * LANES. */
struct lane_factor {
    const adv_real *x;
    size_t row, column;
};

INLINE void lane_tile(const size_t m, const size_t n, size_t k, struct lane_factor a,
                      struct lane_factor b, bool add, adv_real *c, size_t c_row)
{
    vector sum[2][4];
    UNROLL
    for (size_t r = 0; r < m; r++) {
        UNROLL
        for (size_t q = 0; q < n; q++)
            sum[r][q] = add ? load(c + (r * c_row + q) * LANES) : (vector){0};
    }
    for (size_t i = 0; i < k; i++) {
        vector y[4];
        UNROLL
        for (size_t q = 0; q < n; q++)
            y[q] = load(b.x + (i * b.row + q * b.column) * LANES);
        UNROLL
        for (size_t r = 0; r < m; r++) {
            vector x = load(a.x + (r * a.row + i * a.column) * LANES);
            UNROLL
            for (size_t q = 0; q < n; q++)
                sum[r][q] = multiply_add(x, y[q], sum[r][q]);
        }
    }
    UNROLL
    for (size_t r = 0; r < m; r++) {
        UNROLL
        for (size_t q = 0; q < n; q++)
            memcpy(c + (r * c_row + q) * LANES, &sum[r][q], sizeof(vector));
    }
}

INLINE void lane_tile_of_rows(const size_t m, size_t n, size_t k, struct lane_factor a,
                              struct lane_factor b, bool add, adv_real *c, size_t c_row)
{
    switch (n) {
    case 1:
        lane_tile(m, 1, k, a, b, add, c, c_row);
        break;
    case 2:
        lane_tile(m, 2, k, a, b, add, c, c_row);
        break;
    case 3:
        lane_tile(m, 3, k, a, b, add, c, c_row);
        break;
    default:
        lane_tile(m, 4, k, a, b, add, c, c_row);
    }
}

/* c [m][n] = a [m][k] b [k][n], or added to what c holds */
static void lane_product(size_t m, size_t n, size_t k, struct lane_factor a, struct lane_factor b,
                         bool add, adv_real *c)
{
    for (size_t i = 0; i < m; i += 2) {
        struct lane_factor rows = {a.x + i * a.row * LANES, a.row, a.column};
        for (size_t j = 0; j < n; j += 4) {
            struct lane_factor columns = {b.x + j * b.column * LANES, b.row, b.column};
            adv_real *to = c + (i * n + j) * LANES;
            if (m - i > 1)
                lane_tile_of_rows(2, n - j, k, rows, columns, add, to, n);
            else
                lane_tile_of_rows(1, n - j, k, rows, columns, add, to, n);
        }
    }
}

static struct lane_factor plain(const adv_real *x, size_t n)
{
    return (struct lane_factor){x, n, 1};
}

static struct lane_factor transposed(const adv_real *x, size_t n)
{
    return (struct lane_factor){x, 1, n};
}

/* ---- between rows and lanes ---- */

/* Where each lane's head begins; those beyond the last head repeat the first, and are not stored. */
struct lane_heads {
    size_t offset[LANES], count;
};

static struct lane_heads lane_heads_of(const struct adv_heads *h, size_t first, size_t row_step,
                                       size_t head_step)
{
    struct lane_heads heads = {.count = h->n - first < LANES ? h->n - first : LANES};
    for (size_t l = 0; l < LANES; l++) {
        size_t head = l < heads.count ? first + l : first;
        heads.offset[l] = head / h->per_row * row_step + head % h->per_row * head_step;
    }
    return heads;
}

/* Channels go over in steps of whole vectors, of which the last begins earlier where they are no
 * multiple; fewer than LANES are one step. */
static size_t lane_step(size_t channels, size_t c)
{
    return c + LANES <= channels || channels < LANES ? c : channels - LANES;
}

/* to [tokens][channels] of the heads in x, whose tokens lie `stride` apart */
static void to_lanes(const struct adv_heads *h, const struct lane_heads *heads, const adv_real *x,
                     size_t stride, adv_real *to)
{
    size_t width = h->channels < LANES ? h->channels : LANES;
    for (size_t t = 0; t < h->tokens; t++, x += stride, to += h->channels * LANES) {
        for (size_t c = 0; c < h->channels; c += LANES) {
            vector square[LANES];
            size_t from = lane_step(h->channels, c);
            for (size_t l = 0; l < LANES; l++) {
                const adv_real *at = x + heads->offset[l] + from;
                square[l] = width == LANES ? load(at) : load_first(at, width);
            }
            transpose(square);
            memcpy(to + from * LANES, square, width * sizeof *square);
        }
    }
}

/* x = from, or x += from */
static void from_lanes(const struct adv_heads *h, const struct lane_heads *heads,
                       const adv_real *from, size_t stride, bool add, adv_real *x)
{
    size_t width = h->channels < LANES ? h->channels : LANES;
    for (size_t t = 0; t < h->tokens; t++, x += stride, from += h->channels * LANES) {
        for (size_t c = 0; c < h->channels; c += LANES) {
            vector square[LANES] = {{0}};
            size_t to = lane_step(h->channels, c), done = c - to;
            memcpy(square + done, from + c * LANES, (width - done) * sizeof *square);
            if (!add)
                memcpy(square, from + to * LANES, done * sizeof *square);
            transpose(square);
            for (size_t l = 0; l < heads->count; l++) {
                adv_real *at = x + heads->offset[l] + to;
                if (width < LANES)
                    store_first(at, add ? load_first(at, width) + square[l] : square[l], width);
                else {
                    vector v = add ? load(at) + square[l] : square[l];
                    memcpy(at, &v, sizeof v);
                }
            }
        }
    }
}

/* ---- sweeps ---- */

/* p [tokens][tokens]: scores become their softmax over keys */
static void softmax_in_lanes(const struct adv_heads *h, adv_real *p)
{
    const adv_real to_powers = h->scale * (adv_real)1.4426950408889634; /* 1 / log 2 */
    for (size_t i = 0; i < h->tokens; i++, p += h->tokens * LANES) {
        vector most = load(p), sum = {0};
        for (size_t j = 1; j < h->tokens; j++)
            most = larger(most, load(p + j * LANES));
        for (size_t j = 0; j < h->tokens; j++) {
            vector e = power_of_two((load(p + j * LANES) - most) * to_powers);
            memcpy(p + j * LANES, &e, sizeof e);
            sum += e;
        }
        sum = 1 / sum;
        for (size_t j = 0; j < h->tokens; j++) {
            vector e = load(p + j * LANES) * sum;
            memcpy(p + j * LANES, &e, sizeof e);
        }
    }
}

/* s = scale p (s - the sum of p s over keys): what a change s of scores does to p, or an adjoint s
 * of p to them */
static void softmax_slope_in_lanes(const struct adv_heads *h, const adv_real *p, adv_real *s)
{
    for (size_t i = 0; i < h->tokens; i++, p += h->tokens * LANES, s += h->tokens * LANES) {
        vector mean = {0};
        for (size_t j = 0; j < h->tokens; j++)
            mean = multiply_add(load(p + j * LANES), load(s + j * LANES), mean);
        for (size_t j = 0; j < h->tokens; j++) {
            vector slope = load(p + j * LANES) * (load(s + j * LANES) - mean) * h->scale;
            memcpy(s + j * LANES, &slope, sizeof slope);
        }
    }
}

static size_t heads_size(size_t tokens, size_t channels)
{
    return LANES * (7 * tokens * channels + 2 * tokens * tokens);
}

/* Matrices of some heads in lanes, one behind the other in the scratch. */
struct lane_space {
    adv_real *q, *k, *v, *more[4], *p, *s;
};

static struct lane_space lane_space_of(const struct adv_heads *h, adv_real *scratch)
{
    size_t part = h->tokens * h->channels * LANES, square = h->tokens * h->tokens * LANES;
    adv_real *more = scratch + 3 * part, *p = scratch + 7 * part;
    return (struct lane_space){.q = scratch,
                               .k = scratch + part,
                               .v = scratch + 2 * part,
                               .more = {more, more + part, more + 2 * part, more + 3 * part},
                               .p = p,
                               .s = p + square};
}

/* Where the heads of a group of lanes lie in qkv and in what comes of it. */
struct lane_group {
    struct lane_heads in, out;
};

/* q, k, v and p of the heads from `first` on */
static struct lane_group attend_in_lanes(const struct adv_heads *h, size_t first,
                                         const adv_real *qkv, const struct lane_space *at)
{
    size_t t = h->tokens, c = h->channels;
    struct lane_group group = {.in = lane_heads_of(h, first, t * h->in_stride, h->head_step),
                               .out = lane_heads_of(h, first, t * h->out_stride, c)};
    to_lanes(h, &group.in, qkv, h->in_stride, at->q);
    to_lanes(h, &group.in, qkv + h->part_step, h->in_stride, at->k);
    to_lanes(h, &group.in, qkv + 2 * h->part_step, h->in_stride, at->v);
    lane_product(t, t, c, plain(at->q, c), transposed(at->k, c), false, at->p);
    softmax_in_lanes(h, at->p);
    return group;
}

static void heads_forward(const struct adv_heads *h, const adv_real *qkv, adv_real *out,
                          adv_real *scratch)
{
    struct lane_space at = lane_space_of(h, scratch);
    size_t t = h->tokens, c = h->channels;
    for (size_t first = 0; first < h->n; first += LANES) {
        struct lane_group group = attend_in_lanes(h, first, qkv, &at);
        lane_product(t, c, t, plain(at.p, t), plain(at.v, c), false, at.q);
        from_lanes(h, &group.out, at.q, h->out_stride, false, out);
    }
}

/* The tangent of a group that is attended to, for a change d_qkv. */
static void tangent_in_lanes(const struct adv_heads *h, const struct lane_group *group,
                             const struct lane_space *at, const adv_real *d_qkv, adv_real *d_out)
{
    size_t t = h->tokens, c = h->channels;
    for (size_t part = 0; part < 3; part++)
        to_lanes(h, &group->in, d_qkv + part * h->part_step, h->in_stride, at->more[part]);
    lane_product(t, t, c, plain(at->more[0], c), transposed(at->k, c), false, at->s);
    lane_product(t, t, c, plain(at->q, c), transposed(at->more[1], c), true, at->s);
    softmax_slope_in_lanes(h, at->p, at->s);
    lane_product(t, c, t, plain(at->s, t), plain(at->v, c), false, at->more[3]);
    lane_product(t, c, t, plain(at->p, t), plain(at->more[2], c), true, at->more[3]);
    from_lanes(h, &group->out, at->more[3], h->out_stride, false, d_out);
}

static void heads_tangents(const struct adv_heads *h, const adv_real *qkv,
                           const struct adv_heads_tangents *d, adv_real *scratch)
{
    struct lane_space at = lane_space_of(h, scratch);
    for (size_t first = 0; first < h->n; first += LANES) {
        struct lane_group group = attend_in_lanes(h, first, qkv, &at);
        for (size_t k = 0; k < d->n; k++)
            tangent_in_lanes(h, &group, &at, d->in + k * d->in_stride, d->out + k * d->out_stride);
    }
}

static void heads_backward(const struct adv_heads *h, const adv_real *qkv, const adv_real *g_out,
                           adv_real *g_qkv, adv_real *scratch)
{
    struct lane_space at = lane_space_of(h, scratch);
    size_t t = h->tokens, c = h->channels;
    adv_real *g = at.more[3];
    for (size_t first = 0; first < h->n; first += LANES) {
        struct lane_group group = attend_in_lanes(h, first, qkv, &at);
        to_lanes(h, &group.out, g_out, h->out_stride, g);
        lane_product(t, t, c, plain(g, c), transposed(at.v, c), false, at.s);
        softmax_slope_in_lanes(h, at.p, at.s);
        lane_product(t, c, t, plain(at.s, t), plain(at.k, c), false, at.more[0]);
        lane_product(t, c, t, transposed(at.s, t), plain(at.q, c), false, at.more[1]);
        lane_product(t, c, t, transposed(at.p, t), plain(g, c), false, at.more[2]);
        for (size_t part = 0; part < 3; part++)
            from_lanes(h, &group.in, at.more[part], h->in_stride, true,
                       g_qkv + part * h->part_step);
    }
}
